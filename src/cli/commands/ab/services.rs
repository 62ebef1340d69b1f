//! Windows of load on two services.

use std::path::Path;
use std::time::Duration;

use super::terms::Terms;
use super::versions::Versions;
use super::windows::Measures;
use crate::ab::service::{Conditions, Services};
use crate::ab::{Busy, Window};
use crate::cli::args::AbServices;
use crate::cli::results::scenarios::read_scenario;
use crate::load::Stop;
use crate::model::{Run, Stacks};

/// How long a window counts where nobody says.
const WINDOW: Duration = Duration::from_secs(1);

pub(super) struct Loaded {
    services: Services,
    stop: Option<Stop>,
}

impl Loaded {
    pub(super) fn new(
        scenario: &Path,
        args: &AbServices,
        (versions, terms): (&Versions, &Terms<'_>),
    ) -> anyhow::Result<Self> {
        let scenario = read_scenario(scenario)?;
        let conditions = Conditions {
            window: args.window.unwrap_or(WINDOW),
            pauses_idle: args.pause_idle,
            allow_remote: args.remote.allow_remote,
            own_folders: versions.have_worktrees(),
            seed: terms.seed,
            cores: terms.cores.cloned(),
        };
        let services = Services::new(scenario, versions.deployments(), conditions)?;
        Ok(Self {
            services,
            stop: None,
        })
    }
}

impl Measures for Loaded {
    /// Every launch is warmed up, before its block.
    fn warm_up(&mut self, _times: usize, stop: &Stop) -> anyhow::Result<()> {
        self.stop = Some(stop.clone());
        Ok(())
    }

    fn begin_block(&mut self, stop: &Stop) -> anyhow::Result<()> {
        self.services.begin_block(stop)
    }

    fn window(&mut self, window: &Window<'_>) -> anyhow::Result<Option<Run>> {
        let stop = self.stop.clone().unwrap_or_default();
        self.services.window(window, &stop)
    }

    fn end_block(&mut self) -> anyhow::Result<()> {
        self.services.end_block()
    }

    fn sample(&mut self, profiler: Option<&str>) -> Option<anyhow::Result<[Stacks; 2]>> {
        let stop = self.stop.clone().unwrap_or_default();
        let own = self.services.profiler().map(str::to_owned);
        let profiler = profiler.map(str::to_owned).or(own)?;
        Some(self.services.sample(&profiler, &stop))
    }

    fn notes(&self) -> Vec<String> {
        self.services.notes()
    }

    fn busy(&self) -> Busy {
        self.services.busy()
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // What cannot be ended here is ended with perfgate.
        drop(self.services.end());
    }
}
