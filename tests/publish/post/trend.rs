//! The course of the worst series over the sessions of the baseline, from runs to the comment.

use std::fs;

use serde_json::{Value, json};

use super::job::Job;
use crate::support::github::GitHub;

/// Five runs of a day, some thousandths apart; one endpoint moves and one does not.
fn day(day: u8, ms: f64) -> Value {
    let run = |n: u8| {
        let by = 1.0 + f64::from(n % 3) / 1000.0;
        let time = |ms: f64| json!({"time": {"unit": "ms", "better": "lower", "value": ms * by}});
        json!({
            "schema": "perfgate.run/1", "session": format!("day {day}"), "environment": {"key": "lab"},
            "started_at": format!("2026-11-{day:02}T10:0{n}:00Z"), "commit": format!("c{day}"),
            "subjects": {"GET /moved": time(ms), "GET /quiet": time(50.0)},
        })
    };
    (0..5).map(run).collect()
}

#[test]
fn the_comment_draws_the_worst_series_over_the_sessions_of_the_baseline() {
    let github = GitHub::start();
    let job = Job::new(&github);
    for (at, ms) in [(1, 100.0), (2, 101.0), (3, 102.0)] {
        fs::write(job.path("day.json"), day(at, ms).to_string()).unwrap();
        let said = job.run("baseline update --baseline main.json day.json --force");
        assert_eq!(said.code, 0, "{}", said.err);
    }
    fs::write(job.path("now.json"), day(9, 160.0).to_string()).unwrap();
    let said = job.run("check --baseline main.json now.json --post auto");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let body = github.world().marked(7).last().unwrap().body.clone();
    let chart = body
        .split_once("```mermaid\n")
        .and_then(|(_, rest)| rest.split_once("\n```"))
        .map(|(chart, _)| chart)
        .unwrap_or_else(|| panic!("{body}"));
    assert!(chart.starts_with("xychart-beta"), "{chart}");
    // It is folded, and the numbers stand beside it.
    let (in_sight, folded) = body.split_once("<details>").unwrap();
    assert!(!in_sight.contains("mermaid"), "{body}");
    for part in ["GET /moved", "100", "101", "102", "160"] {
        assert!(folded.contains(part), "{part}: {body}");
    }
    let numbers = chart.lines().filter(|line| line.contains('['));
    let of_sessions = numbers
        .filter(|line| line.contains("100") && line.contains("101") && line.contains("160"))
        .count();
    assert_eq!(of_sessions, 1, "{chart}");
}
