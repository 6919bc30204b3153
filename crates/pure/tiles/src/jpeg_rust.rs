//! JPEG bodies by an encoder in Rust alone, for builds without a C compiler.

use jpeg_encoder::{ImageBuffer, JpegColorType, SamplingFactor, rgb_to_ycbcr};

use crate::pixels::Pixels;
use crate::{JpegSettings, Subsampling, TilesError};

/// The memory a file is written to.
#[derive(Debug)]
pub(crate) struct JpegEncoder {
    out: Vec<u8>,
}

impl JpegEncoder {
    #[expect(clippy::unnecessary_wraps, reason = "the other encoder's library may refuse")]
    pub(crate) const fn new() -> Result<Self, TilesError> {
        Ok(Self { out: Vec::new() })
    }

    /// One JPEG file, read straight from the rows as they lie.
    pub(crate) fn encode(
        &mut self,
        pixels: Pixels<'_>,
        settings: JpegSettings,
    ) -> Result<&[u8], TilesError> {
        self.out.clear();
        let mut encoder = jpeg_encoder::Encoder::new(&mut self.out, settings.quality.clamp(1, 100));
        encoder.set_sampling_factor(match settings.subsampling {
            Subsampling::S444 => SamplingFactor::F_1_1,
            Subsampling::S422 => SamplingFactor::F_2_1,
            Subsampling::S420 => SamplingFactor::F_2_2,
        });
        encoder
            .encode_image(Rows(pixels))
            .map_err(|error| TilesError::Jpeg { reason: error.to_string() })?;
        Ok(&self.out)
    }
}

/// Rows as the encoder asks for them.
struct Rows<'a>(Pixels<'a>);

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.0.size().width
    }

    fn height(&self) -> u16 {
        self.0.size().height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let [luma, blue_chroma, red_chroma, _] = buffers;
        for [red, green, blue, _] in self.0.row(y) {
            let (y, cb, cr) = rgb_to_ycbcr(*red, *green, *blue);
            luma.push(y);
            blue_chroma.push(cb);
            red_chroma.push(cr);
        }
    }
}
