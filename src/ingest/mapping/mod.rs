//! Plain CSV, JSON and JSON lines, read as the config of a team says: which column holds the name and which the number.

mod cell;
mod collect;
mod files;
mod many;
mod plan;
mod table;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};

pub use files::Mappings;

use super::ReadOptions;
use super::adapter::{Adapter, Facts, Form, Read, ToolClass};
use super::source::{End, ResultBytes};
use crate::hint::WithHint;
use crate::model::unit::Dimension;
use crate::model::{Better, MetricName, Run, Statistic, Unit};
use collect::{Collected, Starts};
use plan::Plan;

/// It is no tool and recognises nothing: which files it reads is said by the config.
pub(super) const ADAPTER: Adapter = Adapter {
    tool: "mapping",
    class: ToolClass::Own,
    forms: &[Form {
        what: "a file that a mapping of perfgate.toml reads",
        recognise: |_| false,
        read: Read::Path {
            read: |path, options| {
                let mapping = wanted(options)?;
                read(mapping, ResultBytes::File(path, &options.watching), options)
                    .with_context(|| place(mapping, Some(path)))
            },
            parse: |bytes, options| {
                let mapping = wanted(options)?;
                read(mapping, ResultBytes::Bytes(bytes), options)
                    .with_context(|| place(mapping, None))
            },
        },
        facts: Facts {
            evidence: "samples, a histogram, quantiles, counts or one value",
            resolution: "none",
            lost: "what the mapping does not name",
            tested: "",
        },
    }],
};

/// The prefix of a mapping's name, on the command line and as the tool of its runs.
pub const PREFIX: &str = "mapping:";

/// The key of a record in a JSON object, and what stands under it where that is no record.
pub const KEY: &str = "@key";
pub const UNDER_KEY: &str = "@value";

/// How the numbers of a file become evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub name: String,
    /// Which files it reads without being asked for by name: a glob of paths, from the folder of the config.
    pub files: Option<String>,
    pub layout: Option<Layout>,
    pub delimiter: Option<u8>,
    /// The names of the columns, where the file has no header.
    pub columns: Option<Vec<String>>,
    /// Where the records of a JSON document are.
    pub rows: Option<String>,
    pub subject: SubjectFrom,
    pub values: Vec<ValueFrom>,
    pub success: Option<Success>,
    /// The column that tells the runs of one file apart.
    pub run: Option<String>,
    pub time: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Csv,
    Json,
    Ndjson,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SubjectFrom {
    /// Cells of these columns, joined by a blank.
    Columns(Vec<String>),
    Text(String),
}

/// A text that is the same in all rows, or that of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum TextOrColumn {
    Text(String),
    Column(String),
}

/// One metric of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueFrom {
    pub metric: TextOrColumn,
    pub unit: TextOrColumn,
    pub better: BetterFrom,
    pub numbers: Numbers,
    /// Rows without it are no error.
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum BetterFrom {
    /// It follows from the metric or the unit.
    Usual,
    Said(Better),
    Column(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// One observation.
    Column(String),
    /// A distribution of which these statistics are known.
    Quantiles {
        points: Vec<(Statistic, String)>,
        n: String,
    },
    /// k of n.
    Share { count: String, of: String },
}

/// Which rows are of something that worked.
#[derive(Clone, Debug, PartialEq)]
pub struct Success {
    pub column: String,
    /// Everything else failed. Without it the cell is `true` or `false`.
    pub when: Option<Vec<String>>,
}

/// When an observation was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    pub column: String,
    /// How many seconds one of a plain number is.
    pub seconds: Option<f64>,
}

impl Mapping {
    /// What its runs carry as their tool, and what `--from` takes.
    pub fn tool(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// Whether an object in JSON is a set of records by key and no record itself.
    fn takes_keys(&self) -> bool {
        let plan = Plan::of(self);
        plan.needed
            .iter()
            .any(|need| need.name == KEY || need.name == UNDER_KEY)
    }
}

/// The direction that follows from what is measured, or from its unit: times and sizes are better low, rates high.
pub fn usual_direction(metric: &str, unit: &Unit) -> Option<Better> {
    MetricName::new(metric)
        .known_direction()
        .or_else(|| match unit.dimension() {
            Dimension::Time(_) | Dimension::Bytes(_) => Some(Better::Lower),
            Dimension::Other => unit.as_str().ends_with("/s").then_some(Better::Higher),
        })
}

/// Why a metric cannot have such a unit or direction: those that every tool measures alike are alike here.
pub fn misfit(metric: &str, unit: &Unit, better: Option<Better>) -> Option<String> {
    if matches!(metric, MetricName::LATENCY | MetricName::TIME)
        && !matches!(unit.dimension(), Dimension::Time(_))
    {
        return Some(format!(
            "{metric} is a time, and `{unit}` is none: ns, us, ms, s or min"
        ));
    }
    let known = MetricName::new(metric).known_direction();
    match (known, better) {
        (Some(known), Some(better)) if known != better => {
            Some(format!("{metric} is always better {}", known.as_str()))
        }
        _ => None,
    }
}

fn wanted(options: &ReadOptions) -> anyhow::Result<&Arc<Mapping>> {
    options
        .mapping
        .as_ref()
        .ok_or_else(|| anyhow!("no mapping says how to read it"))
        .hint("give the mapping `files`, name it beside `results`, or use --from mapping:NAME")
}

fn place(mapping: &Mapping, path: Option<&Path>) -> String {
    let shown = path.map_or_else(|| "it".to_owned(), |path| path.display().to_string());
    format!("read {shown} by [mapping.{}]", mapping.name)
}

fn read(
    mapping: &Mapping,
    source: ResultBytes<'_>,
    options: &ReadOptions,
) -> anyhow::Result<Vec<Run>> {
    let plan = Plan::of(mapping);
    let layout = table::layout(&plan, source)?;
    let mut starts = None;
    if let Some(warmup) = options.warmup.filter(|_| options.cuts_warmup())
        && mapping.time.is_some()
    {
        // Rows need not be in the order of their time, and a run starts with its first one.
        let mut first = Starts::new(warmup);
        table::each(&plan, &layout, source, &mut |row| first.add(&plan, row))?;
        starts = Some(first);
    }
    let mut collected = Collected::new(&plan, starts);
    let end = table::each(&plan, &layout, source, &mut |row| collected.add(row))?;
    collected.runs(end == End::Cut)
}
