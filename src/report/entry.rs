//! One comparison as it stands in the document.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::units::Scale;
use super::why;
use super::words::{Better, Control, Doubt, Method, Outcome, Severity, Standing};
use super::written;
use crate::compare::{self, Comparison, Policy};
use crate::model::metric::metric_statistic;
use crate::model::{MetricName, Statistic, Unit};
use crate::verdict;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub subject: String,
    pub metric: String,
    #[serde(with = "written")]
    pub statistic: Statistic,
    pub unit: String,
    pub better: Better,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    pub gated: bool,
    /// What this outcome leads to under the policy: `off` where it is not gated, `warn` where it is
    /// accepted. A `regressed` with `fail` exists exactly when a regression fails the gate.
    pub severity: Severity,
    pub standing: Standing,
    pub baseline: Option<Side>,
    pub current: Option<Side>,
    pub change: Option<Change>,
    pub p: Option<f64>,
    pub p_adjusted: Option<f64>,
    pub method: Method,
    pub detectable: Option<f64>,
    pub runs_needed: Option<u32>,
    /// No number of runs of other sessions would tell: both sides have to be measured in one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_session_needed: bool,
    pub rule: Rule,
    /// How it moved, where it is a control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<Assumption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Runs that were not compared, because what they measured is not the same thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Which workload it is of, where the gate has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// The sentence that reports show, put in where the document is written. Never read back: it is worded again
    /// from the rest.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    pub value: f64,
    pub runs: usize,
    /// One number a run, in their order.
    pub values: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observations: Option<u64>,
}

/// Runs of one side in which a series is not what it is in the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    pub of_baseline: bool,
    pub runs: usize,
    /// Of so many that hold the metric.
    pub of: usize,
    pub because: Option<Cause>,
}

/// Current over baseline. An end of the interval is `null` where nothing bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub ratio: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub confidence: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub max_regression: f64,
    /// In the unit of the series.
    pub min_delta: Option<f64>,
    pub from: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// In the unit of the series; `null` where the budget's own unit does not fit it.
    pub limit: Option<f64>,
    pub value: f64,
    pub broken: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    pub anchor: String,
    pub anchor_value: f64,
    pub change: Option<Change>,
    pub budget: f64,
    pub broken: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    pub up_to: f64,
    pub reason: String,
    #[serde(with = "written")]
    pub until: jiff::civil::Date,
    pub from: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Assumption {
    RunSpread { spread: f64 },
    SessionSpread { spread: f64 },
}

/// JSON knows neither NaN nor infinity.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl Change {
    fn of(change: compare::Change) -> Option<Self> {
        Some(Self {
            ratio: finite(change.ratio)?,
            low: finite(change.low),
            high: finite(change.high),
            confidence: finite(change.confidence)?,
        })
    }
}

fn side(side: &compare::Side) -> Option<Side> {
    Some(Side {
        value: finite(side.value)?,
        runs: side.runs,
        values: side.values.iter().copied().filter_map(finite).collect(),
        observations: side.observations,
    })
}

fn assumption(assumption: compare::Assumption) -> Assumption {
    match assumption {
        compare::Assumption::RunSpread(spread) => Assumption::RunSpread { spread },
        compare::Assumption::SessionSpread(spread) => Assumption::SessionSpread { spread },
    }
}

impl Entry {
    pub(super) fn of(c: &Comparison, policy: &Policy) -> Self {
        Self {
            subject: c.series.subject.to_string(),
            metric: c.series.metric.to_string(),
            statistic: c.series.statistic,
            unit: c.series.unit.to_string(),
            better: c.series.better.into(),
            outcome: c.outcome.into(),
            doubt: match c.outcome {
                compare::Outcome::Inconclusive(doubt) => Some(doubt.into()),
                _ => None,
            },
            gated: c.gated,
            severity: severity(c, policy).into(),
            standing: verdict::stands(c, policy).into(),
            baseline: c.baseline.as_ref().and_then(side),
            current: c.current.as_ref().and_then(side),
            change: c.change.and_then(Change::of),
            p: c.test.and_then(|test| finite(test.p)),
            p_adjusted: c.test.and_then(|test| finite(test.p_adjusted)),
            method: c.method.into(),
            detectable: c.detectable.and_then(finite),
            runs_needed: c.runs_needed,
            one_session_needed: c.one_session_needed,
            rule: Rule {
                max_regression: c.limits.max_regression,
                min_delta: c
                    .limits
                    .min_delta
                    .as_ref()
                    .and_then(|q| q.in_unit(&c.series.unit)),
                from: c.limits.from.to_string(),
            },
            control: c.control.map(Into::into),
            budget: c.budget.as_ref().map(|b| Budget {
                limit: b.limit_in_unit,
                value: b.value,
                broken: b.broken,
            }),
            drift: c.drift.as_ref().map(|d| Drift {
                anchor: d.anchor.clone(),
                anchor_value: d.anchor_value,
                change: Change::of(d.change),
                budget: d.budget,
                broken: d.broken,
            }),
            accepted: c.accepted.as_ref().map(|a| Accepted {
                up_to: a.up_to,
                reason: a.reason.clone(),
                until: a.until,
                from: a.from.to_string(),
            }),
            assumed: c.assumed.iter().copied().map(assumption).collect(),
            cause: Cause::of(&c.cause),
            left_out: c
                .left_out
                .iter()
                .map(|left| LeftOut {
                    of_baseline: left.of_baseline,
                    runs: left.runs,
                    of: left.of,
                    because: Cause::of(&left.because),
                })
                .collect(),
            workload: None,
            why: String::new(),
        }
    }

    /// With its sentence.
    pub(super) fn worded(mut self) -> Self {
        self.why = why::why(&self).plain();
        self
    }

    pub(super) fn unit(&self) -> Unit {
        Unit::new(&self.unit)
    }

    pub(super) fn is_rate(&self) -> bool {
        self.statistic == Statistic::Rate
    }

    pub(super) fn is_errors(&self) -> bool {
        self.is_rate() && self.metric == MetricName::ERRORS
    }

    /// How its numbers are written; the largest of `values` decides on the unit.
    pub(super) fn scale(&self, values: impl IntoIterator<Item = f64>) -> Scale {
        if self.is_rate() {
            Scale::share()
        } else {
            Scale::of(&self.unit(), values)
        }
    }

    /// Its subject, with its workload where another workload has a subject of the same name.
    pub(super) fn shown_subject(&self) -> String {
        match &self.workload {
            Some(workload) => format!("{} ({workload})", self.subject),
            None => self.subject.clone(),
        }
    }

    /// `latency.p95`; where a metric has one number only, its name says all.
    pub(super) fn metric_statistic(&self) -> String {
        metric_statistic(&self.metric, self.statistic)
    }

    /// How many times worse it is: above one is worse, whatever the direction.
    pub(super) fn towards_worse(&self) -> f64 {
        self.change.map_or(1.0, |change| match self.better {
            Better::Lower => change.ratio,
            Better::Higher => 1.0 / change.ratio.max(f64::MIN_POSITIVE),
        })
    }
}

/// What the outcome itself leads to; a broken budget shows in the standing.
fn severity(c: &Comparison, policy: &Policy) -> compare::Severity {
    use compare::{OnMissing, Outcome, Severity};
    if !c.gated {
        return Severity::Off;
    }
    let eased = match c.outcome {
        Outcome::Regressed => c.accepted.is_some(),
        Outcome::Missing => policy.on_missing == OnMissing::Warn,
        _ => false,
    };
    if eased {
        c.severity.min(Severity::Warn)
    } else {
        c.severity
    }
}
