//! Results that are older than the command that should have written them.

use std::time::Duration;

use super::desk::{DAYS, Desk};

/// Two benchmarks in the baseline, and as they were three days ago in `target/criterion`.
fn three_days_ago(source: &str) -> Desk {
    let desk = Desk::new();
    desk.benchmark("parse", "new");
    desk.benchmark("print", "new");
    desk.config("");
    desk.ends("baseline update target/criterion", 0);
    desk.age("target", DAYS);
    desk.config(source);
    desk
}

/// A stand-in for cargo bench: measures what is named, again.
fn measures(benchmarks: &[&str], baseline: &str) -> String {
    let touched: Vec<String> = benchmarks
        .iter()
        .map(|name| format!("touch target/criterion/{name}/{baseline}/*.json"))
        .collect();
    touched.join("; ")
}

#[test]
fn a_bench_that_does_not_compile_is_no_measurement_however_much_lies_there() {
    let desk =
        three_days_ago("[[source]]\ncommand = \"exit 101\"\nresults = \"target/criterion\"\n");
    for command in ["check", "baseline update", "check --on-missing warn"] {
        let said = desk.ends(command, 2);
        assert!(said.out.is_empty(), "{}", said.out);
        assert!(
            said.err.contains("2 benchmarks of target/criterion are older than the command: `parse`, `print`, and nothing else is there"),
            "{}",
            said.err
        );
        assert!(
            said.err.contains("`exit 101` ended with exit status 101"),
            "{}",
            said.err
        );
    }
}

#[test]
fn one_that_was_not_measured_again_is_missing_and_the_others_are_judged() {
    let command = measures(&["parse"], "new");
    let desk = three_days_ago(&format!(
        "[[source]]\ncommand = \"{command}\"\nresults = \"target/criterion\"\n"
    ));
    let said = desk.ends("check --format json", 1);
    assert!(
        said.err.contains(
            "warning: 1 benchmark of target/criterion is older than the command: `print`"
        ),
        "{}",
        said.err
    );
    let verdict: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict["counts"]["missing"], 1, "{verdict:#}");
    assert_eq!(verdict["counts"]["compared"], 1, "{verdict:#}");
    assert!(
        said.out.contains("older than the command"),
        "the report tells it as well"
    );
    desk.ends("check --on-missing warn", 0);
}

#[test]
fn what_was_saved_of_a_benchmark_does_not_make_it_fresh() {
    let command = "touch target/criterion/parse/base/*.json target/criterion/report/index.html; \
                   touch target/criterion/parse/report/index.html";
    let desk = three_days_ago(&format!(
        "[[source]]\ncommand = \"{command}\"\nresults = \"target/criterion\"\n"
    ));
    desk.benchmark("parse", "base");
    desk.write("target/criterion/report/index.html", "");
    desk.write("target/criterion/parse/report/index.html", "");
    desk.age("target", DAYS);
    desk.ends("check", 2);
}

#[test]
fn a_named_baseline_of_criterion_is_judged_with_a_command_too() {
    let command = measures(&["parse", "print"], "new");
    let desk = three_days_ago(&format!(
        "[[source]]\ncommand = \"{command}\"\nresults = \"target/criterion@new\"\n"
    ));
    desk.ends("check", 0);

    let save = "cargo_bench() { for b in parse print; do mkdir -p target/criterion/$b/$1; \
                cp target/criterion/$b/new/*.json target/criterion/$b/$1; done; }; cargo_bench run{n}";
    desk.config(&format!(
        "[[source]]\ncommand = \"{save}\"\nresults = \"target/criterion@run{{n}}\"\nruns = 3\n"
    ));
    let said = desk.ends("check --format json", 0);
    let verdict: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict["current"]["runs"], 3, "{verdict:#}");
    assert!(!said.err.contains("older"), "{}", said.err);

    // The same results, and a command that writes none.
    desk.age("target", Duration::from_secs(60));
    desk.config(
        "[[source]]\ncommand = \"true\"\nresults = \"target/criterion@run{n}\"\nruns = 3\n",
    );
    let said = desk.ends("check", 2);
    assert!(
        said.err
            .contains("2 benchmarks of target/criterion@run3 are older"),
        "{}",
        said.err
    );
}

#[test]
fn each_run_of_a_command_is_judged_against_its_own_start() {
    let desk = Desk::new();
    desk.run_file("template.json", 100.0);
    desk.run_file("out/run2.json", 100.0);
    desk.age("out", DAYS);
    // The second run ends without a result, and last time's lies there.
    desk.config(
        "[[source]]\ncommand = \"mkdir -p out; [ {n} = 2 ] || cat template.json > out/run{n}.json\"\n\
         results = \"out/run{n}.json\"\nruns = 3\n",
    );
    let said = desk.ends("baseline update", 0);
    assert!(
        said.err
            .contains("out/run2.json is older than the command that should have written it"),
        "{}",
        said.err
    );
    assert!(said.out.contains("added 2 runs"), "{}", said.out);
}

#[test]
fn a_command_of_a_few_milliseconds_has_written_what_it_wrote() {
    let desk = Desk::new();
    desk.run_file("template.json", 100.0);
    desk.config(
        "[[source]]\ncommand = \"cat template.json > run{n}.json\"\nresults = \"run{n}.json\"\nruns = 40\n",
    );
    let said = desk.ends("baseline update", 0);
    assert!(!said.err.contains("older"), "{}", said.err);
    assert!(said.out.contains("added 40 runs"), "{}", said.out);
}

#[test]
fn a_result_of_a_second_ago_is_old_already() {
    let desk = Desk::new();
    desk.run_file("run.json", 100.0);
    desk.age("run.json", Duration::from_millis(1200));
    desk.config("[[source]]\ncommand = \"true\"\nresults = \"run.json\"\n");
    let said = desk.ends("check", 2);
    assert!(
        said.err
            .contains("run.json is older than the command that should have written it"),
        "{}",
        said.err
    );
}

#[test]
fn a_locust_set_is_as_old_as_its_files_and_a_folder_may_hold_old_and_new() {
    let desk = Desk::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/locust");
    for (folder, run) in [("out/1", "base-1"), ("out/2", "base-2")] {
        for entry in std::fs::read_dir(format!("{fixture}/{run}")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("run") && name.ends_with(".csv") {
                desk.write(
                    &format!("{folder}/{name}"),
                    &std::fs::read_to_string(path).unwrap(),
                );
            }
        }
    }
    desk.age("out", DAYS);
    let update = |command: &str, results: &str| {
        desk.config(&format!(
            "[[source]]\ncommand = \"{command}\"\nresults = \"{results}\"\n"
        ));
        desk.command("baseline update --force --baseline fresh.json")
            .output()
            .unwrap()
    };
    // Neither the folder that holds both, nor a pattern, nor the prefix of a set hides the old one.
    for (results, old) in [("out", "out/1/"), ("out/*/*_stats.csv", "out/1/")] {
        let said = update("touch out/2/*", results);
        let err = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(0), "{err}");
        assert!(
            err.contains(&format!("{old}run_stats.csv is older")),
            "{results}: {err}"
        );
        std::fs::remove_file(desk.path("fresh.json")).unwrap();
        desk.age("out", DAYS);
    }
    let said = update("touch out/2/*", "out/2/run");
    assert_eq!(
        said.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    // Half of a set is no run of today.
    desk.age("out", DAYS);
    let said = update("touch out/2/run_failures.csv", "out/2/run_stats.csv");
    assert_eq!(said.status.code(), Some(2));
}

#[test]
fn a_source_that_gives_nothing_is_an_error() {
    let desk = Desk::new();
    for (source, said_so) in [
        (
            "results = \"out/*.json\"\n",
            "found nothing that matches out/*.json",
        ),
        (
            "results = \"target/criterion@main\"\n",
            "found nothing that matches target/criterion@main",
        ),
        (
            "command = \"true\"\nresults = \"x.json\"\n",
            "found nothing that matches x.json",
        ),
        (
            "results = \"run{n}.json\"\nruns = 2\n",
            "found no run2.json, which is run 2 of 2",
        ),
    ] {
        desk.run_file("run1.json", 100.0);
        desk.config(&format!("[[source]]\n{source}"));
        let said = desk.ends("check", 2);
        assert!(said.err.contains(said_so), "{}", said.err);
    }
}
