//! `--rerun VERDICT`: only what a verdict left in doubt is measured, and of the verdict only names are taken.

use serde_json::Value;

use super::desk::Desk;
use super::{BENCH, comparison, notes, slower_in_a as ab};

fn first_verdict(desk: &Desk) -> Value {
    desk.write("bench.sh", BENCH);
    desk.ends(&ab(&["--report", "json=first.json"]), 1);
    serde_json::from_str(&desk.read("first.json")).unwrap()
}

#[test]
fn only_what_was_in_doubt_is_asked_for_and_judged() {
    let desk = Desk::new();
    first_verdict(&desk);
    std::fs::remove_file(desk.path("asked")).unwrap();
    let said = desk.ends(&ab(&["--rerun", "first.json", "--format", "json"]), 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(comparison(&verdict, "a", "time")["outcome"], "regressed");
    let subjects = verdict["comparisons"].as_array().unwrap();
    assert!(subjects.iter().all(|c| c["subject"] == "a"), "{verdict:#}");
    let asked = desk.read("asked");
    assert!(asked.lines().all(|line| line == "^(?:a)$"), "{asked}");
    assert!(notes(&verdict).contains("first.json left in doubt"));
}

#[test]
fn a_verdict_brings_names_and_no_commands() {
    let desk = Desk::new();
    let text = {
        first_verdict(&desk);
        desk.read("first.json")
    };
    // A name that would be a command, an argument or an expression, were it not quoted.
    let hostile =
        r#"\"subject\": \"a'; touch stolen; '$(touch stolen)`touch stolen`.*\""#.replace('\\', "");
    let changed = text.replace(r#""subject": "a""#, &hostile);
    assert_ne!(changed, text);
    desk.write("hostile.json", &changed);
    let said = desk.ends(&ab(&["--rerun", "hostile.json"]), 2);
    assert!(said.err.contains("left in doubt"), "{}", said.err);
    assert!(!desk.path("stolen").exists());
    // And there has to be something to run.
    let said = desk.ends(&["ab", "--rerun", "first.json"], 2);
    assert!(said.err.contains("nothing to compare"), "{}", said.err);
}

#[test]
fn a_verdict_without_doubt_and_one_that_is_none_are_errors() {
    let desk = Desk::new();
    desk.write("none.json", "{}");
    let said = desk.ends(&ab(&["--rerun", "none.json"]), 2);
    assert!(said.err.contains("none.json"), "{}", said.err);
    desk.write("bench.sh", BENCH);
    let same = [
        "ab",
        "--base",
        "sh bench.sh 500 x",
        "--head",
        "sh bench.sh 500 x",
        "--results",
        "out.json",
        "--report",
        "json=green.json",
    ];
    desk.ends(&same, 0);
    let said = desk.ends(&ab(&["--rerun", "green.json"]), 2);
    assert!(
        said.err.contains("nothing in it is in doubt"),
        "{}",
        said.err
    );
}
