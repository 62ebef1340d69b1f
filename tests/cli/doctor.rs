//! `perfgate doctor` on a gate that is able to fail, and on gates that are broken in one way each.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::desk::{Arguments, Desk, Said};

/// A baseline of so many sessions of so many runs of two benchmarks, whose runs differ by a share.
fn gate_of(sessions: usize, runs: usize, spread: f64) -> Desk {
    let desk = Desk::new();
    desk.config("");
    for session in 0..sessions {
        let mut names = Vec::new();
        for run in 0..runs {
            let name = format!("s{session}-{run}.json");
            // Up, down and between, in another order in each session.
            let step = ((run * 2 + session) % 5) as f64 - 2.0;
            let subjects = ["parse", "render"].map(|subject| {
                let time = 100.0 * (1.0 + spread * step / 2.0);
                let samples: Vec<f64> = (0..30_u8)
                    .map(|n| time * (1.0 + f64::from(n % 3) / 1e4))
                    .collect();
                (
                    subject,
                    json!({"time": {"unit": "ns", "better": "lower", "samples": samples}}),
                )
            });
            let subjects: serde_json::Map<String, serde_json::Value> = subjects
                .map(|(name, metrics)| (name.to_owned(), metrics))
                .into_iter()
                .collect();
            let minute = run + 1;
            let day = day(sessions - session);
            let whole = json!({
                "schema": "perfgate.run/1",
                "started_at": format!("{day}T10:{minute:02}:00Z"),
                "session": format!("job {session}"),
                "subjects": subjects
            });
            desk.write(&name, &whole.to_string());
            names.push(name);
        }
        desk.ends(
            &format!("baseline update --baseline main.json {}", names.join(" ")),
            0,
        );
    }
    desk
}

/// So many days before today.
fn day(before: usize) -> jiff::civil::Date {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    today
        .checked_sub(jiff::Span::new().days(i64::try_from(before).unwrap()))
        .unwrap()
}

/// What both streams say, in lines that fit a terminal.
fn ends(desk: &Desk, line: impl Arguments, code: i32) -> String {
    let Said { out, err, .. } = desk.ends(line, code);
    let text = out + &err;
    for line in text.lines().filter(|line| line.contains(' ')) {
        let is_error = ["error: ", "hint: ", "warning: "];
        let is_error = is_error.iter().any(|word| line.starts_with(word));
        assert!(is_error || line.chars().count() <= 80, "{line}");
    }
    // Where a line is broken depends on what stands before it.
    text.split("\n    ")
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join(" ")
}

/// As it is published: `UPDATE_GOLDENS=1` writes it anew.
#[test]
fn a_document_obeys_the_schema_that_was_read_by_a_person() {
    let desk = gate_of(2, 5, 0.004);
    desk.config("[[rule]]\nsubject = \"prase\"\nmax_regression = \"1%\"\n");
    desk.write(
        ".github/workflows/gate.yml",
        "on: pull_request\njobs:\n  a:\n    steps:\n      - run: perfgate check\n",
    );
    let told = desk.ends("doctor --format json", 1).document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/doctor.schema.json");
    let schema = desk.ends("schema doctor", 0).document();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, format!("{schema:#}\n")).unwrap();
    }
    let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(kept, schema);
    assert!(
        jsonschema::validator_for(&schema).unwrap().is_valid(&told),
        "{told}"
    );
    assert_eq!(told["schema"], "perfgate.doctor/1");
    assert_eq!(told["able_to_fail"], false);
    assert_eq!(told["findings"].as_array().unwrap().len(), 1);
    assert_eq!(told["trial"]["gated"], 2);
    assert_eq!(told["trial"]["slowdowns"].as_array().unwrap().len(), 3);
    assert_eq!(told["workflows"][0]["events"], json!(["pull_request"]));
}

#[test]
fn workflows_are_told_and_a_step_that_cannot_fail_its_job_is_a_finding() {
    let desk = gate_of(4, 5, 0.004);
    let none = ends(&desk, "doctor", 0);
    assert!(!none.contains("workflow"), "{none}");
    desk.write(".github/workflows/test.yml", "on: push\njobs: {}\n");
    let other = ends(&desk, "doctor", 0);
    assert!(
        other.contains("no workflow of .github/workflows runs perfgate"),
        "{other}"
    );
    let gate = |end: &str| {
        format!(
            "on: pull_request\njobs:\n  a:\n    permissions:\n      pull-requests: write\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          fetch-depth: 2\n      - run: perfgate check{end}\n"
        )
    };
    desk.write(".github/workflows/gate.yml", &gate(""));
    let judged = ends(&desk, "doctor", 0);
    assert!(
        judged.contains("gate.yml: judges on pull_request; fetch-depth 2, may comment"),
        "{judged}"
    );
    assert!(
        judged.contains("no workflow adds runs to the baseline"),
        "{judged}"
    );
    desk.write(".github/workflows/gate.yml", &gate(" || true"));
    let ignored = ends(&desk, "doctor", 1);
    assert!(
        ignored.contains("its step may fail without the job failing"),
        "{ignored}"
    );
}

#[test]
fn a_quiet_gate_is_able_to_fail_and_says_what_it_finds() {
    let said = ends(&gate_of(4, 5, 0.004), "doctor", 0);
    assert!(
        said.starts_with("ABLE TO FAIL  this gate finds +5 % on 2 of 2 series"),
        "{said}"
    );
    assert!(
        said.contains("tried with the newest of 4 sessions against those before it"),
        "{said}"
    );
    assert!(said.contains("unchanged: 0 of 2 series fail"), "{said}");
    assert!(said.contains("this machine is known: lab"), "{said}");
    assert!(said.contains("machine: "), "{said}");
}

#[test]
fn the_shop_is_able_to_fail_and_one_session_is_said_to_be_one() {
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop");
    let doctor = ["-C", shop, "doctor", "--baseline", "main.json"];
    let said = ends(&Desk::new(), &doctor, 0);
    assert!(said.starts_with("ABLE TO FAIL"), "{said}");
    assert!(
        said.contains("tried with the one session that is stored, against itself"),
        "{said}"
    );
    assert!(
        said.contains(
            "10 % slower: found on 0 of 13 series, possible on 0, for that much is tolerated"
        ),
        "{said}"
    );
    assert!(
        said.contains("20 % slower: found on 12 of 13 series"),
        "{said}"
    );
}

#[test]
fn a_rule_that_matches_nothing_is_a_finding_with_its_line() {
    let desk = gate_of(2, 5, 0.004);
    desk.config("[[rule]]\nsubject = \"prase\"\nmax_regression = \"1%\"\n");
    let said = ends(&desk, "doctor", 1);
    assert!(
        said.contains("perfgate.toml:3: [[rule]] `prase * *` matches no series")
            || said.contains("perfgate.toml:3: [[rule]] `prase"),
        "{said}"
    );
}

#[test]
fn a_gate_that_only_warns_or_judges_nothing_cannot_fail() {
    let desk = gate_of(2, 5, 0.004);
    desk.config("[defaults]\nseverity = \"off\"\n");
    let said = ends(&desk, "doctor", 1);
    assert!(said.contains("no series is gated"), "{said}");
    desk.config("[defaults]\nseverity = \"warn\"\n");
    let said = ends(&desk, "doctor", 1);
    assert!(
        said.contains("no series can fail: 2 are warned of at most"),
        "{said}"
    );
}

#[test]
fn a_baseline_of_another_machine_compares_nothing_here() {
    let desk = gate_of(2, 5, 0.004);
    let config = "baseline = \"main.json\"\nenvironment = \"another\"\n";
    desk.write("perfgate.toml", config);
    let said = ends(&desk, "doctor", 1);
    assert!(
        said.contains("the baseline knows no machine like this one (another), only `lab`"),
        "{said}"
    );
}

#[test]
fn a_stale_baseline_is_a_finding() {
    let desk = gate_of(2, 5, 0.004);
    let text = desk.read("main.json");
    let year = day(1).year();
    let text = text
        .replace(&format!("\"{year}-"), "\"2020-")
        .replace(&format!("\"{}-", year - 1), "\"2020-");
    desk.write("main.json", &text);
    let said = ends(&desk, "doctor", 1);
    assert!(said.contains("is stale: its newest run is"), "{said}");
}

#[test]
fn huge_noise_and_a_single_run_find_nothing_and_that_is_said() {
    let said = ends(&gate_of(3, 5, 0.6), "doctor", 1);
    assert!(
        said.contains("a change of 20 % is found on 0 of 2 series"),
        "{said}"
    );
    assert!(
        said.contains("cannot be judged: `parse time.p50`: it sees changes above"),
        "{said}"
    );
    let said = ends(&gate_of(1, 1, 0.0), "doctor", 1);
    assert!(
        said.contains("a change of 20 % is found on 0 of 2 series"),
        "{said}"
    );
}

/// A burst of noise hits most samples of some runs, and never the fastest.
fn with_bursts(sessions: usize, of_samples: impl Fn(usize) -> Vec<f64>) -> Desk {
    let desk = Desk::new();
    desk.config("");
    for session in 0..sessions {
        let names: Vec<String> = (0..5).map(|run| format!("b{session}-{run}.json")).collect();
        for (run, name) in names.iter().enumerate() {
            let time = json!({"unit": "ns", "better": "lower", "samples": of_samples(run)});
            let whole = json!({
                "schema": "perfgate.run/1",
                "started_at": format!("{}T10:{:02}:00Z", day(sessions - session), run + 1),
                "session": format!("job {session}"),
                "subjects": {"parse": {"time": time}}
            });
            desk.write(name, &whole.to_string());
        }
        let line = format!(
            "baseline update --force --baseline main.json {}",
            names.join(" ")
        );
        desk.ends(&line, 0);
    }
    desk
}

#[test]
fn a_statistic_that_is_steadier_than_the_median_is_named_with_its_rule() {
    let bursts = |run: usize| -> Vec<f64> {
        let hit = [1.0, 1.3, 1.1, 1.25, 1.05][run];
        let sample =
            |n: u32| 100.0 * (1.0 + f64::from(n % 7) / 1e3) * if n < 12 { 1.0 } else { hit };
        (0..40).map(sample).collect()
    };
    let said = ends(&with_bursts(3, bursts), "doctor", 1);
    assert!(said.contains("`parse time.p50` differs by"), "{said}");
    assert!(
        said.contains("a rule with `metric = \"time.p")
            && said.contains("would see smaller changes"),
        "{said}"
    );
    // Two sessions of five runs are too few to say so, and so is noise that the fast runs share.
    let said = ends(&with_bursts(2, bursts), "doctor", 1);
    assert!(!said.contains("would see smaller changes"), "{said}");
    let all = |run: usize| vec![[100.0, 130.0, 110.0, 125.0, 105.0][run]; 40];
    let said = ends(&with_bursts(3, all), "doctor", 1);
    assert!(!said.contains("would see smaller changes"), "{said}");
}

#[test]
fn a_source_without_what_it_needs_is_a_finding_and_no_baseline_is_an_error() {
    let desk = gate_of(2, 5, 0.004);
    desk.config("[[source]]\nscenario = \"load/gone.toml\"\n[[source]]\nname = \"a\"\ncommand = \"./gone.sh {n}\"\nresults = \"out/{n}.json\"\ninputs = \"gone.py\"\n");
    let said = ends(&desk, "doctor", 1);
    for what in [
        "scenario load/gone.toml: ",
        "the command runs `./gone.sh`",
        "the input `gone.py` does not exist",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    fs::remove_file(desk.path("main.json")).unwrap();
    let said = ends(&desk, "doctor", 2);
    assert!(
        said.contains("main.json does not exist") && said.contains("hint: "),
        "{said}"
    );
}
