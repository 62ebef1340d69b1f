//! When requests succeeded, and for how long none succeeded although some were sent. There is one for each worker; they
//! add up without loss. Pure: times are counted from the start of the level.

use std::time::Duration;

/// The results of requests, in steps of time.
#[derive(Clone, Debug)]
pub struct Silence {
    /// The length of a step: 10 ms, doubled whenever a level is too long for the number of steps.
    step: Duration,
    steps: Vec<Step>,
}

/// What happened in one step: two flags, and above them a saturating count of failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Step(u8);

const SUCCEEDED: u8 = 1;
const WAITED: u8 = 2;
const ONE_FAILED: u8 = 4;

impl Step {
    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    fn set(&mut self, flag: u8) {
        self.0 |= flag;
    }

    fn one_failed(&mut self) {
        self.0 = self.0.saturating_add(ONE_FAILED);
    }

    fn failed(self) -> u8 {
        self.0 / ONE_FAILED
    }

    fn and(self, other: Self) -> Self {
        let flags = (self.0 | other.0) % ONE_FAILED;
        let failed = (self.failed() + other.failed()).min(u8::MAX / ONE_FAILED);
        Self((failed * ONE_FAILED) | flags)
    }
}

const FINEST: Duration = Duration::from_millis(10);
/// The largest number of steps: nearly three hours of the shortest ones, and a megabyte for each worker.
const MOST: usize = 1 << 20;
/// The number of failures in a row from which on the service was away. Fewer are part of the error rate only.
const DOWN: u32 = 3;
/// The shortest time for which a service can be away.
const SHORTEST: Duration = Duration::from_millis(100);

/// A time range, counted from the start of the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    pub from: Duration,
    pub until: Duration,
}

impl TimeRange {
    pub fn length(self) -> Duration {
        self.until.saturating_sub(self.from)
    }
}

impl Default for Silence {
    fn default() -> Self {
        Self {
            step: FINEST,
            steps: Vec::new(),
        }
    }
}

impl Silence {
    /// Adds a request that succeeded, with its start and end.
    pub fn succeed(&mut self, from: Duration, until: Duration) {
        let at = self.wait(from, until);
        if let Some(step) = self.steps.get_mut(at) {
            step.set(SUCCEEDED);
        }
    }

    pub fn fail(&mut self, from: Duration, until: Duration) {
        let at = self.wait(from, until);
        if let Some(step) = self.steps.get_mut(at) {
            step.one_failed();
        }
    }

    /// Adds what another worker saw at the same time.
    pub fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.step < other.step {
            self.fold();
        }
        while other.step < self.step {
            other.fold();
        }
        if self.steps.len() < other.steps.len() {
            self.steps.resize(other.steps.len(), Step::default());
        }
        for (mine, theirs) in self.steps.iter_mut().zip(&other.steps) {
            *mine = mine.and(*theirs);
        }
    }

    /// The parts of a time range in which no request succeeded. With failures in a row, the service was away. Where
    /// requests only waited, the service stood still, which is recognised by a wait longer than `usual`.
    pub fn within(&self, whole: TimeRange, usual: Duration) -> Vec<TimeRange> {
        let (first, last) = (self.index(whole.from), self.index(whole.until));
        let mut found = Vec::new();
        let mut begin = first;
        for at in first..=last {
            let step = self.steps.get(at).copied().unwrap_or_default();
            if at < last && !step.has(SUCCEEDED) {
                continue;
            }
            if let Some(from) = self.silent(begin, at, usual) {
                let until = match step.has(SUCCEEDED) {
                    true => self.time(at).min(whole.until),
                    false => whole.until,
                };
                let range = TimeRange {
                    from: self.time(from).max(whole.from),
                    until,
                };
                if range.length() >= SHORTEST {
                    found.push(range);
                }
            }
            begin = at + 1;
        }
        found
    }

    /// Where a time without success begins, if it is one that counts.
    fn silent(&self, begin: usize, end: usize, usual: Duration) -> Option<usize> {
        let steps = self.steps.get(begin..end.min(self.steps.len()))?;
        let asked = steps.iter().position(|step| *step != Step::default())?;
        let failed: u32 = steps.iter().map(|step| u32::from(step.failed())).sum();
        let waited = steps.iter().filter(|step| step.has(WAITED)).count();
        let waited = self
            .step
            .saturating_mul(u32::try_from(waited).unwrap_or(u32::MAX));
        (failed >= DOWN || waited > usual).then_some(begin + asked)
    }

    /// Marks all steps of a request as waiting, and returns the step of its end.
    fn wait(&mut self, from: Duration, until: Duration) -> usize {
        while self.index(until) >= MOST {
            self.fold();
        }
        let (first, last) = (self.index(from.min(until)), self.index(until));
        if self.steps.len() <= last {
            self.steps.resize(last + 1, Step::default());
        }
        for step in self.steps.get_mut(first..=last).unwrap_or_default() {
            step.set(WAITED);
        }
        last
    }

    fn fold(&mut self) {
        self.step *= 2;
        self.steps = self
            .steps
            .chunks(2)
            .map(|pair| pair.iter().fold(Step::default(), |all, one| all.and(*one)))
            .collect();
    }

    fn index(&self, time: Duration) -> usize {
        let step = self.step.as_nanos().max(1);
        usize::try_from(time.as_nanos() / step).unwrap_or(usize::MAX)
    }

    fn time(&self, index: usize) -> Duration {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.step.saturating_mul(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USUAL: Duration = Duration::from_millis(500);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn whole(until: u64) -> TimeRange {
        TimeRange {
            from: ms(0),
            until: ms(until),
        }
    }

    fn lengths(silence: &Silence, until: u64) -> Vec<u128> {
        let found = silence.within(whole(until), USUAL);
        found.iter().map(|one| one.length().as_millis()).collect()
    }

    /// Adds requests that are answered after 2 ms.
    fn answered(silence: &mut Silence, times: impl Iterator<Item = u64>) {
        times.for_each(|at| silence.succeed(ms(at), ms(at + 2)));
    }

    #[test]
    fn a_service_that_is_away_is_silent_until_it_is_back() {
        let mut silence = Silence::default();
        answered(&mut silence, (0..2_000).step_by(10));
        (2_000..4_000)
            .step_by(100)
            .for_each(|at| silence.fail(ms(at), ms(at)));
        answered(&mut silence, (4_000..6_000).step_by(10));
        assert_eq!(lengths(&silence, 6_000), [2_000]);
        // The service never came back.
        assert_eq!(lengths(&silence, 3_999), [1_999]);
        assert_eq!(lengths(&silence, 2_000), [0_u128; 0]);
        // Only the counted time counts.
        let part = TimeRange {
            from: ms(3_000),
            until: ms(6_000),
        };
        assert_eq!(silence.within(part, USUAL)[0].length(), ms(1_000));
    }

    #[test]
    fn a_service_that_stands_still_is_silent_as_long_as_somebody_waits() {
        let mut silence = Silence::default();
        answered(&mut silence, (0..1_000).step_by(10));
        silence.succeed(ms(1_000), ms(4_000));
        answered(&mut silence, (4_010..5_000).step_by(10));
        assert_eq!(lengths(&silence, 5_000), [3_000]);
        // Nobody sent a request during the same time.
        let mut silence = Silence::default();
        answered(&mut silence, (0..1_000).step_by(10));
        answered(&mut silence, (4_000..5_000).step_by(10));
        assert_eq!(lengths(&silence, 5_000), [0_u128; 0]);
    }

    #[test]
    fn failures_among_successes_are_no_silence() {
        let mut silence = Silence::default();
        for at in (0..5_000).step_by(20) {
            silence.succeed(ms(at), ms(at));
            silence.fail(ms(at + 10), ms(at + 10));
        }
        assert_eq!(lengths(&silence, 5_000), [0_u128; 0]);
        // One request per second, of which one failed.
        let mut rare = Silence::default();
        (0..10).for_each(|second| match second {
            5 => rare.fail(ms(5_000), ms(5_001)),
            second => rare.succeed(ms(second * 1_000), ms(second * 1_000 + 5)),
        });
        assert_eq!(lengths(&rare, 10_000), [0_u128; 0]);
    }

    #[test]
    fn a_long_level_needs_no_more_room_and_still_finds_what_is_long() {
        let mut silence = Silence::default();
        let day = 24 * 3_600_000;
        answered(&mut silence, (0..day / 2).step_by(1_000));
        (day / 2..day / 2 + 600_000)
            .step_by(1_000)
            .for_each(|at| silence.fail(ms(at), ms(at)));
        answered(&mut silence, (day / 2 + 600_000..day).step_by(1_000));
        assert!(silence.steps.len() <= MOST);
        let found = silence.within(whole(day), 20 * USUAL);
        assert_eq!(found.len(), 1);
        assert!(found[0].length().abs_diff(ms(600_000)) <= 2 * silence.step);
    }

    proptest! {
        #[test]
        fn workers_added_up_saw_what_one_would(
            requests in prop::collection::vec((0_u64..20_000, 0_u64..900, any::<bool>(), 0_usize..3), 0..60)
        ) {
            let mut one = Silence::default();
            let mut workers = [Silence::default(), Silence::default(), Silence::default()];
            for (from, times, well, worker) in requests {
                for silence in [&mut one, &mut workers[worker]] {
                    match well {
                        true => silence.succeed(ms(from), ms(from + times)),
                        false => silence.fail(ms(from), ms(from + times)),
                    }
                }
            }
            let mut sum = Silence::default();
            workers.iter().for_each(|worker| sum.add(worker));
            prop_assert_eq!(one.within(whole(21_000), USUAL), sum.within(whole(21_000), USUAL));
        }
    }
}
