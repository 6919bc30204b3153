//! A terminal as bytes: what makes one that has just been reset show the same.

use bytes::Bytes;
use porthole_remote::TerminalScreen;

use super::charset::Charset;
use super::row::{Cell, Row};
use super::screen::{Screen, Tabs};
use super::strings::{self, write_link};
use super::style::{Color, Flags, Link, Style, Underline};
use super::{Modes, MouseEvents, Terminal};

/// How much of the cells is described. Less, if it would be too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    All,
    NoLinks,
    /// Characters without colours, marks and other attributes.
    Characters,
}

impl Terminal {
    /// What, written to a terminal of this size that has just been reset, shows the same: both screens
    /// while the alternate one is shown, the rows above, the cursor and all modes. Less than
    /// [`TerminalScreen::DATA_MAX_BYTES`]: the oldest rows are left out first.
    pub fn snapshot(&self) -> Bytes {
        let main = if self.is_alternate { &self.hidden } else { &self.screen };
        for detail in [Detail::All, Detail::NoLinks, Detail::Characters] {
            let mut above = main.history.len();
            loop {
                let mut writer = Writer::new(self, detail);
                if writer.write(main, above) {
                    return writer.out.into();
                }
                if above == 0 {
                    break;
                }
                above /= 2;
            }
        }
        Bytes::new()
    }
}

/// A description being written.
struct Writer<'a> {
    terminal: &'a Terminal,
    detail: Detail,
    out: Vec<u8>,
    /// The style that the reader's pen has.
    pen: Style,
    link: Option<&'a Link>,
    /// The style number that `pen` is of.
    number: u32,
}

impl<'a> Writer<'a> {
    const fn new(terminal: &'a Terminal, detail: Detail) -> Self {
        let pen = Style {
            foreground: Color::Default,
            background: Color::Default,
            underline_color: Color::Default,
            underline: Underline::None,
            flags: Flags::NONE,
            link: None,
        };
        Self { terminal, detail, out: Vec::new(), pen, link: None, number: 0 }
    }

    /// Writes everything. False: it is too long.
    fn write(&mut self, main: &'a Screen, above: usize) -> bool {
        let terminal = self.terminal;
        // A reader that was reset keeps these.
        self.out.extend_from_slice(b"\x1b[20l\x1b[?25h");
        self.out.extend_from_slice(strings::RESET_COLORS);
        self.palette();
        let first = main.history.len() - above.min(main.history.len());
        let kept = main.history.rows().skip(first).map(|row| row.open(main.columns));
        let rows = kept.chain(main.rows.iter().cloned());
        let all = main.height() + above;
        let count = if above > 0 { all } else { last_used(main) };
        if !self.rows(rows.take(count), main.height()) {
            return false;
        }
        self.surroundings(main);
        if terminal.is_alternate {
            self.style(0);
            self.place(main.x, main.y);
            self.out.extend_from_slice(b"\x1b[?47h\x1b[H");
            let screen = &terminal.screen;
            let count = last_used(screen);
            if !self.rows(screen.rows.iter().take(count).cloned(), screen.height()) {
                return false;
            }
            self.surroundings(screen);
        }
        self.ending();
        self.out.len() < TerminalScreen::DATA_MAX_BYTES
    }

    fn palette(&mut self) {
        let palette = &self.terminal.palette;
        for (index, color) in &palette.indexed {
            strings::write_color(&mut self.out, &format!("4;{index}"), *color);
        }
        for (which, color) in palette.special.iter().enumerate() {
            if let Some(color) = color {
                strings::write_color(&mut self.out, &format!("{}", 10 + which), *color);
            }
        }
    }

    /// Writes rows from the cursor's on, the screen's height being `height`. False: they are too long.
    fn rows(&mut self, rows: impl Iterator<Item = Row>, height: usize) -> bool {
        let mut rows = rows.peekable();
        let mut is_first = true;
        // What is to be erased in the last column of the row above, once this row has begun.
        let mut mend = None;
        while let Some(row) = rows.next() {
            let next = rows.peek().filter(|next| next.wrapped);
            let begins_wrapped = row.wrapped && !is_first;
            is_first = false;
            let x = if begins_wrapped { self.begin_wrapped(&row, mend.take()) } else { 0 };
            let columns = row.cells().len();
            match next {
                None => self.cells(&row, x, row.used().len()),
                Some(next) => {
                    let last = row.get(columns - 1);
                    let is_empty = !last.has_content() && last.width() == 1;
                    let first = next.get(0);
                    let wraps_alone = is_empty
                        && first.width() == 2
                        && first.style == last.style
                        && self.style_of(first).background == Color::Default;
                    self.cells(&row, x, if is_empty { columns - 1 } else { columns });
                    if is_empty {
                        self.out.extend(format!("\x1b[{columns}G").into_bytes());
                    }
                    if is_empty && !wraps_alone {
                        self.style(0);
                        self.out.push(b' ');
                        mend = (height > 1).then_some(last.style);
                    }
                }
            }
            if next.is_none() && rows.peek().is_some() {
                if self.pen.background != Color::Default {
                    self.style(0);
                }
                self.out.extend_from_slice(b"\r\n");
            }
            if self.out.len() > TerminalScreen::DATA_MAX_BYTES {
                return false;
            }
        }
        true
    }

    /// Writes the first cell of a row that the one above runs on into, with the cursor behind that
    /// one's last column. Returns the column that follows.
    fn begin_wrapped(&mut self, row: &Row, mend: Option<u32>) -> usize {
        let first = row.get(0);
        // A row that comes up at the bottom takes the pen's background.
        let is_bare = self.style_of(first).background == Color::Default;
        let x = if first.has_content() && is_bare && mend.is_none() {
            self.cell(first);
            first.width()
        } else {
            self.style(0);
            self.out.extend_from_slice(b" \x08\x1b[X");
            0
        };
        if let Some(style) = mend {
            let columns = row.cells().len();
            self.out.extend(format!("\x1b[A\x1b[{columns}G").into_bytes());
            if !self.empty(style, 1)
                && self.style_of(Cell::empty(style)).background == Color::Default
            {
                self.style(0);
                self.out.extend_from_slice(b"\x1b[X");
            }
            self.out.extend(format!("\x1b[B\x1b[{}G", x + 1).into_bytes());
        }
        x
    }

    /// Writes the cells of `start..end`, with the cursor at `start`. Behind blank cells at the end the
    /// cursor is where they begin.
    fn cells(&mut self, row: &Row, start: usize, end: usize) {
        let cells = row.cells();
        let mut x = start;
        while x < end {
            let cell = row.get(x);
            // Where lines do not wrap, half of a wide character may be left.
            let is_whole =
                cell.width() < 2 || cells.get(x + 1).is_some_and(|rest| rest.width() == 0);
            if cell.has_content() && is_whole {
                self.cell(cell);
                x += cell.width().max(1);
                continue;
            }
            let run = cells.iter().take(end).skip(x);
            let same = |other: &&Cell| !other.has_content() && other.style == cell.style;
            let count = run.take_while(same).count().max(1);
            let moves = self.empty(cell.style, count);
            if !moves && x + count < end {
                self.out.extend(format!("\x1b[{count}C").into_bytes());
            }
            x += count;
        }
    }

    /// Writes empty cells into blank ones. True: the cursor is behind them now. What is drawn in
    /// empty cells besides a background makes spaces of them, and so does protection.
    fn empty(&mut self, number: u32, count: usize) -> bool {
        let style = self.style_of(Cell::empty(number));
        if style.matters_when_empty() {
            self.style(number);
            self.out.extend(std::iter::repeat_n(b' ', count));
            return true;
        }
        if style.background != Color::Default && self.detail != Detail::Characters {
            self.style(number);
            self.out.extend(format!("\x1b[{count}X").into_bytes());
        }
        false
    }

    fn style_of(&self, cell: Cell) -> &'a Style {
        self.terminal.styles.get(cell.style)
    }

    /// Writes a character.
    fn cell(&mut self, cell: Cell) {
        self.style(cell.style);
        let view = self.terminal.view(cell);
        let most = if self.detail == Detail::Characters { 1 } else { usize::MAX };
        for character in view.characters().take(most) {
            self.out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Gives the reader's pen a style.
    fn style(&mut self, number: u32) {
        if number == self.number || self.detail == Detail::Characters {
            return;
        }
        let style = self.terminal.styles.get(number);
        self.pen(style);
        self.number = number;
    }

    fn pen(&mut self, style: &'a Style) {
        let link = if self.detail == Detail::All { style.link.as_deref() } else { None };
        let bare = Style { link: None, ..style.clone() };
        if bare != self.pen {
            bare.write_all(&mut self.out);
            self.pen = bare;
        }
        if link != self.link {
            write_link(link, &mut self.out);
            self.link = link;
        }
        self.number = u32::MAX;
    }

    fn place(&mut self, x: usize, y: usize) {
        self.out.extend(format!("\x1b[{};{}H", y + 1, x + 1).into_bytes());
    }

    /// Writes what belongs to a screen beside its rows: tabs, what was saved, margins.
    fn surroundings(&mut self, screen: &'a Screen) {
        if screen.tabs != Tabs::new(screen.columns) {
            self.out.extend_from_slice(b"\x1b[3g");
            for column in (0..screen.columns).filter(|column| screen.tabs.is_set(*column)) {
                self.out.extend(format!("\x1b[{}G\x1bH", column + 1).into_bytes());
            }
        }
        let saved = &screen.saved;
        let row = saved.y.min(screen.height() - 1);
        let x = saved.x.min(screen.columns - 1);
        if (x, row) != (0, 0) || saved.pen != Style::default() || saved.charset != Charset::Ascii {
            self.pen(&saved.pen);
            self.place(x, row);
            self.charset(0, saved.charset);
            self.out.extend_from_slice(b"\x1b7");
            if saved.charset != Charset::Ascii {
                self.charset(0, Charset::Ascii);
            }
        }
        if screen.top > 0 || screen.bottom + 1 < screen.height() {
            self.out.extend(format!("\x1b[{};{}r", screen.top + 1, screen.bottom + 1).into_bytes());
        }
    }

    fn charset(&mut self, slot: usize, charset: Charset) {
        let middle = [b'(', b')', b'*', b'+'].get(slot).copied().unwrap_or(b'(');
        self.out.extend([0x1B, middle, charset.final_byte()]);
    }

    /// Writes modes, cursor and pen. Where the cursor stands behind a character that marks may join, or
    /// behind the last column, that character is written again, as nothing else leads there.
    fn ending(&mut self) {
        let terminal = self.terminal;
        let screen = &terminal.screen;
        let (x, columns) = (screen.x, screen.columns);
        if terminal.modes.origin {
            self.out.extend_from_slice(b"\x1b[?6h");
        }
        let last = |width: usize| {
            let row = screen.rows.get(screen.y)?;
            let cell = row.get(x.checked_sub(width)?);
            (cell.has_content() && cell.width() == width).then_some((cell, width))
        };
        let joined = last(terminal.joinable).filter(|(cell, _)| {
            terminal.joinable > 0 && *terminal.styles.get(cell.style) == terminal.pen
        });
        let before = if x == columns { last(1).or_else(|| last(2)) } else { None };
        let row = screen.y - terminal.rows_allowed().0.min(screen.y);
        if let Some((cell, width)) = joined {
            self.modes();
            self.place(x - width, row);
            self.pen(&terminal.pen);
            if terminal.modes.insert {
                self.out.extend(format!("\x1b[{width}P").into_bytes());
            }
            self.number = cell.style;
            self.cell(cell);
            return;
        }
        if let Some((cell, width)) = before {
            self.place(x - width, row);
            self.cell(cell);
        } else {
            self.place(x, row);
        }
        self.modes();
        self.pen(&terminal.pen);
    }

    fn modes(&mut self) {
        let modes = &self.terminal.modes;
        let usual = Modes::default();
        let mouse = match modes.mouse_events {
            MouseEvents::None => "",
            MouseEvents::Presses => "\x1b[?9h",
            MouseEvents::Buttons => "\x1b[?1000h",
            MouseEvents::Drags => "\x1b[?1002h",
            MouseEvents::All => "\x1b[?1003h",
        };
        let words = [
            (modes.application_cursor_keys, "\x1b[?1h"),
            (modes.application_keypad, "\x1b="),
            (modes.bracketed_paste, "\x1b[?2004h"),
            (modes.mouse_events != usual.mouse_events, mouse),
            (modes.mouse_sgr, "\x1b[?1006h"),
            (modes.focus_reporting, "\x1b[?1004h"),
            (modes.line_feed_returns, "\x1b[20h"),
            (modes.insert, "\x1b[4h"),
            (!modes.wrap, "\x1b[?7l"),
            (!modes.cursor_visible, "\x1b[?25l"),
        ];
        for (_, word) in words.iter().filter(|(on, _)| *on) {
            self.out.extend_from_slice(word.as_bytes());
        }
        if let Some((shape, blinks)) = modes.cursor_style {
            let number = shape.number() + u8::from(!blinks);
            self.out.extend(format!("\x1b[{number} q").into_bytes());
        }
        for (slot, charset) in self.terminal.charsets.into_iter().enumerate() {
            if charset != Charset::Ascii {
                self.charset(slot, charset);
            }
        }
        match self.terminal.level {
            0 => {}
            1 => self.out.push(0x0E),
            2 => self.out.extend_from_slice(b"\x1bn"),
            _ => self.out.extend_from_slice(b"\x1bo"),
        }
    }
}

/// Rows up to the last one that is not blank.
fn last_used(screen: &Screen) -> usize {
    let is_used = |row: &Row| row.wrapped || row.used().iter().any(|cell| *cell != Cell::BLANK);
    screen.rows.iter().rposition(is_used).map_or(0, |last| last + 1)
}
