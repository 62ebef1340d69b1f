//! Decides whether a response is a success, and captures the values that later steps need.

use std::borrow::Cow;

use super::headers::render;
use super::read_response::{ReadResponse, found_nothing};
use super::user_state::UserState;
use crate::load::http::{Failure, FailureKind, Response, Wanted};
use crate::load::scenario::{Call, Expect};
use crate::load::template::{Escape, Extractor, SHOWN, Template, Values, excerpt};

/// The parts of a response to this call that are needed for checks, captures, cookies and redirects.
pub fn wanted(call: &Call, cookies: bool, redirects: u8) -> Wanted {
    let json = call.expect.json.iter().map(|(probe, _)| probe);
    let captures = call.captures.iter().map(|(_, probe)| probe);
    let probes: Vec<&Extractor> = json.chain(captures).collect();
    Wanted {
        headers: cookies || redirects > 0 || probes.iter().any(|probe| probe.needs_headers()),
        body: !call.expect.contains.is_empty() || probes.iter().any(|probe| !probe.needs_headers()),
    }
}

/// Checks the status, then what the body has to contain, then its JSON, then captures values. The first failure is
/// returned. Values are captured up to the first that is missing.
pub fn examine(call: &Call, answer: &Response, state: &mut UserState) -> Result<(), Failure> {
    check_status(&call.expect, answer.status)?;
    if call.expect.contains.is_empty() && call.expect.json.is_empty() && call.captures.is_empty() {
        return Ok(());
    }
    let seen = ReadResponse::new(answer);
    for text in &call.expect.contains {
        check_contains(text, &state.values, &seen)?;
    }
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

fn check_contains(
    text: &Template,
    values: &Values,
    seen: &ReadResponse<'_>,
) -> Result<(), Failure> {
    let text = match text.as_fixed() {
        Some(text) => Cow::Borrowed(text),
        None => {
            let mut out = String::new();
            render(text, values, Escape::None, &mut out)?;
            Cow::Owned(out)
        }
    };
    if seen.text().contains(text.as_ref()) {
        return Ok(());
    }
    let text = excerpt(text.as_bytes(), SHOWN);
    Err(Failure::new(
        FailureKind::Check,
        format!("`{text}` is not in {seen}"),
    ))
}
