//! The cryptography that reqwest's clients use for TLS.

/// Makes ring the provider of the process, unless another one is installed.
pub fn install() {
    // This fails where there is a provider already, and that one serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_built_however_often_the_provider_was_installed() {
        install();
        install();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
        // The client gets no authorities, because not every machine has some.
        let builder = reqwest::Client::builder().no_proxy();
        builder.tls_certs_only([]).build().unwrap();
    }
}
