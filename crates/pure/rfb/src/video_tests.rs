//! H.264 rectangles in whole sessions.

use bytes::{BufMut, Bytes};
use porthole_pixels::{Rect, Size};
use porthole_remote::{Event, Input, VideoChunk};

use crate::RfbConfig;
use crate::requests::put_update_request;
use crate::testing::{Harness, check_cuts, hello, rectangle, update};

const SIZE: Size = Size { width: 100, height: 80 };
const LEFT: Rect = Rect { x: 0, y: 0, width: 40, height: 80 };
const RIGHT: Rect = Rect { x: 50, y: 0, width: 40, height: 80 };

fn config() -> RfbConfig {
    RfbConfig { h264: true, ..RfbConfig::default() }
}

fn h264(rect: Rect, flags: u32, data: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u32(u32::try_from(data.len()).unwrap());
    body.put_u32(flags);
    body.put_slice(data);
    rectangle(rect, 50, &body)
}

fn chunk(stream: u32, rect: Rect, is_start: bool, data: &'static [u8]) -> Event {
    let (parts, data) = (Vec::new(), Bytes::from_static(data));
    Event::Video(VideoChunk { stream, rect, parts, is_start, data })
}

fn events_of(rectangles: &[Vec<u8>]) -> Vec<Event> {
    let harness = check_cuts(&config(), &[hello(SIZE), update(rectangles)].concat());
    assert_eq!(harness.heard.error, None);
    harness.heard.events[2..].to_vec()
}

#[test]
fn each_place_has_a_stream() {
    let events = events_of(&[
        h264(LEFT, 0, b"sps and key"),
        h264(RIGHT, 0, b"another"),
        h264(LEFT, 0, b"more"),
        h264(RIGHT, 1, b"key again"),
        h264(LEFT, 1, b""),
        h264(LEFT, 0, b"key too"),
    ]);
    let want = [
        chunk(0, LEFT, true, b"sps and key"),
        chunk(1, RIGHT, true, b"another"),
        chunk(0, LEFT, false, b"more"),
        chunk(1, RIGHT, true, b"key again"),
        chunk(0, LEFT, true, b"key too"),
        Event::FrameEnd,
    ];
    assert_eq!(events, want);
}

#[test]
fn a_reset_of_all_ends_them() {
    let events = events_of(&[
        h264(LEFT, 0, b"a"),
        h264(RIGHT, 0, b"b"),
        h264(RIGHT, 2, b"c"),
        h264(LEFT, 3, b""),
        h264(LEFT, 0, b"d"),
    ]);
    let want = [
        chunk(0, LEFT, true, b"a"),
        chunk(1, RIGHT, true, b"b"),
        Event::VideoEnded(0),
        Event::VideoEnded(1),
        chunk(0, RIGHT, true, b"c"),
        Event::VideoEnded(0),
        chunk(0, LEFT, true, b"d"),
        Event::FrameEnd,
    ];
    assert_eq!(events, want);
}

#[test]
fn a_new_size_ends_what_is_no_longer_on_the_desktop() {
    let smaller = rectangle(Rect::new(0, 0, 60, 80), -223, &[]);
    let events = events_of(&[h264(LEFT, 0, b"a"), h264(RIGHT, 0, b"b"), smaller]);
    assert_eq!(events[2..4], [Event::Resized(Size::new(60, 80)), Event::VideoEnded(1)]);
}

#[test]
fn the_longest_silent_makes_room() {
    let mut rectangles: Vec<Vec<u8>> =
        (0..64).map(|x| h264(Rect::new(x, 0, 1, 1), 0, b"x")).collect();
    rectangles.push(h264(Rect::new(0, 0, 1, 1), 0, b"y"));
    rectangles.push(h264(Rect::new(70, 0, 1, 1), 0, b"z"));
    let events = events_of(&rectangles);
    let want = [
        chunk(0, Rect::new(0, 0, 1, 1), false, b"y"),
        Event::VideoEnded(1),
        chunk(1, Rect::new(70, 0, 1, 1), true, b"z"),
    ];
    assert_eq!(events[64..67], want);
}

#[test]
fn it_has_to_be_allowed_and_has_limits() {
    let stream = [hello(SIZE), update(&[h264(LEFT, 0, b"a")])].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.cause(), Some("unknown_encoding"));
    let long = rectangle(LEFT, 50, &[0, 0x10, 0, 0, 0, 0, 0, 0]);
    let stream = [hello(SIZE), update(&[long])].concat();
    assert_eq!(check_cuts(&config(), &stream).cause(), Some("over_limit"));
    let outside = h264(Rect::new(90, 0, 40, 80), 0, b"a");
    let stream = [hello(SIZE), update(&[outside])].concat();
    assert_eq!(check_cuts(&config(), &stream).cause(), Some("outside_desktop"));
}

/// Whether the first message of `sent`, `SetEncodings`, names H.264; and what comes after it.
fn asks_for_video(sent: &[u8]) -> (bool, &[u8]) {
    assert_eq!(sent[0], 2);
    let count = usize::from(u16::from_be_bytes([sent[2], sent[3]]));
    let (names, rest) = sent[4..].split_at(4 * count);
    (names.chunks(4).any(|name| name == [0, 0, 0, 50]), rest)
}

fn request(rect: Rect) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_update_request(&mut bytes, false, rect);
    bytes
}

#[test]
fn it_is_asked_for_while_it_is_welcome() {
    let mut harness = Harness::connected(config(), SIZE);
    harness.take_sent();
    harness.input(Input::VideoWelcome(true));
    assert_eq!(asks_for_video(&harness.take_sent()), (true, &[][..]));
    harness.input(Input::VideoWelcome(true));
    assert!(harness.take_sent().is_empty(), "it said so already");
    // Nothing was shown as video: there is nothing to draw again.
    harness.input(Input::VideoWelcome(false));
    assert_eq!(asks_for_video(&harness.take_sent()), (false, &[][..]));
    harness.input(Input::VideoWelcome(true));
    harness.feed(&update(&[h264(LEFT, 0, b"a"), h264(RIGHT, 0, b"b")]));
    harness.take_sent();
    harness.heard.events.clear();
    harness.input(Input::VideoWelcome(false));
    let around = Rect::new(0, 0, 90, 80);
    assert_eq!(asks_for_video(&harness.take_sent()), (false, &request(around)[..]));
    assert_eq!(harness.heard.events, [Event::VideoEnded(0), Event::VideoEnded(1)]);
    // What was on its way is no fault.
    harness.feed(&update(&[h264(LEFT, 0, b"late")]));
    assert_eq!(harness.heard.error, None);
    // And who may not ask does not.
    let mut harness = Harness::connected(RfbConfig::default(), SIZE);
    harness.take_sent();
    harness.input(Input::VideoWelcome(true));
    assert!(harness.take_sent().is_empty());
}

#[test]
fn a_repaint_begins_streams_anew() {
    let mut harness = Harness::connected(RfbConfig { view_only: true, ..config() }, SIZE);
    harness.input(Input::VideoWelcome(true));
    harness.feed(&update(&[h264(LEFT, 0, b"a")]));
    harness.take_sent();
    harness.input(Input::Repaint(Rect::new(39, 10, 21, 10)));
    assert_eq!(harness.take_sent(), request(Rect::new(0, 0, 60, 80)));
    harness.input(Input::Repaint(Rect::new(60, 70, 90, 90)));
    assert_eq!(harness.take_sent(), request(Rect::new(60, 70, 40, 10)));
    harness.input(Input::Repaint(Rect::new(200, 0, 5, 5)));
    assert!(harness.take_sent().is_empty());
}

#[test]
fn a_chunk_covers_its_place() {
    let red = rectangle(Rect::new(10, 10, 1, 1), 0, &[255, 0, 0, 0]);
    let stream = update(&[h264(LEFT, 0, b"a"), red, h264(LEFT, 0, b""), h264(RIGHT, 1, b"")]);
    let harness = check_cuts(&config(), &[hello(SIZE), stream].concat());
    assert_eq!(harness.surface.veils_count(), 1);
    let veil = harness.surface.veil().unwrap();
    assert_eq!(veil.open_parts(Rect::new(0, 0, 40, 30)), Some(vec![Rect::new(10, 10, 1, 1)]));
    assert!(!veil.touches(Rect::new(64, 0, 36, 80)));
}
