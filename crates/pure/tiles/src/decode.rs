//! Palette and Rgb bodies back to pixels, for viewers without a browser.

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, SURFACE_PIXELS_MAX, Size};

use crate::TilesError;
use crate::inflate::inflate;
use crate::palette::{self, COLOURS_MAX, index_bits};
use crate::rgb::{self, FILTER_ABOVE, FILTER_LEFT, FILTER_NONE};

/// Most pixels of an image that is decoded.
pub const DECODE_PIXELS_MAX: u32 = SURFACE_PIXELS_MAX;

/// Decodes a Palette body to R, G, B, 255: `4 * width * height` bytes, row-major.
///
/// # Errors
///
/// [`TilesError::OverLimit`] when `size` passes [`DECODE_PIXELS_MAX`], before memory is taken,
/// or when more comes out of the stream than `size` can hold. [`TilesError::Cut`] when it is
/// too short, [`TilesError::Malformed`] when it is anything else than the format says.
pub fn decode_palette(size: Size, data: &[u8]) -> Result<Vec<u8>, TilesError> {
    const BODY: &str = "palette";
    check_size(size)?;
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let inflated = inflate(BODY, data, 1 + 3 * COLOURS_MAX + width * height)?;
    let (last, rest) = inflated.split_first().ok_or(TilesError::Cut { body: BODY })?;
    let count = usize::from(*last) + 1;
    let (colours, indices) =
        rest.split_at_checked(3 * count).ok_or(TilesError::Cut { body: BODY })?;
    let bits = index_bits(count);
    let row_bytes = palette::row_bytes(width, bits);
    check_length(BODY, indices.len(), row_bytes * height)?;
    let colours: Vec<Pixel> =
        colours.as_chunks().0.iter().map(|[r, g, b]| [*r, *g, *b, u8::MAX]).collect();
    let mut pixels = Vec::with_capacity(width * height * BYTES_PER_PIXEL);
    // `max(1)`: an empty picture has rows of no bytes.
    for row in indices.chunks_exact(row_bytes.max(1)) {
        for x in 0..width {
            let at = x * bits;
            let shift = 8 - bits - at % 8;
            let index = usize::from(row[at / 8] >> shift) & ((1 << bits) - 1);
            let colour = colours
                .get(index)
                .ok_or(TilesError::Malformed { body: BODY, reason: "an index names no colour" })?;
            pixels.extend_from_slice(colour);
        }
    }
    Ok(pixels)
}

/// Decodes an Rgb body to R, G, B, 255: `4 * width * height` bytes, row-major.
///
/// # Errors
///
/// As [`decode_palette`].
pub fn decode_rgb(size: Size, data: &[u8]) -> Result<Vec<u8>, TilesError> {
    const BODY: &str = "rgb";
    check_size(size)?;
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let row_bytes = rgb::row_bytes(width);
    let inflated = inflate(BODY, data, row_bytes * height)?;
    check_length(BODY, inflated.len(), row_bytes * height)?;
    let mut pixels: Vec<Pixel> = Vec::with_capacity(width * height);
    for row in inflated.chunks_exact(row_bytes) {
        let above = pixels.len().checked_sub(width);
        let (filter, components) = row.split_first().ok_or(TilesError::Cut { body: BODY })?;
        let mut left = [0; 4];
        for (x, difference) in components.as_chunks::<3>().0.iter().enumerate() {
            let base = match *filter {
                FILTER_NONE => [0; 4],
                FILTER_LEFT => left,
                FILTER_ABOVE => above.map_or([0; 4], |above| pixels[above + x]),
                _ => return Err(TilesError::Malformed { body: BODY, reason: "unknown filter" }),
            };
            let [red, green, blue] = *difference;
            left = [
                base[0].wrapping_add(red),
                base[1].wrapping_add(green),
                base[2].wrapping_add(blue),
                u8::MAX,
            ];
            pixels.push(left);
        }
    }
    Ok(pixels.into_flattened())
}

fn check_size(size: Size) -> Result<(), TilesError> {
    TilesError::check_limit("pixels of an image", size.area().into(), DECODE_PIXELS_MAX.into())
}

fn check_length(body: &'static str, found: usize, wanted: usize) -> Result<(), TilesError> {
    match found.cmp(&wanted) {
        std::cmp::Ordering::Less => Err(TilesError::Cut { body }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => {
            Err(TilesError::Malformed { body, reason: "more rows than the rectangle has" })
        }
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
