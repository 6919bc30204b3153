//! Our driver against these servers, and what either makes of a wrong password or key.

use std::time::Instant;

use anyhow::Result;
use bytes::BytesMut;
use porthole_pixels::{Size, Surface};
use porthole_remote::{Credentials, Event, Output, Remote, RemoteError};
use porthole_rfb::{RfbClient, RfbConfig, Seed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::{COLOUR, LoginKind, LoginOptions, Ra2, ServerKey, serve};

const GEOMETRY: (u16, u16) = (100, 70);

fn options(kind: LoginKind) -> LoginOptions {
    LoginOptions { kind, user: "ada".into(), password: "geheim".into(), geometry: GEOMETRY }
}

fn config(user: Option<&str>, password: &str) -> RfbConfig {
    RfbConfig {
        credentials: Credentials {
            username: user.map(str::to_owned),
            password: Some(password.into()),
            ..Credentials::default()
        },
        allow_plaintext_password: true,
        seed: Some(Seed::new([5; 32])),
        ..RfbConfig::default()
    }
}

fn every_kind() -> Vec<LoginKind> {
    let flags = [false, true];
    let mut kinds = vec![LoginKind::Apple(128), LoginKind::Apple(256), LoginKind::MsLogon];
    for is_256 in flags {
        for seals_all in flags {
            for asks_name in flags {
                kinds.push(LoginKind::Ra2(Ra2 { is_256, seals_all, asks_name }));
            }
        }
    }
    kinds
}

/// Everything the driver noticed until its first frame, and the picture.
async fn drive(
    mut stream: DuplexStream,
    config: RfbConfig,
) -> Result<(Vec<Event>, Surface), RemoteError> {
    let mut client = RfbClient::new(config, Instant::now());
    let (mut surface, mut arrived, mut events) = (Surface::default(), BytesMut::new(), Vec::new());
    loop {
        loop {
            match client.poll() {
                Output::Send(bytes) => {
                    // A server that is gone has said why.
                    let _gone = stream.write_all(&bytes).await;
                }
                Output::Event(Event::FrameEnd) => return Ok((events, surface)),
                Output::Event(event) => events.push(event),
                _ => break,
            }
        }
        let mut chunk = [0; 999];
        match stream.read(&mut chunk).await {
            Ok(count @ 1..) => {
                arrived.extend_from_slice(&chunk[..count]);
                client.handle_bytes(Instant::now(), &mut arrived, &mut surface)?;
            }
            _ => return client.handle_end(Instant::now()).map(|()| (events, surface)),
        }
    }
}

async fn meet(
    kind: LoginKind,
    key: &ServerKey,
    config: RfbConfig,
) -> Result<(Vec<Event>, Surface), RemoteError> {
    let (ours, theirs) = tokio::io::duplex(4096);
    let (options, key) = (options(kind), key.clone());
    let server = tokio::spawn(async move { serve(theirs, &options, &key).await });
    let met = drive(ours, config).await;
    server.abort();
    met
}

fn pin(key: &ServerKey) -> [u8; 32] {
    let text = key.fingerprint().unwrap();
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap();
    std::array::from_fn(byte)
}

#[tokio::test]
async fn every_login_is_understood_by_both() {
    let key = ServerKey::generate().unwrap();
    for kind in every_kind() {
        let (events, surface) = meet(kind, &key, config(Some("ada"), "geheim")).await.unwrap();
        let [red, green, blue] = COLOUR;
        assert_eq!(surface.size(), Size::new(GEOMETRY.0, GEOMETRY.1), "{kind:?}");
        let is_painted =
            surface.bytes().chunks(4).all(|pixel| pixel == [red, green, blue, u8::MAX]);
        assert!(is_painted, "{kind:?}");
        let is_unverified = matches!(&events[..], [Event::Unverified(words), ..]
            if words.contains(&key.fingerprint().unwrap()));
        assert_eq!(is_unverified, matches!(kind, LoginKind::Ra2(_)), "{kind:?}");

        let error = meet(kind, &key, config(Some("ada"), "falsch")).await.unwrap_err();
        assert_eq!(error.cause(), "authentication_failed", "{kind:?}");
        assert!(error.to_string().contains("wrong secret"), "{error}");
    }
}

#[tokio::test]
async fn a_pinned_key_is_the_only_one() {
    let (key, other) = (ServerKey::generate().unwrap(), ServerKey::generate().unwrap());
    let kind = LoginKind::Ra2(Ra2 { is_256: true, seals_all: true, asks_name: true });
    let pinned = |key: &ServerKey| RfbConfig {
        server_key_pins: vec![[0; 32], pin(key)],
        ..config(Some("ada"), "geheim")
    };
    let (events, _) = meet(kind, &key, pinned(&key)).await.unwrap();
    assert!(!events.iter().any(|event| matches!(event, Event::Unverified(_))));
    let error = meet(kind, &key, pinned(&other)).await.unwrap_err();
    assert_eq!(error.cause(), "server_key_not_pinned");
    assert!(error.to_string().contains(&key.fingerprint().unwrap()), "{error}");
    // Without the key there is no other way in.
    let error = meet(LoginKind::Apple(128), &key, pinned(&key)).await.unwrap_err();
    assert_eq!(error.cause(), "security_not_allowed");
}

#[tokio::test]
async fn what_is_not_configured_is_asked_for() {
    let key = ServerKey::generate().unwrap();
    let ra2 = |asks_name| LoginKind::Ra2(Ra2 { is_256: false, seals_all: true, asks_name });
    assert!(meet(ra2(false), &key, config(None, "geheim")).await.is_ok());
    let error = meet(ra2(true), &key, config(None, "geheim")).await.unwrap_err();
    assert_eq!(error.cause(), "credentials_missing");
    let seedless = RfbConfig { seed: None, ..config(Some("ada"), "geheim") };
    let error = meet(ra2(true), &key, seedless).await.unwrap_err();
    assert_eq!(error.cause(), "security_not_allowed");
    let shy = RfbConfig { allow_plaintext_password: false, ..config(Some("ada"), "geheim") };
    let error = meet(LoginKind::MsLogon, &key, shy).await.unwrap_err();
    assert_eq!(error.cause(), "security_not_allowed");
    let long = config(Some("ada"), &"x".repeat(64));
    let error = meet(LoginKind::Apple(128), &key, long).await.unwrap_err();
    assert_eq!(error.cause(), "credential_too_long");
    let strict = |kind| {
        let config = RfbConfig { require_encryption: true, ..config(Some("ada"), "geheim") };
        meet(kind, &key, config)
    };
    assert!(strict(ra2(true)).await.is_ok());
    let sealed_login = LoginKind::Ra2(Ra2 { is_256: true, seals_all: false, asks_name: true });
    assert_eq!(strict(sealed_login).await.unwrap_err().cause(), "security_not_allowed");
}
