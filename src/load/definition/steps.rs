//! What is sent, step by step, and what of the answers decides how a flow goes on.

use crate::load::scenario::{
    Action, Auth, Body, Call, Condition, Destination, Expect, Flow, Multipart, PartContent,
    Scenario, Socket, Step, Turns,
};
use crate::load::template::{Extractor, MomentForm, MomentRange, Template, ValueGenerator};
use crate::model::Digest;
use crate::toml_file::written::duration_text as time;

use super::{Definition, Term, load, secret, shown};

pub(super) fn write(scenario: &Scenario, definition: &mut Definition) {
    if let [_, _, ..] = scenario.flows.as_slice() {
        let weights = |named: bool| {
            let each = scenario.flows.iter().map(|flow| match named {
                true => format!("{} {}", flow.name, flow.weight),
                false => flow.weight.to_string(),
            });
            each.collect::<Vec<_>>().join(", ")
        };
        definition.put(Term {
            key: "flows".to_owned(),
            name: "flows".to_owned(),
            exact: weights(false),
            shown: weights(true),
        });
    }
    if !scenario.classes.is_empty() {
        let each = |named: bool| {
            let classes = scenario.classes.iter().map(|class| {
                let flows = class.flows.iter().map(|number| match named {
                    true => scenario
                        .flows
                        .get(*number)
                        .map_or("", |flow| &flow.name)
                        .to_owned(),
                    false => (number + 1).to_string(),
                });
                let flows: Vec<String> = flows.collect();
                format!("{} {}", flows.join(" or "), class.weight)
            });
            classes.collect::<Vec<_>>().join(", ")
        };
        definition.put(Term {
            key: "classes".to_owned(),
            name: "classes".to_owned(),
            exact: each(false),
            shown: each(true),
        });
    }
    once(scenario, definition);
    let requests: Vec<String> = scenario.flows.iter().map(requests).collect();
    let requests = requests.join("; ");
    definition.put(Term {
        key: "steps".to_owned(),
        name: "steps".to_owned(),
        shown: shown(&requests),
        exact: requests,
    });
    let steps: Vec<&Step> = scenario.flows.iter().flat_map(|flow| &flow.steps).collect();
    for aspect in Aspect::ALL {
        aspect.write(&steps, definition);
    }
}

fn requests(flow: &Flow) -> String {
    let mut written = String::new();
    for (number, one) in flow.steps.iter().enumerate() {
        written.push_str(match (number, one.together) {
            (0, _) => "",
            (_, false) => ", ",
            (_, true) => " with ",
        });
        written.push_str(&step(one));
    }
    written
}

fn step(step: &Step) -> String {
    let request = match &step.action {
        Action::Call(call) => request(call),
        Action::Socket(socket) => format!("WS {}", secret::path(&socket.path.written())),
    };
    match step.destination {
        Destination::Base => request,
        // What it is called is no part of the load.
        Destination::Host(number) => format!("{request} at host {}", number + 1),
    }
}

/// What is sent once for the run, and once by each user.
fn once(scenario: &Scenario, definition: &mut Definition) {
    let by_users = scenario.flows.iter().flat_map(|flow| &flow.once);
    for (name, steps) in [
        ("setup", scenario.setup.iter().collect::<Vec<&Step>>()),
        ("once", by_users.collect()),
        ("teardown", scenario.teardown.iter().collect()),
    ] {
        for one in steps {
            let aspects = Aspect::ALL.iter().filter_map(|aspect| {
                let (exact, _) = aspect.of(one)?;
                Some(format!("; {}: {exact}", aspect.name()))
            });
            let exact = format!("{}{}", step(one), aspects.collect::<String>());
            definition.put(Term {
                key: name.to_owned(),
                name: name.to_owned(),
                shown: shown(&exact),
                exact,
            });
        }
    }
}

/// Method, path and query.
fn request(call: &Call) -> String {
    let mut written = format!("{} {}", call.method, secret::path(&call.path.written()));
    let mut separator = if written.contains('?') { '&' } else { '?' };
    for (name, value) in &call.query {
        written.push_str(&format!("{separator}{name}={}", secret::field(name, value)));
        separator = '&';
    }
    written
}

/// What a step may have beside its address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Headers,
    Auth,
    Body,
    Messages,
    Events,
    Checks,
    Captures,
    Timeout,
    Think,
    Turns,
}

/// What a step has of an aspect: all of it, and as much as is shown.
type Had = Option<(String, String)>;

impl Aspect {
    const ALL: [Self; 10] = [
        Self::Headers,
        Self::Auth,
        Self::Body,
        Self::Messages,
        Self::Events,
        Self::Checks,
        Self::Captures,
        Self::Timeout,
        Self::Think,
        Self::Turns,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Auth => "auth",
            Self::Body => "body",
            Self::Messages => "messages",
            Self::Events => "events",
            Self::Checks => "checks",
            Self::Captures => "captures",
            Self::Timeout => "timeout",
            Self::Think => "think",
            Self::Turns => "turns",
        }
    }

    /// Once where every step has the same, else step by step.
    fn write(self, steps: &[&Step], definition: &mut Definition) {
        let name = self.name();
        let had: Vec<Had> = steps.iter().map(|step| self.of(step)).collect();
        if let [Some(first), _, ..] = had.as_slice()
            && had.iter().all(|one| one.as_ref() == Some(first))
        {
            let (exact, shown) = first.clone();
            definition.put(Term {
                key: format!("every {name}"),
                name: format!("{name} of every step"),
                exact,
                shown,
            });
            return;
        }
        for (number, (step, had)) in steps.iter().zip(had).enumerate() {
            if let Some((exact, shown)) = had {
                definition.put(Term {
                    key: format!("{number} {name}"),
                    name: format!("{} {name}", step.subject),
                    exact,
                    shown,
                });
            }
        }
    }

    fn of(self, step: &Step) -> Had {
        let both = |text: String| Some((text.clone(), shown(&text)));
        match (self, &step.action) {
            (Self::Headers, Action::Call(call)) => headers(&call.headers).and_then(both),
            (Self::Headers, Action::Socket(socket)) => headers(&socket.headers).and_then(both),
            (Self::Auth, Action::Call(call)) => call.auth.as_ref().and_then(|auth| {
                both(match auth {
                    Auth::Basic { .. } => "basic".to_owned(),
                    Auth::Bearer(_) => "bearer".to_owned(),
                })
            }),
            (Self::Body, Action::Call(call)) => body(&call.body),
            (Self::Messages, Action::Socket(socket)) => messages(socket),
            (Self::Events, Action::Call(call)) => call
                .events
                .as_ref()
                .and_then(|events| both(events.written())),
            (Self::Checks, Action::Call(call)) => checks(&call.expect).and_then(both),
            (Self::Captures, Action::Call(call)) => {
                let each = call.captures.iter();
                let each = each.map(|(name, place)| format!("{name} = {}", probe(place)));
                listed(each).and_then(both)
            }
            (Self::Turns, _) => step.turns.as_ref().map(turns).and_then(both),
            (Self::Timeout, _) => step.timeout.map(time).and_then(both),
            (Self::Think, _) => (!step.think.high.is_zero())
                .then(|| load::pause(step.think))
                .and_then(both),
            (
                Self::Auth | Self::Body | Self::Events | Self::Checks | Self::Captures,
                Action::Socket(_),
            )
            | (Self::Messages, Action::Call(_)) => None,
        }
    }
}

fn listed(each: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = each.collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn headers(headers: &[(http::HeaderName, Template)]) -> Option<String> {
    // Their order says nothing to a service.
    let mut all: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", secret::header(name, value)))
        .collect();
    all.sort();
    listed(all.into_iter())
}

/// Its kind and size, and a digest of its content.
fn body(body: &Body) -> Had {
    let (kind, content) = match body {
        Body::Empty => return None,
        Body::Bytes(bytes) => ("bytes", bytes.to_vec()),
        Body::Text(text) => ("text", secret::body(text.written()).into_bytes()),
        Body::Json(text) => ("json", secret::body(text.written()).into_bytes()),
        Body::Form(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", secret::field(name, value)));
            let form = fields.collect::<Vec<_>>().join("&");
            ("form", form.into_bytes())
        }
        Body::Multipart(body) => ("multipart", parts(body)),
    };
    let mut digest = Digest::default();
    digest.field(&content);
    let digest = digest.hex();
    let short = digest.get(..8).unwrap_or_default();
    let shown = format!("{kind} of {} bytes, {short}", content.len());
    Some((format!("{kind} {digest}"), shown))
}

/// The boundary follows from the seed.
fn parts(body: &Multipart) -> Vec<u8> {
    let mut all = Vec::new();
    for part in &body.parts {
        let (about, content) = match &part.content {
            PartContent::Field(value) => {
                let value = secret::field(&part.name, value);
                (part.name.clone(), value.into_bytes())
            }
            PartContent::File {
                name,
                content_type,
                bytes,
            } => {
                let about = format!("{} {name} {content_type}", part.name);
                (about, bytes.to_vec())
            }
        };
        all.extend_from_slice(format!("{} {} {about}\n", about.len(), content.len()).as_bytes());
        all.extend_from_slice(&content);
    }
    all
}

fn turns(turns: &Turns) -> String {
    let written = |word: &str, conditions: &[Condition]| {
        let each = conditions.iter();
        let each = each.map(|one| format!("{} is {}", one.name, one.is.join(" or ")));
        listed(each).map(|all| format!("{word} {all}"))
    };
    let most = (turns.most > 1).then(|| format!("{} times", turns.most));
    let when = written("when", &turns.when).into_iter().chain(most);
    let all = when.chain(written("until", &turns.until));
    listed(all).unwrap_or_default()
}

fn messages(socket: &Socket) -> Had {
    let each = socket.messages.iter().map(|message| {
        let send = secret::body(message.send.written());
        let awaits = message.awaits.as_ref().map(Template::written);
        let awaits = awaits.map_or_else(String::new, |text| format!(" await {text}"));
        format!("{send}{awaits} x{}", message.times)
    });
    listed(each).map(|exact| {
        let shown = shown(&exact);
        (exact, shown)
    })
}

fn checks(expect: &Expect) -> Option<String> {
    let status = listed(expect.status.iter().map(u16::to_string));
    let status = status.map(|codes| format!("status {}", codes.replace(';', ",")));
    let contains = expect.contains.iter();
    let contains = contains.map(|text| format!("contains {}", text.written()));
    let json = expect.json.iter();
    let json = json.map(|(place, value)| format!("{} = {value}", probe(place)));
    let without = expect.not_contains.iter();
    let without = without.map(|text| format!("not {}", text.written()));
    let headers = expect.headers.iter();
    let headers = headers.map(|(place, text)| format!("{} has {}", probe(place), text.written()));
    let size = expect
        .size
        .map(|(low, high)| format!("{low} to {high} bytes"));
    let within = expect
        .within
        .map(|within| format!("within {}", time(within)));
    let errors = expect.no_errors.then(|| "no errors".to_owned());
    let absent = expect.absent.iter();
    let absent = absent.map(|place| format!("no {}", probe(place)));
    let made = expect.json_of.iter();
    let made = made.map(|(place, value)| format!("{} = {}", probe(place), value.written()));
    let further = without.chain(headers).chain(size).chain(within);
    let further = further.chain(errors).chain(absent).chain(made);
    listed(
        status
            .into_iter()
            .chain(contains)
            .chain(json)
            .chain(further),
    )
}

/// All of it, where its `Display` is cut for sentences.
fn probe(probe: &Extractor) -> String {
    match probe {
        Extractor::Json(path) => path.to_string(),
        Extractor::Header(name) => format!("header {name}"),
        Extractor::Regex(regex) => format!("/{}/", regex.as_str()),
    }
}

pub(super) fn generator(generator: &ValueGenerator) -> String {
    match generator {
        ValueGenerator::Int { low, high } => format!("int {low}..{high}"),
        ValueGenerator::Float {
            low,
            high,
            decimals,
        } => format!("float {low}..{high} of {decimals} decimals"),
        ValueGenerator::Choice(choices) | ValueGenerator::JsonChoice(choices) => {
            format!("choice of {}", choices.join(" | "))
        }
        ValueGenerator::Text { length } => format!("text of {length}"),
        ValueGenerator::Uuid => "uuid".to_owned(),
        ValueGenerator::Counter => "counter".to_owned(),
        // What it is counted from is another for every run.
        ValueGenerator::Moment(MomentRange {
            low, high, form, ..
        }) => {
            let form = match form {
                MomentForm::Date => "date",
                MomentForm::Time => "time",
                MomentForm::Unix => "timestamp",
            };
            format!("{form} {low}..{high} s from now")
        }
        ValueGenerator::List { of, low, high } => {
            format!("list of {low}..{high}: ({})", self::generator(of))
        }
        ValueGenerator::Object(fields) => {
            let fields = fields.iter();
            let fields =
                fields.map(|(name, field)| format!("{name}: ({})", self::generator(field)));
            format!("object of {}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}
