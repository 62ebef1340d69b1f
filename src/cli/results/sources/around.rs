//! What is done around all runs of a source: a pause, a command that sets up, and one that tears down.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::command::{self, SourceCommand, Wait};
use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::hint::WithHint;
use crate::load::group::{Launch, ProcessGroup};
use crate::text::duration;

/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// How many of the last lines of a failed setup are shown.
const LAST_LINES: usize = 10;

/// Waits, and says for how long.
pub(super) fn pause(
    pause: Duration,
    interrupt: &Interrupt,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    output.note(&format!(
        "waiting {}, the pause before this source",
        duration::text(pause)
    ));
    let ((), interrupted) = interrupt.during(|stop| {
        let until = Instant::now() + pause;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || stop.is_asked() {
                break;
            }
            thread::sleep(left.min(LOOK));
        }
    });
    if interrupted {
        return Err(Interrupted).context("wait before the next source");
    }
    Ok(())
}

/// Nothing is measured where the setup did not do its work.
pub(super) fn set_up(
    order: &SourceCommand<'_>,
    interrupt: &Interrupt,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let shown = order.command;
    match done("setup", order, interrupt, output)? {
        (Wait::Ended(ended), _) if ended.is_success => Ok(()),
        (Wait::Ended(ended), lines) => {
            // An error is one line.
            for line in &lines {
                output.note(&format!("  {line}"));
            }
            let said = match lines.last() {
                None => "it wrote nothing".to_owned(),
                Some(last) => format!("it ended with `{last}`"),
            };
            Err(anyhow!("setup `{shown}` failed with {}; {said}", ended.how))
                .hint("nothing was measured: correct `setup` of this [[source]]")
        }
        (Wait::TimedOut, _) => Err(anyhow!(
            "setup `{shown}` took longer than {} and was ended",
            duration::text(order.timeout)
        ))
        .hint("a setup has to end; where it needs more time, [[source]] with a `command` takes a `timeout`"),
        (Wait::Stopped, _) => Err(Interrupted).context(format!("run setup `{shown}`")),
    }
}

/// What was measured stays, whatever becomes of it.
pub(super) fn tear_down(
    order: &SourceCommand<'_>,
    interrupt: &Interrupt,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let shown = order.command;
    let told = match done("teardown", order, interrupt, output) {
        Ok((Wait::Ended(ended), _)) if ended.is_success => return Ok(()),
        Ok((Wait::Ended(ended), _)) => format!("ended with {}", ended.how),
        Ok((Wait::TimedOut, _)) => format!(
            "took longer than {} and was ended",
            duration::text(order.timeout)
        ),
        Ok((Wait::Stopped, _)) => {
            return Err(Interrupted).context(format!("run teardown `{shown}`"));
        }
        Err(error) => format!("could not be run: {error:#}"),
    };
    output.warn(&format!("teardown `{shown}` {told}"));
    Ok(())
}

/// Runs it with its output kept. What it leaves running is ended as that of a `command` is, and told.
fn done(
    what: &str,
    order: &SourceCommand<'_>,
    interrupt: &Interrupt,
    output: &mut Output<'_>,
) -> anyhow::Result<(Wait, Vec<String>)> {
    output.note(&format!("{what}: {}", order.command));
    let mut written = tempfile::tempfile().context("keep the output of a command")?;
    let launch = Launch {
        command: order.command,
        folder: order.folder,
        environment: &BTreeMap::new(),
        stdout: written
            .try_clone()
            .context("keep the output of a command")?
            .into(),
        stderr: written
            .try_clone()
            .context("keep the output of a command")?
            .into(),
    };
    let (wait, _) = interrupt.during(|stop| -> anyhow::Result<(Wait, bool)> {
        let mut processes = ProcessGroup::launch(launch)
            .with_context(|| format!("start `{}` in {}", order.command, order.folder.display()))?;
        let (asked, _keys) = interrupt.asked(output.progress());
        let mut tell = order.teller(&asked, output);
        let wait = command::attend(&mut processes, order.timeout, &stop, &mut tell);
        let left = matches!(wait, Wait::Ended(_)) && !command::follows(&mut processes);
        processes.end_within(command::TO_END);
        Ok((wait, left))
    });
    let (wait, left) = wait?;
    if left {
        output.warn(&format!(
            "{what} `{}` left processes running, which were ended: what is to go on running needs a group of its own (`docker compose up -d`, `systemctl start`, `setsid`)",
            order.command
        ));
    }
    written
        .seek(SeekFrom::Start(0))
        .context("read the output of a command")?;
    let mut last = VecDeque::new();
    for line in BufReader::new(written).split(b'\n') {
        let line = line.context("read the output of a command")?;
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
    Ok((wait, last.into()))
}
