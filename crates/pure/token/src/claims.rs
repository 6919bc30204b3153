//! What a token says, once its signature has been verified.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::object::{Object, check_text};
use crate::{Grant, TokenError};

/// Longest `iss`, and longest entry of `aud`, in bytes.
pub const ISSUER_MAX_BYTES: usize = 256;
/// Most entries in `aud`.
pub const AUDIENCES_MAX: usize = 16;
/// Longest `sub`, in bytes.
pub const SUBJECT_MAX_BYTES: usize = 256;
/// Longest `name`, in bytes.
pub const NAME_MAX_BYTES: usize = 256;
/// Longest `jti`, in bytes.
pub const JTI_MAX_BYTES: usize = 128;

/// The claims of a token (RFC 7519 §4). Others than these are ignored.
///
/// Dates are seconds since 1970 and at most the end of the year 9999; a fraction is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Claims {
    /// Who minted the token, 1 to [`ISSUER_MAX_BYTES`] bytes.
    pub iss: String,
    /// Whom it is for: one string or a list of at most [`AUDIENCES_MAX`], each of 1 to
    /// [`ISSUER_MAX_BYTES`] bytes.
    #[serde(serialize_with = "one_or_list")]
    pub aud: Vec<String>,
    /// The user, in the portal's terms, 1 to [`SUBJECT_MAX_BYTES`] bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The user's name for other people to read, 1 to [`NAME_MAX_BYTES`] bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The token's own name, unique for its issuer: 1 to [`JTI_MAX_BYTES`] printable ASCII
    /// characters.
    pub jti: String,
    /// From when on the token is no longer accepted.
    pub exp: u64,
    /// From when on it is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When it was minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// What it grants.
    pub porthole: Grant,
}

impl TryFrom<Map<String, Value>> for Claims {
    type Error = TokenError;

    fn try_from(fields: Map<String, Value>) -> Result<Self, TokenError> {
        let mut fields = Object::new("token", fields);
        let missing = |claim| TokenError::MissingClaim { claim };
        let iss = fields.text("iss", ISSUER_MAX_BYTES)?.ok_or(missing("iss"))?;
        let aud = audiences(fields.take("aud").ok_or(missing("aud"))?)?;
        let exp = fields.date("exp")?.ok_or(missing("exp"))?;
        let jti = fields.text("jti", JTI_MAX_BYTES)?.ok_or(missing("jti"))?;
        if !jti.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let want = "a string of printable ASCII characters";
            return Err(TokenError::ClaimShape { claim: "jti", want });
        }
        Ok(Self {
            iss,
            aud,
            sub: fields.text("sub", SUBJECT_MAX_BYTES)?,
            name: fields.text("name", NAME_MAX_BYTES)?,
            jti,
            exp,
            nbf: fields.date("nbf")?,
            iat: fields.date("iat")?,
            porthole: fields.take("porthole").ok_or(missing("porthole"))?.try_into()?,
        })
    }
}

fn audiences(value: Value) -> Result<Vec<String>, TokenError> {
    let entries = match value {
        Value::Array(entries) => entries,
        one => vec![one],
    };
    TokenError::check_limit("aud entries", entries.len(), AUDIENCES_MAX)?;
    let as_text = |entry| match entry {
        Value::String(text) => check_text("aud", &text, ISSUER_MAX_BYTES).map(|()| text),
        _ => Err(TokenError::ClaimShape { claim: "aud", want: "a string or a list of strings" }),
    };
    entries.into_iter().map(as_text).collect()
}

fn one_or_list<S: Serializer>(audiences: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => serializer.serialize_str(one),
        list => serializer.collect_seq(list),
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
