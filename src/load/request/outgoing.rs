//! A step and what its user knows become a request.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, USER_AGENT};

use super::headers::{Lines, belongs_to_the_wire, render};
use super::target::Address;
use super::{Escape, Session, Template, Values, auth};
use crate::load::scenario::{Auth, Base, Body, Call, Scheme, Socket};
use crate::load::wire::{Failure, Outgoing};

const AGENT: &str = concat!("perfgate/", env!("CARGO_PKG_VERSION"));

/// Fails where a value is missing or cannot stand where it should.
pub fn outgoing(call: &Call, base: &Base, session: &Session) -> Result<Outgoing, Failure> {
    let mut new = empty();
    refill(call, base, session, &mut new)?;
    Ok(new)
}

/// Like `outgoing`, in the room of a request that is no longer needed.
pub fn refill(
    call: &Call,
    base: &Base,
    session: &Session,
    room: &mut Outgoing,
) -> Result<(), Failure> {
    room.method.clone_from(&call.method);
    let address = Address {
        base,
        path: &call.path,
        query: &call.query,
    };
    address.write(&session.values, &mut room.target)?;
    Head {
        headers: &call.headers,
        auth: call.auth.as_ref(),
        defaults: match call.body {
            Body::Json(_) => &JSON,
            Body::Form(_) => &FORM,
            Body::Empty | Body::Text(_) | Body::Bytes(_) => &PLAIN,
        },
    }
    .write(base, session, room)?;
    room.body = body(&call.body, &session.values)?;
    Ok(())
}

/// The request that opens a WebSocket, without what the handshake adds to it.
pub fn opening(socket: &Socket, base: &Base, session: &Session) -> Result<Outgoing, Failure> {
    let mut new = empty();
    let address = Address {
        base,
        path: &socket.path,
        query: &[],
    };
    address.write(&session.values, &mut new.target)?;
    Head {
        headers: &socket.headers,
        auth: None,
        defaults: &SOCKET,
    }
    .write(base, session, &mut new)?;
    Ok(new)
}

/// Whether it is the same bytes for every iteration and user; `cookies` says whether users keep those they are sent.
pub fn is_fixed(call: &Call, cookies: bool) -> bool {
    let is_body_fixed = match &call.body {
        Body::Empty | Body::Bytes(_) => true,
        Body::Text(text) | Body::Json(text) => text.is_fixed(),
        Body::Form(fields) => fields.iter().all(|(_, value)| value.is_fixed()),
    };
    !cookies
        && is_body_fixed
        && call.path.is_fixed()
        && call.query.iter().all(|(_, value)| value.is_fixed())
        && call.headers.iter().all(|(_, value)| value.is_fixed())
        && call.auth.as_ref().is_none_or(auth::is_fixed)
}

type Line = (HeaderName, &'static str);

const ANY: Line = (ACCEPT, "*/*");
const OURS: Line = (USER_AGENT, AGENT);
const SOCKET: [Line; 1] = [OURS];
const PLAIN: [Line; 2] = [ANY, OURS];
const JSON: [Line; 3] = [(CONTENT_TYPE, "application/json"), ANY, OURS];
const FORM: [Line; 3] = [
    (CONTENT_TYPE, "application/x-www-form-urlencoded"),
    ANY,
    OURS,
];

/// What a step says of its headers.
pub(super) struct Head<'a> {
    pub(super) headers: &'a [(HeaderName, Template)],
    auth: Option<&'a Auth>,
    /// Where the step does not say otherwise.
    defaults: &'a [Line],
}

impl Head<'_> {
    fn write(&self, base: &Base, session: &Session, room: &mut Outgoing) -> Result<(), Failure> {
        let values = &session.values;
        let mut lines = Lines::over(&mut room.headers);
        for (name, value) in self.headers {
            if *name != COOKIE && !belongs_to_the_wire(name) {
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
        let cookies = cookies(self.headers, base, session, &room.target)?;
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

/// Those that the step sets and those of the jar in one line, as RFC 6265 wants; empty where there are none.
pub(super) fn cookies(
    headers: &[(HeaderName, Template)],
    base: &Base,
    session: &Session,
    target: &str,
) -> Result<String, Failure> {
    let mut out = String::new();
    for (_, value) in headers.iter().filter(|(name, _)| *name == COOKIE) {
        if !out.is_empty() {
            out.push_str("; ");
        }
        render(value, &session.values, Escape::None, &mut out)?;
    }
    if !session.jar.is_empty() {
        let is_secure = base.scheme == Scheme::Https;
        session.jar.write(target, is_secure, &mut out);
    }
    Ok(out)
}

fn body(body: &Body, values: &Values) -> Result<Bytes, Failure> {
    let mut out = String::new();
    match body {
        Body::Empty => return Ok(Bytes::new()),
        Body::Bytes(bytes) => return Ok(bytes.clone()),
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

fn empty() -> Outgoing {
    Outgoing {
        method: Method::GET,
        target: String::new(),
        headers: Vec::new(),
        body: Bytes::new(),
    }
}
