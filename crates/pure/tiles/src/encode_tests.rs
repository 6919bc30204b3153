//! What is encoded exactly comes back exactly; what is not comes back close.

use porthole_pixels::{Rect, Size, Surface};

use super::{Body, Encoded, Encoder, JpegSettings, Mode, Subsampling};
use crate::test_pictures::{Random, gradient, noise, paint, scribbles};
use crate::{Class, PART_PIXELS_MAX, Part, Snapshot, TilesError, decode_palette, decode_rgb};

const LOSSY: Mode = Mode::Lossy(JpegSettings { quality: 90, subsampling: Subsampling::S444 });

fn pixels(surface: &Surface, rect: Rect) -> Vec<u8> {
    (0..rect.height).flat_map(|y| surface.row(rect, y).to_vec()).collect()
}

/// Encodes both ways, and decodes what is exact.
fn round_trip(encoder: &mut Encoder, surface: &Surface, part: &Part, mode: Mode) -> Encoded {
    let encoded = encoder.encode_from(surface, part, mode).unwrap();
    let copied = encoder.encode(&Snapshot::take(surface, part), mode).unwrap();
    assert_eq!(encoded, copied, "{part:?}");
    assert_eq!(encoded.rect, part.rect);
    let size = part.rect.size();
    let decoded = match &encoded.body {
        Body::Fill([red, green, blue]) => [*red, *green, *blue, 255].repeat(size.area() as usize),
        Body::Palette(data) => decode_palette(size, data).unwrap(),
        Body::Rgb(data) => decode_rgb(size, data).unwrap(),
        Body::Jpeg(_) => {
            assert!(encoded.lossy);
            return encoded;
        }
    };
    assert!(!encoded.lossy);
    assert_eq!(decoded, pixels(surface, part.rect), "{part:?}");
    encoded
}

#[test]
fn every_number_of_colours_at_every_width() {
    let mut encoder = Encoder::new().unwrap();
    let mut random = Random(9);
    for colours in [1, 2, 3, 4, 5, 15, 16, 17, 255, 256, 257, 5000] {
        for width in [1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 200] {
            let height = if u32::from(width) < colours { 5000 / width + 1 } else { 30 };
            let mut surface = Surface::new(Size::new(width + 3, height + 2)).unwrap();
            let rect = Rect::new(2, 1, width, height);
            let mut count = 0;
            paint(&mut surface, rect, |_, _| {
                // Each colour once, in order, and then any of them, in runs.
                count += 1;
                let any = if random.below(4) == 0 { random.next() % colours } else { 0 };
                let index = if count < colours { count } else { any };
                index.wrapping_mul(0x9e37_79b1).to_le_bytes()
            });
            for class in [Class::Text, Class::Photo] {
                let part = Part { rect, class };
                let encoded = round_trip(&mut encoder, &surface, &part, Mode::Lossless);
                let palette = matches!(encoded.body, Body::Palette(_));
                let fill = matches!(encoded.body, Body::Fill(_));
                assert_eq!((fill, palette), (colours == 1, (2..=256).contains(&colours)));
            }
        }
    }
}

#[test]
fn pictures_of_every_kind_and_size() {
    let mut encoder = Encoder::new().unwrap();
    let mut random = Random(14);
    let mut surface = Surface::new(Size::new(700, 500)).unwrap();
    for round in 0..40 {
        let (width, height) = (1 + random.below(700), 1 + random.below(370));
        let (x, y) = (random.below(700 - width + 1), random.below(500 - height + 1));
        let rect = Rect::new(x, y, width, height);
        match round % 4 {
            0 => noise(&mut surface, rect, round),
            1 => scribbles(&mut surface, rect, round),
            2 => gradient(&mut surface, rect),
            _ => surface.fill(rect, [1, 2, 3, 255]).unwrap(),
        }
        let x = random.below(x + 1);
        let rect = Rect::new(x, y, (rect.right() - u32::from(x)) as u16, height);
        for class in [Class::Text, Class::Photo] {
            round_trip(&mut encoder, &surface, &Part { rect, class }, Mode::Lossless);
        }
        round_trip(&mut encoder, &surface, &Part { rect, class: Class::Text }, LOSSY);
    }
}

#[test]
fn the_largest_part() {
    let size = Size::new(4096, 64);
    assert_eq!(size.area(), PART_PIXELS_MAX);
    let mut surface = Surface::new(size).unwrap();
    let mut encoder = Encoder::new().unwrap();
    noise(&mut surface, size.rect(), 4);
    for class in [Class::Text, Class::Photo] {
        let part = Part { rect: size.rect(), class };
        let encoded = round_trip(&mut encoder, &surface, &part, Mode::Lossless);
        // Noise cannot shrink; it must not grow either, beyond a filter for each row.
        assert!(encoded.body.len_bytes() < 3 * size.area() as usize + 1024);
    }
    round_trip(&mut encoder, &surface, &Part { rect: size.rect(), class: Class::Photo }, LOSSY);
}

#[test]
fn letters_and_fills_never_become_jpeg() {
    let mut surface = Surface::new(Size::new(64, 64)).unwrap();
    noise(&mut surface, Rect::new(0, 0, 64, 64), 4);
    let rect = Rect::new(3, 3, 50, 50);
    let mut encoder = Encoder::new().unwrap();
    let encoded = round_trip(&mut encoder, &surface, &Part { rect, class: Class::Text }, LOSSY);
    assert!(matches!(encoded.body, Body::Rgb(_)));
    let solid = Part { rect, class: Class::Solid([1, 2, 3]) };
    let encoded = encoder.encode_from(&surface, &solid, LOSSY).unwrap();
    assert_eq!(encoded, Encoded { rect, body: Body::Fill([1, 2, 3]), lossy: false });
    assert_eq!(Snapshot::take(&surface, &solid).len_bytes(), 0);
}

#[test]
fn refuses_what_has_no_image() {
    let size = Size::new(4096, 128);
    let surface = Surface::new(size).unwrap();
    let mut encoder = Encoder::new().unwrap();
    let mut refusal = |rect, class| {
        let part = Part { rect, class };
        let refused = encoder.encode_from(&surface, &part, LOSSY).unwrap_err();
        assert_eq!(encoder.encode(&Snapshot::take(&surface, &part), LOSSY).unwrap_err(), refused);
        refused
    };
    assert_eq!(refusal(Rect::new(4090, 0, 7, 1), Class::Text), TilesError::Empty);
    assert_eq!(refusal(Rect::new(0, 127, 7, 2), Class::Photo), TilesError::Empty);
    assert_eq!(refusal(Rect::new(5, 5, 0, 2), Class::Text), TilesError::Empty);
    assert_eq!(refusal(Rect::new(5, 5, 3, 0), Class::Solid([0; 3])), TilesError::Empty);
    let limit = u64::from(PART_PIXELS_MAX);
    assert_eq!(
        refusal(Rect::new(0, 0, 4096, 65), Class::Photo),
        TilesError::OverLimit { field: "pixels of a part", value: limit + 4096, limit }
    );
}

#[test]
fn an_encoder_can_move_between_threads() {
    fn check_send<T: Send>() {}
    check_send::<Encoder>();
    check_send::<Snapshot>();
}

/// Only the C library decodes; files of the other encoder are looked at as far as their header.
#[test]
fn jpeg_is_close_and_of_the_right_size() {
    let mut surface = Surface::new(Size::new(210, 140)).unwrap();
    gradient(&mut surface, Rect::new(0, 0, 210, 140));
    let mut encoder = Encoder::new().unwrap();
    for rect in [Rect::new(0, 0, 210, 140), Rect::new(7, 9, 101, 67), Rect::new(3, 3, 1, 1)] {
        for (quality, subsampling, psnr_min_db) in [
            (92, Subsampling::S444, 40.0),
            (62, Subsampling::S422, 33.0),
            (41, Subsampling::S420, 30.0),
            // Out of range, so clamped.
            (255, Subsampling::S444, 45.0),
            (0, Subsampling::S420, 10.0),
        ] {
            let part = Part { rect, class: Class::Photo };
            let mode = Mode::Lossy(JpegSettings { quality, subsampling });
            let encoded = round_trip(&mut encoder, &surface, &part, mode);
            let Body::Jpeg(file) = encoded.body else { panic!("not a JPEG") };
            assert_eq!(jpeg_size(&file), rect.size());
            check_psnr(&file, &pixels(&surface, rect), psnr_min_db);
        }
    }
}

/// Columns and rows, from the baseline frame header (ITU-T T.81 B.2.2).
fn jpeg_size(file: &[u8]) -> Size {
    assert_eq!(file[..2], [0xff, 0xd8]);
    let mut at = 2;
    while file[at + 1] != 0xc0 {
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
    let side = |at| u16::from_be_bytes([file[at], file[at + 1]]);
    Size::new(side(at + 7), side(at + 5))
}

#[cfg(feature = "turbojpeg")]
fn check_psnr(file: &[u8], wanted: &[u8], min_db: f64) {
    let image = turbojpeg::decompress(file, turbojpeg::PixelFormat::RGBA).unwrap();
    assert_eq!(image.pixels.len(), wanted.len());
    let squares: f64 =
        image.pixels.iter().zip(wanted).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    // A quarter of the bytes are alpha, and always equal.
    let count = u32::try_from(wanted.len() * 3 / 4).unwrap();
    let mean = (squares / f64::from(count)).max(1e-9);
    let psnr_db = 10.0 * (255.0_f64 * 255.0 / mean).log10();
    assert!(psnr_db >= min_db, "{psnr_db:.1} dB, wanted {min_db}");
}

#[cfg(not(feature = "turbojpeg"))]
fn check_psnr(_: &[u8], _: &[u8], _: f64) {}
