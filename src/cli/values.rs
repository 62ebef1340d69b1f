//! How limits are written: `"5%"`, `"2ms"`, `"30s"`. For the file, the flags and the environment alike.

use crate::compare::Quantity;
use crate::model::Unit;
use crate::toml_file::nearest;
use crate::toml_file::written::split;

pub(crate) use crate::toml_file::written::duration;

/// Units that perfgate converts; another word is taken as a custom unit.
const KNOWN_UNITS: [&str; 15] = [
    "ns", "µs", "us", "ms", "s", "min", "B", "KiB", "MiB", "GiB", "kB", "KB", "MB", "GB", "%",
];

/// `"5%"` to 0.05. Zero is refused: a limit of nothing would ask for the impossible of a measurement.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text)?;
    if unit != "%" {
        return Err(format!("`{text}` is not a percentage; write it like `5%`"));
    }
    if number <= 0.0 {
        return Err(format!(
            "`{text}` is not a limit; it must be more than 0%, for no measurement repeats exactly"
        ));
    }
    Ok(number / 100.0)
}

/// `"2ms"`, `"0.5%"`, `"64MiB"`, `"500"`; zero is allowed, less is not.
pub(crate) fn quantity(text: &str) -> Result<Quantity, String> {
    let (value, unit) = split(text)?;
    not_negative(value, unit_of(unit)?, text)
}

/// `written` is what stands in the file.
pub(crate) fn not_negative(value: f64, unit: Unit, written: &str) -> Result<Quantity, String> {
    match value < 0.0 {
        true => Err(format!("`{written}` is negative, and limits are not")),
        false => Ok(Quantity { value, unit }),
    }
}

fn unit_of(name: &str) -> Result<Unit, String> {
    if name.is_empty() || KNOWN_UNITS.contains(&name) {
        return Ok(Unit::new(name));
    }
    // A misspelt unit would make a limit that never applies.
    if matches!(name, "m" | "h") || name.len() > 1 {
        if let Some(near) = nearest::close(name, KNOWN_UNITS) {
            return Err(format!("unknown unit `{name}`; did you mean `{near}`?"));
        }
        if matches!(name, "m" | "h") {
            return Err(format!("unknown unit `{name}`; write it in `min` or `s`"));
        }
    }
    Ok(Unit::new(name))
}

/// 0.05 as `5%`, for reports that name a value.
pub(crate) fn show_percent(fraction: f64) -> String {
    // Rounded to what a person wrote: 0.1 * 100 is not quite 10.
    format!("{}%", (fraction * 1e6).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_and_what_limits_nothing_is_refused() {
        assert_eq!(percent("5%"), Ok(0.05));
        assert_eq!(percent(" 2.5 % "), Ok(0.025));
        for bad in [
            "0%", "-5%", "5", "0.05", "NaN%", "inf%", "%", "", "5%%", "1e3%",
        ] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quantities_keep_their_unit_and_misspelt_units_are_named() {
        let two = quantity("2ms").unwrap();
        assert_eq!((two.value, two.unit.as_str()), (2.0, "ms"));
        assert_eq!(quantity("500").unwrap().unit, Unit::none());
        assert_eq!(quantity("64 MiB").unwrap().unit.as_str(), "MiB");
        assert_eq!(quantity("9 req/s").unwrap().unit.as_str(), "req/s");
        assert_eq!(
            quantity("3 instructions").unwrap().unit.as_str(),
            "instructions"
        );
        assert!(quantity("2mss").unwrap_err().contains("did you mean `ms`"));
        for bad in ["-1ms", "ms", "2Ms", "5m", "NaN", ""] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fractions_print_as_they_were_written() {
        for text in ["5%", "0.1%", "12.5%", "30%"] {
            assert_eq!(show_percent(percent(text).unwrap()), text);
        }
    }
}
