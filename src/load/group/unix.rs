//! The process group on Unix.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, test_kill_process_group,
    waitid,
};

use wait4::Wait4;

use super::{Launch, ProcessEnd, Usage, set_environment};
use crate::load::watch::proc;

/// Waits for a line on its input before it becomes the command, so that the watchdog is there first. If perfgate dies
/// before that, the pipe closes and the command is never started.
const GATE: &str = r#"read -r leave && exec /bin/sh -c "$1" </dev/null"#;

/// Outlives perfgate for as long as it takes to end the group: the pipe that it reads closes when perfgate dies, for
/// whatever reason. It ignores the signals that a terminal sends.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
read -r word
[ "$word" = done ] && exit 0
kill -s TERM -- "-$1" 2>/dev/null || exit 0
for tenth in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.1
    kill -s 0 -- "-$1" 2>/dev/null || exit 0
done
kill -s KILL -- "-$1"
"#;

/// A process group that perfgate started.
///
/// The leader is not reaped before the end, even if it has ended. Until then its number cannot be given to another
/// process, and a signal to the group reaches no other process.
#[derive(Debug)]
pub struct ProcessGroup {
    leader: Child,
    group: Pid,
    watchdog: Option<Watchdog>,
    reaped: bool,
}

impl ProcessGroup {
    /// Does something with the process before it becomes the command. Where that fails, it never does.
    pub(super) fn launch_after(
        launch: Launch<'_>,
        before: impl FnOnce(u32) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", GATE, "sh", launch.command])
            .current_dir(launch.folder)
            .stdin(Stdio::piped())
            .stdout(launch.stdout)
            .stderr(launch.stderr)
            .process_group(0);
        set_environment(&mut command, launch.environment);
        let mut leader = command.spawn()?;
        // The command holds copies of the write ends of the output.
        drop(command);
        let gate = leader.stdin.take();
        let mut processes = Self {
            group: Pid::from_child(&leader),
            leader,
            watchdog: None,
            reaped: false,
        };
        let opened = Watchdog::over(processes.group).and_then(|watchdog| {
            processes.watchdog = Some(watchdog);
            before(processes.pid())?;
            gate.ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"go\n")
        });
        if let Err(error) = opened {
            processes.kill();
            processes.reap();
            return Err(error);
        }
        Ok(processes)
    }

    pub fn pid(&self) -> u32 {
        self.leader.id()
    }

    /// How the first process of the group ended, even if others still run.
    pub fn leader_ended(&mut self) -> Option<ProcessEnd> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.group), options).ok().flatten()?;
        Some(ProcessEnd {
            is_success: status.exit_status() == Some(0),
            how: describe(&status),
        })
    }

    /// Whether any process of the group still runs. A process that is dead but not reaped does not run.
    pub fn is_alive(&mut self) -> bool {
        if self.reaped {
            return false;
        }
        match proc::group_is_alive(self.pid()) {
            Some(alive) => alive,
            // Without /proc, only the kernel can be asked, and it counts a leader that was not reaped.
            None => match self.leader.try_wait() {
                Ok(None) => true,
                _ => test_kill_process_group(self.group).is_ok(),
            },
        }
    }

    pub fn ask_to_end(&mut self) {
        self.signal(Signal::TERM);
    }

    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if !self.reaped {
            // This fails where no process is left.
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// Reaps the leader. Processes of the group that still run are killed.
    pub fn reap(&mut self) {
        if self.reaped {
            return;
        }
        self.kill();
        // A process that hangs in the kernel is not waited for: it ends when the kernel lets it.
        for _ in 0..500 {
            if !matches!(self.leader.try_wait(), Ok(None)) {
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.reaped = true;
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.dismiss();
        }
    }
}

fn describe(status: &WaitIdStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no status".to_owned(),
    }
}

#[derive(Debug)]
struct Watchdog {
    process: Child,
    input: ChildStdin,
}

impl Watchdog {
    fn over(group: Pid) -> io::Result<Self> {
        let mut process = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, "sh", &group.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()?;
        let input = process.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { process, input })
    }

    fn dismiss(mut self) {
        // This fails where somebody has killed the watchdog.
        drop(self.input.write_all(b"done\n"));
        drop(self.input);
        drop(self.process.wait());
    }
}

impl ProcessGroup {
    /// How and when the leader ended; `None` where the time is over or somebody asked to stop. It is waited for in a
    /// thread of its own: looking now and then would be as coarse as the looks.
    pub(super) fn await_leader(
        &mut self,
        until: Instant,
        is_stopped: &dyn Fn() -> bool,
    ) -> Option<(ProcessEnd, Instant)> {
        /// Whoever waits for a command has no need to be quicker, and each look takes time from what is measured.
        const LOOK: Duration = Duration::from_millis(50);
        let group = self.group;
        let (tell, told) = mpsc::channel();
        let wait = move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(group), options) {}
            // Nobody hears it where the wait was given up.
            let _ = tell.send(Instant::now());
        };
        thread::Builder::new()
            .name("wait".to_owned())
            .spawn(wait)
            .ok()?;
        loop {
            match told.recv_timeout(LOOK) {
                Ok(at) => return self.leader_ended().map(|ended| (ended, at)),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if is_stopped() || Instant::now() >= until => {
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// What the leader used, which has ended; it is reaped by the question, and what is left of its group is killed.
    pub(super) fn usage(&mut self) -> Option<Usage> {
        if self.reaped {
            return None;
        }
        let page_faults = proc::page_faults(self.pid());
        // Once the leader is reaped its number may be another's: what is left of the group is ended before.
        self.kill();
        let used = self.leader.wait4().ok()?.rusage;
        self.reaped = true;
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.dismiss();
        }
        Some(Usage {
            user: used.utime,
            system: used.stime,
            peak_memory: used.maxrss,
            page_faults,
        })
    }

    /// Stops every process of the group where it stands, until it is resumed.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }
}
