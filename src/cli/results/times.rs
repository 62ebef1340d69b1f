//! How often a source is run.

use crate::ab::Confirmation;
use crate::cli::settings::config::Source;

/// How often a source is run, and which of its runs come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// Counted from one.
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Times {
    /// As often as the source says.
    pub(crate) fn of(source: &Source) -> Self {
        Self {
            first: 1,
            count: source.runs,
        }
    }

    /// Once more, where a series of it is in doubt; the results of the first time stay.
    pub(crate) fn again(source: &Source) -> Self {
        let before = usize::try_from(source.runs).unwrap_or(usize::MAX);
        Self {
            first: source.runs + 1,
            count: u32::try_from(Confirmation::runs(before)).unwrap_or(source.runs),
        }
    }

    pub(crate) fn all(self) -> impl Iterator<Item = u32> + Clone {
        (self.first..).zip(0..self.count).map(|(n, _)| n)
    }
}
