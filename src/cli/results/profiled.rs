//! Sources in which something regressed, sampled once more by their profiler: head alone, for the base is a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
use crate::cli::results::scenarios::read_scenario;
use crate::cli::settings::Settings;
use crate::cli::settings::config::{Around, Source, Work};
use crate::compare::{Comparison, Doubt, Judgement, Outcome};
use crate::load::profiler::Profiler;
use crate::load::{RunRequest, Stop};
use crate::model::{Run, Stacks, WorkloadKey};
use crate::report::Profile;

/// What is known of the sources when it is judged.
pub(crate) struct Sampling<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) judgement: &'a Judgement,
    pub(crate) current: &'a [Run],
    /// Of each run which `[[source]]` it is from; empty where the results were named.
    pub(crate) made_by: &'a [usize],
    pub(crate) allow_remote: bool,
}

impl Sampling<'_> {
    /// The profiles, and a note for each that there is none of. Whatever fails, the verdict stands.
    pub(crate) fn take(&self, output: &mut Output<'_>) -> (Vec<Profile>, Vec<String>) {
        let (mut profiles, mut notes) = (Vec::new(), Vec::new());
        let several = self.settings.sources.len() > 1;
        for at in self.worse() {
            let Some(source) = self.settings.sources.get(at) else {
                continue;
            };
            let name = source.name.clone().filter(|_| several);
            match self.sampled(source, output) {
                Ok(None) => {}
                Ok(Some(head)) => profiles.push(Profile::new(name, None, &head)),
                Err(why) => {
                    let of = name.map_or_else(String::new, |name| format!(" of `{name}`"));
                    notes.push(format!("there is no profile{of}: {why:#}"));
                }
            }
        }
        (profiles, notes)
    }

    /// The sources of workloads in which something got worse, or may have.
    fn worse(&self) -> BTreeSet<usize> {
        let is_worse = |c: &&Comparison| {
            let possible = Outcome::Inconclusive(Doubt::Possible);
            c.gated && (c.outcome == Outcome::Regressed || c.outcome == possible)
        };
        let worse = self.judgement.comparisons.iter().filter(is_worse);
        let keys: BTreeSet<&WorkloadKey> = worse
            .filter_map(|c| self.judgement.workloads.get(c.workload))
            .map(|workload| &workload.key)
            .collect();
        let runs = self.current.iter().zip(self.made_by);
        runs.filter(|(run, _)| keys.contains(&WorkloadKey::of(run)))
            .map(|(_, source)| *source)
            .collect()
    }

    fn sampled(&self, source: &Source, output: &mut Output<'_>) -> anyhow::Result<Option<Stacks>> {
        let place = self.settings.config.as_ref();
        let folder = place.map_or_else(PathBuf::new, |place| place.folder.clone());
        let asked = source.profile.as_deref();
        match &source.work {
            Work::Nothing { .. } => Ok(None),
            Work::Command { command, .. } => {
                let Some(profiler) = asked else {
                    return Ok(None);
                };
                if source.around != Around::default() {
                    return Err(anyhow!("its source has `pause`, `setup` or `teardown`"));
                }
                // Its results are those of no run.
                let command = command.replace("{n}", "profile");
                during(output, |stop| {
                    let nothing = BTreeMap::new();
                    profiler_in(profiler, &folder).of_command(&command, &nothing, stop)
                })
            }
            Work::Scenario { scenario } => {
                let read = read_scenario(&folder.join(scenario))?;
                let own = read.service.as_ref().and_then(|own| own.profile.as_deref());
                let Some(profiler) = own.or(asked) else {
                    return Ok(None);
                };
                let request = RunRequest {
                    scenario: &read,
                    allow_remote: self.allow_remote,
                };
                during(output, |stop| {
                    profiler_in(profiler, &folder).of_service(&request, stop)
                })
            }
        }
    }
}

fn profiler_in<'a>(command: &'a str, folder: &'a Path) -> Profiler<'a> {
    // Beside a config that was named without a folder.
    let is_here = folder.as_os_str().is_empty();
    let folder = if is_here { Path::new(".") } else { folder };
    Profiler { command, folder }
}

fn during(
    output: &mut Output<'_>,
    sample: impl FnOnce(&Stop) -> anyhow::Result<Stacks>,
) -> anyhow::Result<Option<Stacks>> {
    output.note("running it once more under the profiler; this run is not judged");
    let (sampled, _) = Interrupt::listen()?.during(|stop| sample(&stop));
    sampled.map(Some)
}
