//! What a person selects with the pointer.

use crate::terminal::{CellView, Terminal};

/// A place in a terminal: the line, counted from the oldest row that is kept, and the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What is selected at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// Characters, once there is a move.
    Character,
    /// Words.
    Word,
    /// Lines.
    Line,
}

/// Some text of a terminal, from a first place to a last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Where it was begun: its first and last place.
    anchor: (Place, Place),
    grain: Grain,
    first: Place,
    last: Place,
}

/// Most bytes of text that are copied; the rest is left out.
const COPY_MAX_BYTES: usize = 1 << 20;

/// Characters beside letters and digits that words are made of: those of paths and addresses.
const WORD: &str = "_-./~:@%+?&=#,$";

impl Selection {
    /// What a press at a place selects.
    pub(crate) fn begin(terminal: &Terminal, at: Place, grain: Grain) -> Self {
        let anchor = whole(terminal, at, grain);
        Self { anchor, grain, first: anchor.0, last: anchor.1 }
    }

    /// The pointer came to another place with the button down.
    pub(crate) fn extend(&mut self, terminal: &Terminal, to: Place) {
        let reached = whole(terminal, to, self.grain);
        self.first = self.anchor.0.min(reached.0);
        self.last = self.anchor.1.max(reached.1);
    }

    /// Whether it is more than the place of one click.
    pub(crate) fn is_visible(&self) -> bool {
        self.grain != Grain::Character || self.first != self.last
    }

    /// Whether a cell is selected.
    pub(crate) fn contains(&self, line: usize, column: usize) -> bool {
        let place = Place { line, column };
        self.is_visible() && self.first <= place && place <= self.last
    }

    /// Its text: lines as they were written, however they were broken on the screen, without blanks
    /// at their ends.
    pub(crate) fn text(&self, terminal: &Terminal) -> String {
        let mut text = String::new();
        for line in self.first.line..=self.last.line {
            let start = if line == self.first.line { self.first.column } else { 0 };
            let end = if line == self.last.line { self.last.column + 1 } else { usize::MAX };
            if line != self.first.line && !is_wrapped(terminal, line) {
                text.truncate(text.trim_end_matches(' ').len());
                text.push('\n');
            }
            let is_selected = |column: usize| start <= column && column < end;
            let mut column = 0;
            with_cells(terminal, line, |cell| {
                if is_selected(column) && cell.width > 0 {
                    let before = text.len();
                    text.extend(cell.characters());
                    if text.len() == before {
                        text.push(' ');
                    }
                }
                column += 1;
            });
            if text.len() > COPY_MAX_BYTES {
                break;
            }
        }
        let mut end = text.len().min(COPY_MAX_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.truncate(text.trim_end_matches(' ').len());
        text
    }
}

/// The word or line around a place.
fn whole(terminal: &Terminal, at: Place, grain: Grain) -> (Place, Place) {
    let columns = usize::from(terminal.size().columns);
    let place = |column: usize| Place { line: at.line, column };
    match grain {
        Grain::Character => (at, at),
        Grain::Line => (place(0), place(columns.saturating_sub(1))),
        Grain::Word => {
            let mut is_word = Vec::with_capacity(columns);
            with_cells(terminal, at.line, |cell| {
                let is_part = cell.characters().next().map(is_part_of_word);
                // The right half of a wide character goes with its left one.
                let before = is_word.last().copied().unwrap_or(false);
                is_word.push(if cell.width == 0 { before } else { is_part.unwrap_or(false) });
            });
            if !is_word.get(at.column).copied().unwrap_or(false) {
                return (at, at);
            }
            let before = is_word.iter().take(at.column).rev().take_while(|part| **part).count();
            let after = is_word.iter().skip(at.column + 1).take_while(|part| **part).count();
            (place(at.column - before), place(at.column + after))
        }
    }
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || WORD.contains(c)
}

fn is_wrapped(terminal: &Terminal, line: usize) -> bool {
    match line.checked_sub(terminal.scrollback_len()) {
        None => terminal.is_kept_row_wrapped(line),
        Some(y) => {
            let row = u16::try_from(y).ok().and_then(|y| terminal.row(y));
            row.is_some_and(|row| row.is_wrapped())
        }
    }
}

fn with_cells(terminal: &Terminal, line: usize, take: impl FnMut(CellView<'_>)) {
    match line.checked_sub(terminal.scrollback_len()) {
        None => terminal.kept_cells(line).for_each(take),
        Some(y) => {
            if let Some(row) = u16::try_from(y).ok().and_then(|y| terminal.row(y)) {
                row.cells().for_each(take);
            }
        }
    }
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
