//! `auth`: who asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use toml::de::DeValue;

use crate::load::template::Template;
use crate::toml_file::{FormError, Node};

use super::Auth;
use super::headers::Headers;
use super::names::Names;
use super::reader::Reader;

/// What a step says, or what holds for all; `false` takes that back.
pub(super) fn auth(
    general: Option<&Node<'_>>,
    own: Option<&Node<'_>>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Option<Auth>, FormError> {
    match own.or(general) {
        None => Ok(None),
        Some(node) if matches!(node.value(), DeValue::Boolean(false)) => Ok(None),
        Some(node) => written(node, reader, names).map(Some),
    }
}

fn written(node: &Node<'_>, reader: &Reader<'_>, names: &Names) -> Result<Auth, FormError> {
    let form = node.form("`auth`", &["bearer", "user", "password"])?;
    match (
        form.node("bearer"),
        form.node("user"),
        form.node("password"),
    ) {
        (Some(bearer), None, None) => {
            bearer.text()?;
            Ok(Auth::Bearer(reader.template(&bearer, names)?))
        }
        (None, Some(user), Some(password)) => Ok(Auth::Basic {
            user: reader.template(&user, names)?,
            password: reader.template(&password, names)?,
        }),
        _ => Err(node
            .error("expected `bearer`, or `user` and `password`")
            .hint("write it like auth = { bearer = \"${TOKEN}\" }")),
    }
}

/// As a header, for a WebSocket.
pub(super) fn as_header(
    node: &Node<'_>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Option<Headers>, FormError> {
    let header = match auth(None, Some(node), reader, names)? {
        None => return Ok(None),
        Some(Auth::Bearer(_)) => {
            let form = node.form("`auth`", &["bearer"])?;
            let token = form.node("bearer");
            let text = token.as_ref().map_or(Ok(""), Node::text)?;
            reader.template_of(node, &format!("Bearer {text}"), names)?
        }
        Some(Auth::Basic { user, password }) => {
            if user.names().chain(password.names()).next().is_some() {
                return Err(node
                    .error("a WebSocket takes a user and a password without placeholders")
                    .hint("send an `authorization` header of your own"));
            }
            let form = node.form("`auth`", &["user", "password"])?;
            let part = |key| {
                form.node(key)
                    .map_or(Ok(String::new()), |node| reader.text(&node))
            };
            let pair = format!("{}:{}", part("user")?, part("password")?);
            Template::fixed(&format!("Basic {}", STANDARD.encode(pair)))
        }
    };
    Ok(Some(vec![(AUTHORIZATION, header)]))
}
