//! Where the runs hold whole distributions: every percentile of both sides on an axis that gives its tail room (that of
//! HdrHistogram, on which each step is ten times rarer), and how they compare.

use serde::Serialize;

use super::axis::Axis;
use super::frame::Frame;
use super::markup::Markup;
use super::measured::{Known, Of};
use super::svg::{Across, At};
use super::table::{Column, Table};
use crate::model::{Better, Measurement, Quantile};
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::units;
use crate::stats::{order, reading};

/// Places in each factor of ten on the way to the tail.
const STEPS: i32 = 8;
/// The rarest that is drawn: one in a million.
const DECADES: i32 = 6;
const HEIGHT: f64 = 150.0;
const RATIO_HEIGHT: f64 = 80.0;

/// One percentile of both sides, each the median over its runs.
#[derive(Clone, Debug, Serialize)]
struct Point {
    quantile: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<f64>,
}

/// The distribution of a metric of one subject on both sides.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Percentiles<'a> {
    #[serde(skip)]
    entry: &'a Entry,
    subject: String,
    metric: &'a str,
    unit: &'a str,
    points: Vec<Point>,
}

/// `1 / (1 - q)` in powers of ten: p90 is 1, p99 is 2.
fn rarity(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-9).log10()
}

/// The percentiles that are looked at.
fn places() -> Vec<Quantile> {
    let fine = (0..=STEPS * DECADES).filter_map(|i| {
        Quantile::from_fraction(1.0 - 10_f64.powf(-f64::from(i) / f64::from(STEPS)))
    });
    let usual = Quantile::USUAL.into_iter();
    let mut all: Vec<Quantile> = fine.chain(usual).filter(|q| *q < Quantile::MAX).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The curve of one side, up to where the smallest of its runs still carries it.
fn curve(measured: &[&Measurement], entry: &Entry, at: &[Quantile]) -> Vec<Option<f64>> {
    let of_run = |m: &&Measurement| {
        let factor = m.unit.factor_to(&entry.unit())?;
        let n = m.evidence.observations()?;
        let values = reading::quantiles(&m.evidence, at)?;
        let carried = at.iter().zip(values).map(|(q, value)| {
            let carries = *q <= Quantile::P50 || n >= q.needed_observations();
            Some(value? * factor).filter(|_| carries)
        });
        Some(carried.collect::<Vec<Option<f64>>>())
    };
    let Some(runs) = measured
        .iter()
        .map(of_run)
        .collect::<Option<Vec<Vec<Option<f64>>>>>()
    else {
        return Vec::new();
    };
    if runs.is_empty() {
        return Vec::new();
    }
    let across_runs = |i: usize| {
        let values: Option<Vec<f64>> = runs.iter().map(|run| *run.get(i)?).collect();
        order::median(&values?)
    };
    (0..at.len()).map(across_runs).collect()
}

impl<'a> Percentiles<'a> {
    pub(super) fn of(entry: &'a Entry, known: &Known<'_>) -> Option<Self> {
        let at = places();
        let side = |of| curve(&known.measurements(entry, of), entry, &at);
        let (baseline, current) = (side(Of::Baseline), side(Of::Current));
        let get = |side: &[Option<f64>], i: usize| side.get(i).copied().flatten();
        let points: Vec<Point> = at
            .iter()
            .enumerate()
            .map(|(i, q)| Point {
                quantile: q.fraction(),
                baseline: get(&baseline, i),
                current: get(&current, i),
            })
            .filter(|point| point.baseline.is_some() || point.current.is_some())
            .collect();
        // A line needs two ends, and the left end alone is no distribution.
        let enough = points.iter().filter(|p| p.quantile >= 0.5).count() > 1;
        enough.then(|| Self {
            entry,
            subject: entry.shown_subject(),
            metric: &entry.metric,
            unit: &entry.unit,
            points,
        })
    }

    fn name(&self) -> Sentence {
        Sentence::default()
            .foreign(&self.subject)
            .own(" ")
            .foreign(self.metric)
    }

    pub(super) fn write(&self, page: &mut Markup) {
        page.element("figure", &[("class", "card")], |page| {
            page.element("figcaption", &[], |caption| {
                caption.sentence(&self.name());
            });
            for drawn in [self.curves(), self.ratio()].into_iter().flatten() {
                page.put(&drawn);
            }
            self.table().folded(page, "The numbers");
        });
        page.line();
    }

    /// To the right as far as one of the sides reaches.
    fn axis(&self) -> Axis {
        let rarest = self.points.iter().map(|p| rarity(p.quantile));
        Axis::between(0.0, rarest.fold(1.0, f64::max))
    }

    fn curves(&self) -> Option<Markup> {
        let across = self.axis();
        let values = || {
            let both = self.points.iter().flat_map(|p| [p.baseline, p.current]);
            both.flatten()
        };
        let axis = Axis::from_zero(values())?;
        let scale = self.entry.scale(values());
        let mut frame = Frame::new(axis, HEIGHT, &|value, step| {
            scale.tick(value, step).spoken()
        });
        under(&mut frame, &across);
        for (class, of) in [
            ("path before", (|p| p.baseline) as fn(&Point) -> Option<f64>),
            ("path now", |p| p.current),
        ] {
            let places: Vec<At> = self
                .points
                .iter()
                .filter_map(|point| {
                    let at = Across(across.share(rarity(point.quantile)));
                    Some(At::new(at, frame.down(of(point)?)))
                })
                .collect();
            if places.len() > 1 {
                frame.svg.path(class, &places);
            }
        }
        let name = self.name().spoken();
        Some(frame.finish(&format!(
            "{name} by percentile, baseline and now, from p0 to {}",
            self.last()
        )))
    }

    fn last(&self) -> String {
        let last = self.points.last().map_or(0.0, |point| point.quantile);
        percentile(last)
    }

    fn ratios(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().filter_map(|point| {
            let (before, now) = (point.baseline?, point.current?);
            (before > 0.0).then(|| (point.quantile, now / before - 1.0))
        })
    }

    /// By how much now differs from the baseline, at each percentile.
    fn ratio(&self) -> Option<Markup> {
        const WIDEST: f64 = 3.0;
        let across = self.axis();
        if self.ratios().count() < 2 {
            return None;
        }
        let limit = self.entry.gated.then(|| match self.entry.better {
            Better::Lower => self.entry.rule.max_regression,
            Better::Higher => 1.0 / (1.0 + self.entry.rule.max_regression) - 1.0,
        });
        let by = self.ratios().map(|(_, by)| by.min(WIDEST));
        let axis = Axis::around(by.chain([0.0]).chain(limit))?;
        let mut frame = Frame::new(axis, RATIO_HEIGHT, &|by, _| units::coarse_signed(by));
        under(&mut frame, &across);
        frame.level("zero", 0.0);
        if let Some(limit) = limit {
            frame.level("limit", limit);
        }
        let places: Vec<At> = self
            .ratios()
            .map(|(quantile, by)| At::new(Across(across.share(rarity(quantile))), frame.down(by)))
            .collect();
        frame.svg.path("path now", &places);
        let name = self.name().spoken();
        Some(frame.finish(&format!(
            "{name}: now against the baseline by percentile, in per cent"
        )))
    }

    fn table(&self) -> Table {
        let values = self.points.iter().flat_map(|p| [p.baseline, p.current]);
        let scale = self.entry.scale(values.flatten());
        let mut table = Table::new(&[
            Column::Words("percentile"),
            Column::Number("baseline"),
            Column::Number("now"),
            Column::Number("change"),
        ]);
        let told = |value: Option<f64>| value.map_or_else(Sentence::default, |v| scale.write(v));
        for point in &self.points {
            let change = match (point.baseline, point.current) {
                (Some(before), Some(now)) if before > 0.0 => {
                    units::coarse_signed(now / before - 1.0)
                }
                _ => String::new(),
            };
            table.rows.push(vec![
                Sentence::new(percentile(point.quantile)),
                told(point.baseline),
                told(point.current),
                Sentence::new(change),
            ]);
        }
        table
    }
}

/// `p99.9`, no longer than it has to be.
fn percentile(quantile: f64) -> String {
    let text = format!("{:.4}", quantile * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("p{text}")
}

/// The percentiles that people know, under a picture.
fn under(frame: &mut Frame, across: &Axis) {
    let bottom = frame.bottom();
    for (quantile, name) in [
        (0.0, "p0"),
        (0.5, "p50"),
        (0.9, "p90"),
        (0.99, "p99"),
        (0.999, "p99.9"),
        (0.9999, "p99.99"),
        (0.99999, "p99.999"),
    ] {
        let place = rarity(quantile);
        if across.holds(place) {
            let at = Across(across.share(place));
            frame.svg.upright("grid", at, bottom);
            frame.under(at, name);
        }
    }
}
