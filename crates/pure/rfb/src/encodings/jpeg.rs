//! JPEG files inside Tight rectangles.
//!
//! libjpeg-turbo decodes them, or, without the feature `turbojpeg`, a decoder in plain Rust. A
//! large one of the plain kind is handed on as it is, and decoded when somebody looks.

mod header;
#[cfg(feature = "turbojpeg")]
mod turbo;
#[cfg(any(test, not(feature = "turbojpeg")))]
mod zune;

use porthole_pixels::{Size, Surface};
use porthole_wire::text;
#[cfg(feature = "turbojpeg")]
pub(super) use turbo::JpegDecoder;
#[cfg(not(feature = "turbojpeg"))]
pub(super) use zune::JpegDecoder;

use self::header::is_plain;
use crate::RfbError;
use crate::limits::COVER_PIXELS_MIN;

const NAME: &str = "JPEG";

/// Whether `file` can be handed on as a cover of its rectangle, and is worth it.
pub(super) fn may_cover(file: &[u8], rect: Size) -> bool {
    rect.area() >= COVER_PIXELS_MIN && is_plain(file, rect)
}

/// Decodes a file that was handed on: a [`porthole_pixels::CoverDecode`].
#[cfg_attr(
    not(feature = "turbojpeg"),
    expect(clippy::default_constructed_unit_structs, reason = "libjpeg-turbo's decoder has state")
)]
pub(super) fn decode_cover(file: &[u8], size: Size, pixels: &mut Vec<u8>) -> Result<(), String> {
    JpegDecoder::default().decode(file, size, pixels).map_err(|error| match error {
        RfbError::Image { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// Tells of a cover that did not decode.
///
/// # Errors
///
/// [`RfbError::Image`] when there was one.
pub(crate) fn check_covers(surface: &mut Surface) -> Result<(), RfbError> {
    match surface.take_cover_fault() {
        Some(reason) => Err(RfbError::Image { encoding: NAME, reason }),
        None => Ok(()),
    }
}

/// Refuses an image of another size than its rectangle, before it is decoded.
fn check_size(image: (usize, usize), rect: Size) -> Result<(), RfbError> {
    if image == (rect.width.into(), rect.height.into()) {
        Ok(())
    } else {
        Err(RfbError::ImageSize { encoding: NAME, image, rect })
    }
}

fn broken(error: &impl ToString) -> RfbError {
    RfbError::Image { encoding: NAME, reason: text(error.to_string().as_bytes()) }
}

#[cfg(test)]
#[path = "jpeg/jpeg_tests.rs"]
mod tests;
