//! Servers that are not what they should be. Sound ones, written over another library, are met in
//! the testkit.

use bytes::{BufMut, BytesMut};
use chacha20::rand_core::Rng as _;
use porthole_wire::Reader;

use super::rsa::{KeyPair, PublicKey};
use super::{Ra2, Ra2Step, hash, keys_128};
use crate::random::Random;
use crate::testing::credentials;
use crate::{RfbConfig, RfbError, SecurityKind, Seed};

/// A client in the middle of it, and what its server knows.
struct Stage {
    ra2: Ra2,
    config: RfbConfig,
    random: Random,
    server: KeyPair,
    client: Option<PublicKey>,
}

impl Stage {
    fn new() -> Self {
        let mut random = Seed::new([1; 32]).random();
        let server = KeyPair::generate(&mut random);
        let config = RfbConfig {
            credentials: credentials(Some("ada"), Some("secret")),
            ..RfbConfig::default()
        };
        Self { ra2: Ra2::new(SecurityKind::Ra2), config, random, server, client: None }
    }

    fn step(&mut self, bytes: &[u8]) -> Result<(Ra2Step, Vec<u8>), RfbError> {
        let mut out = BytesMut::new();
        let mut input = Reader::new(bytes);
        let step = self.ra2.step(&mut input, &self.config, &mut self.random, &mut out)?;
        assert!(input.is_empty() || matches!(step, Ra2Step::Wait));
        Ok((step, out.to_vec()))
    }

    /// Up to where our random number is known to the server.
    fn exchange_keys(&mut self) -> [u8; 16] {
        let mut wire = Vec::new();
        self.server.public.put(&mut wire);
        let (step, sent) = self.step(&wire).unwrap();
        assert!(matches!(step, Ra2Step::Unverified(_)));
        let mut sent = Reader::new(&sent);
        let client = PublicKey::read(&mut sent).unwrap().unwrap();
        assert_eq!(sent.u16_be(), Some(256));
        let random = self.server.decrypt::<16>(sent.take_rest()).unwrap();
        self.client = Some(client);
        *random
    }

    /// The message that brings the server's random number.
    fn random_message(&mut self, number: &[u8]) -> Vec<u8> {
        let mut message = vec![1, 0];
        let client = self.client.as_ref().unwrap();
        message.put_slice(&client.encrypt(number, &mut self.random).unwrap());
        message
    }
}

#[test]
fn a_sound_server_is_told_the_login() {
    let mut stage = Stage::new();
    let theirs = stage.exchange_keys();
    let mut number = [0; 16];
    stage.random.fill_bytes(&mut number);
    let message = stage.random_message(&number);
    for cut in [0, 1, 2, 257] {
        assert!(matches!(stage.step(&message[..cut]), Ok((Ra2Step::Wait, _))), "{cut}");
    }
    let (step, sent) = stage.step(&message).unwrap();
    assert!(matches!(step, Ra2Step::Seal(_)) && sent.is_empty());
    let client = stage.client.clone().unwrap();
    let (_, sent) = stage.step(&[]).unwrap();
    assert_eq!(sent, hash(false, &client, &stage.server.public));
    let ours = hash(false, &stage.server.public, &client);
    assert!(matches!(stage.step(&ours), Ok((Ra2Step::Next, _))));
    let (step, sent) = stage.step(&[1]).unwrap();
    assert!(matches!(step, Ra2Step::Done));
    assert_eq!(sent, b"\x03ada\x06secret");
    // Both sides can make the keys.
    let mut half = [0; 32];
    half[..16].copy_from_slice(&theirs);
    let (mut sealer, _) = keys_128(&half, &number).start();
    let (_, mut opener) = keys_128(&half, &number).start();
    let mut sealed = BytesMut::new();
    sealer.seal(b"x", &mut sealed);
    // Each direction has its own.
    let opened = opener.open(&mut Reader::new(&sealed), &mut BytesMut::new());
    assert_eq!(opened, Err(RfbError::Tampered));
}

#[test]
fn changes_on_the_way_are_noticed() {
    let mut stage = Stage::new();
    stage.exchange_keys();
    let message = stage.random_message(&[3; 16]);
    let mut changed = message.clone();
    changed[100] ^= 1;
    assert_eq!(stage.step(&changed).unwrap_err(), RfbError::Tampered);
    assert_eq!(stage.step(&[0, 255]).unwrap_err().cause(), "bad_field");
    let short = stage.random_message(&[3; 15]);
    assert_eq!(stage.step(&short).unwrap_err(), RfbError::Tampered);
    stage.step(&message).unwrap();
    stage.step(&[]).unwrap();
    assert_eq!(stage.step(&[0; 20]).unwrap_err(), RfbError::Tampered);
}

#[test]
fn strange_questions_are_not_answered() {
    for (subtype, cause) in [(0, "bad_field"), (3, "bad_field"), (1, "credentials_missing")] {
        let mut out = BytesMut::new();
        let nobody = credentials(None, Some("secret"));
        let error = super::put_login(subtype, &nobody, &mut out).unwrap_err();
        assert_eq!((error.cause(), out.len()), (cause, 0), "{subtype}");
    }
    let mut out = BytesMut::new();
    let long = "x".repeat(256);
    let error = super::put_login(2, &credentials(None, Some(&long)), &mut out).unwrap_err();
    assert_eq!((error.cause(), out.len()), ("credential_too_long", 0));
}
