//! The command of a source: run through the shell with all that it starts, and ended as a whole where it takes too long
//! or perfgate is asked to end.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::cli::status_request::StatusRequest;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::group::{Launch, ProcessEnd, ProcessGroup};
use crate::text::duration;

/// How often it is checked whether the command has ended.
const LOOK: Duration = Duration::from_millis(5);
/// How long processes may take to end after they were asked to.
pub(super) const TO_END: Duration = Duration::from_secs(5);
/// How long the rest of a pipeline may take to end after the shell has.
const TO_FOLLOW: Duration = Duration::from_secs(1);

/// What is run.
pub(crate) struct SourceCommand<'a> {
    pub(crate) command: &'a str,
    pub(crate) folder: &'a Path,
    pub(crate) timeout: Duration,
}

impl SourceCommand<'_> {
    /// Tells how long it has run whenever somebody asks.
    pub(super) fn teller(
        &self,
        asked: &StatusRequest,
        output: &mut Output<'_>,
    ) -> impl FnMut(Duration) {
        move |elapsed| {
            if asked.take() {
                let (elapsed, most) = (in_seconds(elapsed), duration::text(self.timeout));
                let command = self.command;
                output.note(&format!(
                    "`{command}` has run for {elapsed} of at most {most}"
                ));
            }
        }
    }
}

fn in_seconds(time: Duration) -> String {
    duration::text(Duration::from_secs(time.as_secs()))
}

/// Why a command is not waited for any longer.
pub(super) enum Wait {
    Ended(ProcessEnd),
    TimedOut,
    Stopped,
}

/// That it ends badly is told and not fatal: Locust does so on any failed request, and whether new results are there
/// decides.
pub(crate) fn run(
    order: &SourceCommand<'_>,
    interrupt: &Interrupt,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let command = order.command;
    output.note(&format!("running {command}"));
    let (done, _) = interrupt.during(|stop| {
        let (asked, _keys) = interrupt.asked(output.progress());
        launched(order, &stop, &mut order.teller(&asked, output))
    });
    match done? {
        (Wait::Ended(ended), left) => {
            if !ended.is_success {
                output.warn(&format!("`{command}` ended with {}", ended.how));
            }
            if left {
                output.warn(&format!(
                    "`{command}` left processes running, which were ended"
                ));
            }
            Ok(())
        }
        (Wait::TimedOut, _) => Err(anyhow!(
            "`{command}` took longer than {} and was ended, with all that it started",
            duration::text(order.timeout)
        ))
        .hint("look at its output; where it needs more time, [[source]] takes a `timeout`"),
        (Wait::Stopped, _) => Err(Interrupted).context(format!("run `{command}`")),
    }
}

/// Runs it to its end, and tells whether anything that it had started was left running.
fn launched(
    order: &SourceCommand<'_>,
    stop: &Stop,
    tell: &mut dyn FnMut(Duration),
) -> anyhow::Result<(Wait, bool)> {
    // Our stdout is the verdict's.
    let launch = Launch {
        command: order.command,
        folder: order.folder,
        environment: &BTreeMap::new(),
        stdout: std::io::stderr().into(),
        stderr: std::io::stderr().into(),
    };
    let mut processes = ProcessGroup::launch(launch)
        .with_context(|| format!("start `{}` in {}", order.command, order.folder.display()))?;
    let wait = attend(&mut processes, order.timeout, stop, tell);
    let left = matches!(wait, Wait::Ended(_)) && !follows(&mut processes);
    processes.end_within(TO_END);
    Ok((wait, left))
}

/// Waits for its end. At every look `tell` hears how long it has run.
pub(super) fn attend(
    processes: &mut ProcessGroup,
    timeout: Duration,
    stop: &Stop,
    tell: &mut dyn FnMut(Duration),
) -> Wait {
    let begun = Instant::now();
    loop {
        tell(begun.elapsed());
        if let Some(ended) = processes.leader_ended() {
            return Wait::Ended(ended);
        }
        if stop.is_asked() {
            return Wait::Stopped;
        }
        if begun.elapsed() > timeout {
            return Wait::TimedOut;
        }
        thread::sleep(LOOK);
    }
}

/// Whether the rest of the group ends by itself.
pub(super) fn follows(processes: &mut ProcessGroup) -> bool {
    let until = Instant::now() + TO_FOLLOW;
    while processes.is_alive() {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}
