//! Time for the engine: one clock for a level, and a timer so exact that perfgate's own lateness is no part of what is
//! measured.

use std::time::{Duration, Instant};

/// A time in nanoseconds since the clock was started. It is half as large as an `Instant`, and compared in one
/// instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    pub fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub fn nanos(self) -> u64 {
        self.0
    }

    /// The time since an earlier moment; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The clock whose start all `Moment`s are counted from.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The moment that an `Instant` is.
    pub fn at(&self, instant: Instant) -> Moment {
        Moment(nanos(instant.saturating_duration_since(self.start)))
    }

    pub fn now(&self) -> Moment {
        Moment(nanos(self.start.elapsed()))
    }
}

/// How long this machine has slept since it was started; zero where the system does not tell. `Moment`s leave sleep
/// out, because their clock stops with the machine.
pub fn slept() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::time::{ClockId, clock_gettime};
        let read = |clock| {
            let time = clock_gettime(clock);
            let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
            let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
            Duration::new(seconds, nanos)
        };
        let awake = read(ClockId::Monotonic);
        read(ClockId::Boottime).saturating_sub(awake)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Duration::ZERO
}

/// The CPU time of the calling thread; zero where the system does not tell.
pub fn thread_cpu() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
        Duration::new(seconds, nanos)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
    Duration::ZERO
}

/// How long the calling thread was ready to run and had no core; zero where the system does not tell.
pub fn thread_waited() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

#[cfg(target_os = "linux")]
pub use linux::Timer;
#[cfg(not(target_os = "linux"))]
pub use portable::Timer;

/// Waits with a kernel timer, which wakes the runtime within some tens of microseconds. The precision of tokio's own
/// timer is a millisecond.
#[cfg(target_os = "linux")]
mod linux {
    use super::{Clock, Duration, Moment};
    use rustix::fd::OwnedFd;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::{Interest, unix::AsyncFd};

    /// How late the kernel's timer is because an idle core has to wake up first.
    const WAKE_UP: Duration = Duration::from_micros(40);
    /// The wait is cut short by at most one part in this many, which is then spent yielding.
    const AWAKE: u32 = 20;

    pub struct Timer {
        clock: Clock,
        timer: AsyncFd<OwnedFd>,
    }

    impl Timer {
        /// Has to be called inside a runtime.
        #[expect(
            deprecated,
            reason = "its successor is unsafe for handles that are not owned; this one is"
        )]
        pub fn new(clock: Clock) -> std::io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            Ok(Self {
                clock,
                timer: AsyncFd::with_interest(timer, Interest::READABLE)?,
            })
        }

        /// Waits for a moment and returns the time at which it was found reached. The timer fires a little early; the
        /// rest of the wait lets other tasks run.
        pub async fn until(&self, moment: Moment) -> std::io::Result<Moment> {
            let early = WAKE_UP.min(moment.since(self.clock.now()) / AWAKE);
            loop {
                let now = self.clock.now();
                if now >= moment {
                    return Ok(now);
                }
                let wait = moment.since(now);
                if wait <= early {
                    tokio::task::yield_now().await;
                    continue;
                }
                // A wait of zero would disarm the timer.
                self.arm((wait - early).max(Duration::from_nanos(1)))?;
                // Arming the timer clears older expirations, so it need not be read. The clock above recognises a stale
                // readiness.
                self.timer.readable().await?.clear_ready();
            }
        }

        fn arm(&self, wait: Duration) -> std::io::Result<()> {
            let value = Itimerspec {
                it_interval: Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                },
                it_value: Timespec {
                    tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: wait.subsec_nanos().into(),
                },
            };
            timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &value)?;
            Ok(())
        }
    }
}

/// Waits with tokio's timer until shortly before the moment, then lets other tasks run until it is reached.
#[cfg(not(target_os = "linux"))]
mod portable {
    use super::{Clock, Duration, Moment};

    const EARLY: Duration = Duration::from_millis(2);

    pub struct Timer {
        clock: Clock,
    }

    impl Timer {
        pub fn new(clock: Clock) -> std::io::Result<Self> {
            Ok(Self { clock })
        }

        pub async fn until(&self, moment: Moment) -> std::io::Result<Moment> {
            let wait = moment.since(self.clock.now());
            if wait > EARLY {
                tokio::time::sleep(wait - EARLY).await;
            }
            loop {
                let now = self.clock.now();
                if now >= moment {
                    return Ok(now);
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_timer_never_wakes_early_and_works_again_and_again() {
        let clock = Clock::start();
        let timer = Timer::new(clock).unwrap();
        let begin = clock.now();
        for step in 1..=20 {
            let due = begin.plus(Duration::from_micros(step * 700));
            assert!(timer.until(due).await.unwrap() >= due);
        }
        let past = timer.until(begin).await.unwrap();
        assert!(past.since(begin) >= Duration::from_millis(14));
        assert!(past.since(begin) < Duration::from_secs(2));
    }

    #[test]
    fn work_of_this_thread_is_seen_as_its_cpu_time() {
        let before = thread_cpu();
        let clock = Clock::start();
        while clock.now().nanos() < 5_000_000 {}
        assert!(thread_cpu() > before);
    }
}
