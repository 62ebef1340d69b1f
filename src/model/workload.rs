//! What makes two numbers comparable: the same work, put on by the same tool, on the same kind of machine.

use std::cmp::Ordering;
use std::fmt;

use super::{Difference, Load, Run, ToolName};

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

/// A part of a key that one of two matching keys lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPart {
    Source,
    Tool,
    Scenario,
    Inputs,
    Load,
    Environment,
}

impl fmt::Display for KeyPart {
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
    pub fn lacking(&self, other: &Self) -> Vec<KeyPart> {
        let one = |part, here: bool, there: bool| (here != there).then_some(part);
        [
            one(
                KeyPart::Source,
                self.source.is_some(),
                other.source.is_some(),
            ),
            one(KeyPart::Tool, self.tool.is_some(), other.tool.is_some()),
            one(
                KeyPart::Scenario,
                self.scenario.is_some(),
                other.scenario.is_some(),
            ),
            one(
                KeyPart::Inputs,
                self.inputs.is_some(),
                other.inputs.is_some(),
            ),
            one(KeyPart::Load, self.load.is_silent(), other.load.is_silent()),
            one(
                KeyPart::Environment,
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
        assert_eq!(bare.lacking(&full), [KeyPart::Source, KeyPart::Load]);
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
