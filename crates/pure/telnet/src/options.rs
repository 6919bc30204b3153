//! Which options are in use, after RFC 1143's Q method for a side that asks for nothing.

use bytes::{BufMut, BytesMut};

use crate::codes::command::{DO, DONT, IAC, WILL, WONT};
use crate::codes::option::{
    BINARY, CHARSET, ECHO, END_OF_RECORD, NEW_ENVIRON, SUPPRESS_GO_AHEAD, TERMINAL_TYPE,
    WINDOW_SIZE,
};
use crate::decode::Verb;

/// Most refusals of one option on one side. A server that asks again after them hears no more.
const REFUSALS_MAX: u8 = 8;

/// What the server may use.
const THEIRS: [u8; 5] = [BINARY, ECHO, SUPPRESS_GO_AHEAD, END_OF_RECORD, CHARSET];

/// What we may use.
const OURS: [u8; 6] = [BINARY, SUPPRESS_GO_AHEAD, TERMINAL_TYPE, WINDOW_SIZE, NEW_ENVIRON, CHARSET];

/// One bit an option.
#[derive(Debug, Clone, Copy, Default)]
struct Set([u64; 4]);

impl Set {
    fn contains(&self, option: u8) -> bool {
        self.0.get(usize::from(option >> 6)).is_some_and(|word| word >> (option & 63) & 1 == 1)
    }

    fn put(&mut self, option: u8, is_in: bool) {
        if let Some(word) = self.0.get_mut(usize::from(option >> 6)) {
            let bit = 1 << (option & 63);
            *word = if is_in { *word | bit } else { *word & !bit };
        }
    }
}

/// The options of both sides. At first none is in use.
#[derive(Debug)]
pub(crate) struct Options {
    ours: Set,
    theirs: Set,
    our_refusals: [u8; 256],
    their_refusals: [u8; 256],
}

impl Options {
    pub(crate) fn new() -> Self {
        Self {
            ours: Set::default(),
            theirs: Set::default(),
            our_refusals: [0; 256],
            their_refusals: [0; 256],
        }
    }

    /// Whether we use `option`.
    pub(crate) fn ours(&self, option: u8) -> bool {
        self.ours.contains(option)
    }

    /// Whether the server uses `option`.
    pub(crate) fn theirs(&self, option: u8) -> bool {
        self.theirs.contains(option)
    }

    /// The server says `verb` of `option`; at most three bytes of answer go to `out`. Whether we
    /// use it from now on, and did not before.
    pub(crate) fn handle(&mut self, verb: Verb, option: u8, out: &mut BytesMut) -> bool {
        let (is_ours, is_wanted) = match verb {
            Verb::Do => (true, true),
            Verb::Dont => (true, false),
            Verb::Will => (false, true),
            Verb::Wont => (false, false),
        };
        let (set, refusals, known, yes, no) = if is_ours {
            (&mut self.ours, &mut self.our_refusals, &OURS[..], WILL, WONT)
        } else {
            (&mut self.theirs, &mut self.their_refusals, &THEIRS[..], DO, DONT)
        };
        if set.contains(option) == is_wanted {
            return false;
        }
        let is_in = is_wanted && known.contains(&option);
        if is_wanted && !is_in {
            let Some(count) = refusals.get_mut(usize::from(option)) else { return false };
            if *count == REFUSALS_MAX {
                return false;
            }
            *count += 1;
        }
        set.put(option, is_in);
        out.put_slice(&[IAC, if is_in { yes } else { no }, option]);
        is_ours && is_in
    }
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
