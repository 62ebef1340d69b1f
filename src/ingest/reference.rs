//! The table of formats in the documentation, written from what the adapters say of themselves.

use std::fmt::Write as _;

use super::Format;
use super::adapter::ToolClass;

/// Every output that is read, as tables of Markdown: one for load tools, one for benchmarks.
pub fn tables() -> String {
    let mut text = String::new();
    for (title, class) in [
        ("Load tools", ToolClass::Load),
        ("Benchmarks", ToolClass::Benchmark),
    ] {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "## {title}\n\n| `--from` | output | becomes | rounded to | not told | tested with |\n|---|---|---|---|---|---|\n"
        );
        let formats = Format::ALL.iter().map(|format| format.adapter());
        for adapter in formats.filter(|adapter| adapter.class == class) {
            for form in adapter.forms {
                let facts = &form.facts;
                let tested = if facts.tested.is_empty() {
                    "its documentation only"
                } else {
                    facts.tested
                };
                let _ = writeln!(
                    text,
                    "| `{}` | {} | {} | {} | {} | {tested} |",
                    adapter.tool, form.what, facts.evidence, facts.resolution, facts.lost
                );
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
