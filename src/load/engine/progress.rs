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
    /// The newest stretch, in the first snapshot after its end.
    pub stretch: Option<Stretch>,
}

/// What happened in a stretch of about a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Requests per second.
    pub rate: f64,
    pub p50: Option<Duration>,
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
    /// What came since the last stretch ended, and when that was.
    stretch: (Recent, Duration),
}

/// What is shown over time has one place for so long.
const STRETCH: Duration = Duration::from_secs(1);

impl Progress {
    pub fn new(level: Option<String>) -> Self {
        Self {
            level,
            phase: LevelStage::Starting,
            elapsed: Duration::ZERO,
            remaining: None,
            all: Recent::default(),
            looked: (0, Duration::ZERO),
            stretch: (Recent::default(), Duration::ZERO),
        }
    }

    pub fn add(&mut self, recent: &Recent) {
        self.all.add(recent);
        self.stretch.0.add(recent);
    }

    pub fn note(&mut self, phase: LevelStage, elapsed: Duration, remaining: Option<Duration>) {
        if phase == LevelStage::Counting && self.phase != LevelStage::Counting {
            self.all = Recent::default();
            self.looked = (0, elapsed);
            self.stretch = (Recent::default(), elapsed);
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
            stretch: self.ended_stretch(),
        }
    }

    fn ended_stretch(&mut self) -> Option<Stretch> {
        let (recent, began) = &self.stretch;
        let lasted = self.elapsed.checked_sub(*began).filter(|l| *l >= STRETCH)?;
        #[expect(clippy::cast_precision_loss, reason = "requests of a second")]
        let rate = recent.done as f64 / lasted.as_secs_f64();
        let ended = Stretch {
            rate,
            p50: quantile(&recent.response, 0.5),
            p99: quantile(&recent.response, 0.99),
        };
        self.stretch = (Recent::default(), self.elapsed);
        Some(ended)
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

    #[test]
    fn a_stretch_has_what_came_since_the_last_one_and_is_told_once() {
        let mut progress = Progress::new(None);
        let millis = Duration::from_millis;
        let mut slow = Recent::default();
        (0..30).for_each(|_| slow.succeed(millis(80)));
        let mut quick = Recent::default();
        (0..10).for_each(|_| quick.succeed(millis(2)));
        progress.add(&slow);
        progress.note(LevelStage::Counting, millis(500), None);
        progress.add(&slow);
        assert_eq!(progress.snapshot().stretch, None);
        progress.note(LevelStage::Counting, millis(1500), None);
        let first = progress.snapshot().stretch.unwrap();
        assert_eq!(first.rate, 30.0);
        assert_eq!(progress.snapshot().stretch, None);
        progress.add(&quick);
        progress.note(LevelStage::Counting, millis(3500), None);
        let second = progress.snapshot().stretch.unwrap();
        assert_eq!(second.rate, 5.0);
        let p99 = |stretch: Stretch| stretch.p99.unwrap().as_secs_f64() * 1e3;
        assert!((p99(first) - 80.0).abs() < 0.1 && (p99(second) - 2.0).abs() < 0.01);
    }
}
