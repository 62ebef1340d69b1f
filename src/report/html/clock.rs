//! Both sides on one clock: what the service did in each second after the load began, the runs of a side together, and
//! what was looked at meanwhile, such as its memory.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::axis::Axis;
use super::frame::Frame;
use super::markup::Markup;
use super::measured::{Known, Of};
use super::svg::{Across, At};
use super::table::{Column, Table};
use crate::model::{MetricName, Subject, Timeline, Unit};
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::units::{self, Scale};

/// As many as can be told apart in a picture and read in its table.
const MOST_SLICES: usize = 60;
const HEIGHT: f64 = 110.0;
const SMALL: f64 = 55.0;
/// Of one subject. A service may tell hundreds.
const MOST_GAUGES: usize = 12;

/// One slice of time of one side.
#[derive(Clone, Debug, Serialize)]
struct Slice {
    /// Seconds from the beginning.
    start: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99: Option<f64>,
    /// A second, of one run.
    rate: f64,
    errors: u64,
}

/// What a side did.
#[derive(Clone, Debug, Default, Serialize)]
struct Course {
    slice_s: f64,
    slices: Vec<Slice>,
}

/// A value that was looked at now and then.
#[derive(Clone, Debug, Serialize)]
struct Gauge {
    metric: String,
    unit: String,
    baseline: Levels,
    current: Levels,
}

/// What it was on one side: the mean of all looks of all runs in each slice.
#[derive(Clone, Debug, Default, Serialize)]
struct Levels {
    slice_s: f64,
    /// Seconds from the beginning, and the value.
    values: Vec<(f64, f64)>,
}

/// One subject of both sides. Latencies are in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Clock {
    subject: String,
    baseline: Course,
    current: Course,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gauges: Vec<Gauge>,
}

impl Levels {
    fn of(timelines: &[&Timeline], subject: &str, metric: &MetricName) -> Self {
        let known = timelines.iter().filter_map(|timeline| {
            let gauge = timeline.gauges.get(subject)?.get(metric)?;
            Some((timeline.slice_s, &gauge.values))
        });
        let known: Vec<_> = known.collect();
        #[expect(clippy::cast_precision_loss, reason = "at most 600 slices")]
        let start = |index: usize, slice_s: f64| index as f64 * slice_s;
        let ends = known.iter().filter_map(|(slice_s, values)| {
            let (last, _) = values.last()?;
            Some(start(last + 1, *slice_s))
        });
        let end = ends.fold(0.0, f64::max);
        let mut slice_s = known.iter().fold(0.0, |most: f64, (own, _)| most.max(*own));
        while end > start(MOST_SLICES, slice_s) && slice_s > 0.0 {
            slice_s *= 2.0;
        }
        let mut slices: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (own, values) in known {
            for (index, value) in values {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at most 600, from a place in the middle of a slice"
                )]
                let slice = (start(*index, own) / slice_s + own / slice_s / 2.0) as usize;
                let (sum, looks) = slices.entry(slice).or_default();
                *sum += value;
                *looks += 1.0;
            }
        }
        let values = slices.into_iter();
        Self {
            slice_s,
            values: values
                .map(|(slice, (sum, looks))| (start(slice, slice_s), sum / looks))
                .collect(),
        }
    }

    fn end(&self) -> f64 {
        self.values
            .last()
            .map_or(0.0, |(start, _)| start + self.slice_s)
    }
}

impl Gauge {
    /// All of a subject, in the order of their names.
    fn all(sides: [&[&Timeline]; 2], subject: &str) -> Vec<Self> {
        let timelines = sides.iter().flat_map(|side| side.iter());
        let known = timelines.flat_map(|timeline| timeline.gauges(subject));
        let names: BTreeSet<(&MetricName, &str)> = known
            .map(|(metric, gauge)| (metric, gauge.unit.as_str()))
            .collect();
        let [baseline, current] = sides;
        let gauges = names.into_iter().map(|(metric, unit)| Self {
            metric: metric.to_string(),
            unit: unit.to_owned(),
            baseline: Levels::of(baseline, subject, metric),
            current: Levels::of(current, subject, metric),
        });
        // One look is no course.
        let enough = |gauge: &Self| {
            let looks = gauge.sides().map(|(_, levels)| levels.values.len());
            looks.into_iter().any(|looks| looks > 1)
        };
        gauges.filter(enough).take(MOST_GAUGES).collect()
    }

    fn title(&self) -> Sentence {
        Sentence::default().foreign(&self.metric)
    }

    fn sides(&self) -> [(&'static str, &Levels); 2] {
        [("before", &self.baseline), ("now", &self.current)]
    }

    fn scale(&self) -> Scale {
        let all = self.sides().into_iter();
        let all = all.flat_map(|(_, levels)| levels.values.iter().map(|(_, value)| *value));
        Scale::of(&Unit::new(&self.unit), all)
    }

    fn end(&self) -> f64 {
        self.baseline.end().max(self.current.end())
    }
}

impl Course {
    /// Of all runs of a side on top of each other.
    fn of(timelines: &[&Timeline], subject: &str) -> Self {
        let mut whole = Timeline::default();
        let mut runs = 0_u32;
        for timeline in timelines {
            let slices = timeline.slices(subject);
            if slices.is_empty() {
                continue;
            }
            let mut own = Timeline::new(timeline.slice_s);
            own.subjects.insert(Subject::new(subject), slices.to_vec());
            if runs == 0 {
                whole = own;
            } else if whole.add(own, 0.0).is_none() {
                continue;
            }
            runs += 1;
        }
        if runs == 0 {
            return Self::default();
        }
        while whole.length() > MOST_SLICES {
            whole.fold();
        }
        let slice = |slice: &crate::model::timeline::Slice| {
            #[expect(clippy::cast_precision_loss, reason = "requests of a run")]
            let requests = slice.requests() as f64;
            Slice {
                start: slice.start(&whole),
                p50: slice.latency(0.5),
                p99: slice.latency(0.99),
                rate: requests / whole.slice_s / f64::from(runs),
                errors: slice.errors,
            }
        };
        Self {
            slice_s: whole.slice_s,
            slices: whole.slices(subject).iter().map(slice).collect(),
        }
    }

    fn end(&self) -> f64 {
        self.slices
            .last()
            .map_or(0.0, |last| last.start + self.slice_s)
    }
}

impl Clock {
    /// Of the subject of a series, where its runs tell what happened when.
    pub(super) fn of(entry: &Entry, known: &Known<'_>) -> Option<Self> {
        let side = |of: Of| {
            let runs = known.runs(entry, of);
            let timelines = runs.into_iter().filter_map(|run| run.timeline.as_deref());
            timelines.collect::<Vec<&Timeline>>()
        };
        let (before, now) = (side(Of::Baseline), side(Of::Current));
        let baseline = Course::of(&before, &entry.subject);
        let current = Course::of(&now, &entry.subject);
        let gauges = Gauge::all([&before, &now], &entry.subject);
        // One slice is no course.
        let enough = baseline.slices.len().max(current.slices.len()) > 1;
        (enough || !gauges.is_empty()).then(|| Self {
            subject: entry.shown_subject(),
            baseline,
            current,
            gauges,
        })
    }

    fn sides(&self) -> [(&'static str, &Course); 2] {
        [("before", &self.baseline), ("now", &self.current)]
    }

    fn slices(&self) -> impl Iterator<Item = &Slice> {
        self.baseline.slices.iter().chain(&self.current.slices)
    }

    /// From the beginning to the end of the longer side.
    fn time(&self) -> Axis {
        Axis::between(0.0, self.end())
    }

    fn end(&self) -> f64 {
        let gauges = self.gauges.iter().map(Gauge::end);
        let requests = self.baseline.end().max(self.current.end());
        gauges.fold(requests, f64::max)
    }

    fn scale(&self) -> Scale {
        let all = self.slices().flat_map(|slice| [slice.p50, slice.p99]);
        Scale::of(&Unit::new("ms"), all.flatten())
    }

    pub(super) fn write(&self, page: &mut Markup) {
        page.element("figure", &[("class", "card wide")], |page| {
            page.element("figcaption", &[], |caption| {
                caption.sentence(&Sentence::default().foreign(&self.subject));
            });
            let drawn = [self.latency(), self.rate(), self.errors()];
            for drawn in drawn.iter().flatten() {
                page.put(drawn);
            }
            if self.slices().next().is_some() {
                self.table().folded(page, "The numbers");
            }
            let looks: Vec<Markup> = self.gauges.iter().filter_map(|it| self.gauge(it)).collect();
            for (gauge, drawn) in self.gauges.iter().zip(&looks) {
                page.element("p", &[], |page| page.sentence(&gauge.title()));
                page.put(drawn);
            }
            if !looks.is_empty() {
                self.looks().folded(page, "What was looked at");
            }
        });
        page.line();
    }

    fn latency(&self) -> Option<Markup> {
        let all = self.slices().flat_map(|slice| [slice.p50, slice.p99]);
        let axis = Axis::from_zero(all.flatten())?;
        let scale = self.scale();
        let mut frame = Frame::new(axis, HEIGHT, &|value, step| {
            scale.tick(value, step).spoken()
        });
        self.draw(&mut frame, "", |slice| slice.p99);
        self.draw(&mut frame, " typical", |slice| slice.p50);
        self.under(&mut frame);
        let subject = Sentence::default().foreign(&self.subject).spoken();
        Some(frame.finish(&format!("{subject}: p50 and p99 of latency over time")))
    }

    fn rate(&self) -> Option<Markup> {
        let axis = Axis::from_zero(self.slices().map(|slice| slice.rate))?;
        let scale = Scale::of(&Unit::new("req/s"), self.slices().map(|slice| slice.rate));
        let mut frame = Frame::new(axis, SMALL, &|value, step| scale.tick(value, step).spoken());
        self.draw(&mut frame, "", |slice| Some(slice.rate));
        self.under(&mut frame);
        let subject = Sentence::default().foreign(&self.subject).spoken();
        Some(frame.finish(&format!("{subject}: requests a second over time")))
    }

    /// Only where there are any.
    fn errors(&self) -> Option<Markup> {
        let counted = |slice: &Slice| {
            #[expect(clippy::cast_precision_loss, reason = "errors of a run")]
            let errors = slice.errors as f64;
            errors
        };
        let axis = Axis::from_zero(self.slices().map(counted))?;
        let mut frame = Frame::new(axis, SMALL, &|value, _| units::count(value));
        self.draw(&mut frame, "", |slice| Some(counted(slice)));
        self.under(&mut frame);
        let subject = Sentence::default().foreign(&self.subject).spoken();
        Some(frame.finish(&format!("{subject}: errors in each slice over time")))
    }

    fn gauge(&self, gauge: &Gauge) -> Option<Markup> {
        let sides = gauge.sides();
        let values = sides.iter().flat_map(|(_, levels)| &levels.values);
        let axis = Axis::from_zero(values.map(|(_, value)| *value))?;
        let scale = gauge.scale();
        let mut frame = Frame::new(axis, SMALL, &|value, step| scale.tick(value, step).spoken());
        let time = self.time();
        for (name, levels) in sides {
            let places = levels.values.iter().map(|(start, value)| {
                let middle = start + levels.slice_s / 2.0;
                At::new(Across(time.share(middle)), frame.down(*value))
            });
            let places: Vec<At> = places.collect();
            if !places.is_empty() {
                frame.svg.path(&format!("path {name}"), &places);
            }
        }
        self.under(&mut frame);
        let subject = Sentence::default().foreign(&self.subject).spoken();
        let metric = gauge.title().spoken();
        Some(frame.finish(&format!("{subject}: {metric} over time")))
    }

    /// A line for each side, broken where nothing is known.
    fn draw(&self, frame: &mut Frame, more: &str, of: impl Fn(&Slice) -> Option<f64>) {
        let time = self.time();
        for (name, course) in self.sides() {
            let class = format!("path {name}{more}");
            let mut places: Vec<At> = Vec::new();
            let mut before = f64::NEG_INFINITY;
            for slice in &course.slices {
                // A slice that is missing had no request.
                let gap = slice.start - before > 1.5 * course.slice_s;
                let value = of(slice);
                if (gap || value.is_none()) && !places.is_empty() {
                    frame.svg.path(&class, &std::mem::take(&mut places));
                }
                before = slice.start;
                if let Some(value) = value {
                    let middle = slice.start + course.slice_s / 2.0;
                    places.push(At::new(Across(time.share(middle)), frame.down(value)));
                }
            }
            if !places.is_empty() {
                frame.svg.path(&class, &places);
            }
        }
    }

    /// The seconds under a picture.
    fn under(&self, frame: &mut Frame) {
        let end = self.end();
        frame.under(Across(0.0), "0 s");
        frame.under(Across(0.5), &seconds(end / 2.0));
        frame.under(Across(1.0), &seconds(end));
    }

    fn looks(&self) -> Table {
        let mut table = Table::new(&[
            Column::Words("metric"),
            Column::Words("side"),
            Column::Number("from"),
            Column::Number("value"),
        ]);
        for gauge in &self.gauges {
            let scale = gauge.scale();
            for (side, levels) in [("baseline", &gauge.baseline), ("now", &gauge.current)] {
                table
                    .rows
                    .extend(levels.values.iter().map(|(start, value)| {
                        vec![
                            gauge.title(),
                            Sentence::new(side),
                            Sentence::new(seconds(*start)),
                            scale.write(*value),
                        ]
                    }));
            }
        }
        table
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            Column::Words("side"),
            Column::Number("from"),
            Column::Number("p50"),
            Column::Number("p99"),
            Column::Number("requests a second"),
            Column::Number("errors"),
        ]);
        let scale = self.scale();
        let told = |value: Option<f64>| value.map_or_else(Sentence::default, |v| scale.write(v));
        let rates = Scale::of(&Unit::new(""), self.slices().map(|slice| slice.rate));
        for (side, course) in [("baseline", &self.baseline), ("now", &self.current)] {
            for slice in &course.slices {
                table.rows.push(vec![
                    Sentence::new(side),
                    Sentence::new(seconds(slice.start)),
                    told(slice.p50),
                    told(slice.p99),
                    rates.write(slice.rate),
                    Sentence::new(units::count(slice.errors)),
                ]);
            }
        }
        table
    }
}

/// `0.5 s`, `90 s`
fn seconds(seconds: f64) -> String {
    let text = format!("{seconds:.1}");
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
