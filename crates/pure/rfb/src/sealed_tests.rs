//! Frames against known answers, and against everything that can happen to them.

use bytes::BytesMut;
use porthole_wire::Reader;
use zeroize::Zeroizing;

use super::{Key, Keys};
use crate::RfbError;

fn keys(is_256: bool) -> Keys {
    let key = |byte: u8| {
        if is_256 {
            Key::Aes256(Zeroizing::new([byte; 32]))
        } else {
            Key::Aes128(Zeroizing::new([byte; 16]))
        }
    };
    Keys { client: key(1), server: key(1) }
}

#[test]
fn frames_open_as_they_were_sealed() {
    for is_256 in [false, true] {
        for len in [0, 1, 8191, 8192, 8193, 20_000] {
            let (mut sealer, mut opener) = keys(is_256).start();
            let plain: Vec<u8> = (0..len).map(|at: usize| at.to_le_bytes()[0]).collect();
            let mut sealed = BytesMut::new();
            sealer.seal(&plain, &mut sealed);
            assert_eq!(sealed.len(), len + len.div_ceil(8192) * 18);
            let (mut input, mut opened) = (Reader::new(&sealed), BytesMut::new());
            while opener.open(&mut input, &mut opened).unwrap() {}
            assert!(input.is_empty());
            assert_eq!(opened, plain);
        }
    }
}

#[test]
fn a_frame_waits_for_its_end_and_takes_nothing_before() {
    let (mut sealer, mut opener) = keys(false).start();
    let mut sealed = BytesMut::new();
    sealer.seal(b"hello", &mut sealed);
    for cut in 0..sealed.len() {
        let mut input = Reader::new(&sealed[..cut]);
        let mut opened = BytesMut::new();
        assert_eq!(opener.open(&mut input, &mut opened), Ok(false));
        assert_eq!((input.len(), opened.len()), (cut, 0));
    }
}

#[test]
fn any_change_is_noticed() {
    let mut sealed = BytesMut::new();
    keys(true).start().0.seal(b"hello", &mut sealed);
    let open = |bytes: &[u8]| {
        let (_, mut opener) = keys(true).start();
        opener.open(&mut Reader::new(bytes), &mut BytesMut::new())
    };
    assert_eq!(open(&sealed), Ok(true));
    for place in 2..sealed.len() {
        let mut changed = sealed.to_vec();
        changed[place] ^= 0x10;
        assert_eq!(open(&changed), Err(RfbError::Tampered), "{place}");
    }
    // A shorter length is authenticated too.
    let mut changed = sealed.to_vec();
    changed[1] -= 1;
    assert_eq!(open(&changed), Err(RfbError::Tampered));
    // Frames cannot be repeated or left out.
    let (_, mut opener) = keys(true).start();
    let mut opened = BytesMut::new();
    assert_eq!(opener.open(&mut Reader::new(&sealed), &mut opened), Ok(true));
    assert_eq!(opener.open(&mut Reader::new(&sealed), &mut opened), Err(RfbError::Tampered));
}
