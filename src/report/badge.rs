//! A badge: what the endpoint badges of shields.io show, a few words and a colour. Words and numbers of ours alone.

use crate::verdict::VerdictKind;
use serde_json::json;

use super::Document;
use super::headline::is_empty_gate;
use super::units::plural;

pub(super) fn badge(document: &Document) -> String {
    let counts = &document.counts;
    let (message, color) = if is_empty_gate(document) {
        ("nothing compared".to_owned(), "lightgrey")
    } else {
        match document.verdict {
            VerdictKind::Pass => {
                let held = plural(counts.compared, "series held", "series held");
                (held, "brightgreen")
            }
            VerdictKind::Warn => ("warnings".to_owned(), "yellow"),
            VerdictKind::Fail if counts.regressed > 0 => {
                let worse = plural(counts.regressed, "series got worse", "series got worse");
                (worse, "red")
            }
            VerdictKind::Fail => ("failing".to_owned(), "red"),
            VerdictKind::Inconclusive => ("could not tell".to_owned(), "lightgrey"),
            VerdictKind::NoBaseline => ("no baseline yet".to_owned(), "lightgrey"),
        }
    };
    let badge = json!({
        "schemaVersion": 1, "label": "performance", "message": message, "color": color,
    });
    format!("{badge}\n")
}
