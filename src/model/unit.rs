//! Units as the tools write them, and which of them measure the same thing.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A unit by its written name. The empty name is a plain number.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize, JsonSchema,
)]
#[serde(from = "String", into = "String")]
pub struct Unit(Arc<str>);

/// What a unit measures, with the size of one of it in the family's base unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Dimension {
    /// In nanoseconds.
    Time(f64),
    /// In bytes.
    Bytes(f64),
    Other,
}

impl Unit {
    /// The units whose size is known, and what they measure.
    pub const KNOWN: [(&'static str, Dimension); 14] = [
        ("ns", Dimension::Time(1.0)),
        ("µs", Dimension::Time(1e3)),
        ("ms", Dimension::Time(1e6)),
        ("s", Dimension::Time(1e9)),
        ("min", Dimension::Time(60e9)),
        ("B", Dimension::Bytes(1.0)),
        ("bytes", Dimension::Bytes(1.0)),
        ("KiB", Dimension::Bytes(1024.0)),
        ("MiB", Dimension::Bytes(1_048_576.0)),
        ("GiB", Dimension::Bytes(1_073_741_824.0)),
        ("kB", Dimension::Bytes(1e3)),
        ("KB", Dimension::Bytes(1e3)),
        ("MB", Dimension::Bytes(1e6)),
        ("GB", Dimension::Bytes(1e9)),
    ];

    /// Both micro signs and the ASCII spelling are one unit.
    const SAME: [(&'static str, &'static str); 2] = [("us", "µs"), ("μs", "µs")];

    pub fn new(name: &str) -> Self {
        let same = Self::SAME.iter().find(|(other, _)| *other == name);
        Self(Arc::from(same.map_or(name, |(_, unit)| *unit)))
    }

    /// Every way in which a unit of known size is written.
    pub fn spellings() -> impl Iterator<Item = &'static str> {
        let known = Self::KNOWN.iter().map(|(name, _)| *name);
        known.chain(Self::SAME.iter().map(|(name, _)| *name))
    }

    pub fn none() -> Self {
        Self(Arc::from(""))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn dimension(&self) -> Dimension {
        let name = self.as_str();
        let known = Self::KNOWN.iter().find(|(known, _)| *known == name);
        known.map_or(Dimension::Other, |(_, dimension)| *dimension)
    }

    /// The factor that turns a number of this unit into one of `other`; `None` where they measure
    /// different things.
    pub fn factor_to(&self, other: &Self) -> Option<f64> {
        if self == other {
            return Some(1.0);
        }
        match (self.dimension(), other.dimension()) {
            (Dimension::Time(a), Dimension::Time(b))
            | (Dimension::Bytes(a), Dimension::Bytes(b)) => Some(a / b),
            _ => None,
        }
    }
}

impl From<String> for Unit {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.to_string()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_convert_and_unlike_units_do_not() {
        let (ms, s) = (Unit::new("ms"), Unit::new("s"));
        assert_eq!(s.factor_to(&ms), Some(1000.0));
        assert_eq!(Unit::new("us"), Unit::new("µs"));
        assert_eq!(ms.factor_to(&Unit::new("MB")), None);
        assert_eq!(Unit::new("req/s").factor_to(&Unit::new("req/s")), Some(1.0));
    }
}
