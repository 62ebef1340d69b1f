//! What a comment template sees. Written down for users in `docs/template.md`.
//!
//! Our own words go in as safe strings, with the names inside them already sanitized. Names that stand alone go in
//! as plain strings, which the escaping of the template engine makes code spans wherever they are put.

use super::entry::Entry;
use crate::compare::{Cause, Severity, Side};
use crate::verdict::VerdictKind;
use std::cell::OnceCell;
use std::io::Write;

use tera::{Context, Tera, Value};

use super::Document;
use super::conclusion::{self, CommentPlace};
use super::sentence::Sentence;
use super::targets::Targets;
use super::units;
use super::view::{GroupKind, Row, View};
use super::why;
use super::{headline, suite};
use crate::text::{sanitize, shorten};

/// The name decides that everything is escaped.
const NAME: &str = "comment.md";

/// Groups that are in sight at first show this many rows; the rest is folded.
const IN_SIGHT: usize = 25;
/// A name in a cell.
const CELL_NAME: usize = 100;

/// A template that can be written many times.
pub(super) struct Template(Tera);

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, tera::Error> {
        let mut tera = Tera::new();
        tera.autoescape_on([".md"]);
        tera.set_escape_fn(escape);
        tera.add_raw_template(NAME, text)?;
        Ok(Self(tera))
    }

    pub(super) fn render(&self, context: &Context) -> Result<String, tera::Error> {
        self.0.render(NAME, context)
    }
}

fn escape(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let text = shorten::middle(text, CELL_NAME);
    out.write_all(sanitize::cell_code_span(&text).as_bytes())
}

/// The rows of a view as values, each made when it is first written and once however often the template is.
pub(super) struct Rows<'v> {
    groups: Vec<Values<'v>>,
}

struct Values<'v> {
    kind: GroupKind,
    title: Value,
    /// A verdict of ten thousand series shows some hundreds in a comment.
    rows: Vec<(&'v Entry, OnceCell<Value>)>,
}

impl Values<'_> {
    fn first(&self, most: usize) -> impl Iterator<Item = Value> {
        self.rows.iter().take(most).map(|(entry, made)| {
            made.get_or_init(|| row(self.kind, &Row::of(entry, self.kind)))
                .clone()
        })
    }
}

impl<'v> Rows<'v> {
    pub(super) fn of(view: &'v View<'_>) -> Self {
        let mut groups = Vec::new();
        // A row that is not judged because its subject fails needs no decision of its own.
        let is_silenced = |entry: &Entry| entry.cause == Some(Cause::ErrorsRose);
        let mut silenced = Vec::new();
        // Where there is no baseline the list of targets tells of them.
        let only_budgets = view.document.budgets_only().is_some();
        for group in &view.groups {
            let entries = group.entries.iter();
            let all = entries
                .filter(|e| !only_budgets || e.budgets.is_empty())
                .map(|entry| (*entry, OnceCell::new()));
            let (apart, rows): (Vec<_>, Vec<_>) =
                all.partition(|(entry, _)| group.kind == GroupKind::Warning && is_silenced(entry));
            silenced.extend(apart);
            if !rows.is_empty() {
                groups.push(Values {
                    kind: group.kind,
                    title: safe(&group.title()),
                    rows,
                });
            }
        }
        if !silenced.is_empty() {
            let n = units::count(silenced.len());
            groups.push(Values {
                kind: GroupKind::Incomparable,
                title: safe(&format!(
                    "{n} not judged, because more of their requests fail"
                )),
                rows: silenced,
            });
        }
        // The order in which rows are kept.
        groups.sort_by_key(|group| group.kind);
        Self { groups }
    }

    pub(super) fn count(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }

    /// Everything that a template sees, with the `kept` most important rows.
    pub(super) fn context(&self, around: &Context, kept: usize) -> Context {
        let mut left = kept;
        let (mut rows, mut folded, mut dropped) = (Vec::new(), Vec::new(), 0);
        let mut undecided = 0;
        for group in &self.groups {
            let keep = left.min(group.rows.len());
            left -= keep;
            dropped += group.rows.len() - keep;
            let in_sight = match group.kind {
                // What fails is never folded.
                GroupKind::Failing => keep,
                GroupKind::Warning | GroupKind::Possible => keep.min(IN_SIGHT),
                _ => 0,
            };
            rows.extend(group.first(in_sight));
            let rest: Vec<Value> = group.first(keep).skip(in_sight).collect();
            let missing = group.rows.len() - keep;
            let decision = group.kind <= GroupKind::Possible;
            if decision {
                undecided += missing;
            }
            if !rest.is_empty() || missing > 0 {
                folded.push(map([
                    (
                        "decision",
                        Value::from(decision || group.kind == GroupKind::Better),
                    ),
                    ("title", title(group, in_sight)),
                    ("rows", Value::from(rest)),
                    ("dropped", count(missing)),
                ]));
            }
        }
        let mut context = around.clone();
        for (name, value) in [
            ("rows", Value::from(rows)),
            ("folded", Value::from(folded)),
            ("dropped", count(dropped)),
            ("undecided_dropped", count(undecided)),
        ] {
            context.insert_value(name, value);
        }
        context
    }
}

fn title(group: &Values<'_>, in_sight: usize) -> Value {
    if in_sight == 0 {
        return group.title.clone();
    }
    let what = match group.kind {
        GroupKind::Failing => "failing",
        GroupKind::Warning => "warnings",
        GroupKind::Possible => "possible, not certain",
        _ => "improved",
    };
    let more = units::count(group.rows.len() - in_sight);
    safe(&format!("{more} more {what}"))
}

fn tests_of(document: &Document) -> Value {
    let tests = document.tests.iter().map(|test| {
        let shown = test.shown();
        let written = |sentence: Option<Sentence>| {
            sentence.map_or_else(|| safe("–"), |sentence| safe(&sentence.markdown()))
        };
        let load = test.shown_load();
        map([
            ("name", Value::from(test.name.clone())),
            (
                "load",
                optional((!load.is_empty()).then(|| Value::from(load))),
            ),
            ("status", safe(test.status.as_str())),
            ("runs", count(test.runs)),
            ("mean", written(shown.mean)),
            ("p95", written(shown.p95)),
            ("errors", written(shown.errors)),
            ("throughput", written(shown.throughput)),
        ])
    });
    Value::from(tests.collect::<Vec<_>>())
}

/// Everything that a template sees beside the rows. `full` is true where it is to have every row.
pub(super) fn head(view: &View<'_>, place: &CommentPlace, full: bool) -> Context {
    let document = view.document;
    let remarks: Vec<Sentence> = view
        .remarks
        .iter()
        .map(|remark| remark.text.clone())
        .collect();
    let sentences = |sentences: &[Sentence]| {
        Value::from(
            sentences
                .iter()
                .map(|s| safe(&s.markdown()))
                .collect::<Vec<_>>(),
        )
    };
    let commands: Vec<Value> = view
        .commands
        .iter()
        .map(|(name, command)| {
            let command = Sentence::default().command(command).markdown();
            map([("name", safe(name)), ("command", safe(&command))])
        })
        .collect();
    let counts = &document.counts;
    let counts = map([
        ("compared", Value::from(counts.compared)),
        ("regressed", Value::from(counts.regressed)),
        ("improved", Value::from(counts.improved)),
        ("unchanged", Value::from(counts.unchanged)),
        ("inconclusive", Value::from(counts.inconclusive)),
        ("missing", Value::from(counts.missing)),
        ("new", Value::from(counts.new)),
        ("incomparable", Value::from(counts.incomparable)),
        ("total", Value::from(counts.total())),
        ("not_gated", Value::from(document.not_gated())),
    ]);
    let mut context = Context::new();
    for (name, value) in [
        ("verdict", safe(document.verdict.as_str())),
        ("exit_code", Value::from(document.exit_code)),
        ("icon", safe(icon(view))),
        (
            "gate",
            optional(
                view.gate()
                    .map(|gate| safe(&Sentence::default().foreign(gate).markdown())),
            ),
        ),
        ("tests", tests_of(document)),
        (
            "tests_line",
            optional(suite::line(&document.tests).map(|line| safe(&line))),
        ),
        ("headline", safe(&view.headline)),
        ("full", Value::from(full)),
        ("alert", optional(conclusion::alert(document).map(safe))),
        ("conclusion", safe(&headline::conclusion(document))),
        (
            "named",
            optional(conclusion::named(view).map(|s| safe(&s.markdown()))),
        ),
        ("drifts", sentences(&conclusion::drifts(view))),
        (
            "causes",
            sentences(&super::cause::told(
                &view.document.likely_causes,
                &view.document.profiles,
                "**",
            )),
        ),
        (
            "this_change",
            optional(conclusion::this_change(view).map(|s| safe(&s.markdown()))),
        ),
        (
            "trend",
            optional(
                document
                    .trend
                    .as_ref()
                    .and_then(|trend| trend.drawn(document))
                    .map(|drawn| {
                        map([
                            ("line", safe(&drawn.line.markdown())),
                            ("chart", safe(&drawn.chart)),
                        ])
                    }),
            ),
        ),
        (
            "gate_change",
            optional(
                view.base_rules
                    .and_then(|rules| rules.told("**"))
                    .map(|s| safe(&s.markdown())),
            ),
        ),
        ("rest", sentences(&conclusion::rest(view, place))),
        ("quiet_line", sentences(&conclusion::quiet(view, place))),
        ("runs_title", safe(&conclusion::runs_title(document))),
        (
            "accept",
            optional(conclusion::acceptances(document, place).map(|text| safe(&text))),
        ),
        ("counted", safe(&view.counted)),
        (
            "consequence",
            optional(view.consequence.as_ref().map(|s| safe(&s.markdown()))),
        ),
        (
            "obstacle",
            optional(view.obstacle.as_ref().map(|s| safe(&s.markdown()))),
        ),
        (
            "targets",
            targets(&view.targets, document.policy.targets_only),
        ),
        ("quiet", Value::from(view.is_quiet())),
        ("counts", counts),
        ("notes", sentences(&remarks)),
        ("sides", safe(&view.sides.markdown())),
        ("origin", safe(&view.origin.markdown())),
        ("commands", Value::from(commands)),
    ] {
        context.insert_value(name, value);
    }
    context
}

/// Targets that a text shows; what is broken stands first.
const TARGETS: usize = 100;

fn targets(targets: &Targets<'_>, only: bool) -> Value {
    if targets.is_empty() {
        return Value::none();
    }
    let rows = targets.rows.iter().take(TARGETS).map(|target| {
        let (entry, check) = (target.entry, target.check);
        let note = target.note().map(|note| safe(&note.cell()));
        map([
            ("icon", safe(target.state().icon())),
            ("state", safe(target.state().as_str())),
            ("name", safe(&conclusion::series(entry).cell())),
            ("value", safe(&target.value().number_cell())),
            ("limit", safe(&target.limit().number_cell())),
            ("note", optional(note)),
            (
                "level",
                safe(if check.level == Severity::Fail {
                    "fail"
                } else {
                    "warn"
                }),
            ),
            (
                "grade",
                optional(
                    entry
                        .grade
                        .as_ref()
                        .and_then(|grade| grade.name.as_deref().map(Value::normal_string)),
                ),
            ),
            ("least", number(check.least)),
            ("most", number(check.most)),
            ("now", number(check.value)),
            ("subject", Value::normal_string(&entry.subject)),
            ("metric", Value::normal_string(&entry.metric)),
            ("statistic", safe(&entry.statistic.to_string())),
            ("unit", Value::normal_string(&entry.unit)),
        ])
    });
    map([
        ("line", safe(&targets.line())),
        ("only", Value::from(only)),
        ("all_met", Value::from(targets.all_met())),
        ("dropped", count(targets.rows.len().saturating_sub(TARGETS))),
        ("rows", Value::from(rows.collect::<Vec<_>>())),
    ])
}

fn number(value: Option<f64>) -> Value {
    optional(value.map(Value::from))
}

/// Every series as numbers, by subject, for the tables of a team: `subject.series["latency.p95"].now`.
pub(super) fn subjects(document: &Document) -> Value {
    // The series of a subject stand together.
    let of_one = |a: &Entry, b: &Entry| (&a.subject, &a.workload) == (&b.subject, &b.workload);
    let subjects = document.comparisons.chunk_by(of_one).filter_map(|entries| {
        let first = entries.first()?;
        let mut series = tera::Map::new();
        for entry in entries {
            series.insert(entry.metric_statistic().into(), numbers(entry));
        }
        let workload = first.workload.as_deref().map(Value::normal_string);
        Some(map([
            ("subject", Value::normal_string(&first.subject)),
            ("workload", optional(workload)),
            ("series", Value::from(series)),
        ]))
    });
    Value::from(subjects.collect::<Vec<_>>())
}

fn side_number(side: &Option<Side>) -> Value {
    number(side.as_ref().map(|side| side.value))
}

fn numbers(entry: &Entry) -> Value {
    let change = entry.change;
    let kind = GroupKind::of(entry);
    let row = Row::of(entry, kind);
    map([
        ("mark", safe(row_icon(kind))),
        ("name", safe(&conclusion::series(entry).cell())),
        ("before_text", safe(&row.baseline.number_cell())),
        ("now_text", safe(&row.current.number_cell())),
        ("change", safe(&row.change.cell())),
        ("unit", Value::normal_string(&entry.unit)),
        ("better", safe(entry.better.as_str())),
        ("outcome", safe(entry.outcome.as_str())),
        ("gated", Value::from(entry.gated)),
        ("before", side_number(&entry.baseline)),
        ("now", side_number(&entry.current)),
        ("ratio", number(change.map(|change| change.ratio))),
        (
            "low",
            number(
                change
                    .map(|change| change.low)
                    .filter(|low| low.is_finite()),
            ),
        ),
        (
            "high",
            number(
                change
                    .map(|change| change.high)
                    .filter(|high| high.is_finite()),
            ),
        ),
        ("p", number(entry.p)),
        ("max_regression", Value::from(entry.rule.max_regression)),
    ])
}

fn row(kind: GroupKind, row: &Row<'_>) -> Value {
    let entry = row.entry;
    let name = format!(
        "{} {}",
        shorten::middle(&entry.shown_subject(), CELL_NAME),
        shorten::middle(&entry.metric_statistic(), CELL_NAME / 2)
    );
    let change_notes = match kind {
        GroupKind::NoSignal | GroupKind::Incomparable => Vec::new(),
        _ => why::notes_of_this_change(entry),
    };
    let notes: Vec<Value> = change_notes.iter().map(|note| safe(&note.cell())).collect();
    map([
        ("icon", safe(row_icon(kind))),
        ("kind", safe(kind.word(entry))),
        ("outcome", safe(entry.outcome.as_str())),
        ("series", safe(&sanitize::cell_code_span(&name))),
        ("name", safe(&conclusion::series(entry).cell())),
        ("values", safe(&conclusion::values(entry).number_cell())),
        ("effect", safe(&conclusion::effect(entry).number_cell())),
        ("runs", safe(&conclusion::sparkline(entry))),
        ("only_drifted", Value::from(why::only_drifted(entry))),
        ("subject", Value::normal_string(&entry.subject)),
        (
            "workload",
            optional(entry.workload.as_deref().map(Value::normal_string)),
        ),
        ("metric", Value::normal_string(&entry.metric)),
        ("statistic", safe(&entry.statistic.to_string())),
        ("baseline", safe(&row.baseline.number_cell())),
        ("current", safe(&row.current.number_cell())),
        ("change", safe(&row.change.cell())),
        ("limit", safe(&row.limit.number_cell())),
        ("notes", Value::from(notes)),
        ("before", side_number(&entry.baseline)),
        ("now", side_number(&entry.current)),
        ("unit", Value::normal_string(&entry.unit)),
    ])
}

fn icon(view: &View<'_>) -> &'static str {
    let document = view.document;
    match document.verdict {
        _ if document.exit_code != 0 || headline::is_empty_gate(document) => "❌",
        VerdictKind::Pass => "✅",
        VerdictKind::Warn | VerdictKind::Inconclusive => "⚠️",
        VerdictKind::NoBaseline => "🆕",
        VerdictKind::Fail => "❌",
    }
}

fn row_icon(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Failing => "❌",
        GroupKind::Warning | GroupKind::Incomparable => "⚠️",
        GroupKind::Possible => "❓",
        GroupKind::Better => "🟢",
        GroupKind::NoSignal | GroupKind::New | GroupKind::NotGated | GroupKind::Unchanged => "",
    }
}

/// Shown grouped; nothing at all for none, so that a template can ask for it.
fn count(n: usize) -> Value {
    if n == 0 {
        Value::none()
    } else {
        safe(&units::count(n))
    }
}

fn optional(value: Option<Value>) -> Value {
    value.unwrap_or_else(Value::none)
}

fn safe(text: &str) -> Value {
    Value::safe_string(text)
}

fn map<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    let map: tera::Map = fields
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect();
    Value::from(map)
}
