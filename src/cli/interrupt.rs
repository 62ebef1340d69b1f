//! Ctrl-C, SIGTERM and SIGHUP: the first asks a measurement to end, any other ends the program at once. SIGUSR1 asks how
//! it goes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;

use crate::cli::keys::{self, Keys};
use crate::cli::output::progress::ProgressStyle;
use crate::cli::output::taskbar;
use crate::cli::status_request::StatusRequest;
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

/// What a signal asks for.
enum Heard {
    End,
    State,
}

impl Interrupt {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        /// What the one listener of the program serves.
        static LISTENING: Mutex<Option<Current>> = Mutex::new(None);
        let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
        let current = match &*listening {
            Some(current) => current.clone(),
            None => Self::begin()?,
        };
        *listening = Some(current.clone());
        Ok(Self { current })
    }

    fn begin() -> anyhow::Result<Current> {
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
                    match signals.next().await {
                        Heard::State => StatusRequest::by_anybody().ask(),
                        Heard::End if asked.ask() => {}
                        Heard::End => {
                            taskbar::remove_now();
                            keys::give_back();
                            std::process::exit(i32::from(Exit::Interrupted.code()));
                        }
                    }
                }
            });
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)
            .context("listen for Ctrl-C")?;
        Ok(current)
    }

    /// Whether somebody asks how it goes. While something is `shown` at a terminal, its keys ask, too.
    pub(crate) fn asked(&self, style: ProgressStyle) -> (StatusRequest, Option<Keys>) {
        let asked = StatusRequest::by_anybody();
        let is_shown = matches!(style, ProgressStyle::Terminal { .. });
        let keys = is_shown.then(|| Keys::listen(&asked)).flatten();
        (asked, keys)
    }

    /// Does the work with a [`Stop`] that a signal asks, and tells whether one did.
    pub(crate) fn during<T>(&self, work: impl FnOnce(Stop) -> T) -> (T, bool) {
        let stop = Stop::new();
        let outer = self.current.lock().replace(stop.clone());
        let done = work(stop.clone());
        *self.current.lock() = outer;
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
    state: tokio::signal::unix::Signal,
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
            state: signal(SignalKind::user_defined1())?,
        })
    }

    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.interrupt.recv() => Heard::End,
            _ = self.terminate.recv() => Heard::End,
            Some(()) = closed(self.hang_up.as_mut()) => Heard::End,
            _ = self.state.recv() => Heard::State,
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

    async fn next(&mut self) -> Heard {
        self.0.recv().await;
        Heard::End
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
