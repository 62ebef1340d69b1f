//! Certificates of the test server, and clients that trust them.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Whom the server says to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// `localhost`, `127.0.0.1` and `::1`.
    Localhost,
    /// `other.example`.
    Other,
    /// Signed by itself.
    Own,
    /// `Localhost`, for users who prove who they are.
    ForUsers,
}

/// The authority that signed both.
pub(crate) fn ca() -> PathBuf {
    fixture("ca.pem")
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    PathBuf::from(fixtures).join(name)
}

fn ring() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(super) fn acceptor(leaf: Leaf, http2: bool) -> TlsAcceptor {
    let name = match leaf {
        Leaf::Localhost | Leaf::ForUsers => "localhost",
        Leaf::Own => "own",
        Leaf::Other => "other",
    };
    let chain = vec![CertificateDer::from_pem_file(fixture(&format!("{name}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(fixture(&format!("{name}.key"))).unwrap();
    let mut config = ServerConfig::builder_with_provider(ring())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(users(leaf))
        .with_single_cert(chain, key)
        .unwrap();
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    TlsAcceptor::from(Arc::new(config))
}

/// Who may speak to the server.
fn users(leaf: Leaf) -> Arc<dyn ClientCertVerifier> {
    if leaf != Leaf::ForUsers {
        return WebPkiClientVerifier::no_client_auth();
    }
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(fixture("users.pem")).unwrap())
        .unwrap();
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), ring())
        .build()
        .unwrap()
}

/// Trusts the authority and asks for these protocols.
pub(crate) fn connector(alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca()).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(ring())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}
