//! A profiler of the user's beside something that works: it is given a process and a time, and writes folded stacks or a
//! profile of pprof.
//!
//! Nothing that is judged is measured meanwhile.

mod pprof;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use flate2::read::MultiGzDecoder;
use tokio::runtime::{Builder, LocalOptions};

use crate::load::engine::{self, Observer, RunRequest, Snapshot, Stop};
use crate::load::group::{Launch, ProcessGroup};
use crate::load::scenario::Load;
use crate::load::service;
use crate::load::watch::busiest_of_group;
use crate::model::Stacks;

/// How long stacks are sampled.
const SECONDS: u64 = 10;
/// A profiler may take so much longer, to begin and to write.
const TO_WRITE: Duration = Duration::from_secs(20);
/// What does the work shows itself within this time.
const TO_BEGIN: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(5);
const TO_END: Duration = Duration::from_secs(5);
/// More than this, packed or not, is no summary of stacks.
const LARGEST: u64 = 64 * 1024 * 1024;
const TOO_LARGE: &str = "it wrote more than 64 MiB";
const GZIP: [u8; 2] = [0x1f, 0x8b];

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
        let command = self
            .command
            .replace("{port}", &scenario.base.port.to_string());
        let profiler = Profiler {
            command: &command,
            ..*self
        };
        scenario.watch.clear();
        lengthen(&mut scenario);
        let loaded = RunRequest {
            scenario: &scenario,
            allow_remote: request.allow_remote,
        };
        let enough = Stop::new();
        let sampled = thread::scope(|scope| {
            let sampling = scope.spawn(|| {
                let sampled = profiler.sample(group, stop);
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
        bail!(TOO_LARGE);
    }
    let mut bytes = fs::read(out).context("read what it wrote")?;
    if bytes.starts_with(&GZIP) {
        bytes = unpacked(&bytes)?;
    }
    let stacks = match pprof::Profile::parse(&bytes) {
        Some(profile) => profile.stacks(),
        None if bytes.contains(&0) => {
            Err("it wrote neither folded stacks nor a profile of pprof".to_owned())
        }
        // Names of functions may hold anything.
        None => Stacks::parse(&String::from_utf8_lossy(&bytes)),
    };
    stacks.map_err(anyhow::Error::msg)
}

fn unpacked(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut read = MultiGzDecoder::new(bytes).take(LARGEST + 1);
    read.read_to_end(&mut plain)
        .context("unpack what it wrote")?;
    if plain.len() as u64 > LARGEST {
        bail!(TOO_LARGE);
    }
    Ok(plain)
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
fn lengthen(scenario: &mut crate::load::Scenario) {
    let whole = Duration::from_secs(SECONDS) + TO_WRITE + TO_END;
    scenario.levels.truncate(1);
    for level in &mut scenario.levels {
        match &mut level.load {
            Load::Closed(closed) => closed.set_duration(whole),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/pprof")
            .join(name)
    }

    /// What `go tool pprof -traces` says of a profile: samples of 10 ms by stacks.
    fn traces(name: &str) -> BTreeMap<String, f64> {
        let text = fs::read_to_string(fixture(name)).unwrap();
        let mut traces = BTreeMap::new();
        for trace in text.split("-----------+").skip(1) {
            let mut lines = trace.lines().skip(1).map(str::trim);
            let Some((time, leaf)) = lines.next().and_then(|line| line.split_once(' ')) else {
                continue;
            };
            let millis = match (time.strip_suffix("ms"), time.strip_suffix('s')) {
                (Some(millis), _) => millis.parse::<f64>().unwrap(),
                (None, Some(seconds)) => 1000.0 * seconds.parse::<f64>().unwrap(),
                (None, None) => panic!("{time}"),
            };
            let frames = std::iter::once(leaf).chain(lines);
            let frames = frames.map(|frame| frame.trim().trim_end_matches(" (inline)"));
            let mut frames: Vec<&str> = frames.filter(|frame| !frame.is_empty()).collect();
            frames.reverse();
            *traces.entry(frames.join(";")).or_default() += (millis / 10.0).round();
        }
        traces
    }

    #[test]
    fn a_profile_of_go_has_the_stacks_that_its_own_tool_shows() {
        for side in ["base", "head"] {
            let stacks = read(&fixture(&format!("{side}.pb.gz"))).unwrap();
            let samples = stacks.samples();
            assert!(samples > 50, "{side}: {samples}");
            let told = stacks.shares().map(|(frames, share)| {
                let count = (share * samples as f64).round();
                (frames.join(";"), count)
            });
            let told: BTreeMap<String, f64> = told.collect();
            assert_eq!(told, traces(&format!("{side}-traces.txt")), "{side}");
        }
    }

    #[test]
    fn what_a_profiler_wrote_is_told_by_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let written = |bytes: &[u8]| {
            fs::write(&out, bytes).unwrap();
            read(&out)
                .map(|stacks| stacks.samples())
                .map_err(|why| format!("{why:#}"))
        };
        assert_eq!(written(b"main;handle 97\n"), Ok(97));
        let packed = |bytes: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        };
        assert_eq!(written(&packed(b"main;handle 97\n")), Ok(97));
        let neither = "it wrote neither folded stacks nor a profile of pprof";
        assert_eq!(written(b"\x7fELF\0\0"), Err(neither.to_owned()));
        let cut = fs::read(fixture("base.pb.gz")).unwrap();
        assert!(
            written(&cut[..cut.len() / 2])
                .unwrap_err()
                .starts_with("unpack")
        );
        assert!(
            written(b"\xff\xfe main 3").is_ok(),
            "names may hold anything"
        );
        let bomb = packed(&vec![b'x'; usize::try_from(LARGEST).unwrap() + 1]);
        assert_eq!(written(&bomb), Err(TOO_LARGE.to_owned()));
    }
}
