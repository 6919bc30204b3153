//! A telnet server's side of the stream.

use bytes::BytesMut;
use porthole_remote::{Cells, RemoteError};
use porthole_telnet::{
    ANSWERS_MAX_BYTES, Charset, Logon, Pattern, TelnetConfig, TelnetLine, Verdict,
};
use porthole_terminal::Line as _;

/// What came of a server's words.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    text: BytesMut,
    answers: BytesMut,
    result: Result<(), RemoteError>,
}

/// A server says all of `bytes` but the first two, of which one says how the network cuts them and
/// the other how the connection is configured. Cuts change nothing; everything is taken; text and
/// answers are no more than what came allows.
pub fn telnet_negotiation(bytes: &[u8]) {
    let [cut, kind, said @ ..] = bytes else { return };
    let whole = hear(*kind, [said]);
    let cut = hear(*kind, said.chunks(usize::from(*cut) + 1));
    assert_eq!(cut, whole, "cutting the stream changed its meaning");
    // A byte of the server's is a character of three bytes at most.
    assert!(whole.text.len() <= 3 * (said.len() + 1), "{} bytes of text", whole.text.len());
    let most = ANSWERS_MAX_BYTES + 8 * said.len();
    assert!(whole.answers.len() <= most, "{} bytes of answers", whole.answers.len());
}

fn hear<'a>(kind: u8, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let pattern = |words| Pattern::new(words).expect("it is a pattern");
    let name = match kind & 3 {
        0 => "utf-8",
        1 => "iso-8859-1",
        2 => "gbk",
        _ => "cp437",
    };
    let mut line = TelnetLine::new(TelnetConfig {
        terminal_type: "xterm-256color".to_owned(),
        charset: Charset::named(name).expect("it is known"),
        logon: Logon {
            username: (kind & 4 != 0).then(|| "ada".to_owned()),
            password: (kind & 8 != 0).then(|| "sesame".into()),
            username_prompt: Some(pattern(Pattern::USERNAME)),
            password_prompt: Some(pattern(Pattern::PASSWORD)),
            verdict: (kind & 16 != 0)
                .then(|| Verdict { success: pattern("[$#] $"), failure: pattern("incorrect") }),
        },
    });
    let (mut text, mut answers) = (BytesMut::new(), BytesMut::new());
    line.start(Cells::USUAL, &mut answers);
    let result = pieces.into_iter().try_for_each(|piece| {
        let mut arrived = BytesMut::from(piece);
        let result = line.receive(&mut arrived, &mut text, &mut answers);
        assert!(arrived.is_empty(), "bytes were left");
        result
    });
    line.end(&mut text);
    Outcome { text, answers, result }
}
