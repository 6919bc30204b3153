//! Planar (`[MS-RDPEGDI]` 2.2.2.5.1): each colour by itself, with run lengths, mostly without
//! loss.

use ironrdp_graphics::rdp6::BitmapStreamDecoder;
use porthole_pixels::Rect;

use crate::graphics::planar::{Planes, is_rgb};
use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;
use crate::graphics_pipeline::limits::SCRATCH_KEEP_MAX_BYTES;

/// Bytes of a decoded pixel: R, G, B.
const RGB_BYTES: usize = 3;

#[derive(Default)]
pub(super) struct Planar {
    decoder: BitmapStreamDecoder,
    /// What other models of colour come to, or the planes of this one.
    scratch: Vec<u8>,
    row: Vec<u8>,
}

impl Planar {
    pub(super) fn draw(
        &mut self,
        data: &[u8],
        rect: Rect,
        canvas: &mut Canvas<'_>,
    ) -> Result<(), GraphicsError> {
        let (width, height) = (usize::from(rect.width), usize::from(rect.height));
        if rect.is_empty() {
            return Ok(());
        }
        if is_rgb(data) {
            let planes = Planes::read(data, (width, height), &mut self.scratch)
                .map_err(|error| GraphicsError::codec("planar", error))?;
            for (line, y) in (rect.y..).take(height).enumerate() {
                if planes.weave(line * width, width, &mut self.row) {
                    canvas.store_row(rect.x, y, &self.row);
                }
            }
        } else {
            self.scratch.clear();
            self.decoder
                .decode_bitmap_stream_to_rgb24(data, &mut self.scratch, width, height)
                .map_err(|error| GraphicsError::codec("planar", error))?;
            let lines = self.scratch.chunks_exact(width * RGB_BYTES).take(height);
            for (y, rgb) in (rect.y..).zip(lines) {
                self.row.clear();
                let pixels = rgb.as_chunks().0.iter();
                self.row.extend(pixels.flat_map(|&[red, green, blue]| [red, green, blue, u8::MAX]));
                canvas.store_row(rect.x, y, &self.row);
            }
        }
        if self.scratch.capacity() > SCRATCH_KEEP_MAX_BYTES {
            *self = Self::default();
        }
        Ok(())
    }
}
