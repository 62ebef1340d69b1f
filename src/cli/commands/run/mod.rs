//! `perfgate run`: load on a service, its numbers to a run file, and a summary.
//!
//! `target` and `overrides` make a scenario of what was typed, `results::measure` has it run, `output::run_file` keeps
//! the run and `summary` shows it.

mod columns;
mod conditions;
mod find_max;
mod once;
mod overrides;
mod summary;
mod target;

pub(crate) use summary::Summary;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};

use self::find_max::FindMax;
use crate::cli::Env;
use crate::cli::args::{InspectFormat, RunArgs};
use crate::cli::commands::baseline::admission;
use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::cli::output::collisions::Files;
use crate::cli::output::run_file::RunFile;
use crate::cli::output::shell_repr;
use crate::cli::results::measure::{MeasuredRuns, measure};
use crate::cli::settings::baseline_path::Located;
use crate::cli::settings::config;
use crate::cli::settings::provenance::GivenProvenance;
use crate::cli::settings::{Settings, Typed};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::{LoadOutcome, RunRequest, Stop};
use crate::model::{Evidence, MetricName, Run, Subject, run_file};
use crate::text::duration;

pub(crate) fn run(args: RunArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let conditions = args.find_max.as_deref().map(|text| {
        conditions::Conditions::parse(text)
            .map_err(|why| anyhow!("read --find-max: {why}"))
            .hint("write it like --find-max 'latency.p99 < 100ms, errors < 0.1%'")
    });
    let conditions = conditions.transpose()?;
    let planned = target::plan(&args)?;
    if args.once {
        return once::run(&args, &planned.scenario, output);
    }
    let file = match args.made.output {
        Some(path) => {
            refuse_collisions(&path, &args.what)?;
            RunFile::at(path)?
        }
        None => RunFile::of_time(jiff::Timestamp::now())?,
    };
    let name = args.origin.environment.as_deref();
    let name = name.or_else(|| env.get("PERFGATE_ENVIRONMENT"));
    let given_provenance = GivenProvenance::new(&args.origin, name, env);
    let order = RunRequest {
        scenario: &planned.scenario,
        allow_remote: args.remote.allow_remote,
    };
    let interrupt = Interrupt::listen()?;
    if let Some(moment) = args.load.start_at {
        let (waited, interrupted) = interrupt.during(|stop| wait(moment, &stop, output));
        if interrupted {
            return Err(anyhow!(Interrupted)).context("wait for --start-at");
        }
        waited?;
    }
    let (mut measured, sentence) = match &conditions {
        None => (
            measure(&order, &interrupt, &given_provenance, output)?,
            None,
        ),
        Some(conditions) => {
            let search = FindMax {
                conditions,
                scenario: order.scenario,
                each: args.load.duration,
                allow_remote: order.allow_remote,
            };
            let found = search.run(&interrupt, &given_provenance, output)?;
            (found.measured, Some(found.sentence))
        }
    };
    measured.outcome.run.warnings.extend(planned.warnings);
    let written = file.write(&measured.outcome.run)?;
    let exit = exit(&measured);
    let shown = written.display().to_string();
    output.result(&match args.made.format {
        InspectFormat::Json => run_file::write(&measured.outcome.run),
        InspectFormat::Text => Summary {
            run: &measured.outcome.run,
            failures: &measured.outcome.reasons,
            order: &measured.outcome.order,
            next: (exit == Exit::Pass)
                .then(|| next(&shown, &measured.outcome.run, env))
                .flatten(),
            file: shown,
            style: output.style(),
        }
        .text(),
    });
    if let (InspectFormat::Text, Some(sentence)) = (args.made.format, sentence) {
        output.result(&sentence);
    }
    if exit == Exit::Error
        && let Err(error) = usable(&measured.outcome)
    {
        output.error(&error);
    }
    Ok(output.finish(exit))
}

/// The run never takes the place of its scenario, nor of the policy beside it.
pub(crate) fn refuse_collisions(output: &Path, what: &str) -> anyhow::Result<()> {
    let mut files = Files::default();
    files.writes("--output", output);
    let scenario = Path::new(what);
    if scenario.is_file() {
        files.reads("the scenario", scenario);
    }
    if let Some(config) = config::find(&std::env::current_dir()?)? {
        files.reads("the config file", &config);
    }
    files.refuse_collisions()
}

/// Interrupted before all else: whatever is wrong with less than was asked for, more may not be.
fn exit(measured: &MeasuredRuns) -> Exit {
    if measured.interrupted {
        Exit::Interrupted
    } else if usable(&measured.outcome).is_err() {
        Exit::Error
    } else {
        Exit::Pass
    }
}

/// Until a time that several machines have agreed on.
fn wait(moment: jiff::Timestamp, stop: &Stop, output: &mut Output<'_>) -> anyhow::Result<()> {
    let left = |now: jiff::Timestamp| Duration::try_from(moment - now).ok();
    let Some(first) = left(jiff::Timestamp::now()) else {
        return Err(anyhow!("--start-at {moment} has passed")).hint(
            "give all machines the same time, some seconds ahead; their clocks have to agree",
        );
    };
    output.note(&format!("waiting {} for {moment}", duration::text(first)));
    while let Some(left) = left(jiff::Timestamp::now())
        && !left.is_zero()
        && !stop.is_asked()
    {
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
    Ok(())
}

/// A service that was away for so long when the load ended is not taken for one that is well.
const GONE: Duration = Duration::from_secs(1);

/// Whether it is a run to go on with, and if not, why.
fn usable(outcome: &LoadOutcome) -> anyhow::Result<()> {
    let run = &outcome.run;
    if let Some(why) = &run.provenance.invalid {
        return Err(anyhow!("the run is invalid: {why}"))
            .hint("no command judges it; give the generator more room, or ask for less load");
    }
    if run.provenance.partial {
        return Err(anyhow!("the run ended early"))
            .hint("see the warnings above; what was measured until then is kept");
    }
    let (failed, all) = requests(run);
    if all == 0 {
        return Err(anyhow!("nothing was measured: no request was counted"))
            .hint("measure for longer, or with more load");
    }
    if failed == all {
        let first = outcome.failures.first();
        let first = first.map_or_else(String::new, |(_, _, what)| format!(": {what}"));
        return Err(anyhow!("every request failed{first}"))
            .hint("is the service up, and does it know this path?");
    }
    if let Some(dead) = always_failing(run) {
        let mut why = outcome.reasons.iter();
        let why = why.find(|reason| reason.subject == *dead);
        let why = why.map_or_else(String::new, |reason| format!(": {}", reason.what));
        return Err(anyhow!("every request of `{dead}` failed{why}"))
            .hint("steps behind one that fails are never reached; a status that is meant is an `expect = { status = … }`");
    }
    if let Some(silent) = outcome.silent_end.filter(|silent| *silent >= GONE) {
        return Err(anyhow!(
            "no request succeeded in the last {} of the run",
            duration::text(silent)
        ))
        .hint("did the service die? The run is kept, and a gate judges its `outage`");
    }
    Ok(())
}

/// A subject without a single success.
fn always_failing(run: &Run) -> Option<&Subject> {
    let mut subjects = run.subjects.iter();
    let dead = subjects.find(|(_, metrics)| {
        metrics
            .get(MetricName::ERRORS)
            .is_some_and(|errors| match &errors.evidence {
                Evidence::Proportion(share) => share.count() == share.of(),
                _ => false,
            })
    });
    dead.map(|(subject, _)| subject)
}

/// Failed ones and all of them, totals counted too.
fn requests(run: &Run) -> (u64, u64) {
    let errors = run.subjects.values().filter_map(|metrics| {
        match &metrics.get(MetricName::ERRORS)?.evidence {
            Evidence::Proportion(share) => Some((share.count(), share.of())),
            _ => None,
        }
    });
    errors.fold((0, 0), |(failed, all), (count, of)| {
        (failed + count, all + of)
    })
}

/// With a baseline the gate, else the first baseline, unless the run is none to compare with.
pub(crate) fn next(file: &str, run: &Run, env: &Env) -> Option<String> {
    let flawed = admission::flaw(run).is_some();
    let file = shell_repr::quoted(file);
    let baseline = Settings::load(Typed::default(), env)
        .ok()
        .and_then(|settings| settings.baseline)
        .and_then(|name| name.locate(env).ok());
    match baseline {
        Some(Located::Found(_)) => Some(format!("perfgate check {file}")),
        _ if flawed => None,
        Some(Located::Missing(_)) => Some(format!("perfgate baseline update {file}")),
        None => Some(format!(
            "perfgate baseline update --baseline main.json {file}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint;
    use crate::load::http::FailureKind;
    use crate::model::{Better, Measurement, Role, Unit};

    /// The outcome of `of` requests, of which `failed` failed.
    fn outcome(failed: u64, of: u64) -> LoadOutcome {
        let mut run = Run::default();
        if let Ok(evidence) = Evidence::proportion(failed, of) {
            let errors = Measurement {
                unit: Unit::none(),
                better: Better::Lower,
                role: Role::Outcome,
                evidence,
            };
            run.insert(Subject::new("GET /"), MetricName::new("errors"), errors);
        }
        let failures = vec![(FailureKind::Status, failed, "answered 500".to_owned())];
        LoadOutcome {
            run,
            failures,
            reasons: Vec::new(),
            order: Vec::new(),
            silent_end: None,
        }
    }

    fn ends(outcome: LoadOutcome, interrupted: bool) -> Exit {
        exit(&MeasuredRuns {
            outcome,
            interrupted,
        })
    }

    fn refused(outcome: &LoadOutcome) -> String {
        let error = usable(outcome).unwrap_err();
        assert!(hint::of(&error).is_some());
        format!("{error:#}")
    }

    #[test]
    fn only_a_whole_and_valid_measurement_ends_with_0() {
        assert_eq!(ends(outcome(3, 100), false), Exit::Pass);
        assert_eq!(ends(outcome(3, 100), true), Exit::Interrupted);
        assert_eq!(ends(outcome(0, 0), true), Exit::Interrupted);
        assert_eq!(
            refused(&outcome(0, 0)),
            "nothing was measured: no request was counted"
        );
        assert_eq!(
            refused(&outcome(5, 5)),
            "every request failed: answered 500"
        );
        let mut invalid = outcome(0, 100);
        invalid.run.provenance.invalid = Some("the generator was busy".to_owned());
        assert_eq!(
            refused(&invalid),
            "the run is invalid: the generator was busy"
        );
        assert_eq!(ends(invalid, false), Exit::Error);
        // The service died, say: nobody asked for that.
        let mut partial = outcome(0, 100);
        partial.run.provenance.partial = true;
        assert_eq!(refused(&partial), "the run ended early");
        let mut dead = outcome(3, 100);
        dead.silent_end = Some(Duration::from_millis(900));
        assert_eq!(ends(dead.clone(), false), Exit::Pass);
        dead.silent_end = Some(Duration::from_millis(3_500));
        assert_eq!(
            refused(&dead),
            "no request succeeded in the last 3.5s of the run"
        );
        assert_eq!(ends(partial, false), Exit::Error);
    }
}
