//! X11 keysyms: what keys are called (X Window System Protocol, appendix A).

pub(super) const BACKSPACE: u32 = 0xff08;
pub(super) const TAB: u32 = 0xff09;
pub(super) const LINE_FEED: u32 = 0xff0a;
pub(super) const ENTER: u32 = 0xff0d;
pub(super) const ESCAPE: u32 = 0xff1b;
pub(super) const HOME: u32 = 0xff50;
pub(super) const LEFT: u32 = 0xff51;
pub(super) const UP: u32 = 0xff52;
pub(super) const RIGHT: u32 = 0xff53;
pub(super) const DOWN: u32 = 0xff54;
pub(super) const PAGE_UP: u32 = 0xff55;
pub(super) const PAGE_DOWN: u32 = 0xff56;
pub(super) const END: u32 = 0xff57;
pub(super) const BEGIN: u32 = 0xff58;
pub(super) const INSERT: u32 = 0xff63;
pub(super) const MENU: u32 = 0xff67;
pub(super) const HELP: u32 = 0xff6a;
pub(super) const KEYPAD_SPACE: u32 = 0xff80;
pub(super) const KEYPAD_TAB: u32 = 0xff89;
pub(super) const KEYPAD_ENTER: u32 = 0xff8d;
pub(super) const KEYPAD_F1: u32 = 0xff91;
pub(super) const KEYPAD_F4: u32 = 0xff94;
pub(super) const KEYPAD_HOME: u32 = 0xff95;
pub(super) const KEYPAD_BEGIN: u32 = 0xff9d;
pub(super) const KEYPAD_INSERT: u32 = 0xff9e;
pub(super) const KEYPAD_DELETE: u32 = 0xff9f;
pub(super) const KEYPAD_MULTIPLY: u32 = 0xffaa;
pub(super) const KEYPAD_NINE: u32 = 0xffb9;
pub(super) const KEYPAD_EQUAL: u32 = 0xffbd;
pub(super) const F1: u32 = 0xffbe;
pub(super) const F35: u32 = 0xffe0;
pub(super) const DELETE: u32 = 0xffff;
pub(super) const LEFT_TAB: u32 = 0xfe20;

/// A key that changes what others mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Modifier {
    Shift,
    Control,
    Alt,
    /// Meta, Super and Hyper: a window system's key.
    Super,
    /// `AltGr`.
    Level3,
}

/// Which modifier this key is, with a bit for its side.
pub(super) const fn modifier(keysym: u32) -> Option<(Modifier, u8)> {
    Some(match keysym {
        0xffe1 => (Modifier::Shift, 1),
        0xffe2 => (Modifier::Shift, 2),
        0xffe3 => (Modifier::Control, 1),
        0xffe4 => (Modifier::Control, 2),
        0xffe9 => (Modifier::Alt, 1),
        0xffea => (Modifier::Alt, 2),
        0xffe7 | 0xffeb | 0xffed => (Modifier::Super, 1),
        0xffe8 | 0xffec | 0xffee => (Modifier::Super, 2),
        0xfe03 | 0xff7e => (Modifier::Level3, 1),
        _ => return None,
    })
}

/// The key of the same name beside the keypad: cursor keys and those around them.
pub(super) const fn beside_keypad(keysym: u32) -> u32 {
    match keysym {
        KEYPAD_HOME..=0xff9c => keysym - KEYPAD_HOME + HOME,
        KEYPAD_BEGIN => BEGIN,
        KEYPAD_INSERT => INSERT,
        KEYPAD_DELETE => DELETE,
        KEYPAD_F1..=KEYPAD_F4 => keysym - KEYPAD_F1 + F1,
        KEYPAD_TAB => TAB,
        other => other,
    }
}

/// The character that a key types.
pub(super) fn character(keysym: u32) -> Option<char> {
    match keysym {
        0x20..=0x7e | 0xa0..=0xff => char::from_u32(keysym),
        0x0100_0100..=0x0110_ffff => char::from_u32(keysym - 0x0100_0000),
        // The euro sign has a keysym of its own.
        0x20ac => Some('\u{20ac}'),
        _ => None,
    }
}

/// The character that a key of the keypad types.
pub(super) fn keypad_character(keysym: u32) -> Option<u8> {
    match keysym {
        KEYPAD_MULTIPLY..=KEYPAD_NINE | KEYPAD_EQUAL | KEYPAD_SPACE => {
            u8::try_from(keysym - 0xff80).ok().map(|byte| if byte == 0 { b' ' } else { byte })
        }
        _ => None,
    }
}
