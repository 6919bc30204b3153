//! What viewers do with the keyboard and the pointer.

use porthole_remote::{Cells, TerminalLook};

use super::*;
use crate::terminal::Fed;

/// A console and what it is used on: cells of 10 by 20 pixels.
struct Stage {
    console: Console,
    terminal: Terminal,
    view: View,
    now: Instant,
}

impl Stage {
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn new(text: &str) -> Self {
        let look = TerminalLook {
            font_name: String::new(),
            font_size_pt: 12,
            scrollback: 100,
            colors: crate::look::default_colors(),
        };
        let mut terminal = Terminal::new(Cells { columns: 20, rows: 5 }, &look);
        terminal.feed(text.as_bytes(), &mut Fed::default());
        let console = Console::new(KeyDialect::default());
        Self { console, terminal, view: View::default(), now: Instant::now() }
    }

    /// What input sends, and what it copies.
    fn put(&mut self, input: Input) -> (String, Option<String>) {
        let mut out = BytesMut::new();
        let desk = Desk {
            terminal: &self.terminal,
            view: &mut self.view,
            cell: Size { width: 10, height: 20 },
            out: &mut out,
        };
        let copied = self.console.handle(self.now, input, desk);
        (String::from_utf8(out.to_vec()).unwrap(), copied)
    }

    /// The pointer in a cell, with these buttons down.
    fn point(&mut self, column: u16, row: u16, buttons: u8) -> (String, Option<String>) {
        let at = Point { x: column * 10 + 5, y: row * 20 + 5 };
        self.put(Input::Pointer { at, buttons: Buttons(buttons) })
    }

    fn key(&mut self, keysym: u32) -> String {
        let down = self.put(Input::Key { down: true, keysym, scancode: 0 }).0;
        down + &self.put(Input::Key { down: false, keysym, scancode: 0 }).0
    }

    fn hold(&mut self, keysym: u32, down: bool) {
        self.put(Input::Key { down, keysym, scancode: 0 });
    }

    fn wheel(&mut self, notches: i16) -> String {
        self.put(Input::Wheel { at: Point { x: 0, y: 0 }, dx: 0, dy: 120 * notches }).0
    }
}

const LINES: &str = "r0\r\nr1\r\nr2\r\nr3\r\nr4\r\nr5\r\nr6\r\nr7\r\nr8\r\nr9";

#[test]
fn a_drag_copies_and_a_middle_click_pastes() {
    let mut stage = Stage::new("hello world");
    assert_eq!(stage.point(6, 0, 1).1, None);
    stage.point(8, 0, 1);
    assert_eq!(stage.point(10, 0, 0), (String::new(), Some("world".to_owned())));
    assert_eq!(stage.point(0, 3, 2).0, "world");
    assert_eq!(stage.view.selection, None);
}

#[test]
fn clicks_are_counted() {
    let mut stage = Stage::new("hello big world");
    let mut copied = Vec::new();
    for _ in 0..4 {
        stage.point(7, 0, 1);
        copied.push(stage.point(7, 0, 0).1);
        stage.now += Duration::from_millis(100);
    }
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(copied, [None, text("big"), text("hello big world"), None]);
    stage.now += Duration::from_secs(1);
    stage.point(7, 0, 1);
    assert_eq!(stage.point(7, 0, 0).1, None);
}

#[test]
fn programs_that_want_the_pointer_get_it() {
    let mut stage = Stage::new("hello\x1b[?1002h\x1b[?1006h");
    assert_eq!(stage.point(1, 0, 1).0, "\x1b[<0;2;1M");
    assert_eq!(stage.point(3, 0, 1).0, "\x1b[<32;4;1M");
    assert_eq!(stage.point(3, 0, 0), ("\x1b[<0;4;1m".to_owned(), None));
    assert_eq!(stage.wheel(-2), "\x1b[<64;1;1M\x1b[<64;1;1M");
    // Shift is for the terminal's own selection.
    stage.hold(0xffe1, true);
    stage.point(0, 0, 1);
    assert_eq!(stage.point(4, 0, 0), (String::new(), Some("hello".to_owned())));
    // Outside is the nearest cell.
    stage.hold(0xffe1, false);
    let at = Point { x: u16::MAX, y: u16::MAX };
    let input = Input::Pointer { at, buttons: Buttons(4) };
    assert_eq!(stage.put(input).0, "\x1b[<2;20;5M");
}

#[test]
fn kept_rows_are_scrolled() {
    let mut stage = Stage::new(LINES);
    stage.wheel(-1);
    assert_eq!(stage.view.back, 3);
    stage.wheel(-1);
    assert_eq!(stage.view.back, 5);
    stage.wheel(1);
    assert_eq!(stage.view.back, 2);
    stage.hold(0xffe1, true);
    stage.key(0xff56);
    assert_eq!(stage.view.back, 0);
    stage.key(0xff50);
    assert_eq!(stage.view.back, 5);
    stage.point(0, 0, 1);
    assert_eq!(stage.point(1, 1, 0).1, Some("r0\nr1".to_owned()));
    stage.hold(0xffe1, false);
    assert_eq!(stage.key(0x61), "a");
    assert_eq!((stage.view.back, stage.view.selection), (0, None));
}

#[test]
fn the_wheel_moves_in_programs_of_the_whole_screen() {
    let mut stage = Stage::new("\x1b[?1049h");
    assert_eq!(stage.wheel(-1), "\x1b[A".repeat(3));
    let mut stage = Stage::new("\x1b[?1049h\x1b[?1h");
    assert_eq!(stage.wheel(1), "\x1bOB".repeat(3));
}

#[test]
fn pastes_are_bracketed_where_asked() {
    let mut stage = Stage::new("\x1b[?2004h");
    stage.put(Input::Clipboard(Clipboard::of_text("a\n\x1b[201~b")));
    stage.hold(0xffe1, true);
    assert_eq!(stage.key(0xff63), "\x1b[200~a\r[201~b\x1b[201~");
    stage.hold(0xffe3, true);
    assert_eq!(stage.key(0x56), "\x1b[200~a\r[201~b\x1b[201~");
    assert_eq!(stage.put(Input::Text("\u{e9}\n".to_owned())).0, "\u{e9}\r");
}

#[test]
fn the_focus_is_told() {
    let mut stage = Stage::new("\x1b[?1004h");
    assert_eq!(stage.key(0x61), "\x1b[Ia");
    assert_eq!(stage.key(0x61), "a");
    assert_eq!(stage.put(Input::ReleaseAll).0, "\x1b[O");
    assert_eq!(stage.put(Input::ReleaseAll).0, "");
    let mut stage = Stage::new("");
    assert_eq!(stage.key(0x61), "a");
    assert_eq!(stage.put(Input::ReleaseAll).0, "");
}

#[test]
fn leaving_lets_go_of_buttons_and_keys() {
    let mut stage = Stage::new("\x1b[?1000h\x1b[?1006h");
    stage.hold(0xffe3, true);
    stage.point(1, 1, 1);
    assert_eq!(stage.put(Input::ReleaseAll).0, "\x1b[<0;2;2m");
    assert_eq!(stage.key(0x61), "a");
}
