//! `perfgate.toml`: what a team decided, with the line on which it did. Which of it holds is decided in
//! `settings`, where flags and environment are known too.

mod file;
mod find;
mod mapping;
mod rules;
mod sources;

use std::ops::Range;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{
    Acceptance, OnInconclusive, OnMissing, OnOtherEnvironment, Origin, Rule, RulesFrom,
};
use crate::ingest::mapping::Mapping;
use crate::json_schema;
use crate::model::Pattern;
use crate::model::names::Ids;
use crate::toml_file::{self, FileError, FilledText, LineStarts, Located, Problem, TrueOr, Whole};

pub(crate) use find::{FILE_NAME, of_text};
pub use find::{FoundConfig, find, read};
pub use rules::{Defaults, SubjectRule};
pub use sources::{Around, Source, Work};

pub(crate) use file::USUAL_TIMEOUT;
use file::{AbFile, ConfigFile};

/// The JSON Schema of `perfgate.toml`, for editors.
pub fn json_schema() -> String {
    json_schema::of_read::<ConfigFile>()
}

/// A decision and the place where it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    pub value: T,
    pub from: Origin,
}

/// What reports say of the places of the file: `perfgate.toml:14`.
struct Origins<'f> {
    /// What the file is called.
    name: &'f str,
    lines: LineStarts,
}

impl Origins<'_> {
    fn of(&self, span: &Range<usize>) -> Origin {
        Origin::new(format!("{}:{}", self.name, self.lines.line(span.start)))
    }

    /// What is made of a value, where one stands in the file.
    fn decided<T, V>(
        &self,
        value: &Option<Located<T>>,
        made: impl FnOnce(&T) -> V,
    ) -> Option<Placed<V>> {
        value.as_ref().map(|value| Placed {
            value: made(value.get()),
            from: self.of(value.span()),
        })
    }
}

/// What `check` compares with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateMode {
    #[default]
    Baseline,
    /// The base revision, measured in turns with head.
    Ab,
    /// The same where the baseline does not know the machine.
    Auto,
}

/// How both revisions are built and run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ab {
    pub build: Option<String>,
    pub run: Option<String>,
    /// Arguments of cargo, where the benchmarks of a criterion crate are measured.
    pub bench: Option<String>,
    pub base_ref: Option<String>,
    pub max_rounds: Option<usize>,
    pub time_budget: Option<Duration>,
    /// Files that no measured program reads.
    pub ignore: Option<Vec<Pattern>>,
    pub profile: Option<String>,
}

/// What a config file says; what it leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub baseline: Option<Placed<String>>,
    pub require_baseline: Option<Placed<bool>>,
    pub on_inconclusive: Option<Placed<OnInconclusive>>,
    pub on_missing: Option<Placed<OnMissing>>,
    pub on_other_environment: Option<Placed<OnOtherEnvironment>>,
    pub rules_from: Option<Placed<RulesFrom>>,
    pub environment: Option<Placed<String>>,
    pub max_detectable: Option<Placed<f64>>,
    pub warmup: Option<Placed<Duration>>,
    pub ids: Option<Placed<Ids>>,
    pub confirm: Option<Placed<bool>>,
    pub mode: Option<Placed<GateMode>>,
    pub ab: Option<Ab>,
    pub subjects: Vec<SubjectRule>,
    pub sources: Vec<Source>,
    pub mappings: Vec<Mapping>,
    pub defaults: Defaults,
    pub rules: Vec<Rule>,
    pub acceptances: Vec<Acceptance>,
}

/// Reads a config; `name` is what origins and messages call the file.
pub fn parse(name: &str, text: &str) -> Result<Config, FileError> {
    let origins = Origins {
        name,
        lines: LineStarts::of(text),
    };
    toml_file::read(name, text, file::FORMAT, |file| build(&file, &origins))
}

fn build(file: &ConfigFile, origins: &Origins<'_>) -> Result<Config, Problem> {
    can_measure_base(file)?;
    measures_one_thing(file)?;
    let mappings = mapping::mappings(&file.mapping)?;
    Ok(Config {
        baseline: origins.decided(&file.baseline, |name| name.to_string()),
        require_baseline: origins.decided(&file.require_baseline, |is| *is),
        on_inconclusive: origins.decided(&file.on_inconclusive, |word| word.0),
        on_missing: origins.decided(&file.on_missing, |word| word.0),
        on_other_environment: origins.decided(&file.on_other_environment, |word| word.0),
        rules_from: origins.decided(&file.rules_from, |word| word.0),
        environment: origins.decided(&file.environment, |name| name.to_string()),
        max_detectable: origins.decided(&file.max_detectable, |percent| percent.0),
        warmup: origins.decided(&file.warmup, |time| time.0),
        ids: origins.decided(&file.ids, |word| word.0),
        confirm: origins.decided(&file.gate.confirm, |is| *is),
        mode: origins.decided(&file.gate.mode, |word| word.0),
        ab: file.ab.as_ref().map(|ab| ab_of(ab)),
        subjects: file
            .subject
            .iter()
            .flatten()
            .map(|one| rules::subject(one, origins))
            .collect(),
        sources: sources::sources(
            file.source.as_deref().unwrap_or_default(),
            &mappings,
            origins,
        )?,
        mappings,
        defaults: rules::defaults(&file.defaults, origins),
        rules: file
            .rule
            .iter()
            .flatten()
            .map(|one| rules::rule(one, origins))
            .collect::<Result<_, _>>()?,
        acceptances: file
            .accept
            .iter()
            .flatten()
            .map(|one| rules::acceptance(one, origins))
            .collect(),
    })
}

/// Only the config can say how a base is built.
fn can_measure_base(file: &ConfigFile) -> Result<(), Problem> {
    match &file.gate.mode {
        Some(mode) if mode.0 != GateMode::Baseline && file.ab.is_none() => Err(mode
            .error_here(
                "this `mode` measures the base revision, and there is no [ab] table that says how",
            )
            .hint(AB_HINT)),
        _ => Ok(()),
    }
}

/// Benchmarks are built and run by perfgate, commands by what the file says.
fn measures_one_thing(file: &ConfigFile) -> Result<(), Problem> {
    let Some(ab) = &file.ab else {
        return Ok(());
    };
    match (&ab.bench, &ab.run) {
        (Some(bench), Some(_)) => Err(bench
            .error_here("[ab] has `run` and also `bench`")
            .hint("`bench` measures the criterion benchmarks, `run` any other command: leave out one of them")),
        _ => Ok(()),
    }
}

/// What a gate that measures the base revision has to be told.
pub(crate) const AB_HINT: &str = "add [ab] with `run`, the command that is measured, and `build` where it is built first, or with `bench = true`";

fn ab_of(file: &AbFile) -> Ab {
    let text = |value: &Option<FilledText>| value.as_ref().map(|text| text.to_string());
    Ab {
        build: text(&file.build),
        run: text(&file.run),
        bench: file.bench.as_ref().map(|bench| match bench.get() {
            TrueOr::True => String::new(),
            TrueOr::Value(arguments) => arguments.to_string(),
        }),
        base_ref: text(&file.base_ref),
        profile: text(&file.profile),
        max_rounds: file.max_rounds.and_then(Whole::to),
        time_budget: file.time_budget.as_ref().map(|time| time.0),
        ignore: file.ignore.as_ref().map(|globs| {
            let globs = globs.entries().iter();
            globs
                .map(|glob| Pattern::new(glob.get().to_string()))
                .collect()
        }),
    }
}
