//! A viewer without a screen: the browser's side of the link, for tests and benchmarks.
//!
//! It is as strict as the specification: a record that does not decode, a rectangle outside the
//! picture, a frame number out of turn or an image of another size is an error, not a blemish.
//!
//! A [`Viewer`] has no task of its own. It reads, paints and acknowledges while one of its
//! methods is awaited, so a test that wants a stalled browser need only look away.

mod cells;
mod files;
mod options;
mod screen;
mod seen;
mod text;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
pub use options::{Painting, TokenPlace, ViewerOptions};
use porthole_link::{
    CELLS_MAX, ErrorRecord, Feature, Hello, RepliesRecord, Resume, SUBPROTOCOL,
    TERMINAL_TYPED_MAX_BYTES, TO_BROWSER_MAX_BYTES, TerminalWish, ToBrowser, ToGateway,
    VideoRecord, Welcome, records,
};
use porthole_pixels::{Point, Size, Surface};
pub use screen::Counts;
use screen::Screen;
pub use seen::Seen;
pub use text::SeenText;
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

/// How long the way to a WebSocket may take, and Welcome after it.
const OPEN_MAX: Duration = Duration::from_secs(30);

/// How often a condition is looked at while nothing comes.
const LOOK: Duration = Duration::from_millis(50);

/// One viewer of one session.
#[derive(Debug)]
pub struct Viewer {
    socket: WebSocketStream<TcpStream>,
    screen: Screen,
    seen: Seen,
    acks: bool,
    /// The last frame that came and was not acknowledged.
    unacked: Option<u32>,
    frame: u32,
    frame_at: Option<Instant>,
    /// Number of its last request to the file panel.
    asked: u32,
}

impl Viewer {
    /// Opens a WebSocket and says Hello. What the gateway says to that is still to be read.
    ///
    /// # Errors
    ///
    /// The gateway cannot be reached, or refuses the WebSocket.
    pub async fn connect(options: &ViewerOptions) -> Result<Self> {
        let opened = async {
            let stream = TcpStream::connect(options.address).await?;
            stream.set_nodelay(true)?;
            let config = WebSocketConfig::default()
                .max_message_size(Some(TO_BROWSER_MAX_BYTES))
                .max_frame_size(Some(TO_BROWSER_MAX_BYTES));
            let request = options.request()?;
            let (socket, answer) =
                tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
            let chosen = answer.headers().get("sec-websocket-protocol");
            let wanted = options.offers_subprotocol().then_some(SUBPROTOCOL.as_bytes());
            ensure!(chosen.map(AsRef::as_ref) == wanted, "subprotocol {chosen:?}");
            Ok(socket)
        };
        let socket = tokio::time::timeout(OPEN_MAX, opened)
            .await
            .map_err(|_elapsed| anyhow!("no WebSocket after {OPEN_MAX:?}"))??;
        let mut viewer = Self {
            socket,
            screen: Screen::new(options.painting)?,
            seen: Seen::default(),
            acks: options.acks,
            unacked: None,
            frame: 0,
            frame_at: None,
            asked: 0,
        };
        viewer.send(&ToGateway::Hello(options.hello.clone())).await?;
        Ok(viewer)
    }

    /// As [`connect`](Self::connect), and waits for Welcome.
    ///
    /// # Errors
    ///
    /// There is no link, or the gateway answers with an error, which is in the message.
    pub async fn open(options: &ViewerOptions) -> Result<Self> {
        let mut viewer = Self::connect(options).await?;
        viewer.wait_until("welcome", OPEN_MAX, |viewer| viewer.welcome().is_some()).await?;
        Ok(viewer)
    }

    /// Reads one WebSocket message and does what it says. False: the link is closed.
    ///
    /// Cancel-safe, except that a frame may be painted and not acknowledged.
    ///
    /// # Errors
    ///
    /// The gateway broke the link protocol.
    pub async fn next(&mut self) -> Result<bool> {
        if self.seen.close_code.is_some() {
            return Ok(false);
        }
        let message = self.socket.next().await;
        self.handle(message).await
    }

    async fn handle(&mut self, message: Option<Result<Message, SocketError>>) -> Result<bool> {
        match message {
            Some(Ok(Message::Binary(message))) => self.take(&message).await?,
            Some(Ok(Message::Close(frame))) => {
                self.seen.close_code = Some(frame.map_or(NO_STATUS, |frame| u16::from(frame.code)));
                // The answer to it is written when the stream is asked for more.
                while let Some(Ok(_)) = self.socket.next().await {}
                return Ok(false);
            }
            Some(Ok(Message::Text(_))) => bail!("a text message, and the link is binary"),
            Some(Ok(_)) => {}
            Some(Err(SocketError::Capacity(error))) => return Err(error.into()),
            Some(Err(SocketError::Protocol(error))) if !is_reset(&error) => {
                return Err(error.into());
            }
            Some(Err(_)) | None => {
                self.seen.close_code = Some(ABNORMAL);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads until `found` says so, for at most `limit`. It is asked first before anything is
    /// read, after everything that is read and every 50 ms, for it may look elsewhere, and once
    /// more when the link has closed.
    ///
    /// # Errors
    ///
    /// Time is up, the link closed first, or the gateway broke the protocol.
    pub async fn wait_until(
        &mut self,
        what: &str,
        limit: Duration,
        mut found: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let end = Instant::now() + limit;
        while !found(self) {
            if Instant::now() >= end {
                bail!("waited {limit:?} for {what}; {:?}", self.seen);
            }
            let next = if self.seen.close_code.is_some() {
                Ok(false)
            } else {
                match timeout(LOOK, self.socket.next()).await {
                    Ok(message) => timeout_at(end.into(), self.handle(message))
                        .await
                        .unwrap_or_else(|_elapsed| Err(anyhow!("the link did not go on"))),
                    Err(_elapsed) => continue,
                }
            };
            if !next.with_context(|| format!("waiting for {what}"))? {
                ensure!(found(self), "the link closed before {what}; {:?}", self.seen);
                break;
            }
        }
        Ok(())
    }

    /// Reads until the gateway closes the link; its last record, and the close code.
    ///
    /// # Errors
    ///
    /// It does not close in time, or without a last record.
    pub async fn wait_for_error(&mut self, limit: Duration) -> Result<(ErrorRecord, u16)> {
        self.wait_until("the end", limit, |viewer| viewer.seen.close_code.is_some()).await?;
        let error = self.seen.error.clone().context("the link closed without an Error record")?;
        Ok((error, self.seen.close_code.unwrap_or(ABNORMAL)))
    }

    /// The pieces of video that came since each stream's last key picture, in order. No pixel of
    /// them is painted, and none is kept where pixels are skipped.
    pub fn videos(&self) -> &[VideoRecord] {
        self.screen.videos()
    }

    /// Reads whatever comes for this long.
    ///
    /// # Errors
    ///
    /// The gateway broke the link protocol.
    pub async fn read_for(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Ok(next) = timeout_at(end.into(), self.next()).await {
            if !next? {
                break;
            }
        }
        Ok(())
    }

    /// Sends one record.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn send(&mut self, record: &ToGateway) -> Result<()> {
        let mut message = BytesMut::new();
        record.encode(&mut message);
        self.send_message(Message::Binary(message.freeze())).await
    }

    /// Sends any WebSocket message, whole records or not.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn send_message(&mut self, message: Message) -> Result<()> {
        Ok(self.socket.send(message).await?)
    }

    /// Presses and lifts a key.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn press(&mut self, keysym: u32, scancode: u16) -> Result<()> {
        self.send(&ToGateway::Key { down: true, keysym, scancode }).await?;
        self.send(&ToGateway::Key { down: false, keysym, scancode }).await
    }

    /// Types into a terminal.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn type_text(&mut self, text: &str) -> Result<()> {
        for piece in text.as_bytes().chunks(TERMINAL_TYPED_MAX_BYTES) {
            let wish = TerminalWish::Typed(Bytes::copy_from_slice(piece));
            self.send(&ToGateway::Terminal(wish)).await?;
        }
        Ok(())
    }

    /// Tells how large the terminal is.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn resize_terminal(&mut self, columns: u16, rows: u16) -> Result<()> {
        self.send(&ToGateway::Terminal(TerminalWish::Resize(columns, rows))).await
    }

    /// Answers what the remote asked in words of its own.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn reply(&mut self, texts: &[&str]) -> Result<()> {
        let texts = texts.iter().map(|text| (*text).to_owned().into()).collect();
        self.send(&ToGateway::Replies(RepliesRecord(texts))).await
    }

    /// Reads until `words` stand in the text that a text remote showed.
    ///
    /// # Errors
    ///
    /// As [`Self::wait_until`].
    pub async fn wait_for_text(&mut self, words: &str, limit: Duration) -> Result<()> {
        self.wait_until(words, limit, |viewer| viewer.seen.text.contains(words)).await
    }

    /// From here on, text and bytes of files are counted and not kept: for benchmarks.
    pub const fn count_only(&mut self) {
        self.seen.is_counted = true;
    }

    /// Moves the pointer to column `x`, row `y`, with these buttons down.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn point(&mut self, x: u16, y: u16, buttons: u8) -> Result<()> {
        self.send(&ToGateway::Pointer(Point { x, y }, buttons)).await
    }

    /// Acknowledges the last frame that came, if it was not yet; and from here on every frame, or
    /// none.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn set_acks(&mut self, acks: bool) -> Result<()> {
        self.acks = acks;
        if acks { self.acknowledge(Duration::ZERO).await } else { Ok(()) }
    }

    /// The gateway's answer to Hello.
    pub const fn welcome(&self) -> Option<&Welcome> {
        self.seen.welcome.as_ref()
    }

    /// What it takes to come back to this session; `None` before Welcome.
    pub fn resume(&self) -> Option<Resume> {
        let welcome = self.welcome()?;
        Some(Resume { session: welcome.session, secret: welcome.secret })
    }

    /// What the gateway has said beside the picture.
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The picture. Its pixels are black with [`Painting::Skip`].
    pub const fn picture(&self) -> &Surface {
        self.screen.surface()
    }

    /// Columns and rows of the picture.
    pub const fn size(&self) -> Size {
        self.screen.size()
    }

    /// What came so far.
    pub const fn counts(&self) -> &Counts {
        self.screen.counts()
    }

    /// Number of the last frame; 0 before the first.
    pub const fn frame(&self) -> u32 {
        self.frame
    }

    /// When the last frame was painted.
    pub const fn frame_at(&self) -> Option<Instant> {
        self.frame_at
    }

    async fn take(&mut self, message: &Bytes) -> Result<()> {
        let began = Instant::now();
        self.screen.note_message(message.len());
        let before = self.frame;
        for record in records(message) {
            let record = record?;
            if self.screen.draw(record)? {
                continue;
            }
            match ToBrowser::decode(record)? {
                Some(ToBrowser::FrameEnd(frame)) => {
                    let due = self.frame.wrapping_add(1);
                    ensure!(frame == due, "frame {frame} came in place of {due}");
                    self.frame = frame;
                    self.screen.end_frame();
                }
                Some(said) => self.seen.take(said)?,
                None => {
                    bail!("an optional record of kind {:#04x} without its feature", record.kind)
                }
            }
        }
        if self.frame != before {
            self.frame_at = Some(Instant::now());
            self.unacked = Some(self.frame);
            if self.acks {
                self.acknowledge(began.elapsed()).await?;
            }
        }
        Ok(())
    }

    async fn acknowledge(&mut self, decode_time: Duration) -> Result<()> {
        let Some(frame) = self.unacked.take() else { return Ok(()) };
        let decode_us = u32::try_from(decode_time.as_micros()).unwrap_or(u32::MAX);
        let mut message = BytesMut::new();
        ToGateway::Ack(frame, decode_us).encode(&mut message);
        match self.socket.send(Message::Binary(message.freeze())).await {
            // The gateway may have closed; what it said before is still to be read.
            Ok(())
            | Err(
                SocketError::Io(_)
                | SocketError::ConnectionClosed
                | SocketError::AlreadyClosed
                | SocketError::Protocol(_),
            ) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// RFC 6455 §7.4.1: a close frame without a code.
const NO_STATUS: u16 = 1005;

/// RFC 6455 §7.4.1: no close frame at all.
const ABNORMAL: u16 = 1006;

fn is_reset(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;

    matches!(error, ProtocolError::ResetWithoutClosingHandshake)
}

/// A Hello with no wishes.
pub const fn plain_hello() -> Hello {
    Hello {
        features: Feature::CELLS | Feature::TABLES,
        size: Size::new(0, 0),
        scale_percent: 100,
        view_only: false,
        resume: None,
        painted: None,
        cells: CELLS_MAX,
        time_zone: String::new(),
    }
}
