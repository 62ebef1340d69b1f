//! The sentences about workloads: why some were not judged, and what a reader should know of the others.

use super::because::changed;
use super::document::Document;
use super::entry::Entry;
use super::sentence::Sentence;
use super::units::plural;
use super::workload::{Known, State, Workload};
use crate::compare::Cause;
use crate::model::Difference;

/// More terms than this do not fit a headline.
const TERMS_IN_HEADLINE: usize = 2;
/// A machine whose kinds are more than this is told by the first few.
const MACHINES_NAMED: usize = 5;

/// The workloads that the baseline does not hold.
pub(super) fn workloads(document: &Document) -> impl Iterator<Item = &Workload> {
    document.workloads.iter().filter(|w| !w.is_judged())
}

/// Its reason is that of its workload, which is told once.
pub(super) fn is_of_one(entry: &Entry) -> bool {
    matches!(
        entry.cause,
        Some(
            Cause::WorkloadsDiffer { .. }
                | Cause::WorkloadUnclear { .. }
                | Cause::EnvironmentsDiffer { .. }
                | Cause::ToolsDiffer { .. }
                | Cause::ScenariosDiffer { .. }
        )
    )
}

/// Why workloads were not judged, in words of ours alone: `not judged: this change alters the load (`rate` 200/s → 400/s)`.
pub(super) fn headline(document: &Document) -> Option<String> {
    let all: Vec<&Workload> = workloads(document).collect();
    let first = all.first()?;
    let among = document.workloads.len() > all.len();
    let alike = |state| all.iter().all(|w| w.state == state);
    let many = plural(all.len(), "workload", "workloads");
    Some(if alike(State::OtherLoad) {
        let what = if among {
            format!("{many} not judged")
        } else {
            "not judged".to_owned()
        };
        format!("{what}: this change alters the load{}", terms(first))
    } else if among {
        format!("{many} without a baseline")
    } else if alike(State::OtherEnvironment) {
        "no baseline for this environment".to_owned()
    } else if alike(State::SeveralFit) || alike(State::Contested) {
        "not judged: it is not clear which workload of the baseline this is".to_owned()
    } else if alike(State::Unknown) {
        "no baseline for this workload".to_owned()
    } else {
        "no baseline yet".to_owned()
    })
}

/// ` (`rate` 200/s → 400/s)`, where all of it can do no harm.
fn terms(workload: &Workload) -> String {
    // A number and a unit: `200/s`, `30 s`, `1.5MiB`. Anything longer could be a sentence of the document's author.
    let harmless = |text: &str| {
        let number = text.trim_start_matches(|c: char| c.is_ascii_digit() || ".,".contains(c));
        let unit = number.strip_prefix(' ').unwrap_or(number);
        number.len() < text.len()
            && text.starts_with(|c: char| c.is_ascii_digit())
            && text.len() <= 16
            && unit.len() <= 5
            && unit
                .chars()
                .all(|c| c.is_ascii_alphabetic() || "/%".contains(c))
    };
    let name_is = |text: &str| {
        !text.is_empty()
            && text.len() <= 40
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ')
    };
    let mut shown = Vec::new();
    for difference in &workload.differences {
        match difference {
            Difference::Term { name, before, now }
                if name_is(name) && harmless(before) && harmless(now) =>
            {
                shown.push(format!("`{name}` {before} → {now}"));
            }
            Difference::Inputs => shown.push("the inputs of its source".to_owned()),
            _ => return String::new(),
        }
    }
    match shown.len() {
        0 => String::new(),
        n if n > TERMS_IN_HEADLINE => {
            shown.truncate(TERMS_IN_HEADLINE);
            format!(" ({} and {} more)", shown.join(", "), n - TERMS_IN_HEADLINE)
        }
        _ => format!(" ({})", shown.join(", ")),
    }
}

/// One sentence for each workload that was not judged: why, and what to do about it.
pub(super) fn reasons(document: &Document) -> Vec<Sentence> {
    workloads(document)
        .filter_map(|workload| {
            let why = reason(workload)?;
            Some(if document.workloads.len() > 1 {
                Sentence::default()
                    .foreign(&workload.name)
                    .own(": ")
                    .then(why)
            } else {
                why
            })
        })
        .collect()
}

/// The same in one line each, for a log.
pub fn plainly(document: &Document) -> Vec<String> {
    reasons(document).iter().map(Sentence::terminal).collect()
}

const RENEW: &str =
    "on the base branch, measure this load and add it with `perfgate baseline update`";

fn reason(workload: &Workload) -> Option<Sentence> {
    let differences = || Sentence::join(workload.differences.iter().map(changed), "; ");
    let named = || {
        let names = workload.known.iter().take(MACHINES_NAMED);
        let named = names.map(|known| Sentence::default().foreign(&known.name));
        let more = workload.known.len().saturating_sub(MACHINES_NAMED);
        let named = Sentence::join(named, ", ");
        if more > 0 {
            named.own(format!(" and {more} more"))
        } else {
            named
        }
    };
    Some(match workload.state {
        State::Compared | State::ComparedElsewhere | State::NoBaseline => return None,
        State::OtherLoad => Sentence::new("not comparable: ")
            .then(differences())
            .own(". To renew the baseline: ")
            .own(RENEW)
            .own("."),
        State::Unknown if workload.differences.is_empty() => {
            Sentence::new("the baseline holds no runs of this workload.")
        }
        State::Unknown => Sentence::new("the baseline holds no runs of this workload: ")
            .then(differences())
            .own("."),
        State::OtherEnvironment => {
            let here = workload.environment.as_deref().unwrap_or("unknown");
            let said = Sentence::new("not measured on this kind of machine yet: it is ")
                .foreign(here)
                .own(", the baseline knows ")
                .then(named());
            let said = match told_apart(&workload.known) {
                Some(parts) => said.own(format!(" (only the {parts} differs)")),
                None => said,
            };
            said.own(". Ways out: `perfgate baseline update` on the base branch collects each machine that it meets; `--environment NAME` names machines alike; `on_other_environment = \"warn\"` compares all the same, with at least 25 % of noise.")
        }
        State::SeveralFit => Sentence::new(
            "several workloads of the baseline fit, and the results do not say which they are: ",
        )
        .then(named())
        .own(". Name the source with `--source NAME`, or `name` in its `[[source]]`."),
        State::Contested => Sentence::new(
            "several workloads of the current results fit the one of the baseline, which does not say which it is: ",
        )
        .then(named())
        .own(". To renew the baseline: ")
        .own(RENEW)
        .own("."),
    })
}

/// The name of a part in words of ours where it is one that we know; a stored document can hold any text.
fn part_of_the_work(name: &str) -> Sentence {
    use crate::model::workload::KeyPart;
    let parts = [
        KeyPart::Source,
        KeyPart::Tool,
        KeyPart::Scenario,
        KeyPart::Inputs,
        KeyPart::Load,
        KeyPart::Environment,
    ];
    let own = parts
        .iter()
        .map(ToString::to_string)
        .find(|own| own == name);
    match own {
        Some(own) => Sentence::new(own),
        None => Sentence::default().foreign(name),
    }
}

/// The one part in which each known machine differs from this one.
fn told_apart(known: &[Known]) -> Option<&'static str> {
    const PARTS: [&str; 5] = [
        "system",
        "architecture",
        "CPU model",
        "number of cores",
        "name",
    ];
    let [first, ..] = known else { return None };
    let [part] = first.differs.as_slice() else {
        return None;
    };
    let alike = known.iter().all(|machine| machine.differs == first.differs);
    PARTS
        .into_iter()
        .find(|own| own == part && alike && part != "name")
}

/// What a reader should know of the workloads that were judged, and of those that are not there.
pub(super) fn remarks(document: &Document) -> Vec<Sentence> {
    let mut remarks = Vec::new();
    let several = document.workloads.len() > 1;
    for workload in document.workloads.iter().filter(|w| w.is_judged()) {
        let of = |sentence: Sentence| {
            if several {
                Sentence::default()
                    .foreign(&workload.name)
                    .own(": ")
                    .then(sentence)
            } else {
                sentence
            }
        };
        if workload.state == State::ComparedElsewhere {
            let here = workload.environment.as_deref().unwrap_or("an unknown one");
            let there = workload.known.first();
            let there = there.map_or("an unknown one", |known| known.name.as_str());
            remarks.push(of(Sentence::new(
                "compared across environments: the baseline was measured on ",
            )
            .foreign(there)
            .own(", the current results on ")
            .foreign(here)
            .own("; a regression is at most possible")));
        }
        let machine = workload.lacking.iter().any(|part| part == "the machine");
        if machine {
            remarks.push(of(Sentence::new(
                "not both sides say where they were measured; they are taken as one machine",
            )));
        }
        let parts: Vec<&str> = workload
            .lacking
            .iter()
            .map(String::as_str)
            .filter(|part| *part != "the machine")
            .collect();
        if !parts.is_empty() {
            remarks.push(of(Sentence::join(
                parts.into_iter().map(part_of_the_work),
                ", ",
            )
            .own(" is said by one side only; both are taken as the same work, because nothing else fits, and the next `perfgate baseline update` writes it down")));
        }
        if workload.repeated > 0 {
            remarks.push(of(Sentence::new(format!(
                "{} also in the baseline: comparing a run with itself says nothing",
                plural(workload.repeated, "current run is", "current runs are")
            ))));
        }
    }
    remarks.extend(document.absent.iter().map(|name| {
        Sentence::default()
            .foreign(name)
            .own(" of the baseline has no current results, and was not judged")
    }));
    remarks
}
