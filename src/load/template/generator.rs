//! How values are made for iterations: the same seed, iteration and name give the same value. Pure.

use std::fmt::Write;

use fastrand::Rng;
use jiff::Timestamp;

use super::escape::Escape;

/// How a value is made for each iteration.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueGenerator {
    /// A whole number, both ends included.
    Int {
        low: i64,
        high: i64,
    },
    /// A number with so many decimals, both ends included, which are counted in units of the last decimal.
    Float {
        low: i64,
        high: i64,
        decimals: u8,
    },
    /// One of these, with equal probability.
    Choice(Vec<String>),
    /// The same in JSON, of which each is a document.
    JsonChoice(Vec<String>),
    /// A text of letters and digits.
    Text {
        length: usize,
    },
    Uuid,
    /// The number of the iteration over all users: 1, 2, 3.
    Counter,
    /// A moment before or after another.
    Moment(MomentRange),
    /// JSON: so many values of one kind, both ends included.
    List {
        of: Box<ValueGenerator>,
        low: u64,
        high: u64,
    },
    /// JSON: named values, in this order.
    Object(Vec<(String, ValueGenerator)>),
}

/// Moments around another one, in seconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MomentRange {
    /// Since 1970.
    pub origin: i64,
    pub low: i64,
    pub high: i64,
    pub form: MomentForm,
}

/// How a moment is written, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentForm {
    /// `2026-12-24`
    Date,
    /// `2026-12-24T18:00:00Z`
    Time,
    /// Seconds since 1970.
    Unix,
}

const DAY: i64 = 86_400;

impl ValueGenerator {
    /// Writes the value of an iteration.
    pub fn write(&self, iteration: u64, seed: u64, out: &mut String) {
        self.put(&mut random(seed, iteration), iteration, out);
    }

    fn put(&self, random: &mut Rng, iteration: u64, out: &mut String) {
        // Writing into a String cannot fail.
        let _ = match self {
            Self::Int { low, high } => write!(out, "{}", random.i64(*low..=*high.max(low))),
            Self::Float {
                low,
                high,
                decimals,
            } => write_decimal(random.i64(*low..=*high.max(low)), *decimals, out),
            Self::Choice(choices) | Self::JsonChoice(choices) => {
                out.push_str(random.choice(choices).map_or("", String::as_str));
                Ok(())
            }
            Self::Text { length } => {
                out.extend((0..*length).map(|_| random.alphanumeric()));
                Ok(())
            }
            Self::Uuid => write_uuid(random.u128(..), out),
            Self::Counter => write!(out, "{}", iteration.saturating_add(1)),
            Self::Moment(range) => range.write(random, out),
            Self::List { of, low, high } => {
                out.push('[');
                for at in 0..random.u64(*low..=*high.max(low)) {
                    out.push_str(if at == 0 { "" } else { "," });
                    of.put_json(random, iteration, out);
                }
                out.push(']');
                Ok(())
            }
            Self::Object(fields) => {
                out.push('{');
                for (at, (name, field)) in fields.iter().enumerate() {
                    out.push_str(if at == 0 { "\"" } else { ",\"" });
                    Escape::Json.value(name, out);
                    out.push_str("\":");
                    field.put_json(random, iteration, out);
                }
                out.push('}');
                Ok(())
            }
        };
    }

    /// The value as a part of a JSON document.
    fn put_json(&self, random: &mut Rng, iteration: u64, out: &mut String) {
        if !self.is_text() {
            return self.put(random, iteration, out);
        }
        let mut text = String::new();
        self.put(random, iteration, &mut text);
        out.push('"');
        Escape::Json.value(&text, out);
        out.push('"');
    }

    /// Whether it is a text in JSON, where it is not a number or a document.
    fn is_text(&self) -> bool {
        match self {
            Self::Choice(_) | Self::Text { .. } | Self::Uuid => true,
            Self::Moment(range) => range.form != MomentForm::Unix,
            Self::Int { .. }
            | Self::Float { .. }
            | Self::JsonChoice(_)
            | Self::Counter
            | Self::List { .. }
            | Self::Object(_) => false,
        }
    }
}

impl MomentRange {
    fn write(&self, random: &mut Rng, out: &mut String) -> std::fmt::Result {
        let high = self.high.max(self.low);
        let seconds = match self.form {
            MomentForm::Date => {
                let days = random.i64(self.low.div_euclid(DAY)..=high.div_euclid(DAY));
                let day = self.origin.div_euclid(DAY).saturating_add(days);
                day.saturating_mul(DAY)
            }
            MomentForm::Time | MomentForm::Unix => {
                self.origin.saturating_add(random.i64(self.low..=high))
            }
        };
        if self.form == MomentForm::Unix {
            return write!(out, "{seconds}");
        }
        let moment = Timestamp::from_second(seconds)
            .unwrap_or_default()
            .to_string();
        match self.form {
            MomentForm::Date => out.push_str(moment.split('T').next().unwrap_or_default()),
            MomentForm::Time | MomentForm::Unix => out.push_str(&moment),
        }
        Ok(())
    }
}

/// `-1234` of two decimals is `-12.34`.
fn write_decimal(units: i64, decimals: u8, out: &mut String) -> std::fmt::Result {
    let of_one = 10_u64.saturating_pow(u32::from(decimals));
    let (whole, part) = (units.unsigned_abs() / of_one, units.unsigned_abs() % of_one);
    out.push_str(if units < 0 { "-" } else { "" });
    match decimals {
        0 => write!(out, "{whole}"),
        decimals => write!(out, "{whole}.{part:0width$}", width = usize::from(decimals)),
    }
}

/// Writes a UUID of version 4 (RFC 9562).
fn write_uuid(bits: u128, out: &mut String) -> std::fmt::Result {
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    write!(
        out,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        bits >> 80 & 0xffff,
        bits >> 64 & 0xffff,
        bits >> 48 & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

/// The random numbers of an iteration.
pub fn random(seed: u64, iteration: u64) -> Rng {
    Rng::with_seed(mixed(seed ^ mixed(iteration)))
}

/// The seed of a named value or feed.
pub fn seed_of(name: &str, seed: u64) -> u64 {
    mixed(seed ^ hash(name))
}

/// The finaliser of SplitMix64, which maps neighbouring numbers far apart.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// FNV-1a, which is the same on every machine and in every release of Rust.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(generator: &ValueGenerator, count: u64) -> Vec<String> {
        let each = (0..count).map(|iteration| {
            let mut out = String::new();
            generator.write(iteration, 7, &mut out);
            out
        });
        each.collect()
    }

    #[test]
    fn numbers_with_decimals_reach_both_ends_and_are_written_whole() {
        let float = ValueGenerator::Float {
            low: -105,
            high: 10,
            decimals: 2,
        };
        let all = made(&float, 20_000);
        for end in ["-1.05", "0.10", "0.00", "-0.01"] {
            assert!(all.iter().any(|one| one == end), "{end}");
        }
        assert!(all.iter().all(|one| {
            let number: f64 = one.parse().unwrap();
            (-1.05..=0.1).contains(&number) && one.split_once('.').unwrap().1.len() == 2
        }));
        let whole = ValueGenerator::Float {
            low: 3,
            high: 3,
            decimals: 0,
        };
        assert_eq!(made(&whole, 1), ["3"]);
    }

    #[test]
    fn moments_are_around_their_origin() {
        // 2026-12-31T23:30:00Z
        let of = |low, high, form| {
            let range = MomentRange {
                origin: 1_798_759_800,
                low,
                high,
                form,
            };
            let mut all = made(&ValueGenerator::Moment(range), 200);
            all.sort();
            all.dedup();
            all
        };
        let days = of(-DAY, DAY, MomentForm::Date);
        assert_eq!(days, ["2026-12-30", "2026-12-31", "2027-01-01"]);
        let times = of(0, 1, MomentForm::Time);
        assert_eq!(times, ["2026-12-31T23:30:00Z", "2026-12-31T23:30:01Z"]);
        assert_eq!(of(-3600, -3600, MomentForm::Unix), ["1798756200"]);
    }

    #[test]
    fn lists_and_objects_are_json() {
        let list = ValueGenerator::List {
            of: Box::new(ValueGenerator::Object(vec![
                (
                    "a \"b\"".to_owned(),
                    ValueGenerator::Choice(vec!["x\\\n".to_owned()]),
                ),
                (
                    "n".to_owned(),
                    ValueGenerator::JsonChoice(vec!["1".to_owned(), "\"1\"".to_owned()]),
                ),
                ("c".to_owned(), ValueGenerator::Counter),
            ])),
            low: 0,
            high: 2,
        };
        let mut lengths = [0; 3];
        for (iteration, text) in made(&list, 100).into_iter().enumerate() {
            let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            lengths[entries.len()] += 1;
            for entry in entries {
                assert_eq!(entry["a \"b\""], "x\\\n");
                assert_eq!(entry["c"], iteration + 1);
                assert!(entry["n"] == 1 || entry["n"] == "1");
            }
        }
        assert!(lengths.iter().all(|count| *count > 10), "{lengths:?}");
        assert_eq!(made(&list, 5), made(&list, 5));
    }
}
