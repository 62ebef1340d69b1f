//! What load to put on which service, validated: nothing behind this meets an unknown word or an impossible number.

mod address;
mod build;
mod call;
mod classes;
mod events;
mod file;
mod flows;
mod generators;
mod hosts;
mod keys;
mod load_shape;
mod measure;
mod multipart;
mod rows;
mod schema_rules;
mod share;
mod simple;
mod socket;
mod step_file;
mod surroundings;
mod template;
mod turns;
mod values;
mod variables;
mod watch;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::template::{Extractor, Template, ValueGenerator};

pub use build::{json_schema, parse, parse_in};
pub use classes::{UserClass, assigned};
pub use events::{EVENT_STREAM, Events};
pub use file::WatchFile;
pub use hosts::{Addresses, Destination, Host, PerHost};
pub use keys::AT_ONCE;
pub use measure::{Measure, MeasuredHeader, metric_name};
pub use multipart::{Multipart, MultipartPart, PartContent};
pub use rows::Rows;
pub use share::Share;
pub use simple::{BodyArg, Simple, from_url};
pub use surroundings::{Machine, Surroundings};
pub use watch::{endpoint, watched_beside};

/// One workload.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What series of different workloads are told apart by.
    pub name: String,
    pub base: Base,
    /// Others that its steps may be sent to.
    pub hosts: Vec<Host>,
    pub protocol: Protocol,
    /// One, or several for a matrix, run one after the other.
    pub levels: Vec<Level>,
    /// When a level is ended early.
    pub abort: Option<Abort>,
    /// Sent and not counted, at the start of each level.
    pub warmup: Duration,
    /// Of each request, unless its step says otherwise.
    pub timeout: Duration,
    pub seed: u64,
    /// Worker threads; decided from the machine where nobody said.
    pub threads: Option<NonZeroUsize>,
    /// How many redirects of one answer are followed; their time counts to the step.
    pub redirects: u8,
    /// Whether each user keeps the cookies it is sent.
    pub cookies: bool,
    /// Whether connections are used again.
    pub keep_alive: bool,
    pub measure: Measure,
    pub tls: Tls,
    pub flows: Vec<Flow>,
    /// What kinds of users there are; none where each takes all flows.
    pub classes: Vec<UserClass>,
    /// Taken once for the whole run, before any load; all users know what they capture.
    pub setup: Vec<Step>,
    /// Taken once for the whole run, behind the load.
    pub teardown: Vec<Step>,
    /// Named values made anew for every iteration of a flow: `{{page}}`.
    pub values: BTreeMap<String, ValueGenerator>,
    /// Rows of CSV files, one for every iteration: `{{user.email}}`.
    pub feeds: Vec<Feed>,
    pub watch: Vec<Watched>,
    pub service: Option<Service>,
    /// What of all this is this machine's part.
    pub share: Share,
}

impl Scenario {
    /// The base and all hosts.
    pub fn addresses(&self) -> Addresses<'_> {
        Addresses {
            base: &self.base,
            hosts: &self.hosts,
        }
    }
}

/// Where every path of the scenario begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub scheme: Scheme,
    /// A name, or an address; IPv6 without its brackets.
    pub host: String,
    pub port: u16,
    /// In front of every path, without a slash at its end.
    pub prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// Of one user: its connection, and how many requests of one connection may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    /// Users share a connection in groups of `streams`.
    Http2 {
        streams: NonZeroUsize,
    },
}

/// One entry of the matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// In front of every subject, `users=50`; none where there is one level only.
    pub prefix: Option<String>,
    pub load: Load,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    Open(Open),
    Closed(Closed),
}

/// A level in which more than this share of the requests failed, of those that ended in the last time, is ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Abort {
    pub errors: f64,
    pub after: Duration,
}

/// Requests are due at their time, whether the service keeps up or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    pub phases: Vec<Phase>,
    pub arrivals: Arrivals,
    /// No more users than this at once; an arrival that finds all busy waits, and the wait is latency.
    pub max_users: NonZeroUsize,
}

/// A stretch of time in which the rate, or the number of users, goes evenly from one value to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// A named phase is measured apart: the name stands in front of its subjects.
    pub name: Option<String>,
    pub duration: Duration,
    /// Iterations a second, or users.
    pub from: f64,
    pub to: f64,
    /// Whether its requests are measured, or only sent.
    pub counted: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    #[default]
    Constant,
    Poisson,
}

/// Users that each wait for an answer before they go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    pub users: NonZeroUsize,
    /// Users started a second; all at once where nobody said. Counting begins when all are there.
    pub spawn_rate: Option<f64>,
    /// Between two iterations of a user.
    pub think: Pause,
    pub until: Until,
    /// How many of the users there are over the time, instead of all of them for all of it. The rates are numbers of
    /// users.
    pub stages: Vec<Phase>,
}

impl Closed {
    /// Lasts so long; stages keep their shares of it.
    pub fn set_duration(&mut self, duration: Duration) {
        let all: Duration = self.stages.iter().map(|stage| stage.duration).sum();
        let share = duration.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE);
        for stage in &mut self.stages {
            stage.duration = stage.duration.mul_f64(share);
        }
        self.until = Until::For(duration);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Behind the warm-up.
    For(Duration),
    /// So many counted iterations of all users together.
    Iterations(u64),
}

/// A time between two, each as likely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    pub low: Duration,
    pub high: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Trusted beside the system's authorities, PEM.
    pub ca: Option<PathBuf>,
    /// The name that the certificate must carry, where it is not the host's.
    pub server_name: Option<String>,
    /// Any certificate will do.
    pub insecure: bool,
    pub client: Option<ClientCertificate>,
}

/// By which each user proves who it is: files, PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Steps in order; a failed step ends the iteration.
#[derive(Clone, Debug)]
pub struct Flow {
    pub name: String,
    /// How often it is taken, in proportion to the others.
    pub weight: f64,
    /// Taken once by each user, before its first iteration, whichever flow that takes.
    pub once: Vec<Step>,
    pub steps: Vec<Step>,
}

impl Flow {
    /// What its measurements as a whole are called.
    pub fn subject(&self) -> String {
        format!("flow {}", self.name)
    }
}

#[derive(Clone, Debug)]
pub struct Step {
    /// What its measurements are called; steps of the same name are one subject.
    pub subject: String,
    pub destination: Destination,
    /// Whether it is sent at the same time as the step before it.
    pub together: bool,
    pub action: Action,
    pub timeout: Option<Duration>,
    /// Behind the step, before the next one of the flow.
    pub think: Pause,
    /// Whether it is taken, and how often; nothing where it is taken once.
    pub turns: Option<Turns>,
}

/// Whether a step is taken, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// It is only taken where all of them hold.
    pub when: Vec<Condition>,
    /// How often, or at most where it has an end.
    pub most: u64,
    /// It is taken until all of them hold.
    pub until: Vec<Condition>,
}

/// A captured value is one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub name: String,
    pub is: Vec<String>,
}

#[derive(Clone, Debug)]
pub enum Action {
    Call(Box<Call>),
    Socket(Box<Socket>),
}

/// One request and what is looked for in its answer.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Begins with a slash; the base's prefix is put in front of it.
    pub path: Template,
    pub query: Vec<(String, Template)>,
    pub headers: Vec<(HeaderName, Template)>,
    pub auth: Option<Auth>,
    pub body: Body,
    /// Where the answer is a stream of events: what ends it.
    pub events: Option<Events>,
    pub expect: Expect,
    /// Values for the steps behind this one, by name.
    pub captures: Vec<(String, Extractor)>,
}

#[derive(Clone, Debug)]
pub enum Auth {
    Basic { user: Template, password: Template },
    Bearer(Template),
}

#[derive(Clone, Debug, Default)]
pub enum Body {
    #[default]
    Empty,
    /// Sent as it is; the content type is that of the headers.
    Text(Template),
    /// A file, read once.
    Bytes(bytes::Bytes),
    /// A JSON document in which values are escaped as JSON asks.
    Json(Template),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `multipart/form-data`.
    Multipart(Multipart),
}

/// What counts as success.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Empty: any status below 400 (a redirect that is not followed is a success).
    pub status: Vec<u16>,
    /// Each must be found in the body.
    pub contains: Vec<Template>,
    /// None may be found in the body.
    pub not_contains: Vec<Template>,
    /// Each header must be there and contain this.
    pub headers: Vec<(Extractor, Template)>,
    /// How many bytes the body has, both ends included.
    pub size: Option<(u64, u64)>,
    /// How long it takes at most.
    pub within: Option<Duration>,
    /// Whether it is a GraphQL answer, and must have no errors.
    pub no_errors: bool,
    /// Each must find nothing.
    pub absent: Vec<Extractor>,
    /// Each must be there and equal the JSON value.
    pub json: Vec<(Extractor, serde_json::Value)>,
    /// Each must be there and equal a JSON value that is made of what the user has.
    pub json_of: Vec<(Extractor, Template)>,
}

impl Expect {
    /// The places in an answer that are looked at.
    pub fn places(&self) -> impl Iterator<Item = &Extractor> {
        let fixed = self.json.iter().map(|(place, _)| place);
        let made = self.json_of.iter().map(|(place, _)| place);
        let headers = self.headers.iter().map(|(place, _)| place);
        fixed.chain(made).chain(headers).chain(&self.absent)
    }

    /// The texts that are made of what the user has.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let made = self.json_of.iter().map(|(_, template)| template);
        let headers = self.headers.iter().map(|(_, template)| template);
        let contains = self.contains.iter().chain(&self.not_contains);
        contains.chain(made).chain(headers)
    }

    /// Whether the body is looked at as a whole.
    pub fn needs_body(&self) -> bool {
        let texts = !self.contains.is_empty() || !self.not_contains.is_empty();
        texts || self.size.is_some() || self.no_errors
    }
}

/// A WebSocket for one step: connect, send, await. Its latency is from the first send to the last answer awaited;
/// the connect is measured as a subject of its own, `<subject> connect`.
#[derive(Clone, Debug)]
pub struct Socket {
    pub path: Template,
    pub headers: Vec<(HeaderName, Template)>,
    pub messages: Vec<Message>,
}

/// One message sent, and the answer that ends its round trip.
#[derive(Clone, Debug)]
pub struct Message {
    pub send: Template,
    /// The next answer that contains this; the very next one where nobody said.
    pub awaits: Option<Template>,
    /// How often it is sent and awaited, each a round trip.
    pub times: NonZeroUsize,
}

/// Rows of a CSV file with a header, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// In front of the column: `{{user.email}}`.
    pub name: String,
    pub columns: Vec<String>,
    /// Of all flows together: none has a copy of its own.
    pub rows: Arc<Rows>,
    pub order: RowOrder,
}

/// In which order rows are taken: one after the other and from the start again behind the last, or at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowOrder {
    #[default]
    Sequence,
    Random,
}

/// What is looked at beside the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The subject of its metrics.
    pub name: String,
    pub what: WatchTarget,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchTarget {
    /// The process that `[service]` started, with its children.
    Service,
    /// The processes of a service that the caller has started, by the number of their group.
    Group(u32),
    Pid(u32),
    /// Every process of this name.
    Process(String),
    /// A folder below /sys/fs/cgroup, or its absolute path.
    Cgroup(PathBuf),
    /// The whole machine.
    Host,
    Prometheus {
        url: String,
        metrics: Vec<Chosen>,
    },
}

/// One metric of a Prometheus endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What the run calls it. Without a query it is the selector: `http_requests_total`, or with labels
    /// `http_requests_total{code="500"}`; several that match are summed.
    pub name: String,
    pub unit: String,
    pub better: crate::model::Better,
    pub read: MetricRead,
}

/// How a metric is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricRead {
    /// A counter as its growth over the counted time, a gauge as its last value.
    Plain(MetricKind),
    /// What this expression gives over the counted time.
    Query(String),
}

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    Counter,
    Gauge,
}

/// The system under test, where perfgate starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Through the shell.
    pub command: String,
    pub folder: PathBuf,
    pub environment: BTreeMap<String, String>,
    pub ready: Ready,
    /// How long it may take to end by itself once it was asked to.
    pub stop_within: Duration,
    /// A profiler for where it got slower.
    pub profile: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    pub url: String,
    pub status: u16,
    pub within: Duration,
}
