//! What a GitHub Actions runner takes: annotations, outputs, the step summary.

use super::Document;
use super::entry::Entry;
use super::headline;
use super::view::{GroupKind, View};
use super::why;
use crate::text::sanitize::{self, command_message, command_property};
use crate::text::shorten;
use crate::verdict::VerdictKind;

/// GitHub shows about ten annotations a step.
const MOST: usize = 10;
/// A name in a title.
const TITLE: usize = 120;

/// What needs a decision, worst first, with whether it fails.
fn listed<'v>(document: &Document, view: &'v View<'_>) -> Vec<(bool, &'v Entry)> {
    let groups = view.groups.iter().filter_map(|group| {
        let fails = match group.kind {
            GroupKind::Failing => true,
            GroupKind::Possible => headline::suspects_fail(document),
            GroupKind::Warning => false,
            _ => return None,
        };
        Some(group.entries.iter().map(move |entry| (fails, *entry)))
    });
    groups.flatten().collect()
}

fn series(entry: &Entry) -> String {
    format!(
        "{} {}",
        shorten::middle(&entry.shown_subject(), TITLE),
        shorten::middle(&entry.metric_statistic(), TITLE)
    )
}

/// One series at the rule that judges it. Names in it are of one line and without anything unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Where the rule stands, as the verdict writes it: `perfgate.toml:14`.
    pub from: String,
    pub fails: bool,
    pub title: String,
    pub message: String,
}

/// What needs a decision, where a rule of a file judges it, worst first.
pub fn placed(document: &Document) -> Vec<Annotation> {
    let view = View::of(document);
    let listed = listed(document, &view).into_iter();
    let placed = listed.map(|(fails, entry)| Annotation {
        from: entry.rule.from.clone(),
        fails,
        title: sanitize::inline(&series(entry)),
        message: sanitize::inline(&why::why(entry).terminal()),
    });
    placed.collect()
}

/// Workflow commands, worst first. Every line begins with our own command, so no name can be one.
pub(super) fn annotations(document: &Document) -> String {
    let view = View::of(document);
    let listed = listed(document, &view);
    let level = match document.verdict {
        _ if document.exit_code != 0 => "error",
        VerdictKind::Pass => "notice",
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
    lines.extend(listed.iter().take(room).map(|(fails, entry)| {
        let level = if *fails { "error" } else { "warning" };
        command(level, &series(entry), &why::why(entry).terminal())
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
