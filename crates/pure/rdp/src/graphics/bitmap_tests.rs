//! Bitmap updates in each depth.

use porthole_pixels::{Rect, Size, Surface};

use super::super::Graphics;
use crate::RdpError;

/// The header of one rectangle and its data.
fn update(rect: Rect, size: Size, bits: u16, flags: u16, data: &[u8]) -> Vec<u8> {
    let last = |near: u16, side: u16| near + side.max(1) - 1;
    let fields = [
        1,
        rect.x,
        rect.y,
        last(rect.x, rect.width),
        last(rect.y, rect.height),
        size.width,
        size.height,
        bits,
        flags,
        u16::try_from(data.len()).unwrap(),
    ];
    fields.iter().flat_map(|field| field.to_le_bytes()).chain(data.iter().copied()).collect()
}

fn drawn(update: &[u8]) -> Result<Surface, RdpError> {
    let mut surface = Surface::new(Size::new(8, 4)).unwrap();
    Graphics::default().draw_bitmaps(update, &mut surface).map(|()| surface)
}

fn pixel(surface: &Surface, x: u16, y: u16) -> [u8; 3] {
    let row = surface.row(Rect::new(x, y, 1, 1), 0);
    [row[0], row[1], row[2]]
}

const AT: Rect = Rect { x: 1, y: 1, width: 2, height: 2 };

#[test]
fn rows_lie_upside_down_and_are_padded() {
    // The lower row: red, green; the upper: blue, white; three bytes each, padded to four words.
    let data = [0, 0, 255, 0, 255, 0, 9, 9, 255, 0, 0, 255, 255, 255, 9, 9];
    let surface = drawn(&update(AT, Size::new(2, 2), 24, 0, &data)).unwrap();
    assert_eq!(pixel(&surface, 1, 2), [255, 0, 0]);
    assert_eq!(pixel(&surface, 2, 2), [0, 255, 0]);
    assert_eq!(pixel(&surface, 1, 1), [0, 0, 255]);
    assert_eq!(pixel(&surface, 2, 1), [255; 3]);
    assert_eq!(pixel(&surface, 3, 1), [0; 3]);
}

#[test]
fn packed_bitmaps_of_each_depth() {
    // A run of one colour: the code for a colour run of four, and the colour.
    let cases: [(u16, &[u8], [u8; 3]); 4] = [
        (24, &[0x64, 30, 20, 10], [10, 20, 30]),
        (16, &[0x64, 0x00, 0xf8], [255, 0, 0]),
        (15, &[0x64, 0x1f, 0x00], [0, 0, 255]),
        (8, &[0x64, 77], [77; 3]),
    ];
    for (bits, data, want) in cases {
        let surface = drawn(&update(AT, Size::new(2, 2), bits, 0x401, data)).unwrap();
        for (x, y) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            assert_eq!(pixel(&surface, x, y), want, "{bits}");
        }
        assert_eq!(pixel(&surface, 0, 0), [0; 3]);
    }
}

#[test]
fn planes_are_red_green_and_blue() {
    // Three planes of four bytes, not run-length encoded, without alpha, and a byte of padding.
    let data = [0x20, 1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24, 0];
    let surface = drawn(&update(AT, Size::new(2, 2), 32, 0x401, &data)).unwrap();
    assert_eq!(pixel(&surface, 1, 2), [1, 11, 21]);
    assert_eq!(pixel(&surface, 2, 1), [4, 14, 24]);
}

#[test]
fn what_reaches_past_the_desktop_is_cut_off() {
    let rect = Rect::new(7, 3, 2, 2);
    let data: Vec<u8> = (0..16).collect();
    let surface = drawn(&update(rect, Size::new(2, 2), 32, 0, &data)).unwrap();
    // The upper left of four.
    assert_eq!(pixel(&surface, 7, 3), [10, 9, 8]);
    let outside = Rect::new(900, 900, 2, 2);
    assert!(drawn(&update(outside, Size::new(2, 2), 32, 0, &data)).is_ok());
}

#[test]
fn lies_are_refused() {
    let small = Size::new(2, 2);
    let cases = [
        ("too wide", update(AT, Size::new(u16::MAX, 2), 32, 0x401, &[0x20])),
        ("too high", update(AT, Size::new(2, u16::MAX), 24, 0x401, &[0x64])),
        ("no such depth", update(AT, small, 4, 0, &[0; 16])),
        ("short", update(AT, small, 32, 0, &[0; 15])),
        ("short planes", update(AT, small, 32, 0x401, &[0x20, 1, 2])),
        ("no sizes", update(AT, small, 24, 1, &[0; 7])),
        ("the far edge first", {
            let mut bytes = update(AT, small, 32, 0, &[0; 16]);
            bytes[6] = 0;
            bytes
        }),
    ];
    for (name, bytes) in cases {
        assert!(drawn(&bytes).is_err(), "{name}");
    }
    let bytes = update(AT, small, 24, 0x401, &[0x64, 30, 20, 10]);
    for cut in 0..bytes.len() {
        assert!(drawn(&bytes[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn one_message_cannot_paint_for_ever() {
    let one = &update(Rect::new(0, 0, 8, 4), Size::new(72, 68), 24, 0x401, &[0xf3; 0])[2..];
    let mut bytes = u16::MAX.to_le_bytes().to_vec();
    // A run of as many black pixels as there are.
    let run = [0xf0, 0x20, 0x13];
    for _ in 0..1000 {
        let mut one = one.to_vec();
        one[16] = 3;
        bytes.extend(one);
        bytes.extend(run);
    }
    assert!(drawn(&bytes).is_err());
}
