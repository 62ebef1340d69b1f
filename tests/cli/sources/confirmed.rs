//! What is in doubt is measured again, and red is only what fresh runs confirm.

use std::fmt::Write as _;

use serde_json::json;

use super::desk::{Desk, Said, finished};

/// Runs of one build differ by so much.
const NOISE: [f64; 5] = [0.0, 0.4, -0.3, 0.2, -0.4];

fn run(time: f64) -> serde_json::Value {
    json!({
        "schema": "perfgate.run/1", "session": "before", "tool": {"name": "bench"}, "environment": {"key": "lab"},
        "subjects": {"parse": {"time": {"unit": "ns", "better": "lower", "samples": [time]}}}
    })
}

/// A source of five runs whose command takes the next of these times, and a baseline of about 100.
fn desk(times: &[f64]) -> Desk {
    let desk = Desk::new();
    let baseline: Vec<_> = NOISE.iter().map(|noise| run(100.0 + noise)).collect();
    desk.write("main.json", &serde_json::to_string(&baseline).unwrap());
    let mut values = String::new();
    for (n, time) in times.iter().enumerate() {
        writeln!(values, "{}", time + NOISE[(n + 2) % NOISE.len()]).unwrap();
    }
    desk.write("values", &values);
    let made = run(0.0).to_string().replace("0.0", "TIME");
    desk.write("template", &made.replace("\"session\":\"before\",", ""));
    desk.config(
        "[[source]]\ncommand = \"echo x >> count; sed s/TIME/$(sed -n $(wc -l < count)p values)/ template > out-{n}.json\"\nresults = \"out-{n}.json\"\nruns = 5\n",
    );
    desk
}

fn measured(desk: &Desk) -> usize {
    desk.read("count").lines().count()
}

fn check(desk: &Desk, code: i32) -> Said {
    desk.ends("check", code)
}

#[test]
fn a_slowdown_that_fresh_runs_show_too_is_red_and_both_looks_are_told() {
    let desk = desk(&[110.0; 10]);
    let profiled = desk.read("perfgate.toml")
        + "profile = \"kill -0 {pid}; printf 'main;work 7\\nmain;rest 3\\n' > {out}\"\n";
    desk.write("perfgate.toml", &profiled);
    let said = check(&desk, 1);
    // Once more for the profiler.
    assert_eq!(measured(&desk), 11, "{}", said.err);
    let alone = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "Profile of head alone, own time of functions: `work` 70 %, `rest` 30 %";
    assert!(alone.contains(told), "{}", said.out);
    let told = said
        .err
        .contains("measuring again, because 1 series is in doubt: parse time");
    assert!(told, "{}", said.err);
    let words: Vec<&str> = said.out.split_whitespace().collect();
    let text = words.join(" ");
    let (_, looks) = text.split_once("measured again: parse time").unwrap();
    assert!(
        looks.contains("after 5 runs, ") && looks.contains("after 10 runs"),
        "{looks}"
    );
    // The first results stay where they are, for whoever looks after it.
    assert!(desk.path("out-1.json").exists() && desk.path("out-10.json").exists());
}

#[test]
fn a_slowdown_that_fresh_runs_do_not_show_is_not_red() {
    let mut times = vec![110.0; 5];
    times.extend([100.0; 5]);
    let desk = desk(&times);
    let said = check(&desk, 0);
    assert_eq!(measured(&desk), 10);
    assert!(said.out.contains("measured again"), "{}", said.out);
}

#[test]
fn what_is_not_in_doubt_is_measured_once() {
    let desk = desk(&[100.0; 10]);
    let said = check(&desk, 0);
    assert_eq!(measured(&desk), 5);
    assert!(!said.out.contains("measured again"), "{}", said.out);
}

#[test]
fn it_can_be_turned_off() {
    let desk = desk(&[110.0; 10]);
    let mut command = desk.command("check");
    command.env("PERFGATE_CONFIRM", "false").arg("--verbose");
    let said = finished(command.spawn().unwrap(), "check", 1);
    assert_eq!(measured(&desk), 5, "{}", said.err);
    assert!(said.out.contains("confirm = false"), "{}", said.out);
    let desk = self::desk(&[110.0; 10]);
    let config = desk.read("perfgate.toml");
    desk.write(
        "perfgate.toml",
        &format!("{config}[gate]\nconfirm = false\n"),
    );
    check(&desk, 1);
    assert_eq!(measured(&desk), 5);
}

#[test]
fn what_cannot_be_measured_again_is_judged_by_the_first_runs_and_told() {
    // The command has no time for a sixth run.
    let desk = desk(&[110.0; 5]);
    let said = check(&desk, 1);
    for text in [&said.err, &said.out] {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        assert!(
            text.contains("could not be measured again, so the first runs decide"),
            "{text}"
        );
    }
}
