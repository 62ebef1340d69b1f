//! The task that reads one watched thing, and how to talk to it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::timeout;

use super::Manner;
use super::host::MachineSize;
use super::over_time::Seen;
use super::probe::{Probe, Reading};
use super::prometheus::{Endpoint, Looks};
use super::resource_record::{LoadSummary, ResourceRecord};
use crate::model::{Measurement, MetricName, Subject};
use crate::text::duration;

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
    part: WatchedPart,
}

/// What of the machine a task looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchedPart {
    /// Processes or a control group.
    Processes,
    /// All of it.
    Host,
    /// Nothing: what a service tells of itself.
    Endpoint,
}

/// How one thing is watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) manner: Manner,
    /// Whether what ends may be found again, by its name.
    pub(super) returns: bool,
}

/// When what may come back was not there.
#[derive(Clone, Copy, Debug, Default)]
struct Absence {
    since: Option<Instant>,
    returns: usize,
    time: Duration,
}

impl Absence {
    fn begin(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// Whether there was one that ends now.
    fn end(&mut self, now: Instant) -> bool {
        let Some(since) = self.since.take() else {
            return false;
        };
        self.returns += 1;
        self.time += now.saturating_duration_since(since);
        true
    }

    fn told(&self) -> Option<String> {
        (self.returns > 0).then(|| {
            format!(
                "it was not there {} and was watched again, {} in all; what it used after the last look at it is not counted",
                times(self.returns),
                duration::text(self.time)
            )
        })
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
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
    pub(super) seen: Seen,
    pub(super) warnings: Vec<String>,
    pub(super) ended: Option<String>,
    /// It may come back, but is not there.
    pub(super) away: Option<String>,
    pub(super) has_begun: bool,
}

impl WatchTask {
    pub(super) fn of_system(
        subject: Subject,
        part: WatchedPart,
        way: Way,
        probe: Box<dyn Probe>,
    ) -> Self {
        let (commands, heard) = unbounded_channel();
        let ended = EndedProcess::default();
        let system = SystemTask {
            probe: Some(probe),
            part,
            way,
            absence: Absence::default(),
            has_begun: false,
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

    pub(super) fn of_endpoint(subject: Subject, endpoint: Endpoint, manner: Manner) -> Self {
        let (commands, heard) = unbounded_channel();
        spawn_local(watch_endpoint(endpoint, manner, heard));
        Self {
            subject,
            commands,
            ended: EndedProcess::default(),
            part: WatchedPart::Endpoint,
        }
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether it tells memory and CPU time of processes.
    pub(super) fn is_of_processes(&self) -> bool {
        self.part == WatchedPart::Processes
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
    part: WatchedPart,
    way: Way,
    absence: Absence,
    has_begun: bool,
    record: Option<ResourceRecord>,
    ended: EndedProcess,
    warnings: Vec<String>,
}

impl SystemTask {
    async fn watch(mut self, mut commands: UnboundedReceiver<Command>) {
        loop {
            match timeout(self.pause(), commands.recv()).await {
                Err(_) => {
                    if let Some(read) = self.read().await {
                        self.take(read);
                    }
                }
                Ok(Some(Command::Begin)) => {
                    self.has_begun = true;
                    self.record = None;
                    self.look_closely();
                    if let Some(read) = self.read().await {
                        self.take(read);
                    }
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

    fn take(&mut self, read: Reading) {
        match &mut self.record {
            Some(record) => record.add(Instant::now(), read),
            None if self.has_begun => {
                self.record = Some(ResourceRecord::begin(Instant::now(), read));
            }
            None => {}
        }
    }

    fn pause(&self) -> Duration {
        match (self.way.manner, &self.record) {
            (Manner::Soak { every }, _) => every,
            (Manner::BesideLoad, Some(record)) if record.age() < YOUNG => OFTEN,
            (Manner::BesideLoad, _) => USUALLY,
        }
    }

    fn is_soak(&self) -> bool {
        self.way.manner != Manner::BesideLoad
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
            Ok((Ok(mut read), mut probe)) => {
                self.warnings.append(&mut probe.warnings());
                self.probe = Some(probe);
                read.began_anew |= self.absence.end(Instant::now());
                return Some(read);
            }
            Ok((Err(_), probe)) if self.is_soak() && self.way.returns => {
                self.probe = Some(probe);
                self.absence.begin(Instant::now());
                return None;
            }
            Ok((Err(error), _)) => error,
            Err(_) => anyhow!("the look at it failed"),
        };
        *self.ended.borrow_mut() = Some(format!("{why:#} in mid-run"));
        None
    }

    /// At the beginning and the end of counting no resource is taken for what it was.
    fn look_closely(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.look_closely();
        }
    }

    async fn finish(mut self, counted: LoadSummary) -> TaskResult {
        self.look_closely();
        let read = self.read().await;
        let has_begun = self.has_begun || self.ended.borrow().is_some();
        let is_soak = self.is_soak();
        let was_read = read.is_some();
        if let Some(read) = read {
            self.take(read);
        }
        let away = self.absence.since.map(|since| {
            format!(
                "it was not there at the end, since {}",
                duration::text(since.elapsed())
            )
        });
        self.warnings.extend(self.absence.told());
        let figures = match &self.record {
            Some(record) if was_read || is_soak => {
                let mut figures = match self.part {
                    WatchedPart::Processes => {
                        let limits = self.probe.as_ref().map(|probe| probe.limits());
                        let mut figures = record.figures(counted);
                        figures.extend(record.per_request(counted));
                        figures.extend(record.shares_of(limits.unwrap_or_default()));
                        figures
                    }
                    WatchedPart::Host => record.machine(),
                    WatchedPart::Endpoint => Vec::new(),
                };
                figures.extend(record.traffic());
                if is_soak && self.way.returns {
                    figures.extend(record.restarts());
                }
                if self.part == WatchedPart::Host || counted.requests.is_none() {
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
        let seen = self.record.take().map(ResourceRecord::seen);
        TaskResult {
            seen: seen.filter(|_| !figures.is_empty()).unwrap_or_default(),
            figures,
            warnings: self.warnings,
            ended: self.ended.take(),
            away,
            has_begun,
        }
    }
}

async fn watch_endpoint(
    mut endpoint: Endpoint,
    manner: Manner,
    mut commands: UnboundedReceiver<Command>,
) {
    let every = match manner {
        Manner::BesideLoad => ENDPOINT,
        Manner::Soak { every } => every.max(ENDPOINT),
    };
    let mut has_begun = false;
    loop {
        match timeout(every, commands.recv()).await {
            Err(_) => endpoint.read(Looks::AtChosen).await,
            Ok(Some(Command::Begin)) => {
                endpoint.begin_counting().await;
                has_begun = true;
            }
            Ok(Some(Command::Finish(counted, answer))) => {
                let mut result = TaskResult {
                    has_begun,
                    ..TaskResult::default()
                };
                if has_begun {
                    endpoint.read(Looks::AtAll).await;
                    (result.figures, result.warnings) = endpoint.figures(manner);
                    if !result.figures.is_empty() {
                        result.seen = endpoint.seen();
                    }
                    result.figures.extend(endpoint.per_request(counted));
                    result.away = endpoint.away(manner);
                }
                drop(answer.send(result));
                return;
            }
            Ok(None) => return,
        }
    }
}
