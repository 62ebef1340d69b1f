//! Waiting until an instant, to a few microseconds, for any number of waiters at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

/// How long before its instant a waiter is woken, to spend the rest awake.
#[cfg(target_os = "linux")]
const AWAKE: Duration = Duration::from_micros(200);
#[cfg(not(target_os = "linux"))]
const AWAKE: Duration = Duration::from_millis(3);

/// One for a server; its clones are the same clock.
#[derive(Clone)]
pub(crate) struct Clock(Rc<Waiters>);

#[derive(Default)]
struct Waiters {
    by_time: RefCell<BTreeMap<(Instant, u64), oneshot::Sender<()>>>,
    changed: Notify,
}

impl Clock {
    /// Within a local runtime, which drives it.
    pub(crate) fn start() -> Self {
        let clock = Self(Rc::default());
        let waiters = clock.0.clone();
        tokio::task::spawn_local(async move {
            let timer = Timer::new();
            loop {
                tokio::select! {
                    () = waiters.changed.notified() => {}
                    () = timer.until(waiters.wake(Instant::now())) => {}
                }
            }
        });
        clock
    }

    pub(crate) async fn until(&self, due: Instant) {
        let wake = due - AWAKE;
        if wake > Instant::now() {
            let (sender, woken) = oneshot::channel();
            {
                let mut by_time = self.0.by_time.borrow_mut();
                let mut number = 0;
                while by_time.contains_key(&(wake, number)) {
                    number += 1;
                }
                let first = by_time.keys().next().is_none_or(|first| wake < first.0);
                by_time.insert((wake, number), sender);
                if first {
                    self.0.changed.notify_one();
                }
            }
            let _ = woken.await;
        }
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
    }
}

impl Waiters {
    /// Wakes all whose time has come; when to look again.
    fn wake(&self, now: Instant) -> Option<Instant> {
        let mut by_time = self.by_time.borrow_mut();
        while let Some(entry) = by_time.first_entry() {
            if entry.key().0 > now {
                return Some(entry.key().0);
            }
            let _ = entry.remove().send(());
        }
        None
    }
}

#[cfg(target_os = "linux")]
use precise::Timer;

/// The runtime's own timers are up to a millisecond late.
#[cfg(target_os = "linux")]
mod precise {
    use std::os::fd::OwnedFd;
    use std::time::Instant;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        #[allow(
            deprecated,
            reason = "an owned descriptor stays what it is, and the call that takes its place is unsafe"
        )]
        pub(super) fn new() -> Self {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags).unwrap();
            Self(AsyncFd::new(fd).unwrap())
        }

        /// For ever where there is nothing to wait for.
        pub(super) async fn until(&self, due: Option<Instant>) {
            let Some(due) = due else {
                return std::future::pending().await;
            };
            let left = due.saturating_duration_since(Instant::now());
            let value = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap(),
                // Zero would disarm it.
                tv_nsec: i64::from(left.subsec_nanos()).max(1),
            };
            let once = Itimerspec {
                it_interval: Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                },
                it_value: value,
            };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once).unwrap();
            // Readiness of an earlier setting is seen here too: whoever waits looks at the time again.
            self.0.readable().await.unwrap().clear_ready();
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct Timer;

#[cfg(not(target_os = "linux"))]
impl Timer {
    fn new() -> Self {
        Self
    }

    async fn until(&self, due: Option<Instant>) {
        match due {
            Some(due) => tokio::time::sleep_until(due.into()).await,
            None => std::future::pending().await,
        }
    }
}
