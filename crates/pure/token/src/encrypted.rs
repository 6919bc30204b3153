//! Encrypted tokens: a signed token inside a JWE in compact form (RFC 7516 §7.1), so that secrets
//! can travel in it. Signed inside, encrypted outside.
//!
//! What fails in decrypting is one error, whatever it was, and takes the same time as far as we can
//! see to it: whoever changes a token and sends it again must not learn from the answers
//! (RFC 7516 §11.5, RFC 8725 §3.6).

mod agreement;
mod jwk;
mod key;
mod keys;
mod parts;
mod pem;
mod seal;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use zeroize::Zeroizing;

pub use self::key::DecryptionKey;
pub use self::keys::{DECRYPTION_KEYS_MAX, DecryptionKeys};
pub use self::seal::{EncryptionKey, mint_encrypted};

/// Longest encrypted token, in bytes. Base64 twice makes 18 KiB of secrets 32: a key of RSA with 4096
/// bits, its chain of certificates and an authority.
pub const ENCRYPTED_TOKEN_MAX_BYTES: usize = 32 << 10;

/// The only way in which contents are encrypted (RFC 7518 §5.3).
const CONTENT: &str = "A256GCM";
/// Bits of its key.
const CONTENT_KEY_BITS: u32 = 256;
/// Bytes of its nonce.
const NONCE_BYTES: usize = 12;
/// Bytes of its tag. A shorter one is easier to guess.
const TAG_BYTES: usize = 16;

/// How the content's key reaches the gateway (RFC 7518 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyManagement {
    /// Encrypted with RSAES-OAEP, SHA-256 and MGF1 with SHA-256 (§4.3).
    RsaOaep256,
    /// Agreed upon, directly, on P-256 (§4.6) or X25519 (RFC 8037 §3.2).
    EcdhEs,
}

impl KeyManagement {
    /// The name that tokens use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
        }
    }
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The key of one token's content.
type ContentKey = Zeroizing<[u8; 32]>;

/// The cipher with this key.
fn cipher(key: &ContentKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.as_slice()).ok().map(LessSafeKey::new)
}

#[cfg(test)]
#[path = "encrypted/forgery_tests.rs"]
mod forgery_tests;
#[cfg(test)]
#[path = "encrypted/vector_tests.rs"]
mod vector_tests;
