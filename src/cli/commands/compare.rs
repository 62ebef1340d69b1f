//! `perfgate compare`: two sets of results, judged like a gate, with no config and nothing stamped on them.

use std::path::{Path, PathBuf};

use crate::cli::Invocation;
use crate::cli::args::CompareArgs;
use crate::cli::commands::gate::Gate;
use crate::cli::commands::gate::conclude::{Destinations, conclude};
use crate::cli::commands::gate::document::Material;
use crate::cli::output::Output;
use crate::cli::output::shell_repr;
use crate::cli::output::write_reports::Outlets;
use crate::cli::results;
use crate::cli::settings::{Settings, Typed};
use crate::exit::Exit;
use crate::ingest::ReadOptions;
use crate::model::{Anchor, Baseline, Run};
use crate::report;
use crate::report::context::{Commands, ResultFile};
use crate::store;

pub(crate) fn run(
    args: CompareArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let outlets = Outlets::open(&args.output, None)?.or_template(report::BEFORE_AND_AFTER);
    let old = side(args.old, args.old_results);
    let new = side(args.new, args.new_results);
    let mut files = outlets.files();
    files.reads_results(old.iter().chain(&new));
    files.refuse_collisions()?;
    let mut settings = Settings::of_flags(Typed {
        policy: args.policy,
        read: args.read,
        ..Typed::default()
    })?;
    settings.judge_on(invocation.env);
    settings.read.watching = output.watching();
    let source = args.source.source.as_ref();
    let [baseline, current] = read([&old, &new], &settings.read, source)?;
    let Side {
        runs: mut current,
        sources,
        ..
    } = current;
    let mut baseline = Baseline {
        runs: baseline.runs,
        // Several paths are several runs, and no anchor is theirs.
        anchor: baseline.anchor.filter(|_| old.len() == 1),
    };
    let names = settings.names.settle(Some(&mut baseline), &mut current)?;
    let shown = shown(&old).join(" ");
    let gate = Gate {
        settings: &settings,
        current: &current,
        baseline: Some(&baseline),
    };
    let judged = gate.judge();
    let material = Material {
        judged: &judged,
        settings: &settings,
        current: &current,
        history: &baseline.runs,
        commands: Commands {
            repeat: Some(shell_repr::command(invocation.arguments)),
            explain: Some(format!(
                "{} --report html=report.html",
                shell_repr::command(invocation.arguments)
            )),
            next: None,
            settle: None,
        },
        sources,
        baseline: &shown,
        names,
        base_rules: None,
        notes: Vec::new(),
        profiles: Vec::new(),
        spent: None,
    };
    let to = Destinations {
        outlets: &outlets,
        pull_request: None,
    };
    Ok(conclude(material, &to, output).exit)
}

fn side(one: Option<PathBuf>, several: Vec<PathBuf>) -> Vec<PathBuf> {
    one.into_iter().chain(several).collect()
}

/// What the paths of one side hold.
#[derive(Default)]
struct Side {
    runs: Vec<Run>,
    anchor: Option<Anchor>,
    sources: Vec<ResultFile>,
}

/// Both sides in one go, for what they share; a side may be a baseline file too.
fn read(
    sides: [&[PathBuf]; 2],
    options: &ReadOptions,
    source: Option<&String>,
) -> anyhow::Result<[Side; 2]> {
    let (mut read, mut plain) = ([Side::default(), Side::default()], [Vec::new(), Vec::new()]);
    for ((paths, side), plain) in sides.into_iter().zip(&mut read).zip(&mut plain) {
        for path in paths {
            if results::is_baseline(path)? {
                side.add_baseline(path)?;
            } else {
                plain.push(path.clone());
            }
        }
    }
    let [old, new] = &plain;
    let results = results::read_sides([old, new], options)?;
    for (side, mut results) in read.iter_mut().zip(results) {
        results.name_source(source);
        side.sources.extend(results.sources());
        side.runs.extend(results.into_runs());
    }
    Ok(read)
}

impl Side {
    fn add_baseline(&mut self, path: &Path) -> anyhow::Result<()> {
        let baseline = store::read(path)?;
        self.runs.extend(baseline.runs);
        self.anchor = baseline.anchor;
        self.sources.push(ResultFile {
            path: path.display().to_string(),
            format: "perfgate".to_owned(),
        });
        Ok(())
    }
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    let paths = paths.iter().map(|path| path.display());
    paths.map(|path| path.to_string()).collect()
}
