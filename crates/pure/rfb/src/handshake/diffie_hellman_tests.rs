//! Numbers that make no key. Sound exchanges, with a server written over another library, are in
//! the testkit.

use bytes::BytesMut;
use porthole_remote::Credentials;
use porthole_wire::Reader;

use super::{answer_apple, answer_ms_logon};
use crate::random::Random;
use crate::testing::credentials;
use crate::{RfbError, Seed};

/// The largest prime below 2^62, less or more of a number of 64 bits.
const PRIME: u64 = (1 << 62) - 57;

fn ms_logon(generator: u64, modulus: u64, public: u64) -> Result<Vec<u8>, RfbError> {
    let message = [generator, modulus, public].map(u64::to_be_bytes).concat();
    let mut out = BytesMut::new();
    let (who, mut random) = actors();
    for cut in 0..message.len() {
        let mut input = Reader::new(&message[..cut]);
        assert_eq!(answer_ms_logon(&mut input, &who, &mut random, &mut out), Ok(false));
        assert_eq!((input.len(), out.len()), (cut, 0));
    }
    let answered = answer_ms_logon(&mut Reader::new(&message), &who, &mut random, &mut out)?;
    assert!(answered);
    Ok(out.to_vec())
}

fn actors() -> (Credentials, Random) {
    (credentials(Some("ada"), Some("secret")), Seed::new([4; 32]).random())
}

#[test]
fn the_answer_has_its_length() {
    assert_eq!(ms_logon(5, PRIME, 1234).unwrap().len(), 8 + 256 + 64);
}

#[test]
fn numbers_that_make_no_key_are_refused() {
    for (generator, modulus, public) in [
        (0, PRIME, 5),
        (1, PRIME, 5),
        (5, PRIME, 0),
        (5, PRIME, 1),
        (PRIME - 1, PRIME, 5),
        (5, PRIME, PRIME - 1),
        (5, PRIME, PRIME),
        (5, PRIME, u64::MAX),
        (5, PRIME - 1, 7),
        (5, 0, 7),
        (5, 1, 7),
        (5, 3, 7),
    ] {
        let refused = ms_logon(generator, modulus, public).map_err(|error| error.cause());
        assert_eq!(refused, Err("weak_key"), "{generator} {modulus} {public}");
    }
}

#[test]
fn apples_numbers_have_limits() {
    let apple = |len: u16, generator: u16, modulus: u8, public: u8| {
        let number = |byte: u8| vec![byte; len.into()];
        let head = [generator.to_be_bytes(), len.to_be_bytes()].concat();
        let message = [head, number(modulus), number(public)].concat();
        let (who, mut random) = actors();
        let mut out = BytesMut::new();
        answer_apple(&mut Reader::new(&message), &who, &mut random, &mut out)
            .map(|_answered| out.len())
            .map_err(|error| error.cause())
    };
    assert_eq!(apple(128, 2, 0xff, 0x11), Ok(256));
    assert_eq!(apple(1024, 2, 0xff, 0x11), Ok(128 + 1024));
    assert_eq!(apple(127, 2, 0xff, 0x11), Err("weak_key"));
    assert_eq!(apple(0, 2, 0xff, 0x11), Err("weak_key"));
    assert_eq!(apple(1025, 2, 0xff, 0x11), Err("over_limit"));
    assert_eq!(apple(128, 0, 0xff, 0x11), Err("weak_key"));
    assert_eq!(apple(128, 1, 0xff, 0x11), Err("weak_key"));
    assert_eq!(apple(128, 2, 0xfe, 0x11), Err("weak_key"));
    assert_eq!(apple(128, 2, 0, 0x11), Err("weak_key"));
    assert_eq!(apple(128, 2, 0xff, 0), Err("weak_key"));
    assert_eq!(apple(128, 2, 0xff, 0xff), Err("weak_key"));
    let (who, mut random) = actors();
    let mut input = Reader::new(&[0, 2, 0, 128, 1, 2, 3]);
    let mut out = BytesMut::new();
    assert_eq!(answer_apple(&mut input, &who, &mut random, &mut out), Ok(false));
    assert_eq!((input.len(), out.len()), (7, 0));
}
