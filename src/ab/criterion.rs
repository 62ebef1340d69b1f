//! The benchmarks of a criterion crate: which executables cargo has built, and how each is run for short rounds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use super::command::Program;
use super::filter::{Filter, quoted};
use super::plan::FIRST_LOOK;
use crate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit};
use crate::stats::order;
use crate::text::sanitize;

/// Told where the iterations that criterion chose for one version are so many times those of the other.
const TOLD_FACTOR: f64 = 1.5;
/// More benchmarks are counted and not named.
const MOST_NAMED: usize = 5;

/// A bench target that cargo has built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchTarget {
    pub name: String,
    pub executable: PathBuf,
    /// That of its package, in which cargo runs it.
    pub folder: PathBuf,
}

/// A line of cargo's; what else is in it is of no interest here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl BenchTarget {
    /// The command that builds all of them and says where they are. Its arguments are the user's.
    pub fn build_command(arguments: &str) -> String {
        format!("cargo bench --no-run --message-format json-render-diagnostics {arguments}")
            .trim_end()
            .to_owned()
    }

    /// From what that command writes. Libraries and programs, whose benchmarks are no criterion's, are not among them.
    pub fn built(messages: &str) -> anyhow::Result<Vec<Self>> {
        let mut targets = Vec::new();
        for line in messages.lines().filter(|line| line.starts_with('{')) {
            let message: Message =
                serde_json::from_str(line).context("read what cargo says that it has built")?;
            let (Some(target), Some(executable)) = (message.target, message.executable) else {
                continue;
            };
            if message.reason != "compiler-artifact" || !target.kind.iter().any(|k| k == "bench") {
                continue;
            }
            let manifest = message.manifest_path.unwrap_or_default();
            targets.push(Self {
                name: target.name,
                executable,
                folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
            });
        }
        targets.sort_by(|a, b| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
        Ok(targets)
    }

    /// Whether it is criterion that reads its command line: anything else would not know what it is asked for. Its
    /// options stand in the executable; not every version of criterion prints a help.
    pub fn is_criterion(&self) -> bool {
        let Ok(content) = std::fs::read(&self.executable) else {
            return false;
        };
        ["measurement-time", "sample-size", "warm-up-time"]
            .iter()
            .all(|option| holds(&content, option.as_bytes()))
    }

    fn word(&self) -> String {
        quoted(&self.executable.to_string_lossy())
    }

    /// One execution that writes its results below `home`.
    pub fn program(&self, pace: Pace, home: &Path) -> Program {
        let of = |path: &Path| path.to_string_lossy().into_owned();
        let command = format!("{} {} {{filter}}", self.word(), pace.arguments());
        Program {
            environment: BTreeMap::from([
                ("CRITERION_HOME".to_owned(), of(home)),
                ("CARGO_MANIFEST_DIR".to_owned(), of(&self.folder)),
            ]),
            filter: Filter::Names,
            ..Program::new(&command, &self.folder)
        }
    }
}

fn holds(content: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else {
        return true;
    };
    let mut left = content;
    while let Some(at) = left.iter().position(|byte| byte == first) {
        left = left.get(at + 1..).unwrap_or_default();
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}

/// How long each benchmark is run in one window, the same for both versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    each: Duration,
}

impl Pace {
    /// With less, criterion's own estimate of the number of iterations is none.
    const SHORTEST: Duration = Duration::from_millis(100);
    /// More rounds say more than longer ones.
    const LONGEST: Duration = Duration::from_secs(2);
    /// Of the time of a benchmark, criterion's warm-up.
    const WARM_UP: f64 = 0.25;
    /// The fewest that criterion takes: what it repeats inside a run is no replicate.
    const SAMPLES: usize = 10;
    /// criterion warns below this, and what it estimates from them is not used.
    const RESAMPLES: usize = 1001;

    pub fn of(each: Duration) -> Self {
        Self { each }
    }

    /// The first, from whose run the others follow.
    pub fn calibrating() -> Self {
        Self::of(Self::SHORTEST)
    }

    /// What a calibrating window of `benchmarks` took says what criterion itself costs and what takes longer than it is
    /// asked to. The rounds of the first look are to be done in half of the budget.
    pub fn calibrated(took: Duration, benchmarks: usize, budget: Duration) -> Self {
        let count = u32::try_from(benchmarks.max(1)).unwrap_or(u32::MAX);
        let windows = 2 * u32::try_from(FIRST_LOOK).unwrap_or(5);
        let cost = took.saturating_sub(Self::SHORTEST.saturating_mul(count));
        let each = (budget / (2 * windows)).saturating_sub(cost) / count;
        Self::of(each.clamp(Self::SHORTEST, Self::LONGEST))
    }

    fn warm_up(self) -> Duration {
        self.each.mul_f64(Self::WARM_UP)
    }

    fn arguments(self) -> String {
        format!(
            "--bench --noplot --nresamples {} --sample-size {} --warm-up-time {:.3} --measurement-time {:.3}",
            Self::RESAMPLES,
            Self::SAMPLES,
            self.warm_up().as_secs_f64(),
            self.each.saturating_sub(self.warm_up()).as_secs_f64()
        )
    }

    /// For whoever reads the verdict.
    pub fn note(self) -> String {
        format!(
            "each benchmark ran {} ms a round in {} samples, the same on both sides, where its code does not say otherwise",
            self.each.as_millis(),
            Self::SAMPLES
        )
    }
}

/// The iterations that criterion chose, of each benchmark and version.
#[derive(Clone, Debug, Default)]
pub struct Iterations {
    chosen: BTreeMap<Subject, [Vec<f64>; 2]>,
}

impl Iterations {
    /// What the metric is called.
    pub const METRIC: &'static str = "iterations";

    /// Records them in the run, as something that follows from the times.
    pub fn record(&mut self, run: &mut Run, is_head: bool) -> anyhow::Result<()> {
        let time = MetricName::new(MetricName::TIME);
        let mut found = Vec::new();
        for (subject, metrics) in &run.subjects {
            let Some(Evidence::Samples(samples)) = metrics.get(&time).map(|m| &m.evidence) else {
                continue;
            };
            if let Some(weights) = samples.weights() {
                found.push((subject.clone(), weights.iter().sum::<f64>()));
            }
        }
        for (subject, count) in found {
            let [base, head] = self.chosen.entry(subject.clone()).or_default();
            if is_head { head } else { base }.push(count);
            let measurement = Measurement {
                unit: Unit::new(""),
                better: Better::Higher,
                role: Role::Fixed,
                evidence: Evidence::value(count)?,
            };
            run.insert(subject, MetricName::new(Self::METRIC), measurement);
        }
        Ok(())
    }

    /// Where they differ by so much that the times of one iteration are means of something else.
    pub fn note(&self) -> Option<String> {
        let differs = |sides: &[Vec<f64>; 2]| {
            let [base, head] = sides;
            let (base, head) = (order::median(base)?, order::median(head)?);
            let factor = (base / head).max(head / base);
            (factor > TOLD_FACTOR).then_some((base, head))
        };
        let found: Vec<String> = self
            .chosen
            .iter()
            .filter_map(|(subject, sides)| {
                let (base, head) = differs(sides)?;
                let name = sanitize::inline(subject.as_str());
                Some(format!("{name} ({base:.0} and {head:.0})"))
            })
            .collect();
        if found.is_empty() {
            return None;
        }
        let more = found.len().saturating_sub(MOST_NAMED);
        let mut named = found.into_iter().take(MOST_NAMED).collect::<Vec<_>>();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        Some(format!(
            "criterion chose other numbers of iterations for base than for head: {}. What an iteration leaves behind may count differently",
            named.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Better;

    /// `cargo bench --no-run --message-format json-render-diagnostics`, cargo 1.95, shortened.
    const MESSAGES: &str = r#"{"reason":"compiler-artifact","package_id":"registry+https://github.com/rust-lang/crates.io-index#criterion@0.8.2","manifest_path":"/r/criterion-0.8.2/Cargo.toml","target":{"kind":["lib"],"crate_types":["lib"],"name":"criterion"},"executable":null,"fresh":true}
{"reason":"compiler-artifact","manifest_path":"/w/base/parser/Cargo.toml","target":{"kind":["lib"],"name":"parser"},"executable":"/w/base/target/release/deps/parser-1f"}
{"reason":"compiler-artifact","manifest_path":"/w/base/parser/Cargo.toml","target":{"kind":["bench"],"name":"words"},"executable":"/w/base/target/release/deps/words-2e"}
{"reason":"compiler-artifact","manifest_path":"/w/base/parser/Cargo.toml","target":{"kind":["bench"],"name":"parse"},"executable":"/w/base/target/release/deps/parse-3d"}
{"reason":"build-finished","success":true}
"#;

    #[test]
    fn the_bench_executables_are_found_in_what_cargo_says() {
        let targets = BenchTarget::built(MESSAGES).unwrap();
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["parse", "words"]);
        assert_eq!(targets[0].folder, Path::new("/w/base/parser"));
        assert!(BenchTarget::built("{\"reason\": 3}").is_err());
        assert!(BenchTarget::built("warning: text\n").unwrap().is_empty());
    }

    #[test]
    fn the_pace_follows_from_the_time_that_is_there_and_is_one_for_both() {
        let s = Duration::from_secs_f64;
        // Five minutes: 15 s for a window; 12 benchmarks, for which criterion took 0.6 s beside.
        let pace = Pace::calibrated(s(1.8), 12, s(300.0));
        assert_eq!(pace.each, s(14.4) / 12);
        assert!(
            pace.arguments()
                .contains("--warm-up-time 0.300 --measurement-time 0.900")
        );
        assert_eq!(Pace::calibrated(s(1.0), 2, s(300.0)).each, Pace::LONGEST);
        assert_eq!(Pace::calibrated(s(40.0), 400, s(60.0)).each, Pace::SHORTEST);
    }

    #[test]
    fn what_criterion_is_asked_with_stands_in_its_executables() {
        let folder = tempfile::tempdir().unwrap();
        let target = |content: &str| {
            let executable = folder.path().join("bench");
            std::fs::write(&executable, content).unwrap();
            BenchTarget {
                name: "bench".to_owned(),
                executable,
                folder: PathBuf::new(),
            }
        };
        assert!(target("..mmeasurement-time\0sample-sizewarm-up-time").is_criterion());
        assert!(!target("measurement-time\0sample-size\0max-time").is_criterion());
        let missing = BenchTarget {
            executable: PathBuf::from("/nowhere"),
            ..target("")
        };
        assert!(!missing.is_criterion());
    }

    fn run(subject: &str, iterations: f64) -> Run {
        let mut run = Run::default();
        let evidence = Evidence::weighted_samples(vec![5.0, 6.0], Some(vec![iterations; 2]));
        let measurement = Measurement {
            unit: Unit::new("ns"),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: evidence.unwrap(),
        };
        run.insert(Subject::new(subject), MetricName::new("time"), measurement);
        run
    }

    #[test]
    fn iterations_are_recorded_and_told_where_they_differ() {
        let mut iterations = Iterations::default();
        for (base, head) in [(100.0, 140.0), (100.0, 170.0)] {
            let mut runs = [run("a", base), run("a", head)];
            iterations.record(&mut runs[0], false).unwrap();
            iterations.record(&mut runs[1], true).unwrap();
            let recorded = &runs[0].subjects[&Subject::new("a")][&MetricName::new("iterations")];
            assert_eq!(recorded.role, Role::Fixed);
        }
        // 200 and 310 are the medians.
        let note = iterations.note().unwrap();
        assert!(note.contains("a (200 and 310)"), "{note}");
        let mut alike = Iterations::default();
        alike.record(&mut run("a", 100.0), false).unwrap();
        alike.record(&mut run("a", 140.0), true).unwrap();
        assert_eq!(alike.note(), None);
    }
}
