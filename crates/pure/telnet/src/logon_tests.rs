use bytes::BytesMut;
use porthole_remote::{Blame, CredentialFields, RemoteError};

use super::{Answer, Logon, SEARCHED_MAX_BYTES, Verdict, Watch};
use crate::Pattern;

fn pattern(words: &str) -> Pattern {
    Pattern::new(words).unwrap()
}

fn logon(username: Option<&str>, password: Option<&str>, verdict: Option<(&str, &str)>) -> Logon {
    Logon {
        username: username.map(str::to_owned),
        password: password.map(Into::into),
        username_prompt: Some(pattern(Pattern::USERNAME)),
        password_prompt: Some(pattern(Pattern::PASSWORD)),
        verdict: verdict.map(|(success, failure)| Verdict {
            success: pattern(success),
            failure: pattern(failure),
        }),
    }
}

/// The answers given, and what was shown.
fn look(logon: &Logon, written: &str) -> Result<(Vec<Answer>, String), RemoteError> {
    let look = |len: usize| {
        let (mut watch, mut text) = (Watch::new(logon), BytesMut::new());
        let mut answers = Vec::new();
        for piece in written.as_bytes().chunks(len) {
            let start = text.len();
            text.extend_from_slice(piece);
            watch.look(logon, &mut text, start, &mut answers)?;
        }
        Ok((answers, String::from_utf8(text.to_vec()).unwrap()))
    };
    let whole = look(written.len().max(1));
    assert_eq!(look(1), whole, "cuts change nothing");
    whole
}

const BOTH: [Answer; 2] = [Answer::Username, Answer::Password];
const MARKS: Option<(&str, &str)> = Some((r"[$#] $", "[Ii]ncorrect|denied"));

/// A name, user name, password, what is written, and the answers.
type Case<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a str, &'a [Answer]);

#[test]
fn answers_each_prompt_once() {
    let cases: [Case; 7] = [
        ("both", Some("ada"), Some("pw"), "host login: ada\r\nPassword: ", &BOTH),
        ("again", Some("ada"), Some("pw"), "login: \nPassword: \nlogin: \nPassword: ", &BOTH),
        ("no password", Some("ada"), None, "login: \nPassword: ", &BOTH[..1]),
        ("no user name", None, Some("pw"), "login: \nPassword: ", &BOTH[1..]),
        ("the name is known", Some("ada"), Some("pw"), "Password: \nlogin: ", &BOTH[1..]),
        ("nothing", None, None, "login: \nPassword: ", &[]),
        ("another prompt", Some("ada"), Some("pw"), "User: ", &[]),
    ];
    for (name, username, password, written, want) in cases {
        let seen = look(&logon(username, password, None), written).unwrap();
        assert_eq!(seen, (want.to_vec(), written.to_owned()), "{name}");
    }
}

#[test]
fn shows_nothing_before_the_outcome() {
    let logon = logon(Some("ada"), Some("pw"), MARKS);
    let waiting = "host login: ada\r\nPassword: \r\n";
    assert_eq!(look(&logon, waiting).unwrap(), (BOTH.to_vec(), String::new()));
    let written = format!("{waiting}Welcome\r\n\x1b[1m$ \x1b[0mls");
    assert_eq!(look(&logon, &written).unwrap(), (BOTH.to_vec(), written));
    let error = look(&logon, &format!("{waiting}Login incorrect\r\n$ ")).unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("authentication_failed", Blame::Credentials));
    assert!(error.lacks().contains(CredentialFields::PASSWORD));
    assert!(error.lacks().contains(CredentialFields::USERNAME));
}

#[test]
fn stops_searching_and_holding_back() {
    let logon = logon(Some("ada"), Some("pw"), MARKS);
    let noise = "noise\r\n".repeat(SEARCHED_MAX_BYTES / 7 + 1);
    let (answers, shown) = look(&logon, &format!("{noise}login: ")).unwrap();
    assert!(answers.is_empty(), "too late");
    assert_eq!(shown, format!("{noise}login: "));
    let short = noise.get(..SEARCHED_MAX_BYTES - 1).unwrap();
    assert_eq!(look(&logon, short).unwrap().1, "");

    let (mut watch, mut text) = (Watch::new(&logon), BytesMut::from("login: "));
    let mut answers = Vec::new();
    watch.look(&logon, &mut text, 0, &mut answers).unwrap();
    assert_eq!(answers, [Answer::Username]);
    assert!(text.is_empty());
    watch.give_up(&mut text);
    assert!(watch.is_over());
    assert_eq!(text, "login: ");
}
