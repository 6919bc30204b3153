//! The `porthole` claim: what a token grants.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::Object;
use crate::{Permissions, Target, TokenError};

/// Greatest `session_max_s`: thirty days.
pub const SESSION_MAX_S: u32 = 30 * 24 * 3600;

/// The `porthole` claim. A field that we do not know is refused: a misspelt `allow` must not grant
/// more than was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Grant {
    /// What to reach.
    pub target: Target,
    /// What the holder may do there. A list grants what it names and nothing else; without one the
    /// default of [`Permissions`] holds.
    pub allow: Permissions,
    /// How long the session may last, in seconds, 1 to [`SESSION_MAX_S`]. Without it the gateway's
    /// own limit holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_max_s: Option<u32>,
}

impl TryFrom<Value> for Grant {
    type Error = TokenError;

    fn try_from(value: Value) -> Result<Self, TokenError> {
        let mut fields = Object::from_value("porthole", value)?;
        let claim = "porthole.target";
        let target = fields.take(claim).ok_or(TokenError::MissingClaim { claim })?;
        let allow = fields.take("porthole.allow");
        let grant = Self {
            target: target.try_into()?,
            allow: allow.map_or_else(|| Ok(Permissions::default()), Permissions::from_value)?,
            session_max_s: fields.count(
                "porthole.session_max_s",
                SESSION_MAX_S,
                "a number of seconds from 1 to 2592000",
            )?,
        };
        fields.finish()?;
        Ok(grant)
    }
}
