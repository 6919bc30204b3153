//! A screen: its rows, those above it, the cursor, margins and tabs. A terminal has two.

use std::collections::VecDeque;

use super::charset::Charset;
use super::history::History;
use super::row::Row;
use super::style::Style;

/// Columns from one tab to the next at first.
const TAB_COLUMNS: usize = 8;

/// What DECSC keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saved {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) pen: Style,
    pub(crate) charset: Charset,
}

/// A screen.
#[derive(Debug)]
pub(crate) struct Screen {
    pub(crate) rows: VecDeque<Row>,
    pub(crate) history: History,
    pub(crate) columns: usize,
    /// The cursor's column; [`Self::columns`] when the last one was written and the next character
    /// begins a row.
    pub(crate) x: usize,
    /// The cursor's row.
    pub(crate) y: usize,
    /// The first row that scrolls.
    pub(crate) top: usize,
    /// The last row that scrolls.
    pub(crate) bottom: usize,
    pub(crate) tabs: Tabs,
    pub(crate) saved: Saved,
}

impl Screen {
    pub(crate) fn new(columns: usize, rows: usize, history_max: usize) -> Self {
        Self {
            rows: (0..rows).map(|_| Row::new(columns, 0)).collect(),
            history: History::new(history_max),
            columns,
            x: 0,
            y: 0,
            top: 0,
            bottom: rows.saturating_sub(1),
            tabs: Tabs::new(columns),
            saved: Saved::default(),
        }
    }

    /// Its height in rows.
    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// The row that the cursor is in.
    pub(crate) fn row_mut(&mut self) -> Option<&mut Row> {
        self.rows.get_mut(self.y)
    }

    /// Moves the rows between the margins up by one; the first one is kept if it is the screen's.
    /// The cursor stays.
    pub(crate) fn scroll_up(&mut self, erased: u32, wrapped: bool) {
        let mut row = if self.top == 0 {
            let Some(row) = self.rows.pop_front() else { return };
            self.history.push_from(&row);
            row
        } else {
            let Some(row) = self.rows.remove(self.top) else { return };
            row
        };
        row.clear(erased);
        row.wrapped = wrapped;
        self.rows.insert(self.bottom.min(self.rows.len()), row);
    }

    /// Takes a row out at `from` and puts an empty one in at `to`.
    pub(crate) fn move_row(&mut self, from: usize, to: usize, erased: u32) {
        if let Some(mut row) = self.rows.remove(from) {
            row.clear(erased);
            self.rows.insert(to.min(self.rows.len()), row);
        }
    }

    /// Moves the cursor into the screen, off the place behind the last column.
    pub(crate) fn restrict_x(&mut self) {
        self.x = self.x.min(self.columns - 1);
    }

    /// Makes it new, but for what DECSC keeps: the other screen is shown.
    pub(crate) fn renew(&mut self) {
        let saved = std::mem::take(&mut self.saved);
        *self = Self::new(self.columns, self.height(), self.history.rows_max());
        self.saved = saved;
    }
}

/// Where the tabs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tabs {
    /// A bit for each column, and one for the place behind the last.
    bits: [u64; 16],
}

impl Tabs {
    pub(crate) fn new(columns: usize) -> Self {
        let mut tabs = Self { bits: [0; 16] };
        tabs.set_every(0, columns);
        tabs
    }

    /// Sets every eighth from `first` on.
    fn set_every(&mut self, first: usize, columns: usize) {
        for column in (first..columns).step_by(TAB_COLUMNS) {
            self.set(column, true);
        }
    }

    pub(crate) fn is_set(&self, column: usize) -> bool {
        self.bits.get(column / 64).is_some_and(|bits| bits >> (column % 64) & 1 == 1)
    }

    pub(crate) fn set(&mut self, column: usize, on: bool) {
        if let Some(bits) = self.bits.get_mut(column / 64) {
            *bits = *bits & !(1 << (column % 64)) | u64::from(on) << (column % 64);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bits = [0; 16];
    }

    /// The tab behind a column, or the last column.
    pub(crate) fn next(&self, x: usize, columns: usize) -> usize {
        (x + 1..columns).find(|&column| self.is_set(column)).unwrap_or(columns - 1)
    }

    /// The tab before a column, or the first column.
    pub(crate) fn previous(&self, x: usize, columns: usize) -> usize {
        let before = (0..x).rev().find(|&column| self.is_set(column)).unwrap_or(0);
        before.min(columns - 1)
    }

    /// The screen has so many columns now: the tabs go on behind the old ones.
    pub(crate) fn resize(&mut self, columns: usize) {
        let first = if self.is_set(columns) { columns } else { self.previous(columns, columns) };
        self.set_every(first, columns);
    }
}
