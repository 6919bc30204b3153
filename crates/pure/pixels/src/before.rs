//! The picture as it was before the current changes, kept tile by tile.

use crate::{BYTES_PER_PIXEL, Rect, Size, Surface, TILE_SIDE_PX};

/// In place of a start: the tile is as the surface has it.
const UNSAVED: u32 = u32::MAX;

const SIDE: usize = TILE_SIDE_PX as usize;

/// Rectangles whose old pixels nobody has seen, at most.
const LOST_MAX: usize = 64;

/// The old pixels of each tile that changed, saved right before its first change.
///
/// INVARIANT: `pixels` never holds more than the surface does, since a tile is saved once.
#[derive(Debug, Clone)]
pub(crate) struct Undo {
    size: Size,
    columns: usize,
    /// For each tile, which pixel of `pixels` is its first, or [`UNSAVED`].
    starts: Vec<u32>,
    /// Saved tiles one after the other, each of them row-major without gaps.
    pixels: Vec<u8>,
    /// Where what was there before was painted over without having been decoded.
    lost: Vec<Rect>,
}

impl Undo {
    /// Nothing changed yet, on a surface of `size`. Takes four bytes a tile.
    pub(crate) fn new(size: Size) -> Self {
        let columns = usize::from(size.width.div_ceil(TILE_SIDE_PX));
        let rows = usize::from(size.height.div_ceil(TILE_SIDE_PX));
        let starts = vec![UNSAVED; columns * rows];
        Self { size, columns, starts, pixels: Vec::new(), lost: Vec::new() }
    }

    /// Whether no tile changed.
    pub(crate) const fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Forgets all tiles; keeps the memory for the next ones.
    pub(crate) fn clear(&mut self) {
        self.lost.clear();
        if !self.is_empty() {
            self.starts.fill(UNSAVED);
            self.pixels.clear();
        }
    }

    /// Gives back the memory of saved pixels. Only while no tile is saved.
    pub(crate) fn release(&mut self) {
        self.pixels = Vec::new();
    }

    /// The tile that holds the pixel at (`x`, `y`) is about to change. `picture` is the whole
    /// surface.
    pub(crate) fn save_at(&mut self, picture: &[u8], x: u16, y: u16) {
        let (column, row) = (usize::from(x / TILE_SIDE_PX), usize::from(y / TILE_SIDE_PX));
        if self.starts[row * self.columns + column] == UNSAVED {
            self.save(picture, column, row);
        }
    }

    /// All tiles that `rect` touches are about to change. `rect` lies within the surface.
    pub(crate) fn save_within(&mut self, picture: &[u8], rect: Rect) {
        if rect.is_empty() {
            return;
        }
        for row in usize::from(rect.y) / SIDE..=(rect.bottom() as usize - 1) / SIDE {
            for column in usize::from(rect.x) / SIDE..=(rect.right() as usize - 1) / SIDE {
                if self.starts[row * self.columns + column] == UNSAVED {
                    self.save(picture, column, row);
                }
            }
        }
    }

    /// The old pixels of `rect` will never be known. False when that is so of too much.
    pub(crate) fn lose(&mut self, rect: Rect) -> bool {
        self.lost.push(rect);
        self.lost.len() <= LOST_MAX
    }

    /// The old pixels of `rect`, which lies within the surface, turn out to be `rgba`: rows
    /// without gaps.
    pub(crate) fn amend(&mut self, rect: Rect, rgba: &[u8]) {
        let row_len = usize::from(rect.width) * BYTES_PER_PIXEL;
        for (y, row) in (usize::from(rect.y)..).zip(rgba.chunks_exact(row_len.max(1))) {
            let mut x = usize::from(rect.x);
            let mut rest = row;
            while !rest.is_empty() {
                let (column, skipped) = (x / SIDE, x % SIDE);
                let width = self.tile_width(column);
                let (piece, after) =
                    rest.split_at(rest.len().min((width - skipped) * BYTES_PER_PIXEL));
                let start = self.starts[y / SIDE * self.columns + column];
                if start != UNSAVED {
                    let at = (start as usize + y % SIDE * width + skipped) * BYTES_PER_PIXEL;
                    self.pixels[at..at + piece.len()].copy_from_slice(piece);
                }
                x += width - skipped;
                rest = after;
            }
        }
    }

    /// Whether the pixels of row `y` from column `x` on, `bytes` of them, are known.
    fn is_known(&self, x: u16, y: u16, bytes: usize) -> bool {
        if self.lost.is_empty() {
            return true;
        }
        let width = u16::try_from(bytes / BYTES_PER_PIXEL).unwrap_or(u16::MAX);
        let run = Rect::new(x, y, width, 1);
        !self.lost.iter().any(|lost| lost.intersection(run).is_some())
    }

    #[cold]
    fn save(&mut self, picture: &[u8], column: usize, row: usize) {
        if self.pixels.capacity() == 0 {
            // All at once, so that nothing is moved later. It is no memory before it is written.
            self.pixels.reserve_exact(self.size.area() as usize * BYTES_PER_PIXEL);
        }
        // At most SURFACE_PIXELS_MAX, which is less than UNSAVED.
        self.starts[row * self.columns + column] = (self.pixels.len() / BYTES_PER_PIXEL) as u32;
        let stride = usize::from(self.size.width) * BYTES_PER_PIXEL;
        let len = self.tile_width(column) * BYTES_PER_PIXEL;
        let height = (usize::from(self.size.height) - row * SIDE).min(SIDE);
        let first = row * SIDE * stride + column * SIDE * BYTES_PER_PIXEL;
        for y in 0..height {
            let start = first + y * stride;
            self.pixels.extend_from_slice(&picture[start..start + len]);
        }
    }

    /// Columns of pixels in the tiles of `column`; those of the last may be narrower.
    fn tile_width(&self, column: usize) -> usize {
        usize::from(self.size.width).saturating_sub(column * SIDE).min(SIDE)
    }

    /// The saved pixels of tile column `column` in row `y`, both on the surface.
    fn segment(&self, column: usize, y: u16) -> Option<&[u8]> {
        let start = self.starts[usize::from(y) / SIDE * self.columns + column];
        if start == UNSAVED {
            return None;
        }
        let width = self.tile_width(column);
        let start = (start as usize + usize::from(y) % SIDE * width) * BYTES_PER_PIXEL;
        Some(&self.pixels[start..start + width * BYTES_PER_PIXEL])
    }
}

/// The picture as it was when [`Surface::clear_changes`] was last called.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    surface: &'a Surface,
    undo: &'a Undo,
}

impl<'a> Before<'a> {
    pub(crate) const fn new(surface: &'a Surface, undo: &'a Undo) -> Self {
        Self { surface, undo }
    }

    /// Columns and rows: those of the surface.
    pub const fn size(self) -> Size {
        self.undo.size
    }

    /// The pixels of tile column `column` in row `y`: four bytes each, 64 of them but for the
    /// last column, which may be narrower. Empty outside the picture. What was covered and
    /// painted over unseen is still older here, so it is good for a guess only.
    pub fn segment(self, column: usize, y: u16) -> &'a [u8] {
        if column >= self.undo.columns || y >= self.undo.size.height {
            return &[];
        }
        self.undo.segment(column, y).unwrap_or_else(|| {
            // The column is one of the grid, so neither its corner nor its width is cut.
            let x = (column * SIDE) as u16;
            self.surface.row(Rect::new(x, y, self.undo.tile_width(column) as u16, 1), 0)
        })
    }

    /// Copies row `y` from column `x` on into `out`, as far as both reach. The number of bytes
    /// copied: 4 a pixel, 0 outside the picture, and 0 when some of it is not known, because it
    /// was covered and painted over unseen.
    pub fn read_row(self, x: u16, y: u16, out: &mut [u8]) -> usize {
        if !self.undo.is_known(x, y, out.len()) {
            return 0;
        }
        let mut done = 0;
        for segment in self.segments(x, y) {
            let len = segment.len().min(out.len() - done);
            out[done..done + len].copy_from_slice(&segment[..len]);
            done += len;
            if done == out.len() {
                break;
            }
        }
        done
    }

    /// Whether row `y` holds `pixels`, four bytes each, from column `x` on. Not when they reach
    /// past the picture, nor when some of it is not known.
    pub fn row_is(self, x: u16, y: u16, pixels: &[u8]) -> bool {
        if !self.undo.is_known(x, y, pixels.len()) {
            return false;
        }
        let mut rest = pixels;
        for segment in self.segments(x, y) {
            let (here, after) = rest.split_at(rest.len().min(segment.len()));
            if here != &segment[..here.len()] {
                return false;
            }
            rest = after;
            if rest.is_empty() {
                return true;
            }
        }
        rest.is_empty()
    }

    /// Row `y` from column `x` on, in pieces that each lie in one tile.
    fn segments(self, x: u16, y: u16) -> impl Iterator<Item = &'a [u8]> {
        let first = usize::from(x) / SIDE;
        let skipped = usize::from(x) % SIDE * BYTES_PER_PIXEL;
        (first..self.undo.columns).map(move |column| {
            let skipped = if column == first { skipped } else { 0 };
            self.segment(column, y).get(skipped..).unwrap_or(&[])
        })
    }
}

#[cfg(test)]
#[path = "before_tests.rs"]
mod tests;
