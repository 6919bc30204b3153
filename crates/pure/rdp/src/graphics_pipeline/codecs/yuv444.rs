//! H.264 pictures in 4:4:4: two in 4:2:0 put together (`[MS-RDPEGFX]` 3.3.8.3.2, 3.3.8.3.3).

use ironrdp_egfx::avc444::{Avc444Layout, Yuv444Frame};
use ironrdp_egfx::decode::Yuv420Frame;
use ironrdp_pdu::geometry::ExclusiveRectangle;
use porthole_pixels::{Rect, Size};

use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;
use crate::graphics_pipeline::h264::YuvPicture;

/// Sides of H.264's macroblocks.
const MACROBLOCK_PX: u16 = 16;

/// How the second picture holds the colours that the first leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChromaLayout {
    /// `RDPGFX_CODECID_AVC444`.
    Rows,
    /// `RDPGFX_CODECID_AVC444v2`.
    Columns,
}

/// A picture of a surface that both kinds of pictures have a part in: three bytes a pixel.
pub(crate) struct Yuv444 {
    frame: Yuv444Frame,
}

impl Yuv444 {
    /// Black, for a surface of `size`.
    pub(crate) fn new(size: Size) -> Self {
        Self { frame: Yuv444Frame::new(size.width, size.height) }
    }

    /// Takes brightness, and the colours of two by two pixels together, within `rects`.
    pub(crate) fn apply_main(
        &mut self,
        picture: &YuvPicture<'_>,
        rects: &[Rect],
    ) -> Result<(), GraphicsError> {
        self.frame.apply_main_view(&view(picture)?, &edges(rects));
        Ok(())
    }

    /// Takes the other colours within `rects`.
    pub(crate) fn apply_auxiliary(
        &mut self,
        layout: ChromaLayout,
        picture: &YuvPicture<'_>,
        rects: &[Rect],
    ) -> Result<(), GraphicsError> {
        let (layout, view) = match layout {
            ChromaLayout::Rows => (Avc444Layout::V1, view(picture)?),
            ChromaLayout::Columns => (Avc444Layout::V2, halves_in_macroblocks(picture)?),
        };
        self.frame.apply_auxiliary_view(layout, &view, &edges(rects));
        Ok(())
    }
}

/// Stores the part of `picture` that lies in `rect`.
pub(crate) fn draw(
    picture: &Yuv444,
    rect: Rect,
    canvas: &mut Canvas<'_>,
) -> Result<(), GraphicsError> {
    canvas.check(rect)?;
    // A row at a time: the whole would be a copy as large as the surface.
    for y in rect.y..rect.y.saturating_add(rect.height) {
        let row = Rect::new(rect.x, y, rect.width, 1);
        canvas.store_row(rect.x, y, &picture.frame.to_rgba(&edges_of(row)));
    }
    Ok(())
}

/// `picture`, in whose rows U has the left half and V the right one (`[MS-RDPEGFX]` 3.3.8.3.3), as
/// wide as its macroblocks. The halves are those of the picture's own width, which the encoder may
/// have cut to the surface's, as `FreeRDP`'s does; the library takes them to be those of whole
/// macroblocks.
fn halves_in_macroblocks(picture: &YuvPicture<'_>) -> Result<Yuv420Frame, GraphicsError> {
    let Size { width, height } = picture.size;
    let whole = width.checked_next_multiple_of(MACROBLOCK_PX).filter(|whole| *whole != width);
    let Some(whole) = whole else { return view(picture) };
    let luma = (usize::from(width), usize::from(whole));
    let chroma = (usize::from(width.div_ceil(2)), usize::from(whole / 2));
    let y = widen_halves(picture.y, picture.luma_stride, luma);
    let u = widen_halves(picture.u, picture.chroma_stride, chroma);
    let v = widen_halves(picture.v, picture.chroma_stride, chroma);
    Yuv420Frame::new(whole, height, y, luma.1, u, v, chroma.1)
        .map_err(|error| GraphicsError::codec("H.264", error))
}

/// Rows of `from` bytes as rows of `to`, both halves of each from where it began.
fn widen_halves(plane: &[u8], stride: usize, (from, to): (usize, usize)) -> Vec<u8> {
    let mut wide = Vec::with_capacity(plane.len() / stride.max(1) * to);
    for row in plane.chunks(stride.max(1)).filter_map(|row| row.get(..from)) {
        let (left, right) = row.split_at(from / 2);
        for half in [left, right] {
            wide.extend_from_slice(half);
            wide.resize(wide.len() + (to / 2).saturating_sub(half.len()), 0);
        }
    }
    wide
}

/// The picture [is whole](YuvPicture::is_whole).
fn view(picture: &YuvPicture<'_>) -> Result<Yuv420Frame, GraphicsError> {
    let Size { width, height } = picture.size;
    let planes = [picture.y, picture.u, picture.v].map(<[u8]>::to_vec);
    let [y, u, v] = planes;
    Yuv420Frame::new(width, height, y, picture.luma_stride, u, v, picture.chroma_stride)
        .map_err(|error| GraphicsError::codec("H.264", error))
}

fn edges(rects: &[Rect]) -> Vec<ExclusiveRectangle> {
    rects.iter().map(|rect| edges_of(*rect)).collect()
}

/// Rectangles lie within a surface, whose sides have 16 bits.
const fn edges_of(rect: Rect) -> ExclusiveRectangle {
    ExclusiveRectangle {
        left: rect.x,
        top: rect.y,
        right: rect.x.saturating_add(rect.width),
        bottom: rect.y.saturating_add(rect.height),
    }
}
