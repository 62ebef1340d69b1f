//! A folder with a config and results of any age, in which perfgate runs.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

pub(crate) use crate::support::desk::{Desk, Said, comes, finished};

pub(crate) const DAYS: Duration = Duration::from_secs(3 * 24 * 3600);

impl Desk {
    /// A baseline of a criterion benchmark, as cargo bench leaves it in `target/criterion`.
    pub(crate) fn benchmark(&self, name: &str, baseline: &str) {
        let place = format!("target/criterion/{name}/{baseline}");
        let named = json!({
            "group_id": name, "function_id": null, "value_str": null, "throughput": null,
            "full_id": name, "directory_name": name, "title": name
        });
        self.write(&format!("{place}/benchmark.json"), &named.to_string());
        let (iters, times): (Vec<f64>, Vec<f64>) = (1..=30_u8)
            .map(|n| (f64::from(n), 100.0 * f64::from(n) + f64::from(n % 3)))
            .unzip();
        let sample = json!({"sampling_mode": "Linear", "iters": iters, "times": times});
        self.write(&format!("{place}/sample.json"), &sample.to_string());
    }

    pub(crate) fn run_file(&self, name: &str, time: f64) {
        let samples: Vec<f64> = (0..30_u8).map(|n| time + f64::from(n) / 100.0).collect();
        let run = json!({
            "schema": "perfgate.run/1",
            "subjects": {"parse": {"time": {"unit": "ns", "better": "lower", "samples": samples}}}
        });
        self.write(name, &run.to_string());
    }

    /// Everything below was written so long ago.
    pub(crate) fn age(&self, name: &str, by: Duration) {
        age(&self.path(name), SystemTime::now() - by);
    }

    /// Of the runs in `main.json`, each once.
    pub(crate) fn provenance(&self, key: &str) -> Vec<Value> {
        let baseline: Value = serde_json::from_str(&self.read("main.json")).unwrap();
        let mut found = Vec::new();
        collect(&baseline, key, &mut found);
        found.dedup();
        found
    }
}

fn collect(value: &Value, key: &str, found: &mut Vec<Value>) {
    match value {
        Value::Object(entries) => {
            for (name, inner) in entries {
                if name == key {
                    found.push(inner.clone());
                } else {
                    collect(inner, key, found);
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|inner| collect(inner, key, found)),
        _ => {}
    }
}

fn age(path: &Path, time: SystemTime) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path(), time);
        }
    } else {
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
}
