//! HTTP/2: one connection that several users share, each with a handle of its own.

mod body;
mod listen;
mod request;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Failure, FailureKind, OutgoingRequest, Response, Wanted};
use crate::load::scenario::Base;

pub use request::{PreparedRequest, prepare};

/// The flow-control window of one response.
const WINDOW: u32 = 1024 * 1024;

/// The flow-control window of all responses of a connection together.
const WINDOW_OF_ALL: u32 = 16 * 1024 * 1024;

/// A handle of a connection. Its clones share the connection, which ends with the last of them.
#[derive(Clone)]
pub struct Connection {
    sender: SendRequest<Bytes>,
    state: Rc<ConnectionState>,
    stale: bool,
}

/// The state of a connection, shared by all of its handles.
#[derive(Default)]
struct ConnectionState {
    ended: RefCell<Option<String>>,
    /// Whether the service has ever sent a frame of HTTP/2.
    has_spoken: Cell<bool>,
}

/// Opens a connection, which runs as a task of its own. Has to be called inside a local runtime.
pub async fn open<S>(stream: S) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (sender, connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW_OF_ALL)
        .handshake::<_, Bytes>(stream)
        .await
        .map_err(|error| Failure::new(FailureKind::Broken, describe(&error)))?;
    let state = Rc::new(ConnectionState::default());
    let ended_state = Rc::clone(&state);
    tokio::task::spawn_local(async move {
        let end = match connection.await {
            Ok(()) => "the service closed the connection".to_owned(),
            Err(error) => {
                if error.is_remote() {
                    ended_state.has_spoken.set(true);
                }
                describe(&error)
            }
        };
        *ended_state.ended.borrow_mut() = Some(end);
    });
    Ok(Connection {
        sender,
        state,
        stale: false,
    })
}

impl Connection {
    /// Whether another request may be sent: the connection has not ended, and the service has not announced that it
    /// ends it.
    pub fn is_open(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let ready = self.sender.clone().poll_ready(&mut context);
        self.state.ended.borrow().is_none() && !matches!(ready, Poll::Ready(Err(_)))
    }

    /// Whether the service has not looked at the last request, which failed: it refused the request, or had announced
    /// the end of the connection before. Such a request may be sent again on another connection.
    pub fn was_stale(&self) -> bool {
        self.stale
    }

    pub async fn exchange(
        &mut self,
        request: &OutgoingRequest,
        base: &Base,
        wanted: Wanted,
    ) -> Result<Response, Failure> {
        let prepared = prepare(request, base)?;
        self.send(&prepared, wanted).await
    }

    /// Sends a prepared request, which may be sent many times.
    pub async fn send(
        &mut self,
        prepared: &PreparedRequest,
        wanted: Wanted,
    ) -> Result<Response, Failure> {
        self.stale = false;
        let attempt = self.attempt(prepared, wanted).await;
        self.told(attempt)
    }

    async fn attempt(
        &mut self,
        prepared: &PreparedRequest,
        wanted: Wanted,
    ) -> Result<Result<Response, Failure>, h2::Error> {
        let (head, body) = self.ask(prepared).await?.into_parts();
        let begun = Some(Instant::now());
        let headers = match wanted.headers {
            true => in_order(&head.headers),
            false => Vec::new(),
        };
        let part = match wanted.body {
            true => body::KeptPart::All,
            false if head.status.as_u16() >= 400 => body::KeptPart::Beginning,
            false => body::KeptPart::Nothing,
        };
        let received = match body::receive(body, part).await? {
            Ok(received) => received,
            Err(failure) => return Ok(Err(failure)),
        };
        Ok(Ok(Response {
            status: head.status.as_u16(),
            headers,
            body: received.kept,
            received: received.bytes,
            head: 0,
            begun,
            stream: None,
        }))
    }

    /// Sends a request and awaits the head of its response.
    async fn ask(
        &mut self,
        prepared: &PreparedRequest,
    ) -> Result<http::Response<RecvStream>, h2::Error> {
        std::future::poll_fn(|context| self.sender.poll_ready(context)).await?;
        let body = prepared.body.clone();
        let is_bare = body.is_empty();
        let (response, mut stream) = self.sender.send_request(prepared.head.clone(), is_bare)?;
        if !is_bare {
            // The connection keeps the body for as long as the service's window is closed.
            stream.send_data(body, true)?;
        }
        let response = response.await?;
        self.state.has_spoken.set(true);
        Ok(response)
    }

    /// What came of an attempt; notes whether the service never looked at the request.
    fn told(
        &mut self,
        attempt: Result<Result<Response, Failure>, h2::Error>,
    ) -> Result<Response, Failure> {
        attempt.unwrap_or_else(|error| {
            self.stale = is_stale(&error);
            let what = self.describe_failure(&error);
            Err(Failure::new(FailureKind::Broken, what))
        })
    }

    /// Why a request failed. The connection often knows more than the error of the stream.
    fn describe_failure(&self, error: &h2::Error) -> String {
        let ended = self.state.ended.borrow();
        let describe_failure = match &*ended {
            Some(end) if !error.is_reset() && !error.is_go_away() => end.clone(),
            _ => describe(error),
        };
        match self.state.has_spoken.get() {
            false if error.is_library() => format!("no HTTP/2 came back: {describe_failure}"),
            false if error.is_io() => format!("{describe_failure} before its first answer"),
            _ => describe_failure,
        }
    }
}

fn in_order(headers: &HeaderMap) -> Vec<(String, Bytes)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = Bytes::copy_from_slice(value.as_bytes());
            (name.as_str().to_owned(), value)
        })
        .collect()
}

fn is_stale(error: &h2::Error) -> bool {
    let reason = error.reason();
    let refused = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
    let goodbye = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
    error.is_remote() && (refused || goodbye)
}

/// An error in words, with the protocol's name of the reason, which the service's log uses as well.
fn describe(error: &h2::Error) -> String {
    let Some(reason) = error.reason() else {
        return error.to_string();
    };
    let reason = reason_name(reason);
    if error.is_library() {
        format!("the answer breaks the rules of HTTP/2: {reason}")
    } else if error.is_go_away() {
        format!("the service ended the connection: {reason}")
    } else if error.is_reset() {
        format!("the service reset the stream: {reason}")
    } else {
        error.to_string()
    }
}

fn reason_name(reason: h2::Reason) -> String {
    format!("{reason:?} ({reason})")
}
