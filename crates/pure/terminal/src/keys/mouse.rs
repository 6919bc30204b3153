//! The pointer to bytes, as xterm reports it.

use bytes::{BufMut, BytesMut};
use porthole_remote::Buttons;

use super::Modifiers;
use crate::terminal::{Modes, MouseEvents};

/// Which way the wheel turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wheel {
    Up,
    Down,
    Left,
    Right,
}

/// What the pointer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MouseAct {
    /// A button went down: 0 left, 1 middle, 2 right, 3 back, 4 forward.
    Press(u8),
    /// A button went up.
    Release(u8),
    /// The pointer came to another cell while these buttons were down, one bit each.
    Move(u8),
    /// The wheel turned by one notch.
    Wheel(Wheel),
}

/// The pointer.
#[derive(Debug, Default)]
pub(crate) struct Mouse {
    buttons: u8,
    /// Column and row.
    at: (u16, u16),
}

/// Added to a move's button.
const MOTION: u16 = 32;
/// The button of a move without one, and of a release whose button is not told.
const NO_BUTTON: u16 = 3;

impl Mouse {
    /// The cell that the pointer is in: column and row.
    pub(crate) const fn at(&self) -> (u16, u16) {
        self.at
    }

    /// The pointer is in another cell, without anybody being told.
    pub(crate) const fn move_to(&mut self, at: (u16, u16)) {
        self.at = at;
    }

    /// What happened since the last call, in order; the pointer is in cell `at`.
    pub(crate) fn update(&mut self, at: (u16, u16), buttons: Buttons) -> Vec<MouseAct> {
        let mut acts = Vec::new();
        if at != self.at {
            self.at = at;
            acts.push(MouseAct::Move(self.buttons));
        }
        for index in 0..5 {
            let bit = 1 << index;
            match (self.buttons & bit != 0, buttons.0 & bit != 0) {
                (false, true) => acts.push(MouseAct::Press(index)),
                (true, false) => acts.push(MouseAct::Release(index)),
                _ => {}
            }
        }
        self.buttons = buttons.0;
        acts
    }

    /// Appends the report of `act` to `out`, if the program wants it.
    pub(crate) fn report(
        &self,
        act: MouseAct,
        modifiers: Modifiers,
        modes: &Modes,
        out: &mut BytesMut,
    ) {
        let wanted = match act {
            MouseAct::Press(_) | MouseAct::Wheel(_) => MouseEvents::Presses,
            MouseAct::Release(_) => MouseEvents::Buttons,
            MouseAct::Move(0) => MouseEvents::All,
            MouseAct::Move(_) => MouseEvents::Drags,
        };
        if (modes.mouse_events as u8) < wanted as u8 {
            return;
        }
        let mut code = match act {
            MouseAct::Press(index) => button(index),
            MouseAct::Release(index) if modes.mouse_sgr => button(index),
            MouseAct::Release(_) => NO_BUTTON,
            MouseAct::Move(held) => {
                let first = (0..8).find(|index| held >> index & 1 == 1);
                MOTION + first.map_or(NO_BUTTON, button)
            }
            MouseAct::Wheel(Wheel::Up) => 64,
            MouseAct::Wheel(Wheel::Down) => 65,
            MouseAct::Wheel(Wheel::Left) => 66,
            MouseAct::Wheel(Wheel::Right) => 67,
        };
        if modes.mouse_events == MouseEvents::Presses {
            // The oldest mode knows three buttons and no modifiers.
            if code > 2 {
                return;
            }
        } else {
            code += 4 * u16::from(modifiers.shift)
                + 8 * u16::from(modifiers.alt)
                + 16 * u16::from(modifiers.control);
        }
        let is_release = matches!(act, MouseAct::Release(_));
        encode(code, self.at, is_release, modes.mouse_sgr, out);
    }
}

/// A button's number in reports; those beyond the third come after the wheel's.
fn button(index: u8) -> u16 {
    if index < 3 { index.into() } else { 128 + u16::from(index - 3) }
}

fn encode(
    code: u16,
    (column, row): (u16, u16),
    is_release: bool,
    is_sgr: bool,
    out: &mut BytesMut,
) {
    let (x, y) = (column.saturating_add(1), row.saturating_add(1));
    if is_sgr {
        let last = if is_release { 'm' } else { 'M' };
        out.put_slice(format!("\x1b[<{code};{x};{y}{last}").as_bytes());
        return;
    }
    // Places that a byte has no number for are not reported.
    let numbers = [code, x, y].map(|number| u8::try_from(number + 32));
    if let [Ok(code), Ok(x), Ok(y)] = numbers {
        out.put_slice(&[0x1b, b'[', b'M', code, x, y]);
    }
}

#[cfg(test)]
#[path = "mouse_tests.rs"]
mod tests;
