//! RDP servers that mean harm: scripts in two parts, the first in clear and the second inside TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Script;
use crate::rdp_words::channels_asked;
use crate::servers::Certificate;

/// How long a client may take to say which channels it wants, and to leave when the script is over.
const CLIENT_MAX: Duration = Duration::from_secs(20);

/// Most bytes of a client that are looked at for its channels.
const ASKED_MAX_BYTES: usize = 16 << 10;

/// What a server does to whoever connects.
#[derive(Clone)]
pub struct RdpScript {
    /// In clear, once the client has said something.
    pub plain: Script,
    /// Inside TLS, given how many static channels the client asks for; `None`: there is no TLS.
    pub secured: Option<Arc<dyn Fn(u16) -> Script + Send + Sync>>,
}

impl std::fmt::Debug for RdpScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RdpScript").field("plain", &self.plain).finish_non_exhaustive()
    }
}

/// A listener that plays scripts until it is dropped.
#[derive(Debug)]
pub struct HostileRdp {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl HostileRdp {
    /// Plays `script(n)` to the `n`th client, counted from 0.
    ///
    /// # Errors
    ///
    /// There is no port or no certificate to have.
    pub async fn start(script: impl Fn(usize) -> RdpScript + Send + 'static) -> Result<Self> {
        let tls = acceptor()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            let mut client = 0;
            while let Ok((stream, _peer)) = listener.accept().await {
                tokio::spawn(serve(stream, script(client), tls.clone()));
                client += 1;
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HostileRdp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn acceptor() -> Result<TlsAcceptor> {
    let certificate = Certificate::for_localhost()?;
    let chain = vec![CertificateDer::from_pem_file(certificate.file())?];
    let key = PrivateKeyDer::from_pem_file(certificate.key_file())?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(mut stream: TcpStream, script: RdpScript, tls: TlsAcceptor) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.read_u8().await.context("the client begins")?;
    let Some(secured) = script.secured else { return finish(stream, &script.plain).await };
    script.plain.say(&mut stream).await?;
    // The rest of the client's first packet, whose fourth byte is its length.
    let mut head = [0; 3];
    stream.read_exact(&mut head).await?;
    let mut rest = vec![0; usize::from(head[2]).saturating_sub(4)];
    stream.read_exact(&mut rest).await?;
    let mut stream = tls.accept(stream).await?;
    let mut asked = Vec::new();
    let channels = loop {
        if let Some(channels) = channels_asked(&asked) {
            break channels;
        }
        anyhow::ensure!(asked.len() < ASKED_MAX_BYTES, "the client asks for nothing");
        let read = tokio::time::timeout(CLIENT_MAX, stream.read_buf(&mut asked)).await??;
        anyhow::ensure!(read > 0, "the client left");
    };
    finish(stream, &secured(channels)).await
}

/// Plays a script to its end, or until the client leaves.
async fn finish(stream: impl AsyncRead + AsyncWrite, script: &Script) -> Result<()> {
    let (mut from, mut to) = tokio::io::split(stream);
    let listen = async {
        let mut chunk = vec![0; 16 << 10];
        while matches!(from.read(&mut chunk).await, Ok(1..)) {}
    };
    tokio::pin!(listen);
    tokio::select! {
        () = &mut listen => return Ok(()),
        played = script.play(&mut to) => played?,
    }
    let _elapsed = tokio::time::timeout(CLIENT_MAX, listen).await;
    Ok(())
}
