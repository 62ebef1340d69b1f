//! What interleaved rounds promise, on noise whose truth is known: alarms on unchanged code, changes found, and how many
//! rounds that takes.

use perfgate::ab::{Order, Plan, Progress, Sequence, Version};
use perfgate::compare::{Outcome, Policy};
use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Provenance, Role, Run, Subject, Unit,
};

use super::calibration::noise::Dice;

const SERIES: usize = 10;

/// How windows differ, all as shares.
#[derive(Clone, Copy, Debug)]
struct Machine {
    /// From window to window.
    spread: f64,
    /// What a window keeps of the deviation of the one before it of the same version.
    memory: f64,
    /// From launch to launch, where a launch is a block.
    launches: f64,
    /// All series of a window, of a launch share this part of the deviation.
    shared: f64,
}

const QUIET: Machine = Machine {
    spread: 0.01,
    memory: 0.0,
    launches: 0.0,
    shared: 0.0,
};

/// One version in one job.
struct Side {
    before: [f64; SERIES],
    launch: [f64; SERIES],
    slower: f64,
}

fn mixed(dice: &mut Dice, shared: f64) -> [f64; SERIES] {
    let common = dice.normal();
    std::array::from_fn(|_| shared.sqrt() * common + (1.0 - shared).sqrt() * dice.normal())
}

impl Side {
    fn window(&mut self, machine: &Machine, round: usize, dice: &mut Dice) -> Run {
        if Order::begins_block(round) {
            self.launch = mixed(dice, machine.shared);
        }
        let new = mixed(dice, machine.shared);
        let mut run = Run {
            provenance: Provenance {
                session: Some("job".to_owned()),
                launch: (machine.launches > 0.0)
                    .then(|| u32::try_from(Order::block(round)).unwrap()),
                ..Provenance::default()
            },
            ..Run::default()
        };
        let keeps = machine.memory;
        for (index, new) in new.iter().enumerate() {
            self.before[index] = keeps * self.before[index] + (1.0 - keeps * keeps).sqrt() * new;
            let slower = if index == 0 { self.slower } else { 0.0 };
            let deviation =
                machine.spread * self.before[index] + machine.launches * self.launch[index];
            let value = 100.0 * (1.0 + slower) * deviation.exp();
            let measurement = Measurement {
                unit: Unit::new("ms"),
                better: Better::Lower,
                role: Role::Outcome,
                evidence: Evidence::samples(vec![value]).unwrap(),
            };
            let subject = Subject::new(format!("bench{index}"));
            run.insert(subject, MetricName::new(MetricName::TIME), measurement);
        }
        run
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    gates: usize,
    alarms: usize,
    found: usize,
    improved: usize,
    missed: usize,
    rounds: usize,
    dependent: usize,
}

impl Tally {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand gates")]
    fn percent(self, count: usize) -> f64 {
        100.0 * count as f64 / self.gates as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand gates")]
    fn rounds(self) -> f64 {
        self.rounds as f64 / self.gates as f64
    }
}

/// When it is looked at.
#[derive(Clone, Copy)]
struct Looks {
    cap: usize,
    until_sure: bool,
}

fn play(machine: &Machine, slower: f64, gates: usize, cap: usize) -> Tally {
    let looks = Looks {
        cap,
        until_sure: false,
    };
    play_with(looks, machine, slower, gates)
}

fn play_with(looks: Looks, machine: &Machine, slower: f64, gates: usize) -> Tally {
    let cap = looks.cap;
    let policy = Policy::default();
    let today = jiff::civil::date(2026, 1, 1);
    let plan = Plan::up_to(cap);
    let mut tally = Tally::default();
    for gate in 0..gates {
        let seed = u64::try_from(gate).unwrap() * 7919 + 17;
        let mut dice = Dice::new(seed);
        let mut side = |slower| Side {
            before: mixed(&mut dice, machine.shared),
            launch: [0.0; SERIES],
            slower,
        };
        let (mut base, mut head) = (side(0.0), side(slower));
        let order = Order::of_seed(seed);
        let mut sequence = Sequence::new(plan.clone(), order, &policy, today);
        if looks.until_sure {
            sequence = sequence.until_sure();
        }
        for round in 0.. {
            let of_base = base.window(machine, round, &mut dice);
            let of_head = head.window(machine, round, &mut dice);
            if sequence.add(of_base, of_head) == Progress::Decided {
                break;
            }
        }
        tally.gates += 1;
        tally.rounds += sequence.rounds();
        tally.dependent += usize::from(sequence.dependence().is_there());
        assert_eq!(
            sequence.runs(Version::Base).len(),
            sequence.runs(Version::Head).len()
        );
        let judgement = sequence.finish();
        let mut red = judgement
            .comparisons
            .iter()
            .filter(|c| c.outcome == Outcome::Regressed)
            .map(|c| c.series.subject.as_str());
        let slow = |subject: &str| slower > 0.0 && subject == "bench0";
        let changed = judgement
            .comparisons
            .iter()
            .find(|c| slow(c.series.subject.as_str()));
        let outcome = changed.map(|c| c.outcome);
        tally.found += usize::from(outcome == Some(Outcome::Regressed));
        tally.missed += usize::from(outcome == Some(Outcome::Unchanged));
        tally.alarms += usize::from(red.any(|subject| !slow(subject)));
        let mut better = judgement.comparisons.iter();
        tally.improved += usize::from(better.any(|c| c.outcome == Outcome::Improved));
    }
    tally
}

fn at_most(count: usize, of: usize, tally: &Tally) {
    assert!(count <= of, "{count}: {tally:?}");
}

#[test]
fn unchanged_code_raises_no_alarm_and_is_soon_done() {
    let tally = play(
        &Machine {
            spread: 0.02,
            ..QUIET
        },
        0.0,
        60,
        20,
    );
    at_most(tally.alarms, 1, &tally);
    assert!(tally.rounds() <= 8.0, "{tally:?}");
}

#[test]
fn windows_that_resemble_their_neighbours_raise_no_alarm() {
    let machine = Machine {
        spread: 0.02,
        memory: 0.4,
        ..QUIET
    };
    let tally = play(&machine, 0.0, 60, 20);
    at_most(tally.alarms, 2, &tally);
    assert!(tally.dependent > 0, "{tally:?}");
}

#[test]
fn launches_that_differ_raise_no_alarm_though_their_windows_agree() {
    let machine = Machine {
        launches: 0.03,
        spread: 0.005,
        ..QUIET
    };
    let tally = play(&machine, 0.0, 60, 20);
    at_most(tally.alarms, 2, &tally);
}

#[test]
fn five_percent_is_found_where_launches_differ_by_one() {
    let machine = Machine {
        launches: 0.01,
        ..QUIET
    };
    let tally = play(&machine, 0.05, 40, 20);
    assert!(tally.percent(tally.found) >= 85.0, "{tally:?}");
    at_most(tally.missed, 0, &tally);
}

#[test]
fn five_percent_is_found_before_the_last_look_where_windows_differ_by_two() {
    let machine = Machine {
        spread: 0.02,
        ..QUIET
    };
    let tally = play(&machine, 0.05, 40, 20);
    assert!(tally.percent(tally.found) >= 90.0, "{tally:?}");
    assert!(tally.rounds() < 16.0, "{tally:?}");
}

const UNTIL_SURE: Looks = Looks {
    cap: 16,
    until_sure: true,
};

#[test]
fn looking_after_every_block_settles_what_is_within_the_limit() {
    let machine = Machine {
        spread: 0.005,
        ..QUIET
    };
    let tally = play_with(UNTIL_SURE, &machine, 0.0, 3);
    at_most(tally.alarms + tally.improved, 0, &tally);
    assert!(tally.rounds() < 16.0, "{tally:?}");
}

#[test]
fn looking_after_every_block_finds_what_is_beyond_the_limit() {
    let tally = play_with(UNTIL_SURE, &QUIET, 0.08, 3);
    assert_eq!((tally.found, tally.alarms), (3, 0), "{tally:?}");
}

#[test]
#[ignore = "minutes, and many without --release: GATES=60 cargo test --release --test judgement every_block -- --ignored"]
fn looking_after_every_block_raises_no_alarm_where_neighbours_resemble_each_other() {
    let machine = Machine {
        spread: 0.02,
        memory: 0.4,
        ..QUIET
    };
    let gates: usize = std::env::var("GATES").map_or(20, |n| n.parse().unwrap());
    let looks = Looks {
        cap: 60,
        ..UNTIL_SURE
    };
    let tally = play_with(looks, &machine, 0.0, gates);
    at_most(tally.alarms + tally.improved, gates / 50 + 1, &tally);
}

#[test]
#[ignore = "an overview for people: cargo test --test judgement interleaved:: -- --ignored --nocapture"]
fn overview() {
    let machines = [
        ("quiet 1 %", QUIET),
        (
            "2 %",
            Machine {
                spread: 0.02,
                ..QUIET
            },
        ),
        (
            "4 %",
            Machine {
                spread: 0.04,
                ..QUIET
            },
        ),
        (
            "memory .4",
            Machine {
                spread: 0.02,
                memory: 0.4,
                ..QUIET
            },
        ),
        (
            "memory .4 shared",
            Machine {
                spread: 0.02,
                memory: 0.4,
                shared: 0.8,
                ..QUIET
            },
        ),
        (
            "launches 1 %",
            Machine {
                launches: 0.01,
                ..QUIET
            },
        ),
        (
            "launches 3 %",
            Machine {
                launches: 0.03,
                ..QUIET
            },
        ),
        (
            "launches 3 % shared",
            Machine {
                launches: 0.03,
                shared: 0.8,
                ..QUIET
            },
        ),
    ];
    let gates: usize = std::env::var("GATES").map_or(200, |n| n.parse().unwrap());
    for (name, machine) in machines {
        for slower in [0.0, 0.05] {
            let t = play(&machine, slower, gates, 20);
            eprintln!(
                "{name:22} {slower:.2}: alarms {:.2} % found {:.1} % missed {:.1} % improved {:.1} % rounds {:.1} dependent {:.0} %",
                t.percent(t.alarms),
                t.percent(t.found),
                t.percent(t.missed),
                t.percent(t.improved),
                t.rounds(),
                t.percent(t.dependent)
            );
        }
    }
}
