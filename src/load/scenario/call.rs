//! A step that is one request.

use http::Method;

use crate::toml_file::{Form, FormError, Node};

use super::base::check_path;
use super::headers::{self, headers};
use super::steps::General;
use super::{Body, Call, auth, body, checks};

/// Each is a method with the path as its value: `get = "/items"`.
pub(super) const SHORT: [(&str, Method); 7] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
    ("head", Method::HEAD),
    ("options", Method::OPTIONS),
];

/// A call, and what its subject is called where nobody said.
pub(super) fn call(
    step: &Form<'_>,
    general: &General<'_, '_>,
) -> Result<(Call, String), FormError> {
    let General { reader, names, .. } = general;
    let body = body::body(step, reader, names)?;
    let (method, path) = target(step, &body)?;
    let written = path.text()?;
    check_path(&path, &reader.expanded(&path, written)?)?;
    if step.has("graphql") && method != Method::POST {
        return Err(step.error_at(
            "graphql",
            format!("`graphql` is sent by POST, not by {method}"),
        ));
    }
    let mut all = match &general.headers {
        Some(node) => headers(node, reader, names)?,
        None => Vec::new(),
    };
    let mut general_auth = general.auth.as_ref();
    if let Some(node) = step.node("headers") {
        let own = headers(&node, reader, names)?;
        if own
            .iter()
            .any(|(name, _)| name == http::header::AUTHORIZATION)
        {
            if step.has("auth") {
                return Err(node.error("the step has `auth` and an `authorization` header"));
            }
            general_auth = None;
        }
        all = headers::with(all, own);
    }
    if step.has("auth") {
        all.retain(|(name, _)| name != http::header::AUTHORIZATION);
    }
    let call = Call {
        path: reader.template(&path, names)?,
        query: match step.node("query") {
            Some(node) => reader.pairs(&node, names)?,
            None => Vec::new(),
        },
        headers: all,
        auth: auth::auth(general_auth, step.node("auth").as_ref(), reader, names)?,
        body,
        expect: checks::expect(step, reader, names)?,
        captures: checks::captures(step, names)?,
        method: method.clone(),
    };
    Ok((call, format!("{method} {written}")))
}

/// The method and the place of the path.
fn target<'t>(step: &Form<'t>, body: &Body) -> Result<(Method, Node<'t>), FormError> {
    let short: Vec<(Node<'t>, &Method)> = SHORT
        .iter()
        .filter_map(|(key, method)| Some((step.node(key)?, method)))
        .collect();
    let explicit = ["method", "path"].iter().find(|key| step.has(key));
    match (short.as_slice(), explicit) {
        ([(node, method)], None) => Ok(((*method).clone(), node.clone())),
        ([(node, _), ..], Some(key)) => {
            let message = format!("the step has `{}` and also `{key}`", node.label());
            Err(step.error_at(key, message))
        }
        ([(first, _), (second, _), ..], None) => {
            let message = format!(
                "the step has `{}` and also `{}`",
                first.label(),
                second.label()
            );
            Err(step
                .error_at(second.label(), message)
                .hint("a step is one request; write a step for each"))
        }
        ([], _) => {
            let Some(path) = step.node("path") else {
                return Err(step
                    .error(format!("a step of {} has no path", step.title()))
                    .hint("write it like get = \"/items\", or websocket = \"/ws\""));
            };
            let method = match step.node("method") {
                Some(node) => method(&node)?,
                None if matches!(body, Body::Empty) => Method::GET,
                None => Method::POST,
            };
            Ok((method, path))
        }
    }
}

fn method(node: &Node<'_>) -> Result<Method, FormError> {
    parse_method(node.text()?).map_err(|why| node.error(why))
}

pub(super) fn parse_method(text: &str) -> Result<Method, String> {
    match Method::from_bytes(text.to_ascii_uppercase().as_bytes()) {
        Ok(Method::CONNECT) => Err("CONNECT is for proxies, and not for services".to_owned()),
        Ok(method) => Ok(method),
        Err(_) => Err(format!("`{text}` is no method; write it like PUT")),
    }
}
