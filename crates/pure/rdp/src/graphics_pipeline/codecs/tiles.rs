//! Tiles of 64x64 pixels (`[MS-RDPRFX]` 3.1.8), shown only within a region.
//!
//! Samples are Y, Cb and Cr with five bits of fraction, Y less 128. IronRDP's own ends of this are
//! not used: one overflows on samples that no encoder makes, the other has no fraction, which
//! costs some decibels.

use ironrdp_graphics::{dwt, dwt_extrapolate};
use porthole_pixels::{BYTES_PER_PIXEL, Rect};

use crate::graphics_pipeline::canvas::Canvas;

/// Columns, and rows, of a tile.
pub(super) const TILE_SIDE: u16 = 64;

/// Samples of each component.
pub(super) const SAMPLES: usize = TILE_SIDE as usize * TILE_SIDE as usize;

/// Bits of a sample behind the point.
const FRACTION_BITS: u32 = 5;

/// A tile on its way from wavelets to pixels.
pub(super) struct TilePainter {
    /// [`SAMPLES`] each, as is the next.
    planes: [Vec<i16>; 3],
    scratch: Vec<i16>,
    /// R, G, B, 255.
    pixels: Vec<u8>,
}

impl TilePainter {
    /// Takes 40 KB.
    pub(super) fn new() -> Self {
        let plane = || vec![0; SAMPLES];
        Self { planes: [plane(), plane(), plane()], scratch: plane(), pixels: Vec::new() }
    }

    /// Where to put the wavelets of Y, Cb and Cr.
    pub(super) const fn planes(&mut self) -> &mut [Vec<i16>; 3] {
        &mut self.planes
    }

    /// What the planes show, row by row. `extrapolates` says which wavelets they are.
    pub(super) fn paint(&mut self, extrapolates: bool) -> &[u8] {
        let transform = if extrapolates { dwt_extrapolate::decode } else { dwt::decode };
        for plane in &mut self.planes {
            transform(plane, &mut self.scratch);
        }
        self.pixels.clear();
        let [y, cb, cr] = &self.planes;
        let samples = y.iter().zip(cb).zip(cr);
        self.pixels.extend(samples.flat_map(|((y, cb), cr)| pixel(*y, *cb, *cr)));
        &self.pixels
    }
}

/// `[MS-RDPRFX]` 3.1.8.1.3, the other way round, with factors times 65,536.
fn pixel(y: i16, cb: i16, cr: i16) -> [u8; BYTES_PER_PIXEL] {
    let (y, cb, cr) = (i64::from(y) + (128 << FRACTION_BITS), i64::from(cb), i64::from(cr));
    let round = |sum: i64| {
        let shift = 16 + FRACTION_BITS;
        let rounded = (sum + (1 << (shift - 1))) >> shift;
        // Clamped to what a byte holds.
        rounded.clamp(0, 255).unsigned_abs() as u8
    };
    let y = y << 16;
    [round(y + cr * 91_916), round(y - cb * 22_527 - cr * 46_819), round(y + cb * 115_992), u8::MAX]
}

/// The part of the canvas that the tile in this column and row of a grid from (`left`, `top`) on
/// covers; `None` when it is outside.
pub(super) fn tile_rect(
    (left, top): (u16, u16),
    (column, row): (u16, u16),
    canvas: &Canvas<'_>,
) -> Option<Rect> {
    let x = column.checked_mul(TILE_SIDE)?.checked_add(left)?;
    let y = row.checked_mul(TILE_SIDE)?.checked_add(top)?;
    Rect::new(x, y, TILE_SIDE, TILE_SIDE).intersection(canvas.size().rect())
}

/// Stores `part` of a tile whose pixels are R, G, B and anything and whose top left is that of
/// `whole`. `part` lies within it.
pub(super) fn store_part(whole: Rect, part: Rect, tile: &[u8], canvas: &mut Canvas<'_>) {
    let stride = usize::from(TILE_SIDE) * BYTES_PER_PIXEL;
    let skipped = usize::from(part.x - whole.x) * BYTES_PER_PIXEL;
    let len = usize::from(part.width) * BYTES_PER_PIXEL;
    let rows = tile.chunks_exact(stride).skip(usize::from(part.y - whole.y));
    for (y, row) in (part.y..).zip(rows.take(part.height.into())) {
        canvas.store_row(part.x, y, row.get(skipped..skipped + len).unwrap_or_default());
    }
}
