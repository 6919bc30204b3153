//! What text and sequences do.

use super::{after, rows};

#[test]
fn renditions() {
    let cases = [
        ("", ""),
        ("1", "bold"),
        ("2;3", "faint italic"),
        ("5;7;8;9;53", "blink inverse invisible strike overline"),
        ("5;7;8;9;53;25;27;28;29;55", ""),
        ("1;2;22", ""),
        ("3;23", ""),
        ("4", "u1"),
        ("4:3", "u3"),
        ("4:5", "u5"),
        ("4:9", "u1"),
        ("4;4:0", ""),
        ("21", "u2"),
        ("21;24", ""),
        ("31", "f1"),
        ("97;104", "f15 b12"),
        ("31;42;39;49", ""),
        ("38;5;200;48;5;17", "f200 b17"),
        ("38;2;1;2;3", "f#010203"),
        ("38:2:1:2:3", "f#010203"),
        ("38:2::1:2:3", "f#010203"),
        ("48:5:9;1", "b9 bold"),
        ("38;5;300;1", "bold"),
        ("38;5;31", "f31"),
        ("38", ""),
        ("58;5;3", ""),
        ("4;58;5;3", "u1 c3"),
        ("4;58:2::1:2:3", "u1 c#010203"),
        ("4;58;5;3;59", "u1"),
        ("1;31;0", ""),
        ("1;77;31", "f1 bold"),
        ("1;;31", "f1"),
    ];
    for (numbers, want) in cases {
        let (terminal, _) = after(10, 2, format!("\x1b[{numbers}m").as_bytes());
        let words = terminal.describe();
        let pen = words.lines().find_map(|line| line.strip_prefix("pen "));
        assert_eq!(pen, Some(want), "{numbers:?}");
    }
}

#[track_caller]
fn check(columns: u16, height: u16, cases: &[(&str, &[&str])]) {
    for (text, want) in cases {
        let (terminal, _) = after(columns, height, text.as_bytes());
        assert_eq!(rows(&terminal), *want, "{text:?}");
    }
}

#[test]
fn wrapping() {
    check(
        5,
        2,
        &[
            ("abcdefg", &["|abcde", "+fg"]),
            ("abcde\rX", &["|Xbcde", "|"]),
            ("abcde\nX", &["|abcde", "|␀␀␀␀X"]),
            ("abcde\x08X", &["|abcXe", "|"]),
            ("\x1b[?7labcdefg", &["|abcdg", "|"]),
            ("abcdefghijkl", &["|abcde", "+fghij", "+kl"]),
            ("a\r\nb\r\nc", &["|a", "|b", "|c"]),
            ("\x1b[20ha\nb", &["|a", "|b"]),
        ],
    );
}

#[test]
fn wide_characters_and_marks() {
    check(
        6,
        2,
        &[
            ("abcde中", &["|abcde", "+中␁"]),
            ("中中\x1b[1;2Hx", &["|␀x中␁", "|"]),
            ("中中\x1b[1;1Hx", &["|x␀中␁", "|"]),
            ("中中\x1b[1;2H\x1b[X", &["|␀␀中␁", "|"]),
            ("中中\x1b[1;2H\x1b[P", &["|␀中␁", "|"]),
            ("e\u{301}a", &["|e\u{301}a", "|"]),
            ("中\u{301}x", &["|中\u{301}␁x", "|"]),
            ("\u{301}a", &["|a", "|"]),
            ("a\r\u{301}", &["|a", "|"]),
            ("👩\u{200d}🚀", &["|👩\u{200d}␁🚀␁", "|"]),
        ],
    );
    let many = format!("a{}", "\u{301}".repeat(100));
    let (terminal, fed) = after(6, 2, many.as_bytes());
    assert_eq!(rows(&terminal)[0].chars().count(), 2 + 31);
    assert_eq!(fed.shown.len(), 1 + 2 * 31);
}

#[test]
fn charsets() {
    check(
        6,
        2,
        &[
            ("\x1b(0lqk\x1b(Bq", &["|┌─┐q", "|"]),
            ("\x1b)0\x0eq\x0fq", &["|─q", "|"]),
            ("\x1b*0\x1bnq\x0fq", &["|─q", "|"]),
            ("\x1b(A#", &["|£", "|"]),
            ("\x1b(0\x1b%Gq", &["|q", "|"]),
        ],
    );
}

#[test]
fn tabs() {
    check(
        20,
        2,
        &[
            ("a\tb", &["|a␀␀␀␀␀␀␀b", "|"]),
            ("\x1b[3g\x1b[4G\x1bH\r\ta", &["|␀␀␀a", "|"]),
            ("\t\t\x1b[Za", &["|␀␀␀␀␀␀␀␀a", "|"]),
            ("\x1b[2I\x1b[2Za", &["|a", "|"]),
            ("\t\x1b[g\r\ta", &["|␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀a", "|"]),
            ("\x1b[3g\ta", &["|␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀␀a", "|"]),
        ],
    );
}

#[test]
fn inserting_deleting_and_erasing() {
    check(
        8,
        2,
        &[
            ("abcdef\x1b[1;2H\x1b[2@", &["|a␀␀bcdef", "|"]),
            ("abcdef\x1b[1;2H\x1b[9@", &["|a", "|"]),
            ("abcdef\x1b[1;2H\x1b[2P", &["|adef", "|"]),
            ("abcdef\x1b[1;2H\x1b[2X", &["|a␀␀def", "|"]),
            ("abc\r\x1b[4hxy\x1b[4l", &["|xyabc", "|"]),
            ("ab\x1b[3b", &["|abbbb", "|"]),
            ("abcdef\x1b[1;3H\x1b[K", &["|ab", "|"]),
            ("abcdef\x1b[1;3H\x1b[1K", &["|␀␀␀def", "|"]),
            ("abcdef\x1b[44m\x1b[2K", &["|⟦b4⟧␀␀␀␀␀␀␀␀", "|"]),
            ("a\r\nb\x1b[1J", &["|", "|"]),
            ("a\r\nb\x1b[H\x1b[J", &["|", "|"]),
            ("a\r\nb\r\nc\x1b[3J", &["|b", "|c"]),
            ("\x1b[1\"qab\x1b[0\"qcd\x1b[?2K", &["|⟦protected⟧ab", "|"]),
            ("\x1b#8", &["|EEEEEEEE", "|EEEEEEEE"]),
            ("main\x1b[?1049halt\x1b[?1049l", &["|main", "|"]),
            ("ab\x1b7\x1b[2;5Hx\x1b8c", &["|abc", "|␀␀␀␀x"]),
            ("ab\x1bcx", &["|x", "|"]),
        ],
    );
}

#[test]
fn margins() {
    const FOUR: &str = "a\r\nb\r\nc\r\nd";
    let cases: [(&str, [&str; 4]); 12] = [
        ("\x1b[2;3r\x1b[3;1H\n", ["|a", "|c", "|", "|d"]),
        ("\x1b[2;3r\x1b[2;1H\x1bM", ["|a", "|", "|b", "|d"]),
        ("\x1b[2;3r\x1b[S", ["|a", "|c", "|", "|d"]),
        ("\x1b[2;3r\x1b[T", ["|a", "|", "|b", "|d"]),
        ("\x1b[2;3r\x1b[4;1H\nx", ["|a", "|b", "|c", "|x"]),
        ("\x1b[2;3r\x1b[?6h\x1b[1;1Hx", ["|a", "|x", "|c", "|d"]),
        ("\x1b[2;3r\x1b[?6h\x1b[9;1Hx", ["|a", "|b", "|x", "|d"]),
        ("\x1b[3;2rx", ["|a", "|b", "|c", "|dx"]),
        ("\x1b[2;1H\x1b[L", ["|a", "|", "|b", "|c"]),
        ("\x1b[2;1H\x1b[M", ["|a", "|c", "|d", "|"]),
        ("\x1b[2;3r\x1b[4;1H\x1b[Lx", ["|a", "|b", "|c", "|x"]),
        ("\x1b[2;1H\x1b[1'}", ["|␀a", "|␀b", "|␀c", "|␀d"]),
    ];
    for (sequences, want) in cases {
        let (terminal, _) = after(4, 4, format!("{FOUR}{sequences}").as_bytes());
        assert_eq!(rows(&terminal), want, "{sequences:?}");
    }
}

/// Viewers' terminals have none, so programs learn that there are none: DA1 names a VT220, DECRQM does
/// not know the mode, and DECSLRM is not taken for the sequence that saves the cursor.
#[test]
fn there_are_no_left_and_right_margins() {
    let (_, fed) = after(8, 3, b"\x1b[?69h\x1b[?69$p\x1b[c\x1bP$qs\x1b\\");
    assert_eq!(fed.replies, b"\x1b[?69;0$y\x1b[?62;22c\x1bP0$r\x1b\\"[..]);
    assert!(fed.shown.is_empty(), "{:?}", fed.shown);
    let (terminal, fed) = after(8, 3, b"ab\x1b[s\x1b[?69h\x1b[3;6s\x1b[2;5Hcdefgh\x1b[u!");
    assert_eq!(rows(&terminal), ["|ab!", "|␀␀␀␀cdef", "+gh"]);
    assert_eq!(fed.shown, b"ab\x1b[s\x1b[2;5Hcdefgh\x1b[u\x1b[1;3H!"[..]);
}

#[test]
fn what_decsc_keeps_is_counted_from_the_screens_first_row() {
    let (terminal, fed) = after(8, 3, b"1\r\n2\r\n3\r\n4\r\n5\x1b7\x1b[3J\x1b[H\x1b8x");
    assert_eq!(rows(&terminal), ["|3", "|4", "|5x"]);
    assert!(fed.shown.ends_with(b"\x1b8\x1b[3;2Hx"), "{:?}", fed.shown);
}
