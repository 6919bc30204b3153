//! JPEG bodies by libjpeg-turbo.

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::pixels::Pixels;
use crate::{JpegSettings, Subsampling, TilesError};

/// A compressor and the memory it writes to.
#[derive(Debug)]
pub(crate) struct JpegEncoder {
    compressor: Compressor,
    /// The latest file. Its length is what was ever needed; only the start is in use.
    out: Vec<u8>,
}

impl JpegEncoder {
    pub(crate) fn new() -> Result<Self, TilesError> {
        Ok(Self { compressor: Compressor::new().map_err(fault)?, out: Vec::new() })
    }

    /// One JPEG file, read straight from the rows as they lie.
    pub(crate) fn encode(
        &mut self,
        pixels: Pixels<'_>,
        settings: JpegSettings,
    ) -> Result<&[u8], TilesError> {
        let subsampling = match settings.subsampling {
            Subsampling::S444 => Subsamp::None,
            Subsampling::S422 => Subsamp::Sub2x1,
            Subsampling::S420 => Subsamp::Sub2x2,
        };
        let (width, height) = (pixels.width(), usize::from(pixels.size().height));
        let worst_bytes =
            turbojpeg::compressed_buf_len(width, height, subsampling).map_err(fault)?;
        if self.out.len() < worst_bytes {
            self.out.resize(worst_bytes, 0);
        }
        self.compressor.set_quality(settings.quality.clamp(1, 100).into()).map_err(fault)?;
        self.compressor.set_subsamp(subsampling).map_err(fault)?;
        let image = Image {
            pixels: pixels.bytes(),
            width,
            pitch: pixels.stride_bytes(),
            height,
            format: PixelFormat::RGBA,
        };
        let len = self.compressor.compress_to_slice(image, &mut self.out).map_err(fault)?;
        Ok(&self.out[..len])
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` wants")]
fn fault(error: turbojpeg::Error) -> TilesError {
    TilesError::Jpeg { reason: error.to_string() }
}
