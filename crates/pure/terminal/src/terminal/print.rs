//! Characters onto the screen.

use super::charset::Charset;
use super::row::Cell;
use super::{Terminal, width};

/// Longest cluster of a character and its marks, in bytes. Further marks are left out.
const CLUSTER_MAX_BYTES: usize = 64;

impl Terminal {
    /// Whether ASCII can be written as it is.
    pub(super) fn can_print_plainly(&self) -> bool {
        !self.modes.insert && self.charset() == Charset::Ascii
    }

    /// The character set in use.
    pub(super) fn charset(&self) -> Charset {
        self.charsets.get(self.level).copied().unwrap_or_default()
    }

    /// Writes printable ASCII where nothing changes it.
    pub(super) fn print_plain(&mut self, mut text: &[u8]) {
        let style = self.pen_number();
        let columns = self.screen.columns;
        self.part_left(style);
        while !text.is_empty() {
            if self.screen.x >= columns {
                if self.modes.wrap {
                    self.wrap();
                } else {
                    // All but the last one would be written over.
                    self.screen.x = columns - 1;
                    text = text.get(text.len() - 1..).unwrap_or_default();
                }
            }
            let x = self.screen.x;
            let (now, later) = text.split_at(text.len().min(columns - x));
            if let Some(row) = self.screen.row_mut() {
                row.write_ascii(x, now, style);
            }
            self.damage.add_row(self.screen.y);
            self.screen.x += now.len();
            text = later;
        }
        self.part_right(style);
        self.joinable = 1;
    }

    /// Writes a character. False: it is not shown, and changes nothing.
    pub(super) fn print(&mut self, character: char) -> bool {
        let character =
            if character.is_ascii() { self.charset().map(character) } else { character };
        if matches!(character, '\0'..='\x1F' | '\x7F'..='\u{9F}' | '\u{FEFF}') {
            return false;
        }
        let width = if character.is_ascii() { 1 } else { width::width(character) };
        if width == 0 {
            return self.join(character);
        }
        let columns = self.screen.columns;
        let style = self.pen_number();
        let past = self.screen.x + usize::from(width) > columns;
        if past && !self.modes.wrap && width == 2 {
            return false;
        }
        self.part_left(style);
        if past {
            if self.modes.wrap {
                self.empty_rest(style);
                self.wrap();
            } else {
                self.screen.x = columns - 1;
            }
        }
        let (x, insert) = (self.screen.x, self.modes.insert);
        if let Some(row) = self.screen.row_mut() {
            if insert {
                row.insert(x, width.into(), style);
            }
            row.set(x, Cell::character(character, width, style));
            if width == 2 {
                row.set(x + 1, Cell::rest(style));
            }
        }
        self.damage.add_row(self.screen.y);
        self.screen.x += usize::from(width);
        self.part_right(style);
        self.joinable = width.into();
        true
    }

    /// Puts a mark onto the character just written. False: there is none, or it has too many.
    fn join(&mut self, mark: char) -> bool {
        let x = self.screen.x;
        if self.joinable == 0 || x < self.joinable {
            return false;
        }
        let at = x - self.joinable;
        let Some(cell) = self.screen.rows.get(self.screen.y).map(|row| row.get(at)) else {
            return false;
        };
        let mut cluster = match (cell.single(), cell.cluster()) {
            (Some(character), _) => character.to_string(),
            (None, Some(number)) => self.clusters.get(number).clone(),
            (None, None) => return false,
        };
        if cell.width() != self.joinable || cluster.len() + mark.len_utf8() > CLUSTER_MAX_BYTES {
            return false;
        }
        cluster.push(mark);
        self.sweep_when_crowded();
        let number = self.clusters.number(&cluster);
        if let Some(row) = self.screen.row_mut() {
            row.set(at, cell.into_cluster(number));
        }
        self.damage.add_row(self.screen.y);
        true
    }

    /// Writes the character just written again, so many times. Returns how often there was one, and
    /// room for it.
    pub(super) fn repeat(&mut self, count: usize) -> usize {
        let at = self.screen.x.checked_sub(self.joinable);
        let (Some(at), 1..) = (at, self.joinable) else { return 0 };
        let Some(row) = self.screen.rows.get(self.screen.y) else { return 0 };
        let text: Vec<char> = self.view(row.get(at)).characters().collect();
        let copies = (0..count).take_while(|_| {
            text.iter().fold(!text.is_empty(), |all, &character| self.print(character) && all)
        });
        copies.count()
    }

    /// Goes on in the next row, which belongs to this one from now on.
    fn wrap(&mut self) {
        self.screen.x = 0;
        if self.screen.y == self.screen.bottom {
            let erased = self.erased_number();
            self.scroll(erased, true);
            return;
        }
        self.screen.y = (self.screen.y + 1).min(self.screen.height() - 1);
        if let Some(row) = self.screen.row_mut() {
            row.wrapped = true;
        }
    }

    /// Moves the rows between the margins up by one.
    pub(super) fn scroll(&mut self, erased: u32, wrapped: bool) {
        self.screen.scroll_up(erased, wrapped);
        self.damage.add(self.screen.top, self.screen.bottom);
    }

    /// Empties what is left of a row that a wide character does not fit into.
    fn empty_rest(&mut self, style: u32) {
        let (x, columns) = (self.screen.x, self.screen.columns);
        if let Some(row) = self.screen.row_mut() {
            (x..columns).for_each(|x| row.set(x, Cell::empty(style)));
        }
        self.damage.add_row(self.screen.y);
    }

    /// Empties the left half of a wide character whose right half is about to be written over.
    fn part_left(&mut self, style: u32) {
        let x = self.screen.x;
        if let Some(row) = self.screen.row_mut()
            && x > 0
            && row.get(x - 1).width() == 2
        {
            row.set(x - 1, Cell::empty(style));
        }
    }

    /// Empties the right half of a wide character whose left half was just written over.
    fn part_right(&mut self, style: u32) {
        let (x, columns) = (self.screen.x, self.screen.columns);
        if let Some(row) = self.screen.row_mut()
            && x < columns
            && row.get(x).width() == 0
        {
            row.set(x, Cell::empty(style));
        }
    }
}
