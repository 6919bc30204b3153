//! The keys that a gateway decrypts with, and which of them a token was encrypted for.

use zeroize::Zeroizing;

use super::ENCRYPTED_TOKEN_MAX_BYTES;
use super::key::DecryptionKey;
use super::parts::{Header, Parts};
use crate::TokenError;

/// Most keys. It bounds the time that a token without `kid` can cost.
pub const DECRYPTION_KEYS_MAX: usize = 8;

/// At most [`DECRYPTION_KEYS_MAX`] private keys. Without any, encrypted tokens are refused.
#[derive(Debug, Clone, Default)]
pub struct DecryptionKeys {
    keys: Vec<DecryptionKey>,
}

impl DecryptionKeys {
    /// No keys: every encrypted token is refused with [`TokenError::Encrypted`].
    pub const fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Adds a key. Several keys may share a `kid`.
    ///
    /// # Errors
    ///
    /// There are [`DECRYPTION_KEYS_MAX`] already.
    pub fn add(&mut self, key: DecryptionKey) -> Result<(), TokenError> {
        TokenError::check_limit("decryption keys", self.keys.len() + 1, DECRYPTION_KEYS_MAX)?;
        self.keys.push(key);
        Ok(())
    }

    /// Number of keys.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &DecryptionKey> {
        self.keys.iter()
    }

    /// What `token` holds (RFC 7516 §5.2), which nobody has signed as far as we know yet.
    pub(crate) fn open(&self, token: &str) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        if self.is_empty() {
            return Err(TokenError::Encrypted);
        }
        TokenError::check_limit("token length", token.len(), ENCRYPTED_TOKEN_MAX_BYTES)?;
        let parts = Parts::split(token)?;
        let candidates = self.candidates(&parts.header);
        if candidates.is_empty() {
            let kid = parts.header.kid.as_deref();
            let kid = kid.map(|kid| porthole_wire::text(kid.as_bytes()));
            return Err(TokenError::UnknownDecryptionKey { kid });
        }
        let sealed = parts.sealed().ok_or(TokenError::Undecryptable)?;
        let opened = |key: &&DecryptionKey| {
            let content_key = key.content_key(&parts.header, &sealed)?;
            sealed.open(&content_key)
        };
        candidates.iter().find_map(opened).ok_or(TokenError::Undecryptable)
    }

    /// The keys that may have been meant: those of the token's `kid`; without a `kid` every one, and
    /// where no key has it those without a name. Always only those that serve the token's way.
    fn candidates(&self, header: &Header) -> Vec<&DecryptionKey> {
        let named = header.kid.as_deref();
        let is_known = named.is_some() && self.iter().any(|key| key.kid() == named);
        let is_meant = |key: &&DecryptionKey| match (named, is_known) {
            (None, _) => true,
            (Some(_), true) => key.kid() == named,
            (Some(_), false) => key.kid().is_none(),
        };
        self.iter().filter(|key| key.serves(header)).filter(is_meant).collect()
    }
}
