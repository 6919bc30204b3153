//! Many shells: a server within this program, whose shells have written some and wait.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{self, Auth, Msg, Session};
use russh::{Channel, ChannelId};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::PROMPT;
use super::seat::Terminal;
use crate::remote::Place;
use crate::subject::GatewaySubject;

/// Viewers that open their sessions at the same time.
const OPENING_MAX: usize = 16;

/// Rows that each shell writes: as many as a terminal keeps by default, and a screen of them.
const ROWS: u32 = 1024;

/// The user and the password that the server takes; it takes all others too.
const LOGIN: (&str, &str) = ("bench", "bench");

/// A server that lives until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    host_key: String,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens. Each shell writes [`ROWS`], and a prompt.
    pub(super) async fn start() -> Result<Self> {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519)?;
        let host_key = key.public_key().to_openssh()?;
        let config = Arc::new(server::Config {
            keys: vec![key],
            auth_rejection_time: Duration::ZERO,
            inactivity_timeout: None,
            nodelay: true,
            ..server::Config::default()
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let written: Arc<[u8]> = written().into();
        let accepting = tokio::spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _peer)) = listener.accept().await {
                let shell = Shell { written: Arc::clone(&written) };
                let config = Arc::clone(&config);
                sessions.spawn(async move {
                    if let Ok(session) = server::run_stream(config, stream, shell).await {
                        // Its end is the gateway's to tell.
                        let _ended = session.await;
                    }
                });
            }
        });
        Ok(Self { address, host_key, accepting })
    }

    /// What the gateway has to know of it.
    pub(super) fn place(&self) -> Place {
        Place::ssh(self.address, LOGIN, &self.host_key, None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Rows as long as a terminal, as a listing has them.
fn written() -> Vec<u8> {
    let line = |row| format!("-rw-r--r-- 1 bench bench {row:>12} Jan  1 00:00 file-{row}\r\n");
    let mut rows: Vec<String> = (0..ROWS).map(line).collect();
    rows.push(PROMPT.to_owned());
    rows.concat().into_bytes()
}

struct Shell {
    written: Arc<[u8]>,
}

impl server::Handler for Shell {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, _password: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        session.data(channel, self.written.to_vec())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        // As a terminal echoes.
        session.data(channel, data.to_vec())
    }
}

/// Opens all sessions, a few at a time, and waits until each shows its prompt.
pub(super) async fn open(
    gateway: &GatewaySubject,
    place: &Place,
    count: usize,
) -> Result<Vec<Terminal>> {
    let mut terminals = Vec::with_capacity(count);
    while terminals.len() < count {
        let batch = OPENING_MAX.min(count - terminals.len());
        let opening = (0..batch).map(|_| async {
            let mut terminal = Terminal::open(gateway, place).await?;
            terminal.wait_for(PROMPT).await?;
            terminal.count_only();
            Ok::<_, anyhow::Error>(terminal)
        });
        for terminal in futures_util::future::join_all(opening).await {
            terminals.push(terminal?);
        }
    }
    Ok(terminals)
}
