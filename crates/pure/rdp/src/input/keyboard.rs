//! The keyboard as the server knows it.

use std::collections::VecDeque;

use super::keysym::{american, character, is_off_the_keys, place};
use super::{InputEvent, Prefix};
use crate::KeyboardLayout;
use crate::limits::KEYS_DOWN_MAX;

/// Scan codes that change what other keys do: Control, Alt and the Windows keys.
const SHORTCUT_PLACES: [u16; 6] = [0x1d, 0x9d, 0x38, 0xb8, 0xdb, 0xdc];

const SHIFT: u8 = 0x2a;
const RIGHT_SHIFT: u8 = 0x36;

/// Keys with a light, and their bits in [`porthole_remote::Event::Leds`].
const LOCKS: [(u8, u8); 3] = [(0x46, 1), (0x45, NUM_LOCK), (0x3a, CAPS_LOCK)];
const NUM_LOCK: u8 = 2;
const CAPS_LOCK: u8 = 4;

/// The Pause key as the RFB extension numbers it; its own code has a prefix and a pair of codes.
const PAUSE: u8 = 0xc6;

/// Keys that are down, and how to press them.
#[derive(Debug, Default)]
pub(crate) struct Keyboard {
    layout: KeyboardLayout,
    takes_unicode: bool,
    down: VecDeque<Key>,
    /// Locks that are on at the server, as far as it has said and we have pressed them.
    locks: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    keysym: u32,
    scancode: u16,
    stroke: Stroke,
}

/// What a key does at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stroke {
    /// The key at this scan code, `0xe0` as bit 7.
    Place(u8),
    /// This character is typed.
    Character(char),
}

impl Keyboard {
    /// A keyboard for a server with this layout, that takes characters as such or does not.
    pub(crate) fn new(layout: KeyboardLayout, takes_unicode: bool) -> Self {
        Self { layout, takes_unicode, ..Self::default() }
    }

    /// The server says which locks are on.
    pub(crate) const fn set_locks(&mut self, locks: u8) {
        self.locks = locks;
    }

    /// The event that makes the server's locks and keys what they are known to be: for a share
    /// that begins.
    pub(crate) fn synchronize(&mut self, events: &mut Vec<InputEvent>) {
        self.release_all(events);
        events.push(InputEvent::Synchronize(self.locks));
    }

    /// A key went down or up.
    pub(crate) fn key(
        &mut self,
        is_down: bool,
        keysym: u32,
        scancode: u16,
        events: &mut Vec<InputEvent>,
    ) {
        let held = self.down.iter().position(|key| is_same(key, keysym, scancode));
        // A key goes up as what it went down as, whatever it would mean now.
        let stroke = match held.and_then(|held| self.down.get(held)) {
            Some(key) => key.stroke,
            None => match self.stroke(keysym, scancode) {
                Some(stroke) => stroke,
                None => return,
            },
        };
        if is_down && held.is_none() {
            self.follow_locks(keysym, scancode, stroke, events);
        }
        self.strike(stroke, !is_down, events);
        match (is_down, held) {
            (true, None) => {
                self.down.push_back(Key { keysym, scancode, stroke });
                if self.down.len() > KEYS_DOWN_MAX
                    && let Some(oldest) = self.down.pop_front()
                {
                    self.strike(oldest.stroke, true, events);
                }
            }
            (false, Some(held)) => {
                self.down.remove(held);
            }
            _ => {}
        }
    }

    /// Types `text`.
    pub(crate) fn text(&self, text: &str, events: &mut Vec<InputEvent>) {
        let mut previous = ' ';
        for character in text.chars() {
            // One key ends a line, whatever ends it in the text.
            let is_second_half = character == '\n' && previous == '\r';
            previous = character;
            let stroke = match american(character) {
                _ if is_second_half => continue,
                Some((code, _)) if character.is_control() => Stroke::Place(code),
                _ if character.is_control() => continue,
                _ => Stroke::Character(character),
            };
            self.strike(stroke, false, events);
            self.strike(stroke, true, events);
        }
    }

    /// Lets go of every key, the last first.
    pub(crate) fn release_all(&mut self, events: &mut Vec<InputEvent>) {
        while let Some(key) = self.down.pop_back() {
            self.strike(key.stroke, true, events);
        }
    }

    /// Has the server's locks be those of the viewer's keyboard, as the character that a key made
    /// there shows them. Servers that tell of their locks are rare, and a lock may have been pressed
    /// while the viewer was elsewhere.
    fn follow_locks(
        &mut self,
        keysym: u32,
        scancode: u16,
        stroke: Stroke,
        events: &mut Vec<InputEvent>,
    ) {
        let Stroke::Place(code) = stroke else { return };
        if let Some((_, lock)) = LOCKS.iter().find(|(key, _)| *key == code) {
            self.locks ^= lock;
            return;
        }
        if self.has_shortcut() {
            return;
        }
        let (lock, is_on) = match (keysym, scancode) {
            (0x41..=0x5a, _) => (CAPS_LOCK, !self.is_shifted()),
            (0x61..=0x7a, _) => (CAPS_LOCK, self.is_shifted()),
            // With Shift the number pad is what it is not without.
            (0xffae..=0xffb9, 0x47..=0x53) if !self.is_shifted() => (NUM_LOCK, true),
            (0xff95..=0xff9f, 0x47..=0x53) if !self.is_shifted() => (NUM_LOCK, false),
            _ => return,
        };
        if is_on == (self.locks & lock != 0) {
            return;
        }
        self.locks ^= lock;
        events.push(InputEvent::Synchronize(self.locks));
        // To the server every key is up after that.
        for key in &self.down {
            self.strike(key.stroke, false, events);
        }
    }

    fn is_shifted(&self) -> bool {
        let is_shift = |key: &Key| matches!(key.stroke, Stroke::Place(SHIFT | RIGHT_SHIFT));
        self.down.iter().any(is_shift)
    }

    fn has_shortcut(&self) -> bool {
        self.down.iter().any(|key| SHORTCUT_PLACES.contains(&key.scancode))
    }

    fn stroke(&self, keysym: u32, scancode: u16) -> Option<Stroke> {
        let has_shortcut = self.has_shortcut();
        let typed = character(keysym).map(Stroke::Character);
        if self.layout.is_unicode && !has_shortcut && typed.is_some() {
            return typed;
        }
        match (u8::try_from(scancode), typed) {
            (Ok(code @ 1..), Some(Stroke::Character(it)))
                if !has_shortcut && self.takes_unicode && is_off_the_keys(it, code) =>
            {
                typed
            }
            (Ok(code @ 1..), _) => Some(Stroke::Place(code)),
            _ => place(keysym).map(Stroke::Place).or(typed),
        }
    }

    fn strike(&self, stroke: Stroke, is_up: bool, events: &mut Vec<InputEvent>) {
        let mut at = |code, prefix| events.push(InputEvent::Key { code, prefix, is_up });
        match stroke {
            Stroke::Place(PAUSE) => {
                at(0x1d, Prefix::E1);
                at(0x45, Prefix::None);
            }
            Stroke::Place(code) => {
                at(code & 0x7f, if code & 0x80 == 0 { Prefix::None } else { Prefix::E0 });
            }
            Stroke::Character(character) if self.takes_unicode => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    events.push(InputEvent::Unicode { unit: *unit, is_up });
                }
            }
            Stroke::Character(character) => {
                // The best that can be done: most layouts share most of this.
                let Some((code, has_shift)) = american(character) else { return };
                if has_shift && !is_up && !self.is_shifted() {
                    at(SHIFT, Prefix::None);
                    at(code, Prefix::None);
                    events.push(InputEvent::Key { code: SHIFT, prefix: Prefix::None, is_up: true });
                } else {
                    at(code, Prefix::None);
                }
            }
        }
    }
}

fn is_same(key: &Key, keysym: u32, scancode: u16) -> bool {
    if key.scancode == 0 && scancode == 0 { key.keysym == keysym } else { key.scancode == scancode }
}

#[cfg(test)]
#[path = "keyboard_tests.rs"]
mod tests;
