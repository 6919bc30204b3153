//! Which pages may open a link. Without this check any page that a user visits could try.

use hyper::{HeaderMap, header};

use super::peer::Peer;
use crate::config::{Server, origin_of};

/// Whether a request for the link may go on.
///
/// Without `allowed_origins` and `public_url`, the page must come from the host that the request
/// was sent to, by the same scheme. A request without `Origin` is none of a browser's.
pub(super) fn is_allowed(headers: &HeaderMap, peer: &Peer, server: &Server) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return !server.origin_required,
        (Some(one), None) => one.to_str().ok().and_then(origin_of),
        (Some(_), Some(_)) => None,
    };
    // `null`, which sandboxed frames and files send, is no origin that can be named.
    let Some(origin) = origin else { return false };
    if !server.allowed_origins.is_empty() {
        return server.allowed_origins.contains(&origin);
    }
    let scheme = if peer.is_secure { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.and_then(|host| origin_of(&format!("{scheme}://{host}")));
    own.is_some_and(|own| own == origin)
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, header};

    use super::{Peer, is_allowed};
    use crate::config::testing;

    fn allowed(config: &str, host: &str, origin: Option<&str>, is_secure: bool) -> bool {
        let server = testing::config(config).server;
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), is_secure };
        is_allowed(&headers, &peer, &server)
    }

    #[test]
    fn compares_with_the_host_by_default() {
        for (host, origin, secure, want) in [
            ("desk.example", Some("http://desk.example"), false, true),
            ("desk.example", Some("https://desk.example"), true, true),
            ("desk.example:443", Some("https://desk.example"), true, true),
            ("desk.example", Some("https://desk.example:8443"), true, false),
            ("desk.example", Some("https://DESK.example"), true, true),
            ("desk.example", Some("http://desk.example"), true, false),
            ("desk.example", Some("http://evil.example"), false, false),
            ("desk.example", Some("http://desk.example.evil.example"), false, false),
            ("desk.example", Some("http://user@desk.example"), false, false),
            ("desk.example", Some("null"), false, false),
            ("desk.example", Some(""), false, false),
            ("desk.example", Some("file://"), false, false),
            ("[::1]:8080", Some("http://[::1]:8080"), false, true),
            ("desk.example", None, false, true),
        ] {
            assert_eq!(allowed("", host, origin, secure), want, "{host} {origin:?}");
        }
    }

    #[test]
    fn keeps_to_the_list() {
        let config = "[server]\nallowed_origins = [\"https://portal.example\"]\n\
                      public_url = \"https://desk.example/\"\norigin_required = true\n";
        for (origin, want) in [
            (Some("https://portal.example"), true),
            (Some("https://desk.example"), true),
            (Some("https://other.example"), false),
            (Some("http://portal.example"), false),
            (None, false),
        ] {
            assert_eq!(allowed(config, "other.example", origin, true), want, "{origin:?}");
        }
    }
}
