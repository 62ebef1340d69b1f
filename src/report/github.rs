//! What a GitHub Actions runner takes: annotations, outputs, the step summary.

use super::Document;
use super::entry::Entry;
use super::headline;
use super::view::{Kind, View};
use super::why;
use super::words::Judged;
use crate::text::sanitize::{self, command_message, command_property};
use crate::text::shorten;

/// GitHub shows about ten annotations a step.
const MOST: usize = 10;
/// A name in a title.
const TITLE: usize = 120;

/// Workflow commands, worst first. Every line begins with our own command, so no name can be one.
pub(super) fn annotations(document: &Document) -> String {
    let view = View::of(document);
    let listed: Vec<(&str, &Entry)> = view
        .groups
        .iter()
        .filter_map(|group| {
            let level = match group.kind {
                Kind::Failing => "error",
                Kind::Possible if headline::suspects_fail(document) => "error",
                Kind::Warning | Kind::Possible => "warning",
                _ => return None,
            };
            Some(group.entries.iter().map(move |entry| (level, *entry)))
        })
        .flatten()
        .collect();
    let level = match document.verdict {
        _ if document.exit_code != 0 => "error",
        Judged::Pass => "notice",
        _ => "warning",
    };
    let mut lines = vec![command(
        level,
        "perfgate",
        &format!("{}. {}", view.headline, view.counted),
    )];
    let room = if listed.len() < MOST {
        MOST - 1
    } else {
        MOST - 2
    };
    lines.extend(listed.iter().take(room).map(|(level, entry)| {
        let series = format!(
            "{} {}",
            shorten::middle(&entry.shown_subject(), TITLE),
            shorten::middle(&entry.metric_statistic(), TITLE)
        );
        command(level, &series, &why::why(entry).terminal())
    }));
    let more = listed.len().saturating_sub(room);
    if more > 0 {
        lines.push(command(
            "notice",
            "perfgate",
            &format!("{more} more in the report"),
        ));
    }
    lines.concat()
}

/// One warning in the log of a GitHub step, on a line of its own.
pub fn warning(title: &str, message: &str) -> String {
    command("warning", title, message)
}

fn command(level: &str, title: &str, message: &str) -> String {
    format!(
        "::{level} title={}::{}\n",
        command_property(&sanitize::inline(title)),
        command_message(&sanitize::inline(message))
    )
}

/// Names and values for `GITHUB_OUTPUT`: words and numbers of ours, nothing from outside.
pub fn outputs(document: &Document) -> Vec<(String, String)> {
    let counts = &document.counts;
    let numbers = [
        ("exit-code", usize::from(document.exit_code)),
        ("compared", counts.compared),
        ("regressed", counts.regressed),
        ("improved", counts.improved),
        ("unchanged", counts.unchanged),
        ("inconclusive", counts.inconclusive),
        ("missing", counts.missing),
        ("new", counts.new),
        ("incomparable", counts.incomparable),
    ];
    std::iter::once(("verdict".to_owned(), document.verdict.as_str().to_owned()))
        .chain(
            numbers
                .into_iter()
                .map(|(name, n)| (name.to_owned(), n.to_string())),
        )
        .collect()
}
