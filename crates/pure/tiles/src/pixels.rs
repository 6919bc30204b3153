//! A rectangle of pixels, wherever its rows lie.

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Rect, Size, Surface};

/// Rows of pixels, borrowed from a surface or a snapshot.
///
/// INVARIANT: `bytes` holds `stride * (height - 1) + 4 * width` bytes or more, and neither
/// side is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixels<'a> {
    bytes: &'a [u8],
    stride_bytes: usize,
    size: Size,
}

impl<'a> Pixels<'a> {
    /// `None` when `rect` is empty or reaches past the surface.
    pub(crate) fn of_surface(surface: &'a Surface, rect: Rect) -> Option<Self> {
        if rect.is_empty() || !rect.fits(surface.size()) {
            return None;
        }
        let (bytes, stride_bytes) = (surface.bytes_from(rect), surface.stride_bytes());
        Some(Self { bytes, stride_bytes, size: rect.size() })
    }

    /// `None` when `bytes` is not `4 * width * height` bytes, or empty.
    pub(crate) fn of_rows(bytes: &'a [u8], size: Size) -> Option<Self> {
        let stride_bytes = usize::from(size.width) * BYTES_PER_PIXEL;
        (!bytes.is_empty() && bytes.len() == stride_bytes * usize::from(size.height))
            .then_some(Self { bytes, stride_bytes, size })
    }

    pub(crate) const fn size(self) -> Size {
        self.size
    }

    pub(crate) fn width(self) -> usize {
        self.size.width.into()
    }

    pub(crate) fn area(self) -> usize {
        self.size.area() as usize
    }

    /// From the first pixel on, with `stride_bytes` from one row to the next; what lies
    /// between the rows belongs to others.
    pub(crate) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) const fn stride_bytes(self) -> usize {
        self.stride_bytes
    }

    /// Each row, top to bottom.
    pub(crate) fn rows(self) -> impl ExactSizeIterator<Item = &'a [Pixel]> {
        let row_bytes = self.width() * BYTES_PER_PIXEL;
        self.bytes
            .chunks(self.stride_bytes)
            .take(self.size.height.into())
            .map(move |row| row[..row_bytes].as_chunks().0)
    }

    /// Row `y`, counted from the top of the rectangle.
    #[cfg(not(feature = "turbojpeg"))]
    pub(crate) fn row(self, y: u16) -> &'a [Pixel] {
        let start = usize::from(y) * self.stride_bytes;
        self.bytes[start..start + self.width() * BYTES_PER_PIXEL].as_chunks().0
    }

    /// The first pixel, if every other one is like it.
    pub(crate) fn solid(self) -> Option<Pixel> {
        let first = *self.rows().next()?.first()?;
        self.rows().all(|row| is_uniform(row, first)).then_some(first)
    }
}

/// Whether every pixel of `row` is `colour`. Comparing a row with itself, one pixel on, is a
/// comparison of memory, which runs at the speed of the cache.
fn is_uniform(row: &[Pixel], colour: Pixel) -> bool {
    row.first().is_none_or(|first| *first == colour)
        && row.get(1..).is_none_or(|rest| *rest == row[..row.len() - 1])
}
