//! How the request of a step is sent and its result recorded, within its timeout.

use std::rc::Rc;
use std::time::Duration;

use super::connection::{ConnectionHandle, UserConnections};
use super::context::ThreadContext;
use super::deadline::DeadlineSlot;
use super::hearing::Hearing;
use super::request_io::{RequestIo, Sending, TimedResponse};
use super::script::{PreparedAction, PreparedCall, PreparedStep};
use super::trace::Event;
use crate::load::clock::{Clock, Moment};
use crate::load::http::websocket::Word;
use crate::load::http::{Failure, FailureKind};
use crate::load::record::{Bytes, Exchanged, Phases, RequestTimes};
use crate::load::request::told;
use crate::load::scenario::{Condition, Socket};
use crate::load::template::Values;

/// Sends one request of a user after the other. Most users have one of them.
pub struct Sender {
    pub deadline: Rc<DeadlineSlot>,
    pub io: RequestIo,
}

/// How a step ended, and for how long its requests had the user wait.
#[derive(Clone, Copy)]
pub struct StepEnd {
    pub at: Moment,
    pub took: Duration,
    pub failed: Option<FailureKind>,
}

impl StepEnd {
    fn failed(at: Moment, kind: FailureKind) -> Self {
        Self {
            at,
            took: Duration::ZERO,
            failed: Some(kind),
        }
    }
}

/// One step that is being taken.
pub struct StepRun<'a> {
    pub step: &'a PreparedStep,
    pub due: Moment,
    pub own_delay: Duration,
    pub start: Moment,
    pub span: Option<usize>,
    /// Whether it is not taken again, whatever it captures.
    pub is_last: bool,
}

impl Sender {
    pub fn new(context: &ThreadContext, connections: UserConnections) -> Self {
        Self {
            deadline: context.deadlines.add(),
            io: RequestIo::new(connections),
        }
    }

    /// Another one of the same user, whose requests may be sent at the same time.
    pub fn beside(&self, context: &ThreadContext) -> Self {
        Self::new(context, self.io.connections.map(ConnectionHandle::beside))
    }

    /// Takes a step.
    pub async fn take(&mut self, context: &ThreadContext, run: &StepRun<'_>) -> StepEnd {
        context.trace(|| Event::Step(context.level.script.subject_of(run.step)));
        match &run.step.action {
            PreparedAction::Call(call) => self.call(context, run, call).await,
            PreparedAction::Socket { socket, connect } => {
                self.socket(context, run, socket, *connect).await
            }
        }
    }

    async fn call(
        &mut self,
        context: &ThreadContext,
        run: &StepRun<'_>,
        call: &PreparedCall,
    ) -> StepEnd {
        let step = run.step;
        let tally = context.tally(run.span, step.subject);
        self.deadline.begin(tally);
        let deadline = run.start.plus(step.timeout);
        let mut hearing = match Hearing::of(context, call, (&self.io.state.values, deadline)) {
            Ok(hearing) => hearing,
            Err(failure) => {
                self.deadline.end();
                let kind = run.fail(context, tally, failure, run.start);
                return StepEnd::failed(run.start, kind);
            }
        };
        let sending = Sending {
            call,
            to: step.destination,
            start: run.start,
            hearing: hearing.as_deref_mut(),
        };
        let sending = self.io.send(context, sending);
        let sent = self.deadline.within(deadline, sending).await;
        let mut took = Duration::ZERO;
        let failure = match sent {
            Err(failure) => Some(match &hearing {
                Some(hearing) => hearing.late(failure),
                None => failure,
            }),
            Ok(timed) => {
                // The response time ends with the last byte and leaves out how long the request was written: what
                // perfgate does before and after is not the service's time.
                let done = timed.done;
                let times = RequestTimes {
                    response: done.since(run.due).saturating_sub(timed.writing),
                    own_delay: run.own_delay,
                    service: done.since(timed.sent),
                };
                took = times.response;
                let exchanged = Exchanged::of(context, &timed);
                let examined = self.io.examine(context, call, timed, tally).await;
                let examined = examined.and_then(|()| in_time(call, times.service));
                let examined = examined.and_then(|()| run.is_done(&self.io.state.values));
                if examined.is_ok() {
                    self.trace_captures(context, call);
                    context.succeed(tally, times, done);
                    context.exchanged(tally, &exchanged);
                    if let Some(hearing) = &hearing {
                        context.events(tally, hearing.times());
                    }
                }
                examined.err()
            }
        };
        self.deadline.end();
        let end = context.now();
        StepEnd {
            at: end,
            took,
            failed: failure.map(|failure| run.fail(context, tally, failure, end)),
        }
    }

    fn trace_captures(&self, context: &ThreadContext, call: &PreparedCall) {
        for (name, _) in &call.call.captures {
            let value = self.io.state.values.get(name).unwrap_or_default();
            context.trace(|| Event::Captured(name.clone(), value.to_owned()));
        }
    }

    /// Opens a WebSocket, exchanges its messages and closes it. The connect, with the upgrade, is a subject of its own;
    /// each round trip is one measurement of the step's subject.
    async fn socket(
        &mut self,
        context: &ThreadContext,
        run: &StepRun<'_>,
        socket: &Socket,
        connect: usize,
    ) -> StepEnd {
        let step = run.step;
        let deadline = run.start.plus(step.timeout);
        let tally = context.tally(run.span, connect);
        self.deadline.begin(tally);
        let opening = self.io.open_socket(context, (socket, step.destination));
        let opened = self.deadline.within(deadline, opening).await;
        self.deadline.end();
        let connected = context.now();
        let mut open = match opened {
            Ok(open) => open,
            Err(failure) => {
                let kind = run.fail(context, tally, failure, connected);
                return StepEnd::failed(connected, kind);
            }
        };
        let times = RequestTimes {
            response: connected.since(run.due),
            own_delay: run.own_delay,
            service: connected.since(run.start),
        };
        context.succeed(tally, times, connected);
        let tally = context.tally(run.span, step.subject);
        self.deadline.begin(tally);
        let mut trips = Vec::new();
        let talking = async {
            let messages = self.io.messages(socket)?;
            let mut words = |word: Word<'_>| {
                context.trace(|| match word {
                    Word::Said(text) => Event::Said(text.to_owned()),
                    Word::Heard(bytes) => Event::Heard(bytes.to_vec()),
                });
            };
            open.talk(&messages, &mut trips, &mut words).await
        };
        let talked = self.deadline.within(deadline, talking).await;
        self.deadline.end();
        let end = context.now();
        let took = times.response + trips.iter().sum::<Duration>();
        for trip in trips {
            let times = RequestTimes {
                response: trip,
                own_delay: Duration::ZERO,
                service: trip,
            };
            context.succeed(tally, times, end);
        }
        match talked {
            Ok(()) => {
                open.close().await;
                StepEnd {
                    at: context.now(),
                    took,
                    failed: None,
                }
            }
            Err(failure) => StepEnd::failed(end, run.fail(context, tally, failure, end)),
        }
    }
}

/// Whether an answer came in the time that its step expects.
fn in_time(call: &PreparedCall, took: Duration) -> Result<(), Failure> {
    match call.call.expect.within {
        Some(within) if took > within => {
            let within = crate::text::duration::text(within);
            let what = format!("it took longer than {within}");
            Err(Failure::new(FailureKind::Check, what))
        }
        _ => Ok(()),
    }
}

impl StepRun<'_> {
    /// Whether a step that is taken for the last time has come to its end.
    fn is_done(&self, values: &Values) -> Result<(), Failure> {
        let turns = self.step.turns.as_deref().filter(|_| self.is_last);
        let open = turns.and_then(|turns| Some((turns.most, turns.open(values)?)));
        match open {
            None => Ok(()),
            Some((most, Condition { name, is })) => {
                let is = is.join(" or ");
                let what = format!("`{name}` was not {is} after {most} times");
                Err(Failure::new(FailureKind::Check, what))
            }
        }
    }

    /// Records that the step failed, and returns the kind of the failure.
    fn fail(
        &self,
        context: &ThreadContext,
        tally: Option<usize>,
        mut failure: Failure,
        end: Moment,
    ) -> FailureKind {
        if failure.kind == FailureKind::Timeout {
            let timeout = self.step.timeout.as_secs_f64();
            failure.what.push_str(&format!(" within {timeout} s"));
        }
        context.fail(tally, &failure, self.start, end);
        failure.kind
    }
}

impl Exchanged {
    fn of(context: &ThreadContext, timed: &TimedResponse) -> Self {
        let answer = &timed.response;
        let measure = &context.level.scenario.measure;
        let mut server = Vec::new();
        if measure.needs_headers() {
            told::times(measure, answer, &mut |metric, time| {
                server.push((metric.to_owned(), time));
            });
        }
        Self {
            bytes: Bytes {
                sent: timed.request_size,
                received: answer.head + answer.received,
                bodies: answer.received,
            },
            phases: timed.phases(&context.level.control.clock),
            server,
        }
    }
}

impl TimedResponse {
    /// The parts of its time. After a redirect the first byte is that of the last answer.
    fn phases(&self, clock: &Clock) -> Phases {
        let mut phases = Phases {
            connect: self.connecting.unwrap_or_default(),
            connections: u64::from(self.connecting.is_some()),
            ..Phases::default()
        };
        if let Some(begun) = self.response.begun {
            let begun = clock.at(begun);
            phases.first_byte = begun.since(self.sent);
            phases.body = self.done.since(begun);
            phases.told = 1;
        }
        phases
    }
}
