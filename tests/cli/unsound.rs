//! Runs that are invalid or were ended early, through every command that reads runs: the first are never judged, the
//! second never without a word.

use serde_json::{Value, json};

use crate::support::desk::Desk;

impl Desk {
    /// Three sound runs a side, and each side once more with a last run that is not.
    fn with_unsound_runs() -> Self {
        let desk = Self::new();
        let with = |key: &str, value: Value| {
            let mut runs = sound();
            runs.push(run(4));
            let last = runs.last_mut().unwrap();
            last.as_object_mut().unwrap().insert(key.to_owned(), value);
            Value::from(runs).to_string()
        };
        let why = "the generator itself was busy for 97 % of the time";
        for (name, text) in [
            ("sound.json", Value::from(sound()).to_string()),
            ("invalid.json", with("invalid", json!(why))),
            ("partial.json", with("partial", json!(true))),
        ] {
            desk.write(name, &text);
        }
        desk
    }
}

fn sound() -> Vec<Value> {
    (1..=3).map(run).collect()
}

fn run(n: u32) -> Value {
    let samples: Vec<f64> = (0..40).map(|i| 100.0 + f64::from(i + n) / 50.0).collect();
    json!({
        "schema": "perfgate.run/1",
        "session": "one",
        "subjects": {"GET /": {
            "latency": {"unit": "ms", "samples": samples},
            "errors": {"count": 0, "of": 40},
        }},
    })
}

#[test]
fn an_invalid_run_is_judged_by_no_command_and_its_reason_is_told() {
    let desk = Desk::with_unsound_runs();
    for line in [
        "check --baseline sound.json invalid.json",
        "check --baseline invalid.json sound.json",
        "compare sound.json invalid.json",
        "compare invalid.json sound.json",
        "compare --old sound.json --new sound.json --new invalid.json",
        "baseline update --baseline main.json invalid.json",
    ] {
        let said = desk.ends(line, 2);
        let why = "judge invalid.json: the run is invalid: the generator itself was busy for 97 %";
        assert!(said.err.contains(why), "{line}: {}", said.err);
        assert!(
            said.err.contains("\nhint: measure again"),
            "{line}: {}",
            said.err
        );
        assert!(said.out.is_empty(), "{line}: {}", said.out);
    }
    assert!(!desk.has("main.json"));
}

#[test]
fn a_partial_run_is_told_in_every_format_and_taken_by_no_baseline() {
    let desk = Desk::with_unsound_runs();
    let told = "1 of 4 current runs was ended early";
    for format in ["text", "markdown", "junit", "github"] {
        let line = format!("check --baseline sound.json partial.json --format {format}");
        let said = desk.ends(&line, 0);
        assert!(said.out.contains(told), "{format}: {}", said.out);
    }
    let said = desk.ends("compare sound.json partial.json --format json", 0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document.pointer("/current/partial"), Some(&json!(1)));
    assert_eq!(document.pointer("/baseline/partial"), None);
    let said = desk.ends("compare partial.json sound.json", 0);
    assert!(
        said.out.contains("1 of 4 baseline runs was ended early"),
        "{}",
        said.out
    );

    let said = desk.ends("baseline update --baseline main.json partial.json", 2);
    assert!(
        said.err.contains("partial.json holds a partial run"),
        "{}",
        said.err
    );
    desk.ends("baseline update --baseline main.json sound.json", 0);
    let said = desk.ends(
        "baseline pin --baseline main.json --label v1 partial.json",
        2,
    );
    assert!(said.err.contains("a partial run"), "{}", said.err);
}

#[test]
fn inspect_shows_both_and_refuses_neither() {
    let desk = Desk::with_unsound_runs();
    let said = desk.ends("inspect partial.json", 0);
    assert!(
        said.out.contains("partial     it was ended early"),
        "{}",
        said.out
    );
    let said = desk.ends("inspect invalid.json", 0);
    assert!(
        said.out.contains("invalid     the generator itself"),
        "{}",
        said.out
    );
    let said = desk.ends("inspect invalid.json --format json", 0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let last = document.pointer("/runs/3/invalid").unwrap();
    assert!(last.as_str().unwrap().contains("97 %"));
}
