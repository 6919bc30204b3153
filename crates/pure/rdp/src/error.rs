//! What can end an RDP connection.

use porthole_pixels::{PixelsError, Rect, Size};
use porthole_remote::{Blame, CredentialFields, RemoteError};

use crate::graphics_pipeline::GraphicsError;
use crate::nla::KdcFault;
use crate::refusal::{ErrorInfo, LogonFault};

/// A fault that ends the connection. Missing bytes are not one: the client waits for those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RdpError {
    /// The first bytes are neither a TPKT header nor anything else of RDP's.
    #[error("not an RDP server: it opens with {opening:?}")]
    NotRdp {
        /// The first bytes, made printable.
        opening: String,
    },
    /// The server knows only Standard RDP Security (`[MS-RDPBCGR]` 5.3), which has no certificate
    /// and no encryption worth the name.
    #[error("the server offers only standard RDP security, which is not safe and not supported")]
    StandardSecurity,
    /// The server wants a way to log on that the configuration excludes.
    #[error("the server requires {required}, which the configuration does not allow")]
    SecurityNotAllowed {
        /// What it requires.
        required: &'static str,
    },
    /// The server turned the connection down before any log-on (`[MS-RDPBCGR]` 2.2.1.2.2).
    #[error("the server refused to negotiate: {reason}")]
    NegotiationRefused {
        /// What its code stands for.
        reason: String,
    },
    /// The server wants a user name and password before it shows anything.
    #[error("the server wants a {missing}, and none is configured")]
    CredentialsMissing {
        /// What it wants.
        missing: CredentialFields,
    },
    /// The server did not let the user in.
    #[error("the log-on failed: {fault}")]
    LogonRefused {
        /// Why.
        fault: LogonFault,
    },
    /// `CredSSP` failed on our side, or its messages make no sense.
    #[error("network level authentication failed: {reason}")]
    Nla {
        /// What was wrong, made printable.
        reason: String,
    },
    /// There is no Kerberos ticket for the server.
    #[error("the log-on with Kerberos failed: {fault}")]
    Kerberos {
        /// Why.
        fault: KdcFault,
    },
    /// TLS ended at a server without a certificate that `CredSSP` can be bound to.
    #[error("the server's certificate has no public key that can be read")]
    BadCertificate,
    /// The server said why it ends the connection (`[MS-RDPBCGR]` 2.2.5.1.1).
    #[error("the server ended the connection: {info}")]
    EndedByServer {
        /// Its reason.
        info: ErrorInfo,
    },
    /// The licence exchange failed (`[MS-RDPELE]`).
    #[error("the licence exchange failed: {reason}")]
    Licence {
        /// What was wrong, made printable.
        reason: String,
    },
    /// The connection sequence went another way than it may.
    #[error("the server broke the connection sequence in {during}: {reason}")]
    Sequence {
        /// The phase, as its specification names it.
        during: &'static str,
        /// What was wrong, made printable.
        reason: String,
    },
    /// [`porthole_remote::Remote::handle_secured`] without [`porthole_remote::Output::Secure`].
    #[error("the stream became TLS without being asked to")]
    SecuredUnasked,
    /// The connection sequence took longer than the configuration allows.
    #[error("the server did not finish the connection sequence in {limit_ms} ms")]
    HandshakeTimeout {
        /// The time it had, in milliseconds.
        limit_ms: u128,
    },
    /// The server left in the middle of something.
    #[error("the server closed the connection during {during}")]
    Ended {
        /// What was going on.
        during: &'static str,
    },
    /// A desktop larger than we are willing to hold.
    #[error(transparent)]
    Desktop(PixelsError),
    /// A rectangle whose far edges lie before its near ones, or that lies outside the desktop.
    #[error("rectangle {rect} reaches past the desktop of {} x {} pixels", size.width, size.height)]
    OutsideDesktop {
        /// The rectangle.
        rect: Rect,
        /// The desktop.
        size: Size,
    },
    /// A field is larger than we are willing to serve.
    #[error("{field} is {value}, the limit is {limit}")]
    OverLimit {
        /// Name of the field, as its specification spells it.
        field: &'static str,
        /// What the server sent.
        value: u64,
        /// What we accept.
        limit: u64,
    },
    /// A field has a value that means nothing.
    #[error("{field} cannot be {value}")]
    BadField {
        /// Name of the field, as its specification spells it.
        field: &'static str,
        /// What the server sent.
        value: u64,
    },
    /// A message that ends before its last field.
    #[error("{message} ends before its last field")]
    Short {
        /// The message, as its specification names it.
        message: &'static str,
    },
    /// A message that does not decode.
    #[error("{message} does not decode: {reason}")]
    Corrupt {
        /// The message or encoding, as its specification names it.
        message: &'static str,
        /// The decoder's words, made printable.
        reason: String,
    },
    /// The graphics pipeline's messages make no sense.
    #[error("the graphics pipeline: {0}")]
    Graphics(#[from] GraphicsError),
    /// Something that the configuration asks for and that cannot be sent.
    #[error("{field} cannot be sent: {reason}")]
    Unsendable {
        /// What it is.
        field: &'static str,
        /// Why not, made printable.
        reason: String,
    },
}

impl RdpError {
    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::NotRdp { .. } => "not_rdp",
            Self::StandardSecurity => "standard_security",
            Self::SecurityNotAllowed { .. } => "security_not_allowed",
            Self::NegotiationRefused { .. } => "negotiation_refused",
            Self::CredentialsMissing { .. } => "credentials_missing",
            Self::LogonRefused { fault } => fault.cause(),
            Self::Nla { .. } => "nla",
            Self::Kerberos { fault } => fault.cause(),
            Self::BadCertificate => "bad_certificate",
            Self::EndedByServer { info } => info.cause(),
            Self::Licence { .. } => "licence",
            Self::Sequence { .. } => "sequence",
            Self::SecuredUnasked => "secured_unasked",
            Self::HandshakeTimeout { .. } => "handshake_timeout",
            Self::Ended { .. } => "ended",
            Self::Desktop(_) => "desktop_too_large",
            Self::OutsideDesktop { .. } => "outside_desktop",
            Self::OverLimit { .. } => "over_limit",
            Self::BadField { .. } => "bad_field",
            Self::Short { .. } => "short_message",
            Self::Corrupt { .. } => "corrupt",
            Self::Graphics(error) => error.cause(),
            Self::Unsendable { .. } => "unsendable",
        }
    }

    /// Who has to act.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::CredentialsMissing { .. } | Self::LogonRefused { .. } => Blame::Credentials,
            Self::SecurityNotAllowed { .. } | Self::SecuredUnasked | Self::Unsendable { .. } => {
                Blame::Operator
            }
            Self::EndedByServer { info } => info.blame(),
            Self::Kerberos { fault } => fault.blame(),
            _ => Blame::Remote,
        }
    }

    /// Refuses `value` above `limit`.
    pub(crate) fn check_limit(
        field: &'static str,
        value: impl TryInto<u64>,
        limit: impl TryInto<u64>,
    ) -> Result<(), Self> {
        // Every count in RDP fits in 64 bits; one that did not would be over any limit.
        let value = value.try_into().unwrap_or(u64::MAX);
        let limit = limit.try_into().unwrap_or(u64::MAX);
        if value <= limit { Ok(()) } else { Err(Self::OverLimit { field, value, limit }) }
    }

    /// A message or encoding that its decoder refused.
    pub(crate) fn corrupt(message: &'static str, error: &dyn std::fmt::Display) -> Self {
        Self::Corrupt { message, reason: porthole_wire::text(error.to_string().as_bytes()) }
    }
}

impl From<PixelsError> for RdpError {
    fn from(error: PixelsError) -> Self {
        match error {
            PixelsError::Outside { rect, size } => Self::OutsideDesktop { rect, size },
            other => Self::Desktop(other),
        }
    }
}

impl From<RdpError> for RemoteError {
    fn from(error: RdpError) -> Self {
        let remote = Self::new(error.cause(), error.blame(), error.to_string());
        match error {
            RdpError::CredentialsMissing { missing } => remote.lacking(missing),
            RdpError::Ended { .. } | RdpError::HandshakeTimeout { .. } => remote.by_loss(),
            _ => remote,
        }
    }
}
