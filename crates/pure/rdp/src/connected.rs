//! After the connection sequence: the server's messages, and a viewer's input.

mod activation;
mod channels;
mod pipeline;
mod updates;

use std::time::Instant;

use ironrdp_connector::ConnectionResult;
use ironrdp_connector::connection_activation::ConnectionActivationFactory;
use porthole_pixels::{Size, Surface};
use porthole_remote::{Event, Input};
use porthole_wire::Reader;

use self::activation::Activation;
use self::channels::Channels;
use self::updates::Updates;
use crate::bulk::Bulk;
use crate::fast_path::Fragments;
use crate::framing::{Frame, whole_frame};
use crate::input::{InputEvent, InputWriter, Keyboard, Mouse};
use crate::mcs::{Packet, User, read_packet};
use crate::monitors::{self, Monitor};
use crate::outbox::Outbox;
use crate::path_probe::PathProbe;
use crate::reconnect;
use crate::redirection;
use crate::refusal::ErrorInfo;
use crate::share::{Share, ShareData, ShareWriter, kind, take_share};
use crate::{RdpConfig, RdpError};

/// A connection that is up.
#[derive(Debug)]
pub(crate) struct Connected {
    size: Size,
    is_view_only: bool,
    writer: InputWriter,
    message_channel: Option<u16>,
    /// Set while one share has ended and the next has not begun.
    activation: Option<Activation>,
    activations: ConnectionActivationFactory,
    fragments: Fragments,
    bulk: Bulk,
    updates: Updates,
    channels: Channels,
    path_probe: PathProbe,
    keyboard: Keyboard,
    mouse: Mouse,
    /// Why the server is about to leave, once it has said so.
    error_info: Option<ErrorInfo>,
    has_left: bool,
}

impl Connected {
    /// Gets the surface ready.
    ///
    /// # Errors
    ///
    /// [`RdpError::Desktop`] when the surface cannot have the size.
    pub(crate) fn new(
        result: &ConnectionResult,
        config: &RdpConfig,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<Self, RdpError> {
        let told = result.desktop_size;
        let size = activation::desktop(Size::new(told.width, told.height))?;
        surface.resize(size)?;
        outbox.event(Event::Connected);
        let user = User { id: result.user_channel_id, io_channel: result.io_channel_id };
        let share = ShareWriter { user, share_id: result.share_id };
        let (is_fast, takes_unicode) = activation::input_flags(result.input_flags);
        let mut connected = Self {
            size,
            is_view_only: config.view_only,
            writer: InputWriter { is_fast, share },
            message_channel: result.message_channel_id,
            activation: None,
            activations: activation::without_secrets(config, user)?,
            fragments: Fragments::default(),
            bulk: Bulk::new(config.compression),
            updates: Updates::default(),
            channels: Channels::new(result, user, config),
            path_probe: PathProbe::default(),
            keyboard: Keyboard::new(config.keyboard_layout, takes_unicode),
            mouse: Mouse::default(),
            error_info: None,
            has_left: false,
        };
        let layout = result.monitor_layout.as_ref();
        tell_monitors(&monitors::of_sequence(layout), size, outbox);
        connected.synchronize(outbox);
        Ok(connected)
    }

    /// Takes what has arrived, message by message.
    ///
    /// # Errors
    ///
    /// The server broke the protocol, or ended the session for a reason of its own.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        while !self.has_left
            && let Some((frame, len)) = whole_frame(input.clone().take_rest())?
        {
            let message = input.take(len).unwrap_or_default();
            self.path_probe.count(len as u64);
            self.channels.set_waiting(input.len());
            match frame {
                Frame::FastPath => self.read_fast_path(now, message, surface, outbox)?,
                Frame::Tpkt => self.read_packet(now, message, surface, outbox)?,
            }
        }
        self.channels.settle(surface, outbox)?;
        self.ask_for_redraw(outbox);
        if self.updates.settle(now) {
            outbox.event(Event::FrameEnd);
        }
        Ok(())
    }

    /// Whether the server has taken its leave.
    pub(crate) const fn has_left(&self) -> bool {
        self.has_left
    }

    /// What it means that the server has left, in the middle of a message or not.
    ///
    /// # Errors
    ///
    /// It should not have.
    pub(crate) fn end(&self, has_leftover: bool) -> Result<(), RdpError> {
        match self.error_info {
            Some(info) if info.is_orderly() => Ok(()),
            Some(info) => Err(RdpError::EndedByServer { info }),
            None if has_leftover => Err(RdpError::Ended { during: "a message" }),
            // Whoever ends a session says so, or at least ends the share first.
            None if self.has_left || self.activation.is_some() => Ok(()),
            None => Err(RdpError::Ended { during: "the session" }),
        }
    }

    /// A viewer's input.
    pub(crate) fn handle_input(&mut self, now: Instant, input: Input, outbox: &mut Outbox) {
        let mut events = Vec::new();
        match input {
            Input::Resize(wish) => {
                self.channels.want_size(wish);
                self.ask_for_size(outbox);
            }
            Input::Drive(reply) => self.channels.handle_drive(reply, outbox),
            Input::VideoWelcome(is_welcome) => self.channels.want_video(is_welcome, outbox),
            Input::Repaint(rect) => self.channels.repaint(rect),
            _ if self.is_view_only => {}
            Input::Key { down, keysym, scancode } => {
                self.keyboard.key(down, keysym, scancode, &mut events);
            }
            Input::Text(text) => self.keyboard.text(&text, &mut events),
            Input::Pointer { at, buttons } => {
                self.mouse.point(at, buttons, self.size, &mut events);
            }
            Input::Wheel { at, dx, dy } => {
                self.mouse.turn(at, (dx, dy), self.size, &mut events);
            }
            Input::ReleaseAll => {
                self.keyboard.release_all(&mut events);
                self.mouse.release_all(self.size, &mut events);
                self.channels.release_all(now, outbox);
            }
            input => self.channels.handle_input(now, input, outbox),
        }
        self.ask_for_redraw(outbox);
        self.put(&events, outbox);
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        if self.updates.settle(now) {
            outbox.event(Event::FrameEnd);
        }
        self.channels.handle_timeout(now, outbox);
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.updates.deadline().into_iter().chain(self.channels.deadline()).min()
    }

    fn read_fast_path(
        &mut self,
        now: Instant,
        message: &[u8],
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let Self { fragments, bulk, updates, writer, activation, .. } = self;
        let is_active = activation.is_none();
        fragments.read(message, bulk, |code, body| {
            // Between two shares there is no desktop to draw on; the next one is drawn anew.
            if is_active {
                updates.fast(now, code, body, surface, writer.share, outbox)
            } else {
                Ok(())
            }
        })
    }

    fn read_packet(
        &mut self,
        now: Instant,
        packet: &[u8],
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let user = self.writer.share.user;
        let (channel, data) = match read_packet(packet)? {
            Packet::Data { channel, data } => (channel, data),
            Packet::Disconnect => {
                self.has_left = true;
                return self.end(false);
            }
            Packet::Other => return Ok(()),
        };
        if channel == user.io_channel {
            return self.read_share(packet, data, surface, outbox);
        }
        if Some(channel) == self.message_channel {
            self.path_probe.receive(now, data, (user, channel), outbox.bytes());
            return Ok(());
        }
        let may_ask = self.channels.receive(now, channel, data, surface, outbox)?;
        // The graphics pipeline changes it without a new share.
        let is_resized = surface.size() != self.size;
        if is_resized {
            self.size = surface.size();
            self.channels.resized();
        }
        if may_ask || is_resized {
            self.ask_for_size(outbox);
        }
        Ok(())
    }

    fn read_share(
        &mut self,
        packet: &[u8],
        data: &[u8],
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let mut input = Reader::new(data);
        while let Some(message) = take_share(&mut input)? {
            match message {
                Share::DemandActive => {
                    // Some servers begin anew without an end.
                    self.activation.get_or_insert_with(|| Activation::new(&self.activations));
                    return self.activate(packet, surface, outbox);
                }
                Share::DeactivateAll => {
                    self.activation = Some(Activation::new(&self.activations));
                }
                Share::Redirection(body) => {
                    if let Some(redirect) = redirection::of_share_message(body)? {
                        outbox.event(Event::Redirected(Box::new(redirect)));
                        self.has_left = true;
                        return Ok(());
                    }
                }
                Share::Data(data) if self.activation.as_ref().is_some_and(Activation::is_begun) => {
                    if data.kind != kind::SET_ERROR_INFO {
                        return self.activate(packet, surface, outbox);
                    }
                    self.error_info = error_info(data.body);
                }
                Share::Data(data) => self.read_share_data(data, surface, outbox)?,
                Share::Other => {}
            }
        }
        Ok(())
    }

    fn read_share_data(
        &mut self,
        data: ShareData<'_>,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let body = self.bulk.unpack(data.compression, data.body)?;
        match data.kind {
            kind::UPDATE if self.activation.is_none() => {
                self.updates.slow(body, surface)?;
            }
            kind::POINTER => self.updates.slow_pointer(body, outbox)?,
            kind::MONITOR_LAYOUT => tell_monitors(&monitors::read(body)?, self.size, outbox),
            kind::PLAY_SOUND => outbox.event(Event::Bell),
            kind::SET_KEYBOARD_INDICATORS => {
                // A unit, then the locks.
                if let [_, _, locks, ..] = body {
                    self.keyboard.set_locks(locks & 7);
                    outbox.event(Event::Leds(locks & 7));
                }
            }
            kind::SAVE_SESSION_INFO => outbox.events(reconnect::ticket(body)?.map(Event::Ticket)),
            kind::SET_ERROR_INFO => self.error_info = error_info(body),
            _ => {}
        }
        Ok(())
    }

    /// Hands a packet to the sequence that begins a share anew.
    fn activate(
        &mut self,
        packet: &[u8],
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let Some(activation) = &mut self.activation else { return Ok(()) };
        let Some(share) = activation.step(packet, outbox.bytes())? else { return Ok(()) };
        self.activation = None;
        self.writer.share.share_id = share.id;
        self.writer.is_fast = share.is_fast;
        self.updates.reset();
        self.channels.resized();
        if share.size != self.size {
            self.channels.resize(share.size, surface)?;
            self.size = share.size;
            outbox.event(Event::Resized(share.size));
        }
        self.synchronize(outbox);
        self.ask_for_size(outbox);
        Ok(())
    }

    /// Asks for the size that a viewer wants, unless a share is about to begin: then after that.
    fn ask_for_size(&mut self, outbox: &mut Outbox) {
        if self.activation.is_none() {
            self.channels.ask_for_size(self.size, outbox);
        }
    }

    /// Asks for what viewers lack. A share that begins is drawn anew anyway.
    fn ask_for_redraw(&mut self, outbox: &mut Outbox) {
        if self.activation.is_none()
            && let Some(rect) = self.channels.take_redraw()
            && let Some(rect) = rect.intersection(self.size.rect())
        {
            self.writer.share.put_refresh(rect, outbox.bytes());
        }
    }

    fn synchronize(&mut self, outbox: &mut Outbox) {
        let mut events = Vec::new();
        self.keyboard.synchronize(&mut events);
        self.put(&events, outbox);
    }

    fn put(&self, events: &[InputEvent], outbox: &mut Outbox) {
        self.writer.put(events, outbox.bytes());
    }
}

/// Says where the monitors are, if there are any.
fn tell_monitors(monitors: &[Monitor], size: Size, outbox: &mut Outbox) {
    let screens = monitors::screens(monitors, size);
    outbox.events(Some(screens).filter(|all| !all.is_empty()).map(Event::Screens));
}

/// The server's reason to leave. Zero takes one back.
fn error_info(body: &[u8]) -> Option<ErrorInfo> {
    Reader::new(body).u32_le().filter(|code| *code != 0).map(ErrorInfo)
}
