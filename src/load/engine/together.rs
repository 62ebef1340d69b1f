//! Requests of one user at the same time, as a page asks for its parts.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::context::ThreadContext;
use super::script::PreparedStep;
use super::sender::{Sender, StepEnd, StepRun};
use crate::load::http::FailureKind;
use crate::load::request::UserState;
use crate::load::scenario::{AT_ONCE, Protocol};

/// Steps that are taken at the same time.
pub struct Group<'a> {
    /// All of them, the first one included.
    pub steps: &'a [PreparedStep],
    pub first: StepRun<'a>,
}

/// What a user sends requests with beside its usual sender.
#[derive(Default)]
pub struct Together {
    senders: Vec<Sender>,
}

/// What one of several senders does: it takes the next step that none has taken, until there is none left.
struct Lane<'a> {
    sender: &'a mut Sender,
    /// The steps that it has taken.
    taken: Vec<&'a PreparedStep>,
    failed: Option<FailureKind>,
}

impl Together {
    /// Takes all steps, at most so many at once as a browser would. Nothing where the time was over before all had begun.
    pub async fn take(
        &mut self,
        context: &ThreadContext,
        usual: &mut Sender,
        group: &Group<'_>,
    ) -> Option<StepEnd> {
        let wanted = match context.level.scenario.protocol {
            // Somebody looks at one thing after the other.
            _ if context.trace.is_some() => 1,
            Protocol::Http1 => group.steps.len().min(AT_ONCE),
            Protocol::Http2 { .. } => group.steps.len(),
        };
        while self.senders.len() + 1 < wanted {
            self.senders.push(usual.beside(context));
        }
        let others = self.senders.iter_mut().take(wanted.saturating_sub(1));
        let before = usual.io.state.clone();
        let mut lanes = vec![Lane::new(usual)];
        for sender in others {
            sender.io.state.clone_from(&before);
            lanes.push(Lane::new(sender));
        }
        let next = Cell::new(0);
        let walks = lanes
            .iter_mut()
            .map(|lane| lane.walk(context, group, &next));
        all(walks.collect()).await;
        let failed = lanes.iter().find_map(|lane| lane.failed);
        let taken: usize = lanes.iter().map(|lane| lane.taken.len()).sum();
        let mut lanes = lanes.into_iter();
        if let Some(usual) = lanes.next() {
            for lane in lanes {
                lane.give(&before, &mut usual.sender.io.state);
            }
        }
        let at = context.now();
        (failed.is_some() || taken == group.steps.len()).then(|| StepEnd {
            at,
            took: at.since(group.first.due),
            failed,
        })
    }
}

impl<'a> Lane<'a> {
    fn new(sender: &'a mut Sender) -> Self {
        Self {
            sender,
            taken: Vec::new(),
            failed: None,
        }
    }

    async fn walk(&mut self, context: &ThreadContext, group: &Group<'a>, next: &Cell<usize>) {
        loop {
            let number = next.get();
            let Some(step) = group.steps.get(number) else {
                break;
            };
            // Those that wait for others are due when their turn comes.
            let run = match self.taken.is_empty() {
                true => StepRun {
                    step,
                    ..group.first
                },
                false => {
                    let now = context.now();
                    if context.level.control.is_over(now) {
                        break;
                    }
                    StepRun {
                        step,
                        due: now,
                        start: now,
                        own_delay: std::time::Duration::ZERO,
                        ..group.first
                    }
                }
            };
            next.set(number + 1);
            let end = self.sender.take(context, &run).await;
            self.taken.push(step);
            self.failed = self.failed.or(end.failed);
        }
    }

    /// Gives what its answers brought to the user.
    fn give(&self, before: &UserState, state: &mut UserState) {
        let own = &self.sender.io.state;
        for name in self.taken.iter().flat_map(|step| step.captures()) {
            if let Some(value) = own.values.get(name) {
                state.values.set(name, value.to_owned());
            }
        }
        state.jar.add_changes(&before.jar, &own.jar);
    }
}

/// Runs all to their ends, each as far as it comes.
async fn all<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut open: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    poll_fn(|task| {
        open.retain_mut(|future| future.as_mut().poll(task).is_pending());
        match open.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}
