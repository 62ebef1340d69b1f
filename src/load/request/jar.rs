//! The cookies of one user (RFC 6265), for all hosts of a scenario.
//!
//! There is no clock here: a cookie that expires later stays until the end of the run, one that expires at once is
//! removed. Whether it expires at once is decided by `Max-Age`, or by `Expires` against the `Date` of the same
//! response.

use cookie::Cookie;

use super::target::path_of;
use crate::load::http::Response;

/// The limits for the number of cookies of one domain and for their size (RFC 6265, 6.1).
const MOST: usize = 50;
const LARGEST: usize = 4096;

/// 2020-01-01. Today, a service sets an earlier expiry only to delete a cookie.
const LONG_AGO: i64 = 1_577_836_800;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jar {
    /// The cookies in the order in which they were created.
    cookies: Vec<StoredCookie>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredCookie {
    name: String,
    value: String,
    /// The host that set it, or the domain that it named.
    domain: String,
    /// Whether it named no domain, and so belongs to its host alone.
    of_host: bool,
    path: String,
    secure: bool,
}

impl Jar {
    /// Takes the cookies that a response of a host sets and deletes; it needs the headers. `path` is that of the request,
    /// with or without a query.
    pub fn take(&mut self, answer: &Response, host: &str, path: &str) {
        for (name, line) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie")
                && let Ok(line) = std::str::from_utf8(line)
                && let Ok(cookie) = Cookie::parse(line)
            {
                self.set(&cookie, answer, (host, path_of(path)));
            }
        }
    }

    /// The `cookie` header of a request to a host for a path; `None` where no cookie matches it.
    pub fn header(&self, place: (&str, &str), secure: bool) -> Option<String> {
        let mut out = String::new();
        self.write(place, secure, &mut out);
        (!out.is_empty()).then_some(out)
    }

    /// Appends the cookies to those that are in the header.
    pub(super) fn write(&self, (host, path): (&str, &str), secure: bool, out: &mut String) {
        let path = path_of(path);
        let mut fitting: Vec<&StoredCookie> = self
            .cookies
            .iter()
            .filter(|cookie| (secure || !cookie.secure) && cookie.is_sent_to(host))
            .filter(|cookie| is_below(path, &cookie.path))
            .collect();
        // Longer paths come first, then older cookies (RFC 6265, 5.4). The sort is stable.
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

    /// Adds what another jar has received since both were the same.
    pub fn add_changes(&mut self, before: &Self, after: &Self) {
        let is_same = |one: &StoredCookie, other: &StoredCookie| {
            one.name == other.name && one.path == other.path && one.domain == other.domain
        };
        for gone in &before.cookies {
            if !after.cookies.iter().any(|kept| is_same(kept, gone)) {
                self.cookies.retain(|own| !is_same(own, gone));
            }
        }
        for cookie in after
            .cookies
            .iter()
            .filter(|one| !before.cookies.contains(one))
        {
            match self.cookies.iter_mut().find(|own| is_same(own, cookie)) {
                Some(own) => own.clone_from(cookie),
                None => self.cookies.push(cookie.clone()),
            }
        }
    }

    fn set(&mut self, cookie: &Cookie<'_>, answer: &Response, (host, requested): (&str, &str)) {
        let (name, value) = cookie.name_value();
        if name.len() + value.len() > LARGEST
            || name.chars().chain(value.chars()).any(char::is_control)
        {
            return;
        }
        let named = cookie.domain().map(|name| name.trim_start_matches('.'));
        let named = named.filter(|name| !name.is_empty());
        if named.is_some_and(|domain| !is_within(host, domain)) {
            return;
        }
        let domain = named.unwrap_or(host).to_ascii_lowercase();
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') => path,
            _ => folder(requested),
        };
        let known = self
            .cookies
            .iter()
            .position(|kept| kept.name == name && kept.path == path && kept.domain == domain);
        if ends_at_once(cookie, answer) {
            known.map(|at| self.cookies.remove(at));
            return;
        }
        let kept = StoredCookie {
            name: name.to_owned(),
            value: value.to_owned(),
            of_host: named.is_none(),
            domain,
            path: path.to_owned(),
            secure: cookie.secure() == Some(true),
        };
        match known.and_then(|at| self.cookies.get_mut(at)) {
            Some(place) => *place = kept,
            None => {
                let of_domain = |cookie: &&StoredCookie| cookie.domain == kept.domain;
                if self.cookies.iter().filter(of_domain).count() >= MOST
                    && let Some(oldest) = self.cookies.iter().position(|one| of_domain(&one))
                {
                    self.cookies.remove(oldest);
                }
                self.cookies.push(kept);
            }
        }
    }
}

impl StoredCookie {
    fn is_sent_to(&self, host: &str) -> bool {
        match self.of_host {
            true => self.domain.eq_ignore_ascii_case(host),
            false => is_within(host, &self.domain),
        }
    }
}

/// Whether a domain is the host or contains it; an IP address is in no domain (RFC 6265, 5.1.3).
fn is_within(host: &str, domain: &str) -> bool {
    if host.eq_ignore_ascii_case(domain) {
        return true;
    }
    let behind = host.len().checked_sub(domain.len());
    let parts = behind.and_then(|at| host.split_at_checked(at));
    parts.is_some_and(|(labels, end)| {
        labels.ends_with('.')
            && end.eq_ignore_ascii_case(domain)
            && host.parse::<std::net::IpAddr>().is_err()
    })
}

fn ends_at_once(cookie: &Cookie<'_>, answer: &Response) -> bool {
    if let Some(age) = cookie.max_age() {
        return age.is_zero() || age.is_negative();
    }
    let Some(end) = cookie.expires_datetime() else {
        return false;
    };
    end.unix_timestamp() <= date(answer).unwrap_or(LONG_AGO)
}

/// The date of a response in seconds since 1970. It has the form of a cookie's `Expires`.
fn date(answer: &Response) -> Option<i64> {
    let mut headers = answer.headers.iter();
    let (_, line) = headers.find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    let line = std::str::from_utf8(line).ok()?;
    let cookie = Cookie::parse(format!("date=; Expires={line}")).ok()?;
    Some(cookie.expires_datetime()?.unix_timestamp())
}

/// The path of a cookie that names none (RFC 6265, 5.1.4).
fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(at) if at > 0 && path.starts_with('/') => path.get(..at).unwrap_or("/"),
        _ => "/",
    }
}

/// Whether a path is in a folder: `/a` contains `/a` and `/a/b`, but not `/ab` (RFC 6265, 5.1.4).
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}
