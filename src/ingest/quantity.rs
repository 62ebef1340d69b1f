//! Numbers as tools print them for people: `13.99ms`, `1,024`, `0.65s`, each with the step at which it was rounded.

use crate::model::Unit;

/// A printed time: its value, and the size of its last digit, both in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PrintedTime {
    pub ns: f64,
    pub step_ns: f64,
}

impl PrintedTime {
    /// Value and step in milliseconds.
    pub(super) fn ms(self) -> (f64, f64) {
        (self.ns / 1e6, self.step_ns / 1e6)
    }
}

/// A number with thousands commas, and the size of its last digit.
pub(super) fn number(text: &str) -> Option<(f64, f64)> {
    let plain: String = text.trim().chars().filter(|c| *c != ',').collect();
    if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') {
        return None;
    }
    let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
    let mantissa = plain.split(['e', 'E']).next().unwrap_or_default();
    let decimals = mantissa.split_once('.').map_or(0, |(_, after)| after.len());
    let exponent: i32 = match plain.split_once(['e', 'E']) {
        Some((_, exponent)) => exponent.parse().ok()?,
        None => 0,
    };
    let step = 10_f64.powi(exponent.saturating_sub(i32::try_from(decimals).ok()?));
    Some((value, step))
}

/// A time with its unit behind it, with or without a space: `1.2ms`, `331.00us`, `2.1 s`, `1m2.5s`.
pub(super) fn time(text: &str) -> Option<PrintedTime> {
    let mut rest = text.trim();
    let mut total = PrintedTime {
        ns: 0.0,
        step_ns: 0.0,
    };
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-')))
            .unwrap_or(rest.len());
        let (digits, after) = rest.split_at_checked(end)?;
        let (value, step) = number(digits)?;
        let after = after.trim_start();
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '-')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let size = unit_ns(unit.trim())?;
        total.ns += value * size;
        total.step_ns = step * size;
        rest = after;
    }
    Some(total)
}

/// How many nanoseconds a unit is, by any of the names that tools give it.
pub(super) fn unit_ns(unit: &str) -> Option<f64> {
    match unit {
        "ns" | "nanos" | "nanoseconds" => Some(1.0),
        "us" | "\u{b5}s" | "\u{3bc}s" | "micros" | "microseconds" => Some(1e3),
        "ms" | "millis" | "milliseconds" => Some(1e6),
        "s" | "sec" | "secs" | "seconds" => Some(1e9),
        "m" | "min" => Some(60e9),
        "h" | "hr" => Some(3600e9),
        _ => None,
    }
}

/// The unit of a tool's time as ours, where it is one.
pub(super) fn time_unit(name: &str) -> Option<Unit> {
    let unit = match name {
        "ns" | "nanoseconds" => "ns",
        "us" | "\u{b5}s" | "\u{3bc}s" | "microseconds" => "us",
        "ms" | "milliseconds" => "ms",
        "s" | "sec" | "second" | "seconds" => "s",
        "m" | "min" => "min",
        _ => return None,
    };
    Some(Unit::new(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_times_keep_their_last_digit() {
        let cases = [
            ("13.99ms", 13.99e6, 1e4),
            ("331.00us", 331e3, 10.0),
            ("697.242µs", 697_242.0, 1.0),
            ("2.1 s", 2.1e9, 1e8),
            ("1m2.5s", 62.5e9, 1e8),
            ("12,345ns", 12_345.0, 1.0),
        ];
        for (text, ns, step_ns) in cases {
            let read = time(text).unwrap();
            assert!((read.ns / ns - 1.0).abs() < 1e-12, "{text}: {read:?}");
            assert!(
                (read.step_ns / step_ns - 1.0).abs() < 1e-9,
                "{text}: {read:?}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "12",
            "ms",
            "NaN",
            "NaN secs",
            "1.2.3ms",
            "12 parsecs",
            "--",
            "inf s",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_step() {
        assert_eq!(number("51,713.40"), Some((51_713.40, 0.01)));
        assert_eq!(number("7"), Some((7.0, 1.0)));
        let (value, step) = number("2.3152e+06").unwrap();
        assert!((value - 2_315_200.0).abs() < 1e-6 && (step - 100.0).abs() < 1e-9);
        assert_eq!(number("NaN"), None);
        assert_eq!(number("inf"), None);
    }
}
