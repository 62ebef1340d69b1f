//! Whether a step is taken, and how often: conditions on what was captured, and an end that is bounded.

use super::step_file::StepFile;
use super::surroundings::Reader;
use super::template::Names;
use super::{Condition, Turns};
use crate::load::template::Values;
use crate::toml_file::{FreeTable, Located, OneOrMany, Problem, Scalar};

/// `before` are the names that are known when the step begins, `behind` those that it has captured, too.
pub(super) fn turns(
    file: &StepFile,
    reader: &Reader<'_>,
    (before, behind): (&Names, &Names),
) -> Result<Option<Turns>, Problem> {
    if let (Some(until), None) = (&file.until, &file.repeat) {
        return Err(until
            .error("it needs `repeat`, which says how often at most")
            .hint("write until = { state = \"done\" }, repeat = 50, think = \"200ms\""));
    }
    if file.when.is_none() && file.repeat.is_none() {
        return Ok(None);
    }
    Ok(Some(Turns {
        when: conditions(file.when.as_ref(), reader, before)?,
        most: file.repeat.as_ref().map_or(1, |repeat| repeat.get().get()),
        until: conditions(file.until.as_ref(), reader, behind)?,
    }))
}

fn conditions(
    table: Option<&Located<FreeTable<OneOrMany<Scalar>>>>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Vec<Condition>, Problem> {
    let mut conditions = Vec::new();
    for (name, values) in table.iter().flat_map(|table| table.entries()) {
        names.check_name(values, name)?;
        let is = values.entries().iter().map(|value| reader.as_sent(value));
        let is: Vec<String> = is.collect();
        if is.is_empty() {
            return Err(values.error("no value would do"));
        }
        conditions.push(Condition {
            name: name.to_owned(),
            is,
        });
    }
    Ok(conditions)
}

impl Turns {
    /// Whether the step is taken at all.
    pub fn begins(&self, values: &Values) -> bool {
        self.when.iter().all(|condition| condition.holds(values))
    }

    /// Whether it has come to its end: without conditions it has none but its number.
    pub fn is_done(&self, values: &Values) -> bool {
        !self.until.is_empty() && self.open(values).is_none()
    }

    /// The first condition of the end that does not hold.
    pub fn open(&self, values: &Values) -> Option<&Condition> {
        self.until.iter().find(|condition| !condition.holds(values))
    }
}

impl Condition {
    fn holds(&self, values: &Values) -> bool {
        let value = values.get(&self.name);
        value.is_some_and(|value| self.is.iter().any(|one| one == value))
    }
}
