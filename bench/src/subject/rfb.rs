//! A viewer that speaks RFB itself, over whatever carries the bytes.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use porthole_pixels::{Size, Surface};
use porthole_remote::{Event, Input, Output, Remote};
use porthole_rfb::{RfbClient, RfbConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::scene::SPOT;
use crate::viewer::Seat;

/// Room for bytes that have arrived.
const ARRIVED_BYTES: usize = 64 << 10;

/// Something that carries bytes both ways.
pub(super) trait Pipe: Send {
    /// Appends what has arrived; how many bytes that were, 0 at the end. Safe to cancel.
    fn read(&mut self, into: &mut BytesMut) -> impl Future<Output = Result<usize>> + Send;

    /// Sends all of this.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;
}

impl Pipe for TcpStream {
    async fn read(&mut self, into: &mut BytesMut) -> Result<usize> {
        Ok(self.read_buf(into).await?)
    }

    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        Ok(self.write_all(&bytes).await?)
    }
}

/// What to do after everything that the client asked for.
enum Next {
    Wait(Option<Instant>),
    Closed,
}

/// Watches a VNC server through `pipe` until the seat's viewer is dropped. RFB cannot be read
/// without decoding it, so the picture is always kept.
pub(super) async fn watch(mut pipe: impl Pipe, config: RfbConfig, mut seat: Seat) -> Result<()> {
    let mut surface = Surface::new(Size::new(64, 64))?;
    let mut client = RfbClient::new(config, Instant::now());
    let mut arrived = BytesMut::with_capacity(ARRIVED_BYTES);
    loop {
        let deadline = match settle(&mut pipe, &mut client, &mut surface, &mut seat).await? {
            Next::Wait(deadline) => deadline,
            Next::Closed => bail!("the remote ended the session"),
        };
        tokio::select! {
            read = pipe.read(&mut arrived) => {
                let read = read?;
                ensure!(read > 0, "the remote closed the connection");
                seat.count(|counts| counts.bytes += read as u64);
                client.handle_bytes(Instant::now(), &mut arrived, &mut surface)?;
            }
            pressed = seat.next_press() => {
                let Some(keysym) = pressed else { return Ok(()) };
                seat.press();
                for down in [true, false] {
                    let key = Input::Key { down, keysym, scancode: 0 };
                    client.handle_input(Instant::now(), key);
                    settle(&mut pipe, &mut client, &mut surface, &mut seat).await?;
                }
            }
            () = sleep_until(deadline) => client.handle_timeout(Instant::now())?,
        }
    }
}

/// Does what the client asks for until it waits.
async fn settle(
    pipe: &mut impl Pipe,
    client: &mut RfbClient,
    surface: &mut Surface,
    seat: &mut Seat,
) -> Result<Next> {
    loop {
        match client.poll() {
            Output::Send(bytes) => pipe.write(bytes).await?,
            Output::Event(Event::FrameEnd) => {
                let damage = surface.changes().damage();
                let painted = damage.iter_within(SPOT).next().is_some();
                surface.clear_changes();
                seat.frame_ended(painted);
                surface.settle();
                seat.show(surface);
            }
            Output::Event(_) | Output::Draw | Output::Resize(_) => {}
            Output::Secure(_) => bail!("the remote wants TLS, which it was not started for"),
            Output::Wait(deadline) => return Ok(Next::Wait(deadline)),
            Output::Exchange(_) | Output::Closed => return Ok(Next::Closed),
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// How long the way to a server may take.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(20);
