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

#[test]
fn ghz_csv() {
    // Worked out of the file in Python.
    holds(
        "ghz/out.csv",
        &[
            ("all calls", "latency", "mean", 4.7886, 0.1),
            ("all calls", "latency", "max", 10.01, 0.1),
        ],
    );
    let run = run("ghz/out.csv");
    assert_eq!(errors(&run, "all calls"), (0, 150));
    assert_eq!(kind(&run, "all calls", "latency"), ("histogram", 0.01));
    assert!(!has(&run, "all calls", "throughput"));
}

#[test]
fn ghz_csv_tells_failures_and_forgives_the_end_of_a_run() {
    let header = "duration (ms),status,error\n";
    let end =
        "0.10,Canceled,rpc error: code = Canceled desc = grpc: the client connection is closing\n";
    let late = "10.21,DeadlineExceeded,rpc error: code = DeadlineExceeded desc = context deadline exceeded\n";
    let run = parsed(Format::Ghz, &format!("{header}5.00,OK,\n{late}{end}")).unwrap();
    assert_eq!(errors(&run, "all calls"), (1, 2));
    assert!((number(&run, "all calls", "latency", "max") - 5.0).abs() < 0.01);
    let failed = parsed(Format::Ghz, &format!("{header}{late}{late}")).unwrap();
    assert_eq!(errors(&failed, "all calls"), (2, 2));
    assert!(!has(&failed, "all calls", "latency"));
    for nothing in [header.to_owned(), format!("{header}{end}")] {
        let error = format!("{:#}", parsed(Format::Ghz, &nothing).unwrap_err());
        assert!(error.contains("no request"), "{error}");
    }
}

#[test]
fn fortio_text() {
    holds(
        "fortio/base-1.search.txt",
        &[
            ("/search", "latency", "mean", 13.492_386, 0.0),
            ("/search", "latency", "max", 38.002_666, 0.0),
            ("/search", "throughput", "value", 79.7, 0.0),
        ],
    );
    let search = run("fortio/base-1.search.txt");
    let rate = &search.subjects["/search"]["throughput"];
    assert_eq!(rate.role, perfgate::model::Role::Fixed);
    assert!(warns(&search, "-json"));
    let checkout = run("fortio/head-1.checkout.txt");
    assert_eq!(errors(&checkout, "/checkout"), (2, 100));
    assert!(warns(&checkout, "includes 2 failed requests"));
    let rate = &checkout.subjects["/checkout"]["throughput"];
    assert_eq!(rate.role, perfgate::model::Role::Outcome);
    assert_eq!(errors(&run("fortio/grpc-ping.txt"), "GRPC Ping"), (0, 150));
    let refused = refusal("fortio/refused.txt");
    assert!(
        refused.contains("fortio's text without its results"),
        "{refused}"
    );
}

#[test]
fn fortio_text_pair() {
    let verdict = pair("fortio/{side}-{n}.search.txt");
    shows_the_change(&verdict, "/search", "latency.mean", 1.1..1.4);
}
