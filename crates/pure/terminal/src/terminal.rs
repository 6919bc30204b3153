//! A terminal's state.
//!
//! It is what xterm.js makes of the same bytes, and `tests/terminal` holds it to that. Where xterm.js
//! would do something else than a terminal should, or something that could not be told in a
//! [`Terminal::snapshot`], the bytes that viewers are shown are others than came: see `docs/adr/0012-own-terminal.md`.

mod actions;
mod answers;
mod charset;
mod controls;
mod describe;
mod feed;
mod history;
mod interned;
mod modes;
mod palette;
mod parser;
mod print;
mod private;
mod read;
mod reflow;
mod rendition;
mod row;
mod screen;
mod snapshot;
mod strings;
mod style;
mod width;

use bytes::BytesMut;
pub use modes::{CursorShape, Modes, MouseEvents};
pub use palette::{Palette, Rgb};
use porthole_remote::{Cells, TerminalLook};
pub use read::{CellView, Cursor, DamagedRows, RowView};
pub use style::{Color, Flags, Link, Style, Underline};

use self::charset::Charset;
use self::interned::Interned;
use self::parser::Parser;
use self::screen::Screen;

/// Most rows that are kept above the screen.
pub const SCROLLBACK_MAX_ROWS: u32 = 50_000;

/// What bytes from the remote led to.
#[derive(Debug, Default)]
pub struct Fed {
    /// What viewers may be shown: whole characters and sequences.
    pub shown: BytesMut,
    /// The terminal's answers, for the remote.
    pub replies: BytesMut,
    /// What else was noticed: one bell, title and copy at most, in the order in which they came last.
    pub noticed: Vec<Noticed>,
}

/// Something that the remote wants of the terminal beyond its screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// It rings.
    Bell,
    /// Its window's name: one printable line of at most 256 bytes.
    Title(String),
    /// It copies (OSC 52): at most 1 MiB.
    Copied(String),
}

/// A terminal: what its screen shows, the rows above it, and its modes.
#[derive(Debug)]
pub struct Terminal {
    parser: Parser,
    /// The bytes of a sequence that has begun.
    held: Vec<u8>,
    /// The bytes of a character that has begun.
    partial: Vec<u8>,
    /// The string of a sequence that has begun.
    string: Vec<u8>,
    screen: Screen,
    /// The other screen: the alternate one, or the usual one while that is shown.
    hidden: Screen,
    is_alternate: bool,
    styles: Interned<Style>,
    clusters: Interned<String>,
    pen: Style,
    /// The pen's number, once something was written with it.
    pen_number: Option<u32>,
    /// The number of what the pen leaves where it erases.
    erased_number: Option<u32>,
    charsets: [Charset; 4],
    /// Which of them is in use.
    level: usize,
    modes: Modes,
    palette: Palette,
    /// The width of the character just written, that marks may join; 0 if something else came since.
    joinable: usize,
    damage: DamagedRows,
}

impl Terminal {
    /// A terminal that has just been reset. It is at least two columns wide.
    pub fn new(size: Cells, look: &TerminalLook) -> Self {
        let size = at_least_two_columns(size);
        let (columns, rows) = (usize::from(size.columns), usize::from(size.rows));
        let scrollback = look.scrollback.min(SCROLLBACK_MAX_ROWS);
        let scrollback = usize::try_from(scrollback).unwrap_or(0);
        Self {
            parser: Parser::new(),
            held: Vec::new(),
            partial: Vec::new(),
            string: Vec::new(),
            screen: Screen::new(columns, rows, scrollback),
            hidden: Screen::new(columns, rows, 0),
            is_alternate: false,
            styles: Interned::new(),
            clusters: Interned::new(),
            pen: Style::default(),
            pen_number: None,
            erased_number: None,
            charsets: [Charset::Ascii; 4],
            level: 0,
            modes: Modes::default(),
            palette: Palette::new(look.colors.clone()),
            joinable: 0,
            damage: DamagedRows::all(rows),
        }
    }

    /// Gives it another size; it stays at least two columns wide. Rows that ran on into the next are
    /// broken anew, but for those that the cursor is in.
    pub fn resize(&mut self, size: Cells) {
        let size = at_least_two_columns(size);
        if size == self.size() {
            return;
        }
        let (columns, rows) = (usize::from(size.columns), usize::from(size.rows));
        self.screen.resize(columns, rows, !self.is_alternate);
        self.hidden.resize(columns, rows, self.is_alternate);
        self.joinable = 0;
        self.damage = DamagedRows::all(rows);
    }

    /// The number of the pen's style.
    fn pen_number(&mut self) -> u32 {
        if let Some(number) = self.pen_number {
            return number;
        }
        self.sweep_when_crowded();
        let number = self.styles.number(&self.pen);
        self.pen_number = Some(number);
        number
    }

    /// The number of the style of what is erased.
    fn erased_number(&mut self) -> u32 {
        if let Some(number) = self.erased_number {
            return number;
        }
        if self.pen.background == Color::Default {
            self.erased_number = Some(0);
            return 0;
        }
        self.sweep_when_crowded();
        let number = self.styles.number(&self.pen.erased());
        self.erased_number = Some(number);
        number
    }

    /// To be called when the pen has changed.
    fn pen_changed(&mut self) {
        self.pen_number = None;
        self.erased_number = None;
    }

    /// Forgets styles and clusters that no cell has any more.
    fn sweep_when_crowded(&mut self) {
        if !self.styles.is_crowded() && !self.clusters.is_crowded() {
            return;
        }
        let (mut styles, mut clusters) = (self.styles.marks(), self.clusters.marks());
        let mut mark = |cell: row::Cell| {
            let style = usize::try_from(cell.style).ok();
            if let Some(mark) = style.and_then(|at| styles.get_mut(at)) {
                *mark = true;
            }
            let cluster = cell.cluster().and_then(|number| usize::try_from(number).ok());
            if let Some(mark) = cluster.and_then(|at| clusters.get_mut(at)) {
                *mark = true;
            }
        };
        for screen in [&self.screen, &self.hidden] {
            screen.rows.iter().flat_map(row::Row::cells).for_each(|cell| mark(*cell));
            screen.history.rows().flat_map(history::KeptRow::cells).for_each(&mut mark);
        }
        self.styles.sweep(&styles);
        self.clusters.sweep(&clusters);
        self.pen_changed();
    }
}

/// What wide characters need.
fn at_least_two_columns(size: Cells) -> Cells {
    let size = size.clamped();
    Cells { columns: size.columns.max(2), ..size }
}

#[cfg(test)]
mod tests;
