//! A step that is one request: its address, its headers, who asks, what it carries, and what is looked for in its answer.

use std::ops::Range;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use super::address::check_path;
use super::events::{self, accepts};
use super::keys::{BODIES, METHODS};
use super::multipart::multipart;
use super::step_file::{AuthFile, CaptureFile, ExpectFile, GraphqlFile, StepFile};
use super::surroundings::Reader;
use super::template::{Names, is_name};
use super::values::NAME_HINT;
use super::{Auth, Body, Call, Expect, Host};
use crate::load::template::{Extractor, Template, is_connection_header};
use crate::toml_file::{AnyValue, FalseOr, FilledText, FreeTable, Located, Problem, Table};

/// What holds for every step of the scenario.
#[derive(Clone)]
pub(super) struct General<'f> {
    pub(super) reader: &'f Reader<'f>,
    pub(super) names: Names,
    pub(super) hosts: &'f [Host],
    pub(super) seed: u64,
    /// Of a step that says no other.
    pub(super) timeout: Duration,
    pub(super) headers: Option<&'f FreeTable<String>>,
    pub(super) auth: Option<&'f Located<FalseOr<AuthFile>>>,
}

/// A key of a step, and the place of its value where it is there.
type Key<'f> = (&'static str, Option<&'f Range<usize>>);

impl StepFile {
    /// Each short form of a method with its path.
    fn methods(&self) -> [(&'static str, Option<&Located<FilledText>>); 7] {
        let paths = [
            &self.get,
            &self.post,
            &self.put,
            &self.patch,
            &self.delete,
            &self.head,
            &self.options,
        ];
        let mut paths = paths.into_iter();
        METHODS.map(|key| (key, paths.next().and_then(Option::as_ref)))
    }

    fn bodies(&self) -> [Key<'_>; 6] {
        let spans = [
            self.json.as_ref().map(Located::span),
            self.form.as_ref().map(Located::span),
            self.multipart.as_ref().map(Located::span),
            self.body.as_ref().map(Located::span),
            self.body_file.as_ref().map(Located::span),
            self.graphql.as_ref().map(Located::span),
        ];
        let mut spans = spans.into_iter();
        BODIES.map(|key| (key, spans.next().flatten()))
    }

    fn method_and_path(&self) -> [Key<'_>; 2] {
        [
            ("method", self.method.as_ref().map(Located::span)),
            ("path", self.path.as_ref().map(Located::span)),
        ]
    }

    /// The keys that only a request has a use for.
    pub(super) fn of_requests(&self) -> impl Iterator<Item = (&'static str, &Range<usize>)> {
        let methods = self.methods();
        let others = [
            ("query", self.query.as_ref().map(Located::span)),
            ("events", self.events.as_ref().map(Located::span)),
            ("expect", self.expect.as_ref().map(Located::span)),
            ("capture", self.capture.as_ref().map(Located::span)),
            ("until", self.until.as_ref().map(Located::span)),
        ];
        let methods = methods.map(|(key, path)| (key, path.map(Located::span)));
        let all = methods.into_iter().chain(self.method_and_path());
        all.chain(others)
            .chain(self.bodies())
            .filter_map(|(key, span)| Some((key, span?)))
    }
}

/// A call, and what its subject is called where nobody said.
pub(super) fn call(
    step: &Located<Table<StepFile>>,
    general: &General<'_>,
) -> Result<(Call, String), Problem> {
    let General { reader, names, .. } = general;
    let body = body(step, general)?;
    let (method, path) = target(step, &body)?;
    check_path(path, &reader.text(path)?)?;
    if let Some(graphql) = &step.graphql
        && method != Method::POST
    {
        let message = format!("`graphql` is sent by POST, not by {method}");
        return Err(Problem::at(graphql.span(), message));
    }
    let mut headers = all_headers(step, general, None)?;
    let events = match &step.events {
        Some(file) if method == Method::HEAD => {
            return Err(file.error("an answer to HEAD has none"));
        }
        Some(file) => {
            let timeout = step.timeout.map_or(general.timeout, |timeout| timeout.0);
            Some(events::events(file, (reader, names), timeout)?)
        }
        None => None,
    };
    if events.is_some() {
        accepts(&mut headers);
    }
    if let Some(multipart) = &step.multipart
        && headers.iter().any(|(name, _)| name == CONTENT_TYPE)
    {
        return Err(multipart
            .error("its content type has a boundary in it, and cannot be one of the `headers`")
            .hint("leave `content-type` out of the headers"));
    }
    let query = step.query.as_ref().map(|query| reader.pairs(query, names));
    let call = Call {
        path: reader.template(path, names)?,
        query: query.transpose()?.unwrap_or_default(),
        headers,
        auth: match asks(step, general)? {
            Some(auth) => self::auth(auth, reader, names)?,
            None => None,
        },
        body,
        events,
        expect: match &step.expect {
            Some(expect) => self::expect(expect, reader, names)?,
            None => Expect::default(),
        },
        captures: match &step.capture {
            Some(captures) => self::captures(captures, names)?,
            None => Vec::new(),
        },
        method: method.clone(),
    };
    Ok((call, format!("{method} {}", path.get().as_ref())))
}

/// The method and the path.
fn target<'f>(
    step: &'f Located<Table<StepFile>>,
    body: &Body,
) -> Result<(Method, &'f Located<FilledText>), Problem> {
    let methods = step.methods();
    let mut short = methods
        .iter()
        .filter_map(|(key, path)| Some((key, (*path)?)));
    let explicit = step.method_and_path();
    let mut explicit = explicit
        .iter()
        .filter_map(|(key, span)| Some((key, (*span)?)));
    match (short.next(), explicit.next(), short.next()) {
        (Some((key, path)), None, None) => {
            let method = parse_method(key).map_err(|why| path.error(why))?;
            Ok((method, path))
        }
        (Some((first, _)), Some((key, span)), _) => Err(Problem::at(
            span,
            format!("the step has `{first}` and also `{key}`"),
        )),
        (Some((first, _)), None, Some((second, path))) => Err(Problem::at(
            path.span(),
            format!("the step has `{first}` and also `{second}`"),
        )
        .hint("a step is one request; write a step for each")),
        (None, ..) => {
            let path = step.path.as_ref().ok_or_else(|| {
                step.error_here("the step has no path")
                    .hint("write it like get = \"/items\", or websocket = \"/ws\"")
            })?;
            let method = match &step.method {
                Some(method) => parse_method(method).map_err(|why| method.error(why))?,
                None if matches!(body, Body::Empty) => Method::GET,
                None => Method::POST,
            };
            Ok((method, path))
        }
    }
}

pub(super) fn parse_method(text: &str) -> Result<Method, String> {
    match Method::from_bytes(text.to_ascii_uppercase().as_bytes()) {
        Ok(Method::CONNECT) => Err("CONNECT is for proxies, and not for services".to_owned()),
        Ok(method) => Ok(method),
        Err(_) => Err(format!("`{text}` is no method; write it like PUT")),
    }
}

pub(super) type Headers = Vec<(HeaderName, Template)>;

/// Those of every request, where the step says no other, and its own. Between them stands the one that says who asks,
/// where a header says it.
pub(super) fn all_headers(
    step: &StepFile,
    general: &General<'_>,
    asks: Option<Headers>,
) -> Result<Headers, Problem> {
    let General { reader, names, .. } = general;
    let mut all = match general.headers {
        Some(table) => headers(table, reader, names)?,
        None => Vec::new(),
    };
    let own = match &step.headers {
        Some(table) => headers(table, reader, names)?,
        None => Vec::new(),
    };
    if step.auth.is_some() || asks.is_some() {
        all.retain(|(name, _)| name != AUTHORIZATION);
    }
    all.extend(asks.unwrap_or_default());
    all.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
    all.extend(own);
    Ok(all)
}

fn headers(
    table: &FreeTable<String>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Headers, Problem> {
    let mut headers: Headers = Vec::new();
    for (written, value) in table.entries() {
        let name = header_name(written).map_err(|why| value.error(why))?;
        if headers.iter().any(|(other, _)| *other == name) {
            return Err(value.error("it stands there twice; letter case makes no other header"));
        }
        check_header_value(&reader.text(value)?).map_err(|why| value.error(why))?;
        headers.push((name, reader.template(value, names)?));
    }
    Ok(headers)
}

pub(super) fn header_name(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| format!("`{text}` is no name of a header"))?;
    if is_connection_header(&name) {
        return Err(format!(
            "the header `{name}` belongs to the connection, which perfgate keeps itself"
        ));
    }
    Ok(name)
}

pub(super) fn check_header_value(text: &str) -> Result<(), String> {
    match HeaderValue::from_str(text) {
        Ok(_) => Ok(()),
        Err(_) => Err("a header cannot hold line ends and control characters".to_owned()),
    }
}

/// What a step says of who asks, or what holds for all; a header of its own says it, too.
pub(super) fn asks<'f>(
    step: &'f StepFile,
    general: &General<'f>,
) -> Result<Option<&'f Located<FalseOr<AuthFile>>>, Problem> {
    let own = step.headers.iter().flat_map(|headers| headers.entries());
    let mut own = own.filter(|(name, _)| AUTHORIZATION.as_str().eq_ignore_ascii_case(name));
    match (&step.auth, own.next()) {
        (Some(_), Some((_, header))) => {
            let message = "the step has `auth` and an `authorization` header";
            Err(header.error(message))
        }
        (Some(auth), None) => Ok(Some(auth)),
        (None, Some(_)) => Ok(None),
        (None, None) => Ok(general.auth),
    }
}

/// Nobody, where `false` takes back what holds for all.
pub(super) fn auth(
    auth: &Located<FalseOr<AuthFile>>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Option<Auth>, Problem> {
    let FalseOr::Value(file) = auth.get() else {
        return Ok(None);
    };
    match (&file.bearer, &file.user, &file.password) {
        (Some(bearer), None, None) => Ok(Some(Auth::Bearer(reader.template(bearer, names)?))),
        (None, Some(user), Some(password)) => Ok(Some(Auth::Basic {
            user: reader.template(user, names)?,
            password: reader.template(password, names)?,
        })),
        _ => Err(auth
            .error("expected `bearer`, or `user` and `password`")
            .hint("write it like auth = { bearer = \"${TOKEN}\" }")),
    }
}

fn body(step: &StepFile, general: &General<'_>) -> Result<Body, Problem> {
    let General { reader, names, .. } = general;
    let bodies = step.bodies();
    let mut given = bodies
        .iter()
        .filter_map(|(key, span)| Some((key, (*span)?)));
    if let (Some((first, _)), Some((second, span))) = (given.next(), given.next()) {
        return Err(Problem::at(
            span,
            format!("the step has `{first}` and also `{second}`"),
        ));
    }
    if let Some(json) = &step.json {
        if !matches!(json.get(), AnyValue::Table(_) | AnyValue::List(_)) {
            return Err(json
                .error("expected a table or a list")
                .hint("write json = { name = \"x\" }; a text of your own is a `body`"));
        }
        let document = document(json, &|at, text| reader.expanded(at, text))?;
        return Ok(Body::Json(reader.json(json, &document, names)?));
    }
    if let Some(form) = &step.form {
        return Ok(Body::Form(reader.pairs(form, names)?));
    }
    if let Some(parts) = &step.multipart {
        let parts = multipart(parts, (reader, names), general.seed)?;
        return Ok(Body::Multipart(parts));
    }
    if let Some(body) = &step.body {
        return Ok(Body::Text(reader.template(body, names)?));
    }
    if let Some(file) = &step.body_file {
        return Ok(Body::Bytes(reader.file(file)?.into()));
    }
    match &step.graphql {
        Some(query) => graphql(query, reader, names),
        None => Ok(Body::Empty),
    }
}

/// A POST of `query` and `variables`, as every GraphQL service takes it.
fn graphql(
    file: &Located<Table<GraphqlFile>>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Body, Problem> {
    let mut fields = Map::new();
    fields.insert("query".to_owned(), Value::from(reader.text(&file.query)?));
    if let Some(operation) = &file.operation {
        let name = Value::from(reader.text(operation)?);
        fields.insert("operationName".to_owned(), name);
    }
    if let Some(variables) = &file.variables {
        if !matches!(variables.get(), AnyValue::Table(_)) {
            return Err(variables.error("expected a table"));
        }
        let values = document(variables, &|at, text| reader.expanded(at, text))?;
        fields.insert("variables".to_owned(), values);
    }
    Ok(Body::Json(reader.json(
        file,
        &Value::Object(fields),
        names,
    )?))
}

/// What makes a text of the file complete.
type Complete<'c> = dyn Fn(&Located<AnyValue>, &str) -> Result<String, Problem> + 'c;

/// A value of the file as JSON.
fn document(value: &Located<AnyValue>, complete: &Complete<'_>) -> Result<Value, Problem> {
    Ok(match value.get() {
        AnyValue::Text(text) => Value::from(complete(value, text)?),
        AnyValue::Time(time) => Value::from(time.clone()),
        AnyValue::Flag(flag) => Value::from(*flag),
        AnyValue::Whole(number) => Value::from(*number),
        AnyValue::Float(number) => Value::from(*number),
        AnyValue::List(entries) => {
            let values = entries.iter().map(|entry| document(entry, complete));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        AnyValue::Table(table) => {
            let fields = table
                .entries()
                .map(|(name, entry)| Ok((name.to_owned(), document(entry, complete)?)));
            Value::Object(fields.collect::<Result<_, _>>()?)
        }
    })
}

fn expect(file: &ExpectFile, reader: &Reader<'_>, names: &Names) -> Result<Expect, Problem> {
    let mut expect = Expect::default();
    if let Some(status) = &file.status {
        if status.entries().is_empty() {
            return Err(status.error("no status would be a success"));
        }
        expect.status = status
            .entries()
            .iter()
            .filter_map(|code| code.to())
            .collect();
    }
    for text in file.contains.iter().flat_map(|texts| texts.entries()) {
        expect.contains.push(reader.template(text, names)?);
    }
    for text in file.not_contains.iter().flat_map(|texts| texts.entries()) {
        expect.not_contains.push(reader.template(text, names)?);
    }
    for (name, wanted) in file.headers.iter().flat_map(|table| table.entries()) {
        let place = Extractor::header(name).map_err(|why| wanted.error(why))?;
        let wanted = reader.template(wanted, names)?;
        expect.headers.push((place, wanted));
    }
    expect.size = match file.size.as_ref().map(|size| (size, size.entries())) {
        None => None,
        Some((_, [only])) => Some((only.get().get(), only.get().get())),
        Some((_, [low, high])) if low.get().get() <= high.get().get() => {
            Some((low.get().get(), high.get().get()))
        }
        Some((size, _)) => {
            return Err(
                size.error("expected a number of bytes, or the least and the most, like [1, 5000]")
            );
        }
    };
    expect.within = file.within.map(|within| within.0);
    expect.no_errors = file.no_errors;
    for path in file.absent.iter().flat_map(|paths| paths.entries()) {
        expect.absent.push(json_path(path, path.get().as_ref())?);
    }
    for (path, wanted) in file.json.iter().flat_map(|table| table.entries()) {
        let path = json_path(wanted, path)?;
        let document = document(wanted, &|_, text| Ok(text.to_owned()))?;
        match document.to_string().contains("{{") {
            true => expect
                .json_of
                .push((path, reader.json(wanted, &document, names)?)),
            false => expect.json.push((path, document)),
        }
    }
    Ok(expect)
}

fn captures(
    table: &FreeTable<CaptureFile>,
    names: &Names,
) -> Result<Vec<(String, Extractor)>, Problem> {
    let mut captures = Vec::new();
    for (name, capture) in table.entries() {
        if !is_name(name) {
            return Err(capture.error("it is no name for a value").hint(NAME_HINT));
        }
        if names.is_made(name) {
            return Err(capture.error(format!("[values] makes a `{name}` already")));
        }
        captures.push((name.to_owned(), probe(capture)?));
    }
    Ok(captures)
}

fn probe(file: &CaptureFile) -> Result<Extractor, Problem> {
    match file {
        CaptureFile::Json(path) => json_path(path, path),
        CaptureFile::Header(name) => Extractor::header(name).map_err(|why| name.error(why)),
        CaptureFile::Regex(regex) => Extractor::regex(regex).map_err(|why| {
            regex
                .error(why)
                .hint("in single quotes, backslashes stay as they are: '(\\d+)'")
        }),
    }
}

fn json_path<T>(at: &Located<T>, text: &str) -> Result<Extractor, Problem> {
    Extractor::json(text).map_err(|why| at.error(why).hint("it begins with $: $.items[0].id"))
}
