//! A folder with results, a baseline and a config, and `perfgate` run in it as a user would.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::desk::Desk;

pub(crate) struct Gate(Desk);

impl Gate {
    pub(crate) fn new(config: &str) -> Self {
        let desk = Desk::new();
        desk.write("perfgate.toml", config);
        Self(desk)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.0.write(name, text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path(name)).unwrap_or_default()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.0.command(arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

/// Requests that took 100 ms times `factor`, of which `failed` in 1000 failed.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) name: &'static str,
    pub(crate) factor: f64,
    pub(crate) failed: u64,
}

pub(crate) const fn page(name: &'static str, factor: f64) -> Page {
    Page {
        name,
        factor,
        failed: 0,
    }
}

/// Runs of one session as a file of perfgate's own format. They differ by half a per cent, so that five can
/// show a change of five per cent and one cannot.
pub(crate) fn results(runs: u32, pages: &[Page]) -> String {
    let runs: Vec<Value> = (0..runs).map(|n| run(n, pages)).collect();
    json!(runs).to_string()
}

fn run(n: u32, pages: &[Page]) -> Value {
    let subjects: serde_json::Map<String, Value> = pages
        .iter()
        .map(|page| {
            let wobble = 1.0 + 0.0025 * f64::from((n * 2) % 5) / 2.0;
            let middle = 100.0 * page.factor * wobble;
            // 400 requests carry a p95 and no p99.
            let samples: Vec<f64> = (0..400)
                .map(|i| middle * (0.9 + 0.2 * f64::from(i) / 399.0))
                .collect();
            let metrics = json!({
                "latency": {"unit": "ms", "better": "lower", "samples": samples},
                "errors": {"better": "lower", "count": page.failed, "of": 1000},
            });
            (page.name.to_owned(), metrics)
        })
        .collect();
    json!({
        "schema": "perfgate.run/1",
        "tool": {"name": "example", "version": "1"},
        "session": "one",
        "subjects": subjects,
    })
}
