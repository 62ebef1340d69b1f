//! Whether somebody asks how it goes: by SIGUSR1 anywhere, and by `t` at a terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// Whether somebody has asked since the last answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusRequest(Arc<AtomicBool>);

impl StatusRequest {
    /// What signals and keys reach.
    pub(crate) fn by_anybody() -> Self {
        static ASKED: LazyLock<StatusRequest> = LazyLock::new(StatusRequest::default);
        ASKED.clone()
    }

    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
