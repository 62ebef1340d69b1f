//! How long windows are, where they run, and what of the time they are.

use std::thread;

use serde_json::Value;

use super::comparison;
use super::desk::Desk;

#[test]
fn the_verdict_tells_where_the_time_went() {
    let desk = Desk::new();
    let said = desk.ends(
        &[
            "ab",
            "--base",
            "sleep 0.3",
            "--head",
            "sleep 0.3",
            "--prepare",
            "sleep 0.1",
            "--max-rounds",
            "3",
            "--report",
            "json=verdict.json",
            "--verbose",
        ],
        0,
    );
    let verdict: Value = serde_json::from_str(&desk.read("verdict.json")).unwrap();
    let spent = |what: &str| verdict["spent"][what].as_f64().unwrap();
    // Three rounds of both; one of both to warm up, and what is run before each.
    assert!(spent("loading_s") > 1.8, "{verdict:#}");
    assert!(spent("warming_up_s") > 1.4, "{verdict:#}");
    assert!(spent("building_s") < 0.1, "{verdict:#}");
    let all = spent("loading_s") + spent("warming_up_s") + spent("other_s");
    // A twentieth of it where nothing else runs on the machine.
    assert!(spent("other_s") < 0.3 * all, "{verdict:#}");
    assert!(said.out.contains(" under load, "), "{}", said.out);
}

#[test]
fn a_short_command_fills_its_window_and_the_middle_of_its_runs_counts() {
    let desk = Desk::new();
    // Each third run of a round takes ten times as long, which no middle shows.
    let command = "n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count; \
                   [ $((n % 3)) = 0 ] && sleep 0.5; sleep 0.05";
    let said = desk.ends(
        &[
            "ab",
            "--base",
            command,
            "--head",
            command,
            "--warmup",
            "2",
            "--window",
            "300ms",
            "--max-rounds",
            "2",
            "--max-regression",
            "400%",
            "--report",
            "json=verdict.json",
            "--verbose",
        ],
        0,
    );
    assert!(said.out.contains(" times a round"), "{}", said.out);
    let verdict: Value = serde_json::from_str(&desk.read("verdict.json")).unwrap();
    let time = comparison(&verdict, "command", "time");
    for side in ["baseline", "current"] {
        let value = time[side]["value"].as_f64().unwrap();
        assert!((0.03..0.4).contains(&value), "{time:#}");
    }
    let ran: u32 = desk.read("count").trim().parse().unwrap();
    // Four to warm up, and in each of four windows at least two.
    assert!(ran >= 12, "{ran}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_measured_runs_apart_from_perfgate_where_it_is_asked_for() {
    let cores = thread::available_parallelism().unwrap().get();
    if cores < 2 {
        eprintln!("SKIPPED: there is one core");
        return;
    }
    let desk = Desk::new();
    let allowed = |of: &str, to: &str| format!("grep Cpus_allowed_list /proc/{of}/status >> {to}");
    let command = format!(
        "{}; {}",
        allowed("self", "measured"),
        allowed("$PPID", "perfgate")
    );
    let more = ["--max-rounds", "1", "--warmup", "0", "--verbose"];
    let mut arguments = vec!["ab", "--base", &command, "--head", &command, "--pin"];
    arguments.extend(more);
    let said = desk.run(&arguments);
    assert!(
        said.out.contains("what is measured ran on core"),
        "{}{}",
        said.out,
        said.err
    );
    let lines = |name: &str| -> Vec<String> {
        let text = desk.read(name);
        text.lines().map(str::to_owned).collect()
    };
    let (measured, own) = (lines("measured"), lines("perfgate"));
    assert_eq!((measured.len(), own.len()), (2, 2));
    assert_eq!(measured[0], measured[1]);
    assert_ne!(measured[0], own[0]);
    let mut arguments = vec!["ab", "--base", "true", "--head", "true", "--pin=5000"];
    arguments.extend(more);
    let said = desk.ends(&arguments, 2);
    assert!(said.err.contains("--pin=5000"), "{}", said.err);
}
