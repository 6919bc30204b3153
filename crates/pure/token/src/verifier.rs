//! From a token's text to claims that can be relied on.

use serde_json::{Map, Value};

use crate::header::{Parts, decode_object, is_encrypted};
use crate::{
    Claims, DecryptionKeys, JtiStore, KeySet, Policy, Secrets, TOKEN_MAX_BYTES, TokenError,
};

/// Verifies tokens by fixed keys and rules.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: KeySet,
    decryption_keys: DecryptionKeys,
    policy: Policy,
}

/// A token that may open a session.
///
/// INVARIANT: only [`Verifier::verify`] makes one, so its signature, issuer, audience and dates
/// were in order. That its `jti` is unused is for [`Verified::spend`] to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    claims: Claims,
    secrets: Secrets,
    remember_until_unix_s: u64,
}

/// A token whose holder comes back to the session that it opened. It must not open another one.
///
/// INVARIANT: only [`Verifier::verify_returning`] makes one, so all was in order but perhaps `exp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returning {
    claims: Claims,
    expired: bool,
}

impl Verifier {
    /// Checks the rules. An empty key set is allowed: keys may come later. Encrypted tokens are
    /// refused, unless [`Verifier::with_decryption_keys`] says otherwise.
    ///
    /// # Errors
    ///
    /// [`TokenError::Setting`], for a rule outside its range.
    pub fn new(keys: KeySet, policy: Policy) -> Result<Self, TokenError> {
        policy.check()?;
        Ok(Self { keys, decryption_keys: DecryptionKeys::new(), policy })
    }

    /// The same with keys that decrypt tokens.
    #[must_use]
    pub fn with_decryption_keys(self, decryption_keys: DecryptionKeys) -> Self {
        Self { decryption_keys, ..self }
    }

    /// The same rules with other keys, for when keys have rotated. Those that decrypt stay.
    #[must_use]
    pub fn with_keys(&self, keys: KeySet) -> Self {
        Self { keys, ..self.clone() }
    }

    /// The keys in use.
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// The keys that decrypt.
    pub const fn decryption_keys(&self) -> &DecryptionKeys {
        &self.decryption_keys
    }

    /// The rules in use.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Verifies `token` for opening a session. `now_unix_s` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// Anything that [`TokenError`] lists for tokens; [`TokenError::UnknownKey`] means that fresh
    /// keys may help. The claims are looked at only once the signature has been verified.
    pub fn verify(&self, token: &str, now_unix_s: u64) -> Result<Verified, TokenError> {
        let (claims, secrets) = self.signed_claims(token)?;
        self.check_rules(&claims, now_unix_s)?;
        if self.is_expired(&claims, now_unix_s) {
            return Err(TokenError::Expired { expired_unix_s: claims.exp, now_unix_s });
        }
        let remember_until_unix_s = claims.exp.saturating_add(self.policy.leeway_s.into());
        Ok(Verified { claims, secrets, remember_until_unix_s })
    }

    /// Verifies `token` for coming back to the session that it opened. It may have expired since;
    /// everything else is checked as in [`Verifier::verify`]. The caller compares
    /// issuer and `jti` with those of the session, and asks for the session's own secret.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`], but for [`TokenError::Expired`].
    pub fn verify_returning(&self, token: &str, now_unix_s: u64) -> Result<Returning, TokenError> {
        let (claims, _secrets) = self.signed_claims(token)?;
        self.check_rules(&claims, now_unix_s)?;
        let expired = self.is_expired(&claims, now_unix_s);
        Ok(Returning { claims, expired })
    }

    /// What a token says, and its secrets: only an encrypted one may have any.
    fn signed_claims(&self, token: &str) -> Result<(Claims, Secrets), TokenError> {
        if !is_encrypted(token) {
            TokenError::check_limit("token length", token.len(), TOKEN_MAX_BYTES)?;
            return Ok((self.signed_fields(token)?.try_into()?, Secrets::default()));
        }
        let content = self.decryption_keys.open(token)?;
        // Five parts are another encrypted token, and none inside of it can be needed.
        let signed =
            std::str::from_utf8(&content).ok().filter(|signed| signed.split('.').count() == 3);
        let signed = signed.ok_or(TokenError::NotNested { why: "its content is none" })?;
        let mut fields = self.signed_fields(signed)?;
        let secrets = Secrets::take(&mut fields)?;
        Ok((fields.try_into()?, secrets))
    }

    /// The payload of a token whose signature is in order.
    fn signed_fields(&self, token: &str) -> Result<Map<String, Value>, TokenError> {
        let parts = Parts::split(token)?;
        let algorithm = parts.header.algorithm;
        if !self.policy.algorithms.contains(&algorithm) {
            return Err(TokenError::AlgorithmNotPermitted { algorithm });
        }
        self.keys.check_signature(&parts.header, parts.message, parts.signature)?;
        decode_object("payload", parts.payload)
    }

    /// Every rule but the one about `exp`.
    fn check_rules(&self, claims: &Claims, now_unix_s: u64) -> Result<(), TokenError> {
        let policy = &self.policy;
        if !policy.issuers.contains(&claims.iss) {
            return Err(TokenError::WrongIssuer { expected: policy.issuers.clone() });
        }
        if !claims.aud.iter().any(|audience| policy.audiences.contains(audience)) {
            return Err(TokenError::WrongAudience { expected: policy.audiences.clone() });
        }
        let leeway_s = u64::from(policy.leeway_s);
        for (claim, date) in [("nbf", claims.nbf), ("iat", claims.iat)] {
            if let Some(from_unix_s) = date
                && from_unix_s > now_unix_s.saturating_add(leeway_s)
            {
                return Err(TokenError::NotYetValid { claim, from_unix_s, now_unix_s });
            }
        }
        // Without `iat` the life is counted by our clock, which may differ from the issuer's.
        let limit_s = u64::from(policy.lifetime_max_s);
        let (start_unix_s, slack_s) = claims.iat.map_or((now_unix_s, leeway_s), |iat| (iat, 0));
        let lifetime_s = claims.exp.saturating_sub(start_unix_s);
        if lifetime_s > limit_s.saturating_add(slack_s) {
            return Err(TokenError::LifetimeTooLong { lifetime_s, limit_s });
        }
        Ok(())
    }

    /// RFC 7519 §4.1.4: the time must be before `exp`, give or take the leeway.
    fn is_expired(&self, claims: &Claims, now_unix_s: u64) -> bool {
        now_unix_s >= claims.exp.saturating_add(self.policy.leeway_s.into())
    }
}

impl Verified {
    /// What the token says.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What the token says, to keep.
    pub fn into_claims(self) -> Claims {
        self.claims
    }

    /// The secrets among the target's parameters. A token that was only signed has none.
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Uses the token up: records its `jti` until it would no longer be accepted anyway.
    ///
    /// # Errors
    ///
    /// It was used before, or the store cannot record it. Either way no session may be opened.
    pub fn spend(&self, store: &dyn JtiStore, now_unix_s: u64) -> Result<(), TokenError> {
        let Claims { jti, iss, .. } = &self.claims;
        store.spend(jti, iss, self.remember_until_unix_s, now_unix_s)
    }
}

impl Returning {
    /// What the token says.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether it has expired since it opened its session.
    pub const fn expired(&self) -> bool {
        self.expired
    }
}

#[cfg(test)]
#[path = "forgery_tests.rs"]
mod forgery_tests;
#[cfg(test)]
pub(crate) use forgery_tests::signed;
#[cfg(test)]
#[path = "verifier_tests.rs"]
mod tests;
