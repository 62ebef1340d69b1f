//! Texts with `{{placeholders}}` and `${VARIABLES}`: which names a placeholder may use, and what stands for a variable.

use std::collections::BTreeSet;

use super::surroundings::Reader;
use crate::load::template::Template;
use crate::toml_file::{FreeTable, Located, OneOrMany, Problem, Scalar, nearest};

impl Reader<'_> {
    pub(super) fn template<T: AsRef<str>>(
        &self,
        text: &Located<T>,
        names: &Names,
    ) -> Result<Template, Problem> {
        self.template_of(text, text.get().as_ref(), names)
    }

    /// A template of a text that stands for the one at a place.
    pub(super) fn template_of<T>(
        &self,
        at: &Located<T>,
        text: &str,
        names: &Names,
    ) -> Result<Template, Problem> {
        let whole = self.expanded(at, text)?;
        let template = Template::parse(&whole).map_err(|why| at.error(why))?;
        names.check(at, &template)?;
        Ok(template)
    }

    /// A template of a JSON document.
    pub(super) fn json<T>(
        &self,
        at: &Located<T>,
        document: &serde_json::Value,
        names: &Names,
    ) -> Result<Template, Problem> {
        let template = Template::json(document).map_err(|why| at.error(why))?;
        names.check(at, &template)?;
        Ok(template)
    }

    /// Named texts, as a query and a form have them: a list repeats its name.
    pub(super) fn pairs(
        &self,
        table: &FreeTable<OneOrMany<Scalar>>,
        names: &Names,
    ) -> Result<Vec<(String, Template)>, Problem> {
        let mut pairs = Vec::new();
        for (name, values) in table.entries() {
            for value in values.entries() {
                let text = self.as_sent(value);
                pairs.push((name.to_owned(), self.template_of(value, &text, names)?));
            }
        }
        Ok(pairs)
    }

    /// A text, number or truth value as it is sent: `2.50` stays `2.50`.
    fn as_sent(&self, value: &Located<Scalar>) -> String {
        match value.get() {
            Scalar::Text(text) => text.clone(),
            Scalar::Whole(number) => number.to_string(),
            Scalar::Float(number) => match self.source.get(value.span().clone()) {
                Some(written) => written.replace('_', ""),
                None => number.to_string(),
            },
            Scalar::Flag(flag) => flag.to_string(),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: BTreeSet<String>,
    /// Captured anywhere in the file, for the hint.
    captured: BTreeSet<String>,
    /// Of values and columns, which no capture may take.
    made: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(made: BTreeSet<String>, captured: BTreeSet<String>) -> Self {
        Self {
            known: made.clone(),
            captured,
            made,
        }
    }

    pub(super) fn learn(&mut self, name: &str) {
        self.known.insert(name.to_owned());
    }

    pub(super) fn is_made(&self, name: &str) -> bool {
        self.made.contains(name)
    }

    /// Refuses a template that needs what nobody provides.
    fn check<T>(&self, at: &Located<T>, template: &Template) -> Result<(), Problem> {
        match template.names().find(|name| !self.known.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(at
                .error(format!("nothing provides `{{{{{name}}}}}` here"))
                .hint(self.hint(name))),
        }
    }

    fn hint(&self, name: &str) -> String {
        if self.captured.contains(name) {
            return "only a later step or another flow captures it; a step knows what the steps before it captured"
                .to_owned();
        }
        let known = || self.known.iter().map(String::as_str);
        if let Some(near) = nearest::near(name, known()) {
            return format!("did you mean `{{{{{near}}}}}`?");
        }
        let first: Vec<&str> = known().take(12).collect();
        if first.is_empty() {
            "make it in [values], read it from [[data]], or capture it in an earlier step"
                .to_owned()
        } else {
            format!("known here: {}", first.join(", "))
        }
    }
}

/// What a placeholder can name without quarrel.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

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
