//! Packets of the tunnel (`[MS-TSGU]` 2.2.5.3 and 2.2.10).
//!
//! All numbers are little-endian. Each packet begins with its type (2 bytes), two reserved bytes and
//! its whole length (4 bytes).

use bytes::{BufMut, Bytes, BytesMut};
use porthole_wire::Reader;

use crate::TsguError;

/// Longest packet that we take, in bytes: more than the 65545 of the longest data packet.
pub const PACKET_MAX_BYTES: usize = 1 << 17;

/// Most of the caller's bytes that go into one data packet.
pub const DATA_MAX_BYTES: usize = 32 << 10;

/// Bytes before a packet's fields.
const HEADER_BYTES: usize = 8;

/// Longest name that goes into a packet, in UTF-16 units. DNS has 253 characters.
const NAME_MAX_UNITS: usize = 255;

/// Types of packets (`[MS-TSGU]` 2.2.5.3.1).
pub(crate) mod kind {
    pub(crate) const HANDSHAKE: u16 = 0x01;
    pub(crate) const HANDSHAKE_RESPONSE: u16 = 0x02;
    pub(crate) const TUNNEL_CREATE: u16 = 0x04;
    pub(crate) const TUNNEL_RESPONSE: u16 = 0x05;
    pub(crate) const TUNNEL_AUTH: u16 = 0x06;
    pub(crate) const TUNNEL_AUTH_RESPONSE: u16 = 0x07;
    pub(crate) const CHANNEL_CREATE: u16 = 0x08;
    pub(crate) const CHANNEL_RESPONSE: u16 = 0x09;
    pub(crate) const DATA: u16 = 0x0a;
    pub(crate) const SERVICE_MESSAGE: u16 = 0x0b;
    pub(crate) const REAUTH: u16 = 0x0c;
    pub(crate) const KEEPALIVE: u16 = 0x0d;
    pub(crate) const CLOSE_CHANNEL: u16 = 0x10;
    pub(crate) const CLOSE_CHANNEL_RESPONSE: u16 = 0x11;
}

/// `HTTP_CAPABILITY_REAUTH` (`[MS-TSGU]` 2.2.5.3.2). The others are for what nobody would be shown:
/// messages, consent, an idle limit.
pub(crate) const CAPABILITY_REAUTH: u32 = 0x10;

/// `HTTP_TUNNEL_PACKET_FIELD_REAUTH` (`[MS-TSGU]` 2.2.5.3.4).
const FIELD_REAUTH: u16 = 0x02;

/// `protocol` of a channel: RDP (`[MS-TSGU]` 2.2.10.2).
const PROTOCOL_RDP: u16 = 3;

/// A packet from the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The answer to a step: its type and its code. What follows is not needed.
    Answer { kind: u16, code: u32 },
    /// The desktop's bytes.
    Data(&'a [u8]),
    /// The gateway wants a new proof of who we are, with this number in it.
    Reauth(u64),
    /// The gateway closes the channel.
    Close(u32),
    /// The gateway has closed the channel that we asked it to close.
    CloseResponse,
    /// Nothing to do.
    Idle,
    /// A type that a gateway does not send, or that we did not ask for.
    Other(u16),
}

/// Length of the packet at the start of `bytes`, header included; `None` until all of it is there.
///
/// # Errors
///
/// It is shorter than its header or longer than [`PACKET_MAX_BYTES`].
pub(crate) fn whole_packet(bytes: &[u8]) -> Result<Option<usize>, TsguError> {
    let mut input = Reader::new(bytes);
    let (Some(kind), Some(_), Some(len)) = (input.u16_le(), input.u16_le(), input.u32_le()) else {
        return Ok(None);
    };
    let limit = PACKET_MAX_BYTES;
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    if len > limit {
        let (value, limit) = (len as u64, limit as u64);
        return Err(TsguError::OverLimit { field: "packet length", value, limit });
    }
    if len < HEADER_BYTES {
        return Err(TsguError::Short { kind });
    }
    Ok((bytes.len() >= len).then_some(len))
}

/// Reads one whole packet. What follows the fields that are needed is not looked at: gateways send
/// optional ones and padding.
///
/// # Errors
///
/// It ends before a field.
pub(crate) fn read_packet(packet: &[u8]) -> Result<Packet<'_>, TsguError> {
    let mut input = Reader::new(packet);
    let kind = input.u16_le().unwrap_or_default();
    let fields = |input: &mut Reader<'_>| input.take(HEADER_BYTES - 2).map(drop);
    let short = TsguError::Short { kind };
    fields(&mut input).ok_or_else(|| short.clone())?;
    let read = match kind {
        kind::HANDSHAKE_RESPONSE | kind::TUNNEL_AUTH_RESPONSE | kind::CHANNEL_RESPONSE => {
            input.u32_le().map(|code| Packet::Answer { kind, code })
        }
        // The server's version comes first.
        kind::TUNNEL_RESPONSE => {
            let code = input.u16_le().and_then(|_version| input.u32_le());
            code.map(|code| Packet::Answer { kind, code })
        }
        kind::DATA => {
            let data = input.u16_le().and_then(|len| input.take(len.into()));
            data.map(Packet::Data)
        }
        kind::REAUTH => input.array().map(|context| Packet::Reauth(u64::from_le_bytes(context))),
        kind::CLOSE_CHANNEL => input.u32_le().map(Packet::Close),
        kind::CLOSE_CHANNEL_RESPONSE => Some(Packet::CloseResponse),
        kind::KEEPALIVE | kind::SERVICE_MESSAGE => Some(Packet::Idle),
        other => Some(Packet::Other(other)),
    };
    read.ok_or(short)
}

/// Version 1.0, and no log-on inside of the tunnel.
pub(crate) fn handshake() -> Bytes {
    packet(kind::HANDSHAKE, |body| {
        body.put_u8(1);
        body.put_u8(0);
        body.put_u16_le(0);
        body.put_u16_le(0);
    })
}

/// Asks for a tunnel, or for the one of this number to live on.
pub(crate) fn tunnel_create(reauth: Option<u64>) -> Bytes {
    packet(kind::TUNNEL_CREATE, |body| {
        body.put_u32_le(CAPABILITY_REAUTH);
        body.put_u16_le(if reauth.is_some() { FIELD_REAUTH } else { 0 });
        body.put_u16_le(0);
        if let Some(context) = reauth {
            body.put_u64_le(context);
        }
    })
}

/// Says who asks, without a statement of health.
///
/// # Errors
///
/// The name is too long.
pub(crate) fn tunnel_auth(client_name: &str) -> Result<Bytes, TsguError> {
    let name = name("the client's name", client_name)?;
    Ok(packet(kind::TUNNEL_AUTH, |body| {
        body.put_u16_le(0);
        body.put_slice(&name);
    }))
}

/// Asks for a channel to a desktop.
///
/// # Errors
///
/// The name is too long.
pub(crate) fn channel_create(host: &str, port: u16) -> Result<Bytes, TsguError> {
    let name = name("the desktop's name", host)?;
    Ok(packet(kind::CHANNEL_CREATE, |body| {
        // One name, no alternative ones.
        body.put_u8(1);
        body.put_u8(0);
        body.put_u16_le(port);
        body.put_u16_le(PROTOCOL_RDP);
        body.put_slice(&name);
    }))
}

/// Carries the first [`DATA_MAX_BYTES`] of `bytes`.
pub(crate) fn data(bytes: &[u8]) -> Bytes {
    let bytes = bytes.get(..DATA_MAX_BYTES).unwrap_or(bytes);
    packet(kind::DATA, |body| {
        // DATA_MAX_BYTES fits.
        body.put_u16_le(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        body.put_slice(bytes);
    })
}

/// Says that somebody is here.
pub(crate) fn keepalive() -> Bytes {
    packet(kind::KEEPALIVE, |_body| {})
}

/// Closes the channel, or agrees to its closing.
pub(crate) fn close(is_response: bool) -> Bytes {
    let kind = if is_response { kind::CLOSE_CHANNEL_RESPONSE } else { kind::CLOSE_CHANNEL };
    packet(kind, |body| body.put_u32_le(0))
}

/// A length in bytes, and the text in UTF-16 with a zero at its end.
fn name(field: &'static str, text: &str) -> Result<Vec<u8>, TsguError> {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    if units.len() > NAME_MAX_UNITS {
        return Err(TsguError::Unsendable { field, value: units.len(), limit: NAME_MAX_UNITS });
    }
    // Twice NAME_MAX_UNITS fits.
    let len = u16::try_from(2 * units.len()).unwrap_or(u16::MAX);
    Ok(len.to_le_bytes().into_iter().chain(units.into_iter().flat_map(u16::to_le_bytes)).collect())
}

fn packet(kind: u16, put_body: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut body = BytesMut::new();
    put_body(&mut body);
    let mut packet = BytesMut::with_capacity(HEADER_BYTES + body.len());
    packet.put_u16_le(kind);
    packet.put_u16_le(0);
    // Bodies are bounded well below 4 GiB.
    packet.put_u32_le(u32::try_from(HEADER_BYTES + body.len()).unwrap_or(u32::MAX));
    packet.put_slice(&body);
    packet.freeze()
}

#[cfg(test)]
mod tests {
    use super::{
        PACKET_MAX_BYTES, Packet, channel_create, data, handshake, kind, read_packet,
        tunnel_create, whole_packet,
    };
    use crate::TsguError;

    fn with_header(kind: u16, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(8 + body.len()).unwrap();
        [&kind.to_le_bytes()[..], &[0, 0], &len.to_le_bytes(), body].concat()
    }

    #[test]
    fn what_is_sent_is_what_the_specification_says() {
        assert_eq!(&handshake()[..], b"\x01\0\0\0\x0e\0\0\0\x01\0\0\0\0\0");
        assert_eq!(&tunnel_create(None)[..], b"\x04\0\0\0\x10\0\0\0\x10\0\0\0\0\0\0\0");
        assert_eq!(
            &tunnel_create(Some(7))[..],
            b"\x04\0\0\0\x18\0\0\0\x10\0\0\0\x02\0\0\0\x07\0\0\0\0\0\0\0"
        );
        assert_eq!(
            &channel_create("pc", 3389).unwrap()[..],
            b"\x08\0\0\0\x16\0\0\0\x01\0\x3d\x0d\x03\0\x06\0p\0c\0\0\0"
        );
        assert_eq!(&data(b"xy")[..], b"\x0a\0\0\0\x0c\0\0\0\x02\0xy");
        assert!(matches!(
            channel_create(&"x".repeat(255), 1),
            Err(TsguError::Unsendable { value: 256, .. })
        ));
    }

    #[test]
    fn packets_are_read_and_cut_ones_refused() {
        let cases = [
            (
                kind::HANDSHAKE_RESPONSE,
                &b"\x05\0\0\0\x01\0\0\0\0\0"[..],
                4,
                Packet::Answer { kind: kind::HANDSHAKE_RESPONSE, code: 5 },
            ),
            (
                kind::TUNNEL_RESPONSE,
                b"\x01\0\xda\x59\x07\x80rest",
                6,
                Packet::Answer { kind: kind::TUNNEL_RESPONSE, code: 0x8007_59da },
            ),
            (kind::DATA, b"\x02\0xypad", 4, Packet::Data(b"xy")),
            (kind::REAUTH, b"\x07\0\0\0\0\0\0\0", 8, Packet::Reauth(7)),
            (kind::CLOSE_CHANNEL, b"\x01\0\0\0", 4, Packet::Close(1)),
            (kind::KEEPALIVE, b"", 0, Packet::Idle),
            (0x77, b"", 0, Packet::Other(0x77)),
        ];
        for (kind, body, needed, want) in cases {
            let packet = with_header(kind, body);
            assert_eq!(whole_packet(&packet), Ok(Some(packet.len())));
            assert_eq!(read_packet(&packet), Ok(want));
            for cut in 0..needed {
                let packet = with_header(kind, &body[..cut]);
                assert_eq!(read_packet(&packet), Err(TsguError::Short { kind }), "{cut}");
            }
            for cut in 0..packet.len() {
                assert_eq!(whole_packet(&packet[..cut]), Ok(None), "{cut}");
            }
        }
    }

    #[test]
    fn lengths_are_bounded_before_they_are_waited_for() {
        let giant = [&[0x0a, 0, 0, 0][..], &u32::MAX.to_le_bytes()].concat();
        assert!(matches!(
            whole_packet(&giant),
            Err(TsguError::OverLimit { limit, .. }) if limit == PACKET_MAX_BYTES as u64
        ));
        assert_eq!(whole_packet(b"\x0a\0\0\0\x07\0\0\0"), Err(TsguError::Short { kind: 0x0a }));
    }
}
