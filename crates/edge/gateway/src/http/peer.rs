//! Who sent a request, seen through proxies that the operator trusts.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use ipnet::IpNet;

use super::Connection;

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// The nearest address that is no trusted proxy; port 0 when a proxy told us.
    pub(super) address: SocketAddr,
    /// Whether the browser used TLS.
    pub(super) is_secure: bool,
}

impl Peer {
    /// Reads `X-Forwarded-For` from its end, as far as trusted proxies wrote it: what stands
    /// before is what strangers may claim.
    pub(super) fn of(connection: &Connection, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        Self::seen(connection.peer, connection.is_tls, headers, trusted)
    }

    fn seen(peer: SocketAddr, is_tls: bool, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip.to_canonical()));
        let direct = Self { address: peer, is_secure: is_tls };
        if !is_trusted(peer.ip()) {
            return direct;
        }
        let is_secure = headers
            .get_all("x-forwarded-proto")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next())
            .map_or(is_tls, |scheme| scheme.trim().eq_ignore_ascii_case("https"));

        let mut address = peer;
        let values = headers.get_all("x-forwarded-for");
        let hops = values.iter().rev().flat_map(|v| v.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            // What cannot be read was not written by a proxy that we understand.
            let Some(ip) = address_of(hop.trim()) else { break };
            address = SocketAddr::new(ip, 0);
            if !is_trusted(ip) {
                break;
            }
        }
        Self { address, is_secure }
    }
}

/// An address with or without a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.trim_matches(['[', ']']).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::Peer;

    #[test]
    fn believes_trusted_proxies_only() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let cases = [
            ("192.0.2.1:5", "203.0.113.9", "192.0.2.1:5", false),
            ("10.0.0.1:5", "203.0.113.9", "203.0.113.9:0", true),
            ("10.0.0.1:5", "1.1.1.1, 203.0.113.9, 10.2.2.2", "203.0.113.9:0", true),
            ("10.0.0.1:5", "junk, 10.2.2.2", "10.2.2.2:0", true),
            ("10.0.0.1:5", "", "10.0.0.1:5", true),
            ("[fd00::1]:5", "[2001:db8::7]:443", "[2001:db8::7]:0", true),
            ("[::ffff:10.0.0.1]:5", "203.0.113.9:1234", "203.0.113.9:0", true),
        ];
        for (peer, forwarded, want, secure) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            headers.insert("x-forwarded-proto", "https".parse().unwrap());
            let seen = Peer::seen(peer.parse().unwrap(), false, &headers, &trusted);
            assert_eq!(seen.address, want.parse().unwrap(), "{peer} {forwarded}");
            assert_eq!(seen.is_secure, secure, "{peer} {forwarded}");
        }
    }
}
