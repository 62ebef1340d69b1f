//! `perfgate compare`: two sets of results, judged like a gate, with no config and nothing stamped on them.

use std::path::{Path, PathBuf};

use super::Invocation;
use super::args::CompareArgs;
use super::check::nothing_compared;
use super::context::{Material, context};
use super::deliver::Outlets;
use super::environments::Choice;
use super::gate::Gate;
use super::output::Output;
use super::results::{self, Reference};
use super::retype;
use super::settings::{Settings, Typed};
use crate::exit::Exit;
use crate::ingest::ReadOptions;
use crate::report;

pub(super) fn run(
    args: CompareArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let outlets = Outlets::open(&args.output, None)?;
    let old = side(args.old, args.old_results);
    let new = side(args.new, args.new_results);
    let settings = Settings::of_flags(Typed {
        policy: args.policy,
        read: args.read,
        ..Typed::default()
    })?;
    let reference = read(&old, &settings.read)?;
    let current = read(&new, &settings.read)?.runs;
    let shown = shown(&old).join(" ");
    let gate = Gate {
        settings: &settings,
        current: &current,
        reference: Some(reference),
        choice: Choice {
            on_other: settings.policy.on_other_environment,
            baseline: &shown,
            can_update: false,
        },
    };
    let judged = gate.judge()?;
    let sources = self::shown(&new);
    let first = retype::quoted(sources.first().map_or("", String::as_str));
    let material = Material {
        judged: &judged,
        settings: &settings,
        current: &current,
        sources,
        baseline: &shown,
        repeat: retype::command(invocation.arguments),
        explain: format!("perfgate inspect {first}"),
    };
    let context = context(material);
    let document = report::document(&judged.verdict, &settings.policy, context);
    let exit = outlets.deliver(&document, judged.verdict.exit(), output);
    if judged.verdict.exit() == Exit::Error {
        nothing_compared(&shown, output);
    }
    Ok(exit)
}

fn side(one: Option<PathBuf>, several: Vec<PathBuf>) -> Vec<PathBuf> {
    one.into_iter().chain(several).collect()
}

/// A side may be a baseline file too.
fn read(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Reference> {
    if let [path] = paths {
        return results::reference(path, options);
    }
    let mut plain = Vec::new();
    let mut runs = Vec::new();
    for path in paths {
        if results::is_baseline(path)? {
            runs.extend(results::reference(path, options)?.runs);
        } else {
            plain.push(path.clone());
        }
    }
    if !plain.is_empty() {
        runs.extend(results::read(&plain, options)?.into_runs());
    }
    Ok(Reference { runs, anchor: None })
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    let paths = paths.iter().map(PathBuf::as_path).map(Path::display);
    paths.map(|path| path.to_string()).collect()
}
