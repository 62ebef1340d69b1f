//! TLS with the system's certificate authorities, and with that of the scenario if it names one.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Failure, FailureKind};
use crate::hint::WithHint;
use crate::load::scenario::{Base, Tls};

/// The protocol spoken on a connection. A TLS server is asked for exactly this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    Http1,
    Http2,
}

/// Makes TLS connections to one name.
pub struct Connector {
    http1: TlsConnector,
    http2: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    pub fn new(base: &Base, tls: &Tls) -> anyhow::Result<Self> {
        let name = tls.server_name.as_deref().unwrap_or(&base.host);
        let name = ServerName::try_from(name.to_owned())
            .with_context(|| format!("`{name}` is no name that a certificate could carry"))?;
        let roots = Arc::new(roots(tls.ca.as_deref())?);
        let with = |protocol: &[u8]| -> anyhow::Result<TlsConnector> {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(Arc::clone(&roots))
                .with_no_client_auth();
            config.alpn_protocols = vec![protocol.to_vec()];
            Ok(TlsConnector::from(Arc::new(config)))
        };
        Ok(Self {
            http1: with(b"http/1.1")?,
            http2: with(b"h2")?,
            name,
        })
    }

    pub async fn connect(
        &self,
        tcp: TcpStream,
        alpn: Alpn,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let connector = match alpn {
            Alpn::Http1 => &self.http1,
            Alpn::Http2 => &self.http2,
        };
        let stream = connector
            .connect(self.name.clone(), tcp)
            .await
            .map_err(|error| Failure::new(FailureKind::Tls, format!("TLS handshake: {error}")))?;
        if alpn == Alpn::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            let what = "the server did not agree to HTTP/2";
            return Err(Failure::new(FailureKind::Tls, what));
        }
        Ok(stream)
    }
}

/// The certificate authorities. It is enough if the scenario names one and the system has none.
fn roots(own: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = own {
        let shown = path.display();
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("read {shown}"))
            .hint("`ca` names a PEM file with the certificate of the authority")?;
        if certificates.is_empty() {
            return Err(anyhow!("read {shown}: it holds no certificate"))
                .hint("`ca` names a PEM file with the certificate of the authority");
        }
        for certificate in certificates {
            let added = roots.add(certificate);
            added.with_context(|| format!("read {shown}: not a certificate of an authority"))?;
        }
    }
    if roots.is_empty() {
        return Err(anyhow!("the system has no certificate authorities"))
            .hint("name the service's own with `ca`");
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let error = roots(Some(&path)).unwrap_err();
        assert!(format!("{error:#}").contains("ca.pem"), "{error:#}");
        std::fs::write(&path, "no certificate").unwrap();
        let error = roots(Some(&path)).unwrap_err();
        assert!(
            format!("{error:#}").contains("holds no certificate"),
            "{error:#}"
        );
    }
}
