//! One test case a gated series, for systems that know nothing else. Red there exactly when the exit code is not 0.

use super::entry::Entry;
use crate::compare::OutcomeName;
use crate::verdict::Standing;
use std::fmt::Write;

use super::Document;
use super::headline;
use super::sentence::Sentence;
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
}

pub(super) fn junit(document: &Document) -> String {
    let cases: Vec<(&Entry, Case)> = document
        .comparisons
        .iter()
        .filter(|entry| entry.gated)
        .map(|entry| (entry, Case::of(entry, document)))
        .collect();
    let count = |wanted: Case| cases.iter().filter(|(_, case)| *case == wanted).count();
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
        cases.len() + usize::from(whole),
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
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
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
