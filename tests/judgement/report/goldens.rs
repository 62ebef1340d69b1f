//! Real comments and terminal tables, kept as files that a person reads. `UPDATE_GOLDENS=1` writes them again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::scenes;
use perfgate::report::{self, Document, Format, Style};

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

#[test]
fn comments_read_as_they_did() {
    for (name, document) in scenes::all() {
        check(name, "md", &rendered(&document, Format::Markdown));
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
    let comment = rendered(&document, Format::Markdown);
    let shown: Vec<&str> = comment.lines().collect();
    let ends: Vec<&str> = [shown.get(..24), shown.get(shown.len() - 12..)]
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
