//! Nothing in between: a viewer that speaks RFB to the remote itself. Its latency is the part
//! that no gateway can take away.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use porthole_pixels::{Size, Surface};
use porthole_remote::{Event, Input, Output, Remote};
use porthole_rfb::{RfbClient, RfbConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{Sight, Subject};
use crate::scene::SPOT;
use crate::viewer::{Seat, Viewer};

/// A VNC viewer.
pub(crate) struct Direct;

impl Subject for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn process_id(&mut self) -> Option<u32> {
        None
    }

    /// RFB cannot be read without decoding it, so every viewer has pixels.
    fn attach(&self, runtime: &Runtime, remote: SocketAddr, _sight: Sight) -> Result<Viewer> {
        let surface = Surface::new(Size::new(64, 64))?;
        Ok(Viewer::start(runtime, move |seat| watch(remote, surface, seat)))
    }
}

/// What to do after everything that the client asked for.
enum Next {
    Wait(Option<Instant>),
    Closed,
}

async fn watch(remote: SocketAddr, mut surface: Surface, mut seat: Seat) -> Result<()> {
    let mut stream = TcpStream::connect(remote).await.context("cannot reach the remote")?;
    stream.set_nodelay(true)?;
    let mut client = RfbClient::new(RfbConfig::default(), Instant::now());
    let mut arrived = BytesMut::with_capacity(64 << 10);
    loop {
        let deadline = match settle(&mut stream, &mut client, &mut surface, &mut seat).await? {
            Next::Wait(deadline) => deadline,
            Next::Closed => return Ok(()),
        };
        tokio::select! {
            read = stream.read_buf(&mut arrived) => {
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
                    settle(&mut stream, &mut client, &mut surface, &mut seat).await?;
                }
            }
            () = sleep_until(deadline) => client.handle_timeout(Instant::now())?,
        }
    }
}

/// Does what the client asks for until it waits.
async fn settle(
    stream: &mut TcpStream,
    client: &mut RfbClient,
    surface: &mut Surface,
    seat: &mut Seat,
) -> Result<Next> {
    loop {
        match client.poll() {
            Output::Send(bytes) => stream.write_all(&bytes).await?,
            Output::Event(Event::FrameEnd) => {
                let damage = surface.changes().damage();
                let painted = damage.iter_within(SPOT).next().is_some();
                surface.clear_changes();
                seat.frame_ended(painted);
            }
            Output::Event(_) => {}
            Output::Secure(_) => {
                anyhow::bail!("the remote wants TLS, which it was not started for")
            }
            Output::Wait(deadline) => return Ok(Next::Wait(deadline)),
            Output::Closed => return Ok(Next::Closed),
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
