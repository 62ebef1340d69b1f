//! A run for the person who measured it: what to doubt first, then subject by subject, then the generator, what was
//! watched and what failed.

mod shape;

use std::collections::BTreeMap;

use crate::cli::commands::run::columns::listed;
use crate::load::FailureReason;
use crate::load::http::FailureKind;
use crate::model::run::Metrics;
use crate::model::{Evidence, MetricName, Quantile, Run, Statistic, Subject, Unit};
use crate::report::{Style, figures};
use crate::stats::reading;
use crate::text::columns::{Columns, plain};
use crate::text::{sanitize, shorten};

/// Where nothing says how wide it is.
const WIDTH: usize = 100;
/// The generator itself as a subject, alone or behind the name of a level.
/// A name shorter than this tells nothing.
const LEAST_NAME: usize = 12;
const GENERATOR: &str = "generator";
const TOTAL: &str = "total";
/// The most kinds of failure that are listed.
const REASONS: usize = 12;
/// A sentence longer than this tells no more.
const SENTENCE: usize = 160;

/// What is summed up.
pub(crate) struct Summary<'a> {
    pub(crate) run: &'a Run,
    /// Sentence by sentence; empty where only the run is known.
    pub(crate) failures: &'a [FailureReason],
    /// In which order subjects stand; others behind them, as people number things.
    pub(crate) order: &'a [Subject],
    pub(crate) file: String,
    /// What to type next.
    pub(crate) next: Option<String>,
    pub(crate) style: Style,
}

impl Summary<'_> {
    pub(crate) fn text(&self) -> String {
        let mut text = self.banner();
        text.push_str(&self.head());
        text.push_str(&self.table());
        text.push_str(&shape::shape(self.run, &self.style, self.room()));
        text.push_str(&self.beside());
        text.push_str(&self.failed());
        for warning in &self.run.warnings {
            text.push_str(&format!("warning: {}\n", sanitize::line(warning)));
        }
        text.push_str(&format!("run: {}\n", sanitize::line(&self.file)));
        if let Some(next) = &self.next {
            text.push_str(&format!("next: {}\n", sanitize::line(next)));
        }
        if self.style.ascii {
            return figures::ascii(&text);
        }
        text
    }

    fn room(&self) -> usize {
        self.style.width.unwrap_or(WIDTH)
    }

    /// Nobody may take what follows for more than it is.
    fn banner(&self) -> String {
        let from = &self.run.provenance;
        let invalid = from.invalid.as_ref().map(|why| {
            let word = self.painted("INVALID", "31");
            format!("{word}  {}\n", sanitize::line(why))
        });
        let partial = from.partial.then(|| {
            let word = self.painted("PARTIAL", "33");
            let after = from.duration_s.map_or_else(String::new, |seconds| {
                format!(" after {}", quantity(seconds, "s"))
            });
            format!("{word}  it was ended early{after}: less was measured than was asked for\n")
        });
        invalid.unwrap_or_default() + &partial.unwrap_or_default()
    }

    fn painted(&self, word: &str, color: &str) -> String {
        if self.style.color {
            format!("\x1b[1;{color}m{word}\x1b[0m")
        } else {
            word.to_owned()
        }
    }

    /// `shop: 30.0 s measured`
    fn head(&self) -> String {
        let from = &self.run.provenance;
        let name = from.scenario.as_deref().map(sanitize::line);
        let time = from
            .duration_s
            .map(|seconds| format!("{} measured", quantity(seconds, "s")));
        let parts: Vec<String> = name.into_iter().chain(time).collect();
        if parts.is_empty() {
            return String::new();
        }
        format!("{}\n\n", parts.join(": "))
    }

    fn table(&self) -> String {
        let mut rows: Vec<[String; 8]> = self
            .subjects()
            .into_iter()
            .filter(|(_, metrics)| is_loaded(metrics))
            .flat_map(|(subject, metrics)| {
                let row = self.row(subject.as_str(), metrics);
                [row].into_iter().chain(events(metrics))
            })
            .collect();
        if rows.is_empty() && self.is_watch() {
            return String::new();
        }
        if rows.is_empty() {
            return "nothing was measured\n\n".to_owned();
        }
        let heads = [
            "subject", "requests", "rate", "errors", "p50", "p95", "p99", "max",
        ];
        rows.insert(0, heads.map(str::to_owned));
        let columns = Columns::of_numbers(shorten::end_to_width);
        let fitted = columns.fitted(rows.iter().map(|row| row.each_ref()));
        let fitted = fitted.within(self.room(), &[0], LEAST_NAME);
        let lines = rows
            .iter()
            .map(|row| fitted.line(row.each_ref(), plain) + "\n");
        lines.collect::<String>() + "\n"
    }

    /// Without a load, what was watched is all that there is.
    fn is_watch(&self) -> bool {
        let mut subjects = self.run.subjects.keys();
        !self.run.subjects.is_empty() && !subjects.any(|subject| is_generator(subject.as_str()))
    }

    fn subjects(&self) -> Vec<(&Subject, &Metrics)> {
        let mut subjects: Vec<_> = self.run.subjects.iter().collect();
        let place = |subject: &Subject| {
            let place = self.order.iter().position(|known| known == subject);
            place.unwrap_or(self.order.len())
        };
        // `total` behind what it sums up, where nobody says.
        let is_total = |subject: &Subject| subject.as_str() == TOTAL;
        subjects.sort_by(|(a, _), (b, _)| {
            (place(a), is_total(a))
                .cmp(&(place(b), is_total(b)))
                .then_with(|| natural(a.as_str(), b.as_str()))
        });
        subjects
    }

    fn row(&self, subject: &str, metrics: &Metrics) -> [String; 8] {
        let errors = match evidence(metrics, MetricName::ERRORS) {
            Some(Evidence::Proportion(share)) => Some(*share),
            _ => None,
        };
        let latency = evidence(metrics, MetricName::LATENCY);
        let counted = errors.map(|share| share.of());
        let requests = counted.or_else(|| latency.and_then(Evidence::observations));
        let time = |statistic| {
            let unit = metrics.get(MetricName::LATENCY).map(|m| m.unit.clone());
            let read = reading::read(latency?, statistic)?;
            Some(figures::quantity(read.value, &unit?))
        };
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            sanitize::line(subject),
            or_dash(requests.map(figures::count)),
            or_dash(rate(metrics)),
            or_dash(errors.map(|share| match share.count() {
                0 => "0".to_owned(),
                n => format!("{} ({})", figures::count(n), figures::share(share.rate())),
            })),
            or_dash(time(Statistic::Quantile(Quantile::P50))),
            or_dash(time(Statistic::Quantile(Quantile::P95))),
            or_dash(time(Statistic::Quantile(Quantile::P99))),
            or_dash(time(Statistic::Max)),
        ]
    }

    /// The generator and what was watched, a line each.
    fn beside(&self) -> String {
        let mut text = String::new();
        for (subject, metrics) in self.subjects() {
            if is_loaded(metrics) {
                continue;
            }
            let parts = if is_generator(subject.as_str()) {
                generator(metrics)
            } else {
                metrics
                    .iter()
                    .filter_map(|(name, _)| said(metrics, name.as_str()))
                    .collect()
            };
            if !parts.is_empty() {
                text.push_str(&listed(
                    &sanitize::line(subject.as_str()),
                    &parts,
                    self.room(),
                ));
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    fn failed(&self) -> String {
        let mut rows: Vec<String> = self.failures.iter().take(REASONS).map(reason).collect();
        let left = self.failures.iter().skip(REASONS).map(|one| one.count);
        let left: u64 = left.sum();
        if left > 0 {
            rows.push(format!("failed: {} in other ways\n", figures::count(left)));
        }
        if rows.is_empty() {
            rows = by_kind(self.run)
                .into_iter()
                .map(|(kind, n)| {
                    format!(
                        "failed: {} by {}\n",
                        figures::count(n),
                        sanitize::line(kind)
                    )
                })
                .collect();
        }
        if !rows.is_empty() {
            rows.push("\n".to_owned());
        }
        rows.concat()
    }
}

/// `failed: 12 of GET /items by timeout: no answer within 5 s`, and what the service said.
fn reason(reason: &FailureReason) -> String {
    let what = shorten::end_to_width(&sanitize::line(&reason.what), SENTENCE);
    let colon = if what.is_empty() { "" } else { ": " };
    let (count, subject) = (
        figures::count(reason.count),
        sanitize::line(reason.subject.as_str()),
    );
    let said = reason.example.as_deref().map_or_else(String::new, |said| {
        format!(
            "\n        {}",
            shorten::end_to_width(&sanitize::line(said), SENTENCE)
        )
    });
    match reason.kind {
        FailureKind::Local => {
            format!(
                "not sent: {count} of {subject}, as this machine could not{colon}{what}{said}\n"
            )
        }
        kind => {
            let kind = kind.as_str();
            format!("failed: {count} of {subject} by {kind}{colon}{what}{said}\n")
        }
    }
}

/// `users=10` before `users=50` before `users=100`.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let parts = |text: &str| -> Vec<(Option<u64>, String)> {
        let mut parts: Vec<(Option<u64>, String)> = Vec::new();
        for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
            let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            parts.push((digits.parse().ok(), part.to_owned()));
        }
        parts
    };
    parts(a).cmp(&parts(b))
}

/// Below a subject whose answers are streams: when their events came.
fn events(metrics: &Metrics) -> impl Iterator<Item = [String; 8]> {
    let rows = [
        ("  first event", MetricName::FIRST_EVENT),
        ("  between events", MetricName::BETWEEN_EVENTS),
    ];
    rows.into_iter().filter_map(|(name, metric)| {
        let measured = metrics.get(metric)?;
        let time = |statistic| {
            let read = reading::read(&measured.evidence, statistic)?;
            Some(figures::quantity(read.value, &measured.unit))
        };
        let quantile = |q| time(Statistic::Quantile(q)).unwrap_or_else(|| "-".to_owned());
        Some([
            name.to_owned(),
            String::new(),
            String::new(),
            String::new(),
            quantile(Quantile::P50),
            quantile(Quantile::P95),
            quantile(Quantile::P99),
            time(Statistic::Max).unwrap_or_else(|| "-".to_owned()),
        ])
    })
}

fn quantity(value: f64, unit: &str) -> String {
    figures::quantity(value, &Unit::new(unit))
}

fn evidence<'m>(metrics: &'m Metrics, name: &str) -> Option<&'m Evidence> {
    metrics.get(name).map(|measured| &measured.evidence)
}

/// A subject that requests were sent to.
fn is_loaded(metrics: &Metrics) -> bool {
    metrics.contains_key(MetricName::LATENCY) || metrics.contains_key(MetricName::ERRORS)
}

fn is_generator(subject: &str) -> bool {
    let before = subject.strip_suffix(GENERATOR);
    before.is_some_and(|level| level.is_empty() || level.ends_with(' '))
}

fn rate(metrics: &Metrics) -> Option<String> {
    let throughput = metrics.get(MetricName::THROUGHPUT)?;
    let read = reading::read(&throughput.evidence, Statistic::Value)?;
    let (value, unit) = (read.value, throughput.unit.as_str());
    Some(match unit {
        "req/s" => quantity(value, "") + "/s",
        unit => quantity(value, unit),
    })
}

/// Its lag and its own load always, what went wrong with it where it did.
fn generator(metrics: &Metrics) -> Vec<String> {
    let mut parts = Vec::new();
    for name in ["lag", "cpu"] {
        parts.extend(said(metrics, name));
    }
    for name in [
        "checking",
        "late",
        "dropped",
        "unfinished",
        "unable",
        "resent",
    ] {
        let value = evidence(metrics, name).and_then(|e| reading::read(e, Statistic::Value));
        if value.is_some_and(|read| read.value > 0.0) {
            parts.extend(said(metrics, name));
        }
    }
    parts
}

/// `rss 64.2 MiB`, `lag p50 12.0 µs p99 110 µs`.
fn said(metrics: &Metrics, name: &str) -> Option<String> {
    let measured = metrics.get(name)?;
    let read = |statistic| reading::read(&measured.evidence, statistic);
    let shown = |value| figures::quantity(value, &measured.unit);
    let text = if let Some(one) = read(Statistic::Value) {
        shown(one.value)
    } else if let Some(rate) = read(Statistic::Rate) {
        figures::share(rate.value)
    } else {
        let (p50, p99) = (Quantile::P50, Quantile::P99);
        let p50 = read(Statistic::Quantile(p50))?;
        let p99 = read(Statistic::Quantile(p99));
        let p99 = p99.map_or_else(String::new, |p99| format!(" p99 {}", shown(p99.value)));
        format!("p50 {}{p99}", shown(p50.value))
    };
    Some(format!("{} {text}", sanitize::line(name)))
}

/// How many of each kind failed, where only the run is left to say so; totals would count twice.
fn by_kind(run: &Run) -> BTreeMap<&str, u64> {
    let mut kinds = BTreeMap::new();
    for metrics in run.subjects.values() {
        for (name, measured) in metrics {
            let is_total = evidence(metrics, MetricName::ERRORS).is_some()
                && metrics
                    .get(MetricName::ERRORS)
                    .is_some_and(|errors| errors.role == crate::model::Role::Total);
            if let (Some(kind), Evidence::Proportion(share), false) = (
                name.as_str().strip_prefix("errors_"),
                &measured.evidence,
                is_total,
            ) {
                *kinds.entry(kind).or_default() += share.count();
            }
        }
    }
    kinds.retain(|_, count| *count > 0);
    kinds
}

#[cfg(test)]
mod tests;
