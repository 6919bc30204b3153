//! The clipboard without a connection around it.

use std::time::Instant;

use porthole_remote::{Clipboard as Content, DriveReply, Output};

use super::Clipboard;
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::{RdpConfig, RdpError};

/// One side of the clipboard channel by itself, for whoever tests it without a server.
#[derive(Debug)]
pub struct ClipboardAlone {
    clipboard: Clipboard,
    outbox: Outbox,
}

impl ClipboardAlone {
    /// As in a connection with `config`.
    pub fn new(config: &RdpConfig) -> Self {
        let user = User { id: 1001, io_channel: 1003 };
        Self { clipboard: Clipboard::new(user, 1005, config), outbox: Outbox::default() }
    }

    /// Takes one chunk of the channel (`[MS-RDPBCGR]` 2.2.6.1), from its length field on.
    ///
    /// # Errors
    ///
    /// The server broke the protocol.
    pub fn handle_chunk(&mut self, now: Instant, chunk: &[u8]) -> Result<(), RdpError> {
        self.clipboard.receive(now, chunk, &mut self.outbox)?;
        self.clipboard.answer(self.outbox.bytes());
        Ok(())
    }

    /// A viewer offers content.
    pub fn offer(&mut self, content: Content) {
        self.clipboard.offer(content, &mut self.outbox);
    }

    /// A viewer offers a file of the store.
    pub fn offer_file(&mut self, path: String, size: u64) {
        self.clipboard.offer_file(path, size, &mut self.outbox);
    }

    /// The store has done something.
    pub fn handle_reply(&mut self, reply: &DriveReply) {
        self.clipboard.handle_reply(reply, &mut self.outbox);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.clipboard.handle_timeout(now, &mut self.outbox);
    }

    /// What comes of it, until there is no more.
    pub fn poll(&mut self) -> Option<Output> {
        self.outbox.take()
    }
}
