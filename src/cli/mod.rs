//! The command line: arguments and environment to settings, settings to one command, its outcome to streams and an
//! exit code. Nobody imports this room.

mod args;
mod commands;
mod env;
mod interrupt;
mod keys;
mod output;
mod results;
pub mod settings;
pub mod shipped;
mod status_request;
mod values;

use std::ffi::OsString;

use anyhow::Context;
use clap::Parser;
use clap::error::ErrorKind;

use crate::exit::Exit;
use crate::hint::WithHint;

pub use commands::documents::reference;
pub use env::Env;
pub use output::Streams;

use crate::text::sanitize;
use args::{BaselineCommand, Cli, Color, Command};
use commands::{
    ab, baseline, check, compare, doctor, documents, history, init, inspect, merge, post, report,
    run, watch,
};
use output::Output;

/// What a command was called with, beside its own flags.
struct Invocation<'a> {
    env: &'a Env,
    /// As typed, without the program's name.
    arguments: &'a [OsString],
}

/// The whole program. `arguments` begin with the program's name.
pub fn main(arguments: &[OsString], env: &Env, streams: Streams<'_>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return told(&error, env, streams),
    };
    let mut output = Output::new(streams, cli.color, env);
    let invocation = Invocation {
        env,
        arguments: arguments.get(1..).unwrap_or_default(),
    };
    command(cli, &invocation, &mut output).unwrap_or_else(|error| {
        output.error(&error);
        interrupt::exit_of(&error)
    })
}

/// Help and version are results; everything else that clap says is a usage error.
fn told(error: &clap::Error, env: &Env, streams: Streams<'_>) -> Exit {
    let mut output = Output::new(streams, Color::Auto, env);
    let text = if output.style().color {
        error.render().ansi().to_string()
    } else {
        error.render().to_string()
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output.result(&text);
            output.finish(Exit::Pass)
        }
        _ => {
            // It quotes what was typed, which may be the name of a file of anybody.
            output.diagnostics(&sanitize::lines(&text));
            Exit::Error
        }
    }
}

fn command(cli: Cli, invocation: &Invocation<'_>, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    if let Some(folder) = &cli.directory {
        // As git and cargo do: every path of the command, its config and its tools then means the same.
        std::env::set_current_dir(folder)
            .with_context(|| format!("work in {}", folder.display()))
            .hint("-C takes a folder that exists")?;
    }
    let env = invocation.env;
    let text = match cli.command {
        Command::Doctor(args) => return doctor::run(args, env, output),
        Command::Init(args) => return init::run(args, output),
        Command::Check(args) => return check::run(*args, invocation, output),
        Command::Ab(args) => return ab::run(*args, invocation, output),
        Command::Compare(args) => return compare::run(args, invocation, output),
        Command::Baseline(BaselineCommand::Update(args)) => {
            return baseline::update::run(args, env, output);
        }
        Command::Baseline(BaselineCommand::Show(args)) => {
            return baseline::show::run(args, env, output);
        }
        Command::Baseline(BaselineCommand::Pin(args)) => {
            return baseline::pin::run(args, env, output);
        }
        Command::History(args) => return history::run(args, env, output),
        Command::Report(args) => return report::run(*args, invocation, output),
        Command::Post(args) => return post::run(args, invocation, output),
        Command::Run(args) => return run::run(*args, env, output),
        Command::Watch(args) => return watch::run(args, env, output),
        Command::Merge(args) => return merge::run(args, env, output),
        Command::Inspect(args) => return inspect::run(args, output),
        Command::Schema { of } => documents::schema(of),
        Command::Completions { shell } => documents::completions(shell),
        Command::Man { of } => documents::manual(&of)?,
    };
    output.result(&text);
    Ok(output.finish(Exit::Pass))
}
