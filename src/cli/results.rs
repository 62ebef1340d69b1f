//! Which results are judged: the ones that were named, else the sources of the config, else what lies here.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::loads::Loading;
use super::origin::{Maker, Stamp};
use super::output::Output;
use super::settings::Settings;
use super::sources::{self, Produced};
use crate::hint::WithHint;
use crate::ingest::{self, Format, Ingested, ReadOptions};
use crate::model::{Anchor, Evidence, Run};
use crate::report::context::Source;
use crate::store;

/// Results with the paths that a person would type for them.
pub(super) struct Results {
    pub(super) ingested: Vec<Ingested>,
}

impl Results {
    /// For the report.
    pub(super) fn sources(&self) -> Vec<Source> {
        let sources = self.ingested.iter().map(|one| Source {
            path: one.path.display().to_string(),
            format: one.format.as_str().to_owned(),
        });
        sources.collect()
    }

    pub(super) fn runs_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.ingested.iter_mut().flat_map(|one| &mut one.runs)
    }

    pub(super) fn into_runs(self) -> Vec<Run> {
        self.ingested.into_iter().flat_map(|one| one.runs).collect()
    }
}

/// For `check`: what was named, else what the sources give, else what lies here.
pub(super) fn current(
    named: &[PathBuf],
    settings: &Settings,
    loading: &Loading<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Results> {
    if !named.is_empty() {
        return read(named, &settings.read);
    }
    let produced = if settings.sources.is_empty() {
        let here = Path::new(".");
        let found: Vec<Produced> = ingest::discover(here)
            .into_iter()
            .map(|path| Produced {
                path: path.strip_prefix(here).unwrap_or(&path).to_owned(),
                maker: Maker::Somebody,
            })
            .collect();
        if found.is_empty() {
            return Err(anyhow!("found no results to judge"))
                .hint("name them: perfgate check RESULT...; looked for target/criterion, *_stats.csv and perfgate-results/ here");
        }
        found
    } else {
        produced(settings, loading, output)?
    };
    let taking = Taking {
        produced: &produced,
        settings,
        stamp: loading.stamp,
    };
    taking.read("judging", output)
}

/// For `baseline update`, which adds nothing that merely lies around.
pub(super) fn of_sources(
    settings: &Settings,
    loading: &Loading<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Results> {
    let taking = Taking {
        produced: &produced(settings, loading, output)?,
        settings,
        stamp: loading.stamp,
    };
    taking.read("adding", output)
}

fn produced(
    settings: &Settings,
    loading: &Loading<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Vec<Produced>> {
    let folder = settings.config.as_ref().map(|place| place.folder.as_path());
    let folder = folder.unwrap_or(Path::new(""));
    sources::produce(&settings.sources, folder, loading, output)
}

/// Results that nobody named on the command line.
struct Taking<'a> {
    produced: &'a [Produced],
    settings: &'a Settings,
    stamp: &'a Stamp,
}

impl Taking<'_> {
    /// Runs that were made just now know their machine, whatever tool made them.
    fn read(&self, doing: &str, output: &mut Output<'_>) -> anyhow::Result<Results> {
        let paths: Vec<PathBuf> = self.produced.iter().map(|one| one.path.clone()).collect();
        let shown: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        output.note(&format!("{doing} {}", shown.join(", ")));
        let read = ingest::read_all(&paths, &self.settings.read)?;
        let made_now: Vec<PathBuf> = read
            .iter()
            .zip(self.produced)
            .filter(|(_, produced)| produced.maker == Maker::Ourselves)
            .flat_map(|(ingested, _)| ingested.iter().map(|one| one.path.clone()))
            .collect();
        let mut results = sound(distinct(&paths, read)?)?;
        for one in &mut results.ingested {
            if made_now.contains(&one.path) {
                self.stamp.put_as(Maker::Ourselves, &mut one.runs);
            }
        }
        Ok(results)
    }
}

/// Every run of every path, for commands that judge: a run that says nothing of the system is none.
pub(super) fn read(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Results> {
    sound(understood(paths, options)?)
}

/// The same of two sides, which may share a folder.
pub(super) fn read_sides(
    sides: [&[PathBuf]; 2],
    options: &ReadOptions,
) -> anyhow::Result<[Results; 2]> {
    let [old, new] = sides;
    let mut of_old = ingest::read_all(&sides.concat(), options)?;
    let of_new = of_old.split_off(old.len());
    Ok([
        sound(distinct(old, of_old)?)?,
        sound(distinct(new, of_new)?)?,
    ])
}

fn sound(results: Results) -> anyhow::Result<Results> {
    for one in &results.ingested {
        let mut reasons = one
            .runs
            .iter()
            .filter_map(|run| run.provenance.invalid.as_ref());
        if let Some(reason) = reasons.next() {
            return refuse_invalid(&one.path, reason);
        }
    }
    Ok(results)
}

/// Why an invalid run is not judged.
pub(super) fn refuse_invalid<T>(path: &Path, reason: &str) -> anyhow::Result<T> {
    Err(anyhow!("judge {}: the run is invalid: {reason}", path.display())).hint(
        "measure again: nothing can be told from these numbers; `perfgate inspect` still shows them",
    )
}

/// For what is kept and compared with for long.
pub(super) fn refuse_partial(results: &Results, doing: &str) -> anyhow::Result<()> {
    let is_partial = |one: &&Ingested| one.runs.iter().any(|run| run.provenance.partial);
    match results.ingested.iter().find(is_partial) {
        Some(one) => Err(anyhow!(
            "{doing}: {} holds a partial run, which was ended early",
            one.path.display()
        ))
        .hint("a baseline takes whole runs only: measure again, to the end"),
        None => Ok(()),
    }
}

/// Every run of every path as it is, one result once: the files of one Locust run are one run.
pub(super) fn understood(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Results> {
    let read = ingest::read_all(paths, options)?;
    distinct(paths, read)
}

fn distinct(paths: &[PathBuf], read: Vec<Vec<Ingested>>) -> anyhow::Result<Results> {
    let mut ingested: Vec<Ingested> = Vec::new();
    let mut known: HashSet<PathBuf> = HashSet::new();
    let mut alike: HashMap<u64, Vec<usize>> = HashMap::new();
    for one in read.into_iter().flatten() {
        if !known.insert(one.path.clone()) {
            continue;
        }
        if one.format == Format::Locust {
            let alike = alike.entry(signs(&one.runs)).or_default();
            let is_same = |at: &usize| ingested.get(*at).is_some_and(|it| it.runs == one.runs);
            if alike.iter().any(is_same) {
                continue;
            }
            alike.push(ingested.len());
        }
        ingested.push(one);
    }
    if !paths.is_empty() && ingested.iter().all(|one| one.runs.is_empty()) {
        let shown: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        return Err(anyhow!("read {}: it holds no runs", shown.join(", ")))
            .hint("`perfgate inspect` shows what was understood of a file");
    }
    Ok(Results { ingested })
}

/// A number that equal runs share and others hardly ever. `out/*.csv` names each Locust run several times; counted as
/// replicates they would be false certainty.
fn signs(runs: &[Run]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for run in runs {
        run.provenance.started_at.hash(&mut hasher);
        for (subject, metrics) in &run.subjects {
            subject.as_str().hash(&mut hasher);
            for (name, measured) in metrics.iter() {
                let evidence = &measured.evidence;
                name.as_str().hash(&mut hasher);
                evidence.observations().hash(&mut hasher);
                evidence.smallest().map(f64::to_bits).hash(&mut hasher);
                if let Evidence::Proportion(share) = evidence {
                    share.count().hash(&mut hasher);
                }
            }
        }
    }
    hasher.finish()
}

/// What results are compared with: a baseline file or any plain result.
pub(super) struct Reference {
    pub(super) runs: Vec<Run>,
    pub(super) anchor: Option<Anchor>,
}

pub(super) fn reference(path: &Path, options: &ReadOptions) -> anyhow::Result<Reference> {
    if is_baseline(path)? {
        let baseline = store::read(path)?;
        return Ok(Reference {
            runs: baseline.runs,
            anchor: baseline.anchor,
        });
    }
    Ok(Reference {
        runs: read(std::slice::from_ref(&path.to_owned()), options)?.into_runs(),
        anchor: None,
    })
}

pub(super) fn is_baseline(path: &Path) -> anyhow::Result<bool> {
    /// Enough for the schema line of any file of ours.
    const HEAD: u64 = 4096;
    if !path.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEAD).read_to_end(&mut head))
        .with_context(|| format!("read {}", path.display()))?;
    Ok(store::is_baseline(&head))
}
