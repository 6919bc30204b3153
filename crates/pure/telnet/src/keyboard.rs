//! What is typed, on its way to a server that may not echo it.

use bytes::{BufMut, BytesMut};
use unicode_width::UnicodeWidthChar;

/// Longest line that is edited here, in bytes. What is longer is sent as it grows.
const LINE_MAX_BYTES: usize = 1024;

/// Who shows what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    /// The server: keys are sent at once.
    Theirs,
    /// We: keys are sent at once all the same.
    Ours,
    /// We, and lines are sent when they are whole.
    Line,
}

/// Where in a key's control sequence the typed bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    Escape,
    Control,
    /// ESC O, of the keypad and of function keys.
    Single,
}

/// A keyboard, and the line that is being edited.
#[derive(Debug)]
pub(crate) struct Keyboard {
    line: Vec<u8>,
    sequence: Sequence,
}

impl Keyboard {
    pub(crate) const fn new() -> Self {
        Self { line: Vec::new(), sequence: Sequence::None }
    }

    /// Takes what was typed. What is to be shown of it goes to `text`, what is to be sent now to
    /// `ready`, where a carriage return stands for the end of a line.
    pub(crate) fn handle(
        &mut self,
        typed: &[u8],
        echo: Echo,
        text: &mut BytesMut,
        ready: &mut Vec<u8>,
    ) {
        if echo == Echo::Theirs {
            self.take_line(ready);
            self.sequence = Sequence::None;
            ready.extend_from_slice(typed);
            return;
        }
        for &byte in typed {
            let is_text = self.is_text(byte);
            if echo == Echo::Ours {
                ready.push(byte);
                show(byte, is_text, text);
            } else {
                self.edit(byte, is_text, text, ready);
            }
        }
    }

    /// Gives what is left of the line that was being edited to `ready`.
    pub(crate) fn take_line(&mut self, ready: &mut Vec<u8>) {
        ready.append(&mut self.line);
    }

    fn edit(&mut self, byte: u8, is_text: bool, text: &mut BytesMut, ready: &mut Vec<u8>) {
        match byte {
            _ if is_text => {
                if self.line.len() == LINE_MAX_BYTES {
                    self.take_line(ready);
                }
                self.line.push(byte);
                text.put_u8(byte);
            }
            0x08 | 0x7f => {
                self.erase(text);
            }
            // NAK, which is Ctrl-U: the line.
            0x15 => while self.erase(text) {},
            _ => {
                self.take_line(ready);
                ready.push(byte);
                show(byte, false, text);
            }
        }
    }

    /// Takes back the last character, if there is one.
    fn erase(&mut self, text: &mut BytesMut) -> bool {
        let start = self.line.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
        let character = self.line.split_off(start);
        let character = str::from_utf8(&character).unwrap_or("?").chars().next();
        let columns = character.map_or(0, |character| character.width().unwrap_or(0));
        for _ in 0..columns {
            text.put_slice(b"\x08 \x08");
        }
        character.is_some()
    }

    /// Whether `byte` is a character's, and not a control's or a sequence's.
    const fn is_text(&mut self, byte: u8) -> bool {
        let (next, is_text) = match (self.sequence, byte) {
            (_, 0x1b) => (Sequence::Escape, false),
            (Sequence::Escape, b'[') | (Sequence::Control, 0x20..0x40) => {
                (Sequence::Control, false)
            }
            (Sequence::Escape, b'O') => (Sequence::Single, false),
            (Sequence::None, 0x20..=0x7e | 0x80..) => (Sequence::None, true),
            _ => (Sequence::None, false),
        };
        self.sequence = next;
        is_text
    }
}

/// Shows a key that has been sent already.
fn show(byte: u8, is_text: bool, text: &mut BytesMut) {
    match byte {
        _ if is_text => text.put_u8(byte),
        b'\r' => text.put_slice(b"\r\n"),
        0x08 | 0x7f => text.put_slice(b"\x08 \x08"),
        _ => {}
    }
}

#[cfg(test)]
#[path = "keyboard_tests.rs"]
mod tests;
