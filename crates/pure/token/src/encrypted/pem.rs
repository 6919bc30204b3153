//! One PEM block (RFC 7468), with secrets in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The label and the bytes of the first block. What stands before and after it does not matter.
pub(super) fn decode(pem: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_before, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    rest.strip_prefix(label)?.strip_prefix("-----")?;
    let mut letters = Zeroizing::new(String::with_capacity(body.len()));
    letters.extend(body.chars().filter(|letter| !letter.is_ascii_whitespace()));
    // Headers, as OpenSSL's old encryption has them, are no base64.
    let bytes = STANDARD.decode(letters.as_bytes()).ok()?;
    Some((label, Zeroizing::new(bytes)))
}
