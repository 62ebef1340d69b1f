//! Results of other tools to runs: what a path holds is recognised from content, then read by its own parser.
//!
//! One module per tool, with the tool's own types private to it. What is compared with what, and
//! what a change means, is not decided here.

mod age;
pub mod cargo_criterion;
pub mod criterion;
mod folder;
mod format;
mod locate;
mod locust;
mod locust_folder;
mod natural;
mod outline;
pub mod recognise;
mod several;
mod shares;
pub mod strangers;
mod text;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};

pub use age::Since;
pub use folder::discover;
pub use format::{Format, UnknownFormat};
pub use several::read_all;

use crate::hint::WithHint;
use crate::model::Run;
use crate::model::run_file::{self, HistogramMemory};
use locate::Place;

/// Whether `file` is a part of the result at `path`, both without links: one of its files, or a result in its folder.
pub fn holds(path: &Path, file: &Path) -> bool {
    if locust::is_member(path, file) {
        return true;
    }
    let folder = match locate::locate(path) {
        Ok(Place::Folder) => path.to_owned(),
        Ok(Place::CriterionBaseline { folder, .. }) => folder,
        _ => return false,
    };
    let criterion = file.extension().is_some_and(|end| end == "json")
        && file
            .parent()
            .is_some_and(|it| it.join("benchmark.json").is_file());
    file.starts_with(folder)
        && file.is_file()
        && (criterion
            || recognise::head(file).is_ok_and(|head| recognise::recognise(&head).is_ok()))
}

/// How results are to be read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Forces a format instead of recognising it.
    pub from: Option<Format>,
    /// How much of the start of a run to leave out, where the source allows it.
    pub warmup: Option<Duration>,
    /// What the histograms of all results of a command may take; clones share it.
    pub memory: HistogramMemory,
    /// Leaves out what is older than the command that should have written it.
    pub since: Option<Since>,
}

impl ReadOptions {
    /// Whether a result that consists of these files is left out for its age.
    fn leaves_out(&self, files: &[PathBuf]) -> bool {
        self.since.is_some_and(|since| since.is_stale(files))
    }

    /// A warm-up of no length is none.
    fn cuts_warmup(&self) -> bool {
        self.warmup.is_some_and(|warmup| !warmup.is_zero())
    }
}

/// One result, and the runs it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Ingested {
    pub path: PathBuf,
    pub format: Format,
    pub runs: Vec<Run>,
    /// What was left out for its age: benchmarks by name, or the result itself by path.
    pub stale: Vec<String>,
}

/// Whether something can be read under this path, which need not be that of a file: `target/criterion@main`.
pub fn is_there(path: &Path) -> bool {
    locate::locate(path).is_ok()
}

/// A result that was found, not yet read.
struct Found {
    path: PathBuf,
    format: Format,
    /// What a reader should know about why this was taken.
    notes: Vec<String>,
    /// The prefix of Locust's CSV set of the same run, where its JSON was taken.
    set: Option<PathBuf>,
}

/// A file, a folder that is one result, or a folder that holds several.
pub fn read(path: &Path, options: &ReadOptions) -> anyhow::Result<Vec<Ingested>> {
    read_place(path, &locate::locate(path)?, options)
}

fn read_place(path: &Path, place: &Place, options: &ReadOptions) -> anyhow::Result<Vec<Ingested>> {
    match place {
        Place::File => {
            let format = match options.from {
                Some(format) => format,
                // What is left out for its age need not be a result at all: a file that was never filled.
                None if options.leaves_out(&locust::files_of(path)) => {
                    recognise::file(path).unwrap_or(Format::Perfgate)
                }
                None => recognise::file(path)?,
            };
            let found = Found::new(path.to_path_buf(), format);
            Ok(vec![found.read(options)?])
        }
        Place::LocustPrefix => {
            refuse_other_than(Format::Locust, path, options)?;
            let found = Found::new(path.to_path_buf(), Format::Locust);
            Ok(vec![found.read(options)?])
        }
        Place::CriterionBaseline { folder, name } => {
            read_baselines(folder, &[(path, name)], options)
        }
        Place::Folder => folder::results(path, options)?
            .into_iter()
            .map(|found| found.read(options))
            .collect(),
    }
}

/// Baselines of one criterion folder: each as the path that was given for it, with its name.
fn read_baselines(
    folder: &Path,
    given: &[(&Path, &str)],
    options: &ReadOptions,
) -> anyhow::Result<Vec<Ingested>> {
    for (path, _) in given {
        refuse_other_than(Format::Criterion, path, options)?;
    }
    let Some(root) = criterion::root(folder) else {
        return folder::nothing_in(folder);
    };
    let names: Vec<&str> = given.iter().map(|(_, name)| *name).collect();
    let read = criterion::read(&root, &names, options.since)?;
    let each = given.iter().zip(read);
    Ok(each
        .map(|((path, _), read)| of_criterion(path.to_path_buf(), read))
        .collect())
}

/// A run of whose benchmarks none is left is no run.
fn of_criterion(path: PathBuf, read: criterion::Read) -> Ingested {
    let is_empty = read.run.subjects.is_empty();
    Ingested {
        path,
        format: Format::Criterion,
        runs: (!is_empty).then_some(read.run).into_iter().collect(),
        stale: read.stale,
    }
}

/// The bytes of one file as a format, without a path: what the fuzz targets call.
pub fn parse_bytes(
    format: Format,
    bytes: &[u8],
    options: &ReadOptions,
) -> anyhow::Result<Vec<Run>> {
    match format {
        Format::Perfgate => own(&text::decode(bytes.to_vec())?, &options.memory),
        Format::Locust => locust::parse(bytes, options.warmup),
        Format::Criterion => Err(anyhow!("a criterion result is a folder")),
        Format::CargoCriterion => {
            cargo_criterion::parse(&text::decode(bytes.to_vec())?).map(|run| vec![run])
        }
    }
}

fn refuse_other_than(format: Format, path: &Path, options: &ReadOptions) -> anyhow::Result<()> {
    match options.from {
        Some(from) if from != format => Err(anyhow!(
            "read {} as {from}: it is {format}'s",
            path.display()
        ))
        .hint(format!("leave out --from, or use --from {format}")),
        _ => Ok(()),
    }
}

impl Found {
    fn new(path: PathBuf, format: Format) -> Self {
        Self {
            path,
            format,
            notes: Vec::new(),
            set: None,
        }
    }

    fn read(self, options: &ReadOptions) -> anyhow::Result<Ingested> {
        let path = &self.path;
        if self.format != Format::Criterion && options.leaves_out(&self.files()) {
            return Ok(Ingested {
                stale: vec![path.display().to_string()],
                path: self.path,
                format: self.format,
                runs: Vec::new(),
            });
        }
        let mut stale = Vec::new();
        let mut runs = match self.format {
            Format::Perfgate => own(&text::read_text(path)?, &options.memory)
                .with_context(|| format!("read {}", path.display()))?,
            Format::Locust => locust::read(path, options)?,
            Format::Criterion => {
                let read = criterion::read(path, &[criterion::DEFAULT_BASELINE], options.since)?;
                let mut runs = Vec::new();
                for read in read {
                    let one = of_criterion(path.clone(), read);
                    runs.extend(one.runs);
                    stale.extend(one.stale);
                }
                runs
            }
            Format::CargoCriterion => vec![cargo_criterion::read(path)?],
        };
        if self.format.names_hold_ids() {
            for run in &mut runs {
                run.unsettled.get_or_insert_default();
            }
        }
        if options.cuts_warmup() && self.format != Format::Locust {
            for run in &mut runs {
                run.warnings.push(format!(
                    "--warmup has no effect on {} results: they carry no times to cut at",
                    self.format
                ));
            }
        }
        if let Some(first) = runs.first_mut() {
            first.warnings.extend(self.notes);
            if let Some(prefix) = &self.set {
                first.provenance.load = locust::load_beside(prefix);
            }
        }
        Ok(Ingested {
            path: self.path,
            format: self.format,
            runs,
            stale,
        })
    }

    /// Whose age is that of the result.
    fn files(&self) -> Vec<PathBuf> {
        match self.format {
            Format::Locust => locust::files_of(&self.path),
            _ => vec![self.path.clone()],
        }
    }
}

/// perfgate's own run file.
fn own(text: &str, memory: &HistogramMemory) -> anyhow::Result<Vec<Run>> {
    run_file::parse_within(text, memory).or_else(|error| {
        let hint = error.hint.clone();
        let failed = Err(anyhow::Error::new(error));
        match hint {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    })
}
