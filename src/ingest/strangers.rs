//! Output of tools that perfgate does not read, told by their first lines, so that an error can name them.

use super::outline::Outline;

/// A file that is not a result, and what to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Completes "it looks like …".
    pub what: &'static str,
    pub hint: &'static str,
}

/// The way in for a tool that is not read.
const OWN_FILE: &str = "write its numbers as a perfgate.run/1 file, which any tool may do: \
                        `perfgate schema` prints what it holds";

/// The start of the text, or a telling part of its head, and whose it is.
const TEXTS: &[(Sign, &str)] = &[
    (
        Sign::Start("metric_name,timestamp,metric_value"),
        "k6's CSV",
    ),
    (Sign::Start("{\"type\":\"Metric\""), "k6's stream of points"),
    (Sign::Start("request-start,DNS"), "oha's CSV"),
    (
        Sign::Start("Percentage served,Time in ms"),
        "ab's table of percentiles",
    ),
    (
        Sign::Start("starttime\tseconds\tctime"),
        "ab's gnuplot file",
    ),
    (Sign::Start("timeStamp,elapsed,"), "JMeter's CSV"),
    (Sign::Part("<testResults"), "JMeter's XML"),
    (Sign::Start("This is ApacheBench"), "ab's text"),
    (Sign::Start("** SIEGE"), "siege's text"),
    (Sign::Part("progress: 10% done"), "h2load's text"),
    (Sign::Part("Success rate:\t"), "oha's text"),
    (Sign::Part(" ns/iter (+/- "), "the text of `cargo bench`"),
    (Sign::Part("time:   ["), "criterion's text"),
    (Sign::Start("Type     Name "), "Locust's console output"),
    (Sign::Part("\nType     Name "), "Locust's console output"),
    (Sign::Start("goos: "), "the text of `go test -bench`"),
    (Sign::Part(" ns/op"), "the text of `go test -bench`"),
    (Sign::Part("│ slowest"), "divan's table"),
];

/// Outermost keys of a JSON document, a telling part of its head where they say too little, and whose it is.
const DOCUMENTS: &[(&[&str], &str, &str)] = &[
    (&["summary", "responseTimeHistogram"], "", "oha's JSON"),
    (&["root_group"], "", "k6's summary"),
    (&["config", "metadata", "results"], "", "k6's summary"),
    (&["data", "metric", "type"], "", "k6's stream of points"),
    (&["connections", "pipelining"], "", "autocannon's JSON"),
    (&["aggregate"], "\"vusers.", "artillery's report"),
    (&["transactions", "availability"], "", "siege's JSON"),
    (
        &["benchmark_exe", "benchmark_file"],
        "",
        "gungraun's summary",
    ),
    (&["Action", "Package"], "", "the stream of `go test -json`"),
];

/// The files of one benchmark: parts of a result, not results.
const CRITERION_PARTS: &[&[&str]] = &[
    &["group_id", "full_id"],
    &["sampling_mode", "iters"],
    &["mean", "median", "median_abs_dev"],
    &["mean", "median"],
];

enum Sign {
    Start(&'static str),
    Part(&'static str),
}

/// Whose output this is, where it is a known tool's.
pub(super) fn of(head: &str, outline: Option<&Outline<'_>>) -> Option<Stranger> {
    match outline {
        Some(outline) => own_document(outline)
            .or_else(|| criterion_part(outline))
            .or_else(|| document(head, outline)),
        None => text(head),
    }
}

fn own_document(outline: &Outline<'_>) -> Option<Stranger> {
    let schema = outline.string("schema")?;
    if schema.starts_with("perfgate.baseline/") {
        return Some(Stranger {
            what: "a perfgate baseline, not a result",
            hint: "pass it with --baseline",
        });
    }
    schema.starts_with("perfgate.verdict/").then_some(Stranger {
        what: "a perfgate verdict, not a result",
        hint: "give the results that it judged; `perfgate post` takes a verdict",
    })
}

fn criterion_part(outline: &Outline<'_>) -> Option<Stranger> {
    CRITERION_PARTS
        .iter()
        .any(|keys| outline.has_all(keys))
        .then_some(Stranger {
            what: "one file of a criterion result",
            hint: "give the whole folder: target/criterion",
        })
}

fn document(head: &str, outline: &Outline<'_>) -> Option<Stranger> {
    DOCUMENTS
        .iter()
        .find(|(keys, part, _)| outline.has_all(keys) && head.contains(part))
        .map(|&(_, _, what)| Stranger {
            what,
            hint: OWN_FILE,
        })
}

fn text(head: &str) -> Option<Stranger> {
    let head = head.trim_start();
    let &(_, what) = TEXTS.iter().find(|(sign, _)| match sign {
        Sign::Start(start) => head.starts_with(start),
        Sign::Part(part) => head.contains(part),
    })?;
    let hint = match what {
        "criterion's text" | "the text of `cargo bench`" => {
            "where criterion wrote it, give the folder target/criterion"
        }
        "Locust's console output" => {
            "run locust with --csv PREFIX or --json, and give what it writes"
        }
        _ => OWN_FILE,
    };
    Some(Stranger { what, hint })
}
