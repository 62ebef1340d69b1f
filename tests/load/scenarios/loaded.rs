//! A scenario as text, the run it becomes, and what the server heard meanwhile.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use perfgate::load::http::FailureKind;
use perfgate::load::scenario::{Machine, Surroundings, parse_in};
use perfgate::load::{LoadOutcome, Observer, RunRequest, Scenario, Snapshot, Stop, run};
use perfgate::model::Evidence;

use crate::support::server::{Asked, Reply, Script, Server};

/// Every request that came to the routes it listens at, with headers and body; clones are the same.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<Asked>>>);

impl Heard {
    pub fn by(
        &self,
        mut reply: impl FnMut(&Asked) -> Reply + Send + 'static,
    ) -> impl FnMut(&Asked) -> Reply + Send + 'static {
        let heard = self.clone();
        move |asked| {
            heard.0.lock().unwrap().push(asked.clone());
            reply(asked)
        }
    }

    /// With this in front of the routes of a site everything is heard.
    pub fn all_by(&self, reply: impl FnMut(&Asked) -> Reply + Send + 'static) -> Script {
        Script::new().on("/*", self.by(reply))
    }

    pub fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }

    pub fn of(&self, path: &str) -> Vec<Asked> {
        let mut all = self.all();
        all.retain(|asked| asked.path == path);
        all
    }

    /// The only one of this path.
    pub fn one(&self, path: &str) -> Asked {
        let mut of_path = self.of(path);
        assert_eq!(of_path.len(), 1, "{:?}", self.all());
        of_path.remove(0)
    }
}

/// Variables and files of a test, and real files beside them.
#[derive(Default)]
pub struct Around {
    pub variables: BTreeMap<&'static str, &'static str>,
    pub files: BTreeMap<&'static str, &'static [u8]>,
}

impl Surroundings for Around {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.get(path.to_str().unwrap()) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Machine.file(path),
        }
    }
}

/// The text begins with keys of the top, and needs no `base`.
pub fn scenario(server: &Server, text: &str) -> Scenario {
    scenario_in(server, text, &Around::default())
}

pub fn scenario_in(server: &Server, text: &str, around: &Around) -> Scenario {
    based(&server.url(""), text, around)
}

pub fn based(base: &str, text: &str, around: &Around) -> Scenario {
    let text = format!("base = \"{base}\"\n{text}");
    match parse_in(&text, Path::new("test.toml"), around) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error} ({:?})\n{text}", error.hint),
    }
}

/// Parsed and run on the server.
pub fn loaded(server: &Server, text: &str) -> Loaded {
    load(&scenario(server, text))
}

pub fn load(scenario: &Scenario) -> Loaded {
    Loaded(tried(scenario).unwrap())
}

/// A run of which an error is expected.
pub fn refused(scenario: &Scenario) -> String {
    format!("{:#}", tried(scenario).map(|_| ()).unwrap_err())
}

fn tried(scenario: &Scenario) -> anyhow::Result<LoadOutcome> {
    ended_by(scenario, Stop::new())
}

/// A run that somebody stops.
pub fn stopped(scenario: &Scenario, stop: Stop) -> Loaded {
    Loaded(ended_by(scenario, stop).unwrap())
}

fn ended_by(scenario: &Scenario, stop: Stop) -> anyhow::Result<LoadOutcome> {
    let order = RunRequest {
        scenario,
        allow_remote: false,
    };
    run(&order, &mut Quiet, stop)
}

struct Quiet;

impl Observer for Quiet {
    fn tick(&mut self, _: &Snapshot) {}
    fn note(&mut self, text: &str) {
        panic!("{text}");
    }
}

/// What came of a run.
pub struct Loaded(pub LoadOutcome);

impl Loaded {
    pub fn subjects(&self) -> Vec<&str> {
        let subjects = self.0.run.subjects.keys();
        subjects.map(|subject| subject.as_str()).collect()
    }

    pub fn find(&self, subject: &str, metric: &str) -> Option<&Evidence> {
        let metrics = self.0.run.subjects.get(subject)?;
        metrics.get(metric).map(|found| &found.evidence)
    }

    pub fn evidence(&self, subject: &str, metric: &str) -> &Evidence {
        let found = self.find(subject, metric);
        found.unwrap_or_else(|| panic!("no {metric} of {subject} in {:?}", self.0))
    }

    /// Errors, and of how many.
    pub fn counted(&self, subject: &str) -> (u64, u64) {
        match self.evidence(subject, "errors") {
            Evidence::Proportion(errors) => (errors.count(), errors.of()),
            other => panic!("errors are {other:?}"),
        }
    }

    pub fn number(&self, subject: &str, metric: &str) -> f64 {
        match self.evidence(subject, metric) {
            Evidence::Value(value) => *value,
            other => panic!("{metric} is {other:?}"),
        }
    }

    /// How many latencies there are, and the smallest in milliseconds.
    pub fn latencies(&self, subject: &str) -> (u64, f64) {
        match self.evidence(subject, "latency") {
            Evidence::Histogram(all) => {
                let smallest = all.histogram.min() as f64 * all.scale;
                (all.histogram.len(), smallest)
            }
            other => panic!("latency is {other:?}"),
        }
    }

    pub fn failures(&self) -> Vec<(FailureKind, u64)> {
        let failures = self.0.failures.iter();
        failures.map(|(kind, count, _)| (*kind, *count)).collect()
    }

    /// The sentence of the only kind of failure.
    pub fn why(&self) -> &str {
        assert_eq!(self.0.failures.len(), 1, "{:?}", self.0.failures);
        &self.0.failures[0].2
    }

    /// No failure, so many counted.
    pub fn is_clean(&self, subject: &str, count: u64) {
        assert_eq!(self.0.failures, [], "{subject}");
        assert_eq!(self.counted(subject), (0, count), "{subject}");
    }
}
