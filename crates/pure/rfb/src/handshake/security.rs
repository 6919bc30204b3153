//! Which of the security types on offer we take.

use porthole_remote::{CredentialFields, Credentials, Secure};

use crate::{RfbConfig, RfbError, SecurityKind};

/// Number of the security type that holds the `VeNCrypt` sub-types.
const VENCRYPT: u32 = 19;

/// Number of Tight's own negotiation.
const TIGHT: u32 = 16;

/// Kinds that have a number in the list of security types.
const DIRECT: [SecurityKind; 8] = [
    SecurityKind::None,
    SecurityKind::VncAuth,
    SecurityKind::MsLogon2,
    SecurityKind::AppleDh,
    SecurityKind::Ra2Ne,
    SecurityKind::Ra2Ne256,
    SecurityKind::Ra2,
    SecurityKind::Ra2_256,
];

/// What we answer to the server's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// A type that says all.
    Direct(SecurityKind),
    /// Negotiate a sub-type.
    Vencrypt,
    /// Negotiate as Tight does.
    Tight,
}

impl Choice {
    /// Its number on the wire.
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Direct(kind) => subtype_number(kind),
            Self::Vencrypt => VENCRYPT,
            Self::Tight => TIGHT,
        }
    }
}

/// What the server wants to see. Ordered: the later proves more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    Nothing,
    /// The answer to a challenge.
    Challenge,
    /// User name and password.
    Login,
    /// The same behind MS-Logon II's exchange.
    MsLogon,
    /// The same behind Apple's.
    Apple,
    /// What it will say once RSA-AES has sealed the stream.
    Sealed,
}

/// What the server wants to see for `kind`.
pub(super) const fn proof(kind: SecurityKind) -> Proof {
    match kind {
        SecurityKind::None | SecurityKind::TlsNone | SecurityKind::X509None => Proof::Nothing,
        SecurityKind::VncAuth | SecurityKind::TlsVnc | SecurityKind::X509Vnc => Proof::Challenge,
        SecurityKind::Plain | SecurityKind::TlsPlain | SecurityKind::X509Plain => Proof::Login,
        SecurityKind::MsLogon2 => Proof::MsLogon,
        SecurityKind::AppleDh => Proof::Apple,
        SecurityKind::Ra2Ne
        | SecurityKind::Ra2Ne256
        | SecurityKind::Ra2
        | SecurityKind::Ra2_256 => Proof::Sealed,
    }
}

/// Whether `kind` seals the whole stream with RSA-AES, not just the login.
pub(super) const fn seals_all(kind: SecurityKind) -> bool {
    matches!(kind, SecurityKind::Ra2 | SecurityKind::Ra2_256)
}

/// The TLS that `kind` wants, if it does.
pub(super) const fn tls(kind: SecurityKind) -> Option<Secure> {
    match kind {
        SecurityKind::None
        | SecurityKind::VncAuth
        | SecurityKind::Plain
        | SecurityKind::MsLogon2
        | SecurityKind::AppleDh
        | SecurityKind::Ra2Ne
        | SecurityKind::Ra2Ne256
        | SecurityKind::Ra2
        | SecurityKind::Ra2_256 => None,
        SecurityKind::TlsNone | SecurityKind::TlsVnc | SecurityKind::TlsPlain => {
            Some(Secure::Anonymous)
        }
        SecurityKind::X509None | SecurityKind::X509Vnc | SecurityKind::X509Plain => {
            Some(Secure::Certificate)
        }
    }
}

/// The number of `kind` among the `VeNCrypt` sub-types. Those below 256 are security types, which
/// servers list there as well.
pub(super) const fn subtype_number(kind: SecurityKind) -> u32 {
    match kind {
        SecurityKind::None => 1,
        SecurityKind::VncAuth => 2,
        SecurityKind::Ra2 => 5,
        SecurityKind::Ra2Ne => 6,
        SecurityKind::AppleDh => 30,
        SecurityKind::MsLogon2 => 113,
        SecurityKind::Ra2_256 => 129,
        SecurityKind::Ra2Ne256 => 130,
        SecurityKind::Plain => 256,
        SecurityKind::TlsNone => 257,
        SecurityKind::TlsVnc => 258,
        SecurityKind::TlsPlain => 259,
        SecurityKind::X509None => 260,
        SecurityKind::X509Vnc => 261,
        SecurityKind::X509Plain => 262,
    }
}

/// Chooses from the server's list of security types.
///
/// The sub-types are not known yet, and there is no way back from `VeNCrypt`. It is taken
/// when it could hold a kind that is better than the others on the list, for encryption or
/// for a user name.
///
/// # Errors
///
/// Nothing on the list is known, allowed, and within the reach of our credentials.
pub(super) fn choose(offered: &[u32], config: &RfbConfig) -> Result<Choice, RfbError> {
    pick(offered, &DIRECT, config)
}

/// Chooses from the ways in that we know in Tight's list.
///
/// # Errors
///
/// As [`choose`].
pub(super) fn choose_way(known: &[Choice], config: &RfbConfig) -> Result<Choice, RfbError> {
    let offered: Vec<u32> = known.iter().map(|choice| choice.number()).collect();
    pick(&offered, &SecurityKind::ALL, config)
}

fn pick(offered: &[u32], direct: &[SecurityKind], config: &RfbConfig) -> Result<Choice, RfbError> {
    let has_vencrypt = offered.contains(&VENCRYPT);
    let is_better = |kind: SecurityKind| {
        (tls(kind).is_some() || kind == SecurityKind::Plain)
            && is_allowed(kind, config)
            && missing(kind, &config.credentials).is_none()
    };
    if has_vencrypt && SecurityKind::ALL.into_iter().any(is_better) {
        return Ok(Choice::Vencrypt);
    }
    match best(offered, direct, config) {
        Ok(kind) => Ok(Choice::Direct(kind)),
        // They may list within what is not listed without.
        Err(_) if has_vencrypt => Ok(Choice::Vencrypt),
        Err(_) if offered.contains(&TIGHT) => Ok(Choice::Tight),
        Err(error) => Err(error),
    }
}

/// Chooses from the server's list of `VeNCrypt` sub-types.
///
/// # Errors
///
/// Nothing on the list is known, allowed, and within the reach of our credentials.
pub(super) fn choose_subtype(
    offered: &[u32],
    config: &RfbConfig,
) -> Result<SecurityKind, RfbError> {
    best(offered, &SecurityKind::ALL, config)
}

/// The strongest kind among those of `candidates` that are offered: certificates before other
/// encryption before an encrypted login before none, and then what proves most.
fn best(
    offered: &[u32],
    candidates: &[SecurityKind],
    config: &RfbConfig,
) -> Result<SecurityKind, RfbError> {
    let known = || candidates.iter().filter(|kind| offered.contains(&subtype_number(**kind)));
    let allowed = || known().filter(|kind| is_allowed(**kind, config));
    let satisfied = allowed().filter(|kind| missing(**kind, &config.credentials).is_none());
    let strength = |kind: SecurityKind| (protection(kind), proof(kind), is_256(kind));
    if let Some(kind) = satisfied.max_by_key(|kind| strength(**kind)) {
        return Ok(*kind);
    }
    if let Some(missing) = allowed().find_map(|kind| missing(*kind, &config.credentials)) {
        return Err(RfbError::CredentialsMissing { missing });
    }
    let offered = list(offered);
    Err(match known().next() {
        Some(_excluded) => RfbError::SecurityNotAllowed { offered },
        None => RfbError::NoSecurityInCommon { offered },
    })
}

fn is_allowed(kind: SecurityKind, config: &RfbConfig) -> bool {
    let is_sealed = proof(kind) == Proof::Sealed;
    let has_own_keys = is_sealed || matches!(proof(kind), Proof::Apple | Proof::MsLogon);
    let shows_password = matches!(kind, SecurityKind::Plain | SecurityKind::MsLogon2);
    config.security.contains(&kind)
        && (tls(kind).is_some() || seals_all(kind) || !config.require_encryption)
        && (!shows_password || config.allow_plaintext_password)
        // Whoever pins a key wants the server that has it, and no other way around the check.
        && (is_sealed || config.server_key_pins.is_empty())
        && (!has_own_keys || config.seed.is_some())
}

/// What `kind` wants and `credentials` have not.
fn missing(kind: SecurityKind, credentials: &Credentials) -> Option<CredentialFields> {
    let (name, password) = (CredentialFields::USERNAME, CredentialFields::PASSWORD);
    let wanted = match proof(kind) {
        Proof::Nothing => CredentialFields::default(),
        Proof::Challenge | Proof::Sealed => password,
        Proof::Login | Proof::MsLogon | Proof::Apple => name.with(password),
    };
    Some(wanted.without(credentials.given())).filter(|missing| !missing.is_empty())
}

const fn is_256(kind: SecurityKind) -> bool {
    matches!(kind, SecurityKind::Ra2_256 | SecurityKind::Ra2Ne256)
}

const fn protection(kind: SecurityKind) -> u8 {
    match (tls(kind), kind) {
        (Some(Secure::Certificate), _) => 4,
        (Some(Secure::Anonymous), _) | (None, SecurityKind::Ra2 | SecurityKind::Ra2_256) => 3,
        (None, SecurityKind::Ra2Ne | SecurityKind::Ra2Ne256) => 2,
        (None, SecurityKind::AppleDh) => 1,
        (None, _) => 0,
    }
}

fn list(offered: &[u32]) -> String {
    let numbers: Vec<String> = offered.iter().take(16).map(u32::to_string).collect();
    if numbers.is_empty() { "nothing".to_owned() } else { numbers.join(", ") }
}

#[cfg(test)]
#[path = "security_tests.rs"]
mod tests;
