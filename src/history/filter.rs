//! Which series, of which machines, since when.

use crate::model::{Pattern, WorkloadKey};

/// What is asked of a history.
#[derive(Clone, Debug, Default)]
pub struct HistoryFilter {
    /// Of names as reports write them (`GET /search latency.p95`), or of subjects.
    pub series: Option<Pattern>,
    pub environment: Option<Pattern>,
    pub since: Option<jiff::Timestamp>,
}

impl HistoryFilter {
    pub(super) fn takes_environment(&self, key: &WorkloadKey) -> bool {
        let Some(pattern) = &self.environment else {
            return true;
        };
        pattern.matches(key.environment.as_deref().unwrap_or_default())
    }
}
