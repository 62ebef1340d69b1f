//! How a value is escaped for the place that it is written into, so that it stays one value whatever it contains.

/// The place that a template is rendered into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Headers and text bodies: values are written as they are.
    None,
    /// The path of a URL, with a query written as part of it. Values are whole segments (RFC 3986). The template's own
    /// text keeps its `/`, `?`, `&` and `%2F`; only characters that no URL may contain are encoded.
    Path,
    /// The value of a query parameter. The template's own text is encoded as well.
    Query,
    /// The inside of a JSON string (RFC 8259).
    Json,
    /// A value of `application/x-www-form-urlencoded`, as the WHATWG URL standard writes it. The template's own text is
    /// encoded as well.
    Form,
}

impl Escape {
    /// Writes a value.
    pub fn value(self, value: &str, out: &mut String) {
        match self {
            Self::None => out.push_str(value),
            Self::Path | Self::Query => {
                copy(value, out, is_unreserved, |c, _, out| percent(c, out))
            }
            Self::Json => copy(value, out, is_json_text, |c, _, out| json(c, out)),
            Self::Form => copy(value, out, is_form_text, |c, _, out| match c {
                ' ' => out.push('+'),
                c => percent(c, out),
            }),
        }
    }

    /// Writes the template's own text.
    pub fn text(self, text: &str, out: &mut String) {
        match self {
            Self::None | Self::Json => out.push_str(text),
            Self::Path => url(text, out),
            Self::Query | Self::Form => self.value(text, out),
        }
    }

    /// Writes a value that the author marked as raw, as if it were the template's text. In a URL it still cannot end
    /// the request line.
    pub fn raw(self, value: &str, out: &mut String) {
        match self {
            Self::None | Self::Json | Self::Form => out.push_str(value),
            Self::Path | Self::Query => url(value, out),
        }
    }
}

/// Keeps the characters that separate the parts of a URL, and encodes those that no URL may contain: controls, spaces,
/// `"#<>\^`{|}`, everything beyond ASCII, and a `%` that begins no code.
fn url(text: &str, out: &mut String) {
    copy(text, out, is_url_text, |c, rest, out| {
        let mut digits = rest.chars();
        let is_code = c == '%'
            && digits.next().is_some_and(|c| c.is_ascii_hexdigit())
            && digits.next().is_some_and(|c| c.is_ascii_hexdigit());
        match is_code {
            true => out.push('%'),
            false => percent(c, out),
        }
    });
}

/// Copies runs of bytes that may stay. For each other character, `escape` gets the character, the text after it, and
/// the output.
fn copy(
    text: &str,
    out: &mut String,
    stays: fn(u8) -> bool,
    escape: impl Fn(char, &str, &mut String),
) {
    let mut rest = text;
    // Bytes beyond ASCII either all stay, or the first of their character stops here, so the split is between
    // characters.
    while let Some(at) = rest.bytes().position(|byte| !stays(byte)) {
        let (clean, tail) = rest.split_at(at);
        out.push_str(clean);
        let mut characters = tail.chars();
        if let Some(character) = characters.next() {
            escape(character, characters.as_str(), out);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

fn percent(character: char, out: &mut String) {
    let mut bytes = [0; 4];
    for byte in character.encode_utf8(&mut bytes).bytes() {
        out.push('%');
        out.push(hex(byte >> 4).to_ascii_uppercase());
        out.push(hex(byte & 15).to_ascii_uppercase());
    }
}

fn json(character: char, out: &mut String) {
    out.push('\\');
    match character {
        '"' | '\\' => out.push(character),
        '\u{8}' => out.push('b'),
        '\t' => out.push('t'),
        '\n' => out.push('n'),
        '\u{c}' => out.push('f'),
        '\r' => out.push('r'),
        // Only characters below U+0020 come here.
        control => {
            let code = u32::from(control) & 0x1f;
            out.push_str(if code < 16 { "u000" } else { "u001" });
            out.push(char::from_digit(code & 15, 16).unwrap_or('0'));
        }
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

/// The unreserved characters of RFC 3986, 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_url_text(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'#' | b'%' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
}

fn is_json_text(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

fn is_form_text(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(escape: Escape, value: &str) -> String {
        let mut out = String::new();
        escape.value(value, &mut out);
        out
    }

    fn text(escape: Escape, text: &str) -> String {
        let mut out = String::new();
        escape.text(text, &mut out);
        out
    }

    /// Decodes a text with two digits after each `%`.
    fn percent_decoded(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let code = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&code).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn percent_encoding_agrees_with_published_examples() {
        // The examples of RFC 3986: 2.3 names the unreserved characters, 2.5 encodes U+00C0 and U+30A2.
        let unreserved = "ABCXYZabcxyz0189-._~";
        // ECMA-262's encodeURIComponent on its reserved characters and MDN's examples, except for !'()*, which RFC 3986
        // reserves.
        let cases = [
            (unreserved, unreserved),
            ("\u{c0}", "%C3%80"),
            ("\u{30a2}", "%E3%82%A2"),
            (";,/?:@&=+$#", "%3B%2C%2F%3F%3A%40%26%3D%2B%24%23"),
            ("100% of it", "100%25%20of%20it"),
            ("\u{1f600}", "%F0%9F%98%80"),
            ("a\r\nX: b\0", "a%0D%0AX%3A%20b%00"),
            ("", ""),
        ];
        for (plain, encoded) in cases {
            assert_eq!(value(Escape::Path, plain), encoded);
            assert_eq!(value(Escape::Query, plain), encoded);
        }
    }

    #[test]
    fn forms_are_written_as_the_url_standard_writes_them() {
        for plain in ["a b&c=d+e", "*-._~!'()", "\u{fc}/%\r\n\0", "日本"] {
            let reference: String =
                url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            assert_eq!(value(Escape::Form, plain), reference);
        }
    }

    #[test]
    fn the_text_of_a_path_keeps_its_parts_and_codes() {
        assert_eq!(
            text(Escape::Path, "/a/b?c=d&e=f;g@h:i"),
            "/a/b?c=d&e=f;g@h:i"
        );
        assert_eq!(
            text(Escape::Path, "/a b/%2Fx/100%/\u{fc}#y"),
            "/a%20b/%2Fx/100%25/%C3%BC%23y"
        );
        assert_eq!(text(Escape::Path, "%"), "%25");
        assert_eq!(text(Escape::Path, "%4\u{fc}"), "%254%C3%BC");
        assert_eq!(text(Escape::Query, "a b/c"), "a%20b%2Fc");
    }

    #[test]
    fn json_strings_are_written_as_a_json_library_writes_them() {
        let every_control: String = (0..0x80u8).map(char::from).collect();
        for plain in [
            every_control.as_str(),
            "\u{2028}\u{feff}\u{10ffff}",
            r#"\"{}/"#,
        ] {
            let reference = serde_json::to_string(plain).unwrap();
            assert_eq!(format!("\"{}\"", value(Escape::Json, plain)), reference);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_escaped_comes_back_when_it_is_read(plain in any::<String>()) {
            prop_assert_eq!(&percent_decoded(&value(Escape::Path, &plain)), &plain);
            prop_assert_eq!(&percent_decoded(&value(Escape::Query, &plain)), &plain);
            let json = format!("\"{}\"", value(Escape::Json, &plain));
            prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &plain);
            let form = format!("k={}", value(Escape::Form, &plain));
            let read: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).collect();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].1.as_ref(), plain.as_str());
        }

        #[test]
        fn nothing_in_a_url_ends_the_request_line(plain in any::<String>()) {
            for escape in [Escape::Path, Escape::Query] {
                for write in [Escape::value, Escape::text, Escape::raw] {
                    let mut out = String::new();
                    write(escape, &plain, &mut out);
                    prop_assert!(out.bytes().all(|byte| byte.is_ascii_graphic()), "{}", out);
                }
            }
        }
    }
}
