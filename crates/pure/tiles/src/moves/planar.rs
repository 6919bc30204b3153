//! How far something moved in any direction.

use porthole_pixels::{BYTES_PER_PIXEL, TILE_SIDE_PX};

use super::arena::Arena;
use super::{Pictures, Vector, is_uniform};

/// Tiles from which samples are taken.
const TILES_MAX: usize = 48;

/// Rows from one row of the older picture that is searched to the next; as many rows are
/// sampled below each other, so that one of them meets a searched row wherever it came from.
const STRIDE_ROWS: u16 = 16;

/// Samples that must agree on a vector.
const VOTES_MIN: u32 = 2;

/// Vectors that are worth a closer look.
const VECTORS_MAX: usize = 3;

/// Slots of the hash table: a power of two, and more than twice as many as samples.
const SLOTS: usize = 2048;

const WINDOW_BYTES: usize = TILE_SIDE_PX as usize * BYTES_PER_PIXEL;

/// Odd, so that no pixel of a window drops out of its hash.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads a hash before some of its bits are used.
const SPREAD: u64 = 0xD6E8_FEB8_6659_FD93;

/// Takes 64 pixels in a row here and there from the new picture and looks for them everywhere
/// in some rows of the older one, by a rolling hash.
#[derive(Debug, Default)]
pub(super) struct PlanarSearch {
    samples: Vec<Sample>,
    /// One more than the index of a sample, or 0.
    slots: Vec<u16>,
    /// One bit for each value of sixteen bits of a hash: whether any sample has it.
    filter: Vec<u64>,
    row: Vec<u8>,
}

/// One row of a tile of the new picture.
#[derive(Debug)]
struct Sample {
    hash: u64,
    x: u16,
    y: u16,
    /// How far it moved, if it was found.
    vector: Option<Vector>,
    /// It was found in two places, or there is another one like it.
    is_ambiguous: bool,
}

impl PlanarSearch {
    /// The likeliest vectors, best first. Reads every sixteenth row.
    pub(super) fn find(&mut self, pictures: Pictures<'_>, arena: &Arena) -> Vec<Vector> {
        self.samples.clear();
        self.slots.clear();
        self.slots.resize(SLOTS, 0);
        self.filter.clear();
        self.filter.resize(1 << 10, 0);
        for (column, row) in arena.sample(TILES_MAX) {
            self.take_samples(pictures, column, row);
        }
        let x = arena.columns().start * TILE_SIDE_PX;
        let end = arena.columns().end.saturating_mul(TILE_SIDE_PX);
        let mut row = std::mem::take(&mut self.row);
        row.resize(usize::from(end - x) * BYTES_PER_PIXEL, 0);
        for y in arena.rows().step_by(STRIDE_ROWS.into()) {
            let len = pictures.old.read_row(x, y, &mut row);
            self.search_row(row[..len].as_chunks().0, x, y);
        }
        self.row = row;
        self.winners()
    }

    /// Takes sixteen rows of a tile: those of a few places in it that have most detail.
    fn take_samples(&mut self, pictures: Pictures<'_>, column: u16, row: u16) {
        let top = row * TILE_SIDE_PX;
        let rows = |first: u16| {
            (first..first + STRIDE_ROWS)
                .map(|y| (y, pictures.segment(column, y)))
                .filter(|(_, pixels)| pixels.len() == WINDOW_BYTES && !is_uniform(pixels))
        };
        let best = [24, 0, 48].map(|y| top + y).into_iter().max_by_key(|y| rows(*y).count());
        for (y, pixels) in best.into_iter().flat_map(rows) {
            let hash = pixels.as_chunks().0.iter().fold(0, |hash, pixel| roll(hash, *pixel));
            self.add_sample(hash, column * TILE_SIDE_PX, y);
        }
    }

    fn add_sample(&mut self, hash: u64, x: u16, y: u16) {
        let (mut slot, word, bit) = places(hash);
        while let Some(index) = self.slots[slot].checked_sub(1) {
            let known = &mut self.samples[usize::from(index)];
            if known.hash == hash {
                known.is_ambiguous = true;
                return;
            }
            slot = (slot + 1) % SLOTS;
        }
        self.samples.push(Sample { hash, x, y, vector: None, is_ambiguous: false });
        // At most 16 samples for each of 48 tiles.
        self.slots[slot] = self.samples.len() as u16;
        self.filter[word] |= bit;
    }

    /// Looks for all samples in a row of the older picture.
    fn search_row(&mut self, pixels: &[[u8; BYTES_PER_PIXEL]], x: u16, y: u16) {
        let side = usize::from(TILE_SIDE_PX);
        if pixels.len() < side {
            return;
        }
        let leaving = BASE.wrapping_pow(TILE_SIDE_PX.into());
        let mut hash = pixels[..side].iter().fold(0, |hash, pixel| roll(hash, *pixel));
        self.look_up(hash, x, y);
        for (at, (old, new)) in (x + 1..).zip(pixels.iter().zip(&pixels[side..])) {
            let gone = u64::from(u32::from_le_bytes(*old)).wrapping_mul(leaving);
            hash = roll(hash, *new).wrapping_sub(gone);
            let (_, word, bit) = places(hash);
            if self.filter[word] & bit != 0 {
                self.look_up(hash, at, y);
            }
        }
    }

    /// A window with this hash was at (`x`, `y`).
    #[cold]
    fn look_up(&mut self, hash: u64, x: u16, y: u16) {
        let (mut slot, ..) = places(hash);
        while let Some(index) = self.slots[slot].checked_sub(1) {
            let sample = &mut self.samples[usize::from(index)];
            if sample.hash == hash {
                let vector = Vector {
                    dx: i32::from(sample.x) - i32::from(x),
                    dy: i32::from(sample.y) - i32::from(y),
                };
                sample.is_ambiguous |= sample.vector.is_some();
                sample.vector = Some(vector);
                return;
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    fn winners(&self) -> Vec<Vector> {
        let certain = self.samples.iter().filter(|sample| !sample.is_ambiguous);
        let mut votes: Vec<(Vector, u32)> = Vec::new();
        for vector in certain.filter_map(|sample| sample.vector) {
            match votes.iter_mut().find(|(known, _)| *known == vector) {
                Some((_, count)) => *count += 1,
                None => votes.push((vector, 1)),
            }
        }
        votes.retain(|(vector, count)| *vector != Vector { dx: 0, dy: 0 } && *count >= VOTES_MIN);
        votes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        votes.into_iter().map(|(vector, _)| vector).take(VECTORS_MAX).collect()
    }
}

const fn roll(hash: u64, pixel: [u8; BYTES_PER_PIXEL]) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(u32::from_le_bytes(pixel) as u64)
}

/// The slot, and the word and bit of the filter, that belong to a hash.
const fn places(hash: u64) -> (usize, usize, u64) {
    let spread = hash.wrapping_mul(SPREAD);
    let bits = spread >> 48;
    ((spread >> 32) as usize % SLOTS, (bits >> 6) as usize, 1 << (bits & 63))
}
