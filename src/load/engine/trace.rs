//! What one user sends and is answered, kept for whoever writes a scenario. A load has none of it.

use std::cell::RefCell;
use std::time::Duration;

use crate::load::http::events::StreamEvent;
use crate::load::http::{Failure, OutgoingRequest, Response};

/// One thing that happened to a user, in the order in which it did.
#[derive(Clone, Debug)]
pub enum Event {
    /// A step begins, with its subject.
    Step(String),
    /// A request, and scheme, host and port of one that does not go to the base.
    Sent(OutgoingRequest, Option<String>),
    Answered(Response),
    /// A message over a WebSocket.
    Said(String),
    /// Every message that came over a WebSocket.
    Heard(Vec<u8>),
    /// A server-sent event, so long after its request was sent.
    Came(Duration, StreamEvent),
    /// A value that was captured, with its name.
    Captured(String, String),
    /// A request or a round trip succeeded, and took so long.
    Succeeded(Duration),
    Failed(Failure),
}

/// The events of one user so far.
#[derive(Debug, Default)]
pub struct Trace(RefCell<Vec<Event>>);

impl Trace {
    pub fn push(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }

    /// What happened since the last call.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}
