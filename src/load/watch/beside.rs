//! Watching beside what another program does: in a thread of its own, for as long as the caller wants.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Manner, Observed};
use crate::load::scenario::Watched;

/// How often it is asked whether something has ended.
const LOOK: Duration = Duration::from_millis(250);

/// A watch that goes on until it is finished or dropped.
#[derive(Debug)]
pub struct WatchBeside {
    stop: oneshot::Sender<()>,
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Observed>,
}

impl WatchBeside {
    /// Reads everything once, and counts from now on. An error says what cannot be watched.
    pub fn start(what: Vec<Watched>, manner: Manner) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let thread = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch(&what, manner, &tell, &seen, stopped))
            .context("start the thread that watches")?;
        told.recv().context("the thread that watches has ended")??;
        Ok(Self {
            stop,
            ended,
            thread,
        })
    }

    /// Whether something that is watched has ended for good.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub fn finish(self) -> anyhow::Result<Observed> {
        // The join tells if the thread is gone.
        let _unheard = self.stop.send(());
        let ended = |_| anyhow!("the thread that watches has ended");
        self.thread.join().map_err(ended)
    }
}

fn watch(
    what: &[Watched],
    manner: Manner,
    tell: &mpsc::Sender<anyhow::Result<()>>,
    ended: &AtomicBool,
    mut stopped: oneshot::Receiver<()>,
) -> Observed {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .context("start the runtime");
    let watched = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut watch = super::start_in(what, None, manner).await?;
            watch.begin_counting();
            let began = Instant::now();
            // Nobody hears it where the caller is gone; then `stopped` is closed too.
            drop(tell.send(Ok(())));
            let asked = loop {
                match timeout(LOOK, &mut stopped).await {
                    Ok(asked) => break asked,
                    Err(_) => ended.store(watch.check().is_some(), Ordering::Relaxed),
                }
            };
            Ok(match asked {
                Ok(()) => watch.finish(None, began.elapsed()).await,
                Err(_) => Observed::default(),
            })
        })
    });
    watched.unwrap_or_else(|error| {
        drop(tell.send(Err(error)));
        Observed::default()
    })
}
