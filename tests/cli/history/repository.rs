//! Repositories made for the tests: a baseline that many commits update, each night one session of runs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use perfgate::model::{
    Anchor, Baseline, Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit,
};

/// A day of a repository.
#[derive(Clone, Copy)]
pub(super) struct Night {
    pub(super) day: u32,
    pub(super) environment: &'static str,
    /// Milliseconds of `parse`; there is none on nights on which it was not measured.
    pub(super) parse: Option<f64>,
    pub(super) print: f64,
}

pub(super) struct Repository {
    pub(super) folder: tempfile::TempDir,
}

/// Midnight of 2026-01-01.
const START: i64 = 1_767_225_600;
const DAY: i64 = 86_400;
const RUNS: u32 = 3;
const WINDOW: usize = 12;

pub(super) fn date(day: u32) -> String {
    let at = jiff::Timestamp::from_second(START + i64::from(day) * DAY).unwrap();
    at.strftime("%Y-%m-%d").to_string()
}

/// The build that was measured on a day.
pub(super) fn build(day: u32) -> String {
    format!("{day:040x}")
}

/// The same noise on every machine: about normal, of one.
pub(super) fn noise(seed: u64) -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let mut sum = 0.0;
    for _ in 0..12 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sum += (state >> 11) as f64 / (1_u64 << 53) as f64;
    }
    sum - 6.0
}

fn run(night: &Night, number: u32) -> Run {
    let mut run = Run::default();
    let start = START + i64::from(night.day) * DAY + i64::from(number) * 60;
    run.provenance.started_at = Some(jiff::Timestamp::from_second(start).unwrap());
    run.provenance.session = Some(format!("night {} {}", night.environment, night.day));
    run.provenance.commit = Some(build(night.day));
    run.provenance.environment.key = Some(night.environment.to_owned());
    let seed = u64::from(night.day) * 100 + u64::from(number);
    let mut insert = |subject: &str, level: f64, seed: u64| {
        let value = level * (1.0 + 0.03 * noise(seed));
        let measurement = Measurement {
            unit: Unit::new("ms"),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: Evidence::value(value).unwrap(),
        };
        run.insert(
            Subject::new(subject),
            MetricName::new(MetricName::TIME),
            measurement,
        );
    };
    if let Some(parse) = night.parse {
        insert("parse", parse, seed);
    }
    insert("print", night.print, seed + 50);
    run
}

/// As perfgate writes it, by perfgate.
fn text(folder: &Path, runs: &[Run], anchor: Option<&Run>) -> String {
    let path = folder.join("written.json");
    let _none = std::fs::remove_file(&path);
    perfgate::store::update(&path, |_| {
        Ok(Baseline {
            runs: runs.to_vec(),
            anchor: anchor.map(|run| Anchor {
                label: "v1".to_owned(),
                budget: 0.15,
                runs: vec![run.clone()],
            }),
        })
    })
    .unwrap();
    std::fs::read_to_string(path).unwrap()
}

impl Repository {
    /// One commit for each night. From `renamed_on` on the file is called `baselines/main.json`, before `perf.json`.
    pub(super) fn of(nights: &[Night], renamed_on: u32) -> Self {
        let repository = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let desk = tempfile::tempdir().unwrap();
        repository.git(&["init", "-q", "-b", "main"]);
        let mut stream = String::new();
        let mut window: Vec<Run> = Vec::new();
        let mut anchor = None;
        let mut is_renamed = false;
        for night in nights {
            window.extend((0..RUNS).map(|number| run(night, number)));
            let surplus = window.len().saturating_sub(WINDOW);
            window.drain(..surplus);
            let anchor = anchor.get_or_insert_with(|| run(night, 0));
            let text = text(desk.path(), &window, Some(anchor));
            let at = START + i64::from(night.day) * DAY + 7200;
            write!(
                stream,
                "commit refs/heads/main\ncommitter Nightly <n@example.org> {at} +0000\ndata 0\n"
            )
            .unwrap();
            if night.day >= renamed_on && !is_renamed {
                is_renamed = true;
                stream.push_str("D perf.json\n");
            }
            let path = if is_renamed {
                "baselines/main.json"
            } else {
                "perf.json"
            };
            writeln!(
                stream,
                "M 100644 inline {path}\ndata {}\n{text}",
                text.len()
            )
            .unwrap();
        }
        repository.import(&stream);
        repository.git(&["reset", "-q", "--hard"]);
        repository
    }

    fn import(&self, stream: &str) {
        let mut import = self
            .command("git")
            .args(["fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        import
            .stdin
            .take()
            .unwrap()
            .write_all(stream.as_bytes())
            .unwrap();
        assert!(import.wait().unwrap().success());
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Commits `baselines/main.json` with runs of two builds in each session: `(base, head, machine, ratio)`.
    pub(super) fn pairs(&self, sessions: &[(&str, &str, &'static str, f64)]) {
        let mut runs = Vec::new();
        for (day, &(base, head, environment, ratio)) in sessions.iter().enumerate() {
            // The same program takes half as long on the other machine.
            let level = if environment == "fast" { 10.0 } else { 20.0 };
            // Turns begin with either side.
            let sides = [(head, level * ratio), (base, level)];
            for (number, (commit, print)) in sides.iter().cycle().take(6).enumerate() {
                let night = Night {
                    day: u32::try_from(day).unwrap(),
                    environment,
                    parse: None,
                    print: *print,
                };
                let mut run = run(&night, u32::try_from(number).unwrap());
                run.provenance.commit = Some((*commit).to_owned());
                runs.push(run);
            }
        }
        let desk = tempfile::tempdir().unwrap();
        let text = text(desk.path(), &runs, None);
        std::fs::write(self.folder.path().join("baselines/main.json"), text).unwrap();
        self.git(&["commit", "-qam", "pairs"]);
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let done = self.command("git").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        command(program, self.folder.path())
    }

    pub(super) fn history(&self, arguments: &[&str]) -> Said {
        history(self.folder.path(), arguments)
    }
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.org");
    command
}

#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

/// `perfgate history` in a folder.
pub(super) fn history(folder: &Path, arguments: &[&str]) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command(env!("CARGO_BIN_EXE_perfgate"), folder)
        .arg("history")
        .args(arguments)
        .output()
        .unwrap();
    Said {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

impl Said {
    pub(super) fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}
