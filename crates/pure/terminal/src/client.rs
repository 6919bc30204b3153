//! The driver of every text remote: who is told what, and when.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;
use porthole_pixels::Surface;
use porthole_remote::{
    Blame, Cells, Clipboard, Event, Input, Output, PeerIdentity, Remote, RemoteError,
    TerminalInput, TerminalNews, TerminalScreen,
};

use crate::console::{Console, Desk};
use crate::keys::KeyDialect;
use crate::pictures::{Kept, Pictures};
use crate::terminal::{Fed, Noticed, Terminal};
use crate::{Line, TextConfig};

/// Most bytes of arrived text that are taken at a time, so that what follows from it is bounded.
const TAKE_MAX_BYTES: usize = 256 << 10;

/// Ends a sequence that a viewer's terminal is in the middle of (ECMA-48, 8.3.6).
const CAN: u8 = 0x18;

/// A text remote over a [`Line`].
#[derive(Debug)]
pub struct TextClient<L> {
    line: L,
    terminal: Terminal,
    /// The line's text, kept for its memory.
    text: BytesMut,
    out: BytesMut,
    outputs: VecDeque<Output>,
    keys: KeyDialect,
    console: Console,
    pictures: Pictures,
    is_over: bool,
}

impl<L: Line> TextClient<L> {
    /// A driver for a stream that has just been opened.
    pub fn new(mut line: L, config: TextConfig) -> Self {
        let terminal = Terminal::new(config.size, &config.look);
        let size = terminal.size();
        let mut out = BytesMut::new();
        line.start(size, &mut out);
        let pictures = Pictures::new(config.fonts, &config.look);
        let events = [
            Event::Terminal(TerminalNews::Look(config.look)),
            Event::Terminal(TerminalNews::Size(size)),
            Event::Connected,
        ];
        let outputs = events.map(Output::Event).into();
        Self {
            line,
            terminal,
            text: BytesMut::new(),
            out,
            outputs,
            keys: config.keys,
            console: Console::new(config.keys),
            pictures,
            is_over: false,
        }
    }

    /// Memory that the letters of pictures take, drawn so far by all sessions with this font at this
    /// size; nothing while nobody wants pictures. It is bounded.
    pub fn letters_bytes(&self) -> usize {
        self.pictures.letters_bytes()
    }

    /// Feeds the terminal with what the line carried.
    fn feed(&mut self, now: Instant) {
        if self.text.is_empty() {
            return;
        }
        let mut fed = Fed::default();
        let before = Kept::of(&self.terminal);
        self.terminal.feed(&self.text, &mut fed);
        self.text.clear();
        self.pictures.keep_view(before, &self.terminal);
        if self.pictures.view.selection.is_none() {
            self.console.stop_selecting();
        }
        self.note_change(now);
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
                Noticed::Copied(text) => Event::Clipboard(Clipboard::of_text(text)),
            });
        }
    }

    fn resize(&mut self, now: Instant, size: Cells) {
        let before = self.terminal.size();
        self.terminal.resize(size);
        let size = self.terminal.size();
        if size == before {
            return;
        }
        self.pictures.resize(size);
        self.console.stop_selecting();
        self.note_change(now);
        self.tell(Event::Terminal(TerminalNews::Size(size)));
        if !self.line.resize(size, &mut self.out) {
            self.outputs.push_back(Output::Resize(size));
        }
    }

    fn handle_terminal(&mut self, now: Instant, input: TerminalInput) {
        match input {
            TerminalInput::Typed(bytes) => {
                let typed = self.keys.translate_typed(bytes);
                self.line.typed(&typed, &mut self.text, &mut self.out);
                self.feed(now);
            }
            TerminalInput::Resize(size) => self.resize(now, size),
            TerminalInput::ScreenWanted => {
                let data = [&[CAN][..], &self.terminal.snapshot()[..]].concat().into();
                let screen = TerminalScreen { size: self.terminal.size(), data };
                self.tell(Event::Terminal(TerminalNews::Screen(screen)));
            }
            TerminalInput::PicturesWanted(scale) => self.want_pictures(now, scale),
        }
    }

    fn want_pictures(&mut self, now: Instant, scale_percent: Option<u16>) {
        let were_wanted = self.pictures.are_wanted();
        match scale_percent {
            None => self.pictures.give_up(now),
            Some(scale_percent) => {
                let size = self.terminal.size();
                if let Some(notice) = self.pictures.want(scale_percent, now, size) {
                    self.tell(Event::Notice(notice));
                }
            }
        }
        if were_wanted != self.pictures.are_wanted() {
            self.console.stop_selecting();
            self.tell(Event::ResizeSupported(!were_wanted));
        }
        self.ask_to_draw(now);
    }

    /// What a viewer did who only knows pictures.
    fn handle_console(&mut self, now: Instant, input: Input) {
        let mut typed = BytesMut::new();
        let desk = Desk {
            terminal: &self.terminal,
            cell: self.pictures.cell(),
            view: &mut self.pictures.view,
            out: &mut typed,
        };
        let before = *desk.view;
        let copied = self.console.handle(now, input, desk);
        if !typed.is_empty() {
            self.line.typed(&typed, &mut self.text, &mut self.out);
            self.feed(now);
        }
        if let Some(text) = copied {
            self.tell(Event::Clipboard(Clipboard::of_text(text)));
        }
        if self.pictures.view != before {
            self.note_change(now);
        }
    }

    /// The picture may have to be drawn again.
    fn note_change(&mut self, now: Instant) {
        self.pictures.note_change(now, &self.terminal);
        self.ask_to_draw(now);
    }

    fn ask_to_draw(&mut self, now: Instant) {
        if self.pictures.take_due(now) {
            self.outputs.push_back(Output::Draw);
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

impl<L: Line> Remote for TextClient<L> {
    fn handle_bytes(
        &mut self,
        now: Instant,
        arrived: &mut BytesMut,
        _surface: &mut Surface,
    ) -> Result<(), RemoteError> {
        loop {
            let before = arrived.len();
            let rest = arrived.split_off(before.min(TAKE_MAX_BYTES));
            let received = self.line.receive(arrived, &mut self.text, &mut self.out);
            arrived.unsplit(rest);
            // What came before a fault is shown: it may say why.
            self.feed(now);
            received?;
            if arrived.is_empty() || arrived.len() == before {
                return Ok(());
            }
        }
    }

    fn handle_end(&mut self, now: Instant) -> Result<(), RemoteError> {
        self.line.end(&mut self.text);
        self.feed(now);
        self.is_over = true;
        Ok(())
    }

    fn handle_secured(&mut self, _now: Instant, _peer: &PeerIdentity) -> Result<(), RemoteError> {
        let message = "tls that nobody asked for".to_owned();
        Err(RemoteError::new("secured_unasked", Blame::Operator, message))
    }

    fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Terminal(input) => self.handle_terminal(now, input),
            Input::Resize(wish) => {
                if let Some(size) = self.pictures.cells_in(wish.size) {
                    self.resize(now, size);
                }
            }
            input => self.handle_console(now, input),
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), RemoteError> {
        self.ask_to_draw(now);
        Ok(())
    }

    fn handle_draw(&mut self, now: Instant, surface: &mut Surface) -> Result<(), RemoteError> {
        let before = surface.size();
        let drawn = self.pictures.draw(now, &mut self.terminal, surface);
        let is_drawn = drawn.map_err(|error| {
            RemoteError::new("picture_size", Blame::Operator, error.to_string())
        })?;
        if surface.size() != before {
            self.tell(Event::Resized(surface.size()));
        }
        if is_drawn {
            self.tell(Event::FrameEnd);
        }
        Ok(())
    }

    fn poll(&mut self) -> Output {
        if !self.out.is_empty() {
            return Output::Send(self.out.split().freeze());
        }
        match self.outputs.pop_front() {
            Some(output) => output,
            None if self.is_over => Output::Closed,
            None => Output::Wait(self.pictures.due()),
        }
    }
}

#[cfg(test)]
impl<L> TextClient<L> {
    /// The terminal's size.
    pub(crate) fn terminal_size(&self) -> Cells {
        self.terminal.size()
    }

    /// The picture as somebody draws it who has not drawn before.
    pub(crate) fn drawn_afresh(&self) -> Surface {
        self.pictures.drawn_afresh(&self.terminal)
    }
}
