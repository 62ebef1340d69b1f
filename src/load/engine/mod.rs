//! From a scenario to a run: the service is started and watched, each level is loaded in turn, and what was measured
//! is written down.
//!
//! ```text
//!  mod ─► level ─► worker (a thread) ─┬► closed ─┐
//!                                     └► open ───┴► user ─► hands ─► line ─► wire
//! ```
//!
//! Threads share nothing that is written for each request: each has its users, its connections and its own book.

mod closed;
mod control;
mod ground;
mod hands;
mod level;
mod limits;
mod line;
mod open;
mod progress;
mod report;
mod script;
mod seat;
mod user;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::runtime::{Builder, LocalOptions};
use tokio::time::sleep;

use self::level::{Measured, Running, Setting};
use self::report::Report;
use self::script::Script;
use crate::hint::WithHint;
use crate::load::scenario::{Level, Protocol, Scenario};
use crate::load::wire::address::resolve;
use crate::load::wire::dial::{Alpn, Dialer};
use crate::load::wire::{Failure, Kind};
use crate::load::{service, watch};

pub use control::Stop;
pub use progress::{Observer, Phase, Snapshot};
pub use report::{Outcome, Reason};

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    pub scenario: &'a Scenario,
    /// Whether an address may be loaded that is neither this machine's nor of a private network.
    pub allow_remote: bool,
}

const LOOK: Duration = Duration::from_millis(50);
/// For what somebody waits who has asked to stop.
const IN_HASTE: Duration = Duration::from_millis(500);
/// Looks between two snapshots.
const LOOKS_A_TICK: u32 = 10;

/// Runs it to its end, or until it is asked to stop. An error means that there is no run to keep.
pub fn run(order: &Order<'_>, observer: &mut dyn Observer, stop: Stop) -> anyhow::Result<Outcome> {
    limits::raise();
    limits::check(order.scenario)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .context("start the runtime")?;
    runtime.block_on(async {
        let addresses = unless_asked(&stop, addresses(order)).await?;
        let mut service = match &order.scenario.service {
            Some(service) => Some(unless_asked(&stop, service::start(service)).await?),
            None => None,
        };
        let whole = Whole {
            scenario: Arc::new(order.scenario.clone()),
            addresses,
            stop,
        };
        let outcome = whole.run(observer, &mut service).await;
        if let Some(service) = service
            && let service::StopReport::Forced(failure) = service.stop().await
        {
            observer.note(&failure.to_string());
        }
        outcome
    })
}

/// A name server may be silent for long: it is asked in a thread of its own, which is left behind where somebody asks
/// to stop.
async fn addresses(order: &Order<'_>) -> anyhow::Result<Vec<std::net::SocketAddr>> {
    let (base, allow_remote) = (order.scenario.base.clone(), order.allow_remote);
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

/// What is done before there is load: a stop ends it where it stands, for there is nothing to keep.
async fn unless_asked<T>(
    stop: &Stop,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let asked = async {
        while !stop.is_asked() {
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        done = work => done,
        () = asked => Err(anyhow!("nothing was measured yet")),
    }
}

struct Whole {
    scenario: Arc<Scenario>,
    addresses: Vec<std::net::SocketAddr>,
    stop: Stop,
}

impl Whole {
    async fn run(
        &self,
        observer: &mut dyn Observer,
        service: &mut Option<service::Running>,
    ) -> anyhow::Result<Outcome> {
        let dialer = Arc::new(unless_asked(&self.stop, self.reach()).await?);
        let script = Script::new(&self.scenario)
            .map_err(|failure| anyhow!("prepare the scenario's requests: {failure}"))?;
        let script = Arc::new(script);
        let setting = Setting {
            scenario: &self.scenario,
            script: &script,
            dialer: &dialer,
            stop: &self.stop,
        };
        let mut report = Report::new(&self.scenario);
        let share = self.scenario.share;
        for level in &self.scenario.levels {
            let level = &share
                .of_level(level)
                .ok_or_else(|| anyhow!("share {share} of the load is nothing"))
                .hint("there are more machines than users or iterations")?;
            let (measured, observed) = match self.level(&setting, level, observer, service).await {
                // What the levels before it found is kept.
                Err(_) if self.stop.is_asked() && report.has_levels() => {
                    report.end_early();
                    break;
                }
                found => found?,
            };
            report.add(level, &measured, observed)?;
            if self.stop.is_asked() {
                report.end_early();
                break;
            }
        }
        Ok(report.outcome())
    }

    /// One connection before any load, so that a service which is not there is one error and no million of them.
    /// Addresses that do not answer are not tried again.
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
                    failure = failure.or(Some(Failure::new(Kind::Timeout, what)));
                }
            }
        }
        let why = failure.unwrap_or_else(|| Failure::new(Kind::Connect, "it has no address"));
        let what_next = match why.kind {
            Kind::Tls => "`--ca`, or `[tls]` of the scenario, says whom to trust",
            _ => "is the service running, and is its address right?",
        };
        let hint = format!("nothing was sent and no run was written; {what_next}");
        let (host, port) = (&base.host, base.port);
        Err(anyhow!("reach {host}:{port}: {}", why.what)).hint(hint)
    }

    async fn level(
        &self,
        setting: &Setting<'_>,
        level: &Level,
        observer: &mut dyn Observer,
        service: &mut Option<service::Running>,
    ) -> anyhow::Result<(Measured, watch::Observed)> {
        let pid = service.as_ref().map(service::Running::pid);
        let mut watch = unless_asked(&self.stop, watch::start(&self.scenario.watch, pid)).await?;
        let mut running = Running::start(setting, level)?;
        let (mut is_counting, mut is_stopping) = (false, false);
        for look in 1_u32.. {
            let phase = running.look();
            if phase == Phase::Counting && !is_counting {
                is_counting = true;
                watch.begin_counting();
            }
            // That a stop was heard is shown at once: who asked waits for a sign.
            let hears = self.stop.is_asked() && !std::mem::replace(&mut is_stopping, true);
            if hears || look % LOOKS_A_TICK == 0 {
                observer.tick(&running.progress.snapshot());
            }
            if phase == Phase::Over {
                break;
            }
            if let Some(failure) = service.as_mut().and_then(service::Running::check) {
                running.abandon();
                return Err(failure.into());
            }
            sleep(LOOK.min(running.next_change())).await;
        }
        let measured = running.finish()?;
        let counted = measured.counted;
        let observed = watch.finish(measured.requests(), counted);
        let observed = match self.stop.is_asked() {
            false => observed.await,
            // An endpoint may be silent for seconds.
            true => tokio::time::timeout(IN_HASTE, observed)
                .await
                .unwrap_or_default(),
        };
        Ok((measured, observed))
    }
}
