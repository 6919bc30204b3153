//! What viewers are shown, what the remote is answered, and what is noticed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{after, terminal};
use crate::terminal::{Fed, Noticed};

#[test]
fn what_is_shown() {
    let endless = [b"\x1b[".as_slice(), &b"1;".repeat(200), b"mx"].concat();
    let long_title = [b"\x1b]0;".as_slice(), &b"a".repeat(100_000), b"\x07x"].concat();
    let cases: &[(&[u8], &str)] = &[
        (b"plain\r\n\ttext\x08", "plain\r\n\ttext\x08"),
        (b"\0\x05\x07\x7fx", "x"),
        ("\u{9b}31m\u{84}".as_bytes(), "31m"),
        (b"\x9b31m", "\u{fffd}31m"),
        (b"\xc3(", "\u{fffd}("),
        (b"\xc0\xaf", "\u{fffd}\u{fffd}"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xf0\x9f\x98", ""),
        (b"\xf0\x9f\x98x", "\u{fffd}x"),
        ("\u{feff}é".as_bytes(), "é"),
        (b"\x1b]0;title\x07x", "x"),
        (b"\x1b]7;file:///\x1b\\x", "x"),
        (b"\x1bPq#0;1~-\x1b\\x", "x"),
        (b"\x1b_Gi=1\x1b\\x", "x"),
        (b"\x1b^pm\x07x\x1b\\y", "y"),
        (b"\x1bXsos\x18x", "x"),
        (b"\x1b[c\x1b[6n\x1b[18tx", "x"),
        (b"\x1b[9;9~\x1b[>4;2m\x1b[21t\x1b[?3h\x1b(4x", "x"),
        (b"\x1b[?12;25hx", "\x1b[?25hx"),
        (b"\x1b[3\x18x\x1b[3\x1b[4my", "x\x1b[4my"),
        (b"\x1b[3\n1mx", "\n\x1b[31mx"),
        ("\x1b[é".as_bytes(), "é"),
        (b"\x1b[1:2Hx", "x"),
        (b"\x1b[59mx", "\x1b[0mx"),
        (b"\x1b[38:2:1:2:3mx", "\x1b[0;38;2;1;2;3mx"),
        (b"a\x1b[2147483647bx", "a\x1b[10bx"),
        (b"\x1b]8;;javascript:x\x07x", "x"),
        (b"\x1b]8;id=a;https://x.y/z\x07x", "\x1b]8;id=a;https://x.y/z\x1b\\x"),
        (b"\x1b]4;1;#fff\x07x", "\x1b]4;1;rgb:ff/ff/ff\x1b\\x"),
        (&endless, "x"),
        (&long_title, "x"),
    ];
    for (bytes, want) in cases {
        let (_, fed) = after(10, 2, bytes);
        let start = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes));
        assert_eq!(String::from_utf8_lossy(&fed.shown), *want, "{start:?}");
    }
}

#[test]
fn answers() {
    let cases = [
        ("\x1b[c", "\x1b[?62;22c"),
        ("\x1b[>c", "\x1b[>0;277;0c"),
        ("\x1b[>q", "\x1bP>|Porthole\x1b\\"),
        ("\x1b[5n", "\x1b[0n"),
        ("ab\x1b[6n", "\x1b[1;3R"),
        ("\x1b[2;3r\x1b[?6h\x1b[6n", "\x1b[1;1R"),
        ("\x1b[18t", "\x1b[8;4;10t"),
        ("\x1b[4$p", "\x1b[4;2$y"),
        ("\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"),
        ("\x1b[?7777$p", "\x1b[?7777;0$y"),
        ("\x1b]4;1;?\x07", "\x1b]4;1;rgb:0000/0000/0000\x1b\\"),
        ("\x1b]11;#102030\x07\x1b]11;?\x1b\\", "\x1b]11;rgb:1010/2020/3030\x1b\\"),
        ("\x1b[1;31m\x1bP$qm\x1b\\", "\x1bP1$r0;1;31m\x1b\\"),
        ("\x1b[2;3r\x1bP$qr\x1b\\", "\x1bP1$r2;3r\x1b\\"),
        ("\x1bP$qwhat\x1b\\", "\x1bP0$r\x1b\\"),
    ];
    for (asked, want) in cases {
        let (_, fed) = after(10, 4, asked.as_bytes());
        assert_eq!(String::from_utf8_lossy(&fed.replies), want, "{asked:?}");
    }
}

/// Answers that hold words of the remote's choice would be typed into its shell.
#[test]
fn never_answered() {
    let unanswered = [
        "\x1b[21t",
        "\x1b[20t",
        "\x1b]52;c;?\x07",
        "\x1bP+q544e\x1b\\",
        "\x1b[x",
        "\x05",
        "\x1bZ",
        "\x1b]0;?\x07",
        "\x1b]l\x07",
        "\x1b[1c",
        "\x1b]7;?\x07",
        "\x1b]50;?\x07",
        "\x1b]1337;?\x07",
        "\x1b]8;;?\x07",
    ];
    for asked in unanswered {
        let (_, fed) = after(10, 4, asked.as_bytes());
        assert!(fed.replies.is_empty(), "{asked:?}: {:?}", fed.replies);
    }
    let (_, fed) = after(10, 4, &b"\x1b[c".repeat(100_000));
    assert!((60_000..=65_536).contains(&fed.replies.len()), "{}", fed.replies.len());
}

#[test]
fn what_is_noticed() {
    let (_, fed) = after(10, 2, b"\x07\x1b]0;one\x07\x1b]2;two\x1b\\\x07");
    assert_eq!(fed.noticed, [Noticed::Title("two".to_owned()), Noticed::Bell]);
    let (_, fed) = after(10, 2, format!("\x1b]2;{}\x07", "é".repeat(1000)).as_bytes());
    let [Noticed::Title(title)] = &fed.noticed[..] else { panic!("{:?}", fed.noticed) };
    assert!(title.len() <= 256, "{}", title.len());
}

#[test]
fn copies() {
    let copied = |encoded: &str| {
        let (_, fed) = after(10, 2, format!("\x1b]52;c;{encoded}\x07").as_bytes());
        assert!(fed.shown.is_empty() && fed.replies.is_empty());
        match &fed.noticed[..] {
            [] => None,
            [Noticed::Copied(text)] => Some(text.clone()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(copied("aGk=").as_deref(), Some("hi"));
    assert_eq!(copied("aGk").as_deref(), Some("hi"));
    assert_eq!(copied("w6k=").as_deref(), Some("é"));
    for encoded in ["", "?", "!!", "a"] {
        assert_eq!(copied(encoded), None, "{encoded:?}");
    }
    let most = STANDARD.encode(vec![b'x'; 1 << 20]);
    assert_eq!(copied(&most).map(|text| text.len()), Some(1 << 20));
    assert_eq!(copied(&STANDARD.encode(vec![b'x'; (1 << 20) + 1])), None);
    assert_eq!(copied(&"aGk0".repeat(1 << 20)), None);
}

#[test]
fn cuts_change_nothing() {
    let texts: &[&[u8]] = &[
        "é中😀e\u{301}\r\nx".as_bytes(),
        b"\x1b[1;38:2::1:2:3mred\x1b[0m\x1b[59m\x1b[2;3Hx",
        b"\x1b]0;a title\x1b\\\x1b]52;c;aGk=\x07\x1b]8;;http://x/\x07link\x1b]8;;\x07",
        b"\x1bP$qm\x1b\\\x1b[6n\x1b_apc\x1b\\\x1b[?1049;25l\x1b7\x1b8",
        b"\xff\xc3(\xf0\x9f\x98\xe4\xb8x\x1b[1\n1m\x1b[3\x18\x1b(0q\x1b(B",
    ];
    for text in texts {
        let (whole, fed) = after(10, 3, text);
        for at in 0..=text.len() {
            let mut cut = terminal(10, 3, 20);
            let mut fed_cut = Fed::default();
            cut.feed(&text[..at], &mut fed_cut);
            cut.feed(&text[at..], &mut fed_cut);
            assert_eq!(cut.describe(), whole.describe(), "{at} of {text:?}");
            assert_eq!(fed_cut.shown, fed.shown, "{at} of {text:?}");
            assert_eq!(fed_cut.replies, fed.replies, "{at} of {text:?}");
            assert_eq!(fed_cut.noticed, fed.noticed, "{at} of {text:?}");
        }
    }
}
