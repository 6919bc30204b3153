//! Servers that mean harm: each of them ends, or gets nowhere, in a bounded way.

use std::{borrow::Cow, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use crate::support::{Heard, PATIENCE, credentials, open, read_until};
use porthole_remote::Blame;
use porthole_ssh::{HostKeys, Login, SshConfig};
use porthole_testkit::servers::ssh_keygen;
use russh::{
    Channel, ChannelId, MethodKind, MethodSet, Pty,
    keys::load_secret_key,
    server::{self, Auth, ChannelOpenHandle, Config, Handle, Msg, Response, Session},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Most bytes that a flood here comes to: much more than anybody should take.
const FLOOD_BYTES: usize = 64 << 20;

/// Bytes of a flood at a time.
const PIECE_BYTES: usize = 32 << 10;

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// It greets with much more than a screen.
    Greet,
    /// It asks thousands of questions at once.
    AskMuch,
    /// It asks again and again, for nothing.
    AskOften,
    /// It writes much and never says that the shell runs.
    WriteEarly,
    /// It writes without end.
    Write,
    /// It opens channels that nobody asked for.
    Open,
    /// It takes nothing that is typed.
    Deaf,
}

struct Villain(Deed);

impl server::Handler for Villain {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        Ok((self.0 == Deed::Greet).then(|| "hello\n".repeat(20_000)))
    }

    async fn auth_none(&mut self, _: &str) -> Result<Auth, russh::Error> {
        let asks = matches!(self.0, Deed::AskMuch | Deed::AskOften);
        let methods = MethodSet::from(&[MethodKind::KeyboardInteractive][..]);
        let proceed_with_methods = Some(methods);
        let refused = Auth::Reject { proceed_with_methods, partial_success: false };
        Ok(if asks { refused } else { Auth::Accept })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        _: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let count = if self.0 == Deed::AskMuch { 5000 } else { 0 };
        Ok(Auth::Partial {
            name: Cow::Borrowed("you"),
            instructions: Cow::Borrowed("answer"),
            prompts: vec![(Cow::Borrowed("and?"), true); count].into(),
        })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.0 != Deed::WriteEarly {
            session.channel_success(channel)?;
        }
        tokio::spawn(act(self.0, session.handle(), channel));
        Ok(())
    }
}

/// What the server does once the shell is asked for.
async fn act(deed: Deed, server: Handle, channel: ChannelId) {
    match deed {
        Deed::WriteEarly | Deed::Write => {
            for _piece in 0..FLOOD_BYTES / PIECE_BYTES {
                if server.data(channel, vec![b'x'; PIECE_BYTES]).await.is_err() {
                    return;
                }
            }
        }
        Deed::Open => {
            let mut refused = 0;
            for _time in 0..50 {
                let opened = [
                    server.channel_open_x11("127.0.0.1", 1).await,
                    server.channel_open_agent().await,
                    server.channel_open_session().await,
                    server.channel_open_forwarded_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await,
                    server.channel_open_forwarded_streamlocal("/run/x").await,
                    server.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await,
                    server.channel_open_direct_streamlocal("/run/x").await,
                ];
                refused += opened.iter().filter(|opened| opened.is_err()).count();
            }
            // Whoever has gone reads no more.
            let _gone = server.data(channel, format!("refused {refused}.")).await;
        }
        _ => {
            let _gone = server.data(channel, "ready$ ").await;
        }
    }
}

/// Serves the first who comes, in this way; and ends when the connection does.
async fn serve(deed: Deed) -> (u16, JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host");
    ssh_keygen(&file, "", &["-t", "ed25519"]).unwrap();
    let config = Config {
        keys: vec![load_secret_key(&file, None).unwrap()],
        auth_rejection_time: Duration::ZERO,
        max_auth_attempts: 1000,
        window_size: if deed == Deed::Deaf { 0 } else { 1 << 20 },
        ..Config::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let running = server::run_stream(Arc::new(config), stream, Villain(deed)).await;
        // However it ends.
        let _ending = running.unwrap().await;
    });
    (port, serving)
}

fn config() -> SshConfig {
    let login = Login { credentials: credentials("tester", ""), ..Login::default() };
    SshConfig { login, host_keys: HostKeys::Off, ..SshConfig::default() }
}

async fn ended(serving: JoinHandle<()>) {
    tokio::time::timeout(PATIENCE, serving).await.expect("it does not end").unwrap();
}

#[tokio::test]
async fn words_and_questions_before_the_shell_are_bounded() {
    let (port, _serving) = serve(Deed::Greet).await;
    let mut session = open(port, &config(), &Heard::default()).await.unwrap();
    let seen = read_until(&mut session, "ready$ ").await;
    assert!(seen.starts_with("hello\r\nhello\r\n") && seen.len() < 4096, "{} bytes", seen.len());

    for (deed, cause) in
        [(Deed::AskMuch, "ssh_questions"), (Deed::AskOften, "authentication_failed")]
    {
        let (port, serving) = serve(deed).await;
        let heard = Heard::default();
        let error = open(port, &config(), &heard).await.unwrap_err();
        assert_eq!(error.cause(), cause, "{error}");
        assert!(heard.look(|person| person.questions.is_empty()), "somebody was asked");
        ended(serving).await;
    }

    let (port, serving) = serve(Deed::WriteEarly).await;
    let error = open(port, &config(), &Heard::default()).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("ssh_early", Blame::Remote), "{error}");
    ended(serving).await;
}

#[tokio::test]
async fn channels_that_nobody_asked_for_are_refused() {
    let (port, serving) = serve(Deed::Open).await;
    let mut session = open(port, &config(), &Heard::default()).await.unwrap();
    read_until(&mut session, "refused 350.").await;
    drop(session);
    ended(serving).await;
}

#[tokio::test]
async fn a_flood_that_nobody_reads_ends_with_the_session() {
    let (port, serving) = serve(Deed::Write).await;
    let mut session = open(port, &config(), &Heard::default()).await.unwrap();
    read_until(&mut session, "xxxx").await;
    drop(session);
    ended(serving).await;
}

#[tokio::test]
async fn what_a_server_does_not_take_is_not_taken_from_us() {
    let (port, serving) = serve(Deed::Deaf).await;
    let mut session = open(port, &config(), &Heard::default()).await.unwrap();
    read_until(&mut session, "ready$ ").await;
    let words = [b'x'; 1024];
    let mut taken = 0;
    let mut writing = Box::pin(session.stream.write_all(&words));
    for _time in 0..1000 {
        tokio::task::yield_now().await;
        let now = poll_fn(|context| Poll::Ready(writing.as_mut().poll(context))).await;
        if let Poll::Ready(written) = now {
            written.unwrap();
            taken += words.len();
            drop(writing);
            writing = Box::pin(session.stream.write_all(&words));
        }
    }
    drop(writing);
    assert!(taken <= 64 << 10, "{taken} bytes wait for it");
    drop(session);
    ended(serving).await;
}

/// An `SSH_MSG_IGNORE` of 4016 bytes that is not encrypted (RFC 4253 sections 6 and 11.2).
fn ignored() -> Vec<u8> {
    let head: [u8; 10] = [0, 0, 0x0f, 0xac, 6, 2, 0, 0, 0x0f, 0xa0];
    [&head[..], &[0; 4000 + 6]].concat()
}

async fn flood(mut stream: TcpStream, first: &[u8], piece: &[u8]) -> usize {
    let mut sent = 0;
    let mut next = stream.write_all(first).await;
    while next.is_ok() && sent < FLOOD_BYTES {
        next = stream.write_all(piece).await;
        sent += piece.len();
    }
    sent
}

#[tokio::test]
async fn a_flood_before_any_key_is_cut_off() {
    let lines = b"not yet\r\n".repeat(400);
    let packets = ignored();
    for (first, piece) in [(&b""[..], &lines), (b"SSH-2.0-villain\r\n", &packets)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = async {
            let (stream, _) = listener.accept().await.unwrap();
            flood(stream, first, piece).await
        };
        let config = config();
        let heard = Heard::default();
        let (sent, opened) = tokio::join!(accepting, open(port, &config, &heard));
        let error = opened.unwrap_err();
        assert_eq!(error.blame(), Blame::Remote, "{error}");
        assert!(sent < FLOOD_BYTES, "{sent} bytes were taken: {error}");
    }
}
