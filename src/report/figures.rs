//! Single numbers as reports write them, for the other texts that perfgate prints.

use super::units::{self, Scale};
use crate::model::Unit;

/// In the unit that fits: `0.250 ms` is `250 µs`.
pub fn quantity(value: f64, unit: &Unit) -> String {
    Scale::of(unit, [value]).write(value).terminal()
}

/// One bar a value, and a space where there is none.
pub fn bars(values: &[Option<f64>], ascii: bool) -> String {
    super::history::chart::bars_with_gaps(values, ascii)
}

/// What a terminal without UTF-8 can show of our own signs.
pub fn ascii(text: &str) -> String {
    super::terminal::ascii(text)
}

/// `12,000`
pub fn count(n: u64) -> String {
    units::count(n)
}

/// `0.25 %`
pub fn share(fraction: f64) -> String {
    Scale::share().write(fraction).terminal()
}
