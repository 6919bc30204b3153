//! Tight and TightPNG, through whole sessions, cut everywhere.

use porthole_pixels::{Pixel, Rect, Size};

#[cfg(feature = "turbojpeg")]
use crate::RfbConfig;
use crate::encodings::opaque;
use crate::encodings::tests::{
    BLACK, BLUE, Deflate, GREEN, JPEG, RED, TIGHT, TIGHT_PNG, decode, fault, noise, pixels, rgb,
};
#[cfg(feature = "turbojpeg")]
use crate::testing::{Harness, check_cuts, hello, update};
use crate::testing::{pixels_of, rectangle};

/// Tight's length.
fn compact_len(len: usize) -> Vec<u8> {
    let [low, middle, high] = [len & 0x7f, len >> 7 & 0x7f, len >> 14];
    let bytes = match len {
        0..0x80 => vec![low],
        0x80..0x4000 => vec![low | 0x80, middle],
        _ => vec![low | 0x80, middle | 0x80, high],
    };
    bytes.iter().map(|byte| u8::try_from(*byte).unwrap()).collect()
}

fn tight(head: &[u8], file: &[u8]) -> Vec<u8> {
    [head, &compact_len(file.len()), file].concat()
}

#[test]
fn tight_basic() {
    let mut deflate = Deflate::new();
    let rect = Rect::new(1, 1, 6, 4);
    assert_eq!(pixels(rect, TIGHT, &[0x80, 0, 255, 0]), [GREEN; 24]);
    // Short pixels are as they are, filtered or not.
    let tiny = Rect::new(0, 0, 3, 1);
    let want = [RED, GREEN, BLUE];
    assert_eq!(pixels(tiny, TIGHT, &[&[0x00][..], &rgb(&want)].concat()), want);
    assert_eq!(pixels(tiny, TIGHT, &[&[0x40, 0][..], &rgb(&want)].concat()), want);
    let indexed = [&[0x40, 1, 2][..], &rgb(&want), &[2, 1, 0]].concat();
    assert_eq!(pixels(tiny, TIGHT, &indexed), [BLUE, GREEN, RED]);
    let bits = [&[0x40, 1, 1][..], &rgb(&want[..2]), &[0b0100_0000]].concat();
    assert_eq!(pixels(tiny, TIGHT, &bits), [RED, GREEN, RED]);
    assert!(pixels(Rect::new(0, 0, 0, 2), TIGHT, &[0x00]).is_empty());

    let want = noise(24);
    let plain = tight(&[0x00], &deflate.bytes(&rgb(&want)));
    assert_eq!(pixels(rect, TIGHT, &plain), want);
    let palette = noise(200);
    let indices: Vec<u8> = (0..24).map(|index| index * 8).collect();
    let head = [&[0x70, 1, 199][..], &rgb(&palette)].concat();
    let want: Vec<Pixel> = indices.iter().map(|index| palette[usize::from(*index)]).collect();
    assert_eq!(pixels(rect, TIGHT, &tight(&head, &Deflate::new().bytes(&indices))), want);
}

#[test]
fn tight_gradient() {
    let rect = Rect::new(1, 1, 20, 9);
    let want = noise(180);
    let at = |x: usize, y: usize| if x == 0 || y == 0 { BLACK } else { want[(y - 1) * 20 + x - 1] };
    let mut sent = Vec::new();
    for (y, x) in (1..=9).flat_map(|y| (1..=20).map(move |x| (y, x))) {
        for colour in 0..3 {
            let [left, above, corner] = [at(x - 1, y), at(x, y - 1), at(x - 1, y - 1)]
                .map(|pixel| i16::from(pixel[colour]));
            let guess = u8::try_from((left + above - corner).clamp(0, 255)).unwrap();
            sent.push(at(x, y)[colour].wrapping_sub(guess));
        }
    }
    let body = tight(&[0x60, 2], &Deflate::new().bytes(&sent));
    assert_eq!(pixels(rect, TIGHT, &body), want);
}

#[test]
fn tight_streams_are_four_and_start_anew() {
    let rect = Rect::new(0, 0, 8, 8);
    let mut streams = [Deflate::new(), Deflate::new(), Deflate::new(), Deflate::new()];
    let mut rectangles = Vec::new();
    let mut want = Vec::new();
    for round in 0..10_u8 {
        let stream = usize::from(round % 4);
        let mut control = (round % 4) << 4;
        if round == 6 {
            // Streams 1 and 2 start anew; stream 3 goes on.
            control |= 0b0110;
            streams[1] = Deflate::new();
            streams[2] = Deflate::new();
        }
        want = noise(64 + usize::from(round));
        want.truncate(64);
        rectangles.push(rectangle(
            rect,
            TIGHT,
            &tight(&[control], &streams[stream].bytes(&rgb(&want))),
        ));
    }
    let harness = decode(&rectangles);
    assert_eq!(harness.heard.error, None);
    assert_eq!(pixels_of(&harness.surface, rect), want);
}

#[test]
fn tight_refuses() {
    let rect = Rect::new(0, 0, 4, 4);
    let deflated = |len: usize| Deflate::new().bytes(&vec![1; len]);
    let cases: [(&str, Vec<u8>); 11] = [
        ("bad_field", vec![0xa0, 0]),
        ("bad_field", vec![0xb0]),
        ("bad_field", vec![0xf0]),
        ("bad_field", vec![0x40, 3]),
        ("over_limit", vec![0x00, 0xff, 0xff, 0xff]),
        ("over_limit", vec![0x90, 0xff, 0xff, 0xff]),
        ("short_data", tight(&[0x00], &deflated(47))),
        ("excess_data", tight(&[0x00], &deflated(49))),
        ("short_data", tight(&[0x00], &[])),
        ("inflate", tight(&[0x00], b"not zlib")),
        (
            "bad_field",
            [&[0x40, 1, 2][..], &[0; 9], &tight(&[], &Deflate::new().bytes(&[3; 16]))].concat(),
        ),
    ];
    for (want, body) in cases {
        assert_eq!(fault(rect, TIGHT, &body), want, "{body:?}");
    }
}

#[test]
fn tight_jpeg() {
    let rect = Rect::new(10, 20, 16, 16);
    let got = pixels(rect, TIGHT, &tight(&[0x90], JPEG));
    for (pixel, want) in [(got[0], [200, 40, 40]), (got[15], [20, 90, 220])] {
        for (got, want) in pixel.iter().zip(want) {
            assert!(got.abs_diff(want) < 8, "{pixel:?}");
        }
    }
    assert_eq!(fault(Rect::new(0, 0, 16, 15), TIGHT, &tight(&[0x90], JPEG)), "image_size");
    assert_eq!(fault(rect, TIGHT, &tight(&[0x90], b"\xff\xd8 no JPEG")), "image");
    assert_eq!(fault(rect, TIGHT, &tight(&[0x90], &[])), "image");
}

/// A JPEG of noise.
#[cfg(feature = "turbojpeg")]
fn large_jpeg(size: Size) -> Vec<u8> {
    let pixels = rgb(&noise(size.area() as usize));
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width: size.width.into(),
        pitch: usize::from(size.width) * 3,
        height: size.height.into(),
        format: turbojpeg::PixelFormat::RGB,
    };
    turbojpeg::compress(image, 80, turbojpeg::Subsamp::Sub2x2).unwrap().to_vec()
}

#[cfg(feature = "turbojpeg")]
#[test]
fn large_jpegs_are_handed_on() {
    let size = Size::new(200, 160);
    let (rect, small) = (Rect::new(8, 9, 130, 120), Rect::new(0, 0, 16, 16));
    let file = large_jpeg(rect.size());
    let drawn = rectangle(rect, TIGHT, &tight(&[0x90], &file));
    let head = [hello(size), update(&[drawn])].concat();
    let mut harness = Harness::new(RfbConfig::default());
    harness.feed(&head);
    assert_eq!(harness.heard.error, None);
    let files: Vec<_> =
        harness.surface.covers().map(|cover| (cover.rect(), cover.file())).collect();
    assert_eq!(files, [(rect, &file.clone().into())]);
    assert!(!harness.surface.is_settled());
    // What is drawn on it, and what is too small, is decoded; nothing else differs.
    let rest = update(&[rectangle(small, TIGHT, &tight(&[0x90], JPEG))]);
    let drawn_on = check_cuts(&RfbConfig::default(), &[head.clone(), rest].concat());
    harness.surface.settle();
    let corner = |surface| pixels_of(surface, Rect::new(16, 16, 100, 100));
    assert_eq!(corner(&drawn_on.surface), corner(&harness.surface));
    assert_eq!(drawn_on.surface.covers().count(), 0);

    // Its scan is damaged: that is found when somebody looks, and told with the next message.
    let mut bad = file;
    let middle = bad.len() / 2;
    bad[middle..middle + 200].fill(0x55);
    let mut harness = Harness::new(RfbConfig::default());
    let drawn = rectangle(rect, TIGHT, &tight(&[0x90], &bad));
    harness.feed(&[hello(size), update(&[drawn])].concat());
    assert_eq!(harness.cause(), None);
    harness.surface.settle();
    harness.feed(&[2]);
    assert_eq!(harness.cause(), Some("image"));
}

fn png_file(size: Size, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width.into(), size.height.into());
    encoder.set_color(colour);
    if colour == png::ColorType::Indexed {
        encoder.set_palette(rgb(&[RED, GREEN, BLUE]));
    }
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    file
}

#[test]
fn tight_png() {
    let rect = Rect::new(4, 4, 5, 3);
    let want = noise(15);
    let file = |colour, pixels: &[u8]| tight(&[0xa0], &png_file(rect.size(), colour, pixels));
    let decoded = |file: &[u8]| pixels(rect, TIGHT_PNG, file);
    assert_eq!(decoded(&file(png::ColorType::Rgb, &rgb(&want))), want);
    assert_eq!(decoded(&file(png::ColorType::Rgba, &want.concat())), want);
    let gray: Vec<Pixel> = (0..15).map(|shade| opaque([shade; 3])).collect();
    let shades: Vec<u8> = (0..15).collect();
    assert_eq!(decoded(&file(png::ColorType::Grayscale, &shades)), gray);
    let with_alpha: Vec<u8> = shades.iter().flat_map(|shade| [*shade, 9]).collect();
    assert_eq!(decoded(&file(png::ColorType::GrayscaleAlpha, &with_alpha)), gray);
    let indexed = file(png::ColorType::Indexed, &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(decoded(&indexed)[..3], [RED, GREEN, BLUE]);
    assert_eq!(pixels(rect, TIGHT_PNG, &[0x80, 0, 0, 255]), [BLUE; 15]);

    let small = Rect::new(0, 0, 5, 2);
    let whole = file(png::ColorType::Rgb, &rgb(&want));
    assert_eq!(fault(small, TIGHT_PNG, &whole), "image_size");
    let half = tight(&[0xa0], &png_file(rect.size(), png::ColorType::Rgb, &rgb(&want))[..50]);
    assert_eq!(fault(rect, TIGHT_PNG, &half), "image");
    assert_eq!(fault(rect, TIGHT_PNG, &tight(&[0xa0], b"no PNG")), "image");
    // TightPNG has no zlib streams of its own.
    assert_eq!(fault(rect, TIGHT_PNG, &[0x00, 1, 1]), "bad_field");
}
