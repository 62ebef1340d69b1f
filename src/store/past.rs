//! What a baseline file held over the commits of its repository: each run once, oldest version first.
//!
//! A run stays in the file for as many versions as the window is long, and its lines do not change meanwhile: what was
//! read before is known by its text and not read again. Where it is told anew (older runs keep less evidence), it is
//! known by what it says of itself.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::commits::{Blobs, Commits};
use super::format;
use crate::model::{Anchor, Run, WorkloadKey};

pub use super::commits::Version;

/// What was found beside the runs.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Of the newest version.
    pub anchor: Option<Anchor>,
    /// Different contents of the file.
    pub versions: usize,
    /// How many runs were in all of them together.
    pub runs: usize,
    /// Versions that are no baseline, with the reason: their runs are missing, unless a neighbour holds them too.
    pub unreadable: Vec<(Version, String)>,
    /// The clone holds the newest commits only.
    pub shallow: bool,
    /// The file on the disk is not that of the newest commit.
    pub uncommitted: bool,
}

/// Hands over every run that the committed versions of a baseline file ever held, with the version that held it first.
pub fn walk(path: &Path, each: &mut dyn FnMut(&Version, Run)) -> anyhow::Result<Walked> {
    let commits = Commits::of(path)?;
    let mut walked = Walked {
        versions: commits.versions.len(),
        shallow: commits.shallow,
        uncommitted: commits.uncommitted,
        ..Walked::default()
    };
    let mut known = Known::default();
    let ids = commits.versions.iter().map(|(_, blob)| blob.clone());
    let mut place = 0;
    Blobs::read(&commits.folder, ids.collect(), &mut |text| {
        let Some((version, _)) = commits.versions.get(place) else {
            return;
        };
        place += 1;
        let is_newest = place == commits.versions.len();
        let mut found = Vec::new();
        let read = text.and_then(|text| {
            found = known.new_in(text)?;
            if is_newest {
                walked.anchor = format::parse(text)
                    .map_err(|error| error.to_string())?
                    .anchor;
            }
            Ok(())
        });
        if let Err(reason) = read {
            walked.unreadable.push((version.clone(), reason));
        }
        walked.runs += found.len();
        found.into_iter().for_each(|run| each(version, run));
    })
    .with_context(|| format!("read the history of {}", path.display()))?;
    if walked.versions == walked.unreadable.len() {
        let reason = walked.unreadable.last().map(|(_, reason)| reason.as_str());
        return Err(anyhow!("{}", reason.unwrap_or("no version is there")))
            .with_context(|| format!("read {} in any of its commits", path.display()));
    }
    Ok(walked)
}

/// Which runs have been handed over.
#[derive(Default)]
struct Known {
    /// The runs of a piece of text, by its hash and length.
    pieces: HashMap<(u64, usize), Vec<usize>>,
    identities: HashMap<Identity, usize>,
    /// How many runs of each identity.
    handed: Vec<usize>,
}

/// What a run says of itself that no later version of the file changes.
///
/// Several runs of one version may say the same (no tool gave them a time): then they are counted.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    started_at: Option<jiff::Timestamp>,
    session: Option<String>,
    commit: Option<String>,
    launch: Option<u32>,
    source: Option<String>,
    tool: Option<String>,
    scenario: Option<String>,
    inputs: Option<String>,
    load: Option<String>,
    environment: Option<String>,
    /// Of runs that say neither when nor in which session they were made: only their numbers tell them apart.
    content: Option<u64>,
}

impl Identity {
    fn of(run: &Run) -> Self {
        let key = WorkloadKey::of(run);
        let provenance = &run.provenance;
        let is_nameless = provenance.started_at.is_none() && provenance.session.is_none();
        Self {
            started_at: provenance.started_at,
            session: provenance.session.clone(),
            commit: provenance.commit.clone(),
            launch: provenance.launch,
            source: key.source,
            tool: key.tool,
            scenario: key.scenario,
            inputs: key.inputs,
            load: key.load.digest,
            environment: key.environment,
            content: is_nameless.then(|| hash(&format!("{:?}", run.subjects)).0),
        }
    }
}

impl Known {
    /// The runs of a version that no version before held.
    fn new_in(&mut self, text: &str) -> Result<Vec<Run>, String> {
        let Some(pieces) = pieces(text) else {
            let baseline = format::parse(text).map_err(|error| error.to_string())?;
            let mut here = HashMap::new();
            let runs = baseline.runs.into_iter();
            return Ok(runs
                .filter(|run| {
                    let identity = self.identity(run);
                    self.is_new(identity, &mut here)
                })
                .collect());
        };
        // All or nothing: a version that cannot be read to its end counts for no run.
        let mut read: Vec<(Vec<usize>, Option<Vec<Run>>)> = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let key = hash(piece);
            match self.pieces.get(&key) {
                Some(identities) => read.push((identities.clone(), None)),
                None => {
                    let runs = runs_of(piece)?;
                    let identities: Vec<usize> =
                        runs.iter().map(|run| self.identity(run)).collect();
                    self.pieces.insert(key, identities.clone());
                    read.push((identities, Some(runs)));
                }
            }
        }
        let mut here = HashMap::new();
        let mut new = Vec::new();
        for (piece, (identities, runs)) in pieces.iter().zip(read) {
            let is_new: Vec<bool> = identities
                .into_iter()
                .map(|identity| self.is_new(identity, &mut here))
                .collect();
            if !is_new.contains(&true) {
                continue;
            }
            let runs = match runs {
                Some(runs) => runs,
                None => runs_of(piece)?,
            };
            let runs = runs.into_iter().zip(is_new);
            new.extend(runs.filter_map(|(run, is_new)| is_new.then_some(run)));
        }
        Ok(new)
    }

    fn identity(&mut self, run: &Run) -> usize {
        let next = self.handed.len();
        let index = *self.identities.entry(Identity::of(run)).or_insert(next);
        if index == next {
            self.handed.push(0);
        }
        index
    }

    /// Whether one more run of this identity in a version is one more than any version before held.
    fn is_new(&mut self, identity: usize, here: &mut HashMap<usize, usize>) -> bool {
        let count = here.entry(identity).or_default();
        *count += 1;
        let Some(handed) = self
            .handed
            .get_mut(identity)
            .filter(|handed| *count > **handed)
        else {
            return false;
        };
        *handed = *count;
        true
    }
}

fn hash(piece: &str) -> (u64, usize) {
    // With fixed keys: the same on every machine.
    let mut hasher = DefaultHasher::new();
    piece.hash(&mut hasher);
    (hasher.finish(), piece.len())
}

const BEGIN: &str = "\n\"runs\": [{\n";
const BETWEEN: &str = "\n}}, {\n";
const END: &str = "}}]\n}\n";

/// The text of each run of the window, where the file looks as perfgate writes it. A line of the file is never inside a
/// string, so that nothing else can look like the lines between two runs.
fn pieces(text: &str) -> Option<Vec<&str>> {
    if !text.starts_with("{\n\"schema\": \"perfgate.baseline/1\",\n") {
        return None;
    }
    // An anchor stands in front, with runs of its own inside of a line that begins otherwise.
    let begin = text.find(BEGIN)? + BEGIN.len();
    let window = text.get(begin..)?.strip_suffix(END)?;
    Some(window.split(BETWEEN).collect())
}

/// What stands between the brackets of one run, or of several that share lines.
fn runs_of(piece: &str) -> Result<Vec<Run>, String> {
    // The end of the last run has its line break still; JSON does not mind.
    let text = format!(
        "{{\"schema\": \"{}\", \"runs\": [{{{piece}}}}}]}}",
        format::SCHEMA
    );
    let baseline = format::parse(&text).map_err(|error| error.message)?;
    Ok(baseline.runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Baseline, Better, Evidence, Measurement, MetricName, Role, Subject, Unit};

    fn run(session: &str, second: Option<i64>, value: f64) -> Run {
        let mut run = Run::default();
        run.provenance.session = Some(session.to_owned());
        run.provenance.started_at = second.map(|s| jiff::Timestamp::from_second(s).unwrap());
        run.insert(
            Subject::new("a \"}}, {\" b"),
            MetricName::new(MetricName::TIME),
            Measurement {
                unit: Unit::new("ms"),
                better: Better::Lower,
                role: Role::Outcome,
                evidence: Evidence::samples(vec![value, value + 1.0]).unwrap(),
            },
        );
        run
    }

    fn text(runs: &[Run]) -> String {
        format::write(&Baseline {
            runs: runs.to_vec(),
            anchor: Some(Anchor {
                label: "v1".to_owned(),
                budget: 0.1,
                runs: vec![run("anchor", Some(1), 9.0)],
            }),
        })
    }

    fn sizes(versions: &[String]) -> Vec<usize> {
        let mut known = Known::default();
        versions
            .iter()
            .map(|text| known.new_in(text).unwrap().len())
            .collect()
    }

    #[test]
    fn the_pieces_of_a_file_are_its_runs() {
        let mut runs = vec![
            run("a", Some(10), 1.0),
            Run::default(),
            run("b", Some(20), 2.0),
        ];
        runs[1].provenance.session = Some("empty".to_owned());
        let text = text(&runs);
        let pieces = pieces(&text).unwrap();
        let read: Vec<Run> = pieces.iter().flat_map(|p| runs_of(p).unwrap()).collect();
        assert_eq!(read, format::parse(&text).unwrap().runs);
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn a_run_counts_once_however_many_versions_hold_it() {
        let [a, b, c] = [1, 2, 3].map(|n| run("s", Some(n), 5.0));
        let mut reduced = a.clone();
        for metrics in reduced.subjects.values_mut() {
            for measurement in metrics.values_mut() {
                measurement.evidence = Evidence::value(5.5).unwrap();
            }
        }
        let versions = [
            text(std::slice::from_ref(&a)),
            text(&[reduced.clone(), b.clone()]),
            text(&[b.clone(), c.clone()]),
            // As an editor would leave it.
            text(&[reduced, b, c]).replace("}}, {", "}} , {"),
        ];
        assert_eq!(sizes(&versions), [1, 1, 1, 0]);
    }

    #[test]
    fn runs_that_say_the_same_of_themselves_are_counted() {
        let same = || run("s", None, 5.0);
        let versions = [
            text(&[same(), same()]),
            text(&[same()]),
            text(&[same(), same(), same(), run("t", None, 5.0)]),
        ];
        assert_eq!(sizes(&versions), [2, 0, 2]);
    }

    #[test]
    fn runs_without_time_and_session_are_known_by_their_numbers() {
        let nameless = |value| {
            let mut run = run("", None, value);
            run.provenance.session = None;
            run
        };
        let versions = [
            text(&[nameless(1.0), nameless(2.0)]),
            text(&[nameless(2.0), nameless(3.0)]),
        ];
        assert_eq!(sizes(&versions), [2, 1]);
    }

    #[test]
    fn a_version_that_cannot_be_read_counts_for_nothing() {
        let mut known = Known::default();
        let whole = text(&[run("a", Some(1), 1.0), run("b", Some(2), 2.0)]);
        let broken = whole.replace("\"session\": \"b\"", "\"sesion\": \"b\"");
        assert!(known.new_in(&broken).is_err());
        assert!(known.new_in("<<<<<<< HEAD\n").is_err());
        assert_eq!(known.new_in(&whole).unwrap().len(), 2);
    }
}
