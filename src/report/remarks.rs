//! Sentences about the whole gate: what it could not have seen, what it assumed, where it comes from.

use super::entry::Entry;
use crate::compare::{Assumption, Cause};
use crate::verdict::Standing;
use std::collections::BTreeMap;

use super::base_rules::BaseRules;
use super::context::BaselineSource;
use super::control;
use super::document::Document;
use super::sentence::Sentence;
use super::unit_jump;
use super::units::{self, plural};
use super::unjudged;
use crate::model::Statistic;
use crate::stats::spread;

/// A reader takes in this many remarks.
const MOST: usize = 20;

/// `21 series show no sign of a change; at one run a side this gate sees changes above 23 %`
pub(super) fn no_signal(weak: &[&Entry]) -> String {
    let count = plural(weak.len(), "series shows", "series show");
    let words = format!("{count} no sign of a change");
    let mut sizes: Vec<f64> = weak.iter().filter_map(|e| e.detectable).collect();
    sizes.sort_by(f64::total_cmp);
    let (Some(largest), Some(median)) = (sizes.last(), sizes.get(sizes.len() / 2)) else {
        return words;
    };
    let sees = if *largest > 2.0 * median {
        format!(
            "changes above {} in half of them and above {} in all",
            units::coarse(*median),
            units::coarse(*largest)
        )
    } else {
        format!("changes above {}", units::coarse(*largest))
    };
    let runs = weak.iter().filter_map(|e| e.runs_needed).max();
    let needed = if weak.iter().any(|e| e.one_session_needed) {
        "; what sessions differ by hides the limit: measure both sides in one session".to_owned()
    } else {
        runs.map_or_else(String::new, |n| {
            format!(
                "; about {} runs a side would show the limit",
                units::count(n)
            )
        })
    };
    format!("{words}; {} this gate sees {sees}{needed}", evidence(weak))
}

/// `at one run a side`, `at 20 baseline runs and 1 current`
fn evidence(entries: &[&Entry]) -> String {
    let mut sides = entries
        .iter()
        .filter_map(|e| Some((e.baseline.as_ref()?.runs, e.current.as_ref()?.runs)));
    let Some(first) = sides.next() else {
        return "with this evidence".to_owned();
    };
    if sides.any(|side| side != first) {
        return "with this evidence".to_owned();
    }
    match first {
        (1, 1) => "at one run a side".to_owned(),
        (a, b) if a == b => format!("at {a} runs a side"),
        (a, b) => format!(
            "at {} and {b} current",
            plural(a, "baseline run", "baseline runs")
        ),
    }
}

/// What the reader should know beside the rows.
pub(super) struct Remark {
    pub(super) text: Sentence,
    /// The reader cannot act on it.
    pub(super) is_background: bool,
}

/// What the reader should know beside the rows.
pub(super) fn remarks(document: &Document) -> Vec<Remark> {
    let pressing = |text| Remark {
        text,
        is_background: false,
    };
    let background = |text| Remark {
        text,
        is_background: true,
    };
    let mut remarks: Vec<Remark> = Vec::new();
    let base_rules = document.base_rules.as_ref().and_then(BaseRules::remark);
    remarks.extend(base_rules.map(pressing));
    remarks.extend(control::remarks(document).into_iter().map(pressing));
    remarks.extend(unjudged::remarks(document).into_iter().map(pressing));
    remarks.extend(unit_jump::remark(document).map(pressing));
    remarks.extend(assumptions(document).into_iter().map(pressing));
    remarks.extend(single_runs(document).map(pressing));
    remarks.extend(too_few(document).into_iter().map(background));
    let unmatched = document.policy.unmatched.iter().map(|rule| {
        let remark = Sentence::default()
            .foreign(&rule.pattern)
            .own(" (")
            .foreign(&rule.from)
            .own(") matches no series");
        match &rule.nearest {
            Some(nearest) => remark.own("; the nearest is ").foreign(nearest),
            None => remark,
        }
    });
    remarks.extend(unmatched.map(pressing));
    let unused = document.policy.unused_acceptances.iter().map(|unused| {
        let why = if unused.expired {
            format!(" expired on {}", unused.until)
        } else {
            " is not needed any more".to_owned()
        };
        Sentence::new("the accepted regression of ")
            .foreign(&format!("{} {}", unused.subject, unused.metric))
            .own(" (")
            .foreign(&unused.from)
            .own(")")
            .own(why)
    });
    remarks.extend(unused.map(pressing));
    let differences = document.environment.differences.iter().map(|d| {
        Sentence::default()
            .foreign(&d.name)
            .own(" differs: ")
            .foreign(&d.baseline)
            .own(" in the baseline, ")
            .foreign(&d.current)
            .own(" now")
    });
    remarks.extend(differences.map(background));
    let sessions_assumed = |a: &Assumption| matches!(a, Assumption::SessionSpread { .. });
    let assumed = document
        .comparisons
        .iter()
        .any(|e| e.gated && e.assumed.iter().any(sessions_assumed));
    let apart = !document.interleaved && document.counts.compared > 0;
    if apart && !assumed {
        remarks.push(background(Sentence::new(
            "the sides were measured in different sessions, and the difference between sessions counts as noise",
        )));
    }
    remarks.extend(settings(document).map(background));
    let spent = document.spent.as_ref();
    remarks.extend(spent.map(|spent| background(Sentence::new(spent.remark()))));
    let notes = document.notes.iter().map(|note| Sentence::quoted(note));
    remarks.extend(notes.map(pressing));
    let more = remarks.len().saturating_sub(MOST);
    remarks.truncate(MOST);
    if more > 0 {
        remarks.push(pressing(Sentence::new(format!(
            "{} in the JSON document",
            plural(more, "more remark", "more remarks")
        ))));
    }
    remarks
}

/// From so many runs a side on their spread is told.
const RUNS_TO_DIFFER: usize = 3;

/// By how much the runs of one side differ, over the gated series: `0.9 % to 2.1 %`.
pub(super) fn runs_differ(document: &Document) -> Option<String> {
    let gated = document
        .comparisons
        .iter()
        .filter(|e| e.gated && !e.is_rate());
    let mut spreads: Vec<f64> = gated
        .filter_map(|e| {
            let sides = [e.baseline.as_ref()?, e.current.as_ref()?];
            let enough = sides.iter().all(|side| side.values.len() >= RUNS_TO_DIFFER);
            let [base, now] = sides.map(|side| spread::relative_variance(&side.values));
            let (base, now) = (base?, now?);
            enough.then(|| ((base + now) / 2.0).sqrt())
        })
        .collect();
    spreads.sort_by(f64::total_cmp);
    let (low, high) = (spreads.first()?, spreads.last()?);
    let (low, high) = (units::coarse(*low), units::coarse(*high));
    Some(if low == high {
        low
    } else {
        format!("{low} to {high}")
    })
}

/// `baseline = main.json (--baseline), max_regression = 10% (perfgate.toml:14)`
fn settings(document: &Document) -> Option<Sentence> {
    let mut all = document.policy.settings.iter();
    let one = |setting: &super::context::Setting| {
        Sentence::default()
            .foreign(&format!("{} = {}", setting.name, setting.value))
            .own(" (")
            .foreign(&setting.from)
            .own(")")
    };
    let first = Sentence::new("set: ").then(one(all.next()?));
    Some(all.fold(first, |said, setting| said.own(", ").then(one(setting))))
}

/// `p99 of 3 series is not gated: it needs 1,000 observations, there are 37 to 210`
fn too_few(document: &Document) -> Vec<Sentence> {
    let mut found: BTreeMap<(Statistic, u64), Vec<u64>> = BTreeMap::new();
    for entry in document.comparisons.iter().filter(|e| !e.gated) {
        if let Some(Cause::TooFewObservations { have, need }) = entry.cause {
            found.entry((entry.statistic, need)).or_default().push(have);
        }
    }
    // No number of observations carries a maximum, and nobody expects it to be gated.
    found.retain(|(_, need), _| *need < u64::MAX);
    let line = |((statistic, need), have): ((Statistic, u64), Vec<u64>)| {
        let (least, most) = (have.iter().min()?, have.iter().max()?);
        let there = if least == most {
            units::count(least)
        } else {
            format!("{} to {}", units::count(least), units::count(most))
        };
        Some(Sentence::new(format!(
            "{statistic} of {} is not gated: it needs {} observations, there are {there}",
            plural(have.len(), "series", "series"),
            units::count(need),
        )))
    };
    found.into_iter().filter_map(line).collect()
}

/// `assumed 5 % between sessions (the baseline has too few to measure it): this gate finds changes above 14 %`
fn assumptions(document: &Document) -> Vec<Sentence> {
    let (mut runs, mut sessions) = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    for entry in document.comparisons.iter().filter(|e| e.gated) {
        for assumed in &entry.assumed {
            match assumed {
                Assumption::RunSpread { spread } => runs.push(*spread),
                Assumption::SessionSpread { spread } => {
                    sessions.push(*spread);
                    found.extend(entry.detectable);
                }
            }
        }
    }
    let range = |spreads: &[f64]| {
        let low = spreads.iter().copied().reduce(f64::min)?;
        let high = spreads.iter().copied().reduce(f64::max)?;
        let (low, high) = (units::limit(low), units::limit(high));
        Some(if low == high {
            low
        } else {
            format!("{low} to {high}")
        })
    };
    let runs = range(&runs).map(|spread| {
        format!("assumed {spread} between runs of one build (too few runs to measure it)")
    });
    let sessions = range(&sessions).map(|spread| {
        let what = format!("assumed {spread} between sessions (the baseline has too few to measure it)");
        found.sort_by(f64::total_cmp);
        match found.get(found.len() / 2) {
            Some(size) => format!(
                "{what}: this gate finds changes above about {}; both sides in one session would show smaller ones",
                units::coarse(*size)
            ),
            None => what,
        }
    });
    runs.into_iter()
        .chain(sessions)
        .map(Sentence::new)
        .collect()
}

/// Of a hundred gates of ten series over unchanged code, so many alarm where one run a side is held against a fixed
/// limit: 120 gates of recorded runs of the Go project's and SAP HANA's benchmarks.
const ALARMS_OF_FIXED_LIMITS: [(f64, u32); 5] =
    [(0.025, 74), (0.05, 62), (0.10, 33), (0.20, 10), (0.50, 6)];

/// Why a possible change of single runs is no more than that, and what else there is to do.
fn single_runs(document: &Document) -> Option<Sentence> {
    let single = |e: &&Entry| {
        let one = |side: &Option<crate::compare::Side>| side.as_ref().is_some_and(|s| s.runs == 1);
        e.standing == Standing::Possible && one(&e.baseline) && one(&e.current)
    };
    let entry = document.comparisons.iter().find(single)?;
    let limit = entry.rule.max_regression;
    let nearest = |(fixed, _): &&(f64, u32)| (fixed / limit).ln().abs();
    let (fixed, alarms) = ALARMS_OF_FIXED_LIMITS
        .iter()
        .min_by(|a, b| nearest(a).total_cmp(&nearest(b)))?;
    Some(Sentence::new(format!(
        "one run a side does not show how much runs differ, so what looks worse is possible and not certain. \
         Five runs a side would find +5 % in four of five cases where runs differ by 1 to 2 %. \
         `decide = \"limit\"` would fail here, and fails about {alarms} of 100 unchanged gates of ten series at a limit of {}",
        units::limit(*fixed)
    )))
}

/// `5 runs of 9bd0e4 against 5 runs of 3f2a1c (baselines/main.json, newest of 2026-11-20)`, and of several sessions
/// `against 60 runs of 12 sessions up to 3f2a1c`: the commit is that of the newest run.
pub(super) fn sides(document: &Document) -> Sentence {
    let side = |runs: usize, sessions: usize, commit: &Option<String>| {
        let mut side = Sentence::new(plural(runs, "run", "runs"));
        let mut joins = " of ";
        if sessions > 1 {
            side = side.own(format!(" of {} sessions", units::count(sessions)));
            joins = " up to ";
        }
        match commit {
            Some(commit) => side.own(joins).foreign(&short(commit)),
            None => side,
        }
    };
    let current = side(document.current.runs, 1, &document.current.commit);
    let Some(baseline) = &document.baseline else {
        return current;
    };
    current
        .own(" against ")
        .then(side(baseline.runs, baseline.sessions, &baseline.commit))
        .own(" (")
        .foreign(&baseline.path)
        .then(dated(baseline))
        .own(")")
}

fn dated(baseline: &BaselineSource) -> Sentence {
    match baseline.newest_at {
        Some(at) => {
            let at = at.to_string();
            let day = at.split_once('T').map_or(at.as_str(), |(day, _)| day);
            Sentence::new(format!(", newest of {day}"))
        }
        None => Sentence::default(),
    }
}

/// A commit as people write it; anything else stays whole.
pub(super) fn short(commit: &str) -> String {
    if commit.len() > 12 && commit.chars().all(|c| c.is_ascii_hexdigit()) {
        commit.chars().take(9).collect()
    } else {
        commit.to_owned()
    }
}

/// Which machine, which rules, which perfgate.
pub(super) fn origin(document: &Document) -> Sentence {
    let mut parts = Vec::new();
    if let Some(key) = &document.environment.key {
        parts.push(Sentence::default().foreign(key));
    }
    parts.push(match &document.policy.config {
        Some(config) => Sentence::new("rules of ").foreign(config),
        None => Sentence::new("default rules"),
    });
    if document.family > 1 {
        parts.push(Sentence::new(format!(
            "one error allowance for {} series",
            units::count(document.family)
        )));
    }
    parts.push(Sentence::new("perfgate ").then(version(&document.tool.version)));
    Sentence::join(parts, ", ")
}

fn version(version: &str) -> Sentence {
    let plain = version.len() <= 20 && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain {
        Sentence::new(version.to_owned())
    } else {
        Sentence::default().foreign(version)
    }
}

/// What the next command is for.
pub(super) fn next_step(document: &Document) -> &'static str {
    let weak = document.comparisons.iter().any(|e| {
        matches!(
            e.standing,
            Standing::NoSignal | Standing::Possible | Standing::Blind
        )
    });
    if weak { "see more" } else { "next" }
}

/// What to type next, with what it is for.
pub(super) fn commands(document: &Document) -> Vec<(&'static str, &str)> {
    let commands = &document.commands;
    [
        (next_step(document), &commands.next),
        ("settle", &commands.settle),
        ("repeat", &commands.repeat),
        ("explain", &commands.explain),
    ]
    .into_iter()
    .filter_map(|(name, command)| command.as_deref().map(|command| (name, command)))
    .collect()
}
