//! Which part of the picture is a film.

use std::time::Duration;

use porthole_pixels::{Damage, Rect, Size};

/// Fewest columns of a film's region.
pub const MOTION_WIDTH_MIN_PX: u16 = 128;

/// Fewest rows of a film's region.
pub const MOTION_HEIGHT_MIN_PX: u16 = 96;

/// Time is counted in slots of half a second, and the last ten are remembered.
const SLOT: Duration = Duration::from_millis(500);
const SLOTS: usize = 10;

/// Changes of a tile in the last two full slots, and in all of them, that make it part of a film.
const CHANGES_IN_SECOND_MIN: u32 = 15;
const CHANGES_MIN: u32 = 20;

/// A region without motion is given up after this many slots.
const REST_SLOTS: u64 = 6;

/// Slots after which pixels that no longer change are forgotten.
const EXTENT_SLOTS: u64 = 5;

/// Finds the region that moves all the time.
///
/// A tile of the damage grid is in motion when it changed at least 20 times within 5 s and 15
/// times within the last full second. Neighbouring tiles in motion make a region: the smallest
/// rectangle around the pixels that changed in them, with even corners. It counts when it has at
/// least [`MOTION_WIDTH_MIN_PX`] by [`MOTION_HEIGHT_MIN_PX`] pixels, is in motion in at least half of its
/// tiles, and has at least the share of the damage that it has of the picture. Of several, the
/// largest is it.
///
/// The region stays as it is while there is motion in at least half of it, grows when motion
/// has been found outside twice in a row, and is given up when it has rested for 3 s.
///
/// Feed it the damage that is left after copies: a page that scrolls is no film. Time runs from
/// any start and never back. Holds 20 bytes for each tile of 64x64 pixels.
#[derive(Debug)]
pub struct MotionTracker {
    size: Size,
    /// The slot that is being filled, counted from the start of time.
    slot: u64,
    /// Changes of each tile in each of the last slots.
    counts: Vec<[u8; SLOTS]>,
    /// What changed: since a few slots ago, and in the few before those.
    extents: [Damage; 2],
    extent_slot: u64,
    region: Option<Region>,
}

#[derive(Debug, Clone, Copy)]
struct Region {
    rect: Rect,
    /// The slot at whose beginning motion was last found in it.
    seen_slot: u64,
    /// A larger rectangle in motion, found once.
    larger: Option<Rect>,
}

/// Tiles in motion beside each other.
#[derive(Debug, Clone, Copy)]
struct Found {
    rect: Rect,
    tiles: usize,
    /// First and last column and row on the grid.
    columns: (usize, usize),
    rows: (usize, usize),
}

impl MotionTracker {
    /// Nothing has moved yet on a surface of `size`.
    pub fn new(size: Size) -> Self {
        let clean = Damage::clean(size);
        let (columns, rows) = clean.grid();
        Self {
            size,
            slot: 0,
            counts: vec![[0; SLOTS]; columns * rows],
            extents: [clean.clone(), clean],
            extent_slot: 0,
            region: None,
        }
    }

    /// Takes note of one frame's damage, at the time `now`. Damage of another size than before
    /// starts anew.
    pub fn note(&mut self, now: Duration, damage: &Damage) {
        if damage.size() != self.size {
            *self = Self::new(damage.size());
        }
        self.advance(slot_of(now));
        let slot = self.slot_index(0);
        let (columns, rows) = damage.grid();
        for (column, row) in (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)))
        {
            if damage.tile(column, row).is_some() {
                let count = &mut self.counts[row * columns + column][slot];
                *count = count.saturating_add(1);
            }
        }
        self.extents[0].add_all(damage);
    }

    /// The region in motion, at the time `now`.
    pub fn region(&self, now: Duration) -> Option<Rect> {
        let region = self.region?;
        (slot_of(now).saturating_sub(region.seen_slot) < REST_SLOTS).then_some(region.rect)
    }

    /// Moves on to `slot`: looks for motion in the slots that are full, forgets those that are
    /// too old.
    fn advance(&mut self, slot: u64) {
        while self.slot < slot {
            // After a long rest, everything in between is forgotten at once.
            let skipped = (slot - self.slot).saturating_sub(2 * SLOTS as u64);
            self.slot += 1 + skipped;
            let oldest = self.slot_index(0);
            self.counts.iter_mut().for_each(|counts| counts[oldest] = 0);
            if self.slot - self.extent_slot >= EXTENT_SLOTS {
                self.extent_slot = self.slot;
                self.extents.swap(0, 1);
                self.extents[0].clear();
            }
            self.look();
        }
    }

    fn look(&mut self) {
        let found = self.find();
        let rested = |region: &Region| self.slot - region.seen_slot >= REST_SLOTS;
        let Some(mut region) = self.region.filter(|region| !rested(region)) else {
            let seen_slot = self.slot;
            self.region = found.map(|rect| Region { rect, seen_slot, larger: None });
            return;
        };
        let Some(rect) = found else { return };
        let shared = rect.intersection(region.rect).map_or(0, Rect::area);
        if 2 * u64::from(shared) >= u64::from(region.rect.area()) {
            region.seen_slot = self.slot;
            let grown = (!region.rect.contains(rect)).then(|| region.rect.union(rect));
            match grown {
                Some(grown) if region.larger.is_some() => {
                    region = Region { rect: grown, seen_slot: self.slot, larger: None };
                }
                larger => region.larger = larger,
            }
        }
        self.region = Some(region);
    }

    /// The largest rectangle in motion that may be a film.
    fn find(&self) -> Option<Rect> {
        let (columns, rows) = self.extents[0].grid();
        let total = self.damage_within((0, columns.checked_sub(1)?), (0, rows.checked_sub(1)?));
        let mut is_seen = vec![false; self.counts.len()];
        (0..self.counts.len())
            .filter_map(|start| self.collect(start, &mut is_seen))
            .filter(|found| {
                let box_tiles =
                    (found.columns.1 - found.columns.0 + 1) * (found.rows.1 - found.rows.0 + 1);
                let has_share = || {
                    let share = u128::from(self.damage_within(found.columns, found.rows));
                    share * u128::from(self.size.area())
                        >= u128::from(total) * u128::from(found.rect.area())
                };
                found.rect.width >= MOTION_WIDTH_MIN_PX
                    && found.rect.height >= MOTION_HEIGHT_MIN_PX
                    && 2 * found.tiles >= box_tiles
                    && has_share()
            })
            .map(|found| found.rect)
            .max_by_key(|rect| rect.area())
    }

    /// All tiles in motion that are connected with the tile `start`, unless they were seen.
    fn collect(&self, start: usize, is_seen: &mut [bool]) -> Option<Found> {
        let (columns, rows) = self.extents[0].grid();
        let mut found: Option<Found> = None;
        let mut rest = vec![start];
        while let Some(index) = rest.pop() {
            if is_seen[index] || !self.is_moving(index) {
                continue;
            }
            is_seen[index] = true;
            let (column, row) = (index % columns, index / columns);
            let rect = self.extent(column, row);
            found = Some(match found {
                None => Found { rect, tiles: 1, columns: (column, column), rows: (row, row) },
                Some(found) => Found {
                    rect: found.rect.union(rect),
                    tiles: found.tiles + 1,
                    columns: (found.columns.0.min(column), found.columns.1.max(column)),
                    rows: (found.rows.0.min(row), found.rows.1.max(row)),
                },
            });
            rest.extend((column > 0).then(|| index - 1));
            rest.extend((column + 1 < columns).then(|| index + 1));
            rest.extend((row > 0).then(|| index - columns));
            rest.extend((row + 1 < rows).then(|| index + columns));
        }
        found.map(|found| Found { rect: even(found.rect, self.size), ..found })
    }

    fn is_moving(&self, index: usize) -> bool {
        let counts = &self.counts[index];
        let count = |back: usize| u32::from(counts[self.slot_index(back)]);
        count(1) + count(2) >= CHANGES_IN_SECOND_MIN
            && (0..SLOTS).map(count).sum::<u32>() >= CHANGES_MIN
    }

    /// What has been changing in a tile.
    fn extent(&self, column: usize, row: usize) -> Rect {
        let [new, old] = self.extents.each_ref().map(|damage| damage.tile(column, row));
        new.unwrap_or_default().union(old.unwrap_or_default())
    }

    /// Pixels that changed in these columns and rows of tiles, both ends included, in the last two
    /// full slots, counted each time that they did.
    fn damage_within(&self, columns: (usize, usize), rows: (usize, usize)) -> u64 {
        let (width, _) = self.extents[0].grid();
        let slots = [self.slot_index(1), self.slot_index(2)];
        let tiles = (rows.0..=rows.1)
            .flat_map(|row| (columns.0..=columns.1).map(move |column| (column, row)));
        tiles
            .map(|(column, row)| {
                let counts = &self.counts[row * width + column];
                let changes: u64 = slots.iter().map(|slot| u64::from(counts[*slot])).sum();
                changes * u64::from(self.extent(column, row).area())
            })
            .sum()
    }

    /// Where the counts of the slot `back` slots ago are; at most [`SLOTS`] - 1.
    fn slot_index(&self, back: usize) -> usize {
        // The remainder is below the number of slots.
        ((self.slot % SLOTS as u64) as usize + SLOTS - back) % SLOTS
    }
}

fn slot_of(now: Duration) -> u64 {
    (now.as_millis() / SLOT.as_millis()) as u64
}

/// `rect` with its corners moved outwards to even columns and rows, as far as the surface goes.
fn even(rect: Rect, size: Size) -> Rect {
    let (x, y) = (rect.x & !1, rect.y & !1);
    let side = |from: u16, to: u32, limit: u16| {
        // Neither passes the surface's side.
        (to.next_multiple_of(2).min(limit.into()) - u32::from(from)) as u16
    };
    Rect::new(x, y, side(x, rect.right(), size.width), side(y, rect.bottom(), size.height))
}

#[cfg(test)]
#[path = "motion_tests.rs"]
mod tests;
