//! Names that hold ids, for the commands: what is decided by `model::names`, told to people.

use std::collections::BTreeMap;

use anyhow::anyhow;

use crate::cli::settings::config::SubjectRule;
use crate::compare::Origin;
use crate::hint::WithHint;
use crate::model::names::{self, Ids, Merged, NameRules, Settled, Shares, Sides};
use crate::model::{Baseline, Run, Subject};
use crate::toml_file::nearest;

/// More than this would bury the verdict.
const MOST_ENDPOINTS: usize = 5;

/// What the settings say of names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    rules: NameRules,
    from: Vec<Origin>,
}

impl Names {
    /// Whether names are put together by the same rules.
    pub(crate) fn ask_like(&self, other: &Self) -> bool {
        (self.rules.ids, &self.rules.by_hand) == (other.rules.ids, &other.rules.by_hand)
    }

    /// `literal` are the subjects of rules and acceptances, as they were written.
    pub(crate) fn new<'l>(
        ids: Ids,
        by_hand: &[SubjectRule],
        literal: impl Iterator<Item = &'l str>,
    ) -> Self {
        let literal = literal.filter(|name| !name.contains('*'));
        Self {
            rules: NameRules {
                ids,
                by_hand: by_hand.iter().map(|one| one.rule.clone()).collect(),
                literal: literal.map(str::to_owned).collect(),
            },
            from: by_hand.iter().map(|one| one.from.clone()).collect(),
        }
    }

    /// Names both sides of a comparison; says what was put together.
    pub(crate) fn settle(
        &self,
        baseline: Option<&mut Baseline>,
        current: &mut [Run],
    ) -> anyhow::Result<Vec<String>> {
        let settled = self.settled(baseline, current, Shares::OfBaseline);
        self.refuse_unmatched(&settled)?;
        Ok(notes(&settled))
    }

    /// Names one set of results by itself.
    pub(crate) fn settle_alone<'r>(&self, runs: impl Iterator<Item = &'r mut Run>) -> Vec<String> {
        let mut sides = Sides {
            current: runs.collect(),
            ..Sides::default()
        };
        notes(&names::settle(&mut sides, &self.rules, Shares::Own))
    }

    /// Names what is to be stored as what is stored is named: all requests count alike, and nothing is left out
    /// because the other side lacks it.
    pub(crate) fn settle_to_store(&self, baseline: &Baseline, new: &mut [Run]) -> ToStore {
        let mut stored = baseline.clone();
        let settled = self.settled(Some(&mut stored), new, Shares::Own);
        ToStore { stored, settled }
    }

    fn settled(
        &self,
        baseline: Option<&mut Baseline>,
        current: &mut [Run],
        shares: Shares,
    ) -> Settled {
        names::settle(&mut sides(baseline, current), &self.rules, shares)
    }

    /// A name by hand that names nothing is a slip, as a rule without series is.
    fn refuse_unmatched(&self, settled: &Settled) -> anyhow::Result<()> {
        let missed = |index: &usize| {
            let (rule, from) = (self.rules.by_hand.get(*index)?, self.from.get(*index)?);
            let pattern = rule.matches.as_str();
            Some((
                pattern,
                format!("{from}: [[subject]] `{pattern}` matches no name"),
            ))
        };
        let missed: Vec<(&str, String)> = settled.unmatched.iter().filter_map(missed).collect();
        let Some((first, _)) = missed.first() else {
            return Ok(());
        };
        let all: Vec<&str> = missed.iter().map(|(_, text)| text.as_str()).collect();
        let seen = settled.seen.iter().map(Subject::as_str);
        let hint = match nearest::near(first, seen) {
            Some(near) => format!("the nearest name is `{near}`"),
            None => "`perfgate inspect --ids keep RESULT` lists the names".to_owned(),
        };
        Err(anyhow!("{}", all.join("; "))).hint(hint)
    }
}

/// A baseline as the runs that come into it are named; the file itself stays as it is.
pub(crate) struct ToStore {
    pub(crate) stored: Baseline,
    settled: Settled,
}

impl ToStore {
    pub(crate) fn notes(&self) -> Vec<String> {
        notes(&self.settled)
    }

    /// Both sides as they are compared.
    pub(crate) fn compared(mut self, new: &[Run]) -> (Baseline, Vec<Run>) {
        let mut new = new.to_vec();
        names::level(&mut sides(Some(&mut self.stored), &mut new), &self.settled);
        (self.stored, new)
    }
}

fn sides<'r>(baseline: Option<&'r mut Baseline>, current: &'r mut [Run]) -> Sides<'r> {
    let mut sides = Sides {
        current: current.iter_mut().collect(),
        ..Sides::default()
    };
    if let Some(baseline) = baseline {
        let anchored = baseline.anchor.iter_mut();
        let anchored = anchored.flat_map(|anchor| &mut anchor.runs);
        sides.baseline = baseline.runs.iter_mut().chain(anchored).collect();
    }
    sides
}

/// The endpoints of most names first.
fn notes(settled: &Settled) -> Vec<String> {
    let together = settled.merged.iter().filter(|(_, one)| one.names > 1);
    let mut together: Vec<(&Subject, &Merged)> = together.collect();
    together.sort_by(|a, b| b.1.names.cmp(&a.1.names).then_with(|| a.0.cmp(b.0)));
    let (told, rest) = split(together, MOST_ENDPOINTS);
    let mut notes: Vec<String> = told
        .iter()
        .map(|(name, one)| format!("`{name}`: {} names put together", one.names))
        .collect();
    if let Some(first) = notes.first_mut() {
        first.push_str(" (`--ids keep` keeps each)");
    }
    if !rest.is_empty() {
        let names: usize = rest.iter().map(|(_, one)| one.names).sum();
        notes.push(format!(
            "{} of {names} names; `perfgate inspect` shows all",
            count(rest.len(), "more endpoint")
        ));
    }
    notes.extend(without_percentiles(settled));
    notes.extend(left_out(settled));
    notes
}

/// One sentence for all endpoints that have lost their percentiles.
fn without_percentiles(settled: &Settled) -> Option<String> {
    let lost = |one: &&Merged| !one.without_percentiles.is_empty();
    let endpoints = settled.merged.values().filter(lost).count();
    let hint = if settled.tools.contains("locust") {
        "; let Locust write `--json`, which can be"
    } else {
        ""
    };
    (endpoints > 0).then(|| {
        format!(
            "percentiles of {} are not judged, only the mean: those of single names cannot be put together{hint}",
            count(endpoints, "endpoint")
        )
    })
}

/// One sentence for each metric that cannot be put together.
fn left_out(settled: &Settled) -> Vec<String> {
    let mut metrics: BTreeMap<&str, usize> = BTreeMap::new();
    let each = settled.merged.values().flat_map(|one| &one.left_out);
    each.for_each(|metric| *metrics.entry(metric).or_default() += 1);
    let told = metrics.into_iter().map(|(metric, endpoints)| {
        let endpoints = count(endpoints, "endpoint");
        format!(
            "`{metric}` of {endpoints} is left out: that of single names cannot be put together"
        )
    });
    told.take(MOST_ENDPOINTS).collect()
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn split<T>(mut all: Vec<T>, most: usize) -> (Vec<T>, Vec<T>) {
    let rest = all.split_off(all.len().min(most));
    (all, rest)
}
