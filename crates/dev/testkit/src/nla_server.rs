//! An RDP server that wants a Kerberos ticket in network level authentication, and leaves when it
//! has one.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod};
use sspi::credssp::TsRequest;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

use crate::servers::Certificate;

/// Chooses Kerberos, and wants a ticket for the service (RFC 4178 §4.2.2): `accept-incomplete` and
/// Microsoft's identifier of Kerberos.
const CHOICE: &[u8] =
    b"\xa1\x14\x30\x12\xa0\x03\x0a\x01\x01\xa1\x0b\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";

/// A listener that wants tickets until it is dropped.
#[derive(Debug)]
pub struct NlaServer {
    address: SocketAddr,
    tickets: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl NlaServer {
    /// Name of the service, for the KDC.
    pub const SERVICE: &str = "TERMSRV/localhost";

    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// There is no port, or no certificate can be made.
    pub async fn start() -> Result<Self> {
        let certificate = Certificate::for_localhost()?;
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_private_key_file(certificate.key_file(), SslFiletype::PEM)?;
        acceptor.set_certificate_chain_file(certificate.file())?;
        let acceptor = Arc::new(acceptor.build());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let tickets = Arc::<AtomicUsize>::default();
        let note = Arc::clone(&tickets);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _client)) = listener.accept().await {
                let (acceptor, note) = (Arc::clone(&acceptor), Arc::clone(&note));
                tokio::spawn(async move {
                    if want_ticket(stream, &acceptor).await.is_ok() {
                        note.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Ok(Self { address, tickets, accepting })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Clients that had an answer to the wish for a ticket.
    pub fn tickets(&self) -> usize {
        self.tickets.load(Ordering::Relaxed)
    }
}

impl Drop for NlaServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn want_ticket(mut stream: TcpStream, acceptor: &SslAcceptor) -> Result<()> {
    // The connection request, and an answer that chooses CredSSP ([MS-RDPBCGR] 2.2.1.2).
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [_, _, high, low] = head;
    let len = usize::from(u16::from_be_bytes([high, low]));
    let mut rest = vec![0; len.checked_sub(4).context("a short request")?];
    stream.read_exact(&mut rest).await?;
    stream.write_all(b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0\x02\0\0\0").await?;
    let mut stream = SslStream::new(Ssl::new(acceptor.context())?, stream)?;
    Pin::new(&mut stream).accept().await.context("TLS")?;

    let mut request = TsRequest::from_buffer(&read_request(&mut stream).await?)?;
    request.nego_tokens = Some(CHOICE.to_vec());
    let mut bytes = Vec::new();
    request.encode_ts_request(&mut bytes)?;
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    let request = TsRequest::from_buffer(&read_request(&mut stream).await?)?;
    ensure!(request.nego_tokens.is_some(), "no ticket");
    Ok(())
}

/// One DER sequence of at most 64 KiB.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>> {
    let mut bytes = vec![stream.read_u8().await?, stream.read_u8().await?];
    ensure!(bytes.first() == Some(&0x30), "no TSRequest");
    let len = match bytes.last() {
        Some(0x81) => {
            bytes.push(stream.read_u8().await?);
            usize::from(*bytes.last().context("it was just pushed")?)
        }
        Some(0x82) => {
            let len = stream.read_u16().await?;
            bytes.extend(len.to_be_bytes());
            len.into()
        }
        Some(short @ 0..=0x7f) => usize::from(*short),
        other => bail!("a length that begins with {other:?}"),
    };
    let start = bytes.len();
    bytes.resize(start + len, 0);
    stream.read_exact(bytes.get_mut(start..).unwrap_or_default()).await?;
    Ok(bytes)
}
