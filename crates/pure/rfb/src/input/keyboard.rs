//! Keys: which are down, and how to say so.

use bytes::BytesMut;

use super::keysym;
use crate::limits::{KEYS_DOWN_MAX, TEXT_MAX_CHARS};
use crate::requests::{put_key, put_qemu_key};

/// A key that the server holds to be down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    /// 0: it has no place.
    scancode: u16,
    /// What it meant when it went down. A release names the same, even when a modifier has
    /// changed what the key means by then.
    keysym: u32,
}

/// The keyboard as the server knows it.
#[derive(Debug, Default)]
pub(crate) struct Keyboard {
    takes_scancodes: bool,
    /// At most [`KEYS_DOWN_MAX`], the oldest first.
    down: Vec<Key>,
}

impl Keyboard {
    /// The server takes QEMU's extended key events.
    pub(crate) fn use_scancodes(&mut self) {
        self.takes_scancodes = true;
    }

    /// A key went down or up.
    pub(crate) fn key(&mut self, down: bool, keysym: u32, scancode: u16, out: &mut BytesMut) {
        let key = Key { scancode, keysym: self.meaning(keysym, scancode) };
        let held = self.down.iter().position(|held| is_same_key(*held, key));
        if down {
            self.press(key, held, out);
        } else {
            // The server may hold down a key that went down before we came.
            let key = held.map_or(key, |place| self.down.remove(place));
            self.put(false, key, out);
        }
    }

    /// Types `text` with keys that have no place. Characters without a keysym are left out,
    /// and so is what goes beyond [`TEXT_MAX_CHARS`].
    pub(crate) fn text(&self, text: &str, out: &mut BytesMut) {
        let mut before = '\0';
        for character in text.chars().take(TEXT_MAX_CHARS) {
            let is_second_half = before == '\r' && character == '\n';
            before = character;
            let Some(keysym) = keysym::of_character(character).filter(|_| !is_second_half) else {
                continue;
            };
            for down in [true, false] {
                self.put(down, Key { scancode: 0, keysym }, out);
            }
        }
    }

    /// Lets go of every key, the last pressed first.
    pub(crate) fn release_all(&mut self, out: &mut BytesMut) {
        while let Some(key) = self.down.pop() {
            self.put(false, key, out);
        }
    }

    fn press(&mut self, key: Key, held: Option<usize>, out: &mut BytesMut) {
        match held.and_then(|place| self.down.get_mut(place)) {
            // A key that repeats, and by now means something else: for a server that knows
            // only meanings that is another key.
            Some(held) if held.keysym != key.keysym => {
                let before = std::mem::replace(held, key);
                if !self.takes_scancodes {
                    self.put(false, before, out);
                }
            }
            Some(_repeats) => {}
            None => {
                if self.down.len() >= KEYS_DOWN_MAX {
                    let oldest = self.down.remove(0);
                    self.put(false, oldest, out);
                }
                self.down.push(key);
            }
        }
        self.put(true, key, out);
    }

    /// Servers that know no places need a meaning.
    fn meaning(&self, keysym: u32, scancode: u16) -> u32 {
        if keysym == 0 && !self.takes_scancodes {
            keysym::of_place(scancode).unwrap_or(0)
        } else {
            keysym
        }
    }

    fn put(&self, down: bool, key: Key, out: &mut BytesMut) {
        if self.takes_scancodes && key.scancode != 0 {
            put_qemu_key(out, down, key.keysym, key.scancode);
        } else if key.keysym != 0 {
            put_key(out, down, key.keysym);
        }
    }
}

fn is_same_key(a: Key, b: Key) -> bool {
    if a.scancode == 0 && b.scancode == 0 { a.keysym == b.keysym } else { a.scancode == b.scancode }
}

#[cfg(test)]
#[path = "keyboard_tests.rs"]
mod tests;
