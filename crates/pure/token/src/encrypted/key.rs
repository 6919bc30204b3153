//! Private keys that decrypt tokens, each bound to one way.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, X25519};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey,
};
use zeroize::Zeroizing;

use super::agreement::Curve;
use super::jwk::PrivateJwk;
use super::parts::{Header, Sealed, Way};
use super::seal::{EncryptionKey, Public};
use super::{ContentKey, KeyManagement, pem};
use crate::TokenError;
use crate::key::{KEY_FILE_MAX_BYTES, check_kid, check_pem};

/// A private key that decrypts tokens. It does not print, and is wiped when dropped.
///
/// INVARIANT: what the key serves for follows from what it is, never from a token.
#[derive(Clone)]
pub struct DecryptionKey {
    kid: Option<String>,
    material: Material,
}

/// What the arithmetic is done with; the library wipes it.
#[derive(Clone)]
enum Material {
    Rsa(Arc<OaepPrivateDecryptingKey>, Arc<OaepPublicEncryptingKey>),
    Agreeing(Curve, Arc<PrivateKey>),
}

impl DecryptionKey {
    /// Reads a PEM file with one private key that is not encrypted: `PRIVATE KEY` (PKCS#8; RSA, P-256
    /// or X25519), `RSA PRIVATE KEY` or `EC PRIVATE KEY`. The key has no `kid`.
    ///
    /// # Errors
    ///
    /// A public key, several keys, an RSA key outside [`crate::RSA_MIN_BITS`] to
    /// [`crate::RSA_MAX_BITS`], another curve, or something else than PEM.
    pub fn from_pem(text: &[u8]) -> Result<Self, TokenError> {
        check_pem(text).map_err(|error| match error {
            TokenError::KeyUnreadable { hint, .. } if hint == crate::key::SEVERAL_BLOCKS => error,
            TokenError::KeyUnreadable { .. } => UNREADABLE,
            other => other,
        })?;
        match pem::decode(text).ok_or(UNREADABLE)? {
            ("PRIVATE KEY", der) => Self::from_pkcs8(&der),
            ("RSA PRIVATE KEY", der) => {
                let pair = KeyPair::from_der(&der).map_err(|why| rejected(why.description_()))?;
                Self::rsa(&pair)
            }
            ("EC PRIVATE KEY", der) => PrivateKey::from_private_key_der(&ECDH_P256, &der)
                .map(|key| Self::agreeing(Curve::P256, key))
                .map_err(|_rejected| UNREADABLE),
            _ => Err(UNREADABLE),
        }
    }

    /// Reads one private JWK (RFC 7517 §4): `RSA` with its primes, `EC` on P-256, or `OKP` with X25519.
    /// Its `kid` becomes the key's.
    ///
    /// # Errors
    ///
    /// A public key, one whose `use`, `key_ops` or `alg` say that it is for something else, one that
    /// is too small or whose parts do not fit together, or something else than a JWK.
    pub fn from_jwk(json: &[u8]) -> Result<Self, TokenError> {
        TokenError::check_limit("JWK length", json.len(), KEY_FILE_MAX_BYTES)?;
        PrivateJwk::read(json)?.key()
    }

    /// Names the key, in place of the name that it has.
    ///
    /// # Errors
    ///
    /// An empty name, or one longer than [`crate::KID_MAX_BYTES`].
    pub fn with_kid(mut self, kid: &str) -> Result<Self, TokenError> {
        check_kid(kid)?;
        self.kid = Some(kid.to_owned());
        Ok(self)
    }

    /// The key's name, when it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only way that the key serves.
    pub const fn management(&self) -> KeyManagement {
        match self.material {
            Material::Rsa(..) => KeyManagement::RsaOaep256,
            Material::Agreeing(..) => KeyManagement::EcdhEs,
        }
    }

    /// What others encrypt for this key with, under the same name.
    ///
    /// # Errors
    ///
    /// [`TokenError::EncryptionFailed`], when the library cannot say.
    pub fn encryption_key(&self) -> Result<EncryptionKey, TokenError> {
        let public = match &self.material {
            Material::Rsa(_, public) => Public::Rsa(Arc::clone(public)),
            Material::Agreeing(curve, private) => {
                let public = private.compute_public_key();
                let public = public.map_err(|_unspecified| TokenError::EncryptionFailed)?;
                Public::Agreeing(*curve, public.as_ref().to_vec())
            }
        };
        Ok(EncryptionKey { kid: self.kid.clone(), public })
    }

    /// Whether the key serves the way of `header`, whatever the names.
    pub(super) fn serves(&self, header: &Header) -> bool {
        match (&self.material, &header.way) {
            (Material::Rsa(..), Way::RsaOaep256) => true,
            (Material::Agreeing(own, _), Way::EcdhEs(agreement)) => *own == agreement.curve,
            _ => false,
        }
    }

    /// The content's key, which may be a wrong one: only the content's tag tells.
    pub(super) fn content_key(&self, header: &Header, sealed: &Sealed<'_>) -> Option<ContentKey> {
        match (&self.material, &header.way) {
            (Material::Rsa(private, _), Way::RsaOaep256) => {
                unwrapped(private, &sealed.encrypted_key)
            }
            (Material::Agreeing(_, private), Way::EcdhEs(agreement)) => {
                agreement.content_key(private)
            }
            _ => None,
        }
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, TokenError> {
        match PrivateDecryptingKey::from_pkcs8(der) {
            Ok(key) => return Self::oaep(key),
            Err(why) if is_of_wrong_size(why.description_()) => return Err(RSA_SIZE),
            Err(_no_rsa) => {}
        }
        if let Ok(key) = PrivateKey::from_private_key_der(&ECDH_P256, der) {
            return Ok(Self::agreeing(Curve::P256, key));
        }
        let bytes = der.strip_prefix(X25519_PKCS8).ok_or(UNREADABLE)?;
        let key = PrivateKey::from_private_key(&X25519, bytes).map_err(|_rejected| UNREADABLE)?;
        Ok(Self::agreeing(Curve::X25519, key))
    }

    pub(super) fn rsa(pair: &KeyPair) -> Result<Self, TokenError> {
        let der = pair.as_der().map_err(|_unspecified| UNREADABLE)?;
        Self::from_pkcs8(der.as_ref())
    }

    pub(super) fn agreeing(curve: Curve, key: PrivateKey) -> Self {
        Self { kid: None, material: Material::Agreeing(curve, Arc::new(key)) }
    }

    fn oaep(key: PrivateDecryptingKey) -> Result<Self, TokenError> {
        let public = OaepPublicEncryptingKey::new(key.public_key());
        let public = public.map_err(|_unspecified| UNREADABLE)?;
        let private = OaepPrivateDecryptingKey::new(key).map_err(|_unspecified| UNREADABLE)?;
        Ok(Self { kid: None, material: Material::Rsa(Arc::new(private), Arc::new(public)) })
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("kid", &self.kid)
            .field("management", &self.management())
            .finish_non_exhaustive()
    }
}

/// The key that RSA has encrypted. Where it has not, a random one takes its place and fails later, at
/// the tag, so that nothing tells which of the two was wrong (RFC 7516 §11.5).
fn unwrapped(private: &OaepPrivateDecryptingKey, encrypted_key: &[u8]) -> Option<ContentKey> {
    let mut content_key: ContentKey = Zeroizing::new([0; 32]);
    rand::fill(content_key.as_mut_slice()).ok()?;
    let mut room = Zeroizing::new(vec![0; private.min_output_size()]);
    let found = private.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut room, None);
    if let Ok(found) = found
        && found.len() == content_key.len()
    {
        content_key.copy_from_slice(found);
    }
    Some(content_key)
}

fn rejected(why: &str) -> TokenError {
    if is_of_wrong_size(why) { RSA_SIZE } else { UNREADABLE }
}

/// In the library's words.
fn is_of_wrong_size(why: &str) -> bool {
    matches!(why, "TooSmall" | "TooLarge")
}

const RSA_SIZE: TokenError =
    TokenError::KeyUnsupported { why: "an RSA key must have 2048 to 8192 bits" };

const UNREADABLE: TokenError = TokenError::KeyUnreadable {
    kind: "decryption key",
    hint: "it must be one private key in PEM without a passphrase: PRIVATE KEY (PKCS#8) of type \
           RSA, P-256 or X25519, RSA PRIVATE KEY, or EC PRIVATE KEY on P-256",
};

/// What stands before the 32 bytes of an X25519 key in PKCS#8 (RFC 8410 §7).
const X25519_PKCS8: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
];

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
