//! Which names a placeholder may use: made values, columns of data, and what earlier steps of the flow captured.

use std::collections::BTreeSet;

use crate::load::template::Template;
use crate::toml_file::{FormError, Node, nearest};

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
    pub(super) fn check(&self, node: &Node<'_>, template: &Template) -> Result<(), FormError> {
        match template.names().find(|name| !self.known.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(node
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
