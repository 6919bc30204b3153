//! H.264 pictures in 4:4:4: two in 4:2:0 put together (`[MS-RDPEGFX]` 3.3.8.3.2, 3.3.8.3.3).

use ironrdp_egfx::avc444::{Avc444Layout, Yuv444Frame};
use ironrdp_egfx::decode::Yuv420Frame;
use ironrdp_pdu::geometry::ExclusiveRectangle;
use porthole_pixels::{Rect, Size};

use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;
use crate::graphics_pipeline::h264::YuvPicture;

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
        let layout = match layout {
            ChromaLayout::Rows => Avc444Layout::V1,
            ChromaLayout::Columns => Avc444Layout::V2,
        };
        self.frame.apply_auxiliary_view(layout, &view(picture)?, &edges(rects));
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
