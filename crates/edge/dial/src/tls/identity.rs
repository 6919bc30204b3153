//! Who we say we are to servers that ask for a certificate.

use std::{fmt, sync::Arc};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::rustls::crypto::CryptoProvider;

use crate::tls::TlsFault;

/// Longest PEM text of a certificate or key, in bytes.
const PEM_MAX_BYTES: usize = 64 << 10;

/// A certificate of ours and its key.
#[derive(Clone)]
pub struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadClientCertificate {
    /// There is no certificate in the text.
    #[error("the client certificate is not a PEM certificate")]
    Certificate,
    /// There is no key in the text, or one that needs a passphrase.
    #[error("the client key is not a PEM key without a passphrase")]
    Key,
    /// The key is of a kind that TLS does not have.
    #[error("the client key is of a kind that is not supported")]
    KeyKind,
}

impl ClientCertificate {
    /// Reads PEM text: a certificate, with those between it and its authority, and its key.
    ///
    /// # Errors
    ///
    /// [`BadClientCertificate`], also for texts over 64 KiB.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, BadClientCertificate> {
        let bounded = |text: &[u8]| text.len() <= PEM_MAX_BYTES;
        let chain: Option<Vec<_>> = bounded(certificate)
            .then(|| CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().ok())
            .flatten();
        let chain = chain.filter(|chain| !chain.is_empty());
        let chain = chain.ok_or(BadClientCertificate::Certificate)?;
        let key = bounded(key).then(|| PrivateKeyDer::from_pem_slice(key).ok()).flatten();
        let key = key.ok_or(BadClientCertificate::Key)?;
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let loaded = provider.key_provider.load_private_key(key.clone_key());
        loaded.map_err(|_kind| BadClientCertificate::KeyKind)?;
        Ok(Self { chain, key: Arc::new(key) })
    }

    /// Both, for rustls.
    pub(super) fn certified(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<tokio_rustls::rustls::sign::CertifiedKey>, TlsFault> {
        let key = provider.key_provider.load_private_key(self.key.clone_key());
        let key = key.map_err(|_kind| TlsFault::BadClientCertificate)?;
        let certified = tokio_rustls::rustls::sign::CertifiedKey::new(self.chain.clone(), key);
        // A key of another certificate would only be found out by the server.
        certified.keys_match().map_err(|_other| TlsFault::BadClientCertificate)?;
        Ok(Arc::new(certified))
    }
}

impl PartialEq for ClientCertificate {
    /// By the certificate: it has one key.
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} certificates)", self.chain.len())
    }
}
