//! Stop 3 of the pixel path: rectangles to pixels, one decoder a file.
//!
//! Each is a small state machine with the one signature of [`Decode`]. It takes what has
//! arrived of its rectangle, stores whole rows (or tiles) in the surface, and keeps no more
//! than its place; what it must hold between two arrivals is in the [`Scratch`] that all share.

mod copy_rect;
pub(crate) mod cursor;
mod hextile;
mod inflate;
pub(crate) mod jpeg;
mod png;
mod raw;
mod rows;
mod rre;
mod tight;
mod tiles;
mod trle;
mod zlib;
mod zrle;

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Rect, Surface};
use porthole_wire::Reader;

use crate::limits::SCRATCH_KEEP_MAX_BYTES;
use crate::{EncodingKind, RfbError};

/// What became of a rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It goes on; call again when more bytes have arrived.
    Wait,
    /// It is finished.
    Done,
}

/// A rectangle that is arriving.
pub(crate) trait Decode {
    /// Takes whole rows, tiles or messages off `input` and paints them; leaves the rest.
    ///
    /// # Errors
    ///
    /// The rectangle breaks its encoding. What was painted before stays.
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError>;
}

/// Where decoders paint, and what they share.
pub(crate) struct Paint<'a> {
    /// The picture.
    pub(crate) surface: &'a mut Surface,
    /// Streams that outlive a rectangle, and memory.
    pub(crate) scratch: &'a mut Scratch,
}

/// What outlives a rectangle: zlib streams, which span the whole connection, and buffers, so
/// that none is allocated for a rectangle.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    zlib: inflate::Inflater,
    zrle: inflate::Inflater,
    tight: [inflate::Inflater; 4],
    /// What the current rectangle's zlib stream has given and nobody has taken yet.
    inflated: Vec<u8>,
    /// One row, tile or image of pixels.
    pixels: Vec<u8>,
    /// The row above, for Tight's gradient filter.
    above: Vec<u8>,
    /// Colours of the current rectangle or tile.
    palette: Vec<Pixel>,
    jpeg: jpeg::JpegDecoder,
    /// How many rectangles there were of each kind, in the order of [`EncodingKind::ALL`].
    counts: [u64; EncodingKind::ALL.len()],
}

impl Scratch {
    /// A rectangle of this kind was painted.
    pub(crate) fn count(&mut self, kind: EncodingKind) {
        let counts = EncodingKind::ALL.into_iter().zip(&mut self.counts);
        if let Some((_, count)) = counts.into_iter().find(|(known, _)| *known == kind) {
            *count += 1;
        }
    }

    /// How many rectangles of this kind were painted.
    pub(crate) fn counted(&self, kind: EncodingKind) -> u64 {
        let counts = EncodingKind::ALL.into_iter().zip(&self.counts);
        counts.into_iter().find_map(|(known, count)| (known == kind).then_some(*count)).unwrap_or(0)
    }

    /// A rectangle is finished: returns memory that only a large image needs.
    fn trim(&mut self) {
        if self.pixels.capacity() > SCRATCH_KEEP_MAX_BYTES {
            self.pixels = Vec::new();
        }
    }
}

/// A rectangle of pixels that is arriving, in any encoding we know.
#[derive(Debug)]
pub(crate) enum Rectangle {
    Raw(raw::Raw),
    CopyRect(copy_rect::CopyRect),
    Rre(rre::Rre),
    Hextile(hextile::Hextile),
    Zlib(zlib::Zlib),
    Trle(trle::Trle),
    Zrle(zrle::Zrle),
    Tight(tight::Tight),
}

impl Rectangle {
    /// How it is encoded.
    pub(crate) const fn kind(&self) -> EncodingKind {
        match self {
            Self::Raw(_) => EncodingKind::Raw,
            Self::CopyRect(_) => EncodingKind::CopyRect,
            Self::Rre(_) => EncodingKind::Rre,
            Self::Hextile(_) => EncodingKind::Hextile,
            Self::Zlib(_) => EncodingKind::Zlib,
            Self::Trle(_) => EncodingKind::Trle,
            Self::Zrle(_) => EncodingKind::Zrle,
            Self::Tight(tight) if tight.is_png() => EncodingKind::TightPng,
            Self::Tight(_) => EncodingKind::Tight,
        }
    }

    /// Expects `rect`, which lies in the surface, in `encoding`. `None`: we do not know that.
    pub(crate) fn new(encoding: i32, rect: Rect) -> Option<Self> {
        let kind = EncodingKind::ALL.into_iter().find(|kind| kind.number() == encoding)?;
        Some(match kind {
            EncodingKind::Raw => Self::Raw(raw::Raw::new(rect)),
            EncodingKind::CopyRect => Self::CopyRect(copy_rect::CopyRect::new(rect)),
            EncodingKind::Rre => Self::Rre(rre::Rre::new(rect)),
            EncodingKind::Hextile => Self::Hextile(hextile::Hextile::new(rect)),
            EncodingKind::Zlib => Self::Zlib(zlib::Zlib::new(rect)),
            EncodingKind::Trle => Self::Trle(trle::Trle::new(rect)),
            EncodingKind::Zrle => Self::Zrle(zrle::Zrle::new(rect)),
            EncodingKind::Tight => Self::Tight(tight::Tight::new(rect, false)),
            EncodingKind::TightPng => Self::Tight(tight::Tight::new(rect, true)),
        })
    }
}

impl Decode for Rectangle {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        let step = match self {
            Self::Raw(rectangle) => rectangle.decode(input, paint),
            Self::CopyRect(rectangle) => rectangle.decode(input, paint),
            Self::Rre(rectangle) => rectangle.decode(input, paint),
            Self::Hextile(rectangle) => rectangle.decode(input, paint),
            Self::Zlib(rectangle) => rectangle.decode(input, paint),
            Self::Trle(rectangle) => rectangle.decode(input, paint),
            Self::Zrle(rectangle) => rectangle.decode(input, paint),
            Self::Tight(rectangle) => rectangle.decode(input, paint),
        }?;
        if step == Step::Done {
            paint.scratch.trim();
        }
        Ok(step)
    }
}

/// Reads one `PIXEL`: R, G, B and padding.
fn read_pixel(input: &mut Reader<'_>) -> Option<Pixel> {
    input.array::<BYTES_PER_PIXEL>()
}

/// Reads one `CPIXEL` or `TPIXEL`: R, G, B (RFC 6143 §7.7.5: the bits in use lie in the three
/// lowest bytes, so those are sent, lowest first as the format is little-endian).
fn read_compact_pixel(input: &mut Reader<'_>) -> Option<Pixel> {
    input.array().map(opaque)
}

/// Makes four bytes a pixel of three.
fn widen(compact: &[u8], pixels: &mut Vec<u8>) {
    let compact = compact.as_chunks().0;
    // Sized first and then written: a loop that may grow the vector is several times slower.
    pixels.resize(compact.len() * BYTES_PER_PIXEL, 0);
    for (pixel, colours) in pixels.as_chunks_mut().0.iter_mut().zip(compact) {
        *pixel = opaque(*colours);
    }
}

/// A pixel from its three colours.
const fn opaque([red, green, blue]: [u8; 3]) -> Pixel {
    [red, green, blue, u8::MAX]
}

#[cfg(test)]
#[path = "encodings/encodings_tests.rs"]
mod tests;
