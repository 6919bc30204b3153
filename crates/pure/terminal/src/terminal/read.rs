//! What others read of a terminal: cells, cursor, modes, colours, and which rows have changed.

use porthole_remote::Cells;

use super::history::KeptRow;
use super::row::{Cell, Row};
use super::{CursorShape, Modes, Palette, Style, Terminal};

/// Where the cursor is and how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Its column, from 0; always on the screen.
    pub column: u16,
    /// Its row, from 0.
    pub row: u16,
    /// Its shape.
    pub shape: CursorShape,
    /// Whether it blinks, if the program has said.
    pub blinks: Option<bool>,
    /// Whether it is to be seen.
    pub is_visible: bool,
}

/// A row of the screen.
#[derive(Debug, Clone, Copy)]
pub struct RowView<'a> {
    terminal: &'a Terminal,
    row: &'a Row,
}

/// A cell of the screen.
#[derive(Debug, Clone, Copy)]
pub struct CellView<'a> {
    /// Its character, with the marks on it; empty where there is none, and in the right half of a wide one.
    text: CellText<'a>,
    /// Columns: 1, 2, or 0 for the right half of a wide character.
    pub width: u8,
    /// How it looks.
    pub style: &'a Style,
}

#[derive(Debug, Clone, Copy)]
enum CellText<'a> {
    Empty,
    Character(char),
    Cluster(&'a str),
}

impl<'a> CellView<'a> {
    /// Its character and the marks on it: nothing where the cell is empty, and in the right half of
    /// a wide one.
    pub fn characters(&self) -> impl Iterator<Item = char> + 'a {
        let (single, cluster) = match self.text {
            CellText::Empty => (None, ""),
            CellText::Character(character) => (Some(character), ""),
            CellText::Cluster(cluster) => (None, cluster),
        };
        single.into_iter().chain(cluster.chars())
    }

    /// Whether it shows no character.
    pub fn is_empty(&self) -> bool {
        matches!(self.text, CellText::Empty)
    }
}

impl<'a> RowView<'a> {
    /// Its cells, from the left: as many as the terminal has columns.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = CellView<'a>> + 'a {
        let terminal = self.terminal;
        self.row.cells().iter().map(move |cell| terminal.view(*cell))
    }

    /// Whether the row above goes on in it.
    pub const fn is_wrapped(&self) -> bool {
        self.row.wrapped
    }
}

impl Terminal {
    /// Its size.
    pub fn size(&self) -> Cells {
        let short = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
        Cells { columns: short(self.screen.columns), rows: short(self.screen.height()) }
    }

    /// A row of the screen, from the top.
    pub fn row(&self, y: u16) -> Option<RowView<'_>> {
        let row = self.screen.rows.get(usize::from(y))?;
        Some(RowView { terminal: self, row })
    }

    /// Where the cursor is and how it looks.
    pub fn cursor(&self) -> Cursor {
        let short = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
        let style = self.modes.cursor_style;
        Cursor {
            column: short(self.screen.x.min(self.screen.columns - 1)),
            row: short(self.screen.y),
            shape: style.map_or(CursorShape::Block, |(shape, _)| shape),
            blinks: style.map(|(_, blinks)| blinks),
            is_visible: self.modes.cursor_visible,
        }
    }

    /// What programs have switched on and off.
    pub const fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Its colours.
    pub const fn palette(&self) -> &Palette {
        &self.palette
    }

    /// Whether the alternate screen is shown, which has no rows above it.
    pub const fn is_alternate(&self) -> bool {
        self.is_alternate
    }

    /// Rows kept above the screen.
    pub fn scrollback_len(&self) -> usize {
        self.screen.history.len()
    }

    /// Whether the oldest row kept above the screen goes when another one comes.
    pub fn is_scrollback_full(&self) -> bool {
        self.screen.history.len() >= self.screen.history.rows_max()
    }

    /// A row kept above the screen, 0 the oldest: its cells, but for blank ones at its end.
    pub fn kept_cells(&self, index: usize) -> impl Iterator<Item = CellView<'_>> {
        let row = self.screen.history.rows().nth(index);
        row.into_iter().flat_map(KeptRow::cells).map(|cell| self.view(cell))
    }

    /// Whether the row above goes on in this row kept above the screen.
    pub fn is_kept_row_wrapped(&self, index: usize) -> bool {
        self.screen.history.rows().nth(index).is_some_and(|row| row.wrapped)
    }

    /// Bytes that the rows above the screen take.
    pub fn scrollback_bytes(&self) -> usize {
        self.screen.history.bytes() + self.hidden.history.bytes()
    }

    /// The rows whose cells may have changed since this was last called; all of them at first and after
    /// another size. The cursor and the colours are not in it.
    pub fn take_damage(&mut self) -> DamagedRows {
        let none = DamagedRows::none(self.screen.height());
        std::mem::replace(&mut self.damage, none)
    }

    /// A cell as others see it.
    pub(super) fn view(&self, cell: Cell) -> CellView<'_> {
        let text = match (cell.single(), cell.cluster()) {
            (Some(character), _) => CellText::Character(character),
            (None, Some(number)) => CellText::Cluster(self.clusters.get(number)),
            (None, None) => CellText::Empty,
        };
        let width = u8::try_from(cell.width()).unwrap_or(1);
        CellView { text, width, style: self.styles.get(cell.style) }
    }
}

/// Which rows have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedRows {
    /// A bit for each row.
    bits: [u64; 8],
    rows: usize,
}

impl DamagedRows {
    pub(super) const fn none(rows: usize) -> Self {
        Self { bits: [0; 8], rows }
    }

    pub(super) fn all(rows: usize) -> Self {
        let mut damage = Self::none(rows);
        damage.add(0, rows.saturating_sub(1));
        damage
    }

    /// Adds rows, the last one included.
    pub(super) fn add(&mut self, first: usize, last: usize) {
        for (word, bits) in self.bits.iter_mut().enumerate() {
            let start = first.max(64 * word);
            let end = (last + 1).min(64 * (word + 1));
            if start < end {
                let count = end - start;
                *bits |= (u64::MAX >> (64 - count)) << (start - 64 * word);
            }
        }
    }

    /// Adds a row.
    pub(super) fn add_row(&mut self, row: usize) {
        if let Some(bits) = self.bits.get_mut(row / 64) {
            *bits |= 1 << (row % 64);
        }
    }

    /// Whether a row has changed.
    pub fn contains(&self, row: u16) -> bool {
        let row = usize::from(row);
        row < self.rows && self.bits.get(row / 64).is_some_and(|bits| bits >> (row % 64) & 1 == 1)
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The rows, from the top.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..u16::try_from(self.rows).unwrap_or(u16::MAX)).filter(|row| self.contains(*row))
    }
}
