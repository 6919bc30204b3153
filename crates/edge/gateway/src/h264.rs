//! The operator's H.264 library, lent to drivers whose remotes send H.264.

use porthole_rdp::{H264Decoder, H264Fault, OpenDecoder, YuvPicture};
use porthole_tiles::video::{VideoCodec, VideoDecoder};

/// Makes decoders of `codec`.
pub(crate) fn open_decoder(codec: &VideoCodec) -> OpenDecoder {
    let codec = codec.clone();
    OpenDecoder::new(move || {
        let decoder = VideoDecoder::new(&codec).map_err(|error| H264Fault(error.to_string()))?;
        Ok(Box::new(Decoder(decoder)))
    })
}

struct Decoder(VideoDecoder);

impl H264Decoder for Decoder {
    fn decode(
        &mut self,
        annex_b: &[u8],
        show: &mut dyn FnMut(&YuvPicture<'_>),
    ) -> Result<(), H264Fault> {
        let decoded = self.0.decode(annex_b, |picture| {
            let [y, u, v] = picture.planes;
            let [luma_stride, chroma_stride] = picture.strides;
            show(&YuvPicture { size: picture.size, y, u, v, luma_stride, chroma_stride });
        });
        decoded.map_err(|error| H264Fault(error.to_string()))
    }
}
