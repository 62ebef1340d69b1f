//! A description of an interface (OpenAPI 3, Swagger 2) as a first scenario: one flow for each operation that changes
//! nothing, with the data that the document itself gives.

use std::path::Path;

use serde_json::Value;
use url::Url;

use super::draft::{Draft, Flow, Generator, Step, literal, path_text};
use super::load_tools::HERE;
use super::yaml::scalar;

/// A reference that leads to another, and so on, leads nowhere.
const MOST_REFERENCES: usize = 16;
/// More flows than these make a load that says little of any of them.
const MOST_OPERATIONS: usize = 60;

/// Whether a document is one.
pub(super) fn is_description(document: &Value) -> bool {
    let names = ["openapi", "swagger"];
    document.get("paths").is_some_and(Value::is_object)
        && names.iter().any(|name| document.get(name).is_some())
}

/// The scenario of a document; `base` is where the service is, if anybody said.
pub(super) fn draft(document: &Value, file: &Path, base: Option<&str>) -> Draft {
    let mut draft = Draft {
        from: format!(
            "From {}: one flow for each operation that changes nothing.",
            file.display()
        ),
        ..Draft::default()
    };
    place(document, base, &mut draft);
    security(document, &mut draft);
    let mut deprecated = 0_usize;
    let mut more = 0_usize;
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.into_iter().flatten();
    for (path, item) in paths.filter(|(path, _)| path.starts_with('/')) {
        let item = resolved(document, item);
        for method in ["get", "head"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            if operation.get("deprecated").and_then(Value::as_bool) == Some(true) {
                deprecated += 1;
            } else if draft.flows.len() >= MOST_OPERATIONS {
                more += 1;
            } else {
                let place = Operation {
                    document,
                    method,
                    path,
                    item,
                    operation,
                };
                let flow = place.flow(&mut draft);
                draft.flows.push(flow);
            }
        }
    }
    if deprecated > 0 {
        draft
            .notes
            .push(format!("Left out as deprecated: {deprecated}."));
    }
    if more > 0 {
        draft.notes.push(format!(
            "Left out, for so many say little of each: {more} more."
        ));
    }
    let made_up = draft.flows.iter().filter(|flow| flow.is_off).count();
    if made_up == draft.flows.len() && made_up > 0 {
        draft.notes.push(
            "The document has no example for what these ask for: put values into [values] that exist, or all of them fail.".to_owned(),
        );
    } else if made_up > 0 {
        draft.notes.push(format!(
            "{made_up} of {} flows have weight 0 and are not taken: the document has no example for what they ask for.",
            draft.flows.len()
        ));
    }
    draft
}

/// Nobody loads the servers of a document by accident: what is far is only named.
fn place(document: &Value, base: Option<&str>, draft: &mut Draft) {
    let servers = servers(document);
    let whole = |server: &String| Url::parse(server).ok().filter(|url| url.has_host());
    let near = servers.iter().filter_map(whole).find(|url| {
        matches!(
            url.host_str(),
            Some("localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]")
        )
    });
    let first = servers.first();
    let prefix = match first.map(|server| whole(server).ok_or(server)) {
        Some(Ok(url)) => url.path().to_owned(),
        Some(Err(relative)) if relative.starts_with('/') => relative.clone(),
        _ => String::new(),
    };
    let prefix = prefix.trim_end_matches('/');
    let near = near.map(|url| url.as_str().replace("0.0.0.0", "127.0.0.1"));
    let is_near = base.is_some() || near.is_some();
    let place = match (base, near) {
        (Some(base), _) => format!("{}{prefix}", base.trim_end_matches('/')),
        (None, Some(near)) => near.trim_end_matches('/').to_owned(),
        (None, None) => format!("{HERE}{prefix}"),
    };
    if !is_near && let Some(far) = servers.iter().filter_map(whole).next() {
        draft.notes.push(format!(
            "The document names {}; only this machine and private addresses are loaded, unless --allow-remote says otherwise.",
            literal(far.as_str())
        ));
    }
    draft.base = format!("${{BASE_URL:-{place}}}");
}

fn servers(document: &Value) -> Vec<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if document.get("swagger").is_some() {
        let path = text(document.get("basePath")).unwrap_or_default();
        let Some(host) = text(document.get("host")) else {
            return vec![path];
        };
        let schemes = document.get("schemes").and_then(Value::as_array);
        let scheme = text(schemes.and_then(|schemes| schemes.first()));
        return vec![format!(
            "{}://{host}{path}",
            scheme.as_deref().unwrap_or("http")
        )];
    }
    let servers = document.get("servers").and_then(Value::as_array);
    let filled = |server: &Value| {
        let mut url = text(server.get("url"))?;
        let variables = server.get("variables").and_then(Value::as_object);
        for (name, variable) in variables.into_iter().flatten() {
            let value = variable.get("default").and_then(scalar).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), &value);
        }
        Some(url)
    };
    servers.into_iter().flatten().filter_map(filled).collect()
}

/// Who asks is not in the document: the line is there, without its mark nothing of it holds.
fn security(document: &Value, draft: &mut Draft) {
    let of_three = document.pointer("/components/securitySchemes");
    let schemes = of_three
        .or_else(|| document.get("securityDefinitions"))
        .and_then(Value::as_object);
    let mut lines = Vec::new();
    for scheme in schemes
        .into_iter()
        .flatten()
        .map(|(_, scheme)| resolved(document, scheme))
    {
        let word = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        let line = match (word("type"), word("scheme"), word("in")) {
            ("http", "basic", _) | ("basic", _, _) => {
                "# auth = { user = \"${API_USER}\", password = \"${API_PASSWORD}\" }".to_owned()
            }
            ("http" | "oauth2" | "openIdConnect", _, _) => {
                "# auth = { bearer = \"${API_TOKEN}\" }".to_owned()
            }
            ("apiKey", _, "header") => {
                let name = super::draft::key(word("name"));
                format!("# headers = {{ {name} = \"${{API_KEY}}\" }}")
            }
            _ => continue,
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if !lines.is_empty() {
        draft.top.push("# The document asks for credentials: take the mark away, and set the variable where it runs.".to_owned());
        draft.top.extend(
            lines
                .into_iter()
                .map(|line| crate::text::sanitize::inline(&line)),
        );
    }
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let mut value = value;
    for _ in 0..MOST_REFERENCES {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            break;
        };
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| document.pointer(pointer));
        match target {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

struct Operation<'d> {
    document: &'d Value,
    method: &'static str,
    path: &'d str,
    item: &'d Value,
    operation: &'d Value,
}

/// What stands for a parameter.
enum Data {
    /// Said by the document.
    Given(Generator),
    /// Anything of the kind will do.
    Any(Generator),
    /// It has to exist, and nobody said what does.
    MadeUp(Generator),
}

impl Operation<'_> {
    fn flow(&self, draft: &mut Draft) -> Flow {
        let shown = format!("{} {}", self.method.to_ascii_uppercase(), self.path);
        let shown = crate::text::sanitize::inline(&shown);
        let mut flow = Flow {
            name: shown.clone(),
            ..Flow::default()
        };
        let mut step = Step {
            method: self.method.to_owned(),
            ..Step::default()
        };
        let mut path = literal(self.path);
        let parameters = self.parameters();
        let of_path = names_in(self.path);
        for name in &of_path {
            let parameter = parameters
                .iter()
                .find(|one| word(one, "in") == "path" && word(one, "name") == *name);
            let data = parameter.map_or_else(|| made_up("string"), |one| self.data(one));
            let generator = told(&mut flow, name, data, true);
            path = path.replace(
                &format!("{{{name}}}"),
                &draft.values.placeholder(name, generator),
            );
        }
        if !of_path.is_empty() {
            step.name = Some(shown);
        }
        step.path = path_text(&path);
        for parameter in &parameters {
            let (name, place) = (word(parameter, "name"), word(parameter, "in"));
            let required = parameter.get("required").and_then(Value::as_bool) == Some(true);
            let data = self.data(parameter);
            let wanted = required || matches!(data, Data::Given(_));
            if !wanted || !matches!(place, "query" | "header") {
                continue;
            }
            // These are said by the scenario itself, or by the wire.
            let own = [
                "accept",
                "authorization",
                "content-type",
                "content-length",
                "host",
                "connection",
                "cookie",
            ];
            if place == "header" && own.contains(&name.to_ascii_lowercase().as_str()) {
                continue;
            }
            let value = match told(&mut flow, name, data, false) {
                Generator::Choice(words) if words.len() == 1 => {
                    literal(words.first().map_or("", String::as_str))
                }
                several => draft.values.placeholder(name, several),
            };
            match place {
                "query" => step.query.push((name.to_owned(), value)),
                _ => step.headers.push((name.to_owned(), value)),
            }
        }
        flow.steps.push(step);
        flow
    }

    /// Those of the operation before those of its path.
    fn parameters(&self) -> Vec<&Value> {
        let mut all: Vec<&Value> = Vec::new();
        for from in [self.operation, self.item] {
            let list = from.get("parameters").and_then(Value::as_array);
            for parameter in list
                .into_iter()
                .flatten()
                .map(|one| resolved(self.document, one))
            {
                let is_known = all.iter().any(|known| {
                    word(known, "name") == word(parameter, "name")
                        && word(known, "in") == word(parameter, "in")
                });
                if !is_known {
                    all.push(parameter);
                }
            }
        }
        all
    }

    fn data(&self, parameter: &Value) -> Data {
        // Of Swagger 2 the schema is the parameter itself.
        let schema = parameter
            .get("schema")
            .map_or(parameter, |schema| resolved(self.document, schema));
        let items = schema
            .get("items")
            .map(|items| resolved(self.document, items));
        let place = word(parameter, "in");
        for from in [Some(parameter), Some(schema), items].into_iter().flatten() {
            if let Some(words) = examples(self.document, from) {
                return Data::Given(Generator::Choice(words));
            }
        }
        let of = items.unwrap_or(schema);
        let kind = match of.get("type") {
            Some(Value::Array(kinds)) => kinds
                .iter()
                .filter_map(Value::as_str)
                .find(|kind| *kind != "null"),
            kind => kind.and_then(Value::as_str),
        };
        let kind = kind.unwrap_or("string");
        let end = |key: &str| of.get(key).and_then(Value::as_i64);
        if place != "path" {
            match (kind, end("minimum"), end("maximum")) {
                ("integer" | "number", Some(low), Some(high)) if low <= high => {
                    return Data::Any(Generator::Int(low, high));
                }
                ("integer" | "number", low, _) => {
                    return Data::Any(Generator::Choice(vec![low.unwrap_or(1).to_string()]));
                }
                ("boolean", _, _) => return Data::Any(Generator::Choice(vec!["true".to_owned()])),
                _ => {}
            }
        }
        match of.get("format").and_then(Value::as_str) {
            Some(format) => made_up(format),
            None => made_up(kind),
        }
    }
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What a document says of values, in the order of how sure it is that they exist.
fn examples(document: &Value, from: &Value) -> Option<Vec<String>> {
    let one = |key: &str| {
        from.get(key).and_then(|value| match value {
            Value::Array(entries) => entries.first().and_then(scalar),
            value => scalar(value),
        })
    };
    let several = match from.get("examples") {
        Some(Value::Array(entries)) => entries.iter().filter_map(scalar).collect(),
        Some(Value::Object(entries)) => {
            let values = entries.values().map(|entry| resolved(document, entry));
            values
                .filter_map(|entry| entry.get("value").and_then(scalar))
                .collect()
        }
        _ => Vec::new(),
    };
    let list = |key: &str| {
        let entries = from.get(key).and_then(Value::as_array);
        let words: Vec<String> = entries.into_iter().flatten().filter_map(scalar).collect();
        (!words.is_empty()).then_some(words)
    };
    one("example")
        .or_else(|| one("x-example"))
        .map(|word| vec![word])
        .or_else(|| Some(several).filter(|words| !words.is_empty()))
        .or_else(|| list("enum"))
        .or_else(|| {
            one("const")
                .or_else(|| one("default"))
                .map(|word| vec![word])
        })
}

fn made_up(kind: &str) -> Data {
    let text = match kind {
        "integer" | "number" | "int32" | "int64" | "float" | "double" => "1",
        "boolean" => "true",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "date" => "2024-01-01",
        "date-time" => "2024-01-01T00:00:00Z",
        _ => "example",
    };
    Data::MadeUp(Generator::Choice(vec![text.to_owned()]))
}

/// What is made up is told, and switches the flow off.
fn told(flow: &mut Flow, name: &str, data: Data, in_path: bool) -> Generator {
    match data {
        Data::Given(generator) | Data::Any(generator) => generator,
        Data::MadeUp(generator) => {
            let place = if in_path { "in [values]" } else { "below" };
            flow.is_off = true;
            flow.notes.push(format!(
                "The document has no example of `{name}`: put one that exists {place}, then set the weight to 1."
            ));
            generator
        }
    }
}

/// `{id}` in a path.
fn names_in(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((_, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else {
            break;
        };
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    names
}
