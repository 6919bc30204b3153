//! What can go wrong with a gateway.

use porthole_remote::{Blame, CredentialFields};

use crate::GatewayCode;

/// A fault that ends a tunnel, or keeps it from being made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TsguError {
    /// The gateway answers the request for a tunnel with an HTTP status that is none of an RD
    /// Gateway's.
    #[error("it is no RD Gateway: it answers with HTTP status {status}")]
    NotAGateway {
        /// The status.
        status: u16,
    },
    /// The gateway takes the request and offers the older two-channel transport alone.
    #[error("it does not offer the WebSocket transport, which is the only one spoken")]
    NoWebSocket,
    /// HTTP itself failed.
    #[error("http failed: {reason}")]
    Http {
        /// What was wrong, made printable.
        reason: String,
    },
    /// The gateway wants credentials, and there are none.
    #[error("it wants a {missing}, and none is configured")]
    CredentialsMissing {
        /// What it wants.
        missing: CredentialFields,
    },
    /// The credentials are wrong, or not for this gateway.
    #[error("it takes no such user or password")]
    LogonRefused,
    /// The gateway offers no way to sign in that is spoken.
    #[error("it offers no way to sign in that is spoken: {offered:?}")]
    NoScheme {
        /// The schemes that it offers, made printable.
        offered: String,
    },
    /// The gateway wants the password as it is, and nobody has checked whose certificate it has.
    #[error("it wants the password itself, which needs a certificate that is checked")]
    BasicUnverified,
    /// The log-on failed on our side, or its messages make no sense.
    #[error("the log-on failed: {reason}")]
    Login {
        /// What was wrong, made printable.
        reason: String,
    },
    /// The gateway refuses a step.
    #[error("it refuses {during}: {code}")]
    Refused {
        /// The step.
        during: &'static str,
        /// Why.
        code: GatewayCode,
    },
    /// The gateway closed the channel.
    #[error("it closed the channel: {code}")]
    Closed {
        /// Why.
        code: GatewayCode,
    },
    /// The gateway left before the channel was open.
    #[error("it left during {during}")]
    Ended {
        /// The step.
        during: &'static str,
    },
    /// A packet that is not due.
    #[error("a packet of type {kind:#06x} is not due during {during}")]
    Unexpected {
        /// Its type (`[MS-TSGU]` 2.2.5.3.1).
        kind: u16,
        /// The step.
        during: &'static str,
    },
    /// A field is larger than we are willing to serve.
    #[error("{field} is {value}, the limit is {limit}")]
    OverLimit {
        /// The field.
        field: &'static str,
        /// What the gateway sent.
        value: u64,
        /// What we accept.
        limit: u64,
    },
    /// A packet that ends before its last field.
    #[error("a packet of type {kind:#06x} ends before its last field")]
    Short {
        /// Its type.
        kind: u16,
    },
    /// A name that cannot be said in a packet.
    #[error("{field} cannot be sent: it has {value} UTF-16 units, the limit is {limit}")]
    Unsendable {
        /// Whose name it is.
        field: &'static str,
        /// Its length.
        value: usize,
        /// What fits.
        limit: usize,
    },
}

impl TsguError {
    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::NotAGateway { .. } => "not_a_gateway",
            Self::NoWebSocket => "gateway_no_websocket",
            Self::Http { .. } => "gateway_http",
            Self::CredentialsMissing { .. } => "gateway_credentials_missing",
            Self::LogonRefused => "gateway_logon_refused",
            Self::NoScheme { .. } => "gateway_no_scheme",
            Self::BasicUnverified => "gateway_basic_unverified",
            Self::Login { .. } => "gateway_logon_failed",
            Self::Refused { code, .. } | Self::Closed { code } => code.cause(),
            Self::Ended { .. } => "gateway_ended",
            Self::Unexpected { .. } | Self::Short { .. } => "gateway_protocol",
            Self::OverLimit { .. } => "over_limit",
            Self::Unsendable { .. } => "unsendable",
        }
    }

    /// Who has to act.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::CredentialsMissing { .. } | Self::LogonRefused => Blame::Credentials,
            Self::NoWebSocket
            | Self::NoScheme { .. }
            | Self::BasicUnverified
            | Self::Unsendable { .. } => Blame::Operator,
            Self::Refused { code, .. } | Self::Closed { code } => code.blame(),
            _ => Blame::Remote,
        }
    }

    /// The credentials that were wanted and not given; none when that was not the matter.
    pub const fn lacks(&self) -> CredentialFields {
        match self {
            Self::CredentialsMissing { missing } => *missing,
            _ => CredentialFields(0),
        }
    }
}
