//! A folder of its own with some results, and perfgate run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) struct Desk(TempDir);

pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A run file of so many runs of one benchmark, in ms.
pub(crate) fn run_file(values: &[f64]) -> String {
    let run = |(n, value): (usize, &f64)| {
        format!(
            "{{\"schema\": \"perfgate.run/1\", \"started_at\": \"2026-11-20T10:00:{n:02}Z\", \"session\": \"s\", \
             \"environment\": {{\"key\": \"lab\"}}, \
             \"subjects\": {{\"parse\": {{\"time\": {{\"unit\": \"ms\", \"value\": {value}}}}}}}}}\n"
        )
    };
    values.iter().enumerate().map(run).collect()
}

impl Desk {
    /// With results `now.ndjson`, and a baseline `main.json` that they agree with.
    pub(crate) fn new() -> Self {
        let desk = Self(
            tempfile::Builder::new()
                .prefix("a desk ")
                .tempdir()
                .unwrap(),
        );
        fs::create_dir(desk.path(".git")).unwrap();
        desk.write("old.ndjson", &run_file(&[10.0, 10.1, 9.9, 10.05, 9.95]));
        desk.write(
            "now.ndjson",
            &run_file(&[10.02, 10.07, 9.93, 10.01, 9.97]).replace("10:00", "11:00"),
        );
        desk.ends("baseline update --baseline main.json old.ndjson", 0);
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

    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// The names of all files of a folder, hidden ones too.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        command.args(line.split_whitespace());
        self.at_home(&mut command);
        command
    }

    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_perfgate");
        command.args(["-c", script, "sh", program]);
        self.at_home(&mut command);
        command
    }

    fn at_home(&self, command: &mut Command) {
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn ends(&self, line: &str, code: i32) -> Said {
        ended(self.command(line).output().unwrap(), line, code)
    }
}

pub(crate) fn ended(output: Output, line: &str, code: i32) -> Said {
    let said = Said {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    let found = output.status.code();
    assert_eq!(found, Some(code), "{line}\n{}\n{}", said.out, said.err);
    said
}
