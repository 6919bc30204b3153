//! Sizes: the server's, and those that viewers ask for.

use std::time::Duration;

use bytes::BufMut;
use porthole_pixels::{Rect, SURFACE_SIDE_MAX_PX, Size};
use porthole_remote::{Event, Input, Screen};

use crate::RfbConfig;
use crate::testing::{Harness, check_cuts, hello, rectangle, update};

const SIZE: Size = Size { width: 8, height: 6 };
const EXTENDED: i32 = -308;
const DESKTOP_SIZE: i32 = -223;

/// An update with an `ExtendedDesktopSize` of two screens, the first with number 77 and flags 5.
fn screens(reason: u16, status: u16, size: Size) -> Vec<u8> {
    let mut body = vec![2, 0, 0, 0];
    for (id, flags) in [(77, 5), (78, 0)] {
        body.put_u32(id);
        body.put_u64(0);
        body.put_u32(flags);
    }
    let rect = Rect::new(reason, status, size.width, size.height);
    update(&[rectangle(rect, EXTENDED, &body)])
}

fn set_desktop_size(size: Size) -> Vec<u8> {
    let mut message = vec![251, 0];
    message.put_u16(size.width);
    message.put_u16(size.height);
    message.extend([1, 0, 0, 0, 0, 77, 0, 0, 0, 0]);
    message.put_u16(size.width);
    message.put_u16(size.height);
    message.put_u32(5);
    message
}

fn request(is_incremental: bool, size: Size) -> Vec<u8> {
    let mut message = vec![3, u8::from(is_incremental), 0, 0, 0, 0];
    message.put_u16(size.width);
    message.put_u16(size.height);
    message
}

/// Connected to a server that takes requests.
fn resizable() -> Harness {
    let mut harness = Harness::connected(RfbConfig::default(), SIZE);
    harness.feed(&screens(0, 0, SIZE));
    assert_eq!(harness.take_events(), [Event::ResizeSupported(true), Event::FrameEnd]);
    // The same size again must not ask for everything: the server would repeat it for ever.
    assert_eq!(harness.take_sent(), request(true, SIZE));
    harness
}

#[test]
fn a_new_size_asks_for_everything() {
    let size = Size::new(5, 9);
    let by_both = [
        update(&[rectangle(Rect::new(9, 9, 5, 9), DESKTOP_SIZE, &[])]),
        screens(2, 0, size),
        screens(200, 7, size),
    ];
    for message in by_both {
        let harness = check_cuts(&RfbConfig::default(), &[hello(SIZE), message].concat());
        assert_eq!(harness.surface.size(), size);
        assert!(harness.heard.events.contains(&Event::Resized(size)));
        assert!(harness.heard.sent.ends_with(&request(false, size)));
    }
}

#[test]
fn a_size_beyond_the_limits_ends_the_connection() {
    let huge = Rect::new(0, 0, SURFACE_SIDE_MAX_PX + 1, 1);
    let stream = [hello(SIZE), update(&[rectangle(huge, DESKTOP_SIZE, &[])])].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.cause(), Some("desktop_too_large"));
    assert_eq!(harness.surface.size(), SIZE);
}

#[test]
fn rectangles_after_a_new_size_are_measured_by_it() {
    let smaller = rectangle(Rect::new(0, 0, 2, 2), DESKTOP_SIZE, &[]);
    let pixel = rectangle(Rect::new(5, 5, 1, 1), 0, &[1, 2, 3, 4]);
    let stream = [hello(SIZE), update(&[smaller, pixel])].concat();
    assert_eq!(check_cuts(&RfbConfig::default(), &stream).cause(), Some("outside_desktop"));
}

#[test]
fn sizes_are_asked_for_one_at_a_time() {
    let mut harness = resizable();
    let [first, second, third] = [10, 20, 30].map(|side| Size::new(side, side));
    harness.input(Input::Resize(first.into()));
    assert_eq!(harness.take_sent(), set_desktop_size(first));
    harness.input(Input::Resize(second.into()));
    harness.input(Input::Resize(third.into()));
    assert_eq!(harness.take_sent(), []);
    harness.feed(&screens(1, 0, first));
    let want = [request(true, SIZE), set_desktop_size(third), request(false, first)].concat();
    assert_eq!(harness.take_sent(), want);
    harness.feed(&screens(1, 0, third));
    assert_eq!(harness.take_sent(), [request(true, first), request(false, third)].concat());
    // It has that size already.
    harness.input(Input::Resize(third.into()));
    assert_eq!(harness.take_sent(), []);
}

#[test]
fn a_refusal_is_noticed() {
    let mut harness = resizable();
    harness.input(Input::Resize(Size::new(10, 10).into()));
    harness.take_sent();
    harness.feed(&screens(1, 1, Size::new(1, 1)));
    let notice = "the remote keeps its size: resizing is prohibited";
    assert_eq!(harness.take_events(), [Event::Notice(notice.into()), Event::FrameEnd]);
    assert_eq!(harness.surface.size(), SIZE);
    assert_eq!(harness.take_sent(), request(true, SIZE));
    harness.input(Input::Resize(Size::new(10, 10).into()));
    assert_eq!(harness.take_sent(), set_desktop_size(Size::new(10, 10)));
}

#[test]
fn an_answer_that_never_comes_blocks_nobody() {
    let mut harness = resizable();
    harness.input(Input::Resize(Size::new(10, 10).into()));
    harness.take_sent();
    assert_eq!(harness.wait, None);
    harness.input(Input::Resize(Size::new(20, 20).into()));
    let asked = harness.now;
    assert_eq!(harness.wait, Some(asked + Duration::from_secs(3)));
    harness.pass(Duration::from_secs(3));
    assert_eq!(harness.take_sent(), set_desktop_size(Size::new(20, 20)));
    assert_eq!(harness.wait, None);
}

#[test]
fn an_early_wish_is_kept() {
    let mut harness = Harness::new(RfbConfig::default());
    harness.input(Input::Resize(Size::new(9, 9).into()));
    harness.feed(&hello(SIZE));
    harness.take_sent();
    harness.feed(&screens(0, 0, SIZE));
    let want = [request(true, SIZE), set_desktop_size(Size::new(9, 9))].concat();
    assert_eq!(harness.take_sent(), want);
}

#[test]
fn sizes_that_no_surface_has_are_not_asked_for() {
    let mut harness = resizable();
    for size in [Size::new(0, 5), Size::new(SURFACE_SIDE_MAX_PX + 1, 5)] {
        harness.input(Input::Resize(size.into()));
    }
    assert_eq!(harness.take_sent(), []);
}

/// An update with an `ExtendedDesktopSize` of `size` and these screens: number and place.
fn layout(size: Size, screens: &[(u32, Rect)]) -> Vec<u8> {
    let mut body = vec![u8::try_from(screens.len()).unwrap(), 0, 0, 0];
    for (id, rect) in screens {
        body.put_u32(*id);
        for side in [rect.x, rect.y, rect.width, rect.height] {
            body.put_u16(side);
        }
        body.put_u32(id + 1);
    }
    update(&[rectangle(Rect::new(0, 0, size.width, size.height), EXTENDED, &body)])
}

fn told(screens: &[(u32, Rect)]) -> Event {
    let screen = |(id, rect): &(u32, Rect)| Screen { id: *id, rect: *rect, flags: id + 1 };
    Event::Screens(screens.iter().map(screen).collect())
}

#[test]
fn screens_are_told_when_they_change() {
    let size = Size::new(100, 50);
    let two = [(7, Rect::new(0, 0, 60, 50)), (9, Rect::new(60, 0, 40, 30))];
    let stream = [hello(size), layout(size, &two), layout(size, &two)].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    let want = [told(&two), Event::ResizeSupported(true), Event::FrameEnd, Event::FrameEnd];
    assert_eq!(harness.heard.events[2..], want);

    // What lies outside is cut off, and left out when nothing stays.
    let far = [(1, Rect::new(90, 40, 60, 60)), (2, Rect::new(100, 0, 5, 5)), (3, Rect::default())];
    let stream = [hello(size), layout(size, &far)].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.heard.events[2], told(&[(1, Rect::new(90, 40, 10, 10))]));

    let many: Vec<(u32, Rect)> = (0..255).map(|id| (id, Rect::new(0, 0, 1, 1))).collect();
    let stream = [hello(size), layout(size, &many)].concat();
    let harness = check_cuts(&RfbConfig::default(), &stream);
    assert_eq!(harness.heard.events[2], told(&many[..16]));
}

#[test]
fn several_screens_keep_their_pattern() {
    let (from, to) = (Size::new(100, 50), Size::new(201, 99));
    let ask = |screens: &[(u32, Rect)]| {
        let mut harness = Harness::connected(RfbConfig::default(), from);
        harness.feed(&layout(from, screens));
        harness.take_sent();
        harness.input(Input::Resize(to.into()));
        harness.take_sent()
    };
    let message = |screens: &[(u32, Rect)]| {
        let mut want = vec![251, 0, 0, 201, 0, 99, u8::try_from(screens.len()).unwrap(), 0];
        for (id, rect) in screens {
            want.put_u32(*id);
            for side in [rect.x, rect.y, rect.width, rect.height] {
                want.put_u16(side);
            }
            want.put_u32(id + 1);
        }
        want
    };
    let beside = [(7, Rect::new(0, 0, 60, 50)), (9, Rect::new(60, 0, 40, 30))];
    let wide = [(7, Rect::new(0, 0, 120, 99)), (9, Rect::new(120, 0, 81, 59))];
    assert_eq!(ask(&beside), message(&wide));
    // Alone, outside, or of no size: the first fills the desktop.
    let whole = message(&[(7, Rect::new(0, 0, 201, 99))]);
    let first = (7, Rect::new(0, 0, 60, 50));
    for others in [vec![], vec![(9, Rect::new(60, 0, 41, 30))], vec![(9, Rect::default())]] {
        let screens = [vec![first], others].concat();
        assert_eq!(ask(&screens), whole, "{screens:?}");
    }
}
