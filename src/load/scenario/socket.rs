//! A step that is a conversation over a WebSocket.

use std::num::NonZeroUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;

use super::address::check_path;
use super::call::{General, Headers, all_headers, asks, auth};
use super::keys::OF_SOCKETS;
use super::step_file::{AuthFile, MessageFile, StepFile};
use super::{Auth, Message, Socket};
use crate::load::template::Template;
use crate::toml_file::{FalseOr, FilledText, Located, Problem};

/// A conversation, and what its subject is called where nobody said.
pub(super) fn socket(
    step: &StepFile,
    path: &Located<FilledText>,
    general: &General<'_>,
) -> Result<(Socket, String), Problem> {
    if let Some((key, span)) = step.of_requests().next() {
        let message = format!("the step has `websocket` and also `{key}`");
        let hint = format!("a WebSocket takes {}", OF_SOCKETS.join(", "));
        return Err(Problem::at(span, message).hint(hint));
    }
    let General { reader, names, .. } = general;
    check_path(path, &reader.text(path)?)?;
    let asks = asks(step, general)?.map(|asks| as_header(asks, general));
    let messages = step.messages.as_deref().unwrap_or_default();
    if messages.is_empty() {
        return Err(path
            .error("there are no `messages`, so there is no round trip to measure")
            .hint("write messages = [{ send = \"ping\", await = \"pong\" }]"));
    }
    let messages = messages.iter().map(|file| message(file, general));
    let socket = Socket {
        path: reader.template(path, names)?,
        headers: all_headers(step, general, asks.transpose()?)?,
        messages: messages.collect::<Result<_, _>>()?,
    };
    Ok((socket, format!("WS {}", path.get().as_ref())))
}

/// Who asks, as the header of the upgrade.
fn as_header(asks: &Located<FalseOr<AuthFile>>, general: &General<'_>) -> Result<Headers, Problem> {
    let General { reader, names, .. } = general;
    let (Some(auth), FalseOr::Value(file)) = (auth(asks, reader, names)?, asks.get()) else {
        return Ok(Vec::new());
    };
    let header = match auth {
        Auth::Bearer(_) => {
            let token = file
                .bearer
                .as_ref()
                .map_or("", |token| token.get().as_ref());
            reader.template_of(asks, &format!("Bearer {token}"), names)?
        }
        Auth::Basic { user, password } => {
            if user.names().chain(password.names()).next().is_some() {
                return Err(asks
                    .error("a WebSocket takes a user and a password without placeholders")
                    .hint("send an `authorization` header of your own"));
            }
            let part = |text: &Option<Located<String>>| match text {
                Some(text) => reader.text(text),
                None => Ok(String::new()),
            };
            let pair = format!("{}:{}", part(&file.user)?, part(&file.password)?);
            Template::fixed(&format!("Basic {}", STANDARD.encode(pair)))
        }
    };
    Ok(vec![(AUTHORIZATION, header)])
}

fn message(file: &MessageFile, general: &General<'_>) -> Result<Message, Problem> {
    let General { reader, names, .. } = general;
    let awaits = file
        .awaits
        .as_ref()
        .map(|text| reader.template(text, names));
    Ok(Message {
        send: reader.template(&file.send, names)?,
        awaits: awaits.transpose()?,
        times: file
            .times
            .to()
            .and_then(NonZeroUsize::new)
            .unwrap_or(NonZeroUsize::MIN),
    })
}
