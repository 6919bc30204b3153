//! A remote's H.264, as pictures.

use std::fmt;

use openh264::decoder::{Decoder, DecoderConfig};
use openh264::formats::YUVSource as _;
use porthole_pixels::Size;

use super::codec::VideoCodec;
use crate::TilesError;

/// Decodes one stream: constrained baseline, main or high profile, 4:2:0 in 8 bits, without
/// reordering.
///
/// What it is given is parsed by the library, which is not written in Rust: give it no more of what
/// strangers sent than has to be decoded. Who calls it bounds the size of the pictures, because the
/// library holds up to seventeen of them.
pub struct VideoDecoder {
    decoder: Decoder,
}

/// A decoded picture, lent by its decoder: Y, U, V in 4:2:0.
#[derive(Clone, Copy)]
pub struct DecodedPicture<'a> {
    /// Columns and rows of the Y plane, cropped. U and V have half as many, rounded up.
    pub size: Size,
    /// Y, then U, then V.
    pub planes: [&'a [u8]; 3],
    /// Bytes from one row to the next: of Y, and of U and V.
    pub strides: [usize; 2],
}

impl VideoDecoder {
    /// A decoder for a new stream.
    ///
    /// # Errors
    ///
    /// [`TilesError::Video`] when the library cannot be loaded or does not start.
    pub fn new(codec: &VideoCodec) -> Result<Self, TilesError> {
        let decoder = Decoder::with_api_config(codec.api()?, DecoderConfig::new());
        Ok(Self { decoder: decoder.map_err(|error| fault(&error))? })
    }

    /// Decodes one access unit in Annex B form, and lends its picture to `show`, unless it is not
    /// complete yet.
    ///
    /// # Errors
    ///
    /// [`TilesError::Video`] when it does not decode. What follows decodes from the next picture on
    /// that needs none before it.
    pub fn decode(
        &mut self,
        annex_b: &[u8],
        show: impl FnOnce(DecodedPicture<'_>),
    ) -> Result<(), TilesError> {
        let Some(picture) = self.decoder.decode(annex_b).map_err(|error| fault(&error))? else {
            return Ok(());
        };
        let (width, height) = picture.dimensions();
        let side = |side: usize| {
            u16::try_from(side).map_err(|_too_large| TilesError::OverLimit {
                field: "side of a decoded picture",
                value: side as u64,
                limit: u16::MAX.into(),
            })
        };
        let (luma, chroma, _) = picture.strides();
        show(DecodedPicture {
            size: Size::new(side(width)?, side(height)?),
            planes: [picture.y(), picture.u(), picture.v()],
            strides: [luma, chroma],
        });
        Ok(())
    }
}

impl fmt::Debug for VideoDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VideoDecoder")
    }
}

fn fault(error: &openh264::Error) -> TilesError {
    TilesError::Video { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Rect, Size, Surface};

    use super::VideoDecoder;
    use crate::video::{VideoCodec, VideoDemand, VideoEncoder};

    const SIZE: Size = Size::new(64, 48);

    #[test]
    fn gives_each_picture_at_once() {
        let codec = VideoCodec::bundled().unwrap();
        let mut encoder = VideoEncoder::new(&codec, SIZE).unwrap();
        let mut decoder = VideoDecoder::new(&codec).unwrap();
        let mut surface = Surface::new(SIZE).unwrap();
        for luma in [20, 90, 200] {
            surface.fill(SIZE.rect(), [luma, luma, luma, 255]).unwrap();
            let demand = VideoDemand { target_bytes: 10_000, key: false };
            let chunk = encoder.encode_from(&surface, Rect::new(0, 0, 64, 48), demand).unwrap();
            let mut shown = None;
            decoder
                .decode(&chunk.unwrap().data, |picture| {
                    assert_eq!(picture.size, SIZE);
                    assert!(picture.strides[0] >= 64 && picture.strides[1] >= 32);
                    shown = picture.planes[0].get(24 * picture.strides[0] + 30).copied();
                })
                .unwrap();
            assert!(shown.unwrap().abs_diff(luma) < 4, "{shown:?}");
        }
        for broken in [&b"no start code"[..], &[], &[0, 0, 1, 0x65, 1, 2, 3]] {
            let mut shows = false;
            let _refused = decoder.decode(broken, |_| shows = true);
            assert!(!shows);
        }
    }
}
