//! A folder of its own, perfgate run in it, and a service that it can load.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::server::{Reply, Script, Server};

/// What the service takes for an answer. Users that wait for it leave the generator time, on a busy machine too.
const TAKES: Duration = Duration::from_millis(5);

/// Answers `/items`.
pub(crate) fn shop() -> Server {
    Server::start(Script::new().on("/items", |_| Reply::text("ok").after(TAKES)))
}

/// Answers so slowly that an arrival which comes late on a busy machine is late by little.
pub(crate) fn slow_shop() -> Server {
    Server::start(Script::new().on("/items", |_| Reply::text("ok").after(TAKES * 100)))
}

/// Two users for so many seconds; whatever else a scenario says stands behind.
pub(crate) fn scenario(server: &Server, seconds: f64, rest: &str) -> String {
    format!(
        "base = \"{}\"\n[[step]]\nget = \"/items\"\n[load]\nusers = 2\nduration = \"{seconds}s\"\n{rest}",
        server.url("")
    )
}

pub(crate) struct Desk(tempfile::TempDir);

pub(crate) struct Said {
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
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn document(&self, name: &str) -> Value {
        document(&self.read(name))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten();
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

    /// A program in this folder whose output is kept.
    pub(crate) fn at_home(&self, command: &mut Command) {
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn spawn(&self, line: &str) -> Child {
        self.command(line).spawn().unwrap()
    }

    pub(crate) fn ends(&self, line: &str, code: i32) -> Said {
        finished(self.spawn(line), line, code)
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

pub(crate) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Whether it came to be so before a test has waited too long.
pub(crate) fn comes(is_so: impl Fn() -> bool) -> bool {
    within(Duration::from_secs(20), is_so)
}

pub(crate) fn within(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let until = Instant::now() + patience;
    while !is_so() {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}
