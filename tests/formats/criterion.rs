//! criterion's folder and cargo-criterion's messages, read from real output of the tools.
//!
//! The expected numbers were worked out apart from this program, from the fixtures with a few lines
//! of Python: `times[i] / iters[i]`, and the time that half of all iterations stay below.

use std::fs;
use std::path::{Path, PathBuf};

use perfgate::hint;
use perfgate::ingest::{self, Ingested, ReadOptions, cargo_criterion, criterion};
use perfgate::model::{Better, Evidence, Measurement, Role, Run, Unit};
use proptest::prelude::*;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

fn read(path: &Path) -> anyhow::Result<Vec<Ingested>> {
    ingest::read(path, &ReadOptions::default())
}

fn one_run(path: &Path) -> Run {
    let mut read = read(path).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].runs.len(), 1);
    read.remove(0).runs.remove(0)
}

/// The error chain, with the folder of the test left out.
fn refusal(path: &Path, folder: &Path) -> String {
    let error = read(path).unwrap_err();
    format!("{error:#}").replace(&format!("{}/", folder.display()), "")
}

fn measurement<'a>(run: &'a Run, subject: &str, metric: &str) -> &'a Measurement {
    &run.subjects[subject][metric]
}

fn samples(measurement: &Measurement) -> (&[f64], &[f64]) {
    match &measurement.evidence {
        Evidence::Samples(samples) => (samples.values(), samples.weights().unwrap()),
        other => panic!("{other:?}"),
    }
}

fn value(measurement: &Measurement) -> f64 {
    match measurement.evidence {
        Evidence::Value(value) => value,
        ref other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_near(actual: f64, expected: f64) {
    assert!(
        (actual / expected - 1.0).abs() < 1e-12,
        "{actual} is not {expected}"
    );
}

/// A folder with one benchmark `a/b`, to be spoilt by a test.
fn benchmark(folder: &Path, id: &str) -> PathBuf {
    let place = folder.join(id).join("new");
    fs::create_dir_all(&place).unwrap();
    let named = format!(
        r#"{{"group_id":"a","function_id":"b","value_str":null,"throughput":null,"full_id":"{id}","directory_name":"{id}","title":"{id}"}}"#
    );
    fs::write(place.join("benchmark.json"), named).unwrap();
    let sample = r#"{"sampling_mode":"Linear","iters":[1.0,2.0],"times":[10.0,22.0]}"#;
    fs::write(place.join("sample.json"), sample).unwrap();
    place
}

#[test]
fn a_criterion_folder_holds_each_benchmark_under_the_name_that_its_author_gave_it() {
    let run = one_run(&fixture("criterion/target/criterion"));
    let names: Vec<&str> = run
        .subjects
        .keys()
        .map(|subject| subject.as_str())
        .collect();
    let expected = [
        "fib/iter/with slash & spaces",
        "fib/recursive/10",
        "fib/recursive/15",
        "hash/16KiB",
        "hash/1KiB",
        "hash/flat_elements",
        "ungrouped",
    ];
    assert_eq!(names, expected);
    let tool = run.provenance.tool.unwrap();
    assert_eq!((tool.name.as_str(), tool.version), ("criterion", None));
    assert_eq!(run.provenance.started_at, None);
    assert_eq!(run.warnings, Vec::<String>::new());
}

#[test]
fn criterion_times_are_nanoseconds_of_one_iteration_weighted_by_iterations() {
    let run = one_run(&fixture("criterion/target/criterion"));
    let time = measurement(&run, "hash/1KiB", "time");
    assert_eq!(time.unit, Unit::new("ns"));
    assert_eq!((time.better, time.role), (Better::Lower, Role::Outcome));
    let (values, weights) = samples(time);
    assert_eq!((values.len(), weights.len()), (50, 50));
    assert_near(values[0], 941.5110441767068);
    assert_near(values[49], 933.1770281124498);
    assert_eq!(weights[..2], [996.0, 1992.0]);
    let (values, _) = samples(measurement(&run, "fib/iter/with slash & spaces", "time"));
    assert_near(values[49], 16.45612822402358);
    let (values, weights) = samples(measurement(&run, "hash/flat_elements", "time"));
    assert_near(values[0], 10085.880417335473);
    assert!(
        weights
            .iter()
            .all(|weight| weight.to_bits() == 3738_f64.to_bits())
    );
}

#[test]
fn criterion_throughput_follows_from_the_median_time_and_is_not_gated_beside_it() {
    let run = one_run(&fixture("criterion/target/criterion"));
    let bytes = measurement(&run, "hash/1KiB", "throughput");
    assert_eq!(bytes.unit, Unit::new("B/s"));
    assert_eq!((bytes.better, bytes.role), (Better::Higher, Role::Fixed));
    assert_near(value(bytes), 1096666760.8249803);
    assert_near(
        value(measurement(&run, "hash/16KiB", "throughput")),
        1081324803.9101477,
    );
    let elements = measurement(&run, "hash/flat_elements", "throughput");
    assert_eq!(elements.unit, Unit::new("elements/s"));
    assert_near(value(elements), 15863149.147021538);
    assert!(!run.subjects["ungrouped"].contains_key("throughput"));
}

#[test]
fn every_folder_above_criterions_stands_for_it_and_a_group_for_its_part() {
    let whole = one_run(&fixture("criterion/target/criterion"));
    assert_eq!(one_run(&fixture("criterion/target")), whole);
    assert_eq!(one_run(&fixture("criterion")), whole);
    let group = one_run(&fixture("criterion/target/criterion/hash"));
    assert_eq!(group.subjects.len(), 3);
    assert_eq!(group.subjects["hash/1KiB"], whole.subjects["hash/1KiB"]);
}

#[test]
fn an_at_sign_names_another_baseline() {
    let base = one_run(&fixture("criterion/target/criterion@base"));
    assert_eq!(base.subjects.len(), 7);
    let (values, weights) = samples(measurement(&base, "ungrouped", "time"));
    assert_eq!(values.len(), 100);
    assert_near(values[0], 407.015503875969);
    assert_near(weights[0], 645.0);
    assert_near(
        value(measurement(&base, "hash/1KiB", "throughput")),
        1338903539.6859665,
    );
    assert_eq!(one_run(&fixture("criterion@base")), base);
}

#[test]
fn baselines_of_one_folder_are_told_apart_when_they_are_read_together() {
    let given = [
        "target/criterion@base",
        "messages",
        "target/criterion@new",
        "@base",
    ];
    let given = given.map(|path| match path {
        "messages" => fixture("cargo-criterion/messages.ndjson"),
        "@base" => fixture("criterion@base"),
        path => fixture("criterion").join(path),
    });
    let together = ingest::read_all(&given, &ReadOptions::default()).unwrap();
    let alone: Vec<_> = given.iter().map(|path| read(path).unwrap()).collect();
    assert_eq!(together, alone);
    assert_ne!(together[0][0].runs, together[2][0].runs);
}

#[test]
fn a_baseline_that_is_missing_or_broken_is_refused_beside_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let new = benchmark(folder.path(), "a/b");
    let refusal = || {
        let given = ["new", "old"].map(|name| {
            let path = format!("{}@{name}", folder.path().display());
            PathBuf::from(path)
        });
        let error = ingest::read_all(&given, &ReadOptions::default()).unwrap_err();
        format!("{error:#}").replace(&folder.path().display().to_string(), "F")
    };
    assert_eq!(
        refusal(),
        "read F: no benchmark in it has a baseline `old`; there is new"
    );
    let old = folder.path().join("a/b/old");
    fs::create_dir(&old).unwrap();
    assert_eq!(
        refusal(),
        "read F: no benchmark in it has a baseline `old`; there is new"
    );
    fs::copy(new.join("sample.json"), old.join("sample.json")).unwrap();
    assert_eq!(refusal(), "read F/a/b/old: there is no benchmark.json");
}

#[test]
fn a_folder_whose_name_holds_an_at_sign_wins_over_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    benchmark(&folder.path().join("criterion"), "inner/main");
    benchmark(&folder.path().join("criterion@main"), "outer/main");
    let run = one_run(&folder.path().join("criterion@main"));
    assert!(run.subjects.contains_key("outer/main"));
}

#[test]
fn a_baseline_named_after_a_branch_may_hold_a_slash() {
    let folder = tempfile::tempdir().unwrap();
    let new = benchmark(folder.path(), "a/b");
    let branch = folder.path().join("a/b/feature/x");
    fs::create_dir_all(&branch).unwrap();
    for name in ["benchmark.json", "sample.json"] {
        fs::copy(new.join(name), branch.join(name)).unwrap();
    }
    let path = |name: &str| PathBuf::from(format!("{}@{name}", folder.path().display()));
    assert_eq!(one_run(&path("feature/x")).subjects.len(), 1);
    let missing = refusal(&path("main"), folder.path());
    assert!(
        missing.contains("no benchmark in it has a baseline `main`; there is feature/x, new"),
        "{missing}"
    );
    assert!(read(&path("../b/new")).is_err());
}

#[test]
fn an_unknown_baseline_lists_those_that_exist() {
    for name in ["main", "change"] {
        let error = read(&fixture(&format!("criterion/target/criterion@{name}"))).unwrap_err();
        let text = format!("{error:#}");
        let expected = format!("no benchmark in it has a baseline `{name}`; there is base, new");
        assert!(text.ends_with(&expected), "{text}");
        assert!(
            hint::of(&error)
                .unwrap()
                .contains(&format!("--save-baseline {name}"))
        );
    }
}

#[test]
fn benchmarks_named_like_criterions_own_folders_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["new", "a/new", "a", "report", "a/base", "a/report"] {
        benchmark(folder.path(), id);
    }
    assert_eq!(one_run(folder.path()).subjects.len(), 6);
}

#[test]
fn without_samples_criterions_own_estimate_stands_in_and_a_warning_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let estimate = |run: &Run, subject: &str| match run.subjects[subject]["time"].evidence {
        Evidence::Estimate(estimate) => estimate,
        ref other => panic!("{other:?}"),
    };
    for id in ["1KiB", "flat_elements"] {
        let place = folder.path().join("hash").join(id).join("new");
        fs::create_dir_all(&place).unwrap();
        for name in ["benchmark.json", "estimates.json"] {
            let from = fixture("criterion/target/criterion/hash")
                .join(id)
                .join("new")
                .join(name);
            fs::copy(from, place.join(name)).unwrap();
        }
    }
    let run = one_run(folder.path());
    // The slope, and the mean where the sampling was flat: what criterion printed.
    assert_near(estimate(&run, "hash/1KiB").point, 946.6172893086615);
    assert_near(
        estimate(&run, "hash/flat_elements").point,
        6491.941064740503,
    );
    assert_near(estimate(&run, "hash/flat_elements").high, 6686.423025682183);
    assert_near(
        value(measurement(&run, "hash/1KiB", "throughput")),
        1024.0 / 946.6172893086615e-9,
    );
    let warning = "`hash/1KiB` and 1 more: no sample.json, so criterion's own estimate stands in for the samples";
    assert_eq!(run.warnings, [warning]);
}

#[test]
fn an_unknown_kind_of_throughput_is_a_warning_and_the_times_stay() {
    let folder = tempfile::tempdir().unwrap();
    let place = benchmark(folder.path(), "a/b");
    let named = r#"{"group_id":"a","throughput":{"Parsecs":4},"full_id":"a/b"}"#;
    fs::write(place.join("benchmark.json"), named).unwrap();
    let run = one_run(folder.path());
    assert_eq!(
        run.warnings,
        [r#"`a/b`: its throughput is of an unknown kind, {"Parsecs":4}"#]
    );
    assert_eq!(run.subjects["a/b"].len(), 1);
}

#[test]
fn one_name_in_two_folders_is_refused_with_both() {
    let folder = tempfile::tempdir().unwrap();
    let place = benchmark(folder.path(), "a/b");
    let twin = benchmark(folder.path(), "a/c");
    fs::copy(place.join("benchmark.json"), twin.join("benchmark.json")).unwrap();
    assert_eq!(
        refusal(folder.path(), folder.path()),
        "read a/c/new: `a/b` is also in a/b/new"
    );
}

#[test]
fn broken_files_of_a_benchmark_are_refused_by_path_and_place() {
    let cases = [
        (
            "sample.json",
            r#"{"iters":[1.0,2.0],"times":[10.0,0.0]}"#,
            "times[1]: 0 is not a positive time",
        ),
        (
            "sample.json",
            r#"{"iters":[1.0,2.0],"times":[10.0,-3.0]}"#,
            "times[1]: -3 is not a positive time",
        ),
        (
            "sample.json",
            r#"{"iters":[1.0],"times":[10.0,3.0]}"#,
            "times holds 2 numbers and iters 1",
        ),
        (
            "sample.json",
            r#"{"iters":[],"times":[]}"#,
            "times: it holds no samples",
        ),
        (
            "sample.json",
            r#"{"iters":[1],"times":[NaN]}"#,
            "expected value at line 1 column 23",
        ),
        (
            "sample.json",
            r#"{"iters":[1],"times":[1e999]}"#,
            "number out of range at line 1 column 27",
        ),
        (
            "sample.json",
            r#"{"iters":[1],"times":"#,
            "EOF while parsing a value at line 1 column 21",
        ),
        ("sample.json", "", "it is empty"),
        (
            "benchmark.json",
            r#"{"group_id":"a","full_id":""}"#,
            "full_id: it is empty",
        ),
        (
            "benchmark.json",
            r#"{"group_id":"a"}"#,
            "missing field `full_id` at line 1 column 16",
        ),
    ];
    for (name, content, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let place = benchmark(folder.path(), "a/b");
        fs::write(place.join(name), content).unwrap();
        let expected = format!("read a/b/new/{name}: {expected}");
        assert_eq!(refusal(folder.path(), folder.path()), expected);
    }
}

#[test]
fn missing_files_of_a_benchmark_are_named() {
    let folder = tempfile::tempdir().unwrap();
    benchmark(folder.path(), "a/a");
    let place = benchmark(folder.path(), "a/b");
    fs::remove_file(place.join("sample.json")).unwrap();
    let neither = "read a/b/new: there is neither sample.json nor estimates.json";
    assert_eq!(refusal(folder.path(), folder.path()), neither);
    benchmark(folder.path(), "a/b");
    fs::remove_file(place.join("benchmark.json")).unwrap();
    assert_eq!(
        refusal(folder.path(), folder.path()),
        "read a/b/new: there is no benchmark.json"
    );
}

#[test]
fn many_benchmarks_read_by_threads_are_the_same_as_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..150 {
        benchmark(folder.path(), &format!("group{}/b{at}", at % 7));
    }
    let run = one_run(folder.path());
    assert_eq!(run.subjects.len(), 150);
    let spoilt = |at: usize| {
        folder
            .path()
            .join(format!("group{}/b{at}/new/sample.json", at % 7))
    };
    fs::write(spoilt(70), "[]").unwrap();
    fs::write(spoilt(149), "[]").unwrap();
    // The first in order is named, whichever thread was faster.
    for _ in 0..5 {
        let text = refusal(folder.path(), folder.path());
        assert!(
            text.starts_with("read group0/b70/new/sample.json: "),
            "{text}"
        );
    }
}

#[test]
fn cargo_criterion_messages_hold_the_same_kind_of_samples() {
    let run = one_run(&fixture("cargo-criterion/messages.ndjson"));
    assert_eq!(run.subjects.len(), 7);
    assert_eq!(
        run.provenance.tool.as_ref().unwrap().name,
        "cargo-criterion"
    );
    let time = measurement(&run, "hash/1KiB", "time");
    assert_eq!((time.better, time.role), (Better::Lower, Role::Outcome));
    assert_eq!(time.unit, Unit::new("ns"));
    let (values, weights) = samples(time);
    assert_eq!(values.len(), 50);
    assert_near(values[0], 754.025956284153);
    assert_near(values[49], 1189.9199726775955);
    assert_eq!(weights[..2], [732.0, 1464.0]);
    let throughput = measurement(&run, "hash/1KiB", "throughput");
    assert_eq!(
        (throughput.better, throughput.role),
        (Better::Higher, Role::Fixed)
    );
    assert_near(value(throughput), 1018314785.100419);
    let elements = measurement(&run, "hash/flat_elements", "throughput");
    assert_eq!(elements.unit, Unit::new("elements/s"));
    assert_near(value(elements), 13323935.00740962);
    let second = one_run(&fixture("cargo-criterion/messages-second-run.ndjson"));
    let (values, _) = samples(measurement(&second, "fib/iter/with slash & spaces", "time"));
    assert_near(values[49], 17.744697638005768);
}

/// One message with one sample of `total` over two iterations.
fn message(id: &str, total: &str, unit: &str) -> String {
    format!(
        r#"{{"reason":"benchmark-complete","id":"{id}","iteration_count":[2],"measured_values":[{total}],"unit":"{unit}","throughput":[{{"per_iteration":10,"unit":"elements"}},{{"per_iteration":4,"unit":"bytes"}}]}}"#
    )
}

#[test]
fn messages_in_other_units_of_time_become_nanoseconds() {
    for (unit, total) in [
        ("ns", "6000000"),
        ("us", "6000"),
        ("ms", "6"),
        ("s", "0.006"),
    ] {
        let run = cargo_criterion::parse(&message("a", total, unit)).unwrap();
        let time = measurement(&run, "a", "time");
        assert_eq!(time.unit, Unit::new("ns"));
        assert_near(samples(time).0[0], 3e6);
        assert_near(value(measurement(&run, "a", "throughput")), 10.0 / 0.003);
        let bytes = measurement(&run, "a", "throughput-B");
        assert_eq!(bytes.unit, Unit::new("B/s"));
        assert_near(value(bytes), 4.0 / 0.003);
    }
}

#[test]
fn a_measurement_that_is_no_time_is_named_by_its_unit_and_has_no_rate() {
    let run = cargo_criterion::parse(&message("a", "600", "cycles")).unwrap();
    assert_eq!(run.subjects["a"].len(), 1);
    assert_near(samples(measurement(&run, "a", "cycles")).0[0], 300.0);
}

#[test]
fn what_cargo_says_between_the_messages_is_passed_over() {
    let text = format!(
        "{}\n\n{}\r\n{}\n",
        r#"{"reason":"compiler-artifact","package_id":"x","target":{"kind":["bench"]}}"#,
        message("a", "6", "ns"),
        r#"{"reason":"build-finished","success":true}"#
    );
    assert_eq!(cargo_criterion::parse(&text).unwrap().subjects.len(), 1);
}

#[test]
fn broken_messages_are_refused_by_line() {
    let good = message("a", "6", "ns");
    let cases = [
        (
            format!("{good}\nGnuplot not found\n"),
            "line 2: column 1: expected value",
        ),
        (
            format!("{good}\n\n{good}\n"),
            "line 3: `a` was complete in line 1 already",
        ),
        (
            format!("\n{}", message("a", "0", "ns")),
            "line 2, `a`: measured_values[0]: 0 is not a positive time",
        ),
        (message("", "1", "ns"), "line 1, ``: id: it is empty"),
        (
            r#"{"reason":"build-finished"}"#.to_owned(),
            "no line of it has the reason `benchmark-complete`",
        ),
        (
            r#"{"reason":"benchmark-complete","id":"a"}"#.to_owned(),
            "line 1: column 40: missing field `iteration_count`",
        ),
        (
            r#"{"id":"a"}"#.to_owned(),
            "line 1: column 10: missing field `reason`",
        ),
    ];
    for (text, expected) in cases {
        let error = cargo_criterion::parse(&text).unwrap_err();
        assert_eq!(format!("{error:#}"), expected, "{text}");
    }
}

#[test]
fn a_message_cut_off_anywhere_is_refused_and_those_before_it_do_not_hide_that() {
    let text = fs::read_to_string(fixture("cargo-criterion/messages.ndjson")).unwrap();
    let good = message("first", "6", "ns");
    for line in text.lines() {
        let cuts = (1..line.len()).filter(|&cut| line.is_char_boundary(cut));
        assert!(cuts.clone().count() > 100);
        for cut in cuts {
            assert!(cargo_criterion::parse(&line[..cut]).is_err(), "{cut}");
        }
        let half = &line[..line.len() / 2];
        let error = cargo_criterion::parse(&format!("{good}\n{half}")).unwrap_err();
        assert!(
            format!("{error:#}").starts_with("line 2: column "),
            "{error:#}"
        );
    }
}

#[test]
fn files_of_a_benchmark_cut_off_anywhere_are_refused() {
    let root = fixture("criterion/target/criterion");
    for id in ["hash/1KiB", "hash/flat_elements", "ungrouped"] {
        let bytes = |name: &str| fs::read(root.join(id).join("new").join(name)).unwrap();
        let (named, sample, estimates) = (
            bytes("benchmark.json"),
            bytes("sample.json"),
            bytes("estimates.json"),
        );
        assert!((0..named.len()).all(|cut| criterion::parse_benchmark(&named[..cut]).is_err()));
        assert!((0..sample.len()).all(|cut| criterion::parse_sample(&sample[..cut]).is_err()));
        assert!(
            (0..estimates.len()).all(|cut| criterion::parse_estimates(&estimates[..cut]).is_err())
        );
        assert!(criterion::parse_benchmark(&named).is_ok());
        assert!(criterion::parse_sample(&sample).is_ok());
        assert!(criterion::parse_estimates(&estimates).is_ok());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = criterion::parse_benchmark(&bytes);
        let _ = criterion::parse_sample(&bytes);
        let _ = criterion::parse_estimates(&bytes);
        let _ = cargo_criterion::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_sample_file_of_any_numbers_is_refused_or_holds_positive_times(
        numbers in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..20),
    ) {
        let (times, iters): (Vec<_>, Vec<_>) = numbers.iter().map(|(a, b)| (a.to_string(), b.to_string())).unzip();
        let json = format!(r#"{{"iters":[{}],"times":[{}]}}"#, iters.join(","), times.join(","));
        if let Ok(iterations) = criterion::parse_sample(json.as_bytes()) {
            let median = iterations.median();
            prop_assert!(median.is_finite() && median > 0.0, "{median}");
        }
    }
}
