//! What a tool was asked to do, and in what two of those differ.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ordered;

/// What a tool was asked to do, as far as its result says so.
///
/// What the speed of the service can change (requests made, the rate that was reached) is no part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Covers everything that defines the load (steps, bodies, phases, rate, users, data, think times), and not the
    /// address of the service.
    pub digest: Option<String>,
    /// What was asked for, by name, as people write it: `rate` is `200/s`. It names what changed between two loads.
    pub terms: Ordered<String, String>,
}

impl Load {
    pub(super) fn is_silent(&self) -> bool {
        self.digest.is_none() && self.terms.is_empty()
    }

    /// In what two loads contradict each other, by name where a term tells.
    pub(super) fn differences(&self, now: &Self) -> Vec<Difference> {
        let digests = self.digest.as_ref().zip(now.digest.as_ref());
        if digests.is_some_and(|(before, now)| before == now) {
            return Vec::new();
        }
        let mut found: Vec<Difference> = self
            .terms
            .iter()
            .filter_map(|(name, before)| {
                let now = now.terms.get(name)?;
                (before != now).then(|| Difference::Term {
                    name: name.clone(),
                    before: before.clone(),
                    now: now.clone(),
                })
            })
            .collect();
        if digests.is_some() {
            // Both say all that was asked for: a term of one alone is a change too.
            let none = || "not set".to_owned();
            let gone = self
                .terms
                .iter()
                .filter(|(name, _)| !now.terms.contains_key(*name));
            found.extend(gone.map(|(name, before)| Difference::Term {
                name: name.clone(),
                before: before.clone(),
                now: none(),
            }));
            let new = now
                .terms
                .iter()
                .filter(|(name, _)| !self.terms.contains_key(*name));
            found.extend(new.map(|(name, now)| Difference::Term {
                name: name.clone(),
                before: none(),
                now: now.clone(),
            }));
            if found.is_empty() {
                found.push(Difference::Digest);
            }
        }
        found
    }

    pub(super) fn says(&self, other: &Self) -> bool {
        match (&self.digest, &other.digest) {
            (Some(own), Some(other)) => own == other,
            (None, Some(_)) => false,
            (_, None) => other
                .terms
                .iter()
                .all(|(name, value)| self.terms.get(name) == Some(value)),
        }
    }
}

/// One thing in which two keys contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "part", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Difference {
    Source {
        #[serde(rename = "baseline")]
        before: String,
        #[serde(rename = "current")]
        now: String,
    },
    Tool {
        #[serde(rename = "baseline")]
        before: String,
        #[serde(rename = "current")]
        now: String,
    },
    Scenario {
        #[serde(rename = "baseline")]
        before: String,
        #[serde(rename = "current")]
        now: String,
    },
    /// The files that the source calls its inputs have another content.
    Inputs,
    /// Something that was asked of the load tool, by name.
    Term {
        name: String,
        #[serde(rename = "baseline")]
        before: String,
        #[serde(rename = "current")]
        now: String,
    },
    /// The digests of the loads differ, and no term names what.
    #[serde(rename = "load")]
    Digest,
    Environment {
        #[serde(rename = "baseline")]
        before: String,
        #[serde(rename = "current")]
        now: String,
    },
}

impl Difference {
    /// It is the same source and tool, which does other work.
    pub fn is_of_load(&self) -> bool {
        matches!(
            self,
            Self::Inputs | Self::Term { .. } | Self::Digest | Self::Scenario { .. }
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { before, now } => write!(f, "the source was `{before}`, is `{now}`"),
            Self::Tool { before, now } => write!(f, "the tool was `{before}`, is `{now}`"),
            Self::Scenario { before, now } => {
                write!(f, "the scenario was `{before}`, is `{now}`")
            }
            Self::Inputs => f.write_str("the content of the source's `inputs` changed"),
            Self::Term { name, before, now } => write!(f, "`{name}` was {before}, is {now}"),
            Self::Digest => f.write_str("the definition of the load changed"),
            Self::Environment { before, now } => {
                write!(f, "the environment was `{before}`, is `{now}`")
            }
        }
    }
}
