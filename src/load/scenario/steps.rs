//! The steps of a flow, in order: each may use what those before it captured.

use crate::toml_file::{Form, FormError, Node};

use super::call::call;
use super::names::Names;
use super::reader::{Reader, pause, some_time};
use super::socket::socket;
use super::{Action, Pause, Step};

pub(super) const KEYS: [&str; 24] = [
    "name",
    "method",
    "path",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "query",
    "headers",
    "auth",
    "json",
    "form",
    "body",
    "body_file",
    "graphql",
    "expect",
    "capture",
    "timeout",
    "think",
    "websocket",
    "messages",
];

/// Subjects of a run that no step can have.
pub(super) const RESERVED: [&str; 2] = ["total", "generator"];

/// What holds for every step of the scenario.
pub(super) struct General<'g, 't> {
    pub(super) reader: &'g Reader<'g>,
    pub(super) names: Names,
    pub(super) headers: Option<Node<'t>>,
    pub(super) auth: Option<Node<'t>>,
}

pub(super) fn steps(
    forms: &[Form<'_>],
    general: &mut General<'_, '_>,
    think: Pause,
) -> Result<Vec<Step>, FormError> {
    forms
        .iter()
        .map(|form| {
            let step = step(form, general, think)?;
            if let Action::Call(call) = &step.action {
                for (name, _) in &call.captures {
                    general.names.learn(name);
                }
            }
            Ok(step)
        })
        .collect()
}

fn step(form: &Form<'_>, general: &General<'_, '_>, think: Pause) -> Result<Step, FormError> {
    let (action, usual) = match form.node("websocket") {
        Some(path) => {
            let (socket, usual) = socket(form, &path, general)?;
            (Action::Socket(Box::new(socket)), usual)
        }
        None => {
            if let Some(messages) = form.node("messages") {
                return Err(messages.error("messages are for a step with `websocket`"));
            }
            let (call, usual) = call(form, general)?;
            (Action::Call(Box::new(call)), usual)
        }
    };
    let subject = match form.node("name") {
        Some(name) => subject(&name)?,
        None => usual,
    };
    Ok(Step {
        subject,
        action,
        timeout: match form.node("timeout") {
            Some(node) => Some(some_time(&node)?),
            None => None,
        },
        think: match form.node("think") {
            Some(node) => pause(&node)?,
            None => think,
        },
    })
}

/// A name that stands in reports.
pub(super) fn subject(node: &Node<'_>) -> Result<String, FormError> {
    let name = node.text()?.trim();
    if name.chars().any(char::is_control) {
        return Err(node.error("a name is one line of text"));
    }
    if RESERVED.contains(&name) {
        return Err(node.error(format!("`{name}` is a subject of perfgate's own")));
    }
    Ok(name.to_owned())
}
