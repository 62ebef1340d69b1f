//! How a user sends a request and examines its response: over its connection, with the values and cookies it has, and
//! through redirects and retries.

use std::sync::Arc;
use std::time::Duration;

use super::connection::{ConnectionHandle, UserConnections};
use super::context::{ExaminedBy, ThreadContext};
use super::hearing::Hearing;
use super::script::{EncodedRequest, PreparedCall};
use super::trace::Event;
use crate::load::clock::Moment;
use crate::load::definition::secret;
use crate::load::http::dial::Stream;
use crate::load::http::tls::Alpn;
use crate::load::http::websocket::{self, RenderedMessage, WebSocket};
use crate::load::http::{Failure, FailureKind, Response};
use crate::load::request::{self, Answered, NextRequest, UserState};
use crate::load::scenario::{Destination, Socket};
use crate::load::template::{Escape, Template};

/// At most this much of an error's body is searched for secrets and kept as an example.
const EXAMPLE: usize = 4 * 1024;
/// A body from this size on is examined in another thread: other users would have to wait for it.
const LARGE: usize = 32 * 1024;

pub struct RequestIo {
    pub connections: UserConnections,
    pub state: UserState,
    /// The last request that was encoded, whose memory the next one uses again.
    encoded: EncodedRequest,
}

/// A request that is to be sent.
pub struct Sending<'s, 'h> {
    pub call: &'s PreparedCall,
    pub to: Destination,
    pub start: Moment,
    /// Who hears the response while it comes, where it is a stream of events.
    pub hearing: Option<&'s mut Hearing<'h>>,
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
    pub fn new(connections: UserConnections) -> Self {
        Self {
            connections,
            state: UserState::default(),
            encoded: EncodedRequest::empty(),
        }
    }

    /// Sends a request and reads the response to its last byte, following redirects.
    pub async fn send(
        &mut self,
        context: &ThreadContext,
        sending: Sending<'_, '_>,
    ) -> Result<TimedResponse, Failure> {
        let Sending {
            call,
            to,
            start,
            mut hearing,
        } = sending;
        let scenario = &context.level.scenario;
        let base = scenario.addresses().of(to);
        let (request, mut sent) = match &call.fixed {
            Some(request) => (request, start),
            None => {
                let request = &mut self.encoded;
                request::refill(&call.call, base, &self.state, &mut request.outgoing)?;
                request.encode(scenario, base)?;
                (&*request, context.now())
            }
        };
        let writing = sent.since(start);
        let connection = self.connections.of_mut(to);
        connection.drop_unusable();
        let mut connecting = None;
        if !connection.is_open() {
            let begin = sent;
            connection.open(context.level.dialers.of(to)).await?;
            sent = context.now();
            connecting = Some(sent.since(begin));
        }
        if let Some(hearing) = &mut hearing {
            hearing.begin(sent);
        }
        let mut line = Line { connection, to };
        let mut asked = Asked {
            wanted: call,
            hearing: hearing.as_deref_mut(),
        };
        let mut response = exchange(&mut line, context, request, &mut asked).await?;
        let mut done = context.now();
        let request_size = request.size();
        if !scenario.keep_alive {
            line.connection.end();
        }
        if scenario.cookies {
            let target = &request.outgoing.target;
            self.state.jar.take(&response, &base.host, target);
        }
        if (300..400).contains(&response.status) && scenario.redirects > 0 {
            let previous = request.outgoing.clone();
            let answered = Answered {
                response,
                request: previous,
                from: to,
            };
            let mut asked = Asked {
                wanted: call,
                hearing: hearing.as_deref_mut(),
            };
            response = self.follow(context, &mut asked, answered).await?;
            done = context.now();
        }
        if let Some(hearing) = hearing {
            hearing.finish(&mut response);
            done = hearing.ended().unwrap_or(done);
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
        asked: &mut Asked<'_, '_>,
        mut last: Answered,
    ) -> Result<Response, Failure> {
        let call = asked.wanted;
        let scenario = &context.level.scenario;
        let addresses = scenario.addresses();
        let home = last.from;
        for _ in 0..scenario.redirects {
            let Some(next) = request::redirected(&call.call, addresses, &last) else {
                return Ok(last.response);
            };
            let NextRequest { mut request, to } = next?;
            let base = addresses.of(to);
            if scenario.cookies {
                let own: &[_] = if to == home { &call.call.headers } else { &[] };
                request::renew_cookies(own, base, &self.state, &mut request)?;
            }
            self.encoded.outgoing = request.clone();
            self.encoded.encode(scenario, base)?;
            let connection = self.connections.of_mut(to);
            connection.drop_unusable();
            connection.open(context.level.dialers.of(to)).await?;
            let mut line = Line { connection, to };
            let response = exchange(&mut line, context, &self.encoded, asked).await?;
            if scenario.cookies {
                let jar = &mut self.state.jar;
                jar.take(&response, &base.host, &request.target);
            }
            last = Answered {
                response,
                request,
                from: to,
            };
        }
        match request::redirected(&call.call, addresses, &last) {
            Some(_) => Err(Failure::new(
                FailureKind::Check,
                format!("more than {} redirects", scenario.redirects),
            )),
            None => Ok(last.response),
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
        (socket, to): (&Socket, Destination),
    ) -> Result<WebSocket<Stream>, Failure> {
        let base = context.level.scenario.addresses().of(to);
        let opening = request::opening(socket, base, &self.state)?;
        context.trace_sent(&opening, to);
        let stream = context.level.dialers.of(to).connect(Alpn::Http1).await?;
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
    if failure.example.is_some()
        || failure.kind != FailureKind::Status
        || begin.is_empty()
        || tally.is_none_or(is_known)
    {
        return failure;
    }
    match secret::said(&String::from_utf8_lossy(begin)) {
        Some(said) => failure.example(said),
        None => failure,
    }
}

/// A connection, and where it leads.
struct Line<'a> {
    connection: &'a mut ConnectionHandle,
    to: Destination,
}

/// What is wanted of a response.
struct Asked<'a, 'h> {
    wanted: &'a PreparedCall,
    hearing: Option<&'a mut Hearing<'h>>,
}

/// Sends a request and reads its response; sends it again where the service never looked at it.
async fn exchange(
    Line { connection, to }: &mut Line<'_>,
    context: &ThreadContext,
    request: &EncodedRequest,
    asked: &mut Asked<'_, '_>,
) -> Result<Response, Failure> {
    context.trace_sent(&request.outgoing, *to);
    let mut response = asked.once(connection, request).await;
    let mut retries = 0;
    while response.is_err() && retries < connection.retries(&request.outgoing.method) {
        retries += 1;
        context.stats.borrow_mut().record.resent += 1;
        connection.drop_unusable();
        connection.open(context.level.dialers.of(*to)).await?;
        response = asked.once(connection, request).await;
    }
    if let Ok(response) = &response
        && !asked.was_shown()
    {
        context.trace(|| Event::Answered(request::plain_answer(response)));
    }
    response
}

impl Asked<'_, '_> {
    async fn once(
        &mut self,
        connection: &mut ConnectionHandle,
        request: &EncodedRequest,
    ) -> Result<Response, Failure> {
        match &mut self.hearing {
            None => connection.exchange(request, self.wanted.wanted).await,
            // Rare, so its state is not part of every user.
            Some(hearing) => Box::pin(connection.listen(request, &mut **hearing)).await,
        }
    }

    /// Whether the answer was shown when it began.
    fn was_shown(&self) -> bool {
        self.hearing
            .as_ref()
            .is_some_and(|hearing| hearing.is_stream())
    }
}
