//! `perfgate baseline update`: runs into the window of their workload and machine, unless the gate would fail them.

use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::Env;
use crate::cli::args::UpdateArgs;
use crate::cli::commands::baseline::admission;
use crate::cli::commands::gate::{unmatched, verdict};
use crate::cli::output::Output;
use crate::cli::output::shell_repr;
use crate::cli::results::checkout::Checkout;
use crate::cli::results::scenarios::LoadOptions;
use crate::cli::results::{self, NamedResults, Purpose};
use crate::cli::settings::baseline_path;
use crate::cli::settings::provenance::GivenProvenance;
use crate::cli::settings::{Settings, Typed};
use crate::compare::{OnOtherEnvironment, Outcome, Policy, Sides};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::model::matching::Machines;
use crate::model::workload::KeyPart;
use crate::model::{Baseline, Matching, Partner, Run, WorkloadKey};
use crate::stats::reading;
use crate::store::{self, Window};
use crate::text::sanitize;
use crate::verdict::{Verdict, VerdictKind, stands};

pub(crate) fn run(args: UpdateArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut settings = Settings::load(
        Typed {
            environment: args.origin.environment.clone(),
            read: args.read,
            ..Typed::from(args.file)
        },
        env,
    )?;
    settings.read.watching = output.watching();
    let located = baseline_path::located(settings.baseline.as_ref(), env)?;
    let path = located.path();
    if path.exists() && !results::is_baseline(path)? {
        return Err(anyhow!(
            "update {}: it is not a baseline file",
            path.display()
        ))
        .hint("a plain result can be compared with, but only a baseline file can be added to");
    }
    let given_provenance = GivenProvenance::new(&args.origin, settings.environment.as_deref(), env);
    let load_options = LoadOptions {
        given_provenance: &given_provenance,
        allow_remote: args.remote.allow_remote,
    };
    let measured_here = args.results.is_empty();
    let named = NamedResults {
        paths: &args.results,
        source: args.source.source.as_ref(),
    };
    let doing = format!("update {}", path.display());
    let mut new = if args.force && !measured_here {
        named.read_all_to_add(&settings.read)?
    } else {
        let purpose = Purpose::Add;
        results::current(&named, purpose, (&settings, &load_options), output)
            .context(doing.clone())?
    };
    if !args.force {
        results::refuse_partial(&new, &doing)?;
    }
    given_provenance.put(new.runs_mut());
    new.look_up_commits(&Checkout::new(&[path]));
    let update = Update {
        settings: &settings,
        path,
        reason: args.accept_regression.as_deref(),
        force: args.force,
        window: Window {
            runs: usize::from(args.window),
        },
    };
    let new = new.into_runs();
    let mut done = Done::default();
    let result = store::update(path, |baseline| update.apply(baseline, new, &mut done));
    for note in &done.notes {
        output.note(note);
    }
    let baseline = match (result, done.refused.take()) {
        (_, Some(why)) => {
            let error = Err::<(), _>(anyhow!("update {}: {why}", path.display())).hint(
                "look with `perfgate check`; where the change is wanted, add --accept-regression 'REASON'",
            );
            output.error(&error.err().unwrap_or_else(|| anyhow!("refused")));
            return Ok(output.finish(Exit::Fail));
        }
        (result, None) => result?,
    };
    let mut text = summary(path, &baseline, &done);
    let baseline = shell_repr::quoted(&path.display().to_string());
    // What the sources measured here they measure again for the gate.
    let results = if measured_here { "" } else { " RESULT..." };
    text.push_str(&format!(
        "next: perfgate check --baseline {baseline}{results}\n"
    ));
    output.result(&text);
    Ok(output.finish(Exit::Pass))
}

struct Update<'a> {
    settings: &'a Settings,
    path: &'a Path,
    reason: Option<&'a str>,
    force: bool,
    window: Window,
}

/// What happened under the lock.
#[derive(Default)]
struct Done {
    added: usize,
    /// What was given, with what the baseline said of its work.
    given: Vec<Run>,
    notes: Vec<String>,
    refused: Option<String>,
}

impl Update<'_> {
    fn apply(
        &self,
        baseline: Baseline,
        new: Vec<Run>,
        done: &mut Done,
    ) -> anyhow::Result<Baseline> {
        let (mut baseline, mut new) = (baseline, new);
        done.notes.extend(write_down(&mut baseline.runs, &mut new));
        done.given.clone_from(&new);
        let offered = new.len();
        let names = self.settings.names.settle_to_store(&baseline, &mut new);
        done.notes.extend(names.notes());
        new.retain(|run| !is_known(&names.stored.runs, run));
        if new.len() < offered {
            let known = offered - new.len();
            done.notes.push(format!(
                "{known} of {offered} runs were there already, and are not added again"
            ));
        }
        if new.is_empty() {
            return Ok(baseline);
        }
        let doing = format!("update {}", self.path.display());
        if !self.force {
            admission::refuse(&baseline.runs, &new, &doing)?;
        }
        let (stored, compared) = names.compared(&new);
        let verdict = self.judge(&stored, &compared);
        let judgement = verdict.judgement();
        done.notes.extend(judgement.unmatched.iter().map(unmatched));
        match (verdict.kind(), self.reason) {
            (VerdictKind::Fail, None) => {
                done.refused = Some(refusal(&verdict, self.settings));
                return Err(anyhow!("refused"));
            }
            (VerdictKind::Fail, Some(reason)) => {
                let warning =
                    format!("taken into the baseline though the gate failed it: {reason}");
                for run in &mut new {
                    run.warnings.push(warning.clone());
                }
                part_from_the_old_normal(&baseline.runs, &mut new);
            }
            (_, Some(_)) => done.notes.push(
                "--accept-regression was not needed: the gate does not fail these runs".to_owned(),
            ),
            (_, None) => {}
        }
        name_session(&mut new);
        follow_the_new_normal(&baseline.runs, &mut new);
        done.added = new.len();
        Ok(store::add(baseline, new, &self.window, &reading::reduce))
    }

    /// Against the runs of their own machines: what the baseline does not know yet is simply new.
    fn judge(&self, stored: &Baseline, new: &[Run]) -> Verdict {
        let sides = Sides {
            baseline: &stored.runs,
            current: new,
            anchor: stored.anchor.as_ref(),
            interleaved: self.settings.interleaved,
        };
        let policy = Policy {
            on_other_environment: OnOtherEnvironment::Refuse,
            ..self.settings.policy.clone()
        };
        verdict(&sides, &policy)
    }
}

/// Where a stored run and a new one are of one work because nothing else fits, each says from now on what the other
/// said of it.
fn write_down(stored: &mut [Run], new: &mut [Run]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut plan: Vec<(WorkloadKey, WorkloadKey, Vec<usize>, Vec<usize>)> = Vec::new();
    let matching = Matching::of(stored.iter(), new.iter(), Machines::Apart);
    for matched in &matching.current {
        if let Partner::Found { baseline, lacking } = &matched.partner {
            let said: Vec<String> = lacking
                .iter()
                .filter(|part| **part != KeyPart::Environment)
                .map(ToString::to_string)
                .collect();
            if said.is_empty() {
                continue;
            }
            notes.push(format!(
                "{} was said by one side only, and is written down for the runs of both",
                said.join(", ")
            ));
            plan.push((
                baseline.key.clone(),
                matched.current.key.clone(),
                baseline.places().collect(),
                matched.current.places().collect(),
            ));
        }
    }
    for (before, now, of_baseline, of_new) in plan {
        for place in of_baseline {
            if let Some(run) = stored.get_mut(place) {
                now.complete(run);
                before.complete(run);
            }
        }
        for place in of_new {
            if let Some(run) = new.get_mut(place) {
                before.complete(run);
                now.complete(run);
            }
        }
    }
    notes
}

/// What a session is called that neither the results nor a CI job name: this update of the baseline is one.
const UNNAMED_SESSION: &str = "update of ";

/// A job that was repeated after its baseline was written, or a result that was added before.
fn is_known(baseline: &[Run], run: &Run) -> bool {
    let of_an_update = |session: &String| session.starts_with(UNNAMED_SESSION);
    let (key, aged) = (WorkloadKey::of(run), reduced(run));
    let is_it = |stored: &Run| {
        if WorkloadKey::of(stored) != key {
            return false;
        }
        if stored.is_same_measurement(run) || stored.is_same_measurement(&aged) {
            return true;
        }
        let unnamed = stored.provenance.session.as_ref().is_some_and(of_an_update);
        if !unnamed || run.provenance.session.is_some() {
            return stored == run;
        }
        let mut stored = stored.clone();
        stored.provenance.session = None;
        stored == *run
    };
    baseline.iter().any(is_it)
}

fn reduced(run: &Run) -> Run {
    let mut run = run.clone();
    for metrics in run.subjects.values_mut() {
        for measured in metrics.values_mut() {
            measured.evidence = reading::reduce(&measured.evidence);
        }
    }
    run
}

/// Stands in the name of a session between what it was called and when its regression was accepted.
const ACCEPTED: &str = "; accepted ";

fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// On one machine a session lasts from boot to boot, and an accepted regression would be pooled with the runs from
/// before it: the new normal is a session of its own.
fn part_from_the_old_normal(stored: &[Run], new: &mut [Run]) {
    let now = now();
    for run in new {
        if let Some(session) = &mut run.provenance.session {
            let known = |stored: &Run| stored.provenance.session.as_ref() == Some(session);
            if stored.iter().any(known) {
                *session = format!("{session}{ACCEPTED}{now}");
            }
        }
    }
}

/// Later runs of a session that was parted belong to its newest part.
fn follow_the_new_normal(stored: &[Run], new: &mut [Run]) {
    for run in new {
        let Some(session) = &mut run.provenance.session else {
            continue;
        };
        let part = format!("{session}{ACCEPTED}");
        let names = stored.iter().filter_map(|s| s.provenance.session.as_ref());
        if let Some(newest) = names.filter(|name| name.starts_with(&part)).max() {
            session.clone_from(newest);
        }
    }
}

/// Without a name, the runs of every update would count as one long session, and its drift as noise within it.
fn name_session(runs: &mut [Run]) {
    let now = now();
    for run in runs {
        let name = || format!("{UNNAMED_SESSION}{now}");
        run.provenance.session.get_or_insert_with(name);
    }
}

fn refusal(verdict: &Verdict, settings: &Settings) -> String {
    let bad: Vec<String> = verdict
        .comparisons()
        .iter()
        .filter(|c| stands(c, &settings.policy) == crate::verdict::Standing::Fail)
        .map(|c| {
            let what = match c.outcome {
                Outcome::Regressed => "regressed",
                Outcome::Missing => "is missing",
                _ => "is over its budget",
            };
            format!("{} {what}", c.series)
        })
        .collect();
    let (first, more) = (bad.first().cloned().unwrap_or_default(), bad.len());
    if more > 1 {
        format!("the gate fails these runs: {first}, and {} more", more - 1)
    } else {
        format!("the gate fails these runs: {first}")
    }
}

fn summary(path: &Path, baseline: &Baseline, done: &Done) -> String {
    let shown = sanitize::line(&path.display().to_string());
    let added = done.added;
    let mut text = format!("{shown}: added {added} {}\n", plural(added, "run"));
    let matching = Matching::of(&baseline.runs, &done.given, Machines::Apart);
    let several = matching.current.len() > 1;
    for matched in &matching.current {
        let Partner::Found { baseline, .. } = &matched.partner else {
            continue;
        };
        let key = &baseline.key;
        let (count, sessions) = (baseline.runs().count(), baseline.sessions.len());
        let machine = key
            .environment
            .as_deref()
            .unwrap_or("no environment recorded");
        let name = if several {
            format!("{}, {machine}", key.name())
        } else {
            machine.to_owned()
        };
        text.push_str(&format!(
            "  {}: {count} {} of {sessions} {}\n",
            sanitize::line(&name),
            plural(count, "run"),
            plural(sessions, "session")
        ));
    }
    text
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}
