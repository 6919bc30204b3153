//! Modes: what SM, RM, DECSET and DECRST switch, and which screen is shown.

use super::feed::Show;
use super::{MouseEvents, Terminal};

/// The modes of DEC and xterm that viewers are told of.
const SHOWN: [u32; 17] =
    [1, 6, 7, 9, 25, 47, 66, 1000, 1002, 1003, 1004, 1006, 1047, 1048, 1049, 2004, 2026];

impl Terminal {
    /// SM and RM.
    pub(super) fn set_modes(&mut self, on: bool) -> Show {
        let numbers = self.parser.numbers;
        let mut shown = Vec::new();
        for &number in numbers.values() {
            match number {
                4 => self.modes.insert = on,
                20 => self.modes.line_feed_returns = on,
                _ => continue,
            }
            shown.push(number);
        }
        let switch = if on { 'h' } else { 'l' };
        let mut then = Vec::new();
        for number in shown {
            then.extend(format!("\x1b[{number}{switch}").into_bytes());
        }
        if then.is_empty() { Show::Nothing } else { Show::Instead(then) }
    }

    /// DECSET and DECRST. Each mode is shown by itself, with what it needs behind it.
    pub(super) fn set_private_modes(&mut self, on: bool) -> Show {
        let numbers = self.parser.numbers;
        let is_simple =
            |number: &u32| SHOWN.contains(number) && !matches!(number, 47 | 1047 | 1048 | 1049);
        if numbers.values().iter().all(is_simple) {
            numbers.values().iter().for_each(|&number| drop(self.set_private_mode(number, on)));
            return Show::Same;
        }
        let switch = if on { 'h' } else { 'l' };
        let mut shown = Vec::new();
        for &number in numbers.values() {
            let then = self.set_private_mode(number, on);
            if SHOWN.contains(&number) {
                shown.extend(format!("\x1b[?{number}{switch}").into_bytes());
                shown.extend(then);
            }
        }
        if shown.is_empty() { Show::Nothing } else { Show::Instead(shown) }
    }

    /// Switches one mode. Returns what viewers need to be told behind it.
    fn set_private_mode(&mut self, number: u32, on: bool) -> Vec<u8> {
        let mouse = |events| if on { events } else { MouseEvents::None };
        match number {
            1 => self.modes.application_cursor_keys = on,
            5 if self.modes.reverse_video != on => {
                self.modes.reverse_video = on;
                self.damage.add(0, self.screen.height() - 1);
            }
            6 => {
                self.modes.origin = on;
                self.screen.x = 0;
                self.screen.y = self.rows_allowed().0;
            }
            7 => self.modes.wrap = on,
            9 => self.modes.mouse_events = mouse(MouseEvents::Presses),
            25 => self.modes.cursor_visible = on,
            66 => self.modes.application_keypad = on,
            1000 => self.modes.mouse_events = mouse(MouseEvents::Buttons),
            1002 => self.modes.mouse_events = mouse(MouseEvents::Drags),
            1003 => self.modes.mouse_events = mouse(MouseEvents::All),
            1004 => self.modes.focus_reporting = on,
            1006 => self.modes.mouse_sgr = on,
            1048 if on => self.save_cursor(),
            1048 => return self.restore_saved(),
            47 | 1047 | 1049 => return self.show_alternate(on, number == 1049),
            2004 => self.modes.bracketed_paste = on,
            2026 => self.modes.synchronized = on,
            _ => {}
        }
        Vec::new()
    }

    /// Shows one of the screens; with `saves`, the usual screen's cursor is saved before and restored
    /// after.
    fn show_alternate(&mut self, on: bool, saves: bool) -> Vec<u8> {
        if on && saves {
            self.save_cursor();
        }
        if on != self.is_alternate {
            let erased = self.erased_number();
            let (x, y) = (self.screen.x, self.screen.y);
            std::mem::swap(&mut self.screen, &mut self.hidden);
            self.is_alternate = on;
            if on {
                self.screen.rows.iter_mut().for_each(|row| row.clear(erased));
            } else {
                self.hidden.renew();
            }
            (self.screen.x, self.screen.y) = (x, y);
            self.damage.add(0, self.screen.height() - 1);
        }
        let mut then = if !on && saves { self.restore_saved() } else { Vec::new() };
        let (first, last) = self.rows_allowed();
        if self.screen.y < first || last < self.screen.y {
            self.restrict();
            then.extend(self.place());
        }
        then
    }
}
