//! A part's pixels, kept while the surface moves on.

use porthole_pixels::{BYTES_PER_PIXEL, Rect, Surface};

use crate::pixels::Pixels;
use crate::{Class, Part};

/// A copy of one part's pixels, so that it can be encoded on another thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    rect: Rect,
    class: Class,
    /// `4 * width * height` bytes; none for a solid part, whose class says it all.
    pixels: Vec<u8>,
}

impl Snapshot {
    /// Copies the pixels of `part`, at most 4 bytes of [`crate::PART_PIXELS_MAX`] pixels for a part
    /// of a plan. A part that reaches past the surface keeps no pixels and is refused when
    /// it is encoded.
    pub fn take(surface: &Surface, part: &Part) -> Self {
        let mut pixels = Vec::new();
        if !matches!(part.class, Class::Solid(_))
            && let Some(source) = Pixels::of_surface(surface, part.rect)
        {
            pixels.reserve_exact(source.area() * BYTES_PER_PIXEL);
            for row in source.rows() {
                pixels.extend_from_slice(row.as_flattened());
            }
        }
        Self { rect: part.rect, class: part.class, pixels }
    }

    /// Where the pixels are on the surface.
    pub const fn rect(&self) -> Rect {
        self.rect
    }

    /// What they look like.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Bytes of pixels held.
    pub const fn len_bytes(&self) -> usize {
        self.pixels.len()
    }

    pub(crate) fn pixels(&self) -> Option<Pixels<'_>> {
        Pixels::of_rows(&self.pixels, self.rect.size())
    }
}
