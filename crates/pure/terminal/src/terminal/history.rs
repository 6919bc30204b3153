//! The rows that have left the screen at its top, kept small.
//!
//! A kept row is a run for each style: the style's number, twice the count of its cells (and one, if
//! they are not all ASCII), as numbers of seven bits a byte with the lowest first; then a byte for each
//! cell, 0 where it is empty, or four bytes of its content. Blank cells at the end are left out.

use std::collections::VecDeque;

use super::row::{Cell, Row};

/// Most bytes that all kept rows take.
const BYTES_MAX: usize = 32 << 20;

/// What a kept row costs beside its runs.
const ROW_BYTES: usize = 48;

/// A row that has been made small.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptRow {
    runs: Box<[u8]>,
    len: u16,
    content_len: u16,
    /// The row above goes on here.
    pub(crate) wrapped: bool,
}

impl KeptRow {
    pub(crate) fn new(row: &Row) -> Self {
        Self::with_scratch(row, &mut Vec::new())
    }

    /// As [`Self::new`], with a buffer that may be used again.
    fn with_scratch(row: &Row, scratch: &mut Vec<u8>) -> Self {
        scratch.clear();
        write_runs(row.used(), scratch);
        Self {
            runs: scratch.as_slice().into(),
            len: u16::try_from(row.used().len()).unwrap_or(u16::MAX),
            content_len: u16::try_from(row.content_len()).unwrap_or(u16::MAX),
            wrapped: row.wrapped,
        }
    }

    /// Columns up to the last character.
    pub(crate) fn content_len(&self) -> usize {
        self.content_len.into()
    }

    /// Columns up to the last cell that is not blank.
    pub(crate) fn len(&self) -> usize {
        self.len.into()
    }

    fn bytes(&self) -> usize {
        self.runs.len() + ROW_BYTES
    }

    /// Its cells, from the left, but for blank ones at the end.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        Runs { rest: &self.runs }.flat_map(|(style, are_wide, body)| {
            let wide = if are_wide { body } else { &[] };
            let plain = if are_wide { &[] } else { body };
            let plain = plain.iter().map(move |&byte| match byte {
                0 => Cell::empty(style),
                byte => Cell::ascii(byte, style),
            });
            let wide = wide.as_chunks::<4>().0.iter();
            plain.chain(
                wide.map(move |content| Cell::from_parts(u32::from_le_bytes(*content), style)),
            )
        })
    }

    /// As it was, with so many columns.
    pub(crate) fn open(&self, columns: usize) -> Row {
        let mut row = Row::new(columns, 0);
        for (x, cell) in self.cells().take(columns).enumerate() {
            row.set(x, cell);
        }
        row.mend_end();
        row.wrapped = self.wrapped;
        row
    }
}

fn write_runs(cells: &[Cell], runs: &mut Vec<u8>) {
    // Most rows are ASCII in one style; to see that takes a fraction of looking for runs.
    let style = cells.first().map_or(0, |cell| cell.style);
    let is_usual = |cell: &Cell| (cell.style == style) & cell.plain().is_some();
    if cells.iter().fold(true, |all, cell| all & is_usual(cell)) {
        if let Ok(count @ 1..) = u32::try_from(cells.len()) {
            write_number(style, runs);
            write_number(2 * count, runs);
            runs.extend(cells.iter().map(|cell| cell.plain().unwrap_or(0)));
        }
        return;
    }
    for run in cells.chunk_by(|one, two| one.style == two.style) {
        let style = run.first().map_or(0, |cell| cell.style);
        let count = u32::try_from(run.len()).unwrap_or(0);
        write_number(style, runs);
        let start = runs.len();
        write_number(2 * count, runs);
        let mut is_plain = true;
        runs.extend(run.iter().map(|cell| {
            let plain = cell.plain();
            is_plain &= plain.is_some();
            plain.unwrap_or(0)
        }));
        if !is_plain {
            runs.truncate(start);
            write_number(2 * count + 1, runs);
            for cell in run {
                runs.extend_from_slice(&cell.content().to_le_bytes());
            }
        }
    }
}

fn write_number(mut number: u32, runs: &mut Vec<u8>) {
    while number >= 0x80 {
        runs.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    runs.push(number.to_le_bytes()[0]);
}

/// The runs of a kept row: style, whether their cells take four bytes, and these.
struct Runs<'a> {
    rest: &'a [u8],
}

impl Runs<'_> {
    fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(number)
    }
}

impl<'a> Iterator for Runs<'a> {
    type Item = (u32, bool, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let style = self.number()?;
        let count = self.number()?;
        let are_wide = count & 1 == 1;
        let bytes = usize::try_from(count / 2).ok()? * if are_wide { 4 } else { 1 };
        let (body, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some((style, are_wide, body))
    }
}

/// The rows above the screen, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    rows: VecDeque<KeptRow>,
    bytes: usize,
    rows_max: usize,
    scratch: Vec<u8>,
}

impl History {
    /// None yet, and never more than `rows_max`.
    pub(crate) fn new(rows_max: usize) -> Self {
        Self { rows_max, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) const fn rows_max(&self) -> usize {
        self.rows_max
    }

    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = &KeptRow> + ExactSizeIterator {
        self.rows.iter()
    }

    /// Keeps a row below the others.
    pub(crate) fn push(&mut self, row: KeptRow) {
        if self.rows_max == 0 {
            return;
        }
        self.bytes += row.bytes();
        self.rows.push_back(row);
        while self.rows.len() > self.rows_max || self.bytes > BYTES_MAX {
            self.drop_oldest();
        }
    }

    /// Keeps a copy of a row below the others.
    pub(crate) fn push_from(&mut self, row: &Row) {
        if self.rows_max > 0 {
            let kept = KeptRow::with_scratch(row, &mut self.scratch);
            self.push(kept);
        }
    }

    /// Gives the lowest row back.
    pub(crate) fn pop(&mut self) -> Option<KeptRow> {
        let row = self.rows.pop_back()?;
        self.bytes -= row.bytes();
        Some(row)
    }

    /// Gives all rows back, the oldest first.
    pub(crate) fn take(&mut self) -> Vec<KeptRow> {
        self.bytes = 0;
        std::mem::take(&mut self.rows).into()
    }

    fn drop_oldest(&mut self) {
        if let Some(row) = self.rows.pop_front() {
            self.bytes -= row.bytes();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.rows_max);
    }

    /// What all rows take, in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_rows_come_back() {
        let mut row = Row::new(20, 0);
        row.write_ascii(0, b"plain", 0);
        row.write_ascii(7, b"red", 300);
        row.set(12, Cell::character('中', 2, 5));
        row.set(13, Cell::rest(5));
        row.set(14, Cell::character('é', 1, 5).into_cluster(77));
        row.set(15, Cell::empty(9));
        row.wrapped = true;
        let kept = KeptRow::new(&row);
        let open = kept.open(20);
        assert_eq!(open.cells(), row.cells());
        assert!(open.wrapped);
        assert_eq!(kept.content_len(), 15);
        assert_eq!(kept.open(3).cells(), &row.cells()[..3]);
    }

    #[test]
    fn a_plain_row_is_small_and_the_oldest_goes() {
        let mut row = Row::new(80, 0);
        row.write_ascii(0, b"0123456789", 0);
        let kept = KeptRow::new(&row);
        assert_eq!(kept.runs.len(), 12);
        let mut history = History::new(2);
        for _ in 0..3 {
            history.push(kept.clone());
        }
        assert_eq!((history.len(), history.bytes()), (2, 2 * (12 + ROW_BYTES)));
        history.pop();
        history.clear();
        assert_eq!((history.len(), history.bytes()), (0, 0));
    }
}
