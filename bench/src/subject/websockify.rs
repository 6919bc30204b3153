//! websockify, and viewers that speak RFB through it as noVNC does.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use porthole_rfb::{EncodingKind, RfbConfig};
use porthole_testkit::servers::Websockify;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::rfb::{self, CONNECT_MAX, Pipe};
use super::{Subject, listener};
use crate::viewer::{Sight, Viewer};

/// What noVNC asks for with its settings as they come, in its order.
const ENCODINGS: [EncodingKind; 6] = [
    EncodingKind::CopyRect,
    EncodingKind::Tight,
    EncodingKind::TightPng,
    EncodingKind::Hextile,
    EncodingKind::Rre,
    EncodingKind::Raw,
];

/// noVNC's JPEG quality, from 0 to 9.
const QUALITY: u8 = 6;

/// noVNC's compression effort, from 0 to 9.
const COMPRESSION: u8 = 2;

/// A running websockify.
pub(crate) struct WebsockifySubject {
    address: SocketAddr,
    process_id: Option<u32>,
    /// Ours, when nobody named another.
    _ours: Option<Websockify>,
}

impl WebsockifySubject {
    /// Starts one in front of `remote`.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) fn start(remote: SocketAddr) -> Result<Self> {
        let mut ours = Websockify::start(remote)?;
        let process_id = Some(ours.process().id());
        Ok(Self { address: ours.address(), process_id, _ours: Some(ours) })
    }

    /// Uses one that somebody has started. Its process is looked for unless it is named.
    pub(crate) fn at(address: SocketAddr, process_id: Option<u32>) -> Self {
        let process_id = process_id.or_else(|| listener::process_at(address));
        Self { address, process_id, _ours: None }
    }
}

impl Subject for WebsockifySubject {
    fn process_id(&self) -> Option<u32> {
        self.process_id
    }

    fn attach(&self, runtime: &Runtime, _remote: SocketAddr, sight: Sight) -> Result<Viewer> {
        let address = self.address;
        Ok(Viewer::start(runtime, sight, move |seat| async move {
            let socket = timeout(CONNECT_MAX, open(address))
                .await
                .with_context(|| format!("no WebSocket at {address} in {CONNECT_MAX:?}"))??;
            let config = RfbConfig {
                quality: Some(QUALITY),
                compression: Some(COMPRESSION),
                encodings: ENCODINGS.to_vec(),
                ..RfbConfig::default()
            };
            rfb::watch(socket, config, seat).await
        }))
    }
}

async fn open(address: SocketAddr) -> Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.context("cannot reach websockify")?;
    stream.set_nodelay(true)?;
    let request = format!("ws://{address}/websockify").into_client_request()?;
    let (socket, _answer) = tokio_tungstenite::client_async(request, stream).await?;
    Ok(socket)
}

impl Pipe for WebSocketStream<TcpStream> {
    async fn read(&mut self, into: &mut BytesMut) -> Result<usize> {
        loop {
            match self.next().await {
                Some(Ok(Message::Binary(message))) if !message.is_empty() => {
                    into.extend_from_slice(&message);
                    return Ok(message.len());
                }
                Some(Ok(Message::Close(_))) | None => return Ok(0),
                Some(Ok(Message::Text(_))) => bail!("a text message, and RFB is binary"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        Ok(self.send(Message::Binary(bytes)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{Mix, Servers};

    #[test]
    fn shows_a_remote_through_websockify() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let servers = Servers::start(&runtime, Mix::Typing, (1280, 720)).unwrap();
        let ours = WebsockifySubject::start(servers.active).unwrap();
        let theirs = WebsockifySubject::at(ours.address, None);
        assert_eq!(theirs.process_id(), ours.process_id());
        let mut viewer = theirs.attach(&runtime, servers.active, Sight::Counts).unwrap();
        viewer.wait_for_picture().unwrap();
        let counts = viewer.take_counts().unwrap();
        assert!(counts.bytes > 1280 * 720 * 4, "{counts:?}");
    }
}
