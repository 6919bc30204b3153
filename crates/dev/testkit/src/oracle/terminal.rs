//! What a text remote writes.

use porthole_remote::{Cells, TerminalLook, TerminalScreen};
use porthole_terminal::{Fed, Terminal};

/// Rows kept above the screen.
const SCROLLBACK: u32 = 50;

/// A remote writes all of `bytes` but the first two, which say how large the terminal is and how the network
/// cuts. Cuts change nothing. What is shown is whole: another terminal that is fed with it comes to
/// the same state, asks nothing and shows it unchanged. Answers and memory are bounded by what
/// came. A snapshot makes a terminal that describes itself by the same snapshot.
pub fn terminal_input(bytes: &[u8]) {
    let [size, cut, written @ ..] = bytes else { return };
    let size = Cells { columns: u16::from(size % 16) * 3 + 2, rows: u16::from(size / 16) + 2 };
    let (whole, fed) = write(size, [written]);
    let pieces = written.chunks(usize::from(*cut) % 32 + 1);
    let (cut, fed_cut) = write(size, pieces);
    assert_eq!(cut.describe(), whole.describe(), "cutting changed the state");
    assert_eq!(fed_cut.shown, fed.shown, "cutting changed what is shown");
    assert_eq!(fed_cut.replies, fed.replies, "cutting changed the answers");

    assert!(std::str::from_utf8(&fed.shown).is_ok(), "half a character is shown");
    let (again, fed_again) = write(size, [&fed.shown[..]]);
    assert_eq!(again.describe(), whole.describe(), "what is shown makes another state");
    assert!(fed_again.replies.is_empty(), "a question is shown");
    assert!(fed_again.noticed.is_empty(), "a bell, title or copy is shown");

    assert!(fed.replies.len() <= 16 * written.len(), "{} bytes of answers", fed.replies.len());
    assert!(fed.noticed.len() <= 3, "{} things noticed", fed.noticed.len());
    let kept = whole.scrollback_bytes();
    assert!(kept <= 64 * written.len() + 4096 * 50, "{kept} bytes kept");

    let snapshot = whole.snapshot();
    assert!(snapshot.len() <= TerminalScreen::DATA_MAX_BYTES, "a snapshot is too long");
    let (restored, told) = write(size, [&snapshot[..]]);
    assert!(told.replies.is_empty() && told.noticed.is_empty(), "a snapshot asks");
    let (twice, _) = write(size, [&restored.snapshot()[..]]);
    assert_eq!(twice.describe(), restored.describe(), "a snapshot of a snapshot differs");
    assert_eq!(restored.cursor(), whole.cursor(), "a snapshot moves the cursor");
    assert_eq!(restored.is_alternate(), whole.is_alternate(), "a snapshot changes the screen");
}

fn write<'a>(size: Cells, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Terminal, Fed) {
    let look = TerminalLook {
        font_name: String::new(),
        font_size_pt: 12,
        scrollback: SCROLLBACK,
        colors: Box::new([[0; 3]; 258]),
    };
    let mut terminal = Terminal::new(size, &look);
    let mut fed = Fed::default();
    for piece in pieces {
        terminal.feed(piece, &mut fed);
    }
    (terminal, fed)
}
