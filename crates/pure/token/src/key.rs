//! Keys that verify tokens, each bound to one algorithm.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as LibraryJwk};
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use crate::{Algorithm, HmacSecret, TokenError};

/// Largest key file or JWK that is read, in bytes.
pub const KEY_FILE_MAX_BYTES: usize = 64 << 10;
/// Longest `kid`, in bytes.
pub const KID_MAX_BYTES: usize = 256;
/// Fewest bits in an RSA modulus.
pub const RSA_MIN_BITS: usize = 2048;
/// Most bits in an RSA modulus: larger ones cost more time than they are worth.
pub const RSA_MAX_BITS: usize = 8192;

/// A key that verifies tokens of one algorithm. It does not print, and is wiped when dropped.
///
/// INVARIANT: the algorithm follows from what the key is, never from a token, so an RSA key cannot
/// serve as an HMAC secret.
#[derive(Debug, Clone)]
pub struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    material: DecodingKey,
}

impl Key {
    /// Reads a PEM file with one public key: `PUBLIC KEY` (RSA, P-256 or Ed25519), `RSA PUBLIC KEY`
    /// or `CERTIFICATE`. Of a certificate only the key counts; its dates and issuer are not looked
    /// at. The key has no `kid`.
    ///
    /// # Errors
    ///
    /// A private key, several keys, an RSA key outside [`RSA_MIN_BITS`] to [`RSA_MAX_BITS`], another
    /// curve, or something else than PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TokenError> {
        check_pem(pem)?;
        if contains(pem, b"PRIVATE KEY-----") {
            return Err(TokenError::KeyIsPrivate);
        }
        if let Ok(rsa) = DecodingKey::from_rsa_pem(pem) {
            let (modulus, exponent) = rsa_parts(&rsa)?;
            Self::rsa(&modulus, &exponent)
        } else if let Ok(ec) = DecodingKey::from_ec_pem(pem) {
            Self::p256(ec.try_get_as_bytes().map_err(|_not_bytes| PEM_UNREADABLE)?)
        } else if let Ok(ed) = DecodingKey::from_ed_pem(pem) {
            Self::ed25519(ed.try_get_as_bytes().map_err(|_not_bytes| PEM_UNREADABLE)?)
        } else {
            Err(PEM_UNREADABLE)
        }
    }

    /// Reads one JWK (RFC 7517 §4): `RSA`, `EC` on P-256, `OKP` with Ed25519, or `oct`. Its `kid`
    /// becomes the key's.
    ///
    /// # Errors
    ///
    /// A private key, one whose `use`, `key_ops` or `alg` say that it is for something else, one
    /// that is too small, or something else than a JWK.
    pub fn from_jwk(json: &[u8]) -> Result<Self, TokenError> {
        TokenError::check_limit("JWK length", json.len(), KEY_FILE_MAX_BYTES)?;
        // The library's message is not passed on: it may quote a value.
        let jwk = serde_json::from_slice::<Jwk>(json).map_err(|_quotes_values| JWK_UNREADABLE)?;
        jwk.key()
    }

    /// Wraps an HS256 secret. The key has no `kid`.
    pub fn from_secret(secret: &HmacSecret) -> Self {
        let material = DecodingKey::from_secret(secret.bytes());
        Self { kid: None, algorithm: Algorithm::Hs256, material }
    }

    /// Names the key, in place of the name that it has.
    ///
    /// # Errors
    ///
    /// An empty name, or one longer than [`KID_MAX_BYTES`].
    pub fn with_kid(mut self, kid: &str) -> Result<Self, TokenError> {
        check_kid(kid)?;
        self.kid = Some(kid.to_owned());
        Ok(self)
    }

    /// Checks what the configuration says about the key.
    ///
    /// # Errors
    ///
    /// The key is for another algorithm than `expected`.
    pub fn require_algorithm(self, expected: Algorithm) -> Result<Self, TokenError> {
        if self.algorithm == expected {
            Ok(self)
        } else {
            Err(TokenError::KeyAlgorithmDiffers { expected, actual: self.algorithm })
        }
    }

    /// The key's name, when it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only algorithm that the key serves.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether this key made `signature` (base64url) over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let algorithm = self.algorithm.primitive();
        // An error is a signature or key of the wrong form: not a match either.
        jsonwebtoken::crypto::verify(signature, message, &self.material, algorithm).unwrap_or(false)
    }

    /// Reads one entry of a key set, which anyone may read: it must not hold secrets.
    pub(crate) fn from_set_entry(entry: &Jwk) -> Result<Self, TokenError> {
        if entry.kty == "oct" {
            let why = "a key set is public, a secret in it is known to all";
            return Err(TokenError::KeyUnsupported { why });
        }
        entry.key()
    }

    /// An RSA key from the big-endian bytes of its modulus and exponent.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, TokenError> {
        let (n, e) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
        check_rsa(n, e)?;
        RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_rejected| TokenError::KeyUnreadable { kind: "RSA key", hint: DAMAGED })?;
        let material = DecodingKey::from_rsa_raw_components(n, e);
        Ok(Self { kid: None, algorithm: Algorithm::Rs256, material })
    }

    /// A P-256 key from its uncompressed point: 4, then x and y of 32 bytes each.
    fn p256(point: &[u8]) -> Result<Self, TokenError> {
        if point.len() != 65 {
            return Err(TokenError::KeyUnsupported { why: "only the curve P-256 serves ES256" });
        }
        // This also tells P-256 from other curves of its size: the point must lie on it.
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_rejected| {
            TokenError::KeyUnsupported { why: "the point is not on the curve P-256" }
        })?;
        let material = DecodingKey::from_ec_der(point);
        Ok(Self { kid: None, algorithm: Algorithm::Es256, material })
    }

    /// An Ed25519 key of 32 bytes.
    pub(crate) fn ed25519(bytes: &[u8]) -> Result<Self, TokenError> {
        ParsedPublicKey::new(&ED25519, bytes).map_err(|_rejected| TokenError::KeyUnreadable {
            kind: "Ed25519 key",
            hint: DAMAGED,
        })?;
        let material = DecodingKey::from_ed_der(bytes);
        Ok(Self { kid: None, algorithm: Algorithm::EdDsa, material })
    }
}

/// A JWK as it is written. Members that we have no use for are left out.
#[derive(Deserialize)]
pub(crate) struct Jwk {
    kty: String,
    pub(crate) kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
    d: Option<String>,
}

impl Drop for Jwk {
    fn drop(&mut self) {
        self.k.zeroize();
        self.d.zeroize();
    }
}

impl Jwk {
    fn key(&self) -> Result<Key, TokenError> {
        if self.d.is_some() {
            return Err(TokenError::KeyIsPrivate);
        }
        let unsupported = |why| Err(TokenError::KeyUnsupported { why });
        if self.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return unsupported("its use is not \"sig\"");
        }
        if self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify")) {
            return unsupported("its key_ops do not include \"verify\"");
        }
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Key::rsa(&needed(self.n.as_ref())?, &needed(self.e.as_ref())?)?,
            ("EC", Some("P-256")) => {
                p256_from_halves(&needed(self.x.as_ref())?, &needed(self.y.as_ref())?)?
            }
            ("OKP", Some("Ed25519")) => Key::ed25519(&needed(self.x.as_ref())?)?,
            ("oct", _) => Key::from_secret(&HmacSecret::new(&needed(self.k.as_ref())?)?),
            ("EC" | "OKP", _) => return unsupported("its curve is neither P-256 nor Ed25519"),
            _ => return unsupported("its kty is not RSA, EC, OKP or oct"),
        };
        if self.alg.as_deref().is_some_and(|alg| Algorithm::from_name(alg) != Some(key.algorithm)) {
            return unsupported("its alg is not RS256, ES256, EdDSA or HS256, or not for its kty");
        }
        match &self.kid {
            Some(kid) => key.with_kid(kid),
            None => Ok(key),
        }
    }
}

/// Refuses RSA keys by what is public of them: big-endian bytes without leading zeros.
pub(crate) fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), TokenError> {
    let top_bits = n.first().map_or(0, |top| top.leading_zeros() as usize);
    let bits = (n.len() * 8).saturating_sub(top_bits);
    if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
        return Err(TokenError::KeySize { bits, min: RSA_MIN_BITS, max: RSA_MAX_BITS });
    }
    // With exponent 1 everyone can sign, and even numbers belong to no RSA key. Exponents above 33 bits
    // would only be refused when a token comes.
    let value = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let is_odd = |number: &[u8]| number.last().is_some_and(|low| low % 2 == 1);
    if e.len() > 5 || !(3..1 << 33).contains(&value) || !is_odd(e) || !is_odd(n) {
        return Err(TokenError::KeyUnreadable { kind: "RSA key", hint: DAMAGED });
    }
    Ok(())
}

/// A P-256 key from the coordinates of its point, which must have 32 bytes each.
pub(crate) fn p256_from_halves(x: &[u8], y: &[u8]) -> Result<Key, TokenError> {
    Key::p256(&[[4].as_slice(), x, y].concat())
}

/// Refuses a file that cannot be one PEM block.
pub(crate) fn check_pem(pem: &[u8]) -> Result<(), TokenError> {
    TokenError::check_limit("PEM length", pem.len(), KEY_FILE_MAX_BYTES)?;
    let blocks = pem.windows(PEM_BEGIN.len()).filter(|window| *window == PEM_BEGIN).count();
    match blocks {
        0 => Err(PEM_UNREADABLE),
        1 => Ok(()),
        _ => Err(TokenError::KeyUnreadable { kind: "PEM file", hint: SEVERAL_BLOCKS }),
    }
}

pub(crate) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

pub(crate) fn check_kid(kid: &str) -> Result<(), TokenError> {
    crate::object::check_text("kid", kid, KID_MAX_BYTES)
}

pub(crate) const PEM_UNREADABLE: TokenError = TokenError::KeyUnreadable {
    kind: "PEM file",
    hint: "it must hold one PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE of type RSA, P-256 or Ed25519",
};
const JWK_UNREADABLE: TokenError = TokenError::KeyUnreadable {
    kind: "JWK",
    hint: "it must be a JSON object with kty and that type's members in base64url",
};
const DAMAGED: &str = "it is damaged";
pub(crate) const SEVERAL_BLOCKS: &str = "it holds several blocks";
const PEM_BEGIN: &[u8] = b"-----BEGIN";

/// A member that the key's type needs, decoded.
fn needed(text: Option<&String>) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    text.ok_or(JWK_UNREADABLE).and_then(|text| member(text))
}

/// A member's bytes.
pub(crate) fn member(text: &str) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    // Some key servers pad, against RFC 7515 §2; it changes nothing about the key.
    let unpadded = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(unpadded).map(Zeroizing::new).map_err(|_not_base64| JWK_UNREADABLE)
}

/// Modulus and exponent of an RSA key that was read from PEM.
fn rsa_parts(key: &DecodingKey) -> Result<(Vec<u8>, Vec<u8>), TokenError> {
    let jwk = LibraryJwk::from_decoding_key(key, None).map_err(|_rejected| PEM_UNREADABLE)?;
    let AlgorithmParameters::RSA(parts) = jwk.algorithm else { return Err(PEM_UNREADABLE) };
    let (modulus, exponent) = (member(&parts.n)?, member(&parts.e)?);
    Ok((modulus.to_vec(), exponent.to_vec()))
}

pub(crate) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
#[path = "key_tests.rs"]
pub(crate) mod tests;
