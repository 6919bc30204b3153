//! After the handshake: the server's messages, and a viewer's input.

mod news;

use std::time::Instant;

use porthole_pixels::Surface;
use porthole_remote::{Credentials, Event, Input};
use porthole_wire::Reader;

use crate::clipboard::{Clipboard, CutText};
use crate::desktop::Desktop;
use crate::encodings::Scratch;
use crate::encodings::jpeg::check_covers;
use crate::flow::{Flow, read_fence};
use crate::handshake::Opening;
use crate::input::{Keyboard, Mouse};
use crate::outbox::Outbox;
use crate::path::Path;
use crate::requests::{put_set_encodings, put_set_pixel_format};
use crate::update::Update;
use crate::video::Streams;
use crate::{EncodingKind, RfbConfig, RfbError};

/// A connection that is up.
#[derive(Debug)]
pub(crate) struct Connected {
    config: RfbConfig,
    arriving: Arriving,
    scratch: Scratch,
    streams: Streams,
    flow: Flow,
    path: Path,
    desktop: Desktop,
    clipboard: Clipboard,
    keyboard: Keyboard,
    mouse: Mouse,
    /// The desktop changed its size in the current update.
    is_resized: bool,
    /// The server was last asked for the encodings of a fast path.
    is_raw: bool,
    /// The server was last asked for video too.
    has_video: bool,
}

/// The message that is arriving.
#[derive(Debug)]
enum Arriving {
    /// None: the next byte is a type.
    Nothing,
    Update(Update),
    CutText(CutText),
    /// Bytes of no use to us.
    Skipped(usize),
}

impl Connected {
    /// Gets the surface ready, and tells the server what we understand.
    ///
    /// # Errors
    ///
    /// [`RfbError::Desktop`] when the surface cannot have the size.
    pub(crate) fn new(
        Opening { init, round_trip }: Opening,
        config: &RfbConfig,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<Self, RfbError> {
        surface.resize(init.size)?;
        let mut desktop = Desktop::default();
        desktop.set_size(init.size);
        let flow = Flow::default();
        put_set_pixel_format(outbox.bytes());
        put_set_encodings(outbox.bytes(), &config.encodings, false, config);
        let is_raw = config.encodings == EncodingKind::LOCAL;
        flow.resize(init.size, outbox.bytes());
        outbox.event(Event::Connected);
        outbox.event(Event::Title(init.name));
        Ok(Self {
            // The credentials have served their purpose.
            config: RfbConfig { credentials: Credentials::default(), seed: None, ..config.clone() },
            arriving: Arriving::Nothing,
            scratch: Scratch::default(),
            streams: Streams::default(),
            flow,
            path: Path::new(config.measure_path, is_raw, round_trip),
            desktop,
            clipboard: Clipboard::new(config.clipboard_max_bytes),
            keyboard: Keyboard::default(),
            mouse: Mouse::default(),
            is_resized: false,
            is_raw,
            has_video: false,
        })
    }

    /// Takes what has arrived, message by message.
    ///
    /// # Errors
    ///
    /// The server broke the protocol.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RfbError> {
        // Within a message, what is wrong with it is told first, however it was cut.
        if !self.is_inside_message() {
            check_covers(surface)?;
        }
        while self.step(now, input, surface, outbox)?.is_some() {
            check_covers(surface)?;
        }
        self.clipboard.provide_asked(outbox.bytes());
        Ok(())
    }

    /// How many rectangles the server has sent in `kind`.
    pub(crate) fn rectangles(&self, kind: EncodingKind) -> u64 {
        self.scratch.counted(kind)
    }

    /// Whether the server is in the middle of a message, as far as it has been read.
    pub(crate) fn is_inside_message(&self) -> bool {
        !matches!(self.arriving, Arriving::Nothing)
    }

    /// Something from a viewer.
    pub(crate) fn handle_input(&mut self, now: Instant, input: Input, outbox: &mut Outbox) {
        // What the picture needs is no input to the desktop.
        match input {
            Input::VideoWelcome(is_welcome) => return self.welcome_video(is_welcome, outbox),
            Input::Repaint(rect) => return self.repaint(rect, outbox.bytes()),
            _ if self.config.view_only => return,
            _ => {}
        }
        let size = self.desktop.size();
        let out = outbox.bytes();
        match input {
            Input::Key { down, keysym, scancode } => self.keyboard.key(down, keysym, scancode, out),
            Input::Text(text) => self.keyboard.text(&text, out),
            Input::Pointer { at, buttons } => self.mouse.point(at, buttons, size, out),
            Input::Wheel { at, dx, dy } => self.mouse.turn(at, dx, dy, size, out),
            Input::Clipboard(content) => self.clipboard.offer(content, outbox),
            Input::Resize(wish) => self.desktop.want(now, wish.size, out),
            Input::ReleaseAll => {
                self.keyboard.release_all(out);
                self.mouse.release_all(out);
            }
            // VNC has nothing for other kinds of input.
            _ => {}
        }
    }

    /// When [`Connected::handle_timeout`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.desktop.deadline()
    }

    /// The deadline has come.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        self.desktop.ask(now, outbox.bytes());
    }

    /// Takes one message, or the next part of a long one. `None`: the rest has not arrived.
    fn step(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<Option<()>, RfbError> {
        let is_done = match &mut self.arriving {
            Arriving::Nothing => return self.start(now, input, outbox),
            Arriving::Update(update) => {
                let before = input.len();
                let news = update.read(input, surface, &mut self.scratch)?;
                self.path.handle_part(now, before - input.len());
                let Some(news) = news else { return Ok(None) };
                self.handle_news(now, news, surface, outbox)?
            }
            Arriving::CutText(cut) => self.clipboard.read_body(cut, input, outbox)?,
            Arriving::Skipped(left) => {
                let part = input.take(input.len().min(*left)).unwrap_or(&[]);
                *left -= part.len();
                *left == 0
            }
        };
        if is_done {
            self.arriving = Arriving::Nothing;
        } else if input.is_empty() && !matches!(self.arriving, Arriving::Update(_)) {
            return Ok(None);
        }
        Ok(Some(()))
    }

    /// Reads a message's type and head (RFC 6143 §7.6 and extensions).
    fn start(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        outbox: &mut Outbox,
    ) -> Result<Option<()>, RfbError> {
        let mut ahead = input.clone();
        let Some(kind) = ahead.u8() else { return Ok(None) };
        let started = match kind {
            0 => read_count(&mut ahead, 1).map(|count| {
                let took = self.flow.start_update(now, self.desktop.size(), outbox.bytes());
                self.path.handle_round_trip(took);
                Arriving::Update(Update::new(count, self.config.h264))
            }),
            // A colour map is of no use with true colours, but some servers send it anyway.
            1 => read_count(&mut ahead, 3).map(|count| Arriving::Skipped(usize::from(count) * 6)),
            2 => {
                outbox.event(Event::Bell);
                Some(Arriving::Nothing)
            }
            3 => self.clipboard.read_head(&mut ahead, outbox).map(Arriving::CutText),
            150 => {
                self.flow.end_continuous(self.desktop.size(), outbox.bytes());
                Some(Arriving::Nothing)
            }
            248 => read_fence(&mut ahead)?.map(|fence| {
                let took = self.flow.answer(now, &fence, outbox.bytes());
                self.path.handle_round_trip(took);
                Arriving::Nothing
            }),
            kind => return Err(RfbError::UnknownMessage { kind }),
        };
        let Some(started) = started else { return Ok(None) };
        *input = ahead;
        self.arriving = started;
        Ok(Some(()))
    }
}

/// Reads a 16-bit count behind `padding` bytes.
fn read_count(input: &mut Reader<'_>, padding: usize) -> Option<u16> {
    input.take(padding)?;
    input.u16_be()
}
