//! The order in which people number things: `run2` comes before `run10`.

use std::cmp::Ordering;
use std::path::Path;

pub(super) fn by_name(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.to_string_lossy(), b.to_string_lossy());
    compare(&a, &b).then_with(|| a.cmp(&b))
}

fn compare(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let ((a_part, a_rest), (b_part, b_rest)) = (part(a), part(b));
        if a_part.is_empty() || b_part.is_empty() {
            return a_part.len().cmp(&b_part.len());
        }
        let order = match (number(a_part), number(b_part)) {
            // Numbers of any length: without leading zeros, the longer one is larger.
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => a_part.cmp(b_part),
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (a_rest, b_rest);
    }
}

/// The leading run of digits, or of anything else, and what follows.
fn part(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn number(part: &str) -> Option<&str> {
    part.starts_with(|c: char| c.is_ascii_digit())
        .then(|| part.trim_start_matches('0'))
}

/// The name with its numbers left out: `base-` for `base-4`.
pub(super) fn stem(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_inside_names_count_as_numbers() {
        let mut names = [
            "run10", "b", "run2", "run02b", "run", "é1", "run1/x", "10", "9",
        ];
        names.sort_by(|a, b| by_name(Path::new(a), Path::new(b)));
        let expected = [
            "9", "10", "b", "run", "run1/x", "run2", "run02b", "run10", "é1",
        ];
        assert_eq!(names, expected);
    }
}
