//! Control characters and escape sequences.

use super::charset::Charset;
use super::feed::Show;
use super::row::Cell;
use super::screen::{Saved, Screen};
use super::{Style, Terminal};

impl Terminal {
    pub(super) fn backspace(&mut self) {
        self.restrict();
        self.screen.x = self.screen.x.saturating_sub(1);
    }

    pub(super) fn tab(&mut self) {
        let Screen { x, columns, .. } = self.screen;
        if x < columns {
            self.screen.x = self.screen.tabs.next(x, columns);
        }
    }

    pub(super) fn line_feed(&mut self) {
        if self.modes.line_feed_returns {
            self.screen.x = 0;
        }
        if self.screen.y == self.screen.bottom {
            let erased = self.erased_number();
            self.scroll(erased, false);
        } else if self.screen.y + 1 < self.screen.height() {
            self.screen.y += 1;
            if let Some(row) = self.screen.row_mut() {
                row.wrapped = false;
            }
        }
        self.screen.restrict_x();
    }

    /// Moves the cursor onto the screen, and between the margins if it may not leave them.
    pub(super) fn restrict(&mut self) {
        self.screen.restrict_x();
        let (first, last) = self.rows_allowed();
        self.screen.y = self.screen.y.clamp(first, last);
    }

    /// The first and last row where the cursor may be moved to.
    pub(super) fn rows_allowed(&self) -> (usize, usize) {
        if self.modes.origin {
            (self.screen.top, self.screen.bottom)
        } else {
            (0, self.screen.height() - 1)
        }
    }

    /// The sequence that moves the cursor to where it is.
    pub(super) fn place(&self) -> Vec<u8> {
        self.place_at(self.screen.x)
    }

    /// The sequence that moves the cursor to a column of its row.
    pub(super) fn place_at(&self, x: usize) -> Vec<u8> {
        let row = self.screen.y + 1 - self.rows_allowed().0.min(self.screen.y);
        format!("\x1b[{row};{}H", x + 1).into_bytes()
    }

    /// An escape sequence with this last byte.
    pub(super) fn escape(&mut self, last: u8) -> Show {
        match (self.parser.middle, last) {
            (0, b'7') => self.save_cursor(),
            (0, b'8') => return self.restore_cursor(),
            (0, b'D') => self.index(),
            (0, b'E') => {
                self.screen.x = 0;
                self.index();
            }
            (0, b'H') => self.screen.tabs.set(self.screen.x, true),
            (0, b'M') => self.reverse_index(),
            (0, b'=') => self.modes.application_keypad = true,
            (0, b'>') => self.modes.application_keypad = false,
            (0, b'c') => return self.reset(),
            (0, b'~') => self.level = 1,
            (0, b'n' | b'}') => self.level = 2,
            (0, b'o' | b'|') => self.level = 3,
            (b'%', b'@' | b'G') => {
                self.level = 0;
                self.charsets[0] = Charset::Ascii;
            }
            (middle @ b'('..=b'+', last) => {
                let slot = self.charsets.get_mut(usize::from(middle - b'('));
                let (Some(slot), Some(charset)) = (slot, Charset::with_final(last)) else {
                    return Show::Nothing;
                };
                *slot = charset;
            }
            (b'#', b'8') => return self.align(),
            _ => return Show::Nothing,
        }
        Show::Same
    }

    /// IND: a row down, scrolling at the lower margin.
    fn index(&mut self) {
        self.restrict();
        if self.screen.y == self.screen.bottom {
            let erased = self.erased_number();
            self.scroll(erased, false);
        } else {
            self.screen.y = (self.screen.y + 1).min(self.screen.height() - 1);
        }
        self.restrict();
    }

    /// RI: a row up, scrolling at the upper margin.
    fn reverse_index(&mut self) {
        self.restrict();
        if self.screen.y == self.screen.top {
            let erased = self.erased_number();
            let Screen { top, bottom, .. } = self.screen;
            self.screen.move_row(bottom, top, erased);
            self.damage.add(top, bottom);
        } else {
            self.screen.y = self.screen.y.saturating_sub(1);
            self.restrict();
        }
    }

    /// DECSC.
    pub(super) fn save_cursor(&mut self) {
        self.screen.saved = Saved {
            x: self.screen.x,
            y: self.screen.y,
            pen: self.pen.clone(),
            charset: self.charset(),
        };
    }

    /// DECRC. The pen's link stays.
    pub(super) fn restore_cursor(&mut self) -> Show {
        Show::SameThen(self.restore_saved())
    }

    /// Goes back to what was saved. Returns what xterm.js needs to be told beside: it counts the row
    /// from the oldest one that it keeps, leaves the underline as it is, and changes the character set
    /// without designating it.
    pub(super) fn restore_saved(&mut self) -> Vec<u8> {
        let saved = self.screen.saved.clone();
        self.screen.x = saved.x;
        self.screen.y = saved.y;
        self.restrict();
        let pen = Style { link: self.pen.link.clone(), ..saved.pen.clone() };
        let old = std::mem::replace(&mut self.pen, pen);
        self.pen_changed();
        let mut then = self.place();
        let lines = |style: &Style| (style.underline, style.underline_color, style.link.is_some());
        if lines(&old) != lines(&saved.pen) {
            self.pen.write_all(&mut then);
        }
        if self.charset() != saved.charset
            && let Some(slot) = self.charsets.get_mut(self.level)
        {
            *slot = saved.charset;
            let middle = [b'(', b')', b'*', b'+'].get(self.level).copied().unwrap_or(b'(');
            then.extend([0x1B, middle, saved.charset.final_byte()]);
        }
        then
    }

    /// DECALN: the screen full of the letter E, in no colour.
    fn align(&mut self) -> Show {
        for row in &mut self.screen.rows {
            row.fill(Cell::ascii(b'E', 0));
        }
        self.damage.add(0, self.screen.height() - 1);
        self.screen.x = 0;
        self.screen.y = self.rows_allowed().0;
        let origin = self.modes.origin;
        let mut shown = Vec::new();
        if origin {
            shown.extend_from_slice(b"\x1b[?6l");
        }
        shown.extend_from_slice(b"\x1b[0m\x1b#8");
        if origin {
            shown.extend_from_slice(b"\x1b[?6h");
        }
        self.pen.write_all(&mut shown);
        Show::Instead(shown)
    }

    /// DECSTR.
    pub(super) fn soft_reset(&mut self) {
        self.screen.top = 0;
        self.screen.bottom = self.screen.height() - 1;
        self.pen = Style::default();
        self.pen_changed();
        self.modes = self.modes.soft_reset();
        self.charsets = [Charset::Ascii; 4];
        self.level = 0;
        self.screen.saved = Saved::default();
    }

    /// RIS. Viewers are told what their terminals keep all the same.
    fn reset(&mut self) -> Show {
        let (columns, rows) = (self.screen.columns, self.screen.height());
        let history_max = self.screen.history.rows_max().max(self.hidden.history.rows_max());
        self.screen = Screen::new(columns, rows, history_max);
        self.hidden = Screen::new(columns, rows, 0);
        self.is_alternate = false;
        self.pen = Style::default();
        self.pen_changed();
        self.charsets = [Charset::Ascii; 4];
        self.level = 0;
        self.damage.add(0, rows - 1);
        let modes = std::mem::take(&mut self.modes);
        let mut then = Vec::new();
        if modes.line_feed_returns {
            then.extend_from_slice(b"\x1b[20l");
        }
        if !modes.cursor_visible {
            then.extend_from_slice(b"\x1b[?25h");
        }
        if self.palette.is_changed() {
            self.palette.reset();
            then.extend_from_slice(super::strings::RESET_COLORS);
        }
        Show::SameThen(then)
    }
}
