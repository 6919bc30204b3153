//! What bytes make of a terminal, and what viewers and the remote get of them.

mod reflow;
mod sequences;
mod shown;

use porthole_remote::{Cells, TerminalLook};

use super::{Fed, Terminal};

fn terminal(columns: u16, rows: u16, scrollback: u32) -> Terminal {
    let look = TerminalLook {
        font_name: String::new(),
        font_size_pt: 12,
        scrollback,
        colors: Box::new([[0; 3]; 258]),
    };
    Terminal::new(Cells { columns, rows }, &look)
}

/// A terminal that was fed with `bytes`, and what followed from them.
fn after(columns: u16, rows: u16, bytes: &[u8]) -> (Terminal, Fed) {
    let mut terminal = terminal(columns, rows, 20);
    let mut fed = Fed::default();
    terminal.feed(bytes, &mut fed);
    (terminal, fed)
}

/// The rows of the usual screen and above it, as [`Terminal::describe`] has them: `|` or `+` for one that
/// the row above runs on into, styles in brackets, `␀` for an empty cell, `␁` for the right half of a wide one.
fn rows(terminal: &Terminal) -> Vec<String> {
    let words = terminal.describe();
    let rows = words.lines().skip(4).filter(|line| line.starts_with(['|', '+']));
    rows.map(str::to_owned).collect()
}
