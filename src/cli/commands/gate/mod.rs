//! One judgement, for every command that needs one: choose the comparable runs, judge them, fold the verdict.
//! `conclude` makes a document of it and brings that to everywhere it was asked for.

pub(crate) mod conclude;
pub(crate) mod document;

use std::borrow::Cow;
use std::ptr;

use anyhow::anyhow;

use crate::cli::env::today;
use crate::cli::settings::Settings;
use crate::compare::{self, Judgement, OnOtherEnvironment, Policy, Sides, UnmatchedRule};
use crate::hint::WithHint;
use crate::model::{Baseline, Matching, Partner, Run};
use crate::verdict::{Situation, Verdict};

/// What is judged.
pub(crate) struct Gate<'a, 'b> {
    pub(crate) settings: &'a Settings,
    pub(crate) current: &'a [Run],
    /// `None` where there is no baseline yet.
    pub(crate) baseline: Option<&'b Baseline>,
}

/// What came of it.
pub(crate) struct Judged<'b> {
    pub(crate) verdict: Verdict,
    /// The runs of the baseline that are of the work that was judged, workload by workload, oldest first.
    pub(crate) baseline: Cow<'b, [Run]>,
}

impl<'b> Gate<'_, 'b> {
    pub(crate) fn judge(&self) -> Judged<'b> {
        let policy = &self.settings.policy;
        let baseline: &'b [Run] = self.baseline.map_or(&[], |baseline| &baseline.runs);
        Judged {
            verdict: verdict(&self.sides(self.current), policy),
            baseline: of_the_same_work(baseline, self.current, policy.on_other_environment),
        }
    }

    /// The baseline against these runs.
    pub(crate) fn sides<'s>(&'s self, current: &'s [Run]) -> Sides<'s> {
        Sides {
            baseline: self.baseline.map_or(&[], |baseline| &baseline.runs),
            current,
            anchor: self.baseline.and_then(|baseline| baseline.anchor.as_ref()),
            interleaved: self.settings.interleaved,
        }
    }
}

/// The verdict of today.
pub(crate) fn verdict(sides: &Sides<'_>, policy: &Policy) -> Verdict {
    verdict_of(compare::judge(sides, policy, today()), policy)
}

/// That of a judgement, whatever it was made by.
pub(crate) fn verdict_of(judgement: Judgement, policy: &Policy) -> Verdict {
    let situation = if judgement.has_no_baseline() {
        Situation::NoBaseline
    } else {
        Situation::Compared
    };
    Verdict::of(judgement, policy, situation)
}

fn of_the_same_work<'b>(
    baseline: &'b [Run],
    current: &[Run],
    on_other_environment: OnOtherEnvironment,
) -> Cow<'b, [Run]> {
    let matching = Matching::of(baseline, current, on_other_environment.machines());
    let mut runs: Vec<&Run> = Vec::new();
    for matched in matching.current {
        match matched.partner {
            Partner::Found { baseline, .. } => runs.extend(baseline.runs()),
            Partner::Elsewhere { known } => {
                runs.extend(known.iter().rev().take(1).flat_map(|w| w.runs()));
            }
            Partner::None(_) => {}
        }
    }
    // Mostly it is all of them as they are, and a run may hold thousands of benchmarks.
    let is_all = runs.len() == baseline.len()
        && runs
            .iter()
            .zip(baseline)
            .all(|(one, other)| ptr::eq(*one, other));
    if is_all {
        Cow::Borrowed(baseline)
    } else {
        Cow::Owned(runs.into_iter().cloned().collect())
    }
}

/// A rule that matches nothing gates nothing, and nobody would notice.
pub(crate) fn refuse_unmatched(judgement: &Judgement) -> anyhow::Result<()> {
    refuse_controls(judgement)?;
    let Some(first) = judgement.unmatched.first() else {
        return Ok(());
    };
    const SHOWN: usize = 10;
    let named = judgement.unmatched.iter().take(SHOWN).map(unmatched);
    let mut all: Vec<String> = named.collect();
    let more = judgement.unmatched.len().saturating_sub(SHOWN);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    let hint = match &first.nearest {
        Some(nearest) => format!("the nearest series is `{nearest}`"),
        None => "`perfgate inspect RESULT` lists the series".to_owned(),
    };
    Err(anyhow!("{}", all.join("; "))).hint(hint)
}

/// A limit in a unit that does not fit gates nothing, and nobody would notice.
pub(crate) fn refuse_unfit(judgement: &Judgement) -> anyhow::Result<()> {
    let Some(unfit) = judgement.unfit.first() else {
        return Ok(());
    };
    let (from, key, series) = (&unfit.from, unfit.key, &unfit.series);
    let measured = match unfit.series_unit.as_str() {
        "" => "has no unit".to_owned(),
        unit => format!("is measured in `{unit}`"),
    };
    Err(anyhow!(
        "{from}: this `{key}` is in `{}`, and `{series}` {measured}",
        unfit.unit
    ))
    .hint("write it in a unit of the series, or name the series it is for by `subject` and `metric`; `perfgate inspect RESULT` shows the units")
}

/// An endpoint of the service under test moves with the code, and would hide what it is to tell.
fn refuse_controls(judgement: &Judgement) -> anyhow::Result<()> {
    let Some(refused) = judgement.refused_controls.first() else {
        return Ok(());
    };
    let (from, series) = (&refused.from, &refused.series);
    Err(anyhow!(
        "{from}: `{series}` is no control: it is measured of the service that is judged"
    ))
    .hint("a control shares no process with the code under test: a fixed computation, or another program")
}

pub(crate) fn unmatched(rule: &UnmatchedRule) -> String {
    let (from, kind, pattern) = (&rule.from, rule.kind, &rule.pattern);
    if kind == "series" {
        return format!("{from}: there is no series `{pattern}`");
    }
    format!("{from}: [[{kind}]] `{pattern}` matches no series")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Origin;
    use crate::hint;

    #[test]
    fn every_rule_that_matches_nothing_is_named_with_its_line_and_the_nearest_series() {
        let rule = |line: u32, nearest: Option<&str>| UnmatchedRule {
            from: Origin::new(format!("perfgate.toml:{line}")),
            pattern: "GET /serch latency.p95".to_owned(),
            nearest: nearest.map(str::to_owned),
            kind: "rule",
        };
        let judgement = Judgement {
            unmatched: vec![rule(14, Some("GET /search latency.p95")), rule(20, None)],
            ..Judgement::default()
        };
        let error = refuse_unmatched(&judgement).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("perfgate.toml:14: [[rule]]"), "{text}");
        assert!(text.contains("perfgate.toml:20"), "{text}");
        let nearest = "the nearest series is `GET /search latency.p95`";
        assert_eq!(hint::of(&error), Some(nearest));
        assert!(refuse_unmatched(&Judgement::default()).is_ok());
    }
}
