//! Pixels that a surface does not have, because something else is shown in their place.

use std::ops::Range;

use crate::damage::ones;
use crate::{Rect, Size, TILE_SIDE_PX};

/// Side of a tile in bits.
const SIDE: usize = TILE_SIDE_PX as usize;

/// Most rectangles that [`Veil::open_parts`] cuts a tile into.
const OPEN_PARTS_MAX: usize = 16;

/// One row of bits for each row of a tile; bit 0 is the leftmost pixel.
type Mask = [u64; SIDE];

/// Which pixels of a surface are covered, or anything else about some of its pixels.
///
/// A video that is passed on without being decoded covers its rectangle: there the surface still
/// holds what was drawn before, which nobody is to see. What is drawn later opens it again, pixel
/// by pixel. 512 bytes for each tile of 64x64 that has covered pixels, and nothing otherwise.
#[derive(Debug, Clone)]
pub struct Veil {
    size: Size,
    columns: usize,
    tiles: Vec<Option<Box<Mask>>>,
    /// Tiles that had covered pixels when somebody last looked, and have none any more.
    opened: Vec<bool>,
    /// Around where covered pixels were copied to: there, nothing shows what should be seen.
    torn: Option<Rect>,
}

impl Veil {
    /// Nothing is covered, on a surface of `size`.
    pub fn new(size: Size) -> Self {
        let columns = usize::from(size.width.div_ceil(TILE_SIDE_PX));
        let rows = usize::from(size.height.div_ceil(TILE_SIDE_PX));
        let count = columns * rows;
        Self { size, columns, tiles: vec![None; count], opened: vec![false; count], torn: None }
    }

    /// Whether any tile that `rect` touches has covered pixels.
    pub fn touches(&self, rect: Rect) -> bool {
        self.tiles_of(rect).any(|(tile, _)| self.tiles[tile].is_some())
    }

    /// The same, or had some since the changes were last cleared.
    pub fn touched(&self, rect: Rect) -> bool {
        self.tiles_of(rect).any(|(tile, _)| self.tiles[tile].is_some() || self.opened[tile])
    }

    /// Whether all pixels of `rect` are covered.
    pub fn hides(&self, rect: Rect) -> bool {
        self.tiles_of(rect).all(|(tile, part)| {
            let rows = self.tiles[tile].as_deref().map(|mask| &mask[rows(part)]);
            rows.is_some_and(|rows| rows.iter().all(|row| row & bits(part) == bits(part)))
        })
    }

    /// All tiles with covered pixels, whole.
    pub fn tiles(&self) -> impl Iterator<Item = Rect> + '_ {
        let covered = self.tiles.iter().enumerate().filter(|(_, mask)| mask.is_some());
        covered.filter_map(|(tile, _)| {
            let (x, y) = (tile % self.columns * SIDE, tile / self.columns * SIDE);
            let whole = Rect::new(x as u16, y as u16, TILE_SIDE_PX, TILE_SIDE_PX);
            whole.intersection(self.size.rect())
        })
    }

    /// The pixels of `rect`, which lies in one tile, that are not covered, as rectangles that do
    /// not overlap. `None` if that takes more than 16.
    pub fn open_parts(&self, rect: Rect) -> Option<Vec<Rect>> {
        let mut parts: Vec<Rect> = Vec::new();
        let Some((tile, part)) = self.tiles_of(rect).next() else { return Some(parts) };
        let Some(mask) = self.tiles[tile].as_deref() else { return Some(vec![part]) };
        // Those of the row above, which go on where the row is like it.
        let mut above = (0, 0);
        for (y, row) in (part.y..).zip(&mask[rows(part)]) {
            let open = !row & bits(part);
            if open == above.0 {
                parts[above.1..].iter_mut().for_each(|part| part.height += 1);
                continue;
            }
            above = (open, parts.len());
            let mut rest = open;
            while rest != 0 {
                let first = rest.trailing_zeros();
                let count = (rest >> first).trailing_ones();
                rest &= !ones(first as u16, count as u16);
                let x = part.x - part.x % TILE_SIDE_PX + first as u16;
                parts.push(Rect::new(x, y, count as u16, 1));
            }
            if parts.len() > OPEN_PARTS_MAX {
                return None;
            }
        }
        Some(parts)
    }

    /// Around what both cover, in whole tiles. `None` if that is nothing, or they are about
    /// surfaces of different sizes.
    pub fn overlap(&self, other: &Self) -> Option<Rect> {
        if self.size != other.size {
            return None;
        }
        let shares = |tile: &Rect| {
            let tile = usize::from(tile.y) / SIDE * self.columns + usize::from(tile.x) / SIDE;
            let pair = self.tiles[tile].as_deref().zip(other.tiles[tile].as_deref());
            pair.is_some_and(|(one, other)| one.iter().zip(other).any(|(a, b)| a & b != 0))
        };
        self.tiles().filter(shares).reduce(Rect::union)
    }

    /// Covers `rect`; what reaches past the surface is cut off.
    pub fn cover(&mut self, rect: Rect) {
        for (tile, part) in self.tiles_of(rect).collect::<Vec<_>>() {
            let mask = self.tiles[tile].get_or_insert_with(|| Box::new([0; SIDE]));
            mask[rows(part)].iter_mut().for_each(|row| *row |= bits(part));
        }
    }

    /// `rect` is not covered any more; what reaches past the surface is cut off.
    pub fn uncover(&mut self, rect: Rect) {
        for (_, part) in self.tiles_of(rect).collect::<Vec<_>>() {
            (part.y..part.y + part.height).for_each(|y| {
                self.open(part.x, y, part.width);
            });
        }
    }

    /// `width` pixels of row `y` from column `x` on are drawn. They lie in one tile and within
    /// the surface. The answer is the first and the end of those that were covered, from `x`.
    pub(crate) fn open(&mut self, x: u16, y: u16, width: u16) -> Option<(u16, u16)> {
        let tile = usize::from(y) / SIDE * self.columns + usize::from(x) / SIDE;
        let mask = self.tiles[tile].as_deref_mut()?;
        let row = &mut mask[usize::from(y) % SIDE];
        let hit = *row & ones(x % TILE_SIDE_PX, width);
        if hit == 0 {
            return None;
        }
        *row &= !hit;
        if *row == 0 && mask.iter().all(|row| *row == 0) {
            self.tiles[tile] = None;
            self.opened[tile] = true;
        }
        let first = hit.trailing_zeros() as u16 - x % TILE_SIDE_PX;
        let end = (u64::BITS - hit.leading_zeros()) as u16 - x % TILE_SIDE_PX;
        Some((first, end))
    }

    /// Pixels move from `source` to `target`, a rectangle of the same size. True if some of them
    /// were covered: then all of the target is, and torn, because a part of it would tell little.
    pub(crate) fn carry(&mut self, source: Rect, target: Rect) -> bool {
        let is_covered = self.tiles_of(source).any(|(tile, part)| {
            let rows = self.tiles[tile].as_deref().map(|mask| &mask[rows(part)]);
            rows.is_some_and(|rows| rows.iter().any(|row| row & bits(part) != 0))
        });
        if is_covered {
            self.cover(target);
            self.torn = Some(self.torn.map_or(target, |torn| torn.union(target)));
            return true;
        }
        self.uncover(target);
        false
    }

    /// See [`crate::Surface::take_torn`].
    pub(crate) fn take_torn(&mut self) -> Option<Rect> {
        self.torn.take()
    }

    /// Somebody has looked. False: there is nothing left to know.
    pub(crate) fn clear_changes(&mut self) -> bool {
        self.opened.fill(false);
        self.torn.is_some() || self.tiles.iter().any(Option::is_some)
    }

    /// The tiles that `rect` touches, and the part of `rect` in each.
    fn tiles_of(&self, rect: Rect) -> impl Iterator<Item = (usize, Rect)> + use<> {
        let columns = self.columns;
        let cut = rect.intersection(self.size.rect()).unwrap_or_default();
        let range = |from: u16, end: u32| {
            let from = usize::from(from) / SIDE;
            from..if cut.is_empty() { from } else { (end as usize).div_ceil(SIDE) }
        };
        let (across, down) = (range(cut.x, cut.right()), range(cut.y, cut.bottom()));
        down.flat_map(move |row| across.clone().map(move |column| (column, row))).filter_map(
            move |(column, row)| {
                let (x, y) = ((column * SIDE) as u16, (row * SIDE) as u16);
                let part = Rect::new(x, y, TILE_SIDE_PX, TILE_SIDE_PX).intersection(cut)?;
                Some((row * columns + column, part))
            },
        )
    }
}

/// Which bits of a tile's rows lie in `part`, a rectangle in one tile.
const fn bits(part: Rect) -> u64 {
    ones(part.x % TILE_SIDE_PX, part.width)
}

/// Which rows of a tile lie in `part`, a rectangle in one tile.
fn rows(part: Rect) -> Range<usize> {
    let first = usize::from(part.y) % SIDE;
    first..first + usize::from(part.height)
}

#[cfg(test)]
#[path = "veil_tests.rs"]
mod tests;
