//! Another client of the same server holds the same picture as our driver.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use bytes::BytesMut;
use porthole_pixels::Surface;
use porthole_remote::{Event, Output, Remote};
use porthole_rfb::{EncodingKind, RfbClient, RfbConfig};
use porthole_testkit::servers::{Picture, XtigerVnc, XvncOptions};
use porthole_tests::SOON;
use vnc::{PixelFormat, VncConnector, VncEncoding, VncEvent, X11Event};

const GEOMETRY: (u16, u16) = (333, 217);

/// Our driver on a blocking socket, until its picture is `want`.
fn drive(address: SocketAddr, config: RfbConfig, want: &Picture) -> Result<Surface> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    let mut client = RfbClient::new(config, Instant::now());
    let (mut surface, mut arrived) = (Surface::default(), BytesMut::new());
    let mut chunk = vec![0; 64 << 10];
    let end = Instant::now() + SOON;
    while Instant::now() < end {
        loop {
            match client.poll() {
                Output::Send(bytes) => stream.write_all(&bytes)?,
                Output::Event(Event::FrameEnd) => {
                    surface.settle();
                    if surface.bytes() == want.rgba {
                        return Ok(surface);
                    }
                }
                Output::Event(_) => {}
                Output::Wait(_) => break,
                other => bail!("{other:?}"),
            }
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
    surface.settle();
    let wrong = surface.bytes().chunks(4).zip(want.rgba.chunks(4)).filter(|(a, b)| a != b);
    Err(anyhow!("the driver never held the picture; {} pixels differ", wrong.count()))
}

/// Draws a rectangle of R, G, B and anything on a picture of so many columns.
fn put(shown: &mut [u8], columns: usize, rect: vnc::Rect, data: &[u8]) {
    let stride = 4 * usize::from(rect.width);
    for (row, line) in data.chunks_exact(stride.max(1)).enumerate() {
        let start = 4 * ((usize::from(rect.y) + row) * columns + usize::from(rect.x));
        let Some(place) = shown.get_mut(start..start + stride) else { return };
        for (to, from) in place.as_chunks_mut().0.iter_mut().zip(line.as_chunks().0) {
            let [red, green, blue, _] = *from;
            *to = [red, green, blue, u8::MAX];
        }
    }
}

/// The other client, until its picture is `want`.
async fn drive_other(address: SocketAddr, encoding: VncEncoding, want: &Picture) -> Result<()> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let client = VncConnector::new(stream)
        .set_auth_method(async { Ok(String::new()) })
        .add_encoding(encoding)
        .add_encoding(VncEncoding::CopyRect)
        .add_encoding(VncEncoding::Raw)
        .allow_shared(true)
        .set_pixel_format(PixelFormat::rgba())
        .build()?
        .try_start()
        .await?
        .finish()?;
    let (width, height) = (usize::from(want.width), usize::from(want.height));
    let mut shown = vec![0; 4 * width * height];
    client.input(X11Event::Refresh).await?;
    while shown != want.rgba {
        let Ok(event) = client.recv_event().await else { bail!("the other client gave up") };
        if let VncEvent::RawImage(rect, data) = event {
            put(&mut shown, width, rect, &data);
        }
    }
    client.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_hold_one_picture() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    server.display().paint_root(&Picture::test_card(GEOMETRY.0, GEOMETRY.1))?;
    let want = server.display().read_root()?;
    let cases = [
        (VncEncoding::Raw, EncodingKind::Raw),
        (VncEncoding::Zrle, EncodingKind::Zrle),
        (VncEncoding::Tight, EncodingKind::Tight),
    ];
    for (theirs, ours) in cases {
        let address = server.address();
        let other = drive_other(address, theirs, &want);
        tokio::time::timeout(SOON, other).await.map_err(|_| anyhow!("{theirs:?} never came"))??;
        let config = RfbConfig { encodings: vec![ours], quality: None, ..RfbConfig::default() };
        let surface = drive(address, config, &want)?;
        ensure!(surface.bytes() == want.rgba, "{ours:?}");
    }
    Ok(())
}
