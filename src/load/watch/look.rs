//! What one look at a part of the system under test sees.

/// `cpu`, `read` and `written` are sums that only grow. What is not known is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Nanoseconds.
    pub(super) cpu: Option<u64>,
    /// Bytes, as the rest.
    pub(super) rss: Option<u64>,
    /// The most since the look before, as far as the system tells; never less than `rss`.
    pub(super) peak: Option<u64>,
    pub(super) read: Option<u64>,
    pub(super) written: Option<u64>,
    pub(super) open_files: Option<u64>,
}

/// What can be looked at again and again.
pub(super) trait Eye: Send {
    /// Reads files and may take milliseconds. An error is a sentence on why there is nothing to see any more.
    fn look(&mut self) -> anyhow::Result<Look>;

    /// What a reader of the numbers should know, once each.
    fn warnings(&mut self) -> Vec<String>;
}

/// A system's sum that may begin anew, as one that only grows: how much it rose since the look before.
pub(super) fn risen(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}
