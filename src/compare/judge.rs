//! The gate's judgement: every series measured, then all of them decided together.

use super::accepted::{
    accept, acceptances, leave_latency_of_failing_subjects, name_nearest, names_without_series,
    rules_without_series,
};
use super::advice;
use super::budgets::grade;
use super::causes;
use super::comparison::{Cause, Comparison, Drift, Judgement, LeftOut, Outcome, Test};
use super::controls;
use super::drift::{Against, drift};
use super::effect::Typical;
use super::elsewhere::{eased, noise};
use super::layout::Layout;
use super::measured::{Family, MeasuredSeries, measure};
use super::names::OneSided;
use super::observations::Carried;
use super::outcome::{self, Adjusted};
use super::pairs::{Pair, pairs};
use super::policy::{Policy, SeriesRole, Severity, WantedDirection};
use super::question::Question;
use super::readings::values;
use super::rules::{self, Asked, Reach, RulesBySubject};
use super::throughput;
use super::weighed::Look;
use super::workloads::{absent, stranger, workloads};
use crate::model::matching::Machines;
use crate::model::{Anchor, Better, Matching, Role, Run, Series, WorkloadKey};
use crate::stats::{multiplicity, order};

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

/// Judges every series of the two sides, workload by workload. `today` decides which acceptances still hold.
///
/// All workloads share one error allowance. The order of workloads, and of runs inside them, changes nothing.
pub fn judge(sides: &Sides<'_>, policy: &Policy, today: jiff::civil::Date) -> Judgement {
    judge_at(sides, policy, today, Look::ONLY)
}

/// The same at one of several interim looks. The outcomes are those of a gate that looks once; what decides over
/// several looks is in `weighed` of each comparison.
pub fn judge_at(
    sides: &Sides<'_>,
    policy: &Policy,
    today: jiff::civil::Date,
    look: Look,
) -> Judgement {
    let machines = policy.on_other_environment.machines();
    let matching = Matching::of(sides.baseline, sides.current, machines);
    let mut gate = Gate {
        policy,
        by_subject: RulesBySubject::of(policy),
        reached: vec![Reach::default(); policy.rules.len()],
        seen: Vec::new(),
        series: Vec::new(),
        one_sided: Vec::new(),
    };
    let mut anchored = Vec::new();
    let mut in_one_session = Vec::new();
    for (index, matched) in matching.current.iter().enumerate() {
        let layout = Layout::of(matched, sides.interleaved);
        let begin = gate.series.len();
        gate.measure(index, &layout, stranger(matched));
        if let Some(anchor) = sides.anchor {
            let fits = |run: &&Run| {
                let key = WorkloadKey::of(run);
                match machines {
                    Machines::Apart => key.fits(&matched.current.key),
                    Machines::Across | Machines::Alike => key.anywhere().fits(&matched.current.key),
                }
            };
            let runs: Vec<Run> = anchor.runs.iter().filter(fits).cloned().collect();
            if !runs.is_empty() {
                anchored.push(Anchored {
                    series: begin..gate.series.len(),
                    anchor: Anchor {
                        runs,
                        ..anchor.clone()
                    },
                    spans_sessions: layout.base_spans_sessions,
                });
            }
        }
        gate.one_sided.push(OneSided::of(&layout));
        in_one_session.push(layout.one_session);
    }
    let typical = settle(&mut gate.series);
    measure_drift(&mut gate.series, &anchored, typical);
    gate.series
        .sort_by(|a, b| a.series.cmp(&b.series).then(a.workload.cmp(&b.workload)));
    Judgement {
        workloads: workloads(&matching, &in_one_session),
        absent: absent(&matching),
        anchor_elsewhere: sides
            .anchor
            .filter(|_| anchored.is_empty() && !matching.current.is_empty())
            .map(|anchor| anchor.label.clone()),
        ..gate.decide(today, look, &in_one_session)
    }
}

/// All series of all workloads, on their way to one judgement.
struct Gate<'a> {
    policy: &'a Policy,
    by_subject: RulesBySubject<'a>,
    reached: Vec<Reach>,
    seen: Vec<Series>,
    series: Vec<JudgedSeries>,
    /// One for each workload.
    one_sided: Vec<OneSided<'a>>,
}

impl Gate<'_> {
    fn measure(&mut self, workload: usize, layout: &Layout<'_>, stranger: Option<Cause>) {
        let assumed_between = super::between::assumed(layout, self.policy.judging_machine);
        let mut pairs = pairs(layout);
        throughput::choose(&mut pairs);
        for pair in pairs {
            let of_single_names = pair.percentiles_of_single_names();
            let statistics = pair.statistics().into_iter();
            let (tools_direction, unit) = pair.direction_and_unit();
            for statistic in statistics.chain(of_single_names.clone()) {
                // Where no rule can ask for more, most numbers are neither judged nor shown.
                if !self.policy.names_series() && !rules::shown(pair.metric.as_str(), statistic) {
                    continue;
                }
                let mut key = Series {
                    subject: pair.subject.clone(),
                    metric: pair.metric.clone(),
                    statistic,
                    unit: unit.clone(),
                    better: tools_direction,
                };
                let (mut asked, is_covariate) = self.ask(&key, &pair);
                let unknown = of_single_names.contains(&statistic);
                // The mean is judged in their place, so that nobody waits for them but who asks.
                asked.gated &= !unknown || asked.named;
                if !is_covariate {
                    self.seen.push(key.clone());
                }
                if asked.hidden || !is_covariate && !policy_wants(self.policy, &key) {
                    continue;
                }
                let wanted = asked.limits.better;
                let better = wanted.and_then(WantedDirection::better);
                key.better = better.unwrap_or(key.better);
                let direction_of_limits = key.better;
                let both_ways = wanted == Some(WantedDirection::Both);
                if both_ways {
                    key.better = away_from_where_it_went(&pair, &key);
                }
                let question = Question {
                    series: &key,
                    pair: &pair,
                    layout,
                    limits: &asked.limits,
                    assumed_between,
                };
                let mut measured = match &stranger {
                    Some(cause) => MeasuredSeries::apart(&question, cause.clone()),
                    None if unknown => MeasuredSeries::apart(&question, Cause::OfSingleNames),
                    None => measure(&question),
                };
                measured.both_ways = both_ways;
                let shown_for_its_total = pair.judged_as == Some(Role::Fixed);
                asked.gated |= shown_for_its_total
                    && asked.limits.severity != Severity::Off
                    && asked.limits.role == SeriesRole::Subject
                    && measured.fell_to_nothing();
                let across = (!layout.elsewhere.is_empty()).then(|| noise(&key, &pair, layout));
                self.series.push(JudgedSeries {
                    series: key,
                    direction_of_limits,
                    asked,
                    measured,
                    across,
                    left_out: pair.left_out.clone(),
                    workload,
                    is_covariate,
                });
            }
        }
    }

    /// What is asked of a series, and whether it is there to explain others alone: no rule is of use by it, and none
    /// says how much it may move.
    fn ask(&mut self, key: &Series, pair: &Pair<'_>) -> (Asked, bool) {
        if pair.role() == Role::Covariate {
            let mut unheard = vec![Reach::default(); self.reached.len()];
            let mut asked = rules::ask(&self.by_subject, key, pair, &mut unheard);
            if !asked.named {
                asked.limits = causes::limits(key);
                asked.gated = false;
                return (asked, true);
            }
        }
        let asked = rules::ask(&self.by_subject, key, pair, &mut self.reached);
        (asked, false)
    }
}

/// Whether the series is one of those that were named, where some were.
fn policy_wants(policy: &Policy, series: &Series) -> bool {
    let name = || series.to_string();
    policy.only.is_empty() || policy.only.contains(&name())
}

/// Where a series is to stay where it is, the direction in which it went is worse.
fn away_from_where_it_went(pair: &Pair<'_>, series: &Series) -> Better {
    let middle = |side| order::median(&values(side, series));
    match (middle(&pair.base), middle(&pair.current)) {
        (Some(base), Some(current)) if current < base => Better::Higher,
        _ => Better::Lower,
    }
}

/// The effect of every series, with what the gated ones together say that a session or a launch adds. What is typical of
/// times is handed back.
fn settle(series: &mut [JudgedSeries]) -> Typical {
    let typical = |family: Family| {
        let gated = series.iter().filter(|judged| judged.gated());
        let learned: Vec<Typical> = gated.map(|j| j.measured.learned(family)).collect();
        let median = |of: fn(&Typical) -> Option<f64>| {
            order::median(&learned.iter().filter_map(of).collect::<Vec<f64>>())
        };
        Typical {
            session: median(|one| one.session),
            launch: median(|one| one.launch),
        }
    };
    let (times, errors) = (typical(Family::Times), typical(Family::Errors));
    for judged in series {
        judged.measured.settle(|family| match family {
            Family::Times => times,
            Family::Errors => errors,
        });
    }
    times
}

/// The series of one workload, with the runs of the anchor that are of its work.
struct Anchored {
    series: std::ops::Range<usize>,
    anchor: Anchor,
    spans_sessions: bool,
}

/// Holds every compared series against the anchor's budget. The tests of all workloads share one error allowance.
fn measure_drift(all: &mut [JudgedSeries], anchored: &[Anchored], typical: Typical) {
    let tested = |judged: &JudgedSeries| judged.gated() && judged.measured.log_levels().is_some();
    let of_workloads = anchored
        .iter()
        .filter_map(|one| all.get(one.series.clone()));
    let family = of_workloads
        .flatten()
        .filter(|judged| tested(judged))
        .count();
    for one in anchored {
        let against = Against {
            anchor: &one.anchor,
            spans_sessions: one.spans_sessions,
            level: outcome::level(family),
            typical,
        };
        for judged in all.get_mut(one.series.clone()).into_iter().flatten() {
            let found = drift(&judged.series, &judged.measured, &against);
            let gated = judged.gated();
            judged.measured.drift = found.map(|drift| Drift {
                broken: drift.broken && gated,
                ..drift
            });
        }
    }
}

/// A series on its way from measured to decided.
pub(super) struct JudgedSeries {
    pub series: Series,
    /// On which side of a budget it has to be, whichever way it went.
    pub direction_of_limits: Better,
    pub asked: Asked,
    pub measured: MeasuredSeries,
    /// How far machines differ, where the sides come from different ones.
    pub across: Option<f64>,
    pub left_out: Vec<LeftOut>,
    pub workload: usize,
    /// A covariate: it helps to explain other series and is not judged itself.
    pub is_covariate: bool,
}

impl JudgedSeries {
    fn gated(&self) -> bool {
        self.asked.gated && !matches!(self.measured.carried, Carried::Never(_))
    }
}

impl Gate<'_> {
    fn decide(self, today: jiff::civil::Date, look: Look, in_one_session: &[bool]) -> Judgement {
        let Self {
            policy,
            reached,
            seen,
            by_subject: _,
            series: all,
            one_sided,
        } = self;
        let (covariates, all): (Vec<JudgedSeries>, Vec<JudgedSeries>) =
            all.into_iter().partition(|judged| judged.is_covariate);
        // The family: what is gated and was tested. What another machine measured is never certain, and shares in
        // no allowance.
        let tested =
            |j: &JudgedSeries| j.gated() && j.across.is_none() && j.measured.chances().is_some();
        let chances: Vec<Adjusted> = all
            .iter()
            .filter(|j| tested(j))
            .filter_map(|j| j.measured.chances())
            .collect();
        let family = chances.len();
        let worse = multiplicity::holm(&chances.iter().map(|c| c.worse).collect::<Vec<_>>());
        let better = multiplicity::holm(&chances.iter().map(|c| c.better).collect::<Vec<_>>());
        let mut adjusted = worse.into_iter().zip(better);
        let mut used = vec![false; policy.acceptances.len()];
        let mut comparisons: Vec<Comparison> = Vec::with_capacity(all.len());
        let none = OneSided::default();
        for judged in all {
            let own = judged.measured.chances();
            let adjusted = if tested(&judged) {
                adjusted
                    .next()
                    .map(|(worse, better)| Adjusted { worse, better })
            } else {
                own
            };
            let one_sided = one_sided.get(judged.workload).unwrap_or(&none);
            let comparison = conclude(judged, adjusted, (family, look), one_sided);
            comparisons.push(comparison);
        }
        controls::apply(&mut comparisons, in_one_session);
        for comparison in &mut comparisons {
            accept(comparison, policy, today, &mut used);
        }
        if look == Look::ONLY {
            leave_latency_of_failing_subjects(&mut comparisons);
        }
        let (unmatched, unused) = acceptances(policy, today, &used, &seen);
        let (mut unmatched, unused) = match policy.only.is_empty() {
            true => {
                let rules = rules_without_series(policy, &reached);
                (unmatched.into_iter().chain(rules).collect(), unused)
            }
            // Rules and acceptances of other series have nothing to do.
            false => (
                names_without_series(policy, &seen).collect::<Vec<_>>(),
                Vec::new(),
            ),
        };
        name_nearest(&mut unmatched, &seen);
        Judgement {
            refused_controls: controls::refused(&comparisons),
            comparisons,
            covariates: explained(covariates, look),
            family,
            unmatched,
            unused,
            unfit: rules::unfit(policy, reached),
            ..Judgement::default()
        }
    }
}

/// All covariates, decided together and apart from the gate.
fn explained(covariates: Vec<JudgedSeries>, look: Look) -> Vec<Comparison> {
    let own = |judged: &JudgedSeries| judged.measured.chances();
    let chances: Vec<Adjusted> = covariates.iter().filter_map(own).collect();
    let worse = multiplicity::holm(&chances.iter().map(|c| c.worse).collect::<Vec<_>>());
    let better = multiplicity::holm(&chances.iter().map(|c| c.better).collect::<Vec<_>>());
    let mut adjusted = worse.into_iter().zip(better);
    let family = chances.len();
    let none = OneSided::default();
    covariates
        .into_iter()
        .map(|judged| {
            let tested = judged.measured.chances().and_then(|_| adjusted.next());
            let adjusted = tested.map(|(worse, better)| Adjusted { worse, better });
            conclude(judged, adjusted, (family, look), &none)
        })
        .collect()
}

fn conclude(
    judged: JudgedSeries,
    adjusted: Option<Adjusted>,
    (family, look): (usize, Look),
    one_sided: &OneSided<'_>,
) -> Comparison {
    let gated = judged.gated();
    let weighed = if gated && judged.across.is_none() {
        let stakes = (look.family.unwrap_or(family), look.doubt);
        let limits = &judged.asked.limits;
        judged.measured.weighed(&judged.series, limits, stakes)
    } else {
        None
    };
    let JudgedSeries {
        series,
        direction_of_limits,
        asked,
        measured,
        across,
        left_out,
        workload,
        is_covariate: _,
    } = judged;
    let decision = measured.decide(&series, &asked.limits, adjusted, family);
    let decision = match across {
        Some(noise) => eased(
            decision,
            measured.shift(&series),
            noise,
            asked.limits.max_regression.ln_1p(),
        ),
        None => decision,
    };
    let cause = match decision.cause {
        Some(Cause::Vanished { .. }) => Some(Cause::Vanished {
            renamed_to: one_sided.renamed_to(&series.subject),
        }),
        Some(Cause::Appeared { .. }) => Some(Cause::Appeared {
            renamed_from: one_sided.renamed_from(&series.subject),
        }),
        other => other,
    };
    let now = measured.current.as_ref().filter(|_| measured.carries_now);
    let now = now.map(|side| side.value);
    let budgets = match asked.gated {
        true => asked
            .limits
            .budgets
            .check(&series, direction_of_limits, now),
        false => Vec::new(),
    };
    let grade = now.and_then(|value| {
        let grades = &asked.limits.grades;
        grade(grades, &series.unit, direction_of_limits, value)
    });
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
    let (runs_needed, one_session_needed) = advice::in_words(decision.needed);
    let mut limits = asked.limits;
    limits.min_delta = limits
        .min_delta
        .or_else(|| measured.absolute_limit(&series));
    Comparison {
        gated,
        outcome: decision.outcome,
        severity: if gated {
            limits.severity
        } else {
            Severity::Off
        },
        change: measured.change(&series),
        test,
        weighed,
        method: measured.method(),
        detectable: decision.detectable,
        runs_needed,
        one_session_needed,
        control: None,
        budgets,
        grade,
        drift: measured.drift.clone(),
        accepted: None,
        cause,
        assumed: measured.assumed(),
        left_out,
        workload,
        baseline: measured.baseline,
        current: measured.current,
        limits,
        series,
    }
}
