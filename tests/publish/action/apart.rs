//! What is measured and what posts are kept apart: tokens, environment, and the page that the comment links.

use std::fs;

use serde_json::json;

use super::runner::{Runner, Step, program};
use super::{SHOP, with};
use crate::support::github::{GitHub, HEAD};

/// Writes down its own environment and that of every process above it, as code of a pull request could.
const SPY: &str = "#!/bin/sh\nenv >>seen\nprocess=$$\nwhile [ \"$process\" -gt 1 ]; do\n\
    tr '\\0' '\\n' <\"/proc/$process/environ\" >>seen\n\
    process=$(sed -n 's/^PPid:[[:space:]]*//p' \"/proc/$process/status\")\n\
done 2>>spy.err\n";

fn pull_request(runner: &Runner) -> GitHub {
    let github = GitHub::start();
    let event = json!({"pull_request": {"number": 7, "head": {"sha": HEAD}}});
    runner.event("pull_request", &event, &github);
    github
}

/// The gate of the example, posting, by a program that lies somewhere.
fn gate<'a>(program: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut inputs: Vec<_> = SHOP
        .iter()
        .copied()
        .filter(|(name, _)| *name != "post")
        .collect();
    inputs.push(("bin-path", program));
    inputs.extend(more);
    inputs
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_above_a_measured_command_has_a_token_and_the_comment_is_written_all_the_same() {
    let runner = Runner::new();
    let github = pull_request(&runner);
    let shop = runner.workspace().join("shop");
    fs::write(shop.join("spy.sh"), SPY).unwrap();
    let config = fs::read_to_string(shop.join("perfgate.toml")).unwrap();
    // In place of the sources of the example: the same results, and what sees to it.
    let config = config.split("[[source]]").next().unwrap().to_owned()
        + "[[source]]\ncommand = \"sh spy.sh; cp results/*.csv out/\"\nresults = \"out/pr-{n}_stats.csv\"\nruns = 1\n";
    fs::write(shop.join("spied.toml"), config).unwrap();
    fs::create_dir(shop.join("out")).unwrap();
    // As a job sets them for all of its steps.
    runner.export("GITHUB_TOKEN", runner.token());
    runner.export("GH_TOKEN", runner.token());
    let step = runner.step(&gate(
        program(),
        &[("results", ""), ("config", "spied.toml")],
    ));
    // An environment need not be UTF-8.
    let seen = fs::read(shop.join("seen")).unwrap_or_else(|_| panic!("{}", step.said));
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.matches("GITHUB_ACTIONS=true").count() >= 3, "{seen}");
    assert!(!seen.contains(runner.token()), "{seen}");
    assert_eq!(github.world().marked(7).len(), 1, "{}", step.said);
}

#[test]
fn what_an_earlier_step_set_for_shells_is_not_run_by_the_action() {
    let runner = Runner::new();
    let pwned = runner.at("pwned");
    let start = runner.at("start.sh");
    fs::write(&start, format!("echo $$ >>'{}'\n", pwned.display())).unwrap();
    runner.export("BASH_ENV", start.to_str().unwrap());
    runner.export("ENV", start.to_str().unwrap());
    let function = format!(
        "() {{ echo $$ >>'{}'; command dirname \"$@\"; }}",
        pwned.display()
    );
    runner.export("BASH_FUNC_dirname%%", &function);
    let step = runner.step(&with(&[("bin-path", program())]));
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(!pwned.exists(), "{}", fs::read_to_string(pwned).unwrap());
}

/// An older program, which knows no page.
fn without_page(runner: &Runner) -> String {
    let script = format!(
        "#!/bin/sh\n[ \"$*\" != 'check --help' ] || {{ echo '[possible values: text]'; exit; }}\n\
         exec '{}' \"$@\"\n",
        program()
    );
    runner.put_script_on_path("without-page", &script);
    runner.at("bin/without-page").to_str().unwrap().to_owned()
}

fn comment(github: &GitHub) -> String {
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    marked[0].body.clone()
}

const RUN: &str = "http://127.0.0.1:9/acme/shop/actions/runs/70";

fn link(step: &Step, github: &GitHub, to: &str) {
    let body = comment(github);
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(body.contains(&format!("[full table]({to})")), "{body}");
}

#[test]
fn the_page_of_the_gate_is_uploaded_under_its_name_and_linked_as_the_full_table() {
    let runner = Runner::new();
    let github = pull_request(&runner);
    let step = runner.step(&gate(program(), &[("id", "a b/../c")]));
    link(&step, &github, &format!("{RUN}/artifacts/1"));
    assert_eq!(step.output("report-url"), format!("{RUN}/artifacts/1"));
    assert!(
        step.output("report-path")
            .ends_with("/perfgate-a-b-..-c.html")
    );
    let page = fs::read_to_string(step.output("report-path")).unwrap();
    assert!(page.contains("so this check fails") && page.contains("POST /checkout"));
    let artifact = "artifacts/perfgate-a-b-..-c.html/perfgate-a-b-..-c.html";
    assert!(runner.at(artifact).exists());
    // Without a name it is that of the job.
    let step = runner.step(&gate(program(), &[]));
    assert!(step.output("report-path").ends_with("/perfgate-gate.html"));
}

#[test]
fn where_nothing_is_uploaded_the_comment_links_the_run_and_the_code_is_the_verdicts() {
    // The program writes no page.
    let runner = Runner::new();
    let github = pull_request(&runner);
    let without_page = without_page(&runner);
    let step = runner.step(&gate(&without_page, &[]));
    link(&step, &github, RUN);
    assert_eq!(step.used, ["OWNER/perfgate"]);

    // The server takes none.
    let runner = Runner::new();
    let github = pull_request(&runner);
    runner.is_enterprise.set(true);
    let held = [("results", "recorded/main-*_stats.csv")];
    let inputs: Vec<_> = gate(program(), &held)
        .into_iter()
        .filter(|(name, value)| *name != "results" || *value == held[0].1)
        .collect();
    let step = runner.step(&inputs);
    assert_eq!(step.code, 0, "{}", step.said);
    let body = comment(&github);
    assert!(body.contains(&format!("]({RUN})")), "{body}");
    assert!(step.said.contains("not currently supported on GHES"));
    assert_eq!(step.output("report-url"), "");
}

#[test]
fn a_status_and_a_check_run_are_inputs() {
    let runner = Runner::new();
    let github = pull_request(&runner);
    let inputs = [("status", "perf: shop"), ("check-run", "perf")];
    let step = runner.step(&gate(program(), &inputs));
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(github.world().statuses[0].1["context"], "perf: shop");
    assert_eq!(github.world().checks[0].sent["name"], "perf");
    assert_eq!(step.output("regressed"), "3");
}

#[test]
fn the_reason_of_a_gate_without_a_verdict_reaches_the_comment() {
    let runner = Runner::new();
    let github = pull_request(&runner);
    let config = runner.workspace().join("shop/perfgate.toml");
    fs::write(config, "max_regresion = 3\n").unwrap();
    let step = runner.step(&gate(program(), &[]));
    assert_eq!(step.code, 2, "{}", step.said);
    let body = comment(&github);
    assert!(
        body.contains("not judged for") && body.contains("max_regresion"),
        "{body}"
    );
    assert_eq!(
        step.summary.matches("not judged").count(),
        1,
        "{}",
        step.summary
    );
}
