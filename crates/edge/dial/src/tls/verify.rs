//! Ways to check a certificate, for rustls.

use std::{
    fmt::Write as _,
    sync::{Arc, OnceLock},
};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
    sign::SingleCertAndKey,
};

use crate::tls::{ClientCertificate, TlsFault, Verify};

/// Makes the configuration of one connection. Reads files the first time that the system's
/// authorities are asked for.
///
/// # Errors
///
/// [`TlsFault::NoAuthorities`] when there is nothing to check against;
/// [`TlsFault::BadClientCertificate`].
pub(super) fn client_config(
    verify: &Verify,
    client: Option<&ClientCertificate>,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsFault> {
    let verifier: Arc<dyn ServerCertVerifier> = match verify {
        Verify::SystemRoots => web_pki(system_roots()?, &provider)?,
        Verify::Ca(certificates) => Arc::new(AuthorityOrItself {
            authorities: web_pki(Arc::new(roots_of(certificates)?), &provider)?,
            certificates: certificates.clone(),
        }),
        Verify::Pinned(pins) => {
            let trusted = Trusted::Pinned(pins.clone());
            Arc::new(ByHash { trusted, provider: Arc::clone(&provider) })
        }
        Verify::FirstUse { known, place } => {
            let known = known.find(place)?;
            let trusted = Trusted::FirstMet(known);
            Arc::new(ByHash { trusted, provider: Arc::clone(&provider) })
        }
        Verify::Off => Arc::new(Anyone { provider: Arc::clone(&provider) }),
    };
    let ours = client.map(|client| client.certified(&provider)).transpose()?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsFault::Incompatible(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match ours {
        Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
        None => builder.with_no_client_auth(),
    };
    // A configuration serves one connection, so tickets would never be used.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The usual checks: chain, name, dates, purpose.
fn web_pki(
    roots: Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TlsFault> {
    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| TlsFault::NoAuthorities(error.to_string()))
}

fn roots_of(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| TlsFault::NoAuthorities(error.to_string()))?;
    }
    Ok(roots)
}

/// The authorities this machine trusts, read once. A failure is not kept.
fn system_roots() -> Result<Arc<RootCertStore>, TlsFault> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate authority of this machine cannot be read");
    }
    let mut roots = RootCertStore::empty();
    // Machines carry oddities among their authorities; one does not spoil the rest.
    let (_added, ignored) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(TlsFault::NoAuthorities("this machine has none".to_owned()));
    }
    tracing::debug!(authorities = roots.len(), ignored, "read this machine's authorities");
    Ok(Arc::clone(ROOTS.get_or_init(|| Arc::new(roots))))
}

/// Trusts what its authorities signed, and its authorities' own certificates as servers'.
#[derive(Debug)]
struct AuthorityOrItself {
    authorities: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for AuthorityOrItself {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_authority = self.authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let Err(error) = by_authority else { return by_authority };
        // What OpenSSL's `req -x509` makes is marked as an authority, and webpki lets no
        // authority be a server. Its dates were checked before its kind, and win here too.
        let out_of_date = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            )
        );
        if out_of_date || !self.certificates.iter().any(|known| known == end_entity) {
            return Err(error);
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// The certificate is none of those that were pinned.
#[derive(Debug, thiserror::Error)]
#[error("the certificate with the sha-256 {found} is not pinned")]
pub(super) struct NotPinned {
    /// Lower-case hexadecimal.
    pub(super) found: String,
}

/// The certificate is another one than the server had when it was first met.
#[derive(Debug, thiserror::Error)]
#[error("the certificate has changed from the sha-256 {known} to {found}")]
pub(super) struct Changed {
    /// Lower-case hexadecimal.
    pub(super) known: String,
    /// Lower-case hexadecimal.
    pub(super) found: String,
}

/// Which certificates are trusted for what they are, whoever signed them.
#[derive(Debug)]
enum Trusted {
    /// Those with these SHA-256 hashes.
    Pinned(Vec<[u8; 32]>),
    /// The one that was met first, in lower-case hexadecimal; any when the server was not met.
    FirstMet(Option<String>),
}

/// Trusts certificates by their hash. The signatures, which prove that the server holds the
/// certificate's key, are checked as ever.
#[derive(Debug)]
struct ByHash {
    trusted: Trusted,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByHash {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let hash: [u8; 32] = Sha256::digest(end_entity).into();
        let found = hex(&hash);
        let fault = match &self.trusted {
            Trusted::Pinned(pins) if !pins.contains(&hash) => {
                OtherError(Arc::new(NotPinned { found }))
            }
            Trusted::FirstMet(Some(known)) if *known != found => {
                OtherError(Arc::new(Changed { known: known.clone(), found }))
            }
            Trusted::Pinned(_) | Trusted::FirstMet(_) => {
                return Ok(ServerCertVerified::assertion());
            }
        };
        Err(CertificateError::Other(fault).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Trusts anyone. Signatures are not checked either: they would prove that the server holds
/// the key of a certificate that anyone could have made, and some servers' certificates are
/// too odd to be read at all.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
