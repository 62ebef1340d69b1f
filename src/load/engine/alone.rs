//! One user outside of any load: for what is sent once, and to look at a scenario.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::interval;

use super::connection::ConnectionHandles;
use super::context::{LevelContext, ThreadContext};
use super::control::Control;
use super::script::{PreparedFlow, Script};
use super::trace::{Event, Trace};
use super::user::{Iteration, IterationEnd, User};
use crate::load::clock::Clock;
use crate::load::http::dial::Dialer;
use crate::load::record::Span;
use crate::load::scenario::{PerHost, Scenario};
use crate::load::template::Values;

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(5);

/// A user with a thread's context of its own.
pub struct Alone {
    context: Rc<ThreadContext>,
    user: User,
}

impl Alone {
    pub fn new(
        scenario: &Arc<Scenario>,
        script: Arc<Script>,
        dialers: &Arc<PerHost<Dialer>>,
        given: &Arc<Values>,
    ) -> Self {
        let figures = script.figures(None, vec![Span::default()], false);
        let level = LevelContext {
            scenario: Arc::clone(scenario),
            script,
            figures: Arc::new(figures),
            dialers: Arc::clone(dialers),
            control: Arc::new(Control::new(Clock::start(), None)),
            given: Arc::clone(given),
        };
        let mut context = ThreadContext::new(level);
        context.trace = Some(Trace::default());
        let context = Rc::new(context);
        let connections = ConnectionHandles::new(scenario);
        let user = User::new(Rc::clone(&context), connections.next(), scenario.seed);
        Self { context, user }
    }

    /// Takes a flow as the first iteration would.
    pub async fn take(&mut self, flow: &PreparedFlow) -> IterationEnd {
        let now = self.context.now();
        let iteration = Iteration {
            number: 0,
            due: now,
            own_delay: Duration::ZERO,
            start: now,
            span: None,
        };
        let context = Rc::clone(&self.context);
        let sweeping = async {
            let mut ticks = interval(TICK);
            loop {
                ticks.tick().await;
                context.deadlines.sweep(context.now());
            }
        };
        tokio::select! {
            end = self.user.take(flow, iteration) => end,
            never = sweeping => never,
        }
    }

    /// Keeps what the steps of a flow captured.
    pub fn keep(&mut self, flow: &PreparedFlow) {
        self.user.keep(flow);
    }

    /// The values that the steps of a flow captured.
    pub fn captured(&self, flow: &PreparedFlow) -> Values {
        let mut values = Values::default();
        self.user.captured(flow, &mut values);
        values
    }

    /// What happened since the last call.
    pub fn events(&self) -> Vec<Event> {
        self.context
            .trace
            .as_ref()
            .map(Trace::take)
            .unwrap_or_default()
    }
}
