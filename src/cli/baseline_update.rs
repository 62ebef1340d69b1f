//! `perfgate baseline update`: runs into the window of their environment, unless the gate would fail them.

use std::path::Path;

use anyhow::{Context, anyhow};

use super::args::UpdateArgs;
use super::checkout::Checkout;
use super::context::sessions;
use super::environments::{Choice, key};
use super::gate::{Gate, unmatched};
use super::loads::Loading;
use super::origin::Stamp;
use super::output::Output;
use super::results::{self, Named, Reference};
use super::settings::{Settings, Typed};
use super::{Env, baseline_path, retype};
use crate::compare::Outcome;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::model::{Baseline, Run};
use crate::stats::reading;
use crate::store::{self, Window};
use crate::verdict::{Kind, Verdict, stands};

pub(super) fn run(args: UpdateArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settings = Settings::load(
        Typed {
            config: args.file.config,
            baseline: args.file.baseline,
            environment: args.origin.environment.clone(),
            read: args.read,
            ..Typed::default()
        },
        env,
    )?;
    let located = baseline_path::located(settings.baseline.as_ref(), env)?;
    let path = located.path();
    if path.exists() && !results::is_baseline(path)? {
        return Err(anyhow!(
            "update {}: it is not a baseline file",
            path.display()
        ))
        .hint("a plain result can be compared with, but only a baseline file can be added to");
    }
    let stamp = Stamp::new(&args.origin, settings.environment.as_deref(), env);
    let loading = Loading {
        stamp: &stamp,
        allow_remote: args.remote.allow_remote,
    };
    let measured_here = args.results.is_empty();
    let named = Named {
        paths: &args.results,
        source: args.source.source.as_ref(),
    };
    let mut new = results::added(&named, &settings, &loading, output)
        .with_context(|| format!("update {}", path.display()))?;
    results::refuse_partial(&new, &format!("update {}", path.display()))?;
    stamp.put(new.runs_mut());
    new.look_up_commits(&Checkout::new(&[path]));
    let update = Update {
        settings: &settings,
        path,
        reason: args.accept_regression.as_deref(),
        window: Window {
            runs: usize::from(args.window),
        },
    };
    let new = new.into_runs();
    let environments = environments(&new);
    let mut done = Done::default();
    let result = store::update(path, |baseline| update.apply(baseline, new, &mut done));
    for note in &done.notes {
        output.note(note);
    }
    let baseline = match (result, done.refused) {
        (_, Some(why)) => {
            let error = Err::<(), _>(anyhow!("update {}: {why}", path.display())).hint(
                "look with `perfgate check`; where the change is wanted, add --accept-regression 'REASON'",
            );
            output.error(&error.err().unwrap_or_else(|| anyhow!("refused")));
            return Ok(output.finish(Exit::Fail));
        }
        (result, None) => result?,
    };
    let mut text = summary(path, &baseline, &environments, done.added);
    let baseline = retype::quoted(&path.display().to_string());
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
    window: Window,
}

/// What happened under the lock.
#[derive(Default)]
struct Done {
    added: usize,
    notes: Vec<String>,
    refused: Option<String>,
}

impl Update<'_> {
    fn apply(
        &self,
        baseline: Baseline,
        mut new: Vec<Run>,
        done: &mut Done,
    ) -> anyhow::Result<Baseline> {
        let offered = new.len();
        let names = self.settings.names.settle_to_store(&baseline, &mut new);
        done.notes.extend(names.notes());
        new.retain(|run| !is_known(&names.stored.runs, run));
        if new.len() < offered {
            let known = offered - new.len();
            done.notes
                .push(format!("{known} of {offered} runs were there already"));
        }
        if new.is_empty() {
            return Ok(baseline);
        }
        let (reference, compared) = names.compared(&new);
        let verdict = self.judge(reference, &compared)?;
        let judgement = verdict.judgement();
        done.notes.extend(judgement.unmatched.iter().map(unmatched));
        match (verdict.kind(), self.reason) {
            (Kind::Fail, None) => {
                done.refused = Some(refusal(&verdict, self.settings));
                return Err(anyhow!("refused"));
            }
            (Kind::Fail, Some(reason)) => {
                let warning =
                    format!("taken into the baseline though the gate failed it: {reason}");
                for run in &mut new {
                    run.warnings.push(warning.clone());
                }
            }
            (_, Some(_)) => done.notes.push(
                "--accept-regression was not needed: the gate does not fail these runs".to_owned(),
            ),
            (_, None) => {}
        }
        name_sitting(&mut new);
        done.added = new.len();
        Ok(store::add(baseline, new, &self.window, &reading::reduce))
    }

    /// Against the runs of their own environment; another environment is simply a new window.
    fn judge(&self, mut reference: Reference, new: &[Run]) -> anyhow::Result<Verdict> {
        let here = environments(new);
        reference.runs.retain(|run| here.contains(&key(run)));
        let shown = self.path.display().to_string();
        let gate = Gate {
            settings: self.settings,
            current: new,
            reference: Some(reference),
            choice: Choice {
                on_other: self.settings.policy.on_other_environment,
                baseline: &shown,
                can_update: true,
            },
        };
        Ok(gate.judge()?.verdict)
    }
}

/// What a sitting is called that neither the results nor a CI job name: this update of the baseline is one.
const UNNAMED_SITTING: &str = "update of ";

/// A job that was repeated after its baseline was written; only a time tells such runs from twins.
fn is_known(baseline: &[Run], run: &Run) -> bool {
    let of_an_update = |session: &String| session.starts_with(UNNAMED_SITTING);
    let is_it = |stored: &Run| {
        let unnamed = stored.provenance.session.as_ref().is_some_and(of_an_update);
        if !unnamed || run.provenance.session.is_some() {
            return stored == run;
        }
        let mut stored = stored.clone();
        stored.provenance.session = None;
        stored == *run
    };
    run.provenance.started_at.is_some() && baseline.iter().any(is_it)
}

/// Without a name, the runs of every update would count as one long sitting, and its drift as noise within it.
fn name_sitting(runs: &mut [Run]) {
    let now = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    for run in runs {
        let name = || format!("{UNNAMED_SITTING}{now}");
        run.provenance.session.get_or_insert_with(name);
    }
}

fn environments(runs: &[Run]) -> Vec<Option<String>> {
    let mut keys: Vec<Option<String>> = runs.iter().map(key).collect();
    keys.sort();
    keys.dedup();
    keys
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

fn summary(path: &Path, baseline: &Baseline, here: &[Option<String>], added: usize) -> String {
    let shown = path.display().to_string();
    let mut text = format!("{shown}: added {added} {}\n", plural(added, "run"));
    for environment in here {
        let runs = baseline.runs.iter().filter(|run| key(run) == *environment);
        let runs: Vec<Run> = runs.cloned().collect();
        let (count, sittings) = (runs.len(), sessions(&runs));
        let name = environment.as_deref().unwrap_or("no environment recorded");
        text.push_str(&format!(
            "  {name}: {count} {} of {sittings} {}\n",
            plural(count, "run"),
            plural(sittings, "sitting")
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
