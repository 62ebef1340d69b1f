//! `perfgate compare`: two sets of results, judged like a gate, with no config and nothing stamped on them.

use std::path::PathBuf;

use super::Invocation;
use super::args::CompareArgs;
use super::check::{explain, nothing_compared};
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
use crate::model::Run;
use crate::report;
use crate::report::context::{Commands, Source};

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
    // Both at once: a folder of benchmarks is thousands of small files, and most machines have a second core.
    let (reference, current) = std::thread::scope(|scope| {
        let current = scope.spawn(|| side_of(&new, &settings.read));
        let reference = read(&old, &settings.read);
        let gave_up = |_| Err(anyhow::anyhow!("read the new side: its reader gave up"));
        (reference, current.join().unwrap_or_else(gave_up))
    });
    let (reference, (current, sources)) = (reference?, current?);
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
    let material = Material {
        judged: &judged,
        settings: &settings,
        current: &current,
        commands: Commands {
            repeat: Some(retype::command(invocation.arguments)),
            explain: explain(&sources),
            next: None,
        },
        sources,
        baseline: &shown,
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

/// A baseline file stays whole, with its anchor; several paths are several runs.
fn read(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Reference> {
    if let [path] = paths {
        return results::reference(path, options);
    }
    let (runs, _) = side_of(paths, options)?;
    Ok(Reference { runs, anchor: None })
}

/// A side may be a baseline file too.
fn side_of(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<(Vec<Run>, Vec<Source>)> {
    let (mut plain, mut runs, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        if results::is_baseline(path)? {
            runs.extend(results::reference(path, options)?.runs);
            sources.push(Source {
                path: path.display().to_string(),
                format: "perfgate".to_owned(),
            });
        } else {
            plain.push(path.clone());
        }
    }
    if !plain.is_empty() {
        let read = results::read(&plain, options)?;
        sources.extend(read.sources());
        runs.extend(read.into_runs());
    }
    Ok((runs, sources))
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    let paths = paths.iter().map(|path| path.display());
    paths.map(|path| path.to_string()).collect()
}
