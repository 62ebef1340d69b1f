//! Where `check` ends before its verdict, people hear of it too: an old green must not stand beside a red job.

use crate::cli::args::{PostFlags, PostWhen};
use crate::cli::commands::post::place::scrubbed;
use crate::cli::commands::post::request::{Content, PostRequest};
use crate::cli::commands::post::send::send;
use crate::cli::env::Env;
use crate::cli::output::Output;
use crate::publish::{actions, ci};
use crate::report::NotJudged;

/// Where a verdict would have gone.
pub(crate) struct Audience {
    pub(crate) post: PostWhen,
    pub(crate) to: PostFlags,
}

impl Audience {
    /// The summary of the step, and the pull request where posting was asked for. What fails here is told and changes
    /// nothing: the command has failed already.
    pub(crate) fn hear(&self, error: &anyhow::Error, env: &Env, output: &mut Output<'_>) {
        // An error may quote what it was given.
        let reason = scrubbed(&format!("{error:#}"), env);
        if env.in_github_actions()
            && let Err(error) = summarise(&reason, self.to.id.as_deref(), env)
        {
            output.warn(&format!("{error:#}"));
        }
        if env.in_github_actions() {
            // A step of its own may post what this one does not.
            let outputs = [("reason".to_owned(), reason.clone())];
            let put = actions::put_out(&env.lookup(), &outputs);
            put.unwrap_or_else(|error| output.warn(&format!("{error:#}")));
        }
        if self.post == PostWhen::Never {
            return;
        }
        let order = PostRequest {
            content: Content::NotJudged { reason: &reason },
            flags: &self.to,
            env,
            required: self.post == PostWhen::Required,
        };
        match send(&order, output) {
            Ok(posted) => {
                if let Some(line) = posted.line() {
                    output.note(&line);
                }
            }
            Err(error) => output.warn(&format!("not posted: {error:#}")),
        }
    }
}

fn summarise(reason: &str, gate: Option<&str>, env: &Env) -> anyhow::Result<()> {
    let get = env.lookup();
    let event = env.event().ok().flatten();
    let commit = ci::commit(&get, event.as_ref());
    let told = NotJudged {
        gate,
        commit: commit.as_deref(),
        reason,
        run_url: None,
    };
    actions::summarise(&get, &told.markdown())
}
