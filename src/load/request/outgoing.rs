//! Makes the request of a step from the values and cookies of a user.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, USER_AGENT};

use super::auth;
use super::headers::{HeaderLines, render};
use super::multipart;
use super::target::TargetSpec;
use super::user_state::UserState;
use crate::load::http::{Failure, OutgoingRequest};
use crate::load::scenario::{Auth, Base, Body, Call, Scheme, Socket};
use crate::load::template::{Escape, Template, Values, is_connection_header};

const AGENT: &str = concat!("perfgate/", env!("CARGO_PKG_VERSION"));

/// Makes a request. Fails where a value is missing or is not allowed where it is used.
pub fn outgoing(call: &Call, base: &Base, state: &UserState) -> Result<OutgoingRequest, Failure> {
    let mut new = OutgoingRequest::empty();
    refill(call, base, state, &mut new)?;
    Ok(new)
}

/// Makes a request like `outgoing`, using the memory of an earlier one.
pub fn refill(
    call: &Call,
    base: &Base,
    state: &UserState,
    buffer: &mut OutgoingRequest,
) -> Result<(), Failure> {
    buffer.method.clone_from(&call.method);
    let address = TargetSpec {
        base,
        path: &call.path,
        query: &call.query,
    };
    address.write(&state.values, &mut buffer.target)?;
    let of_parts;
    HeaderSpec {
        headers: &call.headers,
        auth: call.auth.as_ref(),
        defaults: match &call.body {
            Body::Json(_) => &JSON,
            Body::Form(_) => &FORM,
            Body::Multipart(body) => {
                of_parts = [(CONTENT_TYPE, body.content_type.as_str()), ANY, OURS];
                &of_parts
            }
            Body::Empty | Body::Text(_) | Body::Bytes(_) => &PLAIN,
        },
    }
    .write(base, state, buffer)?;
    buffer.body = body(&call.body, &state.values)?;
    Ok(())
}

/// The request that opens a WebSocket, without the headers of the handshake.
pub fn opening(
    socket: &Socket,
    base: &Base,
    state: &UserState,
) -> Result<OutgoingRequest, Failure> {
    let mut new = OutgoingRequest::empty();
    let address = TargetSpec {
        base,
        path: &socket.path,
        query: &[],
    };
    address.write(&state.values, &mut new.target)?;
    HeaderSpec {
        headers: &socket.headers,
        auth: None,
        defaults: &SOCKET,
    }
    .write(base, state, &mut new)?;
    Ok(new)
}

/// Whether the request is the same for every iteration and user. `cookies` says whether users keep cookies.
pub fn is_fixed(call: &Call, cookies: bool) -> bool {
    let is_body_fixed = match &call.body {
        Body::Empty | Body::Bytes(_) => true,
        Body::Text(text) | Body::Json(text) => text.is_fixed(),
        Body::Form(fields) => fields.iter().all(|(_, value)| value.is_fixed()),
        Body::Multipart(body) => body.fields().all(Template::is_fixed),
    };
    !cookies
        && is_body_fixed
        && call.path.is_fixed()
        && call.query.iter().all(|(_, value)| value.is_fixed())
        && call.headers.iter().all(|(_, value)| value.is_fixed())
        && call.auth.as_ref().is_none_or(auth::is_fixed)
}

type Line<'a> = (HeaderName, &'a str);

const ANY: Line<'static> = (ACCEPT, "*/*");
const OURS: Line<'static> = (USER_AGENT, AGENT);
const SOCKET: [Line<'static>; 1] = [OURS];
const PLAIN: [Line<'static>; 2] = [ANY, OURS];
const JSON: [Line<'static>; 3] = [(CONTENT_TYPE, "application/json"), ANY, OURS];
const FORM: [Line<'static>; 3] = [
    (CONTENT_TYPE, "application/x-www-form-urlencoded"),
    ANY,
    OURS,
];

/// The headers that a step asks for.
pub(super) struct HeaderSpec<'a> {
    pub(super) headers: &'a [(HeaderName, Template)],
    auth: Option<&'a Auth>,
    /// The headers that are added unless the step sets them.
    defaults: &'a [Line<'a>],
}

impl HeaderSpec<'_> {
    fn write(
        &self,
        base: &Base,
        state: &UserState,
        buffer: &mut OutgoingRequest,
    ) -> Result<(), Failure> {
        let values = &state.values;
        let mut lines = HeaderLines::over(&mut buffer.headers);
        for (name, value) in self.headers {
            if *name != COOKIE && !is_connection_header(name) {
                lines.write(name.as_str(), |out| {
                    render(value, values, Escape::None, out)
                })?;
            }
        }
        if let Some(auth) = self.auth
            && !self.has(&AUTHORIZATION)
        {
            lines.write(AUTHORIZATION.as_str(), |out| auth::write(auth, values, out))?;
        }
        let cookies = cookies(self.headers, base, state, &buffer.target)?;
        if !cookies.is_empty() {
            lines.write(COOKIE.as_str(), |out| {
                out.push_str(&cookies);
                Ok(())
            })?;
        }
        for (name, value) in self.defaults {
            if !self.has(name) {
                lines.write(name.as_str(), |out| {
                    out.push_str(value);
                    Ok(())
                })?;
            }
        }
        lines.end();
        Ok(())
    }

    fn has(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }
}

/// The cookies that the step sets and those of the jar, in one line (RFC 6265); empty where there are none.
pub(super) fn cookies(
    headers: &[(HeaderName, Template)],
    base: &Base,
    state: &UserState,
    target: &str,
) -> Result<String, Failure> {
    let mut out = String::new();
    for (_, value) in headers.iter().filter(|(name, _)| *name == COOKIE) {
        if !out.is_empty() {
            out.push_str("; ");
        }
        render(value, &state.values, Escape::None, &mut out)?;
    }
    if !state.jar.is_empty() {
        let is_secure = base.scheme == Scheme::Https;
        state.jar.write((&base.host, target), is_secure, &mut out);
    }
    Ok(out)
}

fn body(body: &Body, values: &Values) -> Result<Bytes, Failure> {
    let mut out = String::new();
    match body {
        Body::Empty => return Ok(Bytes::new()),
        Body::Bytes(bytes) => return Ok(bytes.clone()),
        Body::Multipart(parts) => return multipart::write(parts, values),
        Body::Text(text) => render(text, values, Escape::None, &mut out)?,
        Body::Json(text) => render(text, values, Escape::Json, &mut out)?,
        Body::Form(fields) => {
            for (name, value) in fields {
                if !out.is_empty() {
                    out.push('&');
                }
                Escape::Form.value(name, &mut out);
                out.push('=');
                render(value, values, Escape::Form, &mut out)?;
            }
        }
    }
    Ok(Bytes::from(out))
}
