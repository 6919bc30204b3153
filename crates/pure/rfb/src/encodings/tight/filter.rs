//! How a row of a Tight rectangle becomes pixels.

use porthole_pixels::{BYTES_PER_PIXEL, Pixel};

use crate::RfbError;
use crate::encodings::{opaque, widen};

/// What the server did to the pixels before it compressed them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Filter {
    /// Nothing: R, G, B.
    Copy,
    /// Indices into a palette: bytes, or bits when it has two colours.
    Palette { is_packed: bool },
    /// R, G, B less what their neighbours let expect.
    Gradient,
}

/// Gets `above` ready for the first row of a rectangle: the row above it counts as black.
pub(super) fn start(above: &mut Vec<u8>, width: u16) {
    above.clear();
    above.resize(usize::from(width) * BYTES_PER_PIXEL, 0);
}

impl Filter {
    /// Bytes of a row of `width` pixels.
    pub(super) fn row_len(self, width: u16) -> usize {
        let columns = usize::from(width);
        match self {
            Self::Copy | Self::Gradient => columns * 3,
            Self::Palette { is_packed: true } => columns.div_ceil(8),
            Self::Palette { is_packed: false } => columns,
        }
    }

    /// Makes a row of `width` pixels in `pixels`, of four bytes each, of what was sent.
    ///
    /// # Errors
    ///
    /// An index past the palette.
    pub(super) fn expand(
        self,
        row: &[u8],
        width: u16,
        palette: &[Pixel],
        above: &mut Vec<u8>,
        pixels: &mut Vec<u8>,
    ) -> Result<(), RfbError> {
        pixels.resize(usize::from(width) * BYTES_PER_PIXEL, 0);
        match self {
            Self::Copy => widen(row, pixels),
            Self::Palette { is_packed: true } => {
                let bits = row.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
                put_colours(bits, palette, pixels)?;
            }
            Self::Palette { is_packed: false } => {
                put_colours(row.iter().copied(), palette, pixels)?;
            }
            Self::Gradient => {
                add_gradient(row, above, pixels);
                above.clear();
                above.extend_from_slice(pixels);
            }
        }
        Ok(())
    }
}

fn put_colours(
    indices: impl Iterator<Item = u8>,
    palette: &[Pixel],
    pixels: &mut [u8],
) -> Result<(), RfbError> {
    for (pixel, index) in pixels.as_chunks_mut().0.iter_mut().zip(indices) {
        let bad = || RfbError::BadField { field: "palette index", value: index.into() };
        *pixel = *palette.get(usize::from(index)).ok_or_else(bad)?;
    }
    Ok(())
}

/// Each colour is sent as its difference from left + above - above left, cut to a byte. What
/// lies outside the rectangle counts as black.
fn add_gradient(row: &[u8], above: &[u8], pixels: &mut [u8]) {
    let mut left = [0; 3];
    let mut above_left = [0; 3];
    let sent_and_above = row.as_chunks::<3>().0.iter().zip(above.as_chunks::<4>().0);
    for (pixel, (sent, above)) in pixels.as_chunks_mut().0.iter_mut().zip(sent_and_above) {
        let [red, green, blue, _unused] = *above;
        let above = [red, green, blue];
        let mut colours = *sent;
        let near = left.iter().zip(above).zip(above_left);
        for (colour, ((left, above), above_left)) in colours.iter_mut().zip(near) {
            let guess = (i16::from(*left) + i16::from(above) - i16::from(above_left)).clamp(0, 255);
            // Clamped to a byte just above, so nothing is lost.
            *colour = colour.wrapping_add(u8::try_from(guess).unwrap_or(u8::MAX));
        }
        *pixel = opaque(colours);
        left = colours;
        above_left = above;
    }
}
