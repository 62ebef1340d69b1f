//! Rounds until it is decided, the time is over, or somebody asks to stop.

use std::time::{Duration, Instant};

use super::looks::{Progress, Sequence};
use super::order::{Order, Version};
use crate::load::Stop;
use crate::model::{Run, Subject};

/// One window that is to be measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Window<'a> {
    pub version: Version,
    /// Counted from zero.
    pub round: usize,
    /// Which of several runs of a short command in this window, counted from zero.
    pub repetition: usize,
    /// The subjects that are still in doubt; `None` while all of them are measured.
    pub in_doubt: Option<&'a [Subject]>,
}

/// What measures windows: commands, services, tools with results of their own.
pub trait Windows {
    /// Both versions have to be ready for a block after this.
    fn begin_block(&mut self, _stop: &Stop) -> anyhow::Result<()> {
        Ok(())
    }

    /// `None` where somebody asked to stop before the window was whole.
    fn window(&mut self, window: &Window<'_>, stop: &Stop) -> anyhow::Result<Option<Run>>;

    fn end_block(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// The runs of a whole round, before they are judged.
    fn complete(&mut self, base: &mut Run, head: &mut Run) -> anyhow::Result<()>;
}

/// How the measuring ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Decided,
    OutOfTime,
    Stopped,
}

/// Who looks on, between windows only: drawing would disturb them.
pub trait Watcher {
    fn between_windows(&mut self, state: &State<'_, '_>);
    /// The cap was lowered, so that the time reaches for the looks that are left.
    fn capped(&mut self, cap: usize);
}

/// Where the measuring stands.
pub struct State<'s, 'p> {
    pub sequence: &'s Sequence<'p>,
    /// A look was taken since the last time.
    pub looked: bool,
    pub elapsed: Duration,
    pub budget: Duration,
}

/// Measures rounds. An error ends it where it stands; what was measured until then is in the sequence.
pub fn measure(
    sequence: &mut Sequence<'_>,
    order: Order,
    windows: &mut dyn Windows,
    watcher: &mut dyn Watcher,
    (budget, stop): (Duration, &Stop),
) -> anyhow::Result<End> {
    let begun = Instant::now();
    let mut measured = Measuring {
        sequence,
        order,
        windows,
        watcher,
        stop,
        budget,
        begun,
    };
    let end = measured.rounds();
    // What was started for a block is ended whatever happened in it.
    let ended = measured.windows.end_block();
    let end = end?;
    ended?;
    Ok(end)
}

struct Measuring<'m, 'p> {
    sequence: &'m mut Sequence<'p>,
    order: Order,
    windows: &'m mut dyn Windows,
    watcher: &'m mut dyn Watcher,
    stop: &'m Stop,
    budget: Duration,
    begun: Instant,
}

impl Measuring<'_, '_> {
    fn rounds(&mut self) -> anyhow::Result<End> {
        loop {
            let round = self.sequence.rounds();
            if self.begun.elapsed() >= self.budget {
                return Ok(End::OutOfTime);
            }
            if Order::begins_block(round) {
                if round > 0 {
                    self.windows.end_block()?;
                }
                self.windows.begin_block(self.stop)?;
            }
            let looks = self.sequence.taken().len();
            let Some([base, head]) = self.round(round)? else {
                return Ok(End::Stopped);
            };
            let progress = self.sequence.add(base, head);
            self.plan_time();
            self.tell(self.sequence.taken().len() > looks);
            if progress == Progress::Decided {
                return Ok(End::Decided);
            }
        }
    }

    fn round(&mut self, round: usize) -> anyhow::Result<Option<[Run; 2]>> {
        let in_doubt = self.in_doubt();
        let (mut base, mut head) = (None, None);
        for version in self.order.round(round) {
            if self.stop.is_asked() {
                return Ok(None);
            }
            self.tell(false);
            let window = Window {
                version,
                round,
                repetition: 0,
                in_doubt: in_doubt.as_deref(),
            };
            let run = self.windows.window(&window, self.stop)?;
            match version {
                Version::Base => base = run,
                Version::Head => head = run,
            }
        }
        let (Some(mut base), Some(mut head)) = (base, head) else {
            return Ok(None);
        };
        self.windows.complete(&mut base, &mut head)?;
        Ok(Some([base, head]))
    }

    /// After the first look only the suspects are asked for.
    fn in_doubt(&self) -> Option<Vec<Subject>> {
        if self.sequence.taken().is_empty() {
            return None;
        }
        let mut subjects: Vec<Subject> = self
            .sequence
            .suspects()
            .map(|series| series.subject.clone())
            .collect();
        subjects.dedup();
        Some(subjects)
    }

    /// Once a block has shown what a round costs, the looks end where the time does. Looks that could never be taken
    /// would only make the others stricter.
    fn plan_time(&mut self) {
        if self.sequence.rounds() != Order::BLOCK || self.sequence.is_until_sure() {
            return;
        }
        let Ok(rounds) = u32::try_from(self.sequence.rounds()) else {
            return;
        };
        let each = self.begun.elapsed() / rounds;
        let cap = self.sequence.plan().cap();
        let affordable = affordable(each, self.budget);
        if affordable < cap {
            self.sequence.cap_at(affordable);
            self.watcher.capped(self.sequence.plan().cap());
        }
    }

    fn tell(&mut self, looked: bool) {
        self.watcher.between_windows(&State {
            sequence: self.sequence,
            looked,
            elapsed: self.begun.elapsed(),
            budget: self.budget,
        });
    }
}

/// How many rounds of this length the time reaches for.
fn affordable(each: Duration, budget: Duration) -> usize {
    let rounds = budget.as_nanos() / each.as_nanos().max(1);
    usize::try_from(rounds).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::Plan;
    use crate::compare::Policy;
    use crate::model::{Better, Evidence, Measurement, MetricName, Role, Unit};

    struct Played {
        windows: Vec<(Version, usize, Option<usize>)>,
        blocks: usize,
        each: Duration,
        stop_in: Option<usize>,
        head: f64,
    }

    impl Played {
        fn new(head: f64) -> Self {
            Self {
                windows: Vec::new(),
                blocks: 0,
                each: Duration::ZERO,
                stop_in: None,
                head,
            }
        }
    }

    impl Windows for Played {
        fn begin_block(&mut self, _stop: &Stop) -> anyhow::Result<()> {
            self.blocks += 1;
            Ok(())
        }

        fn window(&mut self, window: &Window<'_>, stop: &Stop) -> anyhow::Result<Option<Run>> {
            std::thread::sleep(self.each);
            let asked = window.in_doubt.map(<[Subject]>::len);
            self.windows.push((window.version, window.round, asked));
            if self.stop_in == Some(window.round) {
                stop.ask();
                return Ok(None);
            }
            let mut run = Run::default();
            for (name, factor) in [("same", 1.0), ("other", self.head)] {
                let factor = if window.version == Version::Head {
                    factor
                } else {
                    1.0
                };
                let noise = 0.001 * f64::from(u32::try_from(self.windows.len() % 7).unwrap());
                let measurement = Measurement {
                    unit: Unit::new("s"),
                    better: Better::Lower,
                    role: Role::Outcome,
                    evidence: Evidence::samples(vec![factor * (1.0 + noise)]).unwrap(),
                };
                run.insert(Subject::new(name), MetricName::new("time"), measurement);
            }
            Ok(Some(run))
        }

        fn complete(&mut self, _base: &mut Run, _head: &mut Run) -> anyhow::Result<()> {
            Ok(())
        }
    }

    #[derive(Default)]
    struct Watched {
        looks: usize,
        cap: Option<usize>,
    }

    impl Watcher for Watched {
        fn between_windows(&mut self, state: &State<'_, '_>) {
            self.looks += usize::from(state.looked);
        }
        fn capped(&mut self, cap: usize) {
            self.cap = Some(cap);
        }
    }

    fn played(mut windows: Played, budget: Duration) -> (Played, Watched, End, usize) {
        let policy = Policy::default();
        let order = Order::of_seed(3);
        let today = jiff::civil::date(2026, 1, 1);
        let mut sequence = Sequence::new(Plan::up_to(20), order, &policy, today);
        let mut watched = Watched::default();
        let stop = Stop::new();
        let end = measure(
            &mut sequence,
            order,
            &mut windows,
            &mut watched,
            (budget, &stop),
        )
        .unwrap();
        let rounds = sequence.rounds();
        (windows, watched, end, rounds)
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_did_not_change_is_measured_for_five_rounds_in_three_blocks() {
        let (windows, watched, end, rounds) = played(Played::new(1.0), HOUR);
        assert_eq!((end, rounds), (End::Decided, 5));
        assert_eq!(
            (windows.windows.len(), windows.blocks, watched.looks),
            (10, 3, 1)
        );
        assert!(windows.windows.iter().all(|(_, _, asked)| asked.is_none()));
    }

    #[test]
    fn only_the_suspect_is_asked_for_after_the_first_look() {
        let (windows, watched, end, rounds) = played(Played::new(1.2), HOUR);
        assert_eq!((end, rounds, watched.looks), (End::Decided, 10, 2));
        assert_eq!(windows.windows.last().unwrap().2, Some(1));
    }

    #[test]
    fn a_stop_ends_the_window_and_keeps_the_rounds_before_it() {
        let mut windows = Played::new(1.0);
        windows.stop_in = Some(3);
        let (_, _, end, rounds) = played(windows, HOUR);
        assert_eq!((end, rounds), (End::Stopped, 3));
    }

    #[test]
    fn looks_that_the_time_does_not_reach_for_are_not_planned() {
        let mut windows = Played::new(1.2);
        windows.each = Duration::from_millis(20);
        // About 40 ms a round, and more on a busy machine: never twenty rounds.
        let (_, watched, _, rounds) = played(windows, Duration::from_millis(520));
        assert!(watched.cap.is_some_and(|cap| cap <= 10) && rounds <= 10);
        let mut windows = Played::new(1.2);
        windows.each = Duration::from_millis(20);
        let (_, _, _, rounds) = played(windows, Duration::from_millis(90));
        assert!((1..5).contains(&rounds), "{rounds}");
    }
}
