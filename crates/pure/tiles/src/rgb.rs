//! Rgb bodies: any number of colours, exactly. Layout: the crate's page.

use porthole_pixels::Pixel;

use crate::pixels::Pixels;

/// A row as it is.
pub(crate) const FILTER_NONE: u8 = 0;
/// Each pixel less the one to its left.
pub(crate) const FILTER_LEFT: u8 = 1;
/// Each pixel less the one above.
pub(crate) const FILTER_ABOVE: u8 = 2;

/// Pixels of a stretch that is sampled to pick a filter.
const SAMPLE_PIXELS: usize = 32;

/// One stretch in so many is sampled.
const SAMPLE_EVERY: usize = 4;

/// Bytes of a row: its filter, and three for each pixel.
pub(crate) const fn row_bytes(width: usize) -> usize {
    1 + 3 * width
}

/// Filters rows, and holds the memory for it.
#[derive(Debug, Default)]
pub(crate) struct RgbBuilder {
    /// The body before it is deflated.
    body: Vec<u8>,
}

impl RgbBuilder {
    /// The rows of text stay as they are, for that is how they repeat; those of a photograph
    /// become differences, if `differences`.
    pub(crate) fn build(&mut self, pixels: Pixels<'_>, differences: bool) -> &[u8] {
        let row_bytes = row_bytes(pixels.width());
        let body_bytes = row_bytes * usize::from(pixels.size().height);
        if self.body.len() < body_bytes {
            self.body.resize(body_bytes, 0);
        }
        let body = &mut self.body[..body_bytes];
        let mut above: &[Pixel] = &[];
        for (row, out) in pixels.rows().zip(body.chunks_exact_mut(row_bytes)) {
            let filter = if differences { pick_filter(row, above) } else { FILTER_NONE };
            if let [first, out @ ..] = out {
                *first = filter;
                filter_row(filter, row, above, out.as_chunks_mut().0);
            }
            above = row;
        }
        body
    }
}

/// The filter that leaves the smaller differences, by the sum of their sizes over a sample of
/// the row. `above` is empty for the first row.
fn pick_filter(row: &[Pixel], above: &[Pixel]) -> u8 {
    if !above.is_empty() && cost(row, above) <= cost(row.get(1..).unwrap_or(&[]), row) {
        FILTER_ABOVE
    } else {
        FILTER_LEFT
    }
}

/// Sum of the sizes of the differences, as signed bytes, of one in [`SAMPLE_EVERY`] stretches of
/// the row.
fn cost(row: &[Pixel], other: &[Pixel]) -> u32 {
    let stretches = row.chunks(SAMPLE_PIXELS).zip(other.chunks(SAMPLE_PIXELS));
    let sampled = stretches.step_by(SAMPLE_EVERY).map(|(row, other)| {
        let bytes = row.as_flattened().iter().zip(other.as_flattened());
        // At most 128 * 4 * 32.
        let sum: u16 =
            bytes.map(|(a, b)| u16::from(a.wrapping_sub(*b).cast_signed().unsigned_abs())).sum();
        u32::from(sum)
    });
    sampled.sum()
}

fn filter_row(filter: u8, row: &[Pixel], above: &[Pixel], out: &mut [[u8; 3]]) {
    match filter {
        FILTER_LEFT => {
            let Some(([red, green, blue, _], rest)) = row.split_first() else { return };
            let Some((out_first, out_rest)) = out.split_first_mut() else { return };
            *out_first = [*red, *green, *blue];
            pack(rest, row, out_rest, subtract);
        }
        FILTER_ABOVE => pack(row, above, out, subtract),
        _ => pack(row, row, out, |pixel, _| pixel),
    }
}

/// Writes the three components of each pixel after `filter` has seen it and its neighbour.
#[inline]
fn pack(row: &[Pixel], other: &[Pixel], out: &mut [[u8; 3]], filter: impl Fn(u32, u32) -> u32) {
    let other = &other[..row.len()];
    let (fours, rest) = row.as_chunks::<4>();
    let (other_fours, other_rest) = other.as_chunks::<4>();
    let (out_fours, out_rest) = out.as_chunks_mut::<4>();
    let filter =
        |a: &Pixel, b: &Pixel| filter(u32::from_le_bytes(*a), u32::from_le_bytes(*b)) & 0x00ff_ffff;
    for ((four, other), out) in fours.iter().zip(other_fours).zip(out_fours) {
        // Four times three bytes are three words.
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| filter(&four[at], &other[at]));
        let words = [a | b << 24, b >> 8 | c << 16, c >> 16 | d << 8];
        out.as_flattened_mut().copy_from_slice(words.map(u32::to_le_bytes).as_flattened());
    }
    for ((pixel, other), out) in rest.iter().zip(other_rest).zip(out_rest) {
        let [red, green, blue, _] = filter(pixel, other).to_le_bytes();
        *out = [red, green, blue];
    }
}

/// Each byte less the other's, modulo 256. The high bits are set apart, so that no byte
/// borrows from the next, and put right afterwards.
#[inline]
const fn subtract(a: u32, b: u32) -> u32 {
    const HIGH: u32 = 0x8080_8080;
    ((a | HIGH) - (b & !HIGH)) ^ ((a ^ !b) & HIGH)
}

#[cfg(test)]
mod tests {
    use super::subtract;

    #[test]
    fn subtracts_bytes_apart() {
        for a in 0..=u8::MAX {
            for b in 0..=u8::MAX {
                let got =
                    subtract(u32::from_le_bytes([a, b, a, 7]), u32::from_le_bytes([b, a, a, 9]));
                let want = [a.wrapping_sub(b), b.wrapping_sub(a), 0, 254];
                assert_eq!(got.to_le_bytes(), want);
            }
        }
    }
}
