//! What is said of an option once both sides use it.

use bytes::{BufMut, BytesMut};
use porthole_remote::Cells;

use crate::codes::command::{IAC, SB, SE};
use crate::codes::option::{CHARSET, NEW_ENVIRON, TERMINAL_TYPE, WINDOW_SIZE};

/// The first byte of RFC 1091's and RFC 1572's answers and questions.
const IS: u8 = 0;
const SEND: u8 = 1;

/// RFC 1572.
const VAR: u8 = 0;
const VALUE: u8 = 1;
const USERVAR: u8 = 3;

/// RFC 2066.
const REQUEST: u8 = 1;
const ACCEPTED: u8 = 2;
const REJECTED: u8 = 3;

/// Longest user name that is told, in bytes.
const USER_MAX_BYTES: usize = 128;

/// Most variables that are answered of one question.
const VARIABLES_MAX: usize = 32;

/// What the server may ask.
#[derive(Debug)]
pub(crate) struct Facts {
    /// What the terminal is called, the best name first.
    names: Vec<String>,
    /// Which of them comes next.
    next: usize,
    user: Option<String>,
    /// The character set, as it is called in public.
    charset: &'static str,
}

impl Facts {
    /// The terminal is told as `terminal_type`, then by what it is like.
    pub(crate) fn new(terminal_type: &str, username: Option<&str>, charset: &'static str) -> Self {
        let mut names = vec![terminal_type.to_owned()];
        for name in ["xterm", "vt100"] {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        let user = username.filter(|name| is_fit(name)).map(str::to_owned);
        Self { names, next: 0, user, charset }
    }

    /// The answer to what was `said` of `option`, if there is one.
    pub(crate) fn answer(&mut self, option: u8, said: &[u8]) -> Option<BytesMut> {
        let (&kind, rest) = said.split_first()?;
        match (option, kind) {
            (TERMINAL_TYPE, SEND) => Some(self.terminal_type()),
            (NEW_ENVIRON, SEND) => Some(self.variables(rest)),
            (CHARSET, REQUEST) => Some(self.charset(rest)),
            _ => None,
        }
    }

    /// The next name. The last one is told twice, which says that it is the last; after that the
    /// first one comes again (RFC 1091).
    fn terminal_type(&mut self) -> BytesMut {
        let name = self.names.get(self.next).or_else(|| self.names.last());
        let mut answer = open(TERMINAL_TYPE, IS);
        put(&mut answer, name.map_or(b"unknown", |name| name.as_bytes()));
        self.next = if self.next >= self.names.len() { 0 } else { self.next + 1 };
        close(answer)
    }

    /// The variables that `asked` names; with none named, all that there are (RFC 1572). A variable
    /// that we do not have is told without a value.
    fn variables(&self, asked: &[u8]) -> BytesMut {
        let mut answer = open(NEW_ENVIRON, IS);
        if asked.is_empty() {
            self.put_variable(&mut answer, VAR, b"USER");
        }
        let mut rest = asked;
        for _ in 0..VARIABLES_MAX {
            let Some((&kind @ (VAR | USERVAR), after)) = rest.split_first() else { break };
            let end = after.iter().position(|byte| matches!(*byte, VAR | USERVAR));
            let Some((name, after)) = after.split_at_checked(end.unwrap_or(after.len())) else {
                break;
            };
            rest = after;
            // A kind without a name is all of that kind; of the users' own there are none.
            let name = if name.is_empty() && kind == VAR { b"USER" } else { name };
            self.put_variable(&mut answer, kind, name);
        }
        close(answer)
    }

    fn put_variable(&self, answer: &mut BytesMut, kind: u8, name: &[u8]) {
        // Nobody has a variable with such a name, and it would have to be escaped.
        if name.is_empty() || name.iter().any(|byte| !byte.is_ascii_graphic()) {
            return;
        }
        let value = match (kind, name) {
            (VAR, b"USER") => self.user.as_deref(),
            (_, b"TERM") => self.names.first().map(String::as_str),
            _ => None,
        };
        answer.put_u8(kind);
        answer.put_slice(name);
        if let Some(value) = value {
            answer.put_u8(VALUE);
            // No byte of these values needs RFC 1572's ESC: they hold no control characters.
            put(answer, value.as_bytes());
        }
    }

    /// Whether ours is among the character sets offered (RFC 2066).
    fn charset(&self, offered: &[u8]) -> BytesMut {
        // A translation table may be offered first; we want none.
        let offered = offered.strip_prefix(b"[TTABLE]").map_or(offered, |rest| {
            let (_version, rest) = rest.split_first().unwrap_or((&0, &[]));
            rest
        });
        let accepted = offered.split_first().and_then(|(separator, names)| {
            let mut names = names.split(|byte| byte == separator);
            names.find(|name| name.eq_ignore_ascii_case(self.charset.as_bytes()))
        });
        let Some(name) = accepted else { return close(open(CHARSET, REJECTED)) };
        let mut answer = open(CHARSET, ACCEPTED);
        put(&mut answer, name);
        close(answer)
    }
}

/// The terminal's size (RFC 1073).
pub(crate) fn window_size(size: Cells) -> BytesMut {
    let mut told = BytesMut::from(&[IAC, SB, WINDOW_SIZE][..]);
    put(&mut told, &size.columns.to_be_bytes());
    put(&mut told, &size.rows.to_be_bytes());
    close(told)
}

/// Whether a user name may be told as a variable. Servers have handed it to their log-on program as
/// an argument, so that one that begins with `-` let anybody in; and there may be no second line.
fn is_fit(name: &str) -> bool {
    (1..=USER_MAX_BYTES).contains(&name.len())
        && !name.starts_with('-')
        && !name.chars().any(|character| character.is_control() || character.is_whitespace())
}

fn open(option: u8, kind: u8) -> BytesMut {
    BytesMut::from(&[IAC, SB, option, kind][..])
}

fn close(mut answer: BytesMut) -> BytesMut {
    answer.put_slice(&[IAC, SE]);
    answer
}

/// Appends `bytes`, each [`IAC`] doubled.
pub(crate) fn put(out: &mut BytesMut, bytes: &[u8]) {
    for piece in bytes.split_inclusive(|&byte| byte == IAC) {
        out.put_slice(piece);
        if piece.last() == Some(&IAC) {
            out.put_u8(IAC);
        }
    }
}

#[cfg(test)]
#[path = "subnegotiation_tests.rs"]
mod tests;
