//! Text from a socket to a viewer that draws it, and back.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};
use porthole_link::{Feature, ToGateway};
use porthole_pixels::{Rect, Size};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A device that says hello, and then everything twice, until it is told to go.
async fn device() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // It says that it echoes, and wants each key at once.
                stream.write_all(b"\xff\xfb\x01\xff\xfb\x03hello\r\n").await?;
                let mut heard = [0; 1024];
                loop {
                    let count = stream.read(&mut heard).await?;
                    let said = heard.get(..count).unwrap_or_default();
                    if said.is_empty() || said.contains(&b'q') {
                        return Ok::<_, std::io::Error>(());
                    }
                    if !said.contains(&0xff) {
                        stream.write_all(&said.repeat(2)).await?;
                    }
                }
            });
        }
    });
    Ok(address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_goes_there_and_back() -> Result<()> {
    let mut lab = Setup::new().speaking("telnet", "device", device().await?, "").start()?;
    let options = lab.options("device")?.drawing_text();
    let mut viewer = Viewer::open(&options).await?;
    let granted = viewer.welcome().map_or(0, |welcome| welcome.features);
    ensure!(granted & Feature::TERMINAL != 0, "{granted:#x}");
    viewer.wait_for_text("hello", SOON).await?;
    viewer.type_text("ab").await?;
    viewer.wait_for_text("abab", SOON).await?;
    viewer.resize_terminal(100, 40).await?;
    viewer.wait_until("the size", SOON, |v| v.seen().text.size == Some((100, 40))).await?;

    // Another one, who comes back to the same session, finds the screen as it is.
    let resume = viewer.resume();
    drop(viewer);
    let mut viewer = Viewer::open(&options.clone().resuming(resume)).await?;
    viewer.wait_for_text("abab", SOON).await?;
    ensure!(viewer.seen().text.size == Some((100, 40)), "{:?}", viewer.seen().text.size);
    viewer.type_text("q").await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "remote_closed", "{error:?}");
    lab.check_sound(&[])
}

/// Pixels of a cell of 10 by 19 that are not black.
fn ink(viewer: &Viewer, column: u16, row: u16) -> usize {
    let cell = Rect::new(column * 10, row * 19, 10, 19);
    let picture = viewer.picture();
    let rows = (0..19).flat_map(|y| picture.row(cell, y).chunks(4));
    rows.filter(|pixel| pixel.iter().take(3).any(|part| *part != 0)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_is_drawn_for_those_who_know_pictures() -> Result<()> {
    let mut lab = Setup::new().speaking("telnet", "device", device().await?, "").start()?;
    let options = lab.options("device")?;
    let mut viewer = Viewer::open(&options).await?;
    // DejaVu Sans Mono at 12 points.
    let size = Size { width: 800, height: 456 };
    viewer.wait_until("the picture", SOON, |v| v.picture().size() == size).await?;
    viewer.wait_until("the text", SOON, |v| ink(v, 4, 0) > 20).await?;
    ensure!((0..5).all(|x| ink(&viewer, x, 0) > 10) && ink(&viewer, 5, 0) == 0);
    viewer.press(u32::from(b'x'), 0).await?;
    viewer.wait_until("what was typed", SOON, |v| ink(v, 1, 1) > 10).await?;
    ensure!(ink(&viewer, 3, 1) == 0, "the cursor is behind both");
    // The window moves to a screen of twice the resolution.
    viewer.send(&ToGateway::Resize(Size::default(), 200)).await?;
    let size = Size { width: 80 * 19, height: 24 * 38 };
    viewer.wait_until("larger letters", SOON, |v| v.picture().size() == size).await?;

    // A viewer who draws text itself takes over, and pictures are over.
    let resume = viewer.resume();
    drop(viewer);
    let mut viewer = Viewer::open(&options.drawing_text().resuming(resume)).await?;
    viewer.wait_for_text("xx", SOON).await?;
    viewer.type_text("q").await?;
    viewer.wait_for_error(SOON).await?;
    lab.check_sound(&[])
}
