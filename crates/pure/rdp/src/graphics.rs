//! Stop 3 of the pixel path: messages to pixels in the surface.

mod bitmap;
mod palette;
pub(crate) mod planar;
mod remote_fx;
mod rows;
mod surface_commands;

use ironrdp_graphics::rdp6::BitmapStreamDecoder;
use porthole_pixels::{Size, Surface};

pub(crate) use self::surface_commands::Marker;
use crate::RdpError;
use crate::graphics::palette::Palette;
use crate::graphics::remote_fx::RemoteFx;
use crate::limits::{REPAINTS_MAX, SCRATCH_KEEP_MAX_BYTES};

/// What the decoders keep from one message to the next.
#[derive(Debug, Default)]
pub(crate) struct Graphics {
    planar: BitmapStreamDecoder,
    remote_fx: RemoteFx,
    palette: Palette,
    /// A bitmap that is unpacked.
    scratch: Vec<u8>,
    /// One row of it, as the surface takes it.
    row: Vec<u8>,
}

impl Graphics {
    /// Draws a bitmap update (`[MS-RDPBCGR]` 2.2.9.1.1.3.1.2), from its count of rectangles on.
    ///
    /// # Errors
    ///
    /// It breaks its format, or would paint far more than the desktop has.
    pub(crate) fn draw_bitmaps(
        &mut self,
        update: &[u8],
        surface: &mut Surface,
    ) -> Result<(), RdpError> {
        let result = bitmap::draw(self, update, surface);
        self.settle();
        result
    }

    /// Carries out surface commands (`[MS-RDPBCGR]` 2.2.9.1.2.1.10), and tells of the frames that
    /// begin and end among them.
    ///
    /// # Errors
    ///
    /// As for [`Self::draw_bitmaps`].
    pub(crate) fn draw_commands(
        &mut self,
        commands: &[u8],
        surface: &mut Surface,
        on_marker: &mut dyn FnMut(Marker),
    ) -> Result<(), RdpError> {
        let result = surface_commands::draw(self, commands, surface, on_marker);
        self.settle();
        result
    }

    /// Takes a palette (`[MS-RDPBCGR]` 2.2.9.1.1.3.1.1), from its padding on.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn set_palette(&mut self, update: &[u8]) -> Result<(), RdpError> {
        self.palette.set(update)
    }

    /// Gives back what one large message took.
    fn settle(&mut self) {
        if self.scratch.capacity() > SCRATCH_KEEP_MAX_BYTES {
            self.scratch = Vec::new();
        }
    }
}

/// What one message may still paint, in pixels.
#[derive(Debug)]
struct Budget {
    left: u64,
    limit: u64,
}

impl Budget {
    fn new(desktop: Size) -> Self {
        // Padding around many small rectangles is free.
        let limit = REPAINTS_MAX * u64::from(desktop.area()) + (1 << 20);
        Self { left: limit, limit }
    }

    fn spend(&mut self, pixels: impl Into<u64>) -> Result<(), RdpError> {
        let pixels = pixels.into();
        self.left = self.left.checked_sub(pixels).ok_or(RdpError::OverLimit {
            field: "pixels in one update",
            value: self.limit - self.left + pixels,
            limit: self.limit,
        })?;
        Ok(())
    }
}

/// Where decoders of rows put them.
struct Target<'a> {
    surface: &'a mut Surface,
    row: &'a mut Vec<u8>,
}
