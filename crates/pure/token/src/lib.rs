//! Tokens: the signed JWTs that say who may reach what, and how.
//!
//! In go key bytes ([`Key`], [`KeySet`]), what this gateway accepts ([`Policy`]), a token and the
//! time; out come checked [`Claims`] or a [`TokenError`] that names what is wrong. With
//! [`DecryptionKeys`] a token may also be encrypted, and then brings [`Secrets`].
//! `docs/tokens.md` describes the tokens themselves.
//!
//! - [`Verifier::verify`] serves whoever opens a session, [`Verifier::verify_returning`] whoever
//!   comes back to one.
//! - A [`JtiStore`] remembers which tokens were used; [`MemoryJtis`] is the one for a single
//!   gateway.
//! - [`mint()`] signs a token, [`mint_encrypted`] encrypts it too, for the command line and for
//!   demonstrations.
//!
//! It reads no clock, opens no file and fetches nothing: rotating keys is the caller's work, who
//! learns from [`TokenError::UnknownKey`] when to look for new ones. It decides nothing about the
//! target either: a token that verifies may still name an address that policy refuses.

mod algorithm;
mod claims;
mod encrypted;
mod error;
mod grant;
mod header;
mod key;
mod key_set;
mod mint;
mod object;
mod parameters;
mod permissions;
mod policy;
mod secret;
mod secrets;
mod spent;
mod target;
#[cfg(test)]
mod test_keys;
mod verifier;

pub use algorithm::Algorithm;
pub use claims::{
    AUDIENCES_MAX, Claims, ISSUER_MAX_BYTES, JTI_MAX_BYTES, NAME_MAX_BYTES, SUBJECT_MAX_BYTES,
};
pub use encrypted::{
    DECRYPTION_KEYS_MAX, DecryptionKey, DecryptionKeys, ENCRYPTED_TOKEN_MAX_BYTES, EncryptionKey,
    KeyManagement, mint_encrypted,
};
pub use error::{Blame, TokenError};
pub use grant::{Grant, SESSION_MAX_S};
pub use header::{TOKEN_MAX_BYTES, is_encrypted};
pub use key::{KEY_FILE_MAX_BYTES, KID_MAX_BYTES, Key, RSA_MAX_BITS, RSA_MIN_BITS};
pub use key_set::{Jwks, KEYS_MAX, KeySet, Skipped};
pub use mint::{SigningKey, mint};
pub use parameters::{
    PARAMETER_NAME_MAX_BYTES, PARAMETER_VALUE_MAX_BYTES, PARAMETERS_MAX, Parameters,
};
pub use permissions::{Permission, Permissions};
pub use policy::{LEEWAY_MAX_S, LIFETIME_MAX_S, Policy};
pub use secret::{HmacSecret, SECRET_MIN_BYTES};
pub use secrets::Secrets;
pub use spent::{JtiStore, MemoryJtis};
pub use target::{Address, Desktop, HOSTNAME_MAX_BYTES, Protocol, REFERENCE_MAX_BYTES, Target};
pub use verifier::{Returning, Verified, Verifier};
