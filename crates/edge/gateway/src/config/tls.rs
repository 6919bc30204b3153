//! `[server.tls]`, and certificates in general.

use std::{path::Path, sync::Arc};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::rustls::{self, crypto::aws_lc_rs};

use super::{ConfigError, files::Files, server::RawServerTls};

/// What the listener needs to speak TLS.
#[derive(Clone)]
pub struct ServerTls {
    /// TLS 1.2 and 1.3, HTTP/1.1.
    pub config: Arc<rustls::ServerConfig>,
    /// The listener's own certificate: the first of its chain.
    pub certificate: CertificateDer<'static>,
}

impl std::fmt::Debug for ServerTls {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServerTls")
    }
}

/// Reads certificate and key, when both are named.
pub(crate) fn server_tls(
    raw: &RawServerTls,
    files: &Files,
) -> Result<Option<ServerTls>, ConfigError> {
    let (cert_file, key_file) = match (&raw.cert_file, &raw.key_file) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(ConfigError::missing(
                "server.tls.key_file",
                "it is needed beside cert_file",
            ));
        }
        (None, Some(_)) => {
            return Err(ConfigError::missing(
                "server.tls.cert_file",
                "it is needed beside key_file",
            ));
        }
    };
    let chain = certificates("server.tls.cert_file", cert_file, files)?;
    let Some(certificate) = chain.first().cloned() else {
        return Err(ConfigError::invalid("server.tls.cert_file", NO_CERTIFICATE));
    };
    let pem = files.read("server.tls.key_file", key_file)?;
    // The parser's words are left out: they may quote the key.
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_quotes| {
        ConfigError::invalid("server.tls.key_file", "it holds no private key in PEM")
    })?;

    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| {
            ConfigError::invalid(
                "server.tls.key_file",
                format!("certificate and key do not make a pair: {error}"),
            )
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(ServerTls { config: Arc::new(config), certificate }))
}

/// Every certificate in the PEM file that `key` names, at least one.
pub(crate) fn certificates(
    key: &str,
    path: &Path,
    files: &Files,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let pem = files.read(key, path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_damaged| ConfigError::invalid(key, NO_CERTIFICATE))?;
    if certificates.is_empty() {
        return Err(ConfigError::invalid(key, NO_CERTIFICATE));
    }
    Ok(certificates)
}

const NO_CERTIFICATE: &str = "it holds no certificate in PEM";
