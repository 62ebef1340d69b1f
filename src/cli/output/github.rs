//! What a verdict leaves in a step of a GitHub workflow: its summary and its outputs.

use anyhow::Context;

use crate::cli::env::{Env, today};
use crate::publish::actions;
use crate::report::{self, Document};

/// Writes both; what failed is returned, for one must not keep the other back. `more` are outputs that no document
/// holds.
pub(crate) fn write(
    document: &Document,
    template: Option<&str>,
    env: &Env,
    more: &[(String, String)],
) -> Vec<anyhow::Error> {
    [
        summarise(document, template, env),
        put_out(document, env, more),
    ]
    .into_iter()
    .filter_map(Result::err)
    .collect()
}

pub(crate) fn put_out(
    document: &Document,
    env: &Env,
    more: &[(String, String)],
) -> anyhow::Result<()> {
    let mut outputs = report::outputs(document);
    outputs.extend_from_slice(more);
    actions::put_out(&env.lookup(), &outputs)
}

pub(crate) fn summarise(
    document: &Document,
    template: Option<&str>,
    env: &Env,
) -> anyhow::Result<()> {
    if env.get("GITHUB_STEP_SUMMARY").is_none() {
        return Ok(());
    }
    let place = report::CommentPlace {
        today: Some(today()),
        ..report::CommentPlace::default()
    };
    let text =
        report::step_summary(document, &place, template).context("render the step summary")?;
    actions::summarise(&env.lookup(), &text)
}
