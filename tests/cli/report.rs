//! `perfgate report`, and the page beside a verdict: what it is made of, and that it never gates.

use std::fs;

use serde_json::{Value, json};

use crate::support::desk::Desk;

impl Desk {
    /// Three sessions of a baseline with its anchor, and five runs that are 40 % slower in one subject of two.
    fn grown_slow() -> Self {
        let desk = Self::new();
        for (day, session) in ["first", "second", "third"].into_iter().enumerate() {
            desk.runs_of_day(session, day + 1, 1.0);
            let update = format!("baseline update --baseline main.json {session}.json");
            assert_eq!(desk.run(&update).code, Some(0));
        }
        desk.runs_of_day("slow", 9, 1.4);
        desk
    }

    fn runs_of_day(&self, name: &str, day: usize, factor: f64) {
        let runs: Vec<Value> = (0..5_u8)
            .map(|n| {
                let latency = |at: f64| {
                    let samples: Vec<f64> = (0..300_u16)
                        .map(|i| at * (1.0 + f64::from(i % 50) / 100.0) + f64::from(n) / 50.0)
                        .collect();
                    json!({"latency": {"unit": "ms", "samples": samples}})
                };
                json!({
                    "schema": "perfgate.run/1",
                    "session": name,
                    "started_at": format!("2026-11-{day:02}T10:00:0{n}Z"),
                    "environment": {"key": "lab"},
                    "subjects": {"GET /search": latency(20.0 * factor), "GET /": latency(5.0)}
                })
            })
            .collect();
        self.write(&format!("{name}.json"), &Value::from(runs).to_string());
    }

    /// The page that a command wrote, and its data.
    fn page(&self, line: &str, code: i32) -> (String, Value) {
        let said = self.run(line);
        assert_eq!(said.code, Some(code), "{line}: {}", said.err);
        let page = fs::read_to_string(self.path("page.html")).unwrap();
        let (_, rest) = page.split_once("id=\"data\">").unwrap();
        let data = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
        fs::remove_file(self.path("page.html")).unwrap();
        (page, data)
    }
}

#[test]
fn a_gate_writes_its_page_with_the_sessions_and_percentiles_of_both_sides() {
    let desk = Desk::grown_slow();
    let check = "check --baseline main.json slow.json --report html=page.html";
    let (page, data) = desk.page(check, 1);
    assert!(page.contains("1 endpoint got slower, so this check fails"));
    let runs = &data["pictures"]["runs"][0];
    assert_eq!(runs["baseline"].as_array().unwrap().len(), 5);
    assert_ne!(
        runs["baseline"][0]["session"],
        runs["current"][0]["session"]
    );
    assert_eq!(runs["current"][4]["started_at"], "2026-11-09T10:00:04Z");
    for session in ["third", "slow"] {
        assert!(
            page.contains(&format!("<code>{session}</code> (5 runs)")),
            "{session}"
        );
    }
    // Ten of three hundred lie beyond p96.7: that far the curves go, and no further.
    let curve = data["pictures"]["percentiles"][0]["points"]
        .as_array()
        .unwrap();
    let last = curve.last().unwrap();
    let quantile = last["quantile"].as_f64().unwrap();
    assert!((0.94..=0.967).contains(&quantile), "{quantile}");
    let ratio = last["current"].as_f64().unwrap() / last["baseline"].as_f64().unwrap();
    assert!((ratio - 1.4).abs() < 0.01, "{ratio}");
    let course = &data["pictures"]["sessions"][0];
    assert_eq!(course["sessions"].as_array().unwrap().len(), 3);
    assert_eq!(data["pictures"]["machines"], json!(["lab"]));
}

#[test]
fn a_report_against_a_baseline_says_what_check_says_and_never_gates() {
    let desk = Desk::grown_slow();
    let (page, data) = desk.page(
        "report slow.json --baseline main.json --output page.html",
        0,
    );
    assert_eq!(data["verdict"]["verdict"], "fail");
    assert!(page.contains("1 endpoint got slower, so this check fails"));
    let (of_check, other) = desk.page(
        "check slow.json --baseline main.json --report html=page.html",
        1,
    );
    assert_eq!(
        data["verdict"]["comparisons"],
        other["verdict"]["comparisons"]
    );
    assert_eq!(data["pictures"], other["pictures"]);
    assert_eq!(
        page.matches("<svg").count(),
        of_check.matches("<svg").count()
    );
}

#[test]
fn results_alone_are_shown_with_their_own_numbers_and_no_verdict() {
    let desk = Desk::grown_slow();
    let (page, data) = desk.page("report slow.json --output page.html", 0);
    assert!(page.contains("RESULTS"), "{page}");
    let (shown, _) = page.split_once("<script").unwrap();
    assert!(!shown.to_lowercase().contains("no baseline"), "{shown}");
    assert_eq!(
        data["pictures"]["runs"][0]["current"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    let curve = &data["pictures"]["percentiles"][0]["points"][0];
    assert!(curve["current"].is_number() && curve["baseline"].is_null());
}

#[test]
fn a_stored_verdict_is_shown_from_the_document_alone() {
    let desk = Desk::grown_slow();
    let check = desk.run("check --baseline main.json slow.json --report json=verdict.json");
    assert_eq!(check.code, Some(1));
    for gone in ["slow.json", "main.json"] {
        fs::remove_file(desk.path(gone)).unwrap();
    }
    let (page, data) = desk.page("report verdict.json --output page.html", 0);
    assert!(page.contains("1 endpoint got slower, so this check fails"));
    assert!(page.contains("Made from a stored verdict"));
    assert_eq!(data["pictures"]["percentiles"], json!([]));
    assert!(data["pictures"]["runs"][0]["current"][0]["session"].is_null());
}

#[test]
fn a_gate_without_a_baseline_says_how_to_make_one() {
    let desk = Desk::grown_slow();
    let line = "check --baseline none.json slow.json --report html=page.html";
    let (page, _) = desk.page(line, 0);
    assert!(page.contains("NO BASELINE"));
    let next = "<code>perfgate baseline update --baseline none.json slow.json</code>";
    let (head, _) = page.split_once("</header>").unwrap();
    assert!(head.contains(next), "{head}");
}

#[test]
fn a_red_gate_names_the_command_that_writes_its_page() {
    let desk = Desk::grown_slow();
    let out = desk.run("check --baseline main.json slow.json").out;
    let why = "perfgate report slow.json --baseline main.json --output report.html";
    assert!(out.contains(why), "{out}");
    assert_eq!(
        desk.run(why.strip_prefix("perfgate ").unwrap()).code,
        Some(0)
    );
    assert!(desk.path("report.html").exists());
}

#[test]
fn a_comparison_of_two_results_writes_the_page_too() {
    let desk = Desk::grown_slow();
    let (page, _) = desk.page("compare third.json slow.json --report html=page.html", 1);
    assert!(page.contains("got slower"));
}

#[test]
fn what_cannot_be_a_report_ends_with_2_and_writes_nothing() {
    let desk = Desk::grown_slow();
    desk.run("check --baseline main.json slow.json --report json=verdict.json");
    let text = fs::read_to_string(desk.path("verdict.json")).unwrap();
    let changed = text.replacen("\"fail\"", "\"pass\"", 1);
    fs::write(desk.path("changed.json"), changed).unwrap();
    fs::write(
        desk.path("other.json"),
        text.replace("verdict/1", "verdict/9"),
    )
    .unwrap();
    for (line, said) in [
        ("report slow.json", "--output"),
        ("report --output page.html", "RESULT|VERDICT"),
        (
            "report verdict.json slow.json --output page.html",
            "shown alone",
        ),
        (
            "report verdict.json --baseline main.json --output page.html",
            "shown alone",
        ),
        (
            "report changed.json --output page.html",
            "contradicts itself",
        ),
        ("report other.json --output page.html", "perfgate.verdict/9"),
        ("report none.json --output page.html", "none.json"),
        ("report slow.json --output slow.json", "slow.json"),
        (
            "report slow.json --baseline main.json --output main.json",
            "main.json",
        ),
    ] {
        let ended = desk.run(line);
        assert_eq!(ended.code, Some(2), "{line}: {}", ended.err);
        assert!(ended.err.contains(said), "{line}: {}", ended.err);
        assert!(!desk.path("page.html").exists(), "{line}");
    }
}
