//! Making encrypted tokens: for the command line, for demonstrations, for tests.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

use super::agreement::{Agreement, Curve};
use super::{CONTENT, ContentKey, ENCRYPTED_TOKEN_MAX_BYTES, KeyManagement, NONCE_BYTES, cipher};
use crate::mint::{fields_of, sign};
use crate::{Claims, Secrets, SigningKey, TokenError};

/// What tokens are encrypted with: the public part of a [`crate::DecryptionKey`], which makes it.
#[derive(Clone)]
pub struct EncryptionKey {
    pub(super) kid: Option<String>,
    pub(super) public: Public,
}

#[derive(Clone)]
pub(super) enum Public {
    Rsa(Arc<OaepPublicEncryptingKey>),
    /// The curve and the point, as [`Agreement::public`] has it.
    Agreeing(Curve, Vec<u8>),
}

/// Signs `claims` and `secrets` with `key`, and encrypts that for `reader`.
///
/// # Errors
///
/// A claim or a secret is out of its bounds, the target has no parameters that could be secret, the
/// token would be longer than [`ENCRYPTED_TOKEN_MAX_BYTES`], or signing or encrypting failed. What
/// this returns, a verifier with the right keys and rules accepts.
pub fn mint_encrypted(
    claims: &Claims,
    secrets: &Secrets,
    key: &SigningKey,
    reader: &EncryptionKey,
) -> Result<String, TokenError> {
    let mut fields = fields_of(claims)?;
    secrets.put(&mut fields)?;
    let signed = Zeroizing::new(sign(&fields, key)?);
    wipe(&mut fields, secrets);
    let token = reader.seal(signed.as_bytes())?;
    TokenError::check_limit("token length", token.len(), ENCRYPTED_TOKEN_MAX_BYTES)?;
    Ok(token)
}

impl EncryptionKey {
    /// Encrypts any content (RFC 7516 §5.1). Only a signed token is of use to a gateway, which
    /// [`mint_encrypted`] makes; this is for tests that want other contents.
    ///
    /// # Errors
    ///
    /// [`TokenError::EncryptionFailed`].
    pub fn seal(&self, content: &[u8]) -> Result<String, TokenError> {
        let algorithm = self.management().name();
        let own = [("alg", algorithm), ("enc", CONTENT), ("typ", "JWT"), ("cty", "JWT")];
        let named = self.kid.as_deref().map(|kid| ("kid", kid));
        self.seal_with(object(own.into_iter().chain(named)), content)
            .ok_or(TokenError::EncryptionFailed)
    }

    pub(super) fn seal_with(
        &self,
        mut header: Map<String, Value>,
        content: &[u8],
    ) -> Option<String> {
        let (content_key, encrypted_key) = match &self.public {
            Public::Rsa(public) => wrapped(public)?,
            Public::Agreeing(curve, public) => {
                let (key, epk) = agreed(*curve, public)?;
                header.insert("epk".to_owned(), epk.into());
                (key, Vec::new())
            }
        };
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let aad = encode(Value::Object(header).to_string().as_bytes());
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce).ok()?;
        let mut sealed = content.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        let tag = cipher(&content_key)?
            .seal_in_place_separate_tag(unique, Aad::from(&aad), &mut sealed)
            .ok()?;
        let parts = [&encrypted_key[..], &nonce, &sealed, tag.as_ref()].map(encode);
        Some(format!("{aad}.{}", parts.join(".")))
    }

    const fn management(&self) -> KeyManagement {
        match self.public {
            Public::Rsa(_) => KeyManagement::RsaOaep256,
            Public::Agreeing(..) => KeyManagement::EcdhEs,
        }
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("kid", &self.kid)
            .field("management", &self.management())
            .finish_non_exhaustive()
    }
}

/// A new content key, and the same encrypted.
fn wrapped(public: &OaepPublicEncryptingKey) -> Option<(ContentKey, Vec<u8>)> {
    let mut key: ContentKey = Zeroizing::new([0; 32]);
    rand::fill(key.as_mut_slice()).ok()?;
    let mut room = vec![0; public.ciphertext_size()];
    let encrypted =
        public.encrypt(&OAEP_SHA256_MGF1SHA256, key.as_slice(), &mut room, None).ok()?;
    Some((key, encrypted.to_vec()))
}

/// A new content key, and the public key from which its reader finds it.
fn agreed(curve: Curve, reader: &[u8]) -> Option<(ContentKey, Map<String, Value>)> {
    let own = PrivateKey::generate(curve.algorithm()).ok()?;
    let agreement =
        Agreement { curve, public: reader.to_vec(), sender: Vec::new(), receiver: Vec::new() };
    let key = agreement.content_key(&own)?;
    let public = own.compute_public_key().ok()?;
    let (kty, crv) = curve.names();
    let mut epk = object([("kty", kty), ("crv", crv)]);
    let x_and_y = match curve {
        Curve::P256 => public.as_ref().get(1..)?,
        Curve::X25519 => public.as_ref(),
    };
    for (name, coordinate) in ["x", "y"].into_iter().zip(x_and_y.chunks(32)) {
        epk.insert(name.to_owned(), URL_SAFE_NO_PAD.encode(coordinate).into());
    }
    Some((key, epk))
}

/// A JSON object of texts.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    members.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// Wipes the copies of secrets in `fields`.
fn wipe(fields: &mut Map<String, Value>, secrets: &Secrets) {
    let parameters = crate::secrets::parameters_of(fields);
    for (_, value) in parameters.into_iter().flatten().filter(|(name, _)| secrets.has(name)) {
        if let Value::String(text) = value {
            text.zeroize();
        }
    }
}
