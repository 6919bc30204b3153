//! Both decoders see the same picture.

use porthole_pixels::Size;

use super::zune;
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
