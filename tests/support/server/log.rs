//! What the server saw and did, with the instants.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub connection: u64,
    pub method: String,
    pub path: String,
    pub query: String,
    /// Its last byte was read.
    pub arrived: Instant,
    /// The first byte of its answer was due.
    pub due: Instant,
    /// The last byte of its answer was on its way; none where there was no whole answer.
    pub answered: Option<Instant>,
    /// None where it was answered with no HTTP.
    pub status: Option<u16>,
}

/// Requests in the order of their arrival.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(pub Vec<Entry>);

impl Entry {
    /// What it really took, seen from here.
    pub(crate) fn service(&self) -> Option<Duration> {
        self.answered.map(|answered| answered - self.arrived)
    }
}

impl Log {
    pub(crate) fn of(&self, path: &str) -> Self {
        let of_path = |entry: &&Entry| entry.path == path;
        Self(self.0.iter().filter(of_path).cloned().collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Service times of the answered, the shortest first.
    pub(crate) fn services(&self) -> Vec<Duration> {
        let mut services: Vec<Duration> = self.0.iter().filter_map(Entry::service).collect();
        services.sort();
        services
    }

    /// Of the service times: the smallest that this share does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let services = self.services();
        let reached = |index: &usize| (*index + 1) as f64 >= share * services.len() as f64;
        let index = (0..services.len()).find(reached).unwrap();
        services[index]
    }

    /// How many came in each stretch of this width, from the first on.
    pub(crate) fn arrivals_per(&self, width: Duration) -> Vec<usize> {
        let mut counts = Vec::new();
        for entry in &self.0 {
            let since = entry.arrived - self.0[0].arrived;
            let slot = usize::try_from(since.as_nanos() / width.as_nanos()).unwrap();
            counts.resize(counts.len().max(slot + 1), 0);
            counts[slot] += 1;
        }
        counts
    }
}

/// The log while it is written; clones are the same.
#[derive(Clone, Default)]
pub(super) struct Record(Arc<Shared>);

#[derive(Default)]
struct Shared {
    entries: Mutex<Vec<Entry>>,
    accepted: AtomicU64,
    open: AtomicU64,
}

/// Counted as open while this lives.
pub(super) struct Counted {
    pub number: u64,
    record: Record,
}

impl Record {
    pub(super) fn add(&self, entry: Entry) -> usize {
        let mut entries = self.locked();
        entries.push(entry);
        entries.len() - 1
    }

    pub(super) fn answered(&self, index: usize, at: Instant) {
        self.locked()[index].answered = Some(at);
    }

    pub(super) fn entries(&self) -> Log {
        Log(self.locked().clone())
    }

    pub(super) fn accept(&self) -> Counted {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        Counted {
            number: self.0.accepted.fetch_add(1, Ordering::Relaxed),
            record: self.clone(),
        }
    }

    pub(super) fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn open(&self) -> u64 {
        self.0.open.load(Ordering::Relaxed)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.record.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
