//! `sample.json` exactly as criterion writes it, in a third of the time of a JSON parser.
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
    let (inside, rest) = json.strip_prefix('[')?.split_once(']')?;
    // As many as criterion takes unless it is told otherwise.
    let mut numbers = Vec::with_capacity(100);
    for word in inside.split(',') {
        numbers.push(number(word)?);
    }
    *into = Some(numbers);
    Some(rest)
}

/// Rust's own words for numbers are more than JSON's: `inf`, `+1`, `.5`, `1.`, `01`.
fn number(word: &str) -> Option<f64> {
    let (first, last) = (word.bytes().next()?, word.bytes().next_back()?);
    let zeros = first == b'0' && word.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    (first.is_ascii_digit() && last.is_ascii_digit() && !zeros)
        .then(|| word.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::samples;

    #[test]
    fn what_criterion_writes_is_read_to_the_last_digit() {
        let json = br#"{"sampling_mode":"Linear","iters":[1.0,2.0,3e2],"times":[0.1,1234567.8901234567,5e-324]}"#;
        let found = samples(json).unwrap();
        let parsed: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(serde_json::json!(found.0), parsed["iters"]);
        assert_eq!(serde_json::json!(found.1), parsed["times"]);
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
            r#"{"iters":[1.0],"times":[]}"#,
            r#"{"iters":[1.0],"times":[2.0]} {}"#,
            r#"{"iters":[1.0],"times":[2.0"#,
            r#"{"iters":[1.0]}"#,
        ] {
            assert_eq!(samples(json.as_bytes()), None, "{json}");
        }
    }
}
