//! JPEG by a decoder in plain Rust, for builds without a C toolchain.

use porthole_pixels::{SURFACE_SIDE_MAX_PX, Size};
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{broken, check_size};
use crate::RfbError;
use crate::encodings::tight::rgba_len;
use crate::limits::JPEG_SCANS_MAX;

/// Has nothing to keep.
#[derive(Debug, Default)]
pub(crate) struct JpegDecoder;

impl JpegDecoder {
    /// Decodes `file` into `pixels`: `4 * width * height` bytes, R, G, B and anything.
    ///
    /// # Errors
    ///
    /// It is not a JPEG file, or not of `size`.
    #[allow(clippy::unused_self, reason = "libjpeg-turbo's decoder has state")]
    pub(crate) fn decode(
        &mut self,
        file: &[u8],
        size: Size,
        pixels: &mut Vec<u8>,
    ) -> Result<(), RfbError> {
        let options = DecoderOptions::default()
            .jpeg_set_out_colorspace(ColorSpace::RGBA)
            .jpeg_set_max_scans(JPEG_SCANS_MAX as usize)
            .set_max_width(SURFACE_SIDE_MAX_PX.into())
            .set_max_height(SURFACE_SIDE_MAX_PX.into())
            .set_strict_mode(false);
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(file), options);
        decoder.decode_headers().map_err(|error| broken(&error))?;
        let image = decoder.dimensions().unwrap_or_default();
        check_size(image, size)?;
        pixels.resize(rgba_len(size.area()), 0);
        decoder.decode_into(pixels).map_err(|error| broken(&error))
    }
}
