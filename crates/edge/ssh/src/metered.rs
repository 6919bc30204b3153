//! A stream that a server cannot flood before it has let us in.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use porthole_dial::BoxStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes of a server until it lets us in: keys, banners, questions. russh holds what arrives
/// while nobody asks for it, so this is a bound on memory, too.
const BEFORE_LOGON_MAX_BYTES: usize = 1 << 20;

/// Set when the server has let us in.
pub(crate) type Trusted = Arc<AtomicBool>;

/// A stream with a bound that falls when its server is trusted.
pub(crate) struct Metered {
    inner: BoxStream,
    left: usize,
    trusted: Trusted,
}

impl Metered {
    /// `inner`, with a bound until the other is set.
    pub(crate) fn new(inner: BoxStream) -> (Self, Trusted) {
        let trusted = Trusted::default();
        let metered = Self { inner, left: BEFORE_LOGON_MAX_BYTES, trusted: Arc::clone(&trusted) };
        (metered, trusted)
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if !self.trusted.load(Ordering::Relaxed) {
            let read = buffer.filled().len().saturating_sub(before);
            self.left = self.left.checked_sub(read).ok_or_else(|| {
                io::Error::other("the SSH server said more than 1 MiB before the log-on")
            })?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
