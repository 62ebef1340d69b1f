//! A scenario as it is written. The structs read the file, and the JSON Schema and the tables of `docs/scenario.md` come
//! from them and from their comments.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::generators::GeneratorFile;
use super::keys::{
    ABORT_AFTER, READY_WITHIN, REDIRECTS, STOP_WITHIN, STREAMS, TIMEOUT, USUAL_MAX_USERS,
};
use super::measure::MeasureFile;
use super::schema_rules::{
    NAME, filled_list, header_names, levels, names, one_target, process_number, steps_or_flows,
    two_at_most, users_or_rate_or_phases,
};
use super::step_file::{AuthFile, StepFile};
use super::{Arrivals, MetricKind, Pause, RowOrder};
use crate::model::Better;
use crate::toml_file::{
    DurationText, FalseOr, FileFormat, FilledText, FreeTable, Located, OneOrMany, PositiveDuration,
    Scalar, Table, Tables, True, Whole, Word, from_number, from_text, from_text_or_number, schema,
    written,
};

/// What messages know about a scenario file.
pub(super) const FORMAT: FileFormat = FileFormat {
    name: "the scenario",
    advice,
    foreign: |_| None,
};

/// What to write where a key is missing, or where one of several must be there.
fn advice(path: &[&str], key: &str) -> Option<&'static str> {
    Some(match (path, key) {
        ([], "base") => "write where every path begins: base = \"http://127.0.0.1:8080\"",
        ([], "load") => {
            "write [load] and below it users = 50 or rate = 200, and duration = \"30s\""
        }
        (["load", "phase"], _) => {
            "write it like duration = \"60s\", rate = 50; or rate = [10, 50], which rises evenly"
        }
        (["load", "stage"], _) => {
            "write it like duration = \"60s\", users = 50; or users = [0, 50], who come one after the other"
        }
        (["load", "class"], _) => "write it like flow = \"buy\", weight = 3",
        (["data"], _) => {
            "write it like name = \"user\", csv = \"users.csv\"; its columns are {{user.email}}"
        }
        (["service"], "command") => {
            "write what starts it, as in a shell: command = \"./server --port 8080\""
        }
        (["service"], "ready") | (["service", "ready"], _) => {
            "write ready = { url = \"/health\" }: load begins when it answers with 200"
        }
        (["watch", "metrics"], "better") => "better = \"lower\" or better = \"higher\"",
        (["values", _], "") => {
            "one of int, float, choice, text, uuid, counter, date, time, timestamp, list, object: page = { int = [1, 50] }"
        }
        ([.., "capture", _], "") => "one of json, header, regex: id = { json = \"$.id\" }",
        _ => return None,
    })
}

/// What load is put on which service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "A load scenario of perfgate", transform = steps_or_flows)]
pub(super) struct ScenarioFile {
    /// What runs of different workloads are told apart by
    #[schemars(extend("x-default" = "the file's name"))]
    pub(super) name: Option<Located<FilledText>>,
    /// Where every path begins: `http://127.0.0.1:8080`, `https://shop.test/api`
    #[schemars(title = "address")]
    pub(super) base: Located<FilledText>,
    /// Other hosts, by name: each is an address at which the paths of its steps begin
    #[schemars(transform = names)]
    pub(super) hosts: Option<FreeTable<FilledText>>,
    /// Load that is put on first and not measured, at the start of each level
    pub(super) warmup: Option<DurationText>,
    /// An answer that takes longer is an error
    #[serde(default = "timeout")]
    pub(super) timeout: PositiveDuration,
    /// Where the random numbers begin: the same seed asks for the same things
    #[serde(default = "seed")]
    pub(super) seed: Whole<0, { u64::MAX >> 1 }>,
    /// How many worker threads send the load
    #[schemars(extend("x-default" = "from the machine"))]
    pub(super) threads: Option<Whole<1, 256>>,
    /// How many redirects of one answer are followed; their time counts to the step
    #[serde(default = "redirects")]
    pub(super) redirects: Whole<0, 20>,
    /// Whether each user keeps the cookies it is sent
    #[serde(default)]
    pub(super) cookies: bool,
    /// Whether connections are used again; without it each request has a new one, whose time is part of its own
    #[schemars(extend("default" = true))]
    pub(super) keep_alive: Option<Located<bool>>,
    /// The version of HTTP that is spoken; `"2"` is spoken without TLS, too
    #[serde(default)]
    pub(super) http: Word<HttpVersion>,
    /// With `http = "2"`: how many users share a connection
    #[schemars(extend("default" = STREAMS))]
    pub(super) streams: Option<Located<Whole<1, 1000>>>,
    /// Headers of every request, by name; those of a step come instead
    #[schemars(transform = header_names)]
    pub(super) headers: Option<FreeTable<String>>,
    /// Who asks, in every request: see below
    pub(super) auth: Option<Located<FalseOr<AuthFile>>>,
    /// How much load is put on, and for how long
    pub(super) load: Located<Table<LoadFile>>,
    /// What is measured of each request beside its time and its outcome
    pub(super) measure: Option<Table<MeasureFile>>,
    /// How the service proves who it is
    pub(super) tls: Option<Table<TlsFile>>,
    /// Values that are made anew for every iteration: `{{page}}`
    #[schemars(transform = names)]
    pub(super) values: Option<FreeTable<GeneratorFile>>,
    /// Rows of CSV files, one for every iteration: `{{user.email}}`
    pub(super) data: Option<Tables<DataFile>>,
    /// Several ways through the service; each iteration takes one of them
    #[schemars(length(min = 1))]
    pub(super) flow: Option<Tables<FlowFile>>,
    /// Steps that are taken once for the whole run, before any load; their captures are known to all users
    pub(super) setup: Option<OneOrMany<Table<StepFile>>>,
    /// Steps that are taken once for the whole run, behind the load, however it ended
    pub(super) teardown: Option<OneOrMany<Table<StepFile>>>,
    /// Steps that each user takes once, where there is only one flow
    #[schemars(length(min = 1))]
    pub(super) once: Option<Tables<StepFile>>,
    /// The steps, where there is only one flow
    #[schemars(length(min = 1))]
    pub(super) step: Option<Tables<StepFile>>,
    /// What is measured beside the requests
    pub(super) watch: Option<OneOrMany<Table<WatchFile>>>,
    /// The system under test, where perfgate starts it
    pub(super) service: Option<Located<Table<ServiceFile>>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(super) enum HttpVersion {
    #[default]
    #[serde(rename = "1.1")]
    One,
    #[serde(rename = "2")]
    Two,
}

fn timeout() -> PositiveDuration {
    PositiveDuration(TIMEOUT)
}

fn seed() -> Whole<0, { u64::MAX >> 1 }> {
    const { Whole::new(1) }
}

fn redirects() -> Whole<0, 20> {
    const { Whole::new(REDIRECTS) }
}

/// Users that wait for answers, or requests that are due.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = users_or_rate_or_phases)]
pub(super) struct LoadFile {
    /// How many users there are, each of which waits for its answer before it goes on; a list measures one level after the other
    #[schemars(transform = levels)]
    pub(super) users: Option<OneOrMany<UserCount>>,
    /// How many users come in a second; measuring begins when all are there
    #[schemars(extend("x-default" = "all at once"))]
    pub(super) spawn_rate: Option<Located<Rate>>,
    /// How long a user pauses between two iterations
    pub(super) think: Option<Located<Pause>>,
    /// How long is measured, behind the warm-up
    pub(super) duration: Option<Located<PositiveDuration>>,
    /// So many iterations of all users together, instead of a time; a list measures one level after the other
    #[schemars(transform = levels)]
    pub(super) iterations: Option<OneOrMany<IterationCount>>,
    /// The same as `iterations`, where every flow has one step
    #[schemars(transform = levels)]
    pub(super) requests: Option<OneOrMany<IterationCount>>,
    /// How many flows begin in a second, whether the service keeps up or not; needs a `duration`; a list measures one level after the other
    #[schemars(transform = levels)]
    pub(super) rate: Option<OneOrMany<Rate>>,
    /// Under a rate: evenly, or independent of each other as those of many people
    #[schemars(extend("default" = "constant"))]
    pub(super) arrivals: Option<Located<Word<Arrivals>>>,
    /// Under a rate: no more flows than this at once; one that finds none free waits, and the wait is latency
    #[schemars(extend("default" = USUAL_MAX_USERS))]
    pub(super) max_users: Option<Located<UserCount>>,
    /// When the load is ended early because too much fails: see below
    pub(super) abort: Option<Table<AbortFile>>,
    /// Rates one after the other, instead of one `rate`
    #[schemars(length(min = 1))]
    pub(super) phase: Option<Tables<PhaseFile>>,
    /// Numbers of users one after the other, instead of one `users`
    #[schemars(length(min = 1))]
    pub(super) stage: Option<Tables<StageFile>>,
    /// What kinds of users there are: each user is of one class for as long as it is there
    #[schemars(length(min = 1))]
    pub(super) class: Option<Tables<ClassFile>>,
}

pub(super) type UserCount = Whole<1, 1_000_000>;
pub(super) type IterationCount = Whole<1, 1_000_000_000_000>;

/// When the load is ended early.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AbortFile {
    /// More of the requests than this failed
    pub(super) errors: Located<ShareText>,
    /// For so long: of the requests that ended in this time
    #[serde(default = "abort_after")]
    pub(super) after: PositiveDuration,
}

fn abort_after() -> PositiveDuration {
    PositiveDuration(ABORT_AFTER)
}

/// `"10%"` as 0.1, from nothing to all but all.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShareText(pub(super) f64);

impl<'de> Deserialize<'de> for ShareText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| {
            let (number, unit) = written::split(text)?;
            match unit == "%" && (0.0..100.0).contains(&number) {
                true => Ok(number / 100.0),
                false => Err(format!(
                    "`{text}` is no share below 100%; write it like 10%"
                )),
            }
        })
        .map(Self)
    }
}

schema!(ShareText, {
    "title": "percentage",
    "type": "string",
    "pattern": "^\\s*\\+?[0-9]{1,2}(\\.[0-9]*)?\\s*%\\s*$",
    "examples": ["10%", "0.5%"],
});

/// One stretch of time under a rate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PhaseFile {
    /// `50`, or `[10, 50]`, which goes evenly from one to the other
    #[schemars(schema_with = "phase_rate")]
    pub(super) rate: OneOrMany<RampEnd>,
    /// How long the phase lasts
    pub(super) duration: PositiveDuration,
    /// A named phase is measured apart, its name before its subjects
    pub(super) name: Option<Located<FilledText>>,
    /// Whether it is measured, or only sent
    #[serde(default = "yes")]
    pub(super) counted: bool,
}

/// One stretch of time of users that come and go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StageFile {
    /// How many there are: `50`, or `[0, 50]`, of whom one after the other comes, or goes
    #[schemars(title = "number, or two", transform = two_at_most)]
    pub(super) users: OneOrMany<Whole<0, 1_000_000>>,
    /// How long the stage lasts
    pub(super) duration: PositiveDuration,
    /// A named stage is measured apart, its name before its subjects
    pub(super) name: Option<Located<FilledText>>,
    /// Whether it is measured, or only sent
    #[serde(default = "yes")]
    pub(super) counted: bool,
}

/// A class of users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassFile {
    /// The name of the flow that its users take, or a list, of which each iteration takes one by its weight
    #[schemars(transform = filled_list)]
    pub(super) flow: OneOrMany<FilledText>,
    /// How many of the users are of this class, in proportion to the others
    #[schemars(extend("default" = 1))]
    pub(super) weight: Option<Located<Weight>>,
}

fn yes() -> bool {
    true
}

/// Flows or requests a second, more than none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate(pub(super) f64);

/// Where a rate that rises or falls begins or ends: it may be 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct RampEnd(pub(super) f64);

/// How often a flow is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight(pub(super) f64);

pub(super) const MOST_PER_SECOND: f64 = 1_000_000.0;

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer, A_RATE, |text| some(per_second(text)?), some).map(Self)
    }
}

impl<'de> Deserialize<'de> for RampEnd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(
            deserializer,
            A_RATE,
            |text| ramp_end(per_second(text)?),
            ramp_end,
        )
        .map(Self)
    }
}

const PER_SECOND: &str = r"^[0-9]*\.?[0-9]+ */s$";
const A_RATE: &str = "a number of requests a second, like 50";

/// As the command line takes it, too: `50/s`.
fn per_second(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").map(str::trim_end);
    number
        .and_then(|number| number.parse().ok())
        .filter(|rate: &f64| rate.is_finite())
        .ok_or_else(|| format!("expected {A_RATE} or \"50/s\""))
}

fn some(rate: f64) -> Result<f64, String> {
    match rate == 0.0 {
        true => Err("nothing would be sent at a rate of 0".to_owned()),
        false => ramp_end(rate),
    }
}

fn ramp_end(rate: f64) -> Result<f64, String> {
    match (0.0..=MOST_PER_SECOND).contains(&rate) {
        true => Ok(rate),
        false => Err(format!("expected a rate up to {MOST_PER_SECOND} a second")),
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_number(deserializer, |weight| match (0.0..=1e9).contains(&weight) {
            true => Ok(weight),
            false => Err("expected a weight from 0 on".to_owned()),
        })
        .map(Self)
    }
}

schema!(Rate, { "title": "rate", "anyOf": [
    { "type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000 },
    { "type": "string", "pattern": PER_SECOND },
] });
schema!(Weight, { "title": "from 0 on", "type": "number", "minimum": 0, "maximum": 1_000_000_000 });

/// How the service proves who it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("dependentRequired" = { "cert": ["key"], "key": ["cert"] }))]
pub(super) struct TlsFile {
    /// Authorities to trust beside the system's, as PEM; a certificate that the service has itself is trusted as it is
    #[schemars(title = "file", extend("x-default" = "the system's"))]
    pub(super) ca: Option<Located<FilledText>>,
    /// The name that the certificate must carry
    #[schemars(extend("x-default" = "the host"))]
    pub(super) server_name: Option<Located<FilledText>>,
    /// Whether any certificate will do; the service is then nobody in particular
    #[serde(default)]
    pub(super) insecure: bool,
    /// The certificate by which each user proves who it is, with its chain, as PEM; needs a `key`
    #[schemars(title = "file")]
    pub(super) cert: Option<Located<FilledText>>,
    /// The private key of `cert`, as PEM
    #[schemars(title = "file")]
    pub(super) key: Option<Located<FilledText>>,
}

/// A CSV file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DataFile {
    /// What stands before the column: `{{user.email}}`
    #[schemars(title = "name", regex(pattern = NAME))]
    pub(super) name: Located<FilledText>,
    /// Its first line names the columns
    #[schemars(title = "file")]
    pub(super) csv: Located<FilledText>,
    /// Row after row and then from the start, or any row
    #[serde(default)]
    pub(super) order: Word<RowOrder>,
}

/// Steps that one iteration takes, from the first to the last.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowFile {
    /// How messages call it
    #[schemars(extend("x-default" = "`flow 1`, …"))]
    pub(super) name: Option<Located<FilledText>>,
    /// How often it is taken, in proportion to the others
    #[schemars(extend("default" = 1))]
    pub(super) weight: Option<Located<Weight>>,
    /// The pause behind each of its steps that says nothing else, before the next one
    pub(super) think: Option<Pause>,
    /// `[[flow.once]]`: steps that each user takes once, before its first iteration; all flows know what they captured
    #[schemars(length(min = 1))]
    pub(super) once: Option<Tables<StepFile>>,
    /// `[[flow.step]]`, in order
    #[schemars(required, length(min = 1))]
    pub(super) step: Option<Tables<StepFile>>,
}

/// One thing that is watched.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = one_target)]
pub struct WatchFile {
    /// The subject of what is measured
    pub(super) name: Option<Located<FilledText>>,
    /// The process that `[service]` started, with its children
    pub(super) service: Option<Located<True>>,
    /// A process
    #[serde(default)]
    #[schemars(schema_with = "process_number")]
    pub(super) pid: Option<Located<Scalar>>,
    /// Every process of this name
    #[schemars(title = "name")]
    pub(super) process: Option<Located<FilledText>>,
    /// A folder below `/sys/fs/cgroup`
    #[schemars(title = "path")]
    pub(super) cgroup: Option<Located<FilledText>>,
    /// The whole machine: how busy its processors are and how much of its memory is used
    pub(super) host: Option<Located<True>>,
    /// The `metrics` that are chosen
    #[schemars(title = "address, or path of `base`")]
    pub(super) prometheus: Option<Located<FilledText>>,
    /// Which metrics are taken from the `prometheus` address
    #[schemars(length(min = 1))]
    pub(super) metrics: Option<Tables<MetricFile>>,
}

/// One metric of a Prometheus address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricFile {
    /// With labels or without, such as `http_requests_total{code="500"}`; several that match are summed. Beside a `query`, what the run calls it
    #[schemars(title = "metric")]
    pub(super) name: Located<FilledText>,
    /// Which direction is an improvement
    pub(super) better: Word<Better>,
    /// Such as `B` or `s`
    #[serde(default)]
    #[schemars(extend("default" = "", "x-default" = "none"))]
    pub(super) unit: String,
    /// A counter (`_total`, `_sum`, `_count`, `_bucket`) is read as its growth, a gauge as its last value; its mean and maximum are shown beside it
    #[schemars(extend("x-default" = "by the name"))]
    pub(super) kind: Option<Located<Word<MetricKind>>>,
    /// What is worked out of metrics over the counted time, in a part of PromQL: `sum(rate(hits_total[5m])) / sum(rate(asked_total[5m]))`
    #[schemars(title = "expression")]
    pub(super) query: Option<Located<FilledText>>,
}

/// The system under test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceFile {
    /// What starts it; the shell fills in its variables itself
    #[schemars(title = "shell command")]
    pub(super) command: FilledText,
    /// Where it is started
    #[schemars(title = "path", extend("x-default" = "the scenario's"))]
    pub(super) folder: Option<Located<FilledText>>,
    /// Variables of its environment, beside those of perfgate
    pub(super) env: Option<FreeTable<String>>,
    /// When load may begin
    pub(super) ready: Table<ReadyFile>,
    /// How long it may take to end by itself
    #[serde(default = "stop_within")]
    pub(super) stop_within: DurationText,
    /// A profiler that writes folded stacks or a profile of pprof to `{out}`, for `{seconds}` of the process `{pid}`: run beside the service, once more and not judged, where it got slower
    #[schemars(title = "shell command", extend("x-default" = "none"))]
    pub(super) profile: Option<FilledText>,
}

fn stop_within() -> DurationText {
    DurationText(STOP_WITHIN)
}

/// The answer that says that load may begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadyFile {
    /// What is asked again and again
    #[schemars(title = "address, or path of `base`")]
    pub(super) url: Located<FilledText>,
    /// The status that says that it is ready
    #[serde(default = "ok")]
    pub(super) status: Whole<100, 599>,
    /// How long it may take until then
    #[serde(default = "ready_within")]
    pub(super) within: PositiveDuration,
}

fn ok() -> Whole<100, 599> {
    const { Whole::new(200) }
}

fn ready_within() -> PositiveDuration {
    PositiveDuration(READY_WITHIN)
}

// What the schema says beside the types: keys that exclude each other, and the form of texts.

fn phase_rate(generator: &mut SchemaGenerator) -> Schema {
    let rate = generator.subschema_for::<Rate>();
    json_schema!({
        "title": "rate, or two",
        "anyOf": [
            rate,
            { "type": "array", "items": rate, "minItems": 1, "maxItems": 1 },
            {
                "type": "array",
                "items": { "anyOf": [
                    { "type": "number", "minimum": 0, "maximum": MOST_PER_SECOND },
                    { "type": "string", "pattern": PER_SECOND },
                ] },
                "minItems": 2,
                "maxItems": 2,
                "not": { "items": { "const": 0 } },
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::super::events::EventsFile;
    use super::super::generators::ListFile;
    use super::super::multipart::FilePart;
    use super::super::step_file::{CaptureFile, ExpectFile, GraphqlFile, MessageFile};
    use super::*;
    use crate::toml_file::reference::{hold, table};

    #[test]
    fn the_tables_of_the_reference_are_those_of_the_structs() {
        hold("docs/scenario.md", |name, only| match name {
            "scenario" => table::<ScenarioFile>(only),
            "auth" => table::<AuthFile>(only),
            "load" => table::<LoadFile>(only),
            "load.abort" => table::<AbortFile>(only),
            "load.phase" => table::<PhaseFile>(only),
            "load.stage" => table::<StageFile>(only),
            "load.class" => table::<ClassFile>(only),
            "measure" => table::<MeasureFile>(only),
            "tls" => table::<TlsFile>(only),
            "values" => table::<GeneratorFile>(only),
            "values.list" => table::<ListFile>(only),
            "data" => table::<DataFile>(only),
            "flow" => table::<FlowFile>(only),
            "step" => table::<StepFile>(only),
            "step.events" => table::<EventsFile>(only),
            "step.graphql" => table::<GraphqlFile>(only),
            "step.multipart" => table::<FilePart>(only),
            "step.expect" => table::<ExpectFile>(only),
            "step.capture" => table::<CaptureFile>(only),
            "step.messages" => table::<MessageFile>(only),
            "watch" => table::<WatchFile>(only),
            "watch.metrics" => table::<MetricFile>(only),
            "service" => table::<ServiceFile>(only),
            "service.ready" => table::<ReadyFile>(only),
            other => panic!("no struct reads {other}"),
        });
    }
}
