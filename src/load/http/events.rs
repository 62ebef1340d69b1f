//! Server-sent events: a body that is looked at while it comes, taken apart into its events (HTML Living Standard, 9.2).

use std::time::Instant;

use super::{Failure, Response};
use crate::load::scenario::EVENT_STREAM;

/// The type of an event to which the service gives none.
const USUAL_NAME: &str = "message";
/// The largest event that is read.
const LARGEST_EVENT: usize = 16 * 1024 * 1024;

/// Who hears an answer while it comes.
pub trait Listener {
    /// The head is there, with all of its headers. Whether the body is listened to; else it is read like any other.
    fn begins(&mut self, answer: &Response) -> Result<bool, Failure>;
    /// A piece of the body, as it was sent.
    fn hears(&mut self, piece: &[u8]) -> Result<(), Failure>;
    /// When the rest of the body is left, where it has not come to its end.
    fn leaves_at(&self) -> Option<Instant>;
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEvent {
    /// What the service calls its type.
    pub name: String,
    /// Only where it has one of its own.
    pub id: Option<String>,
    /// Its lines of data, with a line feed between them.
    pub data: String,
}

/// What was heard of an answer, and why it is not what was awaited.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    pub events: Vec<StreamEvent>,
    pub flaw: Option<Failure>,
}

/// Reads events from pieces of any size.
#[derive(Debug, Default)]
pub struct EventReader {
    /// The line so far.
    line: Vec<u8>,
    /// The last piece ended with CR: a line feed at the beginning of the next one belongs to it.
    was_return: bool,
    /// Whether a line was read, before which a byte order mark may stand.
    has_line: bool,
    name: String,
    id: Option<String>,
    data: String,
    has_data: bool,
}

impl EventReader {
    /// Reads a piece, and gives each event that comes to its end in it.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        each: &mut dyn FnMut(StreamEvent),
    ) -> Result<(), &'static str> {
        if self.was_return && !bytes.is_empty() {
            self.was_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(at) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, end) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
            self.grow(line)?;
            bytes = match end {
                // The line is at its end, whatever comes next: an event is there as soon as it can be known.
                [b'\r'] => {
                    self.was_return = true;
                    &[]
                }
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => &[],
            };
            self.end_line(each);
        }
        self.grow(bytes)
    }

    /// Whether the pieces so far end within an event, which is then none.
    pub fn is_within(&self) -> bool {
        self.has_data || !self.line.is_empty()
    }

    fn grow(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.line.len() + self.data.len() + bytes.len() > LARGEST_EVENT {
            return Err("an event of more than 16 MiB");
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, each: &mut dyn FnMut(StreamEvent)) {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let is_first = !std::mem::replace(&mut self.has_line, true);
        let line = match text.strip_prefix('\u{feff}') {
            Some(marked) if is_first => marked,
            _ => &text,
        };
        match line.split_once(':') {
            None if line.is_empty() => self.end_event(each),
            None => self.field(line, ""),
            // A comment, such as services send to keep a connection open.
            Some(("", _)) => {}
            Some((field, value)) => self.field(field, value.strip_prefix(' ').unwrap_or(value)),
        }
        // Its memory is used again.
        self.line = bytes;
        self.line.clear();
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // `retry` says when a browser may come back, and others say nothing.
            _ => {}
        }
    }

    /// At an empty line. What has no data is no event.
    fn end_event(&mut self, each: &mut dyn FnMut(StreamEvent)) {
        let mut name = std::mem::take(&mut self.name);
        let id = self.id.take();
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        if name.is_empty() {
            USUAL_NAME.clone_into(&mut name);
        }
        let data = std::mem::take(&mut self.data);
        each(StreamEvent { name, id, data });
    }
}

/// Whether the headers say that the body is a stream of events.
pub fn is_event_stream(answer: &Response) -> bool {
    content_type(answer).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(EVENT_STREAM)
    })
}

/// What the headers say that the body is.
pub fn content_type(answer: &Response) -> Option<String> {
    let mut headers = answer.headers.iter();
    let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> (Vec<StreamEvent>, bool) {
        let mut reader = EventReader::default();
        let mut events = Vec::new();
        for piece in pieces {
            reader.read(piece, &mut |event| events.push(event)).unwrap();
        }
        (events, reader.is_within())
    }

    fn event(name: &str, id: Option<&str>, data: &str) -> StreamEvent {
        StreamEvent {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            data: data.to_owned(),
        }
    }

    #[test]
    fn lines_end_as_the_standard_says_and_fields_are_taken_apart() {
        let text = "\u{feff}: a comment\n\ndata: one\ndata:two\ndata\n\nevent: token\rdata:  x\rid: 7\r\r\
                    data: é\r\nretry: 10\r\nnonsense\r\n\r\nevent: lost\n\ndata:\n\ndata: [DONE]\n\n";
        let (events, within) = read(&[text.as_bytes()]);
        assert_eq!(
            events,
            [
                event("message", None, "one\ntwo\n"),
                event("token", Some("7"), " x"),
                event("message", None, "é"),
                event("message", None, ""),
                event("message", None, "[DONE]"),
            ]
        );
        assert!(!within);
    }

    #[test]
    fn an_event_is_there_with_the_first_byte_that_ends_it() {
        let mut reader = EventReader::default();
        let mut count = 0;
        for (piece, expected) in [
            ("data: a\r", 0),
            ("\r", 1),
            ("\ndata: b\n", 1),
            ("\n", 2),
            ("data: c\r\n\r", 3),
            ("\n", 3),
            ("data: d", 3),
        ] {
            reader.read(piece.as_bytes(), &mut |_| count += 1).unwrap();
            assert_eq!(count, expected, "{piece:?}");
        }
        assert!(reader.is_within());
    }

    #[test]
    fn an_event_without_an_end_is_refused_before_it_fills_memory() {
        let mut reader = EventReader::default();
        let piece = vec![b'x'; 1024 * 1024];
        let mut took = 0;
        while reader.read(&piece, &mut |_| {}).is_ok() {
            took += 1;
        }
        assert_eq!(took, 16);
        let mut reader = EventReader::default();
        let line = [b"data: ".as_slice(), &piece, b"\n"].concat();
        assert!((0..20).any(|_| reader.read(&line, &mut |_| {}).is_err()));
    }

    #[test]
    fn the_content_type_is_read_without_its_parameters() {
        let answer = |kind: &str| Response {
            headers: vec![("content-type".to_owned(), kind.to_owned().into())],
            ..Response::default()
        };
        for kind in ["text/event-stream", "Text/Event-Stream ; charset=utf-8"] {
            assert!(is_event_stream(&answer(kind)), "{kind}");
        }
        for kind in ["application/json", "text/event-streams", ""] {
            assert!(!is_event_stream(&answer(kind)), "{kind}");
        }
        assert!(!is_event_stream(&Response::default()));
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_they_are_cut(
            lines in prop::collection::vec("(data|event|id|:)?:? ?[a-zé]{0,6}", 0..12),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n"]), 12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let text: String = lines.iter().zip(&ends).map(|(line, end)| format!("{line}{end}")).collect();
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&pieces), read(&[bytes]));
        }

        #[test]
        fn no_bytes_stop_the_program(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&[&bytes]);
        }
    }
}
