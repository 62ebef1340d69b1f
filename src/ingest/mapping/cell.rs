//! One cell of a row, whichever file it is from, as text or as numbers.

use std::borrow::Cow;

use anyhow::{anyhow, bail};
use serde_json::Value;

use crate::hint::WithHint;
use crate::ingest::records::shortened;

/// What stands in a column of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    /// Nothing, null, or blanks.
    Empty,
    Text(&'a str),
    /// No text and not null.
    Json(&'a Value),
}

impl<'a> Cell<'a> {
    pub(super) fn of_text(text: &'a str) -> Self {
        match text.trim() {
            "" => Self::Empty,
            text => Self::Text(text),
        }
    }

    pub(super) fn of_json(value: Option<&'a Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Empty,
            Some(Value::String(text)) => Self::of_text(text),
            Some(value) => Self::Json(value),
        }
    }

    /// As text, where it is one thing.
    pub(super) fn text(self) -> anyhow::Result<Option<Cow<'a, str>>> {
        Ok(match self {
            Self::Empty => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Json(Value::Array(_)) => bail!("it is a list, and not one text"),
            Self::Json(Value::Object(_)) => bail!("it is an object, and not one text"),
            Self::Json(value) => Some(Cow::Owned(value.to_string())),
        })
    }

    /// Its number, or several where it is a list; none where it is empty.
    pub(super) fn numbers(
        self,
        each: &mut dyn FnMut(f64) -> anyhow::Result<()>,
    ) -> anyhow::Result<u64> {
        match self {
            Self::Empty => Ok(0),
            Self::Json(Value::Array(values)) => {
                for value in values {
                    let one = Self::of_json(Some(value));
                    if matches!(one, Self::Json(Value::Array(_))) {
                        bail!("it is a list of lists, and no number");
                    }
                    let number = one.number()?;
                    each(
                        number.ok_or_else(|| anyhow!("its list holds null, which is no number"))?,
                    )?;
                }
                Ok(u64::try_from(values.len()).unwrap_or(u64::MAX))
            }
            _ => match self.number()? {
                Some(number) => each(number).map(|()| 1),
                None => Ok(0),
            },
        }
    }

    /// Its one number; none where it is empty.
    pub(super) fn number(self) -> anyhow::Result<Option<f64>> {
        let number: Option<f64> = match self {
            Self::Empty => return Ok(None),
            Self::Text(text) => text.parse().ok(),
            Self::Json(value) => value.as_f64(),
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(anyhow!("`{}` is no number", self.shown()))
                .hint("a number is written plainly, with a point and without its unit, as in 12.5"),
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => shortened(text),
            Self::Json(value) => shortened(&value.to_string()),
        }
    }
}

/// What stands under a name in a record: a key as it is, a dotted path, or a JSON pointer.
pub(super) fn find<'v>(record: &'v Value, name: &str) -> Option<&'v Value> {
    if name.starts_with('/') {
        return record.pointer(name);
    }
    if let Some(value) = record.get(name) {
        return Some(value);
    }
    let mut at = record;
    for part in name.split('.') {
        at = match at {
            Value::Array(entries) => entries.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_plain_and_finite() {
        for text in [
            "12,5",
            "84 ms",
            "nan",
            "inf",
            "-Infinity",
            "1e999",
            "0x10",
            "true",
            "\u{1b}[31m1",
        ] {
            let error = Cell::of_text(text).number().unwrap_err().to_string();
            assert!(error.contains("is no number"), "{text}: {error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
        assert_eq!(Cell::of_text(" -1.5e3 ").number().unwrap(), Some(-1500.0));
        assert_eq!(Cell::of_text("  ").number().unwrap(), None);
        assert!(Cell::of_json(Some(&json!(true))).number().is_err());
        assert_eq!(
            Cell::of_json(Some(&json!("84"))).number().unwrap(),
            Some(84.0)
        );
        assert!(
            Cell::of_json(Some(&json!([1, [2]])))
                .numbers(&mut |_| Ok(()))
                .is_err()
        );
        assert!(
            Cell::of_json(Some(&json!([1, null])))
                .numbers(&mut |_| Ok(()))
                .is_err()
        );
    }

    #[test]
    fn a_name_is_a_key_a_dotted_path_or_a_pointer() {
        let record = json!({"a.b": 1, "a": {"b": 2, "c": [3, {"d": 4}]}});
        let number = |name| find(&record, name).and_then(Value::as_u64);
        assert_eq!(number("a.b"), Some(1));
        assert_eq!(number("/a/b"), Some(2));
        assert_eq!(number("a.c.0"), Some(3));
        assert_eq!(number("a.c.1.d"), Some(4));
        assert_eq!(number("a.x"), None);
    }
}
