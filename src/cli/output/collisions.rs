//! What a command writes, held against what it reads, before anything is measured: no output may be an input, nor
//! another output.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::settings::Settings;
use crate::cli::settings::config::{Source, Work};
use crate::compare::Pattern;
use crate::hint::WithHint;
use crate::ingest;
use crate::store::{self, Destination};

/// The files of one command.
#[derive(Default)]
pub(crate) struct Files {
    outputs: Vec<Written>,
    inputs: Vec<ReadFile>,
}

struct Written {
    flag: String,
    path: PathBuf,
}

struct ReadFile {
    /// What messages call it: `the baseline`.
    what: &'static str,
    place: ReadPlace,
}

enum ReadPlace {
    File(PathBuf),
    /// A file, a folder or a prefix.
    Result(PathBuf),
    /// The results of a source, with stars in their names.
    Pattern(PathBuf, String),
}

impl Files {
    pub(crate) fn writes(&mut self, flag: impl Into<String>, path: &Path) {
        self.outputs.push(Written {
            flag: flag.into(),
            path: path.to_owned(),
        });
    }

    pub(crate) fn reads(&mut self, what: &'static str, path: &Path) {
        self.inputs.push(ReadFile {
            what,
            place: ReadPlace::File(path.to_owned()),
        });
    }

    pub(crate) fn reads_results<'a>(&mut self, paths: impl IntoIterator<Item = &'a PathBuf>) {
        self.inputs.extend(paths.into_iter().map(|path| ReadFile {
            what: "a result",
            place: ReadPlace::Result(path.clone()),
        }));
    }

    /// The config file, and what its sources read and write.
    pub(crate) fn reads_config(&mut self, settings: &Settings) {
        if let Some(config) = &settings.config {
            self.reads("the config file", &config.path);
        }
    }

    /// What is read where no result is named.
    pub(crate) fn reads_sources(&mut self, settings: &Settings) {
        if self.outputs.is_empty() {
            return;
        }
        if settings.sources.is_empty() {
            self.reads_results(&ingest::discover(Path::new(".")));
            return;
        }
        let folder = settings.config.as_ref().map(|place| place.folder.as_path());
        for source in &settings.sources {
            self.reads_source(source, folder.unwrap_or(Path::new("")));
        }
    }

    fn reads_source(&mut self, source: &Source, folder: &Path) {
        match &source.work {
            Work::Scenario { scenario } => self.reads("the scenario", &folder.join(scenario)),
            Work::Nothing { results } | Work::Command { results, .. } => {
                for n in 1..=source.runs {
                    let name = results.replace("{n}", &n.to_string());
                    let place = if name.contains(['*', '?']) {
                        ReadPlace::Pattern(folder.to_owned(), name)
                    } else {
                        ReadPlace::Result(folder.join(name))
                    };
                    let what = "a result";
                    self.inputs.push(ReadFile { what, place });
                }
            }
        }
    }

    /// Refuses the first output that would destroy something.
    pub(crate) fn refuse_collisions(&self) -> anyhow::Result<()> {
        let mut before: Vec<(&Written, PathBuf)> = Vec::new();
        for output in &self.outputs {
            let shown = output.path.display();
            let Some(place) = destination(&output.path)
                .with_context(|| format!("write {shown}"))
                .hint(format!("{} takes the path of a file", output.flag))?
            else {
                // A device or a pipe takes what comes, and keeps nothing that could be lost.
                continue;
            };
            if let Some((other, _)) = before.iter().find(|(_, known)| is_same(known, &place)) {
                return Err(anyhow!(
                    "write {shown}: {} and {} name the same file",
                    other.flag,
                    output.flag
                ))
                .hint("give each output a file of its own");
            }
            if let Some(input) = self.inputs.iter().find(|input| input.is_at(&place)) {
                return Err(anyhow!(
                    "write {shown}: it is {}, which this command reads",
                    input.what
                ))
                .hint(format!("name another file for {}", output.flag));
            }
            refuse_baseline(output, &place)?;
            before.push((output, place));
        }
        Ok(())
    }
}

impl ReadFile {
    fn is_at(&self, output: &Path) -> bool {
        let is_it = |path: &Path| {
            destination(path).is_ok_and(|place| place.is_some_and(|place| is_same(&place, output)))
        };
        match &self.place {
            ReadPlace::File(path) => is_it(path),
            ReadPlace::Result(path) => is_it(path) || ingest::holds(&store::resolved(path), output),
            ReadPlace::Pattern(folder, pattern) => {
                let whole = store::resolved(&folder.join(pattern));
                Pattern::new(whole.to_string_lossy()).matches(&output.to_string_lossy())
            }
        }
    }
}

/// Where the bytes end up; `None` for a stream.
fn destination(path: &Path) -> anyhow::Result<Option<PathBuf>> {
    Ok(Destination::of(path)?.resolved())
}

/// By name, or two names of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    if one == other {
        return true;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let place = |path: &Path| {
            let found = path.metadata().ok()?;
            Some((found.dev(), found.ino()))
        };
        place(one).is_some_and(|found| place(other) == Some(found))
    }
    #[cfg(not(unix))]
    {
        false
    }
}

/// Months of history are no place for a report, whoever reads them.
fn refuse_baseline(output: &Written, place: &Path) -> anyhow::Result<()> {
    const HEAD: u64 = 4096;
    let mut head = Vec::new();
    let read = File::open(place).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() || !store::is_baseline(&head) {
        return Ok(());
    }
    Err(anyhow!(
        "write {}: it is a baseline, which only `perfgate baseline` changes",
        output.path.display()
    ))
    .hint(format!("name another file for {}", output.flag))
}
