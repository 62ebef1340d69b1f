//! Which results are judged: the ones that were named, else the sources of the config, else what lies here.

pub(crate) mod checkout;
pub(crate) mod measure;
pub(crate) mod profiled;
pub(crate) mod scenarios;
pub(crate) mod sources;
pub(crate) mod times;

use std::collections::BTreeMap;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::output::Output;
use crate::cli::results::checkout::Checkout;
use crate::cli::results::scenarios::LoadOptions;
use crate::cli::results::sources::{Label, Produced};
use crate::cli::results::times::Times;
use crate::cli::settings::provenance::{GivenProvenance, Maker};
use crate::cli::settings::{Settings, config, reading};
use crate::hint::WithHint;
use crate::ingest::adapter::ToolClass;
use crate::ingest::{self, Format, Ingested, ReadOptions};
use crate::model::{Baseline, Evidence, Run};
use crate::report::context::ResultFile;
use crate::store;

/// Results with the paths that a person would type for them.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) ingested: Vec<Ingested>,
    /// What a reader of the verdict should know about how they were chosen.
    pub(crate) notes: Vec<String>,
    /// Of each run which `[[source]]` it is from, counted from zero; empty where they are not from the config.
    pub(crate) made_by: Vec<usize>,
}

impl Results {
    /// For the report.
    pub(crate) fn sources(&self) -> Vec<ResultFile> {
        let sources = self.ingested.iter().map(|one| ResultFile {
            path: one.path.display().to_string(),
            format: one.format.as_str().to_owned(),
        });
        sources.collect()
    }

    /// Says which source the runs are from, where that is known.
    pub(crate) fn name_source(&mut self, source: Option<&String>) {
        if let Some(source) = source {
            for run in self.runs_mut() {
                run.provenance.source = Some(source.clone());
            }
        }
    }

    /// Says all that tells the workload of their source apart from others.
    fn label(&mut self, label: &Label) {
        self.name_source(label.source.as_ref());
        for run in self.runs_mut() {
            if label.inputs.is_some() {
                run.provenance.inputs.clone_from(&label.inputs);
            }
            if !label.parameters.is_empty() {
                let load = run.provenance.load.get_or_insert_default();
                for (name, value) in &label.parameters {
                    // What a tool tells of its own load is what really happened.
                    if !load.terms.contains_key(name) {
                        load.terms.insert(name.clone(), value.clone());
                    }
                }
            }
        }
    }

    /// Runs that do not say their commit, and of which no CI does, are of the one that is checked out where they lie.
    pub(crate) fn look_up_commits(&mut self, checkout: &Checkout) {
        let mut known: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
        for one in &mut self.ingested {
            let silent = one.runs.iter_mut().map(|run| &mut run.provenance.commit);
            for commit in silent.filter(|commit| commit.is_none()) {
                let folder = checkout::nearest_folder(&one.path);
                *commit = match known.get(folder) {
                    Some(known) => known.clone(),
                    None => {
                        let found = checkout.commit(folder);
                        known.insert(folder.to_owned(), found.clone());
                        found
                    }
                };
            }
        }
    }

    pub(crate) fn runs_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.ingested.iter_mut().flat_map(|one| &mut one.runs)
    }

    pub(crate) fn into_runs(self) -> Vec<Run> {
        self.ingested.into_iter().flat_map(|one| one.runs).collect()
    }
}

/// Results as they were named on the command line, and the source that they are from.
pub(crate) struct NamedResults<'a> {
    pub(crate) paths: &'a [PathBuf],
    pub(crate) source: Option<&'a String>,
}

impl NamedResults<'_> {
    /// For what is kept: a result may also be a baseline file that another job or machine has begun, whose runs say
    /// where they were measured. With the runs that say nothing of the system.
    pub(crate) fn read_all_to_add(&self, options: &ReadOptions) -> anyhow::Result<Results> {
        let mut baselines = Vec::new();
        let mut others = Vec::new();
        for path in self.paths {
            if is_baseline(path)? {
                baselines.push(Ingested {
                    path: path.clone(),
                    format: Format::Perfgate,
                    runs: store::read(path)?.runs,
                    stale: Vec::new(),
                });
            } else {
                others.push(path.clone());
            }
        }
        let mut results = if others.is_empty() {
            Results::default()
        } else {
            understood(&others, options)?
        };
        results.ingested.extend(baselines);
        Ok(labelled(results, self.source))
    }

    fn read(&self, options: &ReadOptions) -> anyhow::Result<Results> {
        Ok(labelled(read(self.paths, options)?, self.source))
    }

    /// The sources of the config have names of their own.
    fn refuse_source(&self, settings: &Settings) -> anyhow::Result<()> {
        if self.source.is_none() || settings.sources.is_empty() {
            return Ok(());
        }
        Err(anyhow!(
            "--source names the results of the command line, and there are none"
        ))
        .hint("name the results as well, or give the [[source]] of perfgate.toml a `name`")
    }
}

fn labelled(mut results: Results, source: Option<&String>) -> Results {
    results.name_source(source);
    results
}

/// What results are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// By `check`.
    Judge,
    /// To a baseline, which takes nothing that merely lies around.
    Add,
}

/// What was named, else what the sources give, else what lies here.
pub(crate) fn current(
    named: &NamedResults<'_>,
    purpose: Purpose,
    (settings, load_options): (&Settings, &LoadOptions<'_>),
    output: &mut Output<'_>,
) -> anyhow::Result<Results> {
    if !named.paths.is_empty() {
        return match purpose {
            Purpose::Judge => named.read(&settings.read),
            Purpose::Add => sound(named.read_all_to_add(&settings.read)?),
        };
    }
    named.refuse_source(settings)?;
    if settings.sources.is_empty() {
        return match purpose {
            Purpose::Judge => discovered(named, settings, output),
            Purpose::Add => Err(anyhow!("no RESULT is named")).hint(
                "name the results: perfgate baseline update RESULT...; or give perfgate.toml a [[source]]",
            ),
        };
    }
    let doing = match purpose {
        Purpose::Judge => "judging",
        Purpose::Add => "adding",
    };
    let first = |_: usize, source: &config::Source| Some(Times::of(source));
    measured(doing, first, (settings, load_options), output)
}

/// Sources that `check` has measured, measured once more; `times` says which and how often.
pub(crate) fn again(
    settings: &Settings,
    times: impl Fn(usize, &config::Source) -> Option<Times>,
    load_options: &LoadOptions<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Results> {
    measured("judging", times, (settings, load_options), output)
}

fn discovered(
    named: &NamedResults<'_>,
    settings: &Settings,
    output: &mut Output<'_>,
) -> anyhow::Result<Results> {
    let here = Path::new(".");
    let found: Vec<PathBuf> = ingest::discover(here)
        .into_iter()
        .map(|path| path.strip_prefix(here).unwrap_or(&path).to_owned())
        .collect();
    if found.is_empty() {
        return Err(anyhow!("found no results to judge"))
            .hint("name them: perfgate check RESULT...; looked for target/criterion, *_stats.csv and perfgate-results/ here");
    }
    tell("judging", &found, output);
    Ok(labelled(read(&found, &settings.read)?, named.source))
}

/// What the sources of the config give.
fn measured(
    doing: &str,
    times: impl Fn(usize, &config::Source) -> Option<Times>,
    (settings, load_options): (&Settings, &LoadOptions<'_>),
    output: &mut Output<'_>,
) -> anyhow::Result<Results> {
    let folder = settings.config.as_ref().map(|place| place.folder.as_path());
    let folder = folder.unwrap_or(Path::new(""));
    let produced = sources::produce(&settings.sources, times, (folder, load_options), output)?;
    let taking = Taking {
        produced: &produced,
        settings,
        given_provenance: load_options.given_provenance,
    };
    taking.read(doing, output)
}

fn tell(doing: &str, paths: &[PathBuf], output: &mut Output<'_>) {
    let shown: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    output.note(&format!("{doing} {}", shown.join(", ")));
}

/// Results that nobody named on the command line.
struct Taking<'a> {
    produced: &'a [Produced],
    settings: &'a Settings,
    given_provenance: &'a GivenProvenance,
}

impl Taking<'_> {
    fn read(&self, doing: &str, output: &mut Output<'_>) -> anyhow::Result<Results> {
        let executions = self.produced.iter().flat_map(|source| &source.executions);
        let paths: Vec<PathBuf> = executions.flat_map(|one| one.paths.clone()).collect();
        tell(doing, &paths, output);
        let mut all = Results::default();
        let mut taken: HashMap<(PathBuf, Option<&str>), &Produced> = HashMap::new();
        for source in self.produced {
            let mut results = of_source(source, &self.settings.read)
                .with_context(|| format!("read [[source]] of {}", source.from))?;
            for note in &results.notes {
                output.warn(note);
            }
            for one in &results.ingested {
                let place = (place_of(&one.path), source.mapping.as_deref());
                if let Some(first) = taken.insert(place, source)
                    && first.source != source.source
                {
                    return refuse_two_sources(&one.path, [first, source]);
                }
            }
            if source.maker == Maker::Ourselves {
                // Runs that were made just now know their machine, whatever tool made them.
                self.given_provenance
                    .put_as(Maker::Ourselves, results.runs_mut());
            }
            all.notes.extend(results.notes);
            let runs: usize = results.ingested.iter().map(|one| one.runs.len()).sum();
            all.made_by.extend(std::iter::repeat_n(source.source, runs));
            all.ingested.extend(results.ingested);
        }
        Ok(all)
    }
}

/// What is measured once is judged once, whatever the names of the tests that it was meant for.
fn refuse_two_sources<T>(path: &Path, [first, second]: [&Produced; 2]) -> anyhow::Result<T> {
    let name = |of: &Produced| match &of.label.source {
        Some(name) => format!("`{name}` ({})", of.from),
        None => of.from.to_string(),
    };
    Err(anyhow!(
        "{} is a result of two [[source]], {} and {}: what it measured would be judged twice",
        path.display(),
        name(first),
        name(second)
    ))
    .hint("correct their `results` so that each file is of one of them; commands that write to one folder need a folder each (such as CRITERION_HOME)")
}

/// What one source gave, with its label; what is older than its command is left out and told.
fn of_source(source: &Produced, options: &ReadOptions) -> anyhow::Result<Results> {
    let mut options = options.clone();
    if let Some(mapping) = &source.mapping
        // What is typed comes first.
        && options.from.is_none()
        && options.mapping.is_none()
    {
        reading::by_mapping(&mut options, mapping)?;
    }
    let mut read = Vec::new();
    let mut paths = Vec::new();
    for execution in &source.executions {
        let options = ReadOptions {
            since: execution.since,
            ..options.clone()
        };
        let of_execution = ingest::first_files(&execution.paths);
        let mut found = ingest::read_all(&of_execution, &options)?;
        let runs = found.iter_mut().flatten().flat_map(|one| &mut one.runs);
        execution.watched.add_to(runs.collect())?;
        read.extend(found);
        paths.extend(of_execution);
    }
    let notes: Vec<String> = read.iter().flatten().filter_map(left_out).collect();
    if !notes.is_empty() && read.iter().flatten().all(|one| one.runs.is_empty()) {
        return Err(anyhow!("{}, and nothing else is there", notes.join("; ")))
            .hint("look at the output of the command: it wrote no new result");
    }
    for one in &mut read {
        one.retain(|one| !one.runs.is_empty());
    }
    let mut results = sound(distinct(&paths, read)?)?;
    results.label(&source.label);
    results.notes = notes;
    Ok(results)
}

/// What of a result is older than the command that should have written it.
fn left_out(one: &Ingested) -> Option<String> {
    /// The most that are named.
    const NAMED: usize = 3;
    let path = one.path.display();
    if one.format != Format::Criterion {
        let first = one.stale.first()?;
        return Some(format!(
            "{first} is older than the command that should have written it"
        ));
    }
    let named: Vec<String> = one
        .stale
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match one.stale.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    let named = named.join(", ") + &more;
    match one.stale.len() {
        0 => None,
        1 => Some(format!(
            "1 benchmark of {path} is older than the command: {named}"
        )),
        n => Some(format!(
            "{n} benchmarks of {path} are older than the command: {named}"
        )),
    }
}

/// Every run of every path, for commands that judge. A run that is marked invalid is refused.
pub(crate) fn read(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Results> {
    sound(understood(paths, options)?)
}

/// The same of two sides, which may share a folder.
pub(crate) fn read_sides(
    sides: [&[PathBuf]; 2],
    options: &ReadOptions,
) -> anyhow::Result<[Results; 2]> {
    let [old, new] = sides.map(ingest::first_files);
    let (old, new) = (old.as_slice(), new.as_slice());
    let mut of_old = ingest::read_all(&[old, new].concat(), options)?;
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
pub(crate) fn refuse_invalid<T>(path: &Path, reason: &str) -> anyhow::Result<T> {
    Err(anyhow!("judge {}: the run is invalid: {reason}", path.display())).hint(
        "measure again: nothing can be told from these numbers; `perfgate inspect` still shows them",
    )
}

/// For what is kept and compared with for long.
pub(crate) fn refuse_partial(results: &Results, doing: &str) -> anyhow::Result<()> {
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
pub(crate) fn understood(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Results> {
    let paths = ingest::first_files(paths);
    let read = ingest::read_all(&paths, options)?;
    distinct(&paths, read)
}

fn distinct(paths: &[PathBuf], read: Vec<Vec<Ingested>>) -> anyhow::Result<Results> {
    let mut ingested: Vec<Ingested> = Vec::new();
    let mut known: HashSet<PathBuf> = HashSet::new();
    let mut alike: HashMap<u64, Vec<usize>> = HashMap::new();
    for one in read.into_iter().flatten() {
        // `run.json` and `./run.json` are one result, and so are a file and a link to it.
        if !known.insert(place_of(&one.path)) {
            continue;
        }
        if is_measured_once(&one) {
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
    Ok(Results {
        ingested,
        ..Results::default()
    })
}

/// The same for all ways to name a file.
fn place_of(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether a result that is equal to it can only be the same one: no two runs of a load begin at one moment and measure
/// the same. Locust's files need not say when it began.
fn is_measured_once(one: &Ingested) -> bool {
    let is_load = one.format.adapter().class == ToolClass::Load;
    let mut runs = one.runs.iter();
    one.format == Format::Locust || (is_load && runs.all(|run| run.provenance.started_at.is_some()))
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
pub(crate) fn baseline(path: &Path, options: &ReadOptions) -> anyhow::Result<Baseline> {
    if is_baseline(path)? {
        return store::read(path);
    }
    Ok(Baseline {
        runs: read(std::slice::from_ref(&path.to_owned()), options)?.into_runs(),
        anchor: None,
    })
}

/// The same of a file that lies nowhere: `main:baselines/main.json`.
pub(crate) fn baseline_of(name: &str, bytes: Vec<u8>) -> anyhow::Result<Baseline> {
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("it is not UTF-8"))
        .with_context(|| format!("read baseline {name}"))?;
    store::parse(&text).with_context(|| format!("read baseline {name}"))
}

pub(crate) fn is_baseline(path: &Path) -> anyhow::Result<bool> {
    Ok(store::is_baseline(&head(path)?))
}

/// What a file begins with, enough for the schema line of any file of ours; nothing of what is no file.
pub(crate) fn head(path: &Path) -> anyhow::Result<Vec<u8>> {
    const HEAD: u64 = 4096;
    let mut head = Vec::new();
    if path.is_file() {
        File::open(path)
            .and_then(|file| file.take(HEAD).read_to_end(&mut head))
            .with_context(|| format!("read {}", path.display()))?;
    }
    Ok(head)
}
