//! A shell command and all processes that it starts, as one group that is ended as a whole.
//!
//! On Unix this is a process group. Its owner ends it, and a watchdog process ends it where perfgate itself is killed.
//! A process that starts a session of its own (`setsid`) leaves the group and is not ended. On Windows it is a tree of
//! processes, which `taskkill` ends; nothing ends it where perfgate itself is killed.

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
pub use unix::ProcessGroup;
#[cfg(windows)]
pub use windows::ProcessGroup;

/// Environment variables that no command of the user inherits: the tokens that perfgate posts with and those that a CI
/// runner gives to its own steps. No measured command needs them, and code of a pull request could read them. A service
/// that does need one of them gets it through its `env`.
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

/// Gives a command perfgate's own environment without the secrets, and the variables of the scenario.
fn set_environment(command: &mut Command, environment: &BTreeMap<String, String>) {
    for secret in SECRETS {
        command.env_remove(secret);
    }
    command.envs(environment);
}

/// How often it is checked whether a group that was asked to end has ended.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A command to be started. Its standard input is empty.
pub struct Launch<'a> {
    /// The command line, which a shell runs.
    pub command: &'a str,
    pub folder: &'a Path,
    /// Variables in addition to perfgate's own environment, which is passed on without its secrets.
    pub environment: &'a BTreeMap<String, String>,
    pub stdout: Stdio,
    pub stderr: Stdio,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessEnd {
    pub is_success: bool,
    /// How it ended, as in `exit status 3` or `signal 9`.
    pub how: String,
}

impl ProcessGroup {
    /// How the group ended, if it has ended by itself. Where the leader succeeded and left other processes behind, it
    /// went to the background, and the group has not ended.
    pub fn ended(&mut self) -> Option<String> {
        let leader = self.leader_ended()?;
        if leader.is_success && self.is_alive() {
            return None;
        }
        Some(leader.how)
    }

    /// Asks all processes of the group to end, kills those that have not ended after `grace`, and waits for the leader.
    pub fn end_within(&mut self, grace: Duration) {
        self.ask_to_end();
        let until = Instant::now() + grace;
        while self.is_alive() && Instant::now() < until {
            thread::sleep(POLL_INTERVAL);
        }
        self.reap();
    }
}
