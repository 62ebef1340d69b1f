//! The resources of the system under test, from its processes, its control group, or its own metrics.
//!
//! Each watched thing is read by a task of the caller's runtime, off the thread that sends requests: four times a
//! second at first, later once a second, a Prometheus endpoint every five seconds. Resources are counted from
//! [`Watch::begin_counting`] to [`Watch::finish`].

mod beside;
mod cgroup;
mod counters;
mod cpu;
mod host;
mod inheritance;
mod limits;
mod memory;
mod network;
mod over_time;
mod probe;
pub(super) mod proc;
mod process_probe;
mod process_selection;
mod prometheus;
mod resource_record;
mod selector;
mod task;
mod tracked;

use std::time::Duration;

use anyhow::anyhow;

pub use beside::WatchBeside;
pub use process_selection::busiest_of_group;
pub use selector::Selector;

use self::cgroup::CgroupProbe;
use self::host::HostProbe;
use self::probe::Probe;
use self::process_probe::ProcessProbe;
use self::process_selection::ProcessSelection;
use self::prometheus::Endpoint;
use self::resource_record::{GROWTH_NEEDS, LoadSummary};
use self::task::{TaskResult, WatchTask, WatchedPart, Way};
use super::scenario::{WatchTarget, Watched};
use crate::hint::WithHint;
use crate::model::{Measurement, MetricName, Subject, Timeline};

/// How a watch looks, and what it makes of what ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Beside a load: often at first, because it may be short. What ends is no longer under test.
    BesideLoad,
    /// For hours, without a load of ours. What ends may come back and is watched again; the figures are those of the
    /// time that it was seen.
    Soak { every: Duration },
}

/// Everything that is watched in one run, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    tasks: Vec<WatchTask>,
}

/// The result of a watch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub measurements: Vec<(Subject, MetricName, Measurement)>,
    /// What was seen at each look, from when counting began.
    pub timeline: Option<Timeline>,
    /// What is left out of the run, and why.
    pub warnings: Vec<String>,
    /// A message for each watched thing that ended during the run. Such a run says nothing about it.
    pub ended: Vec<String>,
    /// A message for each thing that may come back, and was not there at the end.
    pub away: Vec<String>,
}

/// Starts to watch. Reads each thing once, so that what cannot be watched is reported before there is load. Has to be
/// called inside a `LocalSet` or `LocalRuntime`.
pub async fn start(what: &[Watched], service_pid: Option<u32>) -> anyhow::Result<Watch> {
    start_in(what, service_pid, Manner::BesideLoad).await
}

async fn start_in(
    what: &[Watched],
    service_pid: Option<u32>,
    manner: Manner,
) -> anyhow::Result<Watch> {
    let mut tasks = Vec::new();
    for watched in what {
        let subject = Subject::new(watched.name.as_str());
        let system = |selection| {
            ProcessProbe::find(selection).map(|found| Box::new(found) as Box<dyn Probe>)
        };
        let mut part = WatchedPart::Processes;
        let returns = matches!(
            watched.what,
            WatchTarget::Process(_) | WatchTarget::Cgroup(_)
        );
        let probe: Box<dyn Probe> = match &watched.what {
            WatchTarget::Prometheus { url, metrics } => {
                let endpoint = Endpoint::open(url, metrics).await?;
                tasks.push(WatchTask::of_endpoint(subject, endpoint, manner));
                continue;
            }
            WatchTarget::Service => {
                let absent = || anyhow!("watch the service: perfgate starts none");
                let pid = service_pid
                    .ok_or_else(absent)
                    .hint("add [service] to the scenario, or watch a process by number or name")?;
                system(ProcessSelection::Group(pid))?
            }
            WatchTarget::Group(leader) => system(ProcessSelection::Group(*leader))?,
            WatchTarget::Pid(pid) => system(ProcessSelection::One(*pid))?,
            WatchTarget::Process(name) => system(ProcessSelection::Named(name.clone()))?,
            WatchTarget::Cgroup(path) => Box::new(CgroupProbe::find(path)?),
            WatchTarget::Host => {
                part = WatchedPart::Host;
                Box::new(HostProbe::find()?)
            }
        };
        let way = Way { manner, returns };
        tasks.push(WatchTask::of_system(subject, part, way, probe));
    }
    Ok(Watch { tasks })
}

impl Watch {
    /// Begins to count.
    pub fn begin_counting(&mut self) {
        for task in &self.tasks {
            task.begin_counting();
        }
    }

    /// A message if something watched has ended.
    pub fn check(&self) -> Option<String> {
        self.tasks.iter().find_map(WatchTask::ended)
    }

    /// `counted_requests` is `None` where another program makes the requests.
    pub async fn finish(self, counted_requests: Option<u64>, counted: Duration) -> Observed {
        let counted = LoadSummary {
            requests: counted_requests,
            time: counted,
        };
        let mut observed = Observed::default();
        // All tasks read at the same time before any result is awaited.
        let asked: Vec<_> = self.tasks.iter().map(|task| task.finish(counted)).collect();
        let (mut systems, mut begun) = (0, true);
        for (task, asked) in self.tasks.iter().zip(asked) {
            let Ok(result) = asked.await else {
                let watched = task.subject();
                observed
                    .warnings
                    .push(format!("watch {watched}: the look at it failed"));
                continue;
            };
            systems += usize::from(task.is_of_processes());
            begun &= result.has_begun;
            observed.add(task.subject(), result);
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
        if begun && systems > 0 && counted.requests == Some(0) {
            let none = "`cpu` is left out: no request was counted";
            observed.warnings.push(none.to_owned());
        }
        observed
    }
}

impl Observed {
    fn add(&mut self, subject: &Subject, result: TaskResult) {
        let own = |text: String| format!("watch {subject}: {text}");
        self.warnings.extend(result.warnings.into_iter().map(own));
        self.ended.extend(result.ended.map(own));
        self.away.extend(result.away.map(own));
        for (metric, unit, over) in result.seen {
            let timeline = over.timeline(subject, metric, unit);
            match &mut self.timeline {
                // Their slices are doublings of the same length.
                Some(whole) => drop(whole.add(timeline, 0.0)),
                None => self.timeline = Some(timeline),
            }
        }
        let measurements = result
            .figures
            .into_iter()
            .map(|(metric, measurement)| (subject.clone(), metric, measurement));
        self.measurements.extend(measurements);
    }
}
