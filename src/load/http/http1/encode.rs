//! Encodes a request as bytes of HTTP/1.1. Pure.

use http::Method;

use crate::load::http::OutgoingRequest;
use crate::load::scenario::{Base, Scheme};

/// Appends the request to `out`.
pub fn encode(request: &OutgoingRequest, base: &Base, out: &mut Vec<u8>) {
    let mut put = |parts: &[&str]| {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    };
    put(&[
        request.method.as_str(),
        " ",
        &request.target,
        " HTTP/1.1\r\n",
    ]);
    if !request.headers.iter().any(|(name, _)| name == "host") {
        put(&["host: ", &authority(base), "\r\n"]);
    }
    for (name, value) in &request.headers {
        put(&[name, ": ", value, "\r\n"]);
    }
    let meant = [Method::POST, Method::PUT, Method::PATCH].contains(&request.method);
    if meant || !request.body.is_empty() {
        put(&["content-length: ", &request.body.len().to_string(), "\r\n"]);
    }
    put(&["\r\n"]);
    out.extend_from_slice(&request.body);
}

/// Host and port as clients write them: without the scheme's default port.
pub fn authority(base: &Base) -> String {
    let usual = match base.scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let host = base.bracketed();
    match base.port {
        port if port == usual => host.into_owned(),
        port => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn base(host: &str, port: u16) -> Base {
        Base {
            scheme: Scheme::Http,
            host: host.to_owned(),
            port,
            prefix: String::new(),
        }
    }

    fn encoded(request: &OutgoingRequest, base: &Base) -> String {
        let mut out = Vec::new();
        encode(request, base, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_request_names_its_host_and_the_length_of_its_body() {
        let mut request = OutgoingRequest {
            method: Method::POST,
            target: "/items?a=b".to_owned(),
            headers: vec![("accept".to_owned(), "text/plain".to_owned())],
            body: Bytes::from_static(b"{}"),
        };
        assert_eq!(
            encoded(&request, &base("::1", 8080)),
            "POST /items?a=b HTTP/1.1\r\nhost: [::1]:8080\r\naccept: text/plain\r\n\
             content-length: 2\r\n\r\n{}"
        );
        request.body = Bytes::new();
        assert!(encoded(&request, &base("a", 80)).contains("host: a\r\n"));
        request.method = Method::GET;
        request.headers = vec![("host".to_owned(), "shop.example".to_owned())];
        let text = encoded(&request, &base("a", 80));
        assert!(
            text.contains("host: shop.example\r\n")
                && !text.contains("host: a")
                && !text.contains("content-length")
        );
    }
}
