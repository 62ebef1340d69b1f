//! Whether a series is a count that repeats to the last digit, so that no spread has to be assumed of it.

use super::absolute;
use super::question::Question;
use super::readings::values;
use crate::model::unit::Dimension;
use crate::model::{Evidence, Measurement, MetricName, Series};

/// A run has to repeat the run before it at least this often: one repetition may be an accident of rounding.
const FEWEST_REPETITIONS: usize = 3;
/// Runs of different builds may differ, but in at most one of so many repetitions: a count that rarely repeats is not
/// exact.
const MOST_CHANGES_SHARE: usize = 3;

/// Exact where runs of one build repeat each other without exception, in the history or on the two sides.
pub(super) fn is_exact(question: &Question<'_>) -> bool {
    let Question { series, pair, .. } = question;
    let single = |m: &&Measurement| matches!(m.evidence, Evidence::Value(_));
    if is_timed(series) || !pair.base.iter().chain(&pair.current).all(single) {
        return false;
    }
    let mut seen = Seen::default();
    for neighbours in runs_with_builds(question).windows(2) {
        if let [before, after] = neighbours {
            seen.add(before, after);
        }
    }
    seen.contradictions == 0
        && seen.repetitions >= FEWEST_REPETITIONS
        && seen.changes <= seen.repetitions / MOST_CHANGES_SHARE
}

/// Rates and times always vary, even where a few of them happen to be equal.
fn is_timed(series: &Series) -> bool {
    const MEASURED: [&str; 3] = [
        MetricName::LATENCY,
        MetricName::TIME,
        MetricName::THROUGHPUT,
    ];
    absolute::is_of_course(series)
        || matches!(series.unit.dimension(), Dimension::Time(_))
        || series.unit.as_str().contains('/')
        || MEASURED.contains(&series.metric.as_str())
}

#[derive(Default)]
struct Seen {
    repetitions: usize,
    /// Between different builds.
    changes: usize,
    /// Between runs of one build.
    contradictions: usize,
}

impl Seen {
    fn add(&mut self, before: &Counted<'_>, after: &Counted<'_>) {
        if before.value.total_cmp(&after.value).is_eq() {
            // The two sides of the gate are what is asked about.
            self.repetitions += usize::from(before.side == after.side);
        } else if before.build.is_same(after.build) {
            self.contradictions += 1;
        } else if before.side == after.side {
            self.changes += 1;
        }
    }
}

struct Counted<'a> {
    value: f64,
    build: Build<'a>,
    side: CountedSide,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CountedSide {
    Baseline,
    Current,
}

/// What is known of the build of a run.
#[derive(Clone, Copy)]
struct Build<'a> {
    commit: Option<&'a str>,
    /// Runs of one session without a commit are of one build.
    session: usize,
}

impl Build<'_> {
    fn is_same(self, other: Self) -> bool {
        match (self.commit, other.commit) {
            (Some(one), Some(other)) => one == other,
            _ => self.session == other.session,
        }
    }
}

/// Every run of the series, oldest first.
fn runs_with_builds<'a>(question: &'a Question<'_>) -> Vec<Counted<'a>> {
    let Question {
        series,
        pair,
        layout,
        ..
    } = question;
    let mut counted = Vec::new();
    let mut add = |measurements: &[&Measurement], build: Build<'a>, side| {
        let each = values(measurements, series).into_iter();
        counted.extend(each.map(|value| Counted { value, build, side }));
    };
    for (session, (earlier, measurements)) in layout.history.iter().zip(&pair.history).enumerate() {
        let build = Build {
            commit: earlier.commit(),
            session,
        };
        add(measurements, build, CountedSide::Baseline);
    }
    let newest = layout.history.len();
    // A run may lack the series, or hold it as something else that was left out.
    for (at, run) in layout.base.iter().enumerate() {
        let metrics = run.subjects.get(&series.subject);
        let Some(own) = metrics.and_then(|metrics| metrics.get(&series.metric)) else {
            continue;
        };
        let build = Build {
            commit: run.provenance.commit.as_deref(),
            session: newest + if layout.base_spans_sessions { at } else { 0 },
        };
        let judged = pair
            .base
            .iter()
            .filter(|judged| std::ptr::eq(**judged, own));
        for measurement in judged {
            add(&[*measurement], build, CountedSide::Baseline);
        }
    }
    let current = Build {
        commit: None,
        session: usize::MAX,
    };
    add(&pair.current, current, CountedSide::Current);
    counted
}
