//! The addresses of the service, and whether it may be loaded without a further flag: only this machine and private
//! networks may.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::load::scenario::Base;

/// Resolves the host once. A run never asks a name server while it measures.
pub fn resolve(base: &Base, allow_remote: bool) -> anyhow::Result<Vec<SocketAddr>> {
    let host = &base.host;
    let addresses: Vec<SocketAddr> = (host.as_str(), base.port)
        .to_socket_addrs()
        .with_context(|| format!("find the address of `{host}`"))
        .hint("check the name in `base` and in [hosts], and that this machine can resolve it")?
        .collect();
    let remote = addresses.iter().find(|address| !is_near(address.ip()));
    match remote {
        Some(remote) if !allow_remote => {
            let remote = remote.ip();
            Err(anyhow!(
                "{host} ({remote}) is neither this machine nor in a private network"
            ))
            .hint("to load it all the same, and only if it is yours, add `--allow-remote`")
        }
        _ => Ok(addresses),
    }
}

/// Whether an address is this machine's or in a network that is not the Internet.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_near(IpAddr::V4(v4)),
            None => {
                v6.is_loopback()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || v6.is_unspecified()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenario::Scheme;

    fn base(host: &str) -> Base {
        Base {
            scheme: Scheme::Http,
            host: host.to_owned(),
            port: 80,
            prefix: String::new(),
        }
    }

    #[test]
    fn only_loopback_and_private_networks_are_near() {
        for near in [
            "127.0.0.1",
            "127.8.8.8",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "::1",
            "fd12::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in [
            "8.8.8.8",
            "172.32.0.1",
            "192.169.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn a_remote_address_needs_a_word_more() {
        let error = resolve(&base("192.0.2.7"), false).unwrap_err();
        assert!(format!("{error:#}").contains("192.0.2.7"), "{error:#}");
        assert!(crate::hint::of(&error).unwrap().contains("--allow-remote"));
        assert_eq!(resolve(&base("192.0.2.7"), true).unwrap().len(), 1);
        assert!(resolve(&base("::1"), false).unwrap()[0].is_ipv6());
    }
}
