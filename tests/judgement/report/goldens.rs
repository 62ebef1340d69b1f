//! Real comments and terminal tables, kept as files that a person reads. `UPDATE_GOLDENS=1` writes them again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::scenes;
use perfgate::report::{self, CommentPlace, Document, Format, Style};

fn golden(name: &str, ending: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/goldens/{name}.{ending}"))
}

fn check(name: &str, ending: &str, text: &str) {
    let path = golden(name, ending);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} differs; look at it with UPDATE_GOLDENS=1 and git diff. It would be:\n{text}",
        path.display()
    );
}

fn rendered(document: &Document, format: Format) -> String {
    report::render(document, format, &Style::default(), None).unwrap()
}

/// Where a comment stands: it can link the run, and an acceptance can be offered until a day.
fn pull_request() -> CommentPlace {
    CommentPlace {
        run_url: Some("https://github.com/acme/shop/actions/runs/70".to_owned()),
        commits_url: Some("https://github.com/acme/shop/commit".to_owned()),
        today: Some(jiff::civil::date(2026, 11, 20)),
        ..CommentPlace::default()
    }
}

#[test]
fn comments_read_as_they_did() {
    for (name, document) in scenes::all() {
        let comment = report::comment(&document, &pull_request(), None).unwrap();
        check(name, "md", &comment);
    }
}

#[test]
fn summaries_of_a_job_have_every_row() {
    for name in ["pass", "fail", "no-baseline"] {
        let (_, document) = scenes::all().into_iter().find(|(n, _)| *n == name).unwrap();
        let summary = report::step_summary(&document, &pull_request(), None).unwrap();
        check(name, "summary.md", &summary);
    }
}

#[test]
fn terminal_tables_read_as_they_did() {
    for (name, document) in scenes::all() {
        check(name, "txt", &rendered(&document, Format::Text));
    }
}

#[test]
fn junit_files_read_as_they_did() {
    for name in ["fail", "undecided", "nothing-compared", "hostile"] {
        let (_, document) = scenes::all().into_iter().find(|(n, _)| *n == name).unwrap();
        check(name, "xml", &rendered(&document, Format::Junit));
    }
}

#[test]
fn metrics_read_as_they_did() {
    for name in ["fail", "budget", "no-baseline"] {
        let (_, document) = scenes::all().into_iter().find(|(n, _)| *n == name).unwrap();
        check(name, "prom", &rendered(&document, Format::Openmetrics));
    }
}

#[test]
fn annotations_read_as_they_did() {
    for name in ["pass", "fail", "errors", "nothing-compared", "hostile"] {
        let (_, document) = scenes::all().into_iter().find(|(n, _)| *n == name).unwrap();
        check(name, "github.txt", &rendered(&document, Format::Github));
    }
}

#[test]
fn the_document_reads_as_it_did() {
    check("fail", "json", &rendered(&scenes::fail(), Format::Json));
}

#[test]
fn a_comment_of_ten_thousand_series_reads_as_it_did() {
    let document = scenes::many(10_000);
    let comment = report::step_summary(&document, &pull_request(), None).unwrap();
    let shown: Vec<&str> = comment.lines().collect();
    // What is in sight, and what follows the fold with the table.
    let folds = |line: &&str| **line == *"</details>";
    let last = shown.iter().rposition(folds).unwrap();
    let cut = shown[..last].iter().rposition(folds).unwrap();
    let first = shown
        .iter()
        .position(|line| line.starts_with("<details>"))
        .unwrap();
    let ends: Vec<&str> = [shown.get(..first), shown.get(cut + 1..)]
        .into_iter()
        .flatten()
        .flatten()
        .copied()
        .collect();
    check("ten-thousand-series-ends", "md", &(ends.join("\n") + "\n"));
    check(
        "ten-thousand-series",
        "txt",
        &rendered(&document, Format::Text),
    );
}

#[test]
fn terminal_lines_fit_their_width_and_break_no_number() {
    for (name, document) in scenes::all().iter().filter(|(name, _)| *name != "hostile") {
        for width in [100, 120] {
            let style = Style {
                color: false,
                width: Some(width),
                runs: false,
                ..Style::default()
            };
            let text = report::render(document, Format::Text, &style, None).unwrap();
            for line in text.lines() {
                let command = ["repeat: ", "explain: ", "see more: ", "next: "];
                let is_command = command.iter().any(|c| line.starts_with(c));
                // A unit may stand beyond the edge rather than apart from its number.
                let fits = line.chars().count() <= width + 8;
                assert!(is_command || fits, "{name} at {width}: {line}");
                assert!(!line.starts_with('%'), "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn a_badge_says_the_verdict_in_a_few_words() {
    let all = scenes::all();
    let badge = |name: &str| -> serde_json::Value {
        let (_, document) = all.iter().find(|(known, _)| *known == name).unwrap();
        serde_json::from_str(&rendered(document, Format::Badge)).unwrap()
    };
    for (name, message, color) in [
        ("pass", "18 series held", "brightgreen"),
        ("fail", "1 series got worse", "red"),
        ("no-baseline", "no baseline yet", "lightgrey"),
    ] {
        let expected = serde_json::json!({
            "schemaVersion": 1, "label": "performance", "message": message, "color": color,
        });
        assert_eq!(badge(name), expected, "{name}");
    }
}
