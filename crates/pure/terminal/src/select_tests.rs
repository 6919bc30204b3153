//! Selections of a terminal's text.

use porthole_remote::{Cells, TerminalLook};

use super::*;
use crate::terminal::Fed;

fn terminal(text: &str) -> Terminal {
    let look = TerminalLook {
        font_name: String::new(),
        font_size_pt: 12,
        scrollback: 100,
        colors: crate::look::default_colors(),
    };
    let mut terminal = Terminal::new(Cells { columns: 10, rows: 4 }, &look);
    terminal.feed(text.as_bytes(), &mut Fed::default());
    terminal
}

const fn place(line: usize, column: usize) -> Place {
    Place { line, column }
}

fn selected(terminal: &Terminal, from: Place, to: Place, grain: Grain) -> String {
    let mut selection = Selection::begin(terminal, from, grain);
    selection.extend(terminal, to);
    selection.text(terminal)
}

#[test]
fn text_is_taken_both_ways() {
    let terminal = terminal("one two\r\nthree\r\n\r\nfour");
    for (from, to, want) in [
        (place(0, 4), place(0, 6), "two"),
        (place(0, 6), place(0, 4), "two"),
        (place(0, 4), place(1, 2), "two\nthr"),
        (place(3, 9), place(1, 0), "three\n\nfour"),
    ] {
        assert_eq!(selected(&terminal, from, to, Grain::Character), want);
    }
}

#[test]
fn broken_lines_are_one_line() {
    let terminal = terminal("0123456789abcdef\r\nnext");
    let got = selected(&terminal, place(0, 8), place(2, 9), Grain::Character);
    assert_eq!(got, "89abcdef\nnext");
}

#[test]
fn kept_rows_count() {
    let terminal = terminal("a0\r\na1\r\na2\r\na3\r\na4\r\na5\r\na6");
    assert_eq!(terminal.scrollback_len(), 3);
    let got = selected(&terminal, place(1, 0), place(4, 1), Grain::Character);
    assert_eq!(got, "a1\na2\na3\na4");
}

#[test]
fn words_and_lines_are_whole() {
    let terminal = terminal("ls /etc/x\r\n(\u{4e2d}\u{6587})!");
    for (at, grain, want) in [
        (place(0, 5), Grain::Word, "/etc/x"),
        (place(0, 0), Grain::Word, "ls"),
        (place(0, 2), Grain::Word, ""),
        (place(1, 2), Grain::Word, "\u{4e2d}\u{6587}"),
        (place(0, 5), Grain::Line, "ls /etc/x"),
        (place(7, 5), Grain::Word, ""),
    ] {
        assert_eq!(selected(&terminal, at, at, grain), want, "{at:?} {grain:?}");
    }
    let got = selected(&terminal, place(0, 1), place(0, 4), Grain::Word);
    assert_eq!(got, "ls /etc/x");
}

#[test]
fn a_click_selects_nothing_to_be_seen() {
    let terminal = terminal("abc");
    let mut selection = Selection::begin(&terminal, place(0, 1), Grain::Character);
    assert!(!selection.contains(0, 1));
    selection.extend(&terminal, place(0, 2));
    assert!(selection.contains(0, 1) && selection.contains(0, 2) && !selection.contains(0, 3));
}
