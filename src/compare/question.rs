//! What is asked: one series, measured on both sides, under the limits that its rules set.

use std::borrow::Cow;

use super::layout::Layout;
use super::pairs::Pair;
use super::policy::{Limits, SeriesRole};
use crate::model::{Measurement, Series};

/// One series of a pair, with what is asked of it.
pub(super) struct Question<'a> {
    pub series: &'a Series,
    pub pair: &'a Pair<'a>,
    pub layout: &'a Layout<'a>,
    pub limits: &'a Limits,
    /// What two sessions are assumed to differ by.
    pub assumed_between: f64,
}

impl<'a> Question<'a> {
    /// What sessions differ by is what a control is to tell: it is compared with the newest one, and only its runs are
    /// noise.
    pub fn is_control(&self) -> bool {
        self.limits.role == SeriesRole::Control
    }

    /// How many of the newest sessions of the history are compared with, together with the base.
    pub fn history_in_base(&self) -> usize {
        if self.is_control() {
            0
        } else {
            self.layout.history_in_base
        }
    }

    /// What is compared with: the newest session, after those of the history that measured the same build.
    pub fn compared_with(&self) -> Cow<'a, [&'a Measurement]> {
        let history = &self.pair.history;
        let skip = history.len().saturating_sub(self.history_in_base());
        if skip == history.len() {
            return Cow::Borrowed(&self.pair.base);
        }
        let earlier = history.iter().skip(skip).flatten();
        Cow::Owned(earlier.chain(&self.pair.base).copied().collect())
    }
}
