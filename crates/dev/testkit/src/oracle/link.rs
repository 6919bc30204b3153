//! The link: what decodes can be written down again and means the same.

use bytes::BytesMut;
use porthole_link::{Record, ToBrowser, ToGateway, records};

/// Records from a browser.
///
/// # Panics
///
/// When a record that decodes does not survive being encoded and decoded again.
pub fn link_to_gateway(message: &[u8]) {
    for record in records(message).flatten() {
        let Ok(Some(said)) = ToGateway::decode(record) else { continue };
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
