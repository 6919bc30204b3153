//! What decodes H.264, lent by whoever has a decoder.

use std::fmt;
use std::sync::Arc;

use porthole_pixels::Size;

/// One decoder of one H.264 stream.
pub trait H264Decoder: Send {
    /// Decodes one or more whole access units in Annex B form and lends the last picture to `show`,
    /// once, if there is one already.
    ///
    /// # Errors
    ///
    /// The stream does not decode. The decoder may be used again from a picture on that refers
    /// to no other.
    fn decode(
        &mut self,
        annex_b: &[u8],
        show: &mut dyn FnMut(&YuvPicture<'_>),
    ) -> Result<(), H264Fault>;
}

/// Makes decoders, one for each stream.
#[derive(Clone)]
pub struct OpenDecoder(Arc<dyn Fn() -> Result<Box<dyn H264Decoder>, H264Fault> + Send + Sync>);

impl OpenDecoder {
    /// `open` makes one.
    pub fn new(
        open: impl Fn() -> Result<Box<dyn H264Decoder>, H264Fault> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(open))
    }

    /// A decoder for a new stream.
    ///
    /// # Errors
    ///
    /// There is none to be had.
    pub(crate) fn open(&self) -> Result<Box<dyn H264Decoder>, H264Fault> {
        self.0()
    }
}

impl fmt::Debug for OpenDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenDecoder")
    }
}

/// Why a stream does not decode, in the decoder's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct H264Fault(pub String);

/// A decoded picture: Y, U, V in 4:2:0, full range, ITU-R BT.709 (`[MS-RDPEGFX]` 3.3.8.3.1).
#[derive(Clone, Copy)]
pub struct YuvPicture<'a> {
    /// Columns and rows of the Y plane. U and V have half as many, rounded up.
    pub size: Size,
    /// At least `luma_stride * rows` bytes.
    pub y: &'a [u8],
    /// At least `chroma_stride * rows` bytes.
    pub u: &'a [u8],
    /// As many.
    pub v: &'a [u8],
    /// Bytes from one row of Y to the next: at least as many as columns.
    pub luma_stride: usize,
    /// The same of U and V.
    pub chroma_stride: usize,
}

impl YuvPicture<'_> {
    /// Whether the planes are as large as the rest says.
    pub(crate) fn is_whole(&self) -> bool {
        let (width, height) = (usize::from(self.size.width), usize::from(self.size.height));
        let holds = |plane: &[u8], stride: usize, width: usize, height: usize| {
            stride >= width
                && stride.checked_mul(height).is_some_and(|len| len <= plane.len())
                && u32::try_from(stride).is_ok()
        };
        let chroma =
            |plane| holds(plane, self.chroma_stride, width.div_ceil(2), height.div_ceil(2));
        holds(self.y, self.luma_stride, width, height) && chroma(self.u) && chroma(self.v)
    }
}

impl fmt::Debug for YuvPicture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "YuvPicture({:?})", self.size)
    }
}
