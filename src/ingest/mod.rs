//! Results of other tools to runs: what a path holds is recognised from content, then read by its own parser.
//!
//! One module per tool, with the tool's own types private to it. What is compared with what, and
//! what a change means, is not decided here.

pub mod adapter;
mod age;
pub mod cargo_criterion;
pub mod criterion;
mod endpoint;
mod folder;
mod format;
pub mod head;
mod json;
mod locate;
mod locust;
mod locust_folder;
pub mod mapping;
mod natural;
mod outline;
mod own;
mod quantity;
pub mod recognise;
mod records;
pub mod reference;
mod rows;
mod several;
mod shares;
mod sheet;
pub mod source;
pub mod strangers;
mod text;
mod threads;
mod tools;
pub mod watching;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

pub use age::Since;
pub use folder::discover;
pub use format::{Format, UnknownFormat};
pub use several::read_all;
pub use threads::first_files;

use crate::hint::WithHint;
use crate::model::Run;
use crate::model::run_file::HistogramMemory;
use adapter::{Form, Read};
use locate::ResultPlace;
use mapping::{Mapping, Mappings};
use source::ResultBytes;
use watching::Watching;

/// Whether `file` is a part of the result at `path`, both without links: one of its files, or a result in its folder.
pub fn holds(path: &Path, file: &Path) -> bool {
    if locust::is_member(path, file) {
        return true;
    }
    let folder = match locate::locate(path) {
        Ok(ResultPlace::Folder) => path.to_owned(),
        Ok(ResultPlace::CriterionBaseline { folder, .. }) => folder,
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
    /// Reads every result by this mapping.
    pub mapping: Option<Arc<Mapping>>,
    /// Those whose `files` say which results they read.
    pub mappings: Mappings,
    /// How much of the start of a run to leave out, where the source allows it.
    pub warmup: Option<Duration>,
    /// What the histograms of all results of a command may take; clones share it.
    pub memory: HistogramMemory,
    /// Leaves out what is older than the command that should have written it.
    pub since: Option<Since>,
    /// Who is told how far large files are read.
    pub watching: Watching,
}

impl ReadOptions {
    /// Whether a result that consists of these files is left out for its age.
    fn leaves_out(&self, files: &[PathBuf]) -> bool {
        self.since.is_some_and(|since| since.is_stale(files))
    }

    /// The mapping that reads a file, where one was named for it or knows its path.
    fn mapping_of(&self, path: &Path) -> Option<Arc<Mapping>> {
        let by_path = || match self.from {
            Some(_) => None,
            None => self.mappings.of(path),
        };
        self.mapping.as_ref().or_else(by_path).cloned()
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
struct FoundResult {
    path: PathBuf,
    format: Format,
    /// Which of the format's outputs it is, where that was told by its content.
    form: Option<&'static Form>,
    /// What a reader should know about why this was taken.
    notes: Vec<String>,
    /// The prefix of Locust's CSV set of the same run, where its JSON was taken.
    set: Option<PathBuf>,
    /// What reads it, where it is of no tool.
    mapping: Option<Arc<Mapping>>,
}

/// A file, a folder that is one result, or a folder that holds several.
pub fn read(path: &Path, options: &ReadOptions) -> anyhow::Result<Vec<Ingested>> {
    read_place(path, &locate::locate(path)?, options)
}

fn read_place(
    path: &Path,
    place: &ResultPlace,
    options: &ReadOptions,
) -> anyhow::Result<Vec<Ingested>> {
    match place {
        ResultPlace::File => {
            if let Some(mapping) = options.mapping_of(path) {
                let found = FoundResult::mapped(path.to_path_buf(), mapping);
                return Ok(vec![found.read(options)?]);
            }
            let (format, form) = match options.from {
                Some(format) => (format, None),
                // What is left out for its age need not be a result at all: a file that was never filled.
                None if options.leaves_out(&locust::files_of(path)) => {
                    let found = recognise::file(path);
                    found.map_or((Format::Perfgate, None), |(format, form)| {
                        (format, Some(form))
                    })
                }
                None => recognise::file(path).map(|(format, form)| (format, Some(form)))?,
            };
            let path = match format {
                Format::Pgbench => threads::first_of(path),
                _ => path.to_path_buf(),
            };
            let found = FoundResult {
                form,
                ..FoundResult::new(path, format)
            };
            Ok(vec![found.read(options)?])
        }
        ResultPlace::LocustPrefix => {
            refuse_other_than(Format::Locust, path, options)?;
            let found = FoundResult::new(path.to_path_buf(), Format::Locust);
            Ok(vec![found.read(options)?])
        }
        ResultPlace::CriterionBaseline { folder, name } => {
            read_baselines(folder, &[(path, name)], options)
        }
        ResultPlace::Folder => folder::results(path, options)?
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
    let source = ResultBytes::Bytes(bytes);
    match form_of(format, source)?.read {
        Read::Whole(parse) => Ok(vec![parse(&text::of(source)?)?]),
        Read::Stream(read) => Ok(vec![read(&source, options)?]),
        Read::Path { parse, .. } => parse(bytes, options),
    }
}

/// Which output of a tool this is, where the tool is known.
fn form_of(format: Format, source: ResultBytes<'_>) -> anyhow::Result<&'static Form> {
    let adapter = format.adapter();
    if let [only] = adapter.forms {
        return Ok(only);
    }
    let head = source.head()?;
    if let Some(form) = adapter.form_of(&head::Head::of(&head)) {
        return Ok(form);
    }
    // A tool whose results are several files says itself what is wrong with one of them.
    if let [first, ..] = adapter.forms
        && matches!(first.read, Read::Path { .. })
    {
        return Ok(first);
    }
    source::refuse_utf16(&head)?;
    if head.iter().all(u8::is_ascii_whitespace) {
        text::decode(head)?;
    }
    let forms: Vec<&str> = adapter.forms.iter().map(|form| form.what).collect();
    bail!("it is none of these: {}", forms.join(", "))
}

fn refuse_other_than(format: Format, path: &Path, options: &ReadOptions) -> anyhow::Result<()> {
    if let Some(mapping) = &options.mapping {
        return Err(anyhow!(
            "read {} as {}: it is {format}'s",
            path.display(),
            mapping.tool()
        ))
        .hint("a mapping reads plain files: name one");
    }
    match options.from {
        Some(from) if from != format => Err(anyhow!(
            "read {} as {from}: it is {format}'s",
            path.display()
        ))
        .hint(format!("leave out --from, or use --from {format}")),
        _ => Ok(()),
    }
}

impl FoundResult {
    fn new(path: PathBuf, format: Format) -> Self {
        Self {
            path,
            format,
            form: None,
            notes: Vec::new(),
            set: None,
            mapping: None,
        }
    }

    fn mapped(path: PathBuf, mapping: Arc<Mapping>) -> Self {
        Self {
            mapping: Some(mapping),
            ..Self::new(path, Format::Mapped)
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
        let (mut runs, times) = if self.format == Format::Criterion {
            let read = criterion::read(path, &[criterion::DEFAULT_BASELINE], options.since)?;
            let mut runs = Vec::new();
            for read in read {
                let one = of_criterion(path.clone(), read);
                runs.extend(one.runs);
                stale.extend(one.stale);
            }
            (runs, false)
        } else {
            self.runs(options)?
        };
        if self.format.names_hold_ids() {
            for run in &mut runs {
                run.unsettled.get_or_insert_default();
            }
        }
        if options.cuts_warmup() && !times {
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
                first.provenance.load = locust::load_beside(prefix, &options.watching);
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
            Format::Pgbench => {
                threads::files_of(&self.path).unwrap_or_else(|_| vec![self.path.clone()])
            }
            _ => vec![self.path.clone()],
        }
    }

    /// The runs, and whether a warm-up could be cut from them.
    fn runs(&self, options: &ReadOptions) -> anyhow::Result<(Vec<Run>, bool)> {
        let files = match self.format {
            Format::Pgbench if self.path.is_file() => threads::files_of(&self.path)?,
            _ => vec![self.path.clone()],
        };
        let source = ResultBytes::Files(&files, &options.watching);
        let place = || format!("read {}", self.path.display());
        let form = match (self.form, self.format.adapter().forms) {
            (Some(form), _) | (None, [form]) => form,
            (None, [form, ..]) if !self.path.is_file() => form,
            (None, _) => form_of(self.format, source).with_context(place)?,
        };
        Ok(match form.read {
            Read::Whole(parse) => {
                let run = text::of(source).and_then(|text| parse(&text));
                (vec![run.with_context(place)?], false)
            }
            Read::Stream(read) => (vec![read(&source, options).with_context(place)?], true),
            // It names each of its files itself.
            Read::Path { read, .. } => match &self.mapping {
                Some(mapping) => {
                    let options = ReadOptions {
                        mapping: Some(Arc::clone(mapping)),
                        ..options.clone()
                    };
                    (read(&self.path, &options)?, mapping.time.is_some())
                }
                None => (read(&self.path, options)?, self.format == Format::Locust),
            },
        })
    }
}
