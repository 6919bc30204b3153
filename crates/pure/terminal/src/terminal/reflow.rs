//! Another size: rows that ran on into the next are broken anew, as xterm.js does it.

use super::history::{History, KeptRow};
use super::row::{Cell, Row};
use super::screen::Screen;

impl Screen {
    /// Gives it another size; with `reflows`, lines longer than a row are broken anew but for the one
    /// that the cursor is in, which its program draws again.
    pub(super) fn resize(&mut self, columns: usize, rows: usize, reflows: bool) {
        let old_columns = self.columns;
        let mut saved = self.history.len() + self.saved.y;
        if old_columns < columns {
            self.rows.iter_mut().for_each(|row| row.resize(columns));
        }
        let pulled = self.resize_rows(columns.max(old_columns), rows, &mut saved);
        self.x = self.x.min(columns - 1);
        self.y = self.y.min(rows - 1) + pulled;
        self.saved.x = self.saved.x.min(columns - 1);
        self.top = 0;
        self.bottom = rows - 1;
        if reflows && old_columns != columns {
            let mut lines = self.history.take();
            let above = lines.len();
            lines.extend(self.rows.iter().map(KeptRow::new));
            let mut view = View { lines, len: 0, above, y: self.y, saved, rows };
            if old_columns < columns {
                view.widen(old_columns, columns);
            } else {
                view.narrow(old_columns, columns, self.history.rows_max());
            }
            self.y = view.y.min(rows - 1);
            saved = view.saved;
            view.put_back(self, columns);
        }
        self.saved.y = saved.saturating_sub(self.history.len()).min(rows - 1);
        self.rows.iter_mut().for_each(|row| row.resize(columns));
        self.columns = columns;
        self.tabs.resize(columns);
    }

    /// Gives it so many rows, new ones of so many columns: those above the screen come down, or those below the cursor go first.
    /// `saved` is the row that DECSC keeps, counted from the oldest one. Returns how many came down.
    fn resize_rows(&mut self, columns: usize, rows: usize, saved: &mut usize) -> usize {
        let mut pulled = 0;
        while self.rows.len() < rows {
            let is_at_end = self.rows.len() <= self.y + pulled + 1;
            match if is_at_end { self.history.pop() } else { None } {
                Some(kept) => {
                    self.rows.push_front(kept.open(columns));
                    pulled += 1;
                }
                None => self.rows.push_back(Row::new(columns, 0)),
            }
        }
        while self.rows.len() > rows {
            if self.rows.len() > self.y + 1 {
                self.rows.pop_back();
            } else if let Some(row) = self.rows.pop_front() {
                let before = self.history.len();
                self.history.push_from(&row);
                let dropped = before + 1 - self.history.len();
                *saved = saved.saturating_sub(dropped);
            }
        }
        pulled
    }
}

/// All rows of a screen, and where it and the cursor are in them.
struct View {
    lines: Vec<KeptRow>,
    /// How many of them are left; xterm.js breaks those that have gone as well.
    len: usize,
    /// Rows above the screen.
    above: usize,
    /// The cursor's row on the screen.
    y: usize,
    /// The row of what DECSC keeps, counted from the oldest one.
    saved: usize,
    /// The screen's height.
    rows: usize,
}

impl View {
    /// Joins what is in several rows and fits into fewer.
    fn widen(&mut self, old_columns: usize, columns: usize) {
        let cursor = self.above + self.y;
        let lines = std::mem::take(&mut self.lines);
        let (before, saved) = (lines.len(), self.saved);
        let mut start = 0;
        for group in lines.chunk_by(|_, next| next.wrapped) {
            let end = start + group.len();
            if group.len() == 1 || (start..end).contains(&cursor) {
                self.lines.extend_from_slice(group);
            } else {
                let mut rows = rebreak(group, old_columns, columns);
                while rows.len() > 1 && rows.last().is_some_and(|row| row.content_len() == 0) {
                    rows.pop();
                }
                if start < saved {
                    self.saved -= (group.len() - rows.len().min(group.len())).min(saved - start);
                }
                self.lines.extend(rows);
            }
            start = end;
        }
        let removed = before - self.lines.len();
        for _ in 0..removed {
            if self.above > 0 {
                self.above -= 1;
            } else {
                self.y = self.y.saturating_sub(1);
                if self.lines.len() < self.rows {
                    self.lines.push(KeptRow::default());
                }
            }
        }
    }

    /// Breaks what does not fit into a row any more.
    fn narrow(&mut self, old_columns: usize, columns: usize, history_max: usize) {
        let lines_max = self.rows + history_max;
        let mut inserts: Vec<(usize, Vec<KeptRow>)> = Vec::new();
        let mut inserted = 0;
        self.len = self.lines.len();
        let mut at = self.len;
        while at > 0 {
            at -= 1;
            let end = at + 1;
            let Some(line) = self.lines.get(at) else { continue };
            if !line.wrapped && line.content_len() <= columns {
                continue;
            }
            while at > 0 && self.lines.get(at).is_some_and(|line| line.wrapped) {
                at -= 1;
            }
            if (at..end).contains(&(self.above + self.y)) {
                continue;
            }
            let group = self.lines.get(at..end).unwrap_or_default();
            let mut broken = rebreak(group, old_columns, columns);
            let Some(added) = broken.len().checked_sub(group.len()) else { continue };
            let trimmed = if self.above == 0 && self.y + 1 != self.len {
                (self.y + added).saturating_sub(lines_max)
            } else {
                (self.len + added).saturating_sub(lines_max)
            };
            let more = broken.split_off(end - at);
            for (line, broken) in self.lines.iter_mut().skip(at).zip(broken) {
                *line = broken;
            }
            inserts.push((end, more));
            inserted += added;
            for _ in 0..added.saturating_sub(trimmed) {
                self.make_room(lines_max, inserted);
            }
            if end <= self.saved {
                self.saved += added;
            }
        }
        self.insert(inserts, lines_max);
        for line in self.lines.iter_mut().filter(|line| line.len() > columns) {
            *line = KeptRow::new(&line.open(columns));
        }
    }

    /// A row more is needed: one below the cursor goes, or the screen moves down.
    fn make_room(&mut self, lines_max: usize, inserted: usize) {
        if self.above > 0 {
            let most = lines_max.min(self.len + inserted).saturating_sub(self.rows);
            self.above = (self.above + 1).min(most.max(self.above));
        } else if self.y + 1 < self.rows {
            self.y += 1;
            self.len -= 1;
        } else {
            self.above += 1;
        }
    }

    /// Puts rows in behind the rows with these numbers, the last ones first; the oldest go when there
    /// are too many.
    fn insert(&mut self, inserts: Vec<(usize, Vec<KeptRow>)>, lines_max: usize) {
        let mut old = std::mem::take(&mut self.lines).into_iter().take(self.len);
        let mut taken = 0;
        for (end, rows) in inserts.into_iter().rev() {
            self.lines.extend(old.by_ref().take(end - taken));
            taken = end;
            self.lines.extend(rows);
        }
        self.lines.extend(old);
        let surplus = self.lines.len().saturating_sub(lines_max);
        self.lines.drain(..surplus);
        self.saved = self.saved.saturating_sub(surplus);
    }

    fn put_back(self, screen: &mut Screen, columns: usize) {
        let mut history = History::new(screen.history.rows_max());
        screen.rows.clear();
        for (at, line) in self.lines.into_iter().enumerate() {
            if at < self.above {
                history.push(line);
            } else if screen.rows.len() < self.rows {
                screen.rows.push_back(line.open(columns));
            }
        }
        while screen.rows.len() < self.rows {
            screen.rows.push_back(Row::new(columns, 0));
        }
        screen.history = history;
    }
}

/// The rows of one line, broken anew. A wide character that does not fit begins the next row.
fn rebreak(group: &[KeptRow], old_columns: usize, columns: usize) -> Vec<KeptRow> {
    let rows: Vec<Row> = group.iter().map(|kept| kept.open(old_columns)).collect();
    let mut cells = Vec::with_capacity(rows.len() * old_columns);
    for (at, row) in rows.iter().enumerate() {
        let len = match rows.get(at + 1) {
            None => row.content_len(),
            Some(next) => {
                let last = row.get(old_columns - 1);
                let is_short = !last.has_content() && last.width() == 1 && next.get(0).width() == 2;
                old_columns - usize::from(is_short)
            }
        };
        cells.extend_from_slice(row.cells().get(..len).unwrap_or_default());
    }
    let mut broken = Vec::new();
    let mut rest = cells.as_slice();
    while !rest.is_empty() {
        let mut len = columns.min(rest.len());
        if len == columns && rest.get(len - 1).is_some_and(|cell| cell.width() == 2) {
            len -= 1;
        }
        let (now, later) = rest.split_at(len);
        rest = later;
        let mut row = Row::new(columns, 0);
        now.iter().enumerate().for_each(|(x, cell)| row.set(x, *cell));
        row.wrapped = rows.get(broken.len()).is_none_or(|row| row.wrapped);
        if columns < old_columns {
            keep_tail(&rows, broken.len(), len, &mut row);
        }
        broken.push(KeptRow::new(&row));
    }
    broken
}

/// Where a line has as many rows as before, colours behind its end stay.
fn keep_tail(rows: &[Row], at: usize, len: usize, row: &mut Row) {
    if at + 1 != rows.len() {
        return;
    }
    let Some(old) = rows.get(at) else { return };
    for (x, cell) in old.used().iter().enumerate().skip(len + 1) {
        if !cell.has_content() && *cell != Cell::BLANK && x < row.cells().len() {
            row.set(x, *cell);
        }
    }
}
