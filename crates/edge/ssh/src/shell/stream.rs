//! A shell's channel as a stream of bytes.

use std::{
    future::Future as _,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use porthole_remote::{Cells, Ending};
use russh::{ChannelMsg, ChannelReadHalf};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::{Sleep, sleep},
};

use super::control::{Control, Ends, Size, follow};
use crate::{
    connection::{Channel, SshConnection},
    handler::{Fate, closed},
};

/// How long a server may take to say how a program ended that writes no more.
const ENDING_MAX: Duration = Duration::from_secs(2);

/// Bytes of a shell, both ways.
pub(super) struct ShellStream {
    arriving: ChannelReadHalf,
    /// What has arrived and was not read.
    arrived: Bytes,
    leaving: Pin<Box<dyn AsyncWrite + Send>>,
    /// Set when the program writes no more: until when its ending is waited for.
    until: Option<Pin<Box<Sleep>>>,
    is_over: bool,
    /// What went wrong, until it has been said.
    fault: Option<io::Error>,
    /// Whether the server said that the channel is closed, or how the program ended.
    is_ended: bool,
    ends: Ends,
    fate: Arc<Fate>,
    _size: Size,
}

impl ShellStream {
    /// The stream and the control of a shell that has started. `first` is read first.
    pub(super) fn new(
        channel: Channel,
        first: Vec<u8>,
        size: Cells,
        connection: &SshConnection,
    ) -> (Self, Control) {
        let (arriving, channel) = channel.split();
        let leaving = Box::pin(channel.make_writer());
        let (size, sizes) = watch::channel(size);
        let size = Arc::new(size);
        tokio::spawn(follow(channel, sizes));
        let ends = Ends::default();
        let control = Control { size: Arc::clone(&size), ends: ends.clone() };
        let stream = Self {
            arriving,
            arrived: first.into(),
            leaving,
            until: None,
            is_over: false,
            fault: None,
            is_ended: false,
            ends,
            fate: Arc::clone(connection.fate()),
            _size: size,
        };
        (stream, control)
    }

    /// Ready when something has arrived, or when nothing ever will.
    fn poll_arrived(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.arrived.is_empty() && !self.is_over {
            // Waiting for a message forgets nothing when it is given up and begun again.
            let arriving = pin!(self.arriving.wait()).poll(context);
            match (arriving, &mut self.until) {
                (Poll::Ready(message), _) => self.take(message),
                (Poll::Pending, Some(until)) => {
                    ready!(until.as_mut().poll(context));
                    self.is_over = true;
                }
                (Poll::Pending, None) => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Takes one message. `None` is the end of them.
    fn take(&mut self, message: Option<ChannelMsg>) {
        match message {
            Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                self.arrived = data;
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                self.is_ended = true;
                self.ends.set(Ending::Exited(exit_status));
            }
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                self.is_ended = true;
                self.ends.set(Ending::Killed(signal(&signal_name)));
            }
            Some(ChannelMsg::Eof) => {
                self.until.get_or_insert_with(|| Box::pin(sleep(ENDING_MAX)));
            }
            Some(ChannelMsg::Close) => self.is_over = true,
            None if self.is_ended || self.until.is_some() => self.is_over = true,
            // The connection went away under the channel.
            None => {
                self.is_over = true;
                let fault = self.fate.take_fault().unwrap_or_else(closed);
                self.fault = Some(io::Error::other(fault));
            }
            Some(_) => {}
        }
    }
}

/// A signal's name without `SIG`, fit to print.
fn signal(signal: &russh::Sig) -> String {
    match signal {
        russh::Sig::Custom(name) => porthole_wire::text(name.as_bytes()),
        known => format!("{known:?}"),
    }
}

impl AsyncRead for ShellStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        // A server sends a terminal's text in packets of a few KiB. All that is here is read at
        // once, so that whoever watches gets few pieces.
        while buffer.remaining() > 0
            && this.poll_arrived(context).is_ready()
            && !this.arrived.is_empty()
        {
            let len = this.arrived.len().min(buffer.remaining());
            buffer.put_slice(this.arrived.get(..len).unwrap_or_default());
            this.arrived.advance(len);
        }
        if buffer.filled().len() > before || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        match this.fault.take() {
            Some(fault) => Poll::Ready(Err(fault)),
            None if this.is_over => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for ShellStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.leaving.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.leaving.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.leaving.as_mut().poll_shutdown(context)
    }
}
