//! The action as a runner executes it: its shell with the inputs in the environment, from install to exit code.

mod days;
mod events;
mod expression;
mod files;
mod release;
mod runner;
mod source;

use std::fs;

use files::FileServer;
use runner::{Runner, archive, program};

const SHOP: [(&str, &str); 4] = [
    ("working-directory", "shop"),
    ("baseline", "main.json"),
    ("results", "results/pr-*_stats.csv"),
    ("post", "never"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    SHOP.iter().chain(more).copied().collect()
}

#[test]
fn a_failing_gate_ends_with_its_code_and_leaves_verdict_report_outputs_and_summary() {
    let runner = Runner::new();
    let step = runner.step(&with(&[("bin-path", program())]));
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(step.output("verdict"), "fail");
    assert_eq!(step.output("exit-code"), "1");
    assert_eq!(step.output("regressed"), "3");
    assert_eq!(step.output("verdict-file"), "shop/perfgate-verdict.json");
    let verdict = fs::read_to_string(runner.workspace().join(step.output("verdict-file"))).unwrap();
    assert!(verdict.contains("\"perfgate.verdict/1\""));
    let report = fs::read_to_string(runner.workspace().join(step.output("report"))).unwrap();
    assert!(report.contains("GET /search"), "{report}");
    assert!(step.summary.contains("GET /search"));
    assert_eq!(step.annotations().len(), 3, "{}", step.said);
}

#[test]
fn results_may_be_several_lines_and_stars() {
    let runner = Runner::new();
    let results = "results/pr-1_stats.csv\n\nresults/pr-[23]_stats.csv\n";
    let step = runner.step(&with(&[("bin-path", program()), ("results", results)]));
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(step.said.contains("3 runs against 5 runs"), "{}", step.said);
}

#[test]
fn a_result_that_is_not_there_is_an_error_and_no_verdict_of_an_earlier_step_remains() {
    let runner = Runner::new();
    let stale = runner.workspace().join("shop/perfgate-verdict.json");
    fs::write(&stale, "{}").unwrap();
    let step = runner.step(&with(&[
        ("bin-path", program()),
        ("results", "results/none-*.csv"),
    ]));
    assert_eq!(step.code, 2, "{}", step.said);
    assert_eq!(step.output("exit-code"), "2");
    assert!(step.said.contains("none-*.csv"), "{}", step.said);
    assert!(!stale.exists());
}

#[test]
fn inputs_are_arguments_and_never_shell_text() {
    let runner = Runner::new();
    let hostile = "$(touch ../pwned) `touch ../pwned`; touch ../pwned\n::error::forged\n";
    for input in [
        "args", "results", "baseline", "id", "config", "install", "mode",
    ] {
        let step = runner.step(&with(&[("bin-path", program()), (input, hostile)]));
        assert!(!runner.workspace().join("pwned").exists(), "{input}");
        assert!(
            step.said
                .lines()
                .all(|line| !line.starts_with("::error::forged")),
            "{input}: {}",
            step.said
        );
    }
}

#[test]
fn each_line_of_args_is_one_argument() {
    let runner = Runner::new();
    let args = "--on-inconclusive\nfail\n--report\njunit=a file.xml\n";
    let step = runner.step(&with(&[("bin-path", program()), ("args", args)]));
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(runner.workspace().join("shop/a file.xml").exists());
}

#[test]
fn a_release_is_fetched_once_checked_and_used() {
    let runner = Runner::new();
    let server = FileServer::start(&[(&runner.asset_url(), archive())]);
    runner.list_release(&archive());
    let inputs = with(&[("download-url", server.url())]);
    assert_eq!(runner.step(&inputs).code, 1);
    let again = runner.step(&inputs);
    assert_eq!(again.code, 1, "{}", again.said);
    assert_eq!(server.served(), 1, "the tool cache was not used");
}

#[test]
fn an_archive_with_another_checksum_is_fatal_and_nothing_else_is_tried() {
    let runner = Runner::new();
    let mut tampered = archive();
    tampered.push(0);
    let server = FileServer::start(&[(&runner.asset_url(), tampered)]);
    runner.list_release(&archive());
    let step = runner.step(&with(&[("download-url", server.url())]));
    assert_eq!(step.code, 2);
    assert!(step.said.contains("it is not used"), "{}", step.said);
    assert!(
        !runner
            .workspace()
            .join("shop/perfgate-verdict.json")
            .exists()
    );
}

#[test]
fn an_archive_that_was_changed_in_the_tool_cache_is_fetched_anew() {
    let runner = Runner::new();
    let server = FileServer::start(&[(&runner.asset_url(), archive())]);
    runner.list_release(&archive());
    let inputs = with(&[("download-url", server.url())]);
    assert_eq!(runner.step(&inputs).code, 1);
    fs::write(runner.cached_archive(), b"changed").unwrap();
    assert_eq!(runner.step(&inputs).code, 1);
    assert_eq!(server.served(), 2);
}

#[test]
fn a_release_that_cannot_be_fetched_says_from_where() {
    let runner = Runner::new();
    let server = FileServer::start(&[]);
    runner.list_release(&archive());
    let step = runner.step(&with(&[("download-url", server.url())]));
    assert_eq!(step.code, 2);
    assert!(
        step.said
            .contains(&format!("could not fetch {}", server.url())),
        "{}",
        step.said
    );
}

#[test]
fn a_perfgate_on_the_path_is_taken_and_a_stranger_of_the_same_name_and_version_is_not() {
    let runner = Runner::new();
    runner.put_on_path(program());
    assert_eq!(runner.step(&SHOP).code, 1);

    let runner = Runner::new();
    let version = env!("CARGO_PKG_VERSION");
    runner.put_script_on_path("perfgate", &format!("#!/bin/sh\necho perfgate {version}\n"));
    let step = runner.step(&with(&[("install", "never")]));
    assert_eq!(step.code, 2, "{}", step.said);
    assert!(step.said.contains("install: never"), "{}", step.said);
}

#[test]
fn update_adds_to_the_baseline_and_install_puts_the_program_on_the_path() {
    let runner = Runner::new();
    let step = runner.step(&[
        ("mode", "update"),
        ("bin-path", program()),
        ("working-directory", "shop"),
        ("baseline", "fresh.json"),
        ("results", "recorded/main-*_stats.csv"),
    ]);
    assert_eq!(step.code, 0, "{}", step.said);
    let baseline = fs::read_to_string(runner.workspace().join("shop/fresh.json")).unwrap();
    assert!(baseline.contains("perfgate.baseline/1"));

    let step = runner.step(&[("mode", "install"), ("bin-path", program())]);
    assert_eq!(step.code, 0, "{}", step.said);
    let folder = std::path::Path::new(program()).parent().unwrap();
    assert_eq!(step.path.trim(), folder.to_str().unwrap());
}

#[test]
fn the_action_installs_the_version_of_this_revision() {
    let list = include_str!("../../../.github/action/release.txt");
    let version = list.lines().find_map(|line| line.strip_prefix("version "));
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_input_reaches_a_script_and_none_is_pasted_into_it() {
    let action = runner::yaml(include_str!("../../../action.yml"));
    let scripts = [
        include_str!("../../../.github/action/install.sh"),
        include_str!("../../../.github/action/perfgate.sh"),
    ]
    .concat();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let mut given = Vec::new();
    for step in steps {
        if let Some(run) = step["run"].as_str() {
            assert!(!run.contains("${{"), "{run}");
            assert_eq!(step["env"]["BASH_ENV"], "", "{run}");
        }
        for (variable, value) in step["env"].as_object().into_iter().flatten() {
            given.push(value.as_str().unwrap().to_owned());
            assert!(
                variable.ends_with("_TOKEN")
                    || variable == "BASH_ENV"
                    || scripts.contains(variable),
                "{variable} is not read"
            );
        }
    }
    for name in action["inputs"].as_object().unwrap().keys() {
        let used = format!("${{{{ inputs.{name} }}}}");
        assert!(given.contains(&used), "{name} goes nowhere");
    }
}

/// A composite action's steps find no repository in their environment: what `env:` hands over is all there is.
#[test]
fn a_release_of_the_actions_own_repository_is_fetched_from_there() {
    let runner = Runner::new();
    let url = format!("/OWNER/perfgate/releases/download{}", runner.asset_url());
    let server = FileServer::start(&[(&url, archive())]);
    runner.list_release(&archive());
    runner.set("server_url", server.url());
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(server.served(), 1);
}
