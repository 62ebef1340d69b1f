//! The report on a terminal: what is in sight, what is folded, and what each flag unfolds.

use crate::support::scenes;
use perfgate::report::{self, Document, Format, Style};

fn shown(document: &Document, style: Style) -> String {
    report::render(document, Format::Text, &style, None).unwrap()
}

fn scene(name: &str) -> Document {
    let (_, document) = scenes::all().into_iter().find(|(n, _)| *n == name).unwrap();
    document
}

#[test]
fn the_first_line_names_the_problems_and_nothing_that_is_well_has_a_row() {
    let text = shown(&scene("fail"), Style::default());
    assert!(
        text.starts_with("FAIL  1 problem: GET /search latency\n"),
        "{text}"
    );
    assert_eq!(text.matches('→').count(), 2, "{text}");
    assert!(text.contains("  16 series unchanged (--all)\n"), "{text}");
}

#[test]
fn all_lists_every_series_and_hides_none() {
    let everything = Style {
        all: true,
        ..Style::default()
    };
    let text = shown(&scene("fail"), everything);
    assert_eq!(text.matches('→').count(), 18, "{text}");
    assert!(!text.contains("--all"), "{text}");
}

#[test]
fn notes_that_call_for_nothing_are_counted_and_shown_where_asked_for() {
    let quiet = shown(&scene("fail"), Style::default());
    assert!(!quiet.contains("kernel"), "{quiet}");
    assert!(quiet.contains("2 more notes (--verbose)"), "{quiet}");
    let verbose = Style {
        verbose: true,
        ..Style::default()
    };
    let text = shown(&scene("fail"), verbose);
    assert!(
        text.contains("kernel") && text.contains("rules of"),
        "{text}"
    );
}

#[test]
fn a_terminal_without_unicode_gets_none_of_ours() {
    let ascii = Style {
        ascii: true,
        all: true,
        runs: true,
        width: Some(140),
        ..Style::default()
    };
    for name in ["fail", "pass", "undecided", "criterion", "one-run-a-side"] {
        let text = shown(&scene(name), ascii);
        assert!(text.is_ascii(), "{name}: {text}");
    }
}

#[test]
fn intervals_are_drawn_where_the_terminal_has_room_for_them() {
    let at = |width| Style {
        width,
        ..Style::default()
    };
    let wide = shown(&scene("fail"), at(Some(140)));
    assert!(wide.contains('●') && wide.contains('┊'), "{wide}");
    for width in [None, Some(80)] {
        let text = shown(&scene("fail"), at(width));
        assert!(!text.contains('●'), "{text}");
    }
}

#[test]
fn eighty_columns_hold_every_row() {
    for (name, document) in scenes::all() {
        if name == "hostile" {
            continue;
        }
        let text = shown(
            &document,
            Style {
                width: Some(80),
                ..Style::default()
            },
        );
        for line in text.lines().take_while(|line| *line != "Next") {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn an_intended_change_can_be_accepted_from_the_last_lines() {
    let today = Style {
        today: Some(jiff::civil::date(2026, 11, 28)),
        ..Style::default()
    };
    let text = shown(&scene("fail"), today);
    let next = text.split("\nNext\n").nth(1).unwrap();
    let names: Vec<&str> = next
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, ["why", "accept", "repeat"], "{next}");
    assert!(next.contains("until = 2027-02-26"), "{next}");
}

#[test]
fn runs_of_several_sessions_are_not_said_to_be_of_one_commit() {
    let mut document = scene("fail");
    let baseline = document.baseline.as_mut().unwrap();
    (baseline.runs, baseline.sessions) = (60, 12);
    let text = shown(&document, Style::default());
    assert!(
        text.contains("against 60 runs of 12 sessions up to 3f2a1c9d5 ("),
        "{text}"
    );
    document.baseline.as_mut().unwrap().sessions = 1;
    let text = shown(&document, Style::default());
    assert!(text.contains("against 60 runs of 3f2a1c9d5 ("), "{text}");
}
