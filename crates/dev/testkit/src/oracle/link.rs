//! The link: what decodes can be written down again and means the same.

use bytes::BytesMut;
use porthole_link::{
    ClipboardContent, ClipboardJoiner, ClipboardParts, Record, ToBrowser, ToGateway, records,
};

/// Most bytes of a clipboard format.
const CLIPBOARD_MAX_BYTES: usize = 64;

/// Records from a browser.
///
/// # Panics
///
/// When a record that decodes does not survive being encoded and decoded again, or clipboard parts
/// make something else than what they are cut from.
pub fn link_to_gateway(message: &[u8]) {
    let mut joiner = ClipboardJoiner::default();
    for record in records(message).flatten() {
        let Ok(Some(said)) = ToGateway::decode(record) else { continue };
        if let ToGateway::Clipboard(part) = &said
            && let Ok(Some(content)) = joiner.push(part, CLIPBOARD_MAX_BYTES)
        {
            check_parts(&content);
        }
        let again = round_trip(|out| said.encode(out), |record| ToGateway::decode(record).ok()?);
        assert_eq!(again.as_ref(), Some(&said));
    }
}

/// Records from a gateway, as any viewer reads them.
///
/// # Panics
///
/// When a record that decodes does not survive being encoded and decoded again.
pub fn link_to_browser(message: &[u8]) {
    for record in records(message).flatten() {
        let Ok(Some(mut said)) = ToBrowser::decode(record) else { continue };
        if let ToBrowser::Error(error) = &mut said
            && error.cause.len() > 64
        {
            // Causes are written down to their first 64 bytes.
            continue;
        }
        let again = round_trip(|out| said.encode(out), |record| ToBrowser::decode(record).ok()?);
        assert_eq!(again.as_ref(), Some(&said));
    }
}

/// Cutting `content` and joining it again gives the same.
fn check_parts(content: &ClipboardContent) {
    let (mut parts, mut joiner) =
        (ClipboardParts::new(content.clone()), ClipboardJoiner::default());
    let mut joined = None;
    while let Some(part) = parts.next(3) {
        assert_eq!(joined, None, "something follows the last part");
        joined = joiner.push(&part, CLIPBOARD_MAX_BYTES).expect("it was within the limit");
    }
    // There are no parts of nothing.
    assert_eq!(joined.unwrap_or_default(), *content);
}

fn round_trip<T>(
    encode: impl FnOnce(&mut BytesMut),
    decode: impl FnOnce(Record<'_>) -> Option<T>,
) -> Option<T> {
    let mut out = BytesMut::new();
    encode(&mut out);
    let mut all = records(&out);
    let record = all.next().expect("one record was written").expect("it is whole");
    assert!(all.next().is_none(), "one record became two");
    decode(record)
}
