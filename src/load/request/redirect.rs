//! Where a redirect leads.

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName};
use url::{Position, Url};

use super::headers::HeaderLines;
use super::outgoing::cookies;
use super::user_state::UserState;
use crate::load::http::{Failure, FailureKind, OutgoingRequest, Response};
use crate::load::scenario::{Addresses, Base, Call, Destination};
use crate::load::template::{SHOWN, Template, excerpt};

/// A response, the request that it answers, and where that was sent.
#[derive(Clone, Debug)]
pub struct Answered {
    pub response: Response,
    pub request: OutgoingRequest,
    pub from: Destination,
}

/// The request that follows a redirect, and where it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NextRequest {
    pub request: OutgoingRequest,
    pub to: Destination,
}

/// What belongs to the host to which it was sent, and is told to no other.
const OF_HOST: [HeaderName; 3] = [AUTHORIZATION, COOKIE, HOST];

/// The request that follows a redirect; `None` where the response is no redirect, or one that the step expects. It has
/// the cookies of the previous request: once the jar has taken the response, `renew_cookies` replaces them. It may lead
/// to another host of the scenario, and then has nothing that proves who asks.
pub fn redirected(
    call: &Call,
    addresses: Addresses<'_>,
    last: &Answered,
) -> Option<Result<NextRequest, Failure>> {
    let Answered {
        response,
        request: previous,
        from,
    } = last;
    let keeps_method = match response.status {
        301..=303 => false,
        307 | 308 => true,
        _ => return None,
    };
    if call.expect.status.contains(&response.status) {
        return None;
    }
    let mut headers = response.headers.iter();
    let (_, location) = headers.find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
    let (target, to) = match target(location, (addresses, *from), previous) {
        Ok(found) => found,
        Err(what) => return Some(Err(Failure::new(FailureKind::Check, what))),
    };
    let mut next = OutgoingRequest {
        target,
        ..previous.clone()
    };
    if to != *from {
        next.headers
            .retain(|(name, _)| OF_HOST.iter().all(|of_host| of_host.as_str() != name));
    }
    if !keeps_method {
        if next.method != Method::HEAD {
            next.method = Method::GET;
        }
        next.body = Bytes::new();
        // These headers describe a body that is no longer there.
        next.headers
            .retain(|(name, _)| !name.starts_with("content-"));
    }
    Some(Ok(NextRequest { request: next, to }))
}

/// Replaces the `cookie` header by the cookies that the user has for the request's target now, behind those of its own
/// headers.
pub fn renew_cookies(
    own: &[(HeaderName, Template)],
    base: &Base,
    state: &UserState,
    next: &mut OutgoingRequest,
) -> Result<(), Failure> {
    next.headers.retain(|(name, _)| name != COOKIE.as_str());
    let cookies = cookies(own, base, state, &next.target)?;
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

/// The path and query of the location, which may be relative to the target of the previous request, and the host that
/// it names.
fn target(
    location: &[u8],
    (addresses, from): (Addresses<'_>, Destination),
    previous: &OutgoingRequest,
) -> Result<(String, Destination), String> {
    let seen = excerpt(location, SHOWN);
    let base = addresses.of(from);
    let origin = base.origin();
    let before = Url::parse(&format!("{origin}{}", previous.target));
    let to = std::str::from_utf8(location)
        .ok()
        .and_then(|location| before.ok()?.join(location).ok())
        .ok_or_else(|| format!("redirect to `{seen}`, which is no URL"))?;
    let is_at = |origin: &str| Url::parse(origin).is_ok_and(|url| url.origin() == to.origin());
    // A service that is asked under another name responds with URLs of that name.
    let mut names = previous.headers.iter().filter(|(name, _)| name == "host");
    let known = match is_at(&origin)
        || names.any(|(_, host)| is_at(&format!("{}://{host}", base.scheme.as_str())))
    {
        true => Some(from),
        false => {
            let mut all = addresses.iter();
            let found = all.find(|(_, address)| is_at(&address.origin()));
            found.map(|(destination, _)| destination)
        }
    };
    match known {
        Some(known) => {
            let target = to[Position::BeforePath..Position::AfterQuery].to_owned();
            Ok((target, known))
        }
        None => Err(format!("redirect to `{seen}` leaves {origin}")),
    }
}
