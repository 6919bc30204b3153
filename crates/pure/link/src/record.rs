//! Records: `u8 kind, u24 length, body`, several to a message.

use bytes::{BufMut, BytesMut};
use porthole_pixels::Rect;
use porthole_wire::Reader;

use crate::LinkError;

/// Largest body of one record, in bytes: what a u24 can say.
pub const BODY_MAX_BYTES: usize = 0x00ff_ffff;

/// One record, its body still undecoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is.
    pub kind: u8,
    /// Its body.
    pub body: &'a [u8],
}

impl Record<'_> {
    /// Whether a peer that does not know this kind may skip it.
    pub const fn is_optional(self) -> bool {
        self.kind >= 0x80
    }
}

/// Walks the records of one WebSocket message. Stops after the first error.
pub fn records(message: &[u8]) -> impl Iterator<Item = Result<Record<'_>, LinkError>> {
    let mut input = Reader::new(message);
    std::iter::from_fn(move || {
        if input.is_empty() {
            return None;
        }
        let next = read_record(&mut input);
        if next.is_err() {
            input.take_rest();
        }
        Some(next)
    })
}

fn read_record<'a>(input: &mut Reader<'a>) -> Result<Record<'a>, LinkError> {
    let [kind, low, middle, high] = input.array().ok_or(LinkError::Cut { kind: 0 })?;
    let len = u32::from_le_bytes([low, middle, high, 0]) as usize;
    let body = input.take(len).ok_or(LinkError::Cut { kind })?;
    Ok(Record { kind, body })
}

/// Appends a record whose body `write` appends. A body over [`BODY_MAX_BYTES`] cannot be said in
/// its length; callers bound what they write well below that.
pub(crate) fn put_record(out: &mut BytesMut, kind: u8, write: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_slice(&[kind, 0, 0, 0]);
    write(out);
    let len = out.len() - start - 4;
    debug_assert!(len <= BODY_MAX_BYTES, "record of {len} bytes");
    let [low, middle, high, ..] = len.to_le_bytes();
    if let Some(length) = out.get_mut(start + 1..start + 4) {
        length.copy_from_slice(&[low, middle, high]);
    }
}

pub(crate) fn put_rect(out: &mut BytesMut, rect: Rect) {
    for side in [rect.x, rect.y, rect.width, rect.height] {
        out.put_u16_le(side);
    }
}

pub(crate) fn read_rect(input: &mut Reader<'_>) -> Option<Rect> {
    let (x, y) = (input.u16_le()?, input.u16_le()?);
    Some(Rect { x, y, width: input.u16_le()?, height: input.u16_le()? })
}

pub(crate) fn read_text(
    field: &'static str,
    bytes: &[u8],
    limit: usize,
) -> Result<String, LinkError> {
    if bytes.len() > limit {
        return Err(LinkError::OverLimit { field, value: bytes.len(), limit });
    }
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| LinkError::NotText { field })
}

#[cfg(test)]
mod tests {
    use super::records;
    use crate::LinkError;

    #[test]
    fn walks_and_stops_at_a_cut() {
        let message = [0x84, 0, 0, 0, 0x85, 1, 0, 0, 7, 0x83, 9, 0, 0, b'a'];
        let got: Vec<_> = records(&message).collect();
        assert_eq!(got.len(), 3);
        assert_eq!(got[1].as_ref().unwrap().body, [7]);
        assert_eq!(got[2], Err(LinkError::Cut { kind: 0x83 }));
        assert_eq!(records(&[]).count(), 0);
        assert_eq!(records(&[1, 2]).next(), Some(Err(LinkError::Cut { kind: 0 })));
    }
}
