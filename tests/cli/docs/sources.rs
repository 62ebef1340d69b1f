//! The page of sources has a block for each format, and each block is a config that reads what its command writes.

use std::fs;

use perfgate::cli::settings::config::{self, Work};
use perfgate::ingest::Format;
use perfgate::ingest::adapter::ToolClass;

use super::{fenced, root};

struct Section {
    tool: String,
    text: String,
}

fn sections() -> Vec<Section> {
    let page = fs::read_to_string(root().join("docs/sources.md")).unwrap();
    let sections = page.split("\n### `").skip(1).map(|section| {
        let (tool, text) = section.split_once("`\n").unwrap();
        let text = text.split("\n## ").next().unwrap();
        Section {
            tool: tool.to_owned(),
            text: text.to_owned(),
        }
    });
    sections.collect()
}

#[test]
fn every_format_of_the_table_has_a_block() {
    let classes = [ToolClass::Load, ToolClass::Benchmark];
    let formats: Vec<&str> = classes
        .into_iter()
        .flat_map(|class| {
            let adapters = Format::ALL.iter().map(|format| format.adapter());
            adapters.filter(move |adapter| adapter.class == class)
        })
        .map(|adapter| adapter.tool)
        .collect();
    let described: Vec<String> = sections().into_iter().map(|section| section.tool).collect();
    assert_eq!(
        described, formats,
        "docs/sources.md, in the order of docs/formats.md"
    );
}

#[test]
fn each_block_is_a_source_whose_runs_do_not_write_over_each_other() {
    for Section { tool, text } in sections() {
        let blocks: Vec<&str> = text.split("```toml\n").skip(1).collect();
        assert_eq!(blocks.len(), 1, "{tool}");
        let block = blocks[0].split("```").next().unwrap();
        let config = config::parse("docs/sources.md", block).unwrap();
        let [source] = config.sources.as_slice() else {
            panic!("{tool}: {:?}", config.sources)
        };
        let Work::Command {
            command, results, ..
        } = &source.work
        else {
            panic!("{tool}: {source:?}")
        };
        assert!(command.contains("{n}") && results.contains("{n}"), "{tool}");
        // What is read is what the command names, but for the part that the tool chooses.
        let named = results.split("/*").next().unwrap().trim_end_matches(".*");
        assert!(command.contains(named), "{tool}: nothing writes {results}");
        // A shell makes the folder before the tool needs it; the listener and Gatling do so themselves.
        let folder = [
            "mkdir -p out",
            "PERFGATE_OUTPUT=",
            "rm -rf out/",
            "CRITERION_HOME=",
        ];
        assert!(
            folder.iter().any(|word| command.contains(word)),
            "{tool}: {command}"
        );
        assert!(text.contains("Exit status: "), "{tool}");
    }
}

#[test]
fn every_source_in_the_docs_is_accepted() {
    let blocks = fenced("toml", "[[source]]");
    assert!(blocks.len() > 40, "only {} blocks", blocks.len());
    for (page, block) in blocks {
        if let Err(error) = config::parse(&page, &block) {
            panic!("{error}\n{block}");
        }
    }
}
