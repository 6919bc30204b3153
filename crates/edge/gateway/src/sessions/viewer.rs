//! Stop 8 of the pixel path: one viewer's WebSocket.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use porthole_link::{ErrorRecord, Hello, LinkError, ToBrowser, ToGateway, records};
use porthole_session::ViewerId;
use tokio::{sync::mpsc, time::timeout};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    lapse::Lapse,
    open::Attached,
    task::{Command, ToViewer},
};
use crate::{App, GatewayError, LinkSocket};

/// How long a browser may take to say Hello.
const HELLO_MAX: Duration = Duration::from_secs(10);

/// How often the gateway asks whether the browser is there. Browsers answer by themselves, even
/// in a hidden tab whose timers sleep, and proxies see that the connection is in use.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a browser may send nothing at all, answers to those questions included.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How long the last record and the closing handshake may take.
const GOODBYE_MAX: Duration = Duration::from_secs(3);

type Sink = SplitSink<LinkSocket, Message>;

/// Reads the first record, which must be a Hello.
///
/// # Errors
///
/// [`GatewayError::NoHello`], [`GatewayError::Version`] or [`GatewayError::Link`].
pub(super) async fn read_hello(socket: &mut LinkSocket) -> Result<Hello, GatewayError> {
    let first = timeout(HELLO_MAX, socket.next()).await.map_err(|_| GatewayError::NoHello)?;
    let Some(Ok(Message::Binary(message))) = first else { return Err(GatewayError::NoHello) };
    parse_hello(&message)
}

/// The Hello that `message` begins with.
///
/// # Errors
///
/// As [`read_hello`].
pub(super) fn parse_hello(message: &[u8]) -> Result<Hello, GatewayError> {
    let record = records(message).next().ok_or(GatewayError::NoHello)?;
    match ToGateway::decode(record?) {
        Ok(Some(ToGateway::Hello(hello))) => Ok(hello),
        Ok(_) => Err(GatewayError::NoHello),
        Err(LinkError::Undefined { field: "version", value }) => {
            Err(GatewayError::Version { version: u16::try_from(value).unwrap_or(u16::MAX) })
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells a browser why not, and closes.
pub(super) async fn turn_away(socket: LinkSocket, error: &ErrorRecord) {
    let (mut sink, mut stream) = socket.split();
    say_goodbye(&mut sink, &mut stream, error).await;
}

/// Gives up a place whose browser never came to take it.
pub(super) async fn leave(attached: Attached) {
    // A session that has ended needs no telling.
    let _ended = attached.commands.send(Command::Detach(attached.viewer)).await;
}

/// Carries records between a viewer's socket and its session until one of them ends.
pub(super) async fn serve(
    app: &Arc<App>,
    socket: LinkSocket,
    attached: Attached,
    peer: SocketAddr,
) {
    let Attached { viewer, commands, mut messages, session } = attached;
    let (mut sink, mut stream) = socket.split();
    let ending = tokio::select! {
        ending = read(&mut stream, viewer, &commands) => ending,
        ending = write(&mut sink, viewer, &commands, &mut messages) => ending,
    };
    // A session that has ended needs no telling.
    let _ended = commands.send(Command::Detach(viewer)).await;
    match ending {
        Ending::Left => tracing::debug!(session, %peer, "viewer left"),
        Ending::Closed(error) => {
            tracing::info!(session, %peer, cause = error.cause, "viewer closed");
            say_goodbye(&mut sink, &mut stream, &error).await;
        }
        Ending::Fault(error) => {
            app.metrics.link_failed(error.cause());
            tracing::warn!(session, %peer, cause = error.cause(), %error, "viewer failed");
            say_goodbye(&mut sink, &mut stream, &error.record()).await;
        }
    }
}

/// Why a viewer's socket is done with.
enum Ending {
    /// The browser went away, in whatever manner.
    Left,
    /// The session has spoken its last word to this viewer.
    Closed(ErrorRecord),
    /// The browser broke the protocol or fell silent.
    Fault(GatewayError),
}

async fn read(
    stream: &mut SplitStream<LinkSocket>,
    viewer: ViewerId,
    commands: &mpsc::Sender<Command>,
) -> Ending {
    let mut silence = pin!(Lapse::new(SILENCE_MAX));
    loop {
        silence.begin_again();
        let message = tokio::select! {
            biased;
            message = stream.next() => message,
            () = &mut silence => return Ending::Fault(GatewayError::Silent),
        };
        let message = match message {
            Some(Ok(Message::Binary(message))) => message,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Text(_))) => {
                let error = LinkError::NotBinary;
                return Ending::Fault(error.into());
            }
            _ => return Ending::Left,
        };
        for record in records(&message) {
            let said = match record.and_then(ToGateway::decode) {
                Ok(Some(said)) => said,
                Ok(None) => continue,
                Err(error) => return Ending::Fault(error.into()),
            };
            if commands.send(Command::Message(viewer, said)).await.is_err() {
                // The writer hears from the session why it ended.
                return std::future::pending().await;
            }
        }
    }
}

async fn write(
    sink: &mut Sink,
    viewer: ViewerId,
    commands: &mpsc::Sender<Command>,
    messages: &mut mpsc::UnboundedReceiver<ToViewer>,
) -> Ending {
    let mut quiet = pin!(Lapse::new(PING_EVERY));
    loop {
        quiet.begin_again();
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            () = &mut quiet => {
                if sink.send(Message::Ping(Bytes::new())).await.is_err() {
                    return Ending::Left;
                }
                continue;
            }
        };
        let message = match message {
            Some(ToViewer::Message(message)) => message,
            Some(ToViewer::Close(error)) => return Ending::Closed(error),
            // The session's task is gone without a last word.
            None => return Ending::Fault(GatewayError::Internal { what: "session" }),
        };
        let bytes = message.len();
        if sink.send(Message::Binary(message)).await.is_err() {
            return Ending::Left;
        }
        // A session that has ended says so through `messages`.
        let _ended = commands.send(Command::Written(viewer, bytes)).await;
    }
}

/// Sends the last record and closes with 4000 + its category.
async fn say_goodbye(sink: &mut Sink, stream: &mut SplitStream<LinkSocket>, error: &ErrorRecord) {
    let mut record = BytesMut::new();
    ToBrowser::Error(error.clone()).encode(&mut record);
    let close =
        CloseFrame { code: CloseCode::from(4000 + error.category as u16), reason: "".into() };
    let goodbye = async {
        sink.send(Message::Binary(record.freeze())).await?;
        sink.send(Message::Close(Some(close))).await?;
        // Read on until the browser has closed too: a socket closed with unread bytes is reset,
        // and the record could be lost.
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<_, tokio_tungstenite::tungstenite::Error>(())
    };
    match timeout(GOODBYE_MAX, goodbye).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a goodbye was not heard"),
        Err(_elapsed) => tracing::debug!("a goodbye took too long"),
    }
}
