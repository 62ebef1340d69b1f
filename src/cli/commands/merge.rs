//! `perfgate merge`: what several machines measured of one workload at once, as one run.

use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::Env;
use crate::cli::args::MergeArgs;
use crate::cli::commands::run::{Summary, next};
use crate::cli::output::Output;
use crate::cli::output::collisions::Files;
use crate::cli::output::run_file::RunFile;
use crate::cli::results;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::ingest::{Format, ReadOptions};
use crate::load::{self, MergeError};
use crate::model::Run;

pub(crate) fn run(args: MergeArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut files = Files::default();
    files.writes("--output", &args.output);
    files.reads_results(&args.runs);
    files.refuse_collisions()?;
    let options = ReadOptions {
        from: Some(Format::Perfgate),
        ..ReadOptions::default()
    };
    let runs = args
        .runs
        .iter()
        .map(|path| one(path, &options))
        .collect::<anyhow::Result<Vec<Run>>>()?;
    let file = RunFile::at(args.output)?;
    let merged = load::merge(&runs, args.environment.as_deref());
    let run = merged.or_else(|error| {
        let hint = hint(&error);
        Err(error).context("merge").hint(hint)
    })?;
    let shown = file.write(&run)?.display().to_string();
    let invalid = run.provenance.invalid.clone();
    let whole = invalid.is_none() && !run.provenance.partial;
    let summary = Summary {
        run: &run,
        failures: &[],
        order: &[],
        next: whole.then(|| next(&shown, &run, env)).flatten(),
        file: shown,
        style: output.style(),
    };
    output.result(&summary.text());
    let exit = match invalid {
        Some(why) => {
            let error = anyhow!("the run is invalid: {why}");
            output.error(&error);
            Exit::Error
        }
        None => Exit::Pass,
    };
    Ok(output.finish(exit))
}

/// Several runs of one machine are repetitions, not parts of one run.
fn one(path: &Path, options: &ReadOptions) -> anyhow::Result<Run> {
    let path = path.to_owned();
    let results = results::understood(std::slice::from_ref(&path), options)?;
    let mut runs = results.into_runs();
    match (runs.pop(), runs.len()) {
        (Some(run), 0) => Ok(run),
        (_, more) => Err(anyhow!("merge {}: it holds {} runs", path.display(), more + 1)).hint(
            "merge takes the one run of each machine; repeated runs are judged together as they are",
        ),
    }
}

fn hint(error: &MergeError) -> &'static str {
    match error {
        MergeError::TooFew => "name the run file of each machine",
        MergeError::Share(_) => "name the run of each machine: all shares of one load are one run",
        MergeError::Apart { .. } => {
            "let all machines begin at one time: --start-at; runs made one after the other are repetitions, and judged together as they are"
        }
        MergeError::Twice => "name each run file once",
        MergeError::Differ { what, .. } if *what == "environment" => {
            "where the machines may count as one class, name it: --environment NAME"
        }
        MergeError::Differ { .. } => "the parts of one run load one build with one scenario",
        MergeError::Metric { .. } => "merge takes the run files of `perfgate run`",
    }
}
