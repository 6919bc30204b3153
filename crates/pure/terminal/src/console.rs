//! The keyboard and the pointer of viewers who only know pictures.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_pixels::{Point, Size};
use porthole_remote::{Buttons, Clipboard, Input, Notches};

use crate::draw::View;
use crate::keys::{KeyDialect, Keyboard, Mouse, MouseAct, Pressed, Scroll, Wheel, paste};
use crate::select::{Grain, Place, Selection};
use crate::terminal::{MouseEvents, Terminal};

/// Clicks of one place within this time are counted.
const CLICKS_WITHIN: Duration = Duration::from_millis(500);

/// Rows, or arrow keys, for each notch of the wheel.
const ROWS_PER_NOTCH: i32 = 3;

/// Most notches that are taken at a time.
const NOTCHES_MAX: u16 = 20;

const LEFT: u8 = 0;
const MIDDLE: u8 = 1;

/// What the viewers have in their hands.
#[derive(Debug, Default)]
pub(crate) struct Console {
    keyboard: Keyboard,
    mouse: Mouse,
    /// Sideways, then up and down.
    wheel: [Notches; 2],
    /// What a paste types.
    clipboard: String,
    /// Where and when the last click was, and the how manieth it was of that place.
    clicks: Option<(Instant, (u16, u16), u8)>,
    /// The left button is down to select.
    is_selecting: bool,
    /// Somebody has used it since the last one left.
    is_focused: bool,
}

/// What a console is used on.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) terminal: &'a Terminal,
    pub(crate) view: &'a mut View,
    /// A cell's pixels; empty while there is no picture.
    pub(crate) cell: Size,
    /// What is to be sent is appended here.
    pub(crate) out: &'a mut BytesMut,
}

impl Console {
    /// A console with the keys of a dialect.
    pub(crate) fn new(dialect: KeyDialect) -> Self {
        Self { keyboard: Keyboard::new(dialect), ..Self::default() }
    }

    /// Takes what a viewer did; other input is left out. Text that was copied by it.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        input: Input,
        mut desk: Desk<'_>,
    ) -> Option<String> {
        match input {
            Input::Key { down, keysym, .. } => {
                self.focus(&mut desk);
                let modes = desk.terminal.modes();
                match self.keyboard.press(down, keysym, modes, desk.out) {
                    Pressed::Nothing => {}
                    Pressed::Typed => was_typed(&mut desk),
                    Pressed::Paste => self.paste(&mut desk),
                    Pressed::Copy => return self.copy(&desk),
                    Pressed::Scroll(by) => scroll(by, &mut desk),
                }
            }
            Input::Text(text) => {
                self.focus(&mut desk);
                paste(&text, false, desk.out);
                was_typed(&mut desk);
            }
            Input::Pointer { at, buttons } => return self.point(now, at, buttons, &mut desk),
            Input::Wheel { at, dx, dy } => self.turn(at, (dx, dy), &mut desk),
            Input::Clipboard(Clipboard { text: Some(text), .. }) => self.clipboard = text,
            Input::ReleaseAll => self.release(&mut desk),
            _ => {}
        }
        None
    }

    /// Forgets a selection whose rows are no longer where they were.
    pub(crate) const fn stop_selecting(&mut self) {
        self.is_selecting = false;
    }

    /// Somebody uses the console: the terminal has the focus.
    fn focus(&mut self, desk: &mut Desk<'_>) {
        if !self.is_focused && desk.terminal.modes().focus_reporting {
            desk.out.extend_from_slice(b"\x1b[I");
        }
        self.is_focused = true;
    }

    fn release(&mut self, desk: &mut Desk<'_>) {
        self.keyboard.release_all();
        let at = self.mouse.at();
        for act in self.mouse.update(at, Buttons::default()) {
            self.act(act, None, desk);
        }
        self.is_selecting = false;
        if self.is_focused && desk.terminal.modes().focus_reporting {
            desk.out.extend_from_slice(b"\x1b[O");
        }
        self.is_focused = false;
    }

    fn paste(&self, desk: &mut Desk<'_>) {
        if !self.clipboard.is_empty() {
            paste(&self.clipboard, desk.terminal.modes().bracketed_paste, desk.out);
            was_typed(desk);
        }
    }

    fn copy(&mut self, desk: &Desk<'_>) -> Option<String> {
        let selection = desk.view.selection.filter(Selection::is_visible)?;
        let text = selection.text(desk.terminal);
        if text.is_empty() {
            return None;
        }
        self.clipboard.clone_from(&text);
        Some(text)
    }

    fn point(
        &mut self,
        now: Instant,
        at: Point,
        buttons: Buttons,
        desk: &mut Desk<'_>,
    ) -> Option<String> {
        let at = cell_at(at, desk)?;
        if buttons != Buttons::default() {
            self.focus(desk);
        }
        let mut copied = None;
        for act in self.mouse.update(at, buttons) {
            copied = self.act(act, Some(now), desk).or(copied);
        }
        copied
    }

    /// One thing that the pointer did. Text that was copied by it.
    fn act(&mut self, act: MouseAct, now: Option<Instant>, desk: &mut Desk<'_>) -> Option<String> {
        let modes = desk.terminal.modes();
        let modifiers = self.keyboard.modifiers();
        let is_ours = modes.mouse_events == MouseEvents::None || modifiers.shift;
        let place = self.place(desk);
        match act {
            MouseAct::Press(LEFT) if is_ours => {
                let grain = self.click(now?);
                desk.view.selection = Some(Selection::begin(desk.terminal, place, grain));
                self.is_selecting = true;
            }
            MouseAct::Move(_) if self.is_selecting => {
                if let Some(selection) = &mut desk.view.selection {
                    selection.extend(desk.terminal, place);
                }
            }
            MouseAct::Release(LEFT) if self.is_selecting => {
                self.is_selecting = false;
                let copied = self.copy(desk);
                desk.view.selection = desk.view.selection.filter(Selection::is_visible);
                return copied;
            }
            MouseAct::Press(MIDDLE) if is_ours => self.paste(desk),
            _ if is_ours => {}
            act => self.mouse.report(act, modifiers, modes, desk.out),
        }
        None
    }

    /// What a click selects that comes now.
    fn click(&mut self, now: Instant) -> Grain {
        let at = self.mouse.at();
        let is_again = |(when, place, _): &(Instant, (u16, u16), u8)| {
            *place == at && now.duration_since(*when) <= CLICKS_WITHIN
        };
        let count = match self.clicks.filter(is_again) {
            Some((_, _, count @ 1..=2)) => count + 1,
            _ => 1,
        };
        self.clicks = Some((now, at, count));
        match count {
            1 => Grain::Character,
            2 => Grain::Word,
            _ => Grain::Line,
        }
    }

    fn place(&self, desk: &Desk<'_>) -> Place {
        let (column, row) = self.mouse.at();
        Place { line: desk.view.line(desk.terminal, row), column: column.into() }
    }

    fn turn(&mut self, at: Point, (dx, dy): (i16, i16), desk: &mut Desk<'_>) {
        let Some(at) = cell_at(at, desk) else { return };
        let modes = desk.terminal.modes();
        let modifiers = self.keyboard.modifiers();
        self.mouse.move_to(at);
        let [across, down] = &mut self.wheel;
        let (across, down) = (across.turn(dx, NOTCHES_MAX), down.turn(dy, NOTCHES_MAX));
        if modes.mouse_events != MouseEvents::None && !modifiers.shift {
            for (count, before, after) in
                [(across, Wheel::Left, Wheel::Right), (down, Wheel::Up, Wheel::Down)]
            {
                let wheel = if count < 0 { before } else { after };
                for _ in 0..count.unsigned_abs() {
                    self.mouse.report(MouseAct::Wheel(wheel), modifiers, modes, desk.out);
                }
            }
        } else if desk.terminal.is_alternate() {
            let letter = if down < 0 { b'A' } else { b'B' };
            let start = if modes.application_cursor_keys { b'O' } else { b'[' };
            for _ in 0..down.unsigned_abs() * ROWS_PER_NOTCH.unsigned_abs() {
                desk.out.extend_from_slice(&[0x1b, start, letter]);
            }
        } else {
            scroll(Scroll::Rows(-down * ROWS_PER_NOTCH), desk);
        }
    }
}

/// The cell at a place of the picture; the nearest one when it is outside.
fn cell_at(at: Point, desk: &Desk<'_>) -> Option<(u16, u16)> {
    let size = desk.terminal.size();
    let column = at.x.checked_div(desk.cell.width)?.min(size.columns.saturating_sub(1));
    let row = at.y.checked_div(desk.cell.height)?.min(size.rows.saturating_sub(1));
    Some((column, row))
}

/// Typing shows the newest rows, and what was selected is selected no more.
const fn was_typed(desk: &mut Desk<'_>) {
    desk.view.back = 0;
    desk.view.selection = None;
}

fn scroll(by: Scroll, desk: &mut Desk<'_>) {
    let kept = desk.terminal.scrollback_len();
    let page = usize::from(desk.terminal.size().rows).saturating_sub(1).max(1);
    let moved = |rows: i32, each: usize| {
        let rows = isize::try_from(rows).unwrap_or(0) * each.cast_signed();
        desk.view.back.saturating_add_signed(rows)
    };
    let back = match by {
        Scroll::Rows(rows) => moved(rows, 1),
        Scroll::Pages(pages) => moved(pages, page),
        Scroll::Top => kept,
        Scroll::Bottom => 0,
    };
    desk.view.back = back.min(kept);
}

#[cfg(test)]
#[path = "console_tests.rs"]
mod tests;
