//! Somebody in the middle of RDP connections: a relay that shows itself with a certificate of its
//! own, and says other things than the server behind it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use porthole_dial::{BoxStream, TlsSettings, Verify, secure};
use porthole_remote::Secure;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};

use crate::servers::Certificate;

/// Most connections of one relay.
const CONNECTIONS_MAX: usize = 64;

/// How long TLS with the server may take.
const TLS_MAX: Duration = Duration::from_secs(10);

/// Most bytes of one client that are kept.
const HEARD_MAX_BYTES: usize = 1 << 20;

/// What becomes of one of the server's packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It goes on as it is.
    Pass,
    /// These bytes go on in its place.
    Replace(Vec<u8>),
    /// These bytes go on in its place, and then the connection is cut without a goodbye.
    Cut(Vec<u8>),
}

/// What a client has said.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// In clear: its connection request.
    pub request: Vec<u8>,
    /// Inside TLS: the first megabyte.
    pub secured: Vec<u8>,
}

/// A running relay. It speaks TLS alone: servers that want network level authentication find
/// somebody in the middle.
#[derive(Debug)]
pub struct RdpRelay {
    heard: Arc<Mutex<Vec<Heard>>>,
    task: Option<JoinHandle<()>>,
}

/// Says what becomes of a packet: the connection's number, from 0, and a whole TPKT packet inside
/// TLS.
pub type Editor = Box<dyn FnMut(usize, &[u8]) -> Edit + Send>;

impl RdpRelay {
    /// Listens at `listen` for clients of `server`.
    ///
    /// # Errors
    ///
    /// The address is taken, or there is no `openssl`.
    pub async fn start(listen: SocketAddr, server: SocketAddr, edit: Editor) -> Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let acceptor = acceptor(&Certificate::for_localhost()?)?;
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let all = Arc::clone(&heard);
        let edit = Arc::new(Mutex::new(edit));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0..CONNECTIONS_MAX {
                let Ok((client, _)) = listener.accept().await else { return };
                lock(&all).push(Heard::default());
                let relay = Relay { number, heard: Arc::clone(&all), edit: Arc::clone(&edit) };
                let acceptor = acceptor.clone();
                // A connection that fails has failed for its client too.
                connections.spawn(async move { relay.run(client, server, acceptor).await.ok() });
            }
        });
        Ok(Self { heard, task: Some(task) })
    }

    /// Ends, and frees the address.
    pub async fn stop(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It is cancelled, which is what was asked for.
            let _ = task.await;
        }
    }

    /// What each client has said, one after the other.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }
}

impl Drop for RdpRelay {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

struct Relay {
    number: usize,
    heard: Arc<Mutex<Vec<Heard>>>,
    edit: Arc<Mutex<Editor>>,
}

impl Relay {
    async fn run(self, client: TcpStream, server: SocketAddr, tls: TlsAcceptor) -> Result<()> {
        let mut client = client;
        let mut server = TcpStream::connect(server).await?;
        let request = read_packet(&mut client).await?;
        server.write_all(&request).await?;
        self.hear(|heard| heard.request = request);
        let confirm = read_packet(&mut server).await?;
        client.write_all(&confirm).await?;
        let client = tls.accept(client).await?;
        let settings =
            TlsSettings { verify: Verify::Off, server_name: None, ..TlsSettings::default() };
        let server: BoxStream = Box::new(server);
        let server = secure(server, &settings, Secure::Certificate, TLS_MAX).await?;
        let (from_client, to_client) = tokio::io::split(client);
        let (from_server, to_server) = tokio::io::split(server);
        tokio::select! {
            result = self.relay_client(from_client, to_server) => result,
            result = self.relay_server(from_server, to_client) => result,
        }
    }

    async fn relay_client<C: AsyncRead + Unpin, S: AsyncWrite + Unpin>(
        &self,
        mut client: C,
        mut server: S,
    ) -> Result<()> {
        let mut bytes = vec![0; 16 << 10];
        loop {
            let len = client.read(&mut bytes).await?;
            ensure!(len > 0, "the client left");
            let said = bytes.get(..len).unwrap_or_default();
            self.hear(|heard| {
                let room = HEARD_MAX_BYTES.saturating_sub(heard.secured.len());
                heard.secured.extend(said.iter().take(room));
            });
            server.write_all(said).await?;
        }
    }

    async fn relay_server<C>(
        &self,
        mut server: ReadHalf<BoxStream>,
        mut client: WriteHalf<C>,
    ) -> Result<()>
    where
        C: AsyncRead + AsyncWrite,
    {
        loop {
            let packet = read_packet(&mut server).await?;
            let is_tpkt = packet.first() == Some(&3);
            let edit = if is_tpkt { (lock(&self.edit))(self.number, &packet) } else { Edit::Pass };
            match edit {
                Edit::Pass => client.write_all(&packet).await?,
                Edit::Replace(bytes) => client.write_all(&bytes).await?,
                Edit::Cut(bytes) => {
                    client.write_all(&bytes).await?;
                    return Ok(client.flush().await?);
                }
            }
            client.flush().await?;
        }
    }

    fn hear(&self, note: impl FnOnce(&mut Heard)) {
        if let Some(heard) = lock(&self.heard).get_mut(self.number) {
            note(heard);
        }
    }
}

/// Reads a packet: TPKT (RFC 1006 §6), or fast-path output (`[MS-RDPBCGR]` 2.2.9.1.2).
async fn read_packet<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>> {
    let mut packet = vec![0; 2];
    stream.read_exact(&mut packet).await?;
    let [first, second] = packet[..] else { unreachable!("two bytes were read") };
    let len = if first == 3 {
        packet.resize(4, 0);
        stream.read_exact(packet.get_mut(2..).unwrap_or_default()).await?;
        let [_, _, high, low] = packet[..] else { unreachable!("four bytes were read") };
        usize::from(high) << 8 | usize::from(low)
    } else if second & 0x80 != 0 {
        let low = stream.read_u8().await?;
        packet.push(low);
        usize::from(second & 0x7f) << 8 | usize::from(low)
    } else {
        usize::from(second)
    };
    let start = packet.len();
    ensure!(len >= start, "a packet of {len} bytes");
    packet.resize(len, 0);
    stream.read_exact(packet.get_mut(start..).unwrap_or_default()).await?;
    Ok(packet)
}

/// A task that panicked leaves nothing half done here.
fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn acceptor(certificate: &Certificate) -> Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(certificate.file())?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certificate.key_file())?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate that was just made")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The share message in a packet on the I/O channel: its type and the packet's bytes before it.
/// `None` when the packet is something else.
pub fn share_kind(packet: &[u8]) -> Option<u8> {
    let (head, body) = packet.split_at_checked(7)?;
    (head.get(4..) == Some(&[2, 0xf0, 0x80])).then_some(())?;
    // Send Data Indication, the server's number, the channel, priority, a length.
    (body.first()? >> 2 == 26).then_some(())?;
    let len_bytes = if body.get(6)? & 0x80 == 0 { 1 } else { 2 };
    body.get(6 + len_bytes + 2).map(|kind| kind & 0x0f)
}

/// Type of the message that begins a share (`[MS-RDPBCGR]` 2.2.8.1.1.1.1).
pub const DEMAND_ACTIVE: u8 = 1;

/// A packet on the same channel as `like`, with `message` in the place of its share message.
pub fn packet_like(like: &[u8], message: &[u8]) -> Vec<u8> {
    let len = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let head = like.get(4..13).unwrap_or_default();
    let total = len.saturating_add(15);
    let length = [(total >> 8).to_be_bytes()[1], total.to_be_bytes()[1]];
    [&[3, 0], &length[..], head, &(len | 0x8000).to_be_bytes(), message].concat()
}
