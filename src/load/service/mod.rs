//! The system under test where perfgate starts it: started, awaited, told of when it dies, and never left running.
//!
//! All that the service starts is one group of processes, which is ended as a whole: when the run is over, when the
//! value is dropped, and when perfgate itself is killed.

mod failure;
mod output;
mod ready;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tokio::time::sleep;

pub use failure::Failure;

use self::output::Output;
use self::ready::{Probe, Unready};
use super::group::{LOOK, Launch, Processes};
use super::scenario::Service;
use crate::text::{duration, sanitize, shorten};

/// How long a service has to end by itself where there is no time to ask how long it needs.
const IN_HASTE: Duration = Duration::from_millis(500);
/// How long the system may take to end what was killed.
const AFTER_KILL: Duration = Duration::from_secs(2);

/// A service that answers. Dropped, it is ended.
#[derive(Debug)]
pub struct Running {
    command: String,
    stop_within: Duration,
    processes: Processes,
    output: Output,
}

/// How a service ended that was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReport {
    /// In time, by itself.
    Ended,
    /// It had to be killed, or even that did not end it.
    Forced(Failure),
}

/// Starts the service and waits until it is ready. What the service did wrong is a [`Failure`] inside the error.
pub async fn start(service: &Service) -> anyhow::Result<Running> {
    let probe = Probe::new(&service.ready)?;
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
        Processes::launch(launch).map(|processes| (processes, output))
    });
    let (processes, output) = launched.map_err(|error| {
        anyhow!(error).context(format!(
            "start the service `{command}` in {}",
            service.folder.display()
        ))
    })?;
    let mut running = Running {
        command,
        stop_within: service.stop_within,
        processes,
        output,
    };
    let why = match probe.wait(&mut running.processes).await {
        Ok(()) => return Ok(running),
        Err(why) => why,
    };
    let Running { command, .. } = &running;
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
    // The failure itself and nothing around it, so that its lines can be found and shown as lines.
    Err(running.end(sentence).await.into())
}

impl Running {
    /// Of the group that holds all its processes.
    pub fn pid(&self) -> u32 {
        self.processes.pid()
    }

    /// How it ended, where it has ended by itself.
    pub fn check(&mut self) -> Option<Failure> {
        let how = self.processes.ended()?;
        Some(Failure {
            sentence: format!("the service `{}` ended with {how} in mid-run", self.command),
            output: self.output.final_lines(),
        })
    }

    /// Asks it to end, and ends it where it does not do so in time.
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
        StopReport::Forced(Failure {
            sentence,
            output: self.output.final_lines(),
        })
    }

    /// For one that never became ready.
    async fn end(mut self, sentence: String) -> Failure {
        self.processes.ask_to_end();
        self.has_ended_by(self.stop_within).await;
        self.processes.reap();
        Failure {
            sentence,
            output: self.output.final_lines(),
        }
    }

    async fn has_ended_by(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while self.processes.is_alive() {
            if Instant::now() >= until {
                return false;
            }
            sleep(LOOK).await;
        }
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.processes.end_within(IN_HASTE);
    }
}

/// A command may stand on several lines and be long; a sentence needs only so much of it that it is known again.
fn brief_command(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    sanitize::inline(&shorten::end(&words.join(" "), 80))
}
