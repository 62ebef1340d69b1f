//! A folder in which perfgate runs.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub(crate) struct Desk(tempfile::TempDir);

pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::create_dir(desk.path(".git")).unwrap();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        command.args(arguments);
        self.at_home(command)
    }

    /// A line of the shell, in which `"$1"` is perfgate.
    pub(crate) fn shell(&self, line: &str) -> Said {
        let mut command = Command::new("sh");
        command.args(["-c", line, "sh", env!("CARGO_BIN_EXE_perfgate")]);
        Self::said(&mut self.at_home(command))
    }

    fn at_home(&self, mut command: Command) -> Command {
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CEILING_DIRECTORIES", self.0.path().parent().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_in(arguments, &[])
    }

    /// With these variables.
    pub(crate) fn run_in(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let mut command = self.command(arguments);
        Self::said(command.envs(variables.iter().copied()))
    }

    fn said(command: &mut Command) -> Said {
        let done = command.output().unwrap();
        Said {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }

    pub(crate) fn ends(&self, arguments: &[&str], code: i32) -> Said {
        let said = self.run(arguments);
        assert_eq!(
            said.code,
            Some(code),
            "{arguments:?}\n{}\n{}",
            said.out,
            said.err
        );
        said
    }

    /// Where an ended measurement was kept.
    pub(crate) fn kept(&self) -> PathBuf {
        let mut folders = fs::read_dir(self.path("perfgate-results")).unwrap();
        folders.next().unwrap().unwrap().path()
    }

    /// How many processes with this command line still run.
    pub(crate) fn processes(&self, line: &str) -> usize {
        let wanted: Vec<u8> = line
            .split(' ')
            .flat_map(|word| [word.as_bytes(), b"\0"].concat())
            .collect();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter(|entry| {
                fs::read(entry.path().join("cmdline")).is_ok_and(|found| found == wanted)
            })
            .count()
    }

    /// How many processes name this and were started from here.
    pub(crate) fn processes_with(&self, word: &str) -> usize {
        let here = fs::canonicalize(self.0.path()).unwrap();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == here))
            .filter(|entry| {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(word)
            })
            .count()
    }
}
