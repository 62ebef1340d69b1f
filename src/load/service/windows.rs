//! The processes of a service on Windows: a tree, ended by `taskkill`. Nothing ends it where perfgate itself is killed.

use std::io::{self, PipeWriter};
use std::process::{Child, Command, Stdio};

use crate::load::scenario::Service;

#[derive(Debug)]
pub(super) struct Processes {
    first: Child,
}

impl Processes {
    pub(super) fn launch(service: &Service, output: PipeWriter) -> io::Result<Self> {
        let first = Command::new("cmd")
            .args(["/C", &service.command])
            .current_dir(&service.folder)
            .envs(&service.environment)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Self { first })
    }

    pub(super) fn pid(&self) -> u32 {
        self.first.id()
    }

    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.first.try_wait().ok().flatten()?;
        Some(status.to_string().replace("exit code", "exit status"))
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.first.try_wait(), Ok(None))
    }

    /// Windows has no such question for a program without a window: it is ended with all that it started.
    pub(super) fn ask_to_end(&mut self) {
        self.kill();
    }

    pub(super) fn kill(&mut self) {
        if self.is_alive() {
            let ended = Command::new("taskkill")
                .args(["/T", "/F", "/PID", &self.pid().to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            drop(ended);
        }
    }

    pub(super) fn reap(&mut self) {
        self.kill();
        drop(self.first.kill());
        drop(self.first.wait());
    }
}
