//! The document `perfgate.history/1`: every series of a baseline file with its points and its changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::json_schema;
use crate::model::{Better, Statistic, Unit};

pub const SCHEMA: &str = "perfgate.history/1";

/// All that a baseline file ever held, series by series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct History {
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    pub history: OfHistory,
    pub series: Vec<SeriesHistory>,
    /// Of sessions that measured two builds: head over base, the points of all machines together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratios: Vec<RatioHistory>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfHistory {
    /// As it was named.
    pub baseline: String,
    /// So many different contents it had in its commits.
    pub versions: usize,
    /// So many runs were in them all.
    pub runs: usize,
    /// The clone holds the newest commits only: there may be more.
    pub shallow: bool,
    /// Contents that were no baseline, by the commits that brought them.
    pub unreadable: Vec<String>,
    /// Points before it are left out.
    pub since: Option<Time>,
    /// What the baseline pins today.
    pub anchor: Option<AnchorSaid>,
}

/// In UTC, by RFC 3339.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Time(#[schemars(with = "String", extend("format" = "date-time"))] pub jiff::Timestamp);

impl Time {
    /// `2026-03-01`
    pub fn day(self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorSaid {
    pub label: String,
    /// How much worse than the anchor is too much: 0.15 is 15 %.
    pub budget: f64,
}

/// One series of one workload in one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesHistory {
    pub subject: String,
    pub metric: String,
    pub statistic: Statistic,
    #[schemars(with = "String")]
    pub unit: Unit,
    pub better: Better,
    /// What tells it from other work in the same file.
    pub workload: Option<String>,
    /// The key of the machine.
    pub environment: Option<String>,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Where nothing was measured for long. No change is told across one.
    pub gaps: Vec<Gap>,
    /// In the order of the points.
    pub changes: Vec<Change>,
    /// How far it moved from the first point to the last.
    pub trend: Option<Trend>,
    pub drift: Option<Drift>,
}

/// What the runs of one session say of one build: their median.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// That was measured, where its runs say so; else the one that brought them into the baseline.
    pub commit: String,
    /// That brought its first run into the baseline.
    pub recorded_in: String,
    /// When its first run began; where no run says so, when the commit that brought it was made.
    pub date: Time,
    pub environment: Option<String>,
    pub session: Option<String>,
    pub value: f64,
    pub runs: usize,
}

/// How one series of one workload moved from build to build, on whatever machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioHistory {
    pub subject: String,
    pub metric: String,
    pub statistic: Statistic,
    pub better: Better,
    pub workload: Option<String>,
    /// Oldest first.
    pub points: Vec<RatioPoint>,
}

/// What one session says of two builds: the median of the head over that of the base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioPoint {
    /// The head.
    pub commit: String,
    pub base: String,
    /// The commit that brought the first run of the head into the baseline.
    pub recorded_in: String,
    pub date: Time,
    pub environment: Option<String>,
    pub session: Option<String>,
    /// 1.1 is 10 % more than the base.
    pub ratio: f64,
    /// The product of the ratios up to here, as far back as each base is the head of the point before.
    pub chained: f64,
    /// Of the head, and of the base.
    pub runs: usize,
    pub base_runs: usize,
}

/// Where nothing was measured: the points on both sides of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    pub last_before: Commit,
    pub first_after: Commit,
    /// So many sessions of the same work went by without it.
    pub sessions_without: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    pub commit: String,
    pub date: Time,
    /// Which of the points, from 0.
    pub point: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Two detectors of different kinds agree.
    Strong,
    /// One sees it alone.
    Weak,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detector {
    /// E-divisive: energy distances, with random orders.
    Energy,
    /// Least squares with a price for each change.
    Pelt,
}

impl Detector {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Pelt => "pelt",
        }
    }
}

impl Strength {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Weak => "weak",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Worse,
    Better,
    /// The levels before and after are equal.
    None,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::None => "none",
        }
    }
}

/// A series moved between two points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub last_before: Commit,
    pub first_after: Commit,
    pub strength: Strength,
    pub detectors: Vec<Detector>,
    pub direction: Direction,
    /// The levels from the change before this one, and up to the one after it.
    pub before: f64,
    pub after: f64,
    pub size: Size,
}

/// How far, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub of: SizeOf,
    pub value: f64,
    pub low: f64,
    pub high: f64,
    pub confidence: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SizeOf {
    /// 0.1 is 10 % more.
    Relative,
    /// In the unit of the series, which has values that are zero or below.
    Difference,
}

impl SizeOf {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Difference => "difference",
        }
    }
}

/// By the median of the slopes between all points, with its interval, over the time from the first to the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    pub size: Size,
    /// The interval has no zero inside.
    pub certain: bool,
}

/// How the newest points lie to the anchor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    pub anchor: String,
    pub anchor_value: f64,
    /// The median of the newest points, five at most, since the last strong change.
    pub now: f64,
    /// `now` over the anchor, less one: 0.1 is 10 % more.
    pub relative: f64,
    pub direction: Direction,
    pub budget: f64,
}

impl History {
    /// The JSON Schema of what is written.
    pub fn json_schema() -> String {
        json_schema::of_written::<Self>()
    }
}

impl RatioHistory {
    /// With its workload, where there are several.
    pub fn full_name(&self) -> String {
        match &self.workload {
            Some(workload) => format!("{} ({workload})", self.name()),
            None => self.name(),
        }
    }

    /// `GET /search latency.p95`
    pub fn name(&self) -> String {
        let metric = crate::model::metric::metric_statistic(&self.metric, self.statistic);
        format!("{} {metric}", self.subject)
    }
}

impl SeriesHistory {
    /// `GET /search latency.p95`
    pub fn name(&self) -> String {
        let metric = crate::model::metric::metric_statistic(&self.metric, self.statistic);
        format!("{} {metric}", self.subject)
    }

    pub fn strong(&self) -> impl Iterator<Item = &Change> {
        let is_strong = |change: &&Change| change.strength == Strength::Strong;
        self.changes.iter().filter(is_strong)
    }
}
