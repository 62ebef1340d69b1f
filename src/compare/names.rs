//! Names that look like other names: a renamed subject, the series that a rule probably meant.

use super::pairs::metrics_of;
use super::sittings::Layout;
use crate::model::Subject;

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

/// Which subject of the other side `gone` may have become: one that only that side has, with the same metrics
/// and a like name.
pub(super) fn renamed(gone: &Subject, layout: &Layout<'_>, to_current: bool) -> Option<Subject> {
    let (from, to) = if to_current {
        (&layout.base, &layout.current)
    } else {
        (&layout.current, &layout.base)
    };
    let metrics: Vec<_> = metrics_of(from, gone)?.keys().collect();
    let newcomers = to
        .iter()
        .flat_map(|run| run.subjects.iter())
        .filter(|(subject, its)| {
            metrics_of(from, subject).is_none() && its.keys().collect::<Vec<_>>() == metrics
        });
    let names: Vec<&str> = newcomers.map(|(subject, _)| subject.as_str()).collect();
    nearest(gone.as_str(), names.into_iter()).map(Subject::new)
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
