//! The gate's judgement: every series measured, then all of them decided together.

use std::collections::BTreeSet;

use super::Cause;
use super::comparison::{
    Change, Comparison, Doubt, Judgement, Outcome, Side, Test, UnmatchedRule, UnusedAcceptance,
};
use super::measured::{Measured, Question, measure};
use super::names::{self, OneSided};
use super::observations::Carried;
use super::outcome::Adjusted;
use super::pairs::{Pair, pairs, provenance_mismatch};
use super::policy::{Policy, Severity, selects};
use super::rules::{self, Asked, RulesBySubject};
use super::sittings::Layout;
use crate::model::{Anchor, MetricName, Run, Series, Subject};
use crate::stats::multiplicity;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// Oldest first.
    pub baseline: &'a [Run],
    pub current: &'a [Run],
    pub anchor: Option<&'a Anchor>,
    /// The sides were measured in turns, whatever their sessions say.
    pub interleaved: bool,
}

/// Judges every series of the two sides. `today` decides which acceptances still hold.
pub fn judge(sides: &Sides<'_>, policy: &Policy, today: jiff::civil::Date) -> Judgement {
    let layout = Layout::of(sides.baseline, sides.current, sides.interleaved);
    let mut reached = vec![false; policy.rules.len()];
    let by_subject = RulesBySubject::of(policy);
    let mut seen = Vec::new();
    let mut series = Vec::new();
    let stranger = provenance_mismatch(&layout);
    for pair in pairs(&layout) {
        let of_single_names = pair.percentiles_of_single_names();
        for statistic in pair.statistics().into_iter().chain(of_single_names.clone()) {
            let (tools_direction, unit) = pair.direction_and_unit();
            let mut key = Series {
                subject: pair.subject.clone(),
                metric: pair.metric.clone(),
                statistic,
                unit,
                better: tools_direction,
            };
            let mut asked = rules::ask(&by_subject, &key, &pair, &mut reached);
            let unknown = of_single_names.contains(&statistic);
            // The mean is judged in their place, so that nobody waits for them but who asks.
            asked.gated &= !unknown || asked.named;
            seen.push(key.clone());
            if asked.hidden {
                continue;
            }
            key.better = asked.limits.better.unwrap_or(key.better);
            let question = Question {
                series: &key,
                pair: &pair,
                layout: &layout,
                limits: &asked.limits,
            };
            let measured = match &stranger {
                Some(cause) if !pair.base.is_empty() && !pair.current.is_empty() => {
                    Measured::apart(&question, cause.clone())
                }
                _ if unknown => Measured::apart(&question, Cause::OfSingleNames),
                _ => measure(&question),
            };
            series.push(Judged {
                series: key,
                asked,
                measured,
            });
        }
    }
    if let Some(anchor) = sides.anchor {
        super::drift::measure_all(&mut series, anchor, &layout);
    }
    decide(series, policy, &layout, today, &reached, &seen)
}

/// A series on its way from measured to decided.
pub(super) struct Judged {
    pub series: Series,
    pub asked: Asked,
    pub measured: Measured,
}

impl Judged {
    fn gated(&self) -> bool {
        self.asked.gated && !matches!(self.measured.carried, Carried::Never(_))
    }
}

fn decide(
    all: Vec<Judged>,
    policy: &Policy,
    layout: &Layout<'_>,
    today: jiff::civil::Date,
    reached: &[bool],
    seen: &[Series],
) -> Judgement {
    // The family: what is gated and was tested.
    let tested = |j: &Judged| j.gated() && j.measured.chances().is_some();
    let chances: Vec<Adjusted> = all
        .iter()
        .filter(|j| tested(j))
        .filter_map(|j| j.measured.chances())
        .collect();
    let family = chances.len();
    let worse = multiplicity::holm(&chances.iter().map(|c| c.worse).collect::<Vec<_>>());
    let better = multiplicity::holm(&chances.iter().map(|c| c.better).collect::<Vec<_>>());
    let mut adjusted = worse.into_iter().zip(better);
    let one_sided = OneSided::of(layout);
    let mut used = vec![false; policy.acceptances.len()];
    let mut comparisons: Vec<Comparison> = Vec::with_capacity(all.len());
    for judged in all {
        let own = judged.measured.chances();
        let adjusted = if tested(&judged) {
            adjusted
                .next()
                .map(|(worse, better)| Adjusted { worse, better })
        } else {
            own
        };
        let mut comparison = conclude(judged, adjusted, family, &one_sided);
        accept(&mut comparison, policy, today, &mut used);
        comparisons.push(comparison);
    }
    leave_latency_of_failing_subjects(&mut comparisons);
    let (mut unmatched, unused) = acceptances(policy, today, &used, seen);
    unmatched.extend(rules_without_series(policy, reached));
    name_nearest(&mut unmatched, seen);
    Judgement {
        comparisons,
        family,
        unmatched,
        unused,
    }
}

fn conclude(
    judged: Judged,
    adjusted: Option<Adjusted>,
    family: usize,
    one_sided: &OneSided<'_>,
) -> Comparison {
    let gated = judged.gated();
    let Judged {
        series,
        asked,
        measured,
    } = judged;
    let decision = measured.decide(&series, &asked.limits, adjusted, family);
    let cause = match decision.cause {
        Cause::Vanished { .. } => Cause::Vanished {
            renamed_to: one_sided.renamed_to(&series.subject),
        },
        Cause::Appeared { .. } => Cause::Appeared {
            renamed_from: one_sided.renamed_from(&series.subject),
        },
        other => other,
    };
    let budget = measured
        .current
        .filter(|_| measured.carried == Carried::Enough)
        .and_then(|side| rules::budget(&asked.limits, &series, side.value));
    let better = decision.outcome == Outcome::Improved;
    let test = measured
        .chances()
        .zip(adjusted)
        .map(|(own, adjusted)| Test {
            p: if better { own.better } else { own.worse },
            p_adjusted: if better {
                adjusted.better
            } else {
                adjusted.worse
            },
        });
    Comparison {
        gated,
        outcome: decision.outcome,
        severity: if gated {
            asked.limits.severity
        } else {
            Severity::Off
        },
        baseline: measured.baseline,
        current: measured.current,
        change: measured.change(&series),
        test,
        method: measured.method(),
        detectable: decision.detectable,
        runs_needed: decision.runs_needed,
        budget,
        drift: measured.drift.clone(),
        accepted: None,
        cause,
        assumed: measured.assumed(),
        limits: asked.limits,
        series,
    }
}

/// An accepted regression stays visible and no longer fails, sure or not. An acceptance is needed as long as a series
/// that it covers did worse, or could have.
fn accept(c: &mut Comparison, policy: &Policy, today: jiff::civil::Date, used: &mut [bool]) {
    let possible = c.outcome == Outcome::Inconclusive(Doubt::Suspect);
    let open = matches!(c.outcome, Outcome::Regressed | Outcome::Inconclusive(_));
    if !open || !c.gated {
        return;
    }
    let Some(change) = c.change else { return };
    let worse_by = match c.series.better {
        crate::model::Better::Lower => change.ratio,
        crate::model::Better::Higher => change.ratio.recip(),
    } - 1.0;
    for (index, accepted) in rules::acceptances(policy, &c.series, today) {
        if let Some(slot) = used.get_mut(index) {
            *slot = true;
        }
        let covers = worse_by <= accepted.up_to && c.accepted.is_none();
        if covers && (c.outcome == Outcome::Regressed || possible && worse_by > 0.0) {
            c.accepted = Some(accepted);
            c.severity = c.severity.min(Severity::Warn);
        }
    }
}

/// Where more requests fail than before, the speed of the others says nothing.
fn leave_latency_of_failing_subjects(comparisons: &mut [Comparison]) {
    let failing: BTreeSet<Subject> = comparisons
        .iter()
        .filter(|c| c.gated && c.series.metric.as_str() == MetricName::ERRORS)
        .filter(|c| c.outcome == Outcome::Regressed)
        .map(|c| c.series.subject.clone())
        .collect();
    for c in comparisons
        .iter_mut()
        .filter(|c| failing.contains(&c.series.subject))
    {
        let timed = [MetricName::LATENCY, MetricName::TIME].contains(&c.series.metric.as_str());
        if timed && c.baseline.is_some() && c.current.is_some() {
            c.outcome = Outcome::Incomparable;
            c.cause = Cause::ErrorsRose;
            c.accepted = None;
            c.runs_needed = None;
        }
    }
}

fn acceptances(
    policy: &Policy,
    today: jiff::civil::Date,
    used: &[bool],
    seen: &[Series],
) -> (Vec<UnmatchedRule>, Vec<UnusedAcceptance>) {
    let mut unmatched = Vec::new();
    let mut unused = Vec::new();
    for (acceptance, used) in policy.acceptances.iter().zip(used) {
        let pattern = format!("{} {}", acceptance.subject, acceptance.metric);
        let matches = |s: &Series| selects(&acceptance.subject, &acceptance.metric, s, true);
        if !seen.iter().any(matches) {
            unmatched.push(UnmatchedRule {
                from: acceptance.from.clone(),
                pattern,
                nearest: None,
                kind: "accept",
            });
        } else if !used {
            let expired = acceptance.until < today;
            unused.push(UnusedAcceptance {
                acceptance: acceptance.clone(),
                expired,
            });
        }
    }
    (unmatched, unused)
}

fn rules_without_series<'a>(
    policy: &'a Policy,
    reached: &'a [bool],
) -> impl Iterator<Item = UnmatchedRule> + 'a {
    policy
        .rules
        .iter()
        .zip(reached)
        .filter(|(_, reached)| !**reached)
        .map(|(rule, _)| {
            let pattern = format!("{} {}", rule.subject, rule.metric);
            UnmatchedRule {
                from: rule.from.clone(),
                pattern,
                nearest: None,
                kind: "rule",
            }
        })
}

/// For as many as anybody reads: the search costs the number of series each.
fn name_nearest(unmatched: &mut [UnmatchedRule], seen: &[Series]) {
    const READ: usize = 10;
    if unmatched.is_empty() {
        return;
    }
    let names: Vec<String> = seen.iter().map(ToString::to_string).collect();
    for rule in unmatched.iter_mut().take(READ) {
        rule.nearest = names::nearest(&rule.pattern, names.iter().map(String::as_str));
    }
}

/// Both sides in the unit of the series.
pub(super) fn sides(pair: &Pair<'_>, base: f64, current: f64) -> (Side, Side) {
    let observations = |side: &[&crate::model::Measurement]| {
        side.iter()
            .map(|m| m.evidence.observations())
            .sum::<Option<u64>>()
    };
    (
        Side {
            value: base,
            runs: pair.base.len(),
            observations: observations(&pair.base),
        },
        Side {
            value: current,
            runs: pair.current.len(),
            observations: observations(&pair.current),
        },
    )
}

/// A change in logarithms towards worse, as the ratio of what was measured.
pub(super) fn ratio(series: &Series, shift: (f64, f64, f64), confidence: f64) -> Change {
    let (shift, low, high) = shift;
    let (ratio, low, high) = match series.better {
        crate::model::Better::Lower => (shift.exp(), low.exp(), high.exp()),
        crate::model::Better::Higher => ((-shift).exp(), (-high).exp(), (-low).exp()),
    };
    Change {
        ratio,
        low,
        high,
        confidence,
    }
}
