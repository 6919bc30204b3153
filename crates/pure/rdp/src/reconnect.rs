//! Automatic reconnection (`[MS-RDPBCGR]` 5.5): the server hands out a cookie, with which a later
//! connection takes up the session without a password.

use std::fmt;

use ironrdp_pdu::rdp::session_info::ServerAutoReconnect;
use porthole_remote::Ticket;
use porthole_wire::Reader;

use crate::{RdpConfig, RdpError};

/// `infoType` of what may hold a cookie (`[MS-RDPBCGR]` 2.2.10.1.1).
const LOGON_EXTENDED: u32 = 3;
/// `FieldsPresent`: there is a cookie (2.2.10.1.1.4).
const HAS_COOKIE: u32 = 1;
/// Bytes of an `ARC_SC_PRIVATE_PACKET` (2.2.4.2), and its version.
const COOKIE_BYTES: u32 = 28;
const COOKIE_VERSION: u32 = 1;
/// Bytes of a cookie in a [`Ticket`].
const TICKET_BYTES: usize = 20;

/// A cookie of the server's; see [`RdpConfig::resume`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReconnectCookie {
    logon_id: u32,
    random: [u8; 16],
}

impl fmt::Debug for ReconnectCookie {
    /// Without the random bytes: who has them has the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectCookie").field("logon_id", &self.logon_id).finish_non_exhaustive()
    }
}

impl ReconnectCookie {
    /// In the words of the connection sequence, which proves with an HMAC that we have it.
    pub(crate) const fn in_sequence(self) -> ServerAutoReconnect {
        ServerAutoReconnect { logon_id: self.logon_id, random_bits: self.random }
    }

    fn ticket(self) -> Option<Ticket> {
        Ticket::new([&self.logon_id.to_le_bytes()[..], &self.random].concat())
    }
}

/// The cookie in the body of a Save Session Info PDU (`[MS-RDPBCGR]` 2.2.10.1), if there is one.
///
/// # Errors
///
/// It ends before its last field, or the cookie is of another kind than there are.
pub(crate) fn ticket(body: &[u8]) -> Result<Option<Ticket>, RdpError> {
    const SHORT: RdpError = RdpError::Short { message: "save session info PDU" };
    let mut input = Reader::new(body);
    if input.u32_le().ok_or(SHORT)? != LOGON_EXTENDED {
        return Ok(None);
    }
    let _len = input.u16_le().ok_or(SHORT)?;
    if input.u32_le().ok_or(SHORT)? & HAS_COOKIE == 0 {
        return Ok(None);
    }
    for (field, want) in [
        ("cbFieldData", COOKIE_BYTES),
        ("ARC_SC_PRIVATE_PACKET cbLen", COOKIE_BYTES),
        ("ARC_SC_PRIVATE_PACKET version", COOKIE_VERSION),
    ] {
        let value = input.u32_le().ok_or(SHORT)?;
        if value != want {
            return Err(RdpError::BadField { field, value: value.into() });
        }
    }
    let logon_id = input.u32_le().ok_or(SHORT)?;
    let random = input.array().ok_or(SHORT)?;
    Ok(ReconnectCookie { logon_id, random }.ticket())
}

impl RdpConfig {
    /// Takes up the session that `ticket`, of [`porthole_remote::Event::Ticket`], is for. A ticket
    /// that is none of this driver's changes nothing.
    pub fn resume(&mut self, ticket: &Ticket) {
        let mut input = Reader::new(ticket.bytes());
        if input.len() == TICKET_BYTES
            && let (Some(logon_id), Some(random)) = (input.u32_le(), input.array())
        {
            self.cookie = Some(ReconnectCookie { logon_id, random });
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_remote::Ticket;

    use super::ticket;
    use crate::{RdpConfig, RdpError};

    /// A Save Session Info PDU's body as Windows sends it.
    fn body() -> Vec<u8> {
        let head = [3, 0, 0, 0, 38, 2, 1, 0, 0, 0, 28, 0, 0, 0];
        let cookie = [28, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0];
        let random: Vec<u8> = (0..16).collect();
        [&head[..], &cookie, &random, &[0; 570]].concat()
    }

    #[test]
    fn a_cookie_comes_back_with_the_next_connection() {
        let ticket = ticket(&body()).unwrap().unwrap();
        let mut config = RdpConfig::default();
        config.resume(&ticket);
        let cookie = config.cookie.unwrap().in_sequence();
        assert_eq!((cookie.logon_id, cookie.random_bits[15]), (7, 15));
        assert!(!format!("{config:?}").contains("15"), "it does not print");
        config.resume(&Ticket::new(vec![0; 19]).unwrap());
        assert!(config.cookie.is_some(), "what is no cookie changes nothing");
    }

    #[test]
    fn other_news_have_none_and_lies_are_refused() {
        assert_eq!(ticket(&[1, 0, 0, 0]), Ok(None));
        assert_eq!(ticket(&[3, 0, 0, 0, 0, 0, 2, 0, 0, 0]), Ok(None));
        let body = body();
        for cut in 0..42 {
            assert!(ticket(&body[..cut]).is_err(), "{cut}");
        }
        for at in [10, 14, 18] {
            let mut wrong = body.clone();
            wrong[at] = 99;
            assert!(matches!(ticket(&wrong), Err(RdpError::BadField { value: 99, .. })), "{at}");
        }
    }
}
