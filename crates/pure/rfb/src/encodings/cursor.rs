//! Pointer pictures: Cursor (RFC 6143 §7.8.1), and the community specification's
//! "X Cursor" and "Cursor With Alpha". The rectangle's place is the hotspot.
//!
//! | encoding   | parts                                                                    |
//! |------------|--------------------------------------------------------------------------|
//! | Cursor     | pixels, mask                                                             |
//! | X Cursor   | two colours of 3 bytes, which of them for each pixel, mask               |
//! | with alpha | encoding of the pixels (4 bytes; we take Raw), R, G, B, A premultiplied  |
//!
//! Bits stand in rows of `width.div_ceil(8)` bytes, the highest leftmost.

use porthole_pixels::{BYTES_PER_PIXEL, Point, Rect};
use porthole_remote::Cursor;
use porthole_wire::Reader;

use super::opaque;
use crate::RfbError;

/// How a pointer picture is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorKind {
    Masked,
    TwoColours,
    Alpha,
}

/// Decodes a pointer picture. `None`: it has not all arrived, and nothing is taken. At most
/// 1 MiB and its mask.
///
/// # Errors
///
/// [`RfbError::OverLimit`] when a side passes [`Cursor::SIDE_MAX_PX`], before its body is
/// waited for; [`RfbError::UnknownEncoding`] when alpha pixels are not sent raw.
pub(crate) fn decode_cursor(
    input: &mut Reader<'_>,
    kind: CursorKind,
    rect: Rect,
) -> Result<Option<Cursor>, RfbError> {
    let side = rect.width.max(rect.height);
    RfbError::check_limit("cursor side", side, Cursor::SIDE_MAX_PX)?;
    let mut ahead = input.clone();
    let rgba = match kind {
        CursorKind::Masked => read_masked(&mut ahead, rect),
        CursorKind::TwoColours => read_two_colours(&mut ahead, rect),
        CursorKind::Alpha => read_alpha(&mut ahead, rect)?,
    };
    let Some(rgba) = rgba else { return Ok(None) };
    *input = ahead;
    if rect.is_empty() {
        return Ok(Some(Cursor::hidden()));
    }
    // A hotspot outside the picture is of no use to anyone; the nearest pixel is.
    let hotspot = Point { x: rect.x.min(rect.width - 1), y: rect.y.min(rect.height - 1) };
    Ok(Some(Cursor { size: rect.size(), hotspot, rgba }))
}

fn read_masked(input: &mut Reader<'_>, rect: Rect) -> Option<Vec<u8>> {
    let pixels = input.take(rect.area() as usize * BYTES_PER_PIXEL)?;
    let mask = take_bits(input, rect)?;
    let colours = pixels.as_chunks::<BYTES_PER_PIXEL>().0.iter();
    let shown =
        colours.zip(mask).flat_map(
            |([red, green, blue, _unused], shown)| {
                if shown { opaque([*red, *green, *blue]) } else { [0; 4] }
            },
        );
    Some(shown.collect())
}

fn read_two_colours(input: &mut Reader<'_>, rect: Rect) -> Option<Vec<u8>> {
    if rect.is_empty() {
        return Some(Vec::new());
    }
    let (front, back) = (input.array()?, input.array()?);
    let (source, mask) = (take_bits(input, rect)?, take_bits(input, rect)?);
    let shown = source.zip(mask).flat_map(|(is_front, shown)| match (shown, is_front) {
        (false, _) => [0; 4],
        (true, true) => opaque(front),
        (true, false) => opaque(back),
    });
    Some(shown.collect())
}

fn read_alpha(input: &mut Reader<'_>, rect: Rect) -> Result<Option<Vec<u8>>, RfbError> {
    let Some(encoding) = input.i32_be() else { return Ok(None) };
    if encoding != 0 {
        return Err(RfbError::UnknownEncoding { encoding });
    }
    let Some(pixels) = input.take(rect.area() as usize * BYTES_PER_PIXEL) else {
        return Ok(None);
    };
    let straight = pixels.as_chunks().0.iter().flat_map(|pixel| straighten(*pixel));
    Ok(Some(straight.collect()))
}

/// Undoes the multiplication by alpha.
fn straighten([red, green, blue, alpha]: [u8; 4]) -> [u8; 4] {
    let divide = |colour: u8| {
        let (colour, alpha) = (u16::from(colour), u16::from(alpha));
        let straight = (colour * 255 + alpha / 2).checked_div(alpha).unwrap_or(0);
        u8::try_from(straight).unwrap_or(u8::MAX)
    };
    [divide(red), divide(green), divide(blue), alpha]
}

/// One flag for each pixel of `rect`.
fn take_bits<'a>(
    input: &mut Reader<'a>,
    rect: Rect,
) -> Option<impl Iterator<Item = bool> + use<'a>> {
    let columns = usize::from(rect.width);
    let row_len = columns.div_ceil(8);
    let rows = input.take(row_len * usize::from(rect.height))?.chunks_exact(row_len.max(1));
    let bits = |byte: &'a u8| (0..8).rev().map(move |bit| byte >> bit & 1 == 1);
    Some(rows.flat_map(move |row| row.iter().flat_map(bits).take(columns)))
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
