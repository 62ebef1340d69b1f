//! Names that look like other names: a renamed subject, the series that a rule probably meant.

use std::collections::BTreeSet;

use super::layout::Layout;
use crate::model::{Run, Subject};

/// Below this likeness two names have nothing to do with each other.
const LEAST_LIKENESS: f64 = 0.6;

/// The name most like `wanted`.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = wanted.to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, name)| name.to_owned())
}

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
    nearest(name.as_str(), others.iter().map(|other| other.as_str())).map(Subject::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_strangers_are_not() {
        let names = ["GET /search", "GET /products", "POST /cart"];
        assert_eq!(
            nearest("GET /serach", names.into_iter()).as_deref(),
            Some("GET /search")
        );
        assert_eq!(nearest("xyz", names.into_iter()), None);
    }
}
