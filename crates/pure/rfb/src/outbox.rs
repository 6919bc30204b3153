//! What the client has to say, until it is polled.

use std::collections::VecDeque;

use bytes::BytesMut;
use porthole_remote::{Event, Output, Secure};

use crate::sealed::Sealer;

/// Bytes and events that wait for the next poll.
///
/// Bytes come out first: nothing is written after [`Output::Secure`] is queued until the
/// upgrade is done, so one buffer keeps the right order. Each message handled adds a bounded
/// number of bytes and events, and the driver polls before it hands over more.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: BytesMut,
    /// Frames, when `sealer` makes some, and what was written before it did.
    ready: BytesMut,
    sealer: Option<Sealer>,
    events: VecDeque<Event>,
    secure: Option<Secure>,
}

impl Outbox {
    /// Where to write messages to the server.
    pub(crate) fn bytes(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Passes `event` on.
    pub(crate) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Asks for TLS.
    pub(crate) fn secure(&mut self, secure: Secure) {
        self.secure = Some(secure);
    }

    /// What is written from here on goes through `sealer`; with none, as it is.
    pub(crate) fn seal(&mut self, sealer: Option<Sealer>) {
        self.make_ready();
        self.sealer = sealer;
    }

    /// The next thing, if there is any.
    pub(crate) fn take(&mut self) -> Option<Output> {
        if self.sealer.is_some() || !self.ready.is_empty() {
            self.make_ready();
        }
        let bytes = if self.ready.is_empty() { &mut self.bytes } else { &mut self.ready };
        if !bytes.is_empty() {
            return Some(Output::Send(bytes.split().freeze()));
        }
        if let Some(event) = self.events.pop_front() {
            return Some(Output::Event(event));
        }
        self.secure.take().map(Output::Secure)
    }

    /// Moves what is written to what is ready.
    fn make_ready(&mut self) {
        match &mut self.sealer {
            Some(sealer) => {
                sealer.seal(&self.bytes, &mut self.ready);
                self.bytes.clear();
            }
            None => self.ready.unsplit(self.bytes.split()),
        }
    }
}
