//! H.264 pictures in 4:2:0, as RGB.

use porthole_pixels::{BYTES_PER_PIXEL, Rect};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgba};

use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;
use crate::graphics_pipeline::h264::YuvPicture;

/// Rows converted at a time: even, and few enough to stay in the cache.
const BAND_ROWS: u16 = 16;

/// Stores the part of `picture` that lies in `rect`. What the picture does not have is left.
/// The picture [is whole](YuvPicture::is_whole).
pub(crate) fn draw(
    picture: &YuvPicture<'_>,
    rect: Rect,
    canvas: &mut Canvas<'_>,
    scratch: &mut Vec<u8>,
) -> Result<(), GraphicsError> {
    canvas.check(rect)?;
    let Some(rect) = rect.intersection(picture.size.rect()) else { return Ok(()) };
    // Colours are shared by two columns and two rows, so that conversion starts at even ones.
    let (left, top) = (rect.x & !1, rect.y & !1);
    let skipped = usize::from(rect.x - left) * BYTES_PER_PIXEL;
    let width = rect.width + (rect.x - left);
    let stride = usize::from(width) * BYTES_PER_PIXEL;
    let bottom = rect.y + rect.height;
    let mut y = top;
    while y < bottom {
        let height = BAND_ROWS.min(bottom - y);
        scratch.resize(stride * usize::from(height), 0);
        let band = Rect::new(left, y, width, height);
        convert(picture, band, scratch).ok_or(GraphicsError::Short { message: "a picture" })?;
        for (y, row) in (y..).zip(scratch.chunks_exact(stride)) {
            if y >= rect.y {
                canvas.store_row(rect.x, y, row.get(skipped..).unwrap_or_default());
            }
        }
        y += height;
    }
    Ok(())
}

/// Converts `band`, which begins at an even column and row.
fn convert(picture: &YuvPicture<'_>, band: Rect, rgba: &mut [u8]) -> Option<()> {
    let (x, y) = (usize::from(band.x), usize::from(band.y));
    let chroma = y / 2 * picture.chroma_stride + x / 2;
    let image = YuvPlanarImage {
        y_plane: picture.y.get(y * picture.luma_stride + x..)?,
        y_stride: picture.luma_stride.try_into().ok()?,
        u_plane: picture.u.get(chroma..)?,
        u_stride: picture.chroma_stride.try_into().ok()?,
        v_plane: picture.v.get(chroma..)?,
        v_stride: picture.chroma_stride.try_into().ok()?,
        width: band.width.into(),
        height: band.height.into(),
    };
    let stride = u32::from(band.width) * BYTES_PER_PIXEL as u32;
    yuv420_to_rgba(&image, rgba, stride, YuvRange::Full, YuvStandardMatrix::Bt709).ok()
}
