//! A profiler of the user's beside something that works: it is given a process and a time, and writes folded stacks.
//!
//! Nothing that is judged is measured meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use tokio::runtime::{Builder, LocalOptions};

use super::engine::{self, Observer, RunRequest, Snapshot, Stop};
use super::group::{Launch, ProcessGroup};
use super::scenario::{Load, Until};
use super::service;
use super::watch::busiest_of_group;
use crate::model::Stacks;

/// How long stacks are sampled.
const SECONDS: u64 = 10;
/// A profiler may take so much longer, to begin and to write.
const TO_WRITE: Duration = Duration::from_secs(20);
/// What does the work shows itself within this time.
const TO_BEGIN: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(5);
const TO_END: Duration = Duration::from_secs(5);
/// More than this is no summary of stacks.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The command line of a profiler, with its placeholders.
#[derive(Clone, Copy, Debug)]
pub struct Profiler<'a> {
    pub command: &'a str,
    /// Where it is started.
    pub folder: &'a Path,
}

impl Profiler<'_> {
    /// Loads a service that is started for this alone, and samples it.
    pub fn of_service(&self, request: &RunRequest<'_>, stop: &Stop) -> anyhow::Result<Stacks> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .context("start the runtime")?;
        let mut scenario = request.scenario.clone();
        let own = scenario.service.take();
        let own = own.ok_or_else(|| anyhow!("perfgate starts no service that could be sampled"))?;
        let service = runtime.block_on(service::start(&own))?;
        let group = service.pid();
        scenario.watch.clear();
        lengthen(&mut scenario);
        let loaded = RunRequest {
            scenario: &scenario,
            allow_remote: request.allow_remote,
        };
        let enough = Stop::new();
        let sampled = thread::scope(|scope| {
            let sampling = scope.spawn(|| {
                let sampled = self.sample(group, stop);
                enough.ask();
                sampled
            });
            // What the load measures is not looked at: whether the service answered is told by the profile.
            let loaded = engine::run(&loaded, &mut Quiet, enough.clone());
            let sampled = sampling.join().map_err(|_| anyhow!("the thread has ended"));
            sampled?.map_err(|error| match loaded {
                Ok(_) => error,
                Err(load) => load,
            })
        });
        let _report = runtime.block_on(service.stop());
        sampled
    }

    /// Runs a command for this alone, and samples it until it ends.
    pub fn of_command(
        &self,
        command: &str,
        environment: &BTreeMap<String, String>,
        stop: &Stop,
    ) -> anyhow::Result<Stacks> {
        let launch = Launch {
            command,
            folder: self.folder,
            environment,
            stdout: Stdio::null(),
            stderr: Stdio::null(),
        };
        let mut processes = ProcessGroup::launch(launch).context("start the command")?;
        let sampled = self.sample(processes.pid(), stop);
        processes.end_within(TO_END);
        sampled
    }

    /// Samples the process of the group that works most.
    fn sample(&self, group: u32, stop: &Stop) -> anyhow::Result<Stacks> {
        thread::sleep(TO_BEGIN);
        let pid = busiest_of_group(group);
        let folder = tempfile::tempdir().context("make a folder for the profile")?;
        let out = folder.path().join("stacks.txt");
        let command = self
            .command
            .replace("{pid}", &pid.to_string())
            .replace("{seconds}", &SECONDS.to_string())
            .replace("{out}", &quoted(&out));
        let launch = Launch {
            command: &command,
            folder: self.folder,
            environment: &BTreeMap::new(),
            stdout: Stdio::null(),
            stderr: Stdio::null(),
        };
        let mut profiler = ProcessGroup::launch(launch).context("start the profiler")?;
        let until = Instant::now() + Duration::from_secs(SECONDS) + TO_WRITE;
        let ended = loop {
            if let Some(ended) = profiler.leader_ended() {
                break Some(ended);
            }
            if stop.is_asked() || Instant::now() > until {
                break None;
            }
            thread::sleep(LOOK);
        };
        profiler.end_within(TO_END);
        match ended {
            None if stop.is_asked() => bail!("it was stopped"),
            None => bail!(
                "it took longer than {} s and was ended",
                SECONDS + TO_WRITE.as_secs()
            ),
            // Some write all they have and complain that the process ended: what they wrote decides.
            Some(ended) if !ended.is_success && !out.exists() => {
                bail!("it ended with {}", ended.how)
            }
            Some(_) => read(&out),
        }
    }
}

fn read(out: &Path) -> anyhow::Result<Stacks> {
    let about = fs::metadata(out).map_err(|_| anyhow!("it wrote nothing to {{out}}"))?;
    if about.len() > LARGEST {
        bail!("it wrote more than 64 MiB");
    }
    let bytes = fs::read(out).context("read what it wrote")?;
    Stacks::parse(&String::from_utf8_lossy(&bytes)).map_err(anyhow::Error::msg)
}

/// For the shell, where a folder of temporary files has any name.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    if cfg!(windows) {
        return format!("\"{path}\"");
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}

/// The load goes on until the profiler has ended.
fn lengthen(scenario: &mut super::Scenario) {
    let whole = Duration::from_secs(SECONDS) + TO_WRITE + TO_END;
    scenario.levels.truncate(1);
    for level in &mut scenario.levels {
        match &mut level.load {
            Load::Closed(closed) => closed.until = Until::For(whole),
            Load::Open(open) => {
                if let Some(last) = open.phases.last_mut() {
                    last.duration = last.duration.max(whole);
                }
            }
        }
    }
}

/// Nobody looks at a load that is not measured.
struct Quiet;

impl Observer for Quiet {
    fn tick(&mut self, _snapshot: &Snapshot) {}
    fn note(&mut self, _text: &str) {}
}
