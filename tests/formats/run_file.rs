//! The run file from outside: what is read, what is refused and where, and that what is written is read as the same.

use std::time::{Duration, Instant};

use perfgate::model::run_file::{FileError, json_schema, parse, write};
use perfgate::model::{Better, Evidence, MetricName, Quantile, Role, Statistic};

fn measurement(metric: &str, body: &str) -> String {
    format!(
        "{{\n  \"schema\": \"perfgate.run/1\",\n  \"subjects\": {{\n    \"GET /search\": {{\n      \"{metric}\": {body}\n    }}\n  }}\n}}\n"
    )
}

fn refused(text: &str) -> FileError {
    match parse(text) {
        Ok(runs) => panic!("{text}\nwas read as {runs:?}"),
        Err(error) => error,
    }
}

/// Refused at this field of the one measurement, with these words.
fn refused_at(metric: &str, body: &str, field: &str, words: &str) -> FileError {
    let error = refused(&measurement(metric, body));
    let path = format!("subjects.\"GET /search\".{metric}{field}");
    assert_eq!(error.field, path, "{error}");
    assert!(error.message.contains(words), "{body}: {error}");
    error
}

#[test]
fn the_example_of_the_contract_is_read() {
    let text = r#"{
      "schema": "perfgate.run/1",
      "tool": {"name": "perfgate", "version": "0.1.0"},
      "started_at": "2026-11-20T10:00:00Z",
      "session": "a", "duration_s": 30.0, "commit": "3f2a1c", "scenario": "load/api.toml",
      "environment": {"os": "linux", "arch": "x86_64", "cpu": "EPYC", "cores": 2, "memory_gib": 16,
        "runner": "r", "kernel": "6.1", "image": "i", "compiler": "rustc 1.89", "key": "bench"},
      "warnings": ["failures are inside latency"],
      "subjects": {
        "GET /search": {
          "latency": {"unit": "ms", "quantiles": {"0.5": 12, "0.95": 30}, "n": 200, "resolution": {"0.95": 10}},
          "errors": {"count": 3, "of": 12000},
          "throughput": {"unit": "req/s", "value": 400.1, "role": "fixed"}
        },
        "parse/large": {
          "time": {"unit": "ns", "better": "lower", "samples": [1203.1, 1198.7], "weights": [1, 2]},
          "rss": {"unit": "MiB", "better": "lower", "estimate": {"point": 2, "low": 1, "high": 3, "confidence": 0.95}}
        }
      }
    }"#;
    let runs = parse(text).unwrap();
    let run = &runs[0];
    assert_eq!(run.provenance.environment.key().as_deref(), Some("bench"));
    assert_eq!(run.provenance.scenario.as_deref(), Some("load/api.toml"));
    assert_eq!(run.warnings, ["failures are inside latency"]);
    let search = &run.subjects["GET /search"];
    assert_eq!(search["throughput"].better, Better::Higher);
    assert_eq!(search["throughput"].role, Role::Fixed);
    assert_eq!(search["errors"].unit.as_str(), "");
    let Evidence::Quantiles(quantiles) = &search["latency"].evidence else {
        panic!("quantiles expected")
    };
    let steps: Vec<f64> = quantiles.points().values().map(|p| p.resolution).collect();
    assert_eq!(steps, [0.0, 10.0]);
    let time = &run.subjects["parse/large"]["time"].evidence;
    assert!(time.statistics().contains(&Statistic::Mean));
    assert_eq!(
        MetricName::new("time").known_direction(),
        Some(Better::Lower)
    );
}

#[test]
fn one_run_an_array_and_one_run_per_line_are_the_same_runs() {
    let one = measurement("time", r#"{"unit": "ns", "value": 1}"#);
    let two = measurement("time", r#"{"unit": "ns", "value": 2}"#);
    let single = |text: &str| parse(text).unwrap().remove(0);
    let expected = vec![single(&one), single(&two)];
    let flat = |text: &str| text.replace('\n', " ");
    assert_eq!(parse(&format!("[{one},{two}]")).unwrap(), expected);
    assert_eq!(
        parse(&format!("\n{}\r\n{}\n", flat(&one), flat(&two))).unwrap(),
        expected
    );
    assert_eq!(parse(&format!("{one}{two}")).unwrap(), expected);
}

#[test]
fn an_error_in_a_later_run_names_its_line_and_place() {
    let good = measurement("time", r#"{"unit": "ns", "value": 1}"#).replace('\n', " ");
    let bad = good.replace("\"value\": 1", "\"value\": -1");
    let error = refused(&format!("{good}\n{bad}\n"));
    assert_eq!(
        (error.line, error.field.as_str()),
        (2, "subjects.\"GET /search\".time.value")
    );
    let error = refused(&format!("[\n{good},\n{bad}]"));
    assert_eq!(
        (error.line, error.field.as_str()),
        (3, "[1].subjects.\"GET /search\".time.value")
    );
    let typed = good.replace("\"value\": 1", "\"value\": \"1\"");
    let error = refused(&format!("{good}\n{typed}\n"));
    assert_eq!(
        (error.line, error.field.as_str()),
        (2, "subjects.\"GET /search\".time.value")
    );
}

#[test]
fn a_negative_sample_is_refused_with_its_path_and_place() {
    let body = r#"{"unit": "ms", "samples": [1, 2, 3, -4.5]}"#;
    let error = refused_at("latency", body, ".samples[3]", "-4.5 is negative");
    assert_eq!((error.line, error.column), (5, 54));
    assert_eq!(
        error.to_string(),
        "line 5, column 54, `subjects.\"GET /search\".latency.samples[3]`: -4.5 is negative, and `latency` cannot be"
    );
}

#[test]
fn negative_numbers_are_refused_in_every_kind_of_a_known_metric_and_kept_in_others() {
    let cases = [
        (r#"{"unit": "ms", "value": -1}"#, ".value"),
        (
            r#"{"unit": "ms", "quantiles": {"0.5": -2, "0.95": 1}, "n": 9}"#,
            ".quantiles.\"0.5\"",
        ),
        (
            r#"{"unit": "ms", "quantiles": {"0.5": 1}, "n": 9, "mean": -2}"#,
            ".mean",
        ),
        (
            r#"{"unit": "ms", "quantiles": {"0.5": 1}, "n": 9, "min": -2}"#,
            ".min",
        ),
        (
            r#"{"unit": "ms", "estimate": {"point": -1, "low": -2, "high": 0, "confidence": 0.9}}"#,
            ".estimate.point",
        ),
    ];
    for (body, field) in cases {
        refused_at("latency", body, field, "is negative");
        refused_at("time", body, field, "is negative");
    }
    refused_at("errors", r#"{"value": -1}"#, ".value", "is negative");
    refused_at(
        "errors",
        r#"{"count": -1, "of": 3}"#,
        ".count",
        "whole number",
    );
    let custom = measurement("drift", r#"{"unit": "ms", "better": "lower", "value": -1}"#);
    assert!(parse(&custom).is_ok());
}

#[test]
fn evidence_is_exactly_one_kind_with_its_own_keys() {
    refused_at("latency", r#"{"unit": "ms"}"#, "", "no evidence");
    refused_at(
        "latency",
        r#"{"unit": "ms", "value": 1, "samples": [1]}"#,
        "",
        "`samples`, `value`",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "value": 1, "n": 3}"#,
        ".n",
        "goes with `quantiles`",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "value": 1, "weights": [1]}"#,
        ".weights",
        "goes with `samples`",
    );
    refused_at("latency", r#"{"unit": "ms", "of": 3}"#, "", "no evidence");
    refused_at("errors", r#"{"count": 3}"#, "", "needs `of`");
    refused_at("errors", r#"{"count": 3, "of": 0}"#, ".of", "no rate");
    refused_at("errors", r#"{"count": 3, "of": 2}"#, ".count", "more than");
    refused_at(
        "latency",
        r#"{"unit": "ms", "quantiles": {"0.5": 1}}"#,
        "",
        "need `n`",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "quantiles": {"0.5": 1}, "n": 0}"#,
        ".n",
        "no values",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "samples": []}"#,
        ".samples",
        "no values",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "samples": [1], "weights": [1, 2]}"#,
        ".weights",
        "as many",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "samples": [1], "weights": [0]}"#,
        ".weights",
        "positive",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "estimate": {"point": 1}}"#,
        ".estimate",
        "needs `low`",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "estimate": {"point": 1, "low": 2, "high": 3, "confidence": 0.9}}"#,
        ".estimate",
        "does not hold its point",
    );
}

#[test]
fn quantiles_are_shares_and_their_resolution_belongs_to_them() {
    let quantiles = |q: &str, rest: &str| {
        format!("{{\"unit\": \"ms\", \"quantiles\": {{{q}}}, \"n\": 9{rest}}}")
    };
    let error = refused_at(
        "latency",
        &quantiles("\"95\": 1", ""),
        ".quantiles.\"95\"",
        "not a quantile",
    );
    assert_eq!(error.hint.as_deref(), Some("p95 is written \"0.95\""));
    refused_at(
        "latency",
        &quantiles("\"NaN\": 1", ""),
        ".quantiles.NaN",
        "not a quantile",
    );
    refused_at(
        "latency",
        &quantiles("\"0.5\": 1, \"0.50\": 2", ""),
        ".quantiles.\"0.50\"",
        "twice",
    );
    refused_at(
        "latency",
        &quantiles("\"0.5\": 1", ", \"resolution\": -1"),
        ".resolution",
        "-1",
    );
    let each = ", \"resolution\": {\"0.9\": 1}";
    refused_at(
        "latency",
        &quantiles("\"0.5\": 1", each),
        ".resolution.\"0.9\"",
        "no such key",
    );
    let each = ", \"resolution\": {\"0.5\": 1, \"0.5\": 1}";
    refused_at(
        "latency",
        &quantiles("\"0.5\": 1", each),
        ".resolution.\"0.5\"",
        "twice",
    );
    refused_at(
        "latency",
        &quantiles("\"0.5\": 1", ", \"resolution\": \"x\""),
        ".resolution",
        "expected a number or",
    );
}

#[test]
fn a_histogram_has_one_resolution_that_its_quantiles_are_read_with() {
    let mut histogram = hdrhistogram::Histogram::<u64>::new(3).unwrap();
    (1..=100_u64).for_each(|ms| histogram.record(ms).unwrap());
    let evidence = Evidence::rounded_histogram(histogram, 1.0, 1.0).unwrap();
    let p50 = Statistic::Quantile(Quantile::P50);
    let read = |evidence: &Evidence| perfgate::stats::reading::read(evidence, p50).unwrap();
    assert_eq!(read(&evidence).resolution, 1.0);
    let reduced = perfgate::stats::reading::reduce(&evidence);
    assert_eq!(read(&reduced).resolution, 1.0);
    assert!(
        Evidence::rounded_histogram(hdrhistogram::Histogram::<u64>::new(3).unwrap(), 1.0, -1.0)
            .is_err()
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "value": 1, "resolution": 1}"#,
        ".resolution",
        "goes with",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "histogram": "x", "scale": 1, "resolution": {"0.5": 1}}"#,
        ".resolution",
        "one resolution",
    );
}

#[test]
fn direction_and_unit_are_told_or_known_and_suit_the_metric() {
    refused_at(
        "rss",
        r#"{"unit": "MiB", "value": 1}"#,
        "",
        "needs `better`",
    );
    refused_at("rss", r#"{"better": "lower", "value": 1}"#, "", "no `unit`");
    refused_at(
        "rss",
        r#"{"unit": "B", "better": "less", "value": 1}"#,
        ".better",
        "none of `lower`, `higher`",
    );
    refused_at("latency", r#"{"value": 1}"#, "", "no `unit`");
    refused_at(
        "latency",
        r#"{"unit": "MB", "value": 1}"#,
        ".unit",
        "not a unit of time",
    );
    let error = refused_at(
        "time",
        r#"{"unit": "MS", "value": 1}"#,
        ".unit",
        "not a unit of time",
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean `ms`?"));
    refused_at(
        "throughput",
        r#"{"unit": "ms", "value": 1}"#,
        ".unit",
        "per time",
    );
    refused_at(
        "errors",
        r#"{"unit": "ms", "value": 1}"#,
        ".unit",
        "number of events",
    );
    refused_at(
        "latency",
        r#"{"unit": "ms", "role": "sum", "value": 1}"#,
        ".role",
        "`total`, `fixed`",
    );
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    let error = refused_at(
        "latency",
        r#"{"unit": "ms", "sampels": [1]}"#,
        ".sampels",
        "`sampels` is not known",
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean `samples`?"));
    assert_eq!((error.line, error.column), (5, 33));
    let error = refused(r#"{"schema": "perfgate.run/1", "subject": {}}"#);
    assert_eq!(error.hint.as_deref(), Some("did you mean `subjects`?"));
    let error = refused(r#"{"schema": "perfgate.run/1", "zzz": {}}"#);
    assert!(error.hint.unwrap().contains("`commit`, `duration_s`"));
    let error =
        refused(r#"{"schema": "perfgate.run/1", "environment": {"cors": 2}, "subjects": {}}"#);
    assert_eq!(
        (error.field.as_str(), error.hint.as_deref()),
        ("environment.cors", Some("did you mean `cores`?"))
    );
}

#[test]
fn what_is_written_twice_is_refused_at_the_second() {
    let value = r#"{"unit": "ns", "value": 1}"#;
    let text = format!(
        "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{\n\"a\": {{\"time\": {value}}},\n\"a\": {{\"time\": {value}}}}}}}"
    );
    let error = refused(&text);
    assert_eq!((error.line, error.field.as_str()), (3, "subjects.a"));
    let text = format!(
        "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{\"a\": {{\"time\": {value},\n\"time\": {value}}}}}}}"
    );
    let error = refused(&text);
    assert_eq!((error.line, error.field.as_str()), (2, "subjects.a.time"));
    // The escaped spelling of a name is the same name.
    let text = format!(
        "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{\"a\": {{\"time\": {value}}}, \"\\u0061\": {{}}}}}}"
    );
    assert_eq!(refused(&text).field, "subjects.a");
    refused_at(
        "latency",
        r#"{"unit": "ms", "unit": "s", "value": 1}"#,
        ".unit",
        "twice",
    );
}

#[test]
fn the_schema_is_needed_and_a_newer_one_is_called_newer() {
    let subjects = "\"subjects\": {}";
    let error = refused(&format!("{{{subjects}}}"));
    assert!(error.message.contains("no `schema`"), "{error}");
    // What is not ours is not blamed for its keys.
    let error = refused(r#"{"results": [{"mean": 3}]}"#);
    assert!(error.message.contains("no `schema`"), "{error}");
    for text in [
        format!("{{\"schema\": \"perfgate.run/2\", {subjects}}}"),
        "{\"mode\": 3, \"schema\": \"perfgate.run/2\", \"runs\": []}".to_owned(),
    ] {
        let error = refused(&text);
        assert_eq!(
            error.message,
            "it is written as `perfgate.run/2`, and this perfgate reads `perfgate.run/1`"
        );
        assert!(error.hint.unwrap().contains("update perfgate"));
    }
    let error = refused("{\"schema\": \"perfgate.baseline/1\", \"runs\": []}");
    assert_eq!(
        error.message,
        "it is `perfgate.baseline/1`, not `perfgate.run/1`"
    );
    let error = refused("[{\"schema\": \"perfgate.run/3\", \"x\": 1}]");
    assert_eq!(error.field, "[0].schema");
}

#[test]
fn what_is_no_number_is_refused() {
    for (word, words) in [
        ("NaN", "`NaN` is not a number"),
        ("Infinity", "`Infinity` is not a number"),
        ("-Infinity", "`-Infinity` is not a number"),
        ("1e999", "number out of range"),
        ("null", "expected a number, found null"),
        ("\"3\"", "expected a number, found string"),
        ("{}", "expected a number, found map"),
    ] {
        refused_at(
            "latency",
            &format!("{{\"unit\": \"ms\", \"value\": {word}}}"),
            ".value",
            words,
        );
        refused_at(
            "latency",
            &format!("{{\"unit\": \"ms\", \"samples\": [1, {word}]}}"),
            ".samples[1]",
            words,
        );
    }
}

#[test]
fn objects_are_objects_and_never_lists() {
    refused_at("latency", r#"["ms", "lower"]"#, "", "expected an object");
    let error =
        refused(r#"{"schema": "perfgate.run/1", "subjects": {}, "environment": ["linux"]}"#);
    assert_eq!(error.field, "environment");
    assert_eq!(refused("[[]]").field, "[0]");
}

#[test]
fn times_and_durations_are_real() {
    let with = |member: &str| {
        refused(&format!(
            "{{\"schema\": \"perfgate.run/1\", {member}, \"subjects\": {{}}}}"
        ))
    };
    assert_eq!(with("\"started_at\": \"yesterday\"").field, "started_at");
    assert_eq!(with("\"duration_s\": -1").field, "duration_s");
    assert_eq!(
        with("\"environment\": {\"memory_gib\": -1}").field,
        "environment.memory_gib"
    );
    assert_eq!(with("\"tool\": {\"version\": \"1\"}").field, "tool");
    assert_eq!(
        with("\"environment\": {\"cores\": 1.5}").field,
        "environment.cores"
    );
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_with_a_place() {
    let run = parse(&measurement(
        "latency",
        r#"{"unit": "ms", "quantiles": {"0.5": 1.5, "0.95": 20}, "n": 200, "resolution": 1}"#,
    ));
    let text = write(&run.unwrap()[0]);
    for end in 0..text.trim_end().len() {
        if let Some(part) = text.get(..end) {
            let error = refused(part);
            assert!(error.line > 0 && error.column > 0, "{error}");
        }
    }
    assert!(refused("").message.contains("holds no run"));
    assert!(refused("[]").message.contains("holds no run"));
    let half = text.get(..text.len() / 2).unwrap();
    assert_eq!(
        refused(half).message,
        "it ends in the middle of the document"
    );
}

#[test]
fn histograms_of_other_programs_are_read_and_hostile_ones_refused() {
    // Made by the Java library's layout: 1, 2 and 3 once each, three digits.
    let good = recorded();
    let body =
        |text: &str| format!("{{\"unit\": \"ms\", \"histogram\": \"{text}\", \"scale\": 0.001}}");
    assert!(parse(&measurement("latency", &body(&good))).is_ok());
    assert!(parse(&measurement("latency", &body(good.trim_end_matches('=')))).is_ok());
    for end in 0..good.trim_end_matches('=').len() - 1 {
        let error = refused_at(
            "latency",
            &body(&good[..end]),
            ".histogram",
            "the histogram",
        );
        assert!(error.hint.is_some());
    }
    refused_at("latency", &body("$$$"), ".histogram", "not base64");
    refused_at(
        "latency",
        &body("aGVsbG8gd29ybGQ="),
        ".histogram",
        "the histogram",
    );
    let noscale = format!("{{\"unit\": \"ms\", \"histogram\": \"{good}\"}}");
    refused_at("latency", &noscale, "", "needs `scale`");
    for scale in ["0", "-1", "1e308"] {
        let body = format!("{{\"unit\": \"ms\", \"histogram\": \"{good}\", \"scale\": {scale}}}");
        refused_at("latency", &body, ".scale", "scale");
    }
}

fn recorded() -> String {
    use base64::Engine;
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
    let mut histogram = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).unwrap();
    for value in [1_000, 2_500, 90_000, 90_001] {
        histogram.record(value).unwrap();
    }
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(&histogram, &mut bytes)
        .unwrap();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// An unpacked V2 histogram with these lengths and counts.
fn forged(length: u32, bounds: (u64, u64), digits: u32, counts: &[u8]) -> String {
    use base64::Engine;
    let mut bytes = Vec::new();
    bytes.extend(0x1c84_9313_u32.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend(0_u32.to_be_bytes());
    bytes.extend(digits.to_be_bytes());
    bytes.extend(bounds.0.to_be_bytes());
    bytes.extend(bounds.1.to_be_bytes());
    bytes.extend(1.0_f64.to_be_bytes());
    bytes.extend(counts);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn a_histogram_with_forged_lengths_or_counts_is_refused_and_costs_nothing() {
    let most = [0xff_u8; 9];
    let forgeries = [
        ("4 GiB of counts", forged(u32::MAX, (1, 1000), 3, &[2])),
        ("a count of i64::MIN", forged(9, (1, 1000), 3, &most)),
        (
            "more than i64::MAX in all",
            forged(
                18,
                (1, 1000),
                3,
                &[
                    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff,
                    0xff, 0xff, 0xff, 0xff, 0xff,
                ],
            ),
        ),
        ("digits", forged(1, (1, 1000), 200, &[2])),
        ("no lower bound", forged(1, (0, 1000), 3, &[2])),
        ("bounds the wrong way", forged(1, (1000, 10), 3, &[2])),
        (
            "a count outside",
            forged(4, (1, 1000), 0, &[0xff, 0xff, 0x7f, 2]),
        ),
        ("nothing", forged(0, (1, 1000), 3, &[])),
    ];
    for (what, histogram) in forgeries {
        let start = Instant::now();
        let body = format!("{{\"unit\": \"ms\", \"histogram\": \"{histogram}\", \"scale\": 1}}");
        refused_at("latency", &body, ".histogram", "");
        assert!(start.elapsed() < Duration::from_secs(2), "{what}");
    }
}

#[test]
fn a_bomb_of_histograms_is_refused_before_it_takes_the_machine() {
    // Each asks for 50 MB in some sixty bytes.
    let one = forged(1, (1, u64::MAX), 5, &[2]);
    let subjects: Vec<String> = (0..1000)
        .map(|i| format!("\"s{i}\": {{\"latency\": {{\"unit\": \"ms\", \"histogram\": \"{one}\", \"scale\": 1}}}}"))
        .collect();
    let text = format!(
        "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{{}}}}}",
        subjects.join(",")
    );
    let error = refused(&text);
    assert!(error.message.contains("more than 1 GiB"), "{error}");
}

#[test]
fn names_in_messages_are_inert_and_not_endless() {
    let text = format!(
        "{{\"schema\": \"perfgate.run/1\", \"\\u001b[31m{}\": 1}}",
        "x".repeat(5000)
    );
    let error = refused(&text).to_string();
    assert!(!error.contains('\u{1b}') && error.len() < 400, "{error}");
}

#[test]
fn deep_nesting_is_an_error() {
    let text = format!(
        "{{\"schema\": \"perfgate.run/1\", \"tool\": {}",
        "[".repeat(100_000)
    );
    refused(&text);
    refused(&"[".repeat(100_000));
}

#[test]
fn a_written_run_is_stable_and_made_to_be_read() {
    let text = r#"{"subjects": {"b": {"time": {"samples": [1.5, 2], "unit": "ns"}, "rss": {"value": 3, "unit": "MiB", "better": "lower"}}, "a": {"errors": {"of": 9, "count": 1}}},
        "commit": "abc", "schema": "perfgate.run/1", "tool": {"name": "t"}}"#;
    let run = parse(text).unwrap().remove(0);
    let expected = r#"{
  "schema": "perfgate.run/1",
  "commit": "abc",
  "subjects": {
    "a": {
      "errors": {"better": "lower", "count": 1, "of": 9}
    },
    "b": {
      "rss": {"better": "lower", "unit": "MiB", "value": 3.0},
      "time": {"better": "lower", "samples": [1.5, 2.0], "unit": "ns"}
    }
  },
  "tool": {"name": "t"}
}
"#;
    assert_eq!(write(&run), expected);
    assert_eq!(parse(&write(&run)).unwrap(), [run]);
}

#[test]
fn a_run_that_was_ended_early_or_means_nothing_says_so_and_why() {
    let text = r#"{"schema": "perfgate.run/1", "subjects": {}, "partial": true, "invalid": "the generator was busy"}"#;
    let run = parse(text).unwrap().remove(0);
    assert!(run.provenance.partial);
    assert_eq!(
        run.provenance.invalid.as_deref(),
        Some("the generator was busy")
    );
    let written = write(&run);
    assert!(written.contains("\n  \"partial\": true,\n"), "{written}");
    assert_eq!(parse(&written).unwrap(), [run]);

    let whole = text
        .replace("true", "false")
        .replace(", \"invalid\": \"the generator was busy\"", "");
    let run = parse(&whole).unwrap().remove(0);
    assert!(!write(&run).contains("partial") && !write(&run).contains("invalid"));
    let silent = refused(&text.replace("the generator was busy", " "));
    assert_eq!(silent.field, "invalid");
    refused(&text.replace("true", "1"));
    let schema = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::from_str(&written).unwrap()));
    let silent = text.replace("the generator was busy", " ");
    assert!(!validator.is_valid(&serde_json::from_str(&silent).unwrap()));
}

#[test]
fn the_json_schema_takes_what_is_written_and_refuses_what_is_refused() {
    let schema = serde_json::from_str(&json_schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let holds = |text: &str| validator.is_valid(&serde_json::from_str(text).unwrap());
    let good = [
        (
            "latency",
            r#"{"unit": "ms", "samples": [1, 2], "weights": [1, 1]}"#,
        ),
        (
            "latency",
            r#"{"unit": "ms", "histogram": "HIST", "scale": 0.001}"#,
        ),
        (
            "latency",
            r#"{"unit": "us", "quantiles": {"0.5": 1}, "n": 3, "mean": 1, "resolution": {"0.5": 1}}"#,
        ),
        (
            "time",
            r#"{"unit": "ns", "estimate": {"point": 1, "low": 1, "high": 2, "confidence": 0.95}}"#,
        ),
        ("errors", r#"{"count": 0, "of": 5}"#),
        (
            "throughput",
            r#"{"unit": "req/s", "value": 1, "role": "fixed"}"#,
        ),
        ("rss", r#"{"unit": "MB", "better": "lower", "value": -1}"#),
        // Its direction is known, and a baseline does not write it.
        ("outage", r#"{"unit": "s", "value": 0}"#),
    ];
    for (metric, body) in good {
        let text = measurement(metric, &body.replace("HIST", &recorded()));
        let run = parse(&text).unwrap().remove(0);
        assert!(holds(&text), "{text}");
        assert!(holds(&write(&run)), "{}", write(&run));
    }
    let bad = [
        ("latency", r#"{"unit": "ms"}"#),
        ("latency", r#"{"unit": "ms", "value": 1, "samples": [1]}"#),
        ("latency", r#"{"unit": "ms", "value": 1, "n": 1}"#),
        ("latency", r#"{"unit": "ms", "value": -1}"#),
        ("latency", r#"{"unit": "MB", "value": 1}"#),
        ("latency", r#"{"unit": "ms", "value": null}"#),
        (
            "latency",
            r#"{"unit": "ms", "quantiles": {"95": 1}, "n": 1}"#,
        ),
        ("latency", r#"{"unit": "ms", "quantiles": {"0.5": 1}}"#),
        ("latency", r#"{"unit": "ms", "histogram": "x"}"#),
        ("latency", r#"{"unit": "ms", "value": 1, "extra": 1}"#),
        ("errors", r#"{"count": 1}"#),
        ("errors", r#"{"unit": "ms", "value": 1}"#),
        ("rss", r#"{"unit": "MB", "value": 1}"#),
        ("throughput", r#"{"unit": "s", "value": 1}"#),
    ];
    for (metric, body) in bad {
        let text = measurement(metric, body);
        refused(&text);
        assert!(!holds(&text), "{text}");
    }
}

/// Ten thousand benchmarks, twenty runs, in one array.
#[test]
#[ignore = "a measurement: cargo test --release --test formats run_file:: -- --ignored --nocapture"]
fn ten_thousand_subjects_of_twenty_runs_parse_in_half_a_second() {
    let subjects: Vec<String> = (0..10_000)
        .map(|i| format!("\"group/bench_{i}\": {{\"time\": {{\"unit\": \"ns\", \"estimate\": {{\"point\": 1203.{i}, \"low\": 1200.5, \"high\": 12040.5, \"confidence\": 0.95}}}}}}"))
        .collect();
    let run = format!(
        "{{\"schema\": \"perfgate.run/1\", \"subjects\": {{{}}}}}",
        subjects.join(", ")
    );
    let text = format!("[{}]", vec![run; 20].join(",\n"));
    let start = Instant::now();
    let runs = parse(&text).unwrap();
    let taken = start.elapsed();
    println!("{} MB in {taken:?}", text.len() / 1_000_000);
    assert_eq!(runs.len(), 20);
    assert!(taken < Duration::from_millis(500), "{taken:?}");
}
