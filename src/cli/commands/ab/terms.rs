//! What holds for the windows of both versions, whatever is measured.

use std::time::Duration;

use crate::cli::settings::Settings;
use crate::load::Stop;
use crate::load::group::Cores;

#[derive(Clone, Copy)]
pub(super) struct Terms<'w> {
    pub(super) seed: u64,
    pub(super) settings: &'w Settings,
    /// For the whole measurement.
    pub(super) budget: Duration,
    /// Where both run, if anywhere in particular.
    pub(super) cores: Option<&'w Cores>,
    pub(super) stop: &'w Stop,
}
