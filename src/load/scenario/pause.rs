//! How long a user thinks.

use std::time::Duration;

use crate::toml_file::written;

use super::Pause;

impl Pause {
    pub const NONE: Self = Self {
        low: Duration::ZERO,
        high: Duration::ZERO,
    };

    /// `1s`, or `1s..3s` for anything between.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let (low, high) = (written::duration(low)?, written::duration(high)?);
        if low > high {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_time_or_a_range_of_times() {
        let (one, three) = (Duration::from_secs(1), Duration::from_secs(3));
        assert_eq!(
            Pause::parse("1s..3s"),
            Ok(Pause {
                low: one,
                high: three
            })
        );
        assert_eq!(
            Pause::parse("1s"),
            Ok(Pause {
                low: one,
                high: one
            })
        );
        for bad in ["3s..1s", "1..3s", "..", "1s..", "1s..2s..3s", ""] {
            assert!(Pause::parse(bad).is_err(), "{bad}");
        }
    }
}
