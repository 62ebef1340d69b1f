//! The system under test beside the requests: what its processes, its control group or its own metrics say.
//!
//! Each watched thing is looked at by a task of the caller's runtime, off the thread that sends requests: four times
//! a second at first, later once a second, a Prometheus endpoint every five. What is counted is counted from
//! [`Watch::begin_counting`] to [`Watch::finish`].

mod cgroup;
mod cpu;
pub mod exposition;
mod inheritance;
mod look;
mod memory;
pub(super) mod proc;
mod processes;
mod prometheus;
mod record;
mod selector;
mod task;
mod tracked;
mod which;

use std::time::Duration;

use anyhow::anyhow;

pub use selector::Selector;

use self::cgroup::Cgroup;
use self::look::Eye;
use self::processes::Processes;
use self::prometheus::Endpoint;
use self::record::{Counted, GROWTH_NEEDS};
use self::task::{Seen, Task};
use self::which::Which;
use super::scenario::{Source, Watched};
use crate::hint::WithHint;
use crate::model::{Measurement, MetricName, Subject};

/// All that is watched in one run. Dropped, it looks no more.
#[derive(Debug)]
pub struct Watch {
    tasks: Vec<Task>,
}

/// What was seen of all that was watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub measurements: Vec<(Subject, MetricName, Measurement)>,
    /// For a reader of the run: what is left out and why.
    pub warnings: Vec<String>,
    /// A sentence for each that ended in mid-run: the run says nothing of what it was to measure.
    pub ended: Vec<String>,
}

/// Looks at each once, so that what cannot be watched is told before anything is loaded. Has to be called inside a
/// `LocalSet` or `LocalRuntime`.
pub async fn start(what: &[Watched], service_pid: Option<u32>) -> anyhow::Result<Watch> {
    let mut tasks = Vec::new();
    for watched in what {
        let subject = Subject::new(watched.name.as_str());
        let system = |which| Processes::find(which).map(|found| Box::new(found) as Box<dyn Eye>);
        let eye: Box<dyn Eye> = match &watched.what {
            Source::Prometheus { url, metrics } => {
                let endpoint = Endpoint::open(url, metrics).await?;
                tasks.push(Task::of_endpoint(subject, endpoint));
                continue;
            }
            Source::Service => {
                let absent = || anyhow!("watch the service: perfgate starts none");
                let pid = service_pid
                    .ok_or_else(absent)
                    .hint("add [service] to the scenario, or watch a process by number or name")?;
                system(Which::Group(pid))?
            }
            Source::Pid(pid) => system(Which::One(*pid))?,
            Source::Process(name) => system(Which::Named(name.clone()))?,
            Source::Cgroup(path) => Box::new(Cgroup::find(path)?),
        };
        tasks.push(Task::of_system(subject, eye));
    }
    Ok(Watch { tasks })
}

impl Watch {
    /// From here on all is counted; before, nothing is.
    pub fn begin_counting(&mut self) {
        for task in &self.tasks {
            task.begin_counting();
        }
    }

    /// A sentence where something watched has ended.
    pub fn check(&self) -> Option<String> {
        self.tasks.iter().find_map(Task::ended)
    }

    pub async fn finish(self, counted_requests: u64, counted: Duration) -> Observed {
        let counted = Counted {
            requests: counted_requests,
            time: counted,
        };
        let mut observed = Observed::default();
        // All look at the same time, then all are heard.
        let asked: Vec<_> = self.tasks.iter().map(|task| task.finish(counted)).collect();
        let (mut systems, mut begun) = (0, true);
        for (task, asked) in self.tasks.iter().zip(asked) {
            let Ok(seen) = asked.await else {
                let watched = task.subject();
                observed
                    .warnings
                    .push(format!("watch {watched}: the look at it failed"));
                continue;
            };
            systems += usize::from(task.is_system());
            begun &= seen.has_begun;
            observed.add(task.subject(), seen);
        }
        if !begun {
            let nothing =
                "nothing is told of what was watched: the run ended before counting began";
            observed.warnings.push(nothing.to_owned());
        } else if systems > 0 && counted.time < GROWTH_NEEDS {
            observed.warnings.push(format!(
                "`rss_growth` is left out: {:.0} s of counted time are too short for it, {} are needed",
                counted.time.as_secs_f64(),
                GROWTH_NEEDS.as_secs()
            ));
        }
        if begun && systems > 0 && counted.requests == 0 {
            let none = "`cpu` is left out: no request was counted";
            observed.warnings.push(none.to_owned());
        }
        observed
    }
}

impl Observed {
    fn add(&mut self, subject: &Subject, seen: Seen) {
        let own = |text: String| format!("watch {subject}: {text}");
        self.warnings.extend(seen.warnings.into_iter().map(own));
        self.ended.extend(seen.ended.map(own));
        let measurements = seen
            .figures
            .into_iter()
            .map(|(metric, measurement)| (subject.clone(), metric, measurement));
        self.measurements.extend(measurements);
    }
}
