//! Whole sessions after the handshake.

use std::time::Duration;

use porthole_pixels::{Point, Rect, Size};
use porthole_remote::{Buttons, Clipboard, Event, Input, Remote};

use super::RfbClient;
use crate::testing::{Harness, Random, check_cuts, hello, rectangle, update};
use crate::{EncodingKind, RfbConfig};

const SIZE: Size = Size { width: 8, height: 6 };

const REQUEST: [u8; 10] = [3, 1, 0, 0, 0, 0, 0, 8, 0, 6];
const REQUEST_ALL: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 8, 0, 6];
const CONTINUE: [u8; 10] = [150, 1, 0, 0, 0, 0, 0, 8, 0, 6];
const END_OF_CONTINUOUS: [u8; 1] = [150];

/// A fence that wants an answer: block before and after, synchronise, and an unknown bit.
const FENCE: [u8; 11] = [248, 0, 0, 0, 0x80, 0, 0x10, 7, 2, b'h', b'i'];
const FENCE_ANSWER: [u8; 11] = [248, 0, 0, 0, 0, 0, 0, 3, 2, b'h', b'i'];

fn connected() -> Harness {
    Harness::connected(RfbConfig::default(), SIZE)
}

fn is_send<T: Send>() {}

#[test]
fn a_client_can_move_between_threads() {
    is_send::<RfbClient>();
}

#[test]
fn opens_with_format_encodings_and_a_request_for_everything() {
    let encodings = vec![EncodingKind::Zrle];
    let config = RfbConfig { encodings, quality: Some(8), ..RfbConfig::default() };
    let harness = check_cuts(&config, &hello(SIZE));
    let sent = &harness.heard.sent[14..];
    assert_eq!(sent[..20], [0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
    assert_eq!(sent[20..28], [2, 0, 0, 15, 0, 0, 0, 16]);
    assert_eq!(sent[20 + 4 + 15 * 4..], REQUEST_ALL);
    assert_eq!(harness.heard.events, [Event::Connected, Event::Title("desk".into())]);
}

#[test]
fn every_update_ends_a_frame_and_asks_for_the_next() {
    let pixel = rectangle(Rect::new(7, 5, 1, 1), 0, &[1, 2, 3, 4]);
    let stream = [hello(SIZE), update(&[pixel]), update(&[])].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.heard.events[2..], [Event::FrameEnd, Event::FrameEnd]);
    assert!(harness.heard.sent.ends_with(&[REQUEST_ALL, REQUEST, REQUEST].concat()));
    assert_eq!(harness.surface.bytes()[47 * 4..], [1, 2, 3, 255]);
}

#[test]
fn a_last_rectangle_ends_an_update_early() {
    let pixel = rectangle(Rect::new(0, 0, 1, 1), 0, &[1, 2, 3, 4]);
    let last = rectangle(Rect::default(), -224, &[]);
    let stream = [hello(SIZE), vec![0, 0, 0xff, 0xff], pixel, last, vec![2]].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.heard.events[2..], [Event::FrameEnd, Event::Bell]);
}

#[test]
fn pseudo_rectangles_become_events() {
    let at = |x, y, width, height| Rect::new(x, y, width, height);
    let rectangles = [
        rectangle(at(0, 0, 0, 0), -239, &[]),
        rectangle(at(0, 0, 0, 0), -307, b"\0\0\0\x05a\x1b[mb"),
        rectangle(at(0, 0, 1, 1), -261, &[0xfe]),
        rectangle(at(0, 0, 0, 0), -258, &[]),
        rectangle(at(0, 0, 0, 0), -316, &[]),
    ];
    let stream = [hello(SIZE), update(&rectangles)].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    let want = [
        Event::Cursor(porthole_remote::Cursor::hidden()),
        Event::Title("a [mb".into()),
        Event::Leds(6),
        Event::FrameEnd,
    ];
    assert_eq!(harness.heard.events[2..], want);
}

#[test]
fn fences_are_answered_in_their_place() {
    let stream = [&hello(SIZE)[..], &FENCE, &update(&[]), &FENCE].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    let want = [&FENCE_ANSWER[..], &REQUEST, &FENCE_ANSWER].concat();
    assert!(harness.heard.sent.ends_with(&want));
    let no_request = [248, 0, 0, 0, 0, 0, 0, 1, 0];
    let harness = check_cuts(&RfbConfig::default(), &[&hello(SIZE)[..], &no_request].concat());
    assert!(harness.heard.sent.ends_with(&REQUEST_ALL));
    let long = [248, 0, 0, 0, 0x80, 0, 0, 0, 65];
    let harness = check_cuts(&RfbConfig::default(), &[&hello(SIZE)[..], &long].concat());
    assert_eq!(harness.cause(), Some("over_limit"));
}

#[test]
fn updates_become_continuous_where_the_server_can() {
    let mut harness = connected();
    // Without fences there would be no flow control.
    harness.feed(&END_OF_CONTINUOUS);
    assert_eq!(harness.take_sent(), []);
    harness.feed(&FENCE);
    harness.feed(&END_OF_CONTINUOUS);
    assert_eq!(harness.take_sent(), [&FENCE_ANSWER[..], &CONTINUE].concat());
    harness.feed(&update(&[]));
    assert_eq!(harness.take_sent(), []);
    // A new size: the area is renewed, and everything asked for.
    harness.feed(&update(&[rectangle(Rect::new(0, 0, 3, 4), -223, &[])]));
    let want = [150, 1, 0, 0, 0, 0, 0, 3, 0, 4, 3, 0, 0, 0, 0, 0, 0, 3, 0, 4];
    assert_eq!(harness.take_sent(), want);
    // The server has had enough of it.
    harness.feed(&END_OF_CONTINUOUS);
    assert_eq!(harness.take_sent(), [3, 1, 0, 0, 0, 0, 0, 3, 0, 4]);
}

#[test]
fn a_measured_path_is_tried_and_given_up() {
    let size = Size::new(200, 100);
    let config = RfbConfig { measure_path: true, ..RfbConfig::default() };
    let mut harness = Harness::connected(config, size);
    let set_encodings = |sent: &[u8], first: [u8; 8]| {
        let at = sent.windows(2).position(|bytes| bytes == [2, 0]).unwrap();
        assert_eq!(sent[at + 4..at + 12], first);
    };
    harness.feed(&update(&[rectangle(Rect::new(7, 5, 1, 1), 0, &[1, 2, 3, 4])]));
    let sent = harness.take_sent();
    // CopyRect and Raw, and all of a desktop that is so small.
    set_encodings(&sent[10..], [0, 0, 0, 1, 0, 0, 0, 0]);
    assert!(sent.ends_with(&[3, 0, 0, 0, 0, 0, 0, 200, 0, 100]));
    harness.pass(Duration::from_millis(100));
    harness.feed(&update(&[rectangle(size.rect(), 0, &vec![9; 80_000])]));
    set_encodings(&harness.take_sent()[10..], [0, 0, 0, 1, 0, 0, 0, 7]);
    assert_eq!(harness.client.rectangles(EncodingKind::Raw), 2);
    assert_eq!(harness.client.rectangles(EncodingKind::Tight), 0);
    // Not at once again.
    harness.feed(&update(&[]));
    assert_eq!(harness.take_sent(), [3, 1, 0, 0, 0, 0, 0, 200, 0, 100]);
}

#[test]
fn a_long_path_is_asked_for_its_length_again() {
    let size = Size::new(200, 100);
    let config = RfbConfig { measure_path: true, ..RfbConfig::default() };
    let mut harness = Harness::new(config);
    let hello = hello(size);
    harness.feed(&hello[..18]);
    harness.pass(Duration::from_millis(10));
    harness.feed(&[&hello[18..], &FENCE, &END_OF_CONTINUOUS].concat());
    harness.take_sent();
    let ping = [&[248, 0, 0, 0, 0x80, 0, 0, 0, 4][..], b"ping"].concat();
    harness.feed(&update(&[]));
    assert_eq!(harness.take_sent(), ping);
    // It is not asked again at once, and of answers only those to our own count.
    harness.feed(&update(&[]));
    harness.feed(&[248, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
    harness.feed(&update(&[]));
    assert_eq!(harness.take_sent(), []);
    harness.pass(Duration::from_millis(2));
    harness.feed(&[&[248, 0, 0, 0, 0, 0, 0, 0, 4][..], b"ping"].concat());
    harness.feed(&update(&[]));
    assert!(harness.take_sent().ends_with(&[3, 0, 0, 0, 0, 0, 0, 200, 0, 100]));
}

#[test]
fn colour_maps_are_passed_over() {
    let map = [&[1, 0, 0, 0, 0, 3][..], &[9; 18]].concat();
    let stream = [hello(SIZE), map, vec![1, 0, 0, 0, 0, 0], vec![2]].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.heard.events[2..], [Event::Bell]);
}

#[test]
fn unknown_messages_end_the_connection() {
    let harness = check_cuts(&RfbConfig::default(), &[hello(SIZE), vec![253]].concat());
    assert_eq!(harness.cause(), Some("unknown_message"));
    assert!(harness.heard.is_closed);
}

#[test]
fn an_end_between_messages_is_in_good_order() {
    let mut harness = connected();
    harness.feed(&[2]);
    harness.end();
    assert_eq!(harness.heard.error, None);
    assert!(harness.heard.is_closed);
    for inside in [&[0][..], &[0, 0, 0, 1, 0], &[3, 0, 0, 0, 0, 0, 0, 9, b'x']] {
        let mut harness = connected();
        harness.feed(inside);
        harness.end();
        assert_eq!(harness.cause(), Some("ended"), "{inside:?}");
    }
    let mut harness = Harness::new(RfbConfig::default());
    harness.end();
    assert_eq!(harness.cause(), Some("ended"));
}

#[test]
fn input_is_sent() {
    let mut harness = connected();
    harness.input(Input::Key { down: true, keysym: 0x61, scancode: 0x1e });
    assert_eq!(harness.take_sent(), [4, 1, 0, 0, 0, 0, 0, 0x61]);
    harness.feed(&update(&[rectangle(Rect::default(), -258, &[])]));
    harness.take_sent();
    harness.input(Input::Key { down: true, keysym: 0x62, scancode: 0x30 });
    assert_eq!(harness.take_sent(), [255, 0, 0, 1, 0, 0, 0, 0x62, 0, 0, 0, 0x30]);
    harness.input(Input::Pointer { at: Point { x: 1, y: 2 }, buttons: Buttons::LEFT });
    assert_eq!(harness.take_sent(), [5, 1, 0, 1, 0, 2]);
    harness.input(Input::ReleaseAll);
    let released = [
        &[255, 0, 0, 0, 0, 0, 0, 0x62, 0, 0, 0, 0x30][..],
        &[255, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0x1e],
        &[5, 0, 0, 1, 0, 2],
    ];
    assert_eq!(harness.take_sent(), released.concat());
}

#[test]
fn who_only_views_sends_nothing() {
    let config = RfbConfig { view_only: true, ..RfbConfig::default() };
    let mut harness = Harness::connected(config, SIZE);
    let at = Point { x: 1, y: 2 };
    let inputs = [
        Input::Key { down: true, keysym: 0x61, scancode: 0x1e },
        Input::Text("x".into()),
        Input::Pointer { at, buttons: Buttons::LEFT },
        Input::Wheel { at, dx: 0, dy: 120 },
        Input::Clipboard(Clipboard::of_text("x")),
        Input::Resize(Size::new(5, 5).into()),
        Input::ReleaseAll,
    ];
    for input in inputs {
        harness.input(input);
    }
    assert_eq!(harness.take_sent(), []);
}

#[test]
fn nothing_happens_after_the_end() {
    let mut harness = connected();
    harness.feed(&[99]);
    assert!(harness.heard.is_closed);
    let sent = harness.take_sent();
    harness.input(Input::Text("x".into()));
    harness.client.handle_timeout(harness.now + Duration::from_secs(60)).unwrap();
    harness.input(Input::Resize(Size::new(5, 5).into()));
    assert_eq!(harness.take_sent(), []);
    assert_eq!(sent, []);
}

/// Junk after the handshake, biased towards what messages begin with.
#[test]
fn junk_means_the_same_however_it_is_cut() {
    let mut random = Random(11);
    for _round in 0..300 {
        let mut stream = hello(SIZE);
        for _ in 0..random.below(80) {
            let starts = [0, 0, 0, 1, 2, 3, 7, 16, 150, 248, 255];
            let is_start = random.below(2) == 0;
            let byte = if is_start { starts[random.below(starts.len())] } else { random.byte() };
            stream.push(byte);
        }
        check_cuts(&RfbConfig::default(), &stream);
    }
}
