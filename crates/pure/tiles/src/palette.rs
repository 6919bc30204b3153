//! Palette bodies: up to 256 colours, and indices into them. Layout: the crate's page.

use porthole_pixels::Pixel;

use crate::pixels::Pixels;

/// Most colours that an index of a byte can name.
pub(crate) const COLOURS_MAX: usize = 256;

/// Slots of the colour table; four for each colour, so that a look-up seldom takes two steps.
const SLOTS: usize = 1024;

/// Pixels that are compared with the one before them in one step.
const GROUP: usize = 8;

/// Bits of one index.
pub(crate) const fn index_bits(colours: usize) -> usize {
    match colours {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}

/// Bytes of a row of indices.
pub(crate) const fn row_bytes(width: usize, bits: usize) -> usize {
    (width * bits).div_ceil(8)
}

/// What a rectangle's colours came to.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A single one.
    One(Pixel),
    /// At most [`COLOURS_MAX`].
    Body {
        /// The body before it is deflated.
        body: &'a [u8],
        /// Bytes of a row of it.
        row_bytes: usize,
    },
    /// More.
    TooMany,
}

/// Finds colours, and holds the memory for it.
#[derive(Debug)]
pub(crate) struct PaletteBuilder {
    /// Open addressing; 0 is a free slot, since a pixel's fourth byte is 255.
    keys: [u32; SLOTS],
    /// The index of the colour in the same slot of `keys`.
    slot_indices: [u8; SLOTS],
    colours: Vec<Pixel>,
    /// One byte a pixel, row by row. Its length is what was ever needed.
    indices: Vec<u8>,
    body: Vec<u8>,
}

impl PaletteBuilder {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            keys: [0; SLOTS],
            slot_indices: [0; SLOTS],
            colours: Vec::with_capacity(COLOURS_MAX),
            indices: Vec::new(),
            body: Vec::new(),
        })
    }

    pub(crate) fn build(&mut self, pixels: Pixels<'_>) -> Found<'_> {
        if !self.index(pixels) {
            return Found::TooMany;
        }
        if let [colour] = self.colours[..] {
            return Found::One(colour);
        }
        self.body.clear();
        // At most 256 colours, so the cast is exact.
        self.body.push((self.colours.len() - 1) as u8);
        self.body
            .extend(self.colours.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]));
        let bits = index_bits(self.colours.len());
        for row in self.indices[..pixels.area()].chunks_exact(pixels.width()) {
            pack_row(row, bits, &mut self.body);
        }
        Found::Body { body: &self.body, row_bytes: row_bytes(pixels.width(), bits) }
    }

    /// Fills `colours` and `indices`. False as soon as there are too many colours.
    fn index(&mut self, pixels: Pixels<'_>) -> bool {
        self.keys.fill(0);
        self.colours.clear();
        let mut indices = std::mem::take(&mut self.indices);
        if indices.len() < pixels.area() {
            indices.resize(pixels.area(), 0);
        }
        let width = pixels.width();
        let mut above: &[Pixel] = &[];
        let mut all_indexed = true;
        for (y, row) in pixels.rows().enumerate() {
            let (done, to_do) = indices.split_at_mut(y * width);
            let out = &mut to_do[..width];
            // Most rows of a page repeat the row above, in whole.
            if row == above {
                out.copy_from_slice(&done[done.len() - width..]);
            } else if self.index_row(row, out).is_none() {
                all_indexed = false;
                break;
            }
            above = row;
        }
        self.indices = indices;
        all_indexed
    }

    fn index_row(&mut self, row: &[Pixel], out: &mut [u8]) -> Option<()> {
        let (groups, rest) = row.as_chunks::<GROUP>();
        let (out_groups, out_rest) = out.as_chunks_mut::<GROUP>();
        // No pixel is like this one, so the first group is always looked up.
        let (mut last, mut last_index) = ([0; 4], 0);
        for (group, out) in groups.iter().zip(out_groups) {
            if *group == [last; GROUP] {
                *out = [last_index; GROUP];
                continue;
            }
            for (pixel, index) in group.iter().zip(out.iter_mut()) {
                *index = self.index_of(*pixel)?;
            }
            (last, last_index) = (group[GROUP - 1], out[GROUP - 1]);
        }
        for (pixel, index) in rest.iter().zip(out_rest) {
            *index = self.index_of(*pixel)?;
        }
        Some(())
    }

    /// The colour's index; `None` when it is one too many.
    #[inline]
    fn index_of(&mut self, pixel: Pixel) -> Option<u8> {
        let key = u32::from_le_bytes(pixel);
        // The top 10 bits of the product: a slot.
        let mut slot = key.wrapping_mul(0x9e37_79b1) as usize >> 22;
        // Terminates: no more than 256 of 1024 slots are ever taken.
        loop {
            let held = self.keys[slot % SLOTS];
            if held == key {
                return Some(self.slot_indices[slot % SLOTS]);
            }
            if held == 0 {
                return self.add(slot % SLOTS, pixel);
            }
            slot += 1;
        }
    }

    #[cold]
    fn add(&mut self, slot: usize, pixel: Pixel) -> Option<u8> {
        let index = u8::try_from(self.colours.len()).ok()?;
        self.keys[slot] = u32::from_le_bytes(pixel);
        self.slot_indices[slot] = index;
        self.colours.push(pixel);
        Some(index)
    }
}

/// Appends a row of indices, `bits` each, most significant bits first, the last byte filled
/// up with zeros.
fn pack_row(row: &[u8], bits: usize, out: &mut Vec<u8>) {
    match bits {
        1 => {
            let (groups, rest) = row.as_chunks::<8>();
            out.extend(groups.iter().map(|group| pack_bits(*group)));
            if !rest.is_empty() {
                let mut group = [0; 8];
                group[..rest.len()].copy_from_slice(rest);
                out.push(pack_bits(group));
            }
        }
        2 => {
            let (groups, rest) = row.as_chunks::<4>();
            out.extend(groups.iter().map(|[a, b, c, d]| a << 6 | b << 4 | c << 2 | d));
            if !rest.is_empty() {
                let filled = [0, 1, 2].map(|at| rest.get(at).copied().unwrap_or(0));
                out.push(filled[0] << 6 | filled[1] << 4 | filled[2] << 2);
            }
        }
        4 => {
            let (groups, rest) = row.as_chunks::<2>();
            out.extend(groups.iter().map(|[a, b]| a << 4 | b));
            out.extend(rest.iter().map(|a| a << 4));
        }
        _ => out.extend_from_slice(row),
    }
}

/// Eight indices of 0 or 1, the first into the highest bit. Index `i` sits at bit `8 * i`;
/// the factor adds, among others, `9 * (7 - i)`, which takes it to bit `63 - i`, and no two
/// of its terms meet, so nothing carries.
fn pack_bits(group: [u8; 8]) -> u8 {
    (u64::from_le_bytes(group).wrapping_mul(0x8040_2010_0804_0201) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::pack_row;

    #[test]
    fn packs_most_significant_bits_first() {
        let packed = |row: &[u8], bits| {
            let mut out = Vec::new();
            pack_row(row, bits, &mut out);
            out
        };
        assert_eq!(packed(&[1, 0, 0, 1, 0, 1, 1, 0, 1], 1), [0b1001_0110, 0b1000_0000]);
        assert_eq!(packed(&[3, 0, 1, 2, 3], 2), [0b1100_0110, 0b1100_0000]);
        assert_eq!(packed(&[1, 2, 3], 2), [0b0110_1100]);
        assert_eq!(packed(&[15, 1, 7], 4), [0xf1, 0x70]);
        assert_eq!(packed(&[200, 1], 8), [200, 1]);
        for value in 0..=u8::MAX {
            let row: Vec<u8> = (0..8).map(|bit| value >> (7 - bit) & 1).collect();
            assert_eq!(packed(&row, 1), [value]);
        }
    }
}
