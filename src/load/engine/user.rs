//! One user: takes a flow step by step, each within its timeout, and records the result of each.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use super::connection::UserConnections;
use super::context::ThreadContext;
use super::script::{PreparedFlow, PreparedStep};
use super::sender::{Sender, StepEnd, StepRun};
use super::together::{Group, Together};
use crate::load::clock::Moment;
use crate::load::http::{Failure, FailureKind};
use crate::load::record::AFTER_REFUSAL;
use crate::load::scenario::Pause;
use crate::load::template::Values;

pub struct User {
    pub context: Rc<ThreadContext>,
    pub sender: Sender,
    /// What sends requests at the same time; nothing where no flow asks for it.
    together: Option<Box<Together>>,
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

impl User {
    pub fn new(context: Rc<ThreadContext>, connections: UserConnections, seed: u64) -> Self {
        let mut sender = Sender::new(&context, connections);
        sender.io.state.values.clone_from(&context.level.given);
        Self {
            sender,
            together: None,
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
        for (_, connection) in self.sender.io.connections.iter_mut() {
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
            self.sender.io.state.values.keep(name);
        }
    }

    /// Adds what the steps of a flow captured, to be kept.
    pub fn captured(&self, flow: &PreparedFlow, values: &mut Values) {
        for name in captures(flow) {
            if let Some(value) = self.sender.io.state.values.get(name) {
                values.set(name, value.to_owned());
                values.keep(name);
            }
        }
    }

    /// Opens its connections before they are needed, in a few attempts, because a service's queue may be full.
    pub async fn connect(&mut self) -> Result<(), Failure> {
        let level = &self.context.level;
        for (to, connection) in self.sender.io.connections.iter_mut() {
            let mut attempts = 3;
            loop {
                let deadline = self.context.now().plus(level.scenario.timeout);
                let opening = connection.open(level.dialers.of(to));
                let opened = self.sender.deadline.within(deadline, opening).await;
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
        self.sender.io.state.values.clear();
        flow.data
            .fill(iteration.number, &mut self.sender.io.state.values);
        for (number, step) in flow.steps.iter().enumerate() {
            if step.together {
                // It was taken with the step before it.
                continue;
            }
            let beside = flow.steps.get(number + 1..).unwrap_or_default();
            let beside = beside.iter().take_while(|step| step.together).count();
            let turns = step.turns.as_deref();
            if turns.is_some_and(|turns| !turns.begins(&self.sender.io.state.values)) {
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
                let end = match beside {
                    0 => self.sender.take(&context, &run).await,
                    beside => {
                        let steps = flow.steps.get(number..=number + beside);
                        let group = Group {
                            steps: steps.unwrap_or_default(),
                            first: run,
                        };
                        match Box::pin(self.take_together(&context, &group)).await {
                            Some(end) => end,
                            None => {
                                return IterationEnd {
                                    at: context.now(),
                                    failed: None,
                                };
                            }
                        }
                    }
                };
                start = end.at;
                took += end.took;
                if end.failed.is_some() {
                    context.whole(iteration.span, flow.whole, None);
                    // A user whose step failed is no faster than one whose steps all succeed.
                    for step in flow.steps.iter().skip(number + beside) {
                        self.pause(step.think).await;
                    }
                    return IterationEnd {
                        at: context.now(),
                        failed: end.failed,
                    };
                }
                let think = flow
                    .steps
                    .get(number + beside)
                    .map_or(step.think, |last| last.think);
                if think.high > Duration::ZERO {
                    self.pause(think).await;
                    start = context.now();
                }
                due = start;
                if turns.is_some_and(|turns| turns.is_done(&self.sender.io.state.values)) {
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
    /// Takes steps at the same time. Nothing where the time was over before all had begun.
    async fn take_together(
        &mut self,
        context: &ThreadContext,
        group: &Group<'_>,
    ) -> Option<StepEnd> {
        let together = self.together.get_or_insert_default();
        together.take(context, &mut self.sender, group).await
    }
}

/// The names that the steps of a flow capture.
fn captures(flow: &PreparedFlow) -> impl Iterator<Item = &str> {
    flow.steps.iter().flat_map(PreparedStep::captures)
}
