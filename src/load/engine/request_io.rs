//! How a user sends a request and examines its response: over its connection, with the values and cookies it has, and
//! through redirects and retries.

use std::sync::Arc;
use std::time::Duration;

use super::connection::ConnectionHandle;
use super::context::{ExaminedBy, ThreadContext};
use super::script::{EncodedRequest, PreparedCall};
use super::trace::Event;
use crate::load::clock::Moment;
use crate::load::definition::secret;
use crate::load::http::dial::Stream;
use crate::load::http::tls::Alpn;
use crate::load::http::websocket::{self, RenderedMessage, WebSocket};
use crate::load::http::{Failure, FailureKind, OutgoingRequest, Response, Wanted};
use crate::load::request::{self, UserState};
use crate::load::scenario::{Base, Socket};
use crate::load::template::{Escape, Template};

/// At most this much of an error's body is searched for secrets and kept as an example.
const EXAMPLE: usize = 4 * 1024;
/// A body from this size on is examined in another thread: other users would have to wait for it.
const LARGE: usize = 32 * 1024;

pub struct RequestIo {
    pub connection: ConnectionHandle,
    pub state: UserState,
    /// The last request that was encoded, whose memory the next one uses again.
    encoded: EncodedRequest,
}

/// A response, and when its request was sent and its last byte came.
pub struct TimedResponse {
    pub response: Response,
    /// The bytes of the request.
    pub request_size: u64,
    /// How long it took to write the request.
    pub writing: Duration,
    /// When the request was sent: after it was written, and after there was a connection.
    pub sent: Moment,
    pub done: Moment,
    /// How long opening a connection took, where there was none.
    pub connecting: Option<Duration>,
}

impl RequestIo {
    pub fn new(connection: ConnectionHandle, base: &Base) -> Self {
        Self {
            connection,
            state: UserState::new(base),
            encoded: EncodedRequest::empty(),
        }
    }

    /// Sends a request and reads the response to its last byte, following redirects.
    pub async fn send(
        &mut self,
        context: &ThreadContext,
        call: &PreparedCall,
        start: Moment,
    ) -> Result<TimedResponse, Failure> {
        let scenario = &context.level.scenario;
        let (request, mut sent) = match &call.fixed {
            Some(request) => (request, start),
            None => {
                let request = &mut self.encoded;
                request::refill(
                    &call.call,
                    &scenario.base,
                    &self.state,
                    &mut request.outgoing,
                )?;
                request.encode(scenario)?;
                (&*request, context.now())
            }
        };
        let writing = sent.since(start);
        self.connection.drop_unusable();
        let mut connecting = None;
        if !self.connection.is_open() {
            let begin = sent;
            self.connection.open(&context.level.dialer).await?;
            sent = context.now();
            connecting = Some(sent.since(begin));
        }
        let mut response = exchange(&mut self.connection, context, request, call.wanted).await?;
        let mut done = context.now();
        let request_size = request.size();
        if !scenario.keep_alive {
            self.connection.end();
        }
        if scenario.cookies {
            self.state.jar.take(&response, &request.outgoing.target);
        }
        if (300..400).contains(&response.status) && scenario.redirects > 0 {
            let previous = request.outgoing.clone();
            response = self.follow(context, call, response, previous).await?;
            done = context.now();
        }
        Ok(TimedResponse {
            response,
            request_size,
            writing,
            sent,
            done,
            connecting,
        })
    }

    /// Follows redirects to the response that is none.
    async fn follow(
        &mut self,
        context: &ThreadContext,
        call: &PreparedCall,
        mut response: Response,
        mut previous: OutgoingRequest,
    ) -> Result<Response, Failure> {
        let scenario = &context.level.scenario;
        let base = &scenario.base;
        for _ in 0..scenario.redirects {
            let Some(next) = request::redirected(&call.call, base, &response, &previous) else {
                return Ok(response);
            };
            previous = next?;
            if scenario.cookies {
                request::renew_cookies(&call.call, base, &self.state, &mut previous)?;
            }
            self.encoded.outgoing = previous.clone();
            self.encoded.encode(scenario)?;
            self.connection.drop_unusable();
            self.connection.open(&context.level.dialer).await?;
            response = exchange(&mut self.connection, context, &self.encoded, call.wanted).await?;
            if scenario.cookies {
                self.state.jar.take(&response, &previous.target);
            }
        }
        match request::redirected(&call.call, base, &response, &previous) {
            Some(_) => Err(Failure::new(
                FailureKind::Check,
                format!("more than {} redirects", scenario.redirects),
            )),
            None => Ok(response),
        }
    }

    /// Checks a response and captures values from it. The time this takes is perfgate's and not the service's. A large
    /// response is examined in another thread, so that other users go on.
    pub async fn examine(
        &mut self,
        context: &ThreadContext,
        call: &PreparedCall,
        timed: TimedResponse,
        tally: Option<usize>,
    ) -> Result<(), Failure> {
        let response = timed.response;
        let is_timed = call.wanted.body || !call.call.captures.is_empty();
        if !is_timed || response.body.len() < LARGE {
            let begin = is_timed.then(|| context.now());
            let examined = request::examine(&call.call, &response, &mut self.state);
            if let Some(begin) = begin {
                context.examined(context.now().since(begin), ExaminedBy::Worker);
            }
            return examined.map_err(|failure| with_example(failure, &response, context, tally));
        }
        let (call, mut state) = (Arc::clone(&call.call), std::mem::take(&mut self.state));
        let clock = context.level.control.clock;
        let helper = tokio::task::spawn_blocking(move || {
            let begin = clock.now();
            let examined = request::examine(&call, &response, &mut state);
            (examined, state, clock.now().since(begin))
        });
        match helper.await {
            Ok((examined, state, time)) => {
                self.state = state;
                context.examined(time, ExaminedBy::Helper);
                examined
            }
            Err(_) => Err(Failure::new(
                FailureKind::Check,
                "the answer could not be looked at",
            )),
        }
    }

    /// Opens a WebSocket on a connection of its own.
    pub async fn open_socket(
        &self,
        context: &ThreadContext,
        socket: &Socket,
    ) -> Result<WebSocket<Stream>, Failure> {
        let base = &context.level.scenario.base;
        let opening = request::opening(socket, base, &self.state)?;
        context.trace(|| Event::Sent(opening.clone()));
        let stream = context.level.dialer.connect(Alpn::Http1).await?;
        websocket::connect(stream, base, &opening.target, &opening.headers).await
    }

    /// The messages that this iteration sends over a WebSocket.
    pub fn messages(&self, socket: &Socket) -> Result<Vec<RenderedMessage>, Failure> {
        let render = |template: &Template| {
            let mut text = String::new();
            template
                .render(&self.state.values, Escape::None, &mut text)
                .map(|()| text)
                .map_err(|missing| Failure::new(FailureKind::Capture, missing.to_string()))
        };
        let messages = socket.messages.iter();
        messages
            .map(|message| {
                Ok(RenderedMessage {
                    send: render(&message.send)?,
                    awaits: message.awaits.as_ref().map(render).transpose()?,
                    times: message.times,
                })
            })
            .collect()
    }
}

/// Adds what the service said to a failure that was not met before.
fn with_example(
    failure: Failure,
    response: &Response,
    context: &ThreadContext,
    tally: Option<usize>,
) -> Failure {
    let is_known = |tally| context.stats.borrow().record.reasons.knows(tally, &failure);
    let begin = response.body.get(..EXAMPLE).unwrap_or(&response.body);
    if failure.kind != FailureKind::Status || begin.is_empty() || tally.is_none_or(is_known) {
        return failure;
    }
    match secret::said(&String::from_utf8_lossy(begin)) {
        Some(said) => failure.example(said),
        None => failure,
    }
}

/// Sends a request and reads its response; sends it again where the service never looked at it.
async fn exchange(
    connection: &mut ConnectionHandle,
    context: &ThreadContext,
    request: &EncodedRequest,
    wanted: Wanted,
) -> Result<Response, Failure> {
    context.trace(|| Event::Sent(request.outgoing.clone()));
    let mut response = connection.exchange(request, wanted).await;
    let mut retries = 0;
    while response.is_err() && retries < connection.retries(&request.outgoing.method) {
        retries += 1;
        context.stats.borrow_mut().record.resent += 1;
        connection.drop_unusable();
        connection.open(&context.level.dialer).await?;
        response = connection.exchange(request, wanted).await;
    }
    if let Ok(response) = &response {
        context.trace(|| Event::Answered(request::plain_answer(response)));
    }
    response
}
