//! `[mapping.NAME]`: how plain CSV and JSON become evidence.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ingest::mapping::{
    BetterFrom, KEY, Layout, Mapping, Numbers, SubjectFrom, Success, TextOrColumn, Time, ValueFrom,
    misfit, usual_direction,
};
use crate::model::{Better, MetricName, Statistic, Unit};
use crate::toml_file::{
    FilledText, FreeTable, Located, OneOrMany, Problem, Table, Tables, Word, from_text, schema,
};

/// What a file's rows are.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LayoutWord {
    Csv,
    Json,
    Ndjson,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum BetterWord {
    Lower,
    Higher,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimeUnitWord {
    S,
    Ms,
    Us,
    Ns,
}

/// One character between the columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delimiter(u8);

impl<'de> Deserialize<'de> for Delimiter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| match text.as_bytes() {
            [one] if !matches!(one, b'"' | b'\r' | b'\n') && one.is_ascii() => Ok(Self(*one)),
            _ => Err("expected one character, such as \",\", \";\" or \"\\t\"".to_owned()),
        })
    }
}

schema!(Delimiter, { "title": "one character", "type": "string", "minLength": 1, "maxLength": 1 });

/// How a file of no known tool is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingFile {
    /// Which files it reads without being named for them; `*` is any part of a name, `**` any folders
    #[schemars(title = "glob", extend("x-default" = "none"))]
    pub(super) files: Option<Located<FilledText>>,
    /// What the file is: `ndjson` has one JSON object a line
    #[schemars(extend("x-default" = "recognised"))]
    pub(super) format: Option<Located<Word<LayoutWord>>>,
    /// What stands between the columns of a CSV
    #[schemars(extend("x-default" = "found out of `,` `;` tab and `\\|`"))]
    pub(super) delimiter: Option<Located<Delimiter>>,
    /// The names of its columns, where a CSV has no header
    #[schemars(title = "list of texts", extend("x-default" = "its first row"))]
    pub(super) columns: Option<Located<Vec<FilledText>>>,
    /// The way to the records of a JSON document: `"metrics"`, `"run.results"`, or a JSON pointer
    #[schemars(title = "path", extend("x-default" = "the document"))]
    pub(super) rows: Option<Located<FilledText>>,
    /// The column that names what was measured, or several of them, joined by a blank
    #[schemars(title = "column, or a list", extend("x-default" = "`@key`"))]
    pub(super) subject: Option<OneOrMany<FilledText>>,
    /// What all rows measured, instead of `subject`
    #[schemars(extend("x-default" = "none"))]
    pub(super) subject_text: Option<Located<FilledText>>,
    /// The column that tells whether the row is of something that worked: what failed counts as `errors`, and its values are left out
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) success: Option<Located<FilledText>>,
    /// What stands there where it worked; anything else is a failure
    #[schemars(title = "list of texts", extend("default" = ["true"]))]
    pub(super) success_when: Option<Located<Vec<FilledText>>>,
    /// The column that is another in each run, where a file holds several
    #[schemars(title = "column", extend("x-default" = "one run a file"))]
    pub(super) run: Option<FilledText>,
    /// The column with the time of a row, for `warmup`: RFC 3339, or a number since 1970
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) time: Option<FilledText>,
    /// The unit of times that are numbers of another kind
    #[schemars(extend("x-default" = "told by their size"))]
    pub(super) time_unit: Option<Located<Word<TimeUnitWord>>>,
    /// What is measured, one table a metric
    pub(super) value: Option<Tables<ValueFile>>,
}

/// One metric of a row: a `column`, `quantiles` with `n`, or `count` with `of`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueFile {
    /// The column of the number: one observation a row, and in JSON also a list of them
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) column: Option<Located<FilledText>>,
    /// The columns of a distribution that is summed up: `{ p50 = "median_ms", p95 = "p95_ms", max = "max_ms" }`
    #[schemars(extend("x-default" = "none"))]
    pub(super) quantiles: Option<Located<FreeTable<FilledText>>>,
    /// The column that tells of how many observations `quantiles` are
    #[schemars(title = "column")]
    pub(super) n: Option<Located<FilledText>>,
    /// The column of how many of `of` it was, such as the requests that failed
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) count: Option<Located<FilledText>>,
    /// The column of how many there were in all
    #[schemars(title = "column")]
    pub(super) of: Option<Located<FilledText>>,
    /// What it is called; `latency`, `time` and `throughput` are those of all tools
    #[schemars(extend("x-default" = "`errors` with `count`"))]
    pub(super) metric: Option<Located<FilledText>>,
    /// The column that holds its name, instead of `metric`
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) metric_column: Option<Located<FilledText>>,
    /// Its unit
    #[schemars(extend("x-default" = "none"))]
    pub(super) unit: Option<Located<FilledText>>,
    /// The column that holds its unit, instead of `unit`
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) unit_column: Option<Located<FilledText>>,
    /// Which direction is an improvement
    #[schemars(extend("x-default" = "by metric and unit"))]
    pub(super) better: Option<Located<Word<BetterWord>>>,
    /// The column that says `lower` or `higher`, instead of `better`
    #[schemars(title = "column", extend("x-default" = "none"))]
    pub(super) better_column: Option<Located<FilledText>>,
    /// Rows may lack it
    #[schemars(extend("default" = false))]
    pub(super) optional: Option<bool>,
}

pub(super) fn mappings(
    files: &Option<FreeTable<Table<MappingFile>>>,
) -> Result<Vec<Mapping>, Problem> {
    let entries = files.iter().flat_map(|files| files.entries());
    entries.map(|(name, file)| mapping(name, file)).collect()
}

fn texts(list: &[FilledText]) -> Vec<String> {
    list.iter().map(|text| text.to_string()).collect()
}

fn mapping(name: &str, file: &Located<Table<MappingFile>>) -> Result<Mapping, Problem> {
    let layout = file.format.as_ref().map(|word| match word.0 {
        LayoutWord::Csv => Layout::Csv,
        LayoutWord::Json => Layout::Json,
        LayoutWord::Ndjson => Layout::Ndjson,
    });
    if let (Some(rows), Some(Layout::Csv | Layout::Ndjson)) = (&file.rows, layout) {
        return Err(rows
            .error("only a JSON document has a way to its records")
            .hint("leave out `rows`, or set format = \"json\""));
    }
    if let (Some(columns), Some(Layout::Json | Layout::Ndjson)) = (&file.columns, layout) {
        return Err(columns
            .error("the records of JSON name their values themselves")
            .hint("leave out `columns`"));
    }
    if let Some(columns) = &file.columns {
        let mut known = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|name| !known.insert(&***name)) {
            return Err(columns
                .error(format!("two columns are named `{}`", &**twice))
                .hint("each column has a name of its own"));
        }
    }
    let subject = match (&file.subject, &file.subject_text) {
        (Some(_), Some(text)) => {
            return Err(text
                .error("`subject` names a column, and this is the same for all rows")
                .hint("keep one of the two"));
        }
        (None, Some(text)) => SubjectFrom::Text(text.to_string()),
        (Some(columns), None) => {
            let names: Vec<String> = columns
                .entries()
                .iter()
                .map(|it| it.get().to_string())
                .collect();
            if names.is_empty() {
                return Err(columns
                    .error("it names no column")
                    .hint("subject = \"endpoint\", or subject_text = \"all\""));
            }
            SubjectFrom::Columns(names)
        }
        (None, None) => SubjectFrom::Columns(vec![KEY.to_owned()]),
    };
    let values = file.value.as_deref().unwrap_or_default();
    let values: Vec<ValueFrom> = values
        .iter()
        .map(|one| value(name, one))
        .collect::<Result<_, _>>()?;
    alone(name, file, &values)?;
    Ok(Mapping {
        name: name.to_owned(),
        files: file.files.as_ref().map(|glob| glob.to_string()),
        layout,
        delimiter: file.delimiter.as_ref().map(|it| it.0),
        columns: file.columns.as_ref().map(|list| texts(list)),
        rows: file.rows.as_ref().map(|path| path.to_string()),
        subject,
        values,
        success: success(file)?,
        run: file.run.as_ref().map(|column| column.to_string()),
        time: time(file)?,
    })
}

fn success(file: &MappingFile) -> Result<Option<Success>, Problem> {
    match (&file.success, &file.success_when) {
        (None, Some(when)) => Err(when
            .error("there is no `success`, the column in which it would stand")
            .hint("add success = \"status\"")),
        (None, None) => Ok(None),
        (Some(column), when) => Ok(Some(Success {
            column: column.to_string(),
            when: when.as_ref().map(|list| texts(list)),
        })),
    }
}

fn time(file: &MappingFile) -> Result<Option<Time>, Problem> {
    match (&file.time, &file.time_unit) {
        (None, Some(unit)) => Err(unit
            .error("there is no `time`, the column whose unit it would be")
            .hint("add time = \"timestamp\"")),
        (None, None) => Ok(None),
        (Some(column), unit) => Ok(Some(Time {
            column: column.to_string(),
            seconds: unit.as_ref().map(|unit| match unit.0 {
                TimeUnitWord::S => 1.0,
                TimeUnitWord::Ms => 1e-3,
                TimeUnitWord::Us => 1e-6,
                TimeUnitWord::Ns => 1e-9,
            }),
        })),
    }
}

/// Each metric comes from one place.
fn alone(
    name: &str,
    file: &Located<Table<MappingFile>>,
    values: &[ValueFrom],
) -> Result<(), Problem> {
    if values.is_empty() && file.success.is_none() {
        return Err(file
            .error_here(format!("[mapping.{name}] names no value"))
            .hint(format!(
                "add [[mapping.{name}.value]] with `column`, `metric` and `unit`"
            )));
    }
    let mut known = BTreeSet::new();
    let tables = file.value.as_deref().unwrap_or_default();
    for (value, table) in values.iter().zip(tables) {
        match &value.metric {
            TextOrColumn::Column(_) if file.success.is_some() => {
                return Err(table
                    .error_here("`metric_column` and `success` do not go together: one request would have many rows")
                    .hint("give the failures as a metric with `count` and `of`"));
            }
            TextOrColumn::Column(_) => {}
            TextOrColumn::Text(metric)
                if metric == MetricName::ERRORS && file.success.is_some() =>
            {
                return Err(table
                    .error_here("`success` makes `errors` already")
                    .hint("keep one of the two"));
            }
            TextOrColumn::Text(metric) if !known.insert(metric.as_str()) => {
                return Err(table
                    .error_here(format!("two values are called `{metric}`"))
                    .hint("give each a `metric` of its own"));
            }
            TextOrColumn::Text(_) => {}
        }
    }
    Ok(())
}

/// A text of the mapping or the column that holds it, where either is there.
fn named(
    text: &Option<Located<FilledText>>,
    column: &Option<Located<FilledText>>,
) -> Result<Option<TextOrColumn>, Problem> {
    match (text, column) {
        (Some(_), Some(column)) => Err(column
            .error("it is said for all rows already")
            .hint("keep the text or the column")),
        (Some(text), None) => Ok(Some(TextOrColumn::Text(text.to_string()))),
        (None, Some(column)) => Ok(Some(TextOrColumn::Column(column.to_string()))),
        (None, None) => Ok(None),
    }
}

fn value(mapping: &str, file: &Located<Table<ValueFile>>) -> Result<ValueFrom, Problem> {
    let numbers = numbers(mapping, file)?;
    let is_share = matches!(numbers, Numbers::Share { .. });
    let metric = match named(&file.metric, &file.metric_column)? {
        Some(metric) => metric,
        None if is_share => TextOrColumn::Text(MetricName::ERRORS.to_owned()),
        None => {
            return Err(file
                .error_here(format!("[[mapping.{mapping}.value]] has no `metric`"))
                .hint("say what is measured, such as metric = \"latency\", or name its column with `metric_column`"));
        }
    };
    let unit = named(&file.unit, &file.unit_column)?.unwrap_or(TextOrColumn::Text(String::new()));
    let better = match (&file.better, &file.better_column) {
        (Some(_), Some(column)) => {
            return Err(column
                .error("it is said for all rows already")
                .hint("keep `better` or `better_column`"));
        }
        (Some(word), None) => BetterFrom::Said(match word.0 {
            BetterWord::Lower => Better::Lower,
            BetterWord::Higher => Better::Higher,
        }),
        (None, Some(column)) => BetterFrom::Column(column.to_string()),
        (None, None) => BetterFrom::Usual,
    };
    if let (TextOrColumn::Text(metric), TextOrColumn::Text(unit)) = (&metric, &unit) {
        known(file, (metric, &Unit::new(unit)), &better, is_share)?;
    }
    Ok(ValueFrom {
        metric,
        unit,
        better,
        numbers,
        optional: file.optional.unwrap_or(false),
    })
}

/// What can be told without a row is told here, with its line.
fn known(
    file: &Located<Table<ValueFile>>,
    (metric, unit): (&str, &Unit),
    better: &BetterFrom,
    is_share: bool,
) -> Result<(), Problem> {
    let said = match better {
        BetterFrom::Said(better) => Some(*better),
        _ => None,
    };
    if metric == MetricName::ERRORS && !is_share {
        return Err(file
            .error_here("errors are counted, and not one number")
            .hint("name the columns `count` and `of`, or give the metric another name, such as error_rate"));
    }
    if let Some(why) = misfit(metric, unit, said) {
        return Err(file
            .error_here(why)
            .hint("correct `unit` and `better`, or give the metric another name"));
    }
    if matches!(better, BetterFrom::Usual) && usual_direction(metric, unit).is_none() {
        return Err(file
            .error_here(format!(
                "nothing says whether `{metric}` is better low or high"
            ))
            .hint("add better = \"lower\" or better = \"higher\""));
    }
    Ok(())
}

fn numbers(mapping: &str, file: &Located<Table<ValueFile>>) -> Result<Numbers, Problem> {
    let text = |text: &Located<FilledText>| text.to_string();
    let several = || {
        file.error_here(format!(
            "[[mapping.{mapping}.value]] has more than one of `column`, `quantiles` and `count`"
        ))
        .hint("one table is one metric: write another table for the other one")
    };
    let numbers = match (&file.column, &file.quantiles, &file.count) {
        (Some(column), None, None) => Numbers::Column(text(column)),
        (None, Some(quantiles), None) => {
            let Some(n) = &file.n else {
                return Err(quantiles
                    .error(
                        "there is no `n`, the column that says of how many observations they are",
                    )
                    .hint("add n = \"requests\": how sure a quantile is depends on it"));
            };
            let points = quantiles
                .entries()
                .map(|(name, column)| match name.parse::<Statistic>() {
                    Ok(statistic) if !matches!(statistic, Statistic::Value | Statistic::Rate) => {
                        Ok((statistic, column.to_string()))
                    }
                    _ => Err(column
                        .error("it is no quantile")
                        .hint("there are p50, p95, p99.9 and so on, mean, min and max")),
                })
                .collect::<Result<Vec<_>, _>>()?;
            if points.is_empty() {
                return Err(quantiles
                    .error("it names no column")
                    .hint("quantiles = { p50 = \"median_ms\", p95 = \"p95_ms\" }"));
            }
            Numbers::Quantiles { points, n: text(n) }
        }
        (None, None, Some(count)) => match &file.of {
            Some(of) => Numbers::Share {
                count: text(count),
                of: text(of),
            },
            None => {
                return Err(count
                    .error("there is no `of`, the column that says how many there were in all")
                    .hint("add of = \"requests\""));
            }
        },
        (None, None, None) => {
            return Err(file
                .error_here(format!("[[mapping.{mapping}.value]] names no column"))
                .hint("add `column`, or `quantiles` with `n`, or `count` with `of`"));
        }
        _ => return Err(several()),
    };
    let needs = [(&file.n, "quantiles"), (&file.of, "count")];
    let is = |word| match word {
        "quantiles" => matches!(numbers, Numbers::Quantiles { .. }),
        _ => matches!(numbers, Numbers::Share { .. }),
    };
    for (key, word) in needs {
        if let Some(key) = key.as_ref().filter(|_| !is(word)) {
            return Err(key
                .error(format!("there is no `{word}` that it belongs to"))
                .hint("leave it out"));
        }
    }
    Ok(numbers)
}
