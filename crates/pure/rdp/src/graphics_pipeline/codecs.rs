//! Stop 3 of the pixel path: the codecs that need no decoder from outside.

mod clear;
mod planar;
mod progressive;
mod remote_fx;
mod tiles;
mod yuv420;
mod yuv444;

use porthole_pixels::{BYTES_PER_PIXEL, Rect};

use super::budget::Budget;
use super::canvas::Canvas;
use super::error::GraphicsError;
pub(crate) use progressive::PROGRESSIVE;
pub(crate) use yuv420::draw as draw_yuv420;
pub(crate) use yuv444::{ChromaLayout, Yuv444, draw as draw_yuv444};

/// `RDPGFX_CODECID_UNCOMPRESSED`.
const UNCOMPRESSED: u16 = 0x00;
/// `RDPGFX_CODECID_CAVIDEO`.
const REMOTE_FX: u16 = 0x03;
/// `RDPGFX_CODECID_CLEARCODEC`.
const CLEAR: u16 = 0x08;
/// `RDPGFX_CODECID_PLANAR`.
const PLANAR: u16 = 0x0a;
/// `RDPGFX_CODECID_ALPHA`: how much of a surface's colours shows on a window. We show all.
const ALPHA: u16 = 0x0c;

/// What the codecs remember from one picture to the next.
#[derive(Default)]
pub(crate) struct Codecs {
    clear: clear::Clear,
    planar: planar::Planar,
    progressive: progressive::Progressive,
    remote_fx: remote_fx::RemoteFx,
}

impl Codecs {
    /// Draws a picture of `rect`, which lies within the canvas.
    ///
    /// # Errors
    ///
    /// The data does not decode, or there is no such codec.
    pub(crate) fn draw(
        &mut self,
        codec: u16,
        data: &[u8],
        rect: Rect,
        canvas: &mut Canvas<'_>,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        canvas.check(rect)?;
        budget.spend(rect.area())?;
        match codec {
            UNCOMPRESSED => draw_uncompressed(data, rect, canvas),
            REMOTE_FX => self.remote_fx.draw(data, rect, canvas, budget),
            CLEAR => self.clear.draw(data, rect, canvas),
            PLANAR => self.planar.draw(data, rect, canvas),
            ALPHA => Ok(()),
            _ => Err(GraphicsError::CodecNotAgreed { codec }),
        }
    }

    /// Draws what [`PROGRESSIVE`] data holds on surface `id`.
    ///
    /// # Errors
    ///
    /// The data does not decode.
    pub(crate) fn draw_progressive(
        &mut self,
        id: u16,
        data: &[u8],
        canvas: &mut Canvas<'_>,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        self.progressive.draw(id, data, canvas, budget)
    }

    /// A frame ended.
    pub(crate) fn end_frame(&mut self) {
        self.progressive.end_frame();
    }

    /// Surface `id` is no more, or another.
    pub(crate) fn forget_surface(&mut self, id: u16) {
        self.progressive.forget_surface(id);
    }
}

/// Rows of B, G, R and anything, without gaps.
fn draw_uncompressed(
    data: &[u8],
    rect: Rect,
    canvas: &mut Canvas<'_>,
) -> Result<(), GraphicsError> {
    let len = rect.area() as usize * BYTES_PER_PIXEL;
    if data.len() < len {
        return Err(GraphicsError::Short { message: "an uncompressed picture" });
    }
    let stride = (usize::from(rect.width) * BYTES_PER_PIXEL).max(1);
    for (y, row) in (rect.y..).zip(data.chunks_exact(stride).take(rect.height.into())) {
        canvas.store_row_bgrx(rect.x, y, row);
    }
    Ok(())
}

#[cfg(test)]
#[path = "codecs/codecs_tests.rs"]
mod tests;
