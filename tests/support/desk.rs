//! The harness of the command line: a folder of its own in which perfgate runs, apart from what CI, a terminal or the
//! user of this machine would add.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder to work in, and the variables that programs find in it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// How a program ended, and what it said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Arguments, each on its own or in one line without quotes.
pub(crate) trait Arguments {
    fn words(&self) -> Vec<String>;
}

impl Arguments for &str {
    fn words(&self) -> Vec<String> {
        self.split_whitespace().map(str::to_owned).collect()
    }
}

impl Arguments for &String {
    fn words(&self) -> Vec<String> {
        self.as_str().words()
    }
}

impl Arguments for &[&str] {
    fn words(&self) -> Vec<String> {
        self.iter().map(|word| (*word).to_owned()).collect()
    }
}

impl Arguments for &Vec<&str> {
    fn words(&self) -> Vec<String> {
        self.as_slice().words()
    }
}

impl<const N: usize> Arguments for &[&str; N] {
    fn words(&self) -> Vec<String> {
        self.as_slice().words()
    }
}

impl Desk {
    /// Empty, with a space in its path, and the place where a search upwards ends.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("a desk ").tempdir();
        let desk = Self {
            folder: folder.unwrap(),
            variables: Vec::new(),
        };
        fs::create_dir(desk.path(".git")).unwrap();
        desk
    }

    /// A variable that every program here finds.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// `perfgate.toml` with `main.json` as the baseline, and whatever else it says.
    pub(crate) fn config(&self, rest: &str) {
        let text = format!("baseline = \"main.json\"\nenvironment = \"lab\"\n{rest}");
        self.write("perfgate.toml", &text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn document(&self, name: &str) -> Value {
        document(&self.read(name))
    }

    /// A link counts that leads nowhere.
    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// The names in a folder, hidden ones too; none where there is no folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, line: impl Arguments) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        command.args(line.words());
        self.at_home(&mut command);
        command
    }

    /// A script of the shell, in which `"$1"` is perfgate.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_perfgate")]);
        self.at_home(&mut command);
        command
    }

    /// A program in this folder whose output is kept.
    pub(crate) fn at_home(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // The folder of temporary files may lie in a repository.
            .env(
                "GIT_CEILING_DIRECTORIES",
                self.folder.path().parent().unwrap(),
            )
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
    }

    pub(crate) fn spawn(&self, line: impl Arguments) -> Child {
        self.command(line).spawn().unwrap()
    }

    pub(crate) fn run(&self, line: impl Arguments) -> Said {
        said(self.command(line))
    }

    /// With these variables as well.
    pub(crate) fn run_in(&self, line: impl Arguments, variables: &[(&str, &str)]) -> Said {
        let mut command = self.command(line);
        command.envs(variables.iter().copied());
        said(command)
    }

    /// Runs it, and it has to end with this code.
    pub(crate) fn ends(&self, line: impl Arguments, code: i32) -> Said {
        let words = line.words().join(" ");
        finished(self.spawn(line), &words, code)
    }
}

impl Said {
    /// What it printed, as JSON.
    pub(crate) fn document(&self) -> Value {
        document(&self.out)
    }
}

/// Runs a command of [`Desk::command`] or [`Desk::shell`].
pub(crate) fn said(mut command: Command) -> Said {
    told(command.spawn().unwrap())
}

/// Waits for a program, which has to end with this code.
pub(crate) fn finished(child: Child, line: &str, code: i32) -> Said {
    let said = told(child);
    assert_eq!(said.code, Some(code), "{line}\n{}\n{}", said.out, said.err);
    said
}

fn told(child: Child) -> Said {
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Whether it came to be so before a test has waited too long.
pub(crate) fn comes(is_so: impl Fn() -> bool) -> bool {
    within(Duration::from_secs(20), is_so)
}

pub(crate) fn within(longest: Duration, is_so: impl Fn() -> bool) -> bool {
    let until = Instant::now() + longest;
    while !is_so() {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}
