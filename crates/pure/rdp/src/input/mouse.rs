//! The mouse as the server knows it.

use porthole_pixels::{Point, Size};
use porthole_remote::{Buttons, Notches};

use super::InputEvent;
use crate::limits::NOTCHES_MAX;

/// Flags of pointer events (`[MS-RDPBCGR]` 2.2.8.1.1.3.1.1.3).
const WHEEL_NEGATIVE: u16 = 0x0100;
const WHEEL: u16 = 0x0200;
const HORIZONTAL_WHEEL: u16 = 0x0400;
const MOVE: u16 = 0x0800;
const DOWN: u16 = 0x8000;

/// Buttons and their flags, in ordinary events and in extended ones.
const ORDINARY: [(Buttons, u16); 3] =
    [(Buttons::LEFT, 0x1000), (Buttons::RIGHT, 0x2000), (Buttons::MIDDLE, 0x4000)];
const EXTENDED: [(Buttons, u16); 2] = [(Buttons::BACK, 1), (Buttons::FORWARD, 2)];

/// Where the pointer is and what is down.
#[derive(Debug, Default)]
pub(crate) struct Mouse {
    at: Point,
    buttons: Buttons,
    /// Parts of a notch not sent yet, sideways and up and down.
    rest: (Notches, Notches),
}

impl Mouse {
    /// The pointer is at `at` with `buttons` down.
    pub(crate) fn point(
        &mut self,
        at: Point,
        buttons: Buttons,
        desktop: Size,
        events: &mut Vec<InputEvent>,
    ) {
        self.at = at.within(desktop);
        let Point { x, y } = self.at;
        let before = std::mem::replace(&mut self.buttons, buttons);
        let turned = |button: Buttons| {
            (before.contains(button) != buttons.contains(button))
                .then(|| if buttons.contains(button) { DOWN } else { 0 })
        };
        let start = events.len();
        for (button, flag) in ORDINARY {
            if let Some(down) = turned(button) {
                events.push(InputEvent::Mouse { flags: flag | down, x, y });
            }
        }
        for (button, flag) in EXTENDED {
            if let Some(down) = turned(button) {
                events.push(InputEvent::ExtendedMouse { flags: flag | down, x, y });
            }
        }
        if events.len() == start {
            events.push(InputEvent::Mouse { flags: MOVE, x, y });
        }
    }

    /// The wheel turned by 1/120 notches, right and down being positive. Whole notches are
    /// sent, at most [`NOTCHES_MAX`] each way; the rest waits for the next turn.
    pub(crate) fn turn(
        &mut self,
        at: Point,
        (dx, dy): (i16, i16),
        desktop: Size,
        events: &mut Vec<InputEvent>,
    ) {
        self.at = at.within(desktop);
        let across = self.rest.0.turn(dx, NOTCHES_MAX);
        let along = self.rest.1.turn(dy, NOTCHES_MAX);
        // Upwards is positive here, and so is to the right.
        self.notches(WHEEL, -along, events);
        self.notches(HORIZONTAL_WHEEL, across, events);
    }

    /// Lets go of every button.
    pub(crate) fn release_all(&mut self, desktop: Size, events: &mut Vec<InputEvent>) {
        self.rest = Default::default();
        if self.buttons != Buttons::default() {
            self.point(self.at, Buttons::default(), desktop, events);
        }
    }

    fn notches(&self, wheel: u16, notches: i32, events: &mut Vec<InputEvent>) {
        let Point { x, y } = self.at;
        // Nine bits in two's complement.
        let rotation = if notches < 0 { WHEEL_NEGATIVE | (0x100 - 120) } else { 120 };
        for _notch in 0..notches.abs() {
            events.push(InputEvent::Mouse { flags: wheel | rotation, x, y });
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Point, Size};
    use porthole_remote::Buttons;

    use super::{InputEvent, Mouse, NOTCHES_MAX};

    const SIZE: Size = Size { width: 300, height: 200 };
    const AT: Point = Point { x: 258, y: 3 };

    fn flags(events: &[InputEvent]) -> Vec<u16> {
        let flags = events.iter().map(|event| match event {
            InputEvent::Mouse { flags, x: 258, y: 3 } => *flags,
            InputEvent::ExtendedMouse { flags, x: 258, y: 3 } => flags | 0x10,
            other => panic!("{other:?}"),
        });
        flags.collect()
    }

    fn pointed(mouse: &mut Mouse, buttons: u8) -> Vec<u16> {
        let mut events = Vec::new();
        mouse.point(AT, Buttons(buttons), SIZE, &mut events);
        flags(&events)
    }

    fn turned(mouse: &mut Mouse, dx: i16, dy: i16) -> Vec<u16> {
        let mut events = Vec::new();
        mouse.turn(AT, (dx, dy), SIZE, &mut events);
        flags(&events)
    }

    #[test]
    fn buttons_are_told_when_they_change() {
        let mut mouse = Mouse::default();
        assert_eq!(pointed(&mut mouse, 0), [0x0800]);
        assert_eq!(pointed(&mut mouse, 1), [0x9000]);
        assert_eq!(pointed(&mut mouse, 1), [0x0800]);
        assert_eq!(pointed(&mut mouse, 6), [0x1000, 0xa000, 0xc000]);
        assert_eq!(pointed(&mut mouse, 24), [0x2000, 0x4000, 0x8011, 0x8012]);
        let mut events = Vec::new();
        mouse.release_all(SIZE, &mut events);
        mouse.release_all(SIZE, &mut events);
        assert_eq!(flags(&events), [0x11, 0x12]);
    }

    #[test]
    fn the_wheel_turns_by_notches() {
        let mut mouse = Mouse::default();
        assert_eq!(turned(&mut mouse, 0, -120), [0x0278]);
        assert_eq!(turned(&mut mouse, 0, 120), [0x0388]);
        assert_eq!(turned(&mut mouse, 240, 0), [0x0478, 0x0478]);
        assert_eq!(turned(&mut mouse, -120, 0), [0x0588]);
        assert!(turned(&mut mouse, 0, 70).is_empty());
        assert_eq!(turned(&mut mouse, 0, 70), [0x0388]);
        assert_eq!(turned(&mut mouse, 0, i16::MIN).len(), usize::from(NOTCHES_MAX));
    }

    #[test]
    fn the_pointer_stays_on_the_desktop() {
        let mut events = Vec::new();
        let far = Point { x: u16::MAX, y: 200 };
        Mouse::default().point(far, Buttons(0), SIZE, &mut events);
        assert_eq!(events, [InputEvent::Mouse { flags: 0x0800, x: 299, y: 199 }]);
    }
}
