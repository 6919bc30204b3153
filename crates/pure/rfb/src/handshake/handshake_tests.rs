//! Whole handshakes, as servers of all versions and security types hold them.

use std::time::Duration;

use porthole_pixels::{SURFACE_SIDE_MAX_PX, Size};
use porthole_remote::{Blame, Event, Secure};

use crate::RfbConfig;
use crate::testing::{Harness, check_cuts, credentials, server_init};

const SIZE: Size = Size { width: 4, height: 3 };
const CHALLENGE: &[u8; 16] = b"0123456789abcdef";
const OK: &[u8] = &[0; 4];

fn config(username: Option<&str>, password: Option<&str>) -> RfbConfig {
    RfbConfig { credentials: credentials(username, password), ..RfbConfig::default() }
}

fn init() -> Vec<u8> {
    server_init(SIZE, b"desk")
}

/// The answer to [`CHALLENGE`] with the password "secret", from another implementation of DES.
const RESPONSE: [u8; 16] = [
    0x75, 0x24, 0x40, 0xee, 0x2b, 0xfc, 0xc2, 0xa0, 0xd9, 0x01, 0x3f, 0xd2, 0x03, 0x71, 0xe2, 0x3b,
];

struct Case {
    name: &'static str,
    config: RfbConfig,
    server: Vec<u8>,
    /// What the client sends before its first message.
    client: Vec<u8>,
}

#[test]
fn connects_without_tls() {
    let nobody = || config(None, None);
    let password = || config(None, Some("secret"));
    let cases = [
        Case {
            name: "3.3, none",
            config: nobody(),
            server: [b"RFB 003.003\n", &[0, 0, 0, 1][..], &init()].concat(),
            client: [&b"RFB 003.003\n"[..], &[1]].concat(),
        },
        Case {
            name: "3.3, VNC authentication, exclusive",
            config: RfbConfig { shared: false, ..password() },
            server: [b"RFB 003.005\n", &[0, 0, 0, 2][..], CHALLENGE, OK, &init()].concat(),
            client: [&b"RFB 003.003\n"[..], &RESPONSE, &[0]].concat(),
        },
        Case {
            name: "3.7, none: no result follows",
            config: nobody(),
            server: [b"RFB 003.007\n", &[2, 2, 1][..], &init()].concat(),
            client: [&b"RFB 003.007\n"[..], &[1], &[1]].concat(),
        },
        Case {
            name: "3.8, VNC authentication, types we do not know",
            config: password(),
            server: [b"RFB 003.889\n", &[4, 30, 33, 36, 2][..], CHALLENGE, OK, &init()].concat(),
            client: [&b"RFB 003.008\n"[..], &[2], &RESPONSE, &[1]].concat(),
        },
        Case {
            name: "VeNCrypt around plain VNC authentication",
            config: RfbConfig { security: vec![crate::SecurityKind::VncAuth], ..password() },
            server: [
                b"RFB 003.008\n",
                &[1, 19, 0, 2, 0, 2, 0, 0, 1, 4, 0, 0, 0, 2][..],
                CHALLENGE,
                OK,
                &init(),
            ]
            .concat(),
            client: [&b"RFB 003.008\n"[..], &[19, 0, 2, 0, 0, 0, 2], &RESPONSE, &[1]].concat(),
        },
        Case {
            name: "VeNCrypt, user name and password in clear",
            config: RfbConfig { allow_plaintext_password: true, ..config(Some("ada"), Some("pw")) },
            server: [b"RFB 003.008\n", &[1, 19, 0, 2, 0, 1, 0, 0, 1, 0][..], OK, &init()].concat(),
            client: [
                &b"RFB 003.008\n"[..],
                &[19, 0, 2, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 2],
                b"adapw",
                &[1],
            ]
            .concat(),
        },
    ];
    for case in cases {
        let harness = check_cuts(&case.config, &case.server);
        assert_eq!(harness.heard.error, None, "{}", case.name);
        assert_eq!(harness.heard.sent[..case.client.len()], case.client, "{}", case.name);
        // SetPixelFormat is the first message.
        assert_eq!(harness.heard.sent[case.client.len()..][..5], [0, 0, 0, 0, 32], "{}", case.name);
        assert_eq!(
            harness.heard.events,
            [Event::Connected, Event::Title("desk".into())],
            "{}",
            case.name
        );
        assert_eq!(harness.surface.size(), SIZE, "{}", case.name);
        assert_eq!(harness.wait, None, "{}", case.name);
    }
}

#[test]
fn connects_inside_tls() {
    let cases = [
        (257, Secure::Anonymous, Vec::new()),
        (258, Secure::Anonymous, RESPONSE.to_vec()),
        (259, Secure::Anonymous, b"\0\0\0\x03\0\0\0\x06adasecret".to_vec()),
        (260, Secure::Certificate, Vec::new()),
        (261, Secure::Certificate, RESPONSE.to_vec()),
        (262, Secure::Certificate, b"\0\0\0\x03\0\0\0\x06adasecret".to_vec()),
    ];
    for (subtype, secure, proof) in cases {
        let [_, _, high, low] = u32::to_be_bytes(subtype);
        let mut harness = Harness::new(config(Some("ada"), Some("secret")));
        let clear = [&b"RFB 003.008\n"[..], &[2, 2, 19, 0, 2, 0, 1, 0, 0, high, low, 1]].concat();
        for byte in &clear {
            harness.feed(&[*byte]);
        }
        assert_eq!(harness.heard.secure, [secure], "{subtype}");
        let sent = [&b"RFB 003.008\n"[..], &[19, 0, 2, 0, 0, high, low]].concat();
        assert_eq!(harness.take_sent(), sent, "{subtype}");
        // The server's side of TLS must be left where it is.
        harness.feed(b"\x16\x03\x03");
        assert_eq!(&harness.arrived[..], b"\x16\x03\x03", "{subtype}");
        harness.arrived.clear();

        harness.secured();
        if proof == RESPONSE {
            harness.feed(CHALLENGE);
        }
        harness.feed(OK);
        harness.feed(&init());
        let sent = harness.take_sent();
        assert_eq!(sent[..proof.len()], proof, "{subtype}");
        assert_eq!(sent[proof.len()..][..2], [1, 0], "{subtype}");
        assert_eq!(harness.heard.error, None, "{subtype}");
        assert_eq!(harness.heard.events[0], Event::Connected, "{subtype}");
    }
}

#[test]
fn reports_refusals() {
    let password = || config(None, Some("secret"));
    let too_big = Size::new(SURFACE_SIDE_MAX_PX + 1, 1);
    let cases: [(&[&[u8]], &str, Blame, &str); 11] = [
        (&[b"RFB 003.003\n", &[0; 4], b"\0\0\0\x02no"], "refused", Blame::Remote, "no"),
        (&[b"RFB 003.008\n", &[0], b"\0\0\0\x04full"], "refused", Blame::Remote, "full"),
        (
            &[b"RFB 003.008\n", &[1, 2], CHALLENGE, &[0, 0, 0, 1], b"\0\0\0\x03bad"],
            "authentication_failed",
            Blame::Credentials,
            "bad",
        ),
        (
            &[b"RFB 003.007\n", &[1, 2], CHALLENGE, &[0, 0, 0, 1]],
            "authentication_failed",
            Blame::Credentials,
            "no reason given",
        ),
        (
            &[b"RFB 003.008\n", &[1, 2], CHALLENGE, &[0, 0, 0, 2], b"\0\0\0\0"],
            "too_many_attempts",
            Blame::Credentials,
            "no reason given",
        ),
        (
            &[b"RFB 003.008\n", &[1, 2], CHALLENGE, &[0, 0, 0, 3]],
            "bad_field",
            Blame::Remote,
            "security result cannot be 3",
        ),
        (&[b"RFB 003.003\n", &[0, 0, 0, 19]], "security_unknown", Blame::Remote, "19"),
        (&[b"RFB 003.008\n", &[1, 19, 0, 1]], "vencrypt_version", Blame::Remote, "0.1"),
        (&[b"RFB 003.008\n", &[1, 19, 0, 2, 1]], "vencrypt_version", Blame::Remote, "0.2"),
        (
            &[b"RFB 003.008\n", &[1, 19, 0, 2, 0, 1, 0, 0, 1, 2, 0]],
            "tls_refused",
            Blame::Remote,
            "TLS",
        ),
        (
            &[b"RFB 003.008\n", &[1, 2], CHALLENGE, OK, &server_init(too_big, b"")],
            "desktop_too_large",
            Blame::Remote,
            "limit",
        ),
    ];
    for (parts, cause, blame, words) in cases {
        let harness = check_cuts(&password(), &parts.concat());
        let error = harness.heard.error.unwrap();
        assert_eq!((error.cause(), error.blame()), (cause, blame));
        assert!(error.to_string().contains(words), "{error}");
        assert!(harness.heard.is_closed);
    }
}

#[test]
fn a_long_reason_is_cut_and_not_waited_for() {
    let mut harness = Harness::new(RfbConfig::default());
    harness.feed(b"RFB 003.008\n\0\xff\xff\xff\xff");
    harness.feed(&[b'x'; 255]);
    assert_eq!(harness.heard.error, None);
    harness.feed(b"\n");
    let message = harness.heard.error.unwrap().to_string();
    assert!(message.ends_with(&"x".repeat(255)), "{message}");
}

#[test]
fn an_end_inside_a_reason_tells_what_there_is() {
    let mut harness = Harness::new(RfbConfig::default());
    harness.feed(b"RFB 003.008\n\0\0\0\0\x20too many");
    harness.end();
    let message = harness.heard.error.unwrap().to_string();
    assert_eq!(message, "the server refused the connection: too many");
}

#[test]
fn a_long_name_is_passed_over() {
    let name = [b'n'; 5000];
    let server = [b"RFB 003.008\n", &[1, 1][..], OK, &server_init(SIZE, &name), &[2]].concat();
    let harness = check_cuts(&RfbConfig::default(), &server);
    let title = Event::Title("n".repeat(256));
    assert_eq!(harness.heard.events, [Event::Connected, title, Event::Bell]);

    let mut hostile = server_init(SIZE, b"");
    hostile[20..].copy_from_slice(&[0xff; 4]);
    let server = [b"RFB 003.008\n", &[1, 1][..], OK, &hostile].concat();
    assert_eq!(check_cuts(&RfbConfig::default(), &server).cause(), Some("over_limit"));
}

#[test]
fn another_protocol_is_told_apart() {
    let mut harness = Harness::new(RfbConfig::default());
    harness.feed(b"HTTP/1.1 400 Bad Request\r\n");
    assert_eq!(harness.cause(), Some("not_rfb"));
}

#[test]
fn credentials_that_are_missing_are_named() {
    let harness = check_cuts(&RfbConfig::default(), b"RFB 003.008\n\x01\x02");
    let error = harness.heard.error.unwrap();
    assert_eq!((error.cause(), error.blame()), ("credentials_missing", Blame::Credentials));
    assert!(error.to_string().contains("password"));
}

#[test]
fn the_handshake_has_a_time_limit() {
    let mut harness = Harness::new(RfbConfig::default());
    assert_eq!(harness.wait, Some(harness.now + Duration::from_secs(15)));
    harness.feed(b"RFB 003.008\n");
    harness.pass(Duration::from_millis(14_999));
    assert_eq!(harness.heard.error, None);
    harness.pass(Duration::from_millis(1));
    assert_eq!(harness.cause(), Some("handshake_timeout"));
    assert!(harness.heard.is_closed);
}

#[test]
fn tls_that_nobody_asked_for_is_an_error() {
    let mut harness = Harness::new(RfbConfig::default());
    harness.secured();
    assert_eq!(harness.cause(), Some("secured_unasked"));
}
