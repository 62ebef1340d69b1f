//! How numbers with a unit are written: `"30s"`, `"1s..3s"`.

use std::time::Duration;

/// `"30s"`, `"500ms"`, `"2m"`, `"1h"`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{text}` is not a duration; write it like `30s`")),
    };
    Duration::try_from_secs_f64(number * seconds)
        .map_err(|_| format!("`{text}` is not a duration; write it like `30s`"))
}

/// `30s`, `500ms`, `0s`: as a file says it.
pub fn duration_text(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{}s", time.as_secs())
    } else if time.as_nanos().is_multiple_of(1_000_000) {
        format!("{}ms", time.as_millis())
    } else {
        format!("{}s", time.as_secs_f64())
    }
}

/// The number in front, finite, and what follows it.
pub fn split(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((number, unit.trim())),
        _ => Err(format!("`{text}` does not begin with a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for bad in ["30", "-1s", "s", "30 seconds", "99999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_scenarios_write_them() {
        for (millis, written) in [
            (30_000, "30s"),
            (500, "500ms"),
            (0, "0s"),
            (1_500, "1500ms"),
        ] {
            assert_eq!(duration_text(Duration::from_millis(millis)), written);
        }
        assert_eq!(duration_text(Duration::from_micros(1_234_567)), "1.234567s");
    }
}
