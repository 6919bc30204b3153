//! Bitmaps against those of `ImageMagick` and `FFmpeg`, and against a second encoder.
//!
//! `tests/vectors/dib` holds one picture of 5x3 pixels: as R, G, B, A, as PNG, and as BMP files of
//! the two programs without their first 14 bytes.

use png::{BitDepth as Depth, ColorType as Color};
use proptest::prelude::*;

use super::{DIB_MAX_BYTES, Unusable, check_png, from_png, to_png};

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/vectors/dib/", $name)).as_slice()
    };
}

const MAX: usize = 1 << 20;
const RGBA: &[u8] = vector!("picture-5x3.rgba");

/// What a PNG file holds: size, channels and pixels.
fn pixels(file: &[u8]) -> ((u32, u32), usize, Vec<u8>) {
    let decoder = png::Decoder::new(std::io::Cursor::new(file));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    ((frame.width, frame.height), frame.color_type.samples(), pixels)
}

fn opaque(rgba: &[u8]) -> Vec<u8> {
    rgba.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
}

/// How the second encoder writes a bitmap.
#[derive(Debug, Clone, Copy)]
struct Shape {
    header_len: u32,
    bits: u16,
    form: u32,
    is_top_down: bool,
    /// Red, green, blue, alpha.
    masks: [u32; 4],
    palette: u32,
}

const PLAIN: Shape = Shape {
    header_len: 40,
    bits: 32,
    form: 0,
    is_top_down: false,
    masks: [0xff_0000, 0xff00, 0xff, 0],
    palette: 0,
};

/// Puts each pixel at its place in a picture of zeros, from a layout of the whole.
fn bitmap(shape: Shape, (width, height): (u32, u32), rgba: &[u8]) -> Vec<u8> {
    let stride = (width * u32::from(shape.bits)).div_ceil(32) * 4;
    let mut head = vec![0; shape.header_len as usize];
    let signed = if shape.is_top_down { height.wrapping_neg() } else { height };
    for (at, value) in [(0, shape.header_len), (4, width), (8, signed), (16, shape.form)] {
        head[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    head[12..14].copy_from_slice(&1_u16.to_le_bytes());
    head[14..16].copy_from_slice(&shape.bits.to_le_bytes());
    head[32..36].copy_from_slice(&shape.palette.to_le_bytes());
    let masks: Vec<u8> = shape.masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
    match (shape.form, shape.header_len) {
        (3, 40) => head.extend(&masks[..12]),
        (6, 40) => head.extend(&masks),
        (_, len @ 52..) => {
            let end = masks.len().min(len as usize - 40);
            head[40..40 + end].copy_from_slice(&masks[..end]);
        }
        _ => (),
    }
    head.extend(vec![0xee; shape.palette as usize * 4]);
    let mut body = vec![0; (stride * height) as usize];
    for (at, pixel) in rgba.as_chunks::<4>().0.iter().enumerate() {
        let (x, y) = (u32::try_from(at).unwrap() % width, u32::try_from(at).unwrap() / width);
        let row = if shape.is_top_down { y } else { height - 1 - y };
        let mut word = 0_u32;
        for (value, mask) in pixel.iter().zip(shape.masks) {
            let bits = mask.count_ones().min(8);
            word |= (u32::from(*value) >> (8 - bits)) << (mask.trailing_zeros() % 32) & mask;
        }
        let bytes = usize::from(shape.bits / 8);
        let to = row as usize * stride as usize + x as usize * bytes;
        body[to..to + bytes].copy_from_slice(&word.to_le_bytes()[..bytes]);
    }
    [head, body].concat()
}

#[test]
fn reads_the_bitmaps_of_other_programs() {
    for (name, dib, want) in [
        ("ffmpeg 24", vector!("ffmpeg-24.dib"), opaque(RGBA)),
        // Without a mask for it the fourth byte is not alpha.
        ("ffmpeg 32", vector!("ffmpeg-32.dib"), opaque(RGBA)),
        ("imagemagick 24", vector!("imagemagick-24.dib"), opaque(RGBA)),
        ("imagemagick 32", vector!("imagemagick-32-alpha.dib"), RGBA.to_vec()),
    ] {
        let file = to_png(dib, MAX).unwrap();
        assert_eq!(pixels(&file), ((5, 3), want.len() / 15, want), "{name}");
        for cut in 0..dib.len() {
            assert!(to_png(&dib[..cut], MAX).is_err(), "{name} at {cut}");
        }
    }
}

#[test]
fn writes_the_bitmap_that_another_program_writes() {
    assert_eq!(check_png(vector!("picture.png")), Ok(()));
    let dib = from_png(vector!("picture.png")).unwrap();
    let want = vector!("imagemagick-24-over-white.dib");
    // Up to the length of the pixels; behind it are resolutions, of which we know none.
    assert_eq!(dib[..24], want[..24]);
    assert_eq!(dib.len(), want.len());
    // What is half transparent may be rounded either way.
    let apart = dib[40..].iter().zip(&want[40..]).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(apart.unwrap() <= 1, "{dib:?}\n{want:?}");
}

#[test]
fn reads_every_form_of_a_second_encoder() {
    let swapped = [0xff, 0xff00, 0xff_0000, 0xff00_0000];
    for (shape, has_alpha) in [
        (PLAIN, false),
        (Shape { bits: 24, ..PLAIN }, false),
        (Shape { is_top_down: true, ..PLAIN }, false),
        (Shape { is_top_down: true, bits: 24, palette: 3, ..PLAIN }, false),
        (Shape { form: 3, masks: swapped, ..PLAIN }, false),
        (Shape { form: 6, masks: swapped, ..PLAIN }, true),
        (Shape { form: 3, header_len: 52, masks: swapped, ..PLAIN }, false),
        (Shape { form: 3, header_len: 56, masks: swapped, ..PLAIN }, true),
        (Shape { form: 3, header_len: 108, masks: swapped, is_top_down: true, ..PLAIN }, true),
        (Shape { form: 3, header_len: 124, ..PLAIN }, false),
    ] {
        let file = to_png(&bitmap(shape, (5, 3), RGBA), MAX).unwrap();
        let want = if has_alpha { RGBA.to_vec() } else { opaque(RGBA) };
        assert_eq!(pixels(&file).2, want, "{shape:?}");
    }
    // A mask for alpha, and nothing in it, means that there is none.
    let clear: Vec<u8> =
        RGBA.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b, 0]).collect();
    let shape = Shape { form: 3, header_len: 108, masks: swapped, ..PLAIN };
    assert_eq!(pixels(&to_png(&bitmap(shape, (5, 3), &clear), MAX).unwrap()).1, 3);
    // Ten bits a colour, as wide screens have them.
    let wide = Shape { form: 3, masks: [0x3ff << 20, 0x3ff << 10, 0x3ff, 0], ..PLAIN };
    let white = bitmap(Shape { masks: [u32::MAX, 0, 0, 0], ..wide }, (1, 1), &[255; 4]);
    assert!(to_png(&white, MAX).is_err());
    let mut white = bitmap(wide, (1, 1), &[0; 4]);
    let at = white.len() - 4;
    white[at..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(pixels(&to_png(&white, MAX).unwrap()).2, [255; 3]);
}

#[test]
fn refuses_what_is_wrong_or_too_large() {
    let with = |at: usize, value: u32| {
        let mut dib = bitmap(PLAIN, (5, 3), RGBA);
        dib[at..at + 4].copy_from_slice(&value.to_le_bytes());
        to_png(&dib, MAX).unwrap_err()
    };
    for (at, value, want) in [
        // Lengths of headers.
        (0, 12, "its form is not known"),
        (0, 125, "its form is not known"),
        (0, u32::MAX, "its form is not known"),
        // Sizes.
        (4, 0, "it is damaged"),
        (8, 0, "it is damaged"),
        (4, 6, "it is damaged"),
        (4, u32::MAX, "it is too large"),
        (8, 0x8000_0000, "it is too large"),
        // Bits of a pixel, and forms.
        (14, 8, "its form is not known"),
        (14, 16, "its form is not known"),
        (16, 1, "its form is not known"),
        (16, 3, "it is damaged"),
        // Colours of a palette.
        (32, 257, "its form is not known"),
        (32, u32::MAX, "its form is not known"),
        (32, 256, "it is damaged"),
    ] {
        assert_eq!(with(at, value), Unusable(want), "{value} at {at}");
    }
    let noise: Vec<u8> = (0..4 * 64 * 64_u32).map(|i| (i * i * 7 / 3).to_le_bytes()[1]).collect();
    let dib = bitmap(PLAIN, (64, 64), &noise);
    assert_eq!(to_png(&dib, 1000), Err(Unusable("it is too large")));
    assert!(to_png(&dib, dib.len() + 1000).is_ok());
}

#[test]
fn refuses_png_files_that_are_none() {
    let whole = vector!("picture.png");
    for cut in 0..whole.len() - 16 {
        assert!(from_png(&whole[..cut]).is_err(), "at {cut}");
    }
    assert_eq!(check_png(b"<html>"), Err(Unusable("it is damaged")));
    // A file of a few bytes that says that it is huge. The checksum of its header is right.
    let mut huge = Vec::new();
    let mut encoder = png::Encoder::new(&mut huge, 60_000, 60_000);
    encoder.set_color(png::ColorType::Grayscale);
    drop(encoder.write_header().unwrap());
    assert_eq!(check_png(&huge), Err(Unusable("it is too large")));
    assert_eq!(from_png(&huge), Err(Unusable("it is too large")));
}

#[test]
fn every_kind_of_png_is_written() {
    let file = |color: png::ColorType, depth: png::BitDepth, data: &[u8]| {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 2, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == png::ColorType::Indexed {
            encoder.set_palette(vec![10, 20, 30, 40, 50, 60]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        file
    };
    for (file, want) in [
        (file(Color::Grayscale, Depth::One, &[0b0100_0000]), [0, 0, 0, 255, 255, 255]),
        (file(Color::Grayscale, Depth::Sixteen, &[9, 200, 8, 1]), [9, 9, 9, 8, 8, 8]),
        (file(Color::GrayscaleAlpha, Depth::Eight, &[9, 255, 7, 0]), [9, 9, 9, 255, 255, 255]),
        (file(Color::Indexed, Depth::Eight, &[0, 1]), [30, 20, 10, 60, 50, 40]),
        (file(Color::Rgb, Depth::Eight, &[1, 2, 3, 4, 5, 6]), [3, 2, 1, 6, 5, 4]),
    ] {
        let dib = from_png(&file).unwrap();
        assert_eq!(dib[40..], [&want[..], &[0, 0]].concat());
    }
}

proptest! {
    #[test]
    fn any_picture_survives_both_ways(
        (width, height) in (1_u32..20, 1_u32..20),
        seed: u8,
    ) {
        let area = u16::try_from(width * height).unwrap();
        let rgba: Vec<u8> = (0..area)
            .flat_map(|at| {
                let [low, high] = at.wrapping_mul(u16::from(seed) + 257).to_le_bytes();
                [low, high, low ^ seed, 255]
            })
            .collect();
        let file = to_png(&bitmap(PLAIN, (width, height), &rgba), MAX).unwrap();
        let back = to_png(&from_png(&file).unwrap(), MAX).unwrap();
        prop_assert_eq!(pixels(&back), ((width, height), 3, opaque(&rgba)));
    }

    #[test]
    fn anything_else_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(bytes.len() < DIB_MAX_BYTES);
        let _ = to_png(&bytes, MAX);
        let _ = from_png(&bytes);
    }
}
