//! The head of a response: its status, where its body ends, and whether the connection stays open. Pure.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::Method;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// The length of the head in bytes, with the empty line.
    pub length: usize,
    pub framing: Framing,
    pub keep: bool,
}

const MOST_HEADERS: usize = 100;

/// Which headers are kept, and where.
pub struct Headers<'a> {
    /// Whether headers are always kept. Otherwise only those of redirects are, because one of them says where the
    /// redirect leads.
    pub always: bool,
    pub kept: &'a mut Vec<(String, Bytes)>,
}

/// Reads a head; `None` where not all of it has arrived.
pub fn read(bytes: &[u8], method: &Method, into: Headers<'_>) -> Result<Option<Head>, String> {
    let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut headers,
    );
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(format!("an answer of more than {MOST_HEADERS} headers"));
        }
        Err(error) => return Err(format!("no HTTP/1 answer: {error}")),
    };
    let status = response.code.unwrap_or_default();
    if !(100..1000).contains(&status) {
        return Err(format!("{status} is no HTTP status"));
    }
    let mut fields = Fields::default();
    for header in response.headers.iter() {
        fields.take(header.name, header.value)?;
    }
    if into.always || (300..400).contains(&status) {
        into.kept.clear();
        into.kept.extend(response.headers.iter().map(|header| {
            let value = Bytes::copy_from_slice(header.value);
            (header.name.to_ascii_lowercase(), value)
        }));
    }
    let framing = fields.framing(status, method);
    let keep = !fields.close
        && (response.version == Some(1) || fields.keep_alive)
        && framing != Framing::UntilClose;
    Ok(Some(Head {
        status,
        length,
        framing,
        keep,
    }))
}

/// What the headers say about the body and the connection.
#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    /// There is a transfer coding. Unless the last one is `chunked`, the body ends with the connection.
    coded: bool,
    close: bool,
    keep_alive: bool,
}

impl Fields {
    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        // Most names differ in length from these three.
        match name.len() {
            14 if name.eq_ignore_ascii_case("content-length") => self.length(value),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                for word in words(value) {
                    // `chunked` frames the body only as the last coding.
                    self.chunked = word.eq_ignore_ascii_case(b"chunked");
                    self.coded = true;
                }
                Ok(())
            }
            10 if name.eq_ignore_ascii_case("connection") => {
                for word in words(value) {
                    self.close |= word.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn length(&mut self, value: &[u8]) -> Result<(), String> {
        for word in words(value) {
            let length = decimal(word).ok_or_else(|| {
                let text = String::from_utf8_lossy(value);
                format!("content-length `{text}` is not a length")
            })?;
            if self.length.is_some_and(|before| before != length) {
                return Err("two content-lengths that differ".to_owned());
            }
            self.length = Some(length);
        }
        Ok(())
    }

    /// Where the body ends (RFC 9112, 6.3).
    fn framing(&self, status: u16, method: &Method) -> Framing {
        match self {
            _ if method == Method::HEAD || status < 200 || status == 204 || status == 304 => {
                Framing::Length(0)
            }
            Self { chunked: true, .. } => Framing::Chunked,
            Self { coded: true, .. } => Framing::UntilClose,
            Self { length, .. } => length.map_or(Framing::UntilClose, Framing::Length),
        }
    }
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Parses digits alone: a sign, which `parse` would accept, is not part of a length.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, method: &Method) -> Result<Option<Head>, String> {
        let headers = Headers {
            always: false,
            kept: &mut Vec::new(),
        };
        read(text.as_bytes(), method, headers)
    }

    fn of(text: &str) -> Result<Option<Head>, String> {
        answer(text, &Method::GET)
    }

    fn framing(headers: &str) -> Framing {
        let head = of(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).unwrap();
        head.unwrap().framing
    }

    #[test]
    fn the_body_ends_where_the_standard_says() {
        assert_eq!(framing("Content-Length: 12\r\n"), Framing::Length(12));
        assert_eq!(framing("content-length: 7, 7\r\n"), Framing::Length(7));
        assert_eq!(framing("Transfer-Encoding: chunked\r\n"), Framing::Chunked);
        assert_eq!(
            framing("content-length: 7\r\ntransfer-encoding: gzip, chunked\r\n"),
            Framing::Chunked
        );
        assert_eq!(framing("transfer-encoding: gzip\r\n"), Framing::UntilClose);
        assert_eq!(framing(""), Framing::UntilClose);
        let bodiless = [
            ("HTTP/1.1 200 OK", Method::HEAD),
            ("HTTP/1.1 204 No Content", Method::GET),
            ("HTTP/1.1 304 Not Modified", Method::GET),
            ("HTTP/1.1 100 Continue", Method::POST),
        ];
        for (line, method) in bodiless {
            let text = format!("{line}\r\ncontent-length: 5\r\n\r\n");
            let head = answer(&text, &method).unwrap().unwrap();
            assert_eq!(head.framing, Framing::Length(0), "{line}");
        }
    }

    #[test]
    fn the_connection_lives_on_unless_version_header_or_body_say_otherwise() {
        let keep = |text: &str| of(text).unwrap().unwrap().keep;
        assert!(keep("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assert!(!keep(
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n"
        ));
        assert!(!keep("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assert!(keep(
            "HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: foo, Keep-Alive\r\n\r\n"
        ));
        assert!(!keep("HTTP/1.1 200 OK\r\n\r\n"));
    }

    #[test]
    fn what_is_no_answer_is_refused_with_what_is_wrong() {
        for (text, word) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "-1"),
            ("HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n", "+1"),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n",
                "not a length",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
                "not a length",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                "differ",
            ),
            ("SSH-2.0-OpenSSH_9.2\r\n", "no HTTP/1 answer"),
            ("HTTP/2.0 200 OK\r\n\r\n", "no HTTP/1 answer"),
            ("HTTP/1.1 042 Odd\r\n\r\n", "no HTTP status"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(word), "{text:?}: {error}");
        }
        let many = "a: b\r\n".repeat(MOST_HEADERS + 1);
        let error = of(&format!("HTTP/1.1 200 OK\r\n{many}\r\n")).unwrap_err();
        assert!(error.contains("100 headers"), "{error}");
    }

    #[test]
    fn headers_are_there_for_those_who_want_them_and_always_for_redirects() {
        for (always, status, count) in [(true, 201, 2), (false, 201, 0), (false, 302, 2)] {
            let text = format!("HTTP/1.1 {status} X\r\nLocation: /a\r\nSet-Cookie: x=1\r\n\r\n");
            let mut kept = Vec::new();
            let into = Headers {
                always,
                kept: &mut kept,
            };
            let head = read(text.as_bytes(), &Method::GET, into).unwrap();
            assert_eq!((head.unwrap().length, kept.len()), (text.len(), count));
            let cookie = ("set-cookie".to_owned(), Bytes::from_static(b"x=1"));
            assert_eq!(
                kept.get(1).is_some_and(|header| *header == cookie),
                count == 2
            );
        }
    }
}
