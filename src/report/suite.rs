//! The tests of a gate, one line each: what was asked for, what came of it, and how its series were judged.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Style;
use super::sentence::Sentence;
use super::tone::Tone;
use super::units::{self, Scale, plural};
use crate::compare::{Judgement, Policy};
use crate::model::Unit;
use crate::text::columns::Columns;
use crate::text::{sanitize, shorten};
use crate::verdict::{self, VerdictKind};

/// One test of several: a workload whose source has a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub name: String,
    /// What was asked of the load tool, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub load: BTreeMap<String, String>,
    /// What its series alone lead to.
    pub status: VerdictKind,
    pub runs: usize,
    /// The mean response time of all its requests; like the others the mean over its runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<Figure>,
    /// The share of requests that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub errors: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Figure>,
}

/// A number in its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    pub value: f64,
    pub unit: String,
}

impl From<&crate::compare::Figure> for Figure {
    fn from(figure: &crate::compare::Figure) -> Self {
        Self {
            value: figure.value,
            unit: figure.unit.to_string(),
        }
    }
}

/// Of all workloads, where at least two have names of their own; else there is nothing to tell apart.
pub(super) fn tests(judgement: &Judgement, policy: &Policy) -> Vec<Test> {
    let named = || {
        judgement
            .workloads
            .iter()
            .filter_map(|w| w.key.source.as_ref())
    };
    let several = named().any(|name| named().next() != Some(name));
    if !several {
        return Vec::new();
    }
    let workloads = judgement.workloads.iter().enumerate();
    workloads
        .map(|(index, judged)| {
            let alone = |name: &&String| named().filter(|other| other == name).count() == 1;
            let own = judged.key.source.as_ref().filter(alone);
            let terms = judged.key.load.terms.iter();
            Test {
                name: own.unwrap_or(&judged.label).clone(),
                load: terms
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
                status: verdict::of_workload(judgement, index, policy),
                runs: judged.runs,
                mean: judged.totals.mean.as_ref().map(Figure::from),
                p95: judged.totals.p95.as_ref().map(Figure::from),
                errors: judged.totals.errors,
                throughput: judged.totals.throughput.as_ref().map(Figure::from),
            }
        })
        .collect()
}

/// The numbers of a test as they are read; empty where the results do not tell.
pub(super) struct Shown {
    pub(super) mean: Option<Sentence>,
    pub(super) p95: Option<Sentence>,
    pub(super) errors: Option<Sentence>,
    pub(super) throughput: Option<Sentence>,
}

impl Test {
    pub(super) fn shown(&self) -> Shown {
        let figure = |figure: &Option<Figure>| {
            let figure = figure.as_ref()?;
            Some(Scale::of(&Unit::new(&figure.unit), [figure.value]).write(figure.value))
        };
        Shown {
            mean: figure(&self.mean),
            p95: figure(&self.p95),
            errors: self.errors.map(|errors| Scale::share().write(errors)),
            throughput: figure(&self.throughput),
        }
    }

    /// `users 50, rate 10/s`
    pub(super) fn shown_load(&self) -> String {
        let terms = self
            .load
            .iter()
            .map(|(name, value)| format!("{name} {value}"));
        terms.collect::<Vec<_>>().join(", ")
    }

    fn tone(&self) -> Tone {
        match self.status {
            VerdictKind::Pass => Tone::Good,
            VerdictKind::Fail => Tone::Bad,
            VerdictKind::Warn | VerdictKind::NoBaseline | VerdictKind::Inconclusive => {
                Tone::Doubtful
            }
        }
    }
}

/// `3 tests: 2 pass, 1 fail`
pub(super) fn line(tests: &[Test]) -> Option<String> {
    /// The worst first.
    const KINDS: [VerdictKind; 5] = [
        VerdictKind::Fail,
        VerdictKind::Inconclusive,
        VerdictKind::NoBaseline,
        VerdictKind::Warn,
        VerdictKind::Pass,
    ];
    if tests.is_empty() {
        return None;
    }
    let counted = KINDS.iter().filter_map(|kind| {
        let n = tests.iter().filter(|test| test.status == *kind).count();
        (n > 0).then(|| format!("{} {}", units::count(n), kind.as_str()))
    });
    let counted: Vec<String> = counted.collect();
    Some(format!(
        "{}: {}",
        plural(tests.len(), "test", "tests"),
        counted.join(", ")
    ))
}

const COLUMNS: usize = 7;
const STATUS: usize = 2;
const LAYOUT: Columns<COLUMNS> = Columns {
    right: [false, false, false, true, true, true, true],
    gaps: [0, 2, 2, 2, 2, 2, 2],
    shorten: shorten::middle_to_width,
};
/// A name shorter than this tells nothing.
const LEAST: usize = 8;
/// The widest text of a load; the document has all of it.
const LOAD: usize = 40;

/// Lines of a terminal, in `width` columns as far as names can give way.
pub(super) fn lines(tests: &[Test], width: usize, style: &Style) -> Vec<String> {
    let Some(title) = line(tests) else {
        return Vec::new();
    };
    let head = [
        "test",
        "load",
        "status",
        "mean",
        "p95",
        "errors",
        "throughput",
    ];
    let mut rows = vec![(head.map(str::to_owned), Tone::Faint)];
    let text = |sentence: Option<Sentence>| sentence.map_or("-".to_owned(), |s| s.terminal());
    for test in tests {
        let shown = test.shown();
        let cells = [
            sanitize::inline(&test.name),
            shorten::middle_to_width(&sanitize::inline(&test.shown_load()), LOAD),
            test.status.as_str().to_owned(),
            text(shown.mean),
            text(shown.p95),
            text(shown.errors),
            text(shown.throughput),
        ];
        rows.push((cells, test.tone()));
    }
    let cells = rows.iter().map(|(cells, _)| cells.each_ref());
    // The load gives way first, then the name.
    let fitted = LAYOUT.fitted(cells).within(width, &[1, 0], LEAST);
    let mut out = vec![Tone::Faint.paint(&format!("{title}:"), style)];
    out.extend(rows.iter().enumerate().map(|(row, (cells, tone))| {
        let is_toned = |column: usize| row == 0 || column == STATUS;
        fitted.line(cells.each_ref(), |column, text| match is_toned(column) {
            true => tone.paint(text, style),
            false => text.to_owned(),
        })
    }));
    out
}
