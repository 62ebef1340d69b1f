//! Proxies, own authorities, and no network at all.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::job::Job;
use crate::support::github::{GitHub, http};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls-github");

/// With a certificate for 127.0.0.1 of an authority that no system knows.
fn with_tls() -> GitHub {
    let at = |name: &str| format!("{FIXTURES}/{name}");
    let chain = CertificateDer::pem_file_iter(at("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(at("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    GitHub::with(Some(Arc::new(config)))
}

#[test]
fn an_own_authority_is_believed_by_flag_and_by_variable_and_not_otherwise() {
    let github = with_tls();
    let mut job = Job::new(&github);
    let said = job.posts("", 1);
    assert!(said.err.contains("not posted"), "{}", said.err);
    assert!(said.err.contains("--ca"), "{}", said.err);
    assert!(github.world().asked.is_empty());

    std::fs::copy(format!("{FIXTURES}/ca.pem"), job.path("ca.pem")).unwrap();
    job.posts("--ca ca.pem", 1);
    assert_eq!(github.world().marked(7).len(), 1);
    let ca = format!("{FIXTURES}/ca.pem");
    let said = job.set("SSL_CERT_FILE", &ca).posts("", 1);
    assert!(
        said.out.starts_with("comment unchanged"),
        "{}{}",
        said.out,
        said.err
    );
}

#[test]
fn a_certificate_that_is_none_is_an_error_before_anything_is_sent() {
    let github = GitHub::start();
    let job = Job::new(&github);
    for path in ["absent.pem", "event.json"] {
        let said = job.posts(&format!("--ca {path}"), 2);
        assert!(
            said.err.starts_with(&format!("error: read {path}")),
            "{}",
            said.err
        );
    }
    assert!(github.world().asked.is_empty());
}

#[test]
fn a_proxy_of_the_environment_is_used_and_its_exceptions_are_not() {
    let (proxy, github) = (GitHub::start(), GitHub::start());
    let mut job = Job::new(&github);
    job.set("HTTP_PROXY", &proxy.url);
    job.set("GITHUB_API_URL", "http://api.ghe.example/api/v3");
    job.posts("", 1);
    assert_eq!(proxy.world().marked(7).len(), 1);
    let target = proxy.world().asked[0].target.clone();
    assert!(
        target.starts_with("http://api.ghe.example/api/v3/repos/"),
        "{target}"
    );

    job.set("GITHUB_API_URL", &github.url)
        .set("NO_PROXY", "127.0.0.1");
    job.posts("", 1);
    assert_eq!(github.world().marked(7).len(), 1);
}

#[test]
fn an_encrypted_server_is_reached_through_a_tunnel_of_the_proxy() {
    let github = with_tls();
    let proxy = tunnel::start(github.url.trim_start_matches("https://"));
    let mut job = Job::new(&github);
    job.set(
        "https_proxy",
        &proxy.replace("http://", "http://robin:secret@"),
    );
    std::fs::copy(format!("{FIXTURES}/ca.pem"), job.path("ca.pem")).unwrap();
    let said = job.posts("--ca ca.pem", 1);
    assert!(
        said.out.starts_with("comment created"),
        "{}{}",
        said.out,
        said.err
    );
    assert!(tunnel::was_used());
    job.set("https_proxy", "::nonsense secret");
    let said = job.posts("", 2);
    assert!(!said.err.contains("secret"), "{}", said.err);
}

#[test]
fn without_a_network_the_verdict_stands() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    job.set("GITHUB_API_URL", &http::nobody());
    let said = job.posts("", 1);
    assert_eq!(said.err.matches("::warning").count(), 1, "{}", said.err);
    assert!(job.read("summary.md").contains("got slower"));
    job.posts("--required", 2);
}

/// A proxy that connects and then carries bytes.
mod tunnel {
    use std::io::{BufRead, BufReader, Write, copy};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    static USED: AtomicBool = AtomicBool::new(false);

    pub(super) fn was_used() -> bool {
        USED.load(Ordering::SeqCst)
    }

    pub(super) fn start(target: &str) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let target = target.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                carry(client, &target);
            }
        });
        address
    }

    fn carry(client: TcpStream, target: &str) {
        let mut reader = BufReader::new(client.try_clone().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("CONNECT {target} ")), "{line}");
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        USED.store(true, Ordering::SeqCst);
        let mut server = TcpStream::connect(target).unwrap();
        let mut client = client;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (mut back, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || drop(copy(&mut reader, &mut server)));
        thread::spawn(move || drop(copy(&mut back, &mut to_client)));
    }
}
