//! Numbers as people read them: a unit that fits, three significant digits, and never a `NaN` or `-0.0`.

use super::sentence::Sentence;
use crate::model::Unit;
use crate::model::unit::Dimension;
use crate::text::shorten;

/// How the numbers of one row are written: all in one unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    factor: f64,
    unit: Sentence,
    zeros: Zeros,
}

/// Whether `84.0` keeps its zero: measured numbers do, limits and shares do not.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Zeros {
    Kept,
    Dropped,
}

/// A unit longer than this is no unit.
const UNIT: usize = 24;

const TIMES: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
const BINARY: [(f64, &str); 4] = [
    (1_073_741_824.0, "GiB"),
    (1_048_576.0, "MiB"),
    (1024.0, "KiB"),
    (1.0, "B"),
];
const DECIMAL: [(f64, &str); 4] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")];

impl Scale {
    /// For measured values in `unit`; the largest decides.
    pub(super) fn of(unit: &Unit, values: impl IntoIterator<Item = f64>) -> Self {
        let largest = values
            .into_iter()
            .filter(|v| v.is_finite())
            .map(f64::abs)
            .fold(0.0, f64::max);
        let steps = match (unit.dimension(), unit.as_str()) {
            (Dimension::Time(_), _) => TIMES,
            (Dimension::Bytes(_), "kB" | "KB" | "MB" | "GB") => DECIMAL,
            (Dimension::Bytes(_), _) => BINARY,
            (Dimension::Other, _) => return Self::plain(unit),
        };
        let size = match unit.dimension() {
            Dimension::Time(size) | Dimension::Bytes(size) => size,
            Dimension::Other => 1.0,
        };
        if largest < f64::MIN_POSITIVE {
            return Self::plain(unit);
        }
        // Rounded first: 999.7 ms is 1.00 s.
        let base = rounded(largest * size);
        let (step, name) = steps
            .into_iter()
            .find(|(step, _)| base >= *step)
            .unwrap_or((1.0, if steps == TIMES { "ns" } else { "B" }));
        Self {
            factor: size / step,
            unit: Sentence::new(format!(" {name}")),
            zeros: Zeros::Kept,
        }
    }

    /// For shares of one, as percent.
    pub(super) fn share() -> Self {
        Self {
            factor: 100.0,
            unit: Sentence::new(" %"),
            zeros: Zeros::Dropped,
        }
    }

    fn plain(unit: &Unit) -> Self {
        let name = unit.as_str();
        Self {
            factor: 1.0,
            unit: if name.is_empty() {
                Sentence::default()
            } else if is_word(name) {
                Sentence::new(format!(" {name}"))
            } else {
                Sentence::new(" ").foreign(&shorten::middle(name, UNIT))
            },
            zeros: Zeros::Dropped,
        }
    }

    /// The same for a limit, which was written by hand: `2 ms`, not `2.00 ms`.
    pub(super) fn by_hand(mut self) -> Self {
        self.zeros = Zeros::Dropped;
        self
    }

    pub(super) fn write(&self, value: f64) -> Sentence {
        self.number(value).then(self.unit.clone())
    }

    /// Beside an axis with a number every `step`: as many digits as tell two of them apart, and no more.
    pub(super) fn tick(&self, value: f64, step: f64) -> Sentence {
        const MOST_DIGITS: f64 = 6.0;
        let (value, step) = (value * self.factor, step.abs() * self.factor);
        if !(value.abs() < 1e6 && step > 0.0) {
            return Sentence::new(number(value)).then(self.unit.clone());
        }
        // A step of 0.5 needs one digit, one of 0.25 has a last digit that is not shown.
        let digits = (-(step * 1.000_001).log10().floor()).clamp(0.0, MOST_DIGITS);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number up to six"
        )]
        let text = grouped(format!("{value:.*}", digits as usize));
        let text = match text.strip_prefix('-') {
            Some(zero) if zero.chars().all(|c| c == '0' || c == '.') => zero.to_owned(),
            _ => text,
        };
        Sentence::new(text).then(self.unit.clone())
    }

    /// Without the unit, for where a second number of the same scale follows.
    pub(super) fn number(&self, value: f64) -> Sentence {
        let text = number(value * self.factor);
        Sentence::new(match self.zeros {
            Zeros::Kept => text,
            Zeros::Dropped => without_zeros(&text),
        })
    }
}

/// A unit that cannot be anything else in any format: one word, and no phrase (`s/1000 req`); a run of hex digits would link to a commit.
fn is_word(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '%');
    name.chars().count() <= 16
        && ends(name.chars().next())
        && ends(name.chars().last())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "µ%/^ ".contains(c))
        && name
            .split_inclusive(' ')
            .filter_map(|word| word.strip_suffix(' '))
            .all(|word| word.ends_with(|c: char| c.is_ascii_digit()))
        && !(name.len() >= 7 && name.chars().all(|c| c.is_ascii_hexdigit()))
}

fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// Three significant digits; whole numbers below a million in full.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e12 => format!("{value:.2e}"),
        size if size >= 1e9 => significant(value / 1e9, 3) + " G",
        size if size >= 1e6 => significant(value / 1e6, 3) + " M",
        _ => significant(value, 3),
    }
}

/// Rounded to `digits`, thousands grouped. What is no number prints as a question mark.
fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value.abs() < 1e-9 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let exponent: i32 = scientific
        .rsplit_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0);
    let wanted = i32::try_from(digits).unwrap_or(3) - 1 - exponent;
    grouped(format!(
        "{value:.*}",
        usize::try_from(wanted.max(0)).unwrap_or(0)
    ))
}

fn grouped(number: String) -> String {
    let whole = number.bytes().take_while(|byte| *byte != b'.').count();
    if whole <= 3 {
        return number;
    }
    let (sign, number) = number
        .strip_prefix('-')
        .map_or(("", number.as_str()), |rest| ("-", rest));
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, String::new()), |(w, f)| (w, format!(".{f}")));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}{fraction}")
}

fn without_zeros(number: &str) -> String {
    let (digits, suffix) = number
        .split_once(' ')
        .map_or((number, String::new()), |(d, s)| (d, format!(" {s}")));
    if !digits.contains('.') || digits.contains('e') {
        return number.to_owned();
    }
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}{suffix}")
}

/// A change: one decimal, more only where it is very small, none where it is large.
pub(super) fn percent(fraction: f64) -> String {
    let value = fraction * 100.0;
    let text = match value.abs() {
        size if !size.is_finite() => "?".to_owned(),
        size if size < 0.001 => "0".to_owned(),
        size if size < 0.095 => without_zeros(&significant(value, 2)),
        size if size < 99.95 => format!("{value:.1}"),
        _ => grouped(format!("{value:.0}")),
    };
    text + " %"
}

/// The end of an interval, which is never known to a tenth: `17 %`, `0.4 %`.
pub(super) fn coarse(fraction: f64) -> String {
    let value = fraction * 100.0;
    let text = match value.abs() {
        size if !size.is_finite() => "?".to_owned(),
        size if size < 0.05 => "0".to_owned(),
        size if size < 9.95 => without_zeros(&format!("{value:.1}")),
        _ => grouped(format!("{value:.0}")),
    };
    text + " %"
}

/// The same with its sign; zero has none.
pub(super) fn coarse_signed(fraction: f64) -> String {
    let text = coarse(fraction);
    if fraction > 0.0 && text != "0 %" {
        format!("+{text}")
    } else {
        text
    }
}

/// A limit, as it was written: `5 %`, `7.5 %`.
pub(super) fn limit(fraction: f64) -> String {
    without_zeros(&significant(fraction * 100.0, 3)) + " %"
}

/// Percentage points of a difference between shares.
pub(super) fn points(difference: f64) -> String {
    without_zeros(&significant(difference * 100.0, 2))
}

/// `1,000`
pub(super) fn count(n: impl std::fmt::Display) -> String {
    grouped(n.to_string())
}

/// `1 run`, `5 runs`; `series` stays as it is.
pub(super) fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: &str, values: &[f64]) -> Vec<String> {
        let scale = Scale::of(&Unit::new(unit), values.iter().copied());
        values.iter().map(|&v| scale.write(v).plain()).collect()
    }

    #[test]
    fn both_cells_of_a_row_share_the_unit_of_the_larger() {
        assert_eq!(row("ms", &[84.0, 103.0]), ["84.0 ms", "103 ms"]);
        assert_eq!(row("ms", &[999.7, 12.0]), ["1.00 s", "0.0120 s"]);
        assert_eq!(row("ns", &[139.2, 1204.0]), ["0.139 µs", "1.20 µs"]);
        assert_eq!(row("ns", &[139.2, 138.0]), ["139 ns", "138 ns"]);
        assert_eq!(row("s", &[0.0, 0.0]), ["0 s", "0 s"]);
        assert_eq!(row("B", &[2048.0]), ["2.00 KiB"]);
        assert_eq!(row("MB", &[1500.0]), ["1.50 GB"]);
        assert_eq!(row("req/s", &[400.12]), ["400 req/s"]);
        assert_eq!(row("", &[1_234_567.0, 12_345.0]), ["1.23 M", "12,345"]);
    }

    #[test]
    fn ticks_are_told_apart_and_have_no_digit_more() {
        let ticks = |unit: &str, values: &[f64], step: f64| -> Vec<String> {
            let scale = Scale::of(&Unit::new(unit), values.iter().copied());
            let written = values.iter().map(|&v| scale.tick(v, step).plain());
            written.collect()
        };
        assert_eq!(ticks("ms", &[38.0, 40.0], 2.0), ["38 ms", "40 ms"]);
        assert_eq!(
            ticks("req/s", &[127.2, 127.4], 0.2),
            ["127.2 req/s", "127.4 req/s"]
        );
        assert_eq!(ticks("", &[-0.0, 12_000.0], 500.0), ["0", "12,000"]);
        assert_eq!(ticks("s", &[0.002, 0.003], 0.001), ["2 ms", "3 ms"]);
        assert_eq!(Scale::share().tick(0.0005, 0.0005).plain(), "0.05 %");
    }

    #[test]
    fn a_unit_that_could_be_markup_is_foreign() {
        assert_eq!(row("a|b", &[1.0]), ["1 `a|b`"]);
        assert_eq!(row("deadbeef1", &[1.0]), ["1 `deadbeef1`"]);
        assert_eq!(row("@team", &[1.0]), ["1 `@team`"]);
    }

    #[test]
    fn no_number_prints_as_nan_or_as_negative_zero() {
        for text in [
            percent(f64::NAN),
            percent(-0.000_000_1),
            coarse(-0.0),
            coarse_signed(-0.000_1),
            coarse_signed(f64::INFINITY),
            Scale::share().write(f64::NAN).plain(),
            Scale::share().write(-0.0).plain(),
        ] {
            assert!(!text.contains("NaN") && !text.contains("-0"), "{text}");
            assert!(!text.contains("inf"), "{text}");
        }
    }

    #[test]
    fn percentages_read_as_people_write_them() {
        assert_eq!(percent(0.2262), "22.6 %");
        assert_eq!(percent(0.000_34), "0.034 %");
        assert_eq!(percent(1.26), "126 %");
        assert_eq!(percent(12.3), "1,230 %");
        assert_eq!(coarse(0.168), "17 %");
        assert_eq!(coarse(0.004), "0.4 %");
        assert_eq!(coarse_signed(0.004), "+0.4 %");
        assert_eq!(coarse_signed(-0.021), "-2.1 %");
        assert_eq!(limit(0.07), "7 %");
        assert_eq!(limit(0.075), "7.5 %");
        assert_eq!(Scale::share().write(0.001).plain(), "0.1 %");
        assert_eq!(points(0.022), "2.2");
    }
}
