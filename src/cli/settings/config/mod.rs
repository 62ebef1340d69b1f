//! `perfgate.toml`: what a team decided, with the line on which it did. Which of it holds is decided in
//! `settings`, where flags and environment are known too.

mod find;
mod limits;
mod rules;
mod sources;
pub(crate) mod values;

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::compare::{Acceptance, OnInconclusive, OnMissing, OnOtherEnvironment, Rule};
use crate::model::names::Ids;
use crate::toml_file::{Form, LineStarts, Text};

pub use crate::toml_file::FormError as ConfigError;
pub use find::{ConfigFile, find, read};
pub use limits::Placed;
pub use rules::{DECIDE, Defaults, SubjectRule};
pub use sources::{Source, Work};

use limits::{Limits, decided};

/// The JSON Schema of `perfgate.toml`, for editors.
pub const JSON_SCHEMA: &str = include_str!("config.schema.json");

const TOP_KEYS: [&str; 14] = [
    "baseline",
    "require_baseline",
    "on_inconclusive",
    "on_missing",
    "on_other_environment",
    "environment",
    "max_detectable",
    "warmup",
    "ids",
    "subject",
    "source",
    "defaults",
    "rule",
    "accept",
];

pub(crate) const ON_INCONCLUSIVE: [(&str, OnInconclusive); 3] = [
    ("warn", OnInconclusive::Warn),
    ("fail", OnInconclusive::Fail),
    ("pass", OnInconclusive::Pass),
];
pub(crate) const ON_MISSING: [(&str, OnMissing); 2] =
    [("fail", OnMissing::Fail), ("warn", OnMissing::Warn)];
pub(crate) const ON_OTHER_ENVIRONMENT: [(&str, OnOtherEnvironment); 3] = [
    ("refuse", OnOtherEnvironment::Refuse),
    ("warn", OnOtherEnvironment::Warn),
    ("ignore", OnOtherEnvironment::Ignore),
];

pub(crate) const IDS: [(&str, Ids); 2] = [("merge", Ids::Merge), ("keep", Ids::Keep)];

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
    pub subjects: Vec<SubjectRule>,
    pub sources: Vec<Source>,
    pub defaults: Defaults,
    pub rules: Vec<Rule>,
    pub acceptances: Vec<Acceptance>,
}

/// Reads a config; `name` is what origins and messages call the file.
pub fn parse(name: &str, text: &str) -> Result<Config, ConfigError> {
    let lines = LineStarts::of(text);
    let source = Text {
        name,
        text,
        lines: &lines,
    };
    let document = source.document()?;
    if let Some(sign) = sign_of_another_tool(document.get_ref()) {
        let message = format!("this file belongs to another tool named perfgate: it has `{sign}`");
        return Err(source
            .error(&(0..0), message)
            .hint("keep our settings in a file of another name and pass it: --config gate.toml"));
    }
    let top = Form::new(source, &document, "perfgate.toml", &TOP_KEYS)?;
    let forms = |key, title, known: &[&'static str]| top.tables(key, title, known);
    Ok(Config {
        baseline: top.text("baseline")?.map(decided),
        require_baseline: top.flag("require_baseline")?.map(decided),
        on_inconclusive: top
            .choice("on_inconclusive", &ON_INCONCLUSIVE)?
            .map(decided),
        on_missing: top.choice("on_missing", &ON_MISSING)?.map(decided),
        on_other_environment: top
            .choice("on_other_environment", &ON_OTHER_ENVIRONMENT)?
            .map(decided),
        environment: top.text("environment")?.map(decided),
        max_detectable: top.percent("max_detectable")?.map(decided),
        warmup: top.duration("warmup")?.map(decided),
        ids: top.choice("ids", &IDS)?.map(decided),
        subjects: collect(
            forms("subject", "[[subject]]", &rules::SUBJECT_KEYS)?,
            rules::subject,
        )?,
        sources: sources(&forms("source", "[[source]]", &sources::SOURCE_KEYS)?)?,
        defaults: match top.table("defaults", "[defaults]", &rules::DEFAULTS_KEYS)? {
            Some(form) => rules::defaults(&form)?,
            None => Defaults::default(),
        },
        rules: collect(forms("rule", "[[rule]]", &rules::RULE_KEYS)?, rules::rule)?,
        acceptances: collect(
            forms("accept", "[[accept]]", &rules::ACCEPT_KEYS)?,
            rules::acceptance,
        )?,
    })
}

fn sources(forms: &[Form<'_>]) -> Result<Vec<Source>, ConfigError> {
    let sources: Vec<Source> = forms
        .iter()
        .map(sources::source)
        .collect::<Result<_, _>>()?;
    sources::tell_apart(&sources, forms)?;
    Ok(sources)
}

fn collect<'t, T>(
    forms: Vec<Form<'t>>,
    read: impl Fn(&Form<'t>) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    forms.iter().map(read).collect()
}

/// Another project of this name keeps a `perfgate.toml` too; its keys are told from slips of ours.
fn sign_of_another_tool(table: &DeTable<'_>) -> Option<&'static str> {
    let in_defaults = |key: &str| {
        table
            .get("defaults")
            .and_then(|value| value.get_ref().as_table())
            .is_some_and(|defaults| defaults.contains_key(key))
    };
    if table
        .get("bench")
        .is_some_and(|value| matches!(value.get_ref(), DeValue::Array(_)))
    {
        Some("[[bench]]")
    } else if table.contains_key("warn_factor") || in_defaults("warn_factor") {
        Some("warn_factor")
    } else {
        None
    }
}
