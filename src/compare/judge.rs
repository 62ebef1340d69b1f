//! The gate's judgement: every series measured, then all of them decided together.

use std::collections::BTreeSet;

use super::Cause;
use super::advice;
use super::comparison::{
    Comparison, Doubt, Found, JudgedWorkload, Judgement, LeftOut, Outcome, Test, UnmatchedRule,
    UnusedAcceptance,
};
use super::controls;
use super::effect::Typical;
use super::elsewhere::{eased, noise};
use super::layout::Layout;
use super::measured::{Measured, measure};
use super::names::OneSided;
use super::observations::Carried;
use super::outcome::Adjusted;
use super::pairs::pairs;
use super::policy::{Policy, SeriesRole, Severity, selects};
use super::question::Question;
use super::rules::{self, Asked, RulesBySubject};
use super::throughput;
use super::weighed::Look;
use crate::model::matching::{Machines, NoPartner};
use crate::model::workload::{Difference, Part};
use crate::model::{
    Anchor, Matched, Matching, MetricName, Partner, Role, Run, Series, Subject, WorkloadKey,
};
use crate::stats::{multiplicity, order};
use crate::text::nearest::near_pattern;

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

/// The same at one of several looks. Outcomes are those of a gate that looks once; what decides over several looks is
/// in what was weighed.
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
        reached: vec![false; policy.rules.len()],
        seen: Vec::new(),
        series: Vec::new(),
        one_sided: Vec::new(),
    };
    let mut anchored = sides.anchor.is_none();
    let mut in_one_session = Vec::new();
    for (index, matched) in matching.current.iter().enumerate() {
        let layout = Layout::of(matched, sides.interleaved);
        let begin = gate.series.len();
        gate.measure(index, &layout, stranger(matched));
        if let Some(anchor) = sides.anchor
            && let Some(of_series) = gate.series.get_mut(begin..)
        {
            let fits = |run: &&Run| {
                let key = WorkloadKey::of(run);
                match machines {
                    Machines::Apart => key.fits(&matched.current.key),
                    Machines::Across | Machines::Alike => key.anywhere().fits(&matched.current.key),
                }
            };
            let anchor = Anchor {
                runs: anchor.runs.iter().filter(fits).cloned().collect(),
                ..anchor.clone()
            };
            anchored |= !anchor.runs.is_empty();
            super::drift::measure_all(of_series, &anchor, layout.base_spans_sessions);
        }
        gate.one_sided.push(OneSided::of(&layout));
        in_one_session.push(layout.one_session);
    }
    settle(&mut gate.series);
    gate.series
        .sort_by(|a, b| a.series.cmp(&b.series).then(a.workload.cmp(&b.workload)));
    Judgement {
        workloads: workloads(&matching, &in_one_session),
        absent: absent(&matching),
        anchor_elsewhere: sides
            .anchor
            .filter(|_| !anchored && !matching.current.is_empty())
            .map(|anchor| anchor.label.clone()),
        ..gate.decide(today, look, &in_one_session)
    }
}

/// Why a workload of the current side is compared with nothing, as each of its series says it; `None` where it is
/// compared, or simply new.
fn stranger(matched: &Matched<'_>) -> Option<Cause> {
    let Partner::None(why) = &matched.partner else {
        return None;
    };
    let labels = |keys: &[WorkloadKey]| labels(&keys.iter().collect::<Vec<_>>());
    match why {
        NoPartner::NoBaseline | NoPartner::Unknown => None,
        NoPartner::OtherEnvironment(known) => Some(Cause::EnvironmentsDiffer {
            baseline: known
                .iter()
                .map(|machine| machine.key.as_str())
                .collect::<Vec<_>>()
                .join("; "),
            current: matched.current.key.environment.clone().unwrap_or_default(),
        }),
        NoPartner::OtherLoad(differences) | NoPartner::Differs(differences) => {
            match differences.as_slice() {
                // Another source beside those that the baseline knows is new, and changes nothing.
                all if all.iter().any(|d| matches!(d, Difference::Source { .. })) => None,
                [Difference::Tool { before, now }] => Some(Cause::ToolsDiffer {
                    baseline: before.clone(),
                    current: now.clone(),
                }),
                [Difference::Scenario { before, now }] => Some(Cause::ScenariosDiffer {
                    baseline: before.clone(),
                    current: now.clone(),
                }),
                all => Some(Cause::WorkloadsDiffer {
                    differences: all.to_vec(),
                }),
            }
        }
        NoPartner::SeveralFit(keys) => Some(Cause::WorkloadUnclear {
            workloads: labels(keys),
            of_baseline: true,
        }),
        NoPartner::Contested(keys) => Some(Cause::WorkloadUnclear {
            workloads: labels(keys),
            of_baseline: false,
        }),
    }
}

/// What tells each of some keys from the others.
fn labels(keys: &[&WorkloadKey]) -> Vec<String> {
    keys.iter()
        .map(|key| {
            let others: Vec<&WorkloadKey> =
                keys.iter().filter(|other| *other != key).copied().collect();
            key.label(&others)
        })
        .collect()
}

fn workloads(matching: &Matching<'_>, in_one_session: &[bool]) -> Vec<JudgedWorkload> {
    let keys: Vec<&WorkloadKey> = matching.current.iter().map(|m| &m.current.key).collect();
    matching
        .current
        .iter()
        .zip(labels(&keys))
        .zip(in_one_session)
        .map(|((matched, label), in_one_session)| {
            let found = match &matched.partner {
                Partner::Found { baseline, lacking } => Found::Here {
                    runs: baseline.runs().count(),
                    lacking: lacking_parts(matched, lacking),
                },
                Partner::Elsewhere { known } => Found::Elsewhere {
                    runs: known.last().map_or(0, |newest| newest.runs().count()),
                    environment: known.last().and_then(|w| w.key.environment.clone()),
                },
                Partner::None(why) => Found::No(why.clone()),
            };
            JudgedWorkload {
                key: matched.current.key.clone(),
                label,
                runs: matched.current.runs().count(),
                repeated: repeated(matched),
                in_one_session: *in_one_session,
                found,
            }
        })
        .collect()
}

/// What one of two keys does not say; that neither says where it was measured is worth telling, too.
fn lacking_parts(matched: &Matched<'_>, lacking: &[Part]) -> Vec<Part> {
    let mut parts = lacking.to_vec();
    if matched.current.key.environment.is_none() && !parts.contains(&Part::Environment) {
        parts.push(Part::Environment);
    }
    parts
}

/// Each run of one side is held against each of the other, which for more runs than this would take too long.
const MOST_HELD: usize = 1_000;

/// How many current runs are one of those that they are compared with.
fn repeated(matched: &Matched<'_>) -> usize {
    let Partner::Found { baseline, .. } = &matched.partner else {
        return 0;
    };
    let base = baseline.reference().base;
    if base.len().max(matched.current.runs().count()) > MOST_HELD {
        return 0;
    }
    let is_known = |run: &&Run| base.iter().any(|known| known.is_same_measurement(run));
    matched.current.runs().filter(is_known).count()
}

/// The workloads of the baseline without current results, on the machines of the current runs.
fn absent(matching: &Matching<'_>) -> Vec<String> {
    let here = |key: &WorkloadKey| {
        let mut current = matching.current.iter().map(|m| &m.current.key.environment);
        key.environment.is_none() || current.any(|machine| *machine == key.environment)
    };
    let known: Vec<&WorkloadKey> = matching
        .current
        .iter()
        .map(|m| &m.current.key)
        .chain(matching.left.iter().map(|w| &w.key))
        .filter(|key| here(key))
        .collect();
    matching
        .left
        .iter()
        .map(|w| &w.key)
        .filter(|key| here(key))
        .map(|key| {
            let others: Vec<&WorkloadKey> = known
                .iter()
                .filter(|other| **other != key)
                .copied()
                .collect();
            key.label(&others)
        })
        .collect()
}

/// All series of all workloads, on their way to one judgement.
struct Gate<'a> {
    policy: &'a Policy,
    by_subject: RulesBySubject<'a>,
    reached: Vec<bool>,
    seen: Vec<Series>,
    series: Vec<Judged>,
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
            for statistic in statistics.chain(of_single_names.clone()) {
                let (tools_direction, unit) = pair.direction_and_unit();
                let mut key = Series {
                    subject: pair.subject.clone(),
                    metric: pair.metric.clone(),
                    statistic,
                    unit,
                    better: tools_direction,
                };
                let mut asked = rules::ask(&self.by_subject, &key, &pair, &mut self.reached);
                let unknown = of_single_names.contains(&statistic);
                // The mean is judged in their place, so that nobody waits for them but who asks.
                asked.gated &= !unknown || asked.named;
                self.seen.push(key.clone());
                if asked.hidden {
                    continue;
                }
                key.better = asked.limits.better.unwrap_or(key.better);
                let question = Question {
                    series: &key,
                    pair: &pair,
                    layout,
                    limits: &asked.limits,
                    assumed_between,
                };
                let measured = match &stranger {
                    Some(cause) => Measured::apart(&question, cause.clone()),
                    None if unknown => Measured::apart(&question, Cause::OfSingleNames),
                    None => measure(&question),
                };
                let shown_for_its_total = pair.judged_as == Some(Role::Fixed);
                asked.gated |= shown_for_its_total
                    && asked.limits.severity != Severity::Off
                    && asked.limits.role == SeriesRole::Subject
                    && measured.fell_to_nothing();
                let across = (!layout.elsewhere.is_empty()).then(|| noise(&key, &pair, layout));
                self.series.push(Judged {
                    series: key,
                    asked,
                    measured,
                    across,
                    left_out: pair.left_out.clone(),
                    workload,
                });
            }
        }
    }
}

/// The effect of every series, with what the gated ones together say that a session or a launch adds.
fn settle(series: &mut [Judged]) {
    let median = |learned: fn(&Measured) -> Option<f64>| {
        let gated = series.iter().filter(|judged| judged.gated());
        order::median(
            &gated
                .filter_map(|j| learned(&j.measured))
                .collect::<Vec<f64>>(),
        )
    };
    let typical = Typical {
        session: median(Measured::learned_between),
        launch: median(Measured::learned_launches),
    };
    for judged in series {
        judged.measured.settle(typical);
    }
}

/// A series on its way from measured to decided.
pub(super) struct Judged {
    pub series: Series,
    pub asked: Asked,
    pub measured: Measured,
    /// How far machines differ, where the sides come from different ones.
    pub across: Option<f64>,
    pub left_out: Vec<LeftOut>,
    pub workload: usize,
}

impl Judged {
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
        // The family: what is gated and was tested. What another machine measured is never certain, and shares in
        // no allowance.
        let tested = |j: &Judged| j.gated() && j.across.is_none() && j.measured.chances().is_some();
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
        let (mut unmatched, unused) = acceptances(policy, today, &used, &seen);
        unmatched.extend(rules_without_series(policy, &reached));
        name_nearest(&mut unmatched, &seen);
        Judgement {
            refused_controls: controls::refused(&comparisons),
            comparisons,
            family,
            unmatched,
            unused,
            ..Judgement::default()
        }
    }
}

fn conclude(
    judged: Judged,
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
    let Judged {
        series,
        asked,
        measured,
        across,
        left_out,
        workload,
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
    let budget = measured
        .current
        .as_ref()
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
        budget,
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

/// An accepted regression stays visible and no longer fails, sure or not. An acceptance is needed as long as a series
/// that it covers did worse, or could have.
pub(super) fn accept(
    c: &mut Comparison,
    policy: &Policy,
    today: jiff::civil::Date,
    used: &mut [bool],
) {
    let possible = c.outcome == Outcome::Inconclusive(Doubt::Possible);
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
pub(super) fn leave_latency_of_failing_subjects(comparisons: &mut [Comparison]) {
    let failing: BTreeSet<(usize, Subject)> = comparisons
        .iter()
        .filter(|c| c.gated && c.series.metric.as_str() == MetricName::ERRORS)
        .filter(|c| c.outcome == Outcome::Regressed)
        .map(|c| (c.workload, c.series.subject.clone()))
        .collect();
    for c in comparisons
        .iter_mut()
        .filter(|c| failing.contains(&(c.workload, c.series.subject.clone())))
    {
        let timed = [MetricName::LATENCY, MetricName::TIME].contains(&c.series.metric.as_str());
        if timed && c.baseline.is_some() && c.current.is_some() {
            c.outcome = Outcome::Incomparable;
            c.cause = Some(Cause::ErrorsRose);
            c.accepted = None;
            c.runs_needed = None;
            c.one_session_needed = false;
        }
    }
}

pub(super) fn acceptances(
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
        rule.nearest =
            near_pattern(&rule.pattern, names.iter().map(String::as_str)).map(str::to_owned);
    }
}
