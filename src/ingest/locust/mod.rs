//! Locust's results: the CSV set of `--csv` and the exact JSON of `--json` and `--json-file`.
//!
//! The JSON counts every response time and is complete; the CSV set was last flushed up to a second
//! before the end, so it holds a few per cent fewer requests. Only the history of the CSV set knows
//! when a request was made, so only there can a warm-up be dropped.

mod course;
mod endpoint;
mod exact;
mod failures;
mod files;
mod history;
mod over_time;
mod records;
mod rounding;
mod same_run;
mod stats_csv;
mod table;
mod timeline;
mod track;
mod users;

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::adapter::{Adapter, Facts, Form, Read as FormRead, ToolClass};
use super::watching::{WatchedFile, Watching};
use super::{ReadOptions, source, text};
use crate::hint::WithHint;
use crate::model::{Load, Run};
use files::{LocustFileKind, Member, Set};
use same_run::Ends;
pub(super) use same_run::{JsonSigns, Sameness, SetSigns};

pub(super) const ADAPTER: Adapter = Adapter {
    tool: "locust",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "Locust's JSON (`--json`, `--json-file`)",
            recognise: |head| recognise_json(head.text()),
            read: FormRead::Path {
                read,
                parse: parse_with,
            },
            facts: Facts {
                evidence: "quantiles",
                resolution: "1 ms below 100 ms, 10 ms below 1 s, then 100 ms; the mean is exact",
                lost: "its version, what failed, failures inside the latency; no warm-up can be dropped",
                tested: "2.15, 2.28, 2.34, 2.47",
            },
        },
        Form {
            what: "Locust's CSV (`--csv`)",
            recognise: |head| recognise_csv(head.text()),
            read: FormRead::Path {
                read,
                parse: parse_with,
            },
            facts: Facts {
                evidence: "quantiles",
                resolution: "1 ms below 100 ms, 10 ms below 1 s, then 100 ms; the mean is exact",
                lost: "its version, the last second, failures inside the latency",
                tested: "2.15, 2.28, 2.34, 2.47",
            },
        },
    ],
};

fn parse_with(bytes: &[u8], options: &ReadOptions) -> anyhow::Result<Vec<Run>> {
    parse(bytes, options.warmup)
}

/// A history that is longer than hours with many endpoints is not read a second time for a picture.
const LONGEST_DRAWN: u64 = 64 * 1024 * 1024;
/// Enough of a file to know its kind by.
const HEAD: u64 = 64 * 1024;

/// Whether text starts like a file of the CSV set.
pub(super) fn recognise_csv(head: &str) -> bool {
    matches!(LocustFileKind::of(head), Some(LocustFileKind::Csv(_)))
}

/// Whether text starts like the output of `--json`.
pub(super) fn recognise_json(head: &str) -> bool {
    matches!(LocustFileKind::of(head), Some(LocustFileKind::Json))
}

/// Whether this is the `PREFIX` of a `--csv PREFIX`.
pub(super) fn is_prefix(path: &Path) -> bool {
    let set = Set::at(path);
    set.has(Member::Stats) || set.has(Member::History)
}

/// Whether `file` is one of the set that `path` names, by its prefix or by any of its files.
pub(super) fn is_member(path: &Path, file: &Path) -> bool {
    let sets = [Set::of_member(path), Some(Set::at(path))];
    sets.into_iter().flatten().any(|set| {
        (set.has(Member::Stats) || set.has(Member::History))
            && Member::ALL
                .into_iter()
                .any(|member| set.path(member) == file)
    })
}

/// The prefixes of the CSV sets in a folder, sorted.
pub(super) fn prefixes(folder: &Path) -> Vec<PathBuf> {
    files::prefixes(folder)
}

/// The files that are one result: those of a CSV set, or the one that the path names.
pub(super) fn files_of(path: &Path) -> Vec<PathBuf> {
    let set = if path.is_file() {
        Set::of_member(path)
    } else {
        Some(Set::at(path))
    };
    set.map_or_else(|| vec![path.to_owned()], |set| set.files())
}

/// Reads a result by any file of its CSV set, by the set's prefix, or by its JSON.
pub(super) fn read(path: &Path, options: &ReadOptions) -> anyhow::Result<Vec<Run>> {
    // No warm-up and one of no length are the same wish.
    let warmup = options.warmup.filter(|warmup| !warmup.is_zero());
    let wanted = (warmup, &options.watching);
    if path.is_file() {
        match (kind_of(path)?, Set::of_member(path)) {
            (LocustFileKind::Json, _) => {
                refuse_warmup(warmup).with_context(|| format!("read {}", path.display()))?;
                let text = text::read_text(path)?;
                exact::parse(&text).with_context(|| format!("read {}", path.display()))
            }
            (LocustFileKind::Csv(_), Some(set)) => read_set(&set, wanted),
            (LocustFileKind::Csv(member), None) => read_member(path, member, wanted),
        }
    } else {
        read_set(&Set::at(path), wanted)
    }
    .map(|run| vec![run])
}

/// The same from bytes alone: one file of the set, told by its header, or the JSON.
pub(super) fn parse(bytes: &[u8], warmup: Option<Duration>) -> anyhow::Result<Vec<Run>> {
    let head = bytes.get(..64 * 1024).unwrap_or(bytes);
    match LocustFileKind::of(&String::from_utf8_lossy(head)) {
        Some(LocustFileKind::Csv(Member::Stats)) => stats_csv::read(bytes),
        Some(LocustFileKind::Csv(Member::History)) => history::read(bytes, warmup),
        Some(LocustFileKind::Csv(member)) => Err(not_a_result(member)),
        Some(LocustFileKind::Json) => {
            refuse_warmup(warmup)?;
            exact::parse(&text::decode(bytes.to_vec())?)
        }
        None => text::decode(bytes.to_vec()).and_then(|_| Err(unknown())),
    }
    .map(|run| vec![run])
}

fn read_set(set: &Set, wanted: (Option<Duration>, &Watching)) -> anyhow::Result<Run> {
    let (stats, history) = (set.path(Member::Stats), set.path(Member::History));
    let (warmup, watching) = wanted;
    let mut run = match warmup {
        Some(_) if set.has(Member::History) => read_member(&history, Member::History, wanted)?,
        Some(_) => {
            return Err(anyhow!(
                "read {}: a warm-up can only be dropped from a history, and there is no {}",
                set.display(),
                history.display()
            ))
            .hint("let Locust write one: `locust --csv PREFIX --csv-full-history`");
        }
        None if set.has(Member::Stats) => {
            let mut run = read_member(&stats, Member::Stats, wanted)?;
            match drawn(&history, watching) {
                Some(told) => {
                    run.provenance.load = told.provenance.load;
                    run.timeline = told.timeline;
                }
                None => run.provenance.load = load_of(set, watching),
            }
            run
        }
        None if set.has(Member::History) => read_member(&history, Member::History, wanted)?,
        None => {
            return Err(anyhow!("open {}: there is no such file", stats.display())).hint(
                "`locust --headless --csv PREFIX` writes it; name PREFIX or any of its files",
            );
        }
    };
    if run.provenance.started_at.is_none()
        && let Some(ends) = Ends::of(&history)
    {
        match ends.refused_by(&run) {
            None => run.provenance.started_at = ends.started_at(),
            Some(why) => {
                run.timeline = None;
                run.warnings.push(format!(
                    "{} is of another run, and its times are left out: {why}",
                    history.display()
                ));
            }
        }
    }
    failures::explain(&set.path(Member::Failures), &mut run);
    Ok(run)
}

/// What the history of a set says of the load, also of the JSON of the same run.
pub(super) fn load_beside(prefix: &Path, watching: &Watching) -> Option<Load> {
    load_of(&Set::at(prefix), watching)
}

fn load_of(set: &Set, watching: &Watching) -> Option<Load> {
    users::load(open_watched(&set.path(Member::History), watching).ok()?)
}

/// All that a history says, to be drawn beside the statistics. `None` where it is too long for that or cannot be read.
fn drawn(history: &Path, watching: &Watching) -> Option<Run> {
    let length = history.metadata().ok()?.len();
    let file = (length <= LONGEST_DRAWN).then(|| open_watched(history, watching).ok())?;
    history::read(file?, None).ok()
}

fn read_member(
    path: &Path,
    member: Member,
    (warmup, watching): (Option<Duration>, &Watching),
) -> anyhow::Result<Run> {
    match (member, warmup) {
        (Member::Stats, None) => stats_csv::read(open_watched(path, watching)?),
        (Member::Stats, Some(_)) => Err(anyhow!("a warm-up can only be dropped from a history"))
            .hint("name the `_stats_history.csv` that `locust --csv PREFIX --csv-full-history` writes"),
        (Member::History, _) => history::read(open_watched(path, watching)?, warmup),
        (Member::Failures | Member::Exceptions, _) => Err(not_a_result(member)),
    }
    .with_context(|| format!("read {}", path.display()))
}

fn open(path: &Path) -> anyhow::Result<BufReader<WatchedFile>> {
    open_watched(path, &Watching::default())
}

fn open_watched(path: &Path, watching: &Watching) -> anyhow::Result<BufReader<WatchedFile>> {
    let file = source::open(path).with_context(|| format!("open {}", path.display()))?;
    let file = watching.file(path, file);
    Ok(BufReader::with_capacity(256 * 1024, file))
}

fn kind_of(path: &Path) -> anyhow::Result<LocustFileKind> {
    let mut head = Vec::new();
    source::open(path)
        .with_context(|| format!("open {}", path.display()))?
        .take(HEAD)
        .read_to_end(&mut head)
        .with_context(|| format!("read {}", path.display()))?;
    match LocustFileKind::of(&String::from_utf8_lossy(&head)) {
        Some(kind) => Ok(kind),
        // Empty and UTF-16 files have a sentence of their own.
        None => text::decode(head).and_then(|_| Err(unknown())),
    }
    .with_context(|| format!("read {}", path.display()))
}

fn refuse_warmup(warmup: Option<Duration>) -> anyhow::Result<()> {
    if warmup.is_none() {
        return Ok(());
    }
    Err(anyhow!("a warm-up cannot be dropped from Locust's JSON: it does not say when each response time was measured"))
        .hint("read the history instead: `locust --csv PREFIX --csv-full-history`, then name PREFIX")
}

fn not_a_result(member: Member) -> anyhow::Error {
    anyhow!(
        "it is a {} file without the statistics it belongs to",
        member.word()
    )
}

fn unknown() -> anyhow::Error {
    let nothing = || -> anyhow::Result<()> {
        bail!(
            "it is not a result of Locust: looked for the header of a CSV set (`Type,Name,Request Count`, `Timestamp,User Count,Type,Name`) and for the list of `--json`"
        )
    };
    match nothing().hint("`perfgate inspect` recognises other tools; leave `--from locust` away") {
        Ok(()) => anyhow!("it is not a result of Locust"),
        Err(error) => error,
    }
}
