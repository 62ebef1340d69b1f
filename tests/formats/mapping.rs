//! Plain CSV and JSON by a mapping of the config: what becomes of it, and what is refused.

use std::fmt::Write as _;
use std::time::Duration;

use perfgate::cli::settings::config;
use perfgate::ingest::mapping::{Mapping, Mappings};
use perfgate::ingest::{self, Format, ReadOptions};
use perfgate::model::{Better, Evidence, Measurement, Run, Statistic};
use perfgate::stats::reading;

const REQUESTS: &str = r#"
subject = ["method", "path"]
success = "status"
success_when = ["200", "204"]
time = "at"
time_unit = "ms"
[[mapping.m.value]]
column = "ms"
metric = "latency"
unit = "ms"
"#;

fn parsed(text: &str) -> Result<Vec<Mapping>, String> {
    let text = format!("[mapping.m]\n{text}");
    match config::parse("perfgate.toml", &text) {
        Ok(config) => Ok(config.mappings),
        Err(error) => Err(format!(
            "{error} ({})",
            error.hint.as_deref().unwrap_or_default()
        )),
    }
}

fn options(mapping: &str) -> ReadOptions {
    let mappings = Mappings::new(parsed(mapping).unwrap(), std::path::Path::new(""));
    ReadOptions {
        mapping: mappings.named("m").cloned(),
        ..ReadOptions::default()
    }
}

fn read(mapping: &str, text: &str) -> Result<Vec<Run>, String> {
    ingest::parse_bytes(Format::Mapped, text.as_bytes(), &options(mapping))
        .map_err(|error| format!("{error:#}"))
}

fn one(mapping: &str, text: &str) -> Run {
    let mut runs = read(mapping, text).unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn measured<'r>(run: &'r Run, subject: &str, metric: &str) -> &'r Measurement {
    let metrics = run.subjects.get(subject).expect(subject);
    metrics.get(metric).expect(metric)
}

#[test]
fn rows_are_samples_and_failures_are_errors() {
    let text = "at;method;path;status;ms\n0;GET;/a;200;10\n5;GET;/a;503;\n9;GET;/a;204;12\n";
    let run = one(REQUESTS, text);
    let Evidence::Samples(samples) = &measured(&run, "GET /a", "latency").evidence else {
        panic!("no samples");
    };
    assert_eq!(samples.values(), [10.0, 12.0]);
    let Evidence::Proportion(errors) = &measured(&run, "GET /a", "errors").evidence else {
        panic!("no errors");
    };
    assert_eq!((errors.count(), errors.of()), (1, 3));
    let tool = run.provenance.tool.unwrap();
    assert_eq!(tool.name, "mapping:m");
}

#[test]
fn a_warm_up_is_dropped_by_time_in_each_run() {
    let mapping = format!("run = \"build\"\n{REQUESTS}");
    let mut text = "at\tbuild\tmethod\tpath\tstatus\tms\n".to_owned();
    for (build, start) in [("a", 0), ("b", 100_000)] {
        for n in (0..100).rev() {
            writeln!(text, "{}\t{build}\tGET\t/\t200\t{n}", start + n * 100).unwrap();
        }
    }
    let options = ReadOptions {
        warmup: Some(Duration::from_secs(5)),
        ..options(&mapping)
    };
    let runs = ingest::parse_bytes(Format::Mapped, text.as_bytes(), &options).unwrap();
    assert_eq!(runs.len(), 2);
    for run in &runs {
        let latency = &measured(run, "GET /", "latency").evidence;
        assert_eq!(latency.observations(), Some(50));
        assert_eq!(latency.smallest(), Some(50.0));
        let Evidence::Samples(samples) = latency else {
            panic!("no samples")
        };
        assert!(samples.values().is_sorted(), "not in the order of time");
    }
}

#[test]
fn the_keys_of_an_object_are_names_or_metrics() {
    let text = r#"{"metrics": {"p95_latency": {"value": 84, "threshold": 0.1, "unit": "ms"},
                               "rate": {"value": "12.5", "unit": "req/s"}}}"#;
    let value = "[[mapping.m.value]]\ncolumn = \"value\"\nunit_column = \"unit\"\n";
    let run = one(
        &format!("rows = \"metrics\"\n{value}metric = \"level\"\n"),
        text,
    );
    assert_eq!(
        measured(&run, "p95_latency", "level").evidence,
        Evidence::Value(84.0)
    );
    assert_eq!(measured(&run, "rate", "level").better, Better::Higher);
    let as_metric =
        format!("rows = \"/metrics\"\nsubject_text = \"api\"\n{value}metric_column = \"@key\"\n");
    let run = one(&as_metric, text);
    assert_eq!(measured(&run, "api", "rate").unit.as_str(), "req/s");
    let plain = "[[mapping.m.value]]\ncolumn = \"@value\"\nmetric = \"time\"\nunit = \"ns\"\n";
    let run = one(plain, r#"{"a": 1, "b": [2, 3]}"#);
    assert_eq!(measured(&run, "a", "time").evidence, Evidence::Value(1.0));
    assert_eq!(measured(&run, "b", "time").evidence.observations(), Some(2));
}

#[test]
fn columns_that_sum_up_become_quantiles_and_counts() {
    let mapping = "subject = \"name\"\n[[mapping.m.value]]\nquantiles = { p50 = \"med\", p95 = \"p95\", max = \"max\" }\nn = \"n\"\nmetric = \"latency\"\nunit = \"us\"\n[[mapping.m.value]]\ncount = \"bad\"\nof = \"n\"\n";
    let run = one(mapping, "name,med,p95,max,n,bad\na,5,9,30,1000,3\n");
    let latency = &measured(&run, "a", "latency").evidence;
    let p95 = reading::read(latency, "p95".parse::<Statistic>().unwrap());
    assert_eq!(p95.unwrap().value, 9.0);
    assert_eq!(latency.observations(), Some(1000));
    assert_eq!(
        measured(&run, "a", "errors").evidence.observations(),
        Some(1000)
    );
    for (row, told) in [
        ("a,9,5,30,1000,3", "contradict"),
        ("a,5,9,30,0,0", "no observation"),
        ("a,5,9,30,10,11", "more than"),
        ("a,5,9,30,1.5,1", "no count"),
        ("a,5,9,30,10,1\na,5,9,30,10,1", "second row"),
    ] {
        let error = read(mapping, &format!("name,med,p95,max,n,bad\n{row}\n")).unwrap_err();
        assert!(error.contains(told), "{row}: {error}");
    }
}

#[test]
fn a_direction_is_never_guessed() {
    let by_column = "subject = \"s\"\n[[mapping.m.value]]\ncolumn = \"v\"\nmetric_column = \"metric\"\nunit_column = \"unit\"\n";
    let error = read(by_column, "s,metric,unit,v\na,latency,ms,3\na,score,,4\n").unwrap_err();
    assert!(
        error.contains("line 3: nothing says whether score"),
        "{error}"
    );
    let error = read(by_column, "s,metric,unit,v\na,latency,apples,3\nb,x,ms,1\n").unwrap_err();
    assert!(error.contains("line 2: latency is a time"), "{error}");
    let error = read(by_column, "s,metric,unit,v\na,x,ms,3\na,x,s,4\nb,x,s,1\n").unwrap_err();
    assert!(error.contains("line 3: x is in `s`"), "{error}");
}

#[test]
fn what_contradicts_itself_in_the_config_is_told_with_its_line() {
    let value = "[[mapping.m.value]]\n";
    for (text, told) in [
        ("subject = \"a\"\n".to_owned(), "names no value"),
        (
            format!(
                "subject = \"a\"\nsubject_text = \"b\"\n{value}column = \"x\"\nmetric = \"time\"\nunit = \"s\"\n"
            ),
            "toml:3:",
        ),
        (
            format!("{value}column = \"x\"\nmetric = \"score\"\n"),
            "better low or high",
        ),
        (
            format!("{value}column = \"x\"\nmetric = \"latency\"\n"),
            "latency is a time",
        ),
        (
            format!(
                "{value}column = \"x\"\nmetric = \"latency\"\nunit = \"ms\"\nbetter = \"higher\"\n"
            ),
            "always better lower",
        ),
        (
            format!("{value}column = \"x\"\nmetric = \"errors\"\nunit = \"%\"\n"),
            "errors are counted",
        ),
        (
            format!("{value}metric = \"time\"\nunit = \"s\"\n"),
            "names no column",
        ),
        (
            format!("{value}quantiles = {{ p95 = \"x\" }}\nmetric = \"time\"\nunit = \"s\"\n"),
            "there is no `n`",
        ),
        (
            format!(
                "{value}quantiles = {{ q95 = \"x\" }}\nn = \"n\"\nmetric = \"time\"\nunit = \"s\"\n"
            ),
            "it is no quantile",
        ),
        (format!("{value}count = \"x\"\n"), "there is no `of`"),
        (
            format!("{value}column = \"x\"\nof = \"y\"\nmetric = \"time\"\nunit = \"s\"\n"),
            "belongs to",
        ),
        (
            format!("delimiter = \";;\"\n{value}column = \"x\"\nmetric = \"time\"\nunit = \"s\"\n"),
            "one character",
        ),
        (
            format!(
                "format = \"csv\"\nrows = \"a\"\n{value}column = \"x\"\nmetric = \"time\"\nunit = \"s\"\n"
            ),
            "only a JSON document",
        ),
        (
            format!(
                "success_when = [\"1\"]\n{value}column = \"x\"\nmetric = \"time\"\nunit = \"s\"\n"
            ),
            "no `success`",
        ),
        (
            format!(
                "success = \"ok\"\n{value}column = \"x\"\nmetric_column = \"m\"\nunit = \"s\"\n"
            ),
            "do not go together",
        ),
        (format!("{value}colum = \"x\"\n"), "did you mean `column`"),
    ] {
        let error = parsed(&text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
        assert!(error.starts_with("perfgate.toml:"), "{error}");
    }
}

const HOSTILE: &str = "at,method,path,status,ms\n1,GET,\"/a|b\",200,1.5\n2,GET,\"/x\ny\",200,2.5\n3,GET,\"\u{1b}[31m/red\u{202e}\",200,3.5\n4,GET,\"/q\"\"uote,\",204,4.5\n";

#[test]
fn names_may_hold_anything_but_nothing() {
    let run = one(REQUESTS, HOSTILE);
    assert_eq!(run.subjects.len(), 4);
    assert!(run.subjects.contains_key("GET /x\ny"));
    let error = read(
        REQUESTS,
        "at,method,path,status,ms\n1,GET, ,200,1\n1,GET,/,200,1\n",
    )
    .unwrap_err();
    assert!(
        error.contains("line 2: column `path`: it is empty"),
        "{error}"
    );
    let bad = b"at,method,path,status,ms\n1,GET,\xff,200,1\n1,GET,/,200,1\n";
    let error = ingest::parse_bytes(Format::Mapped, bad, &options(REQUESTS)).unwrap_err();
    assert!(format!("{error:#}").contains("not UTF-8"), "{error:#}");
}

#[test]
fn a_file_cut_off_at_any_byte_is_an_error_or_less() {
    let json = r#"{"metrics": [{"n": "a", "v": 1.5}, {"n": "b\n", "v": [2, 3]}]}"#;
    let by_json = "rows = \"metrics\"\nsubject = \"n\"\n[[mapping.m.value]]\ncolumn = \"v\"\nmetric = \"time\"\nunit = \"ms\"\n";
    let lines = "{\"n\": \"a\", \"v\": 1.5}\n{\"n\": \"b\", \"v\": 2}\n{\"n\": \"b\", \"v\": 3}\n";
    let by_lines = by_json.strip_prefix("rows = \"metrics\"\n").unwrap();
    for (mapping, text) in [(REQUESTS, HOSTILE), (by_json, json), (by_lines, lines)] {
        let options = options(mapping);
        for cut in 0..=text.len() {
            let bytes = &text.as_bytes()[..cut];
            let read = || ingest::parse_bytes(Format::Mapped, bytes, &options);
            let Ok(runs) = read() else { continue };
            assert_eq!(runs, read().unwrap(), "{cut}");
            for metrics in runs.iter().flat_map(|run| run.subjects.values()) {
                for one in metrics.values() {
                    assert!(one.evidence.smallest().is_none_or(f64::is_finite), "{cut}");
                }
            }
        }
    }
    let cut = &HOSTILE[..HOSTILE.len() - 3];
    let runs = read(REQUESTS, &cut[..cut.rfind(',').unwrap()]).unwrap();
    assert!(runs[0].provenance.partial);
}

#[test]
fn a_file_without_a_header_names_its_columns() {
    let mapping =
        format!("columns = [\"at\", \"method\", \"path\", \"status\", \"ms\"]\n{REQUESTS}");
    let run = one(&mapping, "\u{feff}0|GET|/|200|7\n1|GET|/|200|8\n");
    assert_eq!(
        measured(&run, "GET /", "latency").evidence.observations(),
        Some(2)
    );
}

#[test]
fn a_long_file_is_kept_as_histograms() {
    let mut text = "at,method,path,status,ms\n".to_owned();
    for n in 0..50_000_u32 {
        writeln!(text, "{n},GET,/,200,{}", 10 + n % 20).unwrap();
    }
    let run = one(REQUESTS, &text);
    let latency = &measured(&run, "GET /", "latency").evidence;
    assert!(matches!(latency, Evidence::Histogram(_)));
    assert_eq!(latency.observations(), Some(50_000));
    let mut text = "at,method,path,status,ms\n".to_owned();
    for n in 0..20_002 {
        writeln!(text, "{n},GET,/{n},200,1").unwrap();
    }
    let error = read(REQUESTS, &text).unwrap_err();
    assert!(error.contains("more than 20000 series"), "{error}");
}
