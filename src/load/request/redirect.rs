//! Where a redirect leads.

use bytes::Bytes;
use http::Method;
use http::header::COOKIE;
use url::{Position, Url};

use super::headers::HeaderLines;
use super::outgoing::cookies;
use super::user_state::UserState;
use crate::load::http::{Failure, FailureKind, OutgoingRequest, Response};
use crate::load::scenario::{Base, Call};
use crate::load::template::{SHOWN, excerpt};

/// The request that follows a redirect; `None` where the response is no redirect, or one that the step expects. It has
/// the cookies of the previous request: once the jar has taken the response, `renew_cookies` replaces them.
pub fn redirected(
    call: &Call,
    base: &Base,
    answer: &Response,
    previous: &OutgoingRequest,
) -> Option<Result<OutgoingRequest, Failure>> {
    let keeps_method = match answer.status {
        301..=303 => false,
        307 | 308 => true,
        _ => return None,
    };
    if call.expect.status.contains(&answer.status) {
        return None;
    }
    let mut headers = answer.headers.iter();
    let (_, location) = headers.find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
    let target = match target(location, base, previous) {
        Ok(target) => target,
        Err(what) => return Some(Err(Failure::new(FailureKind::Check, what))),
    };
    let mut next = OutgoingRequest {
        target,
        ..previous.clone()
    };
    if !keeps_method {
        if next.method != Method::HEAD {
            next.method = Method::GET;
        }
        next.body = Bytes::new();
        // These headers describe a body that is no longer there.
        next.headers
            .retain(|(name, _)| !name.starts_with("content-"));
    }
    Some(Ok(next))
}

/// Replaces the `cookie` header by the cookies that the user has for the request's target now.
pub fn renew_cookies(
    call: &Call,
    base: &Base,
    state: &UserState,
    next: &mut OutgoingRequest,
) -> Result<(), Failure> {
    next.headers.retain(|(name, _)| name != COOKIE.as_str());
    let cookies = cookies(&call.headers, base, state, &next.target)?;
    if cookies.is_empty() {
        return Ok(());
    }
    let mut line = Vec::new();
    HeaderLines::over(&mut line).write(COOKIE.as_str(), |out| {
        out.push_str(&cookies);
        Ok(())
    })?;
    next.headers.append(&mut line);
    Ok(())
}

/// The path and query of the location, which may be relative to the target of the previous request.
fn target(location: &[u8], base: &Base, previous: &OutgoingRequest) -> Result<String, String> {
    let seen = excerpt(location, SHOWN);
    let origin = base.origin();
    let from = Url::parse(&format!("{origin}{}", previous.target));
    let to = std::str::from_utf8(location)
        .ok()
        .and_then(|location| from.ok()?.join(location).ok())
        .ok_or_else(|| format!("redirect to `{seen}`, which is no URL"))?;
    // A service that is asked under another name responds with URLs of that name.
    let mut names = previous.headers.iter().filter(|(name, _)| name == "host");
    let is_same = |origin: &str| Url::parse(origin).is_ok_and(|url| url.origin() == to.origin());
    if is_same(&origin)
        || names.any(|(_, host)| is_same(&format!("{}://{host}", base.scheme.as_str())))
    {
        Ok(to[Position::BeforePath..Position::AfterQuery].to_owned())
    } else {
        Err(format!("redirect to `{seen}` leaves {origin}"))
    }
}
