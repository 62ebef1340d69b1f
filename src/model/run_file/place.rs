//! Which path a place in a JSON text belongs to, and where a path begins: the slow second look that
//! only an error is worth. It walks anything, broken text too, and judges nothing.
//!
//! A wrapper of serde that keeps the path of each value would cost every good file its time, and would know nothing of
//! a flaw that is found after its value was read.

use std::ops::Range;

use crate::text::sanitize;

/// One step of a JSON path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occurrence {
    /// Its first value.
    First,
    /// The last key of that name, for what was written twice.
    LastKey,
}

enum Frame {
    Object {
        start: usize,
        key: Option<Range<usize>>,
    },
    Array {
        start: usize,
        next: usize,
        current: Option<usize>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
    Closed,
}

struct Visit {
    start: usize,
    part: Part,
}

struct Walker<'t> {
    text: &'t str,
    at: usize,
    frames: Vec<Frame>,
}

impl<'t> Walker<'t> {
    fn new(text: &'t str, from: usize) -> Self {
        Self {
            text,
            at: from,
            frames: Vec::new(),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The end of a string, behind its closing quote, or of the text.
    fn string_end(&self, start: usize) -> usize {
        let mut at = start + 1;
        loop {
            match self.byte(at) {
                None => return self.text.len(),
                Some(b'"') => return at + 1,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
    }

    fn bare_end(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest
            .find(|c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c))
            .unwrap_or(rest.len());
        start + length.max(1)
    }

    fn begin_value(&mut self) {
        if let Some(Frame::Array { next, current, .. }) = self.frames.last_mut() {
            *current = Some(*next);
        }
    }

    fn steps(&self) -> Vec<Step> {
        self.frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Object { key, .. } => {
                    key.clone().map(|range| Step::Key(name(self.text, range)))
                }
                Frame::Array { current, .. } => current.map(Step::Index),
            })
            .collect()
    }

    fn is_at(&self, steps: &[Step]) -> bool {
        self.frames.len() == steps.len()
            && self
                .frames
                .iter()
                .zip(steps)
                .all(|(frame, step)| match (frame, step) {
                    (Frame::Object { key: Some(key), .. }, Step::Key(wanted)) => {
                        name(self.text, key.clone()) == *wanted
                    }
                    (Frame::Array { current, .. }, Step::Index(wanted)) => {
                        *current == Some(*wanted)
                    }
                    _ => false,
                })
    }
}

impl Iterator for Walker<'_> {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        loop {
            let start = self.at;
            let byte = self.byte(start)?;
            self.at += 1;
            match byte {
                b'{' | b'[' => {
                    self.begin_value();
                    self.frames.push(if byte == b'{' {
                        Frame::Object { start, key: None }
                    } else {
                        Frame::Array {
                            start,
                            next: 0,
                            current: None,
                        }
                    });
                    return Some(Visit {
                        start,
                        part: Part::Value,
                    });
                }
                b'}' | b']' => {
                    let opened = match self.frames.pop() {
                        Some(Frame::Object { start, .. } | Frame::Array { start, .. }) => start,
                        None => start,
                    };
                    return Some(Visit {
                        start: opened,
                        part: Part::Closed,
                    });
                }
                b',' => match self.frames.last_mut() {
                    Some(Frame::Object { key, .. }) => *key = None,
                    Some(Frame::Array { next, .. }) => *next += 1,
                    None => {}
                },
                b'"' => {
                    self.at = self.string_end(start);
                    let range = start..self.at;
                    if let Some(Frame::Object { key, .. }) = self.frames.last_mut()
                        && key.is_none()
                    {
                        *key = Some(range);
                        return Some(Visit {
                            start,
                            part: Part::Key,
                        });
                    }
                    self.begin_value();
                    return Some(Visit {
                        start,
                        part: Part::Value,
                    });
                }
                b':' => {}
                space if space.is_ascii_whitespace() => {}
                _ => {
                    self.at = self.bare_end(start);
                    self.begin_value();
                    return Some(Visit {
                        start,
                        part: Part::Value,
                    });
                }
            }
        }
    }
}

/// The name that a key in quotes stands for.
fn name(text: &str, range: Range<usize>) -> String {
    let quoted = text.get(range).unwrap_or_default();
    serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_matches('"').to_owned())
}

/// The path of what was being read when `reached` bytes had been, and where that thing begins.
pub(super) fn at(text: &str, from: usize, reached: usize) -> (Vec<Step>, usize) {
    let seen = text.get(..boundary(text, reached)).unwrap_or(text);
    let mut walker = Walker::new(seen, from);
    let mut start = from;
    for visit in walker.by_ref() {
        start = visit.start;
    }
    // What was opened and not begun (`{` where a number belongs) is named by its parent: a frame
    // without a key adds no step.
    (walker.steps(), start)
}

/// Where the thing at a path begins.
pub(super) fn of(text: &str, from: usize, steps: &[Step], which: Occurrence) -> Option<usize> {
    let mut walker = Walker::new(text, from);
    if steps.is_empty() {
        return walker.next().map(|visit| visit.start);
    }
    let mut found = None;
    while let Some(visit) = walker.next() {
        // An opening bracket is a value of its parent, and has a frame of its own already.
        let opened =
            visit.part == Part::Value && matches!(walker.byte(visit.start), Some(b'{' | b'['));
        let own = if opened { walker.frames.pop() } else { None };
        let here = walker.is_at(steps);
        walker.frames.extend(own);
        match (here, which, visit.part) {
            (true, Occurrence::First, Part::Value) => return Some(visit.start),
            (true, Occurrence::LastKey, Part::Key) => found = Some(visit.start),
            _ => {}
        }
    }
    found
}

/// The string at a path, where there is one.
pub(super) fn string_at(text: &str, from: usize, steps: &[Step]) -> Option<String> {
    let start = of(text, from, steps, Occurrence::First)?;
    let walker = Walker::new(text, from);
    (walker.byte(start) == Some(b'"')).then(|| name(text, start..walker.string_end(start)))
}

/// The text of the number or word that begins there.
pub(super) fn bare(text: &str, start: usize) -> &str {
    text.get(start..Walker::new(text, start).bare_end(start))
        .unwrap_or_default()
}

/// Line and column, both from 1; the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..boundary(text, offset)).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

/// The byte that serde_json's line and column (in bytes) stand for.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    boundary(text, start + column)
}

fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `subjects."GET /search".latency.samples[3]`
pub(super) fn field(steps: &[Step]) -> String {
    let mut field = String::new();
    for step in steps {
        match step {
            Step::Index(index) => field.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                if !field.is_empty() {
                    field.push('.');
                }
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                if !key.starts_with(|c: char| c.is_ascii_digit())
                    && !key.is_empty()
                    && key.chars().all(plain)
                {
                    field.push_str(key);
                } else {
                    let key = key.replace('\\', "\\\\").replace('"', "\\\"");
                    field.push_str(&format!("\"{}\"", shown(&key)));
                }
            }
        }
    }
    field
}

/// A text from outside as a message may show it: one line, printable, not endless.
pub(super) fn shown(text: &str) -> String {
    sanitize::escaped(text, 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"a": [1, {"b c": "x"}, 3], "a2": {}, "a2": 7}"#;

    #[test]
    fn a_place_has_a_path_and_a_path_has_a_place() {
        let reached = TEXT.find("\"x\"").unwrap() + 3;
        let (steps, start) = at(TEXT, 0, reached);
        assert_eq!(field(&steps), "a[1].\"b c\"");
        assert_eq!(TEXT.get(start..start + 3), Some("\"x\""));
        assert_eq!(of(TEXT, 0, &steps, Occurrence::First), Some(start));
        let opening = at(TEXT, 0, TEXT.find("{\"b").unwrap() + 1);
        assert_eq!(field(&opening.0), "a[1]");
    }

    #[test]
    fn the_second_of_two_equal_keys_can_be_named() {
        let steps = [Step::Key("a2".to_owned())];
        assert_eq!(
            of(TEXT, 0, &steps, Occurrence::LastKey),
            TEXT.rfind("\"a2\"")
        );
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_and_column("ab\nµs x", "ab\nµs ".len()), (2, 4));
    }
}
