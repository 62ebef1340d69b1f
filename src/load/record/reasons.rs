//! Why requests failed: the distinct messages of each subject, with the number of times each was met and one example.

use std::collections::BTreeMap;

use crate::load::http::{Failure, FailureKind};

/// The messages, by tally and kind of failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasons(BTreeMap<(usize, FailureKind), Vec<FailureMessage>>);

/// One message, and how often it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureMessage {
    pub what: String,
    pub count: u64,
    /// What the service answered the first time.
    pub example: Option<String>,
}

/// The number of messages of one kind and tally that are told apart: a service may put the number of the request into
/// each.
const MOST: usize = 8;
/// The message that stands for all further ones.
const OTHERS: &str = "others";

impl Reasons {
    /// Whether the failure was met before, so that no example is needed.
    pub fn knows(&self, tally_index: usize, failure: &Failure) -> bool {
        let known = self.0.get(&(tally_index, failure.kind));
        known.is_some_and(|known| {
            known.len() > MOST || known.iter().any(|one| one.what == failure.what)
        })
    }

    pub fn note(&mut self, tally_index: usize, failure: &Failure) {
        let known = self.0.entry((tally_index, failure.kind)).or_default();
        insert(known, &failure.what, 1, failure.example.as_ref());
    }

    pub fn add(&mut self, other: &Self) {
        for (key, sentences) in &other.0 {
            let known = self.0.entry(*key).or_default();
            for one in sentences {
                insert(known, &one.what, one.count, one.example.as_ref());
            }
        }
    }

    /// All messages with their tally and kind, the most frequent first.
    pub fn sorted(&self) -> Vec<(usize, FailureKind, &FailureMessage)> {
        let all = self.0.iter();
        let mut all: Vec<_> = all
            .flat_map(|((tally_index, kind), sentences)| {
                sentences.iter().map(|one| (*tally_index, *kind, one))
            })
            .collect();
        all.sort_by_key(|(_, _, one)| std::cmp::Reverse(one.count));
        all
    }

    /// How often each kind was met, and its first message.
    pub fn by_kind(&self) -> BTreeMap<FailureKind, (u64, String)> {
        let mut kinds: BTreeMap<FailureKind, (u64, String)> = BTreeMap::new();
        for ((_, kind), sentences) in &self.0 {
            for one in sentences {
                let known = kinds.entry(*kind);
                known.or_insert_with(|| (0, one.what.clone())).0 += one.count;
            }
        }
        kinds
    }
}

fn insert(known: &mut Vec<FailureMessage>, what: &str, count: u64, example: Option<&String>) {
    let what = match known.iter().any(|one| one.what == what) || known.len() < MOST {
        true => what,
        false => OTHERS,
    };
    match known.iter_mut().find(|one| one.what == what) {
        Some(one) => {
            one.count += count;
            one.example = one.example.take().or_else(|| example.cloned());
        }
        None => known.push(FailureMessage {
            what: what.to_owned(),
            count,
            example: example.cloned().filter(|_| what != OTHERS),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_counted_apart_and_no_more_than_have_room() {
        let mut reasons = Reasons::default();
        let failure = |n: usize| Failure::new(FailureKind::Check, format!("number {n}"));
        for n in 0..100 {
            let known = reasons.knows(3, &failure(n));
            assert_eq!(known, n > MOST, "{n}");
            reasons.note(3, &failure(n));
            reasons.note(3, &failure(0));
        }
        reasons.note(
            1,
            &Failure::new(FailureKind::Status, "500").example("oops".to_owned()),
        );
        reasons.note(
            1,
            &Failure::new(FailureKind::Status, "500").example("again".to_owned()),
        );
        let sorted = reasons.sorted();
        assert_eq!(sorted.len(), MOST + 2);
        assert_eq!(
            (sorted[0].2.what.as_str(), sorted[0].2.count),
            ("number 0", 101)
        );
        assert_eq!((sorted[1].2.what.as_str(), sorted[1].2.count), (OTHERS, 92));
        let status = sorted
            .iter()
            .find(|(tally_index, ..)| *tally_index == 1)
            .unwrap();
        assert_eq!(
            (status.2.count, status.2.example.as_deref()),
            (2, Some("oops"))
        );
        let mut twice = reasons.clone();
        twice.add(&reasons);
        assert_eq!(twice.by_kind()[&FailureKind::Check].0, 400);
        assert_eq!(twice.sorted().len(), sorted.len());
    }
}
