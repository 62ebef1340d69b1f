//! `perfgate watch`: what a service and its machine use while somebody else puts on the load, as a run.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::cli::Env;
use crate::cli::args::{InspectFormat, WatchArgs, watched};
use crate::cli::commands::run::{Summary, next, refuse_collisions};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
use crate::cli::output::run_file::RunFile;
use crate::cli::results::checkout::Checkout;
use crate::cli::settings::provenance::{GivenProvenance, Maker};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::watch::{Manner, Observed, WatchBeside};
use crate::model::{Run, ToolName, run_file};
use crate::text::duration;

/// How often it is looked whether the time is over.
const LOOK: Duration = Duration::from_millis(100);

/// What was seen, in how long, and whether a signal ended it.
struct Soak {
    observed: Observed,
    time: Duration,
    interrupted: bool,
}

pub(crate) fn run(args: WatchArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let what = watched::of_flags(args.what)?;
    let file = match args.made.output {
        Some(path) => {
            refuse_collisions(&path, "")?;
            RunFile::at(path)?
        }
        None => RunFile::of_time(jiff::Timestamp::now())?,
    };
    let name = args.origin.environment.as_deref();
    let name = name.or_else(|| env.get("PERFGATE_ENVIRONMENT"));
    let given_provenance = GivenProvenance::new(&args.origin, name, env);
    let interrupt = Interrupt::listen()?;
    let started_at = jiff::Timestamp::now();
    let every = args.every;
    let (watched, interrupted) = interrupt.during(|stop| {
        let watch = WatchBeside::start(what, Manner::Soak { every })?;
        let time = duration::text(args.duration);
        output.note(&format!("watching for {time}; Ctrl-C keeps what was seen"));
        let (asked, _keys) = interrupt.asked(output.progress());
        let time = wait(&watch, args.duration, &stop, &mut |passed| {
            if asked.take() {
                let passed = duration::text(Duration::from_secs(passed.as_secs()));
                output.note(&format!("watched for {passed} of {time}"));
            }
        });
        watch.finish().map(|observed| (observed, time))
    });
    let (observed, time) = watched?;
    let soak = Soak {
        observed,
        time,
        interrupted,
    };
    let problem = soak.problem();
    let exit = match (&problem, interrupted) {
        (_, true) => Exit::Interrupted,
        (Some(_), false) => Exit::Error,
        (None, false) => Exit::Pass,
    };
    let mut run = soak.into_run();
    run.provenance.started_at = Some(started_at);
    given_provenance.put_as(Maker::Ourselves, [&mut run]);
    if run.provenance.commit.is_none() {
        run.provenance.commit = Checkout::default().commit(Path::new("."));
    }
    let shown = file.write(&run)?.display().to_string();
    output.result(&match args.made.format {
        InspectFormat::Json => run_file::write(&run),
        InspectFormat::Text => Summary {
            run: &run,
            failures: &[],
            order: &[],
            next: (exit == Exit::Pass)
                .then(|| next(&shown, &run, env))
                .flatten(),
            file: shown,
            style: output.style(),
        }
        .text(),
    });
    if exit == Exit::Error
        && let Some(problem) = problem
    {
        output.error(&problem);
    }
    Ok(output.finish(exit))
}

/// Until the time is over, a signal comes, or something watched has ended for good; returns how long that was. At every
/// look `tell` hears how long it has been.
fn wait(
    watch: &WatchBeside,
    time: Duration,
    stop: &Stop,
    tell: &mut dyn FnMut(Duration),
) -> Duration {
    let began = Instant::now();
    loop {
        let passed = began.elapsed();
        tell(passed);
        if passed >= time || stop.is_asked() || watch.has_ended() {
            return passed;
        }
        thread::sleep(LOOK.min(time.saturating_sub(passed)));
    }
}

impl Soak {
    /// Why it is not what was asked for, though nobody interrupted it.
    fn problem(&self) -> Option<anyhow::Error> {
        let told = |why: &String, hint: &str| {
            let error: anyhow::Result<()> = Err(anyhow!(why.clone())).hint(hint.to_owned());
            error.context("the run is kept").err()
        };
        if let Some(ended) = self.observed.ended.first() {
            return told(
                ended,
                "a process that may be started anew is watched by its name: --process NAME",
            );
        }
        let away = self.observed.away.first()?;
        told(
            away,
            "did the service die? Its figures are those of the time that it was seen",
        )
    }

    fn into_run(self) -> Run {
        let mut run = Run {
            warnings: self.observed.warnings,
            ..Run::default()
        };
        let provenance = &mut run.provenance;
        provenance.tool = Some(ToolName {
            name: "perfgate watch".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        });
        provenance.duration_s = Some(self.time.as_secs_f64());
        provenance.partial = self.interrupted || !self.observed.ended.is_empty();
        run.warnings.extend(self.observed.ended);
        run.warnings.extend(self.observed.away);
        run.timeline = self.observed.timeline.map(Box::new);
        for (subject, metric, measurement) in self.observed.measurements {
            run.insert(subject, metric, measurement);
        }
        run
    }
}
