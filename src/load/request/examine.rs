//! Decides whether a response is a success, and captures the values that later steps need.

use std::borrow::Cow;

use http::header::ACCEPT_ENCODING;

use super::decode;
use super::headers::render;
use super::read_response::{ReadResponse, found_nothing};
use super::user_state::UserState;
use crate::load::http::events::content_type;
use crate::load::http::{Failure, FailureKind, Response, Wanted};
use crate::load::scenario::{Call, EVENT_STREAM, Expect};
use crate::load::template::{Escape, Extractor, SHOWN, Template, Values, excerpt};

/// The parts of a response to this call that are needed for checks, captures, cookies and redirects.
pub fn wanted(call: &Call, cookies: bool, redirects: u8) -> Wanted {
    let captures = call.captures.iter().map(|(_, probe)| probe);
    let probes: Vec<&Extractor> = call.expect.places().chain(captures).collect();
    let body = call.expect.needs_body() || probes.iter().any(|probe| !probe.needs_headers());
    // A body that may be compressed can only be looked at by its headers.
    let may_be_compressed = body
        && call
            .headers
            .iter()
            .any(|(name, _)| *name == ACCEPT_ENCODING);
    Wanted {
        headers: cookies
            || redirects > 0
            || may_be_compressed
            || probes.iter().any(|probe| probe.needs_headers()),
        body,
    }
}

/// Checks the status, then the headers, then what the body has to contain, then its JSON, then captures values. The first failure is
/// returned. Values are captured up to the first that is missing.
pub fn examine(call: &Call, answer: &Response, state: &mut UserState) -> Result<(), Failure> {
    check_status(&call.expect, answer.status)?;
    if call.events.is_some() {
        check_stream(answer)?;
    }
    let expect = &call.expect;
    if !expect.needs_body() && expect.places().next().is_none() && call.captures.is_empty() {
        return Ok(());
    }
    let plain = decode::decoded(answer)?;
    let seen = ReadResponse::new(plain.as_ref().unwrap_or(answer));
    check_headers(expect, &state.values, &seen)?;
    check_body(expect, &state.values, &seen)?;
    for (probe, expected) in &call.expect.json {
        let found = seen
            .find(probe)
            .ok_or_else(|| Failure::new(FailureKind::Check, found_nothing(probe, &seen)))?;
        if !found.equals(expected) {
            let expected = excerpt(expected.to_string().as_bytes(), SHOWN);
            let what = format!("{probe} is {found} where {expected} was expected");
            return Err(Failure::new(FailureKind::Check, what));
        }
    }
    for (probe, expected) in &expect.json_of {
        check_made(probe, expected, &state.values, &seen)?;
    }
    for (name, probe) in &call.captures {
        let Some(found) = seen.find(probe) else {
            let what = format!("capture {name}: {}", found_nothing(probe, &seen));
            return Err(Failure::new(FailureKind::Capture, what));
        };
        state
            .values
            .rewrite(name, |buffer| buffer.push_str(&found.text()));
    }
    Ok(())
}

fn check_status(expect: &Expect, status: u16) -> Result<(), Failure> {
    let wanted = match expect.status.as_slice() {
        [] if status < 400 => return Ok(()),
        [] => "one below 400".to_owned(),
        expected if expected.contains(&status) => return Ok(()),
        [before @ .., last] if !before.is_empty() => {
            let before: Vec<String> = before.iter().map(u16::to_string).collect();
            format!("{} or {last}", before.join(", "))
        }
        [expected, ..] => expected.to_string(),
    };
    let what = format!("status {status} where {wanted} was expected");
    Err(Failure::new(FailureKind::Status, what))
}

/// The answer to a step that awaits events is a stream of them, and came to the end that was awaited.
fn check_stream(answer: &Response) -> Result<(), Failure> {
    let Some(stream) = &answer.stream else {
        let what = match content_type(answer) {
            None => format!("the answer has no content type, and is no {EVENT_STREAM}"),
            Some(kind) => {
                let kind = excerpt(kind.as_bytes(), SHOWN);
                format!("the answer is `{kind}`, and no {EVENT_STREAM}")
            }
        };
        return Err(failed(what));
    };
    match &stream.flaw {
        None => Ok(()),
        Some(flaw) => Err(flaw.clone()),
    }
}

fn check_headers(expect: &Expect, values: &Values, seen: &ReadResponse<'_>) -> Result<(), Failure> {
    for (place, wanted) in &expect.headers {
        let wanted = rendered(wanted, values)?;
        let found = seen
            .find(place)
            .ok_or_else(|| failed(found_nothing(place, seen)))?;
        if !found.text().contains(wanted.as_ref()) {
            let wanted = excerpt(wanted.as_bytes(), SHOWN);
            return Err(failed(format!("{place} is {found}, without `{wanted}`")));
        }
    }
    Ok(())
}

/// What holds for the body as a whole, and what must not be there.
fn check_body(expect: &Expect, values: &Values, seen: &ReadResponse<'_>) -> Result<(), Failure> {
    for text in &expect.contains {
        let text = rendered(text, values)?;
        if !seen.text().contains(text.as_ref()) {
            let text = excerpt(text.as_bytes(), SHOWN);
            return Err(failed(format!("`{text}` is not in {seen}")));
        }
    }
    for text in &expect.not_contains {
        let text = rendered(text, values)?;
        if seen.text().contains(text.as_ref()) {
            let text = excerpt(text.as_bytes(), SHOWN);
            return Err(failed(format!("`{text}` is in {seen}")));
        }
    }
    if let Some((low, high)) = expect.size {
        let size = seen.size();
        if !(low..=high).contains(&size) {
            let wanted = match low == high {
                true => low.to_string(),
                false => format!("{low} to {high}"),
            };
            return Err(failed(format!(
                "the body has {size} bytes where {wanted} were expected"
            )));
        }
    }
    if expect.no_errors
        && let Some(why) = seen.graphql_errors()
    {
        return Err(failed(why));
    }
    for place in &expect.absent {
        if let Some(found) = seen.find(place) {
            return Err(failed(format!(
                "{place} is {found} where nothing was expected"
            )));
        }
    }
    Ok(())
}

/// A JSON value that is made of what the user has.
fn check_made(
    place: &Extractor,
    wanted: &Template,
    values: &Values,
    seen: &ReadResponse<'_>,
) -> Result<(), Failure> {
    let found = seen
        .find(place)
        .ok_or_else(|| failed(found_nothing(place, seen)))?;
    let mut text = String::new();
    render(wanted, values, Escape::Json, &mut text)?;
    let shown = excerpt(text.as_bytes(), SHOWN);
    match serde_json::from_str(&text) {
        Ok(wanted) if found.equals(&wanted) => Ok(()),
        Ok(_) => Err(failed(format!(
            "{place} is {found} where {shown} was expected"
        ))),
        Err(why) => Err(failed(format!(
            "what {place} should be is no JSON ({why}): {shown}"
        ))),
    }
}

fn rendered<'a>(text: &'a Template, values: &Values) -> Result<Cow<'a, str>, Failure> {
    if let Some(text) = text.as_fixed() {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::new();
    render(text, values, Escape::None, &mut out)?;
    Ok(Cow::Owned(out))
}

fn failed(what: String) -> Failure {
    Failure::new(FailureKind::Check, what)
}
