//! `perfgate run --once`: each flow once, by one user, for whoever writes a scenario. Nothing is measured.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::cli::args::RunArgs;
use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::definition::secret::{self, Secrets};
use crate::load::http::events::StreamEvent;
use crate::load::http::{OutgoingRequest, Response};
use crate::load::{Event, FlowTrace, RunRequest, Scenario, once};
use crate::text::sanitize;

/// More of a body is no help to anybody who reads.
const MOST: usize = 64 * 1024;
/// So many events of one answer are shown.
const MOST_EVENTS: usize = 50;

pub(super) fn run(
    args: &RunArgs,
    scenario: &Scenario,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let request = RunRequest {
        scenario,
        allow_remote: args.remote.allow_remote,
    };
    let mut secrets = variables(&args.what);
    let mut failed: Vec<String> = Vec::new();
    let (done, interrupted) = Interrupt::listen()?.during(|stop| {
        let mut show = |look: &FlowTrace| {
            learn(&mut secrets, &look.events);
            if look.failed {
                failed.push(look.flow.clone());
            }
            output.result(&text(look, &secrets, args.verbose));
        };
        once(&request, &mut show, stop)
    });
    if interrupted {
        return Err(anyhow!(Interrupted)).context("take each flow once");
    }
    done?;
    if failed.is_empty() {
        return Ok(output.finish(Exit::Pass));
    }
    let names: Vec<String> = failed.iter().map(|name| format!("`{name}`")).collect();
    let failed = anyhow!("a step failed in {}", names.join(", "));
    match args.verbose {
        true => Err(failed),
        false => Err(failed).hint("--verbose shows what was sent and answered"),
    }
}

/// The values of those variables of a scenario that are called like secrets.
fn variables(path: &str) -> Secrets {
    let mut secrets = Secrets::default();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for part in text.split("${").skip(1) {
        let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
        if secret::is_secret(name)
            && let Ok(value) = std::env::var(name)
        {
            secrets.learn(name, &value);
        }
    }
    secrets
}

/// Learns every secret before anything is shown: an answer may hold what a later request has in a header.
fn learn(secrets: &mut Secrets, events: &[Event]) {
    for event in events {
        match event {
            Event::Sent(request, _) => {
                for (name, value) in &request.headers {
                    secrets.learn(name, value);
                }
                if let Some((_, query)) = request.target.split_once('?') {
                    secrets.learn_form(query);
                }
                secrets.learn_body(&String::from_utf8_lossy(&request.body));
            }
            Event::Answered(response) => {
                for (name, value) in &response.headers {
                    secrets.learn(name, &String::from_utf8_lossy(value));
                }
                let body = String::from_utf8_lossy(&response.body);
                if serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok() {
                    secrets.learn_body(&body);
                }
            }
            Event::Came(_, event) => {
                if serde_json::from_str::<serde::de::IgnoredAny>(&event.data).is_ok() {
                    secrets.learn_body(&event.data);
                }
            }
            Event::Captured(name, value) => secrets.learn(name, value),
            Event::Step(_)
            | Event::Said(_)
            | Event::Heard(_)
            | Event::Succeeded(_)
            | Event::Failed(_) => {}
        }
    }
}

fn text(look: &FlowTrace, secrets: &Secrets, verbose: bool) -> String {
    let mut out = format!("{}\n", sanitize::line(&look.flow));
    // Writing into a String cannot fail.
    let mut stream = ShownStream::default();
    for event in &look.events {
        if verbose && !matches!(event, Event::Came(..)) {
            stream.end(&mut out);
        }
        let _ = match event {
            Event::Step(subject) => writeln!(out, "  {}", sanitize::inline(subject)),
            Event::Succeeded(time) => {
                let events = stream.take();
                writeln!(out, "    ok in {}{events}", milliseconds(*time))
            }
            Event::Came(after, event) => {
                if stream.counts(*after) && verbose {
                    came(&mut out, (*after, event), secrets);
                }
                Ok(())
            }
            Event::Failed(failure) => {
                let what = secrets.hidden(&failure.what);
                writeln!(
                    out,
                    "    failed: {}: {}",
                    failure.kind.as_str(),
                    sanitize::inline(&what)
                )
            }
            _ if !verbose => Ok(()),
            Event::Sent(request, origin) => {
                stream = ShownStream::default();
                sent(&mut out, (request, origin.as_deref()), secrets);
                Ok(())
            }
            Event::Answered(response) => {
                answered(&mut out, response, secrets);
                Ok(())
            }
            Event::Said(text) => {
                lines(&mut out, '>', &secrets.hidden_body(text, false));
                Ok(())
            }
            Event::Heard(bytes) => {
                content(&mut out, '<', bytes, |text| {
                    secrets.hidden_body(text, false)
                });
                Ok(())
            }
            Event::Captured(name, value) => {
                let value = secrets.hidden_value(name, value);
                writeln!(out, "    {name} = {}", sanitize::inline(&value))
            }
        };
    }
    out
}

/// The events of an answer, of which not all are shown.
#[derive(Default)]
struct ShownStream {
    count: usize,
    /// How many of them are not shown, and were not told yet.
    left: usize,
    first: Duration,
}

impl ShownStream {
    /// Counts an event; whether it is shown.
    fn counts(&mut self, after: Duration) -> bool {
        if self.count == 0 {
            self.first = after;
        }
        self.count += 1;
        let is_shown = self.count <= MOST_EVENTS;
        self.left += usize::from(!is_shown);
        is_shown
    }

    /// Tells how many were left out.
    fn end(&mut self, out: &mut String) {
        match std::mem::take(&mut self.left) {
            0 => {}
            left => lines(out, '<', &format!("… and {left} events more")),
        }
    }

    /// What there was, behind the time that it took.
    fn take(&mut self) -> String {
        let Self { count, first, .. } = std::mem::take(self);
        match count {
            0 => String::new(),
            1 => format!(": one event, after {}", milliseconds(first)),
            count => format!(": {count} events, the first after {}", milliseconds(first)),
        }
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn came(out: &mut String, (after, event): (Duration, &StreamEvent), secrets: &Secrets) {
    let mut head = format!("+{}", milliseconds(after));
    if event.name != "message" {
        head.push_str(&format!(" {}", event.name));
    }
    if let Some(id) = &event.id {
        head.push_str(&format!(" ({id})"));
    }
    content(out, '<', event.data.as_bytes(), |data| {
        format!("{head}: {}", secrets.hidden_body(data, false))
    });
}

fn sent(out: &mut String, (request, origin): (&OutgoingRequest, Option<&str>), secrets: &Secrets) {
    let target = secrets.hidden(&secret::path(&request.target));
    let origin = origin.unwrap_or_default();
    lines(out, '>', &format!("{} {origin}{target}", request.method));
    let mut is_form = false;
    for (name, value) in &request.headers {
        is_form |= name == "content-type" && value.contains("form-urlencoded");
        let value = secrets.hidden_value(name, value);
        lines(out, '>', &format!("{name}: {value}"));
    }
    body(out, '>', &request.body, |text| {
        secrets.hidden_body(text, is_form)
    });
}

fn answered(out: &mut String, response: &Response, secrets: &Secrets) {
    lines(out, '<', &response.status.to_string());
    for (name, value) in &response.headers {
        let value = secrets.hidden_value(name, &String::from_utf8_lossy(value));
        lines(out, '<', &format!("{name}: {value}"));
    }
    body(out, '<', &response.body, |text| {
        secrets.hidden_body(text, false)
    });
}

/// A body behind an empty line; what is no text is only counted.
fn body(out: &mut String, mark: char, bytes: &[u8], hidden: impl Fn(&str) -> String) {
    if bytes.is_empty() {
        return;
    }
    lines(out, mark, "");
    content(out, mark, bytes, hidden);
}

fn content(out: &mut String, mark: char, bytes: &[u8], hidden: impl Fn(&str) -> String) {
    let begin = bytes.get(..MOST).unwrap_or(bytes);
    let is_cut = begin.len() < bytes.len();
    match std::str::from_utf8(begin) {
        Ok(text) => lines(out, mark, &hidden(text)),
        // A character may be cut in two.
        Err(error) if is_cut && error.valid_up_to() + 4 > begin.len() => {
            lines(out, mark, &hidden(&String::from_utf8_lossy(begin)));
        }
        Err(_) => {
            let count = format!("({} bytes that are no text)", bytes.len());
            return lines(out, mark, &count);
        }
    }
    if is_cut {
        let more = bytes.len() - begin.len();
        lines(out, mark, &format!("… and {more} bytes more"));
    }
}

fn lines(out: &mut String, mark: char, text: &str) {
    // `lines` would show nothing of an empty text.
    for line in text.trim_end_matches('\n').split('\n') {
        let line = sanitize::inline(line.trim_end_matches('\r'));
        let line = format!("    {mark} {line}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
