//! The HTTP client of everything that publishes: the system's certificates and the user's own, the environment's
//! proxies, and no redirects: those are followed where it is known to whom the token belongs.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};

use super::Variables;
use super::proxy::Proxies;
use crate::hint::WithHint;

/// How the network is reached.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// An authority beside the system's.
    pub ca: Option<PathBuf>,
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`, which stand instead of the system's.
    pub certificates: (Option<PathBuf>, Option<PathBuf>),
    pub proxies: Proxies,
}

impl Network {
    pub fn of(get: &Variables<'_>, ca: Option<PathBuf>) -> Self {
        let path = |name| get(name).map(PathBuf::from);
        Self {
            ca,
            certificates: (path("SSL_CERT_FILE"), path("SSL_CERT_DIR")),
            proxies: Proxies::of(get),
        }
    }

    pub(super) fn client(&self) -> anyhow::Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("perfgate/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A repetition is decided where it is known what may be repeated.
            .retry(reqwest::retry::never())
            .no_proxy()
            .tls_backend_preconfigured(self.tls()?);
        let Proxies {
            https,
            http,
            except,
        } = &self.proxies;
        let except = except.as_deref().and_then(reqwest::NoProxy::from_string);
        let https = https
            .as_deref()
            .map(|at| (reqwest::Proxy::https(at), "HTTPS_PROXY"));
        let http = http
            .as_deref()
            .map(|at| (reqwest::Proxy::http(at), "HTTP_PROXY"));
        for (proxy, name) in https.into_iter().chain(http) {
            // The address may hold a password: it is not repeated.
            let proxy = proxy
                .map_err(|_| anyhow!("read {name}: it is not the address of a proxy"))
                .hint("such as http://proxy.example:3128")?;
            builder = builder.proxy(proxy.no_proxy(except.clone()));
        }
        builder.build().context("set up HTTP")
    }

    fn tls(&self) -> anyhow::Result<ClientConfig> {
        let (file, folder) = &self.certificates;
        let found: CertificateResult = if file.is_some() || folder.is_some() {
            load_certs_from_paths(file.as_deref(), folder.as_deref())
        } else {
            load_native_certs()
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if let (true, Some(error), Some(_)) = (roots.is_empty(), found.errors.first(), file) {
            return Err(anyhow!("read SSL_CERT_FILE: {error}"));
        }
        if let Some(path) = &self.ca {
            let doing = || format!("read {}", path.display());
            let own: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
                .with_context(doing)?
                .collect::<Result<_, _>>()
                .with_context(doing)?;
            if own.is_empty() {
                return Err(anyhow!("it holds no certificate"))
                    .with_context(doing)
                    .hint("--ca takes a file of PEM");
            }
            for certificate in own {
                roots.add(certificate).with_context(doing)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("set up TLS")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(config)
    }
}
