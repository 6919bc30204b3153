//! The outside of an encrypted token: its parts and its header. Nothing here is to be trusted yet.

use aws_lc_rs::aead::{Aad, Nonce};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::agreement::{Agreement, Curve};
use super::{CONTENT, ContentKey, KeyManagement, NONCE_BYTES, TAG_BYTES, cipher};
use crate::TokenError;
use crate::header::{decode, decode_object, read_kid};

/// Longest header, in letters of base64. With a key of the sender's it has about 500.
const HEADER_MAX_LETTERS: usize = 4 << 10;

/// The parts of an encrypted token (RFC 7516 §7.1).
pub(super) struct Parts<'a> {
    pub(super) header: Header,
    /// The header as it came, which the tag covers too.
    aad: &'a str,
    encrypted_key: &'a str,
    nonce: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

/// What a token says about how it was encrypted.
#[derive(Debug)]
pub(super) struct Header {
    /// At most [`crate::KID_MAX_BYTES`] bytes of anything.
    pub(super) kid: Option<String>,
    pub(super) way: Way,
}

/// How the content's key comes.
#[derive(Debug)]
pub(super) enum Way {
    /// In the token.
    RsaOaep256,
    /// By agreement.
    EcdhEs(Agreement),
}

/// All but the header, as bytes.
pub(super) struct Sealed<'a> {
    pub(super) aad: &'a str,
    /// Empty where the key is agreed upon.
    pub(super) encrypted_key: Vec<u8>,
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: [u8; TAG_BYTES],
}

impl<'a> Parts<'a> {
    /// Takes a token apart, of which it reads the header.
    ///
    /// # Errors
    ///
    /// It has not five parts, or a header that we do not take.
    pub(super) fn split(token: &'a str) -> Result<Self, TokenError> {
        let mut parts = token.split('.');
        let mut next = || parts.next().ok_or(TokenError::Malformed { part: "shape" });
        let (aad, encrypted_key, nonce) = (next()?, next()?, next()?);
        let (ciphertext, tag) = (next()?, next()?);
        if parts.next().is_some() {
            return Err(TokenError::Malformed { part: "shape" });
        }
        let header = Header::decode(aad)?;
        Ok(Self { header, aad, encrypted_key, nonce, ciphertext, tag })
    }

    /// The rest, decoded; `None` where it cannot be.
    pub(super) fn sealed(&self) -> Option<Sealed<'a>> {
        let bytes = |text| decode("shape", text).ok();
        let encrypted_key = bytes(self.encrypted_key)?;
        // RFC 7516 §5.2, step 10.
        if matches!(self.header.way, Way::EcdhEs(_)) && !encrypted_key.is_empty() {
            return None;
        }
        Some(Sealed {
            aad: self.aad,
            encrypted_key: encrypted_key.to_vec(),
            nonce: bytes(self.nonce)?.as_slice().try_into().ok()?,
            ciphertext: bytes(self.ciphertext)?.to_vec(),
            tag: bytes(self.tag)?.as_slice().try_into().ok()?,
        })
    }
}

impl Sealed<'_> {
    /// The content, if `key` is the one that it was encrypted with and nothing was changed.
    pub(super) fn open(&self, key: &ContentKey) -> Option<Zeroizing<Vec<u8>>> {
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let mut content = Zeroizing::new(self.ciphertext.clone());
        let opened = cipher(key)?.open_in_place_separate_tag(
            nonce,
            Aad::from(self.aad),
            &self.tag,
            &mut content,
        );
        opened.is_ok().then_some(content)
    }
}

impl Header {
    fn decode(text: &str) -> Result<Self, TokenError> {
        TokenError::check_limit("header length", text.len(), HEADER_MAX_LETTERS)?;
        let fields = decode_object("header", text)?;
        let word = |name| fields.get(name).and_then(Value::as_str);
        let way = match word("alg").ok_or(MALFORMED)? {
            name if name == KeyManagement::RsaOaep256.name() => Way::RsaOaep256,
            name if name == KeyManagement::EcdhEs.name() => Way::EcdhEs(agreement(&fields)?),
            other => return Err(unknown(other)),
        };
        let content = word("enc").ok_or(MALFORMED)?;
        if content != CONTENT {
            return Err(unknown(content));
        }
        if fields.contains_key("crit") {
            return Err(TokenError::CriticalHeader);
        }
        if fields.contains_key("zip") {
            return Err(TokenError::Compressed);
        }
        // RFC 7519 §5.2 asks for it, in any case of letters.
        if !word("cty").is_some_and(|kind| kind.eq_ignore_ascii_case("JWT")) {
            return Err(TokenError::NotNested { why: "its header lacks \"cty\": \"JWT\"" });
        }
        Ok(Self { kid: read_kid(&fields)?, way })
    }
}

/// `epk`, `apu` and `apv` (RFC 7518 §4.6.1).
fn agreement(fields: &Map<String, Value>) -> Result<Agreement, TokenError> {
    let key = fields.get("epk").and_then(Value::as_object).ok_or(MALFORMED)?;
    let member = |name| key.get(name).and_then(Value::as_str).ok_or(MALFORMED);
    let bytes = |name| decode("header", member(name)?);
    let curve = Curve::of_names(member("kty")?, member("crv")?).ok_or(MALFORMED)?;
    let public = match curve {
        Curve::P256 => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            // Coordinates of other lengths would let one key be written in several ways.
            if x.len() != 32 || y.len() != 32 {
                return Err(MALFORMED);
            }
            [&[4], x.as_slice(), y.as_slice()].concat()
        }
        Curve::X25519 => bytes("x")?.to_vec(),
    };
    let party = |name| match fields.get(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => decode("header", text).map(|bytes| bytes.to_vec()),
        Some(_) => Err(MALFORMED),
    };
    Ok(Agreement { curve, public, sender: party("apu")?, receiver: party("apv")? })
}

const MALFORMED: TokenError = TokenError::Malformed { part: "header" };

fn unknown(name: &str) -> TokenError {
    TokenError::AlgorithmUnknown { algorithm: porthole_wire::text(name.as_bytes()) }
}
