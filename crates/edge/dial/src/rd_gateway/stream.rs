//! A tunnel as a byte stream.

use std::{
    future::{Future as _, poll_fn},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use porthole_tsgu::{TsguError, Tunnel, TunnelConfig};
use porthole_wire::text;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use crate::{
    rd_gateway::{Gate, Opening},
    websocket::WebSocketBytes,
};

/// Room for one read, in bytes.
const READ_BYTES: usize = 16 << 10;

/// Silence from us after which the gateway gets a sign of life.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Reads that one poll makes before it lets others run.
const READS_MAX: usize = 16;

/// The desktop's bytes inside of a gateway's tunnel.
pub(crate) struct TunnelStream {
    socket: WebSocketBytes,
    tunnel: Tunnel,
    /// Of the gateway: a packet that is not whole yet.
    arrived: BytesMut,
    /// Of the desktop: what nobody has read yet.
    data: BytesMut,
    /// A packet that is partly written.
    leaving: Bytes,
    is_flushed: bool,
    idle: Pin<Box<Sleep>>,
    gate: Arc<Gate>,
    /// A second tunnel, which proves anew who we are.
    renewing: Option<Opening>,
}

impl TunnelStream {
    /// A tunnel over `socket`, which has just been opened.
    pub(super) fn new(socket: WebSocketBytes, config: TunnelConfig, gate: Arc<Gate>) -> Self {
        Self {
            socket,
            tunnel: Tunnel::new(config),
            arrived: BytesMut::new(),
            data: BytesMut::new(),
            leaving: Bytes::new(),
            is_flushed: true,
            idle: Box::pin(sleep(IDLE_MAX)),
            gate,
            renewing: None,
        }
    }

    /// Waits until the channel is open, or until the other tunnel lives on.
    pub(super) async fn opened(&mut self) -> io::Result<()> {
        poll_fn(|context| {
            while !self.tunnel.is_open() && !self.tunnel.is_renewed() {
                if !ready!(self.poll_packets(context))? {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Writes what waits, then takes what arrives. `false` is the end.
    fn poll_packets(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // What is not written now is written when the socket can, for which this task is woken.
        if let Poll::Ready(Err(error)) = self.poll_leave(context) {
            return Poll::Ready(Err(error));
        }
        if self.tunnel.is_closed() {
            return Poll::Ready(Ok(false));
        }
        let start = self.arrived.len();
        self.arrived.resize(start + READ_BYTES, 0);
        let mut room = ReadBuf::new(self.arrived.get_mut(start..).unwrap_or_default());
        let polled = Pin::new(&mut self.socket).poll_read(context, &mut room);
        let len = room.filled().len();
        self.arrived.truncate(start + len);
        match ready!(polled) {
            // Leaving without TLS's notice is leaving.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Poll::Ready(Err(self.lost(&error)));
            }
            _ => {}
        }
        if len == 0 {
            self.tunnel.handle_end().map_err(|fault| self.fault(fault))?;
            return Poll::Ready(Ok(false));
        }
        let taken = self.tunnel.handle_bytes(&mut self.arrived, &mut self.data);
        taken.map_err(|fault| self.fault(fault))?;
        if self.arrived.is_empty() {
            // What an idle desktop's tunnel holds is nothing.
            self.arrived = BytesMut::new();
        }
        if let Some(reauth) = self.tunnel.take_reauth() {
            self.renewing = Some(self.gate.opening(reauth));
        }
        Poll::Ready(Ok(true))
    }

    /// Writes every packet that waits.
    fn poll_leave(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.leaving.is_empty() {
                match self.tunnel.take_packet() {
                    Some(packet) => self.leaving = packet,
                    None => break,
                }
            }
            let written = ready!(Pin::new(&mut self.socket).poll_write(context, &self.leaving));
            let len = written.map_err(|error| self.lost(&error))?;
            if len == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.leaving.advance(len);
            self.is_flushed = false;
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
        }
        if !self.is_flushed {
            let flushed = ready!(Pin::new(&mut self.socket).poll_flush(context));
            flushed.map_err(|error| self.lost(&error))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// A fault on its way through a byte stream; [`crate::DialError::broken`] finds it again.
    fn fault(&self, fault: TsguError) -> io::Error {
        io::Error::other(self.gate.tunnel_fault(fault))
    }

    /// The gateway's end of the stream is gone.
    fn lost(&self, error: &io::Error) -> io::Error {
        self.fault(TsguError::Lost { reason: text(error.to_string().as_bytes()) })
    }

    /// Does what is due beside reading and writing.
    fn poll_duties(&mut self, context: &mut Context<'_>) {
        if self.idle.as_mut().poll(context).is_ready() {
            self.tunnel.keep_alive();
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
            // Somebody has to wake us for the next one.
            context.waker().wake_by_ref();
        }
        if let Some(renewing) = &mut self.renewing
            && let Poll::Ready(renewed) = renewing.as_mut().poll(context)
        {
            self.renewing = None;
            match renewed {
                Ok(_its_work_is_done) => tracing::debug!("the rd gateway's tunnel lives on"),
                // The gateway ends the connection when it has waited long enough, and says why.
                Err(error) => {
                    tracing::warn!(%error, "the rd gateway's tunnel could not be renewed");
                }
            }
        }
    }
}

impl AsyncRead for TunnelStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_duties(context);
        for _read in 0..READS_MAX {
            if !self.data.is_empty() {
                let len = self.data.len().min(buffer.remaining());
                buffer.put_slice(&self.data.split_to(len));
                if self.data.is_empty() {
                    // An empty slice would keep the memory.
                    self.data = BytesMut::new();
                }
                return Poll::Ready(Ok(()));
            }
            if !ready!(self.poll_packets(context))? && self.data.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        // A gateway that sends no data must not keep this thread.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncWrite for TunnelStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // One packet waits at most.
        ready!(self.poll_leave(context))?;
        let len = self.tunnel.send(bytes);
        if len == 0 && !bytes.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        match self.poll_leave(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(len)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_leave(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tunnel.close();
        ready!(self.poll_leave(context))?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
