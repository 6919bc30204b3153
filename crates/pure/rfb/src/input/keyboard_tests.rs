//! Keys on the wire.

use bytes::BytesMut;

use super::Keyboard;
use crate::limits::KEYS_DOWN_MAX;

const A: u32 = 0x61;
const CAPITAL_A: u32 = 0x41;

/// One message: by meaning (place 0), or with its place as well.
type Sent = (bool, u32, u16);

fn messages(out: &BytesMut) -> Vec<Sent> {
    let mut rest = &out[..];
    let mut sent = Vec::new();
    while let Some(kind) = rest.first() {
        let len = if *kind == 4 { 8 } else { 12 };
        let message = &rest[..len];
        sent.push(if *kind == 4 {
            (message[1] == 1, u32::from_be_bytes(message[4..8].try_into().unwrap()), 0)
        } else {
            assert_eq!(message[..3], [255, 0, 0]);
            let place = u16::from_be_bytes(message[10..12].try_into().unwrap());
            (message[3] == 1, u32::from_be_bytes(message[4..8].try_into().unwrap()), place)
        });
        rest = &rest[len..];
    }
    sent
}

fn sent(keyboard: &mut Keyboard, keys: &[Sent]) -> Vec<Sent> {
    let mut out = BytesMut::new();
    for (down, keysym, scancode) in keys {
        keyboard.key(*down, *keysym, *scancode, &mut out);
    }
    messages(&out)
}

#[test]
fn places_go_only_where_they_are_understood() {
    let mut keyboard = Keyboard::default();
    let keys = [(true, A, 0x1e), (false, A, 0x1e)];
    assert_eq!(sent(&mut keyboard, &keys), [(true, A, 0), (false, A, 0)]);
    keyboard.use_scancodes();
    assert_eq!(sent(&mut keyboard, &keys), keys);
    // A phone's key has no place.
    assert_eq!(sent(&mut keyboard, &[(true, A, 0), (false, A, 0)]), [(true, A, 0), (false, A, 0)]);
    // The browser could not tell the meaning: the place is enough.
    assert_eq!(sent(&mut keyboard, &[(true, 0, 0x9d)]), [(true, 0, 0x9d)]);
}

#[test]
fn a_release_names_what_went_down() {
    let mut keyboard = Keyboard::default();
    // Shift went up in between.
    let keys = [(true, CAPITAL_A, 0x1e), (false, A, 0x1e)];
    assert_eq!(sent(&mut keyboard, &keys), [(true, CAPITAL_A, 0), (false, CAPITAL_A, 0)]);
    // A release on its own is passed on: the server may hold the key down.
    assert_eq!(sent(&mut keyboard, &[(false, A, 0x1e)]), [(false, A, 0)]);
}

#[test]
fn repeats_are_presses() {
    let mut keyboard = Keyboard::default();
    let keys = [(true, A, 0x1e), (true, A, 0x1e), (true, CAPITAL_A, 0x1e)];
    let want = [(true, A, 0), (true, A, 0), (false, A, 0), (true, CAPITAL_A, 0)];
    assert_eq!(sent(&mut keyboard, &keys), want);
    let mut out = BytesMut::new();
    keyboard.release_all(&mut out);
    assert_eq!(messages(&out), [(false, CAPITAL_A, 0)]);
}

#[test]
fn an_unknown_meaning_is_looked_up_by_place() {
    let mut keyboard = Keyboard::default();
    let keys = [(true, 0, 0x9d), (false, 0, 0x9d), (true, 0, 0x7f), (true, 0, 0)];
    assert_eq!(sent(&mut keyboard, &keys), [(true, 0xffe4, 0), (false, 0xffe4, 0)]);
}

#[test]
fn all_keys_are_released_last_first() {
    let mut keyboard = Keyboard::default();
    keyboard.use_scancodes();
    sent(&mut keyboard, &[(true, 0xffe1, 0x2a), (true, A, 0), (true, A, 0x1e)]);
    let mut out = BytesMut::new();
    keyboard.release_all(&mut out);
    assert_eq!(messages(&out), [(false, A, 0x1e), (false, A, 0), (false, 0xffe1, 0x2a)]);
    keyboard.release_all(&mut out);
    assert_eq!(messages(&out).len(), 3);
}

#[test]
fn keys_that_are_down_are_bounded() {
    let mut keyboard = Keyboard::default();
    let keys: Vec<Sent> = (0..1000).map(|key| (true, 0x0100_0000 + key, 0)).collect();
    let all = sent(&mut keyboard, &keys);
    let released = all.iter().filter(|(down, ..)| !down).count();
    assert_eq!((all.len() - released, released), (1000, 1000 - KEYS_DOWN_MAX));
}

#[test]
fn text_is_typed() {
    let mut out = BytesMut::new();
    Keyboard::default().text("\u{e9}\r\n\u{20ac}\t\u{1}", &mut out);
    let want: Vec<Sent> = [0xe9, 0xff0d, 0x0100_20ac, 0xff09]
        .into_iter()
        .flat_map(|keysym| [(true, keysym, 0), (false, keysym, 0)])
        .collect();
    assert_eq!(messages(&out), want);
}
