//! The formats perfgate reads, by the names that `--from` takes.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// perfgate's own run file.
    Perfgate,
    /// Locust's CSV set or its `--json`.
    Locust,
    /// criterion's `target/criterion` folder.
    Criterion,
    /// The messages of `cargo criterion --message-format=json`.
    CargoCriterion,
}

impl Format {
    pub const ALL: [Self; 4] = [
        Self::Perfgate,
        Self::Locust,
        Self::Criterion,
        Self::CargoCriterion,
    ];

    /// Whether its subjects are addresses that a load test asked for, so that they may hold ids. The parameters of
    /// a benchmark (`fib/15`) are its name, and what a run file says is what its author meant.
    pub fn names_hold_ids(self) -> bool {
        match self {
            Self::Locust => true,
            Self::Perfgate | Self::Criterion | Self::CargoCriterion => false,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Perfgate => "perfgate",
            Self::Locust => "locust",
            Self::Criterion => "criterion",
            Self::CargoCriterion => "cargo-criterion",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Format::ALL.map(Format::as_str).join(", ");
        write!(f, "`{}` is not a format; there are {known}", self.0)
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
