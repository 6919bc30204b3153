//! The driver of every text remote: who is told what, and when.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;
use porthole_pixels::Surface;
use porthole_remote::{
    Blame, Cells, Clipboard, Event, Input, Output, PeerIdentity, Remote, RemoteError,
    TerminalInput, TerminalNews, TerminalScreen,
};

use crate::terminal::{Fed, Noticed, Terminal};
use crate::{Line, TextConfig};

/// Most bytes of arrived text that are taken at a time, so that what follows from it is bounded.
const TAKE_MAX_BYTES: usize = 256 << 10;

/// A text remote over a [`Line`].
#[derive(Debug)]
pub struct TextClient<L> {
    line: L,
    terminal: Terminal,
    /// The line's text, kept for its memory.
    text: BytesMut,
    out: BytesMut,
    outputs: VecDeque<Output>,
    is_over: bool,
}

impl<L: Line> TextClient<L> {
    /// A driver for a stream that has just been opened.
    pub fn new(mut line: L, config: TextConfig) -> Self {
        let size = config.size.clamped();
        let terminal = Terminal::new(size, config.look.scrollback);
        let mut out = BytesMut::new();
        line.start(size, &mut out);
        let events = [
            Event::Terminal(TerminalNews::Look(config.look)),
            Event::Terminal(TerminalNews::Size(size)),
            Event::Connected,
        ];
        let outputs = events.map(Output::Event).into();
        Self { line, terminal, text: BytesMut::new(), out, outputs, is_over: false }
    }

    /// Feeds the terminal with what the line carried.
    fn feed(&mut self) {
        let mut fed = Fed::default();
        self.terminal.feed(&self.text, &mut fed);
        self.text.clear();
        if !fed.replies.is_empty() {
            self.line.send(&fed.replies, &mut self.out);
        }
        let mut shown = fed.shown.freeze();
        while !shown.is_empty() {
            let piece = shown.split_to(shown.len().min(TerminalNews::TEXT_MAX_BYTES));
            self.tell(Event::Terminal(TerminalNews::Text(piece)));
        }
        for noticed in fed.noticed {
            self.tell(match noticed {
                Noticed::Bell => Event::Bell,
                Noticed::Title(title) => Event::Title(title),
                Noticed::Copied(text) => {
                    Event::Clipboard(Clipboard { text: Some(text), ..Clipboard::default() })
                }
            });
        }
    }

    fn resize(&mut self, size: Cells) {
        let size = size.clamped();
        if size == self.terminal.size() {
            return;
        }
        self.terminal.resize(size);
        self.tell(Event::Terminal(TerminalNews::Size(size)));
        if !self.line.resize(size, &mut self.out) {
            self.outputs.push_back(Output::Resize(size));
        }
    }

    fn handle_terminal(&mut self, input: TerminalInput) {
        match input {
            TerminalInput::Typed(bytes) => self.line.send(&bytes, &mut self.out),
            TerminalInput::Resize(size) => self.resize(size),
            TerminalInput::ScreenWanted => {
                let screen =
                    TerminalScreen { size: self.terminal.size(), data: self.terminal.snapshot() };
                self.tell(Event::Terminal(TerminalNews::Screen(screen)));
            }
            TerminalInput::PicturesWanted(_) => {}
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

impl<L: Line> Remote for TextClient<L> {
    fn handle_bytes(
        &mut self,
        _now: Instant,
        arrived: &mut BytesMut,
        _surface: &mut Surface,
    ) -> Result<(), RemoteError> {
        loop {
            let before = arrived.len();
            let rest = arrived.split_off(before.min(TAKE_MAX_BYTES));
            let received = self.line.receive(arrived, &mut self.text, &mut self.out);
            arrived.unsplit(rest);
            // What came before a fault is shown: it may say why.
            self.feed();
            received?;
            if arrived.is_empty() || arrived.len() == before {
                return Ok(());
            }
        }
    }

    fn handle_end(&mut self, _now: Instant) -> Result<(), RemoteError> {
        self.is_over = true;
        Ok(())
    }

    fn handle_secured(&mut self, _now: Instant, _peer: &PeerIdentity) -> Result<(), RemoteError> {
        let message = "tls that nobody asked for".to_owned();
        Err(RemoteError::new("secured_unasked", Blame::Operator, message))
    }

    fn handle_input(&mut self, _now: Instant, input: Input) {
        if let Input::Terminal(input) = input {
            self.handle_terminal(input);
        }
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), RemoteError> {
        Ok(())
    }

    fn poll(&mut self) -> Output {
        if !self.out.is_empty() {
            return Output::Send(self.out.split().freeze());
        }
        match self.outputs.pop_front() {
            Some(output) => output,
            None if self.is_over => Output::Closed,
            None => Output::Wait(None),
        }
    }
}
