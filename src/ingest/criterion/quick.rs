//! `sample.json` and `benchmark.json` exactly as criterion writes them, in a fraction of the time of a JSON parser.
//!
//! A hundred short samples take 1.1 µs here and 7.6 µs in `serde_json` (release build, best of nine rounds on a busy
//! machine).
//!
//! A space behind a comma or a colon, which programs that write the file again put there, is read too. Anything else,
//! well formed or not, is `None`: the JSON parser reads it, or says what is wrong with it.

use super::throughput::unit_of;

/// `iters` and `times`.
pub(super) fn samples(json: &[u8]) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut rest = json.strip_prefix(b"{")?;
    let (mut iters, mut times) = (None, None);
    loop {
        let (key, value) = text(rest)?;
        let value = without_space(value.strip_prefix(b":")?);
        rest = match key {
            b"iters" if iters.is_none() => list(value, &mut iters)?,
            b"times" if times.is_none() => list(value, &mut times)?,
            b"sampling_mode" => text(value)?.1,
            _ => return None,
        };
        match rest.strip_prefix(b",") {
            Some(next) => rest = without_space(next),
            None => break,
        }
    }
    (rest.trim_ascii_end() == b"}").then_some((iters?, times?))
}

/// What is needed of `benchmark.json`.
#[derive(Debug, PartialEq)]
pub(super) struct QuickBenchmark<'a> {
    pub(super) full_id: &'a str,
    /// Of an iteration, with its unit.
    pub(super) work: Option<(f64, &'static str)>,
}

/// The name and the work, where no string holds an escape and the work is one number.
pub(super) fn benchmark(json: &[u8]) -> Option<QuickBenchmark<'_>> {
    let mut rest = json.strip_prefix(b"{")?;
    let (mut full_id, mut work, mut told) = (None, None, false);
    loop {
        let (key, value) = text(rest)?;
        let value = without_space(value.strip_prefix(b":")?);
        if key == b"throughput" && std::mem::replace(&mut told, true) {
            return None;
        }
        rest = match (key, value.strip_prefix(b"null")) {
            (b"full_id", None) if full_id.is_none() => {
                let (id, behind) = any_text(value)?;
                full_id = Some(std::str::from_utf8(id).ok().filter(|id| !id.is_empty())?);
                behind
            }
            (b"throughput", None) => {
                let (kind, amount) = text(value.strip_prefix(b"{")?)?;
                let (amount, behind) = number(without_space(amount.strip_prefix(b":")?))?;
                let unit = unit_of(std::str::from_utf8(kind).ok()?)?;
                work = Some((Some(amount).filter(|amount| *amount > 0.0)?, unit));
                behind.strip_prefix(b"}")?
            }
            (b"full_id", _) => return None,
            (_, Some(behind)) => behind,
            (_, None) => any_text(value)?.1,
        };
        match rest.strip_prefix(b",") {
            Some(next) => rest = without_space(next),
            None => break,
        }
    }
    (rest.trim_ascii_end() == b"}").then_some(QuickBenchmark {
        full_id: full_id?,
        work,
    })
}

/// A string without escapes, and what follows it.
fn any_text(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = json.strip_prefix(b"\"")?;
    let end = inside
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
    let (text, behind) = inside.split_at_checked(end)?;
    Some((text, behind.strip_prefix(b"\"")?))
}

fn without_space(json: &[u8]) -> &[u8] {
    json.strip_prefix(b" ").unwrap_or(json)
}

/// A string of plain characters, and what follows it.
fn text(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = json.strip_prefix(b"\"")?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let end = inside.iter().position(|byte| !plain(byte))?;
    let (text, behind) = inside.split_at_checked(end)?;
    Some((text, behind.strip_prefix(b"\"")?))
}

/// A list of numbers, and what follows it.
fn list<'a>(json: &'a [u8], into: &mut Option<Vec<f64>>) -> Option<&'a [u8]> {
    let mut rest = json.strip_prefix(b"[")?;
    // As many as criterion takes unless it is told otherwise.
    let mut numbers = Vec::with_capacity(100);
    loop {
        let (number, behind) = number(rest)?;
        numbers.push(number);
        match behind {
            [b',', next @ ..] => rest = without_space(next),
            [b']', next @ ..] => {
                *into = Some(numbers);
                return Some(next);
            }
            _ => return None,
        }
    }
}

/// A number and what follows it: digits, with a point between them or not. Up to 2^53 without its point such a
/// number and the power of ten are exact, so their quotient is the nearest `f64`; Rust reads the others.
fn number(json: &[u8]) -> Option<(f64, &[u8])> {
    const EXACT: u64 = 1 << 53;
    /// So many bytes never hold a number that does not fit, exact or not.
    const MOST_DIGITS: usize = 19;
    const POWERS: [f64; 19] = [
        1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18,
    ];
    let (mut digits, mut rest) = digits(json, 0);
    let whole = json.len() - rest.len();
    // JSON knows neither `.5` nor `1.` nor `01`.
    if whole == 0 || (whole > 1 && json.first() == Some(&b'0')) {
        return None;
    }
    // Nearly all of them: whole numbers, as criterion writes them.
    if let [b'.', b'0', b',' | b']', ..] = rest
        && whole < MOST_DIGITS
        && digits <= EXACT
    {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
        let value = digits as f64;
        return Some((value, rest.get(2..)?));
    }
    let mut decimals = 0;
    if let [b'.', fraction @ ..] = rest {
        (digits, rest) = self::digits(fraction, digits);
        decimals = fraction.len() - rest.len();
        if decimals == 0 {
            return None;
        }
    }
    let length = json.len() - rest.len();
    let value = match POWERS.get(decimals) {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
        Some(power) if length <= MOST_DIGITS && digits <= EXACT => digits as f64 / power,
        _ => std::str::from_utf8(json.get(..length)?)
            .ok()?
            .parse()
            .ok()?,
    };
    Some((value, rest))
}

/// What the digits add to a number that has begun, and what follows them. Too many of them leave it wrong.
fn digits(json: &[u8], begun: u64) -> (u64, &[u8]) {
    let (mut value, mut read) = (begun, 0);
    for byte in json {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        read += 1;
    }
    (value, json.get(read..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{QuickBenchmark, benchmark, samples};

    #[test]
    fn what_criterion_says_of_a_benchmark_is_read_without_a_parser() {
        let json = r#"{"group_id":"hash","function_id":null,"value_str":"1 KiB, ä","throughput":{"Bytes":1024},"full_id":"hash/1 KiB, ä","directory_name":"hash/1 KiB_ ä","title":"hash/1 KiB, ä"}"#;
        let found = QuickBenchmark {
            full_id: "hash/1 KiB, ä",
            work: Some((1024.0, "B")),
        };
        assert_eq!(benchmark(json.as_bytes()), Some(found));
        let none = json.replace(r#"{"Bytes":1024}"#, "null");
        let found = benchmark(none.as_bytes());
        assert_eq!(found.map(|found| found.work), Some(None));
        for (from, to) in [
            (r#"{"Bytes":1024}"#, r#"{"Bytes":0}"#),
            (r#"{"Bytes":1024}"#, r#"{"Parsecs":4}"#),
            (r#"{"Bytes":1024}"#, r#"{"Bytes":1024,"Bits":8}"#),
            (
                r#"{"Bytes":1024}"#,
                r#"{"ElementsAndBytes":{"elements":3,"bytes":24}}"#,
            ),
            (r#""full_id":"hash/1 KiB, ä""#, r#""full_id":"hash\u0031""#),
            (r#""full_id":"hash/1 KiB, ä""#, r#""full_id":null"#),
            (r#""full_id":"hash/1 KiB, ä""#, r#""full_id":"""#),
            (r#""full_id":"hash/1 KiB, ä","#, ""),
            (r#""title":"hash/1 KiB, ä""#, r#""full_id":"hash/1 KiB, ä""#),
            (r#""title":"hash/1 KiB, ä""#, r#""title":4"#),
            (r#""title":"hash/1 KiB, ä"}"#, r#""title":"hash"#),
        ] {
            assert!(json.contains(from), "{from}");
            assert_eq!(benchmark(json.replace(from, to).as_bytes()), None, "{to}");
        }
    }

    #[test]
    fn what_criterion_writes_is_read_to_the_last_digit() {
        let json = r#"{"sampling_mode":"Linear","iters":[1.0,2.0,300],"times":[0.1,1234567.8901234567,9007199254740993.0,123456789012345678901234.5,949279.1234567891,0.900719925474099,0.12345678901234567]}"#;
        let parsed: serde_json::Value = serde_json::from_str(json).unwrap();
        let parsed = |key: &str| Vec::<f64>::deserialize(&parsed[key]).unwrap();
        let expected = Some((parsed("iters"), parsed("times")));
        assert_eq!(samples(json.as_bytes()), expected);
        let spaced = json.replace(',', ", ").replace(':', ": ");
        assert_eq!(samples(spaced.as_bytes()), expected);
    }

    #[test]
    fn what_is_unusual_is_left_to_the_json_parser() {
        for json in [
            r#"{"iters":  [1.0],"times":[2.0]}"#,
            r#"{ "iters":[1.0],"times":[2.0]}"#,
            r#"{"iters":[1.0 ],"times":[2.0]}"#,
            r#"{"iters":[1.0],"times":[2.0],"iters":[3.0]}"#,
            r#"{"iters":[1.0],"times":[2.0],"more":[]}"#,
            r#"{"iters":[1.0],"times":[inf]}"#,
            r#"{"iters":[1.0],"times":[01]}"#,
            r#"{"iters":[1.0],"times":[1.]}"#,
            r#"{"iters":[1.0],"times":[.5]}"#,
            r#"{"iters":[1.0],"times":[-1.0]}"#,
            r#"{"iters":[1.0],"times":[1e5]}"#,
            r#"{"iters":[1.0],"times":[1.0.0]}"#,
            r#"{"iters":[1.0],"times":[]}"#,
            r#"{"iters":[1.0],"times":[2.0]} {}"#,
            r#"{"iters":[1.0],"times":[2.0"#,
            r#"{"iters":[1.0]}"#,
        ] {
            assert_eq!(samples(json.as_bytes()), None, "{json}");
        }
    }
}
