//! Tables of keys, against xterm's `ctlseqs` ("PC-Style Function Keys", "VT220-Style Function Keys").

use super::*;

const SHIFT: u32 = 0xffe1;
const CONTROL: u32 = 0xffe4;
const ALT: u32 = 0xffe9;
const SUPER: u32 = 0xffeb;
const LEVEL3: u32 = 0xfe03;

/// What a key sends while others are held.
fn typed(held: &[u32], keysym: u32, modes: Modes, dialect: KeyDialect) -> (Pressed, String) {
    let mut keyboard = Keyboard::new(dialect);
    let mut out = BytesMut::new();
    for held in held {
        assert_eq!(keyboard.press(true, *held, &modes, &mut out), Pressed::Nothing);
    }
    let pressed = keyboard.press(true, keysym, &modes, &mut out);
    assert_eq!(keyboard.press(false, keysym, &modes, &mut out), Pressed::Nothing);
    (pressed, String::from_utf8(out.to_vec()).unwrap())
}

fn usual(held: &[u32], keysym: u32) -> String {
    typed(held, keysym, Modes::default(), KeyDialect::default()).1
}

#[test]
fn keys_send_what_xterm_sends() {
    let cases: &[(&[u32], u32, &str)] = &[
        (&[], 0x61, "a"),
        (&[SHIFT], 0x41, "A"),
        (&[], 0xe9, "\u{e9}"),
        (&[], 0x0101_f600, "\u{1f600}"),
        (&[], 0x20ac, "\u{20ac}"),
        (&[CONTROL], 0x61, "\x01"),
        (&[CONTROL, SHIFT], 0x5a, "\x1a"),
        (&[CONTROL], 0x20, "\0"),
        (&[CONTROL], 0x5b, "\x1b"),
        (&[CONTROL], 0x5c, "\x1c"),
        (&[CONTROL], 0x36, "\x1e"),
        (&[CONTROL], 0x2f, "\x1f"),
        (&[CONTROL], 0x38, "\x7f"),
        (&[CONTROL], 0x31, "1"),
        (&[ALT], 0x78, "\x1bx"),
        (&[ALT, CONTROL], 0x78, "\x1b\x18"),
        (&[LEVEL3, CONTROL, ALT], 0x40, "@"),
        (&[SUPER], 0x61, ""),
        (&[], 0xff08, "\x7f"),
        (&[CONTROL], 0xff08, "\x08"),
        (&[ALT], 0xff08, "\x1b\x7f"),
        (&[], 0xff09, "\t"),
        (&[SHIFT], 0xff09, "\x1b[Z"),
        (&[], 0xff0d, "\r"),
        (&[ALT], 0xff0d, "\x1b\r"),
        (&[], 0xff1b, "\x1b"),
        (&[], 0xff51, "\x1b[D"),
        (&[SHIFT], 0xff52, "\x1b[1;2A"),
        (&[CONTROL], 0xff53, "\x1b[1;5C"),
        (&[ALT], 0xff54, "\x1b[1;3B"),
        (&[SHIFT, ALT, CONTROL], 0xff54, "\x1b[1;8B"),
        (&[], 0xff50, "\x1b[H"),
        (&[], 0xff57, "\x1b[F"),
        (&[CONTROL], 0xff57, "\x1b[1;5F"),
        (&[], 0xff63, "\x1b[2~"),
        (&[], 0xffff, "\x1b[3~"),
        (&[CONTROL], 0xffff, "\x1b[3;5~"),
        (&[], 0xff55, "\x1b[5~"),
        (&[CONTROL], 0xff56, "\x1b[6;5~"),
        (&[], 0xffbe, "\x1bOP"),
        (&[], 0xffc1, "\x1bOS"),
        (&[SHIFT], 0xffbe, "\x1b[1;2P"),
        (&[], 0xffc2, "\x1b[15~"),
        (&[CONTROL], 0xffc3, "\x1b[17;5~"),
        (&[], 0xffc9, "\x1b[24~"),
        (&[], 0xffca, "\x1b[25~"),
        (&[], 0xffd1, "\x1b[34~"),
        (&[], 0xffd2, ""),
        (&[], 0xffb5, "5"),
        (&[], 0xffab, "+"),
        (&[], 0xff8d, "\r"),
        (&[], 0xff97, "\x1b[A"),
        (&[], 0xff9d, "\x1b[E"),
        (&[], 0xff9f, "\x1b[3~"),
        (&[], 0xffe5, ""),
        (&[], 0, ""),
    ];
    for (held, keysym, want) in cases {
        assert_eq!(usual(held, *keysym), *want, "{held:x?} {keysym:x}");
    }
}

#[test]
fn modes_change_keys() {
    let modes = Modes {
        application_cursor_keys: true,
        application_keypad: true,
        line_feed_returns: true,
        ..Modes::default()
    };
    let cases: &[(&[u32], u32, &str)] = &[
        (&[], 0xff51, "\x1bOD"),
        (&[], 0xff50, "\x1bOH"),
        (&[CONTROL], 0xff51, "\x1b[1;5D"),
        (&[], 0xff0d, "\r\n"),
        (&[], 0xffb5, "5"),
    ];
    for (held, keysym, want) in cases {
        let got = typed(held, *keysym, modes, KeyDialect::default()).1;
        assert_eq!(got, *want, "{held:x?} {keysym:x}");
    }
    let vt100 = KeyDialect { function_keys: FunctionKeys::Vt100, ..KeyDialect::default() };
    for (keysym, want) in
        [(0xffb0, "\x1bOp"), (0xffb9, "\x1bOy"), (0xffab, "\x1bOk"), (0xff8d, "\x1bOM")]
    {
        assert_eq!(typed(&[], keysym, modes, vt100).1, want, "{keysym:x}");
    }
    assert_eq!(typed(&[], 0xffb0, Modes::default(), vt100).1, "0");
}

#[test]
fn dialects_change_keys() {
    let dialect = KeyDialect { backspace: 8, function_keys: FunctionKeys::Linux };
    let cases: &[(&[u32], u32, &str)] = &[
        (&[], 0xff08, "\x08"),
        (&[CONTROL], 0xff08, "\x7f"),
        (&[ALT], 0xff08, "\x1b\x08"),
        (&[], 0xffbe, "\x1b[[A"),
        (&[], 0xffc2, "\x1b[[E"),
        (&[], 0xffc3, "\x1b[17~"),
        (&[], 0xff50, "\x1b[1~"),
        (&[SHIFT], 0xffbe, "\x1b[1;2P"),
    ];
    for (held, keysym, want) in cases {
        let got = typed(held, *keysym, Modes::default(), dialect).1;
        assert_eq!(got, *want, "{held:x?} {keysym:x}");
    }
    for (from, to) in [
        ("\x7f", "\x08"),
        ("\x1b\x7f", "\x1b\x08"),
        ("\x1bOP", "\x1b[[A"),
        ("a\x7f", "a\x7f"),
        ("\x1bOPx", "\x1bOPx"),
    ] {
        assert_eq!(dialect.translate_typed(from.into()), to, "{from:?}");
        assert_eq!(KeyDialect::default().translate_typed(from.into()), from);
    }
}

#[test]
fn some_keys_are_the_terminals_own() {
    let cases: &[(&[u32], u32, Pressed)] = &[
        (&[CONTROL, SHIFT], 0x43, Pressed::Copy),
        (&[CONTROL, SHIFT], 0x56, Pressed::Paste),
        (&[SUPER], 0x63, Pressed::Copy),
        (&[SUPER], 0x76, Pressed::Paste),
        (&[SHIFT], 0xff63, Pressed::Paste),
        (&[SHIFT], 0xff55, Pressed::Scroll(Scroll::Pages(1))),
        (&[SHIFT], 0xff9b, Pressed::Scroll(Scroll::Pages(-1))),
        (&[SHIFT], 0xff50, Pressed::Scroll(Scroll::Top)),
        (&[CONTROL], 0x63, Pressed::Typed),
        (&[], 0xffe5, Pressed::Nothing),
    ];
    for (held, keysym, want) in cases {
        let got = typed(held, *keysym, Modes::default(), KeyDialect::default()).0;
        assert_eq!(got, *want, "{held:x?} {keysym:x}");
    }
}

#[test]
fn both_sides_of_a_modifier_count() {
    let mut keyboard = Keyboard::default();
    let mut out = BytesMut::new();
    let modes = Modes::default();
    for (down, keysym) in [(true, 0xffe1), (true, 0xffe2), (false, 0xffe1)] {
        keyboard.press(down, keysym, &modes, &mut out);
    }
    assert!(keyboard.modifiers().shift);
    keyboard.release_all();
    assert!(!keyboard.modifiers().shift);
}
