//! The process group on Windows: a tree of processes, which `taskkill` ends. Nothing ends it where perfgate itself is
//! killed.

use std::io;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Launch, ProcessEnd, Usage, set_environment};

#[derive(Debug)]
pub struct ProcessGroup {
    first: Child,
}

impl ProcessGroup {
    /// Does something with the process as soon as it is there.
    pub(super) fn launch_after(
        launch: Launch<'_>,
        before: impl FnOnce(u32) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut command = Command::new("cmd");
        command
            .args(["/C", launch.command])
            .current_dir(launch.folder)
            .stdin(Stdio::null())
            .stdout(launch.stdout)
            .stderr(launch.stderr);
        set_environment(&mut command, launch.environment);
        let mut processes = Self {
            first: command.spawn()?,
        };
        if let Err(error) = before(processes.pid()) {
            processes.reap();
            return Err(error);
        }
        Ok(processes)
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

impl ProcessGroup {
    /// How and when the first process ended; `None` where the time is over or somebody asked to stop.
    pub(super) fn await_leader(
        &mut self,
        until: Instant,
        is_stopped: &dyn Fn() -> bool,
    ) -> Option<(ProcessEnd, Instant)> {
        loop {
            if let Some(ended) = self.leader_ended() {
                return Some((ended, Instant::now()));
            }
            if is_stopped() || Instant::now() >= until {
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Nothing is asked of Windows here.
    pub(super) fn usage(&mut self) -> Option<Usage> {
        None
    }

    /// Windows has no signal that stops a process: it goes on.
    pub fn pause(&self) {}

    pub fn resume(&self) {}
}
