//! What is said of controls: series that no change of the code can touch.

use super::document::Document;
use super::entry::Entry;
use super::sentence::Sentence;
use super::units::{self, plural};
use crate::compare::ControlState;
use crate::verdict::VerdictKind;

fn controls(document: &Document, state: ControlState) -> impl Iterator<Item = &Entry> {
    let is = move |e: &&Entry| e.control == Some(state);
    document.comparisons.iter().filter(is)
}

fn slowest(document: &Document) -> Option<&Entry> {
    let by = |a: &&Entry, b: &&Entry| a.towards_worse().total_cmp(&b.towards_worse());
    controls(document, ControlState::Worse).max_by(by)
}

/// `this machine is 18 % slower than the baseline's`
pub(super) fn slower(document: &Document) -> Option<String> {
    let by = slowest(document)?.towards_worse() - 1.0;
    let by = units::coarse(by);
    Some(format!("this machine is {by} slower than the baseline's"))
}

/// `1 control is missing`, where that is the verdict.
pub(super) fn missing(document: &Document) -> Option<String> {
    let missing = controls(document, ControlState::Missing).count();
    let decides = missing > 0 && document.verdict == VerdictKind::Inconclusive;
    let words = plural(missing, "control is", "controls are");
    decides.then(|| format!("{words} missing"))
}

pub(super) fn remarks(document: &Document) -> Vec<Sentence> {
    let named = |entry: &Entry| {
        let name = format!("{} {}", entry.subject, entry.metric_statistic());
        Sentence::new("the control ").foreign(&name)
    };
    let mut remarks = Vec::new();
    if let Some(entry) = slowest(document) {
        let by = units::coarse(entry.towards_worse() - 1.0);
        remarks.push(named(entry).own(format!(
            " is {by} slower than in the baseline, so the machine is: what got worse may be the machine as well, unless it is \
             certain to be more than twice that. Measure base and head on this machine in turns, or repeat the job"
        )));
    }
    for entry in controls(document, ControlState::Better).take(1) {
        let by = units::coarse(1.0 - entry.towards_worse());
        remarks.push(named(entry).own(format!(
            " is {by} faster than in the baseline, so the machine is: a slowdown of the code may be hidden"
        )));
    }
    for entry in controls(document, ControlState::Missing) {
        remarks.push(named(entry).own(" is in the baseline and not in the current runs"));
    }
    for entry in controls(document, ControlState::NotCompared) {
        remarks.push(
            named(entry).own(" is not in the baseline yet, and tells nothing of the machine"),
        );
    }
    remarks
}
