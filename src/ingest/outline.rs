//! The outermost keys of a JSON text that may be cut off anywhere.
//!
//! Recognition sees only the head of a file, which no JSON parser accepts. What is here reads just
//! far enough to tell what a document is; whether it is valid is for its own parser to say.

/// The first object of a document: the document itself, the first of a list, or the first line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outline<'a> {
    /// The keys of the object, each with everything that follows its colon.
    keys: Vec<(&'a str, &'a str)>,
}

impl<'a> Outline<'a> {
    /// `None` where the text does not begin like a JSON object or a list of them.
    pub(super) fn of(head: &'a str) -> Option<Self> {
        let start = head.trim_start();
        let object = start.strip_prefix('[').map_or(start, str::trim_start);
        let inside = object.strip_prefix('{')?;
        if !inside.trim_start().is_empty() && !inside.trim_start().starts_with(['"', '}']) {
            return None;
        }
        Some(Self {
            keys: keys(inside).collect(),
        })
    }

    /// The keys in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.keys.iter().map(|(name, _)| *name)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|(known, _)| *known == key)
    }

    pub(super) fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    /// The string under `key`, as written; cut off where the head is.
    pub(super) fn string(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self.keys.iter().find(|(known, _)| *known == key)?;
        let value = value.trim_start().strip_prefix('"')?;
        value.split('"').next()
    }
}

/// The keys at the outer level of an object whose opening brace has been read.
fn keys(inside: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut depth = 0_usize;
    let mut quote: Option<usize> = None;
    let mut escaped = false;
    let mut last_string = None;
    let mut ended = false;
    inside.bytes().enumerate().filter_map(move |(at, byte)| {
        if ended {
            return None;
        }
        if let Some(start) = quote {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    quote = None;
                    last_string = inside.get(start..at);
                }
                _ => {}
            }
            return None;
        }
        match byte {
            b'"' => quote = Some(at + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => ended = true,
            b'}' | b']' => depth -= 1,
            // Only a key is followed by a colon.
            b':' if depth == 0 => return last_string.take().zip(inside.get(at + 1..)),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_keys_count() {
        let text =
            r#" [ {"a": {"schema": 1}, "b}": ["x:", "c"], "schema": "perfgate.run/1"}, {"d": 1}"#;
        let outline = Outline::of(text).unwrap();
        assert!(outline.has_all(&["a", "b}", "schema"]));
        assert!(!outline.has("c") && !outline.has("d"));
        assert_eq!(outline.string("schema"), Some("perfgate.run/1"));
        assert_eq!(outline.string("a"), None);
    }

    #[test]
    fn a_text_cut_off_anywhere_keeps_what_was_complete() {
        let text = r#"{"é\"": {"x": [1, 2]}, "schema": "perfgate.run/1"}"#;
        for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
            let outline = Outline::of(&text[..cut]);
            assert_eq!(outline.is_some(), cut > 0, "{cut}");
        }
        let cut = Outline::of(r#"{"schema": "perfgate.ru"#).unwrap();
        assert_eq!(cut.string("schema"), Some("perfgate.ru"));
    }

    #[test]
    fn what_is_not_json_has_no_outline() {
        for text in ["", "Type,Name", "[1, 2]", "{braces} in prose", "plain"] {
            assert_eq!(Outline::of(text), None, "{text}");
        }
    }
}
