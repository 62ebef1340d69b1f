//! What is asked of a series: the defaults, overridden field by field by the rules that select it.

use std::collections::HashMap;

use super::budgets::UnfitLimit;
use super::comparison::Accepted;
use super::pairs::Pair;
use super::policy::{Acceptance, Limits, Origin, Policy, Rule, SeriesRole, Severity, selects};
use crate::model::{Evidence, Measurement, MetricName, Quantile, Role, Series, Statistic};
use crate::stats::order;

/// How much more of the service's memory and processor time is tolerated where nobody says otherwise: they vary more
/// than times do, and matter less.
const RESOURCE_MAX_REGRESSION: f64 = 0.10;
const RESOURCES: [&str; 2] = ["rss_peak", "cpu"];
/// What is recorded of a service for the reader, with the unit it is recorded in: it follows from what is gated, or
/// says nothing by itself.
const RECORDED: [(&str, &str); 4] = [
    ("rss", "MiB"),
    ("read", "MiB"),
    ("written", "MiB"),
    ("open_files", ""),
];

/// The statistics that are judged of a metric unless a rule names others.
fn usual(metric: &str, statistic: Statistic) -> bool {
    match (metric, statistic) {
        (
            MetricName::LATENCY | MetricName::FIRST_EVENT | MetricName::BETWEEN_EVENTS,
            Statistic::Quantile(q),
        ) => [Quantile::P50, Quantile::P95, Quantile::P99].contains(&q),
        (_, Statistic::Quantile(q)) => q == Quantile::P50,
        (_, Statistic::Value | Statistic::Rate) => true,
        (_, Statistic::Mean | Statistic::Max | Statistic::Min) => false,
    }
}

/// The two numbers that stand for the typical latency: the median, or the mean where the tool rounds the median too
/// coarsely to show the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typical {
    Median,
    Mean,
}

/// Which of the two it is, where every run holds both and rounds the median.
fn typical_of_latency(series: &Series, pair: &Pair<'_>) -> Option<Typical> {
    let typical = match series.statistic {
        Statistic::Quantile(Quantile::P50) => Typical::Median,
        Statistic::Mean => Typical::Mean,
        _ => return None,
    };
    let both = |m: &&Measurement| step_of_median(m).is_some();
    let sides = || pair.base.iter().chain(&pair.current);
    let holds = sides().count() > 0 && sides().all(both);
    (series.metric.as_str() == MetricName::LATENCY && holds).then_some(typical)
}

/// The step to which the median is rounded, as a share of it, where the mean is known beside it.
fn step_of_median(measurement: &Measurement) -> Option<f64> {
    let Evidence::Quantiles(quantiles) = &measurement.evidence else {
        return None;
    };
    let median = quantiles.points().get(&Quantile::P50)?;
    let known = quantiles.moments().mean.is_some() && median.resolution > 0.0;
    (known && median.value > 0.0).then(|| median.resolution / median.value)
}

/// Whether the step exceeds half of the limit, in the typical run.
fn is_coarse(pair: &Pair<'_>, limit: f64) -> bool {
    let sides = pair.base.iter().chain(&pair.current);
    let steps: Vec<f64> = sides.filter_map(|m| step_of_median(m)).collect();
    order::median(&steps).is_some_and(|step| step > limit / 2.0)
}

/// Shown beside the usual ones, not gated: the mean of a latency is exact where quantiles are rounded.
pub(super) fn shown(metric: &str, statistic: Statistic) -> bool {
    let mean = metric == MetricName::LATENCY && statistic == Statistic::Mean;
    usual(metric, statistic) || mean
}

/// Gated without any rule: every outcome, whoever named it. A tool that measures what is no outcome of its own says
/// so by the role.
fn gated_by_default(series: &Series, role: Role) -> bool {
    let recorded = RECORDED
        .iter()
        .any(|(name, unit)| (*name, *unit) == (series.metric.as_str(), series.unit.as_str()));
    role == Role::Outcome && !recorded
}

/// The defaults of the policy, and for the resources of a service their own.
fn defaults(policy: &Policy, series: &Series) -> Limits {
    let mut limits = policy.defaults.clone();
    let resource = RESOURCES.contains(&series.metric.as_str());
    if resource && limits.max_regression < RESOURCE_MAX_REGRESSION {
        limits.max_regression = RESOURCE_MAX_REGRESSION;
        limits.from = Origin::new(format!("default of {}", series.metric));
    }
    limits
}

/// What a policy says of one series.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub limits: Limits,
    pub gated: bool,
    /// A rule selects it.
    pub named: bool,
    /// Not worth a row: no rule names it and it is none of the usual statistics.
    pub hidden: bool,
}

/// The rules of a policy by the subject that they name: of twenty thousand, a handful may select a series.
#[derive(Debug)]
pub(super) struct RulesBySubject<'a> {
    policy: &'a Policy,
    /// Those that name one subject.
    plain: HashMap<&'a str, Vec<usize>>,
    /// Those with a `*` or a `?` in their subject.
    globs: Vec<usize>,
}

impl<'a> RulesBySubject<'a> {
    pub fn of(policy: &'a Policy) -> Self {
        let mut rules = Self {
            policy,
            plain: HashMap::new(),
            globs: Vec::new(),
        };
        for (at, rule) in policy.rules.iter().enumerate() {
            if rule.subject.is_plain() {
                let named = rules.plain.entry(rule.subject.as_str()).or_default();
                named.push(at);
            } else {
                rules.globs.push(at);
            }
        }
        rules
    }

    /// In the order of the file.
    fn that_may_select(&self, subject: &str) -> Vec<usize> {
        let named = self.plain.get(subject).into_iter().flatten();
        let mut all: Vec<usize> = named.chain(&self.globs).copied().collect();
        all.sort_unstable();
        all
    }
}

/// What a rule found.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// It selects a series.
    pub any: bool,
    /// Its limits can be held against one of them.
    fits: bool,
    /// The first that they cannot be held against.
    unfit: Option<UnfitLimit>,
}

impl Reach {
    fn note(&mut self, rule: &Rule, series: &Series) {
        self.any = true;
        let budget = rule
            .budgets
            .unfit(series)
            .map(|budget| ("budget", budget.unit(), &budget.from));
        let delta = rule
            .min_delta
            .as_ref()
            .filter(|delta| delta.in_unit(&series.unit).is_none());
        let delta = delta.map(|delta| ("min_delta", &delta.unit, &rule.from));
        let grade = rule
            .grades
            .iter()
            .flatten()
            .find(|grade| grade.limit.in_unit(&series.unit).is_none());
        let grade = grade.map(|grade| ("grades", &grade.limit.unit, &rule.from));
        match budget.or(delta).or(grade) {
            None => self.fits = true,
            Some((key, unit, from)) if self.unfit.is_none() => {
                self.unfit = Some(UnfitLimit {
                    from: from.clone(),
                    key,
                    unit: unit.clone(),
                    series: series.to_string(),
                    series_unit: series.unit.clone(),
                });
            }
            Some(_) => {}
        }
    }
}

/// Limits that would hold nothing in silence: of a rule that names its metric each has to fit, one over many metrics
/// is of those that it fits.
pub(super) fn unfit(policy: &Policy, reached: Vec<Reach>) -> Vec<UnfitLimit> {
    let rules = policy.rules.iter().zip(reached);
    let silent = rules.filter(|(rule, reach)| !reach.fits || rule.metric.is_plain());
    silent.filter_map(|(_, reach)| reach.unfit).collect()
}

/// Folds the rules over one series and notes which of them reached it.
pub(super) fn ask(
    rules: &RulesBySubject<'_>,
    series: &Series,
    pair: &Pair<'_>,
    reached: &mut [Reach],
) -> Asked {
    let policy = rules.policy;
    let typical = typical_of_latency(series, pair);
    let (metric, statistic) = (series.metric.as_str(), series.statistic);
    let usual = usual(metric, statistic)
        || pair.mean_stands_in(series.statistic)
        || typical == Some(Typical::Mean);
    let role = pair.role();
    let mut limits = defaults(policy, series);
    let mut gated = usual && gated_by_default(series, role);
    let mut named = false;
    let mut by_statistic = false;
    for at in rules.that_may_select(series.subject.as_str()) {
        let Some(rule) = policy.rules.get(at) else {
            continue;
        };
        if !selects(&rule.subject, &rule.metric, series, usual) {
            continue;
        }
        if let Some(reach) = reached.get_mut(at) {
            reach.note(rule, series);
        }
        // A rule gates what it selects. One over everything does not mean the sums and what follows from other
        // series, which would fail twice; naming them does.
        let names = match role {
            Role::Outcome => true,
            Role::Total => !rule.subject.is_any(),
            // A pattern is meant for what people look at.
            Role::Covariate => rule.metric.is_plain(),
            Role::Fixed => {
                !rule.metric.is_any() || rule.subject.as_str() == series.subject.as_str()
            }
        };
        named |= names;
        gated |= names;
        by_statistic |= rule.metric.as_str().contains('.');
        if let Some(value) = rule.max_regression {
            limits.max_regression = value;
        }
        if let Some(value) = &rule.min_delta
            && value.in_unit(&series.unit).is_some()
        {
            limits.min_delta = Some(value.clone());
        }
        if rule.budgets.unfit(series).is_none() {
            limits.budgets.override_by(&rule.budgets);
        }
        if let Some(value) = &rule.grades {
            limits.grades.clone_from(value);
        }
        if let Some(value) = rule.max_detectable {
            limits.max_detectable = Some(value);
        }
        if let Some(value) = rule.severity {
            limits.severity = value;
        }
        if let Some(value) = rule.decide {
            limits.decide = value;
        }
        if let Some(value) = rule.better {
            limits.better = Some(value);
        }
        if let Some(value) = rule.role {
            limits.role = value;
        }
        limits.from = rule.from.clone();
    }
    // One of the two is judged, unless a rule names the other one.
    let coarse = typical.is_some() && is_coarse(pair, limits.max_regression);
    let other = match typical {
        Some(Typical::Median) => coarse,
        Some(Typical::Mean) => !coarse,
        None => false,
    };
    gated &= by_statistic || !other;
    gated &= limits.severity != Severity::Off && limits.role == SeriesRole::Subject;
    Asked {
        limits,
        gated,
        named,
        hidden: !named && !shown(metric, statistic),
    }
}

/// The acceptances that name this series and hold today, in the order of the file.
pub(super) fn acceptances<'a>(
    policy: &'a Policy,
    series: &'a Series,
    today: jiff::civil::Date,
) -> impl Iterator<Item = (usize, Accepted)> + 'a {
    let holds = move |a: &Acceptance| {
        let shown = shown(series.metric.as_str(), series.statistic);
        a.until >= today && selects(&a.subject, &a.metric, series, shown)
    };
    policy
        .acceptances
        .iter()
        .enumerate()
        .filter(move |(_, a)| holds(a))
        .map(|(index, a)| {
            let accepted = Accepted {
                up_to: a.up_to,
                reason: a.reason.clone(),
                until: a.until,
                from: a.from.clone(),
            };
            (index, accepted)
        })
}
