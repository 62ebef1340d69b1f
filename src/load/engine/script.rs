//! A scenario made ready for one level: what can be known before the load is worked out once. Pure.

use std::sync::Arc;
use std::time::Duration;

use crate::load::record::{Figures, Span};
use crate::load::request::{self, Data};
use crate::load::scenario::{Action, Call, Flow, Pause, Protocol, Scenario, Socket, Step};
use crate::load::wire::{Failure, Outgoing, Wanted, http1, http2};

/// All flows, and how often each is taken.
pub struct Script {
    flows: Vec<Prepared>,
    total: f64,
    seed: u64,
    pub subjects: Vec<String>,
}

pub struct Prepared {
    /// The weights up to and with this flow.
    up_to: f64,
    pub data: Data,
    pub steps: Vec<Ready>,
}

/// One step.
pub struct Ready {
    /// Its place among the subjects.
    pub subject: usize,
    pub timeout: Duration,
    pub think: Pause,
    pub act: Act,
}

pub enum Act {
    Call(Box<Asked>),
    Socket { socket: Box<Socket>, connect: usize },
}

/// A request, and what its answer is looked at for.
pub struct Asked {
    /// Shared with the thread that looks through large answers.
    pub call: Arc<Call>,
    pub wanted: Wanted,
    /// Where it is the same every time.
    pub fixed: Option<Letter>,
}

/// A request in the forms that a connection may need.
#[derive(Debug)]
pub struct Letter {
    pub outgoing: Outgoing,
    /// For HTTP/1.1.
    pub bytes: Vec<u8>,
    /// For HTTP/2.
    pub prepared: Option<http2::Prepared>,
}

impl Letter {
    pub fn empty() -> Self {
        Self {
            outgoing: Outgoing {
                method: http::Method::GET,
                target: String::new(),
                headers: Vec::new(),
                body: bytes::Bytes::new(),
            },
            bytes: Vec::new(),
            prepared: None,
        }
    }

    /// Writes the request as the protocol wants it.
    pub fn seal(&mut self, scenario: &Scenario) -> Result<(), Failure> {
        match scenario.protocol {
            Protocol::Http1 => {
                self.bytes.clear();
                http1::encode(&self.outgoing, &scenario.base, &mut self.bytes);
            }
            Protocol::Http2 { .. } => {
                self.prepared = Some(http2::prepare(&self.outgoing, &scenario.base)?);
            }
        }
        Ok(())
    }
}

impl Script {
    pub fn new(scenario: &Scenario) -> Result<Self, Failure> {
        let mut script = Self {
            flows: Vec::new(),
            total: 0.0,
            seed: scenario.seed,
            subjects: Vec::new(),
        };
        for flow in &scenario.flows {
            script.add(scenario, flow)?;
        }
        Ok(script)
    }

    fn add(&mut self, scenario: &Scenario, flow: &Flow) -> Result<(), Failure> {
        self.total += flow.weight;
        let steps: Result<Vec<Ready>, Failure> = flow
            .steps
            .iter()
            .map(|step| self.ready(scenario, step))
            .collect();
        self.flows.push(Prepared {
            up_to: self.total,
            data: Data::of_flow(scenario, flow, scenario.seed),
            steps: steps?,
        });
        Ok(())
    }

    fn ready(&mut self, scenario: &Scenario, step: &Step) -> Result<Ready, Failure> {
        let subject = self.subject(&step.subject);
        let act = match &step.action {
            Action::Call(call) => Act::Call(Box::new(Asked {
                wanted: wanted(call, scenario),
                fixed: fixed(call, scenario)?,
                call: Arc::new((**call).clone()),
            })),
            Action::Socket(socket) => Act::Socket {
                socket: socket.clone(),
                connect: self.subject(&format!("{} connect", step.subject)),
            },
        };
        Ok(Ready {
            subject,
            timeout: step.timeout.unwrap_or(scenario.timeout),
            think: step.think,
            act,
        })
    }

    fn subject(&mut self, name: &str) -> usize {
        let known = self.subjects.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.subjects.push(name.to_owned());
            self.subjects.len() - 1
        })
    }

    /// The flow of an iteration: the same for one seed, whichever user comes to it.
    pub fn flow(&self, iteration: u64) -> Option<&Prepared> {
        if let [only] = self.flows.as_slice() {
            return Some(only);
        }
        let spread = iteration.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = fastrand::Rng::with_seed(self.seed ^ spread);
        let at = random.f64() * self.total;
        let mut flows = self.flows.iter();
        flows.find(|flow| at < flow.up_to).or(self.flows.last())
    }

    /// Of any step.
    pub fn timeouts(&self) -> impl Iterator<Item = Duration> {
        let steps = self.flows.iter().flat_map(|flow| &flow.steps);
        steps.map(|step| step.timeout)
    }

    pub fn figures(&self, prefix: Option<String>, spans: Vec<Span>, open: bool) -> Figures {
        Figures {
            prefix,
            subjects: self.subjects.clone(),
            spans,
            open,
        }
    }
}

fn wanted(call: &Call, scenario: &Scenario) -> Wanted {
    let redirects = match scenario.protocol {
        // The headers of a redirect are there whether wanted or not; those of other answers cost time.
        Protocol::Http1 => 0,
        Protocol::Http2 { .. } => scenario.redirects,
    };
    request::wanted(call, scenario.cookies, redirects)
}

fn fixed(call: &Call, scenario: &Scenario) -> Result<Option<Letter>, Failure> {
    if !request::is_fixed(call, scenario.cookies) {
        return Ok(None);
    }
    let session = request::Session::new(&scenario.base);
    let mut letter = Letter::empty();
    letter.outgoing = request::outgoing(call, &scenario.base, &session)?;
    letter.seal(scenario)?;
    Ok(Some(letter))
}
