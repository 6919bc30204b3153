//! What can end a VNC connection.

use porthole_pixels::{PixelsError, Rect, Size};
use porthole_remote::{Blame, CredentialFields, RemoteError};

/// A fault that ends the connection. Missing bytes are not one: decoders wait for those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RfbError {
    /// The first bytes are not `RFB xxx.yyy\n` (RFC 6143 §7.1.1).
    #[error("not a VNC server: it opens with {opening:?}")]
    NotRfb {
        /// The first bytes, made printable.
        opening: String,
    },
    /// A protocol version older than 3.3.
    #[error("RFB version {major}.{minor} is older than 3.3")]
    VersionTooOld {
        /// Before the dot.
        major: u16,
        /// After it.
        minor: u16,
    },
    /// The server turned us away before authentication (RFC 6143 §7.1.2).
    #[error("the server refused the connection: {reason}")]
    Refused {
        /// The server's words: one printable line of at most 256 bytes.
        reason: String,
    },
    /// The server did not accept the credentials (RFC 6143 §7.1.3).
    #[error("authentication failed: {reason}")]
    AuthenticationFailed {
        /// The server's words: one printable line of at most 256 bytes.
        reason: String,
    },
    /// The server takes no credentials for now, because too many were wrong.
    #[error("too many failed attempts to authenticate: {reason}")]
    TooManyAttempts {
        /// The server's words: one printable line of at most 256 bytes.
        reason: String,
    },
    /// Every security type the server offers wants something that was not configured.
    #[error("the server wants a {missing}, and none is configured")]
    CredentialsMissing {
        /// What it wants.
        missing: CredentialFields,
    },
    /// We know security types that the server offers, but the configuration excludes them.
    #[error("the configuration allows none of the security types offered ({offered})")]
    SecurityNotAllowed {
        /// Numbers of the types offered, separated by commas.
        offered: String,
    },
    /// We know none of the security types that the server offers.
    #[error("no security type in common; offered: {offered}")]
    NoSecurityInCommon {
        /// Numbers of the types offered, separated by commas.
        offered: String,
    },
    /// The server's `VeNCrypt` is older than 0.2, or it would not agree on 0.2.
    #[error("VeNCrypt version {major}.{minor} is not supported")]
    VencryptVersion {
        /// Before the dot.
        major: u8,
        /// After it.
        minor: u8,
    },
    /// All tunnels that Tight's negotiation offers lead somewhere; we know only the one that does
    /// not.
    #[error("none of the {offered} tunnels offered is known")]
    TunnelUnknown {
        /// How many there are.
        offered: usize,
    },
    /// A key, or a number that one is made from, with which anybody could listen.
    #[error("{field} {value} makes no safe key")]
    WeakKey {
        /// Name of the field.
        field: &'static str,
        /// What the server sent, or its first byte.
        value: u64,
    },
    /// The server's RSA key is not among [`crate::RfbConfig::server_key_pins`].
    #[error("the server's RSA key is not one of the pinned ones; its SHA-256 is {fingerprint}")]
    NotPinned {
        /// The key's fingerprint in hexadecimal.
        fingerprint: String,
    },
    /// Somebody or something changed what RSA-AES protects.
    #[error("what the server sent was changed on its way")]
    Tampered,
    /// A user name or password that the security type has no room for.
    #[error("the {field} is longer than the {limit} bytes that the security type has room for")]
    CredentialTooLong {
        /// `user name` or `password`.
        field: &'static str,
        /// How many bytes there is room for.
        limit: usize,
    },
    /// The server chose TLS and then could not start it.
    #[error("the server could not start TLS")]
    TlsRefused,
    /// [`porthole_remote::Remote::handle_secured`] without [`porthole_remote::Output::Secure`].
    #[error("the stream became TLS without being asked to")]
    SecuredUnasked,
    /// The handshake took longer than the configuration allows.
    #[error("the server did not finish the handshake in {limit_ms} ms")]
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
    /// A rectangle reaches past the desktop that the server announced.
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
    /// A message of a type that we did not ask for.
    #[error("unknown message type {kind}")]
    UnknownMessage {
        /// The type.
        kind: u8,
    },
    /// A rectangle in an encoding that we did not ask for.
    #[error("unknown encoding {encoding}")]
    UnknownEncoding {
        /// Its number.
        encoding: i32,
    },
    /// Compressed bytes that do not inflate.
    #[error("{encoding}: corrupt zlib stream")]
    Inflate {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// A rectangle's data ended before its last pixel.
    #[error("{encoding}: the data ends before the rectangle does")]
    ShortData {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// A rectangle's data goes on after its last pixel.
    #[error("{encoding}: the data goes on after the rectangle")]
    ExcessData {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// A JPEG or PNG file that does not decode.
    #[error("{encoding}: {reason}")]
    Image {
        /// `JPEG` or `PNG`.
        encoding: &'static str,
        /// The decoder's words, made printable.
        reason: String,
    },
    /// A JPEG or PNG file of another size than its rectangle.
    #[error("{encoding}: the image has {image:?} pixels, the rectangle {} x {}", rect.width, rect.height)]
    ImageSize {
        /// `JPEG` or `PNG`.
        encoding: &'static str,
        /// Columns and rows of the image.
        image: (usize, usize),
        /// The rectangle's.
        rect: Size,
    },
}

impl RfbError {
    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::NotRfb { .. } => "not_rfb",
            Self::VersionTooOld { .. } => "version",
            Self::Refused { .. } => "refused",
            Self::AuthenticationFailed { .. } => "authentication_failed",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::CredentialsMissing { .. } => "credentials_missing",
            Self::SecurityNotAllowed { .. } => "security_not_allowed",
            Self::NoSecurityInCommon { .. } => "security_unknown",
            Self::VencryptVersion { .. } => "vencrypt_version",
            Self::TunnelUnknown { .. } => "tunnel_unknown",
            Self::WeakKey { .. } => "weak_key",
            Self::NotPinned { .. } => "server_key_not_pinned",
            Self::Tampered => "tampered",
            Self::CredentialTooLong { .. } => "credential_too_long",
            Self::TlsRefused => "tls_refused",
            Self::SecuredUnasked => "secured_unasked",
            Self::HandshakeTimeout { .. } => "handshake_timeout",
            Self::Ended { .. } => "ended",
            Self::Desktop(_) => "desktop_too_large",
            Self::OutsideDesktop { .. } => "outside_desktop",
            Self::OverLimit { .. } => "over_limit",
            Self::BadField { .. } => "bad_field",
            Self::UnknownMessage { .. } => "unknown_message",
            Self::UnknownEncoding { .. } => "unknown_encoding",
            Self::Inflate { .. } => "inflate",
            Self::ShortData { .. } => "short_data",
            Self::ExcessData { .. } => "excess_data",
            Self::Image { .. } => "image",
            Self::ImageSize { .. } => "image_size",
        }
    }

    /// Who has to act.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::AuthenticationFailed { .. }
            | Self::TooManyAttempts { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialTooLong { .. } => Blame::Credentials,
            Self::SecurityNotAllowed { .. } | Self::NotPinned { .. } | Self::SecuredUnasked => {
                Blame::Operator
            }
            _ => Blame::Remote,
        }
    }

    /// Refuses `value` above `limit`.
    pub(crate) fn check_limit(
        field: &'static str,
        value: impl TryInto<u64>,
        limit: impl TryInto<u64>,
    ) -> Result<(), Self> {
        // Every count in RFB fits in 64 bits; one that did not would be over any limit.
        let value = value.try_into().unwrap_or(u64::MAX);
        let limit = limit.try_into().unwrap_or(u64::MAX);
        if value <= limit { Ok(()) } else { Err(Self::OverLimit { field, value, limit }) }
    }
}

impl From<PixelsError> for RfbError {
    fn from(error: PixelsError) -> Self {
        match error {
            PixelsError::Outside { rect, size } => Self::OutsideDesktop { rect, size },
            other => Self::Desktop(other),
        }
    }
}

impl From<RfbError> for RemoteError {
    fn from(error: RfbError) -> Self {
        let remote = Self::new(error.cause(), error.blame(), error.to_string());
        match error {
            RfbError::CredentialsMissing { missing } => remote.lacking(missing),
            _ => remote,
        }
    }
}
