//! Both ends of a session: the bytes, and what goes beside them.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use porthole_dial::{DialError, ShellControl};
use porthole_remote::{Cells, Ending};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    sync::{oneshot, watch},
};

/// How it ended, once that is known.
#[derive(Debug, Default)]
pub(crate) struct Shared(Mutex<Account>);

/// What there is to say of an ending.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) ending: Option<Ending>,
    /// It was no ending but a loss.
    pub(crate) fault: Option<DialError>,
}

impl Shared {
    pub(crate) fn set(&self, account: Account) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = account;
    }

    fn take_fault(&self) -> Option<DialError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fault.take()
    }

    fn ending(&self) -> Option<Ending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ending.clone()
    }
}

/// The bytes of a program. Dropping it ends the session.
pub(crate) struct TerminalStream {
    io: DuplexStream,
    shared: Arc<Shared>,
    _held: oneshot::Sender<Infallible>,
}

impl TerminalStream {
    pub(crate) fn new(
        io: DuplexStream,
        shared: Arc<Shared>,
        held: oneshot::Sender<Infallible>,
    ) -> Self {
        Self { io, shared, _held: held }
    }
}

impl AsyncRead for TerminalStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        if buffer.filled().len() == before
            && buffer.remaining() > 0
            && let Some(fault) = self.shared.take_fault()
        {
            return Poll::Ready(Err(io::Error::other(fault)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TerminalStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// What goes beside the bytes.
#[derive(Debug)]
pub(crate) struct Control {
    sizes: watch::Sender<Cells>,
    shared: Arc<Shared>,
}

impl Control {
    pub(crate) fn new(sizes: watch::Sender<Cells>, shared: Arc<Shared>) -> Self {
        Self { sizes, shared }
    }
}

impl ShellControl for Control {
    fn resize(&mut self, size: Cells) {
        self.sizes.send_if_modified(|held| std::mem::replace(held, size) != size);
    }

    fn ending(&mut self) -> Option<Ending> {
        self.shared.ending()
    }
}
