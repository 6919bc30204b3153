//! What the client has to say, until it is polled.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use porthole_remote::{Event, Output, Secure};

/// Bytes and events that wait for the next poll.
///
/// Bytes come out first: nothing is written after [`Output::Secure`] is queued until the
/// upgrade is done, so one buffer keeps the right order. Each message handled adds a bounded
/// number of bytes and events, and the driver polls before it hands over more.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: BytesMut,
    events: VecDeque<Event>,
    secure: Option<Secure>,
    exchange: Option<Bytes>,
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

    /// Passes `events` on, if there are any.
    pub(crate) fn events(&mut self, events: impl IntoIterator<Item = Event>) {
        self.events.extend(events);
    }

    /// Asks for TLS.
    pub(crate) fn secure(&mut self, secure: Secure) {
        self.secure = Some(secure);
    }

    /// Asks the KDC.
    pub(crate) fn exchange(&mut self, question: Bytes) {
        self.exchange = Some(question);
    }

    /// The next thing, if there is any.
    pub(crate) fn take(&mut self) -> Option<Output> {
        if !self.bytes.is_empty() {
            return Some(Output::Send(self.bytes.split().freeze()));
        }
        if let Some(event) = self.events.pop_front() {
            return Some(Output::Event(event));
        }
        let exchange = self.exchange.take().map(Output::Exchange);
        exchange.or_else(|| self.secure.take().map(Output::Secure))
    }
}
