//! Solid, text or photograph: what a rectangle's pixels look like.

use porthole_pixels::Pixel;

use crate::pixels::Pixels;

/// A rectangle with at most this many colours is text whatever its pattern.
const FEW_COLOURS: usize = 96;

/// The same where [`SOME_RUNS_PERCENT`] of the pixels equal their left neighbour: letters in
/// several inks, smoothed at the edges, on a plain ground.
const SOME_COLOURS: usize = 256;

/// See [`SOME_COLOURS`]. Of a photograph's pixels, even of a coarse JPEG's, fewer do.
const SOME_RUNS_PERCENT: usize = 50;

/// A rectangle is text, however many colours, when this share of its pixels equal their left
/// neighbour.
const LONG_RUNS_PERCENT: usize = 80;

/// Slots of the colour table: few enough to clear for every tile, enough to stay sparse.
const SLOTS: usize = 1024;

/// What a rectangle's pixels look like, and so how they are best sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// One colour: red, green, blue.
    Solid([u8; 3]),
    /// Few colours or long runs: letters, lines, icons. Always sent exactly.
    Text,
    /// Many colours that vary smoothly or wildly. May be sent inexactly while it moves.
    Photo,
}

/// Compares each pixel with its neighbour; counts colours only where that leaves doubt.
pub(crate) fn classify(pixels: Pixels<'_>) -> Class {
    if let Some([red, green, blue, _]) = pixels.solid() {
        return Class::Solid([red, green, blue]);
    }
    let percent = runs_percent(pixels);
    let colours_max = match percent {
        LONG_RUNS_PERCENT.. => return Class::Text,
        SOME_RUNS_PERCENT.. => SOME_COLOURS,
        _ => FEW_COLOURS,
    };
    if has_few_colours(pixels, colours_max) { Class::Text } else { Class::Photo }
}

/// What share of the pixels equal their left neighbour. The first column has none and is not
/// counted. 0 as soon as the share is sure to be below [`SOME_RUNS_PERCENT`].
fn runs_percent(pixels: Pixels<'_>) -> usize {
    let total = pixels.area() - usize::from(pixels.size().height);
    let unequal_max = total * (100 - SOME_RUNS_PERCENT) / 100;
    let mut unequal = 0;
    for row in pixels.rows() {
        unequal += unequal_in_row(row);
        if unequal > unequal_max {
            return 0;
        }
    }
    (100 * (total - unequal)).checked_div(total).unwrap_or(100)
}

/// Without a branch for each pixel, so that the compiler can compare several at once.
fn unequal_in_row(row: &[Pixel]) -> usize {
    let pairs = row.iter().zip(row.get(1..).unwrap_or(&[]));
    let unequal: u32 =
        pairs.map(|(a, b)| u32::from(u32::from_ne_bytes(*a) != u32::from_ne_bytes(*b))).sum();
    unequal as usize
}

/// Whether there are at most `colours_max` colours. A photograph is told by its first few
/// hundred pixels.
fn has_few_colours(pixels: Pixels<'_>, colours_max: usize) -> bool {
    // A pixel's fourth byte is 255, so 0 is no colour.
    let mut table = [0_u32; SLOTS];
    let mut colours = 0;
    let mut last = 0;
    for row in pixels.rows() {
        for pixel in row {
            let colour = u32::from_le_bytes(*pixel);
            if colour == last {
                continue;
            }
            last = colour;
            // Terminates: no more than 257 of 1024 slots are ever taken.
            let mut slot = colour.wrapping_mul(0x9e37_79b1) as usize >> 22;
            while table[slot % SLOTS] != colour {
                if table[slot % SLOTS] == 0 {
                    table[slot % SLOTS] = colour;
                    colours += 1;
                    if colours > colours_max {
                        return false;
                    }
                    break;
                }
                slot += 1;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Size;

    use super::{Class, classify};
    use crate::pixels::Pixels;

    fn class_of(size: Size, colour: impl Fn(usize) -> u32) -> Class {
        let bytes: Vec<u8> = (0..size.area() as usize)
            .flat_map(|i| (colour(i) | 0xff00_0000).to_le_bytes())
            .collect();
        classify(Pixels::of_rows(&bytes, size).unwrap())
    }

    #[test]
    fn tells_the_classes_apart() {
        let tile = Size::new(64, 64);
        let scatter = |i: usize| (i as u32).wrapping_mul(0x9e37_79b1) >> 8;
        assert_eq!(class_of(tile, |_| 0x03_02_01), Class::Solid([1, 2, 3]));
        assert_eq!(class_of(tile, |i| u32::from(i == 4095)), Class::Text);
        assert_eq!(class_of(tile, scatter), Class::Photo);
        assert_eq!(class_of(tile, |i| scatter(i % 96)), Class::Text, "96 colours, no runs");
        assert_eq!(class_of(tile, |i| scatter(i % 97)), Class::Photo, "97 colours, no runs");
        assert_eq!(class_of(tile, |i| scatter(i / 8)), Class::Text, "512 colours in runs of 8");
        assert_eq!(class_of(tile, |i| scatter(i / 4)), Class::Photo, "1024 colours in runs of 4");
        assert_eq!(class_of(tile, |i| scatter(i / 4 % 256)), Class::Text, "256 in runs of 4");
        assert_eq!(class_of(tile, |i| scatter(i / 4 % 257)), Class::Photo, "257 in runs of 4");
    }

    #[test]
    fn thin_rectangles() {
        assert_eq!(class_of(Size::new(1, 1), |_| 0), Class::Solid([0, 0, 0]));
        assert_eq!(class_of(Size::new(1, 64), |i| i as u32), Class::Text);
        assert_eq!(class_of(Size::new(64, 1), |i| i as u32), Class::Text);
    }
}
