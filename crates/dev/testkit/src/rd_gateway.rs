//! An RD Gateway of our own making (`[MS-TSGU]` over WebSocket), which forwards to real servers or
//! misbehaves as told.

mod sign_in;
mod tunnel;

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

pub use sign_in::Scheme;

use crate::servers::Certificate;

/// What a gateway does to whoever has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Forwards.
    #[default]
    Serve,
    /// Answers the request for a channel with this code.
    RefuseChannel(u32),
    /// Opens the channel, and asks for a new proof of who is there when the desktop has first spoken.
    WantRenewal,
    /// Sends this in place of the answer to the request for a channel, and leaves.
    Say(&'static [u8]),
    /// Forwards so many bytes of the desktop's, and leaves without a word.
    LeaveAfter(usize),
}

/// What clients have asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Desktops, `host:port`.
    pub channels: Vec<String>,
    /// Tunnels that were made to live on.
    pub renewals: Vec<u64>,
    /// Log-ons that failed.
    pub refused: usize,
}

/// A listener that is a gateway until it is dropped.
#[derive(Debug)]
pub struct RdGateway {
    address: SocketAddr,
    certificate: Certificate,
    asked: Arc<Mutex<Asked>>,
    accepting: JoinHandle<()>,
}

/// What every connection knows.
struct House {
    acceptor: SslAcceptor,
    scheme: Scheme,
    login: (String, String),
    manner: Manner,
    asked: Arc<Mutex<Asked>>,
}

impl House {
    fn note(&self, note: impl FnOnce(&mut Asked)) {
        note(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl RdGateway {
    /// Lets in `login`, a user name and a password, who sign in by `scheme`.
    ///
    /// # Errors
    ///
    /// There is no port, or no certificate can be made.
    pub async fn start(scheme: Scheme, login: (&str, &str), manner: Manner) -> Result<Self> {
        let certificate = Certificate::for_localhost()?;
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_private_key_file(certificate.key_file(), SslFiletype::PEM)?;
        acceptor.set_certificate_chain_file(certificate.file())?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let asked = Arc::<Mutex<Asked>>::default();
        let house = Arc::new(House {
            acceptor: acceptor.build(),
            scheme,
            login: (login.0.to_owned(), login.1.to_owned()),
            manner,
            asked: Arc::clone(&asked),
        });
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _client)) = listener.accept().await {
                let house = Arc::clone(&house);
                // A client that breaks off is the test's matter.
                tokio::spawn(async move { serve(stream, &house).await.ok() });
            }
        });
        Ok(Self { address, certificate, asked, accepting })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What clients have asked for so far.
    pub fn asked(&self) -> Asked {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for RdGateway {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, house: &House) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = SslStream::new(Ssl::new(house.acceptor.context())?, stream)?;
    Pin::new(&mut stream).accept().await.context("TLS")?;
    if sign_in::sign_in(&mut stream, house).await? {
        tunnel::serve(stream, house).await?;
    }
    Ok(())
}
