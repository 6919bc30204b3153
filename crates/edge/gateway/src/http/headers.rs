//! Headers that every answer carries.

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};

use crate::config::Server;

/// The scripts and styles that stand in the page: their hashes, each after a blank.
const INLINE: (&str, &str) = include!(concat!(env!("OUT_DIR"), "/inline.rs"));

/// Adds what keeps a page from being bent: no inline script but the page's own, which the policy
/// knows by its hash; no foreign frame; no guessing.
pub(super) fn secure(headers: &mut HeaderMap, server: &Server, is_tls: bool) {
    let (scripts, styles) = INLINE;
    let policy = format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; \
         img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; \
         base-uri 'none'; form-action 'none'; frame-ancestors {}",
        server.frame_ancestors
    );
    // The configuration has checked that these sources are plain ASCII.
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}

const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // The token is in the fragment, which is never sent; the rest is nobody's business either.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "clipboard-read=(self), clipboard-write=(self), fullscreen=(self), \
         camera=(), microphone=(self), geolocation=(), display-capture=(), payment=(), usb=()",
    ),
];
