//! `perfgate check`: the gate.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::Env;
use crate::cli::Invocation;
use crate::cli::args::{AbArgs, CheckArgs, OriginFlags};
use crate::cli::commands::ab;
use crate::cli::commands::confirm::{Doubtful, SecondLook};
use crate::cli::commands::gate::conclude::{Destinations, PullRequest, conclude};
use crate::cli::commands::gate::document::Material;
use crate::cli::commands::gate::{Gate, refuse_unfit, refuse_unmatched};
use crate::cli::commands::post::unjudged::Audience;
use crate::cli::interrupt::exit_of;
use crate::cli::output::Output;
use crate::cli::output::shell_repr;
use crate::cli::output::write_reports::Outlets;
use crate::cli::results::checkout::Checkout;
use crate::cli::results::profiled::Sampling;
use crate::cli::results::scenarios::LoadOptions;
use crate::cli::results::{self, NamedResults, Purpose};
use crate::cli::settings::base::{self, BaselineAtBase};
use crate::cli::settings::baseline_path;
use crate::cli::settings::baseline_path::Located;
use crate::cli::settings::config::{self, GateMode, Work};
use crate::cli::settings::provenance::{GivenProvenance, Maker};
use crate::cli::settings::{Settings, Typed};
use crate::compare::RulesFrom;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::model::Run;
use crate::publish::ci;
use crate::report::context::{Commands, ResultFile};
use crate::report::{self, Document};
use crate::verdict::{Situation, Standing, Verdict, stands};

pub(crate) fn run(
    args: CheckArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let audience = Audience {
        post: args.post,
        to: args.to.clone(),
    };
    let ended = judge(args, invocation, output);
    if let Err(error) = &ended
        && exit_of(error) != Exit::Interrupted
    {
        audience.hear(error, invocation.env, output);
    }
    ended
}

/// What a first baseline is called in advice.
const FIRST: &str = "main.json";

/// A gate of budgets needs none.
fn located(settings: &Settings, env: &Env) -> anyhow::Result<Option<Located>> {
    let rules = &settings.policy.rules;
    if settings.baseline.is_none() && rules.iter().any(|rule| !rule.budgets.is_empty()) {
        return Ok(None);
    }
    baseline_path::located(settings.baseline.as_ref(), env).map(Some)
}

/// The most series that the command names with `--only`; where more are in doubt, it measures the whole gate again.
const NAMED: usize = 5;

/// The command that judges what is possible and not certain, once the user has measured it again.
fn settle(verdict: &Verdict, settings: &Settings, invocation: &Invocation<'_>) -> Option<String> {
    let policy = &settings.policy;
    let possible = verdict
        .comparisons()
        .iter()
        .filter(|c| matches!(stands(c, policy), Standing::Possible | Standing::Blind));
    let names: Vec<String> = possible.map(|c| c.series.to_string()).collect();
    let is_some = (1..=NAMED).contains(&names.len()) && policy.only.is_empty();
    is_some.then(|| {
        let only = names
            .iter()
            .map(|name| format!(" --only {}", shell_repr::quoted(name)));
        let repeat = shell_repr::command(invocation.arguments);
        format!("{repeat}{}", only.collect::<String>())
    })
}

/// Leaves nothing to judge but the budgets.
fn only_targets(settings: &mut Settings) -> anyhow::Result<()> {
    let rules = &settings.policy.rules;
    if rules.iter().all(|rule| rule.budgets.is_empty()) {
        return Err(anyhow!("`--targets` judges budgets, and no rule has one")).hint(
            "write one in perfgate.toml: [[rule]] metric = \"latency.p95\", budget = \"500ms\"",
        );
    }
    settings.policy.targets_only = true;
    settings.policy.require_baseline = false;
    settings.baseline = None;
    Ok(())
}

/// Returns an error only for what happened before there was a verdict.
fn judge(
    args: CheckArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let env = invocation.env;
    let outlets = Outlets::open(&args.output, Some(env))?;
    let typed = Typed {
        config: args.gate.config,
        baseline: args.gate.baseline,
        environment: args.origin.environment.clone(),
        require_baseline: args.require_baseline,
        rules_from: args.rules_from.map(Into::into),
        policy: args.policy,
        read: args.read,
    };
    let mut settings = Settings::load(typed.clone(), env)?;
    let narrow = |settings: &mut Settings| -> anyhow::Result<()> {
        if args.targets {
            only_targets(settings)?;
        }
        settings.policy.only.clone_from(&args.only);
        Ok(())
    };
    narrow(&mut settings)?;
    for warning in &settings.warnings {
        output.warn(warning);
    }
    // A gate that measures the base revision needs none.
    let named = located(&settings, env);
    let path = match &named {
        Ok(Some(located)) => located.path(),
        Ok(None) | Err(_) => Path::new(FIRST),
    };
    let (told, mut judging) = match base::beside(&typed, &settings, path, env)? {
        Some(beside) => (Some(beside.told), beside.judging),
        None => (None, None),
    };
    if let Some(base) = &mut judging {
        narrow(&mut base.settings)?;
    }
    let rules = judging.as_ref().map_or(&settings, |base| &base.settings);
    let measures_sources = args.results.is_empty() && !args.targets;
    if measures_base(rules, (&args.origin, measures_sources), env)? {
        let settings = Settings {
            interleaved: true,
            ..judging.map_or(settings, |base| base.settings)
        };
        let mut files = outlets.files();
        files.reads_config(&settings);
        files.refuse_collisions()?;
        let mut order = AbArgs::of_config()?;
        order.origin = args.origin;
        order.services.remote = args.remote;
        let measured = ab::measure(&mut order, &settings, invocation, output)?;
        let to = Destinations {
            outlets: &outlets,
            pull_request: Some(PullRequest {
                flags: &args.to,
                when: args.post,
                env,
            }),
        };
        let material = Material {
            base_rules: told,
            ..measured.material(&settings)
        };
        return Ok(conclude(material, &to, output).exit);
    }
    let mut baseline = named?;
    let mut files = outlets.files();
    if let Some(baseline) = &baseline {
        files.reads("the baseline", baseline.path());
    }
    files.reads_config(&settings);
    files.reads_results(&args.results);
    if args.results.is_empty() {
        files.reads_sources(&settings);
    }
    files.refuse_collisions()?;
    let mut at_base = BaselineAtBase::Here;
    if let Some(judging) = judging {
        baseline = located(&judging.settings, env)?;
        if let Some(located) = &baseline {
            at_base = judging.baseline(located)?;
        }
        settings = judging.settings;
    }
    settings.read.watching = output.watching();
    let baseline_path = baseline.as_ref().map_or(Path::new(FIRST), Located::path);
    let mut stored = match (&baseline, at_base) {
        (_, BaselineAtBase::Text { name, bytes }) => Some(results::baseline_of(&name, bytes)?),
        (Some(Located::Found(path)), BaselineAtBase::Here) => {
            Some(results::baseline(path, &settings.read)?)
        }
        _ => None,
    };
    let judged_by_base = told
        .as_ref()
        .is_some_and(|told| told.judged_by == RulesFrom::Base);
    let given_provenance = GivenProvenance::new(&args.origin, settings.environment.as_deref(), env);
    let load_options = LoadOptions {
        given_provenance: &given_provenance,
        allow_remote: args.remote.allow_remote,
    };
    let named = NamedResults {
        paths: &args.results,
        source: args.source.source.as_ref(),
    };
    let mut current = results::current(&named, Purpose::Judge, (&settings, &load_options), output)?;
    given_provenance.put(current.runs_mut());
    current.look_up_commits(&Checkout::new(&[baseline_path]));
    let sources = current.sources();
    let mut notes = std::mem::take(&mut current.notes);
    let made_by = std::mem::take(&mut current.made_by);
    let mut current = current.into_runs();
    let names = settings.names.settle(stored.as_mut(), &mut current)?;

    let gate = Gate {
        settings: &settings,
        current: &current,
        baseline: stored.as_ref(),
    };
    let mut judged = gate.judge();
    // A rule of the base may name what the pull request removes: it is told, and what vanished is judged as missing.
    if !judged_by_base {
        refuse_unmatched(judged.verdict.judgement())?;
    }
    refuse_unfit(judged.verdict.judgement())?;
    let doubtful = Doubtful {
        first: gate,
        made_by: &made_by,
        load_options: &load_options,
    };
    match doubtful.measure_again(&judged, output)? {
        SecondLook::None => {}
        SecondLook::Failed(why) => notes.push(why),
        SecondLook::Both(confirmed) => {
            judged.verdict = confirmed.verdict;
            current.extend(confirmed.fresh);
            notes.extend(confirmed.notes);
        }
    }
    let sampling = Sampling {
        settings: &settings,
        judgement: judged.verdict.judgement(),
        current: &current,
        made_by: &made_by,
        allow_remote: args.remote.allow_remote,
    };
    let (profiles, unsampled) = sampling.take(output);
    notes.extend(unsampled);
    let measured_here = args.results.is_empty() && settings.sources.iter().any(does_work);
    let to_add: &[ResultFile] = if measured_here { &[] } else { &sources };
    let next = update_command(baseline_path, to_add);
    let settle = settle(&judged.verdict, &settings, invocation);
    if !settings.policy.only.is_empty() {
        notes.push("only the series that `--only` names are judged".to_owned());
    }
    let situation = judged.verdict.situation();
    let shown = Some(baseline_path).filter(|_| situation == Situation::Compared);
    let material = Material {
        judged: &judged,
        settings: &settings,
        current: &current,
        history: stored.as_ref().map_or(&[], |stored| &stored.runs),
        commands: Commands {
            repeat: Some(shell_repr::command(invocation.arguments)),
            explain: pictures(&sources, shown, typed.config.as_deref())
                .filter(|_| !measured_here)
                .or_else(|| explain(&sources)),
            next: (situation == Situation::NoBaseline && !args.targets).then(|| next.clone()),
            settle: settle.filter(|_| !measured_here),
        },
        sources,
        baseline: &baseline_path.display().to_string(),
        names,
        base_rules: told,
        notes,
        profiles,
        spent: None,
    };
    let to = Destinations {
        outlets: &outlets,
        pull_request: Some(PullRequest {
            flags: &args.to,
            when: args.post,
            env,
        }),
    };
    let concluded = conclude(material, &to, output);
    match situation {
        Situation::NoBaseline if args.targets => {}
        Situation::NoBaseline => {
            no_baseline(baseline.as_ref(), &concluded.document, &next, output);
        }
        Situation::Compared if judged.verdict.exit() == Exit::Error => {}
        Situation::Compared => {
            for line in report::unjudged_plainly(&concluded.document) {
                output.warn(&line);
            }
        }
    }
    Ok(concluded.exit)
}

/// Whether the base revision is measured, and no baseline is asked. Results that were named are compared with a
/// baseline, and so is what a push to a branch measures: it has no base.
fn measures_base(
    settings: &Settings,
    (origin, measures): (&OriginFlags, bool),
    env: &Env,
) -> anyhow::Result<bool> {
    let has_base = !env.is_on("CI") || ci::is_for_a_base(&env.lookup());
    let wanted = measures
        && has_base
        && match settings.mode {
            GateMode::Baseline => false,
            GateMode::Ab => true,
            GateMode::Auto => !is_known(settings, origin, env)?,
        };
    if wanted && settings.ab.is_none() {
        // The file is held to it where it is read; a variable may ask for it as well.
        return Err(anyhow!(
            "the mode of the gate measures the base revision, and there is no [ab] table that says how"
        ))
        .hint(config::AB_HINT);
    }
    Ok(wanted)
}

/// Whether the baseline holds runs of this machine.
fn is_known(settings: &Settings, origin: &OriginFlags, env: &Env) -> anyhow::Result<bool> {
    let Some(Located::Found(path)) = located(settings, env)? else {
        return Ok(false);
    };
    let mut here = Run::default();
    GivenProvenance::new(origin, settings.environment.as_deref(), env)
        .put_as(Maker::Ourselves, [&mut here]);
    let key = here.provenance.environment.key();
    let known = results::baseline(&path, &settings.read)?.runs;
    Ok(known
        .iter()
        .any(|run| run.provenance.environment.key() == key))
}

/// A warning, because a gate that never finds its baseline passes every time.
fn no_baseline(
    baseline: Option<&Located>,
    document: &Document,
    next: &str,
    output: &mut Output<'_>,
) {
    let reasons = report::unjudged_plainly(document);
    match baseline {
        None => output.warn("nothing was compared: no baseline is named"),
        Some(Located::Missing(path)) => {
            let path = path.display();
            output.warn(&format!("nothing was compared: {path} does not exist yet"));
        }
        Some(Located::Found(path)) if reasons.is_empty() => {
            let path = path.display();
            output.warn(&format!("nothing was compared: {path} holds no runs yet"));
        }
        Some(Located::Found(path)) => {
            let path = path.display();
            for reason in reasons {
                output.warn(&format!("nothing was compared with {path}: {reason}"));
            }
        }
    }
    output.note(&format!("hint: on the base branch, run `{next}`"));
}

/// Where the sources measure, the base branch has to be measured too, and not these results be taken for it.
fn does_work(source: &config::Source) -> bool {
    !matches!(source.work, Work::Nothing { .. })
}

fn update_command(baseline: &Path, sources: &[ResultFile]) -> String {
    let baseline = shell_repr::quoted(&baseline.display().to_string());
    let results = sources
        .iter()
        .map(|source| shell_repr::quoted(&source.path));
    let command = ["perfgate baseline update --baseline".to_owned(), baseline];
    command
        .into_iter()
        .chain(results)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The most results that are named in a command for copying.
const COPIED: usize = 6;

/// The page that shows both sides, where the results lie in files.
fn pictures(
    sources: &[ResultFile],
    baseline: Option<&Path>,
    config: Option<&Path>,
) -> Option<String> {
    let paths: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let results = shell_repr::paths(&paths);
    if paths.is_empty() || results.split(' ').count() > COPIED {
        return None;
    }
    let quoted = |path: &Path| shell_repr::quoted(&path.display().to_string());
    let mut command = vec!["perfgate report".to_owned()];
    command.push(results);
    for (flag, path) in [("--baseline", baseline), ("--config", config)] {
        command.extend(path.map(|path| format!("{flag} {}", quoted(path))));
    }
    command.push("--output report.html".to_owned());
    Some(command.join(" "))
}

/// The first result is where a reader begins to look.
fn explain(sources: &[ResultFile]) -> Option<String> {
    let first = sources.first()?;
    Some(format!(
        "perfgate inspect {}",
        shell_repr::quoted(&first.path)
    ))
}
