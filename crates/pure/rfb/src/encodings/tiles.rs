//! A rectangle cut into square tiles, left to right and top to bottom, as Hextile, TRLE and
//! ZRLE do.

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Rect, Surface};

/// Walks the tiles of a rectangle.
#[derive(Debug)]
pub(super) struct Tiles {
    rect: Rect,
    side: u16,
    /// The current tile's corner, from the rectangle's.
    x: u16,
    y: u16,
}

impl Tiles {
    pub(super) const fn new(rect: Rect, side: u16) -> Self {
        Self { rect, side, x: 0, y: 0 }
    }

    /// Where the current tile is on the surface. `None` once all are done.
    pub(super) fn current(&self) -> Option<Rect> {
        let width = self.rect.width.saturating_sub(self.x).min(self.side);
        let height = self.rect.height.saturating_sub(self.y).min(self.side);
        // The rectangle lies in a surface, so neither sum can overflow while a pixel is left.
        (width > 0 && height > 0).then(|| Rect {
            x: self.rect.x.saturating_add(self.x),
            y: self.rect.y.saturating_add(self.y),
            width,
            height,
        })
    }

    /// The current tile is done.
    pub(super) fn advance(&mut self) {
        self.x = self.x.saturating_add(self.side);
        if self.x >= self.rect.width {
            self.x = 0;
            self.y = self.y.saturating_add(self.side);
        }
    }
}

/// Stores `pixels`, `4 * width * height` bytes, as the tile `rect`.
pub(super) fn store_tile(surface: &mut Surface, rect: Rect, pixels: &[u8]) {
    let row_len = (usize::from(rect.width) * BYTES_PER_PIXEL).max(1);
    for (y, row) in (rect.y..).zip(pixels.chunks_exact(row_len).take(rect.height.into())) {
        surface.store_row(rect.x, y, row);
    }
}

/// Makes `pixels` a tile of `rect`'s size in one colour.
pub(super) fn fill_tile(pixels: &mut Vec<u8>, rect: Rect, colour: Pixel) {
    pixels.clear();
    pixels.resize(rect.area() as usize * BYTES_PER_PIXEL, 0);
    pixels.as_chunks_mut().0.fill(colour);
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Rect;

    use super::Tiles;

    #[test]
    fn the_last_tiles_are_smaller() {
        let mut tiles = Tiles::new(Rect::new(5, 6, 17, 18), 16);
        let mut seen = Vec::new();
        while let Some(tile) = tiles.current() {
            seen.push(tile);
            tiles.advance();
        }
        let want = [
            Rect::new(5, 6, 16, 16),
            Rect::new(21, 6, 1, 16),
            Rect::new(5, 22, 16, 2),
            Rect::new(21, 22, 1, 2),
        ];
        assert_eq!(seen, want);
    }

    #[test]
    fn an_empty_rectangle_has_no_tiles() {
        assert_eq!(Tiles::new(Rect::new(1, 1, 0, 5), 16).current(), None);
        assert_eq!(Tiles::new(Rect::new(1, 1, 5, 0), 16).current(), None);
    }
}
