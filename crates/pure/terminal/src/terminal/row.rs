//! One row of cells.

/// A cell: a character, or the number of a cluster of several; its width; the number of its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Bits 0 to 20 a code point or a cluster's number, 21 set for a cluster, 22 and 23 the width.
    content: u32,
    pub(crate) style: u32,
}

const CODE_MASK: u32 = 0x1F_FFFF;
const CLUSTER: u32 = 1 << 21;
const WIDTH_SHIFT: u32 = 22;

impl Cell {
    /// Nothing in the default style.
    pub(crate) const BLANK: Self = Self::empty(0);

    /// Nothing in a style.
    pub(crate) const fn empty(style: u32) -> Self {
        Self { content: 1 << WIDTH_SHIFT, style }
    }

    /// The right half of a wide character.
    pub(crate) const fn rest(style: u32) -> Self {
        Self { content: 0, style }
    }

    pub(crate) const fn ascii(byte: u8, style: u32) -> Self {
        Self { content: byte as u32 | 1 << WIDTH_SHIFT, style }
    }

    pub(crate) const fn character(character: char, width: u8, style: u32) -> Self {
        Self { content: character as u32 | (width as u32) << WIDTH_SHIFT, style }
    }

    /// A cluster in place of the character that was here.
    pub(crate) const fn into_cluster(self, number: u32) -> Self {
        let width = self.content & !(CODE_MASK | CLUSTER);
        Self { content: width | CLUSTER | (number & CODE_MASK), style: self.style }
    }

    pub(crate) const fn from_parts(content: u32, style: u32) -> Self {
        Self { content, style }
    }

    pub(crate) const fn content(self) -> u32 {
        self.content
    }

    /// Columns: 1, 2, or 0 for the right half of a wide character.
    pub(crate) const fn width(self) -> usize {
        (self.content >> WIDTH_SHIFT) as usize
    }

    /// Whether a character is in it; the right half of one counts as none.
    pub(crate) const fn has_content(self) -> bool {
        self.content & (CODE_MASK | CLUSTER) != 0
    }

    /// Its character, unless it holds a cluster or nothing.
    pub(crate) const fn single(self) -> Option<char> {
        if self.content & CLUSTER == 0 && self.has_content() {
            char::from_u32(self.content & CODE_MASK)
        } else {
            None
        }
    }

    /// Its cluster's number.
    pub(crate) const fn cluster(self) -> Option<u32> {
        if self.content & CLUSTER == 0 { None } else { Some(self.content & CODE_MASK) }
    }

    /// Its byte if it holds one of ASCII, 0 if it is empty, and nothing otherwise.
    pub(crate) const fn plain(self) -> Option<u8> {
        let code = self.content ^ (1 << WIDTH_SHIFT);
        if code < 0x80 { Some(code.to_le_bytes()[0]) } else { None }
    }
}

/// One row of cells, and whether the row above runs on into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    cells: Vec<Cell>,
    /// The row above goes on here.
    pub(crate) wrapped: bool,
    /// From here on all cells are blank, in the default style.
    used: usize,
}

impl Row {
    pub(crate) fn new(columns: usize, style: u32) -> Self {
        let mut row = Self { cells: vec![Cell::BLANK; columns], wrapped: false, used: 0 };
        row.clear(style);
        row
    }

    /// All cells, from the left.
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cells without the blank ones at the end.
    pub(crate) fn used(&self) -> &[Cell] {
        self.cells.get(..self.used).unwrap_or(&self.cells)
    }

    pub(crate) fn get(&self, x: usize) -> Cell {
        self.cells.get(x).copied().unwrap_or(Cell::BLANK)
    }

    pub(crate) fn set(&mut self, x: usize, cell: Cell) {
        if let Some(slot) = self.cells.get_mut(x) {
            *slot = cell;
            self.used = self.used.max(x + 1);
        }
    }

    /// Writes ASCII from `x` on; as much as there is room for.
    pub(crate) fn write_ascii(&mut self, x: usize, text: &[u8], style: u32) {
        let Some(cells) = self.cells.get_mut(x..) else { return };
        for (cell, &byte) in cells.iter_mut().zip(text) {
            *cell = Cell::ascii(byte, style);
        }
        self.used = self.used.max((x + text.len()).min(self.cells.len()));
    }

    /// Makes all of it empty, in one style, and begins a line with it.
    pub(crate) fn clear(&mut self, style: u32) {
        let end = if style == 0 { self.used } else { self.cells.len() };
        if let Some(cells) = self.cells.get_mut(..end) {
            cells.fill(Cell::empty(style));
        }
        self.used = if style == 0 { 0 } else { end };
        self.wrapped = false;
    }

    /// As [`Self::clear`], but for protected cells; the row stays wrapped if it was.
    pub(crate) fn clear_unless(&mut self, style: u32, is_protected: impl Fn(u32) -> bool) {
        for cell in &mut self.cells {
            if !is_protected(cell.style) {
                *cell = Cell::empty(style);
            }
        }
        self.used = self.cells.len();
    }

    /// Fills all of it with one cell.
    pub(crate) fn fill(&mut self, cell: Cell) {
        self.cells.fill(cell);
        self.used = self.cells.len();
        self.wrapped = false;
    }

    /// Makes `start..end` empty; a wide character at either end loses its other half.
    pub(crate) fn erase(&mut self, start: usize, end: usize, style: u32) {
        let end = end.min(self.cells.len());
        if start > 0 && self.get(start - 1).width() == 2 {
            self.set(start - 1, Cell::empty(style));
        }
        if end > start && end < self.cells.len() && self.get(end - 1).width() == 2 {
            self.set(end, Cell::empty(style));
        }
        if let Some(cells) = self.cells.get_mut(start..end) {
            cells.fill(Cell::empty(style));
            self.used = if style == 0 && self.used <= end {
                self.used.min(start)
            } else {
                self.used.max(end)
            };
        }
    }

    /// As [`Self::erase`], but for protected cells.
    pub(crate) fn erase_unless(
        &mut self,
        start: usize,
        end: usize,
        style: u32,
        is_protected: impl Fn(u32) -> bool,
    ) {
        let end = end.min(self.cells.len());
        if start > 0 && self.get(start - 1).width() == 2 && !is_protected(self.get(start - 1).style)
        {
            self.set(start - 1, Cell::empty(style));
        }
        if end > start
            && end < self.cells.len()
            && self.get(end - 1).width() == 2
            && !is_protected(self.get(end).style)
        {
            self.set(end, Cell::empty(style));
        }
        for x in start..end {
            if !is_protected(self.get(x).style) {
                self.set(x, Cell::empty(style));
            }
        }
    }

    /// Puts `count` empty cells in at `x`; what is pushed over the end is lost.
    pub(crate) fn insert(&mut self, x: usize, count: usize, style: u32) {
        let len = self.cells.len();
        let Some(x) = x.checked_rem(len) else { return };
        if x > 0 && self.get(x - 1).width() == 2 {
            self.set(x - 1, Cell::empty(style));
        }
        let count = count.min(len - x);
        self.cells.copy_within(x..len - count, x + count);
        if let Some(cells) = self.cells.get_mut(x..x + count) {
            cells.fill(Cell::empty(style));
        }
        self.used = (self.used.max(x) + count).min(len);
        if self.get(len - 1).width() == 2 {
            self.set(len - 1, Cell::empty(style));
        }
    }

    /// Takes `count` cells out at `x`; the rest moves up, and empty cells follow.
    pub(crate) fn delete(&mut self, x: usize, count: usize, style: u32) {
        let len = self.cells.len();
        let Some(x) = x.checked_rem(len) else { return };
        let count = count.min(len - x);
        self.cells.copy_within(x + count.., x);
        if let Some(cells) = self.cells.get_mut(len - count..) {
            cells.fill(Cell::empty(style));
        }
        if style != 0 {
            self.used = len;
        }
        if x > 0 && self.get(x - 1).width() == 2 {
            self.set(x - 1, Cell::empty(style));
        }
        let here = self.get(x);
        if here.width() == 0 && !here.has_content() {
            self.set(x, Cell::empty(style));
        }
    }

    /// Gives it so many cells.
    pub(crate) fn resize(&mut self, columns: usize) {
        self.cells.resize(columns, Cell::BLANK);
        self.used = self.used.min(columns);
        self.mend_end();
    }

    /// Empties the last cell if only the left half of a wide character is there.
    pub(crate) fn mend_end(&mut self) {
        if let Some(last) = self.cells.last_mut().filter(|last| last.width() == 2) {
            *last = Cell::BLANK;
        }
    }

    /// Columns up to the last character.
    pub(crate) fn content_len(&self) -> usize {
        let used = self.used();
        let last = used.iter().rposition(|cell| cell.has_content());
        last.map_or(0, |last| last + used.get(last).map_or(1, |cell| cell.width()))
    }
}
