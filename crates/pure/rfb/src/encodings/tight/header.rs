//! What comes before a Tight rectangle's pixels.

use porthole_pixels::{Pixel, Rect};
use porthole_wire::Reader;

use super::filter::Filter;
use crate::RfbError;
use crate::encodings::{opaque, read_compact_pixel};
use crate::limits::{deflated_max, image_file_max};

/// Pixels of fewer bytes are sent as they are.
const COMPRESSED_MIN_BYTES: u64 = 12;

/// Everything before the pixels.
#[derive(Debug)]
pub(super) struct Header {
    /// One bit for each zlib stream that starts anew.
    pub(super) resets: u8,
    pub(super) body: Body,
}

/// How the pixels are sent. Lengths are in bytes.
#[derive(Debug)]
pub(super) enum Body {
    Fill(Pixel),
    Jpeg(usize),
    Png(usize),
    Short(Filter, usize),
    Deflated { filter: Filter, stream: usize, len: usize },
}

/// Reads at most 774 bytes: the control byte, a filter with its palette, a length. `None`: it
/// has not all arrived, and nothing is taken.
///
/// # Errors
///
/// A control byte or filter that does not exist, or a length beyond what `rect` can need.
pub(super) fn read(
    input: &mut Reader<'_>,
    rect: Rect,
    is_png: bool,
    palette: &mut Vec<Pixel>,
) -> Result<Option<Header>, RfbError> {
    let mut ahead = input.clone();
    let Some(control) = ahead.u8() else { return Ok(None) };
    let image_max = image_file_max(rect.area());
    let body = match control >> 4 {
        0b1000 => read_compact_pixel(&mut ahead).map(Body::Fill),
        0b1001 => read_len(&mut ahead, image_max)?.map(Body::Jpeg),
        0b1010 if is_png => read_len(&mut ahead, image_max)?.map(Body::Png),
        kind @ 0b0000..=0b0111 if !is_png => read_basic(&mut ahead, rect, kind, palette)?,
        kind => {
            return Err(RfbError::BadField { field: "compression control", value: kind.into() });
        }
    };
    let Some(body) = body else { return Ok(None) };
    *input = ahead;
    Ok(Some(Header { resets: control & 0b1111, body }))
}

/// Reads the filter and the length of a zlib body.
fn read_basic(
    input: &mut Reader<'_>,
    rect: Rect,
    kind: u8,
    palette: &mut Vec<Pixel>,
) -> Result<Option<Body>, RfbError> {
    let number = if kind & 0b100 == 0 { Some(0) } else { input.u8() };
    let filter = match number {
        None => return Ok(None),
        Some(0) => Filter::Copy,
        Some(1) => match read_palette(input, palette) {
            None => return Ok(None),
            Some(()) => Filter::Palette { is_packed: palette.len() <= 2 },
        },
        Some(2) => Filter::Gradient,
        Some(value) => return Err(RfbError::BadField { field: "filter", value: value.into() }),
    };
    // At most 65,535 rows of 65,535 * 3 bytes.
    let raw_len = filter.row_len(rect.width) as u64 * u64::from(rect.height);
    if raw_len < COMPRESSED_MIN_BYTES {
        return Ok(Some(Body::Short(filter, usize::try_from(raw_len).unwrap_or(0))));
    }
    let Some(len) = read_len(input, deflated_max(raw_len))? else { return Ok(None) };
    Ok(Some(Body::Deflated { filter, stream: usize::from(kind & 0b11), len }))
}

fn read_palette(input: &mut Reader<'_>, palette: &mut Vec<Pixel>) -> Option<()> {
    let count = usize::from(input.u8()?) + 1;
    let body = input.take(count * 3)?;
    palette.clear();
    palette.extend(body.as_chunks().0.iter().copied().map(opaque));
    Some(())
}

/// Seven bits a byte, low ones first; the third byte has eight.
fn read_len(input: &mut Reader<'_>, limit: u64) -> Result<Option<usize>, RfbError> {
    let mut len = 0;
    for shift in [0, 7, 14] {
        let Some(byte) = input.u8() else { return Ok(None) };
        let is_last = shift == 14 || byte < 0x80;
        let bits = if shift == 14 { byte } else { byte & 0x7f };
        len |= usize::from(bits) << shift;
        if is_last {
            break;
        }
    }
    RfbError::check_limit("length of compressed data", len, limit)?;
    Ok(Some(len))
}

#[cfg(test)]
mod tests {
    use porthole_wire::Reader;

    use super::read_len;

    #[test]
    fn lengths_have_up_to_twenty_two_bits() {
        let cases: [(&[u8], usize); 6] = [
            (&[0], 0),
            (&[0x7f], 127),
            (&[0x80, 1], 128),
            (&[0xff, 0x7f], 16_383),
            (&[0x90, 0x4e], 10_000),
            (&[0xff, 0xff, 0xff], (1 << 22) - 1),
        ];
        for (bytes, want) in cases {
            let mut input = Reader::new(bytes);
            assert_eq!(read_len(&mut input, u64::MAX), Ok(Some(want)), "{bytes:?}");
            assert!(input.is_empty());
            for cut in 0..bytes.len() {
                assert_eq!(read_len(&mut Reader::new(&bytes[..cut]), u64::MAX), Ok(None));
            }
        }
        assert!(read_len(&mut Reader::new(&[0x80, 1]), 127).is_err());
    }
}
