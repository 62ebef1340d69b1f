//! TLS with the system's certificate authorities, and with that of the scenario if it names one.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Failure, FailureKind};
use crate::hint::WithHint;
use crate::load::scenario::{Base, ClientCertificate, Tls};

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
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = Arc::new(Trust::new(tls, &provider)?);
        let client = tls.client.as_ref().map(own).transpose()?;
        let with = |protocol: &[u8]| -> anyhow::Result<TlsConnector> {
            let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()?
                .dangerous()
                .with_custom_certificate_verifier(Arc::<Trust>::clone(&trust));
            let mut config = match &client {
                Some((chain, key)) => config
                    .with_client_auth_cert(chain.clone(), key.clone_key())
                    .context("use the certificate of the users")
                    .hint("`cert` and `key` must belong to each other")?,
                None => config.with_no_client_auth(),
            };
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

/// The certificate of the users, with its key.
fn own(
    client: &ClientCertificate,
) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let shown = client.key.display();
    let key = PrivateKeyDer::from_pem_file(&client.key)
        .with_context(|| format!("read {shown}"))
        .hint("`key` names a PEM file with a private key that is not encrypted")?;
    Ok((certificates(&client.cert, "cert")?, key))
}

/// Whom to trust: authorities, certificates that were named themselves, or anybody.
#[derive(Debug)]
struct Trust {
    /// None where any certificate will do.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// A service may have one of these itself, as `openssl req -x509` makes it: no authority but the service's own.
    named: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Trust {
    fn new(tls: &Tls, provider: &Arc<CryptoProvider>) -> anyhow::Result<Self> {
        let named = match &tls.ca {
            Some(path) => certificates(path, "ca")?,
            None => Vec::new(),
        };
        let authorities = match tls.insecure {
            true => None,
            false => {
                let roots = Arc::new(roots(tls.ca.as_deref(), &named)?);
                let provider = Arc::clone(provider);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider);
                Some(verifier.build().context("trust the authorities")?)
            }
        };
        Ok(Self {
            authorities,
            named,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.authorities {
            Some(authorities) if !self.named.iter().any(|named| named == certificate) => {
                authorities.verify_server_cert(certificate, intermediates, name, ocsp, now)
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The certificates of a file that a key names.
fn certificates(path: &Path, key: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let hint = format!("`{key}` names a PEM file with certificates");
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("read {shown}"))
        .hint(hint.clone())?;
    match certificates.is_empty() {
        true => Err(anyhow!("read {shown}: it holds no certificate")).hint(hint),
        false => Ok(certificates),
    }
}

/// The certificate authorities. It is enough if the scenario names one and the system has none.
fn roots(own: Option<&Path>, named: &[CertificateDer<'static>]) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = own {
        let shown = path.display();
        for certificate in named {
            let added = roots.add(certificate.clone());
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
        let error = certificates(&path, "ca").unwrap_err();
        assert!(format!("{error:#}").contains("ca.pem"), "{error:#}");
        std::fs::write(&path, "no certificate").unwrap();
        let error = certificates(&path, "ca").unwrap_err();
        assert!(
            format!("{error:#}").contains("holds no certificate"),
            "{error:#}"
        );
    }
}
