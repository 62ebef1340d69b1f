//! The known name that a misspelt one was probably meant to be.

/// Below this likeness two names have nothing to do with each other.
const LEAST_LIKENESS: f64 = 0.75;
const LEAST_LIKENESS_OF_PATTERNS: f64 = 0.6;

/// The nearest of `known`, whatever the case of its letters, where one is near enough to be worth naming.
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(word, known, LEAST_LIKENESS)
}

/// The same for a pattern over names, of which the wildcards are like nothing.
pub fn near_pattern<'a>(
    pattern: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    nearest(pattern, known, LEAST_LIKENESS_OF_PATTERNS)
}

fn nearest<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    least: f64,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&word, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > least)
        // Of equally near ones the same is named, in whatever order they are known.
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, name)| name)
}

/// A known name that differs by letter case or by one slip of the finger.
pub fn close<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter(|name| *name != word)
        .map(|name| {
            let same_letters = name.eq_ignore_ascii_case(word);
            let slips = strsim::osa_distance(word, name);
            (if same_letters { 0 } else { slips }, name)
        })
        .filter(|(slips, _)| *slips <= 1)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let known = ["max_regression", "min_delta", "severity"];
        assert_eq!(near("max_regresion", known), Some("max_regression"));
        assert_eq!(near("maximum_regression", known), Some("max_regression"));
        assert_eq!(near("colour", known), None);
        assert_eq!(close("Min_delta", known), Some("min_delta"));
        assert_eq!(close("delta", known), None);
    }

    #[test]
    fn names_of_series_are_found_whatever_their_letter_case() {
        let names = ["GET /search", "GET /products", "POST /cart"];
        assert_eq!(near("get /serach", names), Some("GET /search"));
        assert_eq!(near("xyz", names), None);
        let series = ["GET / errors", "GET / latency.p50"];
        assert_eq!(near_pattern("* error", series), Some("GET / errors"));
        assert_eq!(near_pattern("xyz", series), None);
    }
}
