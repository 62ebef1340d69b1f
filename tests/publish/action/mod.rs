//! The action as a runner executes it: its shell with the inputs in the environment, from install to exit code.

mod apart;
mod days;
mod download;
mod events;
mod expression;
mod files;
mod guard;
mod others;
mod release;
mod runner;
mod source;

use std::fs;

use runner::{Runner, program};

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
    // The page for a browser is the report; the Markdown stands beside the results.
    assert!(
        step.output("report-path").ends_with("perfgate-gate.html"),
        "{}",
        step.output("report-path")
    );
    assert!(runner.workspace().join("shop/perfgate-report.md").is_file());
    let verdict = fs::read_to_string(runner.workspace().join(step.output("verdict-file"))).unwrap();
    assert!(verdict.contains("\"perfgate.verdict/1\""));
    let report = fs::read_to_string(runner.workspace().join(step.output("report-path"))).unwrap();
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

/// A folder gives its names in any order, and runs without a time are taken in the order in which they are named.
#[test]
fn what_a_star_stands_for_comes_in_the_order_of_its_numbers() {
    let runner = Runner::new();
    let shop = runner.workspace().join("shop");
    fs::create_dir(shop.join("out")).unwrap();
    for n in [10, 2, 1, 21, 9, 11] {
        fs::copy(
            shop.join("results/pr-1_stats.csv"),
            shop.join(format!("out/r{n}_stats.csv")),
        )
        .unwrap();
    }
    runner.put_script_on_path("spied", "#!/bin/sh\nprintf '%s\\n' \"$@\" >&2\n");
    let spied = runner.at("bin/spied");
    let step = runner.step(&with(&[
        ("bin-path", spied.to_str().unwrap()),
        ("results", "out/r*_stats.csv"),
    ]));
    let lines = step
        .said
        .lines()
        .filter_map(|line| line.strip_prefix("out/r"));
    let numbers: Vec<&str> = lines
        .map(|line| line.trim_end_matches("_stats.csv"))
        .collect();
    assert_eq!(numbers, ["1", "2", "9", "10", "11", "21"], "{}", step.said);
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
        include_str!("../../../.github/action/guard.sh"),
        include_str!("../../../.github/action/install.sh"),
        include_str!("../../../.github/action/gate.sh"),
        include_str!("../../../.github/action/post.sh"),
    ]
    .concat();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let mut given = Vec::new();
    for step in steps {
        let run = step["run"].as_str().unwrap_or_default();
        if let Some(uses) = step["uses"].as_str() {
            let (name, revision) = uses.split_once('@').unwrap();
            assert!(name.starts_with("actions/"), "{uses}");
            assert!(
                revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit()),
                "{uses} can be moved"
            );
        } else {
            assert!(!run.contains("${{"), "{run}");
            assert_eq!(step["env"]["BASH_ENV"], "", "{run}");
        }
        for (variable, value) in step["env"].as_object().into_iter().flatten() {
            given.push(value.as_str().unwrap().to_owned());
            assert!(
                variable.ends_with("_TOKEN")
                    || variable == "BASH_ENV"
                    || scripts.contains(variable)
                    || run.contains(variable),
                "{variable} is not read"
            );
        }
    }
    for name in action["inputs"].as_object().unwrap().keys() {
        let used = format!("inputs.{name} ");
        assert!(
            given.iter().any(|value| value.contains(&used)),
            "{name} goes nowhere"
        );
    }
}
