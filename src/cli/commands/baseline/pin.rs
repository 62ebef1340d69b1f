//! `perfgate baseline pin`: a chosen state as the anchor that slow drift is measured against.

use anyhow::anyhow;

use crate::cli::Env;
use crate::cli::args::{OriginFlags, PinArgs};
use crate::cli::output::Output;
use crate::cli::results;
use crate::cli::settings::baseline_path;
use crate::cli::settings::provenance::GivenProvenance;
use crate::cli::settings::{Settings, Typed};
use crate::cli::values::show_percent;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::model::{Anchor, Baseline, History, Run};
use crate::stats::reading;
use crate::store;
use crate::text::sanitize;

pub(crate) fn run(args: PinArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settings = Settings::load(
        Typed {
            environment: args.environment,
            read: args.read,
            ..Typed::from(args.file)
        },
        env,
    )?;
    let located = baseline_path::located(settings.baseline.as_ref(), env)?;
    let path = located.path();
    let shown = path.display().to_string();
    if !path.exists() {
        return Err(anyhow!("pin in {shown}: it does not exist")).hint(format!(
            "create it: perfgate baseline update --baseline {shown} RESULT..."
        ));
    }
    if args.remove {
        store::update(path, |mut baseline| {
            baseline.anchor = None;
            Ok(baseline)
        })?;
        output.result(&format!("{shown}: no anchor any more\n"));
        return Ok(output.finish(Exit::Pass));
    }
    let given = if args.results.is_empty() {
        None
    } else {
        let mut given = results::read(&args.results, &settings.read)?;
        results::refuse_partial(&given, &format!("pin in {shown}"))?;
        let origin = OriginFlags::default();
        GivenProvenance::new(&origin, settings.environment.as_deref(), env).put(given.runs_mut());
        Some(given.into_runs())
    };
    let label = args.label.unwrap_or_default();
    let budget = args.budget;
    let baseline = store::update(path, |mut baseline| {
        let mut runs = match given {
            Some(mut given) => {
                settings.names.settle_to_store(&baseline, &mut given);
                given
            }
            None => chosen(&baseline, args.session.as_deref())?,
        };
        reduce(&mut runs);
        baseline.anchor = Some(Anchor {
            label: label.clone(),
            budget,
            runs,
        });
        Ok(baseline)
    })?;
    let runs = baseline.anchor.map_or(0, |anchor| anchor.runs.len());
    output.result(&format!(
        "{shown}: pinned {} with {runs} runs and a budget of {}\n",
        sanitize::line(&label),
        show_percent(budget)
    ));
    Ok(output.finish(Exit::Pass))
}

/// The named session, or the newest one of each workload.
fn chosen(baseline: &Baseline, session: Option<&str>) -> anyhow::Result<Vec<Run>> {
    let runs = &baseline.runs;
    let chosen: Vec<Run> = match session {
        Some(name) => {
            let is_it = |run: &&Run| run.provenance.session.as_deref() == Some(name);
            runs.iter().filter(is_it).cloned().collect()
        }
        None => {
            let history = History::of(runs);
            let newest = history.workloads.iter().flat_map(|w| w.reference().base);
            newest.cloned().collect()
        }
    };
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    match session {
        Some(name) => Err(anyhow!("pin: the baseline holds no session `{name}`"))
            .hint("`perfgate baseline show --format json` tells what it holds"),
        None => Err(anyhow!("pin: the baseline holds no runs")).hint("add some first"),
    }
}

/// An anchor is compared with by its judged statistics alone, and stays for long.
fn reduce(runs: &mut [Run]) {
    for metrics in runs.iter_mut().flat_map(|run| run.subjects.values_mut()) {
        for measured in metrics.values_mut() {
            measured.evidence = reading::reduce(&measured.evidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_is_not_there_is_refused() {
        let mut run = Run::default();
        run.provenance.session = Some("night".to_owned());
        let baseline = Baseline {
            runs: vec![run],
            anchor: None,
        };
        assert_eq!(chosen(&baseline, Some("night")).unwrap().len(), 1);
        assert_eq!(chosen(&baseline, None).unwrap().len(), 1);
        assert!(chosen(&baseline, Some("day")).is_err());
        assert!(chosen(&Baseline::default(), None).is_err());
    }
}
