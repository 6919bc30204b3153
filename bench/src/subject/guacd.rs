//! guacd, and viewers that speak the Guacamole protocol to it.
//!
//! A viewer here does what a tunnel and a browser do together, except that it decodes no image:
//! it counts instructions and answers each `sync` at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::guacamole::{Instruction, instruction};
use super::rfb::CONNECT_MAX;
use super::{Subject, listener};
use crate::viewer::{Images, Seat, Sight, Viewer};

/// The protocol that we speak; the older of this and the server's is taken.
const VERSION: &str = "VERSION_1_5_0";

/// Kinds of images that a viewer says it can show.
const IMAGES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];

/// Dots per inch.
const DPI: &str = "96";

/// How often the viewer shows that it lives; guacd waits 15 seconds.
const NOP_GAP: Duration = Duration::from_secs(5);

/// Room for bytes that have arrived.
const ARRIVED_BYTES: usize = 64 << 10;

/// Most image streams that may be open at a time. The protocol has 512.
const STREAMS_MAX: usize = 512;

/// A running guacd.
pub(crate) struct GuacdSubject {
    address: SocketAddr,
    process_id: Option<u32>,
    protocol: &'static str,
    size: (u16, u16),
    parameters: Vec<(String, String)>,
}

impl GuacdSubject {
    /// Uses one that somebody has started. Its process is looked for unless it is named.
    /// It is told that remotes
    /// speak `protocol`; `parameters` are for each connection, beside those that name the remote.
    pub(crate) fn at(
        address: SocketAddr,
        process_id: Option<u32>,
        protocol: &'static str,
        size: (u16, u16),
        parameters: Vec<(String, String)>,
    ) -> Self {
        let process_id = process_id.or_else(|| listener::process_at(address));
        Self { address, process_id, protocol, size, parameters }
    }
}

impl Subject for GuacdSubject {
    fn process_id(&self) -> Option<u32> {
        self.process_id
    }

    /// The viewer has no pixels, whatever `sight` wishes. It takes what is drawn on a visible
    /// layer after a key for the answer to it, so nothing else may move meanwhile.
    fn attach(&self, runtime: &Runtime, remote: SocketAddr, sight: Sight) -> Result<Viewer> {
        let mut parameters = self.parameters.clone();
        parameters.push(("hostname".to_owned(), remote.ip().to_string()));
        parameters.push(("port".to_owned(), remote.port().to_string()));
        let (address, protocol, size) = (self.address, self.protocol, self.size);
        Ok(Viewer::start(runtime, sight, move |seat| async move {
            let opening = Link::open(address, protocol, size, &parameters);
            let link = timeout(CONNECT_MAX, opening)
                .await
                .with_context(|| format!("no session of {address} in {CONNECT_MAX:?}"))??;
            link.watch(seat).await
        }))
    }
}

/// A connection to guacd.
struct Link {
    stream: TcpStream,
    arrived: BytesMut,
    /// Kinds of the images that are under way, by their streams' numbers.
    streams: BTreeMap<String, &'static str>,
    /// Something was drawn since the last frame ended.
    has_drawn: bool,
}

impl Link {
    /// Connects and shakes hands.
    async fn open(
        address: SocketAddr,
        protocol: &str,
        (width, height): (u16, u16),
        parameters: &[(String, String)],
    ) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot reach guacd")?;
        stream.set_nodelay(true)?;
        let arrived = BytesMut::with_capacity(ARRIVED_BYTES);
        let mut link = Self { stream, arrived, streams: BTreeMap::new(), has_drawn: false };
        link.send(&["select", protocol]).await?;
        let names = link.expect("args").await?;
        let size = [width.to_string(), height.to_string()];
        link.send(&["size", &size[0], &size[1], DPI]).await?;
        link.send(&["audio"]).await?;
        link.send(&["video"]).await?;
        let [png, jpeg, webp] = IMAGES;
        link.send(&["image", png, jpeg, webp]).await?;
        let connect = connect(&names, parameters);
        link.send(&connect.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        link.expect("ready").await?;
        Ok(link)
    }

    /// Waits for an instruction of the handshake; its arguments.
    async fn expect(&mut self, opcode: &str) -> Result<Vec<String>> {
        loop {
            if let Some(found) = Instruction::parse(&self.arrived)? {
                let arguments: Vec<String> =
                    found.arguments.iter().map(|text| (*text).to_owned()).collect();
                let (name, len) = (found.opcode.to_owned(), found.len_bytes);
                self.arrived.advance(len);
                match name.as_str() {
                    name if name == opcode => return Ok(arguments),
                    "error" => bail!("guacd refuses: {arguments:?}"),
                    _ => continue,
                }
            }
            let read = self.stream.read_buf(&mut self.arrived).await?;
            ensure!(read > 0, "guacd closed the connection before {opcode}");
        }
    }

    async fn send(&mut self, elements: &[&str]) -> Result<()> {
        Ok(self.stream.write_all(instruction(elements).as_bytes()).await?)
    }

    /// Watches until the seat's viewer is dropped.
    async fn watch(mut self, mut seat: Seat) -> Result<()> {
        let mut nops = interval(NOP_GAP);
        nops.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // What came behind the handshake counts like everything else.
            self.take(&mut seat).await?;
            tokio::select! {
                read = self.stream.read_buf(&mut self.arrived) => {
                    ensure!(read? > 0, "guacd closed the connection");
                }
                pressed = seat.next_press() => {
                    let Some(keysym) = pressed else { return Ok(()) };
                    let keysym = keysym.to_string();
                    seat.press();
                    self.send(&["key", &keysym, "1"]).await?;
                    self.send(&["key", &keysym, "0"]).await?;
                }
                _ = nops.tick() => self.send(&["nop"]).await?,
            }
        }
    }

    /// Does what the whole instructions that are here say.
    async fn take(&mut self, seat: &mut Seat) -> Result<()> {
        let mut arrived = std::mem::take(&mut self.arrived);
        while let Some(found) = Instruction::parse(&arrived)? {
            let len = found.len_bytes;
            seat.count(|counts| counts.bytes += len as u64);
            match found.opcode {
                "sync" => {
                    self.send(&["sync", found.argument(0)]).await?;
                    // guacd also asks for signs of life while nothing moves; that is no frame.
                    if std::mem::take(&mut self.has_drawn) {
                        seat.frame_ended(true);
                    }
                }
                "error" | "disconnect" | "required" => {
                    bail!("guacd ended the session: {} {:?}", found.opcode, found.arguments)
                }
                _ => self.draw(&found, seat)?,
            }
            arrived.advance(len);
        }
        self.arrived = arrived;
        Ok(())
    }

    /// Counts what an instruction draws, if it draws.
    fn draw(&mut self, found: &Instruction<'_>, seat: &Seat) -> Result<()> {
        let one = |bytes: &str| Images { count: 1, bytes: bytes.len() as u64, pixels: 0 };
        let layer = match found.opcode {
            "img" => {
                let kind = kind(found.argument(3));
                ensure!(self.streams.len() < STREAMS_MAX, "too many images at a time");
                self.streams.insert(found.argument(0).to_owned(), kind);
                seat.count(|counts| counts.add_images(kind, one("")));
                found.argument(2)
            }
            "blob" => {
                if let Some(kind) = self.streams.get(found.argument(0)) {
                    let bytes = found.len_bytes as u64;
                    seat.count(|counts| {
                        counts.images.entry(kind).or_default().bytes += bytes;
                    });
                }
                return Ok(());
            }
            "end" => {
                self.streams.remove(found.argument(0));
                return Ok(());
            }
            "png" | "jpeg" => {
                let kind = kind(&format!("image/{}", found.opcode));
                seat.count(|counts| counts.add_images(kind, one(found.argument(4))));
                found.argument(1)
            }
            "copy" | "transfer" => {
                seat.count(|counts| counts.copies += 1);
                found.argument(6)
            }
            "cfill" => {
                seat.count(|counts| counts.fills += 1);
                found.argument(1)
            }
            _ => return Ok(()),
        };
        // Layers below 0 are pictures in memory, such as the pointer's.
        self.has_drawn |= !layer.starts_with('-');
        Ok(())
    }
}

/// The last instruction of the handshake: a value for each name that `args` told, in its order.
fn connect(names: &[String], parameters: &[(String, String)]) -> Vec<String> {
    let value = |name: &String| {
        // The last one of a name wins.
        let found = parameters.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut elements = vec!["connect".to_owned()];
    for name in names {
        elements.push(if name.starts_with("VERSION_") {
            name.as_str().min(VERSION).to_owned()
        } else {
            value(name)
        });
    }
    elements
}

/// A short name for a type of image.
fn kind(mime: &str) -> &'static str {
    match mime {
        "image/png" => "png",
        "image/jpeg" => "jpeg",
        "image/webp" => "webp",
        _ => "other",
    }
}

#[cfg(test)]
#[path = "guacd_tests.rs"]
mod tests;
