//! Texts and files of a scenario, completed from its surroundings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use crate::load::template::Template;
use crate::toml_file::{FormError, Node};

use super::names::Names;
use super::surroundings::Surroundings;
use super::{Pause, variables};

/// A test that lasts longer is a slip of the keyboard.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) struct Reader<'r> {
    /// What relative paths start from.
    pub(super) folder: &'r Path,
    pub(super) around: &'r dyn Surroundings,
}

impl Reader<'_> {
    /// A text with its environment variables.
    pub(super) fn text(&self, node: &Node<'_>) -> Result<String, FormError> {
        self.expanded(node, node.text()?)
    }

    pub(super) fn expanded(&self, node: &Node<'_>, text: &str) -> Result<String, FormError> {
        variables::expand(text, |name| self.around.variable(name))
            .map_err(|unfilled| node.error(unfilled.message).hint(unfilled.hint))
    }

    pub(super) fn template(&self, node: &Node<'_>, names: &Names) -> Result<Template, FormError> {
        self.template_of(node, node.any_text()?, names)
    }

    pub(super) fn template_of(
        &self,
        node: &Node<'_>,
        text: &str,
        names: &Names,
    ) -> Result<Template, FormError> {
        let whole = self.expanded(node, text)?;
        let template = Template::parse(&whole).map_err(|why| node.error(why))?;
        names.check(node, &template)?;
        Ok(template)
    }

    /// Named texts, as a query and a form have them: a list repeats its name.
    pub(super) fn pairs(
        &self,
        node: &Node<'_>,
        names: &Names,
    ) -> Result<Vec<(String, Template)>, FormError> {
        let mut pairs = Vec::new();
        for (name, entry) in node.entries()? {
            for value in entry.one_or_more()? {
                let text = value.read(plain)?;
                pairs.push((name.to_owned(), self.template_of(&value, &text, names)?));
            }
        }
        Ok(pairs)
    }

    pub(super) fn path(&self, node: &Node<'_>) -> Result<PathBuf, FormError> {
        Ok(self.folder.join(self.text(node)?))
    }

    /// A file that is read now, rather than in the middle of the run.
    pub(super) fn file(&self, node: &Node<'_>) -> Result<Vec<u8>, FormError> {
        let path = self.path(node)?;
        self.around.file(&path).map_err(|error| {
            node.error(format!("read {}: {error}", path.display()))
                .hint("paths start at the folder of the scenario")
        })
    }
}

/// A text, number or truth value as it is sent.
fn plain(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| "the number is too large".to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        _ => Err("expected a text, a number, true or false, or a list of them".to_owned()),
    }
}

pub(super) fn time(node: &Node<'_>) -> Result<Duration, FormError> {
    let time = node.duration()?;
    if time > LONGEST {
        return Err(node.error("it is longer than 30 days"));
    }
    Ok(time)
}

/// A time that is more than nothing.
pub(super) fn some_time(node: &Node<'_>) -> Result<Duration, FormError> {
    let time = time(node)?;
    if time.is_zero() {
        return Err(node.error("it must be longer than nothing"));
    }
    Ok(time)
}

pub(super) fn pause(node: &Node<'_>) -> Result<Pause, FormError> {
    let pause = Pause::parse(node.text()?).map_err(|why| node.error(why))?;
    if pause.high > LONGEST {
        return Err(node.error("it is longer than 30 days"));
    }
    Ok(pause)
}
