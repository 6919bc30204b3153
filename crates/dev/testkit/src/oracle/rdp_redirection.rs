//! What an RDP server says about other servers.

use porthole_rdp::{RdpConfig, Redirected};
use porthole_remote::{Redirect, Ticket};

/// Longest name that a redirection may bring, in bytes.
const NAME_MAX_BYTES: usize = 512;

/// A redirection is refused, or leads to a bounded number of places with bounded names, and to a
/// configuration that its own ticket is good for.
pub fn rdp_redirection(bytes: &[u8]) {
    if let Ok(Some(redirect)) = Redirected::read(bytes) {
        assert!(redirect.hosts.len() <= Redirect::HOSTS_MAX, "{} hosts", redirect.hosts.len());
        let names = redirect.hosts.iter().chain(&redirect.server_name);
        assert!(names.clone().all(|name| !name.is_empty()), "{redirect:?}");
        assert!(names.clone().all(|name| name.len() <= NAME_MAX_BYTES), "{redirect:?}");
        let mut config = RdpConfig::default();
        config.follow(&redirect.ticket).expect("a ticket of its own making");
        assert!(config.load_balance_info.is_none() || redirect.hosts.is_empty(), "{redirect:?}");
    }
    // Whatever is taken for a ticket changes nothing or is a cookie.
    if let Some(ticket) = Ticket::new(bytes.to_vec()) {
        let mut config = RdpConfig::default();
        config.resume(&ticket);
        assert_eq!(config.cookie.is_some(), bytes.len() == 20);
    }
}
