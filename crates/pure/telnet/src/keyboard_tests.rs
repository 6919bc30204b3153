use bytes::BytesMut;

use super::{Echo, Keyboard, LINE_MAX_BYTES};

/// What is shown and what is sent.
fn handle(typed: &[u8], echo: Echo) -> (Vec<u8>, Vec<u8>) {
    let handle = |len: usize| {
        let (mut keyboard, mut text, mut ready) = (Keyboard::new(), BytesMut::new(), Vec::new());
        for piece in typed.chunks(len) {
            keyboard.handle(piece, echo, &mut text, &mut ready);
        }
        (text.to_vec(), ready)
    };
    let whole = handle(typed.len().max(1));
    assert_eq!(handle(1), whole, "cuts change nothing");
    whole
}

#[test]
fn leaves_the_echo_to_a_server_that_has_one() {
    assert_eq!(handle(b"ls\r\x1b[A\x7f", Echo::Theirs), (vec![], b"ls\r\x1b[A\x7f".to_vec()));
}

#[test]
fn shows_characters_and_sends_each() {
    let cases: [(&[u8], &[u8]); 5] = [
        (b"ls\r", b"ls\r\n"),
        (b"a\x7f", b"a\x08 \x08"),
        (b"\x1b[A\x1bOPx\x1bq", b"x"),
        (b"\x03\x04", b""),
        ("é".as_bytes(), "é".as_bytes()),
    ];
    for (typed, shown) in cases {
        assert_eq!(handle(typed, Echo::Ours), (shown.to_vec(), typed.to_vec()), "{typed:?}");
    }
}

#[test]
fn edits_a_line() {
    let cases: [(&str, &str, &[u8], &[u8]); 8] = [
        ("a line", "ls\r", b"ls\r\n", b"ls\r"),
        ("not whole yet", "ls", b"ls", b""),
        ("taken back", "lx\u{7f}s\r", b"lx\x08 \x08s\r\n", b"ls\r"),
        ("nothing to take back", "\u{7f}\u{8}a\r", b"a\r\n", b"a\r"),
        ("two columns", "語\u{7f}\r", b"\xe8\xaa\x9e\x08 \x08\x08 \x08\r\n", b"\r"),
        ("all of it", "ab\u{15}c\r", b"ab\x08 \x08\x08 \x08c\r\n", b"c\r"),
        ("an interrupt", "sleep\u{3}", b"sleep", b"sleep\x03"),
        ("an arrow", "a\u{1b}[Ab\r", b"ab\r\n", b"a\x1b[Ab\r"),
    ];
    for (name, typed, shown, sent) in cases {
        assert_eq!(handle(typed.as_bytes(), Echo::Line), (shown.to_vec(), sent.to_vec()), "{name}");
    }
    let (shown, sent) = handle(&vec![b'x'; 3 * LINE_MAX_BYTES], Echo::Line);
    assert_eq!((shown.len(), sent.len()), (3 * LINE_MAX_BYTES, 2 * LINE_MAX_BYTES));
}
