//! One test case a gated series, for systems that know nothing else. Red there exactly when the exit code is not 0.

use super::entry::Entry;
use crate::compare::OutcomeName;
use crate::verdict::Standing;
use std::fmt::Write;

use super::Document;
use super::headline;
use super::sentence::Sentence;
use super::targets::{Target, TargetState, Targets};
use super::why;
use crate::text::sanitize::xml;

/// How a test case ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Passed,
    Skipped,
    Failure,
    Error,
}

impl Case {
    fn of(entry: &Entry, document: &Document) -> Self {
        match (entry.standing, entry.outcome) {
            // A budget is a test case of its own.
            (Standing::Fail, _) if is_over_budget_only(entry) => Self::Passed,
            (Standing::Fail, _) => Self::Failure,
            (Standing::Possible | Standing::Blind, _) if headline::suspects_fail(document) => {
                Self::Error
            }
            (Standing::Possible | Standing::Blind | Standing::NoSignal, _) => Self::Skipped,
            (_, OutcomeName::New | OutcomeName::Missing | OutcomeName::Incomparable) => {
                Self::Skipped
            }
            (Standing::Quiet | Standing::Better | Standing::Warn, _) => Self::Passed,
        }
    }

    /// A target that only warns passes.
    fn of_target(target: &Target<'_>) -> Self {
        match target.state() {
            TargetState::Failed => Self::Failure,
            TargetState::NotJudged => Self::Skipped,
            TargetState::Warned | TargetState::Met => Self::Passed,
        }
    }
}

/// Nothing but a budget of it fails.
fn is_over_budget_only(entry: &Entry) -> bool {
    let drifted = entry.drift.as_ref().is_some_and(|drift| drift.broken);
    let moved = matches!(entry.outcome, OutcomeName::Regressed | OutcomeName::Missing);
    entry.broken_budget().is_some() && !drifted && !moved
}

pub(super) fn junit(document: &Document) -> String {
    let cases: Vec<(&Entry, Case)> = document
        .comparisons
        .iter()
        .filter(|entry| entry.gated)
        .map(|entry| (entry, Case::of(entry, document)))
        .collect();
    let targets = Targets::of(document).rows;
    let of_targets = targets.iter().map(Case::of_target);
    let all: Vec<Case> = cases
        .iter()
        .map(|(_, case)| *case)
        .chain(of_targets)
        .collect();
    let count = |wanted: Case| all.iter().filter(|case| **case == wanted).count();
    let red = count(Case::Failure) + count(Case::Error) > 0;
    // No series carries a verdict that is about the gate: nothing compared, a baseline required.
    let whole = document.exit_code != 0 && !red;
    let name = document
        .gate
        .as_deref()
        .map_or_else(|| "perfgate".to_owned(), |gate| format!("perfgate {gate}"));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        xml(&name),
        all.len() + usize::from(whole),
        count(Case::Failure),
        count(Case::Error) + usize::from(whole),
        count(Case::Skipped)
    );
    if let Some(partial) = headline::partial(document) {
        let value = xml(&partial);
        let _ = writeln!(
            out,
            "    <properties>\n      <property name=\"partial\" value=\"{value}\"/>\n    </properties>"
        );
    }
    if whole {
        let message = format!(
            "{}. {}",
            headline::headline(document),
            headline::counted(document)
        );
        let _ = writeln!(
            out,
            "    <testcase classname=\"perfgate\" name=\"the gate\">\n      <error message=\"{}\"/>\n    </testcase>",
            xml(&message)
        );
    }
    for (entry, case) in cases {
        testcase(&mut out, entry, case);
    }
    for target in &targets {
        target_case(&mut out, target);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// `svc cpu: at most 80 %`, with its value.
fn target_case(out: &mut String, target: &Target<'_>) {
    let entry = target.entry;
    let series = format!("{} {}", entry.shown_subject(), entry.metric_statistic());
    let name = format!("{}: {}", xml(&series), target.limit().written(xml));
    let said = target.value().written(xml);
    let element = match Case::of_target(target) {
        Case::Failure => format!("<failure message=\"{said}\" type=\"budget\"/>"),
        Case::Skipped => format!("<skipped message=\"{said}\"/>"),
        Case::Passed | Case::Error => format!("<system-out>{said}</system-out>"),
    };
    let _ = writeln!(
        out,
        "    <testcase classname=\"perfgate.targets\" name=\"{name}\">\n      {element}\n    </testcase>"
    );
}

fn testcase(out: &mut String, entry: &Entry, case: Case) {
    let name = xml(&format!(
        "{} {}",
        entry.shown_subject(),
        entry.metric_statistic()
    ));
    let element = match case {
        Case::Passed => {
            let _ = writeln!(
                out,
                "    <testcase classname=\"perfgate\" name=\"{name}\"/>"
            );
            return;
        }
        Case::Skipped => "skipped",
        Case::Failure => "failure",
        Case::Error => "error",
    };
    let why = why::why(entry).written(xml_name);
    let kind = match case {
        Case::Failure | Case::Error => format!(" type=\"{}\"", entry.outcome.as_str()),
        Case::Passed | Case::Skipped => String::new(),
    };
    let _ = writeln!(
        out,
        "    <testcase classname=\"perfgate\" name=\"{name}\">\n      <{element} message=\"{why}\"{kind}/>\n    </testcase>"
    );
}

/// Our own words hold nothing that XML minds, but for the arrow of a rate.
fn xml_name(name: &str) -> String {
    Sentence::default().foreign(name).written(xml)
}
