//! What a team asks of its series: rules, accepted regressions, and what follows where nothing can be said.
//!
//! A policy is parsed once, at the door; no strings to interpret are left in it but names and globs.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pattern;
use crate::model::matching::Machines;
use crate::model::{Better, Quantile, Series, Statistic, Unit};

/// The default limit: how much worse than the baseline is tolerated.
pub const DEFAULT_MAX_REGRESSION: f64 = 0.025;

/// Everything that decides what a comparison leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What holds where no rule says otherwise.
    pub defaults: Limits,
    /// In the order of the file: later ones override earlier ones, field by field.
    pub rules: Vec<Rule>,
    pub acceptances: Vec<Acceptance>,
    pub on_missing: OnMissing,
    pub on_inconclusive: OnInconclusive,
    pub on_other_environment: OnOtherEnvironment,
    pub require_baseline: bool,
    /// Budgets are all that is asked for; nothing is compared with a baseline.
    pub targets_only: bool,
    /// The names of the series that are judged, where not all are.
    pub only: Vec<String>,
    /// Where the judging itself happens, for runs that say nothing of their machine.
    pub judging_machine: JudgingMachine,
}

/// What kind of machine the gate is judged on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgingMachine {
    /// Somebody's own, which stays the same.
    Own,
    /// One of many that a CI service gives.
    Ci,
}

/// What makes a change fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decide {
    /// The estimate is beyond the limit, and it is certain that the series got worse.
    Certain,
    /// The estimate is beyond the limit, sure or not.
    Limit,
}

/// Which direction is an improvement; with `both` a series is to stay where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedDirection {
    Lower,
    Higher,
    Both,
}

impl WantedDirection {
    /// Which direction is an improvement, where one is.
    pub fn better(self) -> Option<Better> {
        match self {
            Self::Lower => Some(Better::Lower),
            Self::Higher => Some(Better::Higher),
            Self::Both => None,
        }
    }
}

/// What a series is to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeriesRole {
    /// It is judged. This is what holds where no rule says a role; a file cannot write it.
    #[serde(skip)]
    Subject,
    /// It shares no process with the code under test: where it moved, the machine did.
    Control,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            defaults: Limits::default(),
            rules: Vec::new(),
            acceptances: Vec::new(),
            on_missing: OnMissing::Fail,
            on_inconclusive: OnInconclusive::Warn,
            on_other_environment: OnOtherEnvironment::Refuse,
            require_baseline: false,
            targets_only: false,
            only: Vec::new(),
            judging_machine: JudgingMachine::Own,
        }
    }
}

impl Policy {
    /// Whether anything in it speaks of single series, so that a name that none has would be told.
    pub fn names_series(&self) -> bool {
        !(self.rules.is_empty() && self.acceptances.is_empty() && self.only.is_empty())
    }
}

/// Where a value came from: `default`, `--max-regression`, `perfgate.toml:14`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(from = "String", into = "String")]
pub struct Origin(pub Arc<str>);

impl Origin {
    pub fn new(place: impl Into<Arc<str>>) -> Self {
        Self(place.into())
    }
}

impl From<String> for Origin {
    fn from(place: String) -> Self {
        Self::new(place)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number with the unit it was written in; the empty unit is the metric's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub value: f64,
    pub unit: Unit,
}

impl Quantity {
    /// The number in `unit`; `%` is a hundredth of a plain number. `None` where they do not fit.
    pub fn in_unit(&self, unit: &Unit) -> Option<f64> {
        if self.unit.as_str().is_empty() {
            return Some(self.value);
        }
        if self.unit.as_str() == "%" && unit.as_str().is_empty() {
            return Some(self.value / 100.0);
        }
        self.unit.factor_to(unit).map(|factor| self.value * factor)
    }
}

/// What one budget allows.
#[derive(Clone, Debug, PartialEq)]
pub enum Allowed {
    /// So much at most, or at least where more is better.
    Limit(Quantity),
    /// What is expected, and how far it may be off on either side: 0.1 is 10 %.
    Band { expect: Quantity, within: f64 },
}

/// A budget, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    pub allowed: Allowed,
    pub from: Origin,
}

/// The budgets of a series, or of a rule, by what a broken one leads to. Each level is a field of its own: a later rule
/// replaces the budget of its level only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budgets {
    pub warn: Option<Budget>,
    pub fail: Option<Budget>,
}

/// A named level of quality: reached where the value is within its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Grade {
    pub name: String,
    pub limit: Quantity,
}

/// What is asked of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// What is tolerated, relative, towards worse: 0.05 is 5 %.
    pub max_regression: f64,
    /// Absolute; must be exceeded as well.
    pub min_delta: Option<Quantity>,
    /// Hard limits, which hold without any baseline.
    pub budgets: Budgets,
    /// Named levels of quality; they never fail.
    pub grades: Vec<Grade>,
    /// Where the evidence could not have shown a change of this size, the owner wants to know.
    pub max_detectable: Option<f64>,
    pub severity: Severity,
    pub decide: Decide,
    /// Overrides the direction that the tool gave.
    pub better: Option<WantedDirection>,
    pub role: SeriesRole,
    /// Where the limit was written.
    pub from: Origin,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_regression: DEFAULT_MAX_REGRESSION,
            min_delta: None,
            budgets: Budgets::default(),
            grades: Vec::new(),
            max_detectable: None,
            severity: Severity::Fail,
            decide: Decide::Certain,
            better: None,
            role: SeriesRole::Subject,
            from: Origin::new("default"),
        }
    }
}

/// What a bad outcome of a series leads to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Off,
    Warn,
    Fail,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One `[[rule]]`: which series, and what it changes for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub subject: Pattern,
    /// Over `metric` (its usual statistics) or over `metric.statistic`.
    pub metric: Pattern,
    pub max_regression: Option<f64>,
    pub min_delta: Option<Quantity>,
    pub budgets: Budgets,
    pub grades: Option<Vec<Grade>>,
    pub max_detectable: Option<f64>,
    pub severity: Option<Severity>,
    pub decide: Option<Decide>,
    pub better: Option<WantedDirection>,
    pub role: Option<SeriesRole>,
    pub from: Origin,
}

/// One `[[accept]]`: a known regression, scoped, visible and expiring.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    pub subject: Pattern,
    pub metric: Pattern,
    pub up_to: f64,
    pub reason: String,
    /// The last day on which it holds.
    pub until: jiff::civil::Date,
    pub from: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    Fail,
    Warn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnInconclusive {
    Warn,
    Fail,
    Pass,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnOtherEnvironment {
    Refuse,
    Warn,
    Ignore,
}

/// Whose rules and whose baseline judge a pull request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RulesFrom {
    /// Its own, as it changes them.
    #[default]
    Head,
    /// Those of the branch that it goes to.
    Base,
}

impl OnOtherEnvironment {
    /// Whether a machine that the baseline does not know is another workload.
    pub fn machines(self) -> Machines {
        match self {
            Self::Refuse => Machines::Apart,
            Self::Warn => Machines::Across,
            Self::Ignore => Machines::Alike,
        }
    }
}

/// Whether a rule reaches a series: as one of the usual statistics of a metric, or by naming it.
pub(super) fn selects(subject: &Pattern, metric: &Pattern, series: &Series, usual: bool) -> bool {
    if !subject.matches(series.subject.as_str()) {
        return false;
    }
    let on_request = match series.statistic {
        Statistic::Quantile(q) => Quantile::ON_REQUEST.contains(&q),
        Statistic::Min => true,
        _ => false,
    };
    if on_request && !metric.as_str().ends_with(&format!(".{}", series.statistic)) {
        // Only its own name asks for it: `latency.*` is not meant to gate eleven quantiles.
        return false;
    }
    if metric.as_str().contains('.') {
        // `errors.rate` is understood as well as `errors`.
        metric.matches(&series.metric_statistic())
            || metric.matches(&format!("{}.{}", series.metric, series.statistic))
    } else {
        usual && metric.matches(series.metric.as_str())
    }
}
