//! Names that look like other names: a renamed subject, the series that a rule probably meant.

use std::collections::BTreeSet;

use super::layout::Layout;
use crate::model::{Run, Subject};
use crate::text::nearest::near;

/// Among more names than this nobody looks for one, and the search would cost their square.
const MOST_CANDIDATES: usize = 100;

/// The subjects that only one of the sides has: where a renamed one is looked for.
#[derive(Debug, Default)]
pub(super) struct OneSided<'a> {
    gone: Vec<&'a Subject>,
    new: Vec<&'a Subject>,
}

impl<'a> OneSided<'a> {
    pub fn of(layout: &Layout<'a>) -> Self {
        let subjects = |runs: &[&'a Run]| -> BTreeSet<&'a Subject> {
            runs.iter().flat_map(|run| run.subjects.keys()).collect()
        };
        let (base, current) = (subjects(&layout.base), subjects(&layout.current));
        Self {
            gone: base.difference(&current).copied().collect(),
            new: current.difference(&base).copied().collect(),
        }
    }

    /// What a subject that vanished may be called now.
    pub fn renamed_to(&self, gone: &Subject) -> Option<Subject> {
        likeliest(gone, &self.gone, &self.new)
    }

    /// What a new subject may have been called before.
    pub fn renamed_from(&self, new: &Subject) -> Option<Subject> {
        likeliest(new, &self.new, &self.gone)
    }
}

fn likeliest(name: &Subject, own: &[&Subject], others: &[&Subject]) -> Option<Subject> {
    if others.len() > MOST_CANDIDATES || own.binary_search(&name).is_err() {
        return None;
    }
    near(name.as_str(), others.iter().map(|other| other.as_str())).map(Subject::new)
}
