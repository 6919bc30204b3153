use bytes::BytesMut;
use porthole_remote::{Cells, RemoteError};
use porthole_terminal::Line as _;
use proptest::prelude::*;

use super::{ANSWERS_MAX_BYTES, TelnetConfig, TelnetLine};
use crate::{Charset, Logon, Pattern, Verdict};

const SIZE: Cells = Cells { columns: 100, rows: 30 };

fn config(username: Option<&str>, password: Option<&str>, charset: &str) -> TelnetConfig {
    TelnetConfig {
        terminal_type: "xterm-256color".to_owned(),
        charset: Charset::named(charset).unwrap(),
        logon: Logon {
            username: username.map(str::to_owned),
            password: password.map(Into::into),
            username_prompt: Pattern::new(Pattern::USERNAME).ok(),
            password_prompt: Pattern::new(Pattern::PASSWORD).ok(),
            verdict: None,
        },
    }
}

/// A line, and what it has shown and sent since it was asked.
struct Rig {
    line: TelnetLine,
    text: BytesMut,
    out: BytesMut,
}

impl Rig {
    fn new(config: TelnetConfig) -> Self {
        let mut line = TelnetLine::new(config);
        let mut out = BytesMut::new();
        line.start(SIZE, &mut out);
        assert!(out.is_empty(), "nothing is said first");
        Self { line, text: BytesMut::new(), out }
    }

    fn plain() -> Self {
        Self::new(config(None, None, "utf-8"))
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), RemoteError> {
        let mut arrived = BytesMut::from(bytes);
        let result = self.line.receive(&mut arrived, &mut self.text, &mut self.out);
        assert!(arrived.is_empty(), "everything is taken");
        result
    }

    /// What is shown and sent for `bytes`.
    fn hear(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        self.receive(bytes).unwrap();
        (self.text.split().to_vec(), self.out.split().to_vec())
    }

    fn type_in(&mut self, typed: &[u8]) -> (Vec<u8>, Vec<u8>) {
        self.line.typed(typed, &mut self.text, &mut self.out);
        (self.text.split().to_vec(), self.out.split().to_vec())
    }
}

#[test]
fn negotiates_as_debians_telnetd_opens() {
    let mut rig = Rig::new(config(Some("ada"), None, "utf-8"));
    // WILL AUTHENTICATION, WILL ENCRYPT, DO TERMINAL-TYPE, TSPEED, XDISPLOC, NEW-ENVIRON, OLD-ENVIRON.
    let opening = b"\xff\xfb%\xff\xfb&\xff\xfd\x18\xff\xfd \xff\xfd#\xff\xfd'\xff\xfd$";
    let answer = b"\xff\xfe%\xff\xfe&\xff\xfb\x18\xff\xfc \xff\xfc#\xff\xfb'\xff\xfc$";
    assert_eq!(rig.hear(opening), (vec![], answer.to_vec()));
    let size = b"\xff\xfb\x1f\xff\xfa\x1f\0\x64\0\x1e\xff\xf0";
    assert_eq!(rig.hear(b"\xff\xfd\x1f"), (vec![], size.to_vec()));
    let name = b"\xff\xfa\x18\0xterm-256color\xff\xf0";
    assert_eq!(rig.hear(b"\xff\xfa\x18\x01\xff\xf0"), (vec![], name.to_vec()));
    let user = b"\xff\xfa'\0\0USER\x01ada\xff\xf0";
    assert_eq!(rig.hear(b"\xff\xfa'\x01\xff\xf0"), (vec![], user.to_vec()));
    // ENCRYPT was refused, so nothing is said of it.
    assert_eq!(rig.hear(b"\xff\xfa&\x01\xff\xf0"), (vec![], vec![]));
    assert!(rig.line.resize(Cells { columns: 255, rows: 1 }, &mut rig.out));
    assert_eq!(&rig.out[..], b"\xff\xfa\x1f\0\xff\xff\0\x01\xff\xf0");
}

#[test]
fn tells_no_size_that_nobody_asked_for() {
    let mut rig = Rig::plain();
    assert!(rig.line.resize(Cells { columns: 20, rows: 10 }, &mut rig.out));
    assert!(rig.out.is_empty());
    let size = b"\xff\xfb\x1f\xff\xfa\x1f\0\x14\0\x0a\xff\xf0";
    assert_eq!(rig.hear(b"\xff\xfd\x1f"), (vec![], size.to_vec()));
}

#[test]
fn ends_lines_as_the_mode_wants() {
    let mut rig = Rig::plain();
    assert_eq!(rig.type_in(b"a\r"), (b"a\r\n".to_vec(), b"a\r\n".to_vec()), "line by line");
    rig.hear(b"\xff\xfb\x03");
    assert_eq!(rig.type_in(b"a\r"), (b"a\r\n".to_vec(), b"a\r\0".to_vec()), "we echo");
    rig.hear(b"\xff\xfb\x01");
    assert_eq!(rig.type_in(b"a\r"), (vec![], b"a\r\0".to_vec()), "the server echoes");
    rig.hear(b"\xff\xfd\0");
    assert_eq!(rig.type_in(b"a\r\xff"), (vec![], b"a\r\xff\xff".to_vec()), "binary");
    rig.hear(b"\xff\xfb\0");
    assert_eq!(rig.hear(b"\r\0"), (b"\r\0".to_vec(), vec![]), "binary from the server");
}

#[test]
fn gives_up_the_line_to_a_server_that_echoes() {
    let mut rig = Rig::plain();
    assert_eq!(rig.type_in(b"ad"), (b"ad".to_vec(), vec![]));
    assert_eq!(rig.hear(b"\xff\xfb\x01"), (vec![], b"\xff\xfd\x01ad".to_vec()));
}

#[test]
fn answers_commands_that_ask_for_it() {
    let mut rig = Rig::plain();
    assert_eq!(rig.hear(b"a\xff\xf6b"), (b"ab".to_vec(), b"\xff\xf1".to_vec()));
    // Go Ahead, Data Mark, End of Record, Abort Output and the like show and say nothing.
    assert_eq!(rig.hear(b"\xff\xf9\xff\xf2\xff\xef\xff\xf5\xff\xf1"), (vec![], vec![]));
}

#[test]
fn logs_on() {
    let mut rig = Rig::new(config(Some("ada"), Some("s\u{e9}same"), "iso-8859-1"));
    rig.hear(b"\xff\xfb\x01\xff\xfb\x03");
    assert_eq!(rig.hear(b"host login: ").1, b"ada\r\0");
    assert_eq!(rig.hear(b"ada\r\nPassword: ").1, b"s\xe9same\r\0");
    assert_eq!(rig.hear(b"\r\ncaf\xe9$ login: "), ("\r\ncafé$ login: ".into(), vec![]));
}

#[test]
fn leaves_the_log_on_to_whoever_types() {
    let mut verdict = config(Some("ada"), Some("secret"), "utf-8");
    verdict.logon.verdict = Some(Verdict {
        success: Pattern::new(r"\$ $").unwrap(),
        failure: Pattern::new("incorrect").unwrap(),
    });
    let mut rig = Rig::new(verdict.clone());
    rig.hear(b"\xff\xfb\x01\xff\xfb\x03");
    assert_eq!(rig.hear(b"login: "), (vec![], b"ada\r\0".to_vec()));
    assert_eq!(rig.type_in(b"x"), (b"login: ".to_vec(), b"x".to_vec()), "and shows what there is");
    assert_eq!(rig.hear(b"Password: "), (b"Password: ".to_vec(), vec![]));

    // The terminal's own words are not somebody's.
    let mut rig = Rig::new(verdict.clone());
    rig.line.send(b"\x1b[?1;2c", &mut rig.out);
    rig.out.clear();
    rig.hear(b"login: ");
    assert_eq!(rig.hear(b"Password: "), (vec![], b"secret\r\n".to_vec()));

    let mut rig = Rig::new(verdict);
    rig.hear(b"login: closed for today");
    rig.line.end(&mut rig.text);
    assert_eq!(rig.text, "login: closed for today");
}

#[test]
fn shows_no_password() {
    let line = TelnetLine::new(config(Some("ada"), Some("sesame"), "utf-8"));
    assert!(!format!("{line:?}").contains("sesame"));
}

#[test]
fn answers_a_storm_within_bounds() {
    let mut rig = Rig::new(config(Some(&"u".repeat(128)), None, "utf-8"));
    rig.hear(b"\xff\xfd\x18\xff\xfd'");
    let storm = b"\xff\xfa'\x01\0USER\0USER\0USER\0USER\0USER\0USER\0USER\xff\xf0".repeat(10_000);
    let sent = rig.hear(&storm).1.len();
    assert!(sent <= ANSWERS_MAX_BYTES + 4 * storm.len(), "{sent}");
    let storm = b"\xff\xfa\x18\x01\xff\xf0".repeat(10_000);
    let sent = rig.hear(&storm).1.len();
    assert!(sent <= ANSWERS_MAX_BYTES + 4 * storm.len(), "{sent}");
    // It is still answered when it behaves again.
    assert_eq!(rig.hear(b"\xff\xfd\x1f").1.len(), 12);
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let options = prop::sample::select(vec![0_u8, 1, 3, 24, 25, 31, 34, 36, 39, 42, 255]);
    let piece = prop_oneof![
        4 => (251_u8..=254, options.clone()).prop_map(|(verb, option)| vec![255, verb, option]),
        3 => (options, prop::collection::vec(prop::sample::select(
                vec![0_u8, 1, 2, 3, 65, 240, 250, 255]), 0..8)).prop_map(|(option, said)| {
            [&[255, 250, option], said.as_slice(), &[255, 240]].concat()
        }),
        3 => prop::sample::select(vec!["login: ", "Password:", "\r\0", "\r\n", "é", "$ ", "no\r"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn cuts_change_nothing(
        said in stream(),
        cuts in prop::collection::vec(1_usize..9, 1..50),
        has_verdict in any::<bool>(),
        charset in prop::sample::select(vec!["utf-8", "gbk", "cp437"]),
    ) {
        let mut config = config(Some("ada"), Some("secret"), charset);
        config.logon.verdict = has_verdict.then(|| Verdict {
            success: Pattern::new(r"\$ $").unwrap(),
            failure: Pattern::new("no$").unwrap(),
        });
        let mut whole = Rig::new(config.clone());
        let want = whole.receive(&said);
        let mut pieces = Rig::new(config);
        let mut rest = said.as_slice();
        let mut got = Ok(());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() || got.is_err() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            rest = after;
            got = pieces.receive(piece);
        }
        prop_assert_eq!(got, want);
        prop_assert_eq!(&pieces.out, &whole.out);
        prop_assert_eq!(&pieces.text, &whole.text);
        prop_assert!(whole.out.len() <= ANSWERS_MAX_BYTES + 8 * said.len());
    }
}
