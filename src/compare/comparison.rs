//! What can be said of one series: data only, neither worded nor formatted.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::budgets::{BudgetCheck, GradeReached, UnfitLimit};
use super::policy::{Acceptance, Limits, Origin, Severity};
use super::totals::Totals;
use crate::model::Difference;
use crate::model::matching::NoPartner;
use crate::model::workload::{KeyPart, WorkloadKey};
use crate::model::{Better, Series, Subject, Unit};

/// One series, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub series: Series,
    /// Shown but not gated where no rule names it: totals, set rates, quantiles of too few requests.
    pub gated: bool,
    pub outcome: Outcome,
    /// What a bad outcome of this series leads to.
    pub severity: Severity,
    pub baseline: Option<Side>,
    pub current: Option<Side>,
    pub change: Option<Change>,
    pub test: Option<Test>,
    /// For a sequence of looks, where the series was tested.
    pub weighed: Option<Weighed>,
    pub method: Method,
    /// The smallest change that this evidence could have shown: 0.04 is 4 %.
    pub detectable: Option<f64>,
    /// Runs a side that would settle it.
    pub runs_needed: Option<u32>,
    /// What sessions differ by hides the limit from any number of runs: only both sides in one session would tell.
    pub one_session_needed: bool,
    pub limits: Limits,
    /// How it moved, where it is a control.
    pub control: Option<ControlState>,
    /// Held against the current runs, the milder level first.
    pub budgets: Vec<BudgetCheck>,
    pub grade: Option<GradeReached>,
    pub drift: Option<Drift>,
    pub accepted: Option<Accepted>,
    /// `None` where the change, its interval and the limit tell.
    pub cause: Option<Cause>,
    /// What had to be assumed, because nothing in the evidence says it.
    pub assumed: Vec<Assumption>,
    /// Runs that were not compared, because what they measured is not the same thing.
    pub left_out: Vec<LeftOut>,
    /// Which of the workloads of the judgement it is of.
    pub workload: usize,
}

/// Runs of one side in which a series is not what it is in the others.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    pub of_baseline: bool,
    pub runs: usize,
    /// Of so many that hold the metric.
    pub of: usize,
    pub because: Cause,
}

/// The outcome of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Regressed,
    Improved,
    Unchanged,
    Inconclusive(Doubt),
    Missing,
    New,
    Incomparable,
}

/// An outcome by its name alone, without the doubt of an inconclusive one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeName {
    Regressed,
    Improved,
    Unchanged,
    Inconclusive,
    Missing,
    New,
    Incomparable,
}

impl Outcome {
    pub fn name(self) -> OutcomeName {
        match self {
            Self::Regressed => OutcomeName::Regressed,
            Self::Improved => OutcomeName::Improved,
            Self::Unchanged => OutcomeName::Unchanged,
            Self::Inconclusive(_) => OutcomeName::Inconclusive,
            Self::Missing => OutcomeName::Missing,
            Self::New => OutcomeName::New,
            Self::Incomparable => OutcomeName::Incomparable,
        }
    }
}

impl OutcomeName {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Inconclusive => "inconclusive",
            Self::Missing => "missing",
            Self::New => "new",
            Self::Incomparable => "incomparable",
        }
    }

    /// Both sides were there and comparable.
    pub fn is_compared(self) -> bool {
        !matches!(self, Self::Missing | Self::New | Self::Incomparable)
    }
}

/// Why an outcome is inconclusive.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// The estimate is beyond the limit and hardly chance, but not certain enough for the whole gate.
    Possible,
    /// No sign of a change, but the runs could not have shown one of twice the limit.
    NoSignal,
}

/// How a control moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ControlState {
    /// It did not, or both sides met one machine in turns.
    Held,
    /// The machine is slower than that of the baseline.
    Worse,
    Better,
    /// In the baseline and not in the current runs.
    Missing,
    /// The baseline holds nothing to compare it with.
    NotCompared,
}

/// One side in the unit of the series.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    pub value: f64,
    pub runs: usize,
    /// One number a run, in their order.
    pub values: Vec<f64>,
    /// Observations behind it, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observations: Option<u64>,
}

/// Current over baseline, as it was measured: for throughput, below one is worse.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub ratio: f64,
    /// An end that nothing bounds is infinite, and `null` in JSON.
    #[serde(serialize_with = "bound", deserialize_with = "low_bound")]
    #[schemars(with = "Option<f64>")]
    pub low: f64,
    #[serde(serialize_with = "bound", deserialize_with = "high_bound")]
    #[schemars(with = "Option<f64>")]
    pub high: f64,
    pub confidence: f64,
}

impl Change {
    pub fn low(&self) -> Option<f64> {
        Some(self.low).filter(|low| low.is_finite())
    }

    pub fn high(&self) -> Option<f64> {
        Some(self.high).filter(|high| high.is_finite())
    }

    /// How many times worse it is where `better` is an improvement: above one is worse, whatever the direction.
    pub fn towards_worse(&self, better: Better) -> f64 {
        match better {
            Better::Lower => self.ratio,
            Better::Higher => 1.0 / self.ratio.max(f64::MIN_POSITIVE),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn bound<S: Serializer>(end: &f64, to: S) -> Result<S::Ok, S::Error> {
    Some(*end).filter(|end| end.is_finite()).serialize(to)
}

fn low_bound<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NEG_INFINITY))
}

fn high_bound<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
}

/// One-sided, towards worse where it is worse, towards better where it is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    pub p: f64,
    /// Holm, over the gated series.
    pub p_adjusted: f64,
}

/// A tested series, weighed in both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    pub worse: Direction,
    pub better: Direction,
    /// The end of the interval at the doubt that the look asks for excludes twice the limit.
    pub twice_excluded: bool,
}

/// What the runs say of a change in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Direction {
    /// The estimate is beyond all that is tolerated.
    pub beyond: bool,
    /// One-sided, of this series alone.
    pub p: f64,
    /// The ranks of the runs agree at the level of one series of the gate.
    pub ranks_agree: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Moderated t over runs with a rank guard.
    Runs,
    /// One run against N earlier ones: robust prediction.
    Prediction,
    /// One run a side: the spread between runs had to be assumed.
    AssumedSpread,
    /// Deterministic counts.
    Exact,
    /// k of n against k of n.
    Proportion,
    /// Not compared.
    None,
}

/// Why the outcome is what it is, where the numbers alone do not tell.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    /// The relative limit is exceeded, the absolute one is not.
    BelowMinDelta,
    /// The difference is within the step at which the tool rounds.
    WithinResolution {
        step: f64,
    },
    /// Nobody could be sure of this quantile with so few requests.
    TooFewObservations {
        have: u64,
        need: u64,
    },
    /// Several names were put together, and only the percentiles of each are known.
    OfSingleNames,
    /// More of its requests fail than before, so its latency says nothing.
    ErrorsRose,
    /// A control got worse as well: 0.18 is 18 %.
    ControlMoved {
        by: f64,
    },
    UnitsDiffer {
        baseline: Unit,
        current: Unit,
    },
    DirectionsDiffer {
        baseline: Better,
        current: Better,
    },
    /// One side counts, the other measures.
    KindsDiffer {
        baseline: String,
        current: String,
    },
    ToolsDiffer {
        baseline: String,
        current: String,
    },
    ScenariosDiffer {
        baseline: String,
        current: String,
    },
    /// The baseline knows the work on these machines only.
    EnvironmentsDiffer {
        baseline: String,
        current: String,
    },
    /// It is not the work that the baseline knows, by what differs.
    WorkloadsDiffer {
        differences: Vec<Difference>,
    },
    /// Several workloads of the one side fit one of the other, which does not say which it is.
    WorkloadUnclear {
        workloads: Vec<String>,
        of_baseline: bool,
    },
    /// In the baseline and not in the current runs; perhaps under another name.
    Vanished {
        renamed_to: Option<Subject>,
    },
    /// In the current runs and not in the baseline.
    Appeared {
        renamed_from: Option<Subject>,
    },
    /// Some of the current runs lack it.
    Incomplete {
        present: usize,
        runs: usize,
    },
}

/// An assumption that stands in for evidence.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Assumption {
    /// The spread between runs of one build: 0.1 is 10 %.
    RunSpread { spread: f64 },
    /// The spread between sessions.
    SessionSpread { spread: f64 },
}

/// How far a series has moved from the pinned anchor, against the anchor's own budget.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    pub anchor: String,
    pub anchor_value: f64,
    pub change: Change,
    /// 0.15 is 15 % towards worse.
    pub budget: f64,
    pub broken: bool,
}

/// The acceptance that covers a regression.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    pub up_to: f64,
    pub reason: String,
    #[schemars(with = "String", extend("format" = "date"))]
    pub until: jiff::civil::Date,
    pub from: Origin,
}

/// All series of a gate, judged, and what of the policy was not needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    pub comparisons: Vec<Comparison>,
    /// What was recorded to explain the others, compared in the same way. No verdict looks at it.
    pub covariates: Vec<Comparison>,
    /// How many series shared the error allowance.
    pub family: usize,
    pub unmatched: Vec<UnmatchedRule>,
    pub unused: Vec<UnusedAcceptance>,
    /// Limits of rules that measure something else than the series they are for.
    pub unfit: Vec<UnfitLimit>,
    pub refused_controls: Vec<RefusedControl>,
    /// What was judged, in the order of their keys.
    pub workloads: Vec<JudgedWorkload>,
    /// What the baseline knows on the machines of the current runs, and the current runs do not hold.
    pub absent: Vec<String>,
    /// The anchor holds nothing of any workload that was judged: its label.
    pub anchor_elsewhere: Option<String>,
}

impl Judgement {
    /// The baseline holds none of the workloads.
    pub fn has_no_baseline(&self) -> bool {
        !self.workloads.is_empty() && self.without_baseline() == self.workloads.len()
    }

    /// How many workloads the baseline does not hold.
    pub fn without_baseline(&self) -> usize {
        let unknown = |w: &&JudgedWorkload| matches!(w.found, FoundBaseline::No(_));
        self.workloads.iter().filter(unknown).count()
    }
}

/// One workload of the current runs, with what it was held against.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedWorkload {
    pub key: WorkloadKey,
    /// What tells it from the other workloads of the gate.
    pub label: String,
    pub runs: usize,
    /// What it did as a whole.
    pub totals: Totals,
    pub found: FoundBaseline,
    /// How many of the runs are in what they were compared with: the same measurement on both sides.
    pub repeated: usize,
    /// Both sides were measured in turns.
    pub in_one_session: bool,
}

/// What the baseline holds of a workload.
#[derive(Clone, Debug, PartialEq)]
pub enum FoundBaseline {
    /// It was compared with so many runs.
    Here {
        runs: usize,
        /// What one of the two keys does not say.
        lacking: Vec<KeyPart>,
    },
    /// The same work on another machine, because the policy asks for it.
    Elsewhere {
        runs: usize,
        environment: Option<String>,
    },
    No(NoPartner),
}

/// A rule or acceptance that matches no series, with the nearest one.
#[derive(Clone, Debug, PartialEq)]
pub struct UnmatchedRule {
    pub from: Origin,
    pub pattern: String,
    pub nearest: Option<String>,
    /// `rule`, `accept`, or `series` for a name that was typed.
    pub kind: &'static str,
}

/// A control that the code under test can touch.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedControl {
    pub from: Origin,
    pub series: String,
}

/// An acceptance that covers nothing any more.
#[derive(Clone, Debug, PartialEq)]
pub struct UnusedAcceptance {
    pub acceptance: Acceptance,
    pub expired: bool,
}
