//! The words of a cause: why an outcome is what it is, where the numbers alone do not tell.

use super::change::amount;
use super::entry::Entry;
use super::sentence::Sentence;
use super::units;
use crate::compare::Cause;
use crate::model::Better;
use crate::model::Difference;

pub(super) fn because(entry: &Entry, cause: &Cause) -> Sentence {
    let between = |words: &'static str, baseline: &str, current: &str| {
        Sentence::new(words)
            .own(": ")
            .foreign(baseline)
            .own(" in the baseline, ")
            .foreign(current)
            .own(" now")
    };
    match cause {
        Cause::BelowMinDelta => match entry.rule.min_delta {
            Some(delta) => Sentence::new("the difference is below ").then(amount(entry, delta)),
            None => Sentence::new("the difference is below the absolute limit"),
        },
        Cause::WithinResolution { step } => Sentence::new("the difference is within the ")
            .then(amount(entry, *step))
            .own(" to which the tool rounds"),
        Cause::TooFewObservations { have, need } => {
            let (statistic, have) = (entry.statistic, units::count(have));
            Sentence::new(if *need == u64::MAX {
                format!("no number of observations carries {statistic}, there are {have}")
            } else {
                let need = units::count(need);
                format!("{statistic} needs {need} observations, there are {have}")
            })
        }
        Cause::OfSingleNames => {
            Sentence::new("known of single names only, which cannot be put together")
        }
        Cause::ErrorsRose => {
            Sentence::new("more of its requests fail than before, so its speed says nothing")
        }
        Cause::ControlMoved { by } => Sentence::new(format!(
            "possible and not certain: the control is {} slower as well",
            units::coarse(*by)
        )),
        Cause::UnitsDiffer { baseline, current } => {
            between("the units differ", baseline.as_str(), current.as_str())
        }
        Cause::DirectionsDiffer { baseline, current } => Sentence::new(format!(
            "the directions differ: {} is better in the baseline, {} now",
            better(*baseline),
            better(*current)
        )),
        Cause::KindsDiffer { baseline, current } => {
            between("the kinds of evidence differ", baseline, current)
        }
        Cause::ToolsDiffer { baseline, current } => between("the tools differ", baseline, current),
        Cause::ScenariosDiffer { baseline, current } => {
            between("the scenarios differ", baseline, current)
        }
        Cause::EnvironmentsDiffer { baseline, current } => {
            between("the environments differ", baseline, current)
        }
        Cause::WorkloadsDiffer { differences } => {
            Sentence::join(differences.iter().map(changed), "; ")
        }
        Cause::WorkloadUnclear {
            workloads,
            of_baseline,
        } => {
            let words = if *of_baseline {
                "several workloads of the baseline fit, and the current runs do not say which they are: "
            } else {
                "several workloads of the current runs fit the one of the baseline, which does not say which it is: "
            };
            let named = workloads
                .iter()
                .map(|name| Sentence::default().foreign(name));
            Sentence::new(words).then(Sentence::join(named, ", "))
        }
        Cause::Vanished { .. } => {
            let what = Sentence::new("in the baseline and not in the current runs");
            Sentence::join([Some(what), renamed(cause)].into_iter().flatten(), "; ")
        }
        Cause::Appeared { .. } => {
            let what = Sentence::new("not in the baseline");
            Sentence::join([Some(what), renamed(cause)].into_iter().flatten(), "; ")
        }
        Cause::Incomplete { present, runs } => {
            Sentence::new(format!("in {present} of {runs} current runs only"))
        }
    }
}

/// `rate` was `200/s`, is `400/s`: what a tool was asked for is a text of its own, and could be a sentence.
pub(super) fn changed(difference: &Difference) -> Sentence {
    let was_is = |what: Sentence, baseline: &str, current: &str| {
        what.own(" was ")
            .foreign(baseline)
            .own(", is ")
            .foreign(current)
    };
    let own = |words: &'static str| Sentence::new(words);
    match difference {
        Difference::Source { before, now } => was_is(own("the source"), before, now),
        Difference::Tool { before, now } => was_is(own("the tool"), before, now),
        Difference::Scenario { before, now } => was_is(own("the scenario"), before, now),
        Difference::Inputs => own("the content of the source's inputs changed"),
        Difference::Term { name, before, now } => {
            was_is(Sentence::default().foreign(name), before, now)
        }
        Difference::Digest => own("the definition of the load changed"),
        Difference::Environment { before, now } => was_is(own("the environment"), before, now),
    }
}

fn better(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower",
        Better::Higher => "higher",
    }
}

/// Under which name it may be on the other side.
fn renamed(cause: &Cause) -> Option<Sentence> {
    let (words, name) = match cause {
        Cause::Vanished { renamed_to } => ("perhaps renamed to ", renamed_to.as_ref()?),
        Cause::Appeared { renamed_from } => ("perhaps renamed from ", renamed_from.as_ref()?),
        _ => return None,
    };
    Some(Sentence::new(words).foreign(name.as_str()))
}

/// What is left to say beside a cell that says `missing` or `new`.
pub(super) fn beside(entry: &Entry, cause: &Cause) -> Option<Sentence> {
    match cause {
        Cause::Vanished { .. } | Cause::Appeared { .. } => renamed(cause),
        _ => Some(because(entry, cause)),
    }
}
