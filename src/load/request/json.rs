//! JSON values as checks and captures see them.

use std::borrow::Cow;

use serde_json::Value;

/// A value as text: the content of a string, the JSON of anything else.
pub(super) fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Whether two values are equal in JSON: `1` is `1.0`, and the order of fields does not matter.
pub(super) fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.is_f64() != right.is_f64() && left.as_f64() == right.as_f64())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| is_same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, l)| right.get(name).is_some_and(|r| is_same(l, r)))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_equal_by_their_value_and_nothing_else_is_bent() {
        assert!(is_same(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(is_same(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})));
        for (left, right) in [
            (json!(1), json!("1")),
            (json!([1]), json!([1, 2])),
            (json!({"a": 1}), json!({"b": 1})),
            (json!(null), json!(false)),
            (
                json!(9_007_199_254_740_993_i64),
                json!(9_007_199_254_740_992_i64),
            ),
        ] {
            assert!(!is_same(&left, &right), "{left} {right}");
        }
    }

    #[test]
    fn a_string_is_its_content_and_the_rest_is_json() {
        assert_eq!(as_text(&json!("a\"b")), "a\"b");
        assert_eq!(as_text(&json!(7)), "7");
        assert_eq!(as_text(&json!({"a": [true, null]})), r#"{"a":[true,null]}"#);
    }
}
