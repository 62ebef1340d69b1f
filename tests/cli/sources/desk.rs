//! A folder with a config, results of any age in it, and perfgate run there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

pub(crate) const DAYS: Duration = Duration::from_secs(3 * 24 * 3600);

pub(crate) struct Desk(tempfile::TempDir);

pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(
            tempfile::Builder::new()
                .prefix("a desk ")
                .tempdir()
                .unwrap(),
        );
        fs::create_dir(desk.path(".git")).unwrap();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `main.json` as the baseline, and these entries.
    pub(crate) fn config(&self, sources: &str) {
        let text = format!("baseline = \"main.json\"\nenvironment = \"lab\"\n{sources}");
        self.write("perfgate.toml", &text);
    }

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

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        command
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // The folder of temporary files may lie in a repository.
            .env("GIT_CEILING_DIRECTORIES", self.0.path().parent().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn(&self, line: &str) -> Child {
        self.command(line).spawn().unwrap()
    }

    pub(crate) fn ends(&self, line: &str, code: i32) -> Said {
        finished(self.spawn(line), line, code)
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

pub(crate) fn finished(child: Child, line: &str, code: i32) -> Said {
    let output = child.wait_with_output().unwrap();
    let said = Said {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    let found = output.status.code();
    assert_eq!(found, Some(code), "{line}\n{}\n{}", said.out, said.err);
    said
}

/// Whether it came to be so before a test has waited too long.
pub(crate) fn comes(is_so: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}
