//! `perfgate history`: how series moved over the commits of a baseline file.

use anyhow::{Context, anyhow};

use crate::cli::Env;
use crate::cli::args::{HistoryArgs, HistoryFormat};
use crate::cli::output::Output;
use crate::cli::output::collisions::Files;
use crate::cli::settings::baseline_path;
use crate::cli::settings::{Settings, Typed};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::history::{Gathered, History, HistoryFilter, OfHistory, Recorded};
use crate::model::Pattern;
use crate::report::{self, Style, history};
use crate::store::{self, Walked};

pub(crate) fn run(args: HistoryArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settings = Settings::load(Typed::from(args.file), env)?;
    let mut files = Files::default();
    if let Some(file) = &args.output {
        files.writes("--output", file);
    }
    files.reads_config(&settings);
    // A file that is not checked out may be in the history all the same.
    let located = baseline_path::located(settings.baseline.as_ref(), env)?;
    let path = located.path();
    files.reads("the baseline", path);
    files.refuse_collisions()?;
    let mut gathered = Gathered::default();
    let walked = store::walk(path, &mut |version, run| {
        let recorded = Recorded {
            commit: version.commit.clone(),
            date: version.date,
        };
        gathered.add(run, recorded);
    })?;
    tell(&walked, output);
    gathered.put_in_order(store::order(path, &gathered.measured_together())?);
    let filter = HistoryFilter {
        series: args.series.map(Pattern::new),
        environment: args.environment.map(Pattern::new),
        since: args.since,
    };
    let of = OfHistory {
        baseline: path.display().to_string(),
        versions: walked.versions,
        runs: walked.runs,
        shallow: walked.shallow,
        unreadable: unreadable(&walked),
        ..OfHistory::default()
    };
    let history = gathered.history(of, &filter, walked.anchor.as_ref());
    if history.series.is_empty() && !gathered.is_empty() {
        return Err(nothing(&filter, &gathered));
    }
    let format = args.format.unwrap_or(match args.output {
        Some(_) => HistoryFormat::Html,
        None => HistoryFormat::Text,
    });
    let style = match args.output {
        Some(_) => Style::default(),
        None => output.style(),
    };
    let text = match format {
        HistoryFormat::Text => history::text(&history, &style),
        HistoryFormat::Json => history::json(&history)?,
        HistoryFormat::Ndjson => history::ndjson(&history)?,
        HistoryFormat::Html => report::history_page(&history)?,
    };
    match &args.output {
        None => output.result(&text),
        Some(file) => {
            store::write(file, text.as_bytes())
                .with_context(|| format!("write {}", file.display()))
                .or_hint("--output takes the path of a file in a folder that can be written")?;
            output.wrote(file);
        }
    }
    Ok(output.finish(Exit::Pass))
}

/// What is missing from what is shown.
fn tell(walked: &Walked, output: &mut Output<'_>) {
    if walked.shallow {
        output.warn(
            "this clone is shallow, and what it does not hold is missing: run `git fetch --unshallow`",
        );
    }
    if let Some((version, reason)) = walked.unreadable.first() {
        let others = match walked.unreadable.len() {
            1 => String::new(),
            n => format!(" (and {} other versions)", n - 1),
        };
        output.warn(&format!(
            "left out the version of commit {}{others}: {reason}",
            version.commit
        ));
    }
    if walked.uncommitted {
        output.note("note: the file has changes that are not committed, which are not shown");
    }
}

fn unreadable(walked: &Walked) -> Vec<String> {
    let versions = walked.unreadable.iter();
    versions
        .map(|(version, _)| version.commit.clone())
        .collect()
}

fn nothing(filter: &HistoryFilter, gathered: &Gathered) -> anyhow::Error {
    // Without the name, to say what there is.
    let names = |filter: &HistoryFilter| -> Vec<String> {
        let History { series, .. } = gathered.history(OfHistory::default(), filter, None);
        series.iter().map(|series| series.name()).collect()
    };
    let others = names(&HistoryFilter {
        series: None,
        ..filter.clone()
    });
    let Err(error) = (match (&filter.series, others.first()) {
        (Some(pattern), Some(first)) => Err::<(), _>(anyhow!("no series is called `{pattern}`"))
            .hint(format!(
                "one of {} is `{first}`; `perfgate history` lists them",
                others.len()
            )),
        _ => Err(anyhow!("no point is left"))
            .hint("--since and --environment leave nothing: ask without them to see what there is"),
    }) else {
        return anyhow!("no series is left");
    };
    error
}
