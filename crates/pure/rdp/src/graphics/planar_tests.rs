//! Our planes beside IronRDP's, and what is refused.

use ironrdp_graphics::rdp6::BitmapStreamDecoder;

use super::{Planes, is_rgb};
use crate::RdpError;

const SIZE: (usize, usize) = (37, 5);

fn read(bitmap: &[u8], size: (usize, usize)) -> Result<Vec<u8>, RdpError> {
    // Rests of another bitmap.
    let mut scratch = vec![7; 100];
    let planes = Planes::read(bitmap, size, &mut scratch)?;
    let [red, green, blue] = planes.colors;
    let pixels = red.iter().zip(green).zip(blue);
    Ok(pixels.flat_map(|((red, green), blue)| [*red, *green, *blue]).collect())
}

fn theirs(bitmap: &[u8], (width, height): (usize, usize)) -> Option<Vec<u8>> {
    let mut rgb = Vec::new();
    let mut decoder = BitmapStreamDecoder::default();
    decoder.decode_bitmap_stream_to_rgb24(bitmap, &mut rgb, width, height).ok().map(|()| rgb)
}

/// A plane whose rows are made of every kind of segment, from numbers that only look random.
fn plane(seed: &mut u32, (width, height): (usize, usize)) -> Vec<u8> {
    let mut next = |limit: usize| {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(*seed >> 16).unwrap() % limit
    };
    let mut bytes = Vec::new();
    for _ in 0..height {
        let mut left = width;
        while left > 0 {
            if left >= 16 && next(2) == 0 {
                let run = 16 + next((left - 15).min(32));
                let (code, high) = if run < 32 { (1, run - 16) } else { (2, run - 32) };
                bytes.push(u8::try_from(high << 4 | code).unwrap());
                left -= run;
                continue;
            }
            let count = 1 + next(left.min(15));
            let run = if left - count >= 3 && next(2) == 0 { 3 } else { 0 };
            bytes.push(u8::try_from(count << 4 | run).unwrap());
            bytes.extend((0..count).map(|_| u8::try_from(next(256)).unwrap()));
            left -= count + run;
        }
    }
    bytes
}

fn packed(seed: u32, has_alpha: bool) -> Vec<u8> {
    let mut seed = seed;
    let mut bytes = vec![if has_alpha { 0x10 } else { 0x30 }];
    for _ in 0..3 + usize::from(has_alpha) {
        bytes.extend(plane(&mut seed, SIZE));
    }
    bytes
}

#[test]
fn packed_planes_are_what_others_make_of_them() {
    for seed in 0..200 {
        let bitmap = packed(seed, seed % 2 == 0);
        assert!(is_rgb(&bitmap));
        assert_eq!(read(&bitmap, SIZE).unwrap(), theirs(&bitmap, SIZE).unwrap(), "{seed}");
    }
}

#[test]
fn plain_planes_are_taken_as_they_are() {
    let rgb = [1, 11, 21, 2, 12, 22];
    assert_eq!(read(&[0x20, 1, 2, 11, 12, 21, 22, 0], (2, 1)).unwrap(), rgb);
    assert_eq!(read(&[0, 9, 9, 1, 2, 11, 12, 21, 22], (2, 1)).unwrap(), rgb);
}

#[test]
fn lies_are_refused() {
    for seed in 0..4 {
        let bitmap = packed(seed, seed % 2 == 0);
        for cut in 0..bitmap.len() {
            assert!(read(&bitmap[..cut], SIZE).is_err(), "{cut}");
        }
    }
    assert!(read(&[0x20, 1, 2, 11, 12, 21], (2, 1)).is_err());
    assert!(read(&[0x30, 0, 0, 0], (2, 1)).is_err(), "a segment of nothing");
    assert!(read(&[0x30, 0x13, 5, 0x13, 5, 0x13, 5], (3, 1)).is_err(), "a run past the row");
    assert!(!is_rgb(&[0x31]) && !is_rgb(&[0x28]) && !is_rgb(&[]));
}
