//! Load tools: what some of them write beside their summary, one line for each request, and their text.

use super::*;
use perfgate::ingest::Format;

fn parsed(format: Format, text: &str) -> anyhow::Result<Run> {
    let mut runs = ingest::parse_bytes(format, text.as_bytes(), &ReadOptions::default())?;
    assert_eq!(runs.len(), 1);
    Ok(runs.remove(0))
}

#[test]
fn goose_log_of_requests() {
    // Counts, means and largest values were worked out of the files in Python; recording keeps three digits.
    let search = "GET search, \"quick\"";
    holds(
        "goose/base-1.requests.csv",
        &[
            (search, "latency", "mean", 14.418, 0.1),
            (search, "latency", "max", 42.037, 0.1),
            ("POST /checkout", "latency", "mean", 22.8855, 0.1),
            ("GET /items/{id}", "latency", "max", 32.025, 0.1),
        ],
    );
    holds(
        "goose/base-2.requests.json.gz",
        &[
            (search, "latency", "mean", 14.1005, 0.1),
            ("GET /", "latency", "mean", 5.6422, 0.1),
        ],
    );
    let head = run("goose/head-1.requests.csv");
    assert_eq!(errors(&head, "POST /checkout"), (4, 218));
    assert_eq!(errors(&head, search), (0, 149));
    assert_eq!(kind(&head, search, "latency"), ("histogram", 0.001));
    let head = run("goose/head-2.requests.json.gz");
    assert_eq!(errors(&head, "POST /checkout"), (5, 227));
    assert!(warns(&head, "failed 5 times with"));
    // The endpoints are called as in the report.
    let report = run("goose/base-1.json");
    let log = run("goose/base-1.requests.csv");
    for subject in report.subjects.keys() {
        assert!(log.subjects.contains_key(subject), "{subject}");
    }
}

#[test]
fn goose_log_as_it_is_in_memory() {
    let raw = run("goose/raw-first-60.txt");
    assert_eq!(errors(&raw, "POST /checkout").1, 25);
    assert_eq!(errors(&raw, "GET search, \"quick\"").1, 12);
    assert_eq!(errors(&raw, "GET /items/{id}").1, 11);
    assert_eq!(errors(&raw, "all requests").1, 60);
    assert_eq!(kind(&raw, "GET /", "latency"), ("histogram", 0.001));
}

#[test]
fn goose_requests_that_were_called_failures_afterwards_count_once() {
    let log = std::fs::read_to_string(fixture("goose/base-1.requests.csv")).unwrap();
    let lines: Vec<&str> = log.lines().take(3).collect();
    let corrected = lines[1].replace(",true,false,0,,", ",false,true,0,no price,");
    assert_ne!(corrected, lines[1]);
    let text = [lines[0], lines[1], &corrected, lines[2], ""].join("\n");
    let run = parsed(Format::Goose, &text).unwrap();
    assert_eq!(errors(&run, "POST /checkout"), (1, 2));
    assert!(warns(&run, "no price"));
    let all = [lines[0], lines[1], &corrected, ""].join("\n");
    let run = parsed(Format::Goose, &all).unwrap();
    assert_eq!(errors(&run, "POST /checkout"), (1, 1));
    assert!(!has(&run, "POST /checkout", "latency"));
    let none = format!("{}\n", lines[0]);
    let error = format!("{:#}", parsed(Format::Goose, &none).unwrap_err());
    assert!(error.contains("no request"), "{error}");
}

#[test]
fn goose_log_pair() {
    let side = |side: &str| {
        ["1.requests.csv", "2.requests.json.gz"]
            .map(|name| format!("goose/{side}-{name}"))
            .to_vec()
    };
    let verdict = compare(&side("base"), &side("head"));
    shows_the_change(&verdict, "GET search, \"quick\"", "latency.p50", 1.15..1.35);
}
