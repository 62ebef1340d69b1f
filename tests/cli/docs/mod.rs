//! The documents are executed: what they show is what perfgate prints, links lead somewhere, and no command
//! hides in a block that nobody runs.
//!
//! `UPDATE_GOLDENS=1 cargo test --test cli docs::` writes what perfgate prints into the documents.

mod formats;
mod page;
mod reference;
mod shell;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use page::{Block, agrees, blocks};
use shell::Shell;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document that a user reads.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders: Vec<PathBuf> = ["docs", "examples"].map(|f| root().join(f)).into();
    let mut entries: Vec<PathBuf> = listed(root()).into_iter().filter(|p| p.is_file()).collect();
    while let Some(folder) = folders.pop() {
        entries.extend(listed(&folder));
        folders.extend(listed(&folder).into_iter().filter(|path| path.is_dir()));
    }
    pages.extend(
        entries
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    pages.sort();
    pages
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn name(page: &Path) -> String {
    let inside = page.strip_prefix(root()).unwrap();
    inside.to_string_lossy().replace('\\', "/")
}

/// What differs in a block, and the lines that would be right.
struct Difference {
    report: String,
    lines: std::ops::Range<usize>,
    right: Vec<String>,
}

fn differences(block: &Block, text: &str, shell: &mut Shell) -> Vec<Difference> {
    let lines: Vec<&str> = text.lines().collect();
    let mut differences = Vec::new();
    for shown in &block.shown {
        let printed = shell.run(&shown.command, &block.folder);
        let right: Vec<String> = shown
            .of(&printed)
            .lines()
            .map(|line| format!("{}{line}", shown.prefix).trim_end().to_owned())
            .collect();
        let mut page: Vec<String> = lines[shown.lines.clone()]
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect();
        // An empty line before the next command or the end belongs to the page's looks.
        while page.last().is_some_and(String::is_empty) {
            page.pop();
        }
        if !agrees(&page, &right) {
            differences.push(Difference {
                report: format!(
                    "`{}` prints\n{}\nand the page shows\n{}",
                    shown.command,
                    right.join("\n"),
                    page.join("\n")
                ),
                lines: shown.lines.start..shown.lines.start + page.len(),
                right,
            });
        }
    }
    differences
}

#[test]
fn every_console_block_shows_what_perfgate_prints() {
    let update = std::env::var_os("UPDATE_GOLDENS").is_some();
    let (mut executed, mut wrong) = (0, Vec::new());
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut shell = Shell::new();
        let mut found = Vec::new();
        for block in blocks(&text).iter().filter(|b| b.skipped.is_none()) {
            executed += 1;
            for difference in differences(block, &text, &mut shell) {
                wrong.push(format!(
                    "{}:{}: {}",
                    name(&path),
                    block.line,
                    difference.report
                ));
                found.push(difference);
            }
        }
        // From the bottom up, so that line numbers above stay true.
        for difference in found.into_iter().rev().filter(|_| update) {
            lines.splice(difference.lines, difference.right);
        }
        if update && lines.join("\n") != text.trim_end_matches('\n') {
            fs::write(&path, lines.join("\n") + "\n").unwrap();
            eprintln!("rewrote {}", name(&path));
        }
    }
    assert!(executed >= 5, "only {executed} blocks were executed");
    assert!(
        update || wrong.is_empty(),
        "\n{}\n\nUPDATE_GOLDENS=1 cargo test --test cli docs:: rewrites the pages\n",
        wrong.join("\n\n")
    );
}

#[test]
fn no_command_hides_in_a_block_that_is_not_executed() {
    let mut hidden = Vec::new();
    // The reference of the command line is written by another test, from the program itself.
    for path in pages().iter().filter(|path| !path.ends_with("docs/cli.md")) {
        let mut fence = None;
        for (at, line) in fs::read_to_string(path).unwrap().lines().enumerate() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                fence = match fence {
                    None => Some(language.trim().to_owned()),
                    Some(_) => None,
                };
            } else if matches!(
                fence.as_deref(),
                Some("" | "sh" | "bash" | "shell" | "text")
            ) {
                let command = line.trim_start().trim_start_matches("$ ");
                if command.starts_with("perfgate ") || command.starts_with("cargo run") {
                    hidden.push(format!("{}:{}: {line}", name(path), at + 1));
                }
            }
        }
    }
    assert!(hidden.is_empty(), "\n{}\n", hidden.join("\n"));
}

#[test]
fn links_between_documents_lead_to_a_file_and_to_a_heading_in_it() {
    let (mut broken, mut followed, mut anchored) = (Vec::new(), 0, 0);
    for path in pages() {
        let text = prose(&fs::read_to_string(&path).unwrap());
        for link in text.split("](").skip(1) {
            let whole = link.split(')').next().unwrap_or_default();
            if whole.is_empty() || whole.contains("://") {
                continue;
            }
            let (target, anchor) = whole.split_once('#').unwrap_or((whole, ""));
            let file = match target {
                "" => path.clone(),
                target => path.parent().unwrap().join(target),
            };
            followed += 1;
            if !file.exists() {
                broken.push(format!("{}: {target}", name(&path)));
            } else if !anchor.is_empty() && file.extension().is_some_and(|e| e == "md") {
                anchored += 1;
                if !anchors(&fs::read_to_string(&file).unwrap()).contains(&anchor.to_owned()) {
                    broken.push(format!("{}: {whole} names no heading", name(&path)));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    assert!(followed > 50, "only {followed} links were followed");
    assert!(anchored > 10, "only {anchored} of them name a heading");
}

/// Without what stands in fences and code spans, where a link is none.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    });
    let lines: Vec<&str> = lines.collect();
    let text = lines.join("\n");
    // Every other part is inside a span; a link's own text may be one.
    let parts = text.split('`').enumerate();
    let outside = parts.map(|(at, part)| if at % 2 == 0 { part } else { "code" });
    outside.collect()
}

/// What GitHub and mdBook call the headings of a page: in small letters, with `-` for spaces and without other signs. A
/// name that comes again gets a number.
fn anchors(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !fenced) else {
            continue;
        };
        let title = title.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        });
        let anchor: String = kept.collect();
        let same = all.iter().filter(|known| **known == anchor).count();
        all.push(match same {
            0 => anchor,
            n => format!("{anchor}-{n}"),
        });
    }
    all
}

#[test]
fn headings_are_named_as_the_site_names_them() {
    let page = "# A `b.c` d\n## Twice\n```sh\n# no heading\n```\n## Twice\n### `[mapping.NAME]`\n";
    assert_eq!(anchors(page), ["a-bc-d", "twice", "twice-1", "mappingname"]);
}

/// The site has what its summary lists, and no page is lost.
#[test]
fn the_summary_of_the_site_lists_every_page_once() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let mut listed: Vec<&str> = summary
        .split("](")
        .skip(1)
        .filter_map(|link| link.split(')').next())
        .collect();
    listed.sort_unstable();
    let mut there: Vec<String> = self::listed(&root().join("docs"))
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|page| page != "SUMMARY.md")
        .collect();
    there.sort_unstable();
    assert_eq!(listed, there);
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.len() < 12_000, "{} bytes", readme.len());
}

/// The blocks of one language that hold `word`, with the page they stand on.
fn fenced(language: &str, word: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        for block in text.split(&format!("\n```{language}\n")).skip(1) {
            let block = block.split("\n```").next().unwrap_or_default();
            if block.contains(word) {
                found.push((name(&path), block.to_owned()));
            }
        }
    }
    assert!(!found.is_empty(), "no {language} with {word} in the docs");
    found
}

#[test]
fn example_configs_in_the_docs_are_accepted() {
    for (page, config) in fenced("toml", "[[rule]]") {
        let mut shell = Shell::new();
        shell.write("perfgate.toml", &config);
        // Only a config that was understood lets perfgate come to the result that is not there.
        let printed = shell.run("perfgate check absent.json", ".");
        assert!(printed.contains("absent.json"), "{page}: {printed}");
    }
}

#[test]
fn example_runs_in_the_docs_are_accepted() {
    for (page, run) in fenced("json", "\"perfgate.run/1\"") {
        let mut shell = Shell::new();
        shell.write("run.json", &run);
        let printed = shell.run("perfgate inspect run.json", ".");
        assert_eq!(shell.last_code, 0, "{page}: {printed}");
        assert!(printed.lines().count() > 1, "{page}: {printed}");
    }
}

#[test]
fn every_key_of_the_config_is_described() {
    let schema = Shell::new().run("perfgate schema config", ".");
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let described = fs::read_to_string(root().join("docs/config.md")).unwrap();
    let (mut keys, mut inside) = (Vec::new(), vec![&schema]);
    while let Some(value) = inside.pop() {
        if let Some(properties) = value.get("properties").and_then(|p| p.as_object()) {
            keys.extend(properties.keys().cloned());
        }
        inside.extend(value.as_object().into_iter().flat_map(|o| o.values()));
        inside.extend(value.as_array().into_iter().flatten());
    }
    assert!(keys.len() > 20, "only {} keys: {keys:?}", keys.len());
    for key in keys {
        let forms = [
            format!("`{key}`"),
            format!("`[{key}]`"),
            format!("`[[{key}]]`"),
        ];
        assert!(forms.iter().any(|form| described.contains(form)), "{key}");
    }
}

#[test]
fn the_readme_names_the_test_command_once_where_ci_reads_it() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut marked = readme.split("<!-- test command -->\n```sh\n").skip(1);
    let command = marked.next().and_then(|rest| rest.split("\n```").next());
    assert_eq!(command, Some("cargo test"));
    assert!(marked.next().is_none());
}
