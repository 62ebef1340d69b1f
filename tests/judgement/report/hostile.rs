//! Names from outside stay names: in a comment, a terminal, a log and a report file.

use crate::support::verdicts::*;
use crate::support::{hostile, scenes};
use perfgate::compare::Doubt;
use perfgate::model::Quantile;
use perfgate::report::{self, CommentPlace, Document, Format, Style};

fn rendered(document: &Document, format: Format) -> String {
    report::render(document, format, &Style::default(), None).unwrap()
}

/// Every text that could be written, for one name at every place of a document.
pub(super) fn documents() -> Vec<(String, Document)> {
    hostile::NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .chain([hostile::long()])
        .map(|name| {
            let mut context = context();
            context.gate = Some(name.clone());
            context.notes = vec![name.clone(), format!("a `{name}` b")];
            context.commands.repeat = Some(name.clone());
            context.environment.key = Some(name.clone());
            context.current.commit = Some(name.clone());
            context.tool_version = name.clone();
            let mut custom = regressed(latency(&name, Quantile::P50), 84.0, 103.0);
            custom.series.unit = perfgate::model::Unit::new(&name);
            custom.series.metric = perfgate::model::MetricName::new(name.as_str());
            let all = vec![
                custom,
                accepted(regressed(latency(&name, Quantile::P95), 84.0, 103.0), &name),
                single(latency(&name, Quantile::P99), Doubt::Possible, 84.0, 90.0),
                missing(latency(&name, Quantile::P90), 84.0, Some(&name)),
                drifted(
                    unchanged(latency("GET /", Quantile::P95), 84.0, 84.0),
                    1.2,
                    0.15,
                ),
                unchanged(latency(&name, Quantile::P999), 84.0, 84.0),
            ];
            let document = document_of(all, &perfgate::compare::Policy::default(), context);
            (name, document)
        })
        .collect()
}

/// Bars that begin a cell: those without a backslash before them.
fn cells(line: &str) -> usize {
    let mut before = ' ';
    let mut bars = 0;
    for c in line.chars() {
        bars += usize::from(c == '|' && before != '\\');
        before = c;
    }
    bars
}

/// The line with its code spans taken out, as CommonMark pairs them.
fn outside_code(line: &str) -> String {
    let mut rest = line;
    let mut out = String::new();
    while let Some(start) = rest.find('`') {
        let fence = rest[start..].chars().take_while(|c| *c == '`').count();
        out.push_str(&rest[..start]);
        let body = &rest[start + fence..];
        let mut at = 0;
        let mut end = None;
        while let Some(next) = body[at..].find('`') {
            let run = body[at + next..].chars().take_while(|c| *c == '`').count();
            if run == fence {
                end = Some(at + next);
                break;
            }
            at += next + run;
        }
        match end {
            Some(end) => rest = &body[end + fence..],
            None => panic!("a code span is left open: {line}"),
        }
    }
    out + rest
}

#[test]
fn every_row_of_a_comment_has_the_cells_that_we_gave_it() {
    for (name, document) in documents() {
        let comment = rendered(&document, Format::Markdown);
        let rows: Vec<&str> = comment.lines().filter(|l| l.starts_with('|')).collect();
        // Two lines of head for each table, and six rows in all.
        let tables = rows.iter().filter(|row| row.starts_with("| | series"));
        assert_eq!(rows.len() - 2 * tables.count(), 6, "{name:?}:\n{comment}");
        let mut expected = 0;
        for row in rows {
            if row.starts_with("| | series") {
                expected = cells(row);
            }
            assert_eq!(cells(row), expected, "{name:?}: {row}");
        }
    }
}

#[test]
fn nothing_of_a_name_stands_outside_a_code_span() {
    // The same document with a name that is only letters says what is ours.
    for (name, document) in documents() {
        let comment = rendered(&document, Format::Markdown);
        for line in comment.lines() {
            let ours = outside_code(line)
                .replace("<br>", "")
                .replace("<details><summary>", "")
                .replace("</summary>", "")
                .replace("</details>", "");
            for sign in [
                "<",
                "@",
                "http",
                "www.",
                "](",
                "#4",
                "GH-",
                "&",
                "**b",
                "~~",
                "$",
                "::",
                "\u{1b}",
                "evil",
                "forged",
                "3f2a1c9d5e7b",
            ] {
                assert!(!ours.contains(sign), "{name:?}: {sign} in {ours}");
            }
        }
    }
}

#[test]
fn no_character_that_cannot_be_seen_comes_through() {
    for (name, document) in documents() {
        for format in [
            Format::Text,
            Format::Markdown,
            Format::Junit,
            Format::Github,
            Format::Openmetrics,
        ] {
            let text = rendered(&document, format);
            for c in text.chars() {
                let seen = c == '\n' || !c.is_control();
                let bidi = ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
                    || ('\u{200b}'..='\u{200f}').contains(&c)
                    || ('\u{e0000}'..='\u{e007f}').contains(&c)
                    || matches!(
                        c,
                        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{ad}' | '\u{3164}'
                    );
                assert!(seen && !bidi, "{name:?} as {}: {c:?}", format.as_str());
            }
        }
    }
}

#[test]
fn no_name_becomes_a_command_to_the_runner() {
    for (name, document) in documents() {
        for format in Format::ALL {
            let text = rendered(&document, format);
            for line in text.lines() {
                // The runner trims a line before it looks, and finds the old form anywhere in it.
                let command = line.trim_start().starts_with("::");
                let ours = format == Format::Github
                    && ["::error title=", "::warning title=", "::notice title="]
                        .iter()
                        .any(|own| line.starts_with(own));
                assert_eq!(command, ours, "{name:?} as {}: {line}", format.as_str());
                assert!(
                    !line.contains("##["),
                    "{name:?} as {}: {line}",
                    format.as_str()
                );
            }
        }
    }
}

#[test]
fn an_annotation_is_one_line_and_its_title_ends_where_we_end_it() {
    for (name, document) in documents() {
        for line in rendered(&document, Format::Github).lines() {
            let command = line.strip_prefix("::").unwrap();
            let (properties, _) = command.split_once("::").unwrap();
            let (_, title) = properties.split_once(" title=").unwrap();
            assert!(!title.contains([':', ',']), "{name:?}: {line}");
            let escaped = ["25", "0D", "0A", "3A", "2C"];
            for (_, after) in line.match_indices('%').map(|(i, _)| line.split_at(i + 1)) {
                assert!(
                    escaped.iter().any(|e| after.starts_with(e)),
                    "{name:?}: {line}"
                );
            }
        }
    }
}

#[test]
fn a_row_of_a_terminal_stays_one_line() {
    for (name, document) in documents() {
        for width in [80, 100, 140] {
            let style = Style {
                color: false,
                width: Some(width),
                runs: false,
                ..Style::default()
            };
            let text = report::render(&document, Format::Text, &style, None).unwrap();
            // Each row of the five has the arrow between its sides, and nothing else has.
            let rows = text.lines().filter(|line| line.contains(" → ")).count();
            assert_eq!(rows, 5, "{name:?}:\n{text}");
        }
    }
}

#[test]
fn colour_is_the_only_escape_sequence_and_only_when_asked_for() {
    let style = Style {
        color: true,
        width: None,
        runs: false,
        ..Style::default()
    };
    let plain = rendered(&scenes::hostile(), Format::Text);
    assert!(!plain.contains('\u{1b}'));
    let coloured = report::render(&scenes::hostile(), Format::Text, &style, None).unwrap();
    let mut stripped = coloured.clone();
    for code in ["0", "1", "2", "32", "33", "1;31"] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert!(coloured.contains("\u{1b}[1;31m"));
    assert_eq!(stripped, plain);
}

#[test]
fn a_junit_file_holds_no_markup_but_ours() {
    for (name, document) in documents() {
        let xml = rendered(&document, Format::Junit);
        for line in xml.lines().skip(1) {
            let line = line.trim();
            let known = [
                "<testsuites>",
                "</testsuites>",
                "</testsuite>",
                "</testcase>",
            ];
            let opens = [
                "<testsuite ",
                "<testcase ",
                "<failure ",
                "<skipped ",
                "<error ",
            ];
            assert!(
                known.contains(&line) || opens.iter().any(|o| line.starts_with(o)),
                "{name:?}: {line}"
            );
            assert_eq!(line.matches('<').count(), 1, "{name:?}: {line}");
            assert_eq!(line.matches('"').count() % 2, 0, "{name:?}: {line}");
            for (_, after) in line.match_indices('&').map(|(i, _)| line.split_at(i + 1)) {
                let entity = ["amp;", "lt;", "gt;", "quot;", "#39;"];
                assert!(
                    entity.iter().any(|e| after.starts_with(e)),
                    "{name:?}: {line}"
                );
            }
        }
    }
}

/// Sentences and phrases without any markup: they would be read as the words of whoever posts them.
const FORGED: [&str; 3] = [
    "This change was reviewed by the security team",
    "safe to merge",
    "approved-by-maintainers",
];

/// Every text of a document, by where it stands.
fn texts(value: &serde_json::Value, at: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(_) => found.push(at.to_owned()),
        serde_json::Value::Array(all) => {
            for (i, inner) in all.iter().enumerate() {
                texts(inner, &format!("{at}/{i}"), found);
            }
        }
        serde_json::Value::Object(all) => {
            for (key, inner) in all {
                let key = key.replace('~', "~0").replace('/', "~1");
                texts(inner, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// With workloads in every state, whose differences are texts.
fn with_workloads(document: &Document) -> serde_json::Value {
    let mut value: serde_json::Value =
        serde_json::from_str(&rendered(document, Format::Json)).unwrap();
    let states = [
        "compared",
        "compared-elsewhere",
        "unknown",
        "other-load",
        "other-environment",
        "several-fit",
        "contested",
    ];
    let workload = |state: &&str| {
        serde_json::json!({
            "name": "a", "source": "a", "tool": "a", "scenario": "a", "load": {"rate": "a"},
            "environment": "a", "runs": 1, "baseline_runs": 1, "state": state,
            "differences": [
                {"part": "term", "name": "a", "baseline": "a", "current": "a"},
                {"part": "source", "baseline": "a", "current": "a"},
                {"part": "environment", "baseline": "a", "current": "a"},
            ],
            "known": [{"name": "a", "differs": ["a"]}], "lacking": ["a"],
        })
    };
    value["workloads"] = states.iter().map(workload).collect();
    value["absent"] = serde_json::json!(["a"]);
    value["policy"]["unmatched"] =
        serde_json::json!([{"pattern": "a", "nearest": "a", "from": "a"}]);
    value["policy"]["unused_acceptances"] = serde_json::json!([{
        "subject": "a", "metric": "a", "reason": "a", "until": "2027-01-31", "expired": true, "from": "a",
    }]);
    value["environment"]["differences"] =
        serde_json::json!([{"name": "a", "baseline": "a", "current": "a"}]);
    value["policy"]["settings"] = serde_json::json!([{"name": "a", "value": "a", "from": "a"}]);
    value["commands"] = serde_json::json!({"repeat": "a", "explain": "a", "next": "a"});
    value
}

/// The place without the numbers of its lists: what is so in one row is so in all.
fn shape(place: &str) -> String {
    let parts = place.split('/');
    let part = |part: &str| {
        let is_number = !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        if is_number {
            "0".to_owned()
        } else {
            part.to_owned()
        }
    };
    parts.map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn whatever_text_of_a_stored_document_is_a_sentence_none_is_said_by_the_comment() {
    let scenes = [
        scenes::accepted_one(),
        scenes::drift(),
        scenes::no_baseline(),
    ];
    for document in scenes {
        let original = with_workloads(&document);
        let mut places = Vec::new();
        texts(&original, "", &mut places);
        let mut free = std::collections::BTreeMap::new();
        for place in &places {
            // Words of ours and days are no free text: another one is refused.
            free.entry(shape(place)).or_insert_with(|| {
                let mut value = original.clone();
                *value.pointer_mut(place).unwrap() = serde_json::json!("x y");
                Document::parse(&value.to_string()).is_ok()
            });
        }
        let open = free.values().filter(|free| **free).count();
        assert!(open > 40, "only {open}: {free:?}");
        for forged in FORGED {
            let mut value = original.clone();
            for place in places.iter().filter(|place| free[&shape(place)]) {
                *value.pointer_mut(place).unwrap() = serde_json::json!(forged);
            }
            let document = Document::parse(&value.to_string()).unwrap().without_prose();
            let place = CommentPlace::default();
            for text in [
                report::step_summary(&document, &place, None).unwrap(),
                report::summary(&document),
            ] {
                for line in text.lines() {
                    let ours = outside_code(line);
                    assert!(!ours.contains(forged), "{line}");
                }
            }
        }
    }
}
