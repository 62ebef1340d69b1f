//! `sample.json` exactly as criterion writes it, in a fraction of the time of a JSON parser.
//!
//! Anything else, well formed or not, is `None`: the JSON parser reads it, or says what is wrong with it.

/// `iters` and `times`.
pub(super) fn samples(json: &[u8]) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut rest = std::str::from_utf8(json).ok()?.strip_prefix('{')?;
    let (mut iters, mut times) = (None, None);
    loop {
        let (key, value) = text(rest)?;
        let value = value.strip_prefix(':')?;
        rest = match key {
            "iters" if iters.is_none() => list(value, &mut iters)?,
            "times" if times.is_none() => list(value, &mut times)?,
            "sampling_mode" => text(value)?.1,
            _ => return None,
        };
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => break,
        }
    }
    (rest.trim_end() == "}").then_some((iters?, times?))
}

/// A string without escapes, and what follows it.
fn text(json: &str) -> Option<(&str, &str)> {
    let (text, rest) = json.strip_prefix('"')?.split_once('"')?;
    (!text.contains('\\')).then_some((text, rest))
}

/// A list of numbers, and what follows it.
fn list<'a>(json: &'a str, into: &mut Option<Vec<f64>>) -> Option<&'a str> {
    let mut rest = json.strip_prefix('[')?;
    // As many as criterion takes unless it is told otherwise.
    let mut numbers = Vec::with_capacity(100);
    loop {
        let (number, behind) = number(rest)?;
        numbers.push(number);
        let (mark, next) = behind.split_at_checked(1)?;
        rest = next;
        match mark {
            "," => {}
            "]" => break,
            _ => return None,
        }
    }
    *into = Some(numbers);
    Some(rest)
}

/// A number and what follows it: digits, with a point between them or not. Up to 2^53 without its point such a
/// number and the power of ten are exact, so their quotient is the nearest `f64`; Rust reads the others.
fn number(json: &str) -> Option<(f64, &str)> {
    const EXACT: u64 = 1 << 53;
    const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
    let mut digits = 0_u64;
    let mut point = None;
    let mut length = json.len();
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            // What no longer fits is too large to be exact.
            b'0'..=b'9' => {
                digits = digits
                    .saturating_mul(10)
                    .saturating_add(u64::from(byte - b'0'));
            }
            b'.' if point.is_none() => point = Some(at),
            _ => {
                length = at;
                break;
            }
        }
    }
    let (word, rest) = json.split_at_checked(length)?;
    // JSON knows neither `.5` nor `1.` nor `01`.
    let whole = word.get(..point.unwrap_or(length))?;
    let zeros = whole.starts_with('0') && whole.len() > 1;
    if whole.is_empty() || zeros || word.ends_with('.') {
        return None;
    }
    let decimals = point.map_or(0, |point| length - point - 1);
    match POWERS.get(decimals) {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
        Some(power) if digits <= EXACT => Some((digits as f64 / power, rest)),
        _ => Some((word.parse().ok()?, rest)),
    }
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
