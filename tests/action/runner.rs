//! A runner of GitHub Actions in a temporary folder: workspace, tool cache, and the files that steps write to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::github::{GitHub, MERGE};

const TOKEN: &str = "ghs_canaryCANARYcanary0123456789";

/// The perfgate of this build.
pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_perfgate")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a release carries: this build, packed as releases are.
pub(crate) fn archive() -> Vec<u8> {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE
        .get_or_init(|| {
            let folder = Path::new(program()).parent().unwrap();
            let tar = Command::new("tar")
                .args(["--mode=755", "-czf", "-", "perfgate"])
                .current_dir(folder)
                .output()
                .unwrap();
            assert!(tar.status.success());
            tar.stdout
        })
        .clone()
}

pub(crate) struct Runner {
    folder: TempDir,
    variables: RefCell<BTreeMap<String, String>>,
}

/// What a step left behind.
pub(crate) struct Step {
    pub(crate) code: i32,
    /// Both streams.
    pub(crate) said: String,
    pub(crate) summary: String,
    pub(crate) path: String,
    outputs: BTreeMap<String, String>,
}

impl Step {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// Of single series, without that of the whole gate.
    pub(crate) fn annotations(&self) -> Vec<&str> {
        self.said
            .lines()
            .filter(|line| line.starts_with("::error ") && !line.contains("title=perfgate::"))
            .collect()
    }
}

impl Runner {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workspace", "temp", "tools", "action/.github", "bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let runner = Self {
            folder,
            variables: RefCell::default(),
        };
        copy(
            &root().join("examples/shop"),
            &runner.workspace().join("shop"),
        );
        copy(
            &root().join(".github/action"),
            &runner.at("action/.github/action"),
        );
        runner
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.at("workspace")
    }

    fn asset() -> String {
        let machine = std::env::consts::ARCH;
        format!(
            "perfgate-{}-{machine}-unknown-linux-musl.tar.gz",
            env!("CARGO_PKG_VERSION")
        )
    }

    /// Below the place that releases are downloaded from.
    pub(crate) fn asset_url(&self) -> String {
        format!("/v{}/{}", env!("CARGO_PKG_VERSION"), Self::asset())
    }

    pub(crate) fn cached_archive(&self) -> PathBuf {
        self.at("tools/perfgate")
            .join(env!("CARGO_PKG_VERSION"))
            .join(Self::asset())
    }

    /// As the release workflow does: the checksum stands in the action's own revision.
    pub(crate) fn list_release(&self, archive: &[u8]) {
        let file = self.at("archive");
        fs::write(&file, archive).unwrap();
        let sum = Command::new("sha256sum").arg(&file).output().unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        let list = self.at("action/.github/action/release.txt");
        let mut text = fs::read_to_string(&list).unwrap();
        text.push_str(&format!("{}  {}\n", &sum[..64], Self::asset()));
        fs::write(list, text).unwrap();
    }

    pub(crate) fn put_on_path(&self, program: &str) {
        std::os::unix::fs::symlink(program, self.at("bin/perfgate")).unwrap();
    }

    pub(crate) fn put_script_on_path(&self, script: &str) {
        let path = self.at("bin/perfgate");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn set(&self, variable: &str, value: &str) {
        self.variables
            .borrow_mut()
            .insert(variable.to_owned(), value.to_owned());
    }

    /// The job of an event, on the repository of this GitHub.
    pub(crate) fn event(&self, name: &str, event: &serde_json::Value, github: &GitHub) {
        let file = self.at("event.json");
        fs::write(&file, event.to_string()).unwrap();
        for (variable, value) in [
            ("GITHUB_API_URL", github.url.as_str()),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
            ("GITHUB_JOB", "gate"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_RUN_ID", "70"),
            ("GITHUB_SHA", MERGE),
            ("GITHUB_WORKFLOW", "performance"),
        ] {
            self.set(variable, value);
        }
    }

    /// In the environment of every step; it may turn up in nothing that anybody sees.
    pub(crate) fn token(&self) -> &'static str {
        TOKEN
    }

    pub(crate) fn step(&self, inputs: &[(&str, &str)]) -> Step {
        for name in ["output", "summary", "path"] {
            fs::write(self.at(name), "").unwrap();
        }
        let mut search = OsString::from(self.at("bin"));
        search.push(":/usr/local/bin:/usr/bin:/bin");
        let ran = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .arg(self.at("action/.github/action/perfgate.sh"))
            .current_dir(self.workspace())
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", search)
            .env("HOME", self.at("temp"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", self.at("action"))
            .env("GITHUB_ACTION_REPOSITORY", "o/perfgate")
            .env("GITHUB_SERVER_URL", "http://127.0.0.1:9")
            .env("GITHUB_OUTPUT", self.at("output"))
            .env("GITHUB_STEP_SUMMARY", self.at("summary"))
            .env("GITHUB_PATH", self.at("path"))
            .env("RUNNER_OS", "Linux")
            .env(
                "RUNNER_ARCH",
                if cfg!(target_arch = "aarch64") {
                    "ARM64"
                } else {
                    "X64"
                },
            )
            .env("RUNNER_TEMP", self.at("temp"))
            .env("RUNNER_TOOL_CACHE", self.at("tools"))
            .envs(self.variables.borrow().iter())
            .envs(defaults())
            .envs(inputs.iter().copied())
            .output()
            .unwrap();
        let text = |name: &str| fs::read_to_string(self.at(name)).unwrap();
        Step {
            code: ran.status.code().unwrap(),
            said: String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned(),
            summary: text("summary"),
            path: text("path"),
            outputs: outputs(&text("output")),
        }
    }
}

/// What the runner puts into the environment where the workflow says nothing.
fn defaults() -> Vec<(String, String)> {
    let action = include_str!("../../action.yml");
    let default = |input: &str| {
        let line = action.lines().find_map(|line| {
            line.trim()
                .strip_prefix(input)?
                .strip_prefix(": {default: ")
        });
        let value = line.unwrap().split(", description:").next().unwrap();
        value.trim_matches('"').to_owned()
    };
    let given = action
        .lines()
        .filter_map(|line| line.trim().split_once(": ${{ inputs."));
    given
        .map(|(variable, rest)| {
            let value = default(rest.trim_end_matches(" }}"));
            let value = if value.starts_with("${{") {
                TOKEN.to_owned()
            } else {
                value
            };
            (variable.to_owned(), value)
        })
        .collect()
}

/// `name=value` and `name<<delimiter`, as runners read them.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let long = line.find("<<");
        let short = line.find('=');
        if let Some(at) = long.filter(|at| short.is_none_or(|short| *at < short)) {
            let delimiter = &line[at + 2..];
            let value: Vec<&str> = lines
                .by_ref()
                .take_while(|line| *line != delimiter)
                .collect();
            outputs.insert(line[..at].to_owned(), value.join("\n"));
        } else {
            let (name, value) = line.split_once('=').unwrap();
            outputs.insert(name.to_owned(), value.to_owned());
        }
    }
    outputs
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
