//! Where a verdict is posted, and with whose token: found in the flags, the environment and the event.

use anyhow::Context;

use crate::cli::args::PostFlags;
use crate::cli::env::Env;
use crate::publish::ci::Ci;
use crate::publish::context::{self, Request};
use crate::publish::gitlab;
use crate::publish::secret::Secret;

pub(crate) enum Destination {
    GitHub(context::PullRequestPlace),
    GitLab {
        place: gitlab::MergeRequestPlace,
        request: u64,
    },
}

/// Why nothing is sent.
pub(crate) enum Nowhere {
    /// There is no pull request, and nothing is wrong with that.
    None(&'static str),
    /// Something is missing.
    Unable { why: String, hint: &'static str },
}

/// An error is about what was given and cannot be right.
pub(crate) fn find(
    flags: &PostFlags,
    env: &Env,
) -> anyhow::Result<Result<(Destination, Secret), Nowhere>> {
    let get = env.lookup();
    if env.get("GITHUB_REPOSITORY").is_some() {
        let event = match env.event() {
            // Whoever says the number does not need the event.
            Err(_) if flags.pr.is_some() => None,
            event => event.context("find the pull request")?,
        };
        let place = context::PullRequestPlace::of(&get, event.as_ref(), flags.pr)
            .context("find the pull request")?;
        return Ok(on_github(place, flags, env));
    }
    if let Some(place) = gitlab::MergeRequestPlace::of(&get, flags.pr) {
        return Ok(on_gitlab(place, flags, env));
    }
    let why = match Ci::detect(&get) {
        Some(ci) => format!("{ci:?} names no repository of GitHub or GitLab"),
        None => "this is no CI job that is known".to_owned(),
    };
    let hint = "GITHUB_REPOSITORY=owner/name and --pr NUMBER say where to";
    Ok(Err(Nowhere::Unable { why, hint }))
}

fn on_github(
    place: context::PullRequestPlace,
    flags: &PostFlags,
    env: &Env,
) -> Result<(Destination, Secret), Nowhere> {
    // A queue has no pull request and still a commit, whose status may be required.
    let only_a_comment = flags.status.is_none() && flags.check_run.is_none();
    if let (Request::None(why), true) = (&place.request, only_a_comment) {
        return Err(Nowhere::None(why));
    }
    let hint = "`env: GITHUB_TOKEN: ${{ github.token }}` gives a step its token";
    let secret = token(env, GITHUB_TOKENS, hint)?;
    Ok((Destination::GitHub(place), secret))
}

fn on_gitlab(
    place: gitlab::MergeRequestPlace,
    flags: &PostFlags,
    env: &Env,
) -> Result<(Destination, Secret), Nowhere> {
    if flags.status.is_some() || flags.check_run.is_some() {
        return Err(Nowhere::Unable {
            why: "--status and --check-run are of GitHub".to_owned(),
            hint: "on GitLab the job itself is what a branch requires",
        });
    }
    let Some(request) = place.request else {
        return Err(Nowhere::None("this pipeline is not for a merge request"));
    };
    let hint = "a project access token with the scope `api`, as a masked variable; the job's own token may not comment";
    let secret = token(env, GITLAB_TOKENS, hint)?;
    Ok((Destination::GitLab { place, request }, secret))
}

const GITHUB_TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];
const GITLAB_TOKENS: [&str; 2] = ["PERFGATE_GITLAB_TOKEN", "GITLAB_TOKEN"];

/// A text that may quote anything, without the tokens that posting is done with.
pub(crate) fn scrubbed(text: &str, env: &Env) -> String {
    let names = GITHUB_TOKENS.into_iter().chain(GITLAB_TOKENS);
    let secrets = names
        .filter_map(|name| env.get(name))
        .filter_map(Secret::new);
    secrets.fold(text.to_owned(), |text, secret| secret.scrub(&text))
}

/// From the environment only: a flag would stand in logs and process lists.
fn token(env: &Env, names: [&str; 2], hint: &'static str) -> Result<Secret, Nowhere> {
    let [first, _] = names;
    names
        .into_iter()
        .find_map(|name| env.get(name))
        .and_then(Secret::new)
        .ok_or_else(|| Nowhere::Unable {
            why: format!("{first} is not set, or is no token"),
            hint,
        })
}
