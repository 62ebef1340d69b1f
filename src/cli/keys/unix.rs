//! Keys of a terminal on Unix.
//!
//! The terminal hands over each key at once and shows none. It is given back as it was when the measurement is
//! over, before perfgate is suspended, and by whatever ends perfgate at once. In the background it is never touched.

use std::io::{IsTerminal, stdin};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::cli::status_request::StatusRequest;

/// How often the keyboard is asked for keys.
const LOOK: Duration = Duration::from_millis(100);

/// How the terminal was before it was asked for single keys; nothing where it is as it was.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
/// Whether anybody wants keys.
static WANTED: AtomicBool = AtomicBool::new(false);

/// Keys are listened to until it is dropped.
#[derive(Debug)]
pub(crate) struct Keys(());

impl Keys {
    /// `None` where nobody can press one.
    pub(crate) fn listen(asked: &StatusRequest) -> Option<Self> {
        if !stdin().is_terminal() {
            return None;
        }
        static LISTENING: Once = Once::new();
        let asked = asked.clone();
        LISTENING.call_once(|| {
            give_back_on_panic();
            // Nothing that is measured needs keys.
            let listener = std::thread::Builder::new().name("keys".to_owned());
            drop(listener.spawn(move || listen(&asked)));
        });
        WANTED.store(true, Ordering::SeqCst);
        take();
        Some(Self(()))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        WANTED.store(false, Ordering::SeqCst);
        give_back();
    }
}

/// Gives the terminal back as it was.
pub(crate) fn give_back() {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    set_as_before(before.take());
}

fn forget() {
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn set_as_before(before: Option<Termios>) {
    if let Some(before) = before
        && is_in_front()
    {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

/// A release ends at a panic without running what a value does when it is dropped.
fn give_back_on_panic() {
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // Whoever holds it might be the one that panics.
        if let Ok(mut before) = BEFORE.try_lock() {
            set_as_before(before.take());
        }
        told(info);
    }));
}

/// Whether the keys of the terminal are ours: reading them in the background would suspend perfgate.
fn is_in_front() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|front| front == getpgrp())
}

fn take() {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    if !WANTED.load(Ordering::SeqCst) || before.is_some() || !is_in_front() {
        return;
    }
    let Ok(now) = tcgetattr(stdin()) else {
        return;
    };
    let mut single = now.clone();
    // Ctrl-C and Ctrl-Z stay signals.
    single.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    single.special_codes[SpecialCodeIndex::VMIN] = 1;
    single.special_codes[SpecialCodeIndex::VTIME] = 0;
    if tcsetattr(stdin(), OptionalActions::Now, &single).is_ok() {
        *before = Some(now);
    }
}

/// For as long as the program lives: a signal that was listened to once no longer does what it did.
fn listen(asked: &StatusRequest) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let suspends = SignalKind::from_raw(Signal::TSTP.as_raw());
        let resumes = SignalKind::from_raw(Signal::CONT.as_raw());
        let (Ok(mut suspended), Ok(mut resumed), Ok(mut quit)) = (
            signal(suspends),
            signal(resumes),
            signal(SignalKind::quit()),
        ) else {
            return;
        };
        loop {
            tokio::select! {
                _ = suspended.recv() => {
                    give_back();
                    // It stands here until it is resumed.
                    let _ = kill_process(getpid(), Signal::STOP);
                }
                _ = resumed.recv() => {
                    // Meanwhile the terminal was another's.
                    forget();
                    take();
                }
                _ = quit.recv() => {
                    give_back();
                    std::process::abort();
                }
                () = sleep(LOOK) => {
                    // Also where it was brought to the front again.
                    take();
                    read(asked);
                }
            }
        }
    });
}

/// All keys that were pressed. What is no question is passed over.
fn read(asked: &StatusRequest) {
    let terminal = stdin();
    let mut keys = [0; 64];
    while WANTED.load(Ordering::SeqCst) && is_in_front() {
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut looked = [PollFd::new(&terminal, PollFlags::IN)];
        if !matches!(poll(&mut looked, Some(&at_once)), Ok(1..)) {
            return;
        }
        match rustix::io::read(&terminal, &mut keys) {
            Ok(read @ 1..) => {
                let keys = keys.get(..read).unwrap_or_default();
                if keys.iter().any(|key| key.eq_ignore_ascii_case(&b't')) {
                    asked.ask();
                }
            }
            _ => return,
        }
    }
}
