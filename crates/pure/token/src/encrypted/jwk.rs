//! Private keys as JSON.

use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::DecryptionKey;
use super::agreement::Curve;
use crate::TokenError;
use crate::key::{check_rsa, member, without_leading_zeros};

/// A private JWK as it is written. Members that we have no use for are left out.
#[derive(Deserialize)]
pub(super) struct PrivateJwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
}

impl Drop for PrivateJwk {
    fn drop(&mut self) {
        let Self { d, p, q, dp, dq, qi, .. } = self;
        [d, p, q, dp, dq, qi].into_iter().for_each(Zeroize::zeroize);
    }
}

impl PrivateJwk {
    pub(super) fn read(json: &[u8]) -> Result<Self, TokenError> {
        // The library's message is not passed on: it may quote a value.
        serde_json::from_slice(json).map_err(|_quotes_values| UNREADABLE)
    }

    pub(super) fn key(&self) -> Result<DecryptionKey, TokenError> {
        self.check_purpose()?;
        if self.d.is_none() {
            return Err(PUBLIC);
        }
        let key = match self.kty.as_str() {
            "RSA" => self.rsa()?,
            kty @ ("EC" | "OKP") => {
                let curve = Curve::of_names(kty, self.crv.as_deref().unwrap_or_default());
                self.agreeing(curve.ok_or(CURVE)?)?
            }
            _ => return unsupported("its kty is not RSA, EC or OKP"),
        };
        if self.alg.as_deref().is_some_and(|alg| alg != key.management().name()) {
            return unsupported("its alg is not RSA-OAEP-256 or ECDH-ES, or not for its kty");
        }
        match &self.kid {
            Some(kid) => key.with_kid(kid),
            None => Ok(key),
        }
    }

    fn check_purpose(&self) -> Result<(), TokenError> {
        if self.purpose.as_deref().is_some_and(|purpose| purpose != "enc") {
            return unsupported("its use is not \"enc\"");
        }
        let decrypts = |op: &String| {
            matches!(op.as_str(), "decrypt" | "unwrapKey" | "deriveKey" | "deriveBits")
        };
        if self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(decrypts)) {
            return unsupported("its key_ops do not let it decrypt");
        }
        Ok(())
    }

    fn rsa(&self) -> Result<DecryptionKey, TokenError> {
        let (n, e) = (needed(self.n.as_ref())?, needed(self.e.as_ref())?);
        let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
        check_rsa(n, e)?;
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n, e },
            d: needed(self.d.as_ref())?,
            p: needed(self.p.as_ref())?,
            q: needed(self.q.as_ref())?,
            dP: needed(self.dp.as_ref())?,
            dQ: needed(self.dq.as_ref())?,
            qInv: needed(self.qi.as_ref())?,
        };
        let pair = KeyPair::from_components(&components).map_err(|_bad| DAMAGED)?;
        DecryptionKey::rsa(&pair)
    }

    fn agreeing(&self, curve: Curve) -> Result<DecryptionKey, TokenError> {
        let secret = needed(self.d.as_ref())?;
        let key = match curve {
            Curve::P256 => PrivateKey::from_private_key(curve.algorithm(), &secret),
            Curve::X25519 => PrivateKey::from_private_key(&X25519, &secret),
        };
        let key = key.map_err(|_rejected| DAMAGED)?;
        let x = needed(self.x.as_ref())?;
        let public = match curve {
            Curve::P256 => [&[4], x.as_slice(), needed(self.y.as_ref())?.as_slice()].concat(),
            Curve::X25519 => x.to_vec(),
        };
        // Somebody would encrypt for a key that nobody has.
        let own = key.compute_public_key().map_err(|_unspecified| DAMAGED)?;
        if own.as_ref() != public {
            return Err(DAMAGED);
        }
        Ok(DecryptionKey::agreeing(curve, key))
    }
}

fn needed(text: Option<&String>) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    text.ok_or(UNREADABLE).and_then(|text| member(text)).map_err(|_other| UNREADABLE)
}

fn unsupported<T>(why: &'static str) -> Result<T, TokenError> {
    Err(TokenError::KeyUnsupported { why })
}

const UNREADABLE: TokenError = TokenError::KeyUnreadable {
    kind: "decryption key",
    hint: "it must be one private JWK with kty and that type's members in base64url, for RSA the \
           primes too",
};
const PUBLIC: TokenError = TokenError::KeyUnreadable {
    kind: "decryption key",
    hint: "it is a public key; decrypting takes the private one",
};
const DAMAGED: TokenError =
    TokenError::KeyUnreadable { kind: "decryption key", hint: "it is damaged" };
const CURVE: TokenError =
    TokenError::KeyUnsupported { why: "its curve is neither P-256 nor X25519" };
