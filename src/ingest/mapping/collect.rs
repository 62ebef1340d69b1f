//! What the rows of a file add up to: runs, subjects, metrics.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::cell::Cell;
use super::many::Many;
use super::plan::{At, BetterAt, NumbersAt, Plan, SubjectAt, ValueAt};
use super::{Mapping, misfit, usual_direction};
use crate::hint::WithHint;
use crate::ingest::records::shortened;
use crate::ingest::sheet::{Figure, Sheet, Spread, whole};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, MetricName, Quantile, Role, Run, Statistic, Unit};

/// Each may keep a thousand numbers.
const MOST_SERIES: usize = 20_000;
/// Each takes up to 150 KB.
const MOST_HISTOGRAMS: usize = 1000;
const MOST_RUNS: usize = 1000;
/// A plain number above this counts from 1970; below it could count from anything, in any unit.
const LEAST_EPOCH: f64 = 1e8;

/// The cells of a row with their names.
struct Cells<'r, 'm> {
    plan: &'r Plan<'m>,
    cells: &'r [Cell<'r>],
}

impl<'r> Cells<'r, '_> {
    fn at(&self, at: usize) -> Cell<'r> {
        self.cells.get(at).copied().unwrap_or(Cell::Empty)
    }

    fn column(&self, at: usize) -> String {
        let name = self.plan.needed.get(at).map(|need| need.name);
        format!("column `{}`", shortened(name.unwrap_or_default()))
    }

    fn empty<T>(&self, at: usize) -> anyhow::Result<T> {
        Err(anyhow!("{}: it is empty", self.column(at)))
            .hint("where some rows have no such value, say so in the mapping: optional = true")
    }

    fn text(&self, at: usize) -> anyhow::Result<Cow<'r, str>> {
        let text = self.at(at).text().with_context(|| self.column(at))?;
        match text {
            Some(text) => Ok(text),
            None => bail!("{}: it is empty", self.column(at)),
        }
    }

    fn named(&self, named: At<'r>) -> anyhow::Result<Cow<'r, str>> {
        match named {
            At::Text(text) => Ok(Cow::Borrowed(text)),
            At::Column(at) => self.text(at),
        }
    }

    fn number(&self, at: usize) -> anyhow::Result<Option<f64>> {
        self.at(at).number().with_context(|| self.column(at))
    }

    fn count(&self, at: usize) -> anyhow::Result<Option<u64>> {
        match self.number(at)? {
            None => Ok(None),
            Some(number) => match whole(number) {
                Some(n) => Ok(Some(n)),
                None => bail!("{}: {number} is no count", self.column(at)),
            },
        }
    }

    fn run(&self) -> anyhow::Result<Cow<'r, str>> {
        self.plan
            .run
            .map_or(Ok(Cow::Borrowed("")), |at| self.text(at))
    }

    /// In seconds, since 1970 or since any moment that all rows share.
    fn time(&self) -> anyhow::Result<Option<f64>> {
        let (Some(at), Some(time)) = (self.plan.time, &self.plan.mapping.time) else {
            return Ok(None);
        };
        let text = self.text(at)?;
        seconds(&text, time.seconds)
            .with_context(|| self.column(at))
            .map(Some)
    }
}

/// RFC 3339, or a number in the unit that the mapping names. Without one it counts from 1970, and its size tells the unit.
fn seconds(text: &str, unit: Option<f64>) -> anyhow::Result<f64> {
    if let Ok(number) = text.parse::<f64>() {
        if !number.is_finite() {
            bail!("`{}` is no time", shortened(text));
        }
        return match unit {
            Some(unit) => Ok(number * unit),
            None if number < LEAST_EPOCH => Err(anyhow!("{number} is a time of unknown unit"))
                .hint("name it in the mapping: time_unit = \"ms\""),
            None => Ok(number
                / match number {
                    n if n < 1e11 => 1.0,
                    n if n < 1e14 => 1e3,
                    n if n < 1e17 => 1e6,
                    _ => 1e9,
                }),
        };
    }
    let at: Result<jiff::Timestamp, _> = text.parse();
    match at {
        Ok(at) => Ok(at.as_duration().as_secs_f64()),
        Err(_) => Err(anyhow!("`{}` is no time", shortened(text))).hint(
            "a time is 2026-11-27T23:23:23Z, or a number of seconds or milliseconds since 1970",
        ),
    }
}

/// When the measuring of each run begins, its warm-up left out.
pub(super) struct Starts {
    warmup: Duration,
    first: HashMap<String, f64>,
}

impl Starts {
    pub(super) fn new(warmup: Duration) -> Self {
        Self {
            warmup,
            first: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, plan: &Plan<'_>, cells: &[Cell<'_>]) -> anyhow::Result<()> {
        let cells = Cells { plan, cells };
        let (run, time) = (cells.run()?, cells.time()?);
        let Some(time) = time else { return Ok(()) };
        if let Some(first) = self.first.get_mut(run.as_ref()) {
            *first = first.min(time);
        } else if self.first.len() < MOST_RUNS {
            self.first.insert(run.into_owned(), time);
        }
        Ok(())
    }

    fn leaves_out(&self, run: &str, time: f64) -> bool {
        let first = self.first.get(run);
        first.is_some_and(|first| time < first + self.warmup.as_secs_f64())
    }
}

#[derive(Default)]
struct OneRun {
    subjects: BTreeMap<String, Tally>,
    first: Option<f64>,
    last: Option<f64>,
    left_out: u64,
}

#[derive(Default)]
struct Tally {
    rows: u64,
    failed: u64,
    metrics: BTreeMap<String, Series>,
}

struct Series {
    unit: Unit,
    better: Better,
    seen: Seen,
}

enum Seen {
    Many(Many),
    /// What a row tells at once.
    Whole(Evidence),
}

/// The rows that were read so far.
pub(super) struct Collected<'p, 'm> {
    plan: &'p Plan<'m>,
    starts: Option<Starts>,
    /// In the order in which they first occur.
    runs: Vec<OneRun>,
    known: HashMap<String, usize>,
    series: usize,
    histograms: usize,
}

impl<'p, 'm> Collected<'p, 'm> {
    pub(super) fn new(plan: &'p Plan<'m>, starts: Option<Starts>) -> Self {
        Self {
            plan,
            starts,
            runs: Vec::new(),
            known: HashMap::new(),
            series: 0,
            histograms: 0,
        }
    }

    pub(super) fn add(&mut self, cells: &[Cell<'_>]) -> anyhow::Result<()> {
        let plan = self.plan;
        let cells = Cells { plan, cells };
        let time = cells.time()?;
        let run = self.run(&cells)?;
        let key = cells.run()?;
        let left_out = match (&self.starts, time) {
            (Some(starts), Some(time)) => starts.leaves_out(&key, time),
            _ => false,
        };
        let subject = subject(&cells)?;
        let failed = failed(&cells)?;
        let Some(one) = self.runs.get_mut(run) else {
            return Ok(());
        };
        if left_out {
            one.left_out += 1;
            return Ok(());
        }
        if let Some(time) = time {
            one.first = Some(one.first.map_or(time, |known| known.min(time)));
            one.last = Some(one.last.map_or(time, |known| known.max(time)));
        }
        if !one.subjects.contains_key(&subject) {
            self.series += 1;
        }
        let tally = one.subjects.entry(subject).or_default();
        tally.rows += 1;
        if failed {
            // What did not work took the time of something else.
            tally.failed += 1;
            return fits(self.series, self.histograms);
        }
        for value in &plan.values {
            let (new, grown) = tally.add(&cells, value, time.unwrap_or_default())?;
            self.series += usize::from(new);
            self.histograms += usize::from(grown);
        }
        fits(self.series, self.histograms)
    }

    fn run(&mut self, cells: &Cells<'_, '_>) -> anyhow::Result<usize> {
        let key = cells.run()?;
        if let Some(at) = self.known.get(key.as_ref()) {
            return Ok(*at);
        }
        if self.runs.len() >= MOST_RUNS {
            return Err(anyhow!("it holds more than {MOST_RUNS} runs"))
                .hint("`run` names the column that is the same in all rows of one run");
        }
        self.known.insert(key.into_owned(), self.runs.len());
        self.runs.push(OneRun::default());
        Ok(self.runs.len() - 1)
    }

    pub(super) fn runs(self, cut: bool) -> anyhow::Result<Vec<Run>> {
        let mapping = self.plan.mapping;
        let mut names: Vec<(String, usize)> = self.known.into_iter().collect();
        names.sort_by_key(|(_, at)| *at);
        let several = self.runs.len() > 1;
        let last = self.runs.len().saturating_sub(1);
        let each = self.runs.into_iter().zip(names).enumerate();
        each.map(|(at, (run, (name, _)))| {
            let run = run.finished(mapping, cut && at == last);
            match several {
                true => run.with_context(|| format!("run `{}`", shortened(&name))),
                false => run,
            }
        })
        .collect()
    }
}

fn fits(series: usize, histograms: usize) -> anyhow::Result<()> {
    const HINT: &str = "names that hold ids or search words are no subjects: choose a column that names what was measured";
    if series > MOST_SERIES {
        return Err(anyhow!("it holds more than {MOST_SERIES} series")).hint(HINT);
    }
    if histograms > MOST_HISTOGRAMS {
        return Err(anyhow!(
            "more than {MOST_HISTOGRAMS} of its series have more than a thousand rows"
        ))
        .hint(HINT);
    }
    Ok(())
}

fn subject(cells: &Cells<'_, '_>) -> anyhow::Result<String> {
    match &cells.plan.subject {
        SubjectAt::Text(text) => Ok((*text).to_owned()),
        SubjectAt::Columns(columns) => {
            let mut subject = String::new();
            for at in columns {
                if !subject.is_empty() {
                    subject.push(' ');
                }
                subject.push_str(&cells.text(*at)?);
            }
            Ok(subject)
        }
    }
}

fn failed(cells: &Cells<'_, '_>) -> anyhow::Result<bool> {
    let (Some(at), Some(success)) = (cells.plan.success, &cells.plan.mapping.success) else {
        return Ok(false);
    };
    let text = cells.at(at).text().with_context(|| cells.column(at))?;
    let text = text.unwrap_or_default();
    match &success.when {
        Some(words) => Ok(!words.iter().any(|word| *word == text)),
        None => match text.as_ref() {
            "true" => Ok(false),
            "false" => Ok(true),
            other => Err(anyhow!(
                "{}: `{}` is neither true nor false",
                cells.column(at),
                shortened(other)
            ))
            .hint("say in the mapping what success looks like: success_when = [\"200\", \"204\"]"),
        },
    }
}

impl Tally {
    /// Whether a series is new, and whether one has become a histogram.
    fn add(
        &mut self,
        cells: &Cells<'_, '_>,
        value: &ValueAt<'_>,
        time: f64,
    ) -> anyhow::Result<(bool, bool)> {
        let Some(read) = Numbers::of(cells, value)? else {
            return Ok((false, false));
        };
        let metric = cells.named(value.metric)?;
        let unit = Unit::new(&cells.named_or_none(value.unit)?);
        let better = better(cells, value, &metric, &unit)?;
        let mut new = false;
        let series = match self.metrics.get_mut(metric.as_ref()) {
            Some(series) => series,
            None => {
                new = true;
                self.metrics
                    .entry(metric.clone().into_owned())
                    .or_insert(Series {
                        unit: unit.clone(),
                        better,
                        seen: Seen::Many(Many::default()),
                    })
            }
        };
        if (&series.unit, series.better) != (&unit, better) {
            return Err(anyhow!(
                "{} is in `{}`, better {}, and in an earlier row in `{}`, better {}",
                shortened(&metric),
                shortened(unit.as_str()),
                better.as_str(),
                shortened(series.unit.as_str()),
                series.better.as_str()
            ))
            .hint("all rows of one subject and metric are in one unit");
        }
        match (read, &mut series.seen) {
            (Numbers::Column(at), Seen::Many(many)) => {
                let was = many.is_histogram();
                let cell = cells.at(at);
                cell.numbers(&mut |number| {
                    if number < 0.0 && is_never_negative(&metric) {
                        bail!("{number} is negative, and no {}", shortened(&metric));
                    }
                    many.add(time, number)
                })
                .with_context(|| cells.column(at))?;
                Ok((new, !was && many.is_histogram()))
            }
            (Numbers::Whole(evidence), seen @ Seen::Many(_)) if new => {
                *seen = Seen::Whole(evidence);
                Ok((new, false))
            }
            _ => Err(anyhow!(
                "it is the second row of one subject that sums up {}",
                shortened(&metric)
            ))
            .hint("where the file holds several runs, name the column that tells them apart: run = \"build\""),
        }
    }
}

fn is_never_negative(metric: &str) -> bool {
    matches!(
        metric,
        MetricName::LATENCY | MetricName::TIME | MetricName::THROUGHPUT
    )
}

impl<'r> Cells<'r, '_> {
    fn named_or_none(&self, named: At<'r>) -> anyhow::Result<Cow<'r, str>> {
        match named {
            At::Text(text) => Ok(Cow::Borrowed(text)),
            // A plain number has no unit.
            At::Column(at) => {
                let text = self.at(at).text().with_context(|| self.column(at))?;
                Ok(text.unwrap_or_default())
            }
        }
    }
}

/// What a row tells of a value.
enum Numbers {
    Column(usize),
    Whole(Evidence),
}

impl Numbers {
    /// None where an optional value is not there.
    fn of(cells: &Cells<'_, '_>, value: &ValueAt<'_>) -> anyhow::Result<Option<Self>> {
        let absent = |at: usize| match value.optional {
            true => Ok(None),
            false => cells.empty(at),
        };
        match &value.numbers {
            NumbersAt::Column(at) => {
                let count = cells.at(*at).numbers(&mut |_| Ok(()));
                match count.with_context(|| cells.column(*at))? {
                    0 => absent(*at),
                    _ => Ok(Some(Self::Column(*at))),
                }
            }
            NumbersAt::Share { count, of } => match (cells.count(*count)?, cells.count(*of)?) {
                (Some(count), Some(of)) => Ok(Some(Self::Whole(Evidence::proportion(count, of)?))),
                (None, _) => absent(*count),
                (_, None) => absent(*of),
            },
            NumbersAt::Quantiles { points, n } => {
                let Some(count) = cells.count(*n)? else {
                    return absent(*n);
                };
                if count == 0 {
                    bail!("{}: quantiles of no observation", cells.column(*n));
                }
                let mut spread = Spread {
                    n: count,
                    ..Spread::default()
                };
                for (statistic, at) in points {
                    let Some(number) = cells.number(*at)? else {
                        return absent(*at);
                    };
                    spread.put(*statistic, number);
                }
                let evidence = spread.evidence()?;
                if let At::Text(metric) = value.metric
                    && is_never_negative(metric)
                    && let Some(least) = evidence.smallest()
                    && least < 0.0
                {
                    bail!("{least} is negative, and no {metric}");
                }
                Ok(Some(Self::Whole(evidence)))
            }
        }
    }
}

impl Spread {
    fn put(&mut self, statistic: Statistic, value: f64) {
        let Moments { mean, min, max } = &mut self.moments;
        match statistic {
            Statistic::Quantile(Quantile::MAX) | Statistic::Max => *max = Some(value),
            Statistic::Quantile(quantile) => self.points.push((quantile.fraction(), value, 0.0)),
            Statistic::Mean => *mean = Some(value),
            Statistic::Min => *min = Some(value),
            Statistic::Value | Statistic::Rate => {}
        }
    }
}

fn better(
    cells: &Cells<'_, '_>,
    value: &ValueAt<'_>,
    metric: &str,
    unit: &Unit,
) -> anyhow::Result<Better> {
    let said = match value.better {
        BetterAt::Usual => None,
        BetterAt::Said(better) => Some(better),
        BetterAt::Column(at) => match cells.text(at)?.parse::<Better>() {
            Ok(better) => Some(better),
            Err(()) => bail!(
                "{}: `{}` is neither lower nor higher",
                cells.column(at),
                shortened(&cells.text(at)?)
            ),
        },
    };
    let is_share = matches!(value.numbers, NumbersAt::Share { .. });
    if metric == MetricName::ERRORS && !is_share {
        return Err(anyhow!("errors are counted, and not one number")).hint(
            "give them as `count` and `of`, or call the metric by another name, such as error_rate",
        );
    }
    if let Some(why) = misfit(metric, unit, said) {
        return Err(anyhow!("{why}")).hint("set `unit`, `unit_column` or `metric` of the mapping");
    }
    match said.or_else(|| usual_direction(metric, unit)) {
        Some(better) => Ok(better),
        None => Err(anyhow!(
            "nothing says whether {} in `{}` is better low or high",
            shortened(metric),
            shortened(unit.as_str())
        ))
        .hint("add better = \"lower\" or better_column to the value of the mapping"),
    }
}

impl OneRun {
    fn finished(self, mapping: &Mapping, cut: bool) -> anyhow::Result<Run> {
        let mut sheet = Sheet::new(&mapping.tool(), None);
        if self.subjects.is_empty() && self.left_out > 0 {
            bail!("all {} rows are of the warm-up", self.left_out);
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            sheet.lasted(last - first);
            if first > LEAST_EPOCH {
                sheet.started_ms(first * 1e3);
            }
        }
        if self.left_out > 0 {
            sheet.warn(format!(
                "{} rows of the warm-up are left out",
                self.left_out
            ));
        }
        if cut {
            sheet.warn("its last row is cut off: what wrote it was stopped");
            sheet.provenance().partial = true;
        }
        for (subject, tally) in self.subjects {
            tally.put(&subject, mapping, &mut sheet)?;
        }
        sheet.run()
    }
}

impl Tally {
    fn put(self, subject: &str, mapping: &Mapping, sheet: &mut Sheet) -> anyhow::Result<()> {
        if mapping.success.is_some() {
            let figure = Figure {
                subject,
                metric: MetricName::ERRORS,
                unit: Unit::none(),
                better: Better::Lower,
                role: Role::Outcome,
            };
            sheet.put(figure, Evidence::proportion(self.failed, self.rows))?;
        }
        if self.failed > 0 {
            sheet.warn(format!(
                "`{}` failed in {} of {} rows: their values are left out",
                shortened(subject),
                self.failed,
                self.rows
            ));
        }
        for (metric, series) in self.metrics {
            let evidence = match series.seen {
                Seen::Many(many) if many.is_empty() => continue,
                Seen::Many(many) => many.evidence(),
                Seen::Whole(evidence) => Ok(evidence),
            };
            let figure = Figure {
                subject,
                metric: &metric,
                unit: series.unit,
                better: series.better,
                role: Role::Outcome,
            };
            sheet.put(figure, Ok(evidence?))?;
        }
        Ok(())
    }
}
