//! A verdict as gauges that Prometheus collects, through the textfile collector or a push gateway: valid as Prometheus
//! text and as OpenMetrics at once, so no timestamps, units or exemplars, and `# EOF` last.
//!
//! Names and labels are a contract (`docs/prometheus.md`): what is added gets a new name.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt::Write;

use super::Document;
use super::entry::Entry;
use super::targets::{TargetState, Targets};
use super::trend;
use crate::compare::{BudgetState, OutcomeName};
use crate::model::Unit;
use crate::model::unit::Dimension;
use crate::text::{sanitize, shorten};
use crate::verdict::VerdictKind;

/// The most series of one verdict: each is a time series of its own in the database, which costs memory there. Those that
/// need a decision are written first.
const MOST_SERIES: usize = 500;
/// Characters of a name.
const LONGEST_LABEL: usize = 120;
const NANOSECONDS: f64 = 1e9;

pub(super) fn openmetrics(document: &Document) -> String {
    let gate = Labels::default().with("gate", document.gate.as_deref().unwrap_or_default());
    let mut families = of_gate(document, &gate);
    let kept = kept(document);
    families.push(left_out(document, kept.len(), &gate));
    families.extend(of_series(&kept, &gate));
    let mut out = String::new();
    for family in families {
        family.write(&mut out);
    }
    out.push_str("# EOF\n");
    out
}

/// One metric with its samples.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(String, f64)>,
}

impl Family {
    fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            samples: Vec::new(),
        }
    }

    /// What is unknown is absent, and never `NaN`.
    fn add(&mut self, labels: &Labels, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.samples.push((labels.written(), value));
        }
    }

    fn one(mut self, labels: &Labels, value: Option<f64>) -> Self {
        self.add(labels, value);
        self
    }

    fn write(&self, out: &mut String) {
        let Self {
            name,
            help,
            samples,
        } = self;
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
}

/// Names of ours, values of anybody.
#[derive(Clone, Debug, Default)]
struct Labels(Vec<(&'static str, String)>);

impl Labels {
    /// An empty label is left out: to Prometheus it is the same as none.
    fn with(&self, name: &'static str, value: &str) -> Self {
        let mut labels = self.clone();
        if !value.is_empty() {
            let value = shorten::middle(&sanitize::inline(value), LONGEST_LABEL);
            labels.0.push((name, value));
        }
        labels
    }

    fn written(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", sanitize::label(value)))
            .collect();
        format!("{{{}}}", pairs.join(","))
    }
}

fn of_gate(document: &Document, gate: &Labels) -> Vec<Family> {
    let mut verdict = Family::new("perfgate_verdict", "1 for the verdict of the gate, else 0.");
    for kind in VerdictKind::ALL {
        let is_it = f64::from(u8::from(kind == document.verdict));
        verdict.add(&gate.with("verdict", kind.as_str()), Some(is_it));
    }
    let exit = Family::new(
        "perfgate_exit_code",
        "0 passed, 1 failed, 2 nothing compared, 3 could not tell.",
    );
    let judged = Family::new(
        "perfgate_judged",
        "1, with what was judged and by which version of perfgate.",
    );
    let of = gate
        .with("version", &document.tool.version)
        .with("commit", document.current.commit.as_deref().unwrap_or(""))
        .with(
            "environment",
            document.environment.key.as_deref().unwrap_or(""),
        );
    let counts = &document.counts;
    let compared = Family::new(
        "perfgate_series_compared",
        "Gated series for which both sides were there and comparable.",
    );
    let mut by_outcome = Family::new("perfgate_series", "Gated series by their outcome.");
    for (outcome, number) in [
        (OutcomeName::Regressed, counts.regressed),
        (OutcomeName::Improved, counts.improved),
        (OutcomeName::Unchanged, counts.unchanged),
        (OutcomeName::Inconclusive, counts.inconclusive),
        (OutcomeName::Missing, counts.missing),
        (OutcomeName::New, counts.new),
        (OutcomeName::Incomparable, counts.incomparable),
    ] {
        by_outcome.add(&gate.with("outcome", outcome.as_str()), count(number));
    }
    let mut all = vec![
        verdict,
        exit.one(gate, Some(f64::from(document.exit_code))),
        judged.one(&of, Some(1.0)),
        compared.one(gate, count(counts.compared)),
        by_outcome,
    ];
    all.extend(of_sides(document, gate));
    all.push(of_targets(document, gate));
    all
}

fn of_sides(document: &Document, gate: &Labels) -> Vec<Family> {
    let baseline = document.baseline.as_ref();
    let current = &document.current;
    let mut runs = Family::new("perfgate_runs", "Runs of each side.");
    let mut partial = Family::new("perfgate_partial_runs", "Runs that were ended early.");
    for (side, number, ended) in [
        ("current", Some(current.runs), Some(current.partial)),
        (
            "baseline",
            baseline.map(|baseline| baseline.runs),
            baseline.map(|baseline| baseline.partial),
        ),
    ] {
        let labels = gate.with("side", side);
        runs.add(&labels, number.and_then(count));
        partial.add(&labels, ended.and_then(count));
    }
    let sessions = Family::new("perfgate_baseline_sessions", "Sessions of the baseline.");
    let newest = Family::new(
        "perfgate_baseline_newest_timestamp_seconds",
        "When the newest run of the baseline began, in seconds since 1970.",
    );
    let oldest = Family::new(
        "perfgate_baseline_oldest_timestamp_seconds",
        "When the oldest run of the baseline began, in seconds since 1970.",
    );
    vec![
        runs,
        partial,
        sessions.one(gate, baseline.and_then(|b| count(b.sessions))),
        newest.one(gate, baseline.and_then(|b| b.newest_at).map(seconds)),
        oldest.one(gate, baseline.and_then(|b| b.oldest_at).map(seconds)),
    ]
}

fn of_targets(document: &Document, gate: &Labels) -> Family {
    let targets = Targets::of(document);
    let mut budgets = Family::new("perfgate_budgets", "Budgets by what became of them.");
    for state in [
        TargetState::Met,
        TargetState::Warned,
        TargetState::Failed,
        TargetState::NotJudged,
    ] {
        let number = targets.rows.iter().filter(|row| row.state() == state);
        budgets.add(&gate.with("state", state.as_str()), count(number.count()));
    }
    budgets
}

/// Series that are gated or have a budget; where they are too many, what needs a decision before the rest.
fn kept(document: &Document) -> Vec<&Entry> {
    let mut kept: Vec<(usize, &Entry)> = document
        .comparisons
        .iter()
        .filter(|entry| is_judged(entry))
        .enumerate()
        .collect();
    kept.sort_by_key(|(_, entry)| Reverse(entry.standing));
    kept.truncate(MOST_SERIES);
    kept.sort_by_key(|(place, _)| *place);
    kept.into_iter().map(|(_, entry)| entry).collect()
}

fn is_judged(entry: &Entry) -> bool {
    entry.gated || !entry.budgets.is_empty()
}

fn left_out(document: &Document, kept: usize, gate: &Labels) -> Family {
    let all = document.comparisons.len();
    let judged = document.comparisons.iter().filter(|e| is_judged(e)).count();
    let mut family = Family::new(
        "perfgate_series_left_out",
        "Series that the verdict holds and this file does not.",
    );
    for (because, number) in [("informational", all - judged), ("too-many", judged - kept)] {
        family.add(&gate.with("because", because), count(number));
    }
    family
}

fn of_series(kept: &[&Entry], gate: &Labels) -> Vec<Family> {
    let mut current = Family::new("perfgate_series_current", "The value that was judged.");
    let mut baseline = Family::new(
        "perfgate_series_baseline",
        "The value that it was compared with.",
    );
    let mut limit = Family::new(
        "perfgate_series_limit",
        "The value beyond which it is too much.",
    );
    let mut change = Family::new(
        "perfgate_series_change",
        "Current over baseline, less one: 0.1 is 10 % more.",
    );
    let mut low = Family::new(
        "perfgate_series_change_low",
        "The lower end of the interval of the change.",
    );
    let mut high = Family::new(
        "perfgate_series_change_high",
        "The upper end of the interval of the change.",
    );
    let mut worse = Family::new(
        "perfgate_series_worse",
        "How much worse it is, whichever direction is better: 0.1 is 10 % worse.",
    );
    let mut tolerated = Family::new(
        "perfgate_series_tolerated",
        "How much worse is tolerated: 0.1 is 10 %.",
    );
    let mut outcome = Family::new(
        "perfgate_series_outcome",
        "1, with the outcome and what it leads to.",
    );
    let mut runs = Family::new(
        "perfgate_series_runs",
        "Runs of each side that hold the series.",
    );
    let mut allowed = Family::new("perfgate_budget_limit", "What a budget allows.");
    let mut met = Family::new(
        "perfgate_budget_met",
        "1 where a budget is met, 0 where it is broken.",
    );
    let mut names = Names::default();
    for entry in kept {
        let (unit, times, over) = base_unit(entry);
        let labels = names.labels(entry, unit, gate);
        let value = |value: f64| Some(value * times / over);
        let sides = [
            ("current", entry.current.as_ref()),
            ("baseline", entry.baseline.as_ref()),
        ];
        for (name, side) in sides {
            let runs_of = side.and_then(|side| count(side.runs));
            runs.add(&labels.with("side", name), runs_of);
        }
        current.add(&labels, entry.current.as_ref().and_then(|s| value(s.value)));
        baseline.add(
            &labels,
            entry.baseline.as_ref().and_then(|s| value(s.value)),
        );
        if entry.gated {
            limit.add(&labels, trend::limit(entry).and_then(value));
            tolerated.add(&labels, Some(entry.rule.max_regression));
        }
        let moved = entry.change;
        change.add(&labels, moved.map(|change| change.ratio - 1.0));
        low.add(&labels, moved.and_then(|c| c.low()).map(|low| low - 1.0));
        high.add(&labels, moved.and_then(|c| c.high()).map(|high| high - 1.0));
        worse.add(&labels, moved.map(|_| entry.towards_worse() - 1.0));
        let of = labels
            .with("outcome", entry.outcome.as_str())
            .with("severity", entry.severity.as_str());
        outcome.add(&of, Some(1.0));
        for check in &entry.budgets {
            let level = labels.with("level", check.level.as_str());
            for (bound, end) in [("least", check.least), ("most", check.most)] {
                allowed.add(&level.with("bound", bound), end.and_then(value));
            }
            met.add(
                &level,
                match check.state {
                    BudgetState::Held => Some(1.0),
                    BudgetState::Broken => Some(0.0),
                    BudgetState::NotJudged => None,
                },
            );
        }
    }
    vec![
        current, baseline, limit, change, low, high, worse, tolerated, outcome, runs, allowed, met,
    ]
}

/// Two names that differ only where nobody sees it, or in their middle, are still two series.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn labels(&mut self, entry: &Entry, unit: &str, gate: &Labels) -> Labels {
        let named = |subject: &str| {
            gate.with("workload", entry.workload.as_deref().unwrap_or_default())
                .with("subject", subject)
                .with("metric", &entry.metric)
                .with("statistic", &entry.statistic.to_string())
                .with("unit", unit)
        };
        let mut labels = named(&entry.subject);
        let shown = shorten::middle(&sanitize::inline(&entry.subject), LONGEST_LABEL / 2);
        for number in 2_usize.. {
            if self.0.insert(labels.written()) {
                break;
            }
            labels = named(&format!("{shown} #{number}"));
        }
        labels
    }
}

/// The unit that Prometheus asks for, and the two numbers that turn one of the series into it: dividing by a whole number
/// keeps decimal digits as they were.
fn base_unit(entry: &Entry) -> (&str, f64, f64) {
    if entry.is_rate() {
        return ("ratio", 1.0, 1.0);
    }
    match Unit::new(&entry.unit).dimension() {
        Dimension::Time(nanoseconds) => ("seconds", nanoseconds, NANOSECONDS),
        Dimension::Bytes(bytes) => ("bytes", bytes, 1.0),
        Dimension::Other => (&entry.unit, 1.0, 1.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 runs")]
fn count(n: usize) -> Option<f64> {
    Some(n as f64)
}

/// To the second, which is precise enough for the time of a verdict.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of any year are far below 2^53"
)]
fn seconds(time: jiff::Timestamp) -> f64 {
    time.as_second() as f64
}
