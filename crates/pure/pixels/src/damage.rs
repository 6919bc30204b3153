//! Which pixels changed, on a grid of tiles.

use crate::{Rect, Size};

/// Side of a tile of the damage grid, in pixels.
pub const TILE_SIDE_PX: u16 = 64;

/// The part of one tile that changed, in pixels from the tile's corner; far edges are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dirt {
    left: u8,
    top: u8,
    right: u8,
    bottom: u8,
}

impl Dirt {
    /// Nothing changed. The edges are crossed, so that the first `add` sets them all.
    const CLEAN: Self = Self { left: u8::MAX, top: u8::MAX, right: 0, bottom: 0 };

    const fn is_clean(self) -> bool {
        self.right == 0
    }

    fn add(&mut self, other: Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
    }

    const fn contains(self, other: Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }
}

/// The changed part of a surface: for each 64x64 tile, the smallest rectangle around what
/// changed in it. Four bytes a tile, whatever happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    size: Size,
    columns: usize,
    tiles: Vec<Dirt>,
    dirty_count: usize,
}

impl Damage {
    /// Nothing changed, on a surface of `size`.
    pub fn clean(size: Size) -> Self {
        let columns = usize::from(size.width.div_ceil(TILE_SIDE_PX));
        let rows = usize::from(size.height.div_ceil(TILE_SIDE_PX));
        Self { size, columns, tiles: vec![Dirt::CLEAN; columns * rows], dirty_count: 0 }
    }

    /// Everything changed, on a surface of `size`.
    pub fn full(size: Size) -> Self {
        let mut damage = Self::clean(size);
        damage.add(size.rect());
        damage
    }

    /// The surface this is about.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Whether nothing changed.
    pub const fn is_clean(&self) -> bool {
        self.dirty_count == 0
    }

    /// How many tiles changed.
    pub const fn dirty_count(&self) -> usize {
        self.dirty_count
    }

    /// Columns and rows of the grid, in tiles.
    pub fn grid(&self) -> (usize, usize) {
        (self.columns, self.tiles.len().checked_div(self.columns).unwrap_or(0))
    }

    /// Marks `rect` as changed; what reaches past the surface is cut off.
    pub fn add(&mut self, rect: Rect) {
        self.for_each_part(rect, Self::add_dirt);
    }

    /// Marks `width` pixels of row `y` from column `x` on. They lie in one tile and within the
    /// surface, and are at least one.
    pub(crate) fn add_in_tile(&mut self, x: u16, y: u16, width: u16) {
        let column = usize::from(x / TILE_SIDE_PX);
        // Both are below 64, and the width is at most what is left of it.
        let (left, top) = ((x % TILE_SIDE_PX) as u8, (y % TILE_SIDE_PX) as u8);
        let dirt = Dirt { left, top, right: left + width as u8, bottom: top + 1 };
        self.add_dirt(usize::from(y / TILE_SIDE_PX) * self.columns + column, dirt);
    }

    /// Marks all that `other` marks. Does nothing unless both are about the same size.
    pub fn add_all(&mut self, other: &Self) {
        if self.size != other.size || other.is_clean() {
            return;
        }
        for (index, dirt) in other.tiles.iter().enumerate() {
            if !dirt.is_clean() {
                self.add_dirt(index, *dirt);
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if self.dirty_count > 0 {
            self.tiles.fill(Dirt::CLEAN);
            self.dirty_count = 0;
        }
    }

    /// Forgets, in each tile that `rect` touches, dirt that lies wholly inside `rect`.
    pub fn clear_within(&mut self, rect: Rect) {
        self.for_each_part(rect, |damage, index, part| {
            let dirt = damage.tiles[index];
            if !dirt.is_clean() && part.contains(dirt) {
                damage.tiles[index] = Dirt::CLEAN;
                damage.dirty_count -= 1;
            }
        });
    }

    /// Forgets what lies in any of `rects`, as far as one rectangle a tile can say it: each tile
    /// keeps the smallest rectangle around what is left of its own.
    pub fn subtract(&mut self, rects: &(impl Iterator<Item = Rect> + Clone)) {
        for index in 0..self.tiles.len() {
            let dirt = self.tiles[index];
            if dirt.is_clean() {
                continue;
            }
            let area = rect_of(index % self.columns, index / self.columns, dirt);
            let mut left = Remainder::new(area);
            rects.clone().for_each(|rect| left.subtract(rect));
            let tile = &mut self.tiles[index];
            *tile = left.around(*tile);
            self.dirty_count -= usize::from(tile.is_clean());
        }
    }

    /// The changed rectangle of the tile at (`column`, `row`) of the grid, in surface pixels.
    pub fn tile(&self, column: usize, row: usize) -> Option<Rect> {
        if column >= self.columns {
            return None;
        }
        let dirt = *self.tiles.get(row * self.columns + column)?;
        (!dirt.is_clean()).then(|| rect_of(column, row, dirt))
    }

    /// The changed rectangle of each changed tile, row by row.
    pub fn iter(&self) -> impl Iterator<Item = Rect> + '_ {
        let columns = self.columns.max(1);
        self.tiles
            .iter()
            .enumerate()
            .filter(|(_, dirt)| !dirt.is_clean())
            .map(move |(index, dirt)| rect_of(index % columns, index / columns, *dirt))
    }

    /// The changed rectangles of the tiles that `rect` touches, each cut to `rect`.
    pub fn iter_within(&self, rect: Rect) -> impl Iterator<Item = Rect> + '_ {
        let side = usize::from(TILE_SIDE_PX);
        let (columns, rows) = self.grid();
        let row_range =
            usize::from(rect.y) / side..rows.min((rect.bottom() as usize).div_ceil(side));
        let column_range =
            usize::from(rect.x) / side..columns.min((rect.right() as usize).div_ceil(side));
        row_range
            .flat_map(move |row| column_range.clone().map(move |column| (column, row)))
            .filter_map(move |(column, row)| self.tile(column, row)?.intersection(rect))
    }

    /// Marks part of one tile. The caller has cut `dirt` to the surface.
    fn add_dirt(&mut self, index: usize, dirt: Dirt) {
        let tile = &mut self.tiles[index];
        self.dirty_count += usize::from(tile.is_clean());
        tile.add(dirt);
    }

    /// Calls `act` with each tile that `rect` touches and the part of that tile it covers.
    fn for_each_part(&mut self, rect: Rect, mut act: impl FnMut(&mut Self, usize, Dirt)) {
        let Some(rect) = rect.intersection(self.size.rect()) else { return };
        let side = u32::from(TILE_SIDE_PX);
        for row in u32::from(rect.y) / side..=(rect.bottom() - 1) / side {
            for column in u32::from(rect.x) / side..=(rect.right() - 1) / side {
                let (left, top) = (column * side, row * side);
                // Each difference is at most 64.
                let part = Dirt {
                    left: u32::from(rect.x).saturating_sub(left) as u8,
                    top: u32::from(rect.y).saturating_sub(top) as u8,
                    right: (rect.right() - left).min(side) as u8,
                    bottom: (rect.bottom() - top).min(side) as u8,
                };
                act(self, row as usize * self.columns + column as usize, part);
            }
        }
    }
}

/// What is left of a rectangle of at most 64x64 pixels, one bit a pixel.
struct Remainder {
    area: Rect,
    /// Bit 0 is the leftmost pixel. Absent until a part of the rectangle is taken away.
    rows: Option<[u64; TILE_SIDE_PX as usize]>,
    is_gone: bool,
}

impl Remainder {
    const fn new(area: Rect) -> Self {
        Self { area, rows: None, is_gone: false }
    }

    fn subtract(&mut self, rect: Rect) {
        let Some(part) = rect.intersection(self.area).filter(|_| !self.is_gone) else { return };
        if part == self.area {
            self.is_gone = true;
            return;
        }
        let rows = self.rows.get_or_insert_with(|| {
            let mut rows = [0; TILE_SIDE_PX as usize];
            rows[..self.area.height.into()].fill(ones(0, self.area.width));
            rows
        });
        let (x, y) = (part.x - self.area.x, usize::from(part.y - self.area.y));
        for row in &mut rows[y..y + usize::from(part.height)] {
            *row &= !ones(x, part.width);
        }
    }

    /// The smallest dirt around what is left, where all of it was `whole`.
    fn around(&self, whole: Dirt) -> Dirt {
        let Some(rows) = self.rows.as_ref().filter(|_| !self.is_gone) else {
            return if self.is_gone { Dirt::CLEAN } else { whole };
        };
        let any = rows.iter().fold(0, |any, row| any | row);
        let Some(first) = rows.iter().position(|row| *row != 0) else { return Dirt::CLEAN };
        let last = rows.iter().rposition(|row| *row != 0).unwrap_or(first);
        // All are below 64, and lie within the old dirt.
        Dirt {
            left: whole.left + any.trailing_zeros() as u8,
            top: whole.top + first as u8,
            right: whole.left + (u64::BITS - any.leading_zeros()) as u8,
            bottom: whole.top + last as u8 + 1,
        }
    }
}

/// `count` bits from bit `first` on: from 1 to 64, none of them past the last.
pub(crate) const fn ones(first: u16, count: u16) -> u64 {
    (u64::MAX >> (u64::BITS - count as u32)) << first
}

/// A tile's dirt in surface pixels. Tiles come from a grid over 16-bit sides, so it fits.
fn rect_of(column: usize, row: usize, dirt: Dirt) -> Rect {
    let side = usize::from(TILE_SIDE_PX);
    Rect {
        x: (column * side) as u16 + u16::from(dirt.left),
        y: (row * side) as u16 + u16::from(dirt.top),
        width: u16::from(dirt.right - dirt.left),
        height: u16::from(dirt.bottom - dirt.top),
    }
}

#[cfg(test)]
mod tests {
    use super::Damage;
    use crate::{Rect, Size};

    #[test]
    fn keeps_the_tightest_rectangle_of_each_tile() {
        let mut damage = Damage::clean(Size::new(200, 100));
        damage.add(Rect::new(60, 10, 10, 5));
        damage.add(Rect::new(70, 12, 1, 20));
        let tiles: Vec<Rect> = damage.iter().collect();
        assert_eq!(tiles, [Rect::new(60, 10, 4, 5), Rect::new(64, 10, 7, 22)]);
        assert_eq!(damage.dirty_count(), 2);
    }

    #[test]
    fn cuts_at_the_surface() {
        let mut damage = Damage::clean(Size::new(100, 70));
        damage.add(Rect::new(90, 60, u16::MAX, u16::MAX));
        let tiles: Vec<Rect> = damage.iter().collect();
        assert_eq!(tiles, [Rect::new(90, 60, 10, 4), Rect::new(90, 64, 10, 6)]);
        damage.add(Rect::new(500, 500, 4, 4));
        assert_eq!(damage.dirty_count(), 2);
    }

    #[test]
    fn clears_only_what_is_wholly_inside() {
        let mut damage = Damage::clean(Size::new(128, 64));
        damage.add(Rect::new(0, 0, 128, 64));
        damage.clear_within(Rect::new(0, 0, 100, 64));
        assert_eq!(damage.iter().collect::<Vec<_>>(), [Rect::new(64, 0, 64, 64)]);
        damage.clear_within(Rect::new(64, 0, 64, 64));
        assert!(damage.is_clean());
    }

    #[test]
    fn subtracts_what_a_rectangle_can_say() {
        let mut damage = Damage::clean(Size::new(128, 64));
        damage.add(Rect::new(2, 0, 126, 64));
        // A hole in the middle changes nothing; the second tile loses its left part.
        let hole = [Rect::new(10, 10, 20, 20), Rect::new(60, 0, 14, 64)];
        damage.subtract(&hole.into_iter());
        assert_eq!(
            damage.iter().collect::<Vec<_>>(),
            [Rect::new(2, 0, 58, 64), Rect::new(74, 0, 54, 64)]
        );
        // Together these cover all of the first tile but its last row, whatever their order.
        let quarters =
            [(10, 20), (30, 50), (0, 10), (19, 34)].map(|(y, end)| Rect::new(0, y, 64, end - y));
        damage.subtract(&quarters.into_iter().chain([Rect::new(0, 49, 70, 14)]));
        assert_eq!(
            damage.iter().collect::<Vec<_>>(),
            [Rect::new(2, 63, 58, 1), Rect::new(74, 0, 54, 64)]
        );
        damage.subtract(&[Rect::new(0, 60, 64, 4), Rect::new(64, 0, 64, 64)].into_iter());
        assert!(damage.is_clean());
    }

    #[test]
    fn an_empty_surface_has_no_tiles() {
        let mut damage = Damage::full(Size::default());
        damage.add(Rect::new(0, 0, 5, 5));
        assert!(damage.is_clean());
        assert_eq!(damage.iter_within(Rect::new(0, 0, 9, 9)).count(), 0);
    }

    #[test]
    fn merges() {
        let size = Size::new(128, 128);
        let (mut a, mut b) = (Damage::clean(size), Damage::clean(size));
        a.add(Rect::new(0, 0, 4, 4));
        b.add(Rect::new(8, 8, 4, 4));
        b.add(Rect::new(100, 100, 1, 1));
        a.add_all(&b);
        assert_eq!(
            a.iter().collect::<Vec<_>>(),
            [Rect::new(0, 0, 12, 12), Rect::new(100, 100, 1, 1)]
        );
        assert_eq!(
            a.iter_within(Rect::new(5, 5, 70, 70)).collect::<Vec<_>>(),
            [Rect::new(5, 5, 7, 7)]
        );
    }
}
