use porthole_remote::Cells;

use super::{Facts, VARIABLES_MAX, window_size};
use crate::codes::option::{CHARSET, NEW_ENVIRON, TERMINAL_TYPE};

fn facts(terminal_type: &str, username: Option<&str>) -> Facts {
    Facts::new(terminal_type, username, "UTF-8")
}

fn said(facts: &mut Facts, option: u8, said: &[u8]) -> Option<Vec<u8>> {
    let answer = facts.answer(option, said)?;
    let body = answer.strip_prefix(&[255, 250, option]).unwrap();
    Some(body.strip_suffix(&[255, 240]).unwrap().to_vec())
}

#[test]
fn tells_the_last_name_twice_and_begins_again() {
    let cases: [(&str, &[&str]); 3] = [
        ("xterm-256color", &["xterm-256color", "xterm", "vt100"]),
        ("XTERM", &["XTERM", "vt100"]),
        ("linux", &["linux", "xterm", "vt100"]),
    ];
    for (configured, names) in cases {
        let mut facts = facts(configured, None);
        let mut want: Vec<&str> = names.to_vec();
        want.push("vt100");
        for name in want.iter().chain(&want) {
            let answer = said(&mut facts, TERMINAL_TYPE, &[1]).unwrap();
            assert_eq!(answer, [b"\0", name.as_bytes()].concat(), "{configured}");
        }
    }
    assert_eq!(said(&mut facts("x", None), TERMINAL_TYPE, &[0, b'x']), None, "no question");
}

/// A name, the user's name, a question and its answer.
type Case<'a> = (&'a str, Option<&'a str>, &'a [u8], &'a [u8]);

#[test]
fn tells_the_variables_that_it_has() {
    let cases: [Case; 11] = [
        ("all", Some("ada"), b"\x01", b"\0\0USER\x01ada"),
        ("all, of both kinds", Some("ada"), b"\x01\0\x03", b"\0\0USER\x01ada"),
        ("one", Some("ada"), b"\x01\0USER", b"\0\0USER\x01ada"),
        ("the terminal's name", None, b"\x01\0TERM", b"\0\0TERM\x01linux"),
        ("what we do not have", Some("ada"), b"\x01\x03LANG\0USER", b"\0\x03LANG\0USER\x01ada"),
        ("nobody's name", None, b"\x01\0USER", b"\0\0USER"),
        ("an option for login", Some("-froot"), b"\x01\0USER", b"\0\0USER"),
        ("two words", Some("a -f"), b"\x01\0USER", b"\0\0USER"),
        ("a second line", Some("a\nb"), b"\x01\0USER", b"\0\0USER"),
        ("a name that is escaped", Some("ada"), b"\x01\0\x02\x01x", b"\0"),
        ("nothing that is a kind", Some("ada"), b"\x01USER", b"\0"),
    ];
    for (name, username, question, want) in cases {
        let answer = said(&mut facts("linux", username), NEW_ENVIRON, question);
        assert_eq!(answer.as_deref(), Some(want), "{name}");
    }
    let many = [b"\x01".as_slice(), &b"\0A".repeat(1000)].concat();
    let answer = said(&mut facts("linux", None), NEW_ENVIRON, &many).unwrap();
    assert_eq!(answer.len(), 1 + 2 * VARIABLES_MAX);
    assert_eq!(said(&mut facts("linux", Some("ada")), NEW_ENVIRON, b"\0\0X\x01y"), None);
}

#[test]
fn accepts_its_own_character_set() {
    let cases: [(&[u8], &[u8]); 6] = [
        (b"\x01;utf-8", b"\x02utf-8"),
        (b"\x01 ISO-8859-1 UTF-8", b"\x02UTF-8"),
        (b"\x01[TTABLE]\x01;UTF-8;US-ASCII", b"\x02UTF-8"),
        (b"\x01;ISO-8859-1", b"\x03"),
        (b"\x01", b"\x03"),
        (b"\x01[TTABLE]", b"\x03"),
    ];
    for (question, want) in cases {
        let answer = said(&mut facts("linux", None), CHARSET, question);
        assert_eq!(answer.as_deref(), Some(want), "{question:?}");
    }
    assert_eq!(said(&mut facts("linux", None), CHARSET, b"\x04"), None, "a table of theirs");
}

#[test]
fn tells_its_size_with_iac_doubled() {
    let told = window_size(Cells { columns: 255, rows: 24 });
    assert_eq!(&told[..], b"\xff\xfa\x1f\0\xff\xff\0\x18\xff\xf0");
}
