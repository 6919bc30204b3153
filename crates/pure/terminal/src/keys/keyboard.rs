//! Keys to bytes, as xterm's control sequences document has them with modifyOtherKeys off.

use bytes::{BufMut, BytesMut};

use super::keysym::{self as key, Modifier};
use super::{FunctionKeys, KeyDialect};
use crate::terminal::Modes;

/// The keys that are held to change what others mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Modifiers {
    /// Shift.
    pub(crate) shift: bool,
    /// Control.
    pub(crate) control: bool,
    /// Alt.
    pub(crate) alt: bool,
}

impl Modifiers {
    /// xterm's parameter for them; 1 is none.
    fn parameter(self) -> u8 {
        1 + u8::from(self.shift) + 2 * u8::from(self.alt) + 4 * u8::from(self.control)
    }

    fn any(self) -> bool {
        self != Self::default()
    }
}

/// How far to move through the rows that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scroll {
    /// By rows; positive towards older ones.
    Rows(i32),
    /// By screens; positive towards older ones.
    Pages(i32),
    /// To the oldest.
    Top,
    /// To the newest.
    Bottom,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// Nothing, or a change of the modifiers.
    Nothing,
    /// What was appended is to be sent.
    Typed,
    /// The selection is to be copied.
    Copy,
    /// The clipboard is to be typed.
    Paste,
    /// Older or newer rows are to be shown.
    Scroll(Scroll),
}

/// A viewer's keyboard.
#[derive(Debug, Default)]
pub(crate) struct Keyboard {
    dialect: KeyDialect,
    /// One bit for each side that is down.
    shift: u8,
    control: u8,
    alt: u8,
    meta: u8,
    level3: u8,
}

const ESCAPE: u8 = 0x1b;

impl Keyboard {
    /// A keyboard whose keys are all up.
    pub(crate) fn new(dialect: KeyDialect) -> Self {
        Self { dialect, ..Self::default() }
    }

    /// All keys are up.
    pub(crate) fn release_all(&mut self) {
        *self = Self::new(self.dialect);
    }

    /// What is held.
    pub(crate) const fn modifiers(&self) -> Modifiers {
        // AltGr comes with Control and Alt from some systems; it is meant to choose characters alone.
        let is_level3 = self.level3 != 0;
        Modifiers {
            shift: self.shift != 0,
            control: self.control != 0 && !is_level3,
            alt: self.alt != 0 && !is_level3,
        }
    }

    /// A key went down or up. What it types is appended to `out`.
    pub(crate) fn press(
        &mut self,
        down: bool,
        keysym: u32,
        modes: &Modes,
        out: &mut BytesMut,
    ) -> Pressed {
        if let Some((modifier, side)) = key::modifier(keysym) {
            let held = match modifier {
                Modifier::Shift => &mut self.shift,
                Modifier::Control => &mut self.control,
                Modifier::Alt => &mut self.alt,
                Modifier::Super => &mut self.meta,
                Modifier::Level3 => &mut self.level3,
            };
            *held = if down { *held | side } else { *held & !side };
            return Pressed::Nothing;
        }
        if !down {
            return Pressed::Nothing;
        }
        if let Some(shortcut) = self.shortcut(keysym) {
            return shortcut;
        }
        // What a window system's key is held for is not for the remote.
        if self.meta != 0 {
            return Pressed::Nothing;
        }
        let before = out.len();
        self.encode(keysym, modes, out);
        if out.len() == before { Pressed::Nothing } else { Pressed::Typed }
    }

    /// Keys that the terminal keeps to itself.
    fn shortcut(&self, keysym: u32) -> Option<Pressed> {
        let Modifiers { shift, control, alt } = self.modifiers();
        let letter = key::character(keysym).map(|c| c.to_ascii_lowercase());
        let is_command = self.meta != 0 && !control && !alt && !shift;
        let is_shifted = shift && control && !alt;
        match letter {
            Some('c') if is_command || is_shifted => return Some(Pressed::Copy),
            Some('v') if is_command || is_shifted => return Some(Pressed::Paste),
            _ => {}
        }
        if !shift || control || alt {
            return None;
        }
        Some(match key::beside_keypad(keysym) {
            key::INSERT => Pressed::Paste,
            key::PAGE_UP => Pressed::Scroll(Scroll::Pages(1)),
            key::PAGE_DOWN => Pressed::Scroll(Scroll::Pages(-1)),
            key::HOME => Pressed::Scroll(Scroll::Top),
            key::END => Pressed::Scroll(Scroll::Bottom),
            _ => return None,
        })
    }

    fn encode(&self, keysym: u32, modes: &Modes, out: &mut BytesMut) {
        if self.dialect.function_keys == FunctionKeys::Vt100
            && modes.application_keypad
            && let Some(last) = vt100_keypad(keysym)
        {
            out.put_slice(&[ESCAPE, b'O', last]);
            return;
        }
        let modifiers = self.modifiers();
        if let Some(byte) = key::keypad_character(keysym) {
            character(char::from(byte), modifiers, out);
        } else if let Some(typed) = key::character(keysym) {
            character(typed, modifiers, out);
        } else {
            self.named(key::beside_keypad(keysym), modes, out);
        }
    }

    /// A key that types no character.
    fn named(&self, keysym: u32, modes: &Modes, out: &mut BytesMut) {
        let modifiers = self.modifiers();
        let plain: &[u8] = match keysym {
            key::BACKSPACE if modifiers.control => b"\x08",
            key::BACKSPACE => b"\x7f",
            key::TAB if modifiers.shift => b"\x1b[Z",
            key::LEFT_TAB => b"\x1b[Z",
            key::TAB => b"\t",
            key::LINE_FEED => b"\n",
            key::ENTER | key::KEYPAD_ENTER if modes.line_feed_returns => b"\r\n",
            key::ENTER | key::KEYPAD_ENTER => b"\r",
            key::ESCAPE => b"\x1b",
            _ => return self.sequence(keysym, modes, out),
        };
        if modifiers.alt {
            out.put_u8(ESCAPE);
        }
        out.put_slice(&self.dialect.translate(plain));
    }

    /// A key that sends a sequence with its modifiers in it.
    fn sequence(&self, keysym: u32, modes: &Modes, out: &mut BytesMut) {
        let modifiers = self.modifiers();
        let mut sequence = BytesMut::new();
        if let Some(last) = cursor(keysym) {
            lettered(last, modifiers, modes.application_cursor_keys, &mut sequence);
        } else if let Some(last) = keysym.checked_sub(key::F1).filter(|index| *index < 4) {
            // F1 to F4 are the VT100's PF1 to PF4.
            let letters = [b'P', b'Q', b'R', b'S'];
            let last = letters.get(last as usize).copied().unwrap_or(b'P');
            lettered(last, modifiers, true, &mut sequence);
        } else if let Some(number) = numbered(keysym) {
            let text = if modifiers.any() {
                format!("\x1b[{number};{}~", modifiers.parameter())
            } else {
                format!("\x1b[{number}~")
            };
            sequence.put_slice(text.as_bytes());
        }
        out.put_slice(&self.dialect.translate(&sequence));
    }
}

/// A key that types a character.
fn character(typed: char, modifiers: Modifiers, out: &mut BytesMut) {
    if modifiers.alt {
        out.put_u8(ESCAPE);
    }
    if modifiers.control
        && let Some(control) = control_character(typed)
    {
        out.put_u8(control);
        return;
    }
    out.put_slice(typed.encode_utf8(&mut [0; 4]).as_bytes());
}

/// What Control makes of a character; `None` where it changes nothing.
const fn control_character(typed: char) -> Option<u8> {
    Some(match typed {
        // ASCII holds the control characters two rows below their letters.
        '@'..='_' | 'a'..='z' => typed as u8 & 0x1f,
        ' ' | '2' | '`' => 0x00,
        '3'..='7' => typed as u8 - b'3' + 0x1b,
        '8' | '?' => 0x7f,
        '/' => 0x1f,
        '~' => 0x1e,
        _ => return None,
    })
}

/// The last letter of a cursor key's sequence.
const fn cursor(keysym: u32) -> Option<u8> {
    Some(match keysym {
        key::UP => b'A',
        key::DOWN => b'B',
        key::RIGHT => b'C',
        key::LEFT => b'D',
        key::BEGIN => b'E',
        key::END => b'F',
        key::HOME => b'H',
        _ => return None,
    })
}

/// `CSI 1 ; m X`, or without modifiers `SS3 X` or `CSI X`.
fn lettered(last: u8, modifiers: Modifiers, is_ss3: bool, out: &mut BytesMut) {
    if modifiers.any() {
        let start = format!("\x1b[1;{}", modifiers.parameter());
        out.put_slice(start.as_bytes());
    } else {
        out.put_slice(if is_ss3 { b"\x1bO" } else { b"\x1b[" });
    }
    out.put_u8(last);
}

/// The number in a key's `CSI n ~`.
fn numbered(keysym: u32) -> Option<u8> {
    const FROM_F5: [u8; 16] = [15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34];
    Some(match keysym {
        key::INSERT => 2,
        key::DELETE => 3,
        key::PAGE_UP => 5,
        key::PAGE_DOWN => 6,
        key::HELP => 28,
        key::MENU => 29,
        key::F1..=key::F35 => {
            let index = (keysym - key::F1).checked_sub(4)?;
            return FROM_F5.get(index as usize).copied();
        }
        _ => return None,
    })
}

/// The last letter of the VT100's keypad in application mode.
fn vt100_keypad(keysym: u32) -> Option<u8> {
    match keysym {
        // `*` to `9` are `j` to `y`.
        key::KEYPAD_MULTIPLY..=key::KEYPAD_NINE => {
            u8::try_from(keysym - key::KEYPAD_MULTIPLY).ok().map(|index| b'j' + index)
        }
        key::KEYPAD_ENTER => Some(b'M'),
        key::KEYPAD_EQUAL => Some(b'X'),
        _ => None,
    }
}

#[cfg(test)]
#[path = "keyboard_tests.rs"]
mod tests;
