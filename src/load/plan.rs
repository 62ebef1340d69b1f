//! When each request of an open load is due: the n-th arrival is due when the integral of the rate reaches n. Pure.

use std::time::Duration;

use super::scenario::{Arrivals, Open, Phase};

/// One iteration of a flow, and when it has to begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// The time since the start of the level.
    pub at: Duration,
    /// The index of the phase, among the plan's phases.
    pub phase: usize,
    /// The number of the arrival, counted from 0 over the whole level.
    pub number: u64,
}

/// All arrivals of one level, for one thread or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    phases: Vec<Phase>,
    arrivals: Arrivals,
    seed: u64,
}

impl Plan {
    pub fn new(open: &Open, warmup: Duration, seed: u64) -> Self {
        Self {
            arrivals: open.arrivals,
            seed,
            ..Self::of_stages(&open.phases, warmup)
        }
    }

    /// Users that come and go. Puts the warm-up as a phase in front of the others, with the rate, or the number of users,
    /// with which they begin.
    pub fn of_stages(phases: &[Phase], warmup: Duration) -> Self {
        let first = phases.first();
        let before = first.filter(|_| warmup > Duration::ZERO).map(|phase| {
            // A ramp that begins at zero would send nothing during the warm-up.
            let rate = if phase.from > 0.0 {
                phase.from
            } else {
                phase.to
            };
            Phase {
                name: None,
                duration: warmup,
                from: rate,
                to: rate,
                counted: false,
            }
        });
        Self {
            phases: before.into_iter().chain(phases.iter().cloned()).collect(),
            arrivals: Arrivals::default(),
            seed: 0,
        }
    }

    /// When a user, counted from 0, is there from a time on: at once or later, with the phase in which that is. `None`
    /// where it does not come any more. There are as many users as the number of the phase, rounded.
    pub fn presence(&self, user: u64, from: Duration) -> Option<(Duration, usize)> {
        let needed = exact(user) + 0.5;
        let mut begin = Duration::ZERO;
        for (number, phase) in self.phases.iter().enumerate() {
            let end = begin + phase.duration;
            if from < end {
                let at = from.max(begin);
                let slope = (phase.to - phase.from) / phase.duration.as_secs_f64();
                let inside = (at - begin).as_secs_f64();
                if phase.from + slope * inside >= needed {
                    return Some((at, number));
                }
                if phase.to >= needed {
                    let later = Duration::try_from_secs_f64((needed - phase.from) / slope);
                    let when = begin + later.unwrap_or_default();
                    return Some((when.clamp(at, end), number));
                }
            }
            begin = end;
        }
        None
    }

    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    pub fn duration(&self) -> Duration {
        self.phases.iter().map(|phase| phase.duration).sum()
    }

    /// When counting begins and ends. Phases that are not counted may lie between.
    pub fn counted(&self) -> (Duration, Duration) {
        let mut at = Duration::ZERO;
        let mut span: Option<(Duration, Duration)> = None;
        for phase in &self.phases {
            let end = at + phase.duration;
            if phase.counted {
                span = Some((span.map_or(at, |(start, _)| start), end));
            }
            at = end;
        }
        span.unwrap_or((at, at))
    }

    /// Every `of`-th arrival from the `thread`-th on. Together the threads have each arrival once.
    pub fn shard(&self, thread: usize, of: usize) -> impl Iterator<Item = Due> + use<> {
        self.all().skip(thread).step_by(of.max(1))
    }

    fn all(&self) -> impl Iterator<Item = Due> + use<> {
        let mut walk = Walk {
            phases: self.phases.clone(),
            phase: 0,
            start: Duration::ZERO,
            before: 0.0,
        };
        let mut random =
            (self.arrivals == Arrivals::Poisson).then(|| fastrand::Rng::with_seed(self.seed));
        let mut work = 0.0_f64;
        let mut number = 0_u64;
        std::iter::from_fn(move || {
            if let Some(random) = &mut random {
                // The gaps of a Poisson process with rate 1; 1 - u is never 0.
                work -= (1.0 - random.f64()).ln();
            }
            let (at, phase) = walk.reach(work)?;
            let due = Due { at, phase, number };
            number += 1;
            if random.is_none() {
                work = exact(number);
            }
            Some(due)
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a plan of 2^53 arrivals would take longer than any run"
)]
fn exact(number: u64) -> f64 {
    number as f64
}

/// Walks along the integral of the rate, forward only.
struct Walk {
    phases: Vec<Phase>,
    phase: usize,
    start: Duration,
    /// The value of the integral at the start of the phase.
    before: f64,
}

/// An integral that ends this close to a whole number ends on it: 0.1 s at 10/s is one arrival, not two.
const EDGE: f64 = 1e-6;

impl Walk {
    /// The time at which the integral reaches `work`; `None` after the end of the last phase. `work` must not decrease.
    fn reach(&mut self, work: f64) -> Option<(Duration, usize)> {
        loop {
            let phase = self.phases.get(self.phase)?;
            let area = area(phase);
            let inside = (work - self.before).max(0.0);
            if inside < area - EDGE {
                let at = Duration::try_from_secs_f64(time(phase, inside)).ok()?;
                return Some((self.start + at.min(phase.duration), self.phase));
            }
            self.start += phase.duration;
            self.before += area;
            self.phase += 1;
        }
    }
}

fn area(phase: &Phase) -> f64 {
    (phase.from + phase.to) / 2.0 * phase.duration.as_secs_f64()
}

/// The time, from its start, after which a phase has done so much work: the root of `from t + slope t^2 / 2 = work`, in
/// the form that stays exact where the slope is small.
fn time(phase: &Phase, work: f64) -> f64 {
    let slope = (phase.to - phase.from) / phase.duration.as_secs_f64();
    let root = (phase.from * phase.from + 2.0 * slope * work)
        .max(0.0)
        .sqrt();
    if phase.from + root > 0.0 {
        2.0 * work / (phase.from + root)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::num::NonZeroUsize;

    fn phase(seconds: f64, from: f64, to: f64) -> Phase {
        Phase {
            name: None,
            duration: Duration::from_secs_f64(seconds),
            from,
            to,
            counted: true,
        }
    }

    fn plan(phases: Vec<Phase>, arrivals: Arrivals) -> Plan {
        let max_users = NonZeroUsize::MIN;
        let open = Open {
            phases,
            arrivals,
            max_users,
        };
        Plan::new(&open, Duration::ZERO, 7)
    }

    fn seconds(plan: &Plan) -> Vec<f64> {
        plan.all().map(|due| due.at.as_secs_f64()).collect()
    }

    #[test]
    fn a_constant_rate_is_due_at_even_steps_and_neither_one_more_nor_one_less() {
        let times = seconds(&plan(vec![phase(2.0, 1000.0, 1000.0)], Arrivals::Constant));
        assert_eq!(times.len(), 2000);
        for (n, at) in times.iter().enumerate() {
            assert!((at - n as f64 / 1000.0).abs() < 2e-9, "{n}: {at}");
        }
        for (rate, count) in [(10.0, 1), (30.0, 3), (70.0, 7), (4999.0, 500)] {
            let plan = plan(vec![phase(0.1, rate, rate)], Arrivals::Constant);
            assert_eq!(plan.all().count(), count, "{rate}/s");
        }
    }

    #[test]
    fn a_ramp_reaches_n_where_its_integral_does() {
        // 0 to 200/s in 10 s: the integral is 10 t^2.
        let times = seconds(&plan(vec![phase(10.0, 0.0, 200.0)], Arrivals::Constant));
        assert_eq!(times.len(), 1000);
        for (n, at) in times.iter().enumerate() {
            assert!((at - (n as f64 / 10.0).sqrt()).abs() < 2e-9, "{n}: {at}");
        }
        // A falling ramp is its mirror image: the last arrivals are the widest apart.
        let times = seconds(&plan(vec![phase(10.0, 200.0, 0.0)], Arrivals::Constant));
        assert_eq!(times.len(), 1000);
        assert!((times[999] - (10.0 - 0.1_f64.sqrt())).abs() < 1e-6);
    }

    #[test]
    fn phases_follow_each_other_and_each_arrival_knows_its_own() {
        let plan = plan(
            vec![
                phase(1.0, 10.0, 10.0),
                phase(1.0, 0.0, 0.0),
                phase(1.0, 20.0, 20.0),
            ],
            Arrivals::Constant,
        );
        let by_phase = |n| plan.all().filter(|due| due.phase == n).count();
        assert_eq!((by_phase(0), by_phase(1), by_phase(2)), (10, 0, 20));
        assert_eq!(plan.all().nth(10).unwrap().at, Duration::from_secs(2));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_are_the_same_for_one_seed() {
        let plan = plan(vec![phase(100.0, 100.0, 100.0)], Arrivals::Poisson);
        let times = seconds(&plan);
        // 10,000 expected, standard deviation 100.
        assert!((9_600..10_400).contains(&times.len()), "{}", times.len());
        assert_eq!(times, seconds(&plan));
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let longer = gaps.iter().filter(|gap| **gap > mean).count() as f64 / gaps.len() as f64;
        assert!((longer - (-1.0_f64).exp()).abs() < 0.02, "{longer}");
    }

    #[test]
    fn the_warm_up_comes_first_and_is_not_counted() {
        let open = Open {
            phases: vec![phase(1.0, 0.0, 50.0), phase(2.0, 50.0, 50.0)],
            arrivals: Arrivals::Constant,
            max_users: NonZeroUsize::MIN,
        };
        let plan = Plan::new(&open, Duration::from_secs(2), 1);
        assert_eq!(plan.phases()[0].to, 50.0);
        assert_eq!(
            plan.counted(),
            (Duration::from_secs(2), Duration::from_secs(5))
        );
        assert_eq!(plan.duration(), Duration::from_secs(5));
    }

    #[test]
    fn users_come_one_after_the_other_and_go_in_reverse() {
        let stages = [
            phase(10.0, 0.0, 10.0),
            phase(5.0, 10.0, 10.0),
            phase(10.0, 10.0, 0.0),
            phase(5.0, 2.0, 2.0),
        ];
        let plan = Plan::of_stages(&stages, Duration::ZERO);
        let at = |user: u64, from: f64| {
            let found = plan.presence(user, Duration::from_secs_f64(from));
            found.map(|(when, phase)| ((when.as_secs_f64() * 10.0).round() / 10.0, phase))
        };
        assert_eq!(at(0, 0.0), Some((0.5, 0)));
        assert_eq!(at(9, 0.0), Some((9.5, 0)));
        assert_eq!(at(9, 12.0), Some((12.0, 1)));
        // It goes at 15.5, and does not come again.
        assert_eq!(at(9, 15.4), Some((15.4, 2)));
        assert_eq!(at(9, 15.6), None);
        // The first goes at 24.5, and is back in the last stage.
        assert_eq!(at(0, 24.6), Some((25.0, 3)));
        assert_eq!(at(0, 30.0), None);
        assert_eq!(at(10, 0.0), None);
        let there = |second: f64| {
            (0..20)
                .filter(|user| at(*user, second) == Some((second, 1)))
                .count()
        };
        assert_eq!(there(12.0), 10);
        // The warm-up has the users with which the stages begin, or all of the first where that is none.
        let warm = Plan::of_stages(&stages, Duration::from_secs(3));
        assert_eq!(warm.presence(9, Duration::ZERO), Some((Duration::ZERO, 0)));
        assert_eq!(warm.counted().0, Duration::from_secs(3));
    }

    proptest! {
        #[test]
        fn threads_share_all_arrivals_in_order(
            of in 1_usize..6,
            rates in prop::collection::vec((0.0..300.0, 0.0..300.0, 0.05..1.0), 1..4),
            poisson: bool,
        ) {
            let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Constant };
            let phases = rates.iter().map(|&(from, to, s)| phase(s, from, to)).collect();
            let plan = plan(phases, arrivals);
            let all: Vec<Due> = plan.all().collect();
            prop_assert!(all.is_sorted_by_key(|due| (due.at, due.number)));
            let mut shared: Vec<Due> = (0..of).flat_map(|k| plan.shard(k, of)).collect();
            shared.sort_by_key(|due| due.number);
            prop_assert_eq!(&shared, &all);
            if !poisson {
                let total: f64 = plan.phases().iter().map(area).sum();
                prop_assert!((all.len() as f64 - total).abs() <= 1.0 + 1e-3);
            }
        }
    }
}
