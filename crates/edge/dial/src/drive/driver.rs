//! Calls a [`Remote`], collects what it asks for, and survives its panics.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::{Bytes, BytesMut};
use porthole_pixels::Surface;
use porthole_remote::{Cells, Event, Input, Output, PeerIdentity, Remote, RemoteError, Secure};
use porthole_wire::text;
use tokio::time::Instant;

use crate::{drive::outgoing::Outgoing, error::DialError};

/// Most events that wait for the caller. One read's worth of sensible messages makes fewer.
const EVENTS_MAX: usize = 16_384;

/// A remote with what it has asked for and what it is waiting for.
pub(super) struct Driver {
    remote: Box<dyn Remote>,
    events: VecDeque<Event>,
    deadline: Option<Instant>,
    secure: Option<Secure>,
    exchange: Option<Bytes>,
    resize: Option<Cells>,
    draw: bool,
    is_ended: bool,
}

impl Driver {
    pub(super) fn new(remote: Box<dyn Remote>) -> Self {
        Self {
            remote,
            events: VecDeque::new(),
            deadline: None,
            secure: None,
            exchange: None,
            resize: None,
            draw: false,
            is_ended: false,
        }
    }

    /// Asks for the remote's first words.
    pub(super) fn start(&mut self, out: &mut Outgoing) -> Result<(), DialError> {
        self.run(out, |_remote| Ok(()))
    }

    /// See [`Remote::handle_bytes`].
    pub(super) fn handle_bytes(
        &mut self,
        arrived: &mut BytesMut,
        surface: &mut Surface,
        out: &mut Outgoing,
    ) -> Result<(), DialError> {
        self.run(out, |remote| remote.handle_bytes(now(), arrived, surface))
    }

    /// See [`Remote::handle_end`].
    pub(super) fn handle_end(&mut self, out: &mut Outgoing) -> Result<(), DialError> {
        self.run(out, |remote| remote.handle_end(now()))
    }

    /// See [`Remote::handle_secured`].
    pub(super) fn handle_secured(
        &mut self,
        peer: &PeerIdentity,
        out: &mut Outgoing,
    ) -> Result<(), DialError> {
        self.run(out, |remote| remote.handle_secured(now(), peer))
    }

    /// See [`Remote::handle_exchanged`].
    pub(super) fn handle_exchanged(
        &mut self,
        answer: Result<Bytes, String>,
        out: &mut Outgoing,
    ) -> Result<(), DialError> {
        self.run(out, |remote| remote.handle_exchanged(now(), answer))
    }

    /// See [`Remote::handle_input`].
    pub(super) fn handle_input(
        &mut self,
        input: Input,
        out: &mut Outgoing,
    ) -> Result<(), DialError> {
        self.run(out, |remote| {
            remote.handle_input(now(), input);
            Ok(())
        })
    }

    /// Lends the surface to a remote that wants to draw. Whether it did.
    pub(super) fn draw(
        &mut self,
        surface: &mut Surface,
        out: &mut Outgoing,
    ) -> Result<bool, DialError> {
        let wanted = std::mem::take(&mut self.draw);
        if wanted {
            self.run(out, |remote| remote.handle_draw(now(), surface))?;
        }
        Ok(wanted)
    }

    /// See [`Remote::handle_timeout`].
    pub(super) fn handle_timeout(&mut self, out: &mut Outgoing) -> Result<(), DialError> {
        self.run(out, |remote| remote.handle_timeout(now()))
    }

    /// The oldest event.
    pub(super) fn take_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty() && self.events.capacity() > 64 {
            self.events = VecDeque::new();
        }
        event
    }

    /// Whether an event waits.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// When the remote wants to be called if nothing happens.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the remote waits for TLS to be set up.
    pub(super) const fn wants_secure(&self) -> bool {
        self.secure.is_some()
    }

    /// The kind of TLS that the remote waits for, once.
    pub(super) const fn take_secure(&mut self) -> Option<Secure> {
        self.secure.take()
    }

    /// What the remote would have the KDC asked, once.
    pub(super) const fn take_exchange(&mut self) -> Option<Bytes> {
        self.exchange.take()
    }

    /// The size that the transport is to be told, once.
    pub(super) const fn take_resize(&mut self) -> Option<Cells> {
        self.resize.take()
    }

    /// Whether the remote is done, or done for.
    pub(super) const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The remote is to be called no more.
    pub(super) const fn end(&mut self) {
        self.is_ended = true;
    }

    /// Makes one call and collects what it led to. A panic ends this remote alone.
    fn run(
        &mut self,
        out: &mut Outgoing,
        call: impl FnOnce(&mut dyn Remote) -> Result<(), RemoteError>,
    ) -> Result<(), DialError> {
        // After a panic the remote is never called again, and of the surface only the pixels
        // can be half-done, so nothing that is seen afterwards is broken.
        let result = catch_unwind(AssertUnwindSafe(|| {
            call(self.remote.as_mut())?;
            self.collect(out)
        }));
        result
            .unwrap_or_else(|payload| Err(DialError::RemotePanicked { message: words(&*payload) }))
    }

    /// Polls until the remote waits.
    fn collect(&mut self, out: &mut Outgoing) -> Result<(), DialError> {
        loop {
            match self.remote.poll() {
                Output::Send(bytes) => out.push(&bytes)?,
                Output::Secure(kind) => {
                    self.secure = Some(kind);
                    out.hold();
                }
                Output::Exchange(question) => self.exchange = Some(question),
                Output::Resize(size) => self.resize = Some(size),
                Output::Draw => self.draw = true,
                Output::Event(event) => self.push_event(event)?,
                Output::Wait(deadline) => {
                    self.deadline = deadline.map(Instant::from_std);
                    return Ok(());
                }
                Output::Closed => {
                    self.is_ended = true;
                    return Ok(());
                }
            }
        }
    }

    /// Queues an event, unless the one before it says the same. A remote can ring its bell and
    /// end empty frames in very few bytes.
    fn push_event(&mut self, event: Event) -> Result<(), DialError> {
        let is_repeat =
            matches!(event, Event::Bell | Event::FrameEnd) && self.events.back() == Some(&event);
        if is_repeat {
            return Ok(());
        }
        if self.events.len() >= EVENTS_MAX {
            let (field, value, limit) = ("events waiting", EVENTS_MAX + 1, EVENTS_MAX);
            return Err(DialError::OverLimit { field, value, limit });
        }
        self.events.push_back(event);
        Ok(())
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// What a panic had to say.
fn words(payload: &(dyn Any + Send)) -> String {
    let words = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text(words.unwrap_or("no message").as_bytes())
}
