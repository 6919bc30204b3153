//! JPEG by libjpeg-turbo.

use std::fmt;

use porthole_pixels::{BYTES_PER_PIXEL, Size};
use turbojpeg::{Decompressor, Image, PixelFormat};

use super::{broken, check_size};
use crate::RfbError;
use crate::encodings::tight::rgba_len;
use crate::limits::JPEG_SCANS_MAX;

/// Made when the first file arrives, and then kept.
#[derive(Default)]
pub(crate) struct JpegDecoder {
    inner: Option<Decompressor>,
}

impl fmt::Debug for JpegDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JpegDecoder").field("is_used", &self.inner.is_some()).finish()
    }
}

impl JpegDecoder {
    /// Decodes `file` into `pixels`: `4 * width * height` bytes, R, G, B and anything.
    ///
    /// # Errors
    ///
    /// It is not a JPEG file, or not of `size`.
    pub(crate) fn decode(
        &mut self,
        file: &[u8],
        size: Size,
        pixels: &mut Vec<u8>,
    ) -> Result<(), RfbError> {
        let inner = match &mut self.inner {
            Some(inner) => inner,
            none => none.insert(new_decompressor().map_err(|error| broken(&error))?),
        };
        let header = inner.read_header(file).map_err(|error| broken(&error))?;
        check_size((header.width, header.height), size)?;
        pixels.resize(rgba_len(size.area()), 0);
        let image = Image {
            pixels: pixels.as_mut_slice(),
            width: header.width,
            pitch: header.width * BYTES_PER_PIXEL,
            height: header.height,
            format: PixelFormat::RGBX,
        };
        inner.decompress(file, image).map_err(|error| broken(&error))
    }
}

fn new_decompressor() -> turbojpeg::Result<Decompressor> {
    let mut inner = Decompressor::new()?;
    inner.set_scan_limit(JPEG_SCANS_MAX)?;
    Ok(inner)
}
