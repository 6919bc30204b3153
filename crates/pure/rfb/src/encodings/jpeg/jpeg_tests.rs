//! Both decoders see the same picture.

use porthole_pixels::Size;

use super::{is_plain, zune};
use crate::encodings::tests::JPEG;

const SIZE: Size = Size { width: 16, height: 16 };

#[test]
fn plain_rust_decodes() {
    let mut pixels = Vec::new();
    zune::JpegDecoder.decode(JPEG, SIZE, &mut pixels).unwrap();
    assert_eq!(pixels.len(), 16 * 16 * 4);
    for cut in [0, 1, 2, 20, 100, JPEG.len() / 2] {
        let _error_or_gray = zune::JpegDecoder.decode(&JPEG[..cut], SIZE, &mut pixels);
    }
    let wrong = Size::new(17, 16);
    assert_eq!(
        zune::JpegDecoder.decode(JPEG, wrong, &mut pixels).unwrap_err().cause(),
        "image_size"
    );
}

#[cfg(feature = "turbojpeg")]
#[test]
fn both_see_the_same() {
    let (mut fast, mut plain) = (Vec::new(), Vec::new());
    super::turbo::JpegDecoder::default().decode(JPEG, SIZE, &mut fast).unwrap();
    zune::JpegDecoder.decode(JPEG, SIZE, &mut plain).unwrap();
    for (fast, plain) in fast.as_chunks::<4>().0.iter().zip(plain.as_chunks::<4>().0) {
        for colour in 0..3 {
            assert!(fast[colour].abs_diff(plain[colour]) <= 4, "{fast:?} {plain:?}");
        }
    }
}

/// The marker segments of [`JPEG`], each with where it begins.
fn segments() -> Vec<(u8, usize, usize)> {
    let mut at = 2;
    std::iter::from_fn(|| {
        let marker = JPEG[at + 1];
        let len = 2 + usize::from(JPEG[at + 2]) * 256 + usize::from(JPEG[at + 3]);
        at += len;
        (marker > 0).then_some((marker, at - len, len))
    })
    .take(20)
    .take_while({
        let mut is_over = false;
        move |(marker, ..)| !std::mem::replace(&mut is_over, *marker == 0xda)
    })
    .collect()
}

#[test]
fn plain_files_are_told_by_their_headers() {
    assert!(is_plain(JPEG, SIZE));
    assert!(!is_plain(JPEG, Size::new(16, 15)));
    for cut in 0..JPEG.len() {
        assert!(!is_plain(&JPEG[..cut], SIZE), "{cut}");
    }
    let changed = |at: usize, value: u8| {
        let mut file = JPEG.to_vec();
        file[at] = value;
        is_plain(&file, SIZE)
    };
    let segments = segments();
    let start = |wanted: u8| segments.iter().find(|(marker, ..)| *marker == wanted).unwrap().1;
    let (frame, scan, tables) = (start(0xc0), start(0xda), start(0xdb));
    // Progressive, arithmetic, twelve bits, other components, a marker within the scan.
    for (at, value) in [
        (frame + 1, 0xc2),
        (frame + 1, 0xc9),
        (frame + 4, 12),
        (frame + 9, 4),
        (frame + 10, b'R'),
        (frame + 11, 0x41),
        (frame + 12, 9),
        (tables + 4, 0x10),
        (scan + 4, 1),
        (scan + 6, 0x22),
        (JPEG.len() - 4, 0xff),
    ] {
        assert!(!changed(at, value), "{at} {value}");
    }
    // Without any one segment but JFIF's, it is not whole.
    for (marker, at, len) in &segments {
        let file = [&JPEG[..*at], &JPEG[at + len..]].concat();
        assert_eq!(is_plain(&file, SIZE), *marker == 0xe0, "{marker:x}");
    }
    // What browsers mind and we do not: Exif, a colour profile, Adobe's word on the colours.
    for (marker, is_fine) in [(0xe1, false), (0xe2, false), (0xee, false), (0xfe, true)] {
        let file = [&JPEG[..2], &[0xff, marker, 0, 4, 1, 2], &JPEG[2..]].concat();
        assert_eq!(is_plain(&file, SIZE), is_fine, "{marker:x}");
    }
    assert!(!is_plain(&[&JPEG[..2], &[0xff, 0xe0, 0, 1], &JPEG[2..]].concat(), SIZE));
    let many = [&JPEG[..2], &[0xff, 0xfe, 0, 2].repeat(100), &JPEG[2..]].concat();
    assert!(!is_plain(&many, SIZE));
}
