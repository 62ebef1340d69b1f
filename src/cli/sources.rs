//! `[[source]]` entries to paths: their tools and scenarios are run, their patterns are looked up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, anyhow};

use super::config::{Source, Work};
use super::loads::{Loading, Loads};
use super::origin::Maker;
use super::output::Output;
use crate::compare::Pattern;
use crate::hint::WithHint;

/// A tool that measures longer than this is taken to hang.
const LONGEST: Duration = Duration::from_secs(3600);
/// File systems keep times coarsely, so a result may look a little older than its command.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// Where a result of a source lies, and whether it was made just now.
pub(super) struct Produced {
    pub(super) path: PathBuf,
    pub(super) maker: Maker,
}

/// The results of every source, in the order of the config; `folder` is where its paths start.
pub(super) fn produce(
    sources: &[Source],
    folder: &Path,
    loading: &Loading<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Vec<Produced>> {
    let mut loads = Loads::new(sources, folder, loading);
    let mut produced = Vec::new();
    for source in sources {
        let found = match &source.work {
            Work::Nothing { results } => look_up(results, source, folder),
            Work::Command { command, results } => {
                let begun = SystemTime::now();
                for n in 1..=source.runs {
                    run(&command.replace("{n}", &n.to_string()), folder, output)
                        .with_context(|| format!("run [[source]] of {}", source.from))?;
                }
                let found = look_up(results, source, folder);
                found.and_then(|found| refuse_old(found, begun))
            }
            Work::Scenario { scenario } => loads.run(scenario, source.runs, output),
        };
        let maker = match source.work {
            Work::Nothing { .. } => Maker::Somebody,
            Work::Command { .. } | Work::Scenario { .. } => Maker::Ourselves,
        };
        let found = found.with_context(|| format!("read [[source]] of {}", source.from))?;
        produced.extend(found.into_iter().map(|path| Produced { path, maker }));
    }
    Ok(produced)
}

/// Every file of a pattern: `{n}` counts the runs, `*` is any part of a name.
fn look_up(results: &str, source: &Source, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let hint = "run the load tool first, or correct `results`";
    if !results.contains("{n}") {
        let found = glob(folder, results);
        return if found.is_empty() {
            Err(anyhow!("found nothing that matches {results}")).hint(hint)
        } else {
            Ok(found)
        };
    }
    let mut paths = Vec::new();
    for n in 1..=source.runs {
        let name = results.replace("{n}", &n.to_string());
        let found = glob(folder, &name);
        if found.is_empty() {
            let (of, runs) = (&source.from, source.runs);
            return Err(anyhow!(
                "found no {name}, which is run {n} of {runs} of {of}"
            ))
            .hint(hint);
        }
        paths.extend(found);
    }
    Ok(paths)
}

/// Sorted by name. A pattern without a star is the path itself.
fn glob(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for part in Path::new(pattern).components() {
        let part = part.as_os_str().to_string_lossy();
        if !part.contains(['*', '?']) {
            for path in &mut found {
                path.push(part.as_ref());
            }
            continue;
        }
        let pattern = Pattern::new(part);
        found = found.iter().flat_map(|at| entries(at, &pattern)).collect();
    }
    // A named baseline of criterion (`target/criterion@main`) is not a path of its own.
    found.retain(|path| path.exists() || path.to_string_lossy().contains('@'));
    found
}

fn entries(folder: &Path, pattern: &Pattern) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut names: Vec<_> = fs::read_dir(here)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| pattern.matches(&name.to_string_lossy()))
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Runs a tool through the shell. That it ends badly is told and not fatal: Locust does so on any failed request,
/// and whether results are there decides.
fn run(command: &str, folder: &Path, output: &mut Output<'_>) -> anyhow::Result<()> {
    output.note(&format!("running {command}"));
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null());
    // Our stdout is the verdict's.
    shell.stdout(std::io::stderr()).stderr(std::io::stderr());
    if !folder.as_os_str().is_empty() {
        shell.current_dir(folder);
    }
    let mut child = shell
        .spawn()
        .with_context(|| format!("start sh -c '{command}'"))?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().context("wait for the command")? {
            break status;
        }
        if begun.elapsed() > LONGEST {
            // Nothing is left to do where it has just ended by itself.
            drop(child.kill());
            drop(child.wait());
            return Err(anyhow!(
                "`{command}` took longer than an hour and was stopped"
            ))
            .hint("measure outside of perfgate, and name the results only");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    if !status.success() {
        output.warn(&format!("`{command}` ended with {status}"));
    }
    Ok(())
}

/// A tool that failed leaves the results of last time behind; judged again they would hide everything.
fn refuse_old(paths: Vec<PathBuf>, begun: SystemTime) -> anyhow::Result<Vec<PathBuf>> {
    for path in &paths {
        let written = fs::metadata(path).and_then(|facts| facts.modified());
        let written = written.with_context(|| format!("look at {}", path.display()))?;
        if written + CLOCK_STEP < begun && path.is_file() {
            return Err(anyhow!(
                "{} is older than the command that should have written it",
                path.display()
            ))
            .hint("look at the output of the command: it wrote no new result");
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_names_in_order_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/run_stats.csv", "a/run_stats.csv", "a/run_failures.csv"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = glob(folder.path(), "*/*_stats.csv");
        let expected = ["a/run_stats.csv", "b/run_stats.csv"].map(|name| folder.path().join(name));
        assert_eq!(found, expected);
        assert!(glob(folder.path(), "c/*_stats.csv").is_empty());
    }

    #[test]
    fn a_result_from_before_the_command_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.csv");
        fs::write(&path, "").unwrap();
        let soon = SystemTime::now() + Duration::from_secs(60);
        assert!(refuse_old(vec![path.clone()], soon).is_err());
        assert!(refuse_old(vec![path], SystemTime::now()).is_ok());
    }
}
