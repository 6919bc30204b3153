//! The line between a terminal and a telnet server.

use bytes::{BufMut, BytesMut};
use porthole_remote::{Cells, RemoteError};
use porthole_terminal::Line;
use secrecy::ExposeSecret as _;

use crate::charset::{Charset, FromServer, ToServer};
use crate::codes::command::{AYT, IAC, NOP};
use crate::codes::option::{BINARY, ECHO, SUPPRESS_GO_AHEAD, WINDOW_SIZE};
use crate::codes::{CR, LF};
use crate::decode::{Decoder, Item, Verb};
use crate::keyboard::{Echo, Keyboard};
use crate::logon::{Answer, Logon, Watch};
use crate::options::Options;
use crate::subnegotiation::{self, Facts};

/// Most bytes of answers to subnegotiations that a server gets without saying more. Each byte that
/// it sends allows four more, up to this.
pub const ANSWERS_MAX_BYTES: usize = 16 << 10;

/// Bytes of answers that each of the server's bytes is good for.
const ANSWERS_PER_BYTE: usize = 4;

/// What a [`TelnetLine`] is started with.
#[derive(Debug, Clone)]
pub struct TelnetConfig {
    /// What the terminal is called when the server asks, `xterm-256color` for example.
    pub terminal_type: String,
    /// How the server encodes characters.
    pub charset: Charset,
    /// How to log on.
    pub logon: Logon,
}

/// Telnet, between a terminal's text and a server's stream.
#[derive(Debug)]
pub struct TelnetLine {
    logon: Logon,
    /// The log-on, until there is nothing left to wait for.
    watch: Option<Watch>,
    decoder: Decoder,
    options: Options,
    facts: Facts,
    from_server: FromServer,
    to_server: ToServer,
    keyboard: Keyboard,
    size: Cells,
    /// How many bytes of answers the server may have.
    credit: usize,
}

impl TelnetLine {
    /// A line on which nothing has been said.
    pub fn new(config: TelnetConfig) -> Self {
        let TelnetConfig { terminal_type, charset, logon } = config;
        let watch = Some(Watch::new(&logon)).filter(|watch| !watch.is_over());
        Self {
            watch,
            decoder: Decoder::new(),
            options: Options::new(),
            facts: Facts::new(&terminal_type, logon.username.as_deref(), charset.name()),
            from_server: FromServer::new(charset),
            to_server: ToServer::new(charset),
            keyboard: Keyboard::new(),
            size: Cells::USUAL,
            credit: ANSWERS_MAX_BYTES,
            logon,
        }
    }

    fn handle_text(
        &mut self,
        written: &[u8],
        text: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Result<(), RemoteError> {
        let start = text.len();
        self.from_server.decode(written, text);
        let Some(watch) = &mut self.watch else { return Ok(()) };
        let mut answers = Vec::new();
        let looked = watch.look(&self.logon, text, start, &mut answers);
        // What was withheld of a log-on that failed stays so.
        if watch.is_over() || looked.is_err() {
            self.watch = None;
        }
        for answer in answers {
            let mut words = match answer {
                Answer::Username => self.logon.username.clone().unwrap_or_default(),
                Answer::Password => {
                    let password = self.logon.password.as_ref();
                    password.map(|it| it.expose_secret().to_owned()).unwrap_or_default()
                }
            };
            words.push('\r');
            self.send(words.as_bytes(), out);
        }
        looked
    }

    fn handle_negotiation(&mut self, verb: Verb, option: u8, out: &mut BytesMut) {
        let before = self.echo();
        let is_new = self.options.handle(verb, option, out);
        if is_new && option == WINDOW_SIZE {
            out.unsplit(subnegotiation::window_size(self.size));
        }
        if before == Echo::Line && self.echo() != Echo::Line {
            // Whoever edits lines from now on does not have what was typed of this one.
            let mut ready = Vec::new();
            self.keyboard.take_line(&mut ready);
            self.send(&ready, out);
        }
    }

    fn handle_subnegotiation(&mut self, out: &mut BytesMut) {
        let Some((option, said)) = self.decoder.subnegotiation() else { return };
        if !self.options.ours(option) && !self.options.theirs(option) {
            return;
        }
        if let Some(answer) = self.facts.answer(option, said)
            && let Some(credit) = self.credit.checked_sub(answer.len())
        {
            self.credit = credit;
            out.unsplit(answer);
        }
    }

    fn handle_command(command: u8, out: &mut BytesMut) {
        // The answer is not text: that would be typed into whatever runs there.
        if command == AYT {
            out.put_slice(&[IAC, NOP]);
        }
    }

    fn echo(&self) -> Echo {
        if self.options.theirs(ECHO) {
            Echo::Theirs
        } else if self.options.theirs(SUPPRESS_GO_AHEAD) {
            Echo::Ours
        } else {
            Echo::Line
        }
    }
}

impl Line for TelnetLine {
    fn start(&mut self, size: Cells, _out: &mut BytesMut) {
        self.size = size;
    }

    fn receive(
        &mut self,
        arrived: &mut BytesMut,
        text: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Result<(), RemoteError> {
        let taken = arrived.split();
        let mut input = &taken[..];
        loop {
            let before = input.len();
            let item = self.decoder.next(&mut input, self.options.theirs(BINARY));
            let allowed = (before - input.len()).saturating_mul(ANSWERS_PER_BYTE);
            self.credit = self.credit.saturating_add(allowed).min(ANSWERS_MAX_BYTES);
            match item {
                Some(Item::Text(written)) => self.handle_text(written, text, out)?,
                Some(Item::Command(command)) => Self::handle_command(command, out),
                Some(Item::Negotiation(verb, option)) => {
                    self.handle_negotiation(verb, option, out);
                }
                Some(Item::Subnegotiation) => self.handle_subnegotiation(out),
                None => return Ok(()),
            }
        }
    }

    fn send(&mut self, bytes: &[u8], out: &mut BytesMut) {
        let end_of_line: &[u8] = match self.echo() {
            _ if self.options.ours(BINARY) => &[CR],
            // A whole line has telnet's end (RFC 854); a key alone is a carriage return.
            Echo::Line => &[CR, LF],
            Echo::Theirs | Echo::Ours => &[CR, 0],
        };
        for byte in self.to_server.encode(bytes) {
            match byte {
                CR => out.put_slice(end_of_line),
                IAC => out.put_slice(&[IAC, IAC]),
                _ => out.put_u8(byte),
            }
        }
    }

    fn typed(&mut self, typed: &[u8], text: &mut BytesMut, out: &mut BytesMut) {
        if let Some(mut watch) = self.watch.take() {
            watch.give_up(text);
        }
        let mut ready = Vec::new();
        self.keyboard.handle(typed, self.echo(), text, &mut ready);
        self.send(&ready, out);
    }

    fn end(&mut self, text: &mut BytesMut) {
        if let Some(mut watch) = self.watch.take() {
            watch.give_up(text);
        }
    }

    fn resize(&mut self, size: Cells, out: &mut BytesMut) -> bool {
        self.size = size;
        if self.options.ours(WINDOW_SIZE) {
            out.unsplit(subnegotiation::window_size(size));
        }
        true
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
