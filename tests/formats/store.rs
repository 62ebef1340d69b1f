//! Baseline files from outside: what stays in them, how their diffs read, and that nothing is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hdrhistogram::Histogram;
use perfgate::model::evidence::Moments;
use perfgate::model::{
    Anchor, Baseline, Better, Evidence, Measurement, MetricName, Point, Quantile, Role, Run,
    Subject, Unit,
};
use perfgate::store::{Window, add, is_baseline, json_schema, read, update};

/// A small run at a minute, of a session, on a machine.
fn run(minute: i64, session: &str, key: &str) -> Run {
    let mut run = Run::default();
    run.provenance.started_at =
        Some(jiff::Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap());
    run.provenance.session = Some(session.to_owned());
    run.provenance.environment.key = Some(key.to_owned());
    for subject in ["GET /a", "GET /b"] {
        let samples = Evidence::samples(vec![
            1.0,
            2.0,
            4.0 + f64::from(i32::try_from(minute).unwrap()),
        ]);
        run.insert(
            Subject::new(subject),
            MetricName::new("latency"),
            latency(samples.unwrap()),
        );
    }
    run
}

fn latency(evidence: Evidence) -> Measurement {
    Measurement {
        unit: Unit::new("ms"),
        better: Better::Lower,
        role: Role::Outcome,
        evidence,
    }
}

/// Stands for the one that the gate uses: the judged statistics of a distribution.
fn reduce(evidence: &Evidence) -> Evidence {
    match evidence {
        Evidence::Samples(samples) => {
            let middle = samples.values()[samples.values().len() / 2];
            quantiles([(Quantile::P50, middle)], 3)
        }
        Evidence::Histogram(d) => {
            let values = [
                (Quantile::P50, 0.5),
                (Quantile::P90, 0.9),
                (Quantile::P95, 0.95),
                (Quantile::P99, 0.99),
                (Quantile::P999, 0.999),
            ]
            .map(|(q, share)| (q, d.histogram.value_at_quantile(share) as f64 * d.scale));
            quantiles(values, d.histogram.len())
        }
        other => other.clone(),
    }
}

fn quantiles<const N: usize>(values: [(Quantile, f64); N], n: u64) -> Evidence {
    let moments = Moments {
        mean: Some(values[0].1 * 1.037_123_456_7),
        min: None,
        max: Some(values[N - 1].1),
    };
    let points = values.into_iter().map(|(q, value)| {
        (
            q,
            Point {
                value,
                resolution: 0.0,
            },
        )
    });
    Evidence::quantiles(points, n, moments).unwrap()
}

fn adding(path: &Path, new: Vec<Run>) -> Baseline {
    update(path, |old| Ok(add(old, new, &Window::default(), &reduce))).unwrap()
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.json");
    (folder, path)
}

fn minutes(baseline: &Baseline) -> Vec<i64> {
    let minute = |run: &Run| (run.provenance.started_at.unwrap().as_second() - 1_800_000_000) / 60;
    baseline.runs.iter().map(minute).collect()
}

fn kinds(baseline: &Baseline) -> Vec<&'static str> {
    let kind = |run: &Run| run.subjects["GET /a"]["latency"].evidence.kind();
    baseline.runs.iter().map(kind).collect()
}

#[test]
fn what_was_added_is_read_again() {
    let (folder, path) = folder();
    let written = adding(&path, vec![run(1, "s", "m"), run(2, "s", "m")]);
    assert_eq!(read(&path).unwrap(), written);
    assert!(is_baseline(&fs::read(&path).unwrap()));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "no litter");
}

#[test]
fn folders_on_the_way_are_made() {
    let (folder, _) = folder();
    let path = folder.path().join("baselines/api/main.json");
    adding(&path, vec![run(1, "s", "m")]);
    assert_eq!(read(&path).unwrap().runs.len(), 1);
}

#[test]
fn each_environment_keeps_its_newest_runs() {
    let mut runs: Vec<Run> = (0..25).map(|i| run(i, &i.to_string(), "one")).collect();
    runs.extend((0..3).map(|i| run(i, &i.to_string(), "two")));
    let baseline = add(Baseline::default(), runs, &Window::default(), &reduce);
    let of = |key: &str| {
        let runs = baseline.runs.iter();
        runs.filter(|run| run.provenance.environment.key().as_deref() == Some(key))
            .count()
    };
    assert_eq!((of("one"), of("two")), (20, 3));
    assert_eq!(minutes(&baseline).last(), Some(&24));
    let two = add(baseline, vec![], &Window { runs: 2 }, &reduce);
    assert_eq!(minutes(&two), [1, 2, 23, 24]);
}

#[test]
fn only_the_newest_session_of_each_environment_keeps_full_evidence() {
    let runs = vec![
        run(1, "old", "one"),
        run(2, "new", "one"),
        run(3, "new", "one"),
        run(0, "far", "two"),
    ];
    let baseline = add(Baseline::default(), runs, &Window::default(), &reduce);
    assert_eq!(
        kinds(&baseline),
        ["samples", "quantiles", "samples", "samples"]
    );
    // A session without a name ends where no run of it follows for hours.
    let mut unnamed = [
        run(4, "", "three"),
        run(1_000, "", "three"),
        run(1_001, "", "three"),
    ];
    unnamed
        .iter_mut()
        .for_each(|run| run.provenance.session = None);
    let baseline = add(baseline, unnamed.to_vec(), &Window::default(), &reduce);
    assert_eq!(&kinds(&baseline)[4..], ["quantiles", "samples", "samples"]);
}

#[test]
fn runs_are_in_order_of_time_and_else_as_they_were_added() {
    let untimed = |commit: &str| {
        let mut run = run(0, commit, "m");
        run.provenance.started_at = None;
        run.provenance.commit = Some(commit.to_owned());
        run
    };
    let new = vec![
        untimed("first"),
        run(9, "c", "m"),
        untimed("after nine"),
        run(3, "a", "m"),
    ];
    let baseline = add(Baseline::default(), new, &Window::default(), &reduce);
    let baseline = add(
        baseline,
        vec![run(5, "b", "m"), untimed("last")],
        &Window::default(),
        &reduce,
    );
    let order: Vec<String> = baseline
        .runs
        .iter()
        .filter_map(|r| r.provenance.session.clone())
        .collect();
    assert_eq!(order, ["first", "a", "b", "c", "after nine", "last"]);
}

#[test]
fn the_same_file_twice_does_not_double_the_evidence() {
    let file = vec![run(1, "old", "m"), run(2, "new", "m")];
    let once = add(
        Baseline::default(),
        file.clone(),
        &Window::default(),
        &reduce,
    );
    let twice = add(once.clone(), file.clone(), &Window::default(), &reduce);
    assert_eq!(once, twice);
    let together = [file.clone(), file].concat();
    assert_eq!(
        add(Baseline::default(), together, &Window::default(), &reduce),
        once
    );
}

#[test]
fn equal_runs_without_a_time_are_runs_of_their_own_in_one_file() {
    let mut count = run(0, "s", "m");
    count.provenance.started_at = None;
    let file = vec![count.clone(), count.clone(), count];
    let once = add(
        Baseline::default(),
        file.clone(),
        &Window::default(),
        &reduce,
    );
    assert_eq!(once.runs.len(), 3);
    assert_eq!(add(once, file, &Window::default(), &reduce).runs.len(), 3);
}

#[test]
fn a_run_that_comes_or_goes_changes_no_line_of_another() {
    let (_folder, path) = folder();
    adding(&path, (0..20).map(|i| run(i, "s", "m")).collect());
    let before = fs::read_to_string(&path).unwrap();
    // The session goes on, so nothing is reduced; the window is full, so the oldest goes.
    adding(&path, vec![run(20, "s", "m")]);
    let after = fs::read_to_string(&path).unwrap();
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    // Three lines open the file and two end it; a run is a header, `"subjects": {`, two subjects, and the brackets.
    let (head, each, end) = (3, 5, before.len() - 2);
    assert_eq!(before[..head], after[..head], "the beginning");
    assert_eq!(
        before[head + each..end],
        after[head..end - each],
        "all runs but the oldest"
    );
    assert_eq!(before[end..], after[end..], "the end");
    assert_eq!(before.len(), after.len());
}

#[test]
fn a_header_is_one_line_and_so_is_a_subject() {
    let (_folder, path) = folder();
    let mut baseline = adding(&path, vec![run(0, "old", "m"), run(1, "new", "m")]);
    baseline.anchor = Some(Anchor {
        label: "v1".to_owned(),
        budget: 0.15,
        runs: vec![run(0, "v1", "m")],
    });
    update(&path, |_| Ok(baseline.clone())).unwrap();
    let expected = r#"{
"schema": "perfgate.baseline/1",
"anchor": {"budget": 0.15, "label": "v1", "runs": [{
  "environment": {"key": "m"}, "session": "v1", "started_at": "2027-01-15T08:00:00Z",
  "subjects": {
    "GET /a": {"latency": {"samples": [1.0, 2.0, 4.0], "unit": "ms"}},
    "GET /b": {"latency": {"samples": [1.0, 2.0, 4.0], "unit": "ms"}}
}}]},
"runs": [{
  "environment": {"key": "m"}, "session": "old", "started_at": "2027-01-15T08:00:00Z",
  "subjects": {
    "GET /a": {"latency": {"max": 2.0, "mean": 2.0742469134, "n": 3, "quantiles": {"0.5": 2.0}, "unit": "ms"}},
    "GET /b": {"latency": {"max": 2.0, "mean": 2.0742469134, "n": 3, "quantiles": {"0.5": 2.0}, "unit": "ms"}}
}}, {
  "environment": {"key": "m"}, "session": "new", "started_at": "2027-01-15T08:01:00Z",
  "subjects": {
    "GET /a": {"latency": {"samples": [1.0, 2.0, 5.0], "unit": "ms"}},
    "GET /b": {"latency": {"samples": [1.0, 2.0, 5.0], "unit": "ms"}}
}}]
}
"#;
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(read(&path).unwrap(), baseline);
}

#[test]
fn the_json_schema_holds_for_what_is_written_and_shares_its_words_with_that_of_runs() {
    let (_folder, path) = folder();
    let mut baseline = adding(&path, vec![run(0, "old", "m"), run(1, "new", "m")]);
    baseline.anchor = Some(Anchor {
        label: "v1".to_owned(),
        budget: 0.15,
        runs: baseline.runs.clone(),
    });
    update(&path, |_| Ok(baseline)).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut document = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(validator.is_valid(&document));
    document["runs"][0]["subjects"]["GET /a"]["latency"]["unit"] = "MB".into();
    assert!(!validator.is_valid(&document));
    let of_runs: serde_json::Value =
        serde_json::from_str(&perfgate::model::run_file::json_schema()).unwrap();
    let run = &schema["$defs"]["Run"];
    assert_eq!(run["required"], serde_json::json!(["subjects"]));
    // A baseline holds no timelines.
    assert!(run["properties"].get("timeline").is_none());
    for (name, property) in of_runs["properties"].as_object().unwrap() {
        if name != "timeline" {
            assert_eq!(property, &run["properties"][name], "{name}");
        }
    }
}

/// Log-normal latencies in microseconds, from a fixed sequence.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "microseconds, some thousands of them"
)]
fn histogram(seed: u64, requests: usize) -> Histogram<u64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
    for _ in 0..requests {
        let normal: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let slow = if uniform() < 0.01 { 3.0 } else { 1.0 };
        histogram
            .record((20_000.0 * (0.4 * normal).exp() * slow) as u64)
            .unwrap();
    }
    histogram
}

#[test]
fn fifty_endpoints_of_twenty_runs_stay_below_512_kib() {
    let (_folder, path) = folder();
    let session = |session: i64| -> Vec<Run> {
        (0..5)
            .map(|i| {
                let mut run = run(
                    session * 100 + i,
                    &format!("github-{session}"),
                    "linux, x86_64, AMD EPYC 7763, 4 cores",
                );
                run.subjects.clear();
                for endpoint in 0..50_u64 {
                    let seed = endpoint * 1000 + u64::try_from(session * 10 + i).unwrap();
                    let subject = Subject::new(format!("GET /api/v1/resource-{endpoint}/items"));
                    let latencies = Evidence::histogram(histogram(seed, 3000), 0.001).unwrap();
                    run.insert(
                        subject.clone(),
                        MetricName::new("latency"),
                        latency(latencies),
                    );
                    let errors = Measurement {
                        unit: Unit::none(),
                        ..latency(Evidence::proportion(seed % 7, 3000).unwrap())
                    };
                    run.insert(subject.clone(), MetricName::new("errors"), errors);
                    let throughput = Measurement {
                        unit: Unit::new("req/s"),
                        better: Better::Higher,
                        ..latency(Evidence::value(99.87 + seed as f64 / 1e4).unwrap())
                    };
                    run.insert(subject, MetricName::new("throughput"), throughput);
                }
                run
            })
            .collect()
    };
    adding(&path, (0..4).flat_map(session).collect());
    let baseline = read(&path).unwrap();
    assert_eq!(baseline.runs.len(), 20);
    let full = |run: &Run| {
        run.subjects
            .values()
            .all(|m| m["latency"].evidence.kind() == "histogram")
    };
    let full: Vec<bool> = baseline.runs.iter().map(full).collect();
    // Only of the newest session, the newest of it, and as many as there is room for.
    let whole = full.iter().filter(|full| **full).count();
    assert!(
        whole >= 3 && full[20 - whole..].iter().all(|full| *full),
        "{full:?}"
    );
    let bytes = fs::metadata(&path).unwrap().len();
    assert!(bytes < 512 * 1024, "{bytes} bytes");
}

#[test]
fn the_newest_run_stays_whole_however_large_it_is() {
    let large = |minute: i64| {
        let mut run = run(minute, "s", "m");
        let samples = (0..100_000).map(f64::from).collect();
        run.insert(
            Subject::new("GET /a"),
            MetricName::new("latency"),
            latency(Evidence::samples(samples).unwrap()),
        );
        run
    };
    let baseline = add(
        Baseline::default(),
        vec![large(1), large(2)],
        &Window::default(),
        &reduce,
    );
    assert_eq!(kinds(&baseline), ["quantiles", "samples"]);
}

#[test]
fn a_file_cut_off_at_any_byte_is_an_error_with_a_hint() {
    let (_folder, path) = folder();
    let mut baseline = adding(&path, vec![run(0, "a", "m"), run(1, "b", "m")]);
    baseline.anchor = Some(Anchor {
        label: "v1 µ".to_owned(),
        budget: 0.1,
        runs: vec![run(0, "a", "m")],
    });
    update(&path, |_| Ok(baseline)).unwrap();
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() - 1 {
        fs::write(&path, &whole[..end]).unwrap();
        if end + 1 == whole.trim_ascii_end().len() || end < whole.trim_ascii_end().len() {
            let error = read(&path).unwrap_err();
            assert!(perfgate::hint::of(&error).is_some(), "{end}: {error:#}");
            // And it is never replaced by an empty beginning.
            assert!(update(&path, Ok).is_err());
            assert_eq!(fs::read(&path).unwrap(), whole[..end]);
        }
    }
}

fn said(text: &str) -> String {
    let (_folder, path) = folder();
    fs::write(&path, text).unwrap();
    let error = read(&path).unwrap_err();
    format!(
        "{error:#}\nhint: {}",
        perfgate::hint::of(&error).unwrap_or("none")
    )
    .replace(&path.display().to_string(), "FILE")
}

#[test]
fn what_is_wrong_with_a_baseline_is_said_with_its_place() {
    let cases = [
        (
            "{\"schema\": \"perfgate.baseline/2\", \"windows\": []}",
            "`perfgate.baseline/2`, and this perfgate reads `perfgate.baseline/1`",
        ),
        (
            "{\"schema\": \"perfgate.baseline/2\", \"runs\": []}",
            "hint: a newer perfgate wrote it",
        ),
        (
            "{\"schema\": \"perfgate.run/1\", \"subjects\": {}}",
            "it is `perfgate.run/1`, not `perfgate.baseline/1`",
        ),
        ("{\"runs\": []}", "no `schema`"),
        ("{\"schema\": \"perfgate.baseline/1\"}", "no `runs`"),
        (
            "{\"schema\": \"perfgate.baseline/1\", \"run\": []}",
            "did you mean `runs`?",
        ),
        (
            "{\"schema\": \"perfgate.baseline/1\", \"runs\": [{\"subjects\": {}},\n {\"subjects\": {\"a\": {\"time\": {\"unit\": \"ns\", \"value\": -3}}}}]}",
            "line 2, column 54, `runs[1].subjects.a.time.value`: -3 is negative",
        ),
        (
            "{\"schema\": \"perfgate.baseline/1\", \"anchor\": {\"label\": \"x\", \"budget\": -1, \"runs\": []}, \"runs\": []}",
            "`anchor.budget`: -1 is negative",
        ),
        (
            "{\"schema\": \"perfgate.baseline/1\",\n<<<<<<< HEAD\n\"runs\": []\n=======\n\"runs\": []\n>>>>>>> x\n}",
            "read baseline FILE: line 2, column 1: it holds the conflict markers of an unfinished git merge",
        ),
        (
            "{\"schema\": \"perfgate.baseline/1\", \"anchor\": {\"label\": \"x\", \"budget\": 1, \"runs\": [{\"invalid\": \"late\", \"subjects\": {}}]}, \"runs\": []}",
            "`anchor.runs[0].invalid`: an anchor is no invalid run",
        ),
        (
            "{\"schema\": \"perfgate.baseline/1\", \"anchor\": {\"label\": \"x\", \"budget\": 1, \"runs\": [{\"partial\": true, \"subjects\": {}}]}, \"runs\": []}",
            "`anchor.runs[0].partial`: an anchor is no partial run",
        ),
        ("", "it is empty"),
        ("\u{feff}{}", "no `schema`"),
    ];
    for (text, words) in cases {
        let said = said(text);
        assert!(said.contains(words), "{text}\n{said}");
    }
}

#[test]
fn a_missing_baseline_names_the_command_that_makes_one() {
    let (_folder, path) = folder();
    let error = read(&path).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error:#}");
    assert!(
        perfgate::hint::of(&error)
            .unwrap()
            .contains("baseline update")
    );
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let (_folder, path) = folder();
    fs::write(&path, [0xff, 0xfe, b'{', 0]).unwrap();
    assert!(format!("{:#}", read(&path).unwrap_err()).contains("not UTF-8"));
}

#[test]
fn a_change_that_fails_leaves_the_old_file() {
    let (folder, path) = folder();
    adding(&path, vec![run(0, "a", "m")]);
    let before = fs::read(&path).unwrap();
    assert!(update(&path, |_| anyhow::bail!("refused")).is_err());
    // What could not be read again is not written: a time in a unit of size.
    let mut wrong = run(1, "b", "m");
    let measurement = Measurement {
        unit: Unit::new("MB"),
        ..latency(Evidence::value(1.0).unwrap())
    };
    wrong.insert(Subject::new("x"), MetricName::new("time"), measurement);
    let error = update(&path, |old| {
        Ok(add(old, vec![wrong], &Window::default(), &reduce))
    })
    .unwrap_err();
    assert!(
        format!("{error:#}").contains("subjects.x.time.unit"),
        "{error:#}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "no litter");
}

#[test]
fn a_read_only_baseline_and_an_impossible_folder_are_told_and_nothing_is_lost() {
    let (folder, path) = folder();
    adding(&path, vec![run(0, "a", "m")]);
    let before = fs::read(&path).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = update(&path, |old| {
        Ok(add(
            old,
            vec![run(1, "a", "m")],
            &Window::default(),
            &reduce,
        ))
    })
    .unwrap_err();
    assert!(format!("{error:#}").contains("read-only"), "{error:#}");
    assert_eq!(fs::read(&path).unwrap(), before);
    let error = update(&path.join("below/main.json"), Ok).unwrap_err();
    assert!(format!("{error:#}").contains("create folder"), "{error:#}");
    drop(folder);
}

#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_folder_is_told() {
    // Not even the superuser makes files there.
    let error = update(Path::new("/proc/main.json"), Ok).unwrap_err();
    let said = format!("{error:#}");
    assert!(
        said.contains("write baseline /proc/main.json: create a file in /proc"),
        "{said}"
    );
    assert!(perfgate::hint::of(&error).unwrap().contains("writable"));
}

#[test]
fn what_a_killed_writer_left_is_no_hindrance() {
    let (folder, path) = folder();
    adding(&path, vec![run(0, "a", "m")]);
    fs::write(
        folder.path().join(".main.json.x8Yz.tmp"),
        "{\"schema\": \"perf",
    )
    .unwrap();
    adding(&path, vec![run(1, "a", "m")]);
    assert_eq!(minutes(&read(&path).unwrap()), [0, 1]);
}

#[cfg(unix)]
#[test]
fn a_linked_baseline_is_written_through_and_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, path) = folder();
    let real = folder.path().join("real/deep.json");
    fs::create_dir(folder.path().join("real")).unwrap();
    symlink("real/deep.json", &path).unwrap();
    adding(&path, vec![run(0, "a", "m")]);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o664)).unwrap();
    adding(&path, vec![run(1, "a", "m")]);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(minutes(&read(&real).unwrap()), [0, 1]);
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o664
    );
    symlink("circle.json", folder.path().join("circle.json")).unwrap();
    assert!(update(&folder.path().join("circle.json"), Ok).is_err());
}

const WRITERS: i64 = 6;
const RUNS_EACH: i64 = 3;

fn write_some(path: &Path, writer: i64) {
    for i in 0..RUNS_EACH {
        let minute = writer * RUNS_EACH + i;
        adding(path, vec![run(minute, &minute.to_string(), "m")]);
    }
}

fn assert_all_there(path: &Path) {
    let found: BTreeSet<i64> = minutes(&read(path).unwrap()).into_iter().collect();
    assert_eq!(found, (0..WRITERS * RUNS_EACH).collect::<BTreeSet<i64>>());
}

#[test]
fn threads_that_write_at_once_lose_nothing() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || write_some(path, writer));
        }
    });
    assert_all_there(&path);
}

const PLACE: &str = "STORE_TEST_BASELINE";
const WRITER: &str = "STORE_TEST_WRITER";

/// The task of a child process, which it finds in its environment.
#[test]
#[ignore = "a part of the two tests below, which run it as a process"]
fn as_a_child_process_writes_its_share() {
    let path = std::env::var(PLACE).unwrap();
    write_some(
        Path::new(&path),
        std::env::var(WRITER).unwrap().parse().unwrap(),
    );
}

#[test]
#[ignore = "a part of the test below, which runs it as a process and kills it"]
fn as_a_child_process_writes_until_it_is_killed() {
    let path = std::env::var(PLACE).unwrap();
    for minute in 0.. {
        adding(Path::new(&path), vec![run(minute, "s", "m")]);
    }
}

fn child(task: &str, path: &Path, writer: i64) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", &format!("store::{task}")])
        .env(PLACE, path)
        .env(WRITER, writer.to_string())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    let (_folder, path) = folder();
    let writer = |writer| child("as_a_child_process_writes_its_share", &path, writer);
    let children: Vec<_> = (0..WRITERS).map(writer).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_all_there(&path);
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_whole_file_and_nothing_beside_it() {
    let (folder, path) = folder();
    for attempt in 0..8 {
        let mut child = child("as_a_child_process_writes_until_it_is_killed", &path, 0);
        while !path.exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(20 + 7 * attempt));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!read(&path).unwrap().runs.is_empty());
        adding(
            &path,
            vec![run(1_000_000 + i64::try_from(attempt).unwrap(), "s", "m")],
        );
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }
}
