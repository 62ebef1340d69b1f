//! How long something took or may take, as people read it: `45ms`, `1.23s`, `1m 02s`, `2h 05m`.

use std::time::Duration;

/// Rounded to hundredths of a second below a minute, to seconds below an hour, and to minutes from there on.
pub fn text(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.9995 {
        return format!("{:.0}ms", seconds * 1e3);
    }
    if seconds < 59.995 {
        let text = format!("{seconds:.2}");
        return format!("{}s", text.trim_end_matches('0').trim_end_matches('.'));
    }
    let whole = time.as_secs() + u64::from(time.subsec_millis() >= 500);
    if whole < 3600 {
        pair((whole / 60, "m"), (whole % 60, "s"))
    } else {
        pair((whole / 3600, "h"), (whole % 3600 / 60, "m"))
    }
}

fn pair((large, of_large): (u64, &str), (small, of_small): (u64, &str)) -> String {
    match small {
        0 => format!("{large}{of_large}"),
        small => format!("{large}{of_large} {small:02}{of_small}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_units_of_its_size() {
        for (millis, told) in [
            (0, "0ms"),
            (45, "45ms"),
            (1_000, "1s"),
            (1_234, "1.23s"),
            (1_500, "1.5s"),
            (18_000, "18s"),
            (59_999, "1m"),
            (62_000, "1m 02s"),
            (1_800_000, "30m"),
            (3_600_000, "1h"),
            (7_500_000, "2h 05m"),
        ] {
            assert_eq!(text(Duration::from_millis(millis)), told);
        }
    }
}
