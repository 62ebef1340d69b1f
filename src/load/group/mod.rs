//! A shell command and everything that it starts, as one group of processes that is ended as a whole.
//!
//! On Unix the group is a process group: it is ended when its owner says so and, by a watchdog process, when perfgate
//! itself is killed. A process that makes a session of its own (`setsid`) leaves the group and is not ended. On Windows
//! it is a tree of processes, which `taskkill` ends; nothing ends it where perfgate itself is killed.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
pub use unix::Processes;
#[cfg(windows)]
pub use windows::Processes;

/// What perfgate posts with, and what a runner lends to its own steps: no command that is measured needs it, and code of
/// a pull request would have it. A service that does need one of them is given it by its `env`.
const SECRETS: [&str; 9] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "PERFGATE_GITLAB_TOKEN",
    "GITLAB_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
];

/// Our own environment without the secrets, and with what was asked for.
fn surround(command: &mut Command, environment: &BTreeMap<String, String>) {
    for secret in SECRETS {
        command.env_remove(secret);
    }
    command.envs(environment);
}

/// How often a group that was asked to end is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// What is started. Its standard input is empty.
pub struct Launch<'a> {
    /// For the shell.
    pub command: &'a str,
    pub folder: &'a Path,
    /// In addition to our own environment, which is passed on without the secrets in it.
    pub environment: &'a BTreeMap<String, String>,
    pub stdout: Stdio,
    pub stderr: Stdio,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub is_success: bool,
    /// `exit status 3`, `signal 9`
    pub how: String,
}

impl Processes {
    /// How all of it ended by itself. A leader that ended well and left others of its group behind went to the
    /// background, and the group has not ended.
    pub fn ended(&mut self) -> Option<String> {
        let leader = self.leader_ended()?;
        if leader.is_success && self.is_alive() {
            return None;
        }
        Some(leader.how)
    }

    /// Asks every process of the group to end, kills what has not ended after `grace`, and waits for the leader.
    pub fn end_within(&mut self, grace: Duration) {
        self.ask_to_end();
        let until = Instant::now() + grace;
        while self.is_alive() && Instant::now() < until {
            thread::sleep(LOOK);
        }
        self.reap();
    }
}
