//! One user: takes a flow step by step, each within its timeout, and records the result of each.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use super::connection::UserConnections;
use super::context::ThreadContext;
use super::deadline::DeadlineSlot;
use super::request_io::{RequestIo, TimedResponse};
use super::script::{PreparedAction, PreparedCall, PreparedFlow, PreparedStep};
use super::trace::Event;
use crate::load::clock::{Clock, Moment};
use crate::load::http::websocket::Word;
use crate::load::http::{Failure, FailureKind};
use crate::load::record::{AFTER_REFUSAL, Bytes, Exchanged, Phases, RequestTimes};
use crate::load::request::told;
use crate::load::scenario::{Condition, Pause, Socket};
use crate::load::template::Values;

pub struct User {
    pub context: Rc<ThreadContext>,
    pub deadline: Rc<DeadlineSlot>,
    io: RequestIo,
    random: fastrand::Rng,
    /// Which kind of user it is.
    class: Option<usize>,
    /// Whether it has taken what it takes once.
    is_prepared: bool,
}

/// One turn through a flow.
#[derive(Clone, Copy, Debug)]
pub struct Iteration {
    pub number: u64,
    /// The start of the first step's response time: when the step was due, or when the user came to it.
    pub due: Moment,
    /// How much of the first step's response time perfgate's own lateness may have caused.
    pub own_delay: Duration,
    /// When the user came to it, which is not before it was due.
    pub start: Moment,
    /// The span in which it is counted.
    pub span: Option<usize>,
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug)]
pub struct IterationEnd {
    pub at: Moment,
    pub failed: Option<FailureKind>,
}

/// How a step ended, and for how long its requests had the user wait.
#[derive(Clone, Copy)]
struct StepEnd {
    at: Moment,
    took: Duration,
    failed: Option<FailureKind>,
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
struct StepRun<'a> {
    step: &'a PreparedStep,
    due: Moment,
    own_delay: Duration,
    start: Moment,
    span: Option<usize>,
    /// Whether it is not taken again, whatever it captures.
    is_last: bool,
}

impl User {
    pub fn new(context: Rc<ThreadContext>, connections: UserConnections, seed: u64) -> Self {
        let mut io = RequestIo::new(connections);
        io.state.values.clone_from(&context.level.given);
        Self {
            deadline: context.deadlines.add(),
            io,
            random: fastrand::Rng::with_seed(seed),
            class: None,
            is_prepared: context.level.script.once(None).is_none(),
            context,
        }
    }

    /// The same as one of a class.
    pub fn of_class(self, class: Option<usize>) -> Self {
        Self {
            is_prepared: self.context.level.script.once(class).is_none(),
            class,
            ..self
        }
    }

    /// Leaves the service: its connections end, and what it has captured and kept stays.
    pub fn leave(&mut self) {
        for (_, connection) in self.io.connections.iter_mut() {
            connection.end();
        }
    }

    /// Takes what each user takes once, and keeps what was captured. Where a step fails, it is taken again next time.
    pub async fn prepare(&mut self, iteration: Iteration) -> IterationEnd {
        let context = Rc::clone(&self.context);
        let mut end = IterationEnd {
            at: iteration.start,
            failed: None,
        };
        if !self.is_prepared
            && let Some(once) = context.level.script.once(self.class)
        {
            end = self.take(once, iteration).await;
            self.is_prepared = end.failed.is_none();
            if self.is_prepared {
                self.keep(once);
            }
        }
        end
    }

    /// Keeps what the steps of a flow captured, for all iterations.
    pub fn keep(&mut self, flow: &PreparedFlow) {
        for name in captures(flow) {
            self.io.state.values.keep(name);
        }
    }

    /// Adds what the steps of a flow captured, to be kept.
    pub fn captured(&self, flow: &PreparedFlow, values: &mut Values) {
        for name in captures(flow) {
            if let Some(value) = self.io.state.values.get(name) {
                values.set(name, value.to_owned());
                values.keep(name);
            }
        }
    }

    /// Opens its connections before they are needed, in a few attempts, because a service's queue may be full.
    pub async fn connect(&mut self) -> Result<(), Failure> {
        let level = &self.context.level;
        for (to, connection) in self.io.connections.iter_mut() {
            let mut attempts = 3;
            loop {
                let deadline = self.context.now().plus(level.scenario.timeout);
                let opening = connection.open(level.dialers.of(to));
                let opened = self.deadline.within(deadline, opening).await;
                attempts -= 1;
                match opened {
                    Ok(()) => break,
                    Err(failure) if attempts == 0 => return Err(failure),
                    Err(_) => sleep(Duration::from_millis(100)).await,
                }
            }
        }
        Ok(())
    }

    pub async fn pause(&mut self, pause: Pause) {
        if pause.high > Duration::ZERO {
            let spread = pause.high.saturating_sub(pause.low);
            sleep(pause.low + spread.mul_f64(self.random.f64())).await;
        }
    }

    /// Takes the steps of one iteration, until the first that fails.
    pub async fn run(&mut self, iteration: Iteration) -> IterationEnd {
        let context = Rc::clone(&self.context);
        let mut iteration = iteration;
        if !self.is_prepared {
            // Rare, so its state is not part of every user.
            let prepared = Box::pin(self.prepare(iteration)).await;
            if prepared.failed.is_some() {
                sleep(AFTER_REFUSAL).await;
                return IterationEnd {
                    at: context.now(),
                    ..prepared
                };
            }
            iteration.start = prepared.at;
            iteration.due = prepared.at;
            iteration.own_delay = Duration::ZERO;
        }
        match context.level.script.flow(self.class, iteration.number) {
            Some(flow) => self.take(flow, iteration).await,
            None => IterationEnd {
                at: iteration.start,
                failed: None,
            },
        }
    }

    /// Takes the steps of one flow, until the first that fails.
    pub async fn take(&mut self, flow: &PreparedFlow, iteration: Iteration) -> IterationEnd {
        let context = Rc::clone(&self.context);
        let Iteration {
            mut due,
            mut own_delay,
            mut start,
            ..
        } = iteration;
        let mut took = Duration::ZERO;
        self.io.state.values.clear();
        flow.data.fill(iteration.number, &mut self.io.state.values);
        for (number, step) in flow.steps.iter().enumerate() {
            let turns = step.turns.as_deref();
            if turns.is_some_and(|turns| !turns.begins(&self.io.state.values)) {
                continue;
            }
            let most = turns.map_or(1, |turns| turns.most);
            for turn in 1..=most {
                // Once the time is over, no further step begins.
                if (number > 0 || turn > 1) && context.level.control.is_over(start) {
                    return IterationEnd {
                        at: start,
                        failed: None,
                    };
                }
                let run = StepRun {
                    step,
                    due,
                    own_delay: std::mem::take(&mut own_delay),
                    start,
                    span: iteration.span,
                    is_last: turn == most,
                };
                context.trace(|| Event::Step(context.level.script.subject_of(step)));
                let end = match &step.action {
                    PreparedAction::Call(call) => self.call(&context, &run, call).await,
                    PreparedAction::Socket { socket, connect } => {
                        self.socket(&context, &run, socket, *connect).await
                    }
                };
                start = end.at;
                took += end.took;
                if end.failed.is_some() {
                    context.whole(iteration.span, flow.whole, None);
                    // A user whose step failed is no faster than one whose steps all succeed.
                    for step in flow.steps.iter().skip(number) {
                        self.pause(step.think).await;
                    }
                    return IterationEnd {
                        at: context.now(),
                        failed: end.failed,
                    };
                }
                if step.think.high > Duration::ZERO {
                    self.pause(step.think).await;
                    start = context.now();
                }
                due = start;
                if turns.is_some_and(|turns| turns.is_done(&self.io.state.values)) {
                    break;
                }
            }
        }
        context.whole(iteration.span, flow.whole, Some(took));
        IterationEnd {
            at: start,
            failed: None,
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
        let sending = self.io.send(context, (call, step.destination), run.start);
        let sent = self
            .deadline
            .within(run.start.plus(step.timeout), sending)
            .await;
        let mut took = Duration::ZERO;
        let failure = match sent {
            Err(failure) => Some(failure),
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

/// The names that the steps of a flow capture.
fn captures(flow: &PreparedFlow) -> impl Iterator<Item = &str> {
    let calls = flow.steps.iter().filter_map(|step| match &step.action {
        PreparedAction::Call(call) => Some(call),
        PreparedAction::Socket { .. } => None,
    });
    calls.flat_map(|call| call.call.captures.iter().map(|(name, _)| name.as_str()))
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
            failure.what = format!("no answer within {timeout} s");
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
