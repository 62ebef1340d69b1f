//! What makes two numbers comparable: the same work, put on by the same tool, on the same kind of machine.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Ordered, Run, ToolName};

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

/// Only runs of one key are ever pooled or compared.
///
/// Versions of tools, the kernel and the compiler are no part of it: they are reported where they differ.
#[derive(Clone, Debug, Default)]
pub struct WorkloadKey {
    /// The name of the source, or the label that its user gave it.
    pub source: Option<String>,
    /// The name of the tool.
    pub tool: Option<String>,
    pub scenario: Option<String>,
    /// The digest of the files that the source calls its inputs.
    pub inputs: Option<String>,
    pub load: Load,
    /// The key of the machine.
    pub environment: Option<String>,
}

/// One thing in which two keys contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
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

/// A part of a key that one of two matching keys lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Source,
    Tool,
    Scenario,
    Inputs,
    Load,
    Environment,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "the name of the source",
            Self::Tool => "the tool",
            Self::Scenario => "the scenario",
            Self::Inputs => "the content of its inputs",
            Self::Load => "the load",
            Self::Environment => "the machine",
        })
    }
}

impl WorkloadKey {
    pub fn of(run: &Run) -> Self {
        let provenance = &run.provenance;
        Self {
            source: provenance.source.clone(),
            tool: provenance.tool.as_ref().map(|tool| tool.name.clone()),
            scenario: provenance.scenario.clone(),
            inputs: provenance.inputs.clone(),
            load: provenance.load.clone().unwrap_or_default(),
            environment: provenance.environment.key(),
        }
    }

    /// Whether it is the same work, on whatever machine.
    pub fn is_same_work(&self, other: &Self) -> bool {
        self.source == other.source
            && self.tool == other.tool
            && self.scenario == other.scenario
            && self.inputs == other.inputs
            && self.load.digest == other.load.digest
            && self.terms().eq(other.terms())
    }

    /// The same work on a machine that is left open.
    #[must_use]
    pub fn anywhere(&self) -> Self {
        Self {
            environment: None,
            ..self.clone()
        }
    }

    /// Writes into a run what it does not say of its work, and this key does.
    pub fn complete(&self, run: &mut Run) {
        let provenance = &mut run.provenance;
        let fill = |place: &mut Option<String>, value: &Option<String>| {
            if place.is_none() {
                place.clone_from(value);
            }
        };
        fill(&mut provenance.source, &self.source);
        fill(&mut provenance.scenario, &self.scenario);
        fill(&mut provenance.inputs, &self.inputs);
        if provenance.tool.is_none() {
            provenance.tool = self.tool.clone().map(|name| ToolName {
                name,
                version: None,
            });
        }
        let own = provenance.load.clone().unwrap_or_default();
        if own.digest.is_none() && !self.load.is_silent() && self.load.says(&own) {
            provenance.load = Some(self.load.clone());
        }
    }

    /// All in which this key, as it was before, contradicts `now`. What only one of them says is no contradiction.
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        let both = |before: &Option<String>, now: &Option<String>| {
            before
                .clone()
                .zip(now.clone())
                .filter(|(before, now)| before != now)
        };
        let mut found = Vec::new();
        found.extend(
            both(&self.source, &now.source).map(|(before, now)| Difference::Source { before, now }),
        );
        found.extend(
            both(&self.tool, &now.tool).map(|(before, now)| Difference::Tool { before, now }),
        );
        found.extend(
            both(&self.scenario, &now.scenario)
                .map(|(before, now)| Difference::Scenario { before, now }),
        );
        found.extend(both(&self.inputs, &now.inputs).map(|_| Difference::Inputs));
        found.extend(self.load.differences(&now.load));
        found.extend(
            both(&self.environment, &now.environment)
                .map(|(before, now)| Difference::Environment { before, now }),
        );
        found
    }

    /// Nothing that both keys say differs.
    pub fn fits(&self, other: &Self) -> bool {
        self.differences(other).is_empty()
    }

    /// The parts that exactly one of two keys says.
    pub fn lacking(&self, other: &Self) -> Vec<Part> {
        let one = |part, here: bool, there: bool| (here != there).then_some(part);
        [
            one(Part::Source, self.source.is_some(), other.source.is_some()),
            one(Part::Tool, self.tool.is_some(), other.tool.is_some()),
            one(
                Part::Scenario,
                self.scenario.is_some(),
                other.scenario.is_some(),
            ),
            one(Part::Inputs, self.inputs.is_some(), other.inputs.is_some()),
            one(Part::Load, self.load.is_silent(), other.load.is_silent()),
            one(
                Part::Environment,
                self.environment.is_some(),
                other.environment.is_some(),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// It says all that `other` says, and more.
    pub fn refines(&self, other: &Self) -> bool {
        let says = |own: &Option<String>, other: &Option<String>| other.is_none() || own == other;
        self != other
            && says(&self.source, &other.source)
            && says(&self.tool, &other.tool)
            && says(&self.scenario, &other.scenario)
            && says(&self.inputs, &other.inputs)
            && says(&self.environment, &other.environment)
            && self.load.says(&other.load)
    }

    /// What tells this key from the others of its gate, in few words; the tool's name where nothing does.
    pub fn label(&self, others: &[&Self]) -> String {
        let differs = |part: fn(&Self) -> Option<String>| {
            others.iter().any(|other| part(other) != part(self))
        };
        let mut words = Vec::new();
        let parts: [fn(&Self) -> Option<String>; 3] = [
            |key| key.source.clone(),
            |key| key.scenario.clone(),
            |key| key.tool.clone(),
        ];
        for part in parts {
            if differs(part)
                && let Some(word) = part(self)
            {
                words.push(word);
            }
        }
        for (name, value) in &self.load.terms {
            if others
                .iter()
                .any(|other| other.load.terms.get(name) != Some(value))
            {
                words.push(format!("{name} {value}"));
            }
        }
        if differs(|key| key.environment.clone())
            && let Some(environment) = &self.environment
        {
            words.push(environment.clone());
        }
        if words.is_empty() && differs(|key| key.load.digest.clone()) {
            words.extend(short(self.load.digest.as_deref()).map(|digest| format!("load {digest}")));
        }
        if words.is_empty() && differs(|key| key.inputs.clone()) {
            words.extend(short(self.inputs.as_deref()).map(|digest| format!("inputs {digest}")));
        }
        if words.is_empty() {
            words.push(self.name());
        }
        words.join(", ")
    }

    /// What people would call this work: its source, else its scenario, else its tool.
    pub fn name(&self) -> String {
        self.source
            .as_ref()
            .or(self.scenario.as_ref())
            .or(self.tool.as_ref())
            .cloned()
            .unwrap_or_else(|| "unnamed".to_owned())
    }

    /// All by which keys are told apart and ordered, but for the terms of a load without a digest.
    fn parts(&self) -> [Option<&str>; 6] {
        [
            self.source.as_deref(),
            self.tool.as_deref(),
            self.scenario.as_deref(),
            self.inputs.as_deref(),
            self.load.digest.as_deref(),
            self.environment.as_deref(),
        ]
    }

    /// Where a digest says what the load is, the words for it do not count.
    fn terms(&self) -> impl Iterator<Item = (&String, &String)> {
        let silent = self.load.digest.is_some();
        self.load.terms.iter().filter(move |_| !silent)
    }
}

fn short(digest: Option<&str>) -> Option<String> {
    digest.map(|digest| digest.chars().take(8).collect())
}

impl PartialEq for WorkloadKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for WorkloadKey {}

impl PartialOrd for WorkloadKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for WorkloadKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts()
            .cmp(&other.parts())
            .then_with(|| self.terms().cmp(other.terms()))
    }
}

impl Load {
    fn is_silent(&self) -> bool {
        self.digest.is_none() && self.terms.is_empty()
    }

    /// In what two loads contradict each other, by name where a term tells.
    fn differences(&self, now: &Self) -> Vec<Difference> {
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

    fn says(&self, other: &Self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: Option<&str>, digest: Option<&str>, terms: &[(&str, &str)]) -> WorkloadKey {
        WorkloadKey {
            source: source.map(str::to_owned),
            load: Load {
                digest: digest.map(str::to_owned),
                terms: terms
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            },
            ..WorkloadKey::default()
        }
    }

    fn said(before: &WorkloadKey, now: &WorkloadKey) -> Vec<String> {
        let found = before.differences(now);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_changed_load_is_named_by_the_terms_that_changed() {
        let before = key(None, Some("a"), &[("rate", "200/s"), ("users", "5")]);
        let now = key(None, Some("b"), &[("rate", "400/s"), ("users", "5")]);
        assert_eq!(said(&before, &now), ["`rate` was 200/s, is 400/s"]);
        let unnamed = key(None, Some("b"), &[("rate", "200/s"), ("users", "5")]);
        assert_eq!(
            said(&before, &unnamed),
            ["the definition of the load changed"]
        );
        let fewer = key(None, Some("b"), &[("rate", "200/s")]);
        assert_eq!(said(&before, &fewer), ["`users` was 5, is not set"]);
    }

    #[test]
    fn equal_digests_are_one_load_whatever_the_words() {
        let (a, b) = (
            key(None, Some("a"), &[("rate", "200/s")]),
            key(None, Some("a"), &[("rate", "200 a second")]),
        );
        assert!(a.fits(&b) && a == b);
    }

    #[test]
    fn what_one_key_lacks_is_no_contradiction_and_is_told() {
        let (bare, full) = (
            key(None, None, &[]),
            key(Some("api"), Some("a"), &[("rate", "200/s")]),
        );
        assert!(bare.fits(&full) && full.fits(&bare) && bare != full);
        assert!(full.refines(&bare) && !bare.refines(&full));
        assert_eq!(bare.lacking(&full), [Part::Source, Part::Load]);
        assert_eq!(
            said(&key(Some("web"), None, &[]), &full),
            ["the source was `web`, is `api`"]
        );
    }

    #[test]
    fn a_label_says_what_tells_a_workload_from_the_others() {
        let (a, b) = (
            key(Some("api"), None, &[("users", "20")]),
            key(Some("api"), None, &[("users", "30")]),
        );
        assert_eq!(a.label(&[&b]), "users 20");
        let other = key(Some("web"), None, &[("users", "20")]);
        assert_eq!(a.label(&[&other]), "api");
        assert_eq!(a.label(&[]), "api");
    }
}
