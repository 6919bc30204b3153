//! The WebSocket of an exec or attach call.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use http_body_util::{BodyExt as _, Collected, Limited};
use hyper::{
    Request, StatusCode,
    header::{
        CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use kube::client::Body;
use porthole_containers::{Frame, SUBPROTOCOLS};
use porthole_dial::DialError;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    error::{Doing, broken},
    server::{Answer, Server, in_time},
};

/// Longest message that is taken. Servers send 32 KiB and one byte.
const MESSAGE_MAX_BYTES: usize = 1 << 20;

/// Most bytes that wait for the socket beside the message under way.
const WRITE_MAX_BYTES: usize = 256 << 10;

/// Longest refusal that is read.
const REFUSAL_MAX_BYTES: usize = 64 << 10;

type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A container of a pod.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    /// Which pod of that name.
    pub(crate) uid: String,
    pub(crate) container: String,
    /// Which run of that container.
    pub(crate) container_id: String,
}

/// What is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    /// A program on a terminal.
    Terminal(&'a [String]),
    /// A program with pipes; the last says whether it gets input.
    Pipes(&'a [&'a str], bool),
    /// The container's own program, on a terminal if it has one.
    Attach { tty: bool, stdin: bool },
}

/// An open call.
pub(crate) struct Socket {
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    closes_stdin: bool,
}

/// The half that sends.
pub(crate) struct Sender {
    sink: SplitSink<WebSocket, Message>,
    /// Whether the server knows how to be told that no more input follows.
    pub(crate) closes_stdin: bool,
}

/// The half that receives.
pub(crate) struct Receiver(SplitStream<WebSocket>);

/// What arrives.
#[derive(Debug)]
pub(crate) enum Arrived {
    Frame(Frame),
    /// A sign of life.
    Pong,
    /// The server closed the socket as it should.
    Closed,
}

impl Socket {
    /// Opens a call.
    pub(crate) async fn open(
        server: &Server,
        place: &Place,
        call: Call<'_>,
    ) -> Result<Self, DialError> {
        let thing = format!("pod {}", place.pod);
        let (what, needs) = match call {
            Call::Attach { .. } => ("attach to programs", "get and create on pods/attach"),
            Call::Terminal(_) | Call::Pipes(..) => {
                ("run programs in pods", "get and create on pods/exec")
            }
        };
        let doing = Doing { what, needs, namespace: &place.namespace, thing: &thing };
        in_time("open the container", upgrade(server, &path(place, call), doing)).await
    }

    pub(crate) fn split(self) -> (Sender, Receiver) {
        (Sender { sink: self.sink, closes_stdin: self.closes_stdin }, Receiver(self.stream))
    }
}

impl Sender {
    /// Sends a frame, and waits while the server takes none.
    pub(crate) async fn send(&mut self, frame: Bytes) -> Result<(), DialError> {
        let sent = self.sink.send(Message::Binary(frame)).await;
        sent.map_err(|error| broken(error.to_string()))
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&mut self) -> Result<(), DialError> {
        let sent = self.sink.send(Message::Ping(Bytes::new())).await;
        sent.map_err(|error| broken(error.to_string()))
    }

    /// Says goodbye, if that takes no time.
    pub(crate) async fn close(mut self) {
        let _gone = tokio::time::timeout(Duration::from_secs(1), self.sink.close()).await;
    }
}

impl Receiver {
    /// What arrives next. Cancel-safe.
    ///
    /// # Errors
    ///
    /// The connection broke, or ended without a closing frame.
    pub(crate) async fn next(&mut self) -> Result<Arrived, DialError> {
        loop {
            return match self.0.next().await {
                Some(Ok(Message::Binary(bytes))) => Ok(Arrived::Frame(Frame::read(bytes))),
                // What is for people and no channel, as some proxies send before they close.
                Some(Ok(Message::Text(_) | Message::Frame(_) | Message::Ping(_))) => continue,
                Some(Ok(Message::Pong(_))) => Ok(Arrived::Pong),
                Some(Ok(Message::Close(_))) => Ok(Arrived::Closed),
                Some(Err(error)) => Err(broken(error.to_string())),
                None => Err(broken("the connection ended")),
            };
        }
    }
}

/// The call as a path (kubernetes.io, `connectGetNamespacedPodExec`).
fn path(place: &Place, call: Call<'_>) -> String {
    let Place { namespace, pod, container, .. } = place;
    let (name, options) = match call {
        Call::Terminal(_) => ("exec", [true, true, false, true]),
        Call::Pipes(_, stdin) => ("exec", [stdin, true, true, false]),
        Call::Attach { tty, stdin } => ("attach", [stdin, true, !tty, tty]),
    };
    let mut query = vec![format!("container={}", escaped(container))];
    let named = ["stdin", "stdout", "stderr", "tty"].into_iter().zip(options);
    query.extend(named.map(|(option, wanted)| format!("{option}={wanted}")));
    let word = |word: &str| format!("command={}", escaped(word));
    match call {
        Call::Terminal(command) => query.extend(command.iter().map(|each| word(each))),
        Call::Pipes(command, _) => query.extend(command.iter().map(|each| word(each))),
        Call::Attach { .. } => {}
    }
    let (namespace, pod, query) = (escaped(namespace), escaped(pod), query.join("&"));
    format!("/api/v1/namespaces/{namespace}/pods/{pod}/{name}?{query}")
}

/// Text as it may stand in a path or a query (RFC 3986 section 2.3).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

async fn upgrade(server: &Server, path: &str, doing: Doing<'_>) -> Result<Socket, DialError> {
    let key = generate_key();
    let words =
        |words: &str| HeaderValue::from_str(words).map_err(|error| broken(error.to_string()));
    let request = Request::get(path)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, words(&key)?)
        .header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOLS)
        .body(Body::empty())
        .map_err(|error| broken(error.to_string()))?;
    let answer = server.send(request).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(answer, doing).await);
    }
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let is_ours = header(SEC_WEBSOCKET_ACCEPT) == Some(&derive_accept_key(key.as_bytes()));
    let closes_stdin = match header(SEC_WEBSOCKET_PROTOCOL) {
        Some("v5.channel.k8s.io") => true,
        Some("v4.channel.k8s.io") => false,
        _ => return Err(broken("it speaks no version of the channel protocol that is known here")),
    };
    if !is_ours {
        return Err(broken("it accepted another upgrade than was asked for"));
    }
    let upgraded = hyper::upgrade::on(answer).await;
    let upgraded = upgraded.map_err(|error| broken(error.to_string()))?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX_BYTES))
        .max_frame_size(Some(MESSAGE_MAX_BYTES))
        .max_write_buffer_size(WRITE_MAX_BYTES);
    let socket = TokioIo::new(upgraded);
    let (sink, stream) =
        WebSocketStream::from_raw_socket(socket, Role::Client, Some(config)).await.split();
    Ok(Socket { sink, stream, closes_stdin })
}

/// Reads why a call was refused: a status in JSON, or plain text.
pub(crate) async fn refusal(answer: Answer, doing: Doing<'_>) -> DialError {
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), REFUSAL_MAX_BYTES);
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let read = serde_json::from_slice::<kube::core::Status>(&body);
    match read {
        Ok(read) => doing.refused(status, &read.message),
        Err(_plain) => doing.refused(status, &String::from_utf8_lossy(&body)),
    }
}
