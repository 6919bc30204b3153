//! Every decoder with vectors and hostile values, through whole sessions, cut everywhere.

use bytes::BufMut;
use flate2::{Compress, Compression, FlushCompress};
use porthole_pixels::{Pixel, Rect, Size};
use porthole_remote::Event;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::test_runner::RngSeed;

use super::opaque;
use crate::RfbConfig;
use crate::testing::{Harness, Random, check_cuts, hello, pixels_of, rectangle, update};

const SIZE: Size = Size { width: 80, height: 72 };
pub(super) const RED: Pixel = [255, 0, 0, 255];
pub(super) const GREEN: Pixel = [0, 255, 0, 255];
pub(super) const BLUE: Pixel = [0, 0, 255, 255];
pub(super) const BLACK: Pixel = [0, 0, 0, 255];

const RAW: i32 = 0;
const COPY_RECT: i32 = 1;
const RRE: i32 = 2;
const HEXTILE: i32 = 5;
const ZLIB: i32 = 6;
pub(super) const TIGHT: i32 = 7;
const TRLE: i32 = 15;
const ZRLE: i32 = 16;
pub(super) const TIGHT_PNG: i32 = -260;

/// A 16 x 16 JPEG: red on the left, blue on the right.
pub(super) const JPEG: &[u8] = include_bytes!("../../vectors/red_blue_16x16.jpg");

/// zlib, as servers use it: one stream, flushed after each rectangle.
pub(super) struct Deflate(Compress);

impl Deflate {
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::default(), true))
    }

    pub(super) fn bytes(&mut self, raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(raw.len() + raw.len() / 100 + 1000);
        self.0.compress_vec(raw, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.len() < out.capacity(), "nothing is left inside");
        out
    }

    /// With a 32-bit length in front.
    fn with_len(&mut self, raw: &[u8]) -> Vec<u8> {
        let deflated = self.bytes(raw);
        let mut out = Vec::new();
        out.put_u32(u32::try_from(deflated.len()).unwrap());
        out.extend(deflated);
        out
    }
}

/// Runs one update of `rectangles` on a desktop of [`SIZE`].
pub(super) fn decode(rectangles: &[Vec<u8>]) -> Harness {
    let stream = [hello(SIZE), update(rectangles)].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    if harness.heard.error.is_none() {
        assert_eq!(harness.heard.events.last(), Some(&Event::FrameEnd));
        assert!(harness.arrived.is_empty());
    }
    harness
}

/// Decodes one rectangle and gives its pixels.
pub(super) fn pixels(rect: Rect, encoding: i32, body: &[u8]) -> Vec<Pixel> {
    let harness = decode(&[rectangle(rect, encoding, body)]);
    assert_eq!(harness.heard.error, None);
    pixels_of(&harness.surface, rect)
}

/// Decodes rectangles that break their encoding, and gives the name of the fault.
pub(super) fn fault(rect: Rect, encoding: i32, body: &[u8]) -> &'static str {
    decode(&[rectangle(rect, encoding, body)]).cause().unwrap_or("none")
}

pub(super) fn rgb(pixels: &[Pixel]) -> Vec<u8> {
    pixels.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect()
}

/// `count` pixels that compress badly.
pub(super) fn noise(count: usize) -> Vec<Pixel> {
    let mut random = Random(count as u64);
    (0..count).map(|_| opaque([random.byte(), random.byte(), random.byte()])).collect()
}

#[test]
fn raw() {
    let want = noise(6);
    let mut body = want.concat();
    // The fourth byte is padding, and may be anything.
    body[3] = 7;
    assert_eq!(pixels(Rect::new(77, 70, 3, 2), RAW, &body), want);
    assert!(pixels(Rect::new(3, 3, 0, 9), RAW, &[]).is_empty());
    assert_eq!(fault(Rect::new(78, 70, 3, 2), RAW, &body), "outside_desktop");
    assert_eq!(fault(Rect::new(0, 0, u16::MAX, u16::MAX), RAW, &body), "outside_desktop");
    assert_eq!(fault(Rect::new(0, 0, 1, 1), 99, &body), "unknown_encoding");
}

#[test]
fn copy_rect() {
    let drawn = rectangle(Rect::new(0, 0, 2, 1), RAW, &[RED, BLUE].concat());
    let copied = rectangle(Rect::new(1, 0, 2, 1), COPY_RECT, &[0; 4]);
    let harness = decode(&[drawn, copied]);
    assert_eq!(pixels_of(&harness.surface, Rect::new(0, 0, 3, 1)), [RED, RED, BLUE]);
    assert_eq!(fault(Rect::new(0, 0, 2, 1), COPY_RECT, &[0, 79, 0, 0]), "outside_desktop");
}

#[test]
fn rre() {
    let body = |count: u32, subrectangle: [u16; 4]| {
        let mut body = Vec::new();
        body.put_u32(count);
        body.extend(GREEN);
        for _ in 0..count.min(64) {
            body.extend(RED);
            subrectangle.iter().for_each(|side| body.put_u16(*side));
        }
        body
    };
    let rect = Rect::new(5, 5, 3, 2);
    assert_eq!(pixels(rect, RRE, &body(0, [0; 4])), [GREEN; 6]);
    assert_eq!(pixels(rect, RRE, &body(1, [1, 0, 2, 1])), [GREEN, RED, RED, GREEN, GREEN, GREEN]);
    assert_eq!(fault(rect, RRE, &body(1, [2, 0, 2, 1])), "outside_desktop");
    assert_eq!(fault(rect, RRE, &body(1, [u16::MAX, 0, u16::MAX, 1])), "outside_desktop");
    assert_eq!(fault(rect, RRE, &body(7, [0, 0, 1, 1])), "over_limit");
    assert_eq!(fault(rect, RRE, &body(u32::MAX, [0, 0, 1, 1])), "over_limit");
    // Painting all of it again and again is not what the encoding is for.
    assert_eq!(fault(rect, RRE, &body(6, [0, 0, 3, 2])), "over_limit");
}

#[test]
fn hextile() {
    // Three tiles across; each has 16 rows but the last tile has 2 columns.
    let rect = Rect::new(1, 1, 34, 16);
    let mut body = vec![2 | 4 | 8];
    body.extend(GREEN);
    body.extend(RED);
    body.extend([2, 0x00, 0x00, 0xff, 0x00]);
    // Same background; two coloured subrectangles, the second upon the first.
    body.extend([8 | 16, 2]);
    body.extend(BLUE);
    body.extend([0x00, 0xff]);
    body.extend(RED);
    body.extend([0x10, 0x1f]);
    // Raw, two columns.
    body.push(1);
    let raw = noise(32);
    body.extend(raw.concat());
    let got = pixels(rect, HEXTILE, &body);
    for (index, pixel) in got.iter().enumerate() {
        let (x, y) = (index % 34, index / 34);
        let want = match (x, y) {
            (0, 0) | (15, 15) | (17 | 18, _) => RED,
            (0..16, _) => GREEN,
            (16..32, _) => BLUE,
            _ => raw[y * 2 + x - 32],
        };
        assert_eq!(*pixel, want, "{x}, {y}");
    }

    let small = Rect::new(0, 0, 4, 4);
    let outside = [&[2 | 8][..], &RED, &[1, 0x30, 0x10]].concat();
    assert_eq!(fault(small, HEXTILE, &outside), "outside_desktop");
    // A first tile without a background is black, and keeps the foreground for the next.
    assert_eq!(pixels(small, HEXTILE, &[0]), [BLACK; 16]);
    let carried = [&[4 | 8][..], &BLUE, &[0, 8, 1, 0x00, 0x00]].concat();
    assert_eq!(pixels(Rect::new(0, 0, 17, 1), HEXTILE, &carried)[16], BLUE);
}

#[test]
fn zlib_spans_rectangles() {
    let mut deflate = Deflate::new();
    let (first, second) = (noise(80 * 72), vec![GREEN; 21]);
    let rectangles = [
        rectangle(SIZE.rect(), ZLIB, &deflate.with_len(&first.concat())),
        rectangle(Rect::new(2, 3, 0, 3), ZLIB, &deflate.with_len(&[])),
        rectangle(Rect::new(2, 3, 7, 3), ZLIB, &deflate.with_len(&second.concat())),
    ];
    let harness = decode(&rectangles);
    assert_eq!(harness.heard.error, None);
    assert_eq!(pixels_of(&harness.surface, Rect::new(2, 3, 7, 3)), second);
    assert_eq!(pixels_of(&harness.surface, Rect::new(0, 0, 80, 3)), first[..240]);
}

#[test]
fn zlib_gives_neither_more_nor_less() {
    let rect = Rect::new(0, 0, 10, 10);
    let body = |pixels: usize| Deflate::new().with_len(&vec![9; pixels * 4]);
    assert_eq!(fault(rect, ZLIB, &body(100)), "none");
    assert_eq!(fault(rect, ZLIB, &body(99)), "short_data");
    assert_eq!(fault(rect, ZLIB, &body(101)), "excess_data");
    // What would inflate to far more is noticed as soon as the rectangle is full.
    let mut bomb = Deflate::new().with_len(&vec![0; 200_000]);
    bomb.truncate(300);
    assert_eq!(fault(rect, ZLIB, &bomb), "excess_data");
    assert_eq!(fault(rect, ZLIB, b"\0\0\0\x08corrupt!"), "inflate");
    assert_eq!(fault(rect, ZLIB, b"\0\0\0\0"), "short_data");
    // The limit is known before the bytes arrive.
    assert_eq!(fault(rect, ZLIB, &[0xff; 4]), "over_limit");
}

/// A tile in every way that TRLE has, and its pixels. The first uses no earlier palette.
fn tiles_of(area: usize) -> Vec<(Vec<u8>, Vec<Pixel>)> {
    let raw = noise(area);
    let palette = [RED, GREEN, BLUE];
    let long_palette = noise(127);
    let run = |len: usize| {
        let mut bytes = vec![255; (len - 1) / 255];
        bytes.push(u8::try_from((len - 1) % 255).unwrap());
        bytes
    };
    let halves = [vec![RED; area - 1], vec![BLUE; 1]].concat();
    vec![
        ([&[0][..], &rgb(&raw)].concat(), raw.clone()),
        ([&[1][..], &rgb(&[GREEN])].concat(), vec![GREEN; area]),
        ([&[128][..], &rgb(&[RED]), &run(area - 1), &rgb(&[BLUE]), &run(1)].concat(), halves),
        (
            [&[131][..], &rgb(&palette), &[0x82], &run(area - 2), &[1, 0]].concat(),
            [vec![BLUE; area - 2], vec![GREEN, RED]].concat(),
        ),
        (
            [&[255][..], &rgb(&long_palette), &[0x80 + 126], &run(area)].concat(),
            vec![long_palette[126]; area],
        ),
    ]
}

#[test]
fn trle() {
    for (body, want) in tiles_of(16 * 16) {
        assert_eq!(pixels(Rect::new(3, 3, 16, 16), TRLE, &body), want);
    }
    // Packed: 1, 2 and 4 bits, rows of whole bytes; then palettes used again.
    let rect = Rect::new(0, 0, 5, 2);
    let packed = [&[2][..], &rgb(&[RED, BLUE]), &[0b0101_0000, 0b1111_1000]].concat();
    let want = [RED, BLUE, RED, BLUE, RED, BLUE, BLUE, BLUE, BLUE, BLUE];
    assert_eq!(pixels(rect, TRLE, &packed), want);
    let packed = [&[3][..], &rgb(&[RED, BLUE, GREEN]), &[0b0001_1000, 0x80, 0, 0]].concat();
    assert_eq!(pixels(rect, TRLE, &packed)[..5], [RED, BLUE, GREEN, RED, GREEN]);
    let colours = noise(16);
    let packed = [&[16][..], &rgb(&colours), &[0x01, 0xef, 0x70, 0, 0, 0]].concat();
    let want = [0, 1, 14, 15, 7].map(|index| colours[index]);
    assert_eq!(pixels(rect, TRLE, &packed)[..5], want);

    let row = Rect::new(0, 0, 48, 1);
    let packed = [&[2][..], &rgb(&[RED, BLUE]), &[0xff, 0], &[127, 0, 0xff], &[129, 0x81, 15]];
    let got = pixels(row, TRLE, &packed.concat());
    let want = [BLUE, RED, RED, BLUE, BLUE, BLUE];
    assert_eq!(got.chunks(8).map(|run| run[0]).collect::<Vec<_>>(), want);
}

#[test]
fn trle_refuses() {
    let rect = Rect::new(0, 0, 4, 1);
    let palette = rgb(&[RED, BLUE]);
    let cases: [(&str, Vec<u8>); 10] = [
        ("bad_field", vec![17]),
        ("bad_field", vec![126]),
        ("bad_field", vec![127, 0]),
        ("bad_field", vec![129, 0]),
        ("bad_field", [&[3][..], &palette, &palette[..3], &[0xff]].concat()),
        ("bad_field", [&[130][..], &palette, &[2]].concat()),
        ("bad_field", [&[130][..], &palette, &[0x82, 0]].concat()),
        ("over_limit", [&[130][..], &palette, &[0x81, 4]].concat()),
        ("over_limit", [&[128][..], &palette[..3], &[4]].concat()),
        ("over_limit", [&[128][..], &palette[..3], &[0xff; 100]].concat()),
    ];
    for (want, body) in cases {
        assert_eq!(fault(rect, TRLE, &body), want, "{body:?}");
    }
    // ZRLE has no palettes that are used again.
    for reuse in [127, 129] {
        let raw = [&[2][..], &palette, &[0; 8], &[reuse, 0]].concat();
        let body = Deflate::new().with_len(&raw);
        assert_eq!(fault(Rect::new(0, 0, 68, 1), ZRLE, &body), "bad_field");
    }
}

#[test]
fn zrle() {
    let mut deflate = Deflate::new();
    let mut rectangles = Vec::new();
    let mut wants = Vec::new();
    for (raw, want) in tiles_of(64 * 64) {
        rectangles.push(rectangle(Rect::new(0, 0, 64, 64), ZRLE, &deflate.with_len(&raw)));
        wants.push(want);
        let harness = decode(&rectangles);
        assert_eq!(harness.heard.error, None);
        assert_eq!(pixels_of(&harness.surface, Rect::new(0, 0, 64, 64)), wants[wants.len() - 1]);
    }
    // Four tiles, the last three smaller.
    let raw = [
        &[1][..],
        &rgb(&[RED]),
        &[1],
        &rgb(&[GREEN]),
        &[128],
        &rgb(&[BLUE]),
        &[255, 255, 1],
        &[2],
        &rgb(&[RED, BLUE]),
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let got = pixels(SIZE.rect(), ZRLE, &Deflate::new().with_len(&raw));
    assert_eq!(got[63], RED);
    assert_eq!(got[64], GREEN);
    assert_eq!(got[80 * 64 + 63], BLUE);
    assert_eq!(got[80 * 64 + 64], BLUE);
    assert_eq!(got[80 * 71 + 79], RED);
    assert!(pixels(Rect::new(0, 0, 0, 0), ZRLE, &[0; 4]).is_empty());
}

#[test]
fn zrle_gives_neither_more_nor_less() {
    let rect = Rect::new(0, 0, 4, 1);
    let body = |raw: &[u8]| Deflate::new().with_len(raw);
    assert_eq!(fault(rect, ZRLE, &body(&[1, 1, 2, 3])), "none");
    assert_eq!(fault(rect, ZRLE, &body(&[1, 1, 2])), "short_data");
    assert_eq!(fault(rect, ZRLE, &body(&[1, 1, 2, 3, 4])), "excess_data");
    assert_eq!(fault(rect, ZRLE, b"\0\0\0\x04junk"), "inflate");
    assert_eq!(fault(rect, ZRLE, &[0x7f, 0, 0, 0]), "over_limit");
}

#[test]
fn large_rectangles_are_taken_as_they_arrive() {
    let size = Size::new(1920, 1080);
    let want = noise(1920 * 1080);
    let tiles = || {
        let corners = (0..17).flat_map(|row| (0..30).map(move |column| (column * 64, row * 64)));
        corners.flat_map(|(left, top)| {
            let rows = top..(top + 64).min(1080);
            let pixels = rows.flat_map(move |y| y * 1920 + left..y * 1920 + left + 64);
            std::iter::once(0).chain(pixels.flat_map(|place| rgb(&want[place..=place])))
        })
    };
    let mut deflate = Deflate::new();
    let cases = [
        // What may be left over: less than a row, or only what zlib has not looked at.
        (RAW, want.concat(), 1920 * 4),
        (ZLIB, Deflate::new().with_len(&want.concat()), 0),
        (ZRLE, deflate.with_len(&tiles().collect::<Vec<u8>>()), 0),
    ];
    for (encoding, body, leftover_max) in cases {
        let mut harness = Harness::connected(RfbConfig::default(), size);
        let stream = update(&[rectangle(size.rect(), encoding, &body)]);
        harness.feed(&stream[..20]);
        for part in stream[20..].chunks(1000) {
            harness.feed(part);
            assert!(harness.arrived.len() <= leftover_max, "{encoding}");
        }
        assert_eq!(harness.heard.error, None, "{encoding}");
        assert_eq!(harness.heard.events, [Event::FrameEnd], "{encoding}");
        assert!(harness.surface.bytes() == want.concat(), "{encoding}");
    }
}

#[test]
fn an_update_cannot_paint_without_end() {
    let copy = rectangle(Rect::new(0, 0, 80, 72), COPY_RECT, &[0; 4]);
    assert_eq!(decode(&vec![copy.clone(); 64]).cause(), None);
    assert_eq!(decode(&vec![copy; 65]).cause(), Some("over_limit"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..ProptestConfig::with_cases(300)
    })]

    /// Junk in any encoding is an error or pixels, however it is cut, and never more.
    #[test]
    fn junk_is_survived(
        encoding in proptest::sample::select(
            &[RAW, COPY_RECT, RRE, HEXTILE, ZLIB, TIGHT, TRLE, ZRLE, TIGHT_PNG, -239, -240, -308, -314, -307]
        ),
        rect in any::<[u8; 4]>(),
        mut body in proptest::collection::vec(any::<u8>(), 0..300),
        is_deflated in any::<bool>(),
    ) {
        let [x, y, width, height] = rect.map(|side| u16::from(side % 40));
        if is_deflated {
            body = Deflate::new().with_len(&body);
            if encoding == TIGHT {
                body[3] = 0;
                body.drain(..3);
            }
        }
        let rectangles = [rectangle(Rect::new(x, y, width, height), encoding, &body)];
        let stream = [hello(SIZE), update(&rectangles)].concat();
        check_cuts(&RfbConfig::default(), &stream);
    }
}
