//! The damage grid's tiles, by number.

use porthole_pixels::{Rect, Size, TILE_SIDE_PX};

/// Numbers the tiles of a picture row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Grid {
    size: Size,
    columns: usize,
    rows: usize,
}

impl Grid {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            size,
            columns: usize::from(size.width.div_ceil(TILE_SIDE_PX)),
            rows: usize::from(size.height.div_ceil(TILE_SIDE_PX)),
        }
    }

    /// How many tiles there are.
    pub(crate) const fn len(self) -> usize {
        self.columns * self.rows
    }

    /// The tile that the corner of `rect` lies in.
    pub(crate) fn at(self, rect: Rect) -> usize {
        usize::from(rect.y / TILE_SIDE_PX) * self.columns + usize::from(rect.x / TILE_SIDE_PX)
    }

    /// The tiles that `rect` touches, row by row.
    pub(crate) fn within(self, rect: Rect) -> impl Iterator<Item = usize> {
        let side = usize::from(TILE_SIDE_PX);
        let far = |edge: u32, most: usize| (edge as usize).div_ceil(side).min(most);
        let rows = usize::from(rect.y) / side..far(rect.bottom(), self.rows);
        let columns = usize::from(rect.x) / side..far(rect.right(), self.columns);
        let rows = if rect.is_empty() { 0..0 } else { rows };
        rows.flat_map(move |row| columns.clone().map(move |column| row * self.columns + column))
    }

    /// Column and row of a tile.
    pub(crate) fn place(self, tile: usize) -> (usize, usize) {
        let columns = self.columns.max(1);
        (tile % columns, tile / columns)
    }

    /// All of a tile that lies in the picture; empty for a number past the last.
    pub(crate) fn rect(self, tile: usize) -> Rect {
        let (column, row) = self.place(tile);
        let side = usize::from(TILE_SIDE_PX);
        let corner = |index: usize| u16::try_from(index * side).unwrap_or(u16::MAX);
        let whole = Rect::new(corner(column), corner(row), TILE_SIDE_PX, TILE_SIDE_PX);
        whole.intersection(self.size.rect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Rect, Size};

    use super::Grid;

    #[test]
    fn numbers_and_rectangles() {
        let grid = Grid::new(Size::new(130, 70));
        assert_eq!(grid.len(), 6);
        assert_eq!(grid.rect(0), Rect::new(0, 0, 64, 64));
        assert_eq!(grid.rect(5), Rect::new(128, 64, 2, 6));
        assert!(grid.rect(6).is_empty());
        assert_eq!(grid.at(Rect::new(129, 65, 1, 1)), 5);
        assert_eq!(grid.within(Rect::new(63, 0, 2, 65)).collect::<Vec<_>>(), [0, 1, 3, 4]);
        assert_eq!(grid.within(Rect::new(128, 64, 900, 900)).collect::<Vec<_>>(), [5]);
        assert_eq!(grid.within(Rect::default()).count(), 0);
        assert_eq!(Grid::default().len(), 0);
    }
}
