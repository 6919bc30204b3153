//! What a gateway accepts, apart from its keys.

use crate::object::check_text;
use crate::{Algorithm, ISSUER_MAX_BYTES, TokenError};

/// Greatest `leeway_s`, in seconds.
pub const LEEWAY_MAX_S: u32 = 300;
/// Greatest `lifetime_max_s`, in seconds: thirty days.
pub const LIFETIME_MAX_S: u32 = 30 * 24 * 3600;

/// `[tokens]` in the configuration. The default lacks issuers and audiences, so it must be filled
/// in before a [`crate::Verifier`] takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Algorithms that tokens may use, at least one. By default RS256, ES256 and `EdDSA`: HS256
    /// must be asked for, because whoever can verify it can also sign.
    pub algorithms: Vec<Algorithm>,
    /// Issuers that are trusted, at least one. `iss` must be one of them, letter by letter.
    pub issuers: Vec<String>,
    /// Names that this gateway answers to, at least one. `aud` must contain one of them.
    pub audiences: Vec<String>,
    /// How far clocks may differ, in seconds, 0 to [`LEEWAY_MAX_S`]. By default 30.
    pub leeway_s: u32,
    /// How long a token may be valid, in seconds, 1 to [`LIFETIME_MAX_S`]. By default a day. It
    /// bounds how long a used token must be remembered.
    pub lifetime_max_s: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway_s: 30,
            lifetime_max_s: 24 * 3600,
        }
    }
}

impl Policy {
    /// Refuses settings outside their ranges.
    pub(crate) fn check(&self) -> Result<(), TokenError> {
        let refused = |setting, allowed| Err(TokenError::Setting { setting, allowed });
        let are_names = |names: &[String]| {
            let is_name = |name: &String| check_text("name", name, ISSUER_MAX_BYTES).is_ok();
            !names.is_empty() && names.iter().all(is_name)
        };
        if self.algorithms.is_empty() {
            return refused(
                "tokens.algorithms",
                "a list of at least one of RS256, ES256, EdDSA, HS256",
            );
        }
        if !are_names(&self.issuers) {
            return refused("tokens.issuers", "a list of at least one issuer, none of them empty");
        }
        if !are_names(&self.audiences) {
            return refused(
                "tokens.audiences",
                "a list of at least one audience, none of them empty",
            );
        }
        if self.leeway_s > LEEWAY_MAX_S {
            return refused("tokens.leeway_s", "0 to 300");
        }
        if !(1..=LIFETIME_MAX_S).contains(&self.lifetime_max_s) {
            return refused("tokens.lifetime_max_s", "1 to 2592000");
        }
        Ok(())
    }
}
