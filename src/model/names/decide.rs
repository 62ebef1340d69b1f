//! Which name each subject gets, decided over all names at once.

use std::collections::{BTreeMap, BTreeSet};

use super::template::{QueryValue, Template};
use super::{Ids, Merged, NameRules, endpoints};
use crate::model::{Run, Subject};

/// A parameter with more words than this holds text or ids, not a choice.
const MOST_WORDS: usize = 5;

/// Old names to new ones; what is not in it stays.
#[derive(Debug, Default)]
pub(super) struct Decision {
    names: BTreeSet<Subject>,
    to: BTreeMap<Subject, Subject>,
    matched: BTreeSet<usize>,
}

/// A parameter of one path.
type ParameterKey<'a> = (&'a str, &'a str);

impl Decision {
    pub(super) fn of<'r>(runs: impl Iterator<Item = &'r Run>, rules: &NameRules) -> Self {
        let runs: Vec<Vec<&Subject>> = runs.map(|run| endpoints(run).collect()).collect();
        let mut decision = Self {
            names: runs.iter().flatten().copied().cloned().collect(),
            ..Self::default()
        };
        let left = decision.by_hand(rules);
        if rules.ids == Ids::Merge {
            decision.by_template(&runs, &left, rules);
        }
        decision
    }

    /// The names that no rule by hand decides.
    fn by_hand(&mut self, rules: &NameRules) -> BTreeSet<Subject> {
        let mut left = BTreeSet::new();
        for subject in &self.names {
            let name = subject.as_str();
            let mut decided = false;
            for (index, rule) in rules.by_hand.iter().enumerate() {
                let Some(given) = rule.given(name) else {
                    continue;
                };
                self.matched.insert(index);
                if !decided && given != name {
                    self.to.insert(subject.clone(), Subject::new(given));
                }
                decided = true;
            }
            let is_given = || {
                rules
                    .by_hand
                    .iter()
                    .any(|rule| rule.name.as_deref() == Some(name))
            };
            if !decided && !rules.literal.contains(name) && !is_given() {
                left.insert(subject.clone());
            }
        }
        left
    }

    fn by_template(&mut self, runs: &[Vec<&Subject>], left: &BTreeSet<Subject>, rules: &NameRules) {
        let templates: BTreeMap<&Subject, Template<'_>> = left
            .iter()
            .map(|subject| (subject, Template::of(subject.as_str())))
            .collect();
        let replaced = replaced_words(runs, &templates);
        let mut groups: BTreeMap<String, Vec<&Subject>> = BTreeMap::new();
        for (subject, template) in &templates {
            let keeps = |key: &str| !replaced.contains(&(template.path.as_str(), key));
            groups
                .entry(template.written(keeps))
                .or_default()
                .push(subject);
        }
        for (name, members) in groups {
            if members.len() < 2 && !rules.literal.contains(&name) {
                continue;
            }
            for member in members {
                if member.as_str() != name {
                    self.to.insert(member.clone(), Subject::new(name.as_str()));
                }
            }
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Subject> {
        self.names.iter()
    }

    /// What a subject is called now.
    pub(super) fn name<'s>(&'s self, subject: &'s Subject) -> &'s Subject {
        self.to.get(subject).unwrap_or(subject)
    }

    pub(super) fn merged(&self) -> BTreeMap<Subject, Merged> {
        let mut merged: BTreeMap<Subject, Merged> = BTreeMap::new();
        for name in self.to.values() {
            merged.entry(name.clone()).or_default().names += 1;
        }
        merged
    }

    /// A rule can only miss where there were names.
    pub(super) fn unmatched(&self, rules: &NameRules) -> Vec<usize> {
        let all = 0..rules.by_hand.len();
        all.filter(|index| !self.names.is_empty() && !self.matched.contains(index))
            .collect()
    }
}

/// The parameters whose words are replaced: they have too many, or were replaced before in a stored run, which
/// then holds no word of theirs.
fn replaced_words<'t>(
    runs: &[Vec<&Subject>],
    templates: &'t BTreeMap<&Subject, Template<'t>>,
) -> BTreeSet<ParameterKey<'t>> {
    let mut words: BTreeMap<ParameterKey<'t>, BTreeSet<&str>> = BTreeMap::new();
    let mut replaced = BTreeSet::new();
    for run in runs {
        let mut before: BTreeSet<ParameterKey<'t>> = BTreeSet::new();
        let mut with_words: BTreeSet<ParameterKey<'t>> = BTreeSet::new();
        for template in run.iter().filter_map(|subject| templates.get(*subject)) {
            for parameter in &template.query {
                let key = (template.path.as_str(), parameter.key);
                match parameter.value {
                    QueryValue::Word(word) => {
                        words.entry(key).or_default().insert(word);
                        with_words.insert(key);
                    }
                    QueryValue::Replaced => {
                        before.insert(key);
                    }
                    QueryValue::Other | QueryValue::None => {}
                }
            }
        }
        replaced.extend(before.difference(&with_words).copied());
    }
    let many = words.iter().filter(|(_, words)| words.len() > MOST_WORDS);
    replaced.extend(many.map(|(key, _)| *key));
    replaced
}

impl super::ByHand {
    /// The name that this rule gives; `None` where it does not match.
    ///
    /// A pattern that begins with `/` is held against the path alone; then a name that begins with `/` keeps what
    /// stood before the path, the method.
    fn given(&self, name: &str) -> Option<String> {
        if self.matches.matches(name) {
            return Some(self.name.clone().unwrap_or_else(|| name.to_owned()));
        }
        if !self.matches.as_str().starts_with('/') {
            return None;
        }
        let (before, path) = name.split_at(name.find(" /")? + 1);
        if !self.matches.matches(path) {
            return None;
        }
        Some(match &self.name {
            None => name.to_owned(),
            Some(given) if given.starts_with('/') => format!("{before}{given}"),
            Some(given) => given.clone(),
        })
    }
}
