//! perfgate's own run file.

use anyhow::Context;

use super::adapter::{Adapter, Facts, Form, Read, ToolClass};
use super::head::Head;
use super::text;
use crate::hint::WithHint;
use crate::model::Run;
use crate::model::run_file::{self, HistogramMemory};

pub(super) const ADAPTER: Adapter = Adapter {
    tool: "perfgate",
    class: ToolClass::Own,
    forms: &[Form {
        what: "a perfgate run file",
        recognise,
        read: Read::Path {
            read: |path, options| {
                let text = text::read_text(path)?;
                parse(&text, &options.memory).with_context(|| format!("read {}", path.display()))
            },
            parse: |bytes, options| parse(&text::decode(bytes.to_vec())?, &options.memory),
        },
        facts: Facts {
            evidence: "whatever it holds",
            resolution: "as it says",
            lost: "nothing",
            tested: "perfgate.run/1",
        },
    }],
};

fn recognise(head: &Head<'_>) -> bool {
    head.outline()
        .is_some_and(|outline| match outline.string("schema") {
            Some(schema) => schema.starts_with("perfgate.run/"),
            // Written by hand, the schema may come last or have been forgotten: the parser says so.
            None => outline.has("subjects"),
        })
}

fn parse(text: &str, memory: &HistogramMemory) -> anyhow::Result<Vec<Run>> {
    run_file::parse_within(text, memory).or_else(|error| {
        let hint = error.hint.clone();
        let failed = Err(anyhow::Error::new(error));
        match hint {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    })
}
