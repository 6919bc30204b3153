//! What can go wrong with TLS, in words that help.

use std::io;

use porthole_remote::Blame;
use porthole_wire::text;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use crate::tls::verify::{Changed, NotPinned};

/// Why TLS could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The certificate's time is over.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate's time has not come; often a clock is wrong.
    #[error("the certificate is not valid yet")]
    NotValidYet,
    /// Nobody we trust vouches for the certificate.
    #[error("the certificate is from an unknown issuer")]
    UnknownIssuer,
    /// The certificate is for someone else.
    #[error("the certificate is for another name")]
    WrongName,
    /// The certificate is none of those that were pinned.
    #[error("the certificate is not a pinned one; its sha-256 is {found}")]
    NotPinned {
        /// SHA-256 of the certificate that was presented, in lower-case hexadecimal.
        found: String,
    },
    /// The certificate is another one than the server had when it was first met.
    #[error("the certificate has changed: its sha-256 was {known} and is {found}")]
    Changed {
        /// SHA-256 of the first certificate, in lower-case hexadecimal.
        known: String,
        /// SHA-256 of the one that was presented, in lower-case hexadecimal.
        found: String,
    },
    /// What was met before cannot be looked up or kept.
    #[error("the file of known certificates cannot be used: {0}")]
    KnownUnusable(String),
    /// The certificate is unfit in another way.
    #[error("the certificate is not acceptable: {0}")]
    BadCertificate(String),
    /// No version or cipher suite suits both sides.
    #[error("no tls version or cipher suite suits both sides: {0}")]
    Incompatible(String),
    /// The server ended the handshake with an alert.
    #[error("the server ended the handshake with the alert {0}")]
    Alert(String),
    /// What the server sent is no TLS.
    #[error("the server does not speak tls")]
    NotTls,
    /// The connection broke during the handshake.
    #[error("the handshake broke: {0}")]
    Broken(String),
    /// There is no name to check the certificate against, or it is no DNS name or address.
    #[error("a valid server name is needed to check the certificate")]
    BadServerName,
    /// No authority to check against could be loaded.
    #[error("no certificate authorities are available to check against: {0}")]
    NoAuthorities(String),
    /// Our own certificate and its key do not belong together.
    #[error("the client certificate and the client key do not belong together")]
    BadClientCertificate,
    /// This build has no anonymous TLS.
    #[error("the remote offers anonymous tls only, which this build leaves out")]
    AnonymousAbsent,
}

impl TlsFault {
    /// A short, stable name.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Expired => "tls_expired",
            Self::NotValidYet => "tls_not_valid_yet",
            Self::UnknownIssuer => "tls_unknown_issuer",
            Self::WrongName => "tls_wrong_name",
            Self::NotPinned { .. } => "tls_not_pinned",
            Self::Changed { .. } => "tls_changed",
            Self::KnownUnusable(_) => "tls_known_unusable",
            Self::BadCertificate(_) => "tls_bad_certificate",
            Self::Incompatible(_) => "tls_incompatible",
            Self::Alert(_) => "tls_alert",
            Self::NotTls => "tls_absent",
            Self::Broken(_) => "tls_broken",
            Self::BadServerName => "tls_server_name",
            Self::NoAuthorities(_) => "tls_no_authorities",
            Self::BadClientCertificate => "tls_client_certificate",
            Self::AnonymousAbsent => "tls_anonymous_absent",
        }
    }

    /// Who has to act: whoever runs the remote when it misbehaves, the operator when what it
    /// presents does not fit what was configured.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Expired
            | Self::NotValidYet
            | Self::BadCertificate(_)
            | Self::Incompatible(_)
            | Self::Alert(_)
            | Self::NotTls
            | Self::Broken(_) => Blame::Remote,
            Self::UnknownIssuer
            | Self::WrongName
            | Self::NotPinned { .. }
            | Self::Changed { .. }
            | Self::KnownUnusable(_)
            | Self::BadServerName
            | Self::NoAuthorities(_)
            | Self::BadClientCertificate
            | Self::AnonymousAbsent => Blame::Operator,
        }
    }

    /// What the page may say.
    pub const fn public_message(&self) -> &'static str {
        match self {
            Self::Expired => "the remote's certificate has expired",
            Self::NotValidYet => "the remote's certificate is not valid yet",
            Self::UnknownIssuer => "the remote's certificate is from an unknown issuer",
            Self::WrongName => "the remote's certificate is for another name",
            Self::NotPinned { .. } => "the remote's certificate is not the expected one",
            Self::Changed { .. } => "the remote's certificate is not the one that it had before",
            Self::KnownUnusable(_) => "this gateway cannot look up the remote's certificate",
            Self::BadCertificate(_) => "the remote's certificate is not acceptable",
            Self::Incompatible(_) => "the remote offers no suitable encryption",
            Self::Alert(_) | Self::Broken(_) => "the remote broke off the encrypted handshake",
            Self::NotTls => "the remote does not speak tls",
            Self::BadServerName => "the remote has no name to check its certificate against",
            Self::NoAuthorities(_) => "this gateway has no authorities to check certificates with",
            Self::BadClientCertificate => {
                "this gateway's certificate and key do not belong together"
            }
            Self::AnonymousAbsent => "this gateway does not offer anonymous tls",
        }
    }

    /// Reads what `rustls` wrapped into an [`io::Error`].
    pub(super) fn from_handshake(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        inner.map_or_else(|| Self::Broken(text(error.to_string().as_bytes())), Self::from_rustls)
    }

    fn from_rustls(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::from_certificate(error),
            Error::AlertReceived(AlertDescription::HandshakeFailure) => {
                Self::Incompatible("the server refused what we offer".to_owned())
            }
            Error::AlertReceived(AlertDescription::ProtocolVersion) => {
                Self::Incompatible("the server wants another version".to_owned())
            }
            Error::AlertReceived(alert) => Self::Alert(format!("{alert:?}")),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
                Self::Incompatible("the server offers neither tls 1.2 nor 1.3".to_owned())
            }
            Error::PeerIncompatible(reason) => Self::Incompatible(format!("{reason:?}")),
            other => Self::Broken(text(other.to_string().as_bytes())),
        }
    }

    fn from_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotValidYet
            }
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::BadSignature => {
                Self::BadCertificate("a signature does not match its key".to_owned())
            }
            CertificateError::Other(other) => {
                if let Some(NotPinned { found }) = other.0.downcast_ref() {
                    Self::NotPinned { found: found.clone() }
                } else if let Some(Changed { known, found }) = other.0.downcast_ref() {
                    Self::Changed { known: known.clone(), found: found.clone() }
                } else {
                    Self::from_web_pki(&other.to_string())
                }
            }
            other => Self::BadCertificate(text(other.to_string().as_bytes())),
        }
    }

    /// What rustls has no name of its own for, webpki calls by its variants' names.
    fn from_web_pki(name: &str) -> Self {
        Self::BadCertificate(match name {
            "CaUsedAsEndEntity" => {
                "it is an authority's own, as self-signed ones often are; pin it, or name it as \
                 the authority"
                    .to_owned()
            }
            other => text(other.as_bytes()),
        })
    }
}
