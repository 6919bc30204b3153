//! Where a search for moves is worth its time.

use porthole_pixels::{Damage, Rect, TILE_SIDE_PX};

/// Fewer damaged tiles are sent as they are: a few images cost less than a search.
const TILES_MIN: usize = 24;

/// Neighbouring damage that is not at least so wide and high is not a pane or a window.
const SIDE_MIN_PX: u16 = 128;

/// The damage that may have moved: its large connected pieces, and the rectangle around them.
#[derive(Debug, Clone)]
pub(super) struct Arena {
    /// Columns and rows of the damaged tiles, row by row; never empty.
    tiles: Vec<(u16, u16)>,
    /// Around their damage, in pixels.
    bounds: Rect,
}

impl Arena {
    /// `None` when there is too little damage to look at.
    pub(super) fn of(damage: &Damage) -> Option<Self> {
        if damage.dirty_count() < TILES_MIN {
            return None;
        }
        let (columns, rows) = damage.grid();
        let mut is_seen = vec![false; columns * rows];
        let mut tiles = Vec::with_capacity(damage.dirty_count());
        let mut bounds = Rect::default();
        for first in 0..is_seen.len() {
            if is_seen[first] || damage.tile(first % columns, first / columns).is_none() {
                continue;
            }
            let known = tiles.len();
            let piece = flood(damage, &mut is_seen, first, &mut tiles);
            if piece.width < SIDE_MIN_PX || piece.height < SIDE_MIN_PX {
                tiles.truncate(known);
            } else {
                bounds = bounds.union(piece);
            }
        }
        tiles.sort_unstable_by_key(|(column, row)| (*row, *column));
        (tiles.len() >= TILES_MIN).then_some(Self { tiles, bounds })
    }

    /// The columns of tiles that it touches.
    pub(super) fn columns(&self) -> std::ops::Range<u16> {
        // Within a surface, so the last column fits.
        self.bounds.x / TILE_SIDE_PX..self.bounds.right().div_ceil(TILE_SIDE_PX.into()) as u16
    }

    /// The rows of pixels.
    pub(super) const fn rows(&self) -> std::ops::Range<u16> {
        self.bounds.y..self.bounds.y + self.bounds.height
    }

    /// In tiles: the same for damage that differs only at its edges.
    pub(super) fn grid_rect(&self) -> Rect {
        let columns = self.columns();
        let rows = self.bounds.y / TILE_SIDE_PX..(self.rows().end - 1) / TILE_SIDE_PX + 1;
        Rect::new(columns.start, rows.start, columns.end - columns.start, rows.end - rows.start)
    }

    /// Columns and rows of at most `count` of its tiles, spread evenly.
    pub(super) fn sample(&self, count: usize) -> impl Iterator<Item = (u16, u16)> + '_ {
        spread(self.tiles.len(), count).map(|index| self.tiles[index])
    }

    /// At most `count` of the columns that have damaged tiles, spread evenly over the tiles.
    pub(super) fn sample_columns(&self, count: usize) -> impl Iterator<Item = u16> {
        let mut columns: Vec<u16> = self.tiles.iter().map(|(column, _)| *column).collect();
        columns.sort_unstable();
        columns.dedup();
        spread(columns.len(), count).map(move |index| columns[index])
    }
}

/// At most `count` of the numbers below `len`, each in the middle of its share.
fn spread(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(len);
    (0..count).map(move |index| (2 * index + 1) * len / (2 * count))
}

/// Appends the tiles that hang together with tile `first`; the rectangle around their damage.
fn flood(damage: &Damage, is_seen: &mut [bool], first: usize, tiles: &mut Vec<(u16, u16)>) -> Rect {
    let (columns, rows) = damage.grid();
    let mut bounds = Rect::default();
    let mut next = tiles.len();
    let mut visit = |column: usize, row: usize, tiles: &mut Vec<(u16, u16)>| {
        let index = row * columns + column;
        if !is_seen[index] && damage.tile(column, row).is_some() {
            is_seen[index] = true;
            // A grid has at most 256 columns and rows.
            tiles.push((column as u16, row as u16));
        }
    };
    visit(first % columns, first / columns, tiles);
    while let Some(&(column, row)) = tiles.get(next) {
        next += 1;
        let (column, row) = (usize::from(column), usize::from(row));
        bounds = bounds.union(damage.tile(column, row).unwrap_or_default());
        for row in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
            for column in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                visit(column, row, tiles);
            }
        }
    }
    bounds
}
