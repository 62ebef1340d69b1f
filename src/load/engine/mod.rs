//! From a scenario to a run: the service is started and watched, each level is loaded in turn, and the results become
//! one run.
//!
//! ```text
//!  mod ─► level ─► thread ─┬► closed ─┐
//!                          └► open ───┴► user ─► sender ─► request_io ─► connection ─► http
//! ```
//!
//! Threads share nothing that is written for each request: each has its own users, connections and statistics.

mod abort;
mod alone;
mod closed;
mod connection;
mod context;
mod control;
mod deadline;
mod hearing;
mod level;
mod limits;
mod open;
mod outcome;
mod progress;
mod request_io;
mod script;
mod sender;
mod thread;
mod together;
mod trace;
mod user;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::runtime::{Builder, LocalOptions};
use tokio::time::sleep;

use self::alone::Alone;
use self::level::{LevelInput, LevelResult, RunningLevel};
use self::outcome::RunBuilder;
use self::script::Script;
use crate::hint::WithHint;
use crate::load::http::address::resolve;
use crate::load::http::dial::Dialer;
use crate::load::http::tls::Alpn;
use crate::load::http::{Failure, FailureKind};
use crate::load::scenario::{Base, Destination, Level, PerHost, Protocol, Scenario, Step, Tls};
use crate::load::template::Values;
use crate::load::{service, watch};

pub use control::Stop;
pub use outcome::{FailureReason, LoadOutcome};
pub use progress::{LevelStage, Observer, Snapshot, Stretch};
pub use trace::Event;

/// A scenario to be run.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest<'a> {
    pub scenario: &'a Scenario,
    /// Whether the service may be outside this machine and its private networks.
    pub allow_remote: bool,
}

const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How long watched endpoints may take to answer once somebody asked to stop.
const WATCH_AFTER_STOP: Duration = Duration::from_millis(500);
/// The number of polls between two snapshots.
const POLLS_PER_SNAPSHOT: u32 = 10;

/// Runs it to its end, or until it is asked to stop. An error means that there is no run to keep.
pub fn run(
    request: &RunRequest<'_>,
    observer: &mut dyn Observer,
    stop: Stop,
) -> anyhow::Result<LoadOutcome> {
    limits::raise();
    limits::check(request.scenario)?;
    runtime()?.block_on(async {
        let (run, mut service) = LoadRun::prepare(request, stop).await?;
        let outcome = run.run(observer, &mut service).await;
        if let Some(service) = service
            && let service::StopReport::Forced(failure) = service.stop().await
        {
            observer.note(&failure.to_string());
        }
        outcome
    })
}

/// What one user did in one flow.
#[derive(Debug)]
pub struct FlowTrace {
    pub flow: String,
    pub events: Vec<Event>,
    pub failed: bool,
}

/// Takes each flow of a scenario once, by one user, and shows each when it is over. Nothing is measured.
pub fn once(
    request: &RunRequest<'_>,
    show: &mut dyn FnMut(&FlowTrace),
    stop: Stop,
) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let (run, service) = LoadRun::prepare(request, stop).await?;
        let looked = run.look(show).await;
        if let Some(service) = service {
            service.stop().await;
        }
        looked
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::LocalRuntime> {
    Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .context("start the runtime")
}

/// Resolves the names of the service and of all hosts in a thread of its own, because a name server may be silent for
/// long: that thread is left behind where somebody asks to stop.
async fn addresses(request: &RunRequest<'_>) -> anyhow::Result<PerHost<Vec<SocketAddr>>> {
    let (base, hosts) = (
        request.scenario.base.clone(),
        request.scenario.hosts.clone(),
    );
    let allow_remote = request.allow_remote;
    let resolve_all = move || {
        let hosts = hosts.iter().map(|host| resolve(&host.base, allow_remote));
        Ok(PerHost::new(
            resolve(&base, allow_remote)?,
            hosts.collect::<anyhow::Result<_>>()?,
        ))
    };
    let asking = std::thread::Builder::new()
        .name("names".to_owned())
        .spawn(resolve_all)
        .context("start a thread")?;
    while !asking.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    let told = asking.join();
    told.map_err(|_| anyhow!("the look-up of a name ended by a fault of perfgate"))?
}

/// Does work before there is load. A stop ends it at once, because there is nothing to keep.
async fn unless_stopped<T>(
    stop: &Stop,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let asked = async {
        while !stop.is_asked() {
            sleep(POLL_INTERVAL).await;
        }
    };
    tokio::select! {
        done = work => done,
        () = asked => Err(anyhow!("nothing was measured yet")),
    }
}

/// What the steps are called that are taken once for a run.
const SETUP: &str = "setup";
const TEARDOWN: &str = "teardown";

fn cannot_prepare(failure: Failure) -> anyhow::Error {
    anyhow!("prepare the scenario's requests: {failure}")
}

struct LoadRun {
    scenario: Arc<Scenario>,
    addresses: PerHost<Vec<SocketAddr>>,
    stop: Stop,
}

impl LoadRun {
    /// Looks up the service's addresses and starts it, where the scenario says how.
    async fn prepare(
        request: &RunRequest<'_>,
        stop: Stop,
    ) -> anyhow::Result<(Self, Option<service::RunningService>)> {
        let addresses = unless_stopped(&stop, addresses(request)).await?;
        let service = match &request.scenario.service {
            Some(service) => Some(unless_stopped(&stop, service::start(service)).await?),
            None => None,
        };
        let run = Self {
            scenario: Arc::new(request.scenario.clone()),
            addresses,
            stop,
        };
        Ok((run, service))
    }

    /// Takes the setup, each flow, and the teardown, and shows each.
    async fn look(&self, show: &mut dyn FnMut(&FlowTrace)) -> anyhow::Result<()> {
        let dialers = Arc::new(unless_stopped(&self.stop, self.reach_all()).await?);
        let Scenario {
            setup, teardown, ..
        } = &*self.scenario;
        let scripts = [
            Script::of_steps(&self.scenario, SETUP, setup),
            Script::new(&self.scenario),
            Script::of_steps(&self.scenario, TEARDOWN, teardown),
        ];
        let mut given = Arc::new(Values::default());
        for script in scripts {
            let mut script = script.map_err(cannot_prepare)?;
            script.want_everything();
            let script = Arc::new(script);
            let mut user = Alone::new(&self.scenario, Arc::clone(&script), &dialers, &given);
            for flow in script.all_once().iter().chain(script.flows()) {
                if flow.steps.is_empty() {
                    continue;
                }
                let taking = async { Ok(user.take(flow).await) };
                let ended = unless_stopped(&self.stop, taking).await;
                show(&FlowTrace {
                    flow: flow.name.clone(),
                    events: user.events(),
                    failed: ended.as_ref().map_or(true, |end| end.failed.is_some()),
                });
                ended?;
                if script
                    .all_once()
                    .iter()
                    .any(|once| std::ptr::eq(once, flow))
                {
                    user.keep(flow);
                }
                if flow.name == SETUP {
                    given = Arc::new(user.captured(flow));
                }
            }
        }
        Ok(())
    }

    /// Takes the steps that come before all load, and returns what they captured.
    async fn set_up(&self, dialers: &Arc<PerHost<Dialer>>) -> anyhow::Result<Values> {
        let nothing = Arc::new(Values::default());
        let steps = &self.scenario.setup;
        let taking = self.of_run((SETUP, steps), dialers, &nothing);
        unless_stopped(&self.stop, taking)
            .await
            .hint("nothing was measured; `perfgate run --once --verbose` shows what was sent and answered")
    }

    /// Takes the steps that come behind all load. What fails there takes nothing from what was measured.
    async fn tear_down(
        &self,
        observer: &mut dyn Observer,
        (dialers, given): (&Arc<PerHost<Dialer>>, &Arc<Values>),
    ) {
        let steps = &self.scenario.teardown;
        if let Err(why) = self.of_run((TEARDOWN, steps), dialers, given).await {
            observer.note(&format!("{why:#}"));
        }
    }

    /// Takes steps once for the whole run.
    async fn of_run(
        &self,
        (name, steps): (&str, &[Step]),
        dialers: &Arc<PerHost<Dialer>>,
        given: &Arc<Values>,
    ) -> anyhow::Result<Values> {
        if steps.is_empty() {
            return Ok(Values::default());
        }
        let script = Script::of_steps(&self.scenario, name, steps).map_err(cannot_prepare)?;
        let script = Arc::new(script);
        let mut user = Alone::new(&self.scenario, Arc::clone(&script), dialers, given);
        let mut captured = Values::default();
        for flow in script.flows() {
            user.take(flow).await;
            captured = user.captured(flow);
        }
        let mut step = String::new();
        for event in user.events() {
            match event {
                Event::Step(subject) => step = subject,
                Event::Failed(failure) => {
                    return Err(anyhow!(
                        "take the steps of [{name}]: {step}: {}",
                        failure.what
                    ));
                }
                _ => {}
            }
        }
        Ok(captured)
    }

    async fn run(
        &self,
        observer: &mut dyn Observer,
        service: &mut Option<service::RunningService>,
    ) -> anyhow::Result<LoadOutcome> {
        let dialers = Arc::new(unless_stopped(&self.stop, self.reach_all()).await?);
        let script = Arc::new(Script::new(&self.scenario).map_err(cannot_prepare)?);
        let given = Arc::new(self.set_up(&dialers).await?);
        let measured = self
            .levels(observer, service, (&script, &dialers, &given))
            .await;
        self.tear_down(observer, (&dialers, &given)).await;
        measured
    }

    async fn levels(
        &self,
        observer: &mut dyn Observer,
        service: &mut Option<service::RunningService>,
        (script, dialers, given): (&Arc<Script>, &Arc<PerHost<Dialer>>, &Arc<Values>),
    ) -> anyhow::Result<LoadOutcome> {
        let input = LevelInput {
            scenario: &self.scenario,
            script,
            dialers,
            stop: &self.stop,
            given,
        };
        let mut builder = RunBuilder::new(&self.scenario);
        let share = self.scenario.share;
        for level in &self.scenario.levels {
            let level = &share
                .of_level(level)
                .ok_or_else(|| anyhow!("share {share} of the load is nothing"))
                .hint("there are more machines than users or iterations")?;
            let (result, observed) = match self.level(&input, level, observer, service).await {
                // The result of the levels before it is kept.
                Err(_) if self.stop.is_asked() && builder.has_levels() => {
                    builder.end_early();
                    break;
                }
                found => found?,
            };
            let is_aborted = result.aborted.is_some();
            builder.add(level, &result, observed)?;
            if self.stop.is_asked() || is_aborted {
                builder.end_early();
                break;
            }
        }
        Ok(builder.outcome())
    }

    /// Opens one connection to the service and to each host before any load, so that one which is not there is one error
    /// and not a million.
    async fn reach_all(&self) -> anyhow::Result<PerHost<Dialer>> {
        let Scenario { hosts, tls, .. } = &*self.scenario;
        // The name belongs to the service.
        let of_hosts = Tls {
            server_name: None,
            ..tls.clone()
        };
        let base = self.reach(Destination::Base, &self.scenario.base, tls);
        let base = base.await?;
        let mut dialers = Vec::new();
        for (number, host) in hosts.iter().enumerate() {
            let to = Destination::Host(number);
            let dialer = self.reach(to, &host.base, &of_hosts).await;
            dialers.push(dialer.with_context(|| format!("reach the host `{}`", host.name))?);
        }
        Ok(PerHost::new(base, dialers))
    }

    /// Only the address that answers is used from then on.
    async fn reach(&self, to: Destination, base: &Base, tls: &Tls) -> anyhow::Result<Dialer> {
        let alpn = match self.scenario.protocol {
            Protocol::Http1 => Alpn::Http1,
            Protocol::Http2 { .. } => Alpn::Http2,
        };
        let mut failure = None;
        for address in self.addresses.of(to) {
            let dialer = Dialer::new(base, tls, vec![*address])?;
            match tokio::time::timeout(self.scenario.timeout, dialer.connect(alpn)).await {
                Ok(Ok(_)) => return Ok(dialer),
                Ok(Err(why)) => failure = failure.or(Some(why)),
                Err(_) => {
                    let what = format!("connect to {address}: no answer in time");
                    failure = failure.or(Some(Failure::new(FailureKind::Timeout, what)));
                }
            }
        }
        let why =
            failure.unwrap_or_else(|| Failure::new(FailureKind::Connect, "it has no address"));
        let what_next = match why.kind {
            FailureKind::Tls => "`--ca`, or `[tls]` of the scenario, says whom to trust",
            _ => "is the service running, and is its address right?",
        };
        let hint = format!("nothing was sent and no run was written; {what_next}");
        let (host, port) = (&base.host, base.port);
        Err(anyhow!("reach {host}:{port}: {}", why.what)).hint(hint)
    }

    async fn level(
        &self,
        input: &LevelInput<'_>,
        level: &Level,
        observer: &mut dyn Observer,
        service: &mut Option<service::RunningService>,
    ) -> anyhow::Result<(LevelResult, watch::Observed)> {
        let pid = service.as_ref().map(service::RunningService::pid);
        let mut watch = unless_stopped(&self.stop, watch::start(&self.scenario.watch, pid)).await?;
        let mut running = RunningLevel::start(input, level)?;
        let (mut is_counting, mut is_stopping) = (false, false);
        for poll in 1_u32.. {
            let stage = running.poll();
            if stage == LevelStage::Counting && !is_counting {
                is_counting = true;
                watch.begin_counting();
            }
            // The observer is told of a stop at once: whoever asked for it waits for a sign.
            let hears = self.stop.is_asked() && !std::mem::replace(&mut is_stopping, true);
            if hears || poll % POLLS_PER_SNAPSHOT == 0 {
                observer.tick(&running.progress.snapshot());
            }
            if stage == LevelStage::Over {
                break;
            }
            if let Some(failure) = service.as_mut().and_then(service::RunningService::check) {
                running.abandon();
                return Err(failure.into());
            }
            sleep(POLL_INTERVAL.min(running.next_change())).await;
        }
        let result = running.finish()?;
        let counted = result.counted;
        let observed = watch.finish(Some(result.requests()), counted);
        let observed = match self.stop.is_asked() {
            false => observed.await,
            // A watched endpoint may be silent for seconds.
            true => tokio::time::timeout(WATCH_AFTER_STOP, observed)
                .await
                .unwrap_or_default(),
        };
        Ok((result, observed))
    }
}
