//! Pointer pictures.

use porthole_pixels::{Point, Rect, Size};
use porthole_remote::Cursor;
use porthole_wire::Reader;

use super::{CursorKind, decode_cursor};
use crate::RfbError;

struct Case {
    name: &'static str,
    kind: CursorKind,
    rect: Rect,
    body: &'static [u8],
    want: Result<Option<Cursor>, RfbError>,
}

fn cursor(width: u16, height: u16, hotspot: (u16, u16), rgba: &[u8]) -> Cursor {
    Cursor {
        size: Size::new(width, height),
        hotspot: Point { x: hotspot.0, y: hotspot.1 },
        rgba: rgba.to_vec(),
    }
}

#[test]
fn decodes_pointer_pictures() {
    let over_limit = RfbError::OverLimit { field: "cursor side", value: 513, limit: 512 };
    let cases = [
        Case {
            name: "two by one, right pixel masked out",
            kind: CursorKind::Masked,
            rect: Rect::new(1, 0, 2, 1),
            body: b"\x01\x02\x03\x00\x04\x05\x06\x00\x80",
            want: Ok(Some(cursor(2, 1, (1, 0), &[1, 2, 3, 255, 0, 0, 0, 0]))),
        },
        Case {
            name: "nine columns take two mask bytes a row; the hotspot is pulled inside",
            kind: CursorKind::TwoColours,
            rect: Rect::new(20, 20, 9, 1),
            body: b"\x01\x02\x03\x07\x08\x09\x80\x00\xc0\x80",
            want: Ok(Some(cursor(
                9,
                1,
                (8, 0),
                &[&[1, 2, 3, 255, 7, 8, 9, 255][..], &[0; 24], &[7, 8, 9, 255]].concat(),
            ))),
        },
        Case {
            name: "alpha is no longer multiplied in",
            kind: CursorKind::Alpha,
            rect: Rect::new(0, 0, 3, 1),
            body: b"\0\0\0\0\x40\x20\x00\x80\xff\x00\x01\xff\x09\x09\x09\x00",
            want: Ok(Some(cursor(3, 1, (0, 0), &[128, 64, 0, 128, 255, 0, 1, 255, 0, 0, 0, 0]))),
        },
        Case {
            name: "empty picture hides the pointer",
            kind: CursorKind::Masked,
            rect: Rect::new(0, 0, 0, 0),
            body: b"",
            want: Ok(Some(Cursor::hidden())),
        },
        Case {
            name: "so does an empty one of two colours, without the colours",
            kind: CursorKind::TwoColours,
            rect: Rect::new(3, 3, 0, 7),
            body: b"",
            want: Ok(Some(Cursor::hidden())),
        },
        Case {
            name: "too wide is refused before its body arrives",
            kind: CursorKind::Alpha,
            rect: Rect::new(0, 0, 513, 1),
            body: b"",
            want: Err(over_limit),
        },
    ];
    for case in cases {
        let mut input = Reader::new(case.body);
        let got = decode_cursor(&mut input, case.kind, case.rect);
        assert_eq!(got, case.want, "{}", case.name);
        if got.is_ok() {
            assert!(input.is_empty(), "{}", case.name);
        }
        for cut in 0..case.body.len() {
            let mut input = Reader::new(&case.body[..cut]);
            let got = decode_cursor(&mut input, case.kind, case.rect);
            assert_eq!(got, Ok(None), "{} at {cut}", case.name);
            assert_eq!(input.len(), cut, "{} at {cut}", case.name);
        }
    }
}

#[test]
fn alpha_pixels_come_raw() {
    let got =
        decode_cursor(&mut Reader::new(b"\0\0\0\x07"), CursorKind::Alpha, Rect::new(0, 0, 1, 1));
    assert_eq!(got, Err(RfbError::UnknownEncoding { encoding: 7 }));
}

#[test]
fn both_sides_are_bounded() {
    for kind in [CursorKind::Masked, CursorKind::TwoColours, CursorKind::Alpha] {
        let got = decode_cursor(&mut Reader::new(b""), kind, Rect::new(0, 0, 1, 513));
        assert!(matches!(got, Err(RfbError::OverLimit { value: 513, .. })));
    }
}
