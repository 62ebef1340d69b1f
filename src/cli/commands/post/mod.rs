//! `perfgate post`: a verdict that was written before goes to the pull request. The file may come from a stranger's
//! build, so it is read with a limit, checked, and shown anew from its data.

mod gate_changes;
mod message;
mod notes;
pub(crate) mod place;
pub(crate) mod request;
pub(crate) mod send;
pub(crate) mod unjudged;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use crate::cli::Env;
use crate::cli::Invocation;
use crate::cli::args::PostArgs;
use crate::cli::commands::post::request::{Content, PostRequest};
use crate::cli::commands::post::send::send;
use crate::cli::commands::stored_verdict::{self, Words};
use crate::cli::output::Output;
use crate::cli::output::github;
use crate::exit::Exit;
use crate::publish::actions;

const WORDS: Words = Words {
    takes: "post takes what `perfgate check --report json=PATH` wrote",
    refused: "nothing was posted; a verdict that was changed by hand is not one",
};

pub(crate) fn run(
    args: PostArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let env = invocation.env;
    let template = template(args.template.as_deref())?;
    if fs::metadata(&args.verdict).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        tell_absence(&args, env, output)?;
    }
    // What anybody else wrote into the file is not said with the voice of whoever posts it.
    let mut document = stored_verdict::read(&args.verdict, &WORDS)?.without_prose();
    // The name that a gate has on a pull request is for those to say who post.
    document.gate.clone_from(&args.to.id);
    let exit = Exit::of_verdict(document.exit_code).unwrap_or(Exit::Error);
    let order = PostRequest {
        content: Content::Verdict {
            document: &document,
            template: template.as_deref(),
            is_from_elsewhere: true,
        },
        flags: &args.to,
        env,
        required: args.required,
    };
    let posted = send(&order, output)?;
    if env.in_github_actions() {
        let failed = github::put_out(&document, env, &posted.outputs());
        failed.unwrap_or_else(|error| output.report_failed(&error));
        if !posted.was_delivered() {
            // A verdict that reached nobody is at least in the step's summary.
            let failed = github::summarise(&document, template.as_deref(), env);
            failed.unwrap_or_else(|error| output.report_failed(&error));
        }
    }
    if let Some(line) = posted.line() {
        output.result_line(&line);
    }
    Ok(output.finish(posted.exit(exit, args.required)))
}

/// A job that posts finds no verdict where the job that judges ended before it had one. That is told, for an old green
/// must not stand beside it; a verdict that was changed is only refused.
fn tell_absence(args: &PostArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<()> {
    let order = PostRequest {
        content: Content::NotJudged {
            reason: args
                .reason
                .as_deref()
                .unwrap_or("the gate left no verdict; its own run says why"),
        },
        flags: &args.to,
        env,
        required: args.required,
    };
    let posted = send(&order, output)?;
    if env.in_github_actions() {
        let put = actions::put_out(&env.lookup(), &posted.outputs());
        put.unwrap_or_else(|error| output.report_failed(&error));
    }
    if let Some(line) = posted.line() {
        output.note(&line);
    }
    Ok(())
}

fn template(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let read =
        |path: &Path| fs::read_to_string(path).with_context(|| format!("read {}", path.display()));
    path.map(read).transpose()
}
