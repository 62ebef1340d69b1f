//! Why runs cannot be merged.

use std::fmt;

/// Why runs are not parts of one run.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeError {
    TooFew,
    /// A share of the load is missing or given twice.
    Share(String),
    /// The runs were not measured at the same time.
    Apart {
        together_s: f64,
        shortest_s: f64,
    },
    /// The same run is given twice.
    Twice,
    /// The runs differ in something that has to be the same.
    Differ {
        what: &'static str,
        one: String,
        other: String,
    },
    /// A metric cannot be merged.
    Metric {
        series: String,
        why: String,
    },
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew => f.write_str("one run is whole as it is"),
            Self::Share(why) => f.write_str(why),
            Self::Apart {
                together_s,
                shortest_s,
            } => write!(
                f,
                "the runs were not made at once: they have {together_s:.1} s in common, and the shortest is {shortest_s:.1} s long"
            ),
            Self::Twice => f.write_str("the same run is given twice"),
            Self::Differ { what, one, other } => {
                write!(f, "the runs differ in their {what}: `{one}` and `{other}`")
            }
            Self::Metric { series, why } => write!(f, "{series}: {why}"),
        }
    }
}

impl std::error::Error for MergeError {}
