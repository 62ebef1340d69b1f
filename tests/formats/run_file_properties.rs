//! Properties of the run file: what is written is read as the same, and nothing that is read can panic.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hdrhistogram::Histogram;
use perfgate::model::evidence::{Estimate, Moments};
use perfgate::model::run_file::{json_schema, parse, write};
use perfgate::model::timeline::{Gauge, Latencies, Slice};
use perfgate::model::{
    Better, Environment, Evidence, Load, Measurement, MetricName, Point, Provenance, Quantile,
    Role, Run, Subject, Timeline, ToolName, Unit,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any finite number that a latency can be.
fn size() -> impl Strategy<Value = f64> {
    any::<f64>().prop_map(|x| if x.is_finite() { x.abs() } else { 0.1 })
}

fn samples() -> impl Strategy<Value = Evidence> {
    vec((size(), 1e-300..1e300), 1..20).prop_flat_map(|pairs| {
        any::<bool>().prop_map(move |weighted| {
            let (values, weights): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            Evidence::weighted_samples(values, weighted.then_some(weights)).unwrap()
        })
    })
}

fn histogram() -> impl Strategy<Value = Evidence> {
    (
        vec((0_u64..60_000_000, 1_u64..1000), 1..50),
        0_u8..=4,
        1_u64..5,
        1e-9..1e9,
        prop_oneof![Just(0.0), 1e-6..1e3],
    )
        .prop_map(|(values, digits, low, scale, resolution)| {
            let mut histogram = Histogram::new_with_bounds(low, 60_000_000, digits).unwrap();
            for (value, count) in values {
                histogram.record_n(value, count).unwrap();
            }
            Evidence::rounded_histogram(histogram, scale, resolution).unwrap()
        })
}

fn quantiles() -> impl Strategy<Value = Evidence> {
    let point = (size(), prop_oneof![Just(0.0), Just(10.0), 0.0..1e6])
        .prop_map(|(value, resolution)| Point { value, resolution });
    let points = btree_map(0_u32..=1_000_000, point, 0..8);
    (
        points,
        1..u64::MAX,
        size(),
        option::of(size()),
        option::of(size()),
    )
        .prop_map(|(points, n, mean, min, max)| {
            // Quantiles rise, and so do the ends.
            let mut values: Vec<f64> = points.values().map(|point| point.value).collect();
            values.sort_by(f64::total_cmp);
            let points: BTreeMap<Quantile, Point> = points
                .into_iter()
                .zip(values)
                .map(|((q, point), value)| {
                    let quantile = Quantile::from_fraction(f64::from(q) / 1e6).unwrap();
                    (quantile, Point { value, ..point })
                })
                .collect();
            let (min, max) = match (min, max) {
                (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
                other => other,
            };
            let moments = Moments {
                mean: Some(mean),
                min,
                max,
            };
            Evidence::quantiles(points, n, moments).unwrap()
        })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        samples(),
        histogram(),
        quantiles(),
        (size(), size(), size(), 0.001..0.999).prop_map(|(a, b, c, confidence)| {
            let mut ends = [a, b, c];
            ends.sort_by(f64::total_cmp);
            let [low, point, high] = ends;
            Evidence::estimate(Estimate {
                point,
                low,
                high,
                confidence,
            })
            .unwrap()
        }),
        (any::<u64>(), 1..u64::MAX)
            .prop_map(|(count, of)| Evidence::proportion(count % of, of).unwrap()),
        size().prop_map(|value| Evidence::value(value).unwrap()),
    ]
}

fn measured() -> impl Strategy<Value = (MetricName, Measurement)> {
    let role = prop_oneof![Just(Role::Outcome), Just(Role::Total), Just(Role::Fixed)];
    let better = prop_oneof![Just(Better::Lower), Just(Better::Higher)];
    let names = prop_oneof![
        Just(("latency".to_owned(), "ms")),
        Just(("time".to_owned(), "µs")),
        Just(("throughput".to_owned(), "req/s")),
        Just(("errors".to_owned(), "")),
        ".{0,6}".prop_map(|name| (format!("own {name}"), "")),
        Just(("rss".to_owned(), "MiB")),
    ];
    (names, role, better, evidence()).prop_map(|((name, unit), role, better, evidence)| {
        let unit = Unit::new(unit);
        (
            MetricName::new(name),
            Measurement {
                unit,
                better,
                role,
                evidence,
            },
        )
    })
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of(any::<String>())
}

fn environment() -> impl Strategy<Value = Environment> {
    let texts = (text(), text(), text(), text(), text(), text());
    (
        texts,
        text(),
        text(),
        option::of(any::<u32>()),
        option::of(size()),
        any::<bool>(),
    )
        .prop_map(
            |(
                (os, arch, cpu, runner, kernel, image),
                compiler,
                key,
                cores,
                memory_gib,
                assumed,
            )| {
                Environment {
                    os,
                    arch,
                    cpu,
                    cores,
                    memory_gib,
                    runner,
                    kernel,
                    image,
                    compiler,
                    key,
                    assumed,
                }
            },
        )
}

fn load() -> impl Strategy<Value = Load> {
    let terms = btree_map(any::<String>(), any::<String>(), 0..3);
    (text(), terms).prop_map(|(digest, terms)| Load {
        digest,
        terms: terms.into_iter().collect(),
    })
}

fn provenance() -> impl Strategy<Value = Provenance> {
    let tool = option::of(
        (any::<String>(), text()).prop_map(|(name, version)| ToolName { name, version }),
    );
    let time = option::of((0..4_000_000_000_i64, 0..1_000_000_000_i32))
        .prop_map(|t| t.map(|(s, ns)| jiff::Timestamp::new(s, ns).unwrap()));
    (
        tool,
        time,
        text(),
        option::of(size()),
        text(),
        text(),
        environment(),
        (any::<bool>(), option::of("[a-z]{1,9} \\PC{0,9}")),
        (text(), text(), option::of(load())),
    )
        .prop_map(
            |(
                tool,
                started_at,
                session,
                duration_s,
                commit,
                scenario,
                environment,
                ended,
                work,
            )| {
                let (source, inputs, load) = work;
                Provenance {
                    tool,
                    started_at,
                    session,
                    launch: None,
                    duration_s,
                    commit,
                    scenario,
                    source,
                    inputs,
                    load,
                    environment,
                    partial: ended.0,
                    invalid: ended.1,
                }
            },
        )
}

fn timeline() -> impl Strategy<Value = Timeline> {
    let latencies = vec((0..305_u16, 1..u64::from(u32::MAX)), 0..20).prop_map(Latencies::of);
    let slices = btree_map(0..600_usize, (0..9_u64, latencies), 0..20).prop_map(|slices| {
        let slices = slices
            .into_iter()
            .map(|(index, (errors, successes))| Slice {
                index,
                errors,
                successes,
            });
        slices.collect()
    });
    let subjects = btree_map(any::<String>().prop_map(Subject::new), slices, 0..3);
    let values = btree_map(0..600_usize, -1e300..1e300, 0..9);
    let gauge = (".{0,4}", values).prop_map(|(unit, values)| Gauge {
        unit: Unit::new(&unit),
        values: values.into_iter().collect(),
    });
    let gauges = btree_map(any::<String>().prop_map(MetricName::new), gauge, 0..3);
    let gauges = btree_map(any::<String>().prop_map(Subject::new), gauges, 0..3);
    (1e-3..1e6, subjects, gauges).prop_map(|(slice_s, subjects, gauges)| Timeline {
        slice_s,
        subjects,
        gauges,
    })
}

fn run() -> impl Strategy<Value = Run> {
    let subjects = btree_map(any::<String>(), vec(measured(), 0..4), 0..4);
    let timeline = option::of(timeline().prop_map(Box::new));
    (provenance(), subjects, vec(any::<String>(), 0..3), timeline).prop_map(
        |(provenance, subjects, warnings, timeline)| Run {
            provenance,
            warnings,
            timeline,
            unsettled: None,
            subjects: subjects
                .into_iter()
                .map(|(name, metrics)| (Subject::new(name), metrics.into_iter().collect()))
                .collect(),
        },
    )
}

/// What is put in the place of a value, or of nothing: a key that nobody knows.
fn spoils() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        Just(Some(json!(-1))),
        Just(Some(json!(0))),
        Just(Some(json!(0.5))),
        Just(Some(json!(true))),
        Just(Some(json!("ms"))),
        Just(Some(json!([]))),
        Just(Some(json!({}))),
        Just(Some(json!({ "nobody knows": 1 }))),
    ]
}

/// The path of every value of a document but the document itself.
fn places(document: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, all: &mut Vec<String>) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(fields) => {
                let escaped = |key: &String| key.replace('~', "~0").replace('/', "~1");
                fields
                    .iter()
                    .map(|(key, value)| (escaped(key), value))
                    .collect()
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(at, value)| (at.to_string(), value)).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in below {
            let path = format!("{path}/{key}");
            walk(value, &path, all);
            all.push(path);
        }
    }
    let mut all = Vec::new();
    walk(document, "", &mut all);
    all
}

/// Puts a value there, or takes a key away.
fn spoil(document: &mut Value, place: &str, put: Option<Value>) {
    if let Some(value) = put {
        *document.pointer_mut(place).unwrap() = value;
        return;
    }
    let (above, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(above).unwrap() {
        Value::Object(fields) => drop(fields.remove(&key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        _ => unreachable!("only those hold values"),
    }
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(&json_schema()).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
});

/// A small valid file to spoil.
fn sample_file() -> String {
    let histogram = {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
        histogram.record_n(1500, 7).unwrap();
        Evidence::histogram(histogram, 0.001).unwrap()
    };
    let mut run = Run::default();
    let (unit, better, role) = (Unit::new("ms"), Better::Lower, Role::Outcome);
    run.insert(
        Subject::new("GET /µ"),
        MetricName::new("latency"),
        Measurement {
            unit,
            better,
            role,
            evidence: histogram,
        },
    );
    write(&run)
}

/// An unpacked V2 histogram of any header and any counts.
fn forged(header: (u32, u64, u64), counts: &[u8], lie: u32) -> String {
    use base64::Engine;
    let (digits, low, high) = header;
    let length = u32::try_from(counts.len()).unwrap().wrapping_add(lie);
    let mut bytes = 0x1c84_9313_u32.to_be_bytes().to_vec();
    for word in [length, 0, digits] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(low.to_be_bytes());
    bytes.extend(high.to_be_bytes());
    bytes.extend(1.0_f64.to_be_bytes());
    bytes.extend(counts);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_as_the_same(run in run()) {
        let text = write(&run);
        let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&read, &[run]);
        prop_assert_eq!(&write(&read[0]), &text);
        let document = serde_json::from_str(&text).unwrap();
        prop_assert!(SCHEMA.is_valid(&document), "{}\n{document}", SCHEMA.validate(&document).unwrap_err());
    }

    #[test]
    fn a_document_that_was_changed_and_is_still_read_is_as_the_schema_says(
        run in run(), at in any::<prop::sample::Index>(), put in spoils(),
    ) {
        let mut document: Value = serde_json::from_str(&write(&run)).unwrap();
        let places = places(&document);
        let place = &places[at.index(places.len())];
        spoil(&mut document, place, put);
        let is_valid = SCHEMA.is_valid(&document);
        let text = document.to_string();
        match parse(&text) {
            Ok(_) => prop_assert!(is_valid, "{place} is read and not as the schema says: {text}"),
            Err(error) => {
                // What only a reader knows: what a text stands for, and numbers that contradict each other.
                let is_of_type = ["expected ", "is not known"].iter().any(|said| error.message.contains(said));
                prop_assert!(!(is_valid && is_of_type), "{place} is as the schema says, and {error}: {text}");
            }
        }
    }

    #[test]
    fn a_spoiled_file_never_panics(at in 0_usize..400, bytes in vec(any::<u8>(), 0..6), cut in 0_usize..4) {
        let mut file = sample_file().into_bytes();
        let at = at % file.len();
        let end = (at + cut).min(file.len());
        file.splice(at..end, bytes);
        let _read_or_refused = parse(&String::from_utf8_lossy(&file));
    }

    #[test]
    fn any_text_never_panics(text in "[\\{\\}\\[\\],:\"\\\\ \n0-9a-zµ.-]{0,60}") {
        let _read_or_refused = parse(&text);
    }

    #[test]
    fn a_forged_histogram_never_panics(
        digits in 0_u32..8, low in prop_oneof![0_u64..4, any::<u64>()], high in any::<u64>(),
        counts in vec(any::<u8>(), 0..40), lie in prop_oneof![Just(0_u32), any::<u32>()],
    ) {
        let histogram = forged((digits, low, high), &counts, lie);
        let text = format!("{{\"schema\": \"perfgate.run/1\", \"subjects\": {{\"a\": {{\"time\": {{\"unit\": \"ns\", \"histogram\": \"{histogram}\", \"scale\": 1}}}}}}}}");
        if let Ok(runs) = parse(&text) {
            // And it can be used and written again.
            let again = parse(&write(&runs[0])).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(again, runs);
        }
    }
}
