//! What a vector explains, pixel by pixel.

use porthole_pixels::{BYTES_PER_PIXEL, Copy, Damage, Point, Rect, TILE_SIDE_PX};

use super::arena::Arena;
use super::rectangles::{Cell, Cells, Grid};
use super::{FOUND_COPIES_MAX, Found, Pictures, Vector};

/// A copy must save so many pixels of damage; less is sent sooner than explained.
const GAIN_MIN_PX: u32 = 2048;

/// Most rectangles that one vector is split into.
const RECTS_MAX: usize = 8;

/// Compares all of an arena, and covers what moved with few rectangles.
#[derive(Debug, Default)]
pub(super) struct Verifier {
    grid: Grid,
    row: Vec<u8>,
}

impl Verifier {
    /// Appends to `found` what moved by `vector`, where `left` is the damage that `found` does
    /// not explain yet.
    pub(super) fn verify(
        &mut self,
        pictures: Pictures<'_>,
        arena: &Arena,
        left: &Damage,
        vector: Vector,
        found: &mut Vec<Found>,
    ) {
        self.grid.start(arena, left);
        for known in found.iter() {
            self.grid.take(known.copy.target);
        }
        self.compare(pictures, arena, vector);
        for _ in 0..RECTS_MAX {
            if found.len() >= FOUND_COPIES_MAX {
                return;
            }
            let Some((cells, gain_px)) = self.grid.best().filter(|best| best.1 >= GAIN_MIN_PX)
            else {
                return;
            };
            self.grid.take_cells(&cells);
            let target = trimmed(self.widened(pictures, arena, &cells, vector), left);
            if let Some((x, y)) = vector.source(target.x, target.y) {
                found.push(Found { copy: Copy { source: Point { x, y }, target }, gain_px });
            }
        }
    }

    /// Marks which pieces of tile rows moved.
    fn compare(&mut self, pictures: Pictures<'_>, arena: &Arena, vector: Vector) {
        for y in arena.rows() {
            for (column, cell) in arena.columns().zip(self.grid.row_mut(y)) {
                if *cell == Cell::Differs {
                    let pixels = pictures.segment(column, y);
                    if pictures.moved(vector, column * TILE_SIDE_PX, y, pixels) {
                        *cell = Cell::Moved;
                    }
                }
            }
        }
    }

    /// The rectangle of `cells`, with as many columns of pixels on either side as moved too: the
    /// edges of panes and windows are not those of tiles.
    fn widened(
        &mut self,
        pictures: Pictures<'_>,
        arena: &Arena,
        cells: &Cells,
        vector: Vector,
    ) -> Rect {
        let width = pictures.new.size().width;
        let end = cells.columns.end.saturating_mul(TILE_SIDE_PX).min(width);
        let mut target = Rect {
            x: cells.columns.start * TILE_SIDE_PX,
            y: cells.rows.start,
            width: end - cells.columns.start * TILE_SIDE_PX,
            height: cells.rows.end - cells.rows.start,
        };
        let room = TILE_SIDE_PX - 1;
        if cells.columns.start > arena.columns().start {
            let source_x = i32::from(target.x) - vector.dx;
            // Neither is negative, since the cells moved from within the picture.
            let room = room.min(target.x).min(u16::try_from(source_x).unwrap_or(0));
            let grown = self.grown(pictures, vector, target, target.x - room, room, true);
            target.x -= grown;
            target.width += grown;
        }
        if cells.columns.end < arena.columns().end {
            let source_end = i32::from(end) - vector.dx;
            let source_room = u16::try_from(i32::from(width) - source_end).unwrap_or(0);
            let room = (width - end).min(source_room).min(room);
            target.width += self.grown(pictures, vector, target, end, room, false);
        }
        target
    }

    /// How many of the `room` columns from `x` on moved in all rows of `target`, counted from
    /// their right or their left.
    fn grown(
        &mut self,
        pictures: Pictures<'_>,
        vector: Vector,
        target: Rect,
        x: u16,
        room: u16,
        is_from_right: bool,
    ) -> u16 {
        let mut grown = usize::from(room);
        self.row.resize(grown * BYTES_PER_PIXEL, 0);
        for y in target.y..target.y + target.height {
            let Some((source_x, source_y)) = vector.source(x, y).filter(|_| grown > 0) else {
                return 0;
            };
            let len = pictures.old.read_row(source_x, source_y, &mut self.row);
            let new = pictures.new.row(Rect::new(x, y, room, 1), 0).as_chunks::<4>().0.iter();
            let pairs = new.zip(self.row[..len].as_chunks::<4>().0);
            let is_same = |(new, old): &(&[u8; 4], &[u8; 4])| new == old;
            let same = if is_from_right {
                pairs.rev().take(grown).take_while(is_same).count()
            } else {
                pairs.take(grown).take_while(is_same).count()
            };
            grown = grown.min(same);
        }
        grown as u16
    }
}

/// The part of `target` around what is damaged in it. What is left and right of a pane is often
/// blank, so that it seems to move both with the pane and with the one beside it.
fn trimmed(target: Rect, damage: &Damage) -> Rect {
    damage.iter_within(target).fold(Rect::default(), Rect::union)
}
