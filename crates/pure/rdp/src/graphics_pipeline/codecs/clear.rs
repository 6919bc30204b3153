//! `ClearCodec` (`[MS-RDPEGFX]` 2.2.4.1): text and user interfaces without loss.

use ironrdp_graphics::clearcodec::ClearCodecDecoder;
use porthole_pixels::{BYTES_PER_PIXEL, Rect};

use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;

/// Its caches are a megabyte and a half even when empty, so that they wait until they are needed.
#[derive(Default)]
pub(super) struct Clear {
    decoder: Option<Box<ClearCodecDecoder>>,
}

impl Clear {
    pub(super) fn draw(
        &mut self,
        data: &[u8],
        rect: Rect,
        canvas: &mut Canvas<'_>,
    ) -> Result<(), GraphicsError> {
        let decoder = self.decoder.get_or_insert_with(|| Box::new(ClearCodecDecoder::new()));
        let bgra = decoder.decode(data, rect.width, rect.height);
        let bgra = bgra.map_err(|error| GraphicsError::codec("ClearCodec", error))?;
        let stride = (usize::from(rect.width) * BYTES_PER_PIXEL).max(1);
        for (y, row) in (rect.y..).zip(bgra.chunks_exact(stride).take(rect.height.into())) {
            draw_row(rect.x, y, row, canvas);
        }
        Ok(())
    }
}

/// Stores what any layer of the picture covers: there alpha is not 0. A picture without the
/// first layer leaves the rest as it is.
fn draw_row(mut x: u16, y: u16, row: &[u8], canvas: &mut Canvas<'_>) {
    let pixels: &[[u8; BYTES_PER_PIXEL]] = row.as_chunks().0;
    for run in pixels.chunk_by(|[.., a], [.., b]| (*a == 0) == (*b == 0)) {
        if run.first().is_some_and(|[.., alpha]| *alpha != 0) {
            canvas.store_row_bgrx(x, y, run.as_flattened());
        }
        // A row is no wider than a rectangle.
        x = x.saturating_add(run.len() as u16);
    }
}
