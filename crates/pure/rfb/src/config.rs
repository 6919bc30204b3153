//! What a connection may do and would like.

use std::time::Duration;

use porthole_remote::Credentials;

use crate::Seed;

/// A way to prove who we are, and how the stream is protected while we do.
///
/// The first two are RFC 6143 §7.2, those with TLS and `Plain` are sub-types of `VeNCrypt` 0.2; the
/// others are security types of their own. Tight's negotiation, like `VeNCrypt`'s, is a way to some
/// of them and is gone through when the server has no shorter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecurityKind {
    /// Nobody proves anything; nothing is encrypted.
    None,
    /// A challenge answered with the password as DES key; nothing is encrypted.
    VncAuth,
    /// User name and password in clear. See [`RfbConfig::allow_plaintext_password`].
    Plain,
    /// `UltraVNC`'s MS-Logon II (113): user name and password behind a Diffie-Hellman exchange of
    /// 64 bits, which any listener can undo. See [`RfbConfig::allow_plaintext_password`].
    MsLogon2,
    /// Apple's (30): user name and password behind a Diffie-Hellman exchange of 1024 bits or more,
    /// with a server that proves nothing; the rest is not encrypted.
    AppleDh,
    /// RSA-AES with keys of 128 bits for the login alone (6); the rest is not encrypted.
    Ra2Ne,
    /// The same with keys of 256 bits (130).
    Ra2Ne256,
    /// RSA-AES with keys of 128 bits (5) for everything. Who the server is is known only with
    /// [`RfbConfig::server_key_pins`].
    Ra2,
    /// The same with keys of 256 bits (129).
    Ra2_256,
    /// Anonymous TLS.
    TlsNone,
    /// Anonymous TLS around the DES challenge.
    TlsVnc,
    /// Anonymous TLS around user name and password.
    TlsPlain,
    /// TLS with a certificate.
    X509None,
    /// TLS with a certificate around the DES challenge.
    X509Vnc,
    /// TLS with a certificate around user name and password.
    X509Plain,
}

impl SecurityKind {
    /// All of them, weakest first.
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::VncAuth,
        Self::Plain,
        Self::MsLogon2,
        Self::AppleDh,
        Self::Ra2Ne,
        Self::Ra2Ne256,
        Self::Ra2,
        Self::Ra2_256,
        Self::TlsNone,
        Self::TlsVnc,
        Self::TlsPlain,
        Self::X509None,
        Self::X509Vnc,
        Self::X509Plain,
    ];
}

/// A way to send pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodingKind {
    /// RFC 6143 §7.7.1. Servers may always use it.
    Raw,
    /// RFC 6143 §7.7.2.
    CopyRect,
    /// RFC 6143 §7.7.3.
    Rre,
    /// RFC 6143 §7.7.4.
    Hextile,
    /// The community specification's "zlib encoding".
    Zlib,
    /// RFC 6143 §7.7.5.
    Trle,
    /// RFC 6143 §7.7.6.
    Zrle,
    /// The community specification's "Tight encoding".
    Tight,
    /// Tight with PNG files in place of zlib streams.
    TightPng,
}

impl EncodingKind {
    /// All of them, in the order in which we like them: `CopyRect` costs nothing, Tight alone
    /// has JPEG, and then the smaller comes first.
    pub const ALL: [Self; 9] = [
        Self::CopyRect,
        Self::Tight,
        Self::Zrle,
        Self::Zlib,
        Self::Trle,
        Self::Hextile,
        Self::Rre,
        Self::TightPng,
        Self::Raw,
    ];

    /// For a server on the same machine: bytes cost nothing there, and packing and unpacking them
    /// does. Servers that are offered anything packed beside Raw send that.
    pub const LOCAL: [Self; 2] = [Self::CopyRect, Self::Raw];

    /// Its number on the wire.
    pub const fn number(self) -> i32 {
        match self {
            Self::Raw => 0,
            Self::CopyRect => 1,
            Self::Rre => 2,
            Self::Hextile => 5,
            Self::Zlib => 6,
            Self::Tight => 7,
            Self::Trle => 15,
            Self::Zrle => 16,
            Self::TightPng => -260,
        }
    }
}

/// How to connect to one VNC server.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch that an operator sets alone")]
pub struct RfbConfig {
    /// What the server may ask for.
    pub credentials: Credentials,
    /// Acceptable ways in. Their order does not matter: the strongest that the server offers
    /// and the credentials satisfy is taken.
    pub security: Vec<SecurityKind>,
    /// Refuse every way in that leaves the stream unencrypted. Anonymous TLS and RSA-AES without a
    /// pin count as encrypted, though anyone in the middle can end them; to insist on a
    /// certificate, leave the kinds without one out of `security`.
    pub require_encryption: bool,
    /// Allow [`SecurityKind::Plain`] and [`SecurityKind::MsLogon2`], which show the password to
    /// every listener.
    pub allow_plaintext_password: bool,
    /// SHA-256 of the RSA keys that the server may have, each over the key as RSA-AES sends it:
    /// its length in bits (four bytes, big-endian), modulus and exponent. With any, the RSA-AES
    /// types alone are acceptable, and only with one of these keys. Without, any key is taken,
    /// with an [`porthole_remote::Event::Unverified`].
    pub server_key_pins: Vec<[u8; 32]>,
    /// Where random numbers come from. The kinds with a key exchange of their own (RSA-AES, Apple's
    /// and MS-Logon II) need them, and are not taken without.
    pub seed: Option<Seed>,
    /// Ask the server to leave other viewers connected.
    pub shared: bool,
    /// Send no input: the desktop can be watched and not touched.
    pub view_only: bool,
    /// JPEG quality from 0 to 9; larger values count as 9. `None` asks for a lossless picture, and
    /// is the default: some servers never make good what JPEG lost.
    pub quality: Option<u8>,
    /// Compression effort from 0 to 9; larger values count as 9. `None` leaves it to the server.
    pub compression: Option<u8>,
    /// Encodings to ask for, best first. Servers may send [`EncodingKind::Raw`] regardless.
    pub encodings: Vec<EncodingKind>,
    /// Measure the path to the server, and ask for [`EncodingKind::LOCAL`] while it is so fast that
    /// packing costs more time than it saves, for `encodings` (or, where those are the local ones,
    /// [`EncodingKind::ALL`]) while it is not. False: `encodings`, whatever the path.
    pub measure_path: bool,
    /// Ask for H.264 (the community specification's "Open H.264 Encoding") while
    /// [`porthole_remote::Input::VideoWelcome`] says that it can be shown, and pass it on as
    /// [`porthole_remote::Event::Video`]; nothing is decoded here.
    pub h264: bool,
    /// Longest text, HTML fragment or PNG file of a clipboard in either direction, in bytes. What
    /// is longer is left out, with a notice.
    pub clipboard_max_bytes: usize,
    /// How long the server has, from the first moment until its desktop is known.
    pub handshake_max: Duration,
}

impl Default for RfbConfig {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            security: SecurityKind::ALL.to_vec(),
            require_encryption: false,
            allow_plaintext_password: false,
            server_key_pins: Vec::new(),
            seed: None,
            shared: true,
            view_only: false,
            quality: None,
            compression: None,
            encodings: EncodingKind::ALL.to_vec(),
            measure_path: false,
            h264: false,
            clipboard_max_bytes: 1 << 20,
            handshake_max: Duration::from_secs(15),
        }
    }
}
