//! One comparison as it stands in the document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Scale;
use crate::compare::{
    Accepted, Assumption, BudgetCheck, BudgetState, Cause, Change, Comparison, ControlState, Doubt,
    Drift, GradeReached, LeftOut, Method, Outcome, OutcomeName, Policy, Severity, Side,
};
use crate::model::metric::metric_statistic;
use crate::model::{Better, MetricName, Statistic, Unit};
use crate::verdict::{self, Row, Standing};

/// One row of the document: a comparison without what only judging needs, and with what its outcome leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "if" = { "properties": { "outcome": { "const": "inconclusive" } } },
    "then" = { "required": ["doubt"] },
    "else" = { "not": { "required": ["doubt"] } },
))]
pub struct Entry {
    pub subject: String,
    pub metric: String,
    pub statistic: Statistic,
    pub unit: String,
    pub better: Better,
    pub outcome: OutcomeName,
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
    #[schemars(range(min = 0, max = 1))]
    pub p: Option<f64>,
    #[schemars(range(min = 0, max = 1))]
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
    pub control: Option<ControlState>,
    /// Each budget of the series, the milder level first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetCheck>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<GradeReached>,
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub max_regression: f64,
    /// In the unit of the series.
    pub min_delta: Option<f64>,
    pub from: String,
}

/// JSON knows neither NaN nor infinity.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl Entry {
    pub(super) fn of(c: &Comparison, policy: &Policy) -> Self {
        Self {
            subject: c.series.subject.to_string(),
            metric: c.series.metric.to_string(),
            statistic: c.series.statistic,
            unit: c.series.unit.to_string(),
            better: c.series.better,
            outcome: c.outcome.name(),
            doubt: match c.outcome {
                Outcome::Inconclusive(doubt) => Some(doubt),
                _ => None,
            },
            gated: c.gated,
            severity: verdict::leads_to(c, policy),
            standing: verdict::stands(c, policy),
            baseline: c.baseline.clone().filter(|side| side.value.is_finite()),
            current: c.current.clone().filter(|side| side.value.is_finite()),
            change: c.change.filter(|change| change.ratio.is_finite()),
            p: c.test.and_then(|test| finite(test.p)),
            p_adjusted: c.test.and_then(|test| finite(test.p_adjusted)),
            method: c.method,
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
            control: c.control,
            budgets: c.budgets.clone(),
            grade: c.grade.clone(),
            drift: c.drift.clone(),
            accepted: c.accepted.clone(),
            assumed: c.assumed.clone(),
            cause: c.cause.clone(),
            left_out: c.left_out.clone(),
            workload: None,
            why: String::new(),
        }
    }

    /// What a verdict sees of it.
    pub(super) fn row(&self) -> Row {
        Row {
            gated: self.gated,
            outcome: self.outcome,
            severity: self.severity,
            standing: self.standing,
            is_accepted: self.accepted.is_some(),
            worse_by: self
                .change
                .map_or(f64::INFINITY, |_| self.towards_worse() - 1.0),
            control: self.control,
            has_budget: verdict::has_judged(&self.budgets),
        }
    }

    /// The worst of its budgets that are broken.
    pub(super) fn broken_budget(&self) -> Option<&BudgetCheck> {
        let broken = |b: &&BudgetCheck| b.state == BudgetState::Broken;
        self.budgets.iter().rev().find(broken)
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
        self.change
            .map_or(1.0, |change| change.towards_worse(self.better))
    }
}
