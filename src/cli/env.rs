//! The environment variables and the day as values, so that everything behind `main` is a function of its arguments.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::{Context, anyhow};

use crate::hint::WithHint;

/// What was in the environment. A variable that is empty counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Env(BTreeMap<String, String>);

/// The day on which acceptances hold or have ended.
pub(crate) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

impl Env {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether a variable says yes: `1`, `true`, `yes`.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| !matches!(value, "0" | "false" | "no"))
    }

    /// The same as a function, for rooms that know no more of an environment.
    pub fn lookup(&self) -> impl Fn(&str) -> Option<String> {
        |name| self.get(name).map(str::to_owned)
    }

    /// What GitHub tells about why a workflow runs; nothing where no file is named. One that cannot be read, or is
    /// no event, is an error: it would be taken for an event without a pull request.
    pub(crate) fn event(&self) -> anyhow::Result<Option<serde_json::Value>> {
        let Some(path) = self.get("GITHUB_EVENT_PATH") else {
            return Ok(None);
        };
        let doing = || format!("read the event in GITHUB_EVENT_PATH, {path}");
        let hint = "the runner writes this file; a job in a container has to see it, and --pr NUMBER does without";
        let text = std::fs::read_to_string(path)
            .with_context(doing)
            .hint(hint)?;
        let event: serde_json::Value =
            serde_json::from_str(&text).with_context(doing).hint(hint)?;
        if !event.is_object() {
            return Err(anyhow!("it is no JSON object"))
                .with_context(doing)
                .hint(hint);
        }
        Ok(Some(event))
    }

    pub fn in_github_actions(&self) -> bool {
        self.get("GITHUB_ACTIONS") == Some("true")
    }

    /// The names that begin with `prefix`.
    pub fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .keys()
            .map(String::as_str)
            .filter(move |name| name.starts_with(prefix))
    }
}

impl FromIterator<(OsString, OsString)> for Env {
    /// What is not UTF-8 is left out: none of the variables that are read here can be such.
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(pairs: I) -> Self {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(pairs.into_iter().filter_map(text).collect())
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Env {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}
