//! Runs of several machines as one: what is merged is what one machine would have measured, and what cannot be merged
//! exactly is refused.

use std::fs;
use std::process::Command;

use hdrhistogram::Histogram;
use perfgate::load::{MergeError, merge};
use perfgate::model::{
    Better, Evidence, Load, Measurement, MetricName, Role, Run, Subject, ToolName, Unit, run_file,
};
use proptest::prelude::*;

const SCALE: f64 = 0.0001;

struct Metric {
    subject: &'static str,
    name: &'static str,
    unit: &'static str,
    better: Better,
    role: Role,
}

const LATENCY: Metric = Metric {
    subject: "GET /",
    name: "latency",
    unit: "ms",
    better: Better::Lower,
    role: Role::Outcome,
};
const ERRORS: Metric = Metric {
    name: "errors",
    unit: "",
    ..LATENCY
};
const THROUGHPUT: Metric = Metric {
    name: "throughput",
    unit: "req/s",
    better: Better::Higher,
    ..LATENCY
};

fn put(run: &mut Run, metric: &Metric, evidence: Evidence) {
    let measured = Measurement {
        unit: Unit::new(metric.unit),
        better: metric.better,
        role: metric.role,
        evidence,
    };
    let name = MetricName::new(metric.name);
    run.insert(Subject::new(metric.subject), name, measured);
}

fn histogram(ticks: &[u64]) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, 6_000_000_000, 3).unwrap();
    for tick in ticks {
        histogram.record(*tick).unwrap();
    }
    histogram
}

/// What a machine measured: so many requests, of which some failed.
fn part(ticks: &[u64], failed: u64) -> Run {
    let mut run = Run::default();
    run.provenance.tool = Some(ToolName {
        name: "perfgate".to_owned(),
        version: Some("1".to_owned()),
    });
    run.provenance.scenario = Some("shop".to_owned());
    run.provenance.environment.key = Some("lab".to_owned());
    let count = u64::try_from(ticks.len()).unwrap();
    let latency = Evidence::histogram(histogram(ticks), SCALE).unwrap();
    put(&mut run, &LATENCY, latency);
    let errors = Evidence::proportion(failed.min(count), count).unwrap();
    put(&mut run, &ERRORS, errors);
    run
}

fn evidence(run: &Run, metric: &Metric) -> Evidence {
    let metrics = run.subjects.get(metric.subject).unwrap();
    metrics.get(metric.name).unwrap().evidence.clone()
}

proptest! {
    #[test]
    fn parts_merged_are_the_whole(
        parts in prop::collection::vec((prop::collection::vec(1_u64..5_000_000_000, 1..60), 0_u64..9), 2..5)
    ) {
        let runs: Vec<Run> = parts.iter().enumerate().map(|(machine, (ticks, failed))| {
            let mut run = part(ticks, *failed);
            run.provenance.started_at = Some(jiff::Timestamp::new(i64::try_from(machine).unwrap(), 0).unwrap());
            // As it comes from a file, where a histogram is packed.
            run_file::parse(&run_file::write(&run)).unwrap().remove(0)
        }).collect();
        let ticks: Vec<u64> = parts.iter().flat_map(|(ticks, _)| ticks.clone()).collect();
        let whole = merge(&runs, None).unwrap();
        let Evidence::Histogram(merged) = evidence(&whole, &LATENCY) else { panic!("a histogram") };
        let one = histogram(&ticks);
        prop_assert!(merged.histogram == one);
        prop_assert_eq!(merged.histogram.len(), one.len());
        for quantile in [0.5, 0.95, 0.99, 1.0] {
            prop_assert_eq!(merged.histogram.value_at_quantile(quantile), one.value_at_quantile(quantile));
        }
        let failed = parts.iter().map(|(ticks, failed)| (*failed).min(ticks.len().try_into().unwrap())).sum();
        let all = Evidence::proportion(failed, ticks.len().try_into().unwrap()).unwrap();
        prop_assert_eq!(evidence(&whole, &ERRORS), all);
        // And in any order.
        let mut turned = runs;
        turned.reverse();
        prop_assert_eq!(&merge(&turned, None).unwrap().subjects, &whole.subjects);
        run_file::parse(&run_file::write(&whole)).unwrap();
    }
}

#[test]
fn single_numbers_follow_what_they_mean() {
    // The first machine sent one request in four.
    let (mut one, mut two) = (part(&[10; 100], 0), part(&[20; 300], 0));
    let generator = |name, unit| Metric {
        subject: "generator",
        name,
        unit,
        role: Role::Fixed,
        ..LATENCY
    };
    let service = |name, unit| Metric {
        subject: "service",
        name,
        unit,
        ..LATENCY
    };
    let hits = Metric {
        better: Better::Higher,
        ..service("cache_hits", "%")
    };
    for (metric, of_one, of_two, merged) in [
        (THROUGHPUT, 100.0, 300.0, 400.0),
        (generator("late", ""), 3.0, 4.0, 7.0),
        (generator("cpu", "%"), 20.0, 60.0, 60.0),
        (service("rss", "MiB"), 64.0, 66.0, 66.0),
        // Each saw all of the service's CPU time and only its own requests.
        (service("cpu", "s/1000 req"), 4.0, 4.0 / 3.0, 1.0),
        (hits, 90.0, 80.0, 80.0),
    ] {
        put(&mut one, &metric, Evidence::value(of_one).unwrap());
        put(&mut two, &metric, Evidence::value(of_two).unwrap());
        let whole = merge(&[one.clone(), two.clone()], None).unwrap();
        assert_eq!(
            evidence(&whole, &metric),
            Evidence::value(merged).unwrap(),
            "{}",
            metric.name
        );
    }
}

#[test]
fn a_kind_of_failure_that_one_machine_did_not_see_counts_its_requests() {
    let (mut one, two) = (part(&[10; 100], 5), part(&[20; 300], 0));
    let timeouts = Metric {
        name: "errors_timeout",
        role: Role::Fixed,
        ..ERRORS
    };
    put(&mut one, &timeouts, Evidence::proportion(5, 100).unwrap());
    for runs in [[one.clone(), two.clone()], [two, one]] {
        let whole = merge(&runs, None).unwrap();
        assert_eq!(
            evidence(&whole, &timeouts),
            Evidence::proportion(5, 400).unwrap()
        );
    }
}

#[test]
fn where_and_when_it_was_measured_is_that_of_all_machines() {
    let (mut one, mut two) = (part(&[10], 0), part(&[20], 0));
    one.provenance.started_at = Some("2026-11-20T10:00:02Z".parse().unwrap());
    two.provenance.started_at = Some("2026-11-20T10:00:01Z".parse().unwrap());
    (one.provenance.duration_s, two.provenance.duration_s) = (Some(30.0), Some(31.0));
    one.provenance.session = Some("a".to_owned());
    two.provenance.session = Some("b".to_owned());
    two.provenance.partial = true;
    one.provenance.invalid = Some("busy".to_owned());
    one.provenance.environment.cores = Some(4);
    two.provenance.environment.cores = Some(8);
    one.warnings.push("late".to_owned());
    two.warnings.push("late".to_owned());
    let whole = merge(&[one, two.clone()], None).unwrap();
    let from = &whole.provenance;
    assert_eq!(from.started_at, two.provenance.started_at);
    assert_eq!(from.duration_s, Some(31.0));
    assert_eq!((from.session.as_deref(), from.partial), (None, true));
    assert_eq!(from.invalid.as_deref(), Some("busy"));
    assert_eq!(from.environment.key().as_deref(), Some("lab"));
    assert_eq!(from.environment.cores, None);
    assert_eq!(whole.warnings, ["late"]);
}

fn asked(run: &mut Run, digest: &str, rate: &str) {
    let mut load = Load {
        digest: Some(digest.to_owned()),
        ..Load::default()
    };
    load.terms.insert("rate".to_owned(), rate.to_owned());
    run.provenance.load = Some(load);
}

#[test]
fn several_machines_together_are_another_load_than_one_and_than_fewer() {
    let machines = |count: u64| -> Vec<Run> {
        (0..count)
            .map(|machine| {
                let mut run = part(&[10 + machine], 0);
                asked(&mut run, "abc", "200/s");
                run
            })
            .collect()
    };
    let merged = |count| {
        merge(&machines(count), None)
            .unwrap()
            .provenance
            .load
            .unwrap()
    };
    let (two, three) = (merged(2), merged(3));
    assert_eq!(two.terms.get("machines").unwrap(), "2");
    assert_eq!(two.terms.get("rate").unwrap(), "200/s");
    assert_ne!(two.digest, three.digest);
    assert_ne!(two.digest.as_deref(), Some("abc"));
    assert_eq!(two, merged(2), "the same whenever it is merged");
    let mut runs = machines(2);
    asked(&mut runs[1], "def", "400/s");
    assert_eq!(
        merge(&runs, None).unwrap_err().to_string(),
        "the runs differ in their load: `rate 200/s` and `rate 400/s`"
    );
    runs[1].provenance.load = None;
    let refused = merge(&runs, None).unwrap_err().to_string();
    assert!(refused.contains("`rate 200/s` and `no rate`"), "{refused}");
}

#[test]
fn what_is_not_one_workload_of_one_build_is_refused_with_both_sides() {
    let change = |change: &dyn Fn(&mut Run)| {
        let mut other = part(&[20], 0);
        change(&mut other);
        merge(&[part(&[10], 0), other], None).unwrap_err()
    };
    let scenario = change(&|run| run.provenance.scenario = Some("blog".to_owned()));
    assert_eq!(
        scenario.to_string(),
        "the runs differ in their scenario: `shop` and `blog`"
    );
    let commit = change(&|run| run.provenance.commit = Some("abc".to_owned()));
    assert_eq!(
        commit.to_string(),
        "the runs differ in their commit: `none` and `abc`"
    );
    let tool = change(&|run| run.provenance.tool = None);
    assert_eq!(
        tool.to_string(),
        "the runs differ in their tool: `perfgate 1` and `none`"
    );
    let mut elsewhere = part(&[20], 0);
    elsewhere.provenance.environment.key = Some("desk".to_owned());
    let runs = [part(&[10], 0), elsewhere];
    let refused = merge(&runs, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the runs differ in their environment: `lab` and `desk`"
    );
    let named = merge(&runs, Some("both")).unwrap();
    assert_eq!(named.provenance.environment.key().as_deref(), Some("both"));
    assert_eq!(merge(&[part(&[1], 0)], None), Err(MergeError::TooFew));
    assert_eq!(
        merge(&[part(&[1], 0), part(&[1], 0)], None),
        Err(MergeError::Twice)
    );
}

#[test]
fn what_cannot_be_put_together_exactly_is_refused_and_named() {
    let with = |metric: &Metric, evidence: Evidence| {
        let mut other = part(&[20], 0);
        put(&mut other, metric, evidence);
        merge(&[part(&[10], 0), other], None)
            .unwrap_err()
            .to_string()
    };
    let scaled = Evidence::histogram(histogram(&[5]), 0.001).unwrap();
    let said = with(&LATENCY, scaled);
    assert_eq!(
        said,
        "GET / latency: the histograms have different scales, 0.0001 and 0.001"
    );
    let mut coarse = Histogram::new_with_bounds(1, 6_000_000_000, 2).unwrap();
    coarse.record(5).unwrap();
    let said = with(&LATENCY, Evidence::histogram(coarse, SCALE).unwrap());
    assert!(said.contains("different steps"), "{said}");
    let said = with(&LATENCY, Evidence::samples(vec![1.0]).unwrap());
    assert!(said.contains("different kinds"), "{said}");
    let seconds = Metric {
        unit: "s",
        ..LATENCY
    };
    let said = with(
        &seconds,
        Evidence::histogram(histogram(&[5]), SCALE).unwrap(),
    );
    assert!(said.contains("in `ms`, better lower, and in `s`"), "{said}");
}

#[test]
fn the_command_writes_one_run_and_sums_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, runs: &[Run]| {
        let text: String = runs.iter().map(run_file::write).collect();
        fs::write(folder.path().join(name), text).unwrap();
    };
    write("a.json", &[part(&[10_000; 100], 0)]);
    write("b.json", &[part(&[30_000; 300], 30)]);
    write("several.json", &[part(&[1], 0), part(&[2], 0)]);
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, out, err) = run(&["merge", "a.json", "b.json", "--output", "all.json"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("400") && out.contains("30 (7.5 %)"), "{out}");
    let text = fs::read_to_string(folder.path().join("all.json")).unwrap();
    assert_eq!(run_file::parse(&text).unwrap().len(), 1);
    for (arguments, because) in [
        (["merge", "a.json", "a.json"], "the same run is given twice"),
        (["merge", "a.json", "several.json"], "it holds 2 runs"),
        (["merge", "a.json", "absent.json"], "absent.json"),
    ] {
        let (code, out, err) = run(&[&arguments[..], &["--output", "no.json"]].concat());
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(because) && err.contains("hint: "), "{err}");
        assert!(!folder.path().join("no.json").exists());
    }
}

fn share(digest: &str, share: &str, tick: u64) -> Run {
    let mut run = part(&[tick], 0);
    asked(&mut run, &format!("part of {digest}"), "200/s");
    let terms = &mut run.provenance.load.as_mut().unwrap().terms;
    terms.insert("share".to_owned(), share.to_owned());
    terms.insert("whole".to_owned(), digest.to_owned());
    run
}

#[test]
fn shares_are_the_whole_load_where_none_is_lost() {
    let all = [
        share("abc", "1/3", 1),
        share("abc", "3/3", 2),
        share("abc", "2/3", 3),
    ];
    let load = merge(&all, None).unwrap().provenance.load.unwrap();
    assert_eq!(load.digest.as_deref(), Some("abc"));
    let terms: Vec<_> = load.terms.keys().map(String::as_str).collect();
    assert_eq!(terms, ["rate"]);
    let refused = |runs: &[Run]| merge(runs, None).unwrap_err().to_string();
    assert_eq!(refused(&all[..2]), "share 2/3 is missing");
    let twice = [all[0].clone(), share("abc", "1/3", 9)];
    assert_eq!(refused(&twice), "share 1/3 is given twice");
    let mut whole = part(&[7], 0);
    asked(&mut whole, "part of abc", "200/s");
    assert!(refused(&[all[0].clone(), whole]).starts_with("the runs differ in their load"));
}

#[test]
fn runs_that_were_not_made_at_once_are_no_parts_of_one() {
    let at = |begin: &str, seconds: f64, tick: u64| {
        let mut run = part(&[tick], 0);
        run.provenance.started_at = Some(begin.parse().unwrap());
        run.provenance.duration_s = Some(seconds);
        run
    };
    let first = at("2026-11-20T10:00:00Z", 30.0, 1);
    let together = at("2026-11-20T10:00:03Z", 30.0, 2);
    let after = at("2026-11-20T10:00:31Z", 30.0, 3);
    let short = at("2026-11-20T10:00:20Z", 5.0, 4);
    assert!(merge(&[first.clone(), together.clone()], None).is_ok());
    assert!(merge(&[first.clone(), short], None).is_ok());
    assert_eq!(
        merge(&[first, together, after], None)
            .unwrap_err()
            .to_string(),
        "the runs were not made at once: they have 0.0 s in common, and the shortest is 30.0 s long"
    );
}
