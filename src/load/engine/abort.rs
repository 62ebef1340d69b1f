//! Whether so much fails that a load is not worth its time any more.

use std::collections::VecDeque;
use std::time::Duration;

use crate::load::record::Recent;
use crate::load::scenario::Abort;

/// Looks at the requests that ended in the last time.
#[derive(Debug)]
pub struct AbortWatch {
    abort: Abort,
    /// When each part of them was told, with how many there were and how many of them failed.
    recent: VecDeque<(Duration, u64, u64)>,
    /// When the first was told.
    since: Option<Duration>,
}

impl AbortWatch {
    pub fn new(abort: Abort) -> Self {
        Self {
            abort,
            recent: VecDeque::new(),
            since: None,
        }
    }

    /// Adds what a thread told at a time since the level began.
    pub fn add(&mut self, at: Duration, recent: &Recent) {
        if recent.done > 0 {
            self.since.get_or_insert(at);
            self.recent.push_back((at, recent.done, recent.errors));
        }
    }

    /// Why the level should end, where it should.
    pub fn verdict(&mut self, now: Duration) -> Option<String> {
        let Abort { errors, after } = self.abort;
        if now.saturating_sub(self.since?) < after {
            return None;
        }
        while let Some((at, ..)) = self.recent.front()
            && now.saturating_sub(*at) > after
        {
            self.recent.pop_front();
        }
        let parts = self.recent.iter();
        let (done, failed) = parts.fold((0, 0), |(done, failed), (_, more, wrong)| {
            (done + more, failed + wrong)
        });
        let share = part(failed, done)?;
        (share > errors).then(|| {
            format!(
                "ended early by `abort`: {failed} of the last {done} requests failed, in {}, and more than {} % may not",
                crate::text::duration::text(after),
                errors * 100.0
            )
        })
    }
}

fn part(failed: u64, done: u64) -> Option<f64> {
    let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    (done > 0).then(|| number(failed) / number(done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: u64, errors: u64) -> Recent {
        Recent {
            done,
            errors,
            ..Recent::default()
        }
    }

    #[test]
    fn a_level_ends_where_too_much_failed_for_the_whole_time_and_not_before() {
        let seconds = Duration::from_secs;
        let abort = Abort {
            errors: 0.1,
            after: seconds(5),
        };
        let mut watch = AbortWatch::new(abort);
        assert_eq!(watch.verdict(seconds(60)), None, "nothing has ended yet");
        for at in 60..65 {
            watch.add(seconds(at), &told(100, 100));
            assert_eq!(watch.verdict(seconds(at)), None, "{at}");
        }
        assert!(
            watch
                .verdict(seconds(65))
                .unwrap()
                .contains("500 of the last 500")
        );
        // A burst among many that succeed, and one that is over.
        let mut watch = AbortWatch::new(abort);
        for at in 0..30 {
            watch.add(seconds(at), &told(100, if at == 10 { 50 } else { 0 }));
            assert_eq!(watch.verdict(seconds(at)), None, "{at}");
        }
        // Exactly the limit may fail.
        let mut watch = AbortWatch::new(abort);
        watch.add(seconds(0), &told(10, 1));
        watch.add(seconds(5), &told(10, 1));
        assert_eq!(watch.verdict(seconds(5)), None);
        watch.add(seconds(5), &told(1, 1));
        assert!(watch.verdict(seconds(5)).is_some());
    }
}
