//! Random histories of several workloads: what holds whatever they are.

use perfgate::compare::{Judgement, Outcome, Policy, Sides, judge};
use perfgate::model::{
    Better, Evidence, Load, Measurement, MetricName, Role, Run, Subject, ToolName, Unit,
};
use perfgate::verdict::{Situation, Verdict, VerdictKind};
use proptest::prelude::*;

/// One run as it is drawn: which work, which session, when, how long the two subjects take.
#[derive(Clone, Debug)]
struct Drawn {
    work: usize,
    session: usize,
    minute: i64,
    noise: [f64; 2],
    in_seconds: bool,
    lacks_second: bool,
}

const MACHINES: [&str; 2] = ["lab", "hosted"];
const RATES: [&str; 2] = ["200/s", "400/s"];
const WORKS: usize = 4;

/// Each work has a speed of its own.
fn level(work: usize) -> f64 {
    [100.0, 37.0, 220.0, 64.0][work % WORKS]
}

fn run(drawn: &Drawn, by: f64) -> Run {
    let mut run = Run::default();
    let provenance = &mut run.provenance;
    provenance.tool = Some(ToolName {
        name: "load".to_owned(),
        version: None,
    });
    let rate = RATES[drawn.work % 2];
    provenance.load = Some(Load {
        digest: Some(format!("of {rate}")),
        terms: [("rate".to_owned(), rate.to_owned())].into_iter().collect(),
    });
    provenance.environment.key = Some(MACHINES[drawn.work / 2 % 2].to_owned());
    provenance.session = (drawn.session % 3 != 2).then(|| format!("session {}", drawn.session));
    provenance.commit = Some(format!("c{}", drawn.session / 2));
    provenance.started_at =
        Some(jiff::Timestamp::from_second(1_800_000_000 + 60 * drawn.minute).unwrap());
    let subjects = ["GET /a", "GET /b"];
    for (subject, noise) in subjects.iter().zip(drawn.noise) {
        if drawn.lacks_second && *subject == "GET /b" {
            continue;
        }
        let ms = level(drawn.work) * (1.0 + noise) * by;
        let (unit, value) = if drawn.in_seconds {
            ("s", ms / 1e3)
        } else {
            ("ms", ms)
        };
        let measurement = Measurement {
            unit: Unit::new(unit),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: Evidence::samples(vec![value * 0.99, value, value * 1.01]).unwrap(),
        };
        run.insert(Subject::new(*subject), MetricName::new("time"), measurement);
    }
    run
}

fn drawn(
    works: std::ops::Range<usize>,
    days: std::ops::Range<i64>,
) -> impl Strategy<Value = Drawn> {
    (
        works,
        days,
        0..20_i64,
        prop::array::uniform2(-0.004..0.004_f64),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(work, day, minute, noise, in_seconds, lacks_second)| Drawn {
                work,
                session: usize::try_from(day).unwrap(),
                minute: day * 1_440 + minute,
                noise,
                in_seconds,
                lacks_second,
            },
        )
}

/// The works of odd numbers are those of the other load; the same load on another machine teaches what sessions add.
fn of_another_load(drawn: Drawn) -> Drawn {
    Drawn {
        work: 2 * drawn.work + 1,
        ..drawn
    }
}

fn judged(baseline: &[Run], current: &[Run]) -> Judgement {
    let sides = Sides {
        baseline,
        current,
        anchor: None,
        interleaved: false,
    };
    judge(&sides, &Policy::default(), jiff::civil::date(2026, 11, 1))
}

fn kind(judgement: &Judgement) -> VerdictKind {
    let situation = if judgement.has_no_baseline() {
        Situation::NoBaseline
    } else {
        Situation::Compared
    };
    Verdict::of(judgement.clone(), &Policy::default(), situation).kind()
}

/// What is said of each series, without what depends on how numbers are added up.
fn told(judgement: &Judgement) -> Vec<(String, String, Outcome)> {
    let told = judgement.comparisons.iter().map(|c| {
        let workload = &judgement.workloads[c.workload];
        (
            format!("{:?}", workload.key),
            c.series.to_string(),
            c.outcome,
        )
    });
    told.collect()
}

fn runs(drawn: &[Drawn], by: f64) -> Vec<Run> {
    drawn.iter().map(|one| run(one, by)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_order_of_runs_and_files_changes_nothing(
        base in prop::collection::vec(drawn(0..4, 0..6), 1..40),
        current in prop::collection::vec(drawn(0..4, 6..7), 1..20),
        seed in any::<u64>(),
    ) {
        let (mut base, mut current) = (runs(&base, 1.0), runs(&current, 1.0));
        // Runs of one minute that are alike in all else have no order of their own.
        for (index, run) in base.iter_mut().chain(&mut current).enumerate() {
            let at = run.provenance.started_at.unwrap();
            let nanos = i64::try_from(index).unwrap();
            run.provenance.started_at = Some(at + jiff::SignedDuration::from_nanos(nanos));
        }
        let before = judged(&base, &current);
        let mut state = seed | 1;
        for side in [&mut base, &mut current] {
            for i in (1..side.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let j = usize::try_from(state >> 33).unwrap() % (i + 1);
                side.swap(i, j);
            }
        }
        let after = judged(&base, &current);
        prop_assert_eq!(told(&before), told(&after));
        prop_assert_eq!(kind(&before), kind(&after));
        prop_assert_eq!(before, after);
    }

    #[test]
    fn runs_of_another_workload_change_no_row(
        base in prop::collection::vec(drawn(0..1, 0..6), 1..30),
        others in prop::collection::vec(drawn(0..2, 0..7).prop_map(of_another_load), 1..30),
        current in prop::collection::vec(drawn(0..1, 6..7), 1..8),
    ) {
        let (base, others, current) = (runs(&base, 1.0), runs(&others, 1.0), runs(&current, 1.0));
        let before = judged(&base, &current);
        let after = judged(&[others, base].concat(), &current);
        prop_assert_eq!(told(&before), told(&after));
        prop_assert_eq!(before.comparisons, after.comparisons);
    }

    #[test]
    fn a_doubled_time_of_a_workload_with_a_baseline_never_passes(
        base in prop::collection::vec(drawn(0..4, 0..6), 1..40),
        current in prop::collection::vec(drawn(0..4, 6..7), 1..20),
    ) {
        let base = runs(&base, 1.0);
        let judgement = judged(&base, &runs(&current, 2.0));
        let known = judgement.comparisons.iter().any(|c| c.baseline.is_some() && c.current.is_some());
        if known {
            let kind = kind(&judgement);
            prop_assert!(!matches!(kind, VerdictKind::Pass | VerdictKind::Warn), "{:?}", told(&judgement));
        }
    }
}
