//! The outside of a token: its parts and its header. Nothing here is to be trusted yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::key::KID_MAX_BYTES;
use crate::{Algorithm, TokenError};

/// Longest token that is only signed, in bytes.
pub const TOKEN_MAX_BYTES: usize = 16 << 10;

/// The parts of a token in compact form (RFC 7515 §7.1).
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    /// What is signed: header and payload with the dot between them.
    pub(crate) message: &'a [u8],
    /// Not decoded: the signature comes first.
    pub(crate) payload: &'a str,
    /// Base64url that decodes.
    pub(crate) signature: &'a str,
}

/// What a token says about its own signature.
///
/// Keys and addresses of keys in a header (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    /// At most [`KID_MAX_BYTES`] bytes of anything.
    pub(crate) kid: Option<String>,
}

/// Whether a token has the five parts of an encrypted one (RFC 7516 §9). It takes a private key to read
/// it, and up to some milliseconds.
pub fn is_encrypted(token: &str) -> bool {
    dots(token) == 4
}

fn dots(token: &str) -> usize {
    token.bytes().filter(|byte| *byte == b'.').count()
}

impl<'a> Parts<'a> {
    /// Takes a signed token apart, whose length has been checked.
    pub(crate) fn split(token: &'a str) -> Result<Self, TokenError> {
        let malformed = TokenError::Malformed { part: "shape" };
        if dots(token) != 2 {
            return Err(malformed);
        }
        let Some((message, signature)) = token.rsplit_once('.') else { return Err(malformed) };
        let Some((header, payload)) = message.split_once('.') else { return Err(malformed) };

        let header = Header::decode(header)?;
        decode("signature", signature)?;
        Ok(Self { header, message: message.as_bytes(), payload, signature })
    }
}

impl Header {
    fn decode(part: &str) -> Result<Self, TokenError> {
        let malformed = || TokenError::Malformed { part: "header" };
        let fields = decode_object("header", part)?;
        let name = fields.get("alg").and_then(Value::as_str).ok_or_else(malformed)?;
        // RFC 8725 §3.2: some verifiers were fooled by other spellings, so all are recognised.
        if name.eq_ignore_ascii_case("none") {
            return Err(TokenError::Unsigned);
        }
        let algorithm = name.parse()?;
        if fields.contains_key("crit") {
            return Err(TokenError::CriticalHeader);
        }
        Ok(Self { algorithm, kid: read_kid(&fields)? })
    }
}

/// The header's `kid`, of at most [`KID_MAX_BYTES`] bytes.
pub(crate) fn read_kid(fields: &Map<String, Value>) -> Result<Option<String>, TokenError> {
    let kid = match fields.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err(TokenError::Malformed { part: "header" }),
    };
    TokenError::check_limit("kid", kid.as_ref().map_or(0, String::len), KID_MAX_BYTES)?;
    Ok(kid)
}

/// Decodes a part that holds a JSON object.
pub(crate) fn decode_object(
    part: &'static str,
    text: &str,
) -> Result<Map<String, Value>, TokenError> {
    // The library's message is not passed on: it may quote a value.
    serde_json::from_slice(&decode(part, text)?)
        .map_err(|_quotes_values| TokenError::Malformed { part })
}

/// A part's bytes, which may hold secrets.
pub(crate) fn decode(part: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    let decoded = URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new);
    decoded.map_err(|_not_base64| TokenError::Malformed { part })
}
