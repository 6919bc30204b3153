//! Byte streams, and how the plain ones are opened.

use std::{io, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::Instant,
};

use crate::{
    error::{DialError, Step},
    policy::{CheckedAddr, CheckedPath},
};

/// Idle time before the kernel asks whether the remote is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Time between two such questions.
const KEEPALIVE_GAP: Duration = Duration::from_secs(10);

/// A two-way stream of bytes to a remote.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for S {}

/// Any [`ByteStream`].
pub type BoxStream = Box<dyn ByteStream>;

/// Connects to the first of `addrs` that answers, all within `limit`.
///
/// The time that is left is shared evenly by the addresses that are left, so that one which
/// swallows packets leaves time for the next.
///
/// # Errors
///
/// [`DialError::Connect`] or [`DialError::Timeout`], of the last address tried.
pub(crate) async fn connect_tcp(
    addrs: &[CheckedAddr],
    limit: Duration,
) -> Result<(TcpStream, CheckedAddr), DialError> {
    let deadline = Instant::now() + limit;
    let mut last = DialError::NoAddresses;
    for (addr, left) in addrs.iter().zip((1..=addrs.len()).rev()) {
        let share = deadline.saturating_duration_since(Instant::now())
            / u32::try_from(left).unwrap_or(u32::MAX);
        match tokio::time::timeout(share, TcpStream::connect(addr.get())).await {
            Ok(Ok(stream)) => {
                prepare(&stream)
                    .map_err(|source| DialError::Connect { peer: addr.to_string(), source })?;
                return Ok((stream, *addr));
            }
            Ok(Err(source)) => last = DialError::Connect { peer: addr.to_string(), source },
            Err(_elapsed) => {
                last = DialError::Timeout {
                    step: Step::Connect,
                    peer: addr.to_string(),
                    limit: share,
                };
            }
        }
        tracing::debug!(%addr, error = %last, "address did not answer");
    }
    Err(last)
}

/// Sends keys at once, and notices a remote that has vanished.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    // The urgent byte stays where it is in the stream (RFC 6093 section 6.1). Telnet servers make the
    // second half of a command urgent whenever a program is interrupted; without it, the byte after
    // it would be taken for that half.
    socket.set_out_of_band_inline(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_GAP);
    socket.set_tcp_keepalive(&keepalive)
}

/// Connects to a Unix socket.
///
/// # Errors
///
/// [`DialError::Connect`] or [`DialError::Timeout`].
pub(crate) async fn connect_unix(
    path: &CheckedPath,
    name: &str,
    limit: Duration,
) -> Result<UnixStream, DialError> {
    match tokio::time::timeout(limit, UnixStream::connect(path.get())).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(source)) => Err(DialError::Connect { peer: name.to_owned(), source }),
        Err(_elapsed) => {
            Err(DialError::Timeout { step: Step::Connect, peer: name.to_owned(), limit })
        }
    }
}
