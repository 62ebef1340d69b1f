//! How values are made for iterations: the same seed, iteration and name give the same value. Pure.

use std::fmt::Write;

use fastrand::Rng;

/// How a value is made for each iteration.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueGenerator {
    /// A whole number, both ends included.
    Int {
        low: i64,
        high: i64,
    },
    /// One of these, with equal probability.
    Choice(Vec<String>),
    /// A text of letters and digits.
    Text {
        length: usize,
    },
    Uuid,
    /// The number of the iteration over all users: 1, 2, 3.
    Counter,
}

impl ValueGenerator {
    /// Writes the value of an iteration.
    pub fn write(&self, iteration: u64, seed: u64, out: &mut String) {
        let mut random = random(seed, iteration);
        // Writing into a String cannot fail.
        let _ = match self {
            Self::Int { low, high } => write!(out, "{}", random.i64(*low..=*high.max(low))),
            Self::Choice(choices) => {
                out.push_str(random.choice(choices).map_or("", String::as_str));
                Ok(())
            }
            Self::Text { length } => {
                out.extend((0..*length).map(|_| random.alphanumeric()));
                Ok(())
            }
            Self::Uuid => write_uuid(random.u128(..), out),
            Self::Counter => write!(out, "{}", iteration.saturating_add(1)),
        };
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
