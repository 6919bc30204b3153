//! Pointer and wheel.

use bytes::BytesMut;
use porthole_pixels::{Point, Size};
use porthole_remote::{Buttons, Notches};

use crate::limits::NOTCHES_MAX;
use crate::requests::{put_extended_pointer, put_pointer};

/// Buttons of RFB as bits: the wheel is buttons 4 to 7, so the fourth button of a mouse is 8.
const LEFT: u16 = 1;
const MIDDLE: u16 = 1 << 1;
const RIGHT: u16 = 1 << 2;
const WHEEL_UP: u16 = 1 << 3;
const WHEEL_DOWN: u16 = 1 << 4;
const WHEEL_LEFT: u16 = 1 << 5;
const WHEEL_RIGHT: u16 = 1 << 6;
const BACK: u16 = 1 << 7;
const FORWARD: u16 = 1 << 8;

/// The mouse as the server knows it.
#[derive(Debug, Default)]
pub(crate) struct Mouse {
    takes_extended: bool,
    at: Point,
    /// Buttons that are down.
    mask: u16,
    /// Parts of a notch not sent yet, sideways and up and down.
    rest: (Notches, Notches),
}

impl Mouse {
    /// The server takes more than eight buttons.
    pub(crate) fn use_extended(&mut self) {
        self.takes_extended = true;
    }

    /// The pointer is at `at` with `buttons` down.
    pub(crate) fn point(&mut self, at: Point, buttons: Buttons, size: Size, out: &mut BytesMut) {
        self.at = at.within(size);
        self.mask = mask_of(buttons);
        self.put(0, out);
    }

    /// The wheel turned by 1/120 notches, right and down being positive. Whole notches are
    /// sent, at most [`NOTCHES_MAX`] each way; the rest waits for the next turn.
    pub(crate) fn turn(&mut self, at: Point, dx: i16, dy: i16, size: Size, out: &mut BytesMut) {
        self.at = at.within(size);
        let across = self.rest.0.turn(dx, NOTCHES_MAX);
        let along = self.rest.1.turn(dy, NOTCHES_MAX);
        self.put_notches(across, WHEEL_LEFT, WHEEL_RIGHT, out);
        self.put_notches(along, WHEEL_UP, WHEEL_DOWN, out);
    }

    /// Lets go of every button.
    pub(crate) fn release_all(&mut self, out: &mut BytesMut) {
        self.rest = Default::default();
        if self.mask != 0 {
            self.mask = 0;
            self.put(0, out);
        }
    }

    fn put_notches(&self, notches: i32, backwards: u16, forwards: u16, out: &mut BytesMut) {
        let button = if notches < 0 { backwards } else { forwards };
        for _notch in 0..notches.abs() {
            self.put(button, out);
            self.put(0, out);
        }
    }

    /// Says where the pointer is, and that `wheel` is down besides the buttons.
    ///
    /// A server that knows the longer message takes bit 7 for its mark, so "back" goes there
    /// in the longer form; for any other it is simply the eighth button.
    fn put(&self, wheel: u16, out: &mut BytesMut) {
        let mask = self.mask | wheel;
        if self.takes_extended && mask >= BACK {
            put_extended_pointer(out, mask, self.at);
        } else {
            let [_more, mask] = mask.to_be_bytes();
            put_pointer(out, mask, self.at);
        }
    }
}

fn mask_of(buttons: Buttons) -> u16 {
    let bits = [
        (Buttons::LEFT, LEFT),
        (Buttons::MIDDLE, MIDDLE),
        (Buttons::RIGHT, RIGHT),
        (Buttons::BACK, BACK),
        (Buttons::FORWARD, FORWARD),
    ];
    bits.iter().filter(|(button, _)| buttons.contains(*button)).fold(0, |mask, (_, bit)| mask | bit)
}

#[cfg(test)]
#[path = "pointer_tests.rs"]
mod tests;
