//! X11 keysyms, for keys without a place: where they are, or which character they type.

/// Where the keysyms of Unicode characters start.
const UNICODE: u32 = 0x0100_0000;

/// Keysyms that are no characters, and the scan codes of their keys, `0xe0` as bit 7.
#[rustfmt::skip]
const PLACES: [(u32, u8); 77] = [
    (0xfe03, 0xb8), (0xff08, 0x0e), (0xff09, 0x0f), (0xff0d, 0x1c), (0xff13, 0xc6),
    (0xff14, 0x46), (0xff1b, 0x01), (0xff50, 0xc7), (0xff51, 0xcb), (0xff52, 0xc8),
    (0xff53, 0xcd), (0xff54, 0xd0), (0xff55, 0xc9), (0xff56, 0xd1), (0xff57, 0xcf),
    (0xff61, 0xb7), (0xff63, 0xd2), (0xff67, 0xdd), (0xff7f, 0x45), (0xff8d, 0x9c),
    (0xff95, 0x47), (0xff96, 0x4b), (0xff97, 0x48), (0xff98, 0x4d), (0xff99, 0x50),
    (0xff9a, 0x49), (0xff9b, 0x51), (0xff9c, 0x4f), (0xff9e, 0x52), (0xff9f, 0x53),
    (0xffaa, 0x37), (0xffab, 0x4e), (0xffad, 0x4a), (0xffae, 0x53), (0xffaf, 0xb5),
    (0xffb0, 0x52), (0xffb1, 0x4f), (0xffb2, 0x50), (0xffb3, 0x51), (0xffb4, 0x4b),
    (0xffb5, 0x4c), (0xffb6, 0x4d), (0xffb7, 0x47), (0xffb8, 0x48), (0xffb9, 0x49),
    (0xffbe, 0x3b), (0xffbf, 0x3c), (0xffc0, 0x3d), (0xffc1, 0x3e), (0xffc2, 0x3f),
    (0xffc3, 0x40), (0xffc4, 0x41), (0xffc5, 0x42), (0xffc6, 0x43), (0xffc7, 0x44),
    (0xffc8, 0x57), (0xffc9, 0x58), (0xffca, 0x64), (0xffcb, 0x65), (0xffcc, 0x66),
    (0xffcd, 0x67), (0xffce, 0x68), (0xffcf, 0x69), (0xffd0, 0x6a), (0xffd1, 0x6b),
    (0xffd2, 0x6c), (0xffe1, 0x2a), (0xffe2, 0x36), (0xffe3, 0x1d), (0xffe4, 0x9d),
    (0xffe5, 0x3a), (0xffe7, 0xdb), (0xffe8, 0xdc), (0xffe9, 0x38), (0xffea, 0xb8),
    (0xffeb, 0xdb), (0xffff, 0xd3),
];

/// What an American keyboard types: the keys' scan codes from 2 on, without Shift and with it.
/// A space stands for a key that types nothing.
const PLAIN: &[u8] = b"1234567890-=  qwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./";
const SHIFTED: &[u8] = b"!@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?";

/// The scan code of a key that types no character.
pub(super) fn place(keysym: u32) -> Option<u8> {
    let found = PLACES.binary_search_by_key(&keysym, |(known, _)| *known).ok()?;
    PLACES.get(found).map(|(_, code)| *code)
}

/// The character that a keysym stands for.
pub(super) fn character(keysym: u32) -> Option<char> {
    match keysym {
        0x20..=0x7e | 0xa0..=0xff => char::from_u32(keysym),
        UNICODE..=0x0110_ffff => char::from_u32(keysym - UNICODE),
        _ => None,
    }
    .filter(|character| !character.is_control())
}

/// Whether no layout has `character` on the key at `scancode`: a dead key went before it, or the
/// viewer's layout is for another script than all those that servers are asked for.
pub(super) fn is_off_the_keys(character: char, scancode: u8) -> bool {
    let is_letter_key = matches!(scancode, 0x10..=0x19 | 0x1e..=0x26 | 0x2c..=0x32);
    match character {
        // A dead key and the space bar make the bare accent.
        _ if scancode == 0x39 => character != ' ',
        // Turkish has the last one there.
        '\u{0}'..='\u{7f}' | '\u{131}' => false,
        _ if is_letter_key => character.is_alphabetic(),
        // The end of Latin Extended-A, beyond which there are other scripts.
        _ => character.is_alphabetic() && character > '\u{17f}',
    }
}

/// Where an American keyboard has `character`, and whether with Shift.
pub(super) fn american(character: char) -> Option<(u8, bool)> {
    let byte = u8::try_from(character).ok()?;
    match byte {
        b' ' => return Some((0x39, false)),
        b'\n' | b'\r' => return Some((0x1c, false)),
        b'\t' => return Some((0x0f, false)),
        8 => return Some((0x0e, false)),
        0x1b => return Some((0x01, false)),
        _ => {}
    }
    let find = |row: &[u8]| row.iter().position(|known| *known == byte);
    let (index, has_shift) = match (find(PLAIN), find(SHIFTED)) {
        (Some(index), _) => (index, false),
        (None, Some(index)) => (index, true),
        (None, None) => return None,
    };
    u8::try_from(index + 2).ok().map(|code| (code, has_shift))
}

#[cfg(test)]
mod tests {
    use super::{PLACES, american, character, is_off_the_keys, place};

    #[test]
    fn keysyms() {
        assert_eq!(place(0xffe4), Some(0x9d));
        assert_eq!(place(0x61), None);
        assert!(PLACES.is_sorted_by(|(keysym, _), (next, _)| keysym < next));
        assert_eq!(character(0x61), Some('a'));
        assert_eq!(character(0x0100_20ac), Some('\u{20ac}'));
        assert_eq!(character(0xff0d), None);
        assert_eq!(character(0x0100_0007), None);
    }

    #[test]
    fn dead_keys_and_other_scripts_are_noticed() {
        for (character, scancode, want) in [
            ('e', 0x12, false),
            ('\u{ea}', 0x12, true),
            ('\u{e4}', 0x28, false),
            ('\u{e9}', 0x03, false),
            ('\u{131}', 0x17, false),
            ('\u{444}', 0x1e, true),
            ('\u{445}', 0x1a, true),
            ('\u{20ac}', 0x12, false),
            ('^', 0x39, true),
            (' ', 0x39, false),
        ] {
            assert_eq!(is_off_the_keys(character, scancode), want, "{character} at {scancode:#x}");
        }
    }

    #[test]
    fn american_keys() {
        let cases = [
            ('1', Some((2, false))),
            ('Q', Some((0x10, true))),
            ('a', Some((0x1e, false))),
            ('`', Some((0x29, false))),
            ('|', Some((0x2b, true))),
            ('z', Some((0x2c, false))),
            ('/', Some((0x35, false))),
            (' ', Some((0x39, false))),
            ('\n', Some((0x1c, false))),
            ('\u{e9}', None),
        ];
        for (character, want) in cases {
            assert_eq!(american(character), want, "{character:?}");
        }
    }
}
