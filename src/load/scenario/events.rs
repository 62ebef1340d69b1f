//! A step whose answer is a stream of events, and what ends it.

use std::time::Duration;

use http::HeaderName;
use http::header::ACCEPT;
use schemars::JsonSchema;
use serde::Deserialize;

use super::surroundings::Reader;
use super::template::Names;
use crate::load::template::Template;
use crate::toml_file::{FilledText, Located, PositiveDuration, Problem, Whole};

/// The content type of a stream of events.
pub const EVENT_STREAM: &str = "text/event-stream";

/// What ends a stream of events: the first of these that comes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsFile {
    /// The event of this number is the last
    pub(super) count: Option<Whole<1, 1_000_000>>,
    /// The first event whose data contains this is the last: `[DONE]`
    pub(super) until: Option<Located<FilledText>>,
    /// Events are read for so long, from when the answer began; one has to come
    #[serde(rename = "for")]
    pub(super) lasts: Option<Located<PositiveDuration>>,
}

/// What ends a stream of events: the first of these that comes. Where there is none the service ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    pub count: Option<u64>,
    /// The data of the last one contains this.
    pub until: Option<Template>,
    pub lasts: Option<Duration>,
}

impl Events {
    /// As people read it.
    pub fn written(&self) -> String {
        let count = self.count.map(|count| count.to_string());
        let until = self.until.as_ref();
        let until = until.map(|until| format!("until {}", until.written()));
        let lasts = self.lasts.map(crate::toml_file::written::duration_text);
        let lasts = lasts.map(|lasts| format!("for {lasts}"));
        let all: Vec<String> = count.into_iter().chain(until).chain(lasts).collect();
        match all.is_empty() {
            true => "all".to_owned(),
            false => all.join(", "),
        }
    }
}

/// Of a step that takes so long at most.
pub(super) fn events(
    file: &EventsFile,
    (reader, names): (&Reader<'_>, &Names),
    timeout: Duration,
) -> Result<Events, Problem> {
    if let Some(lasts) = &file.lasts
        && lasts.get().0 >= timeout
    {
        let timeout = crate::text::duration::text(timeout);
        return Err(lasts
            .error(format!(
                "the timeout of the step is {timeout}, and comes before it"
            ))
            .hint("add a longer `timeout` to the step"));
    }
    let until = file.until.as_ref();
    let until = until.map(|until| reader.template(until, names));
    Ok(Events {
        count: file.count.map(Whole::get),
        until: until.transpose()?,
        lasts: file.lasts.as_ref().map(|lasts| lasts.get().0),
    })
}

/// A step with events says that it awaits them, as a browser does, unless it says something else.
pub(super) fn accepts(headers: &mut Vec<(HeaderName, Template)>) {
    if headers.iter().all(|(name, _)| name != ACCEPT) {
        headers.push((ACCEPT, Template::fixed(EVENT_STREAM)));
    }
}
