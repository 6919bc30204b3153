//! Text from a socket to a viewer that draws it, and back.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};
use porthole_link::Feature;
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
                stream.write_all(b"hello\r\n").await?;
                let mut heard = [0; 1024];
                loop {
                    let count = stream.read(&mut heard).await?;
                    if count == 0 || heard[..count].contains(&b'q') {
                        return Ok::<_, std::io::Error>(());
                    }
                    let said = [&heard[..count], &heard[..count]].concat();
                    stream.write_all(&said).await?;
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
