//! The name of an endpoint, for tools that know a request only by its method and its address.

/// `GET /search?q=a`: the address without scheme and host, which are where the service happened to run. A name that is
/// no address stays as it is.
pub(super) fn named(method: &str, url: &str) -> String {
    let path = path(url);
    if method.is_empty() {
        path.to_owned()
    } else {
        format!("{method} {path}")
    }
}

/// What stands behind scheme and host.
pub(super) fn path(url: &str) -> &str {
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_scheme {
        return url;
    }
    match rest.find(['/', '?']) {
        Some(at) => rest.get(at..).unwrap_or("/"),
        None => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn the_host_is_no_part_of_the_name() {
        assert_eq!(
            named("GET", "http://127.0.0.1:8080/a?b=http://x/y"),
            "GET /a?b=http://x/y"
        );
        assert_eq!(named("GET", "https://example.com"), "GET /");
        assert_eq!(named("", "/a"), "/a");
        assert_eq!(named("PUT", "cart, put"), "PUT cart, put");
    }
}
