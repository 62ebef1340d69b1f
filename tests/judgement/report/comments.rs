//! The comment: sizes, templates, and what is in sight.

use crate::support::scenes;
use crate::support::verdicts::*;
use perfgate::model::Quantile;
use perfgate::report::{self, CommentPlace, Document, Format, RenderError, Style};

fn comment(document: &Document, template: Option<&str>) -> Result<String, RenderError> {
    report::render(document, Format::Markdown, &Style::default(), template)
}

#[test]
fn ten_thousand_series_fit_a_comment_and_every_failing_row_is_in_it() {
    let document = scenes::many(10_000);
    let text = comment(&document, None).unwrap();
    assert!(text.encode_utf16().count() < 65_000);
    assert!(text.len() > 50_000, "more rows would have fitted");
    assert_eq!(text.matches("| ❌ |").count(), 10);
    assert!(text.contains("rows are left out"));
    assert!(text.contains("repeat:"), "the last lines are kept");
}

#[test]
fn more_failing_rows_than_a_comment_holds_keep_the_worst_and_say_how_many_more() {
    let all = (0..5_000)
        .map(|i| {
            let subject = format!("GET /resource/{i:05}");
            regressed(
                latency(&subject, Quantile::P95),
                100.0,
                120.0 + f64::from(i),
            )
        })
        .collect();
    let text = comment(&document(all), None).unwrap();
    assert!(text.encode_utf16().count() < 65_000);
    assert!(text.contains("`GET /resource/04999` p95"), "the worst");
    assert!(!text.contains("`GET /resource/00000` p95"), "the least");
    let shown = text.matches("| ❌ |").count();
    let more = format!(
        "{},{:03} more failing",
        (5_000 - shown) / 1000,
        (5_000 - shown) % 1000
    );
    assert!(text.contains(&more), "{more}");
}

#[test]
fn a_step_summary_has_more_room_and_still_a_limit() {
    let text = report::step_summary(&scenes::many(10_000), &CommentPlace::default(), None).unwrap();
    assert!(
        text.len() > 900_000 && text.len() < 1_048_576,
        "{}",
        text.len()
    );
}

#[test]
fn all_is_well_in_one_line_and_a_fold() {
    let text = comment(&scenes::pass(), None).unwrap();
    let (before, _) = text.split_once("<details>").unwrap();
    assert_eq!(
        before.trim(),
        "✅ **perfgate**: 18 series held · sees changes above 4 %"
    );
    assert!(text.trim().ends_with("</details>"));
}

#[test]
fn a_gate_that_compared_nothing_does_not_look_like_a_pass() {
    let text = comment(&scenes::nothing_compared(), None).unwrap();
    assert!(text.starts_with("> [!CAUTION]\n> **perfgate: nothing was compared**"));
    assert!(!text.contains('✅'));
}

#[test]
fn a_pass_that_could_not_have_seen_a_regression_says_so_in_sight() {
    let text = comment(&scenes::weak(), None).unwrap();
    assert!(text.contains("no sign of a regression"));
    assert!(text.contains("8 undecided (these runs show changes above 14 %)"));
}

#[test]
fn a_template_of_ones_own_sees_names_that_are_already_harmless() {
    let template = "{{ verdict }} {{ counts.compared }}\n{% for row in rows %}- {{ row.subject }} {{ row.subject | upper }} {{ row.change }}\n{% endfor %}";
    let hostile = document(vec![regressed(
        latency("`<b>|@team", Quantile::P95),
        84.0,
        103.0,
    )]);
    let text = comment(&hostile, Some(template)).unwrap();
    assert_eq!(
        text,
        "fail 1\n- `` `<b>\\|@team `` `` `<B>\\|@TEAM `` 22.6 % slower (18 % to 27 %)\n"
    );
}

#[test]
fn a_broken_template_is_an_error_with_its_line() {
    for template in ["one\n{{ nothing_of_ours }}", "one\n{% if %}"] {
        let error = comment(&scenes::fail(), Some(template)).unwrap_err();
        assert!(
            matches!(&error, RenderError::Template { line: Some(2), .. }),
            "{error}"
        );
        assert!(
            error.to_string().starts_with("line 2 of the template"),
            "{error}"
        );
    }
}

#[test]
fn a_template_that_is_too_long_by_itself_is_an_error() {
    let error = comment(&scenes::fail(), Some(&"word ".repeat(20_000))).unwrap_err();
    assert!(matches!(error, RenderError::TooLong));
}

#[test]
fn errors_stand_before_everything_else_that_fails() {
    let text = comment(
        &document(vec![
            regressed(latency("GET /", Quantile::P95), 10.0, 90.0),
            regressed(errors("POST /checkout"), 0.001, 0.023),
        ]),
        None,
    )
    .unwrap();
    let first = text.lines().find(|line| line.starts_with("| ❌")).unwrap();
    assert!(first.contains("`POST /checkout` errors"), "{first}");
}

#[test]
fn the_documented_names_are_those_that_a_template_sees() {
    let docs = include_str!("../../../docs/template.md");
    let (_, tables) = docs.split_once("## What it sees").unwrap();
    let (top, rest) = tables.split_once("### A row").unwrap();
    let (row, folded) = rest.split_once("### A folded group").unwrap();
    let names = |section: &str| -> Vec<String> {
        section
            .lines()
            .filter_map(|line| {
                line.strip_prefix("| `")?
                    .split('`')
                    .next()
                    .map(str::to_owned)
            })
            .collect()
    };
    assert!(names(top).len() > 10 && names(row).len() > 8 && names(folded).len() == 4);
    let mut template = String::new();
    for name in names(top) {
        template += &format!("{{% set seen = {name} %}}");
    }
    for name in names(row) {
        template += &format!("{{% for row in rows %}}{{% set seen = row.{name} %}}{{% endfor %}}");
    }
    for name in names(folded) {
        template +=
            &format!("{{% for group in folded %}}{{% set seen = group.{name} %}}{{% endfor %}}");
    }
    comment(&scenes::fail(), Some(&template)).unwrap();
}
