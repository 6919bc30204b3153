//! A byte stream inside binary WebSocket messages, as websockify and `KubeVirt` serve it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use porthole_wire::text;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        error::ProtocolError,
        handshake::client::Request,
        http::{HeaderName, HeaderValue, Uri, header},
        protocol::WebSocketConfig,
    },
};

use crate::{error::DialError, stream::BoxStream, target::WebSocketTarget};

/// Largest message, and largest frame, that we take from a server, in bytes.
pub const MESSAGE_MAX_BYTES: usize = 4 << 20;

/// Most of the caller's bytes that go into one message.
const CHUNK_MAX_BYTES: usize = 64 << 10;

/// Read ahead from the server.
const READ_BYTES: usize = 16 << 10;

/// Messages without data that one poll looks at before it lets others run.
const IDLE_MESSAGES_MAX: usize = 16;

/// A checked WebSocket target.
pub(crate) struct Upgrade {
    request: Request,
    host: String,
    port: u16,
    secure: bool,
}

impl Upgrade {
    /// Checks a target and prepares its request.
    ///
    /// # Errors
    ///
    /// [`DialError::BadTarget`].
    pub(crate) fn of(target: &WebSocketTarget) -> Result<Self, DialError> {
        let refuse = |field, reason| DialError::BadTarget { field, reason };
        let url: Uri =
            target.url.parse().map_err(|_invalid| refuse("websocket url", "is malformed"))?;
        let (secure, port) = match url.scheme_str() {
            Some("ws") => (false, 80),
            Some("wss") => (true, 443),
            _ => return Err(refuse("websocket url", "is neither ws:// nor wss://")),
        };
        let authority =
            url.authority().ok_or_else(|| refuse("websocket url", "has no host"))?.clone();
        if authority.as_str().contains('@') {
            return Err(refuse("websocket url", "holds user information"));
        }
        let port = authority.port_u16().unwrap_or(port);

        let mut request = url
            .into_client_request()
            .map_err(|_invalid| refuse("websocket url", "is malformed"))?;
        if !target.subprotocols.is_empty() {
            let offered = HeaderValue::try_from(target.subprotocols.join(", "))
                .map_err(|_invalid| refuse("websocket subprotocol", "is malformed"))?;
            request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
        }
        for (name, value) in &target.headers {
            let name: HeaderName =
                name.parse().map_err(|_invalid| refuse("websocket header", "has a bad name"))?;
            if is_ours(&name) {
                return Err(refuse("websocket header", "belongs to the upgrade itself"));
            }
            let mut value = HeaderValue::try_from(value.expose_secret())
                .map_err(|_invalid| refuse("websocket header", "has a bad value"))?;
            value.set_sensitive(true);
            request.headers_mut().append(name, value);
        }
        Ok(Self { request, host: authority.host().to_owned(), port, secure })
    }

    /// The host to resolve and to check, IPv6 addresses in brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port to connect to.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the upgrade goes through TLS.
    pub(crate) const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Asks the server for the upgrade.
    ///
    /// # Errors
    ///
    /// [`DialError::WebSocketRefused`] or [`DialError::WebSocket`].
    pub(crate) async fn run(self, stream: BoxStream) -> Result<WebSocketBytes, DialError> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            // Each write is one message, which goes out at once.
            .write_buffer_size(0)
            .max_write_buffer_size(4 * CHUNK_MAX_BYTES)
            .max_message_size(Some(MESSAGE_MAX_BYTES))
            .max_frame_size(Some(MESSAGE_MAX_BYTES));
        let peer = format!("{}:{}", self.host, self.port);
        match client_async_with_config(self.request, stream, Some(config)).await {
            Ok((socket, _response)) => Ok(WebSocketBytes::new(socket)),
            Err(Error::Http(response)) => {
                Err(DialError::WebSocketRefused { peer, status: response.status().as_u16() })
            }
            Err(Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_))) => {
                let reason = "the server chose none of the subprotocols offered".to_owned();
                Err(DialError::WebSocket { peer, reason })
            }
            Err(error) => {
                Err(DialError::WebSocket { peer, reason: text(error.to_string().as_bytes()) })
            }
        }
    }
}

/// Whether the upgrade sets this header itself.
fn is_ours(name: &HeaderName) -> bool {
    [header::HOST, header::CONNECTION, header::UPGRADE].contains(name)
        || name.as_str().starts_with("sec-websocket-")
}

/// Binary messages as a byte stream. Where one ends and the next begins means nothing.
///
/// Pings are answered while somebody reads. A text message is a fault; the server's goodbye,
/// and its silent leaving, are the end of the stream.
pub(crate) struct WebSocketBytes {
    socket: WebSocketStream<BoxStream>,
    arrived: Bytes,
}

impl WebSocketBytes {
    /// The bytes of `socket`, which is open.
    pub(crate) const fn new(socket: WebSocketStream<BoxStream>) -> Self {
        Self { socket, arrived: Bytes::new() }
    }

    /// Waits for a message with data in it. `false` is the end of the stream.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        for _ in 0..IDLE_MESSAGES_MAX {
            match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) if bytes.is_empty() => {}
                Some(Ok(Message::Binary(bytes))) => {
                    self.arrived = bytes;
                    return Poll::Ready(Ok(true));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    let reason = "the server sent a text message where bytes were due";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, reason)));
                }
                Some(
                    Ok(Message::Close(_))
                    | Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)),
                )
                | None => return Poll::Ready(Ok(false)),
                Some(Err(error)) => return Poll::Ready(Err(fault(error))),
            }
        }
        // A server that only ever pings must not keep this thread.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncRead for WebSocketBytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.arrived.is_empty() && !ready!(self.poll_message(context))? {
            return Poll::Ready(Ok(()));
        }
        let len = self.arrived.len().min(buffer.remaining());
        buffer.put_slice(&self.arrived.split_to(len));
        if !self.arrived.has_remaining() {
            // An empty slice would keep the whole message in memory.
            self.arrived = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocketBytes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Ready means that what was sent before has left, so one message is queued at most.
        ready!(Pin::new(&mut self.socket).poll_ready(context)).map_err(fault)?;
        let chunk = bytes.get(..CHUNK_MAX_BYTES).unwrap_or(bytes);
        let message = Message::Binary(Bytes::copy_from_slice(chunk));
        Pin::new(&mut self.socket).start_send(message).map_err(fault)?;
        Poll::Ready(Ok(chunk.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context).map_err(fault)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(context).map_err(fault)
    }
}

fn fault(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        error => io::Error::new(io::ErrorKind::InvalidData, text(error.to_string().as_bytes())),
    }
}

#[cfg(test)]
#[path = "websocket_tests.rs"]
mod tests;
