//! Services as the two versions: both started anew for every block, each on a port of its own, and loaded in turns.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

use super::busy::Busy;
use super::order::{Order, Version};
use super::plan::FIRST_LOOK;
use super::round::Window;
use crate::hint::WithHint;
use crate::load;
use crate::load::group::Cores;
use crate::load::profiler::Profiler;
use crate::load::scenario::{Base, Load, Ready, Service, Until, WatchTarget};
use crate::load::service::{self, RunningService};
use crate::load::{Observer, Scenario, Snapshot, Stop};
use crate::model::{Run, Stacks};

/// A service may take this long to answer for the first time where its scenario does not say.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// And this long to end.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// What opening the connections of a window costs is not counted.
const WARMUP_OF_WINDOW: Duration = Duration::from_millis(100);
/// Where starting takes longer than the windows of a block, so many times, services are restarted at looks alone.
const SLOW_START: u32 = 4;
/// How often a window is measured again where the load generator itself was in the way.
const REPEATS: usize = 2;

/// Where the service of one version comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// Started by perfgate; `{port}` in the command is its port.
    Command(String),
    /// It runs already.
    Url(Base),
}

/// The service of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    pub what: Deployment,
    pub folder: PathBuf,
    /// Variables beside those of the scenario.
    pub environment: BTreeMap<String, String>,
}

/// What holds for both versions.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// How long one window counts.
    pub window: Duration,
    /// The service that is not loaded is stopped meanwhile (SIGSTOP), so that its background work costs nothing.
    pub pauses_idle: bool,
    pub allow_remote: bool,
    /// Each service is started in the folder of its version, whatever the scenario says.
    pub own_folders: bool,
    /// Both get it as `PERFGATE_SEED`.
    pub seed: u64,
    /// Where both run, if anywhere in particular.
    pub cores: Option<Cores>,
}

/// Both versions, and what of them runs.
pub struct Services {
    scenario: Scenario,
    deployments: [Deployed; 2],
    conditions: Conditions,
    runtime: LocalRuntime,
    running: [Option<Started>; 2],
    /// Counted from zero over all starts.
    launch: u32,
    starts_slowly: bool,
    rounds_begun: usize,
    busy: Busy,
}

/// A service of ours that answers.
struct Started {
    service: RunningService,
    base: Base,
}

impl Services {
    pub fn new(
        mut scenario: Scenario,
        deployments: [Deployed; 2],
        conditions: Conditions,
    ) -> anyhow::Result<Self> {
        shorten(&mut scenario, conditions.window);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .context("start the runtime")?;
        Ok(Self {
            scenario,
            deployments,
            conditions,
            runtime,
            running: [None, None],
            launch: 0,
            starts_slowly: false,
            rounds_begun: 0,
            busy: Busy::default(),
        })
    }

    /// Starts both versions and warms them up; a service that starts slowly is kept from block to block between looks.
    pub fn begin_block(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let is_running = self.running.iter().any(Option::is_some);
        if is_running && self.starts_slowly && !begins_look(self.rounds_begun) {
            return Ok(());
        }
        self.end()?;
        self.launch += u32::from(self.rounds_begun > 0);
        let begun = Instant::now();
        for version in Version::BOTH {
            let doing = || format!("start the service of {}", version.as_str());
            let started = self.start(version).with_context(doing)?;
            *self.slot(version) = started;
        }
        let windows = 2 * u32::try_from(Order::BLOCK).unwrap_or(2);
        self.starts_slowly = begun.elapsed() > SLOW_START * windows * self.conditions.window;
        for version in Version::BOTH {
            if !stop.is_asked() {
                let doing = || format!("warm up {}", version.as_str());
                self.load(version, stop).with_context(doing)?;
            }
        }
        self.busy.warming_up += begun.elapsed();
        Ok(())
    }

    /// One window of load on one version, while the other is at rest. `None` where somebody asked to stop.
    pub fn window(&mut self, window: &Window<'_>, stop: &Stop) -> anyhow::Result<Option<Run>> {
        let version = window.version;
        self.rounds_begun = window.round + 1;
        let doing = || format!("measure {} in round {}", version.as_str(), window.round + 1);
        let mut why = String::new();
        for _ in 0..=REPEATS {
            let mut run = self.load(version, stop).with_context(doing)?;
            self.busy += self.of_window(&run);
            if stop.is_asked() {
                return Ok(None);
            }
            match run.provenance.invalid.take() {
                None => {
                    run.provenance.launch = self.is_ours().then_some(self.launch);
                    return Ok(Some(run));
                }
                Some(invalid) => why = invalid,
            }
        }
        Err(anyhow!("the load generator was in the way: {why}"))
            .with_context(doing)
            .hint("ask for less load, or give the generator more room")
    }

    /// What of a window was load. What it waited for before and behind is not.
    fn of_window(&self, run: &Run) -> Busy {
        let counted = Duration::try_from_secs_f64(run.provenance.duration_s.unwrap_or(0.0));
        Busy {
            warming_up: self.scenario.warmup,
            loading: counted.unwrap_or_default(),
        }
    }

    /// What of the time the services were started, warmed up and loaded for.
    pub fn busy(&self) -> Busy {
        self.busy
    }

    /// What profiles the service where nothing else is asked for.
    pub fn profiler(&self) -> Option<&str> {
        self.scenario.service.as_ref()?.profile.as_deref()
    }

    /// Samples both services in turn, each alone and under load.
    pub fn sample(&mut self, command: &str, stop: &Stop) -> anyhow::Result<[Stacks; 2]> {
        self.end()?;
        let [base, head] = Version::BOTH;
        Ok([
            self.sampled(base, command, stop)?,
            self.sampled(head, command, stop)?,
        ])
    }

    fn sampled(&self, version: Version, command: &str, stop: &Stop) -> anyhow::Result<Stacks> {
        let deployed = self.deployed(version);
        let Deployment::Command(own) = &deployed.what else {
            return Err(anyhow!(
                "the services ran already, and whose process they are is not known"
            ));
        };
        let mut scenario = self.scenario.clone();
        let base = Base {
            port: free_port()?,
            ..scenario.base.clone()
        };
        scenario.service = Some(self.service((own, deployed), &base)?);
        scenario.base = base;
        let request = load::RunRequest {
            scenario: &scenario,
            allow_remote: self.conditions.allow_remote,
        };
        let folder = &deployed.folder;
        Profiler { command, folder }
            .of_service(&request, stop)
            .with_context(|| format!("sample {}", version.as_str()))
    }

    /// Ends what was started for a block, unless it is kept.
    pub fn end_block(&mut self) -> anyhow::Result<()> {
        if self.starts_slowly {
            return Ok(());
        }
        self.end()
    }

    /// Ends all that runs.
    pub fn end(&mut self) -> anyhow::Result<()> {
        let [base, head] = &mut self.running;
        let ending = [base.take(), head.take()].map(|started| async move {
            if let Some(started) = started {
                started.resume();
                // That it had to be killed is no fault of what was measured.
                let _report = started.service.stop().await;
            }
        });
        // Nothing is measured meanwhile, so that neither waits for the other.
        self.runtime
            .block_on(futures_util::future::join_all(ending));
        Ok(())
    }

    /// What a reader of the verdict should know.
    pub fn notes(&self) -> Vec<String> {
        let window = self.conditions.window.as_secs_f64();
        let launches = self.launch + 1;
        let of_windows = format!("windows of {window} s");
        vec![match (self.is_ours(), self.starts_slowly) {
            (false, _) => format!(
                "{of_windows} on services that ran already: one launch of each, and what launches differ by cannot be told"
            ),
            (true, false) => format!("{of_windows}, {launches} launches of each service"),
            (true, true) => format!(
                "{of_windows}; the services start slowly and were started at looks alone, {launches} times: what launches differ by is known little"
            ),
        }]
    }

    fn is_ours(&self) -> bool {
        self.deployments
            .iter()
            .all(|deployed| matches!(deployed.what, Deployment::Command(_)))
    }

    fn slot(&mut self, version: Version) -> &mut Option<Started> {
        let [base, head] = &mut self.running;
        match version {
            Version::Base => base,
            Version::Head => head,
        }
    }

    fn deployed(&self, version: Version) -> &Deployed {
        let [base, head] = &self.deployments;
        match version {
            Version::Base => base,
            Version::Head => head,
        }
    }

    fn start(&self, version: Version) -> anyhow::Result<Option<Started>> {
        let deployed = self.deployed(version);
        let Deployment::Command(command) = &deployed.what else {
            return Ok(None);
        };
        let port = free_port()?;
        let base = Base {
            port,
            ..self.scenario.base.clone()
        };
        let service = self.service((command, deployed), &base)?;
        let service = {
            let cores = self.conditions.cores.as_ref();
            self.runtime.block_on(service::start_on(&service, cores))?
        };
        Ok(Some(Started { service, base }))
    }

    /// That of the scenario with another command and another port; without one any answer means that it is ready.
    fn service(
        &self,
        (command, deployed): (&str, &Deployed),
        base: &Base,
    ) -> anyhow::Result<Service> {
        let folder = &deployed.folder;
        let mut service = match &self.scenario.service {
            Some(service) => service.clone(),
            None => Service {
                command: String::new(),
                folder: folder.to_owned(),
                environment: BTreeMap::new(),
                ready: Ready {
                    url: base.url("/"),
                    status: Ready::ANY_STATUS,
                    within: READY_WITHIN,
                },
                stop_within: STOP_WITHIN,
                profile: None,
            },
        };
        if self.conditions.own_folders {
            service.folder = folder.to_owned();
        }
        service.command = command.replace("{port}", &base.port.to_string());
        service.environment.extend(deployed.environment.clone());
        service
            .environment
            .insert("PORT".to_owned(), base.port.to_string());
        let seed = self.conditions.seed.to_string();
        service.environment.insert("PERFGATE_SEED".to_owned(), seed);
        service.ready.url = repointed(&service.ready.url, &self.scenario.base, base)?;
        Ok(service)
    }

    fn load(&mut self, version: Version, stop: &Stop) -> anyhow::Result<Run> {
        if self.conditions.pauses_idle {
            if let Some(idle) = self.slot(version.other()) {
                idle.pause();
            }
            if let Some(loaded) = self.slot(version) {
                loaded.resume();
            }
        }
        let mut scenario = self.scenario.clone();
        scenario.service = None;
        match self.deployed(version).what.clone() {
            Deployment::Url(base) => scenario.base = base,
            Deployment::Command(_) => {
                let started = self.slot(version).as_ref();
                let started = started.ok_or_else(|| anyhow!("the service does not run"))?;
                scenario.base = started.base.clone();
                watch(&mut scenario, started.service.pid(), &self.scenario.base)?;
            }
        }
        let request = load::RunRequest {
            scenario: &scenario,
            allow_remote: self.conditions.allow_remote,
        };
        let outcome = load::run(&request, &mut Quiet, stop.clone());
        // Whatever the load met: that the service is gone is the reason for it.
        if let Some(failure) = self.slot(version).as_mut().and_then(|s| s.service.check()) {
            return Err(failure.into());
        }
        Ok(outcome?.run)
    }
}

impl Started {
    fn pause(&self) {
        self.service.pause();
    }

    fn resume(&self) {
        self.service.resume();
    }
}

/// Nothing is shown while a window is measured.
struct Quiet;

impl Observer for Quiet {
    fn tick(&mut self, _snapshot: &Snapshot) {}
    fn note(&mut self, _text: &str) {}
}

/// Five, ten, twenty rounds and so on.
fn begins_look(round: usize) -> bool {
    let mut look = FIRST_LOOK;
    while look < round {
        look *= 2;
    }
    look == round
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

/// A URL of the scenario's own service at the port of a version; other hosts stay.
fn repointed(url: &str, from: &Base, to: &Base) -> anyhow::Result<String> {
    let mut url = url::Url::parse(url).with_context(|| format!("read the URL `{url}`"))?;
    if url.port_or_known_default() == Some(from.port) {
        // Only a URL without a host refuses a port.
        let _ = url.set_port(Some(to.port));
    }
    Ok(url.into())
}

/// The service of the scenario is the one that was started here: its processes are watched, and its metrics are at its
/// own port.
fn watch(scenario: &mut Scenario, group: u32, usual: &Base) -> anyhow::Result<()> {
    let own = scenario.base.clone();
    for watched in &mut scenario.watch {
        match &mut watched.what {
            what @ WatchTarget::Service => *what = WatchTarget::Group(group),
            WatchTarget::Prometheus { url, .. } => *url = repointed(url, usual, &own)?,
            WatchTarget::Group(_)
            | WatchTarget::Pid(_)
            | WatchTarget::Process(_)
            | WatchTarget::Cgroup(_)
            | WatchTarget::Host => {}
        }
    }
    Ok(())
}

/// A window instead of the whole load; phases and stages keep their shares of it.
fn shorten(scenario: &mut Scenario, window: Duration) {
    scenario.warmup = scenario.warmup.min(WARMUP_OF_WINDOW);
    for level in &mut scenario.levels {
        match &mut level.load {
            Load::Closed(closed) => {
                if matches!(closed.until, Until::For(_)) {
                    closed.set_duration(window);
                }
            }
            Load::Open(open) => {
                let all: Duration = open.phases.iter().map(|phase| phase.duration).sum();
                let share = window.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE);
                for phase in &mut open.phases {
                    phase.duration = phase.duration.mul_f64(share);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_url_of_the_service_follows_its_port_and_others_stay() {
        let base = Base::parse("http://127.0.0.1:8080/api").unwrap();
        let other = Base {
            port: 4711,
            ..base.clone()
        };
        let ready = |url: &str| repointed(url, &base, &other).unwrap();
        assert_eq!(
            ready("http://127.0.0.1:8080/health"),
            "http://127.0.0.1:4711/health"
        );
        assert_eq!(
            ready("http://127.0.0.1:9090/health"),
            "http://127.0.0.1:9090/health"
        );
    }

    #[test]
    fn looks_begin_at_five_ten_and_twenty() {
        let begins: Vec<usize> = (1..45).filter(|round| begins_look(*round)).collect();
        assert_eq!(begins, [5, 10, 20, 40]);
    }
}
