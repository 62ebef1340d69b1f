//! Whole processes over several workloads, loads and machines: each is judged against its own, or it is said that it
//! was not.

use std::fs;

use serde_json::{Value, json};

use crate::support::desk::Desk;

impl Desk {
    fn put(&self, name: &str, runs: &[Value]) {
        self.write(name, &Value::from(runs).to_string());
    }

    fn verdict_of(&self, line: &str, code: i32) -> Value {
        self.ends(&format!("{line} --format json"), code).document()
    }
}

/// One work on one machine.
#[derive(Clone, Copy)]
struct Work {
    source: Option<&'static str>,
    rate: Option<&'static str>,
    machine: &'static str,
}

const API: Work = Work {
    source: Some("api"),
    rate: Some("200/s"),
    machine: "lab",
};

impl Work {
    /// Five runs of one session; `ms` is how long requests take.
    fn session(self, day: u32, ms: f64) -> Vec<Value> {
        (0..5).map(|n| self.run((day, n), ms, "GET /")).collect()
    }

    fn run(self, (day, n): (u32, u32), ms: f64, subject: &str) -> Value {
        // A small spread of runs, and more of sessions, the same for every work.
        let by = 1.0 + f64::from((n * 7 + day * 3) % 5) / 500.0;
        let samples: Vec<f64> = (0..300)
            .map(|i| ms * by * (0.9 + f64::from(i % 100) / 500.0))
            .collect();
        let mut run = json!({
            "schema": "perfgate.run/1",
            "tool": {"name": "load", "version": "1"},
            "session": format!("day-{day}"),
            "started_at": format!("2026-11-{day:02}T10:0{n}:00Z"),
            "environment": {"key": self.machine},
            "subjects": {subject: {
                "latency": {"unit": "ms", "better": "lower", "samples": samples},
                "errors": {"better": "lower", "count": 0, "of": 300},
            }}
        });
        if let Some(source) = self.source {
            run["source"] = json!(source);
        }
        if let Some(rate) = self.rate {
            run["load"] =
                json!({"digest": format!("of {rate}"), "terms": {"rate": rate, "users": "5"}});
        }
        run
    }
}

fn outcomes(document: &Value) -> Vec<(String, String)> {
    let all = document["comparisons"].as_array().unwrap();
    all.iter()
        .filter(|c| c["gated"] == true)
        .map(|c| {
            let text = |key: &str| c[key].as_str().unwrap_or_default().to_owned();
            (
                format!(
                    "{} {} {}",
                    text("workload"),
                    text("subject"),
                    text("statistic")
                ),
                text("outcome"),
            )
        })
        .collect()
}

#[test]
fn a_load_that_the_baseline_holds_once_is_judged_against_itself_alone() {
    let desk = Desk::new();
    let other = Work {
        rate: Some("400/s"),
        ..API
    };
    for day in 1..=10 {
        desk.put("night.json", &API.session(day, 100.0));
        desk.ends("baseline update --baseline main.json night.json", 0);
    }
    desk.put("once.json", &other.session(11, 60.0));
    desk.ends("baseline update --baseline main.json once.json", 0);
    let shown = desk.verdict_of("baseline show --baseline main.json", 0);
    let held: Vec<(&Value, &Value)> = shown["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|held| (&held["load"]["rate"], &held["runs"]))
        .collect();
    assert_eq!(
        held,
        [(&json!("200/s"), &json!(20)), (&json!("400/s"), &json!(5))]
    );

    // Twice as slow, and still as fast as what the other load measures.
    desk.put("slow.json", &other.session(12, 120.0));
    let document = desk.verdict_of("check --baseline main.json slow.json", 1);
    assert_eq!(document["verdict"], "fail");
    // The load that is not measured today is one line.
    assert_eq!(document["absent"].as_array().unwrap().len(), 1);
    assert_eq!(document["counts"]["missing"], 0);
    desk.put("slow.json", &API.session(12, 200.0));
    desk.ends("check --baseline main.json slow.json", 1);
}

#[test]
fn a_changed_load_is_not_judged_and_what_changed_is_named() {
    let desk = Desk::new();
    desk.put("old.json", &API.session(1, 100.0));
    desk.ends("baseline update --baseline main.json old.json", 0);
    let changed = Work {
        rate: Some("400/s"),
        ..API
    };
    desk.put("new.json", &changed.session(2, 300.0));
    let said = desk.ends("check --baseline main.json new.json", 0);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "not judged: this change alters the load (`rate` 200/s → 400/s)",
        "not comparable: `rate` was `200/s`, is `400/s`",
        "perfgate baseline update",
    ] {
        assert!(flat.contains(words), "{words}\n{}", said.out);
    }
    let document = desk.verdict_of("check --baseline main.json new.json", 0);
    assert_eq!(document["verdict"], "no-baseline");
    assert_eq!(document["workloads"][0]["state"], "other-load");
    desk.ends("check --baseline main.json new.json --strict", 3);
    desk.ends("check --baseline main.json new.json --require-baseline", 3);
    let comment = desk.ends("check --baseline main.json new.json --format markdown", 0);
    assert!(
        comment.out.contains("`rate` 200/s → 400/s"),
        "{}",
        comment.out
    );
    // A budget is judged all the same.
    fs::write(
        desk.path("perfgate.toml"),
        "baseline = \"main.json\"\n[[rule]]\nmetric = \"latency.p95\"\nbudget = \"200ms\"\n",
    )
    .unwrap();
    desk.ends("check new.json", 1);
}

#[test]
fn several_workloads_are_one_gate_whose_order_never_matters() {
    let desk = Desk::new();
    let (api, web) = (
        API,
        Work {
            source: Some("web"),
            ..API
        },
    );
    desk.put(
        "base.json",
        &[api.session(1, 100.0), web.session(1, 20.0)].concat(),
    );
    desk.ends("baseline update --baseline main.json base.json", 0);
    desk.put("a.json", &api.session(2, 100.1));
    desk.put("b.json", &web.session(2, 40.0));
    let one = desk.verdict_of("check --baseline main.json a.json b.json", 1);
    let other = desk.verdict_of("check --baseline main.json b.json a.json", 1);
    assert_eq!(one["comparisons"], other["comparisons"]);
    assert_eq!(one["family"], other["family"]);
    assert_eq!(
        outcomes(&one)
            .into_iter()
            .filter(|(name, _)| name.ends_with("p50"))
            .collect::<Vec<_>>(),
        [
            ("api GET / p50".to_owned(), "unchanged".to_owned()),
            ("web GET / p50".to_owned(), "regressed".to_owned()),
        ]
    );
    // Two rows of one name can be told apart in every format.
    for format in ["text", "markdown", "junit", "github"] {
        let line = format!("check --baseline main.json a.json b.json --format {format}");
        let said = desk.ends(&line, 1);
        assert!(said.out.contains("GET / (web)"), "{format}: {}", said.out);
    }
    // The order inside a file matters no more.
    let mut runs = [api.session(2, 100.1), web.session(2, 40.0)].concat();
    runs.reverse();
    desk.put("both.json", &runs);
    let both = desk.verdict_of("check --baseline main.json both.json", 1);
    assert_eq!(one["comparisons"], both["comparisons"]);
}

#[test]
fn a_workload_without_a_baseline_beside_others_is_at_least_a_warning() {
    let desk = Desk::new();
    desk.put("base.json", &API.session(1, 100.0));
    desk.ends("baseline update --baseline main.json base.json", 0);
    let web = Work {
        source: Some("web"),
        ..API
    };
    desk.put("a.json", &API.session(2, 100.1));
    desk.put("b.json", &web.session(2, 40.0));
    let document = desk.verdict_of("check --baseline main.json a.json b.json", 0);
    assert_eq!(document["verdict"], "warn");
    let said = desk.ends("check --baseline main.json a.json b.json", 0);
    assert!(
        said.out.contains("1 workload without a baseline"),
        "{}",
        said.out
    );
    desk.ends(
        "check --baseline main.json a.json b.json --require-baseline",
        3,
    );
    // What the others say stays what it is.
    desk.put("a.json", &API.session(2, 200.0));
    desk.ends(
        "check --baseline main.json a.json b.json --require-baseline",
        1,
    );
}

#[test]
fn a_part_that_a_stored_run_lacks_is_taken_as_the_same_told_and_written_down() {
    let desk = Desk::new();
    let bare = Work {
        source: None,
        rate: None,
        ..API
    };
    desk.put("old.json", &bare.session(1, 100.0));
    desk.ends("baseline update --baseline main.json old.json", 0);
    desk.put("new.json", &API.session(2, 100.1));
    let said = desk.ends("check --baseline main.json new.json", 0);
    assert!(
        said.out.contains("is said by one side only"),
        "{}",
        said.out
    );
    let said = desk.ends("baseline update --baseline main.json new.json", 0);
    assert!(said.err.contains("is written down"), "{}", said.err);
    assert_eq!(
        desk.read("main.json")
            .matches("\"source\": \"api\"")
            .count(),
        10
    );
    // From now on another load is another load.
    let other = Work {
        rate: Some("400/s"),
        ..API
    };
    desk.put("other.json", &other.session(3, 100.1));
    let document = desk.verdict_of("check --baseline main.json other.json", 0);
    assert_eq!(document["verdict"], "no-baseline");

    // Where several fit, none is taken.
    let web = Work {
        source: Some("web"),
        ..API
    };
    desk.put("web.json", &web.session(3, 100.0));
    desk.ends("baseline update --baseline main.json web.json", 0);
    desk.put("bare.json", &bare.session(4, 300.0));
    let document = desk.verdict_of("check --baseline main.json bare.json", 0);
    assert_eq!(document["verdict"], "no-baseline");
    assert_eq!(document["workloads"][0]["state"], "several-fit");
}

#[test]
fn each_machine_has_a_window_of_its_own_and_an_unknown_one_is_no_error() {
    let desk = Desk::new();
    let on = |machine| Work { machine, ..API };
    desk.put("rare.json", &on("rare").session(1, 50.0));
    desk.ends("baseline update --baseline main.json rare.json", 0);
    for day in 2..=8 {
        desk.put("night.json", &API.session(day, 100.0));
        desk.ends("baseline update --baseline main.json night.json", 0);
    }
    // The rare machine is not forgotten, and twice its time is seen.
    desk.put("slow.json", &on("rare").session(9, 100.0));
    desk.ends("check --baseline main.json slow.json", 1);
    // Runs of two machines in one gate are two workloads.
    desk.put(
        "two.json",
        &[API.session(9, 100.0), on("rare").session(9, 50.0)].concat(),
    );
    let document = desk.verdict_of("check --baseline main.json two.json", 0);
    assert_eq!(document["workloads"].as_array().unwrap().len(), 2);

    desk.put("new.json", &on("new").session(9, 100.0));
    let document = desk.verdict_of("check --baseline main.json new.json", 0);
    assert_eq!(document["verdict"], "no-baseline");
    let known = document["workloads"][0]["known"].as_array().unwrap();
    assert_eq!(
        (&known[0]["name"], &known[1]["name"]),
        (&json!("lab"), &json!("rare"))
    );
    // A doubled time is possible on a machine that is four times as slow as another; ten times is, too.
    desk.put("new.json", &on("new").session(9, 1_000.0));
    let document = desk.verdict_of(
        "check --baseline main.json new.json --on-other-environment warn",
        0,
    );
    assert_eq!(document["counts"]["regressed"], 0);
    assert!(document["counts"]["inconclusive"].as_u64().unwrap() > 0);
    assert_eq!(document["verdict"], "inconclusive");
    let document = desk.verdict_of(
        "check --baseline main.json new.json --on-other-environment ignore",
        1,
    );
    assert_eq!(document["verdict"], "fail");
    // The base branch collects it.
    let said = desk.ends("baseline update --baseline main.json new.json", 0);
    assert!(
        said.out.contains("new: 5 runs of 1 session"),
        "{}",
        said.out
    );
    desk.put("new.json", &on("new").session(10, 1_000.0));
    desk.ends("check --baseline main.json new.json", 0);
}

#[test]
fn only_the_processor_differs_and_it_is_said() {
    let desk = Desk::new();
    let on = |cpu: &str, day: u32| -> Vec<Value> {
        let mut runs = API.session(day, 100.0);
        for run in &mut runs {
            run["environment"] = json!({"os": "linux", "arch": "x86_64", "cpu": cpu, "cores": 4});
        }
        runs
    };
    desk.put("old.json", &on("EPYC 7763", 1));
    desk.ends("baseline update --baseline main.json old.json", 0);
    desk.put("new.json", &on("EPYC 9V74", 2));
    let said = desk.ends("check --baseline main.json new.json", 0);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("only the CPU model differs"), "{}", said.out);
}

#[test]
fn a_run_in_another_unit_is_converted_or_left_out_and_told() {
    let desk = Desk::new();
    let of = |run: u32, ms: f64, unit: &str| {
        let by = 1.0 + f64::from((run * 7) % 5) / 500.0;
        let samples: Vec<f64> = (0..300)
            .map(|i| ms * by * (0.9 + f64::from(i % 100) / 500.0))
            .collect();
        let name = if ["ms", "s"].contains(&unit) {
            "time"
        } else {
            "work"
        };
        json!({
            "schema": "perfgate.run/1",
            "session": format!("of {ms}"),
            "subjects": {"parse": {name: {"unit": unit, "better": "lower", "samples": samples}}}
        })
    };
    // A stray unit that converts, as the newest run and as an older one.
    for stray in [2, 5] {
        let base: Vec<Value> = (0..6)
            .map(|n| match n == stray {
                true => of(n, 0.1, "s"),
                false => of(n, 100.0, "ms"),
            })
            .map(|mut run| {
                run["session"] = json!("base");
                run
            })
            .collect();
        desk.put("old.json", &base);
        desk.put(
            "new.json",
            &(0..6).map(|n| of(n, 485.0, "ms")).collect::<Vec<_>>(),
        );
        let document = desk.verdict_of("compare old.json new.json", 1);
        let row = &document["comparisons"][0];
        assert_eq!(
            (&row["outcome"], &row["unit"]),
            (&json!("regressed"), &json!("ms"))
        );
        assert_eq!(row["baseline"]["runs"], 6);
    }
    // One that does not, wherever it stands.
    for stray in [0, 2, 5] {
        let base: Vec<Value> = (0..6)
            .map(|n| of(n, 100.0, if n == stray { "ticks" } else { "items" }))
            .collect();
        desk.put("old.json", &base);
        desk.put(
            "new.json",
            &(0..6).map(|n| of(n, 485.0, "items")).collect::<Vec<_>>(),
        );
        let document = desk.verdict_of("compare old.json new.json", 1);
        let row = &document["comparisons"][0];
        assert_eq!(row["outcome"], "regressed", "{row}");
        assert_eq!(row["baseline"]["runs"], 5);
        let why = row["why"].as_str().unwrap();
        assert!(
            why.contains("1 of 6 baseline runs is left out, because the units differ"),
            "{why}"
        );
    }
}

#[test]
fn what_a_baseline_should_not_hold_is_refused_unless_it_is_forced() {
    let desk = Desk::new();
    desk.put("good.json", &API.session(1, 100.0));
    desk.ends("baseline update --baseline main.json good.json", 0);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut runs = API.session(2, 100.0);
        change(&mut runs[3]);
        desk.put("bad.json", &runs);
    };
    let failing = |run: &mut Value| run["subjects"]["GET /"]["errors"]["count"] = json!(201);
    with(&failing);
    let said = desk.ends("baseline update --baseline main.json bad.json", 2);
    assert!(
        said.err.contains("67.0 % of its requests failed") && said.err.contains("--force"),
        "{}",
        said.err
    );
    desk.ends("baseline update --baseline fresh.json bad.json", 2);
    for key in ["partial", "invalid"] {
        with(&|run: &mut Value| {
            run[key] = if key == "partial" {
                json!(true)
            } else {
                json!("the generator was busy")
            }
        });
        desk.ends("baseline update --baseline main.json bad.json", 2);
        let forced = format!("baseline update --baseline {key}.json bad.json --force");
        desk.ends(&forced, 0);
        desk.ends(&format!("check --baseline {key}.json good.json"), 0);
    }
}

#[test]
fn runs_that_are_there_already_are_told_and_so_is_a_file_compared_with_itself() {
    let desk = Desk::new();
    let mut runs = API.session(1, 100.0);
    // What has neither time nor session is known by its numbers.
    for run in &mut runs {
        run.as_object_mut().unwrap().remove("started_at");
        run.as_object_mut().unwrap().remove("session");
    }
    desk.put("runs.json", &runs);
    desk.ends("baseline update --baseline main.json runs.json", 0);
    let before = desk.read("main.json");
    let said = desk.ends("baseline update --baseline main.json runs.json", 0);
    assert!(
        said.err.contains("5 of 5 runs were there already"),
        "{}",
        said.err
    );
    assert_eq!(desk.read("main.json"), before);
    for line in [
        "compare runs.json runs.json",
        "check --baseline main.json runs.json",
    ] {
        let said = desk.ends(line, 0);
        let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains("5 current runs are also in the baseline"),
            "{}",
            said.out
        );
    }
}

/// Runs of a tool that says how many users it had and how long it measured.
fn timed(day: u32, seconds: f64, requests: u64, users: &str) -> Vec<Value> {
    let of = |n| {
        let mut run = API.run((day, n), 20.0, "GET /");
        run["load"] = json!({"terms": {"users": users}});
        run["duration_s"] = json!(seconds + f64::from(n) / 10.0);
        run["subjects"]["GET /"]["errors"]["of"] = json!(requests);
        run
    };
    (0..5).map(of).collect()
}

#[test]
fn a_load_of_another_length_is_another_load_and_a_slower_service_is_none() {
    let desk = Desk::new();
    desk.put("base.json", &timed(1, 10.0, 1_000, "20"));
    let judged = |runs: &[Value], line: &str| {
        desk.put("now.json", runs);
        desk.verdict_of(&format!("{line} --baseline base.json now.json"), 0)
    };
    let compared = |document: &Value| document["counts"]["compared"].as_u64().unwrap();

    // Twice as long with twice the requests: it was asked for.
    let longer = judged(&timed(2, 20.0, 2_000, "20"), "check");
    assert_eq!(
        (&longer["verdict"], compared(&longer)),
        (&json!("no-baseline"), 0)
    );
    let said = desk.ends("check --baseline base.json now.json", 0);
    let told = "this change alters the load (`duration` 10 s → 20 s)";
    assert!(said.out.contains(told), "{}", said.out);
    // What became of the stored work is said once.
    assert!(!said.out.contains("has no current results"), "{}", said.out);

    // Twice as long for the same requests: the service took longer.
    let slower = judged(&timed(2, 20.0, 1_000, "20"), "check");
    assert!(compared(&slower) > 0);

    // A little longer is told and compared.
    let little = judged(&timed(2, 14.0, 1_400, "20"), "check");
    assert!(compared(&little) > 0);
    let said = desk.ends("check --baseline base.json now.json --format markdown", 0);
    assert!(said.out.contains("measured time"), "{}", said.out);

    let users = judged(&timed(2, 10.0, 1_000, "30"), "check");
    assert_eq!(
        (&users["verdict"], compared(&users)),
        (&json!("no-baseline"), 0)
    );
    let said = desk.ends("check --baseline base.json now.json", 0);
    assert!(said.out.contains("(`users` 20 → 30)"), "{}", said.out);
}

/// A job without rights measures and leaves a small baseline; another one that measures nothing adds it.
#[test]
fn the_runs_of_a_baseline_from_elsewhere_are_added_with_their_own_machine_and_only_once() {
    let desk = Desk::new();
    let elsewhere = Work {
        machine: "runner",
        ..API
    };
    desk.put("a.json", &API.session(1, 100.0));
    desk.put("b.json", &elsewhere.session(2, 100.0));
    desk.ends("baseline update --baseline main.json a.json", 0);
    desk.ends("baseline update --baseline new.json b.json", 0);
    let said = desk.ends("baseline update --baseline main.json new.json", 0);
    assert!(said.out.contains("added 5 runs"), "{}", said.out);
    assert!(
        said.out.contains("runner: 5 runs of 1 session"),
        "{}",
        said.out
    );
    let both = desk.read("main.json");
    let said = desk.ends("baseline update --baseline main.json new.json a.json", 0);
    assert!(said.out.contains("added 0 runs"), "{}", said.out);
    assert_eq!(desk.read("main.json"), both);
}
