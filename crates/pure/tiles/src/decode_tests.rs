//! Bodies written by hand, every truncation, and bombs.

use porthole_pixels::Size;

use super::{DECODE_PIXELS_MAX, decode_palette, decode_rgb};
use crate::TilesError;
use crate::deflate::{Deflater, Repeats};

fn deflated(content: &[u8]) -> Vec<u8> {
    Deflater::new().deflate(content, Repeats::ByteBefore).to_vec()
}

struct Case {
    name: &'static str,
    size: Size,
    content: &'static [u8],
    want: Result<&'static [u8], TilesError>,
}

const fn malformed(body: &'static str, reason: &'static str) -> TilesError {
    TilesError::Malformed { body, reason }
}

fn check(cases: &[Case], decode: fn(Size, &[u8]) -> Result<Vec<u8>, TilesError>) {
    for case in cases {
        let data = deflated(case.content);
        let want = case.want.clone().map(<[u8]>::to_vec);
        assert_eq!(decode(case.size, &data), want, "{}", case.name);
        for cut in 0..data.len() {
            assert!(decode(case.size, &data[..cut]).is_err(), "{} at {cut}", case.name);
        }
        let trailing = [&data[..], &[0]].concat();
        assert!(decode(case.size, &trailing).is_err(), "{} and a byte", case.name);
    }
}

#[test]
fn decodes_palette_bodies() {
    let cut = TilesError::Cut { body: "palette" };
    check(
        &[
            Case {
                name: "one bit",
                size: Size::new(3, 2),
                content: &[1, 1, 2, 3, 4, 5, 6, 0b0100_0000, 0b1010_0000],
                want: Ok(&[
                    1, 2, 3, 255, 4, 5, 6, 255, 1, 2, 3, 255, //
                    4, 5, 6, 255, 1, 2, 3, 255, 4, 5, 6, 255,
                ]),
            },
            Case {
                name: "one colour has indices all the same",
                size: Size::new(1, 1),
                content: &[0, 7, 8, 9, 0],
                want: Ok(&[7, 8, 9, 255]),
            },
            Case {
                name: "two bits",
                size: Size::new(2, 1),
                content: &[2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0b1001_0000],
                want: Ok(&[3, 3, 3, 255, 2, 2, 2, 255]),
            },
            Case {
                name: "an index past the colours",
                size: Size::new(1, 1),
                content: &[2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0b1100_0000],
                want: Err(malformed("palette", "an index names no colour")),
            },
            Case {
                name: "no colours",
                size: Size::new(1, 1),
                content: &[1, 1, 1],
                want: Err(cut.clone()),
            },
            Case { name: "nothing", size: Size::new(1, 1), content: &[], want: Err(cut.clone()) },
            Case {
                name: "a row is missing",
                size: Size::new(1, 2),
                content: &[0, 7, 8, 9, 0],
                want: Err(cut),
            },
            Case {
                name: "a row too many",
                size: Size::new(1, 1),
                content: &[0, 7, 8, 9, 0, 0],
                want: Err(malformed("palette", "more rows than the rectangle has")),
            },
            Case {
                name: "no pixels",
                size: Size::new(0, 5),
                content: &[0, 7, 8, 9],
                want: Ok(&[]),
            },
        ],
        decode_palette,
    );
}

#[test]
fn decodes_rgb_bodies() {
    check(
        &[
            Case {
                name: "each filter",
                size: Size::new(2, 3),
                content: &[
                    0, 1, 2, 3, 4, 5, 6, //
                    1, 10, 20, 30, 255, 0, 1, //
                    2, 0, 0, 246, 1, 1, 1,
                ],
                want: Ok(&[
                    1, 2, 3, 255, 4, 5, 6, 255, //
                    10, 20, 30, 255, 9, 20, 31, 255, //
                    10, 20, 20, 255, 10, 21, 32, 255,
                ]),
            },
            Case {
                name: "above the first row there is nothing to add",
                size: Size::new(1, 1),
                content: &[2, 1, 2, 3],
                want: Ok(&[1, 2, 3, 255]),
            },
            Case {
                name: "an unknown filter",
                size: Size::new(1, 1),
                content: &[3, 1, 2, 3],
                want: Err(malformed("rgb", "unknown filter")),
            },
            Case {
                name: "a row is missing",
                size: Size::new(1, 2),
                content: &[0, 1, 2, 3],
                want: Err(TilesError::Cut { body: "rgb" }),
            },
            Case {
                name: "a row too many",
                size: Size::new(1, 1),
                content: &[0, 1, 2, 3, 0, 1, 2, 3],
                want: Err(TilesError::OverLimit { field: "inflated bytes", value: 5, limit: 4 }),
            },
        ],
        decode_rgb,
    );
}

#[test]
fn a_bomb_is_stopped() {
    let bomb = deflated(&vec![0; 50_000_000]);
    assert!(bomb.len() < 100_000);
    let size = Size::new(10, 10);
    for decoded in [decode_palette(size, &bomb), decode_rgb(size, &bomb)] {
        assert!(matches!(decoded, Err(TilesError::OverLimit { field: "inflated bytes", .. })));
    }
    let huge = Size::new(u16::MAX, u16::MAX);
    let refused = Err(TilesError::OverLimit {
        field: "pixels of an image",
        value: huge.area().into(),
        limit: DECODE_PIXELS_MAX.into(),
    });
    assert_eq!(decode_palette(huge, &bomb), refused);
    assert_eq!(decode_rgb(huge, &bomb), refused);
}

#[test]
fn rubbish_is_refused() {
    let size = Size::new(8, 8);
    for first in 0..=u8::MAX {
        let rubbish = [first, 0x5a, 0xc3, 0x11, 0x99, 0xff, 0x03];
        assert!(decode_palette(size, &rubbish).is_err());
        assert!(decode_rgb(size, &rubbish).is_err());
    }
}
