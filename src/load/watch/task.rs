//! The task that reads one watched thing, and how to talk to it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::timeout;

use super::host::MachineSize;
use super::probe::{Probe, Reading};
use super::prometheus::Endpoint;
use super::resource_record::{LoadSummary, ResourceRecord};
use crate::model::{Measurement, MetricName, Subject};

/// How long readings are frequent, because a run may be short.
const YOUNG: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(250);
const USUALLY: Duration = Duration::from_secs(1);
/// The interval for endpoints. Each reading is work for the service.
const ENDPOINT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct WatchTask {
    subject: Subject,
    commands: UnboundedSender<Command>,
    ended: EndedProcess,
    part: Part,
}

/// What of the machine a task looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Processes or a control group.
    Processes,
    /// All of it.
    Host,
    /// Nothing: what a service tells of itself.
    Endpoint,
}

/// The message of a watched thing that has ended.
type EndedProcess = Rc<RefCell<Option<String>>>;

enum Command {
    Begin,
    Finish(LoadSummary, oneshot::Sender<TaskResult>),
}

/// The result of a task.
#[derive(Debug, Default)]
pub(super) struct TaskResult {
    pub(super) figures: Vec<(MetricName, Measurement)>,
    pub(super) warnings: Vec<String>,
    pub(super) ended: Option<String>,
    pub(super) has_begun: bool,
}

impl WatchTask {
    pub(super) fn of_system(subject: Subject, part: Part, probe: Box<dyn Probe>) -> Self {
        let (commands, heard) = unbounded_channel();
        let ended = EndedProcess::default();
        let system = SystemTask {
            probe: Some(probe),
            part,
            record: None,
            ended: Rc::clone(&ended),
            warnings: Vec::new(),
        };
        spawn_local(system.watch(heard));
        Self {
            subject,
            commands,
            ended,
            part,
        }
    }

    pub(super) fn of_endpoint(subject: Subject, endpoint: Endpoint) -> Self {
        let (commands, heard) = unbounded_channel();
        spawn_local(watch_endpoint(endpoint, heard));
        Self {
            subject,
            commands,
            ended: EndedProcess::default(),
            part: Part::Endpoint,
        }
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether it tells memory and CPU time of processes.
    pub(super) fn is_of_processes(&self) -> bool {
        self.part == Part::Processes
    }

    pub(super) fn ended(&self) -> Option<String> {
        let ended = self.ended.borrow();
        ended
            .as_ref()
            .map(|sentence| format!("watch {}: {sentence}", self.subject))
    }

    pub(super) fn begin_counting(&self) {
        // If the task has ended, `finish` reports it.
        drop(self.commands.send(Command::Begin));
    }

    pub(super) fn finish(&self, counted: LoadSummary) -> oneshot::Receiver<TaskResult> {
        let (answer, heard) = oneshot::channel();
        drop(self.commands.send(Command::Finish(counted, answer)));
        heard
    }
}

struct SystemTask {
    /// The probe, until it has failed.
    probe: Option<Box<dyn Probe>>,
    part: Part,
    record: Option<ResourceRecord>,
    ended: EndedProcess,
    warnings: Vec<String>,
}

impl SystemTask {
    async fn watch(mut self, mut commands: UnboundedReceiver<Command>) {
        loop {
            match timeout(self.pause(), commands.recv()).await {
                Err(_) => {
                    if let Some(read) = self.read().await
                        && let Some(record) = &mut self.record
                    {
                        record.add(Instant::now(), read);
                    }
                }
                Ok(Some(Command::Begin)) => {
                    let read = self.read().await;
                    self.record = read.map(|read| ResourceRecord::begin(Instant::now(), read));
                }
                Ok(Some(Command::Finish(counted, answer))) => {
                    let result = self.finish(counted).await;
                    // The receiver is gone if the caller gave up.
                    drop(answer.send(result));
                    return;
                }
                Ok(None) => return,
            }
        }
    }

    fn pause(&self) -> Duration {
        match &self.record {
            Some(record) if record.age() < YOUNG => OFTEN,
            _ => USUALLY,
        }
    }

    /// Takes a reading in another thread, because reading hundreds of files takes milliseconds in which requests are
    /// due.
    async fn read(&mut self) -> Option<Reading> {
        let mut probe = self.probe.take()?;
        let looked = spawn_blocking(move || {
            let read = probe.read();
            (read, probe)
        });
        let why = match looked.await {
            Ok((Ok(read), mut probe)) => {
                self.warnings.append(&mut probe.warnings());
                self.probe = Some(probe);
                return Some(read);
            }
            Ok((Err(error), _)) => error,
            Err(_) => anyhow!("the look at it failed"),
        };
        *self.ended.borrow_mut() = Some(format!("{why:#} in mid-run"));
        None
    }

    async fn finish(mut self, counted: LoadSummary) -> TaskResult {
        let read = self.read().await;
        let has_begun = self.record.is_some() || self.ended.borrow().is_some();
        let figures = match (read, &mut self.record) {
            (Some(read), Some(record)) => {
                record.add(Instant::now(), read);
                let mut figures = match self.part {
                    Part::Processes => record.figures(counted),
                    Part::Host | Part::Endpoint => Vec::new(),
                };
                if self.part == Part::Host || counted.requests.is_none() {
                    figures.extend(
                        MachineSize::find()
                            .into_iter()
                            .flat_map(|machine| record.shares(machine)),
                    );
                }
                figures
            }
            // Half of the metrics could be mistaken for all.
            _ => Vec::new(),
        };
        TaskResult {
            figures,
            warnings: self.warnings,
            ended: self.ended.take(),
            has_begun,
        }
    }
}

async fn watch_endpoint(mut endpoint: Endpoint, mut commands: UnboundedReceiver<Command>) {
    let mut has_begun = false;
    loop {
        match timeout(ENDPOINT, commands.recv()).await {
            Err(_) => endpoint.read().await,
            Ok(Some(Command::Begin)) => {
                endpoint.begin_counting().await;
                has_begun = true;
            }
            Ok(Some(Command::Finish(_, answer))) => {
                let mut result = TaskResult {
                    has_begun,
                    ..TaskResult::default()
                };
                if has_begun {
                    endpoint.read().await;
                    (result.figures, result.warnings) = endpoint.figures();
                }
                drop(answer.send(result));
                return;
            }
            Ok(None) => return,
        }
    }
}
