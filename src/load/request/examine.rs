//! Whether an answer is a success, and what of it is kept for later steps.

use std::borrow::Cow;

use super::headers::render;
use super::probe::{Probe, SHOWN, Seen};
use super::shown::shown;
use super::{Escape, Session, Template, Values};
use crate::load::scenario::{Call, Expect};
use crate::load::wire::{Answer, Failure, Kind, Wanted};

/// What of an answer to this call somebody looks at: its checks and captures, the jar, the following of redirects.
pub fn wanted(call: &Call, cookies: bool, redirects: u8) -> Wanted {
    let json = call.expect.json.iter().map(|(probe, _)| probe);
    let captures = call.captures.iter().map(|(_, probe)| probe);
    let probes: Vec<&Probe> = json.chain(captures).collect();
    Wanted {
        headers: cookies || redirects > 0 || probes.iter().any(|probe| probe.needs_headers()),
        body: !call.expect.contains.is_empty() || probes.iter().any(|probe| !probe.needs_headers()),
    }
}

/// Status, then what the body must contain, then its JSON, then captures; the first that fails is told. Values are
/// captured all or, where one is missing, up to that one.
pub fn examine(call: &Call, answer: &Answer, session: &mut Session) -> Result<(), Failure> {
    check_status(&call.expect, answer.status)?;
    if call.expect.contains.is_empty() && call.expect.json.is_empty() && call.captures.is_empty() {
        return Ok(());
    }
    let seen = Seen::new(answer);
    for text in &call.expect.contains {
        check_contains(text, &session.values, &seen)?;
    }
    for (probe, expected) in &call.expect.json {
        let found = seen
            .find(probe)
            .ok_or_else(|| Failure::new(Kind::Check, probe.found_nothing(&seen)))?;
        if !found.equals(expected) {
            let expected = shown(expected.to_string().as_bytes(), SHOWN);
            let what = format!("{probe} is {found} where {expected} was expected");
            return Err(Failure::new(Kind::Check, what));
        }
    }
    for (name, probe) in &call.captures {
        let Some(found) = seen.find(probe) else {
            let what = format!("capture {name}: {}", probe.found_nothing(&seen));
            return Err(Failure::new(Kind::Capture, what));
        };
        session
            .values
            .rewrite(name, |room| room.push_str(&found.text()));
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
    Err(Failure::new(Kind::Status, what))
}

fn check_contains(text: &Template, values: &Values, seen: &Seen<'_>) -> Result<(), Failure> {
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
    let text = shown(text.as_bytes(), SHOWN);
    Err(Failure::new(
        Kind::Check,
        format!("`{text}` is not in {seen}"),
    ))
}
