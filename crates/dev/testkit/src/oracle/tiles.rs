//! Image bodies: any bytes are decoded or refused, and what was encoded comes back.

use std::io::Write as _;

use arbitrary::{Arbitrary, Result, Unstructured};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use porthole_pixels::{Size, Surface};
use porthole_tiles::{Body, Encoder, Mode, Snapshot, TilesError, decode_palette, decode_rgb, plan};

/// Longest side of a picture, in pixels.
const SIDE_MAX_PX: u16 = 300;

/// An image body, or the pixels of one.
///
/// As a fuzz input: flags (bit 0: RGB, else palette; bit 1: the bytes are to be deflated first),
/// columns and rows in two bytes each, modulo 301, and then the bytes.
#[derive(Debug, Clone)]
pub struct TilesCase {
    is_rgb: bool,
    is_plain: bool,
    size: Size,
    bytes: Vec<u8>,
}

impl<'a> Arbitrary<'a> for TilesCase {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let len = input.arbitrary_len::<u8>()?;
        Self::arbitrary_take_rest(Unstructured::new(input.bytes(len)?))
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        let flags: u8 = input.arbitrary()?;
        let mut side = || Ok(input.arbitrary::<u16>()? % (SIDE_MAX_PX + 1));
        Ok(Self {
            is_rgb: flags & 1 != 0,
            is_plain: flags & 2 != 0,
            size: Size::new(side()?, side()?),
            bytes: input.take_rest().to_vec(),
        })
    }
}

/// Any body is refused, or decoded to exactly its rectangle.
///
/// # Panics
///
/// When not.
pub fn tiles_decode(case: &TilesCase) {
    let body = if case.is_plain { deflate(&case.bytes) } else { case.bytes.clone() };
    if let Ok(pixels) = decode(case.is_rgb, case.size, &body) {
        assert_eq!(pixels.len(), 4 * case.size.area() as usize, "not the rectangle's pixels");
        let alphas = pixels.as_chunks().0.iter().map(|[_, _, _, alpha]| *alpha);
        assert_eq!(alphas.fold(u8::MAX, |all, alpha| all & alpha), u8::MAX, "not opaque");
    }
}

/// A picture made of the case's bytes is planned, encoded without loss, and comes back.
///
/// # Panics
///
/// When it does not.
pub fn tiles_round_trip(case: &TilesCase) {
    let size = Size::new(case.size.width.max(1), case.size.height.max(1));
    let mut surface = Surface::new(size).expect("small enough");
    surface.clear_changes();
    // Few bytes repeat, which makes colours that a palette holds.
    let pixels: Vec<u8> =
        case.bytes.iter().cycle().take(4 * size.area() as usize).copied().collect();
    surface.store(size.rect(), &pixels).expect("it fits");

    let mut shown = Surface::new(size).expect("small enough");
    let mut encoder = Encoder::new().expect("the library starts");
    for part in plan(&surface, surface.changes().damage()).parts {
        let snapshot = Snapshot::take(&surface, &part);
        let encoded = encoder.encode(&snapshot, Mode::Lossless).expect("it can be encoded");
        match encoded.body {
            Body::Fill([red, green, blue]) => shown.fill(part.rect, [red, green, blue, 255]),
            Body::Palette(data) => shown
                .store(part.rect, &decode_palette(part.rect.size(), &data).expect("our own body")),
            Body::Rgb(data) => {
                shown.store(part.rect, &decode_rgb(part.rect.size(), &data).expect("our own body"))
            }
            Body::Jpeg(_) => unreachable!("lossless was asked for"),
        }
        .expect("parts lie in the picture");
    }
    assert!(shown.bytes() == surface.bytes(), "the picture did not come back");
}

fn decode(is_rgb: bool, size: Size, body: &[u8]) -> std::result::Result<Vec<u8>, TilesError> {
    if is_rgb { decode_rgb(size, body) } else { decode_palette(size, body) }
}

fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut stream = DeflateEncoder::new(Vec::new(), Compression::fast());
    stream.write_all(plain).expect("a vector takes everything");
    stream.finish().expect("a vector takes everything")
}
