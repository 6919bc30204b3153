//! Kerberos's KDC: one question, one answer (RFC 4120 §7.2, `[MS-KKDCP]`).

use std::{fmt, future::Future, net::SocketAddr, pin::Pin, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, StatusCode, Uri, client::conn::http1::Builder, header};
use hyper_util::rt::TokioIo;
use porthole_remote::Secure;
use porthole_wire::text;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UdpSocket,
    time::timeout,
};

use crate::{
    dial::{Host, Way, named},
    error::DialError,
    policy::{CheckedAddr, Protocol, TargetPolicy},
    resolve::SystemResolver,
    stream::{BoxStream, connect_tcp},
    target::Timeouts,
    tls::{TlsSettings, secure},
};

/// Longest answer of a KDC, in bytes.
pub const ANSWER_MAX_BYTES: usize = 64 << 10;

/// How long an answer may take, once there is a connection.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How long a datagram's answer may take. Then it is asked for over TCP.
const DATAGRAM_MAX: Duration = Duration::from_secs(3);

/// Where proxies serve, by custom (`[MS-KKDCP]` 2.1).
const PROXY_PATH: &str = "/KdcProxy";

/// How a KDC is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KdcTransport {
    /// `tcp://`.
    Tcp,
    /// `udp://`, and TCP for what does not fit or does not arrive.
    Udp,
    /// `https://`: a proxy.
    Https,
}

/// A KDC to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kdc {
    transport: KdcTransport,
    host: String,
    port: u16,
    /// Of a proxy.
    path: String,
}

/// Text that names no KDC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be such as \"tcp://dc.corp.example\", \"udp://10.0.0.1:88\" or \"https://proxy.corp.example/KdcProxy\""
)]
pub struct BadKdc;

impl std::str::FromStr for Kdc {
    type Err = BadKdc;

    fn from_str(url: &str) -> Result<Self, BadKdc> {
        let uri: Uri = url.parse().map_err(|_invalid| BadKdc)?;
        let (transport, port) = match uri.scheme_str() {
            Some("tcp") => (KdcTransport::Tcp, 88),
            Some("udp") => (KdcTransport::Udp, 88),
            Some("https") => (KdcTransport::Https, 443),
            _ => return Err(BadKdc),
        };
        let authority = uri.authority().ok_or(BadKdc)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let is_bare = path == "/" || path.is_empty();
        if authority.as_str().contains('@') || !is_bare && transport != KdcTransport::Https {
            return Err(BadKdc);
        }
        Host::parse(authority.host()).map_err(|_bad| BadKdc)?;
        Ok(Self {
            transport,
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(port),
            path: if is_bare { PROXY_PATH.to_owned() } else { path.to_owned() },
        })
    }
}

impl Kdc {
    /// How it is spoken to.
    pub const fn transport(&self) -> KdcTransport {
        self.transport
    }

    /// Its name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Kdc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// An answer on its way. What goes wrong is in the words of a log.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Bytes, DialError>> + Send>>;

/// Asks one KDC on behalf of one connection.
#[derive(Debug, Clone)]
pub struct KdcClient {
    kdc: Kdc,
    protocol: Protocol,
    policy: Arc<TargetPolicy>,
    timeouts: Timeouts,
}

impl KdcClient {
    /// Nothing is dialled before there is a question. `policy` judges the KDC's address as it does
    /// remotes that speak `protocol`.
    pub const fn new(
        kdc: Kdc,
        protocol: Protocol,
        policy: Arc<TargetPolicy>,
        timeouts: Timeouts,
    ) -> Self {
        Self { kdc, protocol, policy, timeouts }
    }

    /// Asks.
    pub(crate) fn ask(&self, question: Bytes) -> Answering {
        let client = self.clone();
        Box::pin(async move { client.answer(&question).await })
    }

    async fn answer(&self, question: &[u8]) -> Result<Bytes, DialError> {
        let resolver = SystemResolver;
        let way = Way {
            resolver: &resolver,
            protocol: self.protocol,
            policy: &self.policy,
            timeouts: &self.timeouts,
        };
        let host = Host::parse(&self.kdc.host)?;
        let addrs = way.checked(&host, self.kdc.port).await?;
        if self.kdc.transport == KdcTransport::Udp {
            if let Some(answer) = by_datagram(&addrs, question).await {
                return Ok(answer);
            }
            let len = u32::try_from(question.len()).unwrap_or(u32::MAX);
            return self.by_stream(&addrs, &[&len.to_be_bytes(), question].concat()).await;
        }
        if self.kdc.transport == KdcTransport::Tcp {
            return self.by_stream(&addrs, question).await;
        }
        let (stream, _addr) = connect_tcp(&addrs, self.timeouts.connect).await?;
        let tls = named(&TlsSettings::default(), &host, self.kdc.port);
        let stream = secure(Box::new(stream), &tls, Secure::Certificate, self.timeouts.tls).await?;
        self.within(self.by_proxy(stream, question)).await
    }

    async fn by_stream(&self, addrs: &[CheckedAddr], question: &[u8]) -> Result<Bytes, DialError> {
        let (mut stream, _addr) = connect_tcp(addrs, self.timeouts.connect).await?;
        self.within(async {
            stream.write_all(question).await.map_err(|error| self.fault(&error))?;
            let len = stream.read_u32().await.map_err(|error| self.fault(&error))?;
            let value = usize::try_from(len).unwrap_or(usize::MAX);
            if value > ANSWER_MAX_BYTES {
                let (field, limit) = ("bytes of a KDC's answer", ANSWER_MAX_BYTES);
                return Err(DialError::OverLimit { field, value, limit });
            }
            let mut answer = vec![0; value + 4];
            let (head, body) = answer.split_at_mut(4);
            head.copy_from_slice(&len.to_be_bytes());
            stream.read_exact(body).await.map_err(|error| self.fault(&error))?;
            Ok(answer.into())
        })
        .await
    }

    async fn by_proxy(&self, stream: BoxStream, question: &[u8]) -> Result<Bytes, DialError> {
        let (mut sender, connection) = Builder::new()
            .max_buf_size(ANSWER_MAX_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.fault(&error))?;
        let request = Request::post(&self.kdc.path)
            .header(header::HOST, self.kdc.to_string())
            .header(header::CONTENT_TYPE, "application/kerberos")
            .header(header::CACHE_CONTROL, "no-cache")
            .body(Full::new(Bytes::copy_from_slice(question)))
            .map_err(|error| self.fault(&error))?;
        let answering = async {
            let response =
                sender.send_request(request).await.map_err(|error| self.fault(&error))?;
            if response.status() != StatusCode::OK {
                let reason = format!("the KDC proxy answers with status {}", response.status());
                return Err(DialError::Kdc { peer: self.kdc.to_string(), reason });
            }
            let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|error| self.fault(&*error))
        };
        let (mut answering, mut connection) = (pin!(answering), pin!(connection));
        tokio::select! {
            biased;
            answer = &mut answering => return answer,
            _ended = &mut connection => {}
        }
        answering.await
    }

    async fn within(
        &self,
        answering: impl Future<Output = Result<Bytes, DialError>>,
    ) -> Result<Bytes, DialError> {
        timeout(ANSWER_MAX, answering).await.unwrap_or_else(|_elapsed| {
            let reason = format!("no answer within {ANSWER_MAX:?}");
            Err(DialError::Kdc { peer: self.kdc.to_string(), reason })
        })
    }

    fn fault(&self, error: &dyn std::error::Error) -> DialError {
        let reason = text(error.to_string().as_bytes());
        DialError::Kdc { peer: self.kdc.to_string(), reason }
    }
}

/// The first address's answer in one datagram, its length before it; nothing when it does not come
/// or says that it would be too long.
async fn by_datagram(addrs: &[CheckedAddr], question: &[u8]) -> Option<Bytes> {
    /// `KRB_ERR_RESPONSE_TOO_BIG` in the field for the code (RFC 4120 §7.5.9).
    const TOO_BIG: &[u8] = b"\xa6\x03\x02\x01\x34";
    const ERROR: u8 = 0x7e;
    let addr = addrs.first()?.get();
    let any: SocketAddr = if addr.is_ipv4() {
        (std::net::Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(any).await.ok()?;
    socket.connect(addr).await.ok()?;
    socket.send(question).await.ok()?;
    let mut answer = vec![0; ANSWER_MAX_BYTES];
    let len = timeout(DATAGRAM_MAX, socket.recv(&mut answer)).await.ok()?.ok()?;
    let answer = answer.get(..len)?;
    let is_error = answer.first() == Some(&ERROR);
    if is_error && answer.windows(TOO_BIG.len()).any(|window| window == TOO_BIG) {
        return None;
    }
    let len = u32::try_from(len).ok()?;
    Some([&len.to_be_bytes(), answer].concat().into())
}

#[cfg(test)]
#[path = "kdc_tests.rs"]
mod tests;
