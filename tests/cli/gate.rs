//! Whole processes from results to an exit code: the gate, its reports, its baselines.

use std::fs;

use serde_json::{Value, json};

use crate::support::desk::Desk;

impl Desk {
    /// With five runs of before, five alike, and five that are 40 % slower in one subject of two.
    fn with_runs() -> Self {
        let desk = Self::new();
        desk.runs("before", "lab", |n| [1000.0 + 2.0 * n, 500.0 + n]);
        desk.runs("same", "lab", |n| [1001.0 + 2.0 * n, 500.5 + n]);
        desk.runs("slow", "lab", |n| [1400.0 + 2.0 * n, 500.5 + n]);
        desk
    }

    fn runs(&self, name: &str, environment: &str, times: impl Fn(f64) -> [f64; 2]) {
        let runs: Vec<Value> = (0..5_u8)
            .map(|n| {
                let [parse, print] = times(f64::from(n));
                let time = |at: f64| {
                    let samples: Vec<f64> = (0..30_u8).map(|i| at + f64::from(i) / 100.0).collect();
                    json!({"time": {"unit": "ns", "better": "lower", "samples": samples}})
                };
                json!({
                    "schema": "perfgate.run/1",
                    "tool": {"name": "bench", "version": "1"},
                    "session": name,
                    "commit": format!("{name}-commit"),
                    "started_at": format!("2026-11-20T10:00:0{n}Z"),
                    "environment": {"key": environment},
                    "subjects": {"parse": time(parse), "print": time(print)}
                })
            })
            .collect();
        self.write(&format!("{name}.json"), &Value::from(runs).to_string());
    }

    fn seeded() -> Self {
        let desk = Self::with_runs();
        desk.ends("baseline update --baseline main.json before.json", 0);
        desk
    }
}

fn verdict(text: &str) -> (String, i64) {
    let document: Value = serde_json::from_str(text).unwrap();
    let kind = document["verdict"].as_str().unwrap().to_owned();
    (kind, document["exit_code"].as_i64().unwrap())
}

#[test]
fn unchanged_code_passes_and_slower_code_fails() {
    let desk = Desk::seeded();
    let same = desk.ends("check --baseline main.json same.json --format json", 0);
    assert_eq!(verdict(&same.out), ("pass".to_owned(), 0));
    let slow = desk.ends("check --baseline main.json slow.json --format json", 1);
    assert_eq!(verdict(&slow.out), ("fail".to_owned(), 1));
}

#[test]
fn every_report_is_there_when_the_gate_has_failed() {
    let desk = Desk::seeded();
    desk.ends(
        "check --baseline main.json slow.json --report json=out/a/verdict.json --report junit=out/gate.xml --report markdown=comment.md",
        1,
    );
    assert_eq!(verdict(&desk.read("out/a/verdict.json")).1, 1);
    assert!(desk.read("out/gate.xml").contains("<testsuite"));
    assert!(desk.read("comment.md").contains("parse"));
}

#[test]
fn a_report_that_cannot_be_written_is_2_and_the_others_are_written() {
    let desk = Desk::seeded();
    desk.write("file", "");
    let said = desk.ends(
        "check --baseline main.json same.json --report json=file/verdict.json --report json=good.json",
        2,
    );
    assert!(
        said.err.contains("error: write file/verdict.json: "),
        "{}",
        said.err
    );
    assert_eq!(verdict(&desk.read("good.json")).1, 0);
}

#[test]
fn a_closed_pipe_turns_0_into_2_and_leaves_1() {
    let desk = Desk::seeded();
    for (result, code) in [("same.json", 2), ("slow.json", 1)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let line = format!("check --baseline main.json {result} --report json=verdict.json");
        let output = desk.command(&line).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert!(desk.has("verdict.json"));
    }
}

#[test]
fn no_baseline_is_0_with_a_notice_and_3_where_one_is_required() {
    let desk = Desk::with_runs();
    let said = desk.ends("check --baseline main.json same.json --format json", 0);
    assert_eq!(verdict(&said.out).0, "no-baseline");
    assert!(
        said.err
            .contains("warning: nothing was compared: main.json does not exist yet"),
        "{}",
        said.err
    );
    assert!(
        said.err
            .contains("perfgate baseline update --baseline main.json same.json"),
        "{}",
        said.err
    );
    desk.ends("check --baseline main.json same.json --require-baseline", 3);
    desk.ends("check --baseline main.json same.json --strict", 3);
}

#[test]
fn nothing_compared_is_2_even_where_missing_series_are_allowed() {
    let desk = Desk::seeded();
    let other = desk
        .read("same.json")
        .replace("parse", "read")
        .replace("print", "write");
    desk.write("other.json", &other);
    let said = desk.ends("check --baseline main.json other.json --on-missing warn", 2);
    assert!(
        said.err
            .contains("error: nothing could be compared with main.json"),
        "{}",
        said.err
    );
    desk.ends("check --baseline main.json other.json", 1);
}

#[test]
fn another_environment_is_no_baseline_unless_it_is_asked_for() {
    let desk = Desk::seeded();
    desk.runs("laptop", "laptop", |n| [1001.0 + 2.0 * n, 500.5 + n]);
    let line = "check --baseline main.json laptop.json --report json=v.json --report markdown=c.md";
    let said = desk.ends(line, 0);
    assert_eq!(verdict(&desk.read("v.json")), ("no-baseline".to_owned(), 0));
    for text in [&said.err, &said.out, &desk.read("c.md")] {
        for named in [
            "`lab`",
            "`laptop`",
            "--environment NAME",
            "on_other_environment",
        ] {
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(named), "{named}: {text}");
        }
    }
    assert!(said.err.contains("\nhint: "), "{}", said.err);
    desk.ends("check --baseline main.json laptop.json --strict", 3);
    desk.ends(
        "check --baseline main.json laptop.json --require-baseline",
        3,
    );
    desk.ends(
        "check --baseline main.json laptop.json --on-other-environment warn",
        0,
    );
    desk.ends(
        "check --baseline main.json laptop.json --environment lab",
        0,
    );
}

#[test]
fn a_rule_that_matches_nothing_names_its_line_and_the_nearest_series() {
    let desk = Desk::seeded();
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n\n[[rule]]\nsubject = \"prase\"\nmax_regression = \"3%\"\n",
    );
    let said = desk.ends("check same.json", 2);
    assert!(said.err.contains("perfgate.toml:3"), "{}", said.err);
    assert!(
        said.err.contains("hint: the nearest series is `parse"),
        "{}",
        said.err
    );
}

#[test]
fn results_come_from_the_sources_of_the_config() {
    let desk = Desk::seeded();
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\ncommand = \"cp slow.json out{n}.json; exit 1\"\nresults = \"out{n}.json\"\n",
    );
    let said = desk.ends("check", 1);
    assert!(
        said.err.contains("running cp slow.json out1.json"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("ended with exit status 1"),
        "{}",
        said.err
    );
}

#[test]
fn update_refuses_what_the_gate_fails_and_takes_it_with_a_reason() {
    let desk = Desk::seeded();
    let before = desk.read("main.json");
    let said = desk.ends("baseline update --baseline main.json slow.json", 1);
    assert!(
        said.err.contains("parse") && said.err.contains("--accept-regression"),
        "{}",
        said.err
    );
    assert_eq!(desk.read("main.json"), before);
    let said = desk.ends(
        "baseline update --baseline main.json slow.json --accept-regression wanted",
        0,
    );
    assert!(said.out.contains("main.json: added 5 runs"), "{}", said.out);
    assert!(desk.read("main.json").contains("wanted"));
}

/// A machine that nobody restarts is one session: before and after would be pooled.
#[test]
fn after_an_accepted_regression_the_new_normal_is_a_session_of_its_own() {
    let desk = Desk::with_runs();
    for (name, hour) in [("before", 10), ("slow", 11), ("again", 12), ("last", 13)] {
        let from = if hour == 10 { "before" } else { "slow" };
        let runs = desk.read(&format!("{from}.json"));
        let runs = runs.replace(&format!("\"{from}\""), "\"boot 1\"");
        let runs = runs.replace("T10:", &format!("T{hour}:"));
        desk.write(&format!("{name}.json"), &runs);
        if hour == 11 {
            desk.write("slow.json", &runs.replace("T11:", "T10:"));
            desk.write("accepted.json", &runs);
        }
    }
    desk.ends("baseline update --baseline main.json before.json", 0);
    desk.ends(
        "baseline update --baseline main.json accepted.json --accept-regression wanted",
        0,
    );
    let names = |desk: &Desk| -> Vec<String> {
        let text = desk.read("main.json");
        let names = text.split("\"session\"").skip(1);
        let name = |rest: &str| rest.split('"').nth(1).unwrap().to_owned();
        let mut names: Vec<String> = names.map(name).collect();
        names.dedup();
        names
    };
    let after = names(&desk);
    assert_eq!(after.len(), 2, "{after:?}");
    assert!(after[1].starts_with("boot 1; accepted 20"), "{after:?}");
    let said = desk.ends("check --baseline main.json again.json", 0);
    assert!(said.out.starts_with("PASS"), "{}", said.out);
    assert!(!said.out.contains("possible"), "{}", said.out);
    // What the same boot measures later joins the new normal.
    desk.ends("baseline update --baseline main.json again.json", 0);
    assert_eq!(names(&desk), after);
    let said = desk.ends("check --baseline main.json last.json", 0);
    assert!(said.out.starts_with("PASS"), "{}", said.out);
}

#[test]
fn runs_that_are_there_already_are_not_added_twice() {
    let desk = Desk::seeded();
    let before = desk.read("main.json");
    let said = desk.ends("baseline update --baseline main.json before.json", 0);
    assert!(
        said.err.contains("5 of 5 runs were there already"),
        "{}",
        said.err
    );
    assert_eq!(desk.read("main.json"), before);
}

#[test]
fn a_baseline_is_shown_and_pinned_and_unpinned() {
    let desk = Desk::seeded();
    let said = desk.ends(
        "baseline pin --baseline main.json --label v1.4 --budget 15%",
        0,
    );
    assert!(
        said.out
            .contains("pinned v1.4 with 5 runs and a budget of 15%"),
        "{}",
        said.out
    );
    let said = desk.ends("baseline show --baseline main.json --format json", 0);
    let shown: Value = serde_json::from_str(&said.out).unwrap();
    let environment = &shown["environments"][0];
    assert_eq!(environment["environment"], "lab");
    assert_eq!(
        (
            environment["runs"].as_i64(),
            environment["sessions"].as_i64()
        ),
        (Some(5), Some(1))
    );
    assert_eq!(shown["anchor"]["label"], "v1.4");
    let text = desk.ends("baseline show --baseline main.json", 0).out;
    assert!(text.contains("parse time."), "{text}");
    desk.ends("baseline pin --baseline main.json --remove", 0);
    let text = desk.ends("baseline show --baseline main.json", 0).out;
    assert!(text.contains("no anchor"), "{text}");
}

#[test]
fn compare_needs_no_config_and_takes_a_baseline_as_a_side() {
    let desk = Desk::seeded();
    desk.write("perfgate.toml", "broken");
    desk.ends("compare before.json slow.json", 1);
    desk.ends("compare --old before.json --new same.json", 0);
    desk.ends("compare main.json slow.json", 1);
}

#[test]
fn a_plain_result_can_be_the_baseline_and_names_are_found_in_baselines() {
    let desk = Desk::seeded();
    desk.ends("check --baseline before.json slow.json", 1);
    fs::create_dir(desk.path("baselines")).unwrap();
    fs::rename(desk.path("main.json"), desk.path("baselines/main.json")).unwrap();
    desk.ends("check --baseline main slow.json", 1);
    desk.ends("-C baselines check --baseline main.json ../slow.json", 1);
}

#[test]
fn inspect_tells_what_was_understood() {
    let desk = Desk::with_runs();
    let said = desk.ends("inspect before.json --format json", 0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 5);
    let time = &runs[0]["subjects"]["parse"]["time"];
    assert_eq!(
        (&time["unit"], &time["evidence"], &time["n"]),
        (&json!("ns"), &json!("samples"), &json!(30))
    );
    assert!(
        time["p50"].is_number() && time["mean"].is_number(),
        "{time}"
    );
    let text = desk.ends("inspect before.json", 0).out;
    assert!(
        text.starts_with("before.json: perfgate, 5 runs\n"),
        "{text}"
    );
}

#[test]
fn in_github_actions_the_summary_and_the_outputs_are_appended() {
    let mut desk = Desk::seeded();
    desk.write("summary.md", "before\n");
    for (name, file) in [
        ("GITHUB_STEP_SUMMARY", "summary.md"),
        ("GITHUB_OUTPUT", "outputs"),
    ] {
        let path = desk.path(file).display().to_string();
        desk.set(name, &path);
    }
    desk.ends("check --baseline main.json slow.json", 1);
    assert_eq!(
        desk.read("summary.md"),
        "before\n",
        "only inside of Actions"
    );
    desk.set("GITHUB_ACTIONS", "true");
    let said = desk.ends("check --baseline main.json slow.json --format json", 1);
    assert_eq!(verdict(&said.out).0, "fail", "stdout keeps its format");
    assert!(said.err.contains("::error"), "{}", said.err);
    assert!(desk.read("summary.md").starts_with("before\n"));
    assert!(desk.read("summary.md").contains("parse"));
    assert!(desk.read("outputs").contains("verdict<<"));
}
