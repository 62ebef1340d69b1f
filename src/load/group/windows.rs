//! The process group on Windows: a tree of processes, which `taskkill` ends. Nothing ends it where perfgate itself is
//! killed.

use std::io;
use std::process::{Child, Command, Stdio};

use super::{Launch, ProcessEnd, set_environment};

#[derive(Debug)]
pub struct ProcessGroup {
    first: Child,
}

impl ProcessGroup {
    pub fn launch(launch: Launch<'_>) -> io::Result<Self> {
        let mut command = Command::new("cmd");
        command
            .args(["/C", launch.command])
            .current_dir(launch.folder)
            .stdin(Stdio::null())
            .stdout(launch.stdout)
            .stderr(launch.stderr);
        set_environment(&mut command, launch.environment);
        Ok(Self {
            first: command.spawn()?,
        })
    }

    pub fn pid(&self) -> u32 {
        self.first.id()
    }

    /// How the first process of the tree ended, even if others still run.
    pub fn leader_ended(&mut self) -> Option<ProcessEnd> {
        let status = self.first.try_wait().ok().flatten()?;
        Some(ProcessEnd {
            is_success: status.success(),
            how: status.to_string().replace("exit code", "exit status"),
        })
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.first.try_wait(), Ok(None))
    }

    /// Ends the tree: Windows cannot ask a program without a window to end.
    pub fn ask_to_end(&mut self) {
        self.kill();
    }

    pub fn kill(&mut self) {
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

    pub fn reap(&mut self) {
        self.kill();
        drop(self.first.kill());
        drop(self.first.wait());
    }
}
