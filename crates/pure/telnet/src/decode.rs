//! A server's stream, taken apart: text, commands, negotiations, subnegotiations (RFC 854).

use crate::codes::CR;
use crate::codes::command::{DO, DONT, IAC, SB, SE, WILL, WONT};

/// Longest subnegotiation that is looked at, in bytes. A longer one is passed over.
pub(crate) const SUBNEGOTIATION_MAX_BYTES: usize = 1024;

/// What an option is to become, in the server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The server would use it.
    Will,
    /// The server does not use it.
    Wont,
    /// We are to use it.
    Do,
    /// We are not to use it.
    Dont,
}

/// One piece of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// Text for the terminal, never empty.
    Text(&'a [u8]),
    /// A command without more to it.
    Command(u8),
    /// The state of an option.
    Negotiation(Verb, u8),
    /// A whole subnegotiation: [`Decoder::subnegotiation`].
    Subnegotiation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Command,
    Option(Verb),
    Subnegotiation,
    /// Within one, after [`IAC`].
    SubnegotiationCommand,
}

/// Takes a stream apart, however it is cut. It holds at most [`SUBNEGOTIATION_MAX_BYTES`].
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
    /// The last byte of text was a carriage return, and a NUL after it stands for nothing.
    after_cr: bool,
    /// The option, then what is said of it; at most one byte too long.
    subnegotiation: Vec<u8>,
}

impl Decoder {
    pub(crate) const fn new() -> Self {
        Self { state: State::Text, after_cr: false, subnegotiation: Vec::new() }
    }

    /// Takes one piece off the front of `input`. None: it is empty. With `binary`, text has no
    /// carriage returns of telnet's own (RFC 856).
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8], binary: bool) -> Option<Item<'a>> {
        loop {
            if self.state == State::Text {
                if let Some(text) = self.take_text(input, binary) {
                    return Some(Item::Text(text));
                }
                if self.state == State::Text && input.is_empty() {
                    return None;
                }
                continue;
            }
            let (&byte, rest) = input.split_first()?;
            *input = rest;
            if let Some(item) = self.take_command(byte) {
                return Some(item);
            }
        }
    }

    /// The option, then what was said of it. None: more than [`SUBNEGOTIATION_MAX_BYTES`], or
    /// nothing at all.
    pub(crate) fn subnegotiation(&self) -> Option<(u8, &[u8])> {
        let (&option, said) = self.subnegotiation.split_first()?;
        (self.subnegotiation.len() <= SUBNEGOTIATION_MAX_BYTES).then_some((option, said))
    }

    /// Text up to the next command, or up to a NUL that stands for nothing.
    fn take_text<'a>(&mut self, input: &mut &'a [u8], binary: bool) -> Option<&'a [u8]> {
        if binary {
            self.after_cr = false;
        }
        if let (true, Some((0, rest))) = (self.after_cr, input.split_first()) {
            *input = rest;
            self.after_cr = false;
        }
        let mut before = 0;
        let end = input.iter().position(|&byte| {
            let is_end = byte == IAC || (byte == 0 && before == CR && !binary);
            before = byte;
            is_end
        });
        let (text, rest) = input.split_at_checked(end.unwrap_or(input.len()))?;
        *input = rest;
        if let Some(&last) = text.last() {
            self.after_cr = last == CR && !binary;
        }
        if let Some((&IAC, rest)) = input.split_first() {
            *input = rest;
            self.state = State::Command;
        }
        (!text.is_empty()).then_some(text)
    }

    fn take_command<'a>(&mut self, byte: u8) -> Option<Item<'a>> {
        match self.state {
            State::Text => {}
            State::Command => return self.start_command(byte),
            State::Option(verb) => {
                self.state = State::Text;
                return Some(Item::Negotiation(verb, byte));
            }
            State::Subnegotiation if byte == IAC => self.state = State::SubnegotiationCommand,
            State::Subnegotiation => self.keep(byte),
            State::SubnegotiationCommand => match byte {
                SE => {
                    self.state = State::Text;
                    return Some(Item::Subnegotiation);
                }
                IAC => {
                    self.keep(IAC);
                    self.state = State::Subnegotiation;
                }
                // No such thing may be in a subnegotiation: its end was lost, or never sent.
                _ => return self.start_command(byte),
            },
        }
        None
    }

    /// Begins the command `byte`.
    fn start_command<'a>(&mut self, byte: u8) -> Option<Item<'a>> {
        let (state, item) = match byte {
            IAC => (State::Text, Some(Item::Text(&[IAC]))),
            SB => {
                self.subnegotiation.clear();
                (State::Subnegotiation, None)
            }
            WILL => (State::Option(Verb::Will), None),
            WONT => (State::Option(Verb::Wont), None),
            DO => (State::Option(Verb::Do), None),
            DONT => (State::Option(Verb::Dont), None),
            _ => (State::Text, Some(Item::Command(byte))),
        };
        if byte == IAC {
            self.after_cr = false;
        }
        self.state = state;
        item
    }

    fn keep(&mut self, byte: u8) {
        if self.subnegotiation.len() <= SUBNEGOTIATION_MAX_BYTES {
            self.subnegotiation.push(byte);
        }
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
