//! What is watched beside the command of a source becomes a part of its run.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::desk::Desk;

/// A process to watch, which is ended with the test.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        let mut command = Command::new("sleep");
        command.arg("60").stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

/// `run.json` is written half a second after the command began.
fn desk(watch: &str, rules: &str) -> Desk {
    let desk = Desk::new();
    desk.run_file("made", 100.0);
    desk.write(
        "perfgate.toml",
        &format!(
            "[[source]]\ncommand = \"sleep 0.5; cp made run.json\"\nresults = \"run.json\"\n{watch}{rules}"
        ),
    );
    desk
}

fn rule(subject: &str, metric: &str, budget: &str) -> String {
    format!("[[rule]]\nsubject = \"{subject}\"\nmetric = \"{metric}\"\nbudget = \"{budget}\"\n")
}

fn value(document: &Value, subject: &str, metric: &str) -> f64 {
    let rows = document["comparisons"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["subject"] == subject && row["metric"] == metric);
    row.unwrap_or_else(|| panic!("{subject} {metric} in {document}"))["current"]["value"]
        .as_f64()
        .unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn shares_of_the_machine_are_judged_in_percent() {
    let host = "[[source.watch]]\nhost = true\n";
    let rules = rule("host", "cpu_share", "100%") + &rule("host", "memory_share", "100%");
    let said = desk(host, &rules).ends("check --format json", 0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    for metric in ["cpu_share", "memory_share"] {
        let share = value(&document, "host", metric);
        assert!((0.0..=100.5).contains(&share), "{metric} {share}");
    }
    let said = desk(host, &rule("host", "memory_share", "0.01%")).ends("check", 1);
    assert!(said.out.contains("not met"), "{}", said.out);
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_is_watched_for_as_long_as_the_command_runs() {
    let sleeper = Sleeper::start();
    let watch = format!(
        "[[source.watch]]\nname = \"db\"\npid = {}\n",
        sleeper.0.id()
    );
    let rules = rule("db", "rss_peak", "1GiB") + &rule("db", "cpu_share", "5%");
    let said = desk(&watch, &rules).ends("check --format json", 0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert!(value(&document, "db", "rss_peak") > 0.1);
    assert!(value(&document, "db", "cpu_share") < 1.0);
    let said = desk(&watch, &rule("db", "rss_peak", "1KiB")).ends("check", 1);
    assert!(said.out.contains("not met"), "{}", said.out);
}

#[test]
#[cfg(target_os = "linux")]
fn what_ends_while_it_is_watched_is_an_error() {
    let sleeper = Sleeper::start();
    let pid = sleeper.0.id();
    let desk = desk(
        &format!("[[source.watch]]\nname = \"db\"\npid = {pid}\n"),
        &rule("parse", "time", "1s"),
    );
    let text = desk
        .read("perfgate.toml")
        .replace("sleep 0.5", &format!("kill {pid}; sleep 1"));
    desk.write("perfgate.toml", &text);
    let said = desk.ends("check", 2);
    assert!(said.err.contains("watch db"), "{}", said.err);
    assert!(said.err.contains("in mid-run"), "{}", said.err);
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_watched_is_told_before_the_command_runs() {
    let desk = desk(
        "[[source.watch]]\nprocess = \"no-such-process\"\n",
        &rule("parse", "time", "1s"),
    );
    let said = desk.ends("check", 2);
    assert!(said.err.contains("no-such-process"), "{}", said.err);
    assert!(!desk.path("run.json").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_subject_of_the_results_is_not_replaced() {
    let said = desk(
        "[[source.watch]]\nname = \"parse\"\nhost = true\n",
        &rule("parse", "time", "1s"),
    )
    .ends("check", 2);
    assert!(said.err.contains("another `name`"), "{}", said.err);
}

#[test]
fn entries_that_cannot_hold_are_refused_with_their_line() {
    for (source, message) in [
        (
            "[[source]]\nresults = \"run.json\"\n[[source.watch]]\nhost = true\n",
            "has no `command`",
        ),
        (
            "[[source]]\ncommand = \"true\"\nresults = \"run.json\"\n[[source.watch]]\n",
            "expected one of",
        ),
        (
            "[[source]]\ncommand = \"true\"\nresults = \"run.json\"\n[[source.watch]]\nhost = true\npid = 1\n",
            "expected one of",
        ),
        (
            "[[source]]\ncommand = \"true\"\nresults = \"run.json\"\n[[source.watch]]\nservice = true\n",
            "there is no [service]",
        ),
        (
            "[[source]]\ncommand = \"true\"\nresults = \"run.json\"\n[[source.watch]]\nprometheus = \"/metrics\"\nmetrics = [{ name = \"up\", better = \"higher\" }]\n",
            "is no address",
        ),
        (
            "[[source]]\ncommand = \"true\"\nresults = \"run.json\"\n[[source.watch]]\nhost = true\n[[source.watch]]\nhost = true\n",
            "another subject `host`",
        ),
    ] {
        let desk = Desk::new();
        desk.write("perfgate.toml", source);
        let said = desk.ends("check", 2);
        assert!(said.err.contains(message), "{source}: {}", said.err);
        assert!(said.err.contains("perfgate.toml:"), "{}", said.err);
    }
}
