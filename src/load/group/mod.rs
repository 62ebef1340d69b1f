//! A shell command and all processes that it starts, as one group that is ended as a whole.
//!
//! On Unix this is a process group. Its owner ends it, and a watchdog process ends it where perfgate itself is killed.
//! A process that starts a session of its own (`setsid`) leaves the group and is not ended. On Windows it is a tree of
//! processes, which `taskkill` ends; nothing ends it where perfgate itself is killed.

mod cores;
mod instructions;
mod pauses;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use instructions::EventCounter;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use cores::{Cores, listed as listed_cores};
pub(super) use pauses::Pauses;
#[cfg(unix)]
pub use unix::ProcessGroup;
#[cfg(windows)]
pub use windows::ProcessGroup;

/// Environment variables that no command of the user inherits: the tokens that perfgate posts with and those that a CI
/// runner gives to its own steps. No measured command needs them, and code of a pull request could read them. A service
/// that does need one of them gets it through its `env`.
const SECRETS: [&str; 22] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    // Inputs of an action of JavaScript or of a container.
    "INPUT_TOKEN",
    "INPUT_GITHUB-TOKEN",
    "INPUT_GITHUB_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "PERFGATE_GITLAB_TOKEN",
    "GITLAB_TOKEN",
    // A GitLab job's own; the address of the repository holds the token.
    "CI_JOB_TOKEN",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
    "CI_BUILD_TOKEN",
    "CI_REPOSITORY_URL",
    "CI_REGISTRY_PASSWORD",
    "CI_DEPLOY_PASSWORD",
    "CI_DEPENDENCY_PROXY_PASSWORD",
    "BITBUCKET_STEP_OIDC_TOKEN",
];

/// The files through which a step of a GitHub workflow changes the steps behind it, the one that posts among them, and
/// says how it ended. That is for the step, and not for what it measures.
const STEP_FILES: [&str; 4] = ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE"];

/// Gives a command perfgate's own environment without the secrets, and the variables of the scenario.
fn set_environment(command: &mut Command, environment: &BTreeMap<String, String>) {
    for withheld in SECRETS.iter().chain(&STEP_FILES) {
        command.env_remove(withheld);
    }
    command.envs(environment);
}

/// The longest time between two looks whether a group that was asked to end has ended.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(10);

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

/// How a command is run to its end.
#[derive(Clone, Copy)]
pub struct Spending<'a> {
    /// It is ended where it takes longer.
    pub within: Duration,
    pub is_stopped: &'a dyn Fn() -> bool,
    /// Its instructions are counted, where the system lets us.
    pub counts_instructions: bool,
    /// Where it runs, if anywhere in particular.
    pub cores: Option<&'a Cores>,
}

impl<'a> Spending<'a> {
    /// As somebody would run it by hand.
    pub fn plain(within: Duration, is_stopped: &'a dyn Fn() -> bool) -> Self {
        Self {
            within,
            is_stopped,
            counts_instructions: false,
            cores: None,
        }
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessEnd {
    pub is_success: bool,
    /// How it ended, as in `exit status 3` or `signal 9`.
    pub how: String,
}

impl ProcessGroup {
    pub fn launch(launch: Launch<'_>) -> std::io::Result<Self> {
        Self::launch_on(launch, None)
    }

    /// On these cores, where any are named.
    pub fn launch_on(launch: Launch<'_>, cores: Option<&Cores>) -> std::io::Result<Self> {
        Self::launch_after(launch, |pid| cores.map_or(Ok(()), |cores| cores.bind(pid)))
    }

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
        self.has_ended_within(grace);
        self.reap();
    }

    /// Waits until no process of the group runs.
    fn has_ended_within(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut pauses = Pauses::up_to(LONGEST_PAUSE);
        while self.is_alive() {
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(pauses.next());
        }
        true
    }
}

/// A command that was run to its end, and what that took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub ended: ProcessEnd,
    /// From its start until its first process had ended.
    pub wall: Duration,
    /// Of the first process and of all that it waited for, where the system tells.
    pub usage: Option<Usage>,
    /// Of the first process and of all that it started, outside the kernel.
    pub instructions: Option<u64>,
    /// Processes that it had started were still running, and were ended.
    pub left_running: bool,
}

/// What the system counted of processes that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub user: Duration,
    pub system: Duration,
    /// Of the largest of them, in bytes.
    pub peak_memory: u64,
    pub page_faults: Option<u64>,
}

/// What came of waiting for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    Ended(Spent),
    TimedOut,
    Stopped,
}

/// How long the rest of a pipeline may take to end after its first process has.
const TO_FOLLOW: Duration = Duration::from_secs(1);
/// How long processes may take to end that were asked to.
const TO_END: Duration = Duration::from_secs(5);
/// The same of those that a command leaves behind.
const LEFT_TO_END: Duration = Duration::from_secs(1);

/// Runs a command to its end, and ends whatever it leaves behind.
pub fn spend(launch: Launch<'_>, spending: &Spending<'_>) -> std::io::Result<Awaited> {
    let mut counter = None;
    let mut group = ProcessGroup::launch_after(launch, |pid| {
        if spending.counts_instructions {
            counter = EventCounter::of_instructions(pid);
        }
        spending.cores.map_or(Ok(()), |cores| cores.bind(pid))
    })?;
    let begun = Instant::now();
    let until = begun + spending.within;
    let Some((ended, at)) = group.await_leader(until, spending.is_stopped) else {
        group.end_within(TO_END);
        return Ok(if (spending.is_stopped)() {
            Awaited::Stopped
        } else {
            Awaited::TimedOut
        });
    };
    let left_running = !group.has_ended_within(TO_FOLLOW);
    if left_running {
        group.ask_to_end();
        group.has_ended_within(LEFT_TO_END);
    }
    let usage = group.usage();
    group.end_within(TO_END);
    Ok(Awaited::Ended(Spent {
        ended,
        wall: at.saturating_duration_since(begun),
        usage,
        instructions: counter.and_then(|mut counter| counter.read()),
        left_running,
    }))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_could_not_be_bound_is_never_started() {
        let folder = tempfile::tempdir().unwrap();
        let environment = BTreeMap::new();
        let launch = || Launch {
            command: "touch started",
            folder: folder.path(),
            environment: &environment,
            stdout: Stdio::null(),
            stderr: Stdio::null(),
        };
        let refused =
            ProcessGroup::launch_after(launch(), |_| Err(std::io::ErrorKind::Other.into()));
        assert!(refused.is_err());
        assert!(!folder.path().join("started").exists());
        let spending = Spending::plain(Duration::from_secs(20), &|| false);
        assert!(matches!(spend(launch(), &spending), Ok(Awaited::Ended(_))));
        assert!(folder.path().join("started").exists());
    }
}
