//! Which of the security types on offer we take.

use porthole_remote::{Credentials, Secure};

use crate::{RfbConfig, RfbError, SecurityKind};

/// Number of the security type that holds the `VeNCrypt` sub-types.
const VENCRYPT: u32 = 19;

/// What we answer to the server's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// A type of RFC 6143.
    Direct(SecurityKind),
    /// Negotiate a sub-type.
    Vencrypt,
}

impl Choice {
    /// Its number on the wire.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Direct(SecurityKind::None) => 1,
            Self::Direct(_) => 2,
            Self::Vencrypt => 19,
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
}

/// What the server wants to see for `kind`.
pub(super) const fn proof(kind: SecurityKind) -> Proof {
    match kind {
        SecurityKind::None | SecurityKind::TlsNone | SecurityKind::X509None => Proof::Nothing,
        SecurityKind::VncAuth | SecurityKind::TlsVnc | SecurityKind::X509Vnc => Proof::Challenge,
        SecurityKind::Plain | SecurityKind::TlsPlain | SecurityKind::X509Plain => Proof::Login,
    }
}

/// The TLS that `kind` wants, if it does.
pub(super) const fn tls(kind: SecurityKind) -> Option<Secure> {
    match kind {
        SecurityKind::None | SecurityKind::VncAuth | SecurityKind::Plain => None,
        SecurityKind::TlsNone | SecurityKind::TlsVnc | SecurityKind::TlsPlain => {
            Some(Secure::Anonymous)
        }
        SecurityKind::X509None | SecurityKind::X509Vnc | SecurityKind::X509Plain => {
            Some(Secure::Certificate)
        }
    }
}

/// The number of `kind` among the `VeNCrypt` sub-types. Servers list the two plain types of
/// RFC 6143 there as well.
pub(super) const fn subtype_number(kind: SecurityKind) -> u32 {
    match kind {
        SecurityKind::None => 1,
        SecurityKind::VncAuth => 2,
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
    let has_vencrypt = offered.contains(&VENCRYPT);
    let is_better = |kind: SecurityKind| {
        (tls(kind).is_some() || kind == SecurityKind::Plain)
            && is_allowed(kind, config)
            && missing(kind, &config.credentials).is_none()
    };
    if has_vencrypt && SecurityKind::ALL.into_iter().any(is_better) {
        return Ok(Choice::Vencrypt);
    }
    match best(offered, &[SecurityKind::None, SecurityKind::VncAuth], config) {
        Ok(kind) => Ok(Choice::Direct(kind)),
        // It may list the plain types within.
        Err(_) if has_vencrypt => Ok(Choice::Vencrypt),
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

/// The strongest kind among those of `candidates` that are offered: certificates before
/// anonymous TLS before none, and then what proves most.
fn best(
    offered: &[u32],
    candidates: &[SecurityKind],
    config: &RfbConfig,
) -> Result<SecurityKind, RfbError> {
    let known = || candidates.iter().filter(|kind| offered.contains(&subtype_number(**kind)));
    let allowed = || known().filter(|kind| is_allowed(**kind, config));
    let satisfied = allowed().filter(|kind| missing(**kind, &config.credentials).is_none());
    if let Some(kind) = satisfied.max_by_key(|kind| (protection(**kind), proof(**kind))) {
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
    config.security.contains(&kind)
        && (tls(kind).is_some() || !config.require_encryption)
        && (kind != SecurityKind::Plain || config.allow_plaintext_password)
}

/// What `kind` wants and `credentials` have not.
fn missing(kind: SecurityKind, credentials: &Credentials) -> Option<&'static str> {
    let has_name = credentials.username.is_some();
    let has_password = credentials.password.is_some();
    match (proof(kind), has_name, has_password) {
        (Proof::Challenge | Proof::Login, true, false) | (Proof::Challenge, false, false) => {
            Some("password")
        }
        (Proof::Login, false, true) => Some("user name"),
        (Proof::Login, false, false) => Some("user name and password"),
        _ => None,
    }
}

const fn protection(kind: SecurityKind) -> u8 {
    match tls(kind) {
        None => 0,
        Some(Secure::Anonymous) => 1,
        Some(Secure::Certificate) => 2,
    }
}

fn list(offered: &[u32]) -> String {
    let numbers: Vec<String> = offered.iter().take(16).map(u32::to_string).collect();
    if numbers.is_empty() { "nothing".to_owned() } else { numbers.join(", ") }
}

#[cfg(test)]
#[path = "security_tests.rs"]
mod tests;
