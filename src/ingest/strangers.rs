//! Output of tools that perfgate does not read, told by their first lines, so that an error can name them.

use super::outline::Outline;

/// A file that is not a result, and what to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Completes "it looks like …".
    pub what: &'static str,
    pub hint: &'static str,
}

/// The start of the text, or a telling part of its head, whose it is, and what to do instead.
const TEXTS: &[(Sign, &str, &str)] = &[
    (
        Sign::Start("This is ApacheBench"),
        "ab's text without its results",
        "ab was stopped, or could not connect: look at what it printed",
    ),
    (
        Sign::Shape(is_html_of_ab),
        "ab's HTML table (`-w`)",
        "leave out `-w` and give the text that ab prints: the table has no percentiles",
    ),
    (
        Sign::Part("time:   ["),
        "criterion's text",
        "where criterion wrote it, give the folder target/criterion",
    ),
    (Sign::Start("Type     Name "), LOCUST, LOCUST_HINT),
    (Sign::Part("\nType     Name "), LOCUST, LOCUST_HINT),
    (
        Sign::Start("Requests      [total, rate"),
        "vegeta's text report",
        VEGETA_HINT,
    ),
    (
        Sign::Part("BytesOut\u{1}"),
        "vegeta's binary results",
        VEGETA_HINT,
    ),
    (
        Sign::Part("http_req_duration."),
        "k6's text",
        "let k6 write `--out json=points.json.gz`, or `--summary-export summary.json`",
    ),
    (
        Sign::Part("Creating summariser <"),
        "JMeter's console output",
        "give the result file that `jmeter -n -l results.jtl` writes",
    ),
    (
        Sign::Part("---- Global Information ---"),
        "Gatling's console output",
        "give the simulation.log in its folder of results",
    ),
    (
        Sign::Part("Time (mean ± σ):"),
        "hyperfine's text",
        "let hyperfine write `--export-json results.json`",
    ),
    (
        Sign::Part("# JMH version"),
        "JMH's text",
        "let JMH write `-rf json -rff results.json`",
    ),
    (
        Sign::Start("\"Benchmark\",\"Mode\",\"Threads\""),
        "JMH's CSV",
        "let JMH write `-rf json -rff results.json`: its CSV has no samples, and depends on the language of the machine",
    ),
    (
        Sign::Start("Could not connect to Redis at"),
        "redis-benchmark's message that it could not connect",
        "start the server first, and give what redis-benchmark prints when it ran",
    ),
    (
        Sign::Shape(is_aggregated),
        "pgbench's log of intervals (`--aggregate-interval`)",
        "let pgbench write each transaction: `--log` without `--aggregate-interval`; the sums of an interval have no percentiles",
    ),
    (
        Sign::Part("Aborting because of error "),
        "fortio's text without its results",
        "fortio stopped at an error: look at what it printed",
    ),
    (
        Sign::Part("│ Stat    │ 2.5%"),
        "autocannon's table",
        "let autocannon write `-j > results.json`",
    ),
];

const LOCUST: &str = "Locust's console output";
const LOCUST_HINT: &str = "run locust with --csv PREFIX or --json, and give what it writes";
const VEGETA_HINT: &str =
    "give what `vegeta encode -to json` writes of the results, or `vegeta report -type json`";

/// The files of one benchmark: parts of a result, not results.
const CRITERION_PARTS: &[&[&str]] = &[
    &["group_id", "full_id"],
    &["sampling_mode", "iters"],
    &["mean", "median", "median_abs_dev"],
    &["mean", "median"],
];

/// `seconds transactions sum sum² smallest largest`, and more sums: what pgbench writes of each interval.
fn is_aggregated(head: &str) -> bool {
    let is_interval = |line: &str| {
        let mut cells = line.split(' ');
        let begins = cells.next().is_some_and(|cell| cell.len() == 10);
        let is_number = |cell: &str| {
            !cell.is_empty()
                && cell
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        begins && line.split(' ').all(is_number) && cells.count() >= 5
    };
    head.lines().next().is_some_and(is_interval)
}

fn is_html_of_ab(head: &str) -> bool {
    head.contains("This is ApacheBench") && head.contains("<table ")
}

enum Sign {
    Shape(fn(&str) -> bool),
    Start(&'static str),
    Part(&'static str),
}

/// Whose output this is, where it is a known tool's.
pub(super) fn of(head: &str, outline: Option<&Outline<'_>>) -> Option<Stranger> {
    match outline {
        // Some tools print single lines of JSON among their text.
        Some(outline) => own_document(outline)
            .or_else(|| criterion_part(outline))
            .or_else(|| text(head)),
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

fn text(head: &str) -> Option<Stranger> {
    let head = head.trim_start();
    let &(_, what, hint) = TEXTS.iter().find(|(sign, _, _)| match sign {
        Sign::Start(start) => head.starts_with(start),
        Sign::Part(part) => head.contains(part),
        Sign::Shape(is_of_it) => is_of_it(head),
    })?;
    Some(Stranger { what, hint })
}
