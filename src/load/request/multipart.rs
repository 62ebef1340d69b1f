//! A body of several parts, as bytes (RFC 7578).

use bytes::Bytes;

use super::headers::render;
use crate::load::http::Failure;
use crate::load::scenario::{Multipart, PartContent};
use crate::load::template::{Escape, Values};

pub(super) fn write(body: &Multipart, values: &Values) -> Result<Bytes, Failure> {
    let mut out = Vec::new();
    let mut text = String::new();
    for part in &body.parts {
        text.clear();
        text.push_str("--");
        text.push_str(&body.boundary);
        text.push_str("\r\ncontent-disposition: form-data; name=");
        quoted(&part.name, &mut text);
        match &part.content {
            PartContent::Field(template) => {
                text.push_str("\r\n\r\n");
                render(template, values, Escape::None, &mut text)?;
                out.extend_from_slice(text.as_bytes());
            }
            PartContent::File {
                name,
                content_type,
                bytes,
            } => {
                text.push_str("; filename=");
                quoted(name, &mut text);
                text.push_str("\r\ncontent-type: ");
                text.push_str(content_type);
                text.push_str("\r\n\r\n");
                out.reserve(text.len() + bytes.len());
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(bytes);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    for end in ["--", &body.boundary, "--\r\n"] {
        out.extend_from_slice(end.as_bytes());
    }
    Ok(Bytes::from(out))
}

/// As browsers write names: what would end them is percent-encoded (WHATWG, multipart/form-data).
fn quoted(name: &str, out: &mut String) {
    out.push('"');
    for c in name.chars() {
        match c {
            '"' => out.push_str("%22"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenario::MultipartPart;
    use crate::load::template::Template;

    #[test]
    fn parts_are_separated_as_the_standard_asks_and_names_cannot_end_theirs() {
        let body = Multipart {
            boundary: "B".to_owned(),
            content_type: String::new(),
            parts: vec![
                MultipartPart {
                    name: "a\"b\r\nc".to_owned(),
                    content: PartContent::Field(Template::parse("x {{n}}").unwrap()),
                },
                MultipartPart {
                    name: "f".to_owned(),
                    content: PartContent::File {
                        name: "ü.png".to_owned(),
                        content_type: "image/png".to_owned(),
                        bytes: Bytes::from_static(b"\x89\r\n\0"),
                    },
                },
            ],
        };
        let mut values = Values::default();
        assert!(write(&body, &values).is_err(), "{{{{n}}}} has no value");
        values.set("n", "7".to_owned());
        let head = "--B\r\ncontent-disposition: form-data; name=\"a%22b%0D%0Ac\"\r\n\r\nx 7\r\n\
             --B\r\ncontent-disposition: form-data; name=\"f\"; filename=\"ü.png\"\r\n\
             content-type: image/png\r\n\r\n";
        let expected = [head.as_bytes(), b"\x89\r\n\0", b"\r\n--B--\r\n"].concat();
        assert_eq!(write(&body, &values).unwrap(), expected);
    }
}
