//! A runner of GitHub Actions in a temporary folder, which executes the steps of actions and workflows one by one.
//!
//! What a step finds in its environment is what the runner's own source gives it (`actions/runner` at 258d6c8, in
//! `src/Runner.Worker` unless said otherwise), and nothing else:
//!
//! | variables | source |
//! |---|---|
//! | the environment of the runner's own process, such as `PATH`, `HOME`, `ImageOS` | `Runner.Sdk/ProcessInvoker.cs` |
//! | what earlier steps wrote to `GITHUB_ENV`, then the `env:` of workflow, job and step; inside a composite action that of the step which uses it, then that of the inner step | `StepsRunner.cs`, `Handlers/CompositeActionHandler.cs` (`RunStepsAsync`) |
//! | what earlier steps wrote to `GITHUB_PATH`, in front of `PATH` | `Handlers/Handler.cs` (`AddPrependPathToEnvironment`) |
//! | `GITHUB_X` for each `github.x` of a list of names, over whatever `env:` says | `GitHubContext.cs`, `Handlers/ScriptHandler.cs` |
//! | `GITHUB_ACTION_REPOSITORY` and `GITHUB_ACTION_REF`: **empty** in each `run:` step, for these belong to no repository. An `env:` is evaluated before they are emptied, a `with:` after they became those of the nested action | `ActionRunner.cs` (`RunAsync`), `CompositeActionHandler.cs` |
//! | `GITHUB_ACTION_PATH`: the folder of the action, in its own steps only | `Handlers/CompositeActionHandler.cs` |
//! | `GITHUB_OUTPUT`, `_ENV`, `_PATH`, `_STATE`, `_STEP_SUMMARY`, `_ARTIFACTS`, `_ARTIFACTS_LIST`: new files for each step | `FileCommandManager.cs` |
//! | `RUNNER_X` for each `runner.x`: os, arch, name, environment, tool_cache, temp, workspace, and debug where asked for | `RunnerContext.cs`, `JobRunner.cs`, `JobExtension.cs`, `TempDirectoryManager.cs` |
//! | `GITHUB_ACTIONS=true`, and `CI=true` unless it is set | `Runner.Sdk/ProcessInvoker.cs` |
//!
//! There is no `INPUT_X` (those are for actions of JavaScript and containers), no token that was not handed over, and no
//! `ACTIONS_RUNTIME_TOKEN`; `ACTIONS_ID_TOKEN_REQUEST_TOKEN` and `_URL` are there only where the job has `id-token: write`
//! (`Handlers/ScriptHandler.cs`), which no job has that runs ours. A script with `shell: bash` is `bash --noprofile --norc -e -o pipefail FILE`, one without a shell
//! `bash -e FILE` (`Handlers/ScriptHandlerHelpers.cs`).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::expression::{self, Before};
use crate::support::github::{GitHub, MERGE};

pub(super) const TOKEN: &str = "ghs_canaryCANARYcanary0123456789";

/// The `github.x` that steps find as `GITHUB_X`.
const GIVEN: [&str; 39] = [
    "action_path",
    "action_ref",
    "action_repository",
    "action",
    "actor",
    "actor_id",
    "api_url",
    "artifacts",
    "artifacts_list",
    "base_ref",
    "env",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "output",
    "path",
    "ref_name",
    "ref_protected",
    "ref_type",
    "ref",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "state",
    "step_summary",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

/// What the scripts of the action and of the workflows call. Nothing else of this machine is on their PATH, so that no
/// Rust and no perfgate of its own is found.
const TOOLS: &[&str] = &[
    "awk",
    "basename",
    "bash",
    "cat",
    "chmod",
    "cp",
    "curl",
    "cut",
    "date",
    "dirname",
    "env",
    "find",
    "git",
    "grep",
    "gzip",
    "head",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "printf",
    "rm",
    "sed",
    "seq",
    "sh",
    "sha256sum",
    "shasum",
    "sleep",
    "sort",
    "tail",
    "tar",
    "touch",
    "tr",
    "uname",
    "wc",
    "xargs",
];

/// The perfgate of this build.
pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_perfgate")
}

/// The same without its debug information, made once: small enough to be copied, packed and served by many tests at a
/// time.
pub(crate) fn small_program() -> &'static Path {
    static SMALL: OnceLock<PathBuf> = OnceLock::new();
    SMALL.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("small");
        fs::create_dir_all(&folder).unwrap();
        let small = folder.join("perfgate");
        let new = folder.join(format!("perfgate.{}", std::process::id()));
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(&new).arg(program());
        if !strip.status().is_ok_and(|status| status.success()) {
            fs::copy(program(), &new).unwrap();
        }
        fs::rename(new, &small).unwrap();
        small
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// What a release carries: this build, packed as releases are.
pub(crate) fn archive() -> Vec<u8> {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE
        .get_or_init(|| {
            let folder = small_program().parent().unwrap();
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
    github: RefCell<Map<String, Value>>,
    /// What steps wrote to GITHUB_ENV and GITHUB_PATH.
    environment: RefCell<Vec<(String, String)>>,
    search: RefCell<Vec<String>>,
    /// Whether it belongs to an Enterprise Server, which takes no artifacts of today's kind.
    pub(super) is_enterprise: Cell<bool>,
    /// The artifacts of this run of a workflow.
    pub(super) uploaded: RefCell<Vec<String>>,
}

/// What a step left behind, or a whole job.
#[derive(Default)]
pub(crate) struct Step {
    /// Of the first step that failed.
    pub(crate) code: i32,
    /// Both streams.
    pub(crate) said: String,
    pub(crate) summary: String,
    pub(crate) path: String,
    /// The actions that it used, in order.
    pub(crate) used: Vec<String>,
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

/// The steps of one job or of one composite action.
struct Scope {
    github: Map<String, Value>,
    inputs: Value,
    matrix: Value,
    /// The `env:` around the steps.
    around: Vec<(String, String)>,
    steps: Map<String, Value>,
    before: Before,
    /// In a job the folder that `run:` begins in can be set for all.
    is_job: bool,
}

impl Runner {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "workspace",
            "temp",
            "tools",
            "action",
            "bin",
            "usr",
            "cache",
            "artifacts",
            "commands",
        ] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let runner = Self {
            folder,
            github: RefCell::default(),
            environment: RefCell::default(),
            search: RefCell::default(),
            is_enterprise: Cell::new(false),
            uploaded: RefCell::default(),
        };
        runner.link_tools();
        copy(
            &root().join("examples/shop"),
            &runner.workspace().join("shop"),
        );
        for part in ["action.yml", "Cargo.toml", "Cargo.lock"] {
            fs::copy(root().join(part), runner.at("action").join(part)).unwrap();
        }
        for part in [".github/action", "src", "templates"] {
            copy(&root().join(part), &runner.at("action").join(part));
        }
        let path = |name: &str| runner.at(name).to_str().unwrap().to_owned();
        for (name, value) in [
            ("action", "__OWNER_perfgate"),
            ("actor", "robin"),
            ("api_url", "http://127.0.0.1:9"),
            ("job", "gate"),
            ("ref", "refs/pull/7/merge"),
            ("repository", "acme/shop"),
            ("repository_owner", "acme"),
            ("retention_days", "90"),
            ("run_attempt", "1"),
            ("run_id", "70"),
            ("run_number", "3"),
            ("server_url", "http://127.0.0.1:9"),
            ("token", TOKEN),
            ("workflow", "performance"),
            ("workspace", &path("workspace")),
        ] {
            runner.set(name, value);
        }
        runner
    }

    fn link_tools(&self) {
        let search = std::env::var_os("PATH").unwrap_or_default();
        for tool in TOOLS {
            let found = std::env::split_paths(&search)
                .map(|folder| folder.join(tool))
                .find(|path| path.is_file());
            if let Some(path) = found {
                symlink(path, self.at("usr").join(tool)).unwrap();
            }
        }
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
        symlink(program, self.at("bin/perfgate")).unwrap();
    }

    pub(crate) fn put_script_on_path(&self, name: &str, script: &str) {
        let path = self.at("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A part of the `github` context.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.github
            .borrow_mut()
            .insert(name.to_owned(), Value::from(value));
    }

    /// As a step does that writes to GITHUB_ENV.
    pub(crate) fn export(&self, variable: &str, value: &str) {
        let pair = (variable.to_owned(), value.to_owned());
        self.environment.borrow_mut().push(pair);
    }

    /// The job of an event, on the repository of this GitHub.
    pub(crate) fn event(&self, name: &str, event: &Value, github: &GitHub) {
        let file = self.at("event.json");
        fs::write(&file, event.to_string()).unwrap();
        for (part, value) in [
            ("api_url", github.url.as_str()),
            ("event_name", name),
            ("event_path", file.to_str().unwrap()),
            ("sha", MERGE),
        ] {
            self.set(part, value);
        }
        self.github
            .borrow_mut()
            .insert("event".to_owned(), event.clone());
    }

    /// The default of the input `github-token`; it may turn up in nothing that anybody sees.
    pub(crate) fn token(&self) -> &'static str {
        TOKEN
    }

    /// The action, used by a step of a job with these inputs.
    pub(crate) fn step(&self, inputs: &[(&str, &str)]) -> Step {
        let with: Map<String, Value> = inputs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        let step = json!({"id": "it", "uses": "OWNER/perfgate@0000", "with": with});
        let mut scope = self.job_scope(Value::Null);
        let mut log = Step::default();
        self.one(&step, &mut scope, &mut log);
        let outputs = scope.steps["it"]["outputs"].as_object().unwrap().clone();
        for (name, value) in outputs {
            log.outputs
                .insert(name, value.as_str().unwrap_or_default().to_owned());
        }
        log
    }

    /// A workflow: its jobs one after the other, each from its first step to its last.
    pub(crate) fn job(&self, workflow: &str) -> Step {
        self.job_of(workflow, Value::Null)
    }

    /// The same, in one leg of the matrix. What needs a job that failed is left out.
    pub(crate) fn job_of(&self, workflow: &str, matrix: Value) -> Step {
        let workflow = yaml(workflow);
        // Each run has its own artifacts; one that another has started reads those of the other.
        if self.github.borrow()["event_name"] != "workflow_run" {
            self.uploaded.borrow_mut().clear();
            fs::remove_dir_all(self.at("artifacts")).unwrap();
            fs::create_dir(self.at("artifacts")).unwrap();
        }
        let mut all = Step::default();
        let mut jobs: Vec<(&String, &Value)> =
            workflow["jobs"].as_object().unwrap().iter().collect();
        // None of ours needs more than one, and that one needs none.
        jobs.sort_by_key(|(_, job)| !job["needs"].is_null());
        for (name, job) in jobs {
            assert!(!job["needs"].is_array(), "{name}");
            let before = if all.code != 0 && !job["needs"].is_null() {
                Before::Failed
            } else {
                Before::Succeeded
            };
            let step = self.executed(&workflow, name, (matrix.clone(), before));
            all.code = if all.code == 0 { step.code } else { all.code };
            all.said.push_str(&step.said);
            all.summary.push_str(&step.summary);
            all.used.extend(step.used);
        }
        all
    }

    /// The job of this name.
    pub(crate) fn job_called(&self, workflow: &str, name: &str) -> Step {
        let alone = (Value::Null, Before::Succeeded);
        self.executed(&yaml(workflow), name, alone)
    }

    /// With its matrix, and what became of the jobs that it needs.
    fn executed(&self, workflow: &Value, name: &str, (matrix, before): (Value, Before)) -> Step {
        let job = &workflow["jobs"][name];
        self.set("job", name);
        self.set("workflow", workflow["name"].as_str().unwrap_or(name));
        self.environment.borrow_mut().clear();
        self.search.borrow_mut().clear();
        // Each job has a machine of its own.
        for folder in ["workspace", "temp", "tools"] {
            fs::remove_dir_all(self.at(folder)).unwrap();
            fs::create_dir(self.at(folder)).unwrap();
        }
        let mut scope = self.job_scope(matrix);
        let mut log = Step::default();
        if expression::holds(job["if"].as_str(), &self.contexts(&scope, &[]), before) {
            for step in job["steps"].as_array().unwrap() {
                self.one(step, &mut scope, &mut log);
            }
        }
        log
    }

    fn job_scope(&self, matrix: Value) -> Scope {
        Scope {
            github: self.github.borrow().clone(),
            inputs: Value::Null,
            matrix,
            around: Vec::new(),
            steps: Map::new(),
            before: Before::Succeeded,
            is_job: true,
        }
    }

    fn contexts(&self, scope: &Scope, env: &[(String, String)]) -> Value {
        let env: Map<String, Value> = env
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        json!({
            "github": scope.github, "inputs": scope.inputs, "matrix": scope.matrix, "steps": scope.steps,
            "runner": self.runner_context(), "env": env,
        })
    }

    fn runner_context(&self) -> Map<String, Value> {
        let arch = if cfg!(target_arch = "aarch64") {
            "ARM64"
        } else {
            "X64"
        };
        let path = |name: &str| self.at(name).to_str().unwrap().to_owned();
        [
            ("os", "Linux".to_owned()),
            ("arch", arch.to_owned()),
            ("name", "GitHub Actions 12".to_owned()),
            ("environment", "github-hosted".to_owned()),
            ("tool_cache", path("tools")),
            ("temp", path("temp")),
            ("workspace", path("")),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
    }

    fn one(&self, step: &Value, scope: &mut Scope, log: &mut Step) {
        let mut env = self.environment.borrow().clone();
        env.extend(scope.around.iter().cloned());
        let own: Vec<(String, String)> = {
            let contexts = self.contexts(scope, &env);
            let own = step["env"].as_object().into_iter().flatten();
            own.map(|(name, value)| (name.clone(), expression::text(&plain(value), &contexts)))
                .collect()
        };
        env.extend(own.iter().cloned());
        let contexts = self.contexts(scope, &env);
        if !expression::holds(step["if"].as_str(), &contexts, scope.before) {
            return;
        }
        let doing = Doing {
            step,
            env: &env,
            around: scope.around.iter().chain(&own).cloned().collect(),
        };
        let done = match step["uses"].as_str() {
            Some(uses) => self.uses(uses, &doing, scope, log),
            None => self.script(&doing, scope, log),
        };
        let is_ignored = step["continue-on-error"] == Value::Bool(true);
        if done.code != 0 && !is_ignored {
            scope.before = Before::Failed;
            if log.code == 0 {
                log.code = done.code;
            }
        }
        if let Some(id) = step["id"].as_str() {
            let outcome = if done.code == 0 { "success" } else { "failure" };
            scope.steps.insert(
                id.to_owned(),
                json!({"outputs": done.outputs, "outcome": outcome}),
            );
        }
    }

    fn script(&self, doing: &Doing<'_>, scope: &Scope, log: &mut Step) -> Done {
        let mut github = scope.github.clone();
        for emptied in ["action_repository", "action_ref"] {
            github.insert(emptied.to_owned(), Value::from(""));
        }
        for file in [
            "output",
            "env",
            "path",
            "state",
            "step_summary",
            "artifacts",
            "artifacts_list",
        ] {
            let path = self.at("commands").join(file);
            fs::write(&path, "").unwrap();
            github.insert(file.to_owned(), Value::from(path.to_str().unwrap()));
        }
        let contexts = self.contexts(scope, doing.env);
        let script = self.at("script.sh");
        let run = expression::text(doing.step["run"].as_str().unwrap(), &contexts);
        fs::write(&script, run).unwrap();
        let folder = doing.step["working-directory"].as_str().unwrap_or(".");
        let mut command = Command::new(self.at("usr/bash"));
        command.args(match doing.step["shell"].as_str() {
            Some("bash") => &["--noprofile", "--norc", "-e", "-o", "pipefail"][..],
            None if scope.is_job => &["-e"],
            other => panic!("a shell that no step of ours has: {other:?}"),
        });
        command
            .arg(&script)
            .current_dir(self.workspace().join(folder))
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", self.at("temp"))
            .env("ImageOS", "ubuntu24")
            .env("CURL_CA_BUNDLE", super::files::AUTHORITY)
            .envs(doing.env.iter().cloned());
        let mut search: Vec<PathBuf> = self
            .search
            .borrow()
            .iter()
            .rev()
            .map(PathBuf::from)
            .collect();
        search.extend([self.at("bin"), self.at("usr")]);
        command.env("PATH", std::env::join_paths(search).unwrap());
        for (name, value) in &github {
            if GIVEN.contains(&name.as_str()) && !value.is_object() {
                command.env(format!("GITHUB_{}", name.to_uppercase()), plain(value));
            }
        }
        for (name, value) in self.runner_context() {
            command.env(format!("RUNNER_{}", name.to_uppercase()), plain(&value));
        }
        let ran = command
            .env("GITHUB_ACTIONS", "true")
            .env("CI", "true")
            .output()
            .unwrap();
        let read = |file: &str| fs::read_to_string(self.at("commands").join(file)).unwrap();
        log.said
            .push_str(&String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()));
        log.summary.push_str(&read("step_summary"));
        log.path.push_str(&read("path"));
        let added = read("path");
        self.search
            .borrow_mut()
            .extend(added.lines().map(str::to_owned));
        self.environment.borrow_mut().extend(pairs(&read("env")));
        Done {
            code: ran.status.code().unwrap(),
            outputs: pairs(&read("output")),
        }
    }

    fn uses(&self, uses: &str, doing: &Doing<'_>, scope: &mut Scope, log: &mut Step) -> Done {
        let (name, revision) = uses.split_once('@').unwrap();
        log.used.push(name.to_owned());
        let mut github = scope.github.clone();
        github.insert("action_repository".to_owned(), Value::from(name));
        github.insert("action_ref".to_owned(), Value::from(revision));
        let with: Map<String, Value> = {
            let evaluating = Scope {
                github: github.clone(),
                inputs: scope.inputs.clone(),
                matrix: scope.matrix.clone(),
                around: Vec::new(),
                steps: scope.steps.clone(),
                before: scope.before,
                is_job: scope.is_job,
            };
            let contexts = self.contexts(&evaluating, doing.env);
            let with = doing.step["with"].as_object().into_iter().flatten();
            with.map(|(name, value)| {
                let text = expression::text(&plain(value), &contexts);
                (name.clone(), Value::from(text))
            })
            .collect()
        };
        match name {
            "OWNER/perfgate" => self.perfgate(github, with, doing, log),
            other => self.of_others(other, &github, &with, log),
        }
    }

    fn perfgate(
        &self,
        mut github: Map<String, Value>,
        mut inputs: Map<String, Value>,
        doing: &Doing<'_>,
        log: &mut Step,
    ) -> Done {
        let action = yaml(&fs::read_to_string(self.at("action/action.yml")).unwrap());
        let declared = action["inputs"].as_object().unwrap();
        for name in inputs.keys() {
            assert!(
                declared.contains_key(name),
                "the action has no input {name}"
            );
        }
        for (name, input) in declared {
            let contexts = json!({"github": github});
            let default = || Value::from(expression::text(&plain(&input["default"]), &contexts));
            inputs.entry(name.clone()).or_insert_with(default);
        }
        github.insert(
            "action_path".to_owned(),
            Value::from(self.at("action").to_str().unwrap()),
        );
        let mut inner = Scope {
            github,
            inputs: Value::Object(inputs),
            matrix: Value::Null,
            around: doing.around.clone(),
            steps: Map::new(),
            before: Before::Succeeded,
            is_job: false,
        };
        let before = log.code;
        log.code = 0;
        for step in action["runs"]["steps"].as_array().unwrap() {
            self.one(step, &mut inner, log);
        }
        let code = std::mem::replace(&mut log.code, before);
        let contexts = self.contexts(&inner, &[]);
        let outputs = action["outputs"].as_object().unwrap().iter();
        Done {
            code,
            outputs: outputs
                .map(|(name, output)| {
                    (
                        name.clone(),
                        expression::text(output["value"].as_str().unwrap(), &contexts),
                    )
                })
                .collect(),
        }
    }
}

/// Whatever is configured on this machine has no say.
pub(crate) fn git_alone(command: &mut Command) -> &mut Command {
    for variable in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_DATE",
    ] {
        command.env_remove(variable);
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "robin")
        .env("GIT_AUTHOR_EMAIL", "robin@example")
        .env("GIT_COMMITTER_NAME", "robin")
        .env("GIT_COMMITTER_EMAIL", "robin@example")
}

/// A step with what is known before it runs.
struct Doing<'a> {
    step: &'a Value,
    env: &'a [(String, String)],
    /// What steps inside of it find: the `env:` of this step and of those around it.
    around: Vec<(String, String)>,
}

#[derive(Default)]
pub(super) struct Done {
    pub(super) code: i32,
    pub(super) outputs: BTreeMap<String, String>,
}

impl Done {
    pub(super) fn failed() -> Self {
        Self {
            code: 1,
            ..Self::default()
        }
    }
}

/// A value as YAML has it, as the text that it is for a runner.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `name=value` and `name<<delimiter`, as runners read them.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
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
            pairs.insert(line[..at].to_owned(), value.join("\n"));
        } else {
            let (name, value) = line.split_once('=').unwrap();
            pairs.insert(name.to_owned(), value.to_owned());
        }
    }
    pairs
}

pub(crate) fn copy(from: &Path, to: &Path) {
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
