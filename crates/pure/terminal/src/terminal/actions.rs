//! Control sequences.

use super::feed::Show;
use super::modes::CursorShape;
use super::style::Flags;
use super::{Fed, Terminal};

impl Terminal {
    /// A control sequence with this last byte.
    pub(super) fn control_sequence(&mut self, last: u8, fed: &mut Fed) -> Show {
        let parser = &self.parser;
        // Nothing but colours has numbers behind colons.
        if parser.numbers.has_subs() && (last, parser.prefix, parser.middle) != (b'm', 0, 0) {
            return Show::Nothing;
        }
        match (parser.prefix, parser.middle) {
            (0, 0) => self.plain_sequence(last, fed),
            (b'?', 0) => match last {
                b'h' => self.set_private_modes(true),
                b'l' => self.set_private_modes(false),
                b'J' => self.erase_in_display(true),
                b'K' => self.erase_in_line(true),
                _ => self.answer(last, fed),
            },
            (0, b' ') => match last {
                b'@' => self.shift_columns(0, false),
                b'A' => self.shift_columns(0, true),
                b'q' => self.set_cursor_style(),
                _ => Show::Nothing,
            },
            (0, b'\'') => match last {
                b'}' => self.shift_columns(self.screen.x, true),
                b'~' => self.shift_columns(self.screen.x, false),
                _ => Show::Nothing,
            },
            (0, b'"') if last == b'q' => self.protect(),
            (0, b'!') if last == b'p' => {
                self.soft_reset();
                Show::Same
            }
            _ => self.answer(last, fed),
        }
    }

    fn plain_sequence(&mut self, last: u8, fed: &mut Fed) -> Show {
        match last {
            b'A'..=b'G' | b'H' | b'f' | b'`' | b'a' | b'd' | b'e' => self.move_cursor(last),
            b'J' => self.erase_in_display(false),
            b'K' => self.erase_in_line(false),
            b'L' | b'M' | b'S' | b'T' => self.move_rows(last),
            b'@' | b'P' | b'X' => self.change_cells(last),
            b'I' | b'Z' => self.move_by_tabs(last == b'I'),
            b'b' => self.repeat_character(),
            b'g' => self.clear_tabs(),
            b'h' => self.set_modes(true),
            b'l' => self.set_modes(false),
            b'm' => self.select_rendition(),
            b'r' => self.set_margins(),
            // With numbers it would be DECSLRM.
            b's' if self.parser.numbers.values() == [0] => {
                self.save_cursor();
                Show::Same
            }
            b'u' => self.restore_cursor(),
            _ => self.answer(last, fed),
        }
    }

    /// CUU to CHA, CUP, HVP, HPA, HPR, VPA and VPR.
    fn move_cursor(&mut self, last: u8) -> Show {
        let numbers = &self.parser.numbers;
        let count = numbers.count();
        let second = usize::try_from(numbers.get(1).max(1)).unwrap_or(1);
        self.restrict();
        let (first, final_row) = self.rows_allowed();
        let screen = &mut self.screen;
        match last {
            b'A' | b'F' => {
                let least = if screen.y < screen.top { 0 } else { screen.top };
                screen.y = screen.y.saturating_sub(count).max(least);
            }
            b'B' | b'E' => {
                let most = if screen.y > screen.bottom { final_row } else { screen.bottom };
                screen.y = (screen.y + count).min(most);
            }
            b'C' | b'a' => screen.x += count,
            b'D' => screen.x = screen.x.saturating_sub(count),
            b'G' | b'`' => screen.x = count - 1,
            b'd' => screen.y = first + count - 1,
            b'e' => screen.y += count,
            _ => {
                screen.y = first + count - 1;
                screen.x = second - 1;
            }
        }
        if matches!(last, b'E' | b'F') {
            screen.x = 0;
        }
        self.restrict();
        // xterm.js counts rows from the upper margin twice where it moves from where the cursor is.
        let is_alike = matches!(last, b'H' | b'f' | b'd') || !self.modes.origin;
        if is_alike { Show::Same } else { Show::Instead(self.place()) }
    }

    /// ED and DECSED.
    fn erase_in_display(&mut self, selective: bool) -> Show {
        let (x, y, columns) = (self.screen.x, self.screen.y, self.screen.columns);
        let rows = self.screen.height();
        match self.parser.numbers.get(0) {
            0 => {
                self.erase_cells(y, x, columns, x == 0, selective);
                (y + 1..rows).for_each(|y| self.erase_row(y, selective));
                self.damage.add(y, rows - 1);
            }
            1 => {
                self.erase_cells(y, 0, x + 1, true, selective);
                (0..y).for_each(|y| self.erase_row(y, selective));
                self.damage.add(0, y);
                if x + 1 >= columns {
                    return self.erased_above_and_all(selective);
                }
            }
            2 => {
                (0..rows).for_each(|y| self.erase_row(y, selective));
                self.damage.add(0, rows - 1);
            }
            3 => self.screen.history.clear(),
            _ => return Show::Nothing,
        }
        Show::Same
    }

    /// What shows an erasure of all rows above and the whole of the cursor's. xterm.js stops for good
    /// where it is to erase the last column in this way.
    fn erased_above_and_all(&mut self, selective: bool) -> Show {
        let columns = self.screen.columns;
        self.screen.x = columns - 1;
        let select = if selective { "?" } else { "" };
        let mut shown = self.place_at(columns - 2);
        shown.extend(format!("\x1b[{select}1J").into_bytes());
        shown.extend(self.place());
        shown.extend(format!("\x1b[{select}K").into_bytes());
        Show::Instead(shown)
    }

    /// EL and DECSEL.
    fn erase_in_line(&mut self, selective: bool) -> Show {
        let (x, y, columns) = (self.screen.x, self.screen.y, self.screen.columns);
        match self.parser.numbers.get(0) {
            0 => self.erase_cells(y, x, columns, x == 0, selective),
            1 => self.erase_cells(y, 0, x + 1, false, selective),
            2 => self.erase_cells(y, 0, columns, true, selective),
            _ => return Show::Nothing,
        }
        Show::Same
    }

    fn erase_cells(&mut self, y: usize, start: usize, end: usize, unwrap: bool, selective: bool) {
        let erased = self.erased_number();
        let styles = &self.styles;
        if let Some(row) = self.screen.rows.get_mut(y) {
            if selective {
                let is_protected = |style| styles.get(style).flags.has(Flags::PROTECTED);
                row.erase_unless(start, end, erased, is_protected);
            } else {
                row.erase(start, end, erased);
            }
            row.wrapped &= !unwrap;
        }
        self.damage.add_row(y);
    }

    fn erase_row(&mut self, y: usize, selective: bool) {
        let erased = self.erased_number();
        let styles = &self.styles;
        if let Some(row) = self.screen.rows.get_mut(y) {
            if selective {
                row.clear_unless(erased, |style| styles.get(style).flags.has(Flags::PROTECTED));
                row.wrapped = false;
            } else {
                row.clear(erased);
            }
        }
    }

    /// IL, DL, SU and SD.
    fn move_rows(&mut self, last: u8) -> Show {
        let numbers = &self.parser.numbers;
        let count = numbers.count();
        // With more numbers, SD would be about highlighting by the mouse.
        if last == b'T' && numbers.len() > 1 {
            return Show::Nothing;
        }
        let erased = if last == b'T' { 0 } else { self.erased_number() };
        let (mut top, bottom) = (self.screen.top, self.screen.bottom);
        if matches!(last, b'L' | b'M') {
            self.restrict();
            top = self.screen.y;
            if top < self.screen.top || bottom < top {
                return Show::Same;
            }
            self.screen.x = 0;
        }
        let down = matches!(last, b'L' | b'T');
        for _ in 0..count.min(bottom - top + 1) {
            if down {
                self.screen.move_row(bottom, top, erased);
            } else {
                self.screen.move_row(top, bottom, erased);
            }
        }
        self.damage.add(top, bottom);
        counted(last, count, self.screen.height())
    }

    /// ICH, DCH and ECH.
    fn change_cells(&mut self, last: u8) -> Show {
        let count = self.parser.numbers.count();
        let erased = self.erased_number();
        self.restrict();
        let x = self.screen.x;
        let mut parts_wide = false;
        if let Some(row) = self.screen.row_mut() {
            if last == b'@' && row.get(x).width() == 0 {
                row.erase(x, x + 1, erased);
                parts_wide = true;
            }
            match last {
                b'@' => row.insert(x, count, erased),
                b'P' => row.delete(x, count, erased),
                _ => row.erase(x, x + count, erased),
            }
        }
        self.damage.add_row(self.screen.y);
        if parts_wide {
            // xterm.js would keep the right half of a wide character, as a cell without width.
            return Show::Instead(format!("\x1b[X\x1b[{count}@").into_bytes());
        }
        Show::Same
    }

    /// SL, SR, DECIC and DECDC.
    fn shift_columns(&mut self, x: usize, insert: bool) -> Show {
        let count = self.parser.numbers.count();
        let (top, bottom) = (self.screen.top, self.screen.bottom);
        if self.screen.y < top || bottom < self.screen.y {
            return Show::Same;
        }
        let erased = self.erased_number();
        for row in self.screen.rows.range_mut(top..=bottom) {
            if insert {
                row.insert(x, count, erased);
            } else {
                row.delete(x, count, erased);
            }
            row.wrapped = false;
        }
        self.damage.add(top, bottom);
        Show::Same
    }

    /// CHT and CBT.
    fn move_by_tabs(&mut self, forward: bool) -> Show {
        let count = self.parser.numbers.count();
        let columns = self.screen.columns;
        if self.screen.x < columns {
            for _ in 0..count.min(columns) {
                let (x, tabs) = (self.screen.x, &self.screen.tabs);
                self.screen.x =
                    if forward { tabs.next(x, columns) } else { tabs.previous(x, columns) };
            }
        }
        counted(if forward { b'I' } else { b'Z' }, count, columns)
    }

    /// REP: at most a row of them.
    fn repeat_character(&mut self) -> Show {
        let count = self.parser.numbers.count();
        let columns = self.screen.columns;
        match self.repeat(count.min(columns)) {
            0 => Show::Nothing,
            copies => counted(b'b', count, copies),
        }
    }

    /// TBC.
    fn clear_tabs(&mut self) -> Show {
        match self.parser.numbers.get(0) {
            0 => self.screen.tabs.set(self.screen.x, false),
            3 => self.screen.tabs.clear(),
            _ => return Show::Nothing,
        }
        Show::Same
    }

    /// DECSTBM.
    fn set_margins(&mut self) -> Show {
        let rows = self.screen.height();
        let numbers = &self.parser.numbers;
        let top = numbers.count();
        let bottom = usize::try_from(numbers.get(1)).unwrap_or(0);
        let bottom = if bottom == 0 || bottom > rows { rows } else { bottom };
        if bottom <= top {
            return Show::Nothing;
        }
        self.screen.top = top - 1;
        self.screen.bottom = bottom - 1;
        self.screen.x = 0;
        self.screen.y = self.rows_allowed().0;
        Show::Same
    }

    /// DECSCUSR.
    fn set_cursor_style(&mut self) -> Show {
        let number = self.parser.numbers.get(0);
        let shape = match number {
            0 => {
                self.modes.cursor_style = None;
                return Show::Same;
            }
            1 | 2 => CursorShape::Block,
            3 | 4 => CursorShape::Underline,
            5 | 6 => CursorShape::Bar,
            _ => return Show::Nothing,
        };
        self.modes.cursor_style = Some((shape, number % 2 == 1));
        Show::Same
    }

    /// DECSCA.
    fn protect(&mut self) -> Show {
        let number = self.parser.numbers.get(0);
        if number > 2 {
            return Show::Nothing;
        }
        self.pen.flags = self.pen.flags.with(Flags::PROTECTED, number == 1);
        self.pen_changed();
        Show::Same
    }
}

/// What is shown of a sequence that xterm.js carries out as often as it says: never more often than
/// makes a difference.
fn counted(last: u8, count: usize, most: usize) -> Show {
    if count <= most {
        return Show::Same;
    }
    Show::Instead(format!("\x1b[{most}{}", char::from(last)).into_bytes())
}
