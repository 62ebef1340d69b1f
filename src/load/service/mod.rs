//! The system under test, where perfgate starts it: it is started, awaited, watched for an early end, and never left
//! running.
//!
//! All processes that the service starts are one group. The group is ended when the run is over, when the value is
//! dropped, and when perfgate itself is killed.

mod failure;
mod output;
mod ready;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tokio::time::sleep;

pub use failure::ServiceFailure;

use self::output::Output;
use self::ready::{ReadyCheck, Unready};
use super::group::{Cores, LONGEST_PAUSE, Launch, Pauses, ProcessGroup};
use super::scenario::Service;
use crate::text::{duration, sanitize, shorten};

/// How long a service may take to end when it is dropped.
const END_WHEN_DROPPED: Duration = Duration::from_millis(500);
/// How long the system may take to end a killed process.
const AFTER_KILL: Duration = Duration::from_secs(2);

/// A service that is ready. It is ended when the value is dropped.
#[derive(Debug)]
pub struct RunningService {
    command: String,
    stop_within: Duration,
    processes: ProcessGroup,
    output: Output,
}

/// How a service ended after it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReport {
    /// It ended by itself and in time.
    Ended,
    /// It had to be killed, or could not be killed.
    Forced(ServiceFailure),
}

/// Starts the service and waits until it is ready. What the service did wrong is a [`ServiceFailure`] inside the error.
pub async fn start(service: &Service) -> anyhow::Result<RunningService> {
    start_on(service, None).await
}

/// The same on these cores, where any are named.
pub async fn start_on(service: &Service, cores: Option<&Cores>) -> anyhow::Result<RunningService> {
    let probe = ReadyCheck::new(&service.ready)?;
    probe.refuse_another().await?;
    let command = brief_command(&service.command);
    let launched = Output::capture().and_then(|(output, writer)| {
        let launch = Launch {
            command: &service.command,
            folder: &service.folder,
            environment: &service.environment,
            stdout: writer.try_clone()?.into(),
            stderr: writer.into(),
        };
        ProcessGroup::launch_on(launch, cores).map(|processes| (processes, output))
    });
    let (processes, output) = launched.map_err(|error| {
        anyhow!(error).context(format!(
            "start the service `{command}` in {}",
            service.folder.display()
        ))
    })?;
    let mut running = RunningService {
        command,
        stop_within: service.stop_within,
        processes,
        output,
    };
    let why = match probe.wait(&mut running.processes).await {
        Ok(()) => return Ok(running),
        Err(why) => why,
    };
    let RunningService { command, .. } = &running;
    let url = &service.ready.url;
    let sentence = match why {
        Unready::Ended(how) => {
            format!("the service `{command}` ended with {how} before it was ready")
        }
        Unready::Late(met) => format!(
            "the service `{command}` was not ready within {}: {met} at {url}",
            duration::text(service.ready.within)
        ),
    };
    // The failure has no context around it, so that its lines can be found and shown as lines.
    Err(running.end(sentence).await.into())
}

impl RunningService {
    /// The number of the process group.
    pub fn pid(&self) -> u32 {
        self.processes.pid()
    }

    /// How the service ended, if it has ended by itself.
    pub fn check(&mut self) -> Option<ServiceFailure> {
        let how = self.processes.ended()?;
        Some(ServiceFailure {
            sentence: format!("the service `{}` ended with {how} in mid-run", self.command),
            output: self.output.final_lines(),
        })
    }

    /// Asks the service to end, and kills it if it does not end in time.
    pub async fn stop(mut self) -> StopReport {
        self.processes.ask_to_end();
        if self.has_ended_by(self.stop_within).await {
            self.processes.reap();
            return StopReport::Ended;
        }
        self.processes.kill();
        let fate = if self.has_ended_by(AFTER_KILL).await {
            "was killed"
        } else {
            "could not even be killed"
        };
        let sentence = format!(
            "the service `{}` did not end within {} of being asked to and {fate}",
            self.command,
            duration::text(self.stop_within)
        );
        self.processes.reap();
        StopReport::Forced(ServiceFailure {
            sentence,
            output: self.output.final_lines(),
        })
    }

    /// Ends a service that never became ready.
    async fn end(mut self, sentence: String) -> ServiceFailure {
        self.processes.ask_to_end();
        self.has_ended_by(self.stop_within).await;
        self.processes.reap();
        ServiceFailure {
            sentence,
            output: self.output.final_lines(),
        }
    }

    async fn has_ended_by(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut pauses = Pauses::up_to(LONGEST_PAUSE);
        while self.processes.is_alive() {
            if Instant::now() >= until {
                return false;
            }
            sleep(pauses.next()).await;
        }
        true
    }
}

impl RunningService {
    /// Stops all its processes where they stand, until they are resumed.
    pub fn pause(&self) {
        self.processes.pause();
    }

    pub fn resume(&self) {
        self.processes.resume();
    }
}

impl Drop for RunningService {
    fn drop(&mut self) {
        self.processes.end_within(END_WHEN_DROPPED);
    }
}

/// The beginning of a command, on one line: a sentence needs only so much that the command can be recognised.
fn brief_command(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    sanitize::inline(&shorten::end(&words.join(" "), 80))
}
