//! Making tokens: for the command line, for demonstrations, for tests.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::key::{Key, check_kid, check_pem, contains, member, p256_from_halves};
use crate::{Algorithm, Claims, HmacSecret, TOKEN_MAX_BYTES, TokenError};

/// A key that signs tokens of one algorithm. It does not print, and is wiped when dropped.
#[derive(Debug, Clone)]
pub struct SigningKey {
    kid: Option<String>,
    material: EncodingKey,
    verifying: Key,
}

impl SigningKey {
    /// Reads a PEM file with one private key that is not encrypted: `PRIVATE KEY` (PKCS#8; RSA,
    /// P-256 or Ed25519) or `RSA PRIVATE KEY`. The key has no `kid`.
    ///
    /// # Errors
    ///
    /// Something else, or a key that a gateway would not accept.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TokenError> {
        check_pem(pem)?;
        if !contains(pem, b"PRIVATE KEY-----") {
            return Err(UNREADABLE);
        }
        let (material, algorithm) = if let Ok(rsa) = EncodingKey::from_rsa_pem(pem) {
            (rsa, Algorithm::Rs256)
        } else if let Ok(ec) = EncodingKey::from_ec_pem(pem) {
            (ec, Algorithm::Es256)
        } else if let Ok(ed) = EncodingKey::from_ed_pem(pem) {
            (ed, Algorithm::EdDsa)
        } else {
            return Err(UNREADABLE);
        };
        let public = Jwk::from_encoding_key(&material, algorithm.primitive())
            .map_err(|_rejected| UNREADABLE)?;
        let verifying = match &public.algorithm {
            AlgorithmParameters::RSA(parts) => Key::rsa(&member(&parts.n)?, &member(&parts.e)?)?,
            AlgorithmParameters::EllipticCurve(parts) => {
                p256_from_halves(&member(&parts.x)?, &member(&parts.y)?)?
            }
            AlgorithmParameters::OctetKeyPair(parts) => Key::ed25519(&member(&parts.x)?)?,
            _ => return Err(UNREADABLE),
        };
        Ok(Self { kid: None, material, verifying })
    }

    /// Wraps an HS256 secret. The key has no `kid`.
    pub fn from_secret(secret: &HmacSecret) -> Self {
        let material = EncodingKey::from_secret(secret.bytes());
        Self { kid: None, material, verifying: Key::from_secret(secret) }
    }

    /// Names the key; tokens then carry the name.
    ///
    /// # Errors
    ///
    /// An empty name, or one longer than [`crate::KID_MAX_BYTES`].
    pub fn with_kid(mut self, kid: &str) -> Result<Self, TokenError> {
        check_kid(kid)?;
        self.verifying = self.verifying.with_kid(kid)?;
        self.kid = Some(kid.to_owned());
        Ok(self)
    }

    /// The only algorithm that the key serves.
    pub const fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The key that verifies what this one signs, with the same `kid`.
    pub const fn verifying_key(&self) -> &Key {
        &self.verifying
    }
}

/// Signs `claims`, which hold no secrets: [`crate::mint_encrypted`] is for those.
///
/// # Errors
///
/// A claim is out of its bounds, the token would be longer than [`TOKEN_MAX_BYTES`], or signing
/// failed. What this returns, a verifier with the right keys and rules accepts.
pub fn mint(claims: &Claims, key: &SigningKey) -> Result<String, TokenError> {
    fields_of(claims)?;
    let token = sign(claims, key)?;
    TokenError::check_limit("token length", token.len(), TOKEN_MAX_BYTES)?;
    Ok(token)
}

/// Claims as they are written, if a verifier would take them.
pub(crate) fn fields_of(claims: &Claims) -> Result<Map<String, Value>, TokenError> {
    let Ok(Value::Object(fields)) = serde_json::to_value(claims) else {
        return Err(TokenError::SigningFailed);
    };
    // Reading the claims back applies every bound that a verifier would.
    Claims::try_from(fields.clone())?;
    Ok(fields)
}

/// Signs a payload, whatever it is and however long.
pub(crate) fn sign(payload: &impl Serialize, key: &SigningKey) -> Result<String, TokenError> {
    let mut header = Header::new(key.algorithm().primitive());
    header.kid.clone_from(&key.kid);
    jsonwebtoken::encode(&header, payload, &key.material)
        .map_err(|_may_quote_values| TokenError::SigningFailed)
}

const UNREADABLE: TokenError = TokenError::KeyUnreadable {
    kind: "signing key",
    hint: "it must be one PEM block without a passphrase: PRIVATE KEY (PKCS#8) of type RSA \
           with at least 2048 bits, P-256 or Ed25519, or RSA PRIVATE KEY",
};

#[cfg(test)]
#[path = "mint_tests.rs"]
mod tests;
