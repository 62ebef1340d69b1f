//! Ctrl-C, SIGTERM and SIGHUP: the first asks a measurement to end, any other ends the program at once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;

use crate::cli::output::taskbar;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::Stop;

/// Listens from its making on, for as long as the program lives: once a handler is there, a signal that nobody
/// heeds would be lost.
pub(crate) struct Interrupt {
    current: Current,
}

/// The measurement that is under way.
#[derive(Clone, Default)]
struct Current(Arc<Mutex<Option<Stop>>>);

impl Current {
    fn lock(&self) -> MutexGuard<'_, Option<Stop>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a measurement could be asked to end, and had not been.
    fn ask(&self) -> bool {
        match &*self.lock() {
            Some(stop) if !stop.is_asked() => {
                stop.ask();
                true
            }
            _ => false,
        }
    }
}

impl Interrupt {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        refuse_few_descriptors().context("listen for Ctrl-C")?;
        let current = Current::default();
        let asked = current.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("listen for Ctrl-C")?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::new().context("listen for Ctrl-C")?
        };
        let listen = move || {
            runtime.block_on(async {
                loop {
                    signals.next().await;
                    if !asked.ask() {
                        taskbar::remove_now();
                        std::process::exit(i32::from(Exit::Interrupted.code()));
                    }
                }
            });
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)
            .context("listen for Ctrl-C")?;
        Ok(Self { current })
    }

    /// Does the work with a [`Stop`] that a signal asks, and tells whether one did.
    pub(crate) fn during<T>(&self, work: impl FnOnce(Stop) -> T) -> (T, bool) {
        let stop = Stop::new();
        *self.current.lock() = Some(stop.clone());
        let done = work(stop.clone());
        *self.current.lock() = None;
        (done, stop.is_asked())
    }
}

/// What listens for signals does not come back from a limit that it meets half-way, so there is asked before.
fn refuse_few_descriptors() -> anyhow::Result<()> {
    /// The listener and the first connection of a measurement.
    const NEEDED: usize = 16;
    let opened: std::io::Result<Vec<std::fs::File>> =
        (0..NEEDED).map(|_| std::fs::File::open(".")).collect();
    match opened {
        Ok(_) => Ok(()),
        Err(error) if cfg!(unix) => {
            Err(error).hint("raise the limit of open files: `ulimit -n 1024`")
        }
        Err(_) => Ok(()),
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal was closed, unless `nohup` said that this is nothing.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: (!hang_up_is_ignored())
                .then(|| signal(SignalKind::hangup()))
                .transpose()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            Some(()) = closed(self.hang_up.as_mut()) => {}
        }
    }
}

#[cfg(unix)]
async fn closed(hang_up: Option<&mut tokio::signal::unix::Signal>) -> Option<()> {
    match hang_up {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Linux tells it; elsewhere a program under `nohup` ends with what it has measured.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_up(&status))
}

/// The mask of ignored signals: SIGHUP is the first of them.
#[cfg(unix)]
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// A command that could not go on because its measurement was interrupted.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// How a command ends that could not be done.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    if error.downcast_ref::<Interrupted>().is_some() {
        Exit::Interrupted
    } else {
        Exit::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_asks_and_the_second_is_for_the_program() {
        let current = Current::default();
        assert!(!current.ask(), "nothing is measured yet");
        let stop = Stop::new();
        *current.lock() = Some(stop.clone());
        assert!(current.ask());
        assert!(stop.is_asked());
        assert!(!current.ask());
    }

    #[cfg(unix)]
    #[test]
    fn the_mask_of_ignored_signals_tells_of_nohup() {
        assert!(ignores_hang_up("Name:\tx\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hang_up("SigIgn:\t0000000000001000\n"));
        assert!(!ignores_hang_up(""));
    }

    #[test]
    fn an_interrupted_command_has_a_number_of_its_own_whatever_was_said_around_it() {
        let error = anyhow::Error::new(Interrupted).context("read [[source]]");
        assert_eq!(exit_of(&error), Exit::Interrupted);
        assert_eq!(exit_of(&anyhow::anyhow!("other")), Exit::Error);
    }
}
