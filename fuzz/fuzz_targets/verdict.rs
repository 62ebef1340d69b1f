//! From run files to a verdict, through the whole program: up to 60 runs a side of every kind of evidence, with numbers at
//! the edges of what a file can hold. Whatever they are, the program ends with one of its codes, its JSON says the same
//! code, no session that is compared with itself got worse, and what a baseline takes can be shown and compared with.

#![no_main]

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use perfgate::cli::{self, Env, Streams};
use serde_json::{Map, Value, json};

/// The bytes as a row of decisions; behind the last one each is the first choice.
struct Choices<'a>(std::slice::Iter<'a, u8>);

/// Around zero, the smallest and the largest, and what does not fit into a mantissa.
const EDGES: [f64; 14] = [
    0.0,
    1.0,
    100.0,
    100.000_000_1,
    0.5,
    1e-9,
    1e-300,
    5e-324,
    f64::MIN_POSITIVE,
    1e15,
    9_007_199_254_740_993.0,
    1e300,
    f64::MAX,
    -1.0,
];

const METRICS: [(&str, Option<&str>); 9] = [
    ("latency", Some("ms")),
    ("latency", Some("s")),
    ("time", Some("ns")),
    ("throughput", Some("req/s")),
    ("errors", None),
    ("rss_peak", Some("MiB")),
    ("cpu", Some("%")),
    ("instructions", None),
    ("odd `name`|", Some("x|y")),
];

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, most: u8) -> u8 {
        self.byte() % most
    }

    /// Every second one is an ordinary number of three digits.
    fn number(&mut self) -> f64 {
        let choice = usize::from(self.byte());
        match EDGES.get(choice / 2) {
            Some(edge) if choice % 2 == 0 => *edge,
            _ => {
                50.0 + f64::from(u8::try_from(choice).unwrap_or(0)) + f64::from(self.byte()) / 256.0
            }
        }
    }

    fn metric(&mut self, kind: u8) -> Value {
        let mut metric = match kind {
            0 => {
                let count = self.below(12) + 1;
                let samples: Vec<f64> = (0..count).map(|_| self.number()).collect();
                json!({"samples": samples})
            }
            1 => {
                let mut at: Vec<f64> = (0..3).map(|_| self.number()).collect();
                at.sort_by(f64::total_cmp);
                let n = u32::from(self.byte()) * 40 + 1;
                let mut metric =
                    json!({"quantiles": {"0.5": at[0], "0.95": at[1], "0.99": at[2]}, "n": n});
                if self.below(2) == 1 {
                    metric["resolution"] = json!({"0.5": 1.0, "0.95": 1.0, "0.99": 1.0});
                }
                metric
            }
            2 => {
                let of = u32::from(self.byte()) * 10;
                json!({"count": u32::from(self.byte()).min(of), "of": of})
            }
            3 => {
                let (a, b) = (self.number(), self.number());
                json!({"estimate": {"point": a.midpoint(b), "low": a.min(b), "high": a.max(b), "confidence": 0.95}})
            }
            _ => json!({"value": self.number()}),
        };
        match self.below(4) {
            0 => {}
            1 => metric["better"] = json!("higher"),
            _ => metric["better"] = json!("lower"),
        }
        metric
    }

    /// One side: its runs are of one session on one machine or of several, and alike or not.
    fn side(&mut self) -> Side {
        let runs = self.below(60) + 1;
        let subjects = self.below(3) + 1;
        let kinds: Vec<(usize, u8)> = (0..2)
            .map(|_| (usize::from(self.below(9)), self.below(5)))
            .collect();
        let (changing, mixed) = (self.below(2) == 1, self.below(4) == 0);
        let is_apart = self.below(2) == 1;
        let mut text = String::new();
        let mut last = None;
        for _ in 0..runs {
            if changing || last.is_none() {
                let subjects: Map<String, Value> = (0..subjects)
                    .map(|subject| {
                        let metrics: Map<String, Value> = kinds
                            .iter()
                            .map(|(metric, kind)| {
                                let (metric, unit) = METRICS[*metric];
                                let kind = if mixed { self.below(5) } else { *kind };
                                let mut value = self.metric(kind);
                                if let Some(unit) = unit {
                                    value["unit"] = json!(unit);
                                }
                                (metric.to_owned(), value)
                            })
                            .collect();
                        (format!("GET /{subject}"), Value::Object(metrics))
                    })
                    .collect();
                last = Some(Value::Object(subjects));
            }
            let session = if is_apart { self.below(6) } else { 0 };
            let is_elsewhere = is_apart && self.below(40) == 39;
            let environment = if is_elsewhere { "other" } else { "lab" };
            let run = json!({
                "schema": "perfgate.run/1", "session": format!("s{session}"), "environment": {"key": environment},
                "commit": format!("c{}", self.below(3)), "subjects": last,
            });
            text.push_str(&run.to_string());
            text.push('\n');
        }
        Side { text, is_apart }
    }
}

struct Side {
    text: String,
    is_apart: bool,
}

/// The exit code, and standard output.
fn perfgate(arguments: &[&str]) -> (u8, String) {
    let arguments: Vec<OsString> = ["perfgate"]
        .iter()
        .chain(arguments)
        .map(OsString::from)
        .collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let streams = Streams {
        out: &mut out,
        err: &mut err,
        out_is_terminal: false,
        err_is_terminal: false,
    };
    let code = cli::main(&arguments, &Env::default(), streams).code();
    assert!(code <= 3, "{arguments:?} ended with {code}");
    assert_eq!(
        code == 2,
        String::from_utf8_lossy(&err).contains("error: "),
        "{arguments:?} ended with {code}: {}",
        String::from_utf8_lossy(&err)
    );
    (code, String::from_utf8(out).expect("output is UTF-8"))
}

/// One of this process.
fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("perfgate-fuzz-{}", std::process::id()))
}

fuzz_target!(|bytes: &[u8]| {
    let folder = folder();
    fs::create_dir_all(&folder).expect("a folder for the run files");
    let path = |name: &str| {
        folder
            .join(name)
            .to_str()
            .expect("a path of ours")
            .to_owned()
    };
    let (old, new, baseline) = (path("old.json"), path("new.json"), path("main.json"));
    let mut choices = Choices(bytes.iter());
    let how = choices.byte();
    fs::write(&old, choices.side().text).expect("write the old side");
    let side = choices.side();
    fs::write(&new, &side.text).expect("write the new side");

    let format = ["json", "text", "markdown", "junit", "github"][usize::from(how % 5)];
    let mut arguments = vec!["compare", old.as_str(), new.as_str(), "--format", format];
    if how & 32 != 0 {
        arguments.push("--strict");
    }
    if how & 64 != 0 {
        arguments.push("--interleaved");
    }
    let (code, out) = perfgate(&arguments);
    if format == "json" && !out.is_empty() {
        let verdict: Value = serde_json::from_str(&out).expect("the verdict is JSON");
        assert_eq!(verdict["exit_code"], code, "the code of the verdict");
    }
    // Of several sessions the newest is the baseline, and it may well differ from all together.
    if !side.is_apart {
        let (code, out) = perfgate(&["compare", &new, &new, "--format", "text"]);
        assert!(code != 1, "compared with itself:\n{out}");
    }
    if how & 128 != 0 {
        // Of the run before.
        let _ = fs::remove_file(&baseline);
        if perfgate(&["baseline", "update", "--baseline", &baseline, &old]).0 == 0 {
            assert_eq!(
                perfgate(&["baseline", "show", "--baseline", &baseline]).0,
                0
            );
            perfgate(&["check", "--baseline", &baseline, &new]);
        }
    }
});
