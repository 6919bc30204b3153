//! Bytes on their way to the remote.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, BytesMut};
use tokio::{io::AsyncWrite, time::Instant};

use crate::{error::DialError, stream::BoxStream};

/// Memory that an empty queue keeps, in bytes.
const IDLE_MAX_BYTES: usize = 4 << 10;

/// A bounded queue of bytes to write, in order.
pub(super) struct Outgoing {
    bytes: BytesMut,
    /// Sent after the remote asked for TLS, to be written inside it.
    held: BytesMut,
    is_holding: bool,
    is_flushed: bool,
    stalled_since: Option<Instant>,
    max_bytes: usize,
}

impl Outgoing {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            bytes: BytesMut::new(),
            held: BytesMut::new(),
            is_holding: false,
            is_flushed: true,
            stalled_since: None,
            max_bytes,
        }
    }

    /// How much is queued, in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_add(self.held.len())
    }

    /// Queues `bytes`.
    ///
    /// # Errors
    ///
    /// [`DialError::OverLimit`], before anything is queued.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), DialError> {
        let value = self.len().saturating_add(bytes.len());
        if value > self.max_bytes {
            let (field, limit) = ("bytes waiting for the remote", self.max_bytes);
            return Err(DialError::OverLimit { field, value, limit });
        }
        let queue = if self.is_holding { &mut self.held } else { &mut self.bytes };
        queue.extend_from_slice(bytes);
        Ok(())
    }

    /// What is queued from here on waits for [`Self::release`].
    pub(super) const fn hold(&mut self) {
        self.is_holding = true;
    }

    /// Lets go of what was held.
    pub(super) fn release(&mut self) {
        self.is_holding = false;
        self.bytes.unsplit(std::mem::take(&mut self.held));
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        (self.bytes, self.held) = (BytesMut::new(), BytesMut::new());
        (self.is_flushed, self.stalled_since) = (true, None);
    }

    /// Whether all that is not held has left.
    pub(super) fn is_written(&self) -> bool {
        self.bytes.is_empty() && self.is_flushed
    }

    /// Since when the stream has taken nothing, if it should have.
    pub(super) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    /// Writes what `stream` takes now.
    ///
    /// # Errors
    ///
    /// The stream's.
    pub(super) fn write(
        &mut self,
        stream: &mut BoxStream,
        context: &mut Context<'_>,
    ) -> io::Result<()> {
        if self.is_written() {
            return Ok(());
        }
        while !self.bytes.is_empty() {
            match Pin::new(&mut *stream).poll_write(context, &self.bytes)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(len) => {
                    self.bytes.advance(len);
                    (self.is_flushed, self.stalled_since) = (false, None);
                }
                Poll::Pending => {
                    self.stalled_since.get_or_insert_with(Instant::now);
                    return Ok(());
                }
            }
        }
        if self.bytes.capacity() > IDLE_MAX_BYTES {
            self.bytes = BytesMut::new();
        }
        match Pin::new(stream).poll_flush(context)? {
            Poll::Ready(()) => (self.is_flushed, self.stalled_since) = (true, None),
            Poll::Pending => {
                self.stalled_since.get_or_insert_with(Instant::now);
            }
        }
        Ok(())
    }
}
