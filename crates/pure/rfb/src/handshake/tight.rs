//! Tight's own negotiation (the community specification's "Tight Security Type"): tunnels, then
//! ways in, and after the desktop's name a list of what the server can do.
//!
//! There is one tunnel, which is none. Of the lists at the end nothing is of use to us: what the
//! server can send and take it says again, in the pseudo-encodings, as servers without Tight do.

use porthole_wire::Reader;

use super::security::Choice;
use crate::limits::TIGHT_CAPABILITIES_MAX;
use crate::{RfbError, SecurityKind};

/// Something that a server can do: a number, who named it, and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capability {
    code: u32,
    name: [u8; 12],
}

/// The tunnel that is none.
const NO_TUNNEL: Capability = Capability { code: 0, name: *b"TGHTNOTUNNEL" };

/// Ways in that we know by another name.
const WAYS: [(Capability, Choice); 4] = [
    (Capability { code: 1, name: *b"STDVNOAUTH__" }, Choice::Direct(SecurityKind::None)),
    (Capability { code: 2, name: *b"STDVVNCAUTH_" }, Choice::Direct(SecurityKind::VncAuth)),
    (Capability { code: 19, name: *b"VENCVENCRYPT" }, Choice::Vencrypt),
    // User name and password in clear, just as in VeNCrypt's Plain.
    (Capability { code: 129, name: *b"TGHTULGNAUTH" }, Choice::Direct(SecurityKind::Plain)),
];

/// Reads a list of capabilities. `None`: it has not all arrived, and nothing is taken.
///
/// # Errors
///
/// [`RfbError::OverLimit`] on too many.
pub(super) fn read_list(
    field: &'static str,
    input: &mut Reader<'_>,
) -> Result<Option<Vec<Capability>>, RfbError> {
    let mut ahead = input.clone();
    let Some(count) = ahead.u32_be() else { return Ok(None) };
    RfbError::check_limit(field, count, TIGHT_CAPABILITIES_MAX)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let (Some(code), Some(name)) = (ahead.u32_be(), ahead.array()) else { return Ok(None) };
        list.push(Capability { code, name });
    }
    *input = ahead;
    Ok(Some(list))
}

/// What to answer to the list of tunnels: nothing to an empty one.
///
/// # Errors
///
/// [`RfbError::TunnelUnknown`] when all tunnels lead somewhere.
pub(super) fn choose_tunnel(offered: &[Capability]) -> Result<Option<u32>, RfbError> {
    if offered.is_empty() {
        return Ok(None);
    }
    if offered.contains(&NO_TUNNEL) {
        return Ok(Some(NO_TUNNEL.code));
    }
    Err(RfbError::TunnelUnknown { offered: offered.len() })
}

/// The ways in that we know among those offered. An empty list means that none is needed.
pub(super) fn known_ways(offered: &[Capability]) -> Vec<Choice> {
    if offered.is_empty() {
        return vec![Choice::Direct(SecurityKind::None)];
    }
    WAYS.iter().filter(|(way, _)| offered.contains(way)).map(|(_, choice)| *choice).collect()
}

/// What to answer for `choice`.
pub(super) fn code(choice: Choice) -> Option<u32> {
    WAYS.iter().find(|(_, known)| *known == choice).map(|(way, _)| way.code)
}

/// Reads the lengths of the lists that follow the desktop's name: messages both ways, and
/// encodings. Gives how many bytes they have. `None`: they have not all arrived, and nothing is
/// taken.
///
/// # Errors
///
/// [`RfbError::OverLimit`] on too many.
pub(super) fn read_abilities(input: &mut Reader<'_>) -> Result<Option<usize>, RfbError> {
    let Some(counts) = input.array::<8>() else { return Ok(None) };
    // Three counts of two bytes, and padding.
    let counts = counts.as_chunks::<2>().0.iter().take(3);
    let count: u32 = counts.map(|count| u32::from(u16::from_be_bytes(*count))).sum();
    RfbError::check_limit("number of capabilities", count, TIGHT_CAPABILITIES_MAX)?;
    Ok(Some(count as usize * 16))
}

#[cfg(test)]
#[path = "tight_tests.rs"]
mod tests;
