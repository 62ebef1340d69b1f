//! The cookies that one user was sent (RFC 6265), for the one host that a scenario talks to.
//!
//! There is no clock here: a cookie that is to end later stays to the end of the run, one that ends at once goes.
//! What ends at once is told by `Max-Age`, or by `Expires` against the `Date` of the same answer.

use cookie::Cookie;

use super::target::path_of;
use crate::load::wire::Answer;

/// A service cannot make a user carry more, nor larger ones (RFC 6265, 6.1).
const MOST: usize = 50;
const LARGEST: usize = 4096;

/// 2020-01-01: no service that is loaded today gives a cookie until a time before it, unless to delete it.
const LONG_AGO: i64 = 1_577_836_800;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jar {
    host: String,
    /// In the order of their making.
    cookies: Vec<Kept>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    name: String,
    value: String,
    path: String,
    secure: bool,
}

impl Jar {
    pub fn new(host: &str) -> Self {
        Self {
            host: host.to_ascii_lowercase(),
            cookies: Vec::new(),
        }
    }

    /// What an answer to a request for `path`, with or without a query, sets and deletes. Needs the answer's headers.
    pub fn take(&mut self, answer: &Answer, path: &str) {
        for (name, line) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie")
                && let Ok(line) = std::str::from_utf8(line)
                && let Ok(cookie) = Cookie::parse(line)
            {
                self.set(&cookie, answer, path_of(path));
            }
        }
    }

    /// The `cookie` header of a request for `path`; none where no cookie is meant for it.
    pub fn header(&self, path: &str, secure: bool) -> Option<String> {
        let mut out = String::new();
        self.write(path, secure, &mut out);
        (!out.is_empty()).then_some(out)
    }

    /// Behind what already stands in the header.
    pub(super) fn write(&self, path: &str, secure: bool, out: &mut String) {
        let path = path_of(path);
        let mut fitting: Vec<&Kept> = self
            .cookies
            .iter()
            .filter(|cookie| (secure || !cookie.secure) && is_below(path, &cookie.path))
            .collect();
        // RFC 6265, 5.4: longer paths first, then the older ones; the sort keeps their order.
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        for cookie in fitting {
            if !out.is_empty() {
                out.push_str("; ");
            }
            out.push_str(&cookie.name);
            out.push('=');
            out.push_str(&cookie.value);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    fn set(&mut self, cookie: &Cookie<'_>, answer: &Answer, requested: &str) {
        let (name, value) = cookie.name_value();
        if name.len() + value.len() > LARGEST
            || name.chars().chain(value.chars()).any(char::is_control)
            || cookie.domain().is_some_and(|domain| !self.is_of(domain))
        {
            return;
        }
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') => path,
            _ => folder(requested),
        };
        let known = self
            .cookies
            .iter()
            .position(|kept| kept.name == name && kept.path == path);
        if ends_at_once(cookie, answer) {
            known.map(|at| self.cookies.remove(at));
            return;
        }
        let kept = Kept {
            name: name.to_owned(),
            value: value.to_owned(),
            path: path.to_owned(),
            secure: cookie.secure() == Some(true),
        };
        match known.and_then(|at| self.cookies.get_mut(at)) {
            Some(place) => *place = kept,
            None => {
                if self.cookies.len() >= MOST {
                    self.cookies.remove(0);
                }
                self.cookies.push(kept);
            }
        }
    }

    /// RFC 6265, 5.1.3: the host, or a domain that it is in; an address is in no domain.
    fn is_of(&self, domain: &str) -> bool {
        let domain = domain.trim_start_matches('.').to_ascii_lowercase();
        if self.host == domain {
            return true;
        }
        let is_address = self.host.parse::<std::net::IpAddr>().is_ok();
        let labels = self.host.strip_suffix(&domain);
        !is_address && labels.is_some_and(|labels| labels.ends_with('.'))
    }
}

fn ends_at_once(cookie: &Cookie<'_>, answer: &Answer) -> bool {
    if let Some(age) = cookie.max_age() {
        return age.is_zero() || age.is_negative();
    }
    let Some(end) = cookie.expires_datetime() else {
        return false;
    };
    end.unix_timestamp() <= date(answer).unwrap_or(LONG_AGO)
}

/// Of the answer, in seconds since 1970; its form is that of a cookie's `Expires`.
fn date(answer: &Answer) -> Option<i64> {
    let mut headers = answer.headers.iter();
    let (_, line) = headers.find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    let line = std::str::from_utf8(line).ok()?;
    let cookie = Cookie::parse(format!("date=; Expires={line}")).ok()?;
    Some(cookie.expires_datetime()?.unix_timestamp())
}

/// RFC 6265, 5.1.4: where a cookie without a path belongs.
fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(at) if at > 0 && path.starts_with('/') => path.get(..at).unwrap_or("/"),
        _ => "/",
    }
}

/// RFC 6265, 5.1.4: `/a` holds for `/a` and `/a/b`, and not for `/ab`.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}
