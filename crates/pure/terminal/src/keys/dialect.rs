//! Keys that remotes disagree about.

use std::borrow::Cow;

use bytes::Bytes;

/// What some keys send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDialect {
    /// The byte of Backspace: 127 or 8. With Control it sends the other one.
    pub backspace: u8,
    /// The function keys and the keypad.
    pub function_keys: FunctionKeys,
}

/// A family of function keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FunctionKeys {
    /// xterm's: SS3 for F1 to F4, `CSI n ~` for the others; the keypad sends its characters.
    #[default]
    Xterm,
    /// The Linux console's: `CSI [ A` to `CSI [ E` for F1 to F5, and `CSI 1 ~` and `CSI 4 ~` for Home
    /// and End. What Apache Guacamole calls `esc`.
    Linux,
    /// The VT100's: as xterm's, but the keypad sends SS3 sequences in application mode.
    Vt100,
}

/// The sequences of xterm that the Linux console has others for.
const LINUX: [(&[u8], &[u8]); 9] = [
    (b"\x1bOP", b"\x1b[[A"),
    (b"\x1bOQ", b"\x1b[[B"),
    (b"\x1bOR", b"\x1b[[C"),
    (b"\x1bOS", b"\x1b[[D"),
    (b"\x1b[15~", b"\x1b[[E"),
    (b"\x1b[H", b"\x1b[1~"),
    (b"\x1b[F", b"\x1b[4~"),
    (b"\x1bOH", b"\x1b[1~"),
    (b"\x1bOF", b"\x1b[4~"),
];

impl Default for KeyDialect {
    fn default() -> Self {
        Self { backspace: DELETE, function_keys: FunctionKeys::default() }
    }
}

const DELETE: u8 = 0x7f;
const BACKSPACE: u8 = 0x08;

impl KeyDialect {
    /// What one key of xterm sends, in this dialect. Anything longer, such as a paste, is as it is.
    pub(crate) fn translate(self, key: &[u8]) -> Cow<'_, [u8]> {
        if self.backspace == BACKSPACE {
            match key {
                [DELETE] => return Cow::Borrowed(&[BACKSPACE]),
                [BACKSPACE] => return Cow::Borrowed(&[DELETE]),
                [0x1b, DELETE] => return Cow::Borrowed(&[0x1b, BACKSPACE]),
                [0x1b, BACKSPACE] => return Cow::Borrowed(&[0x1b, DELETE]),
                _ => {}
            }
        }
        if self.function_keys == FunctionKeys::Linux
            && let Some((_, linux)) = LINUX.iter().find(|(xterm, _)| *xterm == key)
        {
            return Cow::Borrowed(linux);
        }
        Cow::Borrowed(key)
    }

    /// [`KeyDialect::translate`] of what a viewer's terminal made of a key.
    pub(crate) fn translate_typed(self, typed: Bytes) -> Bytes {
        // The longest sequence that any dialect changes.
        if self == Self::default() || typed.len() > 5 {
            return typed;
        }
        match self.translate(&typed) {
            same if *same == *typed => typed.clone(),
            other => Bytes::copy_from_slice(&other),
        }
    }
}
