//! JPEG files inside Tight rectangles.
//!
//! libjpeg-turbo decodes them, or, without the feature `turbojpeg`, a decoder in plain Rust.

#[cfg(feature = "turbojpeg")]
mod turbo;
#[cfg(any(test, not(feature = "turbojpeg")))]
mod zune;

use porthole_pixels::Size;
use porthole_wire::text;
#[cfg(feature = "turbojpeg")]
pub(super) use turbo::JpegDecoder;
#[cfg(not(feature = "turbojpeg"))]
pub(super) use zune::JpegDecoder;

use crate::RfbError;

const NAME: &str = "JPEG";

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
