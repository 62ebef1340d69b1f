//! What a step of a GitHub workflow leaves behind: its summary and its outputs, in the files that the runner names.

use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;

use anyhow::Context;

use super::Variables;

/// Appends to the step's summary, where there is one.
pub fn summarise(get: &Variables<'_>, text: &str) -> anyhow::Result<()> {
    append(get, "GITHUB_STEP_SUMMARY", text)
}

/// Appends to the step's outputs, where there are any.
pub fn put_out(get: &Variables<'_>, outputs: &[(String, String)]) -> anyhow::Result<()> {
    let text: String = outputs
        .iter()
        .map(|(name, value)| assignment(name, value))
        .collect();
    append(get, "GITHUB_OUTPUT", &text)
}

fn append(get: &Variables<'_>, variable: &str, text: &str) -> anyhow::Result<()> {
    let Some(path) = get(variable) else {
        return Ok(());
    };
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.flush()))
        .with_context(|| format!("write {path}"))
}

/// `name<<delimiter`: fresh for each value, so that no value can end itself and assign another.
fn assignment(name: &str, value: &str) -> String {
    let mut delimiter = delimiter();
    while value.contains(&delimiter) {
        delimiter = self::delimiter();
    }
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

/// The standard library keys every hasher anew from the system's randomness.
fn delimiter() -> String {
    let draw = || RandomState::new().build_hasher().finish();
    format!("perfgate-{:016x}{:016x}", draw(), draw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_use_a_new_delimiter_each_and_keep_lines_inside() {
        let (a, b) = (assignment("v", "x\ny"), assignment("v", "x\ny"));
        assert_ne!(a, b);
        let delimiter = a.lines().next().unwrap().strip_prefix("v<<").unwrap();
        assert_eq!(a, format!("v<<{delimiter}\nx\ny\n{delimiter}\n"));
    }
}
