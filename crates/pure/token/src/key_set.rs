//! The keys that a gateway trusts, and which of them a token may have been signed with.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::header::Header;
use crate::key::{Jwk, Key};
use crate::{Algorithm, TokenError};

/// Most keys in a set. It bounds the time that a token without `kid` can cost.
pub const KEYS_MAX: usize = 64;

/// Longest JWKS that is read, in bytes.
const JWKS_MAX_BYTES: usize = 256 << 10;

/// At most [`KEYS_MAX`] keys.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// What came out of a JWKS.
#[derive(Debug, Clone)]
pub struct Jwks {
    /// The usable keys; at least one.
    pub keys: KeySet,
    /// The rest, for the log.
    pub skipped: Vec<Skipped>,
}

/// A key of a JWKS that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its `kid`, made fit to print.
    pub kid: Option<String>,
    /// Why it is not used.
    pub error: TokenError,
}

impl KeySet {
    /// A set without keys: every token is refused with [`TokenError::UnknownKey`].
    pub const fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Adds a key. Several keys may share a `kid`.
    ///
    /// # Errors
    ///
    /// The set holds [`KEYS_MAX`] keys.
    pub fn add(&mut self, key: Key) -> Result<(), TokenError> {
        TokenError::check_limit("keys", self.keys.len() + 1, KEYS_MAX)?;
        self.keys.push(key);
        Ok(())
    }

    /// Adds all keys of `other`, or none.
    ///
    /// # Errors
    ///
    /// Together they are more than [`KEYS_MAX`].
    pub fn add_all(&mut self, other: &Self) -> Result<(), TokenError> {
        TokenError::check_limit("keys", self.keys.len() + other.keys.len(), KEYS_MAX)?;
        self.keys.extend_from_slice(&other.keys);
        Ok(())
    }

    /// Reads a JWKS (RFC 7517 §5) of at most 256 KiB and [`KEYS_MAX`] entries.
    ///
    /// Entries that cannot verify tokens here are skipped, as the RFC asks: unknown types, other
    /// uses and algorithms, keys that are too small, private keys, and secrets (a key set is
    /// public).
    ///
    /// # Errors
    ///
    /// It is too long, is not a JWKS, or no entry is usable. The caller keeps the keys it has.
    pub fn from_jwks(json: &[u8]) -> Result<Jwks, TokenError> {
        TokenError::check_limit("JWKS length", json.len(), JWKS_MAX_BYTES)?;
        let set = serde_json::from_slice::<Set>(json).map_err(|_quotes_values| UNREADABLE)?;
        TokenError::check_limit("keys", set.keys.len(), KEYS_MAX)?;

        let mut jwks = Jwks { keys: Self::new(), skipped: Vec::new() };
        for entry in set.keys {
            let kid = entry.get("kid").and_then(Value::as_str);
            let kid = kid.map(|kid| porthole_wire::text(kid.as_bytes()));
            let entry = serde_json::from_value::<Jwk>(entry).map_err(|_quotes_values| UNREADABLE);
            match entry.and_then(|entry| Key::from_set_entry(&entry)) {
                Ok(key) => jwks.keys.add(key)?,
                Err(error) => jwks.skipped.push(Skipped { kid, error }),
            }
        }
        if jwks.keys.is_empty() {
            return Err(TokenError::NoUsableKey { skipped: jwks.skipped.len() });
        }
        Ok(jwks)
    }

    /// Reads a file that holds either one JWK, as [`Key::from_jwk`], or a JWKS, as
    /// [`KeySet::from_jwks`].
    ///
    /// # Errors
    ///
    /// As those two.
    pub fn from_jwk_file(json: &[u8]) -> Result<Jwks, TokenError> {
        TokenError::check_limit("JWKS length", json.len(), JWKS_MAX_BYTES)?;
        if serde_json::from_slice::<Probe>(json).is_ok_and(|probe| probe.keys.is_some()) {
            return Self::from_jwks(json);
        }
        let keys = Self { keys: vec![Key::from_jwk(json)?] };
        Ok(Jwks { keys, skipped: Vec::new() })
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
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// Checks `signature` (base64url) over `message` with the keys that `header` allows: those of
    /// its `kid`; without a `kid`, or when no key has it, those of its algorithm, in the latter case
    /// only the ones without a name of their own.
    pub(crate) fn check_signature(
        &self,
        header: &Header,
        message: &[u8],
        signature: &str,
    ) -> Result<(), TokenError> {
        let token = header.algorithm;
        let kid = || header.kid.as_deref().map(|kid| porthole_wire::text(kid.as_bytes()));
        let verified_by = |wanted: &dyn Fn(&Key) -> bool| {
            let mut candidates =
                self.keys.iter().filter(|key| key.algorithm() == token && wanted(key));
            candidates.any(|key| key.verifies(message, signature))
        };
        let matches = |matched| if matched { Ok(()) } else { Err(TokenError::BadSignature) };

        let Some(named) = header.kid.as_deref() else {
            return match self.find(|key| key.algorithm() == token) {
                Some(_) => matches(verified_by(&|_any| true)),
                None => Err(TokenError::UnknownKey { kid: None }),
            };
        };
        if let Some(other) = self.find(|key| key.kid() == Some(named)) {
            return match self.find(|key| key.kid() == Some(named) && key.algorithm() == token) {
                Some(_) => matches(verified_by(&|key| key.kid() == Some(named))),
                None => Err(key_algorithm(kid(), other.algorithm(), token)),
            };
        }
        // Portals' libraries may add a `kid` that the operator's PEM file does not have.
        if verified_by(&|key| key.kid().is_none()) {
            return Ok(());
        }
        Err(TokenError::UnknownKey { kid: kid() })
    }

    fn find(&self, wanted: impl Fn(&Key) -> bool) -> Option<&Key> {
        self.keys.iter().find(|key| wanted(key))
    }
}

/// A JWKS whose entries have not been looked at.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Tells a JWKS from a JWK.
#[derive(Deserialize)]
struct Probe {
    keys: Option<IgnoredAny>,
}

const UNREADABLE: TokenError = TokenError::KeyUnreadable {
    kind: "JWKS",
    hint: "it must be a JSON object whose \"keys\" is a list of JWKs",
};

const fn key_algorithm(kid: Option<String>, key: Algorithm, token: Algorithm) -> TokenError {
    TokenError::KeyAlgorithm { kid, key, token }
}

#[cfg(test)]
#[path = "key_set_tests.rs"]
mod tests;
