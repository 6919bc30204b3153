//! Who is at the other end of a TLS stream.

use bytes::Bytes;

/// What TLS learned about the server. Whether that is acceptable has been decided already, as the
/// connection's configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerIdentity {
    /// The server's own certificate in DER (RFC 5280 §4.1), for protocols that bind credentials to
    /// it. Empty when the key exchange was anonymous.
    pub certificate: Bytes,
}
