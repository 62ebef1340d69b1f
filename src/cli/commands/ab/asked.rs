//! SIGUSR1 asks how it goes. The answer is written between two windows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody has asked since the last answer.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Listens from now on, for as long as the program lives. Where nobody can ask, it is never asked.
    pub(super) fn listen() -> Self {
        let asked = Self::default();
        #[cfg(unix)]
        {
            let heard = asked.clone();
            let listen = move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .build();
                // The measuring needs no answerer.
                let Ok(runtime) = runtime else { return };
                runtime.block_on(async {
                    use tokio::signal::unix::{SignalKind, signal};
                    let Ok(mut signals) = signal(SignalKind::user_defined1()) else {
                        return;
                    };
                    while signals.recv().await.is_some() {
                        heard.0.store(true, Ordering::Relaxed);
                    }
                });
            };
            drop(
                std::thread::Builder::new()
                    .name("asked".to_owned())
                    .spawn(listen),
            );
        }
        asked
    }

    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
