//! What was measured, of what, and which number of it is judged.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unit;

/// What was measured: an endpoint (`GET /search`), a benchmark (`parse/large`), a command.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize, JsonSchema,
)]
#[serde(from = "String", into = "String")]
pub struct Subject(Arc<str>);

/// What was measured of a subject: `latency`, `time`, `errors`, any custom name.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize, JsonSchema,
)]
#[serde(from = "String", into = "String")]
pub struct MetricName(Arc<str>);

macro_rules! name {
    ($type:ty) => {
        impl $type {
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl From<String> for $type {
            fn from(name: String) -> Self {
                Self::new(name)
            }
        }
        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.to_string()
            }
        }
    };
}
name!(Subject);
name!(MetricName);

impl MetricName {
    pub const LATENCY: &'static str = "latency";
    pub const TIME: &'static str = "time";
    /// Of an answer that is a stream of events: from its request to the first of them, and from each to the next.
    pub const FIRST_EVENT: &'static str = "first_event";
    pub const BETWEEN_EVENTS: &'static str = "between_events";
    /// Both sides are one program: its size, as the only thing to show.
    pub const SAME_BINARY: &'static str = "same_binary";
    /// The largest rate that holds the conditions of a search.
    pub const CAPACITY: &'static str = "capacity";
    /// How long all steps of a flow took, how many flows came to their end a second, and how many failed.
    pub const FLOW_TIME: &'static str = "flow_time";
    pub const FLOW_RATE: &'static str = "flow_rate";
    pub const FLOW_ERRORS: &'static str = "flow_errors";
    pub const THROUGHPUT: &'static str = "throughput";
    pub const ERRORS: &'static str = "errors";
    /// How long no request succeeded although some were made, in seconds.
    pub const OUTAGE: &'static str = "outage";
    /// The longest stretch of it.
    pub const OUTAGE_LONGEST: &'static str = "outage_longest";
    /// By how many percent the latency rose during a run of an even load; 0 where that is not certain.
    pub const LATENCY_TREND: &'static str = "latency_trend";
    /// By how many points the share of errors rose during it.
    pub const ERRORS_TREND: &'static str = "errors_trend";
    /// By how many percent the latency rose at one moment, and stayed.
    pub const STEP: &'static str = "step";
    /// How many seconds after a spike the latency was back.
    pub const RECOVERY: &'static str = "recovery";
    /// A latency that rises by fewer percent is not worth a word.
    pub const LEAST_TREND: f64 = 10.0;
    /// The same of a share of errors, in points.
    pub const LEAST_ERRORS_TREND: f64 = 1.0;

    /// The metrics that every tool measures alike, each with its direction; a custom one has to say its own.
    pub const DIRECTIONS: [(&'static str, Better); 10] = [
        (Self::LATENCY, Better::Lower),
        (Self::TIME, Better::Lower),
        (Self::ERRORS, Better::Lower),
        (Self::THROUGHPUT, Better::Higher),
        (Self::OUTAGE, Better::Lower),
        (Self::OUTAGE_LONGEST, Better::Lower),
        (Self::FIRST_EVENT, Better::Lower),
        (Self::BETWEEN_EVENTS, Better::Lower),
        (Self::LATENCY_TREND, Better::Lower),
        (Self::ERRORS_TREND, Better::Lower),
    ];

    pub fn known_direction(&self) -> Option<Better> {
        let mut known = Self::DIRECTIONS.iter();
        known.find_map(|(name, better)| (*name == self.as_str()).then_some(*better))
    }
}

/// Which direction is an improvement.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    Lower,
    Higher,
}

impl Better {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }
}

impl FromStr for Better {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "lower" => Ok(Self::Lower),
            "higher" => Ok(Self::Higher),
            _ => Err(()),
        }
    }
}

/// A share between 0 and 1, kept exactly in millionths so that it can be a key: `0.95`, `p95`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Quantile(u32);

impl Quantile {
    pub const P50: Self = Self(500_000);
    pub const P90: Self = Self(900_000);
    pub const P95: Self = Self(950_000);
    pub const P99: Self = Self(990_000);
    pub const P999: Self = Self(999_000);
    pub const MAX: Self = Self(1_000_000);
    /// Those that are read of it where a rule asks for them: low quantiles are steadier on hosts with bursts of noise.
    pub const ON_REQUEST: [Self; 5] = [
        Self(10_000),
        Self(50_000),
        Self(100_000),
        Self(250_000),
        Self(750_000),
    ];
    /// Those that are read of a distribution that holds them all.
    pub const USUAL: [Self; 5] = [Self::P50, Self::P90, Self::P95, Self::P99, Self::P999];

    /// `None` outside 0 to 1.
    pub fn from_fraction(fraction: f64) -> Option<Self> {
        let millionths = (fraction * 1e6).round();
        // In range by the check, and a whole number by the rounding.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0..=1e6"
        )]
        (0.0..=1e6)
            .contains(&millionths)
            .then_some(Self(millionths as u32))
    }

    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// How many observations carry it: about ten have to lie beyond it, on the side of its tail.
    pub fn needed_observations(self) -> u64 {
        let tail = u64::from(self.0).min(1_000_000 - u64::from(self.0));
        if tail == 500_000 {
            20
        } else if tail == 0 {
            u64::MAX
        } else {
            10_000_000_u64.div_ceil(tail)
        }
    }
}

/// The number that is judged of a metric.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(p[0-9.]+|mean|max|min|value|rate)$"))]
pub enum Statistic {
    /// `p50`, `p95`, `p99.9` of a distribution.
    Quantile(Quantile),
    Mean,
    Max,
    Min,
    /// The one number that the tool gave.
    Value,
    /// A share: k of n.
    Rate,
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Millionths print exactly: p50, p99.9, p99.99.
            Self::Quantile(q) => write!(f, "p{}", f64::from(q.0) / 1e4),
            Self::Mean => f.write_str("mean"),
            Self::Max => f.write_str("max"),
            Self::Min => f.write_str("min"),
            Self::Value => f.write_str("value"),
            Self::Rate => f.write_str("rate"),
        }
    }
}

impl FromStr for Statistic {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "mean" => Ok(Self::Mean),
            "max" => Ok(Self::Max),
            "min" => Ok(Self::Min),
            "value" => Ok(Self::Value),
            "rate" => Ok(Self::Rate),
            _ => {
                let percent: f64 = text.strip_prefix('p').ok_or(())?.parse().map_err(|_| ())?;
                Quantile::from_fraction(percent / 100.0)
                    .map(Self::Quantile)
                    .ok_or(())
            }
        }
    }
}

impl TryFrom<String> for Statistic {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map_err(|()| format!("`{text}` is not a statistic"))
    }
}

impl From<Statistic> for String {
    fn from(statistic: Statistic) -> Self {
        statistic.to_string()
    }
}

/// One judged line: subject, metric and statistic, with the unit and direction they were measured in.
///
/// Its order is the order in which everything prints.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Series {
    pub subject: Subject,
    pub metric: MetricName,
    pub statistic: Statistic,
    pub unit: Unit,
    pub better: Better,
}

impl Series {
    /// `latency.p95`, or `errors` where a metric has one number only: the one name that rules, messages and tables
    /// call it beside its subject.
    pub fn metric_statistic(&self) -> String {
        metric_statistic(self.metric.as_str(), self.statistic)
    }
}

/// The written name of a statistic of a metric: `latency.p95`, and the name of the metric alone where it has one
/// number only.
pub fn metric_statistic(metric: &str, statistic: Statistic) -> String {
    match statistic {
        Statistic::Value | Statistic::Rate => metric.to_owned(),
        statistic => format!("{metric}.{statistic}"),
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject, self.metric_statistic())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_print_as_they_are_read() {
        for text in [
            "p50", "p95", "p99.9", "p99.99", "p1", "mean", "max", "min", "value", "rate",
        ] {
            assert_eq!(text.parse::<Statistic>().unwrap().to_string(), text);
        }
        for text in ["p101", "p-1", "95", "pNaN", "P95", ""] {
            assert!(text.parse::<Statistic>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_quantile_needs_ten_observations_beyond_it() {
        assert_eq!(Quantile::P95.needed_observations(), 200);
        assert_eq!(Quantile::P99.needed_observations(), 1_000);
        assert_eq!(Quantile::P999.needed_observations(), 10_000);
        assert_eq!(Quantile::P50.needed_observations(), 20);
    }
}
