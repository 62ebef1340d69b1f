//! A step that is a conversation over a WebSocket.

use std::num::NonZeroUsize;

use crate::toml_file::{Form, FormError, Node};

use super::auth::as_header;
use super::base::check_path;
use super::headers::{self, headers};
use super::steps::General;
use super::{Message, Socket};

const MESSAGE_KEYS: [&str; 3] = ["send", "await", "times"];

/// Keys of a step that a WebSocket has a use for.
const USEFUL: [&str; 7] = [
    "name",
    "websocket",
    "messages",
    "headers",
    "auth",
    "timeout",
    "think",
];

/// A conversation, and what its subject is called where nobody said.
pub(super) fn socket(
    step: &Form<'_>,
    path: &Node<'_>,
    general: &General<'_, '_>,
) -> Result<(Socket, String), FormError> {
    let General { reader, names, .. } = general;
    if let Some(key) = step.keys().find(|key| !USEFUL.contains(key)) {
        return Err(step
            .error_at(key, format!("the step has `websocket` and also `{key}`"))
            .hint(format!("a WebSocket takes {}", USEFUL.join(", "))));
    }
    let written = path.text()?;
    check_path(path, &reader.expanded(path, written)?)?;
    let mut all = Vec::new();
    if let Some(node) = &general.headers {
        all = headers(node, reader, names)?;
    }
    let own = match step.node("headers") {
        Some(node) => headers(&node, reader, names)?,
        None => Vec::new(),
    };
    let has_own = own
        .iter()
        .any(|(name, _)| name == http::header::AUTHORIZATION);
    let auth = step.node("auth");
    if has_own && let Some(auth) = &auth {
        return Err(auth.error("the step has `auth` and an `authorization` header"));
    }
    let general_auth = general.auth.clone().filter(|_| !has_own);
    if let Some(node) = auth.or(general_auth) {
        let header = as_header(&node, reader, names)?.unwrap_or_default();
        all.retain(|(name, _)| name != http::header::AUTHORIZATION);
        all.extend(header);
    }
    let socket = Socket {
        path: reader.template(path, names)?,
        headers: headers::with(all, own),
        messages: messages(step, path, general)?,
    };
    Ok((socket, format!("WS {written}")))
}

fn messages(
    step: &Form<'_>,
    path: &Node<'_>,
    general: &General<'_, '_>,
) -> Result<Vec<Message>, FormError> {
    let forms = step.tables("messages", "a list of tables", &MESSAGE_KEYS)?;
    if forms.is_empty() {
        return Err(path
            .error("there are no `messages`, so there is no round trip to measure")
            .hint("write messages = [{ send = \"ping\", await = \"pong\" }]"));
    }
    forms.iter().map(|form| message(form, general)).collect()
}

fn message(form: &Form<'_>, general: &General<'_, '_>) -> Result<Message, FormError> {
    let General { reader, names, .. } = general;
    let send = form
        .node("send")
        .ok_or_else(|| form.error("a message has no `send`"))?;
    let awaits = match form.node("await") {
        Some(node) => {
            node.text()?;
            Some(reader.template(&node, names)?)
        }
        None => None,
    };
    let times = match form.node("times") {
        Some(node) => node.whole(1..=1_000_000_usize)?,
        None => 1,
    };
    Ok(Message {
        send: reader.template(&send, names)?,
        awaits,
        times: NonZeroUsize::new(times).unwrap_or(NonZeroUsize::MIN),
    })
}
