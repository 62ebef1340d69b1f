//! Where one series moved, how far, and how it lies as a whole.

use super::document::{
    Change, Commit, Detector, Direction, Gap, Point, Size, SizeOf, Strength, Trend,
};
use crate::model::Better;
use crate::stats::changes::{By, ChangePoint, changes};
use crate::stats::{order, slope, student};

/// A distance between points of more than so many times the median distance is a gap,
const GAP: f64 = 5.0;
/// if it is longer than a week: nights, weekends and quiet days are none.
const SHORTEST_GAP: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);
/// This many sessions of the same work without the series are a gap as well.
pub(super) const SESSIONS_OF_A_GAP: usize = 3;

const CONFIDENCE: f64 = 0.95;

/// The scale on which a series is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// Twice as slow and half as fast are the same distance.
    Log,
    /// Values may be zero or below.
    Linear,
}

/// What was found of the points of one series.
pub(super) struct Course {
    pub gaps: Vec<Gap>,
    pub changes: Vec<Change>,
    pub trend: Option<Trend>,
}

/// `places` says which of the sessions of its workload each point is.
pub(super) fn course(points: &[Point], places: &[usize], better: Better, seed: u64) -> Course {
    let scale = match points.iter().all(|point| point.value > 0.0) {
        true => Scale::Log,
        false => Scale::Linear,
    };
    let levels: Vec<f64> = points
        .iter()
        .map(|point| scale.level(point.value))
        .collect();
    let gaps = gaps(points, places);
    // Across a gap nobody can say where it moved: each part is looked at for itself.
    let ends = gaps.iter().map(|gap| gap.first_after.point);
    let mut changes = Vec::new();
    let mut from = 0;
    for to in ends.chain([points.len()]) {
        let part = Part {
            points: points.get(from..to).unwrap_or_default(),
            levels: levels.get(from..to).unwrap_or_default(),
            offset: from,
            scale,
            better,
        };
        changes.extend(part.changes(seed.wrapping_add(u64::try_from(from).unwrap_or(0))));
        from = to;
    }
    Course {
        trend: trend(points, &levels, scale),
        gaps,
        changes,
    }
}

impl Scale {
    fn level(self, value: f64) -> f64 {
        match self {
            Self::Log => value.ln(),
            Self::Linear => value,
        }
    }

    fn value(self, level: f64) -> f64 {
        match self {
            Self::Log => level.exp(),
            Self::Linear => level,
        }
    }

    fn size(self, shift: f64, reach: (f64, f64)) -> Size {
        let (of, shown): (SizeOf, fn(f64) -> f64) = match self {
            Self::Log => (SizeOf::Relative, f64::exp_m1),
            Self::Linear => (SizeOf::Difference, |shift| shift),
        };
        Size {
            of,
            value: shown(shift),
            low: shown(reach.0),
            high: shown(reach.1),
            confidence: CONFIDENCE,
        }
    }
}

/// Points between two gaps.
struct Part<'a> {
    points: &'a [Point],
    levels: &'a [f64],
    /// The first of them among all.
    offset: usize,
    scale: Scale,
    better: Better,
}

impl Part<'_> {
    fn changes(&self, seed: u64) -> Vec<Change> {
        let found = changes(self.levels, seed);
        found
            .iter()
            .filter_map(|change| {
                // The levels beside a sure change reach to the next sure one, those beside a weak one to any.
                let bounds = |other: &&ChangePoint| other.by == By::Both || change.by != By::Both;
                let mut others = found.iter().filter(bounds).map(|other| other.at);
                let from = others.clone().rfind(|at| *at < change.at).unwrap_or(0);
                let to = others.find(|at| *at > change.at);
                let to = to.unwrap_or(self.levels.len());
                self.change(change.at, change.by, (from, to))
            })
            .collect()
    }

    fn change(&self, at: usize, by: By, (from, to): (usize, usize)) -> Option<Change> {
        let (before, after) = (self.levels.get(from..at)?, self.levels.get(at..to)?);
        let shift = shift(before, after)?;
        let (strength, detectors) = match by {
            By::Both => (Strength::Strong, vec![Detector::Energy, Detector::Pelt]),
            By::Energy => (Strength::Weak, vec![Detector::Energy]),
            By::Pelt => (Strength::Weak, vec![Detector::Pelt]),
        };
        Some(Change {
            last_before: self.commit(at.checked_sub(1)?)?,
            first_after: self.commit(at)?,
            strength,
            detectors,
            direction: direction(shift.shift, self.better),
            before: self.scale.value(shift.before),
            after: self.scale.value(shift.after),
            size: self.scale.size(shift.shift, (shift.low, shift.high)),
        })
    }

    fn commit(&self, at: usize) -> Option<Commit> {
        self.points
            .get(at)
            .map(|point| named(point, self.offset + at))
    }
}

fn named(point: &Point, place: usize) -> Commit {
    Commit {
        commit: point.commit.clone(),
        date: point.date,
        point: place,
    }
}

pub(super) fn direction(shift: f64, better: Better) -> Direction {
    match (shift.partial_cmp(&0.0), better) {
        (Some(std::cmp::Ordering::Greater), Better::Lower)
        | (Some(std::cmp::Ordering::Less), Better::Higher) => Direction::Worse,
        (Some(std::cmp::Ordering::Less), Better::Lower)
        | (Some(std::cmp::Ordering::Greater), Better::Higher) => Direction::Better,
        _ => Direction::None,
    }
}

struct Shift {
    before: f64,
    after: f64,
    shift: f64,
    low: f64,
    high: f64,
}

/// The difference of two means with the interval of Welch (1947).
fn shift(before: &[f64], after: &[f64]) -> Option<Shift> {
    let (a, b) = (Mean::of(before)?, Mean::of(after)?);
    let shift = b.mean - a.mean;
    let variance = a.error + b.error;
    let df = match variance > 0.0 {
        true => variance * variance / (a.error * a.error / a.df + b.error * b.error / b.df),
        false => f64::INFINITY,
    };
    let reach = match variance > 0.0 {
        true => student::quantile(f64::midpoint(1.0, CONFIDENCE), df) * variance.sqrt(),
        false => 0.0,
    };
    Some(Shift {
        before: a.mean,
        after: b.mean,
        shift,
        low: shift - reach,
        high: shift + reach,
    })
}

struct Mean {
    mean: f64,
    /// The variance of the mean.
    error: f64,
    df: f64,
}

impl Mean {
    fn of(levels: &[f64]) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "no series has 2^53 points")]
        let n = levels.len() as f64;
        if levels.len() < 2 {
            return None;
        }
        let mean = levels.iter().sum::<f64>() / n;
        let squares: f64 = levels.iter().map(|level| (level - mean).powi(2)).sum();
        Some(Self {
            mean,
            error: squares / (n - 1.0) / n,
            df: n - 1.0,
        })
    }
}

/// Before which points the time or the sessions without the series are too long.
fn gaps(points: &[Point], places: &[usize]) -> Vec<Gap> {
    let distance = |before: &Point, after: &Point| after.date.0.duration_since(before.date.0);
    let pairs = || points.iter().zip(points.iter().skip(1));
    let seconds: Vec<f64> = pairs()
        .map(|(before, after)| distance(before, after).as_secs_f64())
        .collect();
    let longest = GAP * order::median(&seconds).unwrap_or(0.0);
    let sessions = places.iter().zip(places.iter().skip(1));
    pairs()
        .zip(sessions)
        .enumerate()
        .filter_map(|(index, ((before, after), (one, next)))| {
            let away = distance(before, after);
            let without = next.saturating_sub(*one).saturating_sub(1);
            let is_gap = (away > SHORTEST_GAP && away.as_secs_f64() > longest)
                || without >= SESSIONS_OF_A_GAP;
            is_gap.then(|| Gap {
                last_before: named(before, index),
                first_after: named(after, index + 1),
                sessions_without: without,
            })
        })
        .collect()
}

fn trend(points: &[Point], levels: &[f64], scale: Scale) -> Option<Trend> {
    let start = points.first()?.date.0;
    let at = |point: &Point| point.date.0.duration_since(start).as_secs_f64();
    let whole = at(points.last()?);
    if whole <= 0.0 {
        return None;
    }
    let placed: Vec<(f64, f64)> = points
        .iter()
        .zip(levels)
        .map(|(point, level)| (at(point) / whole, *level))
        .collect();
    let found = slope::slope(&placed, CONFIDENCE)?;
    Some(Trend {
        size: scale.size(found.slope, (found.low, found.high)),
        certain: found.low > 0.0 || found.high < 0.0,
    })
}
