//! Which proxy the environment names, as curl and git read it. Pure.

use super::Variables;

/// What goes through a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    pub https: Option<String>,
    pub http: Option<String>,
    /// Hosts that are reached without one.
    pub except: Option<String>,
}

impl Proxies {
    /// The small name comes first, as everywhere.
    pub fn of(get: &Variables<'_>) -> Self {
        let either = |name: &str| get(&name.to_lowercase()).or_else(|| get(name));
        let all = || either("ALL_PROXY");
        Self {
            https: either("HTTPS_PROXY").or_else(all),
            http: either("HTTP_PROXY").or_else(all),
            except: either("NO_PROXY"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_has_its_proxy_and_all_is_for_the_rest() {
        let get = |name: &str| match name {
            "https_proxy" => Some("http://small:1".to_owned()),
            "HTTPS_PROXY" => Some("http://large:1".to_owned()),
            "ALL_PROXY" => Some("http://all:1".to_owned()),
            "NO_PROXY" => Some("localhost,.acme".to_owned()),
            _ => None,
        };
        let proxies = Proxies::of(&get);
        assert_eq!(proxies.https.as_deref(), Some("http://small:1"));
        assert_eq!(proxies.http.as_deref(), Some("http://all:1"));
        assert_eq!(proxies.except.as_deref(), Some("localhost,.acme"));
        assert_eq!(Proxies::of(&|_| None), Proxies::default());
    }
}
