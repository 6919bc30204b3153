//! How far something scrolled up or down.

use super::arena::Arena;
use super::{Pictures, Vector, is_uniform};

/// Columns of tiles whose rows are compared.
const COLUMNS_MAX: usize = 8;

/// Rows that must agree on a distance.
const VOTES_MIN: u32 = 6;

/// Distances that are worth a closer look.
const DISTANCES_MAX: usize = 3;

/// Hashes the rows of a few tile columns and sees how far those moved that are unique in their
/// column, before and after. Blank and repeated lines have no say.
#[derive(Debug, Default)]
pub(super) struct VerticalSearch {
    /// A hash table with room for twice as many rows as there are, a power of two.
    slots: Vec<Slot>,
    /// What tells slots of this column from those of earlier ones.
    stamp: u32,
    /// Votes for each distance, from the farthest up to the farthest down.
    votes: Vec<u32>,
}

/// What is known of the rows with one hash.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u64,
    stamp: u32,
    new: Sighting,
    old: Sighting,
}

/// Where a hash was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Sighting {
    #[default]
    Never,
    Once(u16),
    Often,
}

impl Sighting {
    const fn add(&mut self, y: u16) {
        *self = match self {
            Self::Never => Self::Once(y),
            Self::Once(_) | Self::Often => Self::Often,
        };
    }
}

impl VerticalSearch {
    /// The likeliest vectors, best first. Reads every row of eight columns of tiles.
    pub(super) fn find(&mut self, pictures: Pictures<'_>, arena: &Arena) -> Vec<Vector> {
        let rows = arena.rows();
        let height = usize::from(rows.end - rows.start);
        self.votes.clear();
        self.votes.resize(2 * height, 0);
        let slots = (4 * height).next_power_of_two();
        if self.slots.len() != slots {
            self.slots.clear();
            self.slots.resize(slots, Slot::default());
            self.stamp = 0;
        }
        for column in arena.sample_columns(COLUMNS_MAX) {
            self.next_stamp();
            for y in rows.clone() {
                self.see(pictures.segment(column, y), |slot| slot.new.add(y));
                self.see(pictures.old.segment(column.into(), y), |slot| slot.old.add(y));
            }
            for slot in &self.slots {
                if slot.stamp == self.stamp
                    && let (Sighting::Once(new), Sighting::Once(old)) = (slot.new, slot.old)
                {
                    // Both are rows of the arena.
                    self.votes[usize::from(new) + height - usize::from(old)] += 1;
                }
            }
        }
        self.winners(height)
    }

    /// Slots of other columns count as empty from now on.
    fn next_stamp(&mut self) {
        if self.stamp == u32::MAX {
            self.slots.fill(Slot::default());
            self.stamp = 0;
        }
        self.stamp += 1;
    }

    fn see(&mut self, row: &[u8], note: impl FnOnce(&mut Slot)) {
        if is_uniform(row) {
            return;
        }
        let hash = hash(row);
        let mask = self.slots.len() - 1;
        let mut index = hash as usize & mask;
        // At most half of the slots are taken, so this ends.
        loop {
            let slot = &mut self.slots[index];
            if slot.stamp != self.stamp {
                *slot = Slot { hash, stamp: self.stamp, ..Slot::default() };
            }
            if slot.hash == hash {
                note(slot);
                return;
            }
            index = (index + 1) & mask;
        }
    }

    fn winners(&mut self, height: usize) -> Vec<Vector> {
        self.votes[height] = 0;
        let mut winners = Vec::new();
        while winners.len() < DISTANCES_MAX {
            let best = self.votes.iter().enumerate().max_by_key(|(_, votes)| **votes);
            let Some((index, _)) = best.filter(|(_, votes)| **votes >= VOTES_MIN) else { break };
            self.votes[index] = 0;
            // Both are at most 32,768.
            let (index, height) = (index as u16, height as u16);
            winners.push(Vector { dx: 0, dy: i32::from(index) - i32::from(height) });
        }
        winners
    }
}

/// Four independent chains, so that the processor need not wait for one multiplication before
/// it begins the next.
fn hash(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut sums = [1, 2, 3, 4];
    for block in blocks {
        for (sum, word) in sums.iter_mut().zip(block.as_chunks().0) {
            *sum = step(*sum, u64::from_le_bytes(*word));
        }
    }
    for pixel in rest.as_chunks().0 {
        sums[0] = step(sums[0], u32::from_le_bytes(*pixel).into());
    }
    let all = sums.into_iter().fold(bytes.len() as u64, step);
    all ^ (all >> 32)
}
