//! The search for the largest rate that holds: which rate is measured next, from how the ones before it went. Pure: the
//! levels are measured elsewhere.
//!
//! The rate doubles until a level breaks (or halves until one holds), then the bracket is bisected. What is near its limit
//! is measured again before it decides, and the break above the result is confirmed at the end, because one bad moment
//! of a machine would else cap the result.

/// How one level went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    pub holds: bool,
    /// So near its limit that another measurement might say the opposite.
    pub near: bool,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Measure a level of this rate.
    Measure(f64),
    /// This is the largest rate that held; the second one broke, a little above it.
    Found { held: f64, broke: f64 },
    /// The lowest rate breaks already.
    NoneHolds(f64),
    /// The highest rate that can be asked for holds.
    AllHold(f64),
}

/// The bracket is narrow enough when its upper end is this factor of the lower.
const WITHIN: f64 = 1.05;

#[derive(Clone, Debug)]
pub struct Search {
    least: f64,
    most: f64,
    rate: f64,
    held: Option<f64>,
    /// The rates that broke, the lowest last, each with whether a second measurement said so too.
    broke: Vec<(f64, bool)>,
    votes: (u8, u8),
    confirming: bool,
}

impl Search {
    /// `start` is moved between the lowest and the highest rate that make sense.
    pub fn new(start: f64, least: f64, most: f64) -> Self {
        Self {
            least,
            most,
            rate: start.min(most).max(least),
            held: None,
            broke: Vec::new(),
            votes: (0, 0),
            confirming: false,
        }
    }

    pub fn step(&self) -> Step {
        let broke = self.broke.last();
        match (self.held, broke) {
            (Some(held), None) if held >= self.most => Step::AllHold(held),
            (None, Some((rate, true))) if *rate <= self.least => Step::NoneHolds(*rate),
            (Some(held), Some((rate, true))) if *rate <= held * WITHIN => {
                Step::Found { held, broke: *rate }
            }
            _ => Step::Measure(self.rate),
        }
    }

    /// Takes in how the rate that was asked for went.
    pub fn tell(&mut self, observation: Observation) {
        let (holds, breaks) = &mut self.votes;
        match observation.holds {
            true => *holds += 1,
            false => *breaks += 1,
        }
        let (holds, breaks) = self.votes;
        let holds = if !observation.near {
            observation.holds
        } else if holds.max(breaks) >= 2 {
            holds > breaks
        } else {
            return;
        };
        let twice = self.votes.0 + self.votes.1 > 1;
        self.votes = (0, 0);
        let confirmed = std::mem::replace(&mut self.confirming, false);
        if confirmed {
            self.broke.pop();
        }
        if holds {
            self.held = Some(self.rate);
        } else {
            self.broke.push((self.rate, twice || confirmed));
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        match (self.held, self.broke.last().copied()) {
            (Some(held), None) => self.rate = (held * 2.0).min(self.most),
            (None, Some((broke, sure))) => {
                self.confirming = broke <= self.least && !sure;
                self.rate = (broke / 2.0).max(self.least);
            }
            (Some(held), Some((broke, sure))) => {
                let narrow = broke <= held * WITHIN;
                self.confirming = narrow && !sure;
                self.rate = if narrow { broke } else { (held * broke).sqrt() };
            }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The p99 of a queue, in ms: little until the load comes near to `full`, then steeply more, times some noise.
    fn p99(rate: f64, full: f64, noise: f64, random: &mut fastrand::Rng) -> f64 {
        let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let clean = if rate < full {
            10.0 / (1.0 - rate / full)
        } else {
            f64::INFINITY
        };
        clean * (noise * normal).exp()
    }

    /// The end of a search for the rate at which the p99 stays below 100 ms, and how many levels it took.
    fn searched(start: f64, full: f64, mut level: impl FnMut(f64) -> f64) -> (Step, usize) {
        let mut search = Search::new(start, 1.0, full * 1e3);
        for levels in 0..200 {
            let Step::Measure(rate) = search.step() else {
                return (search.step(), levels);
            };
            let ratio = level(rate) / 100.0;
            search.tell(Observation {
                holds: ratio < 1.0,
                near: (0.9..1.1).contains(&ratio),
            });
        }
        panic!("the search does not end: {search:?}");
    }

    #[test]
    fn a_service_of_known_capacity_is_found_to_five_percent() {
        for start in [7.0, 50.0, 4_000.0] {
            let right = (0..20).filter(|seed| {
                let mut random = fastrand::Rng::with_seed(*seed);
                let full = 100.0 + 900.0 * random.f64();
                let (end, levels) = searched(start, full, |rate| p99(rate, full, 0.1, &mut random));
                assert!(levels < 40, "{levels} levels");
                // 10 / (1 - x) = 100 at x = 0.9.
                let truth = 0.9 * full;
                matches!(end, Step::Found { held, .. } if (held / truth - 1.0).abs() <= 0.05)
            });
            let right = right.count();
            assert!(right >= 18, "{right} of 20 from {start}/s");
        }
    }

    #[test]
    fn one_bad_moment_does_not_cap_the_result() {
        for bad in 0..12 {
            let mut asked = 0;
            let (end, _) = searched(50.0, 1_000.0, |rate| {
                asked += 1;
                let mut random = fastrand::Rng::with_seed(asked);
                match asked == bad + 1 {
                    true => 1e4,
                    false => p99(rate, 1_000.0, 0.0, &mut random),
                }
            });
            let Step::Found { held, .. } = end else {
                panic!("{end:?}")
            };
            assert!((held / 900.0 - 1.0).abs() <= 0.05, "level {bad}: {held}");
        }
    }

    #[test]
    fn the_search_ends_at_its_bounds() {
        assert_eq!(searched(50.0, 1.0, |_| 1e4).0, Step::NoneHolds(1.0));
        assert_eq!(searched(50.0, 1.0, |_| 1.0).0, Step::AllHold(1e3));
    }

    #[test]
    fn what_is_near_its_limit_is_measured_again() {
        let mut search = Search::new(50.0, 1.0, 1e6);
        let near = |holds| Observation { holds, near: true };
        for holds in [true, false] {
            search.tell(near(holds));
            assert_eq!(search.step(), Step::Measure(50.0));
        }
        search.tell(near(true));
        assert_eq!(search.step(), Step::Measure(100.0));
    }
}
