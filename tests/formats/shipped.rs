//! What the files that perfgate ships for Locust and k6 made those tools write, against each response time that the
//! tools told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use perfgate::cli::shipped;
use perfgate::ingest::{self, ReadOptions};
use perfgate::model::{Evidence, Quantile, Role, Run, Statistic, WorkloadKey};
use perfgate::stats::reading;

/// Locust from the oldest version that the listener is for to the newest.
const VERSIONS: [&str; 2] = ["2.15.0", "2.47.0"];
const JUDGED: [Quantile; 3] = [Quantile::P50, Quantile::P95, Quantile::P99];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(path: impl AsRef<Path>) -> Run {
    let path = root().join("tests/fixtures").join(path);
    let mut read = ingest::read(&path, &ReadOptions::default()).unwrap();
    assert_eq!(read.len(), 1, "{}", path.display());
    read.remove(0).runs.remove(0)
}

fn listened(version: &str, name: &str) -> Run {
    run(format!("locust-listener/v{version}/{name}.json"))
}

fn quantile(run: &Run, subject: &str, at: Quantile) -> reading::Reading {
    let latency = &run.subjects[subject]["latency"].evidence;
    reading::read(latency, Statistic::Quantile(at)).unwrap()
}

fn errors(run: &Run, subject: &str) -> (u64, u64) {
    match &run.subjects[subject]["errors"].evidence {
        Evidence::Proportion(errors) => (errors.count(), errors.of()),
        other => panic!("{other:?}"),
    }
}

/// Every response time of a run as Locust's own event told it.
#[derive(Default)]
struct Told {
    successes: Vec<f64>,
    failures: u64,
}

impl Told {
    fn of(version: &str, name: &str) -> BTreeMap<String, Self> {
        let path = format!("tests/fixtures/locust-listener/v{version}/{name}.truth.csv");
        let mut told: BTreeMap<String, Self> = BTreeMap::new();
        for line in fs::read_to_string(root().join(path)).unwrap().lines() {
            let fields: Vec<&str> = line.split(',').collect();
            for subject in [fields[0], "Aggregated"] {
                let told = told.entry(subject.to_owned()).or_default();
                match fields[2] {
                    "0" => told.successes.push(fields[1].parse().unwrap()),
                    _ => told.failures += 1,
                }
            }
        }
        for told in told.values_mut() {
            told.successes.sort_by(f64::total_cmp);
        }
        told
    }

    fn requests(&self) -> u64 {
        self.failures + u64::try_from(self.successes.len()).unwrap()
    }

    /// The smallest time that this part of the requests did not exceed.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank of some hundred requests"
    )]
    fn quantile(&self, at: Quantile) -> f64 {
        let rank = (at.fraction() * self.successes.len() as f64).ceil() as usize;
        self.successes[rank.max(1) - 1]
    }
}

#[test]
fn the_listener_counts_every_request_and_keeps_each_time_to_a_thousandth() {
    for version in VERSIONS {
        for name in ["single", "distributed"] {
            let (run, told) = (listened(version, name), Told::of(version, name));
            let names: Vec<&str> = run.subjects.keys().map(|s| s.as_str()).collect();
            assert_eq!(names, told.keys().collect::<Vec<_>>(), "{version} {name}");
            for (subject, told) in &told {
                let place = format!("{version} {name} {subject}");
                let expected = (told.failures, told.requests());
                assert_eq!(errors(&run, subject), expected, "{place}");
                let latency = run.subjects[subject.as_str()].get("latency");
                if told.successes.is_empty() {
                    assert_eq!(subject, "GET /missing");
                    assert!(latency.is_none(), "{place}");
                    continue;
                }
                let latency = &latency.unwrap().evidence;
                let timed = told.requests() - told.failures;
                assert_eq!(latency.observations(), Some(timed), "{place}");
                for at in JUDGED {
                    let (read, truth) = (quantile(&run, subject, at).value, told.quantile(at));
                    assert!(
                        (read - truth).abs() <= truth / 1000.0,
                        "{place} {at:?}: {read} is not {truth}"
                    );
                }
                let seconds = run.provenance.duration_s.unwrap();
                let rate = &run.subjects[subject.as_str()]["throughput"].evidence;
                let rate = reading::read(rate, Statistic::Value).unwrap().value;
                assert!((rate * seconds - told.requests() as f64).abs() < 0.01);
                assert!((4.0..7.0).contains(&seconds), "{place}: {seconds} s");
                let is_total = run.subjects[subject.as_str()]["errors"].role == Role::Total;
                assert_eq!(is_total, subject == "Aggregated", "{place}");
            }
        }
    }
}

#[test]
fn where_locusts_csv_is_rounded_and_lacks_the_last_second_the_listener_is_not_and_does_not() {
    let (csv, run) = (
        run("locust-listener/v2.47.0/single_stats.csv"),
        listened("2.47.0", "single"),
    );
    let told = &Told::of("2.47.0", "single")["GET /slow"];
    for at in JUDGED {
        let (rounded, exact) = (
            quantile(&csv, "GET /slow", at),
            quantile(&run, "GET /slow", at),
        );
        assert_eq!((rounded.resolution, exact.resolution), (10.0, 0.0));
        assert_eq!(rounded.value % 10.0, 0.0);
        assert!((exact.value - told.quantile(at)).abs() < 0.2);
    }
    assert!(errors(&csv, "GET /slow").1 < errors(&run, "GET /slow").1);
    assert_eq!(errors(&run, "GET /slow").1, told.requests());
    // Failed requests are inside the latency of one and not of the other.
    let observed = |run: &Run| {
        run.subjects["POST /buy"]["latency"]
            .evidence
            .observations()
            .unwrap()
    };
    assert_eq!(observed(&csv), errors(&csv, "POST /buy").1);
    let (failed, all) = errors(&run, "POST /buy");
    assert!(failed > 0);
    assert_eq!(observed(&run), all - failed);
}

/// The client of Locust 2.15 tells whole milliseconds; a change of one is none.
#[test]
fn times_that_locust_itself_rounded_are_told_as_rounded() {
    let resolution = |version| {
        let run = listened(version, "distributed");
        quantile(&run, "GET /slow", Quantile::P50).resolution
    };
    assert_eq!((resolution("2.15.0"), resolution("2.47.0")), (1.0, 0.0));
}

#[test]
fn runs_of_other_numbers_of_users_are_other_work_and_a_csv_of_the_same_number_is_the_same() {
    for version in VERSIONS {
        let key = |name| WorkloadKey::of(&listened(version, name));
        let users = |name| key(name).load.terms.get("users").cloned();
        assert_eq!(users("single").as_deref(), Some("20"));
        assert_eq!(users("stopped").as_deref(), Some("10"));
        assert!(key("single").is_same_work(&key("distributed")));
        assert!(!key("single").is_same_work(&key("stopped")));
    }
    // Locust 2.15 wrote its history every ten seconds, so that of a short run tells nothing.
    let csv = WorkloadKey::of(&run("locust-listener/v2.47.0/single_stats.csv"));
    assert!(csv.is_same_work(&WorkloadKey::of(&listened("2.47.0", "single"))));
    assert!(!csv.is_same_work(&WorkloadKey::of(&listened("2.47.0", "stopped"))));
}

#[test]
fn a_run_that_was_interrupted_says_so_and_names_its_tool() {
    for version in VERSIONS {
        for (name, partial) in [("single", false), ("distributed", false), ("stopped", true)] {
            let provenance = listened(version, name).provenance;
            assert_eq!(provenance.partial, partial, "{version} {name}");
            let tool = provenance.tool.unwrap();
            assert_eq!(
                (tool.name.as_str(), tool.version.as_deref()),
                ("locust", Some(version))
            );
            assert!(provenance.started_at.is_some() && provenance.invalid.is_none());
        }
        let warnings = listened(version, "single").warnings;
        let said = |part: &str| warnings.iter().any(|warning| warning.starts_with(part));
        assert!(said("GET /missing failed") && said("POST /buy failed"));
    }
}

#[test]
fn k6_with_the_module_tells_p99_and_counts_of_each_endpoint() {
    let (summary, points) = (
        run("k6-module/v1.8.1/summary.json"),
        run("k6-module/v1.8.1/points.csv.gz"),
    );
    assert!(
        summary
            .warnings
            .iter()
            .all(|line| !line.contains("summaryTrendStats")),
        "{:?}",
        summary.warnings
    );
    let users = |run: &Run| run.provenance.load.clone().unwrap().terms["users"].clone();
    assert_eq!(users(&summary), "10");
    for subject in ["GET /quick", "GET /slow", "all requests"] {
        assert_eq!(errors(&summary, subject), errors(&points, subject));
        let n = |run: &Run| run.subjects[subject]["latency"].evidence.observations();
        assert_eq!(n(&summary), n(&points), "{subject}");
        for at in JUDGED {
            let (told, counted) = (
                quantile(&summary, subject, at).value,
                quantile(&points, subject, at).value,
            );
            // k6 puts a quantile between two requests, and the histogram takes one of them.
            let near = (told - counted).abs() / counted;
            assert!(near < 0.05, "{subject} {at:?}: {told}, {counted}");
        }
    }
    let (failed, all) = errors(&summary, "POST /buy");
    assert!(failed > 0);
    let mixed = format!("latency of `POST /buy` includes {failed} failed requests of {all}");
    assert!(summary.warnings.iter().any(|line| line.starts_with(&mixed)));
}

/// The sentence that sends people to the module names what the module exports.
#[test]
fn a_summary_without_those_statistics_is_told_with_the_line_of_the_module() {
    let bare = run("k6/v1.8.1-base-1.handleSummary.json");
    let told = bare
        .warnings
        .iter()
        .find(|line| line.contains("summaryTrendStats"))
        .unwrap();
    let module = shipped::files_for("k6").next().unwrap().text;
    let line = module
        .lines()
        .find(|line| line.starts_with("export const summaryTrendStats"))
        .unwrap();
    let list = line
        .trim_start_matches("export const summaryTrendStats = ")
        .trim_end_matches(';');
    assert!(
        told.contains(&format!("summaryTrendStats: {list}")),
        "{told}"
    );
}

#[test]
fn every_file_in_the_folders_of_tools_is_shipped() {
    let mut found = Vec::new();
    for folder in fs::read_dir(root().join("templates")).unwrap() {
        let folder = folder.unwrap();
        if folder.path().is_dir() {
            for file in fs::read_dir(folder.path()).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                found.push((folder.file_name().into_string().unwrap(), name));
            }
        }
    }
    found.sort();
    let mut listed: Vec<(String, String)> = shipped::FILES
        .iter()
        .map(|file| (file.tool.to_owned(), file.name.to_owned()))
        .collect();
    listed.sort();
    assert_eq!(found, listed);
    assert!(shipped::FILES.iter().all(|file| !file.what.is_empty()));
}
