//! Pointer and wheel on the wire.

use bytes::BytesMut;
use porthole_pixels::{Point, Size};
use porthole_remote::Buttons;

use super::{Mouse, NOTCHES_MAX};

const SIZE: Size = Size { width: 300, height: 200 };
const AT: Point = Point { x: 258, y: 3 };

fn pointed(mouse: &mut Mouse, at: Point, buttons: u8) -> Vec<u8> {
    let mut out = BytesMut::new();
    mouse.point(at, Buttons(buttons), SIZE, &mut out);
    out.to_vec()
}

/// The masks of the messages for one turn of the wheel.
fn turned(mouse: &mut Mouse, dx: i16, dy: i16) -> Vec<u8> {
    let mut out = BytesMut::new();
    mouse.turn(AT, dx, dy, SIZE, &mut out);
    assert!(out.chunks(6).all(|message| message[0] == 5 && message[2..] == [1, 2, 0, 3]));
    out.chunks(6).map(|message| message[1]).collect()
}

#[test]
fn buttons_have_their_bits() {
    let cases = [(0, 0), (1, 1), (2, 2), (4, 4), (7, 7), (8, 0x80), (9, 0x81), (16, 0), (0xe0, 0)];
    for (buttons, mask) in cases {
        let want = [5, mask, 1, 2, 0, 3];
        assert_eq!(pointed(&mut Mouse::default(), AT, buttons), want, "{buttons}");
    }
}

#[test]
fn many_buttons_take_the_longer_message() {
    let mut mouse = Mouse::default();
    mouse.use_extended();
    assert_eq!(pointed(&mut mouse, AT, 7), [5, 7, 1, 2, 0, 3]);
    assert_eq!(pointed(&mut mouse, AT, 8 | 1), [5, 0x81, 1, 2, 0, 3, 1]);
    assert_eq!(pointed(&mut mouse, AT, 16 | 8), [5, 0x80, 1, 2, 0, 3, 3]);
}

#[test]
fn the_pointer_stays_on_the_desktop() {
    let far = Point { x: u16::MAX, y: 200 };
    assert_eq!(pointed(&mut Mouse::default(), far, 0), [5, 0, 1, 43, 0, 199]);
    let mut out = BytesMut::new();
    Mouse::default().point(AT, Buttons(0), Size::default(), &mut out);
    assert_eq!(out[..], [5, 0, 0, 0, 0, 0]);
}

#[test]
fn the_wheel_presses_buttons_4_to_7() {
    let mut mouse = Mouse::default();
    assert_eq!(turned(&mut mouse, 0, -120), [8, 0]);
    assert_eq!(turned(&mut mouse, 0, 240), [16, 0, 16, 0]);
    assert_eq!(turned(&mut mouse, -120, 0), [32, 0]);
    assert_eq!(turned(&mut mouse, 120, 0), [64, 0]);
    // Held buttons stay down.
    pointed(&mut mouse, AT, 1);
    assert_eq!(turned(&mut mouse, 0, 120), [17, 1]);
}

#[test]
fn parts_of_a_notch_add_up() {
    let mut mouse = Mouse::default();
    assert_eq!(turned(&mut mouse, 0, 50), []);
    assert_eq!(turned(&mut mouse, 0, 50), []);
    assert_eq!(turned(&mut mouse, 0, 50), [16, 0]);
    // Thirty are left over; turning back does not have to make up for them.
    assert_eq!(turned(&mut mouse, 0, -120), [8, 0]);
    assert_eq!(turned(&mut mouse, 0, i16::MIN).len(), 2 * usize::from(NOTCHES_MAX));
}

#[test]
fn releasing_says_so_once() {
    let mut mouse = Mouse::default();
    pointed(&mut mouse, AT, 5);
    let mut out = BytesMut::new();
    mouse.release_all(&mut out);
    mouse.release_all(&mut out);
    assert_eq!(out[..], [5, 0, 1, 2, 0, 3]);
}
