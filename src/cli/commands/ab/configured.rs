//! What the command line leaves to `[ab]` and `[[source]]` of `perfgate.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;

use crate::cli::args::{AbArgs, ReadAs};
use crate::cli::env::Env;
use crate::cli::settings::baseline_path::branch;
use crate::cli::settings::config::Work;
use crate::cli::settings::{Settings, config};
use crate::hint::WithHint;
use crate::model::Pattern;

/// The most rounds where nobody says.
const MOST_ROUNDS: usize = 20;
/// The same with --until-sure, which the time budget ends long before.
const UNTIL_SURE: usize = 1000;
/// How long measuring may take where nobody says.
const TIME_BUDGET: Duration = Duration::from_secs(300);

/// What no program reads where nobody says.
const UNREAD: [&str; 2] = ["*.md", "docs/**"];

/// How long it may go on, and what it need not begin for.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) max_rounds: usize,
    pub(super) time_budget: Duration,
    /// Files that no measured program reads.
    pub(super) ignored: Vec<Pattern>,
    /// What samples both versions where something got worse.
    pub(super) profiler: Option<String>,
}

/// Puts in what was not typed.
pub(super) fn complete(args: &mut AbArgs, settings: &Settings, env: &Env) -> anyhow::Result<Ends> {
    let nothing = config::Ab::default();
    let ab = settings.ab.as_ref().unwrap_or(&nothing);
    let measuring = &args.measuring;
    let ends = Ends {
        max_rounds: measuring
            .max_rounds
            .or(ab.max_rounds)
            .unwrap_or(if measuring.until_sure {
                UNTIL_SURE
            } else {
                MOST_ROUNDS
            }),
        time_budget: measuring
            .time_budget
            .or(ab.time_budget)
            .unwrap_or(TIME_BUDGET),
        ignored: ab
            .ignore
            .clone()
            .unwrap_or_else(|| UNREAD.map(Pattern::new).to_vec()),
        profiler: ab
            .profile
            .clone()
            .or_else(|| match settings.sources.as_slice() {
                [one] => one.profile.clone(),
                _ => None,
            }),
    };
    if settings.ab.is_some() && !args.names_versions() {
        from_config(args, ab, settings, env)?;
    }
    let revisions = &args.revisions;
    if args.measuring.layout_check && revisions.build.is_none() && revisions.bench.is_none() {
        return Err(anyhow!(
            "--layout-check links head anew, and nothing says how it is built"
        ))
        .hint("give --build COMMAND or --bench, or [ab] of perfgate.toml `build` or `bench`");
    }
    let services = &args.services;
    if services.scenario.is_none() && services.pause_idle {
        return Err(anyhow!(
            "--pause-idle is for services, and no scenario says how they are loaded"
        ))
        .hint("give --scenario FILE, or a [[source]] with a scenario beside [ab]");
    }
    if services.window.is_some() && args.measuring.results.is_some() {
        return Err(anyhow!(
            "--window does not make what writes --results run longer"
        ))
        .hint("let the command itself do more: its windows are as long as it runs");
    }
    Ok(ends)
}

fn from_config(
    args: &mut AbArgs,
    ab: &config::Ab,
    settings: &Settings,
    env: &Env,
) -> anyhow::Result<()> {
    let asked = args.services.scenario.is_some() || args.measuring.results.is_some();
    match &ab.bench {
        Some(_) if args.measuring.prepare.is_some() => {
            return Err(anyhow!(
                "--prepare is for commands, and [ab] measures benchmarks"
            ))
            .hint("name what is measured: perfgate ab --run COMMAND");
        }
        Some(arguments) if !asked => args.revisions.bench = Some(arguments.clone()),
        _ if !asked => source(args, settings)?,
        _ => {}
    }
    let revisions = &mut args.revisions;
    revisions.run = ab.run.clone().or(revisions.run.take());
    if revisions.run.is_none() && revisions.bench.is_none() {
        return Err(anyhow!("[ab] does not say what is measured"))
            .hint("give it `run`, the command that is run in the worktree of each revision, or `bench = true`");
    }
    revisions.build = revisions.build.take().or_else(|| ab.build.clone());
    if revisions.base_ref.is_none()
        && let Some(base) = &ab.base_ref
    {
        revisions.base_ref = Some(if base.contains("{base}") {
            base.replace("{base}", &branch(env, Path::new("."))?)
        } else {
            base.clone()
        });
    }
    Ok(())
}

/// What the source does is done in the worktree of each revision, and once in a round.
fn source(args: &mut AbArgs, settings: &Settings) -> anyhow::Result<()> {
    let source = match settings.sources.as_slice() {
        [] => return Ok(()),
        [one] => one,
        several => {
            return Err(anyhow!(
                "[ab] measures one [[source]], and there are {}",
                several.len()
            ))
            .hint(
                "say which on the command line: perfgate ab --scenario FILE, or --results PATTERN",
            );
        }
    };
    if !source.watch.is_empty() {
        return Err(anyhow!("[[source.watch]] of {}: `ab` does not watch beside a command", source.from))
            .hint("leave [[source.watch]] to the gate with a baseline, or measure a scenario, which watches in `ab` as well");
    }
    if source.around != config::Around::default() {
        return Err(anyhow!("[[source]] of {}: `ab` has no pause, setup or teardown of a source", source.from))
            .hint("put it into the commands of [ab], or leave `pause`, `setup` and `teardown` to the gate with a baseline");
    }
    if args.measuring.from.is_none() {
        args.measuring.from = source.mapping.clone().map(ReadAs::Mapping);
    }
    match &source.work {
        Work::Scenario { scenario } => {
            let folder = settings.config.as_ref().map(|place| place.folder.as_path());
            let folder = folder.map_or_else(PathBuf::new, Path::to_owned);
            args.services.scenario = Some(folder.join(scenario));
        }
        Work::Command {
            command,
            results,
            timeout,
        } => {
            args.revisions.run = Some(command.replace("{n}", "1"));
            args.measuring.results = Some(results.replace("{n}", "1"));
            args.measuring.timeout = *timeout;
        }
        Work::Nothing { results } => {
            args.measuring.results = Some(results.replace("{n}", "1"));
        }
    }
    Ok(())
}
