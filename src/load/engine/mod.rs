//! From a scenario to a run: the service is started and watched, each level is loaded in turn, and the results become
//! one run.
//!
//! ```text
//!  mod ─► level ─► thread ─┬► closed ─┐
//!                          └► open ───┴► user ─► request_io ─► connection ─► http
//! ```
//!
//! Threads share nothing that is written for each request: each has its own users, connections and statistics.

mod closed;
mod connection;
mod context;
mod control;
mod deadline;
mod level;
mod limits;
mod open;
mod outcome;
mod progress;
mod request_io;
mod script;
mod thread;
mod user;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::runtime::{Builder, LocalOptions};
use tokio::time::sleep;

use self::level::{LevelInput, LevelResult, RunningLevel};
use self::outcome::RunBuilder;
use self::script::Script;
use crate::hint::WithHint;
use crate::load::http::address::resolve;
use crate::load::http::dial::Dialer;
use crate::load::http::tls::Alpn;
use crate::load::http::{Failure, FailureKind};
use crate::load::scenario::{Level, Protocol, Scenario};
use crate::load::{service, watch};

pub use control::Stop;
pub use outcome::{FailureReason, LoadOutcome};
pub use progress::{LevelStage, Observer, Snapshot};

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
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .context("start the runtime")?;
    runtime.block_on(async {
        let addresses = unless_stopped(&stop, addresses(request)).await?;
        let mut service = match &request.scenario.service {
            Some(service) => Some(unless_stopped(&stop, service::start(service)).await?),
            None => None,
        };
        let run = LoadRun {
            scenario: Arc::new(request.scenario.clone()),
            addresses,
            stop,
        };
        let outcome = run.run(observer, &mut service).await;
        if let Some(service) = service
            && let service::StopReport::Forced(failure) = service.stop().await
        {
            observer.note(&failure.to_string());
        }
        outcome
    })
}

/// Resolves the service's name in a thread of its own, because a name server may be silent for long: that thread is left
/// behind where somebody asks to stop.
async fn addresses(request: &RunRequest<'_>) -> anyhow::Result<Vec<std::net::SocketAddr>> {
    let (base, allow_remote) = (request.scenario.base.clone(), request.allow_remote);
    let asking = std::thread::Builder::new()
        .name("names".to_owned())
        .spawn(move || resolve(&base, allow_remote))
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

struct LoadRun {
    scenario: Arc<Scenario>,
    addresses: Vec<std::net::SocketAddr>,
    stop: Stop,
}

impl LoadRun {
    async fn run(
        &self,
        observer: &mut dyn Observer,
        service: &mut Option<service::RunningService>,
    ) -> anyhow::Result<LoadOutcome> {
        let dialer = Arc::new(unless_stopped(&self.stop, self.reach()).await?);
        let script = Script::new(&self.scenario)
            .map_err(|failure| anyhow!("prepare the scenario's requests: {failure}"))?;
        let script = Arc::new(script);
        let input = LevelInput {
            scenario: &self.scenario,
            script: &script,
            dialer: &dialer,
            stop: &self.stop,
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
            builder.add(level, &result, observed)?;
            if self.stop.is_asked() {
                builder.end_early();
                break;
            }
        }
        Ok(builder.outcome())
    }

    /// Opens one connection before any load, so that a service which is not there is one error and not a million. Only the
    /// address that answers is used from then on.
    async fn reach(&self) -> anyhow::Result<Dialer> {
        let Scenario { base, tls, .. } = &*self.scenario;
        let alpn = match self.scenario.protocol {
            Protocol::Http1 => Alpn::Http1,
            Protocol::Http2 { .. } => Alpn::Http2,
        };
        let mut failure = None;
        for address in &self.addresses {
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
