//! Replays recorded runs of unchanged code through the looks of `perfgate ab`:
//! `cargo run --release --example replay -- SERIES.jsonl [GATES [CAP]]`.
//!
//! A line of the file is a series: `{"name": "…", "sessions": [[1.2, 1.3, …], …]}`, the values of its repeated runs by session.
//! A gate draws ten of them and gives each version values of one session; where no session holds enough, sessions are put
//! together, each divided by its median. A change is one of the ten series, with the values of head scaled.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for the project's own use that ends at the first surprise"
)]

use std::collections::BTreeMap;

use perfgate::ab::{Order, Plan, Progress, Sequence};
use perfgate::compare::{Outcome, Policy};
use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Provenance, Role, Run, Subject, Unit,
};

const SERIES: usize = 10;
const CHANGES: [f64; 4] = [0.0, 0.03, 0.05, 0.10];
/// The upper ends of the classes of spread.
const CLASSES: [(&str, f64); 4] = [
    ("< 1 %", 0.01),
    ("1 to 2 %", 0.02),
    ("2 to 5 %", 0.05),
    ("> 5 %", f64::INFINITY),
];

#[derive(serde::Deserialize)]
struct Recorded {
    name: String,
    sessions: Vec<Vec<f64>>,
}

/// The values of both versions, in the order of the rounds.
struct Drawn<'a> {
    name: &'a str,
    base: Vec<f64>,
    head: Vec<f64>,
}

impl Recorded {
    fn draw(&self, rounds: usize, dice: &mut fastrand::Rng) -> Option<Drawn<'_>> {
        let whole: Vec<&Vec<f64>> = self
            .sessions
            .iter()
            .filter(|session| session.len() >= 2 * rounds)
            .collect();
        let mut values = if whole.is_empty() {
            self.sessions.iter().flat_map(|s| normalised(s)).collect()
        } else {
            whole.get(dice.usize(..whole.len())).copied()?.clone()
        };
        if values.len() < 2 * rounds || values.iter().any(|value| *value <= 0.0) {
            return None;
        }
        dice.shuffle(&mut values);
        values.truncate(2 * rounds);
        let head = values.split_off(rounds);
        Some(Drawn {
            name: &self.name,
            base: values,
            head,
        })
    }
}

fn normalised(session: &[f64]) -> Vec<f64> {
    let mut sorted = session.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    session.iter().map(|value| value / middle).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand gates")]
fn number(count: usize) -> f64 {
    count as f64
}

/// The coefficient of variation of both sides.
fn spread(drawn: &Drawn<'_>) -> f64 {
    let variance = |values: &[f64]| {
        let n = number(values.len());
        let mean = values.iter().map(|v| v.ln()).sum::<f64>() / n;
        values.iter().map(|v| (v.ln() - mean).powi(2)).sum::<f64>() / (n - 1.0)
    };
    f64::midpoint(variance(&drawn.base), variance(&drawn.head)).sqrt()
}

fn run(gate: &[Drawn<'_>], round: usize, head: Option<(usize, f64)>) -> Option<Run> {
    let mut run = Run {
        provenance: Provenance {
            session: Some("job".to_owned()),
            ..Provenance::default()
        },
        ..Run::default()
    };
    for (index, drawn) in gate.iter().enumerate() {
        let value = match head {
            None => *drawn.base.get(round)?,
            Some((slower, by)) => {
                let factor = if index == slower { 1.0 + by } else { 1.0 };
                drawn.head.get(round)? * factor
            }
        };
        let measurement = Measurement {
            unit: Unit::new("ms"),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: Evidence::samples(vec![value]).expect("recorded values are finite"),
        };
        run.insert(
            Subject::new(format!("s{index}")),
            MetricName::new(MetricName::TIME),
            measurement,
        );
    }
    Some(run)
}

#[derive(Default)]
struct Tally {
    gates: usize,
    alarms: usize,
    found: usize,
    unchanged: usize,
    rounds: usize,
}

fn share(count: usize, of: usize) -> f64 {
    100.0 * number(count) / number(of.max(1))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("name a file of recorded series");
    let count = |text: Option<String>, default| {
        text.map_or(default, |text| text.parse().expect("this is a number"))
    };
    let gates: usize = count(arguments.next(), 1000);
    let cap: usize = count(arguments.next(), 10);
    let text = std::fs::read_to_string(&path).expect("the file can be read");
    let recorded: Vec<Recorded> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is a series"))
        .collect();
    let policy = Policy::default();
    let today = jiff::civil::date(2026, 1, 1);
    let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
    let mut by_spread: BTreeMap<(usize, usize), Tally> = BTreeMap::new();
    for number in 0..gates {
        let seed = u64::try_from(number).unwrap_or_default();
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut gate: Vec<Drawn<'_>> = Vec::new();
        while gate.len() < SERIES {
            let series = recorded.get(dice.usize(..recorded.len()));
            gate.extend(series.and_then(|series| series.draw(cap, &mut dice)));
        }
        let slower = dice.usize(..SERIES);
        let class = gate.get(slower).map_or(0, |drawn| {
            let spread = spread(drawn);
            CLASSES
                .iter()
                .position(|(_, top)| spread < *top)
                .unwrap_or(3)
        });
        for (index, by) in CHANGES.into_iter().enumerate() {
            let order = Order::of_seed(seed);
            let mut sequence = Sequence::new(Plan::up_to(cap), order, &policy, today);
            for round in 0..cap {
                let base = run(&gate, round, None).expect("there are as many values");
                let head = run(&gate, round, Some((slower, by))).expect("there are as many values");
                if sequence.add(base, head) == Progress::Decided {
                    break;
                }
            }
            let rounds = sequence.rounds();
            let judgement = sequence.finish();
            let changed = format!("s{slower}");
            let mut tally = Tally {
                gates: 1,
                rounds,
                ..Tally::default()
            };
            for comparison in &judgement.comparisons {
                let is_changed = by > 0.0 && comparison.series.subject.as_str() == changed;
                match comparison.outcome {
                    Outcome::Regressed if is_changed => tally.found = 1,
                    Outcome::Regressed => {
                        tally.alarms = 1;
                        if by == 0.0 {
                            let which = comparison.series.subject.as_str();
                            let at: usize = which.trim_start_matches('s').parse().unwrap_or(0);
                            let drawn = gate.get(at).expect("it is one of the gate");
                            println!(
                                "alarm: gate {number}, {} after {rounds} rounds, dependence {:?}, {:?}\n  base {:?}\n  head {:?}",
                                drawn.name,
                                comparison.change,
                                comparison.test,
                                drawn.base,
                                drawn.head
                            );
                        }
                    }
                    Outcome::Unchanged if is_changed => tally.unchanged = 1,
                    _ => {}
                }
            }
            for sum in [
                tallies.entry(index).or_default(),
                by_spread.entry((index, class)).or_default(),
            ] {
                sum.gates += 1;
                sum.alarms += tally.alarms;
                sum.found += tally.found;
                sum.unchanged += tally.unchanged;
                sum.rounds += tally.rounds;
            }
        }
    }
    for (index, tally) in &tallies {
        let by = CHANGES.get(*index).copied().unwrap_or_default();
        println!(
            "{:+3.0} %: {} gates, alarms {} ({:.2} %), found {:.1} %, called unchanged {:.1} %, rounds {:.1}",
            100.0 * by,
            tally.gates,
            tally.alarms,
            share(tally.alarms, tally.gates),
            share(tally.found, tally.gates),
            share(tally.unchanged, tally.gates),
            number(tally.rounds) / number(tally.gates.max(1))
        );
    }
    for ((index, class), tally) in by_spread.iter().filter(|((index, _), _)| *index > 0) {
        let by = CHANGES.get(*index).copied().unwrap_or_default();
        let name = CLASSES.get(*class).map_or("", |(name, _)| name);
        println!(
            "{:+3.0} %, spread {name:9}: {} gates, found {:.1} %, called unchanged {:.1} %",
            100.0 * by,
            tally.gates,
            share(tally.found, tally.gates),
            share(tally.unchanged, tally.gates),
        );
    }
}
