//! Environment variables in the texts of a scenario: `${NAME}`, and `${NAME:-default}`.

/// Why a text could not be completed, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfilled {
    pub(super) message: String,
    pub(super) hint: String,
}

/// `${NAME}` and `${NAME:-default}` replaced; `$${` is a plain `${`.
pub(super) fn expand(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, Unfilled> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            whole.push_str(before);
            whole.push_str("${");
            rest = after;
            continue;
        }
        whole.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            return Err(Unfilled {
                message: "a variable that `${` begins has no `}`".to_owned(),
                hint: "write $${ where ${ itself is meant".to_owned(),
            });
        };
        whole.push_str(&filled(inside, &variable)?);
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn filled(inside: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, Unfilled> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !begins || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Unfilled {
            message: format!("`${{{inside}}}` names no environment variable"),
            hint: "write ${NAME}, ${NAME:-default}, or $${ where ${ itself is meant".to_owned(),
        });
    }
    let value = match (variable(name), default) {
        // As in a shell, `:-` also stands in for a variable that is set to nothing.
        (Some(value), Some(default)) if value.is_empty() => default.to_owned(),
        (Some(value), _) => value,
        (None, Some(default)) => default.to_owned(),
        (None, None) => {
            return Err(Unfilled {
                message: format!("the environment variable {name} is not set"),
                hint: format!("set it, or give it a default: ${{{name}:-…}}"),
            });
        }
    };
    if value.contains("{{") {
        return Err(Unfilled {
            message: format!("the value of {name} holds `{{{{`, which begins a placeholder"),
            hint: "values of variables are used as they are".to_owned(),
        });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled_in(text: &str) -> Result<String, String> {
        let variable = |name: &str| match name {
            "TOKEN" => Some("s3cret".to_owned()),
            "EMPTY" => Some(String::new()),
            "PLACE" => Some("{{id}}".to_owned()),
            _ => None,
        };
        expand(text, variable).map_err(|unfilled| unfilled.message)
    }

    #[test]
    fn variables_are_replaced_and_defaults_stand_in() {
        for (text, whole) in [
            ("Bearer ${TOKEN}", "Bearer s3cret"),
            ("${TOKEN}${TOKEN}", "s3crets3cret"),
            ("http://h:${PORT:-8080}/", "http://h:8080/"),
            ("a${EMPTY:-b}c${EMPTY}d", "abcd"),
            ("$TOKEN $ {} }", "$TOKEN $ {} }"),
            ("$${TOKEN}", "${TOKEN}"),
            ("${PORT:-}", ""),
        ] {
            assert_eq!(filled_in(text).as_deref(), Ok(whole), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled_is_named() {
        for (text, said) in [
            ("${ABSENT}", "variable ABSENT is not set"),
            ("${ABSENT", "no `}`"),
            ("${a b}", "`${a b}` names no environment variable"),
            ("${}", "`${}` names no"),
            ("${PLACE}", "begins a placeholder"),
        ] {
            let error = filled_in(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
