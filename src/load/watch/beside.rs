//! Watching beside a load that another program puts on: in a thread of its own, from the start of that program to its end.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, anyhow};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;

use super::Observed;
use crate::load::scenario::Watched;

/// A watch that goes on until it is finished or dropped.
#[derive(Debug)]
pub struct WatchBeside {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Observed>,
}

impl WatchBeside {
    /// Reads everything once, and counts from now on. An error says what cannot be watched.
    pub fn start(what: Vec<Watched>) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch(&what, &tell, stopped))
            .context("start the thread that watches")?;
        told.recv().context("the thread that watches has ended")??;
        Ok(Self { stop, thread })
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
    tell: &mpsc::Sender<anyhow::Result<()>>,
    stopped: oneshot::Receiver<()>,
) -> Observed {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .context("start the runtime");
    let watched = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut watch = super::start(what, None).await?;
            watch.begin_counting();
            let began = Instant::now();
            // Nobody hears it where the caller is gone; then `stopped` is closed too.
            drop(tell.send(Ok(())));
            Ok(match stopped.await {
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
