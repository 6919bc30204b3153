//! The tunnel, from the gateway's side (`[MS-TSGU]` 3.2).

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use porthole_wire::Reader;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{House, Manner};

/// Most of the desktop's bytes in one packet.
const DATA_MAX_BYTES: usize = 16 << 10;

/// The number of the tunnel that is to live on.
const RENEWAL: u64 = 0x0123_4567_89ab_cdef;

/// Serves one tunnel until either side leaves.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    house: &House,
) -> Result<()> {
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let mut desktop = None;
    while desktop.is_none() {
        let Some(message) = next(&mut socket).await? else { return Ok(()) };
        let (kind, body) = split(&message)?;
        let answer = match kind {
            0x01 => packet(0x02, b"\0\0\0\0\x01\0\0\0\0\0"),
            0x04 => {
                if let Some(context) = renewed(body) {
                    house.note(|asked| asked.renewals.push(context));
                }
                packet(0x05, b"\x01\0\0\0\0\0\x03\0\0\0\x07\0\0\0\x3f\0\0\0")
            }
            0x06 => packet(0x07, b"\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0"),
            0x08 => {
                let target = target(body)?;
                house.note(|asked| asked.channels.push(target.clone()));
                match house.manner {
                    Manner::RefuseChannel(code) => {
                        packet(0x09, &[&code.to_le_bytes()[..], &[0; 4]].concat())
                    }
                    Manner::Say(bytes) => {
                        socket.send(Message::Binary(Bytes::from_static(bytes))).await?;
                        return Ok(());
                    }
                    _ => {
                        desktop = Some(TcpStream::connect(&target).await?);
                        packet(0x09, b"\0\0\0\0\x01\0\0\0\x01\0\0\0")
                    }
                }
            }
            0x0d => continue,
            other => bail!("a packet of type {other:#x} too early"),
        };
        socket.send(Message::Binary(answer)).await?;
    }
    let desktop = desktop.context("there is one")?;
    forward(&mut socket, desktop, house).await
}

async fn forward(
    socket: &mut WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
    mut desktop: TcpStream,
    house: &House,
) -> Result<()> {
    let mut forwarded = 0;
    let mut wants_renewal = house.manner == Manner::WantRenewal;
    let mut buffer = vec![0; DATA_MAX_BYTES];
    loop {
        tokio::select! {
            message = next(socket) => {
                let Some(message) = message? else { return Ok(()) };
                match split(&message)? {
                    (0x0a, body) => {
                        let mut body = Reader::new(body);
                        let len = body.u16_le().context("no length")?;
                        desktop.write_all(body.take(len.into()).context("short data")?).await?;
                    }
                    (0x0d, _) => {}
                    (0x10, _) => {
                        socket.send(Message::Binary(packet(0x11, &[0; 4]))).await?;
                        return Ok(());
                    }
                    (other, _) => bail!("a packet of type {other:#x} in an open channel"),
                }
            }
            read = desktop.read(&mut buffer) => {
                let len = read?;
                if len == 0 {
                    socket.send(Message::Binary(packet(0x10, &[0; 4]))).await?;
                    return Ok(());
                }
                let bytes = buffer.get(..len).unwrap_or_default();
                let mut body = BytesMut::new();
                body.put_u16_le(u16::try_from(len)?);
                body.put_slice(bytes);
                socket.send(Message::Binary(packet(0x0a, &body))).await?;
                forwarded += len;
                if matches!(house.manner, Manner::LeaveAfter(limit) if forwarded >= limit) {
                    return Ok(());
                }
                if std::mem::take(&mut wants_renewal) {
                    let wanted = packet(0x0c, &RENEWAL.to_le_bytes());
                    socket.send(Message::Binary(wanted)).await?;
                }
            }
        }
    }
}

async fn next(
    socket: &mut WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
) -> Result<Option<Bytes>> {
    loop {
        match socket.next().await.transpose()? {
            Some(Message::Binary(bytes)) => return Ok(Some(bytes)),
            Some(Message::Close(_)) | None => return Ok(None),
            Some(_) => {}
        }
    }
}

/// Type and body of a packet, one to a message.
fn split(message: &[u8]) -> Result<(u16, &[u8])> {
    let mut input = Reader::new(message);
    let kind = input.u16_le().context("no type")?;
    input.u16_le().context("no header")?;
    let len = input.u32_le().context("no length")?;
    ensure!(usize::try_from(len)? == message.len(), "a length of {len} in {message:02x?}");
    Ok((kind, input.take_rest()))
}

/// The tunnel that a request for one names.
fn renewed(body: &[u8]) -> Option<u64> {
    let mut input = Reader::new(body);
    let _capabilities = input.u32_le()?;
    let fields = input.u16_le()?;
    let _reserved = input.u16_le()?;
    if fields & 2 == 0 { None } else { input.array().map(u64::from_le_bytes) }
}

/// The desktop that a request for a channel names.
fn target(body: &[u8]) -> Result<String> {
    let mut input = Reader::new(body);
    let read = || -> Option<(u16, Vec<u16>)> {
        let _counts = input.u16_le()?;
        let port = input.u16_le()?;
        let _protocol = input.u16_le()?;
        let len = input.u16_le()?;
        let (units, _) = input.take(len.into())?.as_chunks::<2>();
        Some((port, units.iter().copied().map(u16::from_le_bytes).collect()))
    };
    let mut read = read;
    let (port, name) = read().context("a short request")?;
    Ok(format!("{}:{port}", String::from_utf16(&name)?.trim_end_matches('\0')))
}

fn packet(kind: u16, body: &[u8]) -> Bytes {
    let mut packet = BytesMut::new();
    packet.put_u16_le(kind);
    packet.put_u16_le(0);
    packet.put_u32_le(u32::try_from(8 + body.len()).unwrap_or(u32::MAX));
    packet.put_slice(body);
    packet.freeze()
}
