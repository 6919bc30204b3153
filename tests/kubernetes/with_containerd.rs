//! containerd's streaming server: the frames that reach a client through the API server.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use porthole_testkit::cluster::{Container, Containerd};
use porthole_testkit::servers::wait_until;
use porthole_tests::SOON;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::heard;

const V4: &str = "v4.channel.k8s.io";
const V5: &str = "v5.channel.k8s.io";

/// The channels: standard input, output and error, how it ended, the terminal's size.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const SIZE: u8 = 4;

type Socket = WebSocketStream<TcpStream>;

async fn connect(url: &str, protocols: &str) -> Result<(Socket, String), Error> {
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    let stream = TcpStream::connect(address).await?;
    let mut request = url.replacen("http", "ws", 1).into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    let (socket, answer) = tokio_tungstenite::client_async(request, stream).await?;
    let chosen = answer.headers().get("sec-websocket-protocol").unwrap();
    Ok((socket, chosen.to_str().unwrap().to_owned()))
}

/// What one exchange brought: channels with their bytes, and the code with which it was closed.
#[derive(Debug, Default)]
struct Said {
    frames: Vec<(u8, Vec<u8>)>,
    code: Option<CloseCode>,
}

impl Said {
    fn on(&self, channel: u8) -> String {
        let frames = self.frames.iter().filter(|(found, _)| *found == channel);
        let bytes: Vec<u8> = frames.flat_map(|(_, bytes)| bytes.clone()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.on(STATUS)).unwrap()
    }
}

/// Reads until `is_enough`, or until the server closes.
async fn read(socket: &mut Socket, is_enough: impl Fn(&Said) -> bool) -> Result<Said> {
    let mut said = Said::default();
    let reading = async {
        while !is_enough(&said) {
            match socket.next().await.context("the stream ended")?? {
                Message::Binary(bytes) => {
                    let (&channel, rest) = bytes.split_first().context("an empty frame")?;
                    said.frames.push((channel, rest.to_vec()));
                }
                Message::Close(frame) => {
                    said.code = frame.map(|frame| frame.code);
                    break;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => bail!("unexpected: {other:?}"),
            }
        }
        Ok(())
    };
    tokio::time::timeout(SOON, reading).await.context("too slow")??;
    Ok(said)
}

fn sleeper(name: &str) -> Result<(&'static Containerd, Container)> {
    let containerd = Containerd::shared()?;
    Ok((containerd, containerd.run(name, &["sleep", "100000"], false)?))
}

async fn send(socket: &mut Socket, channel: u8, bytes: &[u8]) -> Result<()> {
    let frame = [&[channel], bytes].concat();
    Ok(socket.send(Message::binary(frame)).await?)
}

#[tokio::test]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn an_exec_says_everything_and_closes() -> Result<()> {
    let (containerd, container) = sleeper("says-everything")?;
    let words = ["sh", "-c", "echo out; echo err >&2; exit 3"];
    let url = containerd.exec_url(&container, &words, false)?;
    let (mut socket, protocol) = connect(&url, &format!("{V5}, {V4}")).await?;
    assert_eq!(protocol, V4);
    let said = read(&mut socket, |_| false).await?;
    assert_eq!(said.frames.first(), Some(&(STDOUT, Vec::new())), "an empty frame first");
    assert_eq!(said.on(STDOUT), "out\n");
    assert_eq!(said.on(STDERR), "err\n");
    let status = said.status();
    assert_eq!(status["status"], "Failure");
    assert_eq!(status["details"]["causes"], json!([{ "reason": "ExitCode", "message": "3" }]));
    assert_eq!(said.code, Some(CloseCode::Normal));

    // The address was good once.
    let again = connect(&url, V4).await;
    let Err(Error::Http(answer)) = again else { bail!("not refused") };
    assert_eq!(answer.status(), 404);
    Ok(())
}

#[tokio::test]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn the_fifth_protocol_alone_is_refused() -> Result<()> {
    let (containerd, container) = sleeper("fifth-alone")?;
    let url = containerd.exec_url(&container, &["true"], false)?;
    let Err(Error::Http(answer)) = connect(&url, V5).await else { bail!("not refused") };
    assert_eq!(answer.status(), 403);
    Ok(())
}

#[tokio::test]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn a_terminal_has_the_size_that_it_is_told() -> Result<()> {
    let (containerd, container) = sleeper("sized")?;
    let url = containerd.exec_url(&container, &["sh"], true)?;
    let (mut socket, _) = connect(&url, V4).await?;
    send(&mut socket, SIZE, br#"{"Width":101,"Height":31}"#).await?;
    read(&mut socket, |said| said.on(STDOUT).contains('#')).await?;
    // The size takes its own way, so the first look may come before it.
    let words = b"until stty size | grep '31 101'; do sleep 0.05; done; exit 5\n";
    send(&mut socket, STDIN, words).await?;
    let said = read(&mut socket, |_| false).await?;
    assert!(said.on(STDOUT).contains("\n31 101\r\n"), "{said:?}");
    assert_eq!(said.status()["details"]["causes"][0]["message"], "5");
    Ok(())
}

#[tokio::test]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn a_process_survives_its_client() -> Result<()> {
    for has_terminal in [false, true] {
        let (containerd, container) = sleeper(&format!("survivor-{has_terminal}"))?;
        let words = ["sh", "-c", "echo here; exec sleep 777"];
        let url = containerd.exec_url(&container, &words, has_terminal)?;
        let (mut socket, _) = connect(&url, V4).await?;
        read(&mut socket, |said| said.on(STDOUT).contains("here")).await?;
        socket.close(None).await?;
        drop(socket);
        // It is one that stays, so looking once would do; looking again finds one that goes.
        let end = std::time::Instant::now() + Duration::from_secs(1);
        wait_until("a second to pass", SOON, || {
            let found = containerd.processes(&container)?;
            let stays = found.iter().any(|process| process.command.ends_with("sleep 777"));
            ensure!(stays, "{found:?}");
            Ok((std::time::Instant::now() > end).then_some(()))
        })?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn an_attach_calls_every_ending_a_success() -> Result<()> {
    let containerd = Containerd::shared()?;
    let container = containerd.run("attached", &["sh", "-c", &heard(":")], false)?;
    let url = containerd.attach_url(&container, false)?;
    let (mut socket, _) = connect(&url, V4).await?;
    read(&mut socket, |said| said.on(STDOUT).contains("here\n")).await?;
    send(&mut socket, STDIN, b"typed\n").await?;
    read(&mut socket, |said| said.on(STDOUT).ends_with("got typed\n")).await?;
    send(&mut socket, STDIN, b"\n").await?;
    let said = read(&mut socket, |_| false).await?;
    assert_eq!(said.on(STDOUT), "");
    assert_eq!(said.status()["status"], "Success");
    assert_eq!(said.code, Some(CloseCode::Normal));
    let code = wait_until("the end", SOON, || containerd.exit_code(&container))?;
    assert_eq!(code, 5);
    Ok(())
}
