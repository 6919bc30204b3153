//! A grid of what moved, and the rectangles in it that explain most damage.

use std::ops::Range;

use porthole_pixels::{Damage, Rect, TILE_SIDE_PX};

use super::arena::Arena;

/// Lower rectangles are not worth a copy.
const ROWS_MIN: u16 = 16;

/// One row of one tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Cell {
    /// It did not move by the vector in question, as far as is known.
    #[default]
    Differs,
    /// It did.
    Moved,
    /// It is explained already.
    Taken,
}

/// A rectangle of cells: columns of tiles, and rows of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cells {
    pub(super) columns: Range<u16>,
    pub(super) rows: Range<u16>,
}

/// The cells of an arena.
#[derive(Debug, Default)]
pub(super) struct Grid {
    columns: Range<u16>,
    rows: Range<u16>,
    /// Row by row.
    cells: Vec<Cell>,
    /// Damaged pixels above and to the left of each cell's corner. One more column and row than
    /// there are cells.
    sums: Vec<u32>,
    heights: Vec<u16>,
    stack: Vec<(usize, u16)>,
}

impl Grid {
    /// Nothing moved yet, in the arena, of which `left` is to be explained.
    pub(super) fn start(&mut self, arena: &Arena, left: &Damage) {
        (self.columns, self.rows) = (arena.columns(), arena.rows());
        let (width, height) = (self.columns.len(), self.rows.len());
        self.cells.clear();
        self.cells.resize(width * height, Cell::default());
        self.sums.clear();
        self.sums.resize((width + 1) * (height + 1), 0);
        for (row, y) in self.rows.clone().enumerate() {
            let (above, below) = self.sums.split_at_mut((row + 1) * (width + 1));
            let above = &above[row * (width + 1)..];
            let mut damaged = 0;
            for (index, column) in self.columns.clone().enumerate() {
                let dirt = left.tile(column.into(), usize::from(y / TILE_SIDE_PX));
                let hit = dirt.filter(|dirt| dirt.y <= y && u32::from(y) < dirt.bottom());
                damaged += hit.map_or(0, |dirt| u32::from(dirt.width));
                below[index + 1] = above[index + 1] + damaged;
            }
        }
    }

    /// The cells of row `y`, which is one of the arena.
    pub(super) fn row_mut(&mut self, y: u16) -> &mut [Cell] {
        let start = usize::from(y - self.rows.start) * self.columns.len();
        &mut self.cells[start..start + self.columns.len()]
    }

    /// Cells that lie wholly in `target` are explained.
    pub(super) fn take(&mut self, target: Rect) {
        // The last column of a surface may be narrow; taking it too late only costs time.
        let end = target.right() / u32::from(TILE_SIDE_PX);
        let columns = target.x.div_ceil(TILE_SIDE_PX)..end as u16;
        let rows = target.y..target.y.saturating_add(target.height);
        self.take_cells(&Cells { columns, rows });
    }

    /// `cells` are explained.
    pub(super) fn take_cells(&mut self, cells: &Cells) {
        let first = cells.columns.start.max(self.columns.start);
        let end = cells.columns.end.min(self.columns.end);
        if first >= end {
            return;
        }
        let here = usize::from(first - self.columns.start)..usize::from(end - self.columns.start);
        let rows = cells.rows.start.max(self.rows.start)..cells.rows.end.min(self.rows.end);
        for y in rows {
            self.row_mut(y)[here.clone()].fill(Cell::Taken);
        }
    }

    /// The rectangle of moved cells in which most pixels are damaged, and how many those are.
    pub(super) fn best(&mut self) -> Option<(Cells, u32)> {
        let width = self.columns.len();
        let mut best: Option<(Cells, u32)> = None;
        let mut heights = std::mem::take(&mut self.heights);
        let mut stack = std::mem::take(&mut self.stack);
        heights.clear();
        heights.resize(width, 0);
        for row in 0..=self.rows.len() {
            let cells = self.cells.get(row * width..(row + 1) * width).unwrap_or(&[]);
            let moved = |index: usize| cells.get(index) == Some(&Cell::Moved);
            // A rectangle that could go on below is smaller than the one that does.
            let ends = |(index, height): (usize, &u16)| *height >= ROWS_MIN && !moved(index);
            if heights.iter().enumerate().any(ends) {
                self.best_above(row, &heights, &mut stack, &mut best);
            }
            for (index, height) in heights.iter_mut().enumerate() {
                *height = if moved(index) { *height + 1 } else { 0 };
            }
        }
        (self.heights, self.stack) = (heights, stack);
        best
    }

    /// Looks at all rectangles that end above `row`, given how far each column reaches up.
    fn best_above(
        &self,
        row: usize,
        heights: &[u16],
        stack: &mut Vec<(usize, u16)>,
        best: &mut Option<(Cells, u32)>,
    ) {
        stack.clear();
        for (index, height) in heights.iter().copied().chain([0]).enumerate() {
            let mut first = index;
            while let Some((start, tall)) = stack.pop_if(|(_, tall)| *tall >= height) {
                first = start;
                if tall < ROWS_MIN {
                    continue;
                }
                let gain = self.damaged_px(start..index, row - usize::from(tall)..row);
                if best.as_ref().is_none_or(|(_, most)| gain > *most) {
                    // All are within the arena, whose sides have 16 bits.
                    let bottom = self.rows.start + row as u16;
                    let columns =
                        self.columns.start + start as u16..self.columns.start + index as u16;
                    *best = Some((Cells { columns, rows: bottom - tall..bottom }, gain));
                }
            }
            stack.push((first, height));
        }
    }

    fn damaged_px(&self, columns: Range<usize>, rows: Range<usize>) -> u32 {
        let sum = |column: usize, row: usize| self.sums[row * (self.columns.len() + 1) + column];
        let right = sum(columns.end, rows.end) - sum(columns.end, rows.start);
        right - (sum(columns.start, rows.end) - sum(columns.start, rows.start))
    }
}
