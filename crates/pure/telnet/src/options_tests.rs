use bytes::BytesMut;

use super::{Options, REFUSALS_MAX};
use crate::codes::option::{BINARY, ECHO, SUPPRESS_GO_AHEAD, TERMINAL_TYPE, WINDOW_SIZE};
use crate::decode::Verb;

const LINEMODE: u8 = 34;
const AUTHENTICATION: u8 = 37;
const ENCRYPT: u8 = 38;
const START_TLS: u8 = 46;

fn answer(options: &mut Options, verb: Verb, option: u8) -> Vec<u8> {
    let mut out = BytesMut::new();
    options.handle(verb, option, &mut out);
    out.to_vec()
}

#[test]
fn answers_what_is_asked_first() {
    let (will, wont, yes_do, dont) = (251, 252, 253, 254);
    let cases: [(Verb, u8, &[u8]); 19] = [
        (Verb::Do, BINARY, &[255, will, BINARY]),
        (Verb::Do, SUPPRESS_GO_AHEAD, &[255, will, 3]),
        (Verb::Do, TERMINAL_TYPE, &[255, will, 24]),
        (Verb::Do, WINDOW_SIZE, &[255, will, 31]),
        (Verb::Do, 39, &[255, will, 39]),
        (Verb::Do, ECHO, &[255, wont, ECHO]),
        // STATUS, TSPEED, XDISPLOC, OLD-ENVIRON, and what no specification knows.
        (Verb::Do, 5, &[255, wont, 5]),
        (Verb::Do, 32, &[255, wont, 32]),
        (Verb::Do, 35, &[255, wont, 35]),
        (Verb::Do, 36, &[255, wont, 36]),
        (Verb::Do, LINEMODE, &[255, wont, LINEMODE]),
        (Verb::Do, START_TLS, &[255, wont, START_TLS]),
        (Verb::Do, 255, &[255, wont, 255]),
        (Verb::Will, ECHO, &[255, yes_do, ECHO]),
        (Verb::Will, SUPPRESS_GO_AHEAD, &[255, yes_do, 3]),
        (Verb::Will, AUTHENTICATION, &[255, dont, AUTHENTICATION]),
        (Verb::Will, ENCRYPT, &[255, dont, ENCRYPT]),
        (Verb::Dont, ENCRYPT, &[]),
        (Verb::Wont, ECHO, &[]),
    ];
    for (verb, option, want) in cases {
        assert_eq!(answer(&mut Options::new(), verb, option), want, "{verb:?} {option}");
    }
}

#[test]
fn does_not_confirm_what_is_so() {
    let mut options = Options::new();
    assert_eq!(answer(&mut options, Verb::Will, ECHO), [255, 253, ECHO]);
    assert!(options.theirs(ECHO) && !options.ours(ECHO));
    assert!(answer(&mut options, Verb::Will, ECHO).is_empty());
    assert_eq!(answer(&mut options, Verb::Wont, ECHO), [255, 254, ECHO]);
    assert!(answer(&mut options, Verb::Wont, ECHO).is_empty());
    assert!(!options.theirs(ECHO));
    // What is used may be switched as often as the server likes.
    for _ in 0..1000 {
        assert_eq!(answer(&mut options, Verb::Do, BINARY), [255, 251, BINARY]);
        assert_eq!(answer(&mut options, Verb::Dont, BINARY), [255, 252, BINARY]);
    }
}

#[test]
fn tires_of_refusing() {
    let mut options = Options::new();
    let answers = (0..1000).filter(|_| !answer(&mut options, Verb::Do, LINEMODE).is_empty());
    assert_eq!(answers.count(), usize::from(REFUSALS_MAX));
    // The other side, and other options, are counted on their own.
    assert!(!answer(&mut options, Verb::Will, LINEMODE).is_empty());
    assert!(!answer(&mut options, Verb::Do, ENCRYPT).is_empty());
}
