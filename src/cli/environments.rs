//! Which runs of a baseline the current results may be compared with: those of their environment.

use std::collections::BTreeSet;

use anyhow::anyhow;

use super::results::Reference;
use crate::compare::OnOtherEnvironment;
use crate::hint::WithHint;
use crate::model::{Anchor, Run};

/// What is left of a baseline, and what a reader should know about the choice.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Selected {
    pub(super) runs: Vec<Run>,
    pub(super) anchor: Option<Anchor>,
    pub(super) notes: Vec<String>,
}

/// How to choose, and what messages call the two sides.
pub(super) struct Choice<'a> {
    pub(super) on_other: OnOtherEnvironment,
    /// The path of the baseline.
    pub(super) baseline: &'a str,
    /// Whether the other environment can be added to the baseline.
    pub(super) can_update: bool,
}

pub(super) fn select(
    reference: Reference,
    current: &[Run],
    choice: &Choice<'_>,
) -> anyhow::Result<Selected> {
    let here = keys(current);
    if here.len() > 1 && choice.on_other == OnOtherEnvironment::Refuse {
        let shown: Vec<&str> = here.iter().map(String::as_str).collect();
        return Err(anyhow!(
            "the current results come from several environments: {}",
            shown.join("; ")
        ))
        .hint("judge one environment at a time, or name them alike with --environment NAME");
    }
    let there = keys(&reference.runs);
    let mut notes = Vec::new();
    let is_elsewhere = !here.is_empty()
        && !there.is_empty()
        && here.is_disjoint(&there)
        && reference.runs.iter().all(|run| key(run).is_some());
    let allowed = if is_elsewhere {
        let newest = newest_key(&reference.runs);
        if choice.on_other == OnOtherEnvironment::Refuse {
            return refuse(&here, &there, choice);
        }
        if choice.on_other == OnOtherEnvironment::Warn {
            notes.push(format!(
                "compared across environments: the baseline was measured on {}, the current results on {}",
                newest.as_deref().unwrap_or("an unknown one"),
                joined(&here)
            ));
        }
        newest.into_iter().collect()
    } else if here.is_empty() && there.len() > 1 {
        let newest = newest_key(&reference.runs);
        notes.push(format!(
            "the current results do not say where they were measured; compared with {}, the newest of {} environments",
            newest.as_deref().unwrap_or("an unknown one"),
            there.len()
        ));
        newest.into_iter().collect()
    } else if here.is_empty() {
        there.clone()
    } else {
        here.clone()
    };
    let fits = |run: &Run| key(run).is_none_or(|key| allowed.contains(&key));
    let (anchor, lost) = anchor(reference.anchor, &fits);
    notes.extend(lost);
    let runs: Vec<Run> = reference.runs.into_iter().filter(fits).collect();
    if there.len() <= 1 && here.is_empty() != keys(&runs).is_empty() {
        let silent = if here.is_empty() {
            "the current results do not"
        } else {
            "the baseline does not"
        };
        notes.push(format!(
            "{silent} say where they were measured; taken as comparable"
        ));
    }
    if runs.is_empty() {
        notes.clear();
    }
    Ok(Selected {
        runs,
        anchor,
        notes,
    })
}

fn refuse(
    here: &BTreeSet<String>,
    there: &BTreeSet<String>,
    choice: &Choice<'_>,
) -> anyhow::Result<Selected> {
    let (baseline, here, there) = (choice.baseline, joined(here), joined(there));
    let update = if choice.can_update {
        format!(
            "measure the baseline there with `perfgate baseline update --baseline {baseline} RESULT...`, "
        )
    } else {
        String::new()
    };
    let hint = format!(
        "{update}name both alike with `--environment NAME`, or compare all the same with `--on-other-environment warn`"
    );
    Err(anyhow!(
        "compare with {baseline}: it was measured on {there}, the current results on {here}"
    ))
    .hint(hint)
}

fn anchor(anchor: Option<Anchor>, fits: &dyn Fn(&Run) -> bool) -> (Option<Anchor>, Option<String>) {
    let Some(mut anchor) = anchor else {
        return (None, None);
    };
    anchor.runs.retain(|run| fits(run));
    if anchor.runs.is_empty() {
        let note = format!(
            "the anchor {} was measured in another environment; drift is not judged",
            anchor.label
        );
        return (None, Some(note));
    }
    (Some(anchor), None)
}

pub(super) fn key(run: &Run) -> Option<String> {
    run.provenance.environment.key()
}

fn keys(runs: &[Run]) -> BTreeSet<String> {
    runs.iter().filter_map(key).collect()
}

/// Runs are kept oldest first.
fn newest_key(runs: &[Run]) -> Option<String> {
    runs.iter().rev().find_map(key)
}

fn joined(keys: &BTreeSet<String>) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint;

    fn run(key: &str) -> Run {
        let mut run = Run::default();
        run.provenance.environment.key = (!key.is_empty()).then(|| key.to_owned());
        run
    }

    fn selected(
        baseline: &[&str],
        current: &[&str],
        on_other: OnOtherEnvironment,
    ) -> anyhow::Result<Selected> {
        let runs = |keys: &[&str]| keys.iter().map(|key| run(key)).collect::<Vec<_>>();
        let reference = Reference {
            runs: runs(baseline),
            anchor: None,
        };
        let choice = Choice {
            on_other,
            baseline: "main.json",
            can_update: true,
        };
        select(reference, &runs(current), &choice)
    }

    #[test]
    fn only_runs_of_the_same_environment_are_compared() {
        let chosen = selected(&["a", "b", "a"], &["a"], OnOtherEnvironment::Refuse).unwrap();
        assert_eq!(chosen.runs, [run("a"), run("a")]);
        assert!(chosen.notes.is_empty());
    }

    #[test]
    fn another_environment_is_refused_with_both_keys_and_a_way_out() {
        let error = selected(&["a"], &["b"], OnOtherEnvironment::Refuse).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("`a`") && text.contains("`b`"), "{text}");
        let hint = hint::of(&error).unwrap();
        for way in [
            "perfgate baseline update",
            "--environment",
            "--on-other-environment warn",
        ] {
            assert!(hint.contains(way), "{hint}");
        }
    }

    #[test]
    fn another_environment_is_compared_where_asked_with_its_newest_alone() {
        let warned = selected(&["a", "b"], &["c"], OnOtherEnvironment::Warn).unwrap();
        assert_eq!((warned.runs, warned.notes.len()), (vec![run("b")], 1));
        let ignored = selected(&["a"], &["c"], OnOtherEnvironment::Ignore).unwrap();
        assert_eq!((ignored.runs.len(), ignored.notes.len()), (1, 0));
    }

    #[test]
    fn runs_without_an_environment_are_comparable_and_it_is_said() {
        let chosen = selected(&[""], &["a"], OnOtherEnvironment::Refuse).unwrap();
        assert_eq!((chosen.runs.len(), chosen.notes.len()), (1, 1));
        let chosen = selected(&["a"], &[""], OnOtherEnvironment::Refuse).unwrap();
        assert_eq!((chosen.runs.len(), chosen.notes.len()), (1, 1));
        let chosen = selected(&[""], &[""], OnOtherEnvironment::Refuse).unwrap();
        assert!(chosen.notes.is_empty());
    }

    #[test]
    fn several_current_environments_are_not_one_side() {
        assert!(selected(&["a"], &["a", "b"], OnOtherEnvironment::Refuse).is_err());
    }
}
