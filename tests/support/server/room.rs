//! What all connections of one server share: the script, the clock and the log.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use super::clock::Clock;
use super::log::{Entry, Record};
use super::script::{Act, Asked, Reply, Script};

pub(super) struct Room {
    pub(super) record: Record,
    pub(super) clock: Clock,
    pub(super) keep_alive: Option<u64>,
    pub(super) announced: bool,
    pub(super) streams: Option<u32>,
    script: RefCell<Script>,
    /// How often each route was asked.
    counts: RefCell<Vec<u64>>,
    first: Cell<Option<Instant>>,
}

/// One request that is to be answered.
pub(super) struct Turn {
    pub(super) act: Act,
    due: Instant,
    index: usize,
}

impl Room {
    /// Within the server's runtime.
    pub(super) fn new(script: Script, record: Record) -> Self {
        Self {
            record,
            clock: Clock::start(),
            keep_alive: script.keep_alive,
            announced: script.announced,
            streams: script.streams,
            counts: RefCell::new(vec![0; script.routes.len()]),
            script: RefCell::new(script),
            first: Cell::new(None),
        }
    }

    pub(super) fn speaks_http2(&self) -> bool {
        self.script.borrow().http2
    }

    /// What is to be done about a request, at once written down.
    pub(super) fn take(&self, mut asked: Asked, arrived: Instant) -> Turn {
        if self.first.get().is_none() {
            self.first.set(Some(arrived));
        }
        let reply = self.reply(&mut asked);
        let due = self.held(arrived + reply.after);
        let status = match &reply.act {
            Act::Answer(answer) => Some(answer.status),
            Act::Socket(_) => Some(101),
            _ => None,
        };
        let index = self.record.add(Entry {
            connection: asked.connection,
            method: asked.method,
            path: asked.path,
            query: asked.query,
            arrived,
            due,
            answered: None,
            status,
        });
        Turn {
            act: reply.act,
            due,
            index,
        }
    }

    fn reply(&self, asked: &mut Asked) -> Reply {
        let routes = &mut self.script.borrow_mut().routes;
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => asked.path.starts_with(start),
            None => asked.path == pattern,
        };
        match routes.iter().position(|(pattern, _)| fits(pattern)) {
            None => Reply::status(404),
            Some(route) => {
                let count = &mut self.counts.borrow_mut()[route];
                asked.number = *count;
                *count += 1;
                (routes[route].1)(asked)
            }
        }
    }

    /// The end of the stall that this instant lies in, or the instant itself.
    fn held(&self, due: Instant) -> Instant {
        let first = self.first.get().unwrap_or(due);
        let since = due.saturating_duration_since(first);
        let script = self.script.borrow();
        let stall = script.stalls.iter().find(|window| window.contains(&since));
        stall.map_or(due, |window| first + window.end)
    }

    pub(super) async fn wait(&self, turn: &Turn) {
        if turn.due > Instant::now() {
            self.clock.until(turn.due).await;
        }
    }

    /// To be said right before the last write.
    pub(super) fn answers(&self, turn: &Turn) {
        self.record.answered(turn.index, Instant::now());
    }
}
