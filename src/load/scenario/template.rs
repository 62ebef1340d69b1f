//! Texts with `{{placeholders}}` and `${VARIABLES}`: which names a placeholder may use, and what stands for a variable.

use std::collections::BTreeSet;
use std::ops::Range;

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
    pub(super) fn as_sent(&self, value: &Located<Scalar>) -> String {
        self.sent(value.get(), value.span())
    }

    /// The same of a value that stands at a place.
    pub(super) fn sent(&self, value: &Scalar, span: &Range<usize>) -> String {
        match value {
            Scalar::Text(text) => text.clone(),
            Scalar::Whole(number) => number.to_string(),
            Scalar::Float(number) => match self.source.get(span.clone()) {
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

    /// Refuses a name that nobody provides.
    pub(super) fn check_name<T>(&self, at: &Located<T>, name: &str) -> Result<(), Problem> {
        match self.known.contains(name) {
            true => Ok(()),
            false => Err(at
                .error(format!("nothing provides `{name}` here"))
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
