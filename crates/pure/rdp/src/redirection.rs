//! Server redirection (`[MS-RDPBCGR]` 2.2.13.1): a broker names the server that has the session.
//!
//! Its own message in IronRDP's words is both what a server sends and what a [`Ticket`] holds, so
//! that a client for the next connection is told all of it.

use ironrdp_core::decode;
use ironrdp_pdu::rdp::server_redirection::{ServerRedirectionFlags, ServerRedirectionPdu};
use porthole_remote::{Redirect, Ticket};

use crate::limits::{
    REDIRECTION_FIELD_MAX_BYTES, REDIRECTION_NAME_MAX_BYTES, ROUTING_TOKEN_MAX_BYTES,
};
use crate::{RdpConfig, RdpError};

/// What stands between a share control header and the packet (`[MS-RDPBCGR]` 2.2.13.3.1).
const PADDING_BYTES: usize = 2;

/// Reads what follows a share control header. `None` when the server only tells us of what it has
/// done.
///
/// # Errors
///
/// It breaks its format, or a field is longer than we accept.
pub(crate) fn of_share_message(message: &[u8]) -> Result<Option<Redirect>, RdpError> {
    let body = message.get(PADDING_BYTES..);
    let body = body.ok_or(RdpError::Short { message: "server redirection PDU" })?;
    of_packet(body)
}

/// Reads an `RDP_SERVER_REDIRECTION_PACKET`. As [`of_share_message`] otherwise.
///
/// # Errors
///
/// As [`of_share_message`].
pub(crate) fn of_packet(packet: &[u8]) -> Result<Option<Redirect>, RdpError> {
    let pdu = read(packet)?;
    if pdu.is_informational() {
        return Ok(None);
    }
    let ticket = Ticket::new(packet.to_vec()).ok_or(RdpError::OverLimit {
        field: "server redirection PDU",
        value: packet.len() as u64,
        limit: Ticket::BYTES_MAX as u64,
    })?;
    // With a token for the balancer the same address leads to the right server.
    if let Some(token) = &pdu.load_balance_info {
        routing_token(token)?;
        return Ok(Some(Redirect { hosts: Vec::new(), server_name: None, ticket }));
    }
    let server_name = [&pdu.target_fqdn, &pdu.target_netbios_name]
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty())
        .cloned();
    let addresses = pdu.target_net_address.iter().chain(pdu.target_net_addresses.iter().flatten());
    let mut hosts: Vec<String> = Vec::new();
    // An address needs no looking up, but the name is what a certificate is for.
    for host in pdu.target_fqdn.iter().chain(addresses).chain(pdu.target_netbios_name.iter()) {
        if !host.is_empty() && !hosts.contains(host) && hosts.len() < Redirect::HOSTS_MAX {
            hosts.push(host.clone());
        }
    }
    Ok(Some(Redirect { hosts, server_name, ticket }))
}

fn read(packet: &[u8]) -> Result<ServerRedirectionPdu, RdpError> {
    let pdu: ServerRedirectionPdu =
        decode(packet).map_err(|error| RdpError::corrupt("server redirection PDU", &error))?;
    let names = [
        ("TargetNetAddress", &pdu.target_net_address),
        ("UserName", &pdu.username),
        ("Domain", &pdu.domain),
        ("TargetFQDN", &pdu.target_fqdn),
        ("TargetNetBiosName", &pdu.target_netbios_name),
    ];
    for (field, name) in names {
        let len = name.as_ref().map_or(0, String::len);
        RdpError::check_limit(field, len, REDIRECTION_NAME_MAX_BYTES)?;
    }
    for address in pdu.target_net_addresses.iter().flatten() {
        RdpError::check_limit("TargetNetAddresses", address.len(), REDIRECTION_NAME_MAX_BYTES)?;
    }
    for (field, bytes) in [("LoadBalanceInfo", &pdu.load_balance_info), ("Password", &pdu.password)]
    {
        let len = bytes.as_ref().map_or(0, Vec::len);
        RdpError::check_limit(field, len, REDIRECTION_FIELD_MAX_BYTES)?;
    }
    Ok(pdu)
}

/// What a redirected connection tells the server that it was sent to; see [`RdpConfig::follow`].
#[derive(Clone, PartialEq, Eq)]
pub struct Redirected {
    /// The session that the server has for us.
    pub(crate) session_id: u32,
    /// What the server is to find in the password's place.
    pub(crate) password_cookie: Option<Vec<u8>>,
}

impl std::fmt::Debug for Redirected {
    /// Without the cookie, which is as good as a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redirected").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

impl RdpConfig {
    /// Goes where a redirection leads: with its token, its session, its user name and password,
    /// where it has them.
    ///
    /// # Errors
    ///
    /// The ticket is not one of this driver's redirections.
    pub fn follow(&mut self, ticket: &Ticket) -> Result<(), RdpError> {
        let pdu = read(ticket.bytes())?;
        self.load_balance_info = pdu.load_balance_info.as_deref().map(routing_token).transpose()?;
        let credentials = &mut self.credentials;
        if let Some(name) = pdu.username.filter(|name| !name.is_empty()) {
            credentials.username = Some(name);
        }
        if let Some(name) = pdu.domain.filter(|name| !name.is_empty()) {
            credentials.domain = Some(name);
        }
        // What is encrypted for the target's certificate only RDSTLS can hand over, which we do not
        // offer; the password that we have, if any, is then the one to try.
        let is_readable = !pdu.flags.contains(ServerRedirectionFlags::PASSWORD_IS_PK_ENCRYPTED);
        let password = pdu.password.filter(|bytes| is_readable && !bytes.is_empty());
        if let Some(text) = password.as_deref().and_then(utf16_text) {
            credentials.password = Some(text.into());
        }
        self.redirected =
            Some(Redirected { session_id: pdu.session_id, password_cookie: password });
        Ok(())
    }
}

/// A token as the connection request takes it, which ends it with a line end of its own.
fn routing_token(bytes: &[u8]) -> Result<String, RdpError> {
    let text = str::from_utf8(bytes).unwrap_or_default().trim_end_matches(['\r', '\n', '\0']);
    RdpError::check_limit("LoadBalanceInfo", text.len(), ROUTING_TOKEN_MAX_BYTES)?;
    if text.is_empty() || !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        let reason = "it is not printable text".to_owned();
        return Err(RdpError::Corrupt { message: "LoadBalanceInfo", reason });
    }
    Ok(text.to_owned())
}

/// UTF-16 text up to its end, which is a zero or where it ends.
fn utf16_text(bytes: &[u8]) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).take_while(|unit| *unit != 0);
    char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
#[path = "redirection_tests.rs"]
mod tests;
