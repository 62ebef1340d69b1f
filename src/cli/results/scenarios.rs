//! `[[source]]` entries that name a scenario: it is run as often as the entry says, and each run is kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::cli::output::run_file::{FOLDER, RunFile};
use crate::cli::results::measure::measure;
use crate::cli::results::refuse_invalid;
use crate::cli::results::times::Times;
use crate::cli::settings::config::{Source, Work};
use crate::cli::settings::provenance::GivenProvenance;
use crate::hint::WithHint;
use crate::load::{RunRequest, Scenario, scenario};

/// How often one run is begun anew where the load generator itself was in the way. That is told by the generator's own
/// lateness, whatever the service did, so nothing is chosen by its result; and a busy machine is no reason for red.
const REPEATS: u32 = 2;

/// What holds for every scenario that the sources name.
pub(crate) struct LoadOptions<'a> {
    pub(crate) given_provenance: &'a GivenProvenance,
    pub(crate) allow_remote: bool,
}

/// Runs the scenarios of one source. `folder` is where the paths of the config start.
pub(crate) struct ScenarioRunner<'a> {
    pub(crate) sources: &'a [Source],
    pub(crate) folder: &'a Path,
    pub(crate) load_options: &'a LoadOptions<'a>,
    pub(crate) interrupt: &'a Interrupt,
}

impl ScenarioRunner<'_> {
    pub(crate) fn run(
        &self,
        (source, scenario): (&Source, &str),
        times: Times,
        output: &mut Output<'_>,
    ) -> anyhow::Result<Vec<PathBuf>> {
        let read = read_scenario(&self.folder.join(scenario))?;
        let order = RunRequest {
            scenario: &read,
            allow_remote: self.load_options.allow_remote,
        };
        let name = name(source, scenario, self.sources);
        let mut paths = Vec::new();
        for n in times.all() {
            let path = self.folder.join(FOLDER).join(format!("{name}-{n}.json"));
            // Said first: whoever waits wants to know for what.
            let last = times.first + times.count - 1;
            output.note(&format!("running {scenario}, {n} of {last}"));
            for repeats_left in (0..=REPEATS).rev() {
                let file = RunFile::at(path.clone())?;
                let measured = measure(
                    &order,
                    self.interrupt,
                    self.load_options.given_provenance,
                    output,
                )
                .with_context(|| format!("run {scenario}"))?;
                let kept = file.write(&measured.outcome.run)?;
                if measured.interrupted {
                    let kept = format!("run {scenario}: {} is partial", kept.display());
                    return Err(Interrupted).context(kept);
                }
                match &measured.outcome.run.provenance.invalid {
                    None => break,
                    Some(why) if repeats_left > 0 => {
                        output.warn(&format!("measured again: the run was invalid: {why}"));
                    }
                    Some(why) => return refuse_invalid(&kept, why),
                }
            }
            paths.push(path);
        }
        Ok(paths)
    }
}

/// A scenario file.
pub(crate) fn read_scenario(path: &Path) -> anyhow::Result<Scenario> {
    let shown = path.display();
    let bytes = fs::read(path)
        .with_context(|| format!("read {shown}"))
        .hint("check the path of the scenario")?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("read {shown}: it is not UTF-8"))
        .hint("save it as UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    scenario::parse(text, path).or_else(|mut error| {
        let hint = error.hint.take();
        let hint = hint.unwrap_or_else(|| "`perfgate schema scenario` prints every key".to_owned());
        Err(error).hint(hint)
    })
}

/// `load/api.toml` is `api`; where another source would be called so too, `load-api`, and where another source runs
/// the very same, with the name of the source or its place among them.
fn name(source: &Source, scenario: &str, sources: &[Source]) -> String {
    let of_scenario = name_of_scenario(scenario, sources);
    let same = sources.iter().filter(|other| other.work == source.work);
    if same.count() < 2 {
        return of_scenario;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match &source.name {
        Some(name) if name.chars().all(is_plain) => format!("{of_scenario}-{name}"),
        _ => {
            let place = sources.iter().position(|other| other == source);
            format!("{of_scenario}-source{}", place.map_or(0, |place| place + 1))
        }
    }
}

fn name_of_scenario(scenario: &str, sources: &[Source]) -> String {
    let stem = |scenario: &str| {
        let stem = Path::new(scenario).file_stem();
        stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    };
    let own = stem(scenario);
    let alike = sources.iter().filter(|source| match &source.work {
        Work::Scenario { scenario } => stem(scenario) == own,
        Work::Nothing { .. } | Work::Command { .. } => false,
    });
    if alike.count() < 2 {
        return own;
    }
    let whole = Path::new(scenario).with_extension("");
    let parts = whole
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::config::Around;
    use crate::compare::Origin;
    use std::collections::BTreeMap;

    #[test]
    fn runs_are_called_after_their_scenario_and_never_alike() {
        let sources = |scenarios: &[&str]| {
            let source = |scenario: &&str| Source {
                mapping: None,
                name: None,
                inputs: Vec::new(),
                work: Work::Scenario {
                    scenario: (*scenario).to_owned(),
                },
                runs: 1,
                watch: Vec::new(),
                around: Around::default(),
                profile: None,
                parameters: BTreeMap::new(),
                from: Origin::new("perfgate.toml:1"),
            };
            scenarios.iter().map(source).collect::<Vec<_>>()
        };
        let two = sources(&["load/api.toml", "other.toml"]);
        let called = |at: usize, all: &[Source]| {
            let Work::Scenario { scenario } = &all[at].work else {
                panic!("a scenario");
            };
            name(&all[at], scenario, all)
        };
        assert_eq!(called(0, &two), "api");
        let alike = sources(&["load/api.toml", "old/api.toml"]);
        assert_eq!(called(0, &alike), "load-api");
        assert_eq!(called(1, &alike), "old-api");
        let mut same = sources(&["api.toml", "api.toml"]);
        same[0].name = Some("few".to_owned());
        same[1].name = Some("many users".to_owned());
        assert_ne!(called(0, &same), called(1, &same));
        assert!(called(0, &same).ends_with("-few"));
    }
}
