//! Inputs and surroundings that are hostile: pipes among results, few descriptors, histograms that ask for all memory,
//! and commands that begin in the same second.

use std::fs;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::desk::{Desk, finished};

/// Ends the command where it hangs.
fn in_time(mut child: Child, line: &str) -> ExitStatus {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("{line} hangs");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_pipe_among_results_is_no_result_and_is_not_waited_for() {
    let desk = Desk::with_results();
    let criterion = "crit/group/bench/new/benchmark.json";
    desk.write(
        criterion,
        "{\"group_id\": \"group\", \"function_id\": \"bench\", \"value_str\": null, \"full_id\": \"group/bench\"}",
    );
    desk.write("runs/now.ndjson", &desk.read("now.ndjson"));
    desk.write(
        "set/run_stats.csv",
        "Type,Name,Request Count,Failure Count,Average Response Time\nGET,/,9,1,3.5\n",
    );
    fs::create_dir_all(desk.path("other/bench/new")).unwrap();
    for pipe in [
        "runs/pipe.json",
        "runs/pipe_stats.csv",
        "runs/pipe_stats_history.csv",
        "set/run_stats_history.csv",
        "set/run_failures.csv",
        "set/run_exceptions.csv",
        "crit/group/bench/new/sample.json",
        "crit/group/bench/new/estimates.json",
        "other/bench/new/benchmark.json",
        "pipe",
    ] {
        let made = Command::new("mkfifo").arg(desk.path(pipe)).status();
        assert!(made.unwrap().success());
    }
    for (line, code) in [
        ("check --baseline main.json runs", 0),
        ("inspect runs", 0),
        ("inspect set", 0),
        ("inspect set/run", 0),
        ("inspect crit", 2),
        ("inspect crit@new", 2),
        ("inspect other", 2),
        ("inspect pipe", 2),
        ("check --baseline pipe now.ndjson", 2),
        ("baseline update --baseline pipe now.ndjson", 2),
        ("compare runs runs", 0),
    ] {
        let status = in_time(desk.command(line).spawn().unwrap(), line);
        assert_eq!(status.code(), Some(code), "{line}");
    }
}

/// Whatever the limit, a command does its work or says why it cannot.
#[test]
fn few_descriptors_are_an_error_and_never_a_panic() {
    let desk = Desk::with_results();
    desk.write("a.json", desk.read("now.ndjson").lines().next().unwrap());
    desk.write("b.json", &desk.read("a.json").replace("10.02", "10.5"));
    desk.write(
        "api.toml",
        "base = \"http://127.0.0.1:9\"\n[[step]]\nget = \"/\"\n[load]\nusers = 2\nduration = \"100ms\"\n",
    );
    for line in [
        "check --baseline main.json now.ndjson --report json=out.json",
        "compare old.ndjson now.ndjson",
        "baseline update --baseline more.json now.ndjson",
        "merge a.json b.json --output out.json",
        "inspect now.ndjson",
        "run api.toml --output run.json",
        "run http://127.0.0.1:9/ --rate 100 --for 100ms --output run.json",
        "check --baseline main.json now.ndjson --post always",
    ] {
        for limit in 3..16 {
            let script = format!(
                "ulimit -n {limit}; GITHUB_REPOSITORY=a/b GITHUB_TOKEN=x GITHUB_API_URL=http://127.0.0.1:9 \"$1\" {line}"
            );
            let said = desk.shell(&script).output().unwrap();
            let err = String::from_utf8_lossy(&said.stderr);
            assert!(!err.contains("panicked"), "{script}\n{err}");
            // 127 is the loader's, which could not open a library.
            let code = said.status.code();
            assert!(
                matches!(code, Some(0..=3 | 127)),
                "{script}\n{code:?}\n{err}"
            );
        }
    }
}

/// 60 bytes of text that ask for a histogram of some 49 MB.
const WIDE: &str = "HISTFAAAAB142pNpmSzMwMDAyAABrFCa0QHKsP8AoZkAQSsCvw==";

fn wide(subjects: usize) -> String {
    let measured: Vec<String> = (0..subjects)
        .map(|n| {
            format!(
                "\"s{n}\": {{\"latency\": {{\"unit\": \"ms\", \"histogram\": \"{WIDE}\", \"scale\": 0.001}}}}"
            )
        })
        .collect();
    format!(
        "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{{}}}}}",
        measured.join(", ")
    )
}

#[test]
fn the_memory_of_histograms_has_one_bound_for_all_files_of_a_command() {
    let desk = Desk::with_results();
    for name in ["a.json", "b.json", "c.json"] {
        desk.write(name, &wide(12));
    }
    desk.ends("inspect a.json", 0);
    for line in [
        "compare --old a.json --old b.json --new c.json",
        "check --baseline a.json b.json c.json",
        "merge a.json b.json c.json --output all.json",
    ] {
        let said = desk.ends(line, 2);
        assert!(
            said.err.contains("more than 1 GiB of memory"),
            "{line}\n{}",
            said.err
        );
    }
}

#[test]
fn quantiles_that_fall_are_refused_where_they_are_read() {
    let desk = Desk::with_results();
    let run = |quantiles: &str| {
        format!(
            "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{\"GET /\": {{\"latency\": {{\"unit\": \"ms\", \"n\": 500, {quantiles}}}}}}}}}"
        )
    };
    desk.write(
        "falls.json",
        &run("\"quantiles\": {\"0.5\": 100, \"0.95\": 3}"),
    );
    let said = desk.ends("inspect falls.json", 2);
    let why = "`subjects.\"GET /\".latency.quantiles`: p50 is 100 and p95 is 3, which cannot be of one distribution";
    assert!(said.err.contains(why), "{}", said.err);
    assert!(said.err.contains("line 1"), "{}", said.err);
    desk.write(
        "min.json",
        &run("\"min\": 5, \"max\": 4, \"quantiles\": {\"0.5\": 4.5}"),
    );
    assert!(
        desk.ends("inspect min.json", 2)
            .err
            .contains("min is 5 and max is 4")
    );
    desk.write(
        "flat.json",
        &run("\"resolution\": 10, \"quantiles\": {\"0.5\": 100, \"0.95\": 95}"),
    );
    desk.ends("inspect flat.json", 0);
    desk.write(
        "falls_stats.csv",
        "Type,Name,Request Count,Failure Count,Average Response Time,50%,95%\nGET,/,500,0,50,100,3\n",
    );
    let said = desk.ends("inspect falls_stats.csv", 2);
    assert!(said.err.contains("line 2: "), "{}", said.err);
    assert!(said.err.contains("p50 is 100 and p95 is 3"), "{}", said.err);
}

#[test]
fn runs_that_begin_in_one_second_have_a_file_each() {
    let desk = Desk::with_results();
    let address = super::killed::service();
    let line = format!("run http://{address}/ --users 1 --for 50ms");
    let children: Vec<Child> = (0..6)
        .map(|_| desk.command(&line).spawn().unwrap())
        .collect();
    let mut told = Vec::new();
    for child in children {
        let said = finished(child, &line, 0);
        let file = said.out.lines().find_map(|line| line.strip_prefix("run: "));
        told.push(file.unwrap().to_owned());
    }
    told.sort();
    let names = desk.names("perfgate-results").into_iter();
    let kept: Vec<String> = names
        .map(|name| format!("perfgate-results/{name}"))
        .collect();
    assert_eq!(told, kept);
    assert_eq!(kept.len(), 6);
}

/// What grows with the square of the rules takes minutes here, and what grows with them a second.
#[test]
fn twenty_thousand_rules_are_read_and_told_of_in_proportion() {
    let desk = Desk::with_results();
    let rules: String = (0..20_000)
        .map(|n| format!("[[rule]]\nsubject = \"s{n}\"\nmax_regression = \"10%\"\n\n"))
        .collect();
    desk.write("perfgate.toml", &rules);
    let line = "check --baseline main.json now.ndjson";
    let begun = Instant::now();
    let said = desk.ends(line, 2);
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        said.err
            .contains("perfgate.toml:1: [[rule]] `s0 *` matches no series"),
        "{}",
        said.err
    );
    assert!(said.err.contains("; and 19990 more"), "{}", said.err);
    // The last rule is the one that counts, and stands where it says.
    desk.write(
        "perfgate.toml",
        &format!(
            "{}[[rule]]\nsubject = \"parse\"\nmetric = \"nothing\"\n",
            "# rules\n".repeat(20_000)
        ),
    );
    assert!(desk.ends(line, 2).err.contains("perfgate.toml:20001: "));
}
