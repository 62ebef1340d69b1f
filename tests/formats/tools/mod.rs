//! Results of load tools and benchmarks, from their real output: the numbers are those that the tool printed, failures and
//! warm-up are kept apart, and recorded pairs with a known difference are judged as that.

mod benchmarks;
mod beside;
mod contradictions;
mod documented;
mod load;
mod recorded;

use std::path::{Path, PathBuf};
use std::process::Command;

use perfgate::ingest::{self, ReadOptions};
use perfgate::model::{Evidence, Run, Statistic};
use perfgate::stats::reading;
use serde_json::Value;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

fn read(path: &Path) -> anyhow::Result<Run> {
    let mut read = ingest::read(path, &ReadOptions::default())?;
    assert_eq!(read.len(), 1, "{}", path.display());
    assert_eq!(read[0].runs.len(), 1);
    Ok(read.remove(0).runs.remove(0))
}

fn run(path: &str) -> Run {
    read(&fixture(path)).unwrap_or_else(|error| panic!("{path}: {error:#}"))
}

fn refusal(path: &str) -> String {
    format!("{:#}", read(&fixture(path)).unwrap_err())
}

/// `p95` of a metric of a subject.
fn number(run: &Run, subject: &str, metric: &str, statistic: &str) -> f64 {
    let metrics = run.subjects.get(subject).unwrap_or_else(|| {
        panic!(
            "no `{subject}` in {:?}",
            run.subjects.keys().collect::<Vec<_>>()
        )
    });
    let measured = metrics
        .get(metric)
        .unwrap_or_else(|| panic!("no {metric} of `{subject}`: {metrics:?}"));
    let statistic: Statistic = statistic.parse().unwrap();
    reading::read(&measured.evidence, statistic)
        .unwrap_or_else(|| panic!("no {statistic} of {metric}: {:?}", measured.evidence))
        .value
}

/// Each is subject, metric, statistic, the number that the tool printed, and how far off it may be, in per cent.
fn holds(path: &str, expected: &[(&str, &str, &str, f64, f64)]) {
    let run = run(path);
    for &(subject, metric, statistic, value, per_cent) in expected {
        let got = number(&run, subject, metric, statistic);
        let off = (got - value).abs();
        assert!(
            off <= value.abs() * per_cent / 100.0 + 1e-9,
            "{path}: {subject} {metric}.{statistic} is {got}, and the tool printed {value}"
        );
    }
}

/// Failures and requests.
fn errors(run: &Run, subject: &str) -> (u64, u64) {
    match &run.subjects[subject]["errors"].evidence {
        Evidence::Proportion(share) => (share.count(), share.of()),
        other => panic!("{other:?}"),
    }
}

fn has(run: &Run, subject: &str, metric: &str) -> bool {
    run.subjects
        .get(subject)
        .is_some_and(|metrics| metrics.get(metric).is_some())
}

fn warns(run: &Run, words: &str) -> bool {
    run.warnings.iter().any(|warning| warning.contains(words))
}

/// The evidence's kind and the step at which the tool rounded.
fn kind(run: &Run, subject: &str, metric: &str) -> (&'static str, f64) {
    let evidence = &run.subjects[subject][metric].evidence;
    let p50 = "p50".parse().unwrap();
    let resolution = reading::read(evidence, p50).map_or(0.0, |read| read.resolution);
    (evidence.kind(), resolution)
}

/// The verdict over a recorded pair, base against head, file by file.
fn compare(old: &[String], new: &[String]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
    command.arg("compare").env_clear();
    for path in old {
        command.arg("--old").arg(fixture(path));
    }
    for path in new {
        command.arg("--new").arg(fixture(path));
    }
    let output = command.args(["--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// `{side}-{n}` in a pattern, for three runs of both sides.
fn pair(pattern: &str) -> Value {
    let side = |side: &str| -> Vec<String> {
        (1..=3)
            .map(|n| {
                pattern
                    .replace("{side}", side)
                    .replace("{n}", &n.to_string())
            })
            .collect()
    };
    compare(&side("base"), &side("head"))
}

/// The ratio and the outcome of one series.
fn series(verdict: &Value, subject: &str, series: &str) -> (f64, String) {
    let (metric, statistic) = series.rsplit_once('.').unwrap();
    let rows = verdict["comparisons"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| {
            row["subject"] == subject && row["metric"] == metric && row["statistic"] == statistic
        })
        .unwrap_or_else(|| panic!("no {subject} {series} in {rows:?}"));
    let ratio = row["change"]["ratio"].as_f64().unwrap_or(f64::NAN);
    (ratio, row["outcome"].as_str().unwrap().to_owned())
}

/// A known change of +25 % in one series is seen as about that, and not called an improvement or no change.
fn shows_the_change(verdict: &Value, subject: &str, of: &str, about: std::ops::Range<f64>) {
    let (ratio, outcome) = series(verdict, subject, of);
    assert!(about.contains(&ratio), "{subject} {of}: {ratio} {outcome}");
    assert!(
        outcome == "regressed" || outcome == "inconclusive",
        "{subject} {of}: {ratio} {outcome}"
    );
}
