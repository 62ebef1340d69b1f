//! What a path is taken for, and what is said where it is nothing that perfgate knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfgate::hint;
use perfgate::ingest::recognise::{Unrecognised, recognise};
use perfgate::ingest::{self, Format, Ingested, ReadOptions};
use proptest::prelude::*;

const RUN: &str = r#"{"schema": "perfgate.run/1", "subjects": {"GET /": {"latency": {"unit": "ms", "better": "lower", "value": 3.5}}}}
"#;
const STATS: &str = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%
GET,/,404,0,21,22.39247359158197,12.39282100004857,56.212467000023025,200.0,50.444260065839856,0.0,21,24,26,27,30,32,36,37,56,56,56
,Aggregated,404,0,21,22.39247359158197,12.39282100004857,56.212467000023025,200.0,50.444260065839856,0.0,21,24,26,27,30,32,36,37,56,56,56
";
const HISTORY: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,Total Min Response Time,Total Max Response Time,Total Average Content Size
1795191534,20,,Aggregated,0.000000,0.000000,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,0,0,0,0.0,0,0,0
1795191535,20,GET,/,50.000000,0.000000,21,24,26,27,30,32,36,37,56,56,56,200,0,21,22.389541092580757,12.764003000029334,56.212467000023025,200.0
1795191536,20,GET,/,50.000000,0.000000,21,24,26,27,30,32,36,37,56,56,56,404,0,21,22.39247359158197,12.39282100004857,56.212467000023025,200.0
";
const FAILURES: &str = "Method,Name,Error,Occurrences,First Seen,Last Seen\n";
const JSON: &str = r#"
[
    {"name": "/", "method": "GET", "last_request_timestamp": 1795191542.8, "start_time": 1795191534.1,
     "num_requests": 410, "num_none_requests": 0, "num_failures": 0, "total_response_time": 9180.9,
     "max_response_time": 56.2, "min_response_time": 12.3, "total_content_length": 82000,
     "response_times": {"21": 400, "56": 10}, "num_reqs_per_sec": {"1795191534": 410}, "num_fail_per_sec": {}}
]
"#;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

fn read(path: &Path) -> anyhow::Result<Vec<Ingested>> {
    ingest::read(path, &ReadOptions::default())
}

fn read_as(path: &Path, from: Format) -> anyhow::Result<Vec<Ingested>> {
    let options = ReadOptions {
        from: Some(from),
        warmup: None,
        ..ReadOptions::default()
    };
    ingest::read(path, &options)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            folder.write(name, content.as_bytes());
        }
        folder
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Relative paths of what was taken, in order.
    fn taken(&self, read: &[Ingested]) -> Vec<String> {
        let relative = |path: &Path| {
            path.strip_prefix(self.path())
                .unwrap()
                .display()
                .to_string()
        };
        read.iter().map(|one| relative(&one.path)).collect()
    }

    fn refusal(&self, name: &str) -> String {
        let error = read(&self.path().join(name)).unwrap_err();
        format!("{error:#}").replace(&format!("{}/", self.path().display()), "")
    }
}

#[test]
fn each_format_is_recognised_from_its_head() {
    let messages = fs::read(fixture("cargo-criterion/messages.ndjson")).unwrap();
    for head in [STATS, HISTORY, FAILURES, JSON] {
        assert_eq!(recognise(head.as_bytes()), Ok(Format::Locust), "{head}");
    }
    assert_eq!(recognise(&messages), Ok(Format::CargoCriterion));
    let list = format!("[\n{RUN}]");
    let forms = [
        RUN,
        &list,
        "{\"subjects\": {",
        "\u{feff}{\"schema\":\"perfgate.run/1\"",
        "{\"commit\": \"x\", \"schema\": \"perfgate.run/9",
    ];
    for head in forms {
        assert_eq!(recognise(head.as_bytes()), Ok(Format::Perfgate), "{head}");
    }
}

#[test]
fn messages_are_recognised_behind_what_cargo_and_benchmarks_print() {
    let text = "Gnuplot not found\n{\"reason\":\"benchmark-complete\",\"id\":\"a\"}\n";
    assert_eq!(recognise(text.as_bytes()), Ok(Format::CargoCriterion));
    // A document of someone else's that has a reason further in is not a message.
    assert!(recognise(b"{\"error\": {\"reason\": \"x\"}}").is_err());
}

#[test]
fn the_output_of_other_tools_is_named() {
    let names = [
        ("criterion.txt", "criterion's text"),
        ("locust-stderr.txt", "Locust's console output"),
        ("../k6/stdout.txt", "k6's text"),
        ("../autocannon/table.txt", "autocannon's table"),
        ("../ab/connrefused.txt", "ab's text without its results"),
        ("../ab/table.html", "ab's HTML table (`-w`)"),
        ("../vegeta/base-1.report.txt", "vegeta's text report"),
        ("../vegeta/base-1.results.gob", "vegeta's binary results"),
    ];
    for (file, what) in names {
        let head = fs::read(fixture("other-tools").join(file)).unwrap();
        match recognise(&head) {
            Err(Unrecognised::Stranger(stranger)) => assert_eq!(stranger.what, what, "{file}"),
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn files_of_ours_that_are_no_results_say_where_they_belong() {
    let folder = Folder::with(&[
        (
            "main.json",
            r#"{"schema": "perfgate.baseline/1", "runs": []}"#,
        ),
        (
            "verdict.json",
            r#"{"schema": "perfgate.verdict/1", "verdict": "pass"}"#,
        ),
    ]);
    let error = read(&folder.path().join("main.json")).unwrap_err();
    assert!(
        format!("{error:#}")
            .contains("it looks like a perfgate baseline, not a result; looked for")
    );
    assert_eq!(hint::of(&error), Some("pass it with --baseline"));
    assert!(
        folder
            .refusal("verdict.json")
            .contains("a perfgate verdict, not a result")
    );
    let part = read(&fixture(
        "criterion/target/criterion/ungrouped/new/sample.json",
    ))
    .unwrap_err();
    assert_eq!(
        hint::of(&part),
        Some("give the whole folder: target/criterion")
    );
}

#[test]
fn what_is_not_recognised_lists_what_was_looked_for() {
    let folder = Folder::with(&[
        ("notes.txt", "hello\n"),
        ("empty.json", " \n"),
        ("list.json", "[1, 2]"),
    ]);
    for name in ["notes.txt", "list.json"] {
        let text = folder.refusal(name);
        assert!(text.starts_with(&format!(
            "recognise {name}: its content is no known result; looked for "
        )));
        assert!(text.contains("perfgate.run/1"), "{text}");
        for format in Format::ALL {
            assert!(text.contains(format.as_str()), "{format}: {text}");
        }
    }
    assert_eq!(folder.refusal("empty.json"), "read empty.json: it is empty");
    folder.write("wide.csv", b"\xff\xfeT\0y\0p\0e\0");
    assert_eq!(
        folder.refusal("wide.csv"),
        "read wide.csv: it is UTF-16, and results are UTF-8"
    );
}

#[test]
fn text_in_another_encoding_is_refused_with_the_command_that_converts_it() {
    let folder = Folder::with(&[]);
    let hinted = |name: &str, bytes: &[u8]| {
        folder.write(name, bytes);
        let error = read(&folder.0.path().join(name)).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("UTF-"), "{name}: {text}");
        hint::of(&error).unwrap_or_default().to_owned()
    };
    // The name of the endpoint is `/搜索` in GBK.
    let in_gbk = |text: &str| {
        let at = text.find('@').unwrap();
        let (before, after) = text.split_at(at);
        [
            before.as_bytes(),
            b"/\xcb\xd1\xcb\xf7",
            &after.as_bytes()[1..],
        ]
        .concat()
    };
    let jtl = "timeStamp,elapsed,label,responseCode,success\n1795822063537,12,@,200,true\n";
    let hyperfine = r#"{"results": [{"command": "@", "mean": 1.0, "stddev": null, "median": 1.0, "user": 1.0, "system": 0.0, "min": 1.0, "max": 1.0, "times": [1.0], "exit_codes": [0]}]}"#;
    let locust = STATS.replacen("GET,/,", "GET,@,", 1);
    for (name, text) in [
        ("run.jtl", jtl),
        ("bench.json", hyperfine),
        ("run_stats.csv", &locust),
    ] {
        let hint = hinted(name, &in_gbk(text));
        assert!(hint.contains("`iconv -f GBK -t UTF-8 "), "{name}: {hint}");
    }
    let wide = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    };
    for (name, text) in [("wide.jtl", jtl), ("wide.json", hyperfine)] {
        let hint = hinted(name, &wide(text));
        assert!(
            hint.contains("`iconv -f UTF-16 -t UTF-8 "),
            "{name}: {hint}"
        );
    }
    // Without a mark it is known by its zeros.
    let jmeter = fs::read_to_string(fixture("jmeter/base-1.csv.jtl")).unwrap();
    let go = fs::read_to_string(fixture("go-bench/cpu1.txt")).unwrap();
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    for (name, text) in [("a.jtl", &*jmeter), ("a.json", hyperfine), ("a.txt", &*go)] {
        let low: Vec<u8> = units(text).into_iter().flat_map(u16::to_le_bytes).collect();
        let hint = hinted(name, &low);
        assert!(hint.contains("`iconv -f UTF-16LE -t"), "{name}: {hint}");
        let high: Vec<u8> = units(text).into_iter().flat_map(u16::to_be_bytes).collect();
        let hint = hinted(name, &high);
        assert!(hint.contains("`iconv -f UTF-16BE -t"), "{name}: {hint}");
    }
}

#[test]
fn names_of_every_kind_of_file_are_refused_in_another_encoding_and_never_read_as_other_signs() {
    let folder = Folder::with(&[]);
    let encodings: [&[u8]; 2] = [b"\xcb\xd1\xcb\xf7", b"Gr\xf6\xdfe"];
    for (file, before) in [
        ("jmeter/base-1.csv.jtl", "GET /search"),
        ("jmeter/default.xml.jtl", "GET /search"),
        ("gatling/v3.10.5-base-1.log", "GET /"),
        ("locust/base-1/run_stats.csv", "/api/checkout"),
        ("go-bench/cpu1.txt", "Benchmark"),
        ("hyperfine/two-commands.json", "\"command\": \""),
        ("goose/base-1.requests.csv", ",/checkout"),
        ("wrk/latency.txt", "http://127"),
        ("catch2/base-1.xml", "encode"),
        ("pgbench/base-1.txt", "transaction type: "),
        ("cargo-criterion/messages.ndjson", "\"id\":\""),
    ] {
        let text = fs::read_to_string(fixture(file)).unwrap();
        let at = text.find(before).unwrap_or_else(|| panic!("{file}")) + before.len();
        let (front, back) = text.as_bytes().split_at(at);
        for name in encodings {
            let place = folder.write("a.file", &[front, name, back].concat());
            let error = read(&place).expect_err(file);
            assert!(format!("{error:#}").contains("UTF-8"), "{file}: {error:#}");
            let hint = hint::of(&error).unwrap_or_default();
            assert!(hint.contains("`iconv -f GBK -t UTF-8 "), "{file}: {hint}");
        }
    }
}

#[test]
fn a_forced_format_gets_the_errors_of_its_own_parser() {
    let folder = Folder::with(&[("notes.txt", "hello\n"), ("run.json", RUN)]);
    let refusal = |name: &str, from| {
        format!(
            "{:#}",
            read_as(&folder.path().join(name), from).unwrap_err()
        )
    };
    let messages = refusal("notes.txt", Format::CargoCriterion);
    assert!(
        messages.ends_with("notes.txt: line 1: column 1: expected value"),
        "{messages}"
    );
    let criterion = refusal("run.json", Format::Criterion);
    assert!(
        criterion.ends_with("run.json: a criterion result is a folder"),
        "{criterion}"
    );
    assert!(!refusal("notes.txt", Format::Perfgate).contains("looked for"));
    assert_eq!(
        read_as(&folder.path().join("run.json"), Format::Perfgate)
            .unwrap()
            .len(),
        1
    );
    let nothing = refusal(".", Format::Locust);
    assert!(nothing.contains("no locust results in it"), "{nothing}");
    let baseline = read_as(&fixture("criterion@base"), Format::Locust).unwrap_err();
    assert!(format!("{baseline:#}").ends_with("as locust: it is criterion's"));
}

#[test]
fn formats_are_named_as_they_are_printed() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(*format));
    }
    let unknown = "abacus".parse::<Format>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("`abacus` is not a format; there are perfgate, locust, "),
        "{unknown}"
    );
}

#[test]
fn a_missing_path_hints_at_the_nearest_name() {
    let folder = Folder::with(&[("results/main.json", RUN), ("results/other.txt", "x")]);
    let hint_of = |path: &str| {
        let error = read(&folder.path().join(path)).unwrap_err();
        assert!(
            format!("{error:#}").ends_with("there is no such file or folder"),
            "{error:#}"
        );
        let hint = hint::of(&error).unwrap().to_owned();
        hint.replace(&format!("{}/", folder.path().display()), "")
    };
    assert_eq!(
        hint_of("results/mian.json"),
        "did you mean results/main.json?"
    );
    assert_eq!(hint_of("result/main.json"), "did you mean results?");
    assert!(hint_of("results/zzzz").starts_with("check the path"));
    assert!(hint_of("results/main.json@x").starts_with("did you mean results/main.json?"));
}

#[test]
fn the_files_of_one_locust_run_are_one_run() {
    let folder = Folder::with(&[
        ("run_stats.csv", STATS),
        ("run_stats_history.csv", HISTORY),
        ("run_failures.csv", FAILURES),
        ("locust.log", "started\n"),
    ]);
    let results = read(folder.path()).unwrap();
    assert_eq!(folder.taken(&results), ["run_stats.csv"]);
    assert_eq!(results[0].format, Format::Locust);
    assert_eq!(results[0].runs.len(), 1);
    let by_prefix = read(&folder.path().join("run")).unwrap();
    assert_eq!(by_prefix[0].runs, results[0].runs);
}

#[test]
fn several_results_in_a_folder_are_several_runs_in_natural_order() {
    let names: Vec<String> = [10, 9, 1, 2].map(|n| format!("run{n}_stats.csv")).to_vec();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), STATS)).collect();
    let folder = Folder::with(&files);
    let taken = folder.taken(&read(folder.path()).unwrap());
    assert_eq!(
        taken,
        [
            "run1_stats.csv",
            "run2_stats.csv",
            "run9_stats.csv",
            "run10_stats.csv"
        ]
    );
    let own = Folder::with(&[("b10.json", RUN), ("b9.json", RUN), ("README.md", "notes")]);
    assert_eq!(
        own.taken(&read(own.path()).unwrap()),
        ["b9.json", "b10.json"]
    );
}

#[test]
fn the_exact_json_of_a_run_is_taken_instead_of_its_csv_and_said() {
    let folder = Folder::with(&[
        ("run_stats.csv", STATS),
        ("run_stats_history.csv", HISTORY),
        ("stdout.json", JSON),
    ]);
    let results = read(folder.path()).unwrap();
    assert_eq!(folder.taken(&results), ["stdout.json"]);
    let said = results[0].runs[0].warnings.join("\n");
    assert!(
        said.contains("run_stats.csv beside it is the same run, rounded"),
        "{said}"
    );
    // Warm-up can only be cut where there are times.
    let warmup = ReadOptions {
        from: None,
        warmup: Some(Duration::from_secs(1)),
        ..ReadOptions::default()
    };
    let results = ingest::read(folder.path(), &warmup).unwrap();
    assert_eq!(folder.taken(&results), ["run_stats.csv"]);
    assert!(
        results[0].runs[0]
            .warnings
            .iter()
            .any(|w| w.contains("stdout.json beside it is the same run"))
    );
}

#[test]
fn a_json_of_another_time_or_size_is_a_run_of_its_own() {
    let later = JSON.replace("17951915", "17951924");
    let larger = [("410", "4100"), ("400,", "4090,"), ("9180.9", "91809.0")];
    let larger = larger
        .iter()
        .fold(JSON.to_owned(), |json, (from, to)| json.replace(from, to));
    for (name, json) in [
        ("later.json", &later),
        ("run.json", &later),
        ("run-stdout.json", &larger),
    ] {
        let folder = Folder::with(&[
            ("run_stats.csv", STATS),
            ("run_stats_history.csv", HISTORY),
            (name, json),
        ]);
        let mut taken = folder.taken(&read(folder.path()).unwrap());
        taken.sort();
        let mut both = vec![name, "run_stats.csv"];
        both.sort_unstable();
        assert_eq!(taken, both);
    }
    // Without a history the counts alone tell.
    let folder = Folder::with(&[("run_stats.csv", STATS), ("more.json", &larger)]);
    assert_eq!(read(folder.path()).unwrap().len(), 2);
}

#[test]
fn sets_and_jsons_are_paired_by_their_times_where_no_name_tells() {
    let (stats, history) = (STATS, HISTORY.replace("17951915", "17951924"));
    let later = JSON.replace("17951915", "17951924");
    let folder = Folder::with(&[
        ("a_stats.csv", stats),
        ("a_stats_history.csv", HISTORY),
        ("b_stats.csv", stats),
        ("b_stats_history.csv", &history),
        ("first.json", JSON),
        ("second.json", &later),
    ]);
    let results = read(folder.path()).unwrap();
    assert_eq!(folder.taken(&results), ["first.json", "second.json"]);
    let said = results[1].runs[0].warnings.join("\n");
    assert!(
        said.contains("b_stats.csv beside it is the same run"),
        "{said}"
    );
}

#[test]
fn a_sum_of_another_time_is_left_out_and_told() {
    let stale = STATS.replace(",Aggregated,404,", ",Aggregated,40400,");
    let folder = Folder::with(&[("run_stats.csv", &stale)]);
    let run = &read(folder.path()).unwrap()[0].runs[0];
    assert!(!run.subjects.contains_key("Aggregated"));
    assert!(run.subjects.contains_key("GET /"));
    let said = run.warnings.join("\n");
    assert!(
        said.contains("counts 40400 requests, and the endpoints 404"),
        "{said}"
    );
    // A request more while the rows are written is nothing.
    let fresh = STATS.replace(",Aggregated,404,", ",Aggregated,407,");
    let folder = Folder::with(&[("run_stats.csv", &fresh)]);
    let run = &read(folder.path()).unwrap()[0].runs[0];
    assert!(run.subjects.contains_key("Aggregated"));
    assert!(run.warnings.is_empty(), "{:?}", run.warnings);
}

#[test]
fn a_history_of_another_run_gives_no_times_and_is_told() {
    let last = "1795191536,20,,Aggregated,50.0,0.0,21,24,26,27,30,32,36,37,56,56,56,90404,0,21,22.4,12.3,56.2,200.0\n";
    let other = format!("{HISTORY}{last}");
    let folder = Folder::with(&[("run_stats.csv", STATS), ("run_stats_history.csv", &other)]);
    let run = &read(folder.path()).unwrap()[0].runs[0];
    assert_eq!(run.provenance.started_at, None);
    let said = run.warnings.join("\n");
    assert!(
        said.contains("run_stats_history.csv is of another run"),
        "{said}"
    );
    assert!(
        said.contains("it counts 90404 requests at its end"),
        "{said}"
    );
    let folder = Folder::with(&[("run_stats.csv", STATS), ("run_stats_history.csv", HISTORY)]);
    let run = &read(folder.path()).unwrap()[0].runs[0];
    assert!(run.provenance.started_at.is_some());
    assert_eq!(run.warnings.len(), 0, "{:?}", run.warnings);
}

#[test]
fn csv_sets_and_jsons_are_paired_by_name_and_never_guessed() {
    let mut files = vec![
        ("run1_stats.csv", STATS),
        ("run10_stats.csv", STATS),
        ("run1.json", JSON),
        ("run10-stdout.json", JSON),
    ];
    let folder = Folder::with(&files);
    assert_eq!(
        folder.taken(&read(folder.path()).unwrap()),
        ["run1.json", "run10-stdout.json"]
    );
    let renamed = Folder::with(&[("run_stats.csv", STATS), ("monday.csv", STATS)]);
    let taken = renamed.taken(&read(renamed.path()).unwrap());
    assert_eq!(taken, ["monday.csv", "run_stats.csv"]);
    files.extend([
        ("a_stats.csv", STATS),
        ("b_stats.csv", STATS),
        ("stdout.json", JSON),
    ]);
    let folder = Folder::with(&files);
    let text = folder.refusal("");
    assert!(
        text.contains("2 Locust CSV sets and 1 other Locust results"),
        "{text}"
    );
}

#[test]
fn sub_folders_that_each_hold_a_result_are_several_runs() {
    let folder = Folder::with(&[
        ("base-10/run_stats.csv", STATS),
        ("base-2/run_stats.csv", STATS),
        ("base-2/stdout.json", JSON),
        ("base-3/stderr.txt", "crashed\n"),
        ("docs/README.md", "notes"),
    ]);
    let results = read(folder.path()).unwrap();
    assert_eq!(
        folder.taken(&results),
        ["base-2/stdout.json", "base-10/run_stats.csv"]
    );
    let warnings: Vec<&String> = results.iter().flat_map(|r| &r.runs[0].warnings).collect();
    let gaps: Vec<_> = warnings
        .iter()
        .filter(|w| w.contains("holds no result"))
        .collect();
    assert_eq!(gaps.len(), 1, "docs is no missing run: {gaps:?}");
    assert!(gaps[0].contains("base-3 beside it holds no result"));
}

#[test]
fn sub_folders_that_each_hold_a_criterion_folder_are_several_runs() {
    let folder = Folder::with(&[]);
    let from = fixture("criterion/target/criterion/hash/1KiB/new");
    for place in ["pr-1/target/criterion/hash/1KiB/new", "pr-2/hash/1KiB/new"] {
        for name in ["benchmark.json", "sample.json"] {
            folder.write(
                &format!("{place}/{name}"),
                &fs::read(from.join(name)).unwrap(),
            );
        }
    }
    let results = read(folder.path()).unwrap();
    assert_eq!(folder.taken(&results), ["pr-1/target/criterion", "pr-2"]);
    assert_eq!(results[0].runs[0].subjects, results[1].runs[0].subjects);
}

#[test]
fn another_tools_benchmark_json_does_not_make_a_criterion_folder() {
    let folder = Folder::with(&[
        ("out/benchmark.json", "{\"machine_info\": {}}"),
        ("run.json", RUN),
    ]);
    assert_eq!(folder.taken(&read(folder.path()).unwrap()), ["run.json"]);
}

#[test]
fn a_folder_without_results_lists_what_was_looked_for() {
    let folder = Folder::with(&[("notes.txt", "hello"), ("deep/er/run.json", RUN)]);
    let text = folder.refusal("");
    for what in [
        "no results in it or in its sub-folders",
        "target/criterion",
        "locust",
        "perfgate.run/1",
    ] {
        assert!(text.contains(what), "{what}: {text}");
    }
    folder.write("k6.txt", &fs::read(fixture("k6/stdout.txt")).unwrap());
    let text = folder.refusal("");
    assert!(text.contains("k6.txt looks like k6's text"), "{text}");
    let store = Folder::with(&[
        ("target/criterion/data/main/a.cbor", "x"),
        ("target/criterion/reports/i", "x"),
    ]);
    let error = read(store.path()).unwrap_err();
    assert!(hint::of(&error).unwrap().contains("--message-format=json"));
}

#[test]
fn check_without_a_result_finds_what_the_working_folder_holds() {
    let folder = Folder::with(&[
        ("out_stats.csv", STATS),
        ("out_failures.csv", FAILURES),
        ("perfgate-results/a.json", RUN),
        ("other/b_stats.csv", STATS),
    ]);
    let from = fixture("criterion/target/criterion/ungrouped/new/benchmark.json");
    folder.write(
        "target/criterion/ungrouped/new/benchmark.json",
        &fs::read(from).unwrap(),
    );
    let found = ingest::discover(folder.path());
    let expected = ["target/criterion", "out_stats.csv", "perfgate-results"];
    assert_eq!(found, expected.map(|name| folder.path().join(name)));
    let bare = Folder::with(&[
        ("perfgate-results/.gitkeep", ""),
        ("target/criterion/report/index.html", ""),
    ]);
    assert_eq!(ingest::discover(bare.path()), Vec::<PathBuf>::new());
}

proptest! {
    #[test]
    fn any_bytes_are_a_result_or_an_error_in_every_format(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for format in Format::ALL {
            let _ = ingest::parse_bytes(*format, &bytes, &ReadOptions::default());
        }
    }

    #[test]
    fn any_bytes_are_recognised_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = recognise(&bytes);
    }

    #[test]
    fn any_jsonish_text_is_recognised_or_refused(text in "[\\[{\"\\\\:,}\\] a\u{e9}]{0,60}") {
        let _ = recognise(text.as_bytes());
    }
}
