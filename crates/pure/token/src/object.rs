//! Taking fields out of a JSON object, so that every mistake is named.
//!
//! Serde's own messages quote values, and a value may be a secret in the wrong place; these name
//! only the field and what belongs there.

use serde_json::{Map, Value};

use crate::TokenError;

/// Greatest date we read, the end of the year 9999. Milliseconds since 1970 lie beyond it.
const DATE_MAX_UNIX_S: u64 = 253_402_300_799;

/// Fields of a JSON object, taken one by one. Paths are written out, as in `porthole.target.port`;
/// the field's name is their last part.
pub(crate) struct Object {
    path: &'static str,
    fields: Map<String, Value>,
}

impl Object {
    pub(crate) const fn new(path: &'static str, fields: Map<String, Value>) -> Self {
        Self { path, fields }
    }

    pub(crate) fn from_value(path: &'static str, value: Value) -> Result<Self, TokenError> {
        match value {
            Value::Object(fields) => Ok(Self::new(path, fields)),
            _ => Err(TokenError::ClaimShape { claim: path, want: "an object" }),
        }
    }

    pub(crate) fn take(&mut self, path: &'static str) -> Option<Value> {
        let name = path.rsplit_once('.').map_or(path, |(_parents, name)| name);
        self.fields.remove(name)
    }

    /// A line of text of 1 to `max_bytes` bytes, without control characters.
    pub(crate) fn text(
        &mut self,
        path: &'static str,
        max_bytes: usize,
    ) -> Result<Option<String>, TokenError> {
        let Some(value) = self.take(path) else { return Ok(None) };
        let Value::String(text) = value else {
            return Err(TokenError::ClaimShape { claim: path, want: "a string" });
        };
        check_text(path, &text, max_bytes)?;
        Ok(Some(text))
    }

    /// A date: seconds since 1970, whose fraction is dropped (RFC 7519 §2, `NumericDate`).
    pub(crate) fn date(&mut self, path: &'static str) -> Result<Option<u64>, TokenError> {
        let Some(value) = self.take(path) else { return Ok(None) };
        let whole = value.as_u64().or_else(|| value.as_f64().and_then(whole_seconds));
        match whole {
            Some(date) => check_date(path, date).map(|()| Some(date)),
            None => Err(TokenError::ClaimShape { claim: path, want: DATE_WANTED }),
        }
    }

    /// A whole number from 1 to `max`.
    pub(crate) fn count(
        &mut self,
        path: &'static str,
        max: u32,
        want: &'static str,
    ) -> Result<Option<u32>, TokenError> {
        let Some(value) = self.take(path) else { return Ok(None) };
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        match count {
            Some(count) if (1..=max).contains(&count) => Ok(Some(count)),
            _ => Err(TokenError::ClaimShape { claim: path, want }),
        }
    }

    /// Refuses what has not been taken.
    pub(crate) fn finish(self) -> Result<(), TokenError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(field) => Err(TokenError::UnknownField {
                object: self.path,
                field: porthole_wire::text(field.as_bytes()),
            }),
        }
    }
}

const DATE_WANTED: &str = "a number of seconds since 1970, not milliseconds";

/// Refuses an empty text, a long one, and control characters.
pub(crate) fn check_text(
    path: &'static str,
    text: &str,
    max_bytes: usize,
) -> Result<(), TokenError> {
    TokenError::check_limit(path, text.len(), max_bytes)?;
    if text.is_empty() || text.chars().any(char::is_control) {
        let want = "a string that is not empty and has no control characters";
        return Err(TokenError::ClaimShape { claim: path, want });
    }
    Ok(())
}

/// Refuses dates that cannot be meant.
pub(crate) const fn check_date(path: &'static str, date: u64) -> Result<(), TokenError> {
    if date > DATE_MAX_UNIX_S {
        return Err(TokenError::ClaimShape { claim: path, want: DATE_WANTED });
    }
    Ok(())
}

fn whole_seconds(date: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked first, and dropping the fraction is meant"
    )]
    (0.0..1e15).contains(&date).then_some(date as u64)
}
