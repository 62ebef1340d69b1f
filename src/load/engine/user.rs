//! One user: takes a flow step by step, each in its time, and writes down what became of it.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use super::ground::Ground;
use super::hands::Hands;
use super::line::Line;
use super::script::{Act, Asked, Ready};
use super::seat::Seat;
use crate::load::pace::Moment;
use crate::load::record::Took;
use crate::load::scenario::{Pause, Socket};
use crate::load::wire::{Failure, Kind};

pub struct User {
    pub ground: Rc<Ground>,
    pub seat: Rc<Seat>,
    hands: Hands,
    random: fastrand::Rng,
}

/// One turn through a flow.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub iteration: u64,
    /// From when the first step's response counts: when it was due, or when we came to it.
    pub due: Moment,
    /// What of the first step's response our own lateness may have caused.
    pub ours: Duration,
    /// When the user came to it: not before it was due.
    pub start: Moment,
    /// Where it is counted.
    pub span: Option<usize>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug)]
pub struct Turned {
    pub at: Moment,
    pub failed: Option<Kind>,
}

/// One step on its way.
struct Doing<'a> {
    step: &'a Ready,
    due: Moment,
    ours: Duration,
    start: Moment,
    span: Option<usize>,
}

impl User {
    pub fn new(ground: Rc<Ground>, line: Line, seed: u64) -> Self {
        Self {
            seat: ground.seats.take(),
            hands: Hands::new(line, &ground.common.scenario.base),
            random: fastrand::Rng::with_seed(seed),
            ground,
        }
    }

    /// Opens the line before it is needed; a few tries, for a service whose queue is full.
    pub async fn connect(&mut self) -> Result<(), Failure> {
        let mut tries = 3;
        loop {
            let deadline = self.ground.now().plus(self.ground.common.scenario.timeout);
            let dialer = &self.ground.common.dialer;
            let opened = self
                .seat
                .within(deadline, self.hands.line.open(dialer))
                .await;
            tries -= 1;
            if opened.is_ok() || tries == 0 {
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

    pub async fn turn(&mut self, turn: Turn) -> Turned {
        let ground = Rc::clone(&self.ground);
        let Turn {
            mut due,
            mut ours,
            mut start,
            ..
        } = turn;
        let flow = ground.common.script.flow(turn.iteration);
        let Some(flow) = flow else {
            return Turned {
                at: start,
                failed: None,
            };
        };
        self.hands.session.values.clear();
        flow.data
            .fill(turn.iteration, &mut self.hands.session.values);
        for (number, step) in flow.steps.iter().enumerate() {
            // What nobody waited for is not begun once the time is over.
            if number > 0 && ground.common.control.is_over(start) {
                break;
            }
            let doing = Doing {
                step,
                due,
                ours: std::mem::take(&mut ours),
                start,
                span: turn.span,
            };
            let (end, failed) = self.step(&ground, &doing).await;
            start = end;
            if failed.is_some() {
                // Its user is no faster than one whose steps all succeed.
                for step in flow.steps.iter().skip(number) {
                    self.pause(step.think).await;
                }
                return Turned {
                    at: ground.now(),
                    failed,
                };
            }
            if step.think.high > Duration::ZERO {
                self.pause(step.think).await;
                start = ground.now();
            }
            due = start;
        }
        Turned {
            at: start,
            failed: None,
        }
    }

    async fn step(&mut self, ground: &Ground, doing: &Doing<'_>) -> (Moment, Option<Kind>) {
        match &doing.step.act {
            Act::Call(asked) => self.call(ground, doing, asked).await,
            Act::Socket { socket, connect } => self.socket(ground, doing, socket, *connect).await,
        }
    }

    async fn call(
        &mut self,
        ground: &Ground,
        doing: &Doing<'_>,
        asked: &Asked,
    ) -> (Moment, Option<Kind>) {
        let step = doing.step;
        let place = ground.place(doing.span, step.subject);
        self.seat.begin(place);
        let ask = self.hands.ask(ground, asked, doing.start);
        let answered = self.seat.within(doing.start.plus(step.timeout), ask).await;
        let failure = match answered {
            Err(failure) => Some(failure),
            Ok(answered) => {
                // The time of the last byte: what we do behind it, and what we did to write the request, is ours.
                let done = answered.done;
                let took = Took {
                    response: done.since(doing.due).saturating_sub(answered.writing),
                    ours: doing.ours,
                    service: done.since(answered.sent),
                };
                let examined = self.hands.examine(ground, asked, answered, place).await;
                if examined.is_ok() {
                    ground.succeed(place, took, done);
                }
                examined.err()
            }
        };
        self.seat.end();
        let end = ground.now();
        (
            end,
            failure.map(|failure| lost(ground, place, failure, doing, end)),
        )
    }

    /// The connect, with the upgrade, is a subject of its own; each round trip is one measurement of the step's.
    async fn socket(
        &mut self,
        ground: &Ground,
        doing: &Doing<'_>,
        socket: &Socket,
        connect: usize,
    ) -> (Moment, Option<Kind>) {
        let step = doing.step;
        let deadline = doing.start.plus(step.timeout);
        let place = ground.place(doing.span, connect);
        self.seat.begin(place);
        let open = self.hands.open(ground, socket);
        let opened = self.seat.within(deadline, open).await;
        self.seat.end();
        let connected = ground.now();
        let mut line = match opened {
            Ok(line) => line,
            Err(failure) => {
                return (
                    connected,
                    Some(lost(ground, place, failure, doing, connected)),
                );
            }
        };
        let took = Took {
            response: connected.since(doing.due),
            ours: doing.ours,
            service: connected.since(doing.start),
        };
        ground.succeed(place, took, connected);
        let place = ground.place(doing.span, step.subject);
        self.seat.begin(place);
        let mut trips = Vec::new();
        let talk = async { line.talk(&self.hands.words(socket)?, &mut trips).await };
        let talked = self.seat.within(deadline, talk).await;
        self.seat.end();
        let end = ground.now();
        for trip in trips {
            let took = Took {
                response: trip,
                ours: Duration::ZERO,
                service: trip,
            };
            ground.succeed(place, took, end);
        }
        match talked {
            Ok(()) => {
                line.close().await;
                (ground.now(), None)
            }
            Err(failure) => (end, Some(lost(ground, place, failure, doing, end))),
        }
    }
}

fn lost(
    ground: &Ground,
    place: Option<usize>,
    mut failure: Failure,
    doing: &Doing<'_>,
    end: Moment,
) -> Kind {
    if failure.kind == Kind::Timeout {
        let timeout = doing.step.timeout.as_secs_f64();
        failure.what = format!("no answer within {timeout} s");
    }
    ground.fail(place, &failure, doing.start, end);
    failure.kind
}
