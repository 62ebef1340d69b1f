//! How far a run is, for the progress line.

use std::time::Duration;

use crate::load::record::{Recent, quantile};

/// The stages of a level, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelStage {
    /// Users are connecting.
    Starting,
    WarmingUp,
    Counting,
    /// No request is sent any more; those under way are awaited.
    Draining,
    Over,
}

/// The state of a run at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The name of the level, where there are several.
    pub level: Option<String>,
    pub phase: LevelStage,
    /// The time since the level began.
    pub elapsed: Duration,
    pub remaining: Option<Duration>,
    /// Requests per second since the last snapshot.
    pub rate: f64,
    /// The number of requests since counting began; before that, since the level began.
    pub done: u64,
    pub errors: u64,
    pub p50: Option<Duration>,
    pub p95: Option<Duration>,
    pub p99: Option<Duration>,
}

/// Receives the progress of a run.
pub trait Observer: Send {
    fn tick(&mut self, snapshot: &Snapshot);
    /// Shows a message on a line of its own.
    fn note(&mut self, text: &str);
}

/// Adds up the reports of all threads.
pub struct Progress {
    level: Option<String>,
    phase: LevelStage,
    elapsed: Duration,
    remaining: Option<Duration>,
    all: Recent,
    /// The number of requests at the last snapshot, and the time of that snapshot.
    looked: (u64, Duration),
}

impl Progress {
    pub fn new(level: Option<String>) -> Self {
        Self {
            level,
            phase: LevelStage::Starting,
            elapsed: Duration::ZERO,
            remaining: None,
            all: Recent::default(),
            looked: (0, Duration::ZERO),
        }
    }

    pub fn add(&mut self, recent: &Recent) {
        self.all.add(recent);
    }

    pub fn note(&mut self, phase: LevelStage, elapsed: Duration, remaining: Option<Duration>) {
        if phase == LevelStage::Counting && self.phase != LevelStage::Counting {
            self.all = Recent::default();
            self.looked = (0, elapsed);
        }
        self.phase = phase;
        self.elapsed = elapsed;
        self.remaining = remaining;
    }

    pub fn snapshot(&mut self) -> Snapshot {
        let (done, at) = self.looked;
        let passed = self.elapsed.saturating_sub(at).as_secs_f64();
        let new = u32::try_from(self.all.done.saturating_sub(done)).unwrap_or(u32::MAX);
        self.looked = (self.all.done, self.elapsed);
        let percentile = |share| quantile(&self.all.response, share);
        Snapshot {
            level: self.level.clone(),
            phase: self.phase,
            elapsed: self.elapsed,
            remaining: self.remaining,
            rate: if passed > 0.0 {
                f64::from(new) / passed
            } else {
                0.0
            },
            done: self.all.done,
            errors: self.all.errors,
            p50: percentile(0.5),
            p95: percentile(0.95),
            p99: percentile(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_before_counting_is_forgotten_when_it_begins() {
        let second = Duration::from_secs(1);
        let mut progress = Progress::new(None);
        let mut recent = Recent::default();
        (0..50).for_each(|_| recent.succeed(Duration::from_millis(9)));
        progress.note(LevelStage::WarmingUp, second, None);
        progress.add(&recent);
        let snapshot = progress.snapshot();
        assert_eq!((snapshot.done, snapshot.rate), (50, 50.0));
        progress.note(LevelStage::Counting, second * 2, Some(second));
        assert_eq!(progress.snapshot().done, 0);
        progress.add(&recent);
        recent.fail();
        progress.add(&recent);
        progress.note(LevelStage::Counting, second * 4, None);
        let snapshot = progress.snapshot();
        assert_eq!(
            (snapshot.done, snapshot.errors, snapshot.rate),
            (101, 1, 50.5)
        );
        let p50 = snapshot.p50.unwrap().as_secs_f64();
        assert!((p50 - 0.009).abs() < 1e-5, "{p50}");
    }
}
