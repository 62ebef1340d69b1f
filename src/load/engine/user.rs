//! One user: takes a flow step by step, each within its timeout, and records the result of each.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use super::connection::ConnectionHandle;
use super::context::ThreadContext;
use super::deadline::DeadlineSlot;
use super::request_io::{RequestIo, TimedResponse};
use super::script::{PreparedAction, PreparedCall, PreparedStep};
use crate::load::clock::{Clock, Moment};
use crate::load::http::{Failure, FailureKind};
use crate::load::record::{Bytes, Exchanged, Phases, RequestTimes};
use crate::load::request::told;
use crate::load::scenario::{Pause, Socket};

pub struct User {
    pub context: Rc<ThreadContext>,
    pub deadline: Rc<DeadlineSlot>,
    io: RequestIo,
    random: fastrand::Rng,
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

/// One step that is being taken.
struct StepRun<'a> {
    step: &'a PreparedStep,
    due: Moment,
    own_delay: Duration,
    start: Moment,
    span: Option<usize>,
}

impl User {
    pub fn new(context: Rc<ThreadContext>, connection: ConnectionHandle, seed: u64) -> Self {
        Self {
            deadline: context.deadlines.add(),
            io: RequestIo::new(connection, &context.level.scenario.base),
            random: fastrand::Rng::with_seed(seed),
            context,
        }
    }

    /// Opens the connection before it is needed, in a few attempts, because the service's queue may be full.
    pub async fn connect(&mut self) -> Result<(), Failure> {
        let mut attempts = 3;
        loop {
            let level = &self.context.level;
            let deadline = self.context.now().plus(level.scenario.timeout);
            let opening = self.io.connection.open(&level.dialer);
            let opened = self.deadline.within(deadline, opening).await;
            attempts -= 1;
            if opened.is_ok() || attempts == 0 {
                return opened;
            }
            sleep(Duration::from_millis(100)).await;
        }
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
        let Iteration {
            mut due,
            mut own_delay,
            mut start,
            ..
        } = iteration;
        let Some(flow) = context.level.script.flow(iteration.number) else {
            return IterationEnd {
                at: start,
                failed: None,
            };
        };
        self.io.state.values.clear();
        flow.data.fill(iteration.number, &mut self.io.state.values);
        for (number, step) in flow.steps.iter().enumerate() {
            // Once the time is over, no further step begins.
            if number > 0 && context.level.control.is_over(start) {
                break;
            }
            let run = StepRun {
                step,
                due,
                own_delay: std::mem::take(&mut own_delay),
                start,
                span: iteration.span,
            };
            let (end, failed) = match &step.action {
                PreparedAction::Call(call) => self.call(&context, &run, call).await,
                PreparedAction::Socket { socket, connect } => {
                    self.socket(&context, &run, socket, *connect).await
                }
            };
            start = end;
            if failed.is_some() {
                // A user whose step failed is no faster than one whose steps all succeed.
                for step in flow.steps.iter().skip(number) {
                    self.pause(step.think).await;
                }
                return IterationEnd {
                    at: context.now(),
                    failed,
                };
            }
            if step.think.high > Duration::ZERO {
                self.pause(step.think).await;
                start = context.now();
            }
            due = start;
        }
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
    ) -> (Moment, Option<FailureKind>) {
        let step = run.step;
        let tally = context.tally(run.span, step.subject);
        self.deadline.begin(tally);
        let sending = self.io.send(context, call, run.start);
        let sent = self
            .deadline
            .within(run.start.plus(step.timeout), sending)
            .await;
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
                let exchanged = Exchanged::of(context, &timed);
                let examined = self.io.examine(context, call, timed, tally).await;
                if examined.is_ok() {
                    context.succeed(tally, times, done);
                    context.exchanged(tally, &exchanged);
                }
                examined.err()
            }
        };
        self.deadline.end();
        let end = context.now();
        (
            end,
            failure.map(|failure| run.fail(context, tally, failure, end)),
        )
    }

    /// Opens a WebSocket, exchanges its messages and closes it. The connect, with the upgrade, is a subject of its own;
    /// each round trip is one measurement of the step's subject.
    async fn socket(
        &mut self,
        context: &ThreadContext,
        run: &StepRun<'_>,
        socket: &Socket,
        connect: usize,
    ) -> (Moment, Option<FailureKind>) {
        let step = run.step;
        let deadline = run.start.plus(step.timeout);
        let tally = context.tally(run.span, connect);
        self.deadline.begin(tally);
        let opening = self.io.open_socket(context, socket);
        let opened = self.deadline.within(deadline, opening).await;
        self.deadline.end();
        let connected = context.now();
        let mut open = match opened {
            Ok(open) => open,
            Err(failure) => {
                let kind = run.fail(context, tally, failure, connected);
                return (connected, Some(kind));
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
        let talking = async { open.talk(&self.io.messages(socket)?, &mut trips).await };
        let talked = self.deadline.within(deadline, talking).await;
        self.deadline.end();
        let end = context.now();
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
                (context.now(), None)
            }
            Err(failure) => (end, Some(run.fail(context, tally, failure, end))),
        }
    }
}

impl StepRun<'_> {
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
