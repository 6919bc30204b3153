//! What can be wrong with a picture's shape.

use crate::{Rect, Size};

/// A rectangle or size that cannot be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PixelsError {
    /// A surface larger than we are willing to hold.
    #[error("a desktop of {} x {} pixels is over the limit of {side_max_px} a side and {pixels_max} in all", size.width, size.height)]
    TooLarge {
        /// What was asked for.
        size: Size,
        /// Longest side, in pixels.
        side_max_px: u16,
        /// Most pixels.
        pixels_max: u32,
    },
    /// A rectangle that reaches past its surface.
    #[error("rectangle {rect} reaches past the desktop of {} x {} pixels", size.width, size.height)]
    Outside {
        /// The rectangle.
        rect: Rect,
        /// The surface it should fit in.
        size: Size,
    },
}
