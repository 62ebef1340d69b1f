//! A scenario prepared for the load: whatever can be known before it is worked out once. Pure.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;

use crate::load::http::{Failure, OutgoingRequest, Wanted, http1, http2};
use crate::load::record::{Figures, Span};
use crate::load::request::{self, Data};
use crate::load::scenario::{
    Action, Base, Call, Destination, Flow, Pause, Protocol, Scenario, Socket, Step, Turns,
};

/// All flows, and how often each is taken.
pub struct Script {
    /// What users take once, and none where there is nothing of that kind.
    once: Vec<PreparedFlow>,
    flows: Vec<PreparedFlow>,
    total_weight: f64,
    /// What kinds of users there are; none where each takes all flows.
    classes: Vec<PreparedClass>,
    seed: u64,
    pub subjects: Vec<String>,
    /// The subjects of flows that are measured as a whole.
    wholes: Vec<String>,
    /// Requests that take longer are counted.
    slow: Option<Duration>,
}

pub struct PreparedFlow {
    pub name: String,
    /// The sum of the weights up to and including this flow.
    weight_up_to: f64,
    pub data: Data,
    /// The index of its subject in `Script::wholes`, where it is measured as a whole.
    pub whole: Option<usize>,
    pub steps: Vec<PreparedStep>,
}

/// What the users of one class take.
struct PreparedClass {
    /// The index of what they take once.
    once: Option<usize>,
    /// The flows by their index, each with the sum of the weights up to and including it.
    flows: Vec<(usize, f64)>,
}

pub struct PreparedStep {
    /// The index of its subject in `Script::subjects`.
    pub subject: usize,
    pub destination: Destination,
    /// Whether it is sent at the same time as the step before it.
    pub together: bool,
    pub timeout: Duration,
    pub think: Pause,
    pub turns: Option<Box<Turns>>,
    pub action: PreparedAction,
}

pub enum PreparedAction {
    Call(Box<PreparedCall>),
    /// A WebSocket; `connect` is the index of the subject of its connect.
    Socket {
        socket: Box<Socket>,
        connect: usize,
    },
}

impl PreparedStep {
    /// The names that it captures.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        let call = match &self.action {
            PreparedAction::Call(call) => Some(call),
            PreparedAction::Socket { .. } => None,
        };
        let captures = call.into_iter().flat_map(|call| &call.call.captures);
        captures.map(|(name, _)| name.as_str())
    }
}

/// What the steps are called that each user takes once.
const ONCE: &str = "once";

/// A request, and which parts of its response are needed.
pub struct PreparedCall {
    /// Shared with the thread that examines large responses.
    pub call: Arc<Call>,
    pub wanted: Wanted,
    /// The encoded request, where it is the same for every iteration.
    pub fixed: Option<EncodedRequest>,
}

/// A request with the bytes or frames that the scenario's protocol sends for it.
#[derive(Debug)]
pub struct EncodedRequest {
    pub outgoing: OutgoingRequest,
    pub http1: Vec<u8>,
    pub http2: Option<http2::PreparedRequest>,
}

impl EncodedRequest {
    pub fn empty() -> Self {
        Self {
            outgoing: OutgoingRequest::empty(),
            http1: Vec::new(),
            http2: None,
        }
    }

    /// Its bytes: all of it, or with HTTP/2 those of its body.
    pub fn size(&self) -> u64 {
        let size = self.http1.len().max(self.outgoing.body.len());
        u64::try_from(size).unwrap_or(u64::MAX)
    }

    /// Whether it says what becomes of its connection; one that was redirected does.
    fn has_connection(&self) -> bool {
        let mut headers = self.outgoing.headers.iter();
        headers.any(|(name, _)| name == CONNECTION.as_str())
    }

    /// Encodes the request to one of the scenario's addresses anew, for its protocol.
    pub fn encode(&mut self, scenario: &Scenario, base: &Base) -> Result<(), Failure> {
        match scenario.protocol {
            Protocol::Http1 => {
                if !scenario.keep_alive && !self.has_connection() {
                    let close = (CONNECTION.as_str().to_owned(), "close".to_owned());
                    self.outgoing.headers.push(close);
                }
                self.http1.clear();
                http1::encode(&self.outgoing, base, &mut self.http1);
            }
            Protocol::Http2 { .. } => {
                self.http2 = Some(http2::prepare(&self.outgoing, base)?);
            }
        }
        Ok(())
    }
}

impl Script {
    pub fn new(scenario: &Scenario) -> Result<Self, Failure> {
        let mut script = Self {
            once: Vec::new(),
            flows: Vec::new(),
            total_weight: 0.0,
            classes: Vec::new(),
            seed: scenario.seed,
            subjects: Vec::new(),
            wholes: Vec::new(),
            slow: scenario.measure.slow,
        };
        if scenario.classes.is_empty() {
            script.prepare_once(scenario, &scenario.flows)?;
        }
        for class in &scenario.classes {
            let own = class.flows.iter();
            let own: Vec<(usize, &Flow)> = own
                .filter_map(|number| Some((*number, scenario.flows.get(*number)?)))
                .collect();
            let once = script.prepare_once(scenario, own.iter().map(|(_, flow)| *flow))?;
            let mut weight = 0.0;
            let flows = own.into_iter().map(|(number, flow)| {
                weight += flow.weight;
                (number, weight)
            });
            script.classes.push(PreparedClass {
                once,
                flows: flows.collect(),
            });
        }
        for flow in &scenario.flows {
            script.total_weight += flow.weight;
            let mut prepared = script.prepare_all(scenario, &flow.name, &flow.steps)?;
            if scenario.measure.flows {
                prepared.whole = Some(script.wholes.len());
                script.wholes.push(flow.subject());
            }
            script.flows.push(prepared);
        }
        Ok(script)
    }

    /// What users of these flows take once; its index, where there is something.
    fn prepare_once<'s>(
        &mut self,
        scenario: &Scenario,
        flows: impl IntoIterator<Item = &'s Flow>,
    ) -> Result<Option<usize>, Failure> {
        let once = flows.into_iter().flat_map(|flow| flow.once.clone());
        let once: Vec<Step> = once.collect();
        if once.is_empty() {
            return Ok(None);
        }
        let once = self.prepare_all(scenario, ONCE, &once)?;
        self.once.push(once);
        Ok(Some(self.once.len() - 1))
    }

    /// Steps outside of any flow, as one flow of that name.
    pub fn of_steps(scenario: &Scenario, name: &str, steps: &[Step]) -> Result<Self, Failure> {
        let mut script = Self {
            once: Vec::new(),
            flows: Vec::new(),
            total_weight: 1.0,
            classes: Vec::new(),
            seed: scenario.seed,
            subjects: Vec::new(),
            wholes: Vec::new(),
            slow: None,
        };
        let flow = script.prepare_all(scenario, name, steps)?;
        script.flows.push(flow);
        Ok(script)
    }

    fn prepare_all(
        &mut self,
        scenario: &Scenario,
        name: &str,
        steps: &[Step],
    ) -> Result<PreparedFlow, Failure> {
        let data = Data::of_steps(scenario, steps, scenario.seed);
        let steps = steps.iter().map(|step| self.prepare(scenario, step));
        let steps: Result<Vec<PreparedStep>, Failure> = steps.collect();
        Ok(PreparedFlow {
            name: name.to_owned(),
            weight_up_to: self.total_weight,
            data,
            whole: None,
            steps: steps?,
        })
    }

    fn prepare(&mut self, scenario: &Scenario, step: &Step) -> Result<PreparedStep, Failure> {
        let subject = self.subject(&step.subject);
        let action = match &step.action {
            Action::Call(call) => PreparedAction::Call(Box::new(PreparedCall {
                wanted: wanted(call, scenario),
                fixed: fixed(call, scenario, step.destination)?,
                call: Arc::new((**call).clone()),
            })),
            Action::Socket(socket) => PreparedAction::Socket {
                socket: socket.clone(),
                connect: self.subject(&format!("{} connect", step.subject)),
            },
        };
        Ok(PreparedStep {
            subject,
            destination: step.destination,
            together: step.together,
            timeout: step.timeout.unwrap_or(scenario.timeout),
            think: step.think,
            turns: step.turns.clone().map(Box::new),
            action,
        })
    }

    /// The index of a subject, which is added where it is new.
    fn subject(&mut self, name: &str) -> usize {
        let known = self.subjects.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.subjects.push(name.to_owned());
            self.subjects.len() - 1
        })
    }

    /// The flow of an iteration of a user, which may be of a class. With the same seed it is the same, whichever user of
    /// that class takes the iteration.
    pub fn flow(&self, class: Option<usize>, iteration: u64) -> Option<&PreparedFlow> {
        if let Some(class) = class.and_then(|class| self.classes.get(class)) {
            let whole = class.flows.last().map_or(0.0, |(_, weight)| *weight);
            let at = self.random(iteration) * whole;
            let mut flows = class.flows.iter();
            let chosen = flows.find(|(_, weight_up_to)| at < *weight_up_to);
            let (flow, _) = chosen.or(class.flows.last())?;
            return self.flows.get(*flow);
        }
        if let [only] = self.flows.as_slice() {
            return Some(only);
        }
        let at = self.random(iteration) * self.total_weight;
        let mut flows = self.flows.iter();
        flows
            .find(|flow| at < flow.weight_up_to)
            .or(self.flows.last())
    }

    /// Between 0 and 1.
    fn random(&self, iteration: u64) -> f64 {
        let spread = iteration.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        fastrand::Rng::with_seed(self.seed ^ spread).f64()
    }

    /// What a user takes once, before its first iteration.
    pub fn once(&self, class: Option<usize>) -> Option<&PreparedFlow> {
        let Some(class) = class else {
            return self.once.first();
        };
        self.once.get(self.classes.get(class)?.once?)
    }

    /// What users of any class take once.
    pub fn all_once(&self) -> &[PreparedFlow] {
        &self.once
    }

    /// All flows, in the order of the scenario.
    pub fn flows(&self) -> &[PreparedFlow] {
        &self.flows
    }

    /// The name of the subject of a step.
    pub fn subject_of(&self, step: &PreparedStep) -> String {
        self.subjects.get(step.subject).cloned().unwrap_or_default()
    }

    /// Keeps all of every answer, for somebody who looks.
    pub fn want_everything(&mut self) {
        let flows = self.once.iter_mut().chain(&mut self.flows);
        for step in flows.flat_map(|flow| &mut flow.steps) {
            if let PreparedAction::Call(call) = &mut step.action {
                call.wanted = Wanted {
                    headers: true,
                    body: true,
                };
            }
        }
    }

    /// The subjects of steps that are taken by no flow: where users take them before counting begins, they are not
    /// measured.
    fn once_subjects(&self) -> Vec<String> {
        let in_flows: Vec<usize> = self
            .flows
            .iter()
            .flat_map(|flow| &flow.steps)
            .map(|step| step.subject)
            .collect();
        let once = self.once.iter().flat_map(|once| &once.steps);
        once.filter(|step| !in_flows.contains(&step.subject))
            .map(|step| self.subject_of(step))
            .collect()
    }

    /// The timeouts of all steps.
    pub fn timeouts(&self) -> impl Iterator<Item = Duration> {
        let flows = self.once.iter().chain(&self.flows);
        let steps = flows.flat_map(|flow| &flow.steps);
        steps.map(|step| step.timeout)
    }

    pub fn figures(&self, prefix: Option<String>, spans: Vec<Span>, open: bool) -> Figures {
        Figures {
            prefix,
            subjects: self.subjects.clone(),
            spans,
            phases: Vec::new(),
            wholes: self.wholes.clone(),
            slow: self.slow,
            open,
            once: self.once_subjects(),
        }
    }
}

fn wanted(call: &Call, scenario: &Scenario) -> Wanted {
    let redirects = match scenario.protocol {
        // HTTP/1.1 always keeps the headers of a redirect; those of other responses would cost time.
        Protocol::Http1 => 0,
        Protocol::Http2 { .. } => scenario.redirects,
    };
    let mut wanted = request::wanted(call, scenario.cookies, redirects);
    wanted.headers |= scenario.measure.needs_headers();
    wanted
}

/// The encoded request of a call whose request never changes.
fn fixed(
    call: &Call,
    scenario: &Scenario,
    to: Destination,
) -> Result<Option<EncodedRequest>, Failure> {
    if !request::is_fixed(call, scenario.cookies) {
        return Ok(None);
    }
    let base = scenario.addresses().of(to);
    let state = request::UserState::default();
    let mut encoded = EncodedRequest::empty();
    encoded.outgoing = request::outgoing(call, base, &state)?;
    encoded.encode(scenario, base)?;
    Ok(Some(encoded))
}
