//! The end of every command that judges: the document is made, the reports are written, the pull request is told.

use anyhow::anyhow;

use crate::cli::args::{PostFlags, PostWhen};
use crate::cli::commands::gate::document::{Material, document, trend};
use crate::cli::commands::post::request::{Content, PostRequest};
use crate::cli::commands::post::send::send;
use crate::cli::env::Env;
use crate::cli::output::Output;
use crate::cli::output::write_reports::{Outlets, ReportInput};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::publish::actions;
use crate::report::Document;
use crate::verdict::Situation;

/// Where a verdict goes.
pub(crate) struct Destinations<'a> {
    pub(crate) outlets: &'a Outlets<'a>,
    pub(crate) pull_request: Option<PullRequest<'a>>,
}

/// The pull request, and whether anything is said there.
pub(crate) struct PullRequest<'a> {
    pub(crate) flags: &'a PostFlags,
    pub(crate) when: PostWhen,
    pub(crate) env: &'a Env,
}

/// What the gate came to.
pub(crate) struct Concluded {
    pub(crate) document: Document,
    pub(crate) exit: Exit,
}

/// Makes the document, writes the reports, and posts. Whatever fails on the way, the verdict is not lost.
pub(crate) fn conclude(
    material: Material<'_>,
    to: &Destinations<'_>,
    output: &mut Output<'_>,
) -> Concluded {
    let (verdict, baseline) = (&material.judged.verdict, material.baseline);
    let gate = to.pull_request.as_ref();
    let gate = gate.and_then(|request| request.flags.id.clone());
    let (judged, measured) = (material.judged, material.measured());
    let mut document = document(material, gate);
    if to.pull_request.is_some() {
        document.trend = trend(&document, judged);
    }
    let told = ReportInput {
        document: &document,
        measured,
    };
    let mut exit = to.outlets.write_reports(&told, verdict.exit(), output);
    if let Some(request) = &to.pull_request
        && request.when != PostWhen::Never
    {
        let order = PostRequest {
            content: Content::Verdict {
                document: &document,
                template: to.outlets.template(),
                is_from_elsewhere: false,
            },
            flags: request.flags,
            env: request.env,
            required: request.when == PostWhen::Required,
        };
        exit = posted(&order, exit, output);
    }
    if verdict.situation() == Situation::Compared && verdict.exit() == Exit::Error {
        nothing_compared(baseline, output);
    }
    Concluded { document, exit }
}

fn posted(order: &PostRequest<'_>, exit: Exit, output: &mut Output<'_>) -> Exit {
    let posted = match send(order, output) {
        Ok(posted) => posted,
        Err(error) => {
            output.report_failed(&error);
            return output.finish(exit);
        }
    };
    if let Some(line) = posted.line() {
        output.note(&line);
    }
    if order.env.in_github_actions() {
        let put = actions::put_out(&order.env.lookup(), &posted.outputs());
        put.unwrap_or_else(|error| output.report_failed(&error));
    }
    output.finish(posted.exit(exit, order.required))
}

fn nothing_compared(baseline: &str, output: &mut Output<'_>) {
    let error = Err::<(), _>(anyhow!("nothing could be compared with {baseline}"))
        .hint("the table says why; `perfgate inspect` shows the series of a result");
    if let Err(error) = error {
        output.error(&error);
    }
}
