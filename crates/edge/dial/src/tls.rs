//! TLS to remotes: verified unless the operator says otherwise.

#[cfg(feature = "anonymous-tls")]
mod anonymous;
mod fault;
mod identity;
mod known;
mod verify;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
pub use fault::TlsFault;
pub use identity::{BadClientCertificate, ClientCertificate};
pub use known::KnownCertificates;
use porthole_remote::{PeerIdentity, Secure};
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsConnector;

use crate::{
    error::{DialError, Step},
    stream::BoxStream,
};

/// How to check a remote's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Verify {
    /// Against the authorities this machine trusts. They are read once, at first use.
    #[default]
    SystemRoots,
    /// Against these authorities alone. A server that presents one of these very certificates
    /// passes too, under a name that it is for: a self-signed certificate is its own authority.
    Ca(Vec<CertificateDer<'static>>),
    /// By the SHA-256 of the certificate itself, in DER. Neither its name nor its dates count.
    Pinned(Vec<[u8; 32]>),
    /// By the certificate that the server had when it was first met.
    FirstUse {
        /// Which certificates those were.
        known: KnownCertificates,
        /// The server in question. Filled in by [`crate::dial()`], as host and port.
        place: String,
    },
    /// Not at all: anyone in the middle can read and change everything. Each use is logged.
    Off,
}

/// How to set up TLS with a remote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// How to check the certificate.
    pub verify: Verify,
    /// The name to ask for and to expect. Absent means the target's host.
    pub server_name: Option<String>,
    /// Who we are, for servers that ask for a certificate.
    pub client: Option<ClientCertificate>,
}

/// Turns `stream` into TLS, with this side as the client.
///
/// # Errors
///
/// [`DialError::Tls`], or [`DialError::Timeout`] after `limit`.
pub async fn secure(
    stream: BoxStream,
    settings: &TlsSettings,
    kind: Secure,
    limit: Duration,
) -> Result<BoxStream, DialError> {
    secure_and_identify(stream, settings, kind, limit).await.map(|(stream, _peer)| stream)
}

/// As [`secure`], and says who is at the other end.
pub(crate) async fn secure_and_identify(
    stream: BoxStream,
    settings: &TlsSettings,
    kind: Secure,
    limit: Duration,
) -> Result<(BoxStream, PeerIdentity), DialError> {
    let peer = || settings.server_name.clone().unwrap_or_else(|| "the remote".to_owned());
    let handshake = async {
        match kind {
            Secure::Certificate => with_certificate(stream, settings).await,
            Secure::Anonymous => {
                anonymously(stream).await.map(|stream| (stream, PeerIdentity::default()))
            }
        }
    };
    match tokio::time::timeout(limit, handshake).await {
        Ok(Ok(secured)) => Ok(secured),
        Ok(Err(fault)) => Err(DialError::Tls { peer: peer(), fault }),
        Err(_elapsed) => Err(DialError::Timeout { step: Step::Tls, peer: peer(), limit }),
    }
}

async fn with_certificate(
    stream: BoxStream,
    settings: &TlsSettings,
) -> Result<(BoxStream, PeerIdentity), TlsFault> {
    let name = server_name(settings)?;
    if settings.verify == Verify::Off {
        tracing::warn!(
            server = settings.server_name.as_deref().unwrap_or("unnamed"),
            "the certificate of this remote is not verified"
        );
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let verify = settings.verify.clone();
    let keeps = verify.clone();
    let client = settings.client.clone();
    // Reading the system's authorities opens files.
    let config = tokio::task::spawn_blocking(move || {
        verify::client_config(&verify, client.as_ref(), provider)
    })
    .await
    .map_err(|_stopping| TlsFault::Broken("the gateway is stopping".to_owned()))??;
    match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        Ok(stream) => {
            let (_, connection) = stream.get_ref();
            let certificate = connection.peer_certificates().and_then(<[_]>::first);
            let certificate =
                certificate.map(|der| Bytes::copy_from_slice(der)).unwrap_or_default();
            keep(keeps, &certificate).await?;
            Ok((Box::new(stream), PeerIdentity { certificate }))
        }
        Err(error) => Err(TlsFault::from_handshake(&error)),
    }
}

/// Keeps the certificate of a server that is met for the first time, which has proved that it has
/// the certificate's key.
async fn keep(verify: Verify, certificate: &Bytes) -> Result<(), TlsFault> {
    let Verify::FirstUse { known, place } = verify else { return Ok(()) };
    let sha256 = Sha256::digest(certificate).into();
    tokio::task::spawn_blocking(move || known.keep(&place, &sha256))
        .await
        .map_err(|_stopping| TlsFault::Broken("the gateway is stopping".to_owned()))?
}

/// The name to check the certificate against.
fn server_name(settings: &TlsSettings) -> Result<ServerName<'static>, TlsFault> {
    let name = settings.server_name.clone().and_then(|name| ServerName::try_from(name).ok());
    match (name, &settings.verify) {
        (Some(name), _) => Ok(name),
        // None of them checks a name, and an address is never sent to the server.
        (None, Verify::Pinned(_) | Verify::FirstUse { .. } | Verify::Off) => {
            Ok(ServerName::from(std::net::Ipv4Addr::UNSPECIFIED))
        }
        (None, Verify::SystemRoots | Verify::Ca(_)) => Err(TlsFault::BadServerName),
    }
}

#[cfg(feature = "anonymous-tls")]
async fn anonymously(stream: BoxStream) -> Result<BoxStream, TlsFault> {
    anonymous::connect(stream).await
}

#[cfg(not(feature = "anonymous-tls"))]
#[expect(clippy::unused_async, reason = "the twin above waits")]
async fn anonymously(_stream: BoxStream) -> Result<BoxStream, TlsFault> {
    Err(TlsFault::AnonymousAbsent)
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
