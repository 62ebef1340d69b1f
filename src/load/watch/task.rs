//! The task that looks at one watched thing, and the way to talk to it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::timeout;

use super::look::{Eye, Look};
use super::prometheus::Endpoint;
use super::record::{Counted, Record};
use crate::model::{Measurement, MetricName, Subject};

/// So long a run is looked at often, since it may be over soon.
const YOUNG: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(250);
const USUALLY: Duration = Duration::from_secs(1);
/// Each look at an endpoint is work for the service.
const ENDPOINT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Task {
    subject: Subject,
    commands: UnboundedSender<Command>,
    ended: Ended,
    is_system: bool,
}

/// The sentence of one that has ended.
type Ended = Rc<RefCell<Option<String>>>;

enum Command {
    Begin,
    Finish(Counted, oneshot::Sender<Seen>),
}

/// What a task found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) figures: Vec<(MetricName, Measurement)>,
    pub(super) warnings: Vec<String>,
    pub(super) ended: Option<String>,
    pub(super) has_begun: bool,
}

impl Task {
    pub(super) fn of_system(subject: Subject, eye: Box<dyn Eye>) -> Self {
        let (commands, heard) = unbounded_channel();
        let ended = Ended::default();
        let system = System {
            eye: Some(eye),
            record: None,
            ended: Rc::clone(&ended),
            warnings: Vec::new(),
        };
        spawn_local(system.watch(heard));
        Self {
            subject,
            commands,
            ended,
            is_system: true,
        }
    }

    pub(super) fn of_endpoint(subject: Subject, endpoint: Endpoint) -> Self {
        let (commands, heard) = unbounded_channel();
        spawn_local(watch_endpoint(endpoint, heard));
        Self {
            subject,
            commands,
            ended: Ended::default(),
            is_system: false,
        }
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(super) fn is_system(&self) -> bool {
        self.is_system
    }

    pub(super) fn ended(&self) -> Option<String> {
        let ended = self.ended.borrow();
        ended
            .as_ref()
            .map(|sentence| format!("watch {}: {sentence}", self.subject))
    }

    pub(super) fn begin_counting(&self) {
        // Where the task is gone, the end tells it.
        drop(self.commands.send(Command::Begin));
    }

    pub(super) fn finish(&self, counted: Counted) -> oneshot::Receiver<Seen> {
        let (answer, heard) = oneshot::channel();
        drop(self.commands.send(Command::Finish(counted, answer)));
        heard
    }
}

struct System {
    /// Gone with what it looked at.
    eye: Option<Box<dyn Eye>>,
    record: Option<Record>,
    ended: Ended,
    warnings: Vec<String>,
}

impl System {
    async fn watch(mut self, mut commands: UnboundedReceiver<Command>) {
        loop {
            match timeout(self.pause(), commands.recv()).await {
                Err(_) => {
                    if let Some(look) = self.look().await
                        && let Some(record) = &mut self.record
                    {
                        record.add(Instant::now(), look);
                    }
                }
                Ok(Some(Command::Begin)) => {
                    let look = self.look().await;
                    self.record = look.map(|look| Record::begin(Instant::now(), look));
                }
                Ok(Some(Command::Finish(counted, answer))) => {
                    let seen = self.finish(counted).await;
                    // Nobody listens where the caller gave up.
                    drop(answer.send(seen));
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

    /// On a thread of its own: reading hundreds of files takes milliseconds, and requests are due meanwhile.
    async fn look(&mut self) -> Option<Look> {
        let mut eye = self.eye.take()?;
        let looked = spawn_blocking(move || {
            let look = eye.look();
            (look, eye)
        });
        let why = match looked.await {
            Ok((Ok(look), mut eye)) => {
                self.warnings.append(&mut eye.warnings());
                self.eye = Some(eye);
                return Some(look);
            }
            Ok((Err(error), _)) => error,
            Err(_) => anyhow!("the look at it failed"),
        };
        *self.ended.borrow_mut() = Some(format!("{why:#} in mid-run"));
        None
    }

    async fn finish(mut self, counted: Counted) -> Seen {
        let look = self.look().await;
        let has_begun = self.record.is_some() || self.ended.borrow().is_some();
        let figures = match (look, &mut self.record) {
            (Some(look), Some(record)) => {
                record.add(Instant::now(), look);
                record.figures(counted)
            }
            // Half of its numbers would pass for all.
            _ => Vec::new(),
        };
        Seen {
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
            Err(_) => endpoint.look().await,
            Ok(Some(Command::Begin)) => {
                endpoint.begin_counting().await;
                has_begun = true;
            }
            Ok(Some(Command::Finish(_, answer))) => {
                let mut seen = Seen {
                    has_begun,
                    ..Seen::default()
                };
                if has_begun {
                    endpoint.look().await;
                    (seen.figures, seen.warnings) = endpoint.figures();
                }
                drop(answer.send(seen));
                return;
            }
            Ok(None) => return,
        }
    }
}
