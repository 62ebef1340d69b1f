//! What perfgate prints about itself: schemas, completions, manual pages, and the reference of its commands.

use anyhow::anyhow;

use crate::cli::args::{SchemaOf, grammar};
use crate::cli::settings::config;
use crate::hint::WithHint;
use crate::{history, load, model, report, store};

pub(crate) fn schema(of: SchemaOf) -> String {
    let text = match of {
        SchemaOf::Run => model::run_file::json_schema(),
        SchemaOf::Baseline => store::json_schema(),
        SchemaOf::Verdict => report::Document::json_schema(),
        SchemaOf::History => history::History::json_schema(),
        SchemaOf::Doctor => super::doctor::json_schema(),
        SchemaOf::Config => config::json_schema(),
        SchemaOf::Scenario => load::scenario::json_schema(),
    };
    format!("{}\n", text.trim_end())
}

pub(crate) fn completions(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut grammar(), "perfgate", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Of perfgate, or of the command that `words` name.
pub(crate) fn manual(words: &[String]) -> anyhow::Result<String> {
    let mut grammar = grammar();
    grammar.build();
    let mut command = &grammar;
    for word in words {
        command = command
            .find_subcommand(word)
            .ok_or_else(|| anyhow!("there is no command `{}`", words.join(" ")))
            .hint("`perfgate --help` lists the commands")?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// `docs/cli.md`: every command with the help that it prints.
pub fn reference() -> String {
    let mut grammar = grammar().term_width(96);
    grammar.build();
    let mut text = String::from(
        "# The command line\n\nWhat each command prints for `--help`. Written by a test from the program itself:\n`UPDATE_GOLDENS=1 cargo test --test cli docs::`.\n",
    );
    append(&mut text, &grammar, "perfgate");
    text
}

fn append(text: &mut String, command: &clap::Command, name: &str) {
    let help = command.clone().render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let help = lines.join("\n");
    text.push_str(&format!(
        "\n## `{name}`\n\n```text\n{}\n```\n",
        help.trim_end()
    ));
    for sub in command.get_subcommands() {
        if sub.get_name() != "help" {
            append(text, sub, &format!("{name} {}", sub.get_name()));
        }
    }
}
