//! A script of Artillery as a first scenario: its phases, its scenarios, and in comments what has no word here.

mod phases;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use url::Url;

use super::draft::{Draft, Flow, Generator, Step, Values, key, quoted};
use super::recorded::{BEGIN, Body, END, Recorded, Secrets, is_unsafe, plain, variable, written};
use super::yaml::scalar;
use phases::{duration, seconds};

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
pub(super) fn is_script(document: &Value) -> bool {
    document.get("scenarios").is_some_and(Value::is_array)
        && document.get("config").is_some_and(Value::is_object)
}

/// `None` where no request is left.
pub(super) fn draft(document: &Value, file: &Path, takes_unsafe: bool) -> Option<Draft> {
    let config = document.get("config")?;
    let mut reader = Reader {
        takes_unsafe,
        ..Reader::default()
    };
    let target = reader.text(config.get("target").unwrap_or(&Value::Null));
    reader.origin = Url::parse(&target)
        .ok()
        .map(|url| url.origin().ascii_serialization());
    for key in [
        "beforeScenario",
        "afterScenario",
        "processor",
        "plugins",
        "engines",
        "ensure",
        "environments",
    ] {
        if config.get(key).is_some() {
            reader.left.insert(format!("config.{key}"));
        }
    }
    for key in ["before", "after"] {
        if document.get(key).is_some() {
            reader.left.insert(key.to_owned());
        }
    }
    reader.variables(config);
    let mut draft = Draft {
        from: format!("From {}, a script of Artillery.", file.display()),
        base: match target.contains("://") {
            true if target.contains(BEGIN) || target.contains(END) => {
                reader
                    .left
                    .insert("config.target with a placeholder".to_owned());
                "${BASE_URL:-http://127.0.0.1:8080}".to_owned()
            }
            true => format!("${{BASE_URL:-{}}}", target.trim_end_matches('/')),
            // A variable alone, or none.
            false if target.starts_with('\u{e000}') => written(&target),
            false => "${BASE_URL:-http://127.0.0.1:8080}".to_owned(),
        },
        top: reader.top(config),
        load: phases::load(config, &mut reader.left),
        ..Draft::default()
    };
    let scenarios = document.get("scenarios").and_then(Value::as_array)?;
    let mut flows = Vec::new();
    for (at, scenario) in scenarios.iter().enumerate() {
        let name = scenario.get("name").and_then(Value::as_str);
        let name = name.map_or_else(|| format!("scenario {}", at + 1), plain);
        if let Some(engine) = scenario.get("engine").and_then(Value::as_str)
            && engine != "http"
        {
            reader
                .left
                .insert(format!("{name}, of the engine {}", plain(engine)));
            continue;
        }
        let taken = reader.flow(scenario.get("flow").unwrap_or(&Value::Null));
        if !taken.is_empty() {
            let weight = scenario.get("weight").and_then(Value::as_u64);
            flows.push((name, weight, taken));
        }
    }
    if flows.is_empty() {
        return None;
    }
    // Twice: a secret that a later request names is one in an earlier one, too.
    for (_, _, taken) in &flows {
        reader.steps(taken, &mut Vec::new());
    }
    let mut notes = Vec::new();
    for (name, weight, taken) in flows {
        let steps = reader.steps(&taken, &mut notes);
        draft.flows.push(Flow {
            name,
            weight,
            steps,
            ..Flow::default()
        });
    }
    draft.notes.extend(reader.notes());
    draft.notes.extend(notes);
    draft.notes.extend(reader.secrets.note());
    draft.values = reader.values;
    Some(draft)
}

/// A request, and what belongs to it here.
struct Taken {
    request: Recorded,
    name: Option<String>,
    more: Vec<String>,
    /// Seconds behind it.
    think: f64,
    repeat: u64,
}

#[derive(Default)]
struct Reader {
    takes_unsafe: bool,
    origin: Option<String>,
    values: Values,
    /// Names that a script knows without being told: what it captures, and its variables.
    known: BTreeMap<String, String>,
    /// Names that something sets that is not here.
    made_up: BTreeSet<String>,
    environment: BTreeSet<String>,
    secrets: Secrets,
    left: BTreeSet<String>,
    hosts: BTreeSet<String>,
    changing: usize,
}

impl Reader {
    fn notes(&self) -> Vec<String> {
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        let mut notes = Vec::new();
        if !self.left.is_empty() {
            notes.push(format!("Not carried over: {}.", list(&self.left)));
        }
        if !self.made_up.is_empty() {
            notes.push(format!(
                "Something that is not carried over sets {}: each stands in [values] as its own name; give it values that the service knows.",
                list(&self.made_up)
            ));
        }
        if self.changing > 0 {
            notes.push(format!(
                "Left out requests that may change something: {}. `perfgate init --unsafe-methods` takes them: point it at a service whose data may be lost.",
                self.changing
            ));
        }
        if self.takes_unsafe {
            notes.push("It may change data of the service, in every iteration.".to_owned());
        }
        if !self.hosts.is_empty() {
            notes.push(format!(
                "Left out requests to other hosts: {}.",
                list(&self.hosts)
            ));
        }
        if !self.environment.is_empty() {
            notes.push(format!(
                "Set these variables, as for Artillery: {}.",
                list(&self.environment)
            ));
        }
        notes
    }

    fn leave(&mut self, what: impl Into<String>) {
        self.left.insert(what.into());
    }

    fn variables(&mut self, config: &Value) {
        let of = config.get("variables").and_then(Value::as_object);
        for (name, value) in of.into_iter().flatten() {
            let several = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            let words = several
                .iter()
                .filter_map(scalar)
                .map(|word| plain(&word))
                .collect();
            let placeholder = self.values.placeholder(name, Generator::Choice(words));
            self.known.insert(name.clone(), inside(&placeholder));
        }
        let files = match config.get("payload") {
            Some(Value::Array(files)) => files.as_slice(),
            Some(file) => std::slice::from_ref(file),
            None => &[],
        };
        for file in files {
            let fields = file.get("fields").and_then(Value::as_array);
            let fields: Vec<&str> = fields
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let path = file
                .get("path")
                .and_then(Value::as_str)
                .unwrap_or("its file");
            self.left.insert(format!(
                "the rows of {} ([[data]] takes a CSV file whose first line is {})",
                plain(path),
                fields.join(",")
            ));
        }
    }

    fn top(&mut self, config: &Value) -> Vec<String> {
        let mut top = Vec::new();
        let http = config.get("http").unwrap_or(&Value::Null);
        let timeout = http.get("timeout").or_else(|| config.get("timeout"));
        if let Some(seconds) = timeout.and_then(seconds) {
            top.push(format!("timeout = \"{}\"", duration(seconds)));
        }
        if config.pointer("/tls/rejectUnauthorized") == Some(&Value::Bool(false)) {
            top.push("tls = { insecure = true }".to_owned());
        }
        let defaults = [
            config.pointer("/defaults/headers"),
            http.pointer("/defaults/headers"),
        ];
        let headers = defaults
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flatten();
        let headers: Vec<String> = headers
            .map(|(name, value)| {
                let value = self.text(value);
                let value = match name.eq_ignore_ascii_case("authorization") {
                    true => self.secrets.authorization(&value),
                    false => self.secrets.hidden(name, &value),
                };
                format!(
                    "{} = {}",
                    key(&name.to_ascii_lowercase()),
                    quoted(&placed(&written(&value)))
                )
            })
            .collect();
        if !headers.is_empty() {
            top.push(format!("headers = {{ {} }}", headers.join(", ")));
        }
        top
    }

    fn flow(&mut self, steps: &Value) -> Vec<Taken> {
        let mut taken: Vec<Taken> = Vec::new();
        for step in steps.as_array().into_iter().flatten() {
            let Some((action, about)) = step.as_object().and_then(|step| {
                step.iter().find(|(key, _)| {
                    key.as_str() != "count" && key.as_str() != "over" && key.as_str() != "whileTrue"
                })
            }) else {
                continue;
            };
            match action.as_str() {
                method if METHODS.contains(&method) => taken.extend(self.request(method, about)),
                "think" => match (seconds(about), taken.last_mut()) {
                    (Some(seconds), Some(last)) => last.think += seconds,
                    _ => self.leave("think before the first request"),
                },
                "loop" => {
                    let mut inside = self.flow(about);
                    let count = step.get("count").and_then(Value::as_u64);
                    match (inside.as_mut_slice(), count) {
                        ([one], Some(count)) if count > 0 => one.repeat = count,
                        _ => self.leave("a loop of several requests (they are asked once)"),
                    }
                    taken.append(&mut inside);
                }
                other => self.leave(plain(other)),
            }
        }
        taken
    }

    fn request(&mut self, method: &str, about: &Value) -> Option<Taken> {
        let method = method.to_ascii_uppercase();
        if is_unsafe(&method) && !self.takes_unsafe {
            self.changing += 1;
            return None;
        }
        let address = match about {
            Value::String(address) => self.text_of(address),
            about => self.text(about.get("url")?),
        };
        let origin = self
            .origin
            .clone()
            .unwrap_or_else(|| "http://target.invalid".to_owned());
        let mut url = match Url::parse(&address) {
            Ok(url) if Some(url.origin().ascii_serialization()) == self.origin => url,
            Ok(url) => {
                self.hosts
                    .insert(url.host_str().unwrap_or_default().to_owned());
                return None;
            }
            Err(_) => Url::parse(&origin).ok()?.join(&address).ok()?,
        };
        let fields = |reader: &mut Self, of: Option<&Value>| -> Vec<(String, String)> {
            let of = of.and_then(Value::as_object).into_iter().flatten();
            of.map(|(name, value)| (plain(name), reader.text(value)))
                .collect()
        };
        for (name, value) in fields(self, about.get("qs")) {
            url.query_pairs_mut().append_pair(&name, &value);
        }
        let mut headers = fields(self, about.get("headers"));
        let body = if let Some(document) = about.get("json") {
            Body::Json(self.document(document))
        } else if about.get("form").is_some() {
            Body::Form(fields(self, about.get("form")))
        } else if about.get("formData").is_some() {
            Body::Other("multipart/form-data".to_owned())
        } else {
            let text = about
                .get("body")
                .map(|body| self.text(body))
                .unwrap_or_default();
            let kind = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            Body::of_text(
                &text,
                &kind.map(|(_, kind)| kind.clone()).unwrap_or_default(),
            )
        };
        if let Some(cookies) = about.get("cookie").and_then(Value::as_object) {
            for name in cookies.keys() {
                self.left.insert(format!("the cookie {}", plain(name)));
            }
        }
        let mut more = Vec::new();
        if let Some(auth) = about.get("auth") {
            let user = auth
                .get("user")
                .map(|user| self.text(user))
                .unwrap_or_default();
            let password = auth
                .get("pass")
                .map(|pass| self.text(pass))
                .unwrap_or_default();
            headers.push(("authorization".to_owned(), String::new()));
            more.push((user, password));
        }
        let mut lines = self.captures(about);
        lines.extend(self.expectation(about));
        for key in [
            "beforeRequest",
            "afterResponse",
            "ifTrue",
            "match",
            "followRedirect",
        ] {
            if about.get(key).is_some() {
                self.left.insert(key.to_owned());
            }
        }
        headers.retain(|(_, value)| !value.is_empty());
        lines.extend(more.into_iter().map(|(user, password)| {
            let user = quoted(&placed(&written(&user)));
            let password = self.secrets.hidden("password", &password);
            format!(
                "auth = {{ user = {user}, password = {} }}",
                quoted(&placed(&written(&password)))
            )
        }));
        let name = about.get("name").and_then(Value::as_str).map(plain);
        Some(Taken {
            request: Recorded {
                method,
                url,
                headers,
                body,
            },
            name,
            more: lines,
            think: 0.0,
            repeat: 1,
        })
    }

    fn captures(&mut self, about: &Value) -> Vec<String> {
        let captures = match about.get("capture") {
            Some(Value::Array(captures)) => captures.as_slice(),
            Some(capture) => std::slice::from_ref(capture),
            None => return Vec::new(),
        };
        let mut written = Vec::new();
        for capture in captures {
            let Some(name) = capture.get("as").and_then(Value::as_str) else {
                continue;
            };
            let of = ["json", "header", "regexp"]
                .into_iter()
                .find_map(|kind| Some((kind, capture.get(kind)?.as_str()?)));
            let Some((kind, place)) = of else {
                self.left.insert(format!("the capture of {}", plain(name)));
                continue;
            };
            let kind = if kind == "regexp" { "regex" } else { kind };
            let own = self.own_name(name);
            written.push(format!("{own} = {{ {kind} = {} }}", quoted(&plain(place))));
            self.known.insert(name.to_owned(), own);
            self.made_up.remove(name);
        }
        match written.is_empty() {
            true => Vec::new(),
            false => vec![format!("capture = {{ {} }}", written.join(", "))],
        }
    }

    fn expectation(&mut self, about: &Value) -> Option<String> {
        let expected = match about.get("expect")? {
            Value::Array(expected) => expected.as_slice(),
            expected => std::slice::from_ref(expected),
        };
        let mut line = None;
        for expected in expected {
            for (kind, value) in expected.as_object().into_iter().flatten() {
                let status = |value: &Value| value.as_u64().filter(|s| (100..600).contains(s));
                match (kind.as_str(), value) {
                    ("statusCode", Value::Array(several))
                        if several.iter().all(|s| status(s).is_some()) =>
                    {
                        line = Some(format!(
                            "expect = {{ status = {} }}",
                            Value::from(several.clone())
                        ));
                    }
                    ("statusCode", one) if status(one).is_some() => {
                        line = Some(format!("expect = {{ status = {one} }}"));
                    }
                    _ => self.leave(format!("expect.{}", plain(kind))),
                }
            }
        }
        line
    }

    fn steps(&mut self, taken: &[Taken], notes: &mut Vec<String>) -> Vec<Step> {
        let requests: Vec<Recorded> = taken.iter().map(|taken| taken.request.clone()).collect();
        let mut steps = self.secrets.steps(&requests, notes);
        for (step, taken) in steps.iter_mut().zip(taken) {
            step.name.clone_from(&taken.name);
            step.path = placed(&step.path);
            for (_, value) in step.query.iter_mut().chain(&mut step.headers) {
                *value = placed(value);
            }
            for line in &mut step.more {
                *line = placed(line);
            }
            step.more.extend(taken.more.iter().cloned());
            if taken.repeat > 1 {
                step.more.push(format!("repeat = {}", taken.repeat));
            }
            if taken.think > 0.0 {
                step.more
                    .push(format!("think = \"{}\"", duration(taken.think)));
            }
        }
        for note in notes.iter_mut() {
            *note = placed(note);
        }
        steps
    }

    fn document(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text_of(text)),
            Value::Array(items) => items.iter().map(|item| self.document(item)).collect(),
            Value::Object(entries) => entries
                .iter()
                .map(|(key, value)| (plain(key), self.document(value)))
                .collect(),
            other => other.clone(),
        }
    }

    fn text(&mut self, value: &Value) -> String {
        scalar(value)
            .map(|text| self.text_of(&text))
            .unwrap_or_default()
    }

    /// A text with its placeholders marked.
    fn text_of(&mut self, text: &str) -> String {
        let text = plain(text);
        let mut whole = String::new();
        let mut rest = text.as_str();
        while let Some((before, behind)) = rest.split_once("{{") {
            let Some((name, after)) = behind.split_once("}}") else {
                break;
            };
            whole += before;
            whole += &self.placeholder(name.trim());
            rest = after;
        }
        whole + rest
    }

    fn placeholder(&mut self, name: &str) -> String {
        let environment = ["$processEnvironment.", "$env.", "$environment."];
        if let Some(name) = environment
            .iter()
            .find_map(|begin| name.strip_prefix(begin))
        {
            let name: String = name
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            self.environment.insert(name.clone());
            return variable(&name);
        }
        let (function, arguments) = name.split_once('(').unwrap_or((name, ""));
        let numbers: Vec<i64> = arguments
            .trim_end_matches(')')
            .split(',')
            .filter_map(|number| number.trim().parse().ok())
            .collect();
        let made = match (function.trim(), numbers.as_slice()) {
            ("$randomNumber", [low, high]) if low <= high => Some(Generator::Int(*low, *high)),
            ("$randomString", [length]) => u32::try_from(*length).ok().map(Generator::Text),
            ("$randomString", []) => Some(Generator::Text(10)),
            ("$uuid", _) => Some(Generator::Uuid),
            _ => None,
        };
        if let Some(generator) = made {
            let wanted = function
                .trim()
                .trim_start_matches('$')
                .trim_start_matches("random");
            let placeholder = self
                .values
                .placeholder(&wanted.to_ascii_lowercase(), generator);
            return format!("{BEGIN}{}{END}", inside(&placeholder));
        }
        if let Some(known) = self.known.get(name) {
            return format!("{BEGIN}{known}{END}");
        }
        self.made_up.insert(name.to_owned());
        let words = vec![plain(name)];
        let placeholder = self.values.placeholder(name, Generator::Choice(words));
        let own = inside(&placeholder);
        self.known.insert(name.to_owned(), own.clone());
        format!("{BEGIN}{own}{END}")
    }

    /// A name of a capture, as a scenario may have it.
    fn own_name(&self, name: &str) -> String {
        inside(&Values::default().placeholder(name, Generator::Uuid))
    }
}

fn inside(placeholder: &str) -> String {
    placeholder.trim_matches(['{', '}']).to_owned()
}

/// The marks of placeholders as a scenario writes them; in a path they may be percent-encoded by now.
fn placed(text: &str) -> String {
    text.replace("%EE%80%82", "{{")
        .replace("%EE%80%83", "}}")
        .replace(BEGIN, "{{")
        .replace(END, "}}")
}
