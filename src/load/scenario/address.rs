//! Where every path begins, and paths themselves.

use std::borrow::Cow;

use url::{Host, Url};

use super::{Base, Scheme};
use crate::toml_file::{Located, Problem};

impl Base {
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = web_address(text)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a base ends with its path; a query belongs to a step".to_owned());
        }
        Self::of(&url)
    }

    /// Scheme, host and port of an address, and its path as the prefix.
    pub(super) fn of(url: &Url) -> Result<Self, String> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a user and a password stand in `auth`, not in the address".to_owned());
        }
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            _ => Scheme::Http,
        };
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        };
        match url.port_or_known_default() {
            Some(port) if port > 0 && !host.is_empty() => Ok(Self {
                scheme,
                host,
                port,
                prefix: url.path().trim_end_matches('/').to_owned(),
            }),
            _ => Err("it names no host and port to connect to".to_owned()),
        }
    }

    /// The whole address of a path of this base.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin(), self.prefix)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let (scheme, host) = (self.scheme.as_str(), self.bracketed());
        format!("{scheme}://{host}:{}", self.port)
    }

    /// The host as it stands before a port.
    pub fn bracketed(&self) -> Cow<'_, str> {
        if self.host.contains(':') {
            Cow::Owned(format!("[{}]", self.host))
        } else {
            Cow::Borrowed(&self.host)
        }
    }

    /// A whole address, from one or from a path of this base.
    pub(super) fn address<T>(&self, at: &Located<T>, text: &str) -> Result<String, Problem> {
        if text.starts_with('/') {
            return Ok(self.url(text));
        }
        match web_address(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(why) => Err(at
                .error(why)
                .hint("or write a path of `base`, like /health")),
        }
    }
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

pub(super) fn web_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| match text.contains("://") {
        true => format!("`{text}` is no address: {error}"),
        false => format!("`{text}` is no address; write it like http://127.0.0.1:8080"),
    })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        "ws" | "wss" => Err("write http:// or https://; a step says `websocket`".to_owned()),
        "grpc" | "grpcs" => Err(
            "perfgate does not speak gRPC; ghz puts load on such a service, and its results are judged here"
                .to_owned(),
        ),
        other => Err(format!(
            "perfgate does not speak {other}; write http:// or https://"
        )),
    }
}

/// What is wrong with a path, placeholders left out.
pub(super) fn check_path<T>(at: &Located<T>, text: &str) -> Result<(), Problem> {
    if text.contains("://") && !text.starts_with('/') {
        return Err(at
            .error("it is a whole address, and a path begins at `base`, or at the `host` of the step")
            .hint("name the other host in [hosts], like auth = \"http://127.0.0.1:9000\", and write host = \"auth\" beside the path alone"));
    }
    if !text.starts_with('/') {
        return Err(at.error(format!("`{text}` does not begin with a slash")));
    }
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("{{") {
        plain.push_str(before);
        rest = after.split_once("}}").map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    if plain.contains('#') {
        return Err(at
            .error("what follows a # is never sent to a service")
            .hint("write %23 where # itself is meant"));
    }
    if plain.chars().any(char::is_control) {
        return Err(at.error("a path is one line of text"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_taken_apart_and_put_together() {
        for (text, host, port, prefix, whole) in [
            (
                "http://127.0.0.1:8080",
                "127.0.0.1",
                8080,
                "",
                "http://127.0.0.1:8080/x",
            ),
            (
                "http://shop.test/",
                "shop.test",
                80,
                "",
                "http://shop.test:80/x",
            ),
            (
                "https://shop.test/api/v1/",
                "shop.test",
                443,
                "/api/v1",
                "https://shop.test:443/api/v1/x",
            ),
            ("http://[::1]:9/", "::1", 9, "", "http://[::1]:9/x"),
        ] {
            let base = Base::parse(text).unwrap();
            assert_eq!(
                (base.host.as_str(), base.port, base.prefix.as_str()),
                (host, port, prefix)
            );
            assert_eq!(base.url("/x"), whole);
        }
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for (text, said) in [
            ("127.0.0.1:8080", "is no address"),
            ("shop", "write it like http://"),
            ("ftp://shop.test", "does not speak ftp"),
            ("ws://shop.test", "a step says `websocket`"),
            ("grpc://127.0.0.1:50051", "ghz puts load on such a service"),
            ("http://", "is no address"),
            ("http://a:0", "no host and port"),
            ("http://me:pw@shop.test", "stand in `auth`"),
            ("http://shop.test/?a=1", "a query belongs to a step"),
            ("http://shop.test:99999", "is no address"),
        ] {
            let error = Base::parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
