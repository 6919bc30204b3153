//! Keys as events.

use super::{InputEvent, KEYS_DOWN_MAX, Keyboard, Prefix};
use crate::KeyboardLayout;

fn place(code: u8, prefix: Prefix, is_up: bool) -> InputEvent {
    InputEvent::Key { code, prefix, is_up }
}

fn unicode(unit: u16, is_up: bool) -> InputEvent {
    InputEvent::Unicode { unit, is_up }
}

fn pressed(keyboard: &mut Keyboard, keys: &[(bool, u32, u16)]) -> Vec<InputEvent> {
    let mut events = Vec::new();
    for (is_down, keysym, scancode) in keys {
        keyboard.key(*is_down, *keysym, *scancode, &mut events);
    }
    events
}

fn keyboard() -> Keyboard {
    Keyboard::new(KeyboardLayout::default(), true)
}

#[test]
fn places_are_sent_where_there_are_any() {
    let keys = [(true, 0x61, 0x1e), (false, 0x61, 0x1e), (true, 0, 0x9d)];
    let want = [
        place(0x1e, Prefix::None, false),
        place(0x1e, Prefix::None, true),
        place(0x1d, Prefix::E0, false),
    ];
    assert_eq!(pressed(&mut keyboard(), &keys), want);
    let pause = [place(0x1d, Prefix::E1, false), place(0x45, Prefix::None, false)];
    assert_eq!(pressed(&mut keyboard(), &[(true, 0xff13, 0xc6)]), pause);
}

#[test]
fn keys_without_a_place_are_looked_up_or_typed() {
    let keys = [(true, 0xff0d, 0), (true, 0x0101_f600, 0), (true, 0xfff0, 0)];
    let want = [place(0x1c, Prefix::None, false), unicode(0xd83d, false), unicode(0xde00, false)];
    assert_eq!(pressed(&mut keyboard(), &keys), want);
}

#[test]
fn the_failsafe_layout_types_characters_but_for_shortcuts() {
    let layout = KeyboardLayout::from_name("failsafe").unwrap();
    let mut keyboard = Keyboard::new(layout, true);
    assert_eq!(pressed(&mut keyboard, &[(true, 0x71, 0x1e)]), [unicode(0x71, false)]);
    assert_eq!(pressed(&mut keyboard, &[(false, 0x71, 0x1e)]), [unicode(0x71, true)]);
    let keys = [(true, 0xffe3, 0x1d), (true, 0x63, 0x2e)];
    let want = [place(0x1d, Prefix::None, false), place(0x2e, Prefix::None, false)];
    assert_eq!(pressed(&mut keyboard, &keys), want);
}

#[test]
fn a_server_without_unicode_gets_american_keys() {
    let mut events = Vec::new();
    Keyboard::new(KeyboardLayout::default(), false).text("A\r\n\u{e9}", &mut events);
    let want = [
        place(0x2a, Prefix::None, false),
        place(0x1e, Prefix::None, false),
        place(0x2a, Prefix::None, true),
        place(0x1e, Prefix::None, true),
        place(0x1c, Prefix::None, false),
        place(0x1c, Prefix::None, true),
    ];
    assert_eq!(events, want);
}

#[test]
fn locks_follow_the_viewers_keyboard() {
    let a = place(0x1e, Prefix::None, false);
    let a_up = place(0x1e, Prefix::None, true);
    let shift = place(0x2a, Prefix::None, false);
    let mut keyboard = keyboard();
    // A capital without Shift: the lock is on there, and not here.
    assert_eq!(
        pressed(&mut keyboard, &[(true, 0x41, 0x1e), (false, 0x41, 0x1e), (true, 0x41, 0x1e)]),
        [InputEvent::Synchronize(4), a, a_up, a]
    );
    // With Shift it makes a small one; the keys that are down stay down when it goes off.
    let keys = [(false, 0x41, 0x1e), (true, 0xffe1, 0x2a), (true, 0x61, 0x1e)];
    assert_eq!(pressed(&mut keyboard, &keys), [a_up, shift, a]);
    let keys = [(false, 0x61, 0x1e), (true, 0x41, 0x1e)];
    assert_eq!(
        pressed(&mut keyboard, &keys),
        [a_up, InputEvent::Synchronize(0), shift, a],
        "the lock went off elsewhere"
    );
}

#[test]
fn the_lock_keys_count() {
    let mut keyboard = keyboard();
    pressed(&mut keyboard, &[(true, 0xffe5, 0x3a), (true, 0xffe5, 0x3a), (false, 0xffe5, 0x3a)]);
    let capital = pressed(&mut keyboard, &[(true, 0x41, 0x1e), (false, 0x41, 0x1e)]);
    assert!(!capital.contains(&InputEvent::Synchronize(4)), "{capital:?}");
    let seven = pressed(&mut keyboard, &[(true, 0xffb7, 0x47), (true, 0xff50, 0xc7)]);
    assert_eq!(seven[0], InputEvent::Synchronize(6));
    // A shortcut says nothing of locks.
    let keys = [(true, 0xffe3, 0x1d), (true, 0x63, 0x2e)];
    assert_eq!(pressed(&mut keyboard, &keys).len(), 2);
}

#[test]
fn a_composed_letter_is_typed_as_such() {
    let composed = [(true, 0xea, 0x12), (false, 0xea, 0x12), (true, 0x5e, 0x39)];
    let want = [unicode(0xea, false), unicode(0xea, true), unicode(0x5e, false)];
    assert_eq!(pressed(&mut keyboard(), &composed), want);
    // With AltGr down it is where the layout has it.
    let polish = [(true, 0xfe03, 0xb8), (true, 0x0100_0105, 0x1e)];
    let want = [place(0x38, Prefix::E0, false), place(0x1e, Prefix::None, false)];
    assert_eq!(pressed(&mut keyboard(), &polish), want);
}

#[test]
fn all_keys_are_released_last_first() {
    let mut keyboard = keyboard();
    pressed(&mut keyboard, &[(true, 0xffe1, 0x2a), (true, 0x41, 0x1e), (true, 0x41, 0x1e)]);
    keyboard.set_locks(4);
    let mut events = Vec::new();
    keyboard.synchronize(&mut events);
    let want = [
        place(0x1e, Prefix::None, true),
        place(0x2a, Prefix::None, true),
        InputEvent::Synchronize(4),
    ];
    assert_eq!(events, want);
}

#[test]
fn keys_that_are_down_are_bounded() {
    let keys: Vec<_> = (0..1000).map(|key| (true, 0x0100_4e00 + key, 0)).collect();
    let events = pressed(&mut keyboard(), &keys);
    let ups =
        events.iter().filter(|event| matches!(event, InputEvent::Unicode { is_up: true, .. }));
    assert_eq!(ups.count(), 1000 - KEYS_DOWN_MAX);
}
