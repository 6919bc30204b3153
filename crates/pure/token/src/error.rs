//! Everything that can be wrong with a token, a key, or the rules for them.

use crate::Algorithm;

/// Why a token, a key or a setting was refused.
///
/// INVARIANT: no message holds a token, a signature, a secret or a parameter's value. Names that a
/// token supplied are cut to 256 bytes and stripped of control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A length or count is larger than we are willing to read.
    #[error("{field} is {value}, the limit is {limit}")]
    OverLimit {
        /// What was measured.
        field: &'static str,
        /// Its size, in bytes or items.
        value: usize,
        /// What we accept.
        limit: usize,
    },
    /// The text is not three parts of base64url, or a part is not a JSON object.
    #[error("the token's {part} is malformed")]
    Malformed {
        /// `shape`, `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// Five parts: a JWE (RFC 7516), and there are no keys to decrypt any.
    #[error("encrypted tokens are not accepted by this gateway")]
    Encrypted,
    /// No decryption key fits the token's `kid` and way of encryption.
    #[error("no key is known that decrypts this token{}", kid_suffix(kid.as_deref()))]
    UnknownDecryptionKey {
        /// The header's `kid`, made fit to print.
        kid: Option<String>,
    },
    /// It was encrypted for another key, changed, or never right. What it was is not said, here or
    /// anywhere: answers that differ are what keys were stolen by.
    #[error("the token cannot be decrypted")]
    Undecryptable,
    /// The header of an encrypted token has `zip`: what is compressed tells of itself by its length.
    #[error("compressed tokens are not accepted")]
    Compressed,
    /// An encrypted token without a signed one in it: anyone could have made it.
    #[error("an encrypted token must hold a signed one: {why}")]
    NotNested {
        /// What is amiss.
        why: &'static str,
    },
    /// The header says `alg: none`.
    #[error("unsigned tokens are not accepted")]
    Unsigned,
    /// The header names an algorithm that no gateway accepts.
    #[error("the algorithm {algorithm:?} is not supported")]
    AlgorithmUnknown {
        /// The name, made fit to print.
        algorithm: String,
    },
    /// The configuration does not list this algorithm.
    #[error("the algorithm {algorithm} is not permitted by this gateway")]
    AlgorithmNotPermitted {
        /// What the header asks for.
        algorithm: Algorithm,
    },
    /// The header lists extensions that a verifier must understand (RFC 7515 §4.1.11).
    #[error("the token's header needs an extension that is not supported")]
    CriticalHeader,
    /// No key fits. Keys may have rotated: fetch them again, and try once more.
    #[error("no key is known for this token{}", kid_suffix(kid.as_deref()))]
    UnknownKey {
        /// The header's `kid`, made fit to print.
        kid: Option<String>,
    },
    /// The key of that `kid` belongs to another algorithm.
    #[error("the key{} is for {key}, the token says {token}", kid_suffix(kid.as_deref()))]
    KeyAlgorithm {
        /// The header's `kid`, made fit to print.
        kid: Option<String>,
        /// The algorithm that the key is bound to.
        key: Algorithm,
        /// The algorithm in the token's header.
        token: Algorithm,
    },
    /// No candidate key made this signature.
    #[error("the signature does not match")]
    BadSignature,
    /// A claim that every token needs is absent.
    #[error("the claim {claim} is missing")]
    MissingClaim {
        /// The claim's path.
        claim: &'static str,
    },
    /// A claim has the wrong type or form.
    #[error("the claim {claim} must be {want}")]
    ClaimShape {
        /// The claim's path.
        claim: &'static str,
        /// What it must be.
        want: &'static str,
    },
    /// A field that we do not know, where a misspelling would change what is allowed.
    #[error("{object} has an unknown field {field:?}")]
    UnknownField {
        /// The object's path.
        object: &'static str,
        /// The field, made fit to print.
        field: String,
    },
    /// `allow` names a permission that does not exist.
    #[error("porthole.allow has an unknown permission {permission:?}")]
    UnknownPermission {
        /// The name, made fit to print.
        permission: String,
    },
    /// A target names a protocol that does not exist.
    #[error("porthole.target has an unknown protocol {protocol:?}")]
    UnknownProtocol {
        /// The name, made fit to print.
        protocol: String,
    },
    /// A parameter is a secret, and anyone who sees a signed token can read it.
    #[error("the parameter {name:?} is a secret, which a signed token cannot keep")]
    SecretInSignedToken {
        /// The parameter's name, made fit to print.
        name: String,
    },
    /// A parameter's value is not a string, a number or a boolean, or its name is not allowed here.
    #[error("the parameter {name:?} must be {want}")]
    ParameterShape {
        /// The parameter's name, made fit to print.
        name: String,
        /// What it must be.
        want: &'static str,
    },
    /// The token was issued by someone else.
    #[error("the token's issuer is not one of {expected:?}")]
    WrongIssuer {
        /// Issuers that this gateway trusts.
        expected: Vec<String>,
    },
    /// The token was issued for someone else.
    #[error("the token's audience is none of {expected:?}")]
    WrongAudience {
        /// Names that this gateway answers to.
        expected: Vec<String>,
    },
    /// `exp` has passed.
    #[error("the token expired at {expired_unix_s}, it is {now_unix_s}")]
    Expired {
        /// `exp`, in seconds since 1970.
        expired_unix_s: u64,
        /// The time it was checked against.
        now_unix_s: u64,
    },
    /// `nbf` or `iat` lies ahead.
    #[error("the token's {claim} is {from_unix_s}, it is {now_unix_s}")]
    NotYetValid {
        /// `nbf` or `iat`.
        claim: &'static str,
        /// The claim, in seconds since 1970.
        from_unix_s: u64,
        /// The time it was checked against.
        now_unix_s: u64,
    },
    /// The token is valid for longer than this gateway allows.
    #[error("the token is valid for {lifetime_s} seconds, the limit is {limit_s}")]
    LifetimeTooLong {
        /// From `iat` (without one, from now) to `exp`.
        lifetime_s: u64,
        /// What the configuration allows.
        limit_s: u64,
    },
    /// This `jti` has opened a session before.
    #[error("the token has already been used")]
    AlreadySpent,
    /// Too many tokens are remembered; taking one more would mean forgetting one that is alive.
    #[error("{limit} used tokens are remembered already, no more fit until one expires")]
    SpentFull {
        /// How many the store holds.
        limit: usize,
    },
    /// A store of used tokens outside this process did not answer.
    #[error("the store of used tokens failed: {reason}")]
    SpentFailed {
        /// What went wrong, fit to print.
        reason: String,
    },
    /// Not a key, or not in a form that we read.
    #[error("the {kind} cannot be read: {hint}")]
    KeyUnreadable {
        /// What it was taken for.
        kind: &'static str,
        /// What to do about it.
        hint: &'static str,
    },
    /// A private key stands where a public one belongs.
    #[error("this is a private key; the gateway needs only its public part")]
    KeyIsPrivate,
    /// An RSA key of too few or too many bits.
    #[error("the RSA key has {bits} bits, it must have {min} to {max}")]
    KeySize {
        /// Length of the modulus.
        bits: usize,
        /// Least length accepted.
        min: usize,
        /// Greatest length accepted.
        max: usize,
    },
    /// A key whose type, curve, use or algorithm cannot verify tokens here.
    #[error("the key cannot be used: {why}")]
    KeyUnsupported {
        /// What is in the way.
        why: &'static str,
    },
    /// The configuration names another algorithm than the key's own.
    #[error("the key is for {actual}, the configuration says {expected}")]
    KeyAlgorithmDiffers {
        /// What the configuration says.
        expected: Algorithm,
        /// What the key is for.
        actual: Algorithm,
    },
    /// A key set without a single usable key.
    #[error("the key set holds no usable key ({skipped} were skipped)")]
    NoUsableKey {
        /// Keys that were there and could not be used.
        skipped: usize,
    },
    /// A secret that could be guessed.
    #[error("the secret has {len} bytes, it must have at least {min}")]
    SecretTooShort {
        /// Its length.
        len: usize,
        /// Least length accepted.
        min: usize,
    },
    /// A public key given as a secret would let anyone who knows it sign.
    #[error("a PEM file cannot be an HS256 secret")]
    SecretIsPem,
    /// A setting is outside its range.
    #[error("{setting} must be {allowed}")]
    Setting {
        /// The setting's name in the configuration.
        setting: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// The signing key made no signature.
    #[error("the token could not be signed")]
    SigningFailed,
    /// The token could not be encrypted.
    #[error("the token could not be encrypted")]
    EncryptionFailed,
}

/// Who has to act on a refusal. Picks the log level and what the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The link is used up: its holder needs a new one.
    Holder,
    /// The token is not one that this gateway accepts: whoever minted it, or forged it.
    Issuer,
    /// Keys, settings or room for used tokens: whoever runs the gateway.
    Operator,
}

impl TokenError {
    /// A short, stable name: the `cause` label on the error counter.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::OverLimit { .. } => "over_limit",
            Self::Malformed { .. } => "malformed",
            Self::Encrypted => "encrypted",
            Self::UnknownDecryptionKey { .. } => "unknown_decryption_key",
            Self::Undecryptable => "undecryptable",
            Self::Compressed => "compressed",
            Self::NotNested { .. } => "not_nested",
            Self::Unsigned => "unsigned",
            Self::AlgorithmUnknown { .. } => "algorithm_unknown",
            Self::AlgorithmNotPermitted { .. } => "algorithm_not_permitted",
            Self::CriticalHeader => "critical_header",
            Self::UnknownKey { .. } => "unknown_key",
            Self::KeyAlgorithm { .. } => "key_algorithm",
            Self::BadSignature => "bad_signature",
            Self::MissingClaim { claim } => missing_cause(claim),
            Self::ClaimShape { .. } => "claim_shape",
            Self::UnknownField { .. } => "unknown_field",
            Self::UnknownPermission { .. } => "unknown_permission",
            Self::UnknownProtocol { .. } => "unknown_protocol",
            Self::SecretInSignedToken { .. } => "secret_in_signed_token",
            Self::ParameterShape { .. } => "parameter_shape",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::LifetimeTooLong { .. } => "lifetime_too_long",
            Self::AlreadySpent => "already_spent",
            Self::SpentFull { .. } => "spent_full",
            Self::SpentFailed { .. } => "spent_failed",
            Self::KeyUnreadable { .. } => "key_unreadable",
            Self::KeyIsPrivate => "key_is_private",
            Self::KeySize { .. } => "key_size",
            Self::KeyUnsupported { .. } => "key_unsupported",
            Self::KeyAlgorithmDiffers { .. } => "key_algorithm_differs",
            Self::NoUsableKey { .. } => "no_usable_key",
            Self::SecretTooShort { .. } => "secret_too_short",
            Self::SecretIsPem => "secret_is_pem",
            Self::Setting { .. } => "setting",
            Self::SigningFailed => "signing_failed",
            Self::EncryptionFailed => "encryption_failed",
        }
    }

    /// Who has to act.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Expired { .. } | Self::AlreadySpent => Blame::Holder,
            Self::SpentFull { .. }
            | Self::SpentFailed { .. }
            | Self::KeyUnreadable { .. }
            | Self::KeyIsPrivate
            | Self::KeySize { .. }
            | Self::KeyUnsupported { .. }
            | Self::KeyAlgorithmDiffers { .. }
            | Self::NoUsableKey { .. }
            | Self::SecretTooShort { .. }
            | Self::SecretIsPem
            | Self::Setting { .. }
            | Self::SigningFailed
            | Self::EncryptionFailed => Blame::Operator,
            Self::OverLimit { .. }
            | Self::Malformed { .. }
            | Self::Encrypted
            | Self::UnknownDecryptionKey { .. }
            | Self::Undecryptable
            | Self::Compressed
            | Self::NotNested { .. }
            | Self::Unsigned
            | Self::AlgorithmUnknown { .. }
            | Self::AlgorithmNotPermitted { .. }
            | Self::CriticalHeader
            | Self::UnknownKey { .. }
            | Self::KeyAlgorithm { .. }
            | Self::BadSignature
            | Self::MissingClaim { .. }
            | Self::ClaimShape { .. }
            | Self::UnknownField { .. }
            | Self::UnknownPermission { .. }
            | Self::UnknownProtocol { .. }
            | Self::SecretInSignedToken { .. }
            | Self::ParameterShape { .. }
            | Self::WrongIssuer { .. }
            | Self::WrongAudience { .. }
            | Self::NotYetValid { .. }
            | Self::LifetimeTooLong { .. } => Blame::Issuer,
        }
    }

    /// Refuses `value` above `limit`.
    pub(crate) const fn check_limit(
        field: &'static str,
        value: usize,
        limit: usize,
    ) -> Result<(), Self> {
        if value <= limit { Ok(()) } else { Err(Self::OverLimit { field, value, limit }) }
    }
}

/// Each missing claim has a name of its own, so that a portal's mistake shows in the metrics.
fn missing_cause(claim: &str) -> &'static str {
    match claim {
        "iss" => "missing_iss",
        "aud" => "missing_aud",
        "exp" => "missing_exp",
        "jti" => "missing_jti",
        "porthole" => "missing_porthole",
        "porthole.target" => "missing_target",
        _ => "missing_claim",
    }
}

fn kid_suffix(kid: Option<&str>) -> String {
    kid.map(|kid| format!(" (kid {kid:?})")).unwrap_or_default()
}
