//! Other sizes.

use porthole_remote::Cells;
use proptest::prelude::*;

use super::{after, rows, terminal};
use crate::terminal::Fed;

#[test]
fn a_narrower_terminal_breaks_lines_anew() {
    let mut terminal = terminal(19, 4, 20);
    terminal.feed("日本語テキスト€uroé\r\n\r\n\r\nx".as_bytes(), &mut Fed::default());
    terminal.resize(Cells { columns: 9, rows: 6 });
    assert_eq!(rows(&terminal), ["|日␁本␁語␁テ␁", "+キ␁ス␁ト␁€ur", "+oé", "|", "|", "|x"]);
}

#[test]
fn what_decsc_keeps_follows_its_line() {
    let (mut terminal, _) = after(10, 3, b"a\r\n$ vi\x1b[?1049h\x1b[2J\x1b[Hvi");
    terminal.resize(Cells { columns: 10, rows: 2 });
    terminal.resize(Cells { columns: 4, rows: 4 });
    terminal.feed(b"\x1b[?1049l\r\nb", &mut Fed::default());
    assert_eq!(rows(&terminal), ["|a", "|$ vi", "|b", "|"]);
}

/// The lines of text, whatever rows they are broken into.
fn lines(rows: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for row in rows {
        let text = row.get(1..).unwrap_or_default().trim_end_matches('␀');
        match lines.last_mut() {
            Some(line) if row.starts_with('+') => line.push_str(text),
            _ => lines.push(text.to_owned()),
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// No text is lost or moved to another line, and wide characters stay whole.
    #[test]
    fn lines_stay_what_they_are(
        texts in prop::collection::vec("[a-c中]{0,60}", 1..12),
        sizes in prop::collection::vec((2_u16..40, 2_u16..9), 1..6),
    ) {
        let mut terminal = terminal(20, 5, 10_000);
        for text in &texts {
            terminal.feed(format!("{text}\r\n").as_bytes(), &mut Fed::default());
        }
        let before = lines(&rows(&terminal));
        for (columns, height) in sizes {
            terminal.resize(Cells { columns, rows: height });
            prop_assert_eq!(&lines(&rows(&terminal)), &before);
            prop_assert_eq!(terminal.size(), Cells { columns, rows: height });
        }
    }
}
