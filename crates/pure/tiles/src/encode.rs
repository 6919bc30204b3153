//! Stop 6 of the pixel path: one rectangle to image bytes.

use bytes::Bytes;
use porthole_pixels::{Rect, Surface};

use crate::deflate::{Deflater, Repeats};
use crate::jpeg::JpegEncoder;
use crate::palette::{Found, PaletteBuilder};
use crate::pixels::Pixels;
use crate::rgb::{self, RgbBuilder};
use crate::{Class, PART_PIXELS_MAX, Part, Snapshot, TilesError};

/// How to send one rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Exactly.
    Lossless,
    /// A photograph as JPEG; text and solid colour exactly all the same.
    Lossy(JpegSettings),
}

/// How good a JPEG is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JpegSettings {
    /// 1 to 100, as libjpeg counts; what lies outside is clamped.
    pub quality: u8,
    /// How much of the colour is kept.
    pub subsampling: Subsampling,
}

/// How many pixels share one colour difference sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// 4:4:4: one.
    S444,
    /// 4:2:2: two beside each other.
    S422,
    /// 4:2:0: two by two.
    S420,
}

/// One rectangle, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Where, on the surface.
    pub rect: Rect,
    /// Its image.
    pub body: Body,
    /// False when the viewer's pixels will be the surface's, bit for bit.
    pub lossy: bool,
}

/// An image. The layouts are on the crate's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Red, green, blue, all over.
    Fill([u8; 3]),
    /// Up to 256 colours and indices.
    Palette(Bytes),
    /// Filtered rows of red, green, blue.
    Rgb(Bytes),
    /// A JPEG file.
    Jpeg(Bytes),
}

impl Body {
    /// Bytes of the image.
    pub const fn len_bytes(&self) -> usize {
        match self {
            Self::Fill(colour) => colour.len(),
            Self::Palette(data) | Self::Rgb(data) | Self::Jpeg(data) => data.len(),
        }
    }
}

/// The memory that encoding needs. It grows to what the largest part took, under 8 MiB, and is
/// used again; a thread keeps one.
#[derive(Debug)]
pub struct Encoder {
    palette: Box<PaletteBuilder>,
    rgb: RgbBuilder,
    deflater: Deflater,
    jpeg: JpegEncoder,
}

impl Encoder {
    /// Takes the fixed part of the memory: about 150 KiB, and what the JPEG library needs.
    ///
    /// # Errors
    ///
    /// [`TilesError::Jpeg`] when the JPEG library does not start.
    pub fn new() -> Result<Self, TilesError> {
        Ok(Self {
            palette: PaletteBuilder::new(),
            rgb: RgbBuilder::default(),
            deflater: Deflater::new(),
            jpeg: JpegEncoder::new()?,
        })
    }

    /// Encodes a copy.
    ///
    /// # Errors
    ///
    /// [`TilesError::Empty`] when the snapshot holds no pixels, [`TilesError::OverLimit`] when
    /// more than [`PART_PIXELS_MAX`], [`TilesError::Jpeg`] when the library refuses.
    pub fn encode(&mut self, snapshot: &Snapshot, mode: Mode) -> Result<Encoded, TilesError> {
        self.encode_pixels(snapshot.rect(), snapshot.class(), snapshot.pixels(), mode)
    }

    /// Encodes a part as it lies, without a copy: for the few pixels that are not worth one.
    ///
    /// # Errors
    ///
    /// As [`Encoder::encode`]; [`TilesError::Empty`] when the part reaches past the surface.
    pub fn encode_from(
        &mut self,
        surface: &Surface,
        part: &Part,
        mode: Mode,
    ) -> Result<Encoded, TilesError> {
        let pixels = Pixels::of_surface(surface, part.rect);
        self.encode_pixels(part.rect, part.class, pixels, mode)
    }

    fn encode_pixels(
        &mut self,
        rect: Rect,
        class: Class,
        pixels: Option<Pixels<'_>>,
        mode: Mode,
    ) -> Result<Encoded, TilesError> {
        let exact = |body| Encoded { rect, body, lossy: false };
        if rect.is_empty() {
            return Err(TilesError::Empty);
        }
        if let Class::Solid(colour) = class {
            return Ok(exact(Body::Fill(colour)));
        }
        TilesError::check_limit("pixels of a part", rect.area().into(), PART_PIXELS_MAX.into())?;
        let pixels = pixels.ok_or(TilesError::Empty)?;
        match (class, mode) {
            (Class::Photo, Mode::Lossy(settings)) => {
                let body = Body::Jpeg(Bytes::copy_from_slice(self.jpeg.encode(pixels, settings)?));
                Ok(Encoded { rect, body, lossy: true })
            }
            _ => Ok(exact(self.encode_exactly(pixels, class))),
        }
    }

    fn encode_exactly(&mut self, pixels: Pixels<'_>, class: Class) -> Body {
        match self.palette.build(pixels) {
            Found::One([red, green, blue, _]) => Body::Fill([red, green, blue]),
            Found::Body { body, row_bytes } => {
                let repeats = Repeats::Anywhere { row_bytes };
                Body::Palette(Bytes::copy_from_slice(self.deflater.deflate(body, repeats)))
            }
            Found::TooMany => {
                let differences = class == Class::Photo;
                let repeats = if differences {
                    Repeats::ByteBefore
                } else {
                    Repeats::Anywhere { row_bytes: rgb::row_bytes(pixels.width()) }
                };
                let body = self.rgb.build(pixels, differences);
                Body::Rgb(Bytes::copy_from_slice(self.deflater.deflate(body, repeats)))
            }
        }
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
