//! Bytes that have arrived and are not yet understood.

use std::{
    future::Future,
    io,
    pin::pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{io::AsyncReadExt, time::Instant};

use crate::{error::DialError, stream::BoxStream};

/// Room for one read while little arrives, in bytes. An idle session holds no more.
const CHUNK_MIN_BYTES: usize = 4 << 10;

/// Room for one read while much arrives, in bytes.
const CHUNK_MAX_BYTES: usize = 256 << 10;

/// How long after the last large read its room is given back.
const IDLE_AFTER: Duration = Duration::from_secs(2);

/// A buffer whose size follows what arrives.
pub(super) struct Arrivals {
    bytes: BytesMut,
    /// Room made before each read.
    chunk: usize,
    /// When a read last needed more than the least room.
    large_at: Option<Instant>,
    max_bytes: usize,
}

impl Arrivals {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { bytes: BytesMut::new(), chunk: CHUNK_MIN_BYTES, large_at: None, max_bytes }
    }

    /// What has arrived, for the driver to take from.
    pub(super) const fn bytes(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Hands over what has arrived and is not understood.
    pub(super) fn take(&mut self) -> Bytes {
        self.bytes.split().freeze()
    }

    /// Reads once; 0 is the end. A peer that drops a TLS connection without the notice that is
    /// due has ended it too: whether that was mid-message, the driver knows.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut BoxStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.bytes.reserve(self.chunk);
        // The future holds nothing between polls, so it need not be kept.
        let len = match ready!(pin!(stream.read_buf(&mut self.bytes)).poll(context)) {
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Poll::Ready(Err(error)),
        };
        if len >= CHUNK_MIN_BYTES {
            self.large_at = Some(Instant::now());
            if len >= self.chunk {
                self.chunk = (4 * self.chunk).min(CHUNK_MAX_BYTES);
            }
        }
        Poll::Ready(Ok(len))
    }

    /// Refuses to hoard.
    ///
    /// # Errors
    ///
    /// [`DialError::OverLimit`].
    pub(super) fn check_limit(&self) -> Result<(), DialError> {
        let (value, limit) = (self.bytes.len(), self.max_bytes);
        if value <= limit {
            return Ok(());
        }
        Err(DialError::OverLimit { field: "bytes of a partial message", value, limit })
    }

    /// When there is room to give back.
    pub(super) fn idle_at(&self) -> Option<Instant> {
        self.large_at.map(|at| at + IDLE_AFTER)
    }

    /// Gives room back, unless a large message is half here.
    pub(super) fn shrink(&mut self, now: Instant) {
        if self.bytes.len() > CHUNK_MIN_BYTES {
            self.large_at = Some(now);
        } else {
            // A copy, since a slice would keep the large buffer.
            self.bytes = BytesMut::from(&*self.bytes);
            (self.chunk, self.large_at) = (CHUNK_MIN_BYTES, None);
        }
    }
}
