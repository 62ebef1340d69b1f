//! `perfgate.toml`: what a team decided, with the line on which it did. Which of it holds is decided in
//! `settings`, where flags and environment are known too.

mod file;
mod find;
mod rules;
mod sources;
pub(crate) mod values;

use std::ops::Range;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::compare::{Acceptance, OnInconclusive, OnMissing, OnOtherEnvironment, Origin, Rule};
use crate::model::names::Ids;
use crate::toml_file::{self, LineStarts, Located, Problem};

pub use crate::toml_file::FormError as ConfigError;
pub use find::{FoundConfig, find, read};
pub use rules::{Defaults, SubjectRule};
pub use sources::{Source, Work};

use file::ConfigFile;

/// The JSON Schema of `perfgate.toml`, for editors.
pub fn json_schema() -> String {
    toml_file::json_schema::<ConfigFile>()
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

/// What a config file says; what it leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub baseline: Option<Placed<String>>,
    pub require_baseline: Option<Placed<bool>>,
    pub on_inconclusive: Option<Placed<OnInconclusive>>,
    pub on_missing: Option<Placed<OnMissing>>,
    pub on_other_environment: Option<Placed<OnOtherEnvironment>>,
    pub environment: Option<Placed<String>>,
    pub max_detectable: Option<Placed<f64>>,
    pub warmup: Option<Placed<Duration>>,
    pub ids: Option<Placed<Ids>>,
    pub confirm: Option<Placed<bool>>,
    pub subjects: Vec<SubjectRule>,
    pub sources: Vec<Source>,
    pub defaults: Defaults,
    pub rules: Vec<Rule>,
    pub acceptances: Vec<Acceptance>,
}

/// Reads a config; `name` is what origins and messages call the file.
pub fn parse(name: &str, text: &str) -> Result<Config, ConfigError> {
    let origins = Origins {
        name,
        lines: LineStarts::of(text),
    };
    let read = toml_file::read(text, file::FORMAT, |file| build(&file, &origins));
    read.map_err(|error| of_another_tool(text).unwrap_or(error))
}

fn build(file: &ConfigFile, origins: &Origins<'_>) -> Result<Config, Problem> {
    Ok(Config {
        baseline: origins.decided(&file.baseline, |name| name.to_string()),
        require_baseline: origins.decided(&file.require_baseline, |is| *is),
        on_inconclusive: origins.decided(&file.on_inconclusive, |word| word.0),
        on_missing: origins.decided(&file.on_missing, |word| word.0),
        on_other_environment: origins.decided(&file.on_other_environment, |word| word.0),
        environment: origins.decided(&file.environment, |name| name.to_string()),
        max_detectable: origins.decided(&file.max_detectable, |percent| percent.0),
        warmup: origins.decided(&file.warmup, |time| time.0),
        ids: origins.decided(&file.ids, |word| word.0),
        confirm: origins.decided(&file.gate.confirm, |is| *is),
        subjects: file
            .subject
            .iter()
            .flatten()
            .map(|one| rules::subject(one, origins))
            .collect(),
        sources: sources::sources(file.source.as_deref().unwrap_or_default(), origins)?,
        defaults: rules::defaults(&file.defaults, origins),
        rules: file
            .rule
            .iter()
            .flatten()
            .map(|one| rules::rule(one, origins))
            .collect(),
        acceptances: file
            .accept
            .iter()
            .flatten()
            .map(|one| rules::acceptance(one, origins))
            .collect(),
    })
}

/// Another project of this name keeps a `perfgate.toml` too: its keys are told from slips of ours.
fn of_another_tool(text: &str) -> Option<ConfigError> {
    let document = DeTable::parse(text).ok()?;
    let top = document.get_ref();
    let is_list = |value: &DeValue<'_>| matches!(value, DeValue::Array(_));
    let in_defaults = |value: &DeValue<'_>| {
        value
            .as_table()
            .is_some_and(|defaults| defaults.contains_key("warn_factor"))
    };
    let has = |key: &str, is: &dyn Fn(&DeValue<'_>) -> bool| {
        top.get(key).is_some_and(|value| is(value.get_ref()))
    };
    let sign = if has("bench", &is_list) {
        "[[bench]]"
    } else if has("warn_factor", &|_| true) || has("defaults", &in_defaults) {
        "warn_factor"
    } else {
        return None;
    };
    let message = format!("this file belongs to another tool named perfgate: it has `{sign}`");
    Some(ConfigError {
        line: 1,
        column: 1,
        message,
        hint: Some(
            "keep our settings in a file of another name and pass it: --config gate.toml"
                .to_owned(),
        ),
    })
}
