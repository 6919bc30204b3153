//! What of a terminal is looked at, as cells to be drawn.

use super::cell::Cell;
use crate::select::Selection;
use crate::terminal::{CellView, Color, CursorShape, Flags, Rgb, Style, Terminal, Underline};

/// What of a terminal is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Rows from the newest ones back.
    pub(crate) back: usize,
    /// What is selected.
    pub(crate) selection: Option<Selection>,
}

/// How much of a faint character's colour is its own, of 256.
const FAINT: u16 = 154;

impl View {
    /// The line in row `y`, counted from the oldest row that is kept.
    pub(crate) fn line(&self, terminal: &Terminal, y: u16) -> usize {
        let kept = terminal.scrollback_len();
        kept.saturating_sub(self.back) + usize::from(y)
    }

    /// Appends what row `y` shows: as many cells as there are columns.
    pub(crate) fn fill<'a>(&self, terminal: &'a Terminal, y: u16, row: &mut Vec<Cell>) {
        let line = self.line(terminal, y);
        let kept = terminal.scrollback_len();
        let columns = usize::from(terminal.size().columns);
        let is_selected = |column: usize| {
            self.selection.is_some_and(|selection| selection.contains(line, column))
        };
        // Neighbours mostly share their style, whose colours are looked up once.
        let mut last: Option<(&Style, bool, Cell)> = None;
        let mut push = |row: &mut Vec<Cell>, view: CellView<'a>| {
            let is_selected = is_selected(row.len());
            let is_same = |(style, selected, _): &(&Style, bool, Cell)| {
                std::ptr::eq(*style, view.style) && *selected == is_selected
            };
            if !last.as_ref().is_some_and(is_same) {
                last = Some((view.style, is_selected, styled(terminal, view.style, is_selected)));
            }
            if let Some((_, _, like)) = &last {
                row.push(cell(&view, like));
            }
        };
        if line < kept {
            terminal.kept_cells(line).take(columns).for_each(|view| push(row, view));
        } else if let Some(shown) = u16::try_from(line - kept).ok().and_then(|y| terminal.row(y)) {
            shown.cells().take(columns).for_each(|view| push(row, view));
            show_cursor(terminal, line - kept, row);
        }
        while row.len() < columns {
            row.push(blank(terminal, is_selected(row.len())));
        }
        mend(row);
    }
}

fn show_cursor(terminal: &Terminal, y: usize, row: &mut [Cell]) {
    let cursor = terminal.cursor();
    if !cursor.is_visible || y != usize::from(cursor.row) {
        return;
    }
    let color = terminal.palette().cursor();
    let mut x = usize::from(cursor.column);
    if x > 0 && row.get(x).is_some_and(|cell| cell.columns == 0) {
        x -= 1;
    }
    let Some(cell) = row.get_mut(x) else { return };
    cell.cursor = Some((cursor.shape, color));
    let is_wide = cell.columns == 2 && cursor.shape != CursorShape::Bar;
    if let Some(rest) = row.get_mut(x + 1).filter(|_| is_wide) {
        rest.cursor = Some((cursor.shape, color));
    }
}

/// Makes halves of wide characters that stand alone blank, so that each cell is drawn by itself.
fn mend(row: &mut [Cell]) {
    for x in 0..row.len() {
        let columns = row.get(x).map_or(1, |cell| cell.columns);
        let is_rest_next = row.get(x + 1).is_some_and(|cell| cell.columns == 0);
        let is_wide_before =
            x.checked_sub(1).and_then(|x| row.get(x)).is_some_and(|cell| cell.columns == 2);
        let is_whole = match columns {
            0 => is_wide_before,
            2 => is_rest_next,
            _ => true,
        };
        if let Some(cell) = row.get_mut(x).filter(|_| !is_whole) {
            *cell = Cell { first: ' ', cluster: None, columns: 1, ..cell.clone() };
        }
    }
}

fn blank(terminal: &Terminal, is_selected: bool) -> Cell {
    let (foreground, background) = colors(terminal, &Style::default(), is_selected);
    Cell::blank(foreground, background)
}

/// A cell without text, in a style.
fn styled(terminal: &Terminal, style: &Style, is_selected: bool) -> Cell {
    let flags = style.flags;
    let (foreground, background) = colors(terminal, style, is_selected);
    let mut cell = Cell::blank(foreground, background);
    if flags.has(Flags::INVISIBLE) {
        return cell;
    }
    cell.bold = flags.has(Flags::BOLD);
    cell.italic = flags.has(Flags::ITALIC);
    cell.strike = flags.has(Flags::STRIKE);
    cell.overline = flags.has(Flags::OVERLINE);
    cell.underline = style.underline;
    // A link is known by its line.
    if style.link.is_some() && cell.underline == Underline::None {
        cell.underline = Underline::Dotted;
    }
    cell.underline_color = value(terminal, style.underline_color, foreground);
    cell
}

/// A cell's text in the style of `like`.
fn cell(view: &CellView<'_>, like: &Cell) -> Cell {
    let mut cell = Cell { columns: view.width, ..like.clone() };
    if view.style.flags.has(Flags::INVISIBLE) {
        return cell;
    }
    let mut characters = view.characters();
    if let Some(first) = characters.next() {
        cell.first = first;
        if characters.next().is_some() {
            cell.cluster = Some(view.characters().collect::<String>().into());
        }
    }
    cell
}

/// A cell's foreground and background.
fn colors(terminal: &Terminal, style: &Style, is_selected: bool) -> (Rgb, Rgb) {
    let palette = terminal.palette();
    let flags = style.flags;
    let mut own = (palette.foreground(), palette.background());
    if terminal.modes().reverse_video {
        own = (own.1, own.0);
    }
    let foreground = match style.foreground {
        // Bold text of the eight dark colours is bright as well, as in xterm.
        Color::Palette(index @ 0..8) if flags.has(Flags::BOLD) => palette.indexed(index + 8),
        color => value(terminal, color, own.0),
    };
    let background = value(terminal, style.background, own.1);
    let (mut foreground, background) = if flags.has(Flags::INVERSE) == is_selected {
        (foreground, background)
    } else {
        (background, foreground)
    };
    if flags.has(Flags::FAINT) {
        for (own, other) in foreground.iter_mut().zip(background) {
            let sum = u16::from(*own) * FAINT + u16::from(other) * (256 - FAINT);
            // At most 255.
            *own = (sum >> 8) as u8;
        }
    }
    (foreground, background)
}

fn value(terminal: &Terminal, color: Color, own: Rgb) -> Rgb {
    match color {
        Color::Default => own,
        Color::Palette(index) => terminal.palette().indexed(index),
        Color::Rgb(red, green, blue) => [red, green, blue],
    }
}
