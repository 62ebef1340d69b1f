//! A CI job as the runner makes it: its variables, its event file, the files that it collects.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use perfgate::report::{self, Document, Format, Style};
use serde_json::{Value, json};

use crate::support::github::{GitHub, HEAD, MERGE};
use crate::support::scenes;

/// In every place where a token can be; it may turn up in none that anybody sees.
pub(crate) const TOKEN: &str = "ghs_canaryCANARYcanary0123456789";

pub(crate) struct Job {
    pub(crate) folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Job {
    /// Of pull request 7, with a failing verdict in `verdict.json`.
    pub(crate) fn new(github: &GitHub) -> Self {
        let event = json!({"pull_request": {"number": 7, "head": {"sha": HEAD}}});
        Self::of("pull_request", &event, github)
    }

    pub(crate) fn of(name: &str, event: &Value, github: &GitHub) -> Self {
        let mut job = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        };
        fs::write(job.path("event.json"), event.to_string()).unwrap();
        job.verdict(&scenes::fail());
        let file = |name: &str| job.path(name).display().to_string();
        let (event, summary, output) = (file("event.json"), file("summary.md"), file("output"));
        for (variable, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", github.url.as_str()),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", &event),
            ("GITHUB_JOB", "perf"),
            ("GITHUB_OUTPUT", &output),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_RUN_ID", "70"),
            ("GITHUB_SHA", MERGE),
            ("GITHUB_STEP_SUMMARY", &summary),
            ("GITHUB_TOKEN", TOKEN),
            ("GITHUB_WORKFLOW", "gate"),
        ] {
            job.set(variable, value);
        }
        job
    }

    pub(crate) fn set(&mut self, variable: &str, value: &str) -> &mut Self {
        self.variables.retain(|(known, _)| known != variable);
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn verdict(&mut self, document: &Document) -> &mut Self {
        let text = report::render(document, Format::Json, &Style::default(), None).unwrap();
        fs::write(self.path("verdict.json"), text).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        command
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, line: &str) -> Said {
        let started = Instant::now();
        let output = self.command(line).output().unwrap();
        let said = Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            took: started.elapsed(),
        };
        self.keeps_its_secret(&said);
        said
    }

    /// The failing verdict's post, with these flags and this code.
    pub(crate) fn posts(&self, flags: &str, code: i32) -> Said {
        let said = self.run(&format!("post verdict.json {flags}"));
        assert_eq!(said.code, code, "{}\n{}", said.out, said.err);
        said
    }

    /// The value of a step's output.
    pub(crate) fn output(&self, name: &str) -> Option<String> {
        let text = self.read("output");
        let mut lines = text
            .lines()
            .skip_while(|line| !line.starts_with(&format!("{name}<<")));
        let delimiter = lines.next()?.split_once("<<")?.1;
        Some(
            lines
                .take_while(|line| *line != delimiter)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }

    fn keeps_its_secret(&self, said: &Said) {
        assert!(!said.out.contains(TOKEN) && !said.err.contains(TOKEN));
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains(TOKEN), "the token is in {}", path.display());
        }
    }
}
