//! `perfgate report`: one page for a browser. It shows and never gates: its code says whether the page was written.

use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::Invocation;
use crate::cli::args::ReportArgs;
use crate::cli::commands::gate::document::{Material, document};
use crate::cli::commands::gate::{Gate, refuse_unfit, refuse_unmatched};
use crate::cli::commands::stored_verdict::{self, Words};
use crate::cli::output::Output;
use crate::cli::output::collisions::Files;
use crate::cli::output::shell_repr;
use crate::cli::results::checkout::Checkout;
use crate::cli::results::scenarios::LoadOptions;
use crate::cli::results::{self, NamedResults, Purpose};
use crate::cli::settings::baseline_path::{self, Located};
use crate::cli::settings::provenance::GivenProvenance;
use crate::cli::settings::{Settings, Typed};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::model::Baseline;
use crate::report::context::Commands;
use crate::report::{self, About};
use crate::store;

const WORDS: Words = Words {
    takes: "report takes results, or what `perfgate check --report json=PATH` wrote",
    refused: "nothing was written; a verdict that was changed by hand is not one",
};

pub(crate) fn run(
    args: ReportArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let mut files = Files::default();
    files.writes("--output", &args.output);
    files.reads_results(&args.paths);
    let is_verdict: Vec<bool> = args
        .paths
        .iter()
        .map(|path| stored_verdict::is_verdict(path))
        .collect::<anyhow::Result<_>>()?;
    let page = match (args.paths.as_slice(), is_verdict.contains(&true)) {
        ([only], true) if args.gate.baseline.is_none() => {
            files.refuse_collisions()?;
            let document = stored_verdict::read(only, &WORDS)?;
            report::html(&document, &About::default()).context("write the page")?
        }
        (_, true) => {
            return Err(anyhow!(
                "a stored verdict is shown alone, without results or a baseline"
            ))
            .hint("name the verdict, or the results that it was made from");
        }
        (_, false) => of_results(&args, files, invocation, output)?,
    };
    let doing = || format!("write {}", args.output.display());
    store::write(&args.output, page.as_bytes())
        .with_context(doing)
        .or_hint("--output takes the path of a file in a folder that can be written")?;
    output.wrote(&args.output);
    Ok(output.finish(Exit::Pass))
}

/// Results by themselves, or against a baseline as `check` judges them.
fn of_results(
    args: &ReportArgs,
    mut files: Files,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<String> {
    let env = invocation.env;
    let mut settings = Settings::load(
        Typed {
            config: args.gate.config.clone(),
            baseline: args.gate.baseline.clone(),
            environment: args.origin.environment.clone(),
            policy: args.policy.clone(),
            read: args.read.clone(),
            ..Typed::default()
        },
        env,
    )?;
    settings.read.watching = output.watching();
    for warning in &settings.warnings {
        output.warn(warning);
    }
    let located = match &args.gate.baseline {
        Some(_) => Some(baseline_path::located(settings.baseline.as_ref(), env)?),
        None => None,
    };
    if let Some(located) = &located {
        files.reads("the baseline", located.path());
    }
    files.reads_config(&settings);
    files.refuse_collisions()?;
    let mut stored: Option<Baseline> = match &located {
        Some(Located::Found(path)) => Some(results::baseline(path, &settings.read)?),
        Some(Located::Missing(path)) => {
            output.warn(&format!("{} does not exist yet", path.display()));
            None
        }
        None => None,
    };
    let given_provenance = GivenProvenance::new(&args.origin, settings.environment.as_deref(), env);
    let load_options = LoadOptions {
        given_provenance: &given_provenance,
        allow_remote: false,
    };
    let named = NamedResults {
        paths: &args.paths,
        source: args.source.source.as_ref(),
    };
    let mut current = results::current(&named, Purpose::Judge, (&settings, &load_options), output)?;
    given_provenance.put(current.runs_mut());
    let baseline = located.as_ref().map_or(Path::new(""), Located::path);
    current.look_up_commits(&Checkout::new(&[baseline]));
    let sources = current.sources();
    let notes = std::mem::take(&mut current.notes);
    let mut current = current.into_runs();
    let names = settings.names.settle(stored.as_mut(), &mut current)?;
    let gate = Gate {
        settings: &settings,
        current: &current,
        baseline: stored.as_ref(),
    };
    let judged = gate.judge();
    if located.is_some() {
        refuse_unmatched(judged.verdict.judgement())?;
    }
    refuse_unfit(judged.verdict.judgement())?;
    let material = Material {
        judged: &judged,
        settings: &settings,
        current: &current,
        history: stored.as_ref().map_or(&[], |stored| &stored.runs),
        sources,
        baseline: &baseline.display().to_string(),
        commands: Commands {
            repeat: Some(shell_repr::command(invocation.arguments)),
            ..Commands::default()
        },
        names,
        base_rules: None,
        notes,
        profiles: Vec::new(),
        spent: None,
    };
    let about = About {
        measured: Some(material.measured()),
        only_results: located.is_none(),
    };
    let document = document(material, None);
    report::html(&document, &about).context("write the page")
}
