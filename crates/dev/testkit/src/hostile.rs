//! Servers that mean harm, or are broken.
//!
//! A [`HostileServer`] listens on the loopback address and plays a [`Script`] to everyone who
//! connects, without regard to what they say. [`scripts()`] holds those that every client must
//! survive; [`valid_session`] is a sound one, to be cut short at any byte. They speak VNC;
//! [`HostileRdp`] plays [`rdp_scripts()`], partly inside TLS.

mod rdp;
mod rdp_scripts;
mod scripts;
mod session;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
pub use rdp::{HostileRdp, RdpScript};
pub use rdp_scripts::{RdpAttack, rdp_cut, rdp_scripts, sound};
pub use scripts::{After, Attack, scripts};
pub use session::{opening, valid_session};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a client may take to close its end once the script is over.
const GOODBYE_MAX: Duration = Duration::from_secs(20);

/// Most bytes that are kept of what clients say.
const HEARD_MAX_BYTES: usize = 64 << 10;

/// What all clients said, one after the other as it came.
type Heard = Arc<Mutex<Vec<u8>>>;

/// What a server does to whoever connects.
#[derive(Debug, Clone, Default)]
pub struct Script {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u8>),
    /// The same bytes so many times.
    Repeat(Vec<u8>, u64),
    Hang,
}

impl Script {
    /// Closes the connection at once.
    pub const fn new() -> Self {
        Self { steps: Vec::new() }
    }

    /// Then sends `bytes`.
    #[must_use]
    pub fn send(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.push(Step::Send(bytes.into()));
        self
    }

    /// Then sends `bytes` so many times.
    #[must_use]
    pub fn repeat(mut self, bytes: impl Into<Vec<u8>>, times: u64) -> Self {
        self.steps.push(Step::Repeat(bytes.into(), times));
        self
    }

    /// Then says nothing more, and keeps the connection. Without it, the server closes its end.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.steps.push(Step::Hang);
        self
    }

    async fn play(&self, out: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        self.say(out).await?;
        out.shutdown().await
    }

    /// All but the end.
    async fn say(&self, out: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        for step in &self.steps {
            match step {
                Step::Send(bytes) => out.write_all(bytes).await?,
                Step::Repeat(bytes, times) => {
                    // Few large writes, or most of the time would go into making them.
                    let count = ((64 << 10) / bytes.len().max(1)).max(1);
                    let block = bytes.repeat(count);
                    for _ in 0..*times / count as u64 {
                        out.write_all(&block).await?;
                    }
                    for _ in 0..*times % count as u64 {
                        out.write_all(bytes).await?;
                    }
                }
                Step::Hang => {
                    out.flush().await?;
                    std::future::pending::<()>().await;
                }
            }
        }
        out.flush().await
    }
}

/// A listener that plays scripts until it is dropped.
#[derive(Debug)]
pub struct HostileServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heard: Heard,
    accepting: JoinHandle<()>,
}

impl HostileServer {
    /// Plays `script(n)` to the `n`th client, counted from 0.
    ///
    /// # Errors
    ///
    /// The system has no port to give.
    pub async fn start(script: impl Fn(usize) -> Script + Send + 'static) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let heard = Heard::default();
        let hearing = Arc::clone(&heard);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                let script = script(counted.fetch_add(1, Ordering::Relaxed));
                tokio::spawn(serve(stream, script, Arc::clone(&hearing)));
            }
        });
        Ok(Self { address, connections, heard, accepting })
    }

    /// Plays the same script to everyone.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn playing(script: Script) -> Result<Self> {
        Self::start(move |_client| script.clone()).await
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many have connected so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The first 64 KiB of what clients have said so far.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Script, heard: Heard) {
    // Small pieces are to arrive as such.
    let _best_effort = stream.set_nodelay(true);
    let (mut from, mut to) = stream.split();
    let listen = async {
        let mut chunk = vec![0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut chunk).await {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            let room = HEARD_MAX_BYTES.saturating_sub(heard.len());
            heard.extend(chunk.iter().take(count.min(room)));
        }
    };
    tokio::pin!(listen);
    tokio::select! {
        // The client left.
        () = &mut listen => return,
        played = script.play(&mut to) => {
            if played.is_err() {
                return;
            }
        }
    }
    // Reading on, because a socket closed with unread bytes is reset, and what was sent is lost.
    let _elapsed = tokio::time::timeout(GOODBYE_MAX, listen).await;
}
