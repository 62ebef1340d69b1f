//! Gates of ten series whose truth is known, judged by the code that users run, and what came of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use perfgate::compare::{Judgement, Outcome, Policy, Sides, judge};
use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Provenance, Role, Run, Subject, Unit,
};
use perfgate::verdict::{Situation, Verdict, VerdictKind};

use super::noise::{Dice, Shape};

/// Series of a gate.
pub(crate) const SERIES: usize = 10;
/// Earlier sessions, where there is a history.
const SESSIONS: usize = 8;
/// What two sessions of one build differ by where nothing is known of them: what perfgate assumes.
const UNKNOWN_SESSION_SPREAD: f64 = 0.01;

/// Where the runs of the two sides come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setting {
    /// In turns, in one session, and nothing else is known.
    OneSession,
    /// In turns, in one session, with eight earlier sessions of the baseline.
    OneSessionWithHistory,
    /// Two sessions that differ by 1 % (a standard deviation each), which nothing tells.
    Across,
    /// Two sessions that differ by as much as runs do, with eight earlier sessions that tell.
    AcrossWithHistory,
}

impl Setting {
    pub(crate) const ALL: [Self; 4] = [
        Self::OneSession,
        Self::OneSessionWithHistory,
        Self::Across,
        Self::AcrossWithHistory,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneSession => "one session",
            Self::OneSessionWithHistory => "one session, with history",
            Self::Across => "across sessions",
            Self::AcrossWithHistory => "across sessions, with history",
        }
    }

    fn has_history(self) -> bool {
        matches!(self, Self::OneSessionWithHistory | Self::AcrossWithHistory)
    }

    fn in_one_session(self) -> bool {
        matches!(self, Self::OneSession | Self::OneSessionWithHistory)
    }
}

/// One kind of gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scene {
    pub shape: Shape,
    /// Standard deviation between runs of one build in one session, relative.
    pub spread: f64,
    /// A side.
    pub runs: usize,
    pub setting: Setting,
    /// How much slower one of the ten series really is; 0 for unchanged code.
    pub slower: f64,
}

/// What came of many gates of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub gates: usize,
    /// Gates whose verdict was `fail`.
    pub failed: usize,
    /// Gates in which a series was called improved.
    pub improved: usize,
    /// Gates in which the series that is really slower was called regressed.
    pub found: usize,
    /// Gates in which the series that is really slower was called unchanged.
    pub missed: usize,
}

impl Tally {
    pub(crate) fn add(self, other: Self) -> Self {
        Self {
            gates: self.gates + other.gates,
            failed: self.failed + other.failed,
            improved: self.improved + other.improved,
            found: self.found + other.found,
            missed: self.missed + other.missed,
        }
    }

    /// Of a hundred gates.
    #[expect(clippy::cast_precision_loss, reason = "thousands of gates")]
    pub(crate) fn percent(self, count: usize) -> f64 {
        100.0 * count as f64 / self.gates.max(1) as f64
    }
}

static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
    (0..SERIES)
        .map(|i| Subject::new(format!("bench{i}")))
        .collect()
});
static TIME: LazyLock<MetricName> = LazyLock::new(|| MetricName::new(MetricName::TIME));
static UNIT: LazyLock<Unit> = LazyLock::new(|| Unit::new("ms"));

/// The two sides of a gate as users have them.
pub(crate) struct Gate {
    pub baseline: Vec<Run>,
    pub current: Vec<Run>,
}

impl Gate {
    pub(crate) fn judge(&self) -> Judgement {
        let sides = Sides {
            baseline: &self.baseline,
            current: &self.current,
            anchor: None,
            interleaved: false,
        };
        judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1))
    }
}

/// Values of one series in one session: rows of runs.
fn session(scene: &Scene, dice: &mut Dice, runs: usize) -> Vec<f64> {
    let between = match scene.setting {
        Setting::OneSession | Setting::OneSessionWithHistory => 0.0,
        Setting::Across => UNKNOWN_SESSION_SPREAD,
        Setting::AcrossWithHistory => scene.spread,
    };
    let level = 100.0 * (between * dice.normal()).exp();
    let deal = scene.shape.deal(dice, runs);
    deal.into_iter()
        .map(|z| level * (1.0 + scene.spread * z).max(0.05))
        .collect()
}

/// Turns the values of each series into runs of one session.
pub(crate) fn runs(session: &str, series: &[Vec<f64>]) -> Vec<Run> {
    let count = series.first().map_or(0, Vec::len);
    let mut runs = vec![
        Run {
            provenance: Provenance {
                session: Some(session.to_owned()),
                commit: Some("build".to_owned()),
                ..Provenance::default()
            },
            ..Run::default()
        };
        count
    ];
    for (subject, values) in SUBJECTS.iter().zip(series) {
        for (run, value) in runs.iter_mut().zip(values) {
            let evidence = Evidence::samples(vec![*value]).expect("noise is finite");
            let measurement = Measurement {
                unit: UNIT.clone(),
                better: Better::Lower,
                role: Role::Outcome,
                evidence,
            };
            run.insert(subject.clone(), TIME.clone(), measurement);
        }
    }
    runs
}

/// Deals one gate. The slower series moves from gate to gate.
pub(crate) fn deal(scene: &Scene, dice: &mut Dice, slower_series: usize) -> Gate {
    let many = |dice: &mut Dice, runs: usize| -> Vec<Vec<f64>> {
        (0..SERIES).map(|_| session(scene, dice, runs)).collect()
    };
    let mut baseline = Vec::new();
    if scene.setting.has_history() {
        for earlier in 0..SESSIONS {
            let values = many(dice, scene.runs);
            baseline.extend(runs(&format!("earlier {earlier}"), &values));
        }
    }
    let (base, mut current): (Vec<_>, Vec<_>) = if scene.setting.in_one_session() {
        // In turns: base, current, base, current.
        let both = many(dice, 2 * scene.runs);
        let every_other = |from: usize| {
            both.iter()
                .map(|values| values.iter().skip(from).step_by(2).copied().collect())
                .collect()
        };
        (every_other(0), every_other(1))
    } else {
        (many(dice, scene.runs), many(dice, scene.runs))
    };
    if let Some(values) = current.get_mut(slower_series) {
        values.iter_mut().for_each(|v| *v *= 1.0 + scene.slower);
    }
    baseline.extend(runs("base", &base));
    let name = if scene.setting.in_one_session() {
        "base"
    } else {
        "current"
    };
    Gate {
        baseline,
        current: runs(name, &current),
    }
}

/// One run against nights of one run each: the spread is that between nights.
pub(crate) fn deal_nights(
    scene: &Scene,
    dice: &mut Dice,
    slower_series: usize,
    nights: usize,
) -> Gate {
    let mut values: Vec<Vec<f64>> = (0..SERIES)
        .map(|_| session(scene, dice, nights + 1))
        .collect();
    if let Some(last) = values.get_mut(slower_series).and_then(|v| v.last_mut()) {
        *last *= 1.0 + scene.slower;
    }
    let mut all = runs("night", &values);
    for (night, run) in all.iter_mut().enumerate() {
        run.provenance.session = Some(format!("night {night}"));
    }
    let current = all.split_off(nights);
    Gate {
        baseline: all,
        current,
    }
}

/// Judges so many gates of one kind. The noise depends on nothing but the kind of gate.
pub(crate) fn play(scene: &Scene, gates: usize) -> Tally {
    tally(scene, gates, |dice, slower| deal(scene, dice, slower))
}

/// Judges so many gates of one kind, as they are dealt.
pub(crate) fn tally(scene: &Scene, gates: usize, deal: impl Fn(&mut Dice, usize) -> Gate) -> Tally {
    let mut dice = Dice::new(seed(scene));
    let mut tally = Tally::default();
    for gate in 0..gates {
        let slower = gate % SERIES;
        let judgement = deal(&mut dice, slower).judge();
        let outcome = judgement.comparisons.get(slower).map(|c| c.outcome);
        let improved = |o| o == Outcome::Improved;
        tally.gates += 1;
        tally.improved += usize::from(judgement.comparisons.iter().any(|c| improved(c.outcome)));
        tally.found += usize::from(outcome == Some(Outcome::Regressed));
        tally.missed += usize::from(outcome == Some(Outcome::Unchanged));
        let verdict = Verdict::of(judgement, &Policy::default(), Situation::Compared);
        tally.failed += usize::from(verdict.kind() == VerdictKind::Fail);
    }
    tally
}

/// Gates of unchanged code and gates with a slower series meet the same noise.
fn seed(scene: &Scene) -> u64 {
    let mut dice = Dice::new(0x7065_7266_6761_7465);
    let parts = [
        scene.shape as u64,
        scene.setting as u64,
        scene.runs as u64,
        scene.spread.to_bits(),
    ];
    parts
        .into_iter()
        .fold(0, |seed, part| Dice::new(seed ^ part ^ dice.next()).next())
}

/// Plays all of them, on all processors.
pub(crate) fn play_all(scenes: &[(Scene, usize)]) -> Vec<(Scene, Tally)> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; scenes.len()]);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((scene, gates)) = scenes.get(index) else {
                        break;
                    };
                    let tally = play(scene, *gates);
                    let mut results = results.lock().expect("no thread panics");
                    if let Some(slot) = results.get_mut(index) {
                        *slot = Some((*scene, tally));
                    }
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread panics");
    results.into_iter().flatten().collect()
}
