//! Bitmap updates (`[MS-RDPBCGR]` 2.2.9.1.1.3.1.2): rectangles, packed with interleaved run-length
//! encoding (`[MS-RDPBCGR]` 3.1.9) or in planes (`[MS-RDPEGDI]` 3.1.9), or not packed.
//!
//! | bytes | content                                                       |
//! |-------|---------------------------------------------------------------|
//! | 8     | left, top, right, bottom; the last two are inside              |
//! | 4     | columns and rows of the bitmap, which may reach further        |
//! | 2     | bits of a pixel                                               |
//! | 2     | flags                                                         |
//! | 2     | bytes that follow                                             |
//! | 8     | sizes, when packed and not flagged as absent; of no use to us |
//! | rest  | pixels, the lowest row first                                  |

use ironrdp_graphics::rle;
use porthole_pixels::{Rect, Size, Surface};
use porthole_wire::Reader;

use super::planar::{self, Planes};
use super::rows::{Form, Lines, visible};
use super::{Budget, Graphics, Target};
use crate::RdpError;

const PACKED: u16 = 0x0001;
const NO_SIZES: u16 = 0x0400;

/// How many columns a bitmap may have more than the desktop: rows are padded.
const PADDING_MAX_PX: u16 = 64;

const SHORT: RdpError = RdpError::Short { message: "bitmap update" };

/// One rectangle's header.
struct Bitmap<'a> {
    rect: Rect,
    size: Size,
    bits: u16,
    is_packed: bool,
    data: &'a [u8],
}

pub(super) fn draw(
    graphics: &mut Graphics,
    update: &[u8],
    surface: &mut Surface,
) -> Result<(), RdpError> {
    let mut input = Reader::new(update);
    let mut budget = Budget::new(surface.size());
    let count = input.u16_le().ok_or(SHORT)?;
    for _ in 0..count {
        let bitmap = read(&mut input)?;
        let desktop = surface.size();
        let width_max = desktop.width.saturating_add(PADDING_MAX_PX);
        RdpError::check_limit("bitmap width", bitmap.size.width, width_max)?;
        let height_max = desktop.height.saturating_add(PADDING_MAX_PX);
        RdpError::check_limit("bitmap height", bitmap.size.height, height_max)?;
        budget.spend(bitmap.size.area())?;
        draw_one(graphics, &bitmap, surface)?;
    }
    Ok(())
}

fn read<'a>(input: &mut Reader<'a>) -> Result<Bitmap<'a>, RdpError> {
    let mut field = || input.u16_le().ok_or(SHORT);
    let [left, top, right, bottom] = [field()?, field()?, field()?, field()?];
    let size = Size::new(field()?, field()?);
    let [bits, flags, len] = [field()?, field()?, field()?];
    let mut data = Reader::new(input.take(len.into()).ok_or(SHORT)?);
    if flags & PACKED != 0 && flags & NO_SIZES == 0 {
        data.take(8).ok_or(SHORT)?;
    }
    // Both edges are inside.
    let side = |near: u16, far: u16, most: u16| {
        let side = far.checked_sub(near).map(|side| side.saturating_add(1));
        side.map(|side| side.min(most))
            .ok_or(RdpError::BadField { field: "bitmap edge", value: far.into() })
    };
    let rect =
        Rect::new(left, top, side(left, right, size.width)?, side(top, bottom, size.height)?);
    Ok(Bitmap { rect, size, bits, is_packed: flags & PACKED != 0, data: data.take_rest() })
}

fn draw_one(
    Graphics { planar: other_planar, palette, scratch, row, .. }: &mut Graphics,
    bitmap: &Bitmap<'_>,
    surface: &mut Surface,
) -> Result<(), RdpError> {
    let form = match bitmap.bits {
        8 => Form::Indexed(palette.colors()),
        15 => Form::Rgb555,
        16 => Form::Rgb565,
        24 => Form::Bgr24,
        32 if bitmap.is_packed => Form::Rgb24,
        32 => Form::Bgrx32,
        other => {
            return Err(RdpError::BadField { field: "bitsPerPixel", value: other.into() });
        }
    };
    let (width, height) = (usize::from(bitmap.size.width), usize::from(bitmap.size.height));
    let row_bytes = width * form.bytes_per_pixel();
    let Some(rect) = visible(bitmap.rect, surface) else { return Ok(()) };
    let mut target = Target { surface, row };
    let lines = |stride| Lines { stride, rows: height, is_bottom_up: true };
    if !bitmap.is_packed {
        // Rows are padded to whole words.
        let stride = row_bytes.next_multiple_of(4);
        let needed = stride * height;
        if bitmap.data.len() < needed.saturating_sub(stride - row_bytes) {
            return Err(RdpError::Short { message: "uncompressed bitmap" });
        }
        target.store(rect, bitmap.data, form, lines(stride));
        return Ok(());
    }
    if bitmap.bits == 32 && planar::is_rgb(bitmap.data) {
        let planes = Planes::read(bitmap.data, (width, height), scratch)?;
        target.store_planes(rect, planes);
        return Ok(());
    }
    scratch.clear();
    if bitmap.bits == 32 {
        other_planar
            .decode_bitmap_stream_to_rgb24(bitmap.data, scratch, width, height)
            .map_err(|error| RdpError::corrupt("a planar bitmap", &error))?;
    } else {
        rle::decompress(bitmap.data, scratch, width, height, bitmap.bits.into())
            .map_err(|error| RdpError::corrupt("a run-length encoded bitmap", &error))?;
    }
    target.store(rect, scratch, form, lines(row_bytes));
    Ok(())
}

#[cfg(test)]
#[path = "bitmap_tests.rs"]
mod tests;
