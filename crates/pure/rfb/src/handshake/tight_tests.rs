//! Tight's negotiation in whole handshakes.

use bytes::BufMut;
use porthole_pixels::Size;
use porthole_remote::Event;

use crate::RfbConfig;
use crate::testing::{check_cuts, credentials, server_init};

const SIZE: Size = Size { width: 4, height: 3 };
const NO_TUNNEL: (u32, &[u8; 12]) = (0, b"TGHTNOTUNNEL");
const NONE: (u32, &[u8; 12]) = (1, b"STDVNOAUTH__");
const VNC: (u32, &[u8; 12]) = (2, b"STDVVNCAUTH_");
const UNIX: (u32, &[u8; 12]) = (129, b"TGHTULGNAUTH");

fn list(capabilities: &[(u32, &[u8; 12])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.put_u32(u32::try_from(capabilities.len()).unwrap());
    for (code, name) in capabilities {
        bytes.put_u32(*code);
        bytes.put_slice(*name);
    }
    bytes
}

/// `ServerInit`, and lists of one message each way and two encodings.
fn init() -> Vec<u8> {
    let mut bytes = server_init(SIZE, b"desk");
    bytes.put_slice(&[0, 1, 0, 1, 0, 2, 0, 0]);
    bytes.put_slice(&[b'c'; 64]);
    bytes
}

fn config() -> RfbConfig {
    RfbConfig {
        credentials: credentials(Some("ada"), Some("secret")),
        allow_plaintext_password: true,
        ..RfbConfig::default()
    }
}

fn stream(parts: &[&[u8]]) -> Vec<u8> {
    [b"RFB 003.008\n\x01\x10", parts.concat().as_slice()].concat()
}

#[test]
fn connects_through_it() {
    let ok = [0; 4];
    let challenge = b"0123456789abcdef";
    let tunnels = list(&[(5, b"ACMEWORMHOLE"), NO_TUNNEL]);
    let cases: [(&str, Vec<u8>, &[u8]); 4] = [
        (
            "no list is empty",
            stream(&[&tunnels, &list(&[VNC]), challenge, &ok, &init()]),
            &[16, 0, 0, 0, 0, 0, 0, 0, 2, 0x75],
        ),
        ("no tunnels", stream(&[&list(&[]), &list(&[NONE]), &ok, &init()]), &[16, 0, 0, 0, 1, 1]),
        ("no ways in", stream(&[&list(&[]), &list(&[]), &ok, &init()]), &[16, 1]),
        (
            "a login",
            stream(&[&list(&[]), &list(&[VNC, UNIX]), &ok, &init()]),
            &[16, 0, 0, 0, 129, 0, 0, 0, 3, 0, 0, 0, 6, b'a'],
        ),
    ];
    for (name, server, client) in cases {
        let harness = check_cuts(&config(), &[&server[..], &[2]].concat());
        assert_eq!(harness.heard.error, None, "{name}");
        assert_eq!(&harness.heard.sent[12..][..client.len()], client, "{name}");
        let want = [Event::Connected, Event::Title("desk".into()), Event::Bell];
        assert_eq!(harness.heard.events, want, "{name}");
    }
}

#[test]
fn what_leads_nowhere_is_refused() {
    let many = [0, 0, 2, 1];
    let init = [&server_init(SIZE, b"desk")[..], &[0xff; 6], &[0, 0]].concat();
    let none = list(&[]);
    let cases: [(&[&[u8]], &str); 5] = [
        (&[&list(&[(5, b"ACMEWORMHOLE"), (0, b"ACMENOTUNNEL")])], "tunnel_unknown"),
        (&[&many], "over_limit"),
        (&[&none, &many], "over_limit"),
        (&[&none, &list(&[(2, b"ACMEVNCAUTH_")])], "security_unknown"),
        (&[&none, &none, &[0; 4], &init], "over_limit"),
    ];
    for (parts, cause) in cases {
        assert_eq!(check_cuts(&config(), &stream(parts)).cause(), Some(cause));
    }
}
