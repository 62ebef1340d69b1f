//! Prepares a request for HTTP/2. Pure.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderName, HeaderValue, Request, Uri};

use crate::load::http::http1::authority;
use crate::load::http::{Failure, FailureKind, OutgoingRequest};
use crate::load::scenario::Base;

/// A request that can be sent any number of times.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    pub(super) head: Request<()>,
    pub(super) body: Bytes,
}

/// Prepares a request. Fails where a part of it is not allowed in HTTP/2.
pub fn prepare(request: &OutgoingRequest, base: &Base) -> Result<PreparedRequest, Failure> {
    let mut head = Request::new(());
    head.method_mut().clone_from(&request.method);
    let mut host = None;
    for (name, value) in &request.headers {
        let known: HeaderName = name
            .parse()
            .map_err(|_| impossible(format!("`{name}` cannot be the name of a header")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| impossible(format!("header `{name}`: its value cannot be sent")))?;
        if known == HOST {
            host = Some(value);
        } else if !is_of_the_connection(&known) {
            head.headers_mut().append(known, value);
        }
    }
    if !request.body.is_empty() {
        let length = HeaderValue::from(request.body.len());
        head.headers_mut().insert(CONTENT_LENGTH, length);
    }
    let authority = match &host {
        Some(host) => Authority::try_from(host.as_bytes()),
        None => Authority::try_from(authority(base)),
    };
    let target = PathAndQuery::try_from(request.target.as_str())
        .map_err(|_| impossible(format!("`{}` cannot be a path", request.target)))?;
    *head.uri_mut() = Uri::builder()
        .scheme(base.scheme.as_str())
        .authority(authority.map_err(|_| impossible("the host cannot be named in a request"))?)
        .path_and_query(target)
        .build()
        .map_err(|error| impossible(error.to_string()))?;
    Ok(PreparedRequest {
        head,
        body: request.body.clone(),
    })
}

/// Whether a header belongs to the connection: HTTP/2 refuses requests that carry one of these.
fn is_of_the_connection(name: &HeaderName) -> bool {
    [CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE].contains(name)
        || ["keep-alive", "proxy-connection"].contains(&name.as_str())
}

fn impossible(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Check, what)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::load::scenario::Scheme;

    fn base() -> Base {
        Base {
            scheme: Scheme::Https,
            host: "::1".to_owned(),
            port: 8443,
            prefix: String::new(),
        }
    }

    fn request(headers: &[(&str, &str)]) -> OutgoingRequest {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        OutgoingRequest {
            method: Method::PUT,
            target: "/items?a=b".to_owned(),
            headers: headers.iter().map(owned).collect(),
            body: Bytes::from_static(b"abc"),
        }
    }

    #[test]
    fn the_base_becomes_scheme_and_authority() {
        let prepared = prepare(&request(&[("x-one", "1"), ("x-one", "2")]), &base()).unwrap();
        assert_eq!(prepared.head.uri(), "https://[::1]:8443/items?a=b");
        assert_eq!(prepared.head.method(), Method::PUT);
        assert_eq!(prepared.head.headers().get_all("x-one").iter().count(), 2);
        assert_eq!(prepared.head.headers()["content-length"], "3");
        let usual = Base {
            host: "shop.example".to_owned(),
            port: 443,
            ..base()
        };
        assert_eq!(authority(&usual), "shop.example");
    }

    #[test]
    fn a_host_header_is_the_authority_and_connection_headers_stay_away() {
        let headers = [
            ("host", "shop.example"),
            ("connection", "close"),
            ("keep-alive", "5"),
        ];
        let prepared = prepare(&request(&headers), &base()).unwrap();
        assert_eq!(prepared.head.uri(), "https://shop.example/items?a=b");
        assert_eq!(prepared.head.headers().len(), 1, "only the length");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let failure = prepare(&request(&[("x-one", "a\nb")]), &base()).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "check: header `x-one`: its value cannot be sent"
        );
        let failure = prepare(&request(&[("x one", "a")]), &base()).unwrap_err();
        assert!(failure.what.contains("`x one`"), "{failure}");
    }
}
