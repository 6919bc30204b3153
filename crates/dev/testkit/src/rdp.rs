//! An RDP desktop held directly by the driver, without a gateway: what the server shows, and what
//! it says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::BytesMut;
pub use porthole_dial::DialError;
use porthole_dial::{Driven, DrivenEvent, DrivenLimits, TlsSettings, Verify};
use porthole_pixels::Surface;
use porthole_rdp::{RdpClient, RdpConfig};
use porthole_remote::{Event, Input, Output, PeerIdentity, Remote, RemoteError};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// A connection, and everything that has come of it.
pub struct RdpDesktop {
    driven: Driven,
    surface: Surface,
    events: Vec<Event>,
    record: Arc<Mutex<Record>>,
}

/// How long to wait for the server before looking around again.
const TICK: Duration = Duration::from_millis(20);

/// Most bytes of a server that are recorded.
const RECORD_MAX_BYTES: usize = 1 << 20;

/// What a server has said, for saying it again.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// In clear, before TLS.
    pub plain: Vec<u8>,
    /// Who it then proved to be.
    pub peer: PeerIdentity,
    /// Inside TLS: the first megabyte.
    pub secured: Vec<u8>,
    is_secured: bool,
}

/// The driver, overheard.
struct Tapped {
    client: RdpClient,
    record: Arc<Mutex<Record>>,
}

impl Tapped {
    fn note(&self, write: impl FnOnce(&mut Record)) {
        write(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Remote for Tapped {
    fn handle_bytes(
        &mut self,
        now: std::time::Instant,
        arrived: &mut BytesMut,
        surface: &mut Surface,
    ) -> Result<(), RemoteError> {
        let before = arrived.clone();
        let result = self.client.handle_bytes(now, arrived, surface);
        self.note(|record| {
            let heard = if record.is_secured { &mut record.secured } else { &mut record.plain };
            let taken = before.len().saturating_sub(arrived.len());
            let room = RECORD_MAX_BYTES.saturating_sub(heard.len());
            heard.extend(before.iter().take(taken.min(room)));
        });
        result
    }

    fn handle_end(&mut self, now: std::time::Instant) -> Result<(), RemoteError> {
        self.client.handle_end(now)
    }

    fn handle_secured(
        &mut self,
        now: std::time::Instant,
        peer: &PeerIdentity,
    ) -> Result<(), RemoteError> {
        self.note(|record| {
            record.is_secured = true;
            record.peer = peer.clone();
        });
        self.client.handle_secured(now, peer)
    }

    fn handle_exchanged(
        &mut self,
        now: std::time::Instant,
        answer: Result<bytes::Bytes, String>,
    ) -> Result<(), RemoteError> {
        self.client.handle_exchanged(now, answer)
    }

    fn handle_input(&mut self, now: std::time::Instant, input: Input) {
        self.client.handle_input(now, input);
    }

    fn handle_timeout(&mut self, now: std::time::Instant) -> Result<(), RemoteError> {
        self.client.handle_timeout(now)
    }

    fn poll(&mut self) -> Output {
        self.client.poll()
    }
}

impl std::fmt::Debug for RdpDesktop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A pointer's pixels help nobody.
        let told = self.events.iter().filter(|event| !matches!(event, Event::Cursor(_)));
        f.debug_list().entries(told).finish()
    }
}

impl RdpDesktop {
    /// Connects to `server`, whose certificate may be any.
    ///
    /// # Errors
    ///
    /// Nobody listens there, or the configuration cannot work.
    pub async fn connect(server: SocketAddr, config: RdpConfig) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("{server}"))?;
        stream.set_nodelay(true)?;
        let client = RdpClient::new(config, Instant::now().into_std())?;
        let record = Arc::default();
        let tapped = Tapped { client, record: Arc::clone(&record) };
        let tls = TlsSettings { verify: Verify::Off, server_name: None, ..TlsSettings::default() };
        let limits = DrivenLimits::default();
        let driven = Driven::new(Box::new(stream), Box::new(tapped), tls, limits);
        Ok(Self { driven, surface: Surface::default(), events: Vec::new(), record })
    }

    /// What the server shows.
    pub const fn surface(&self) -> &Surface {
        &self.surface
    }

    /// Every event so far, ends of frames apart.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What the server has said so far.
    pub fn record(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends input.
    pub fn input(&mut self, input: Input) {
        self.driven.handle_input(input);
    }

    /// Lets the connection run until `is_there`, for at most `limit`. The fault that ended it is
    /// the error's cause.
    ///
    /// # Errors
    ///
    /// It takes too long, or the connection ends.
    pub async fn wait_until(
        &mut self,
        what: &str,
        limit: Duration,
        mut is_there: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let end = Instant::now() + limit;
        while !is_there(self) {
            if Instant::now() >= end {
                bail!("waited {limit:?} for {what}; {self:?}");
            }
            // What is waited for may be outside of the connection.
            let tick = Instant::now() + TICK;
            match timeout_at(tick, self.driven.next(&mut self.surface)).await {
                Err(_elapsed) => {}
                Ok(Err(fault)) => return Err(fault).with_context(|| format!("before {what}")),
                Ok(Ok(DrivenEvent::Closed)) => bail!("the server left before {what}"),
                Ok(Ok(DrivenEvent::Event(Event::FrameEnd))) => {}
                Ok(Ok(DrivenEvent::Event(event))) => self.events.push(event),
            }
        }
        Ok(())
    }
}

/// Says to a fresh driver what a server once said, cut off after `len` bytes inside TLS, and then
/// hangs up. Returns how many of those bytes it took.
///
/// # Errors
///
/// The driver objects, as it may.
///
/// # Panics
///
/// It panics, or never comes to rest.
pub fn replay(record: &Record, config: RdpConfig, len: usize) -> Result<usize> {
    let now = Instant::now().into_std();
    let mut client = RdpClient::new(config, now)?;
    let mut surface = Surface::default();
    let rest = |client: &mut RdpClient| {
        let outputs = (0..1_000_000).map(|_| client.poll());
        let last = outputs.take_while(|output| !matches!(output, Output::Wait(_) | Output::Closed));
        assert!(last.count() < 1_000_000, "it never comes to rest");
    };
    rest(&mut client);
    let mut arrived = BytesMut::from(&record.plain[..]);
    client.handle_bytes(now, &mut arrived, &mut surface)?;
    rest(&mut client);
    client.handle_secured(now, &record.peer)?;
    rest(&mut client);
    let said = record.secured.get(..len).unwrap_or(&record.secured);
    let mut arrived = BytesMut::from(said);
    let result = client.handle_bytes(now, &mut arrived, &mut surface);
    rest(&mut client);
    let taken = said.len().saturating_sub(arrived.len());
    // Objecting is fine, and so is hanging up.
    let _ = client.handle_end(now);
    result?;
    Ok(taken)
}
