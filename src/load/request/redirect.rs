//! Where an answer sends its user.

use bytes::Bytes;
use http::Method;
use http::header::COOKIE;
use url::{Position, Url};

use super::Session;
use super::headers::Lines;
use super::outgoing::cookies;
use super::probe::SHOWN;
use super::shown::shown;
use crate::load::scenario::{Base, Call};
use crate::load::wire::{Answer, Failure, Kind, Outgoing};

/// The request that follows an answer, where that is a redirect which the step does not expect. Its cookies are still
/// those of the previous request: once the jar has taken the answer, `renew_cookies` puts those for the new target.
pub fn redirected(
    call: &Call,
    base: &Base,
    answer: &Answer,
    previous: &Outgoing,
) -> Option<Result<Outgoing, Failure>> {
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
        Err(what) => return Some(Err(Failure::new(Kind::Check, what))),
    };
    let mut next = Outgoing {
        target,
        ..previous.clone()
    };
    if !keeps_method {
        if next.method != Method::HEAD {
            next.method = Method::GET;
        }
        next.body = Bytes::new();
        // What tells of a body that is no longer there.
        next.headers
            .retain(|(name, _)| !name.starts_with("content-"));
    }
    Some(Ok(next))
}

/// The `cookie` header as the session would send it to the request's target now.
pub fn renew_cookies(
    call: &Call,
    base: &Base,
    session: &Session,
    next: &mut Outgoing,
) -> Result<(), Failure> {
    next.headers.retain(|(name, _)| name != COOKIE.as_str());
    let cookies = cookies(&call.headers, base, session, &next.target)?;
    if cookies.is_empty() {
        return Ok(());
    }
    let mut line = Vec::new();
    Lines::over(&mut line).write(COOKIE.as_str(), |out| {
        out.push_str(&cookies);
        Ok(())
    })?;
    next.headers.append(&mut line);
    Ok(())
}

/// Path and query of the location, which may be relative to the target of the previous request.
fn target(location: &[u8], base: &Base, previous: &Outgoing) -> Result<String, String> {
    let seen = shown(location, SHOWN);
    let origin = base.origin();
    let from = Url::parse(&format!("{origin}{}", previous.target));
    let to = std::str::from_utf8(location)
        .ok()
        .and_then(|location| from.ok()?.join(location).ok())
        .ok_or_else(|| format!("redirect to `{seen}`, which is no URL"))?;
    // A service that is asked under another name answers with URLs of that name.
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
