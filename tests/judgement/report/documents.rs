//! The verdict document: it obeys its schema, it can be shown again, and it agrees with the exit code.

use crate::support::scenes;
use crate::support::verdicts::*;
use perfgate::compare::{Doubt, OnMissing, OutcomeName, Policy, Severity};
use perfgate::model::Quantile;
use perfgate::report::{self, Document, DocumentError, Entry, Format, Style};
use perfgate::verdict::VerdictKind;

fn rendered(document: &Document, format: Format) -> String {
    report::render(document, format, &Style::default(), None).unwrap()
}

fn fails_by_regression(document: &Document) -> bool {
    document
        .comparisons
        .iter()
        .any(|e| e.outcome == OutcomeName::Regressed && e.severity == Severity::Fail)
}

/// As it is published: `UPDATE_GOLDENS=1` writes it anew.
#[test]
fn the_schema_is_the_one_that_was_read_by_a_person() {
    let path = "tests/goldens/verdict.schema.json";
    let schema = format!("{}\n", Document::json_schema());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == schema,
        "{path} is not what the structs say: UPDATE_GOLDENS=1 writes it anew"
    );
}

#[test]
fn every_document_obeys_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&Document::json_schema()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (name, document) in scenes::all() {
        let json = serde_json::from_str(&rendered(&document, Format::Json)).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&json)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema: serde_json::Value = serde_json::from_str(&Document::json_schema()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let good: serde_json::Value =
        serde_json::from_str(&rendered(&scenes::fail(), Format::Json)).unwrap();
    for (pointer, key) in [
        ("", "extra"),
        ("/comparisons/0", "extra"),
        ("/policy", "extra"),
    ] {
        let mut bad = good.clone();
        bad.pointer_mut(pointer).unwrap()[key] = serde_json::json!(1);
        assert!(!schema.is_valid(&bad), "{pointer}");
        let error = Document::parse(&bad.to_string()).unwrap_err().to_string();
        assert!(
            error.contains("`extra`") && error.contains("line 1"),
            "{error}"
        );
    }
}

#[test]
fn a_stored_document_is_shown_as_it_was() {
    for (name, document) in scenes::all() {
        let stored = Document::parse(&rendered(&document, Format::Json)).unwrap();
        for format in Format::ALL {
            assert_eq!(
                rendered(&stored, format),
                rendered(&document, format),
                "{name} as {}",
                format.as_str()
            );
        }
    }
}

#[test]
fn a_document_of_another_kind_is_refused_by_name() {
    for (text, expected) in [
        (r#"{"schema": "perfgate.verdict/2"}"#, "another perfgate"),
        (r#"{"schema": "perfgate.run/1"}"#, "not perfgate.verdict/1"),
    ] {
        let error = Document::parse(text).unwrap_err();
        assert!(matches!(error, DocumentError::OtherSchema(_)));
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(
        Document::parse("{")
            .unwrap_err()
            .to_string()
            .contains("line 1")
    );
}

#[test]
fn the_words_of_a_stored_document_are_not_believed() {
    let mut document = scenes::fail();
    for entry in &mut document.comparisons {
        entry.why = "forged".to_owned();
    }
    document.reasons = vec!["forged".to_owned()];
    for format in [
        Format::Text,
        Format::Markdown,
        Format::Junit,
        Format::Github,
    ] {
        assert!(!rendered(&document, format).contains("forged"));
    }
    assert!(!rendered(&document, Format::Json).contains(r#""why": "forged""#));
}

#[test]
fn a_failing_regression_stands_in_the_document_exactly_when_one_fails_the_gate() {
    let series = || latency("GET /search", Quantile::P95);
    let slow = || regressed(series(), 84.0, 103.0);
    let mut warned = slow();
    warned.severity = Severity::Warn;
    let mut off = slow();
    off.severity = Severity::Off;
    let mut shown = slow();
    shown.gated = false;
    let steady = || unchanged(latency("GET /", Quantile::P95), 12.0, 12.0);
    for (comparison, exit_code, severity, regression) in [
        (slow(), 1, Severity::Fail, true),
        (warned, 0, Severity::Warn, false),
        (off, 0, Severity::Off, false),
        (shown, 0, Severity::Off, false),
        (accepted(slow(), "known"), 0, Severity::Warn, false),
        // The budget fails the gate, the accepted regression does not.
        (
            over_budget(accepted(slow(), "known"), 100.0),
            1,
            Severity::Warn,
            false,
        ),
        (missing(series(), 84.0, None), 1, Severity::Fail, false),
    ] {
        let document = document(vec![steady(), comparison]);
        let entry: &Entry = &document.comparisons[1];
        assert_eq!(document.exit_code, exit_code, "{entry:?}");
        assert_eq!(entry.severity, severity, "{entry:?}");
        assert_eq!(fails_by_regression(&document), regression, "{entry:?}");
    }
}

#[test]
fn a_missing_series_that_only_warns_is_not_written_as_failing() {
    let policy = Policy {
        on_missing: OnMissing::Warn,
        ..Policy::default()
    };
    let gone = missing(latency("GET /search", Quantile::P95), 84.0, None);
    let steady = unchanged(latency("GET /", Quantile::P95), 12.0, 12.0);
    let document = document_of(vec![steady, gone], &policy, context());
    assert_eq!(document.exit_code, 0);
    assert_eq!(document.comparisons[1].severity, Severity::Warn);
}

#[test]
fn numbers_that_json_does_not_know_are_null_and_read_again() {
    let mut odd = regressed(errors("GET /"), 0.0, 0.02);
    odd.change = change(f64::INFINITY, 1.0, f64::INFINITY);
    let mut open = regressed(latency("GET /", Quantile::P95), 84.0, 103.0);
    open.change = change(1.2, 1.1, f64::INFINITY);
    let document = document(vec![odd, open]);
    assert_eq!(document.comparisons[0].change, None);
    assert_eq!(document.comparisons[1].change.unwrap().high(), None);
    let json = rendered(&document, Format::Json);
    let mut read = Document::parse(&json).unwrap();
    // The sentence is the only thing that writing adds.
    for entry in &mut read.comparisons {
        assert!(!std::mem::take(&mut entry.why).is_empty());
    }
    assert_eq!(read, document);
    for format in Format::ALL {
        let text = rendered(&document, format);
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
    }
}

#[test]
fn every_report_says_the_same_verdict() {
    for (name, document) in scenes::all() {
        let text = rendered(&document, Format::Text);
        let comment = rendered(&document, Format::Markdown);
        let headline = text.lines().next().unwrap().split_once("  ").unwrap().1;
        let headline = headline
            .rsplit_once("`: ")
            .map_or(headline, |(_, rest)| rest);
        // The comment counts endpoints where the others count series, and its alert says how bad it is.
        let first = comment.lines().next().unwrap();
        match (document.exit_code, document.verdict) {
            (1.., _) => assert_eq!(first, "> [!CAUTION]", "{name}"),
            (0, VerdictKind::Warn | VerdictKind::Inconclusive) => {
                assert_eq!(first, "> [!WARNING]", "{name}")
            }
            (0, _) => assert!(first.contains(" **perfgate"), "{name}: {first}"),
        }
        let annotations = rendered(&document, Format::Github);
        // A terminal names the problems; annotations name each on a line of its own.
        match headline.split_once(" problem") {
            Some((n, _)) => {
                let first = annotations.lines().next().unwrap();
                assert!(first.starts_with("::error"), "{name}: {first}");
                let named = annotations
                    .lines()
                    .filter(|line| line.starts_with("::error"))
                    .count();
                // GitHub shows about ten.
                assert!(
                    named > n.parse::<usize>().unwrap().min(8),
                    "{name}: {annotations}"
                );
            }
            None => assert!(annotations.contains(headline), "{name}"),
        }
        let red = annotations.lines().any(|line| line.starts_with("::error"));
        assert_eq!(red, document.exit_code != 0, "{name}");
    }
}

#[test]
fn junit_is_red_exactly_when_the_exit_code_is_not_zero() {
    for (name, document) in scenes::all() {
        let xml = rendered(&document, Format::Junit);
        let red = xml.contains("<failure") || xml.contains("<error");
        assert_eq!(red, document.exit_code != 0, "{name}");
        let cases = xml.matches("<testcase").count();
        assert!(xml.contains(&format!("tests=\"{cases}\"")), "{name}");
        for (element, attribute) in [
            ("<failure", "failures"),
            ("<error", "errors"),
            ("<skipped", "skipped"),
        ] {
            let n = xml.matches(element).count();
            assert!(
                xml.contains(&format!("{attribute}=\"{n}\"")),
                "{name} {attribute}"
            );
        }
    }
}

#[test]
fn outputs_are_words_and_numbers_of_ours() {
    let outputs = report::outputs(&scenes::hostile());
    let get = |name: &str| &outputs.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(get("verdict"), "fail");
    assert_eq!(get("exit-code"), "1");
    assert_eq!(get("missing"), "67");
    for (name, value) in &outputs {
        assert!(
            format!("{name}{value}")
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "{name}={value}"
        );
    }
}

#[test]
fn at_most_ten_annotations_are_written_and_the_last_says_how_many_more() {
    for n in [1, 8, 9, 10, 30] {
        let all = (0..n)
            .map(|i| regressed(latency(&format!("GET /{i}"), Quantile::P95), 84.0, 103.0))
            .collect();
        let text = rendered(&document(all), Format::Github);
        assert!(text.lines().count() <= 10, "{n}: {text}");
        let listed = text.lines().filter(|l| l.contains("latency.p95")).count();
        let more = text
            .lines()
            .last()
            .unwrap()
            .contains(&format!("{} more", n - listed));
        assert_eq!(more, listed < n, "{n}: {text}");
    }
}

#[test]
fn a_document_with_accepted_regressions_beside_an_undecided_series_agrees_with_itself() {
    let slow = |name: &str| {
        accepted(
            regressed(latency(name, Quantile::P95), 84.0, 103.0),
            "known",
        )
    };
    let unsure = single(
        latency("GET /cart", Quantile::P95),
        Doubt::NoSignal,
        84.0,
        85.0,
    );
    let document = document(vec![slow("GET /"), slow("GET /search"), unsure]);
    assert_eq!(document.verdict, VerdictKind::Warn);
    assert_eq!(document.contradiction(), None);
}
