//! What the server is asked for follows what the path to it is worth.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use bytes::BytesMut;
use porthole_pixels::Surface;
use porthole_remote::{Event, Output, Remote};
use porthole_rfb::{EncodingKind, RfbClient, RfbConfig};
use porthole_testkit::servers::{Picture, XtigerVnc, XvncOptions};
use porthole_tests::SOON;

const GEOMETRY: (u16, u16) = (1024, 512);

/// Frames of one kind, one after the other, from which on the choice counts as made.
const SETTLED_FRAMES: u32 = 5;

/// Time between two repaintings.
const REPAINT_GAP: Duration = Duration::from_millis(200);

/// What the server was seen to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Raw,
    Packed,
}

/// Passes on at most `rate` bytes a second from the server to its one client, until either leaves.
fn throttle(server: SocketAddr, rate: u64) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let server = TcpStream::connect(server)?;
    thread::spawn(move || -> Result<()> {
        let (client, _peer) = listener.accept()?;
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        let (mut from_server, mut to_client) = (server, client);
        let mut chunk = vec![0; 16 << 10];
        loop {
            let count = from_server.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            thread::sleep(Duration::from_nanos(count as u64 * 1_000_000_000 / rate));
            to_client.write_all(chunk.get(..count).unwrap_or_default())?;
        }
    });
    Ok(address)
}

/// Connects, has the desktop repainted again and again, and waits until every frame is sent as
/// `want` says, once raw pixels have been tried.
fn settle(server: &XtigerVnc, address: SocketAddr, want: Sent) -> Result<()> {
    let pictures = [3, 5].map(|step| {
        Picture::from_fn(GEOMETRY.0, GEOMETRY.1, |x, y| {
            let [low, ..] = (x / 16 * step + y / 16).to_le_bytes();
            [low, low / 2, 9]
        })
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    stream.set_nodelay(true)?;
    let config = RfbConfig { measure_path: true, ..RfbConfig::default() };
    let mut client = RfbClient::new(config, Instant::now());
    let (mut surface, mut arrived) = (Surface::default(), BytesMut::new());
    let mut chunk = vec![0; 256 << 10];
    let (mut raw, mut packed, mut settled, mut repaints) = (0, 0, 0, 0_usize);
    let start = Instant::now();
    let mut painted_at = start;
    // The trials of a loaded machine may fail; they are repeated after 2, 4, 8 and 16 seconds.
    while start.elapsed() < 2 * SOON {
        loop {
            match client.poll() {
                Output::Send(bytes) => stream.write_all(&bytes)?,
                Output::Event(Event::FrameEnd) => {
                    let new_raw = client.rectangles(EncodingKind::Raw);
                    let new_packed = client.rectangles(EncodingKind::Tight);
                    let sent = match (new_raw > raw, new_packed > packed) {
                        (true, false) => Some(Sent::Raw),
                        (false, true) => Some(Sent::Packed),
                        (false, false) => continue,
                        (true, true) => None,
                    };
                    (raw, packed) = (new_raw, new_packed);
                    settled = if sent == Some(want) { settled + 1 } else { 0 };
                    if settled >= SETTLED_FRAMES && raw > 0 {
                        return Ok(());
                    }
                }
                Output::Event(_) => {}
                Output::Wait(_) => break,
                other => bail!("{other:?}"),
            }
        }
        if painted_at.elapsed() > REPAINT_GAP {
            if let Some(picture) = pictures.get(repaints % 2) {
                server.display().paint_root(picture)?;
            }
            repaints += 1;
            painted_at = Instant::now();
        }
        let count = match stream.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        };
        ensure!(count > 0, "the server left");
        arrived.extend_from_slice(chunk.get(..count).unwrap_or_default());
        client.handle_bytes(Instant::now(), &mut arrived, &mut surface)?;
    }
    bail!("never settled on {want:?}: {raw} raw rectangles, {packed} packed ones")
}

#[test]
fn a_fast_path_is_given_raw_pixels() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    settle(&server, server.address(), Sent::Raw)
}

#[test]
fn a_slow_path_is_given_packed_pixels() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    settle(&server, throttle(server.address(), 10_000_000)?, Sent::Packed)
}
