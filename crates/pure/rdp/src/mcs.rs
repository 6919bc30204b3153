//! The layer below channels: TPKT (RFC 1006), X.224 and MCS (T.125), as RDP uses them.

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;

use crate::RdpError;

/// What one TPKT packet holds once the channels are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// Data on a channel (Send Data Indication).
    Data {
        /// The channel's number.
        channel: u16,
        /// What was sent on it.
        data: &'a [u8],
    },
    /// The server leaves (Disconnect Provider Ultimatum).
    Disconnect,
    /// Anything else: of the connection sequence, or of no meaning to a client.
    Other,
}

/// The first bits of MCS messages (T.125 §7, packed encoding), which are their choice's number.
const DISCONNECT: u8 = 8;
const SEND_DATA_REQUEST: u8 = 25;
const SEND_DATA_INDICATION: u8 = 26;

/// Channel and user numbers count from here where they stand for users.
const USER_BASE: u16 = 1001;

/// X.224's data header: two more bytes, data, end of message.
const X224_DATA: [u8; 3] = [2, 0xf0, 0x80];

/// Reads a whole TPKT packet.
///
/// # Errors
///
/// It ends before its own fields do.
pub(crate) fn read_packet(packet: &[u8]) -> Result<Packet<'_>, RdpError> {
    let short = || RdpError::Short { message: "MCS message" };
    let mut input = Reader::new(packet);
    // TPKT's header has been understood already, or the packet would not be whole.
    input.take(4).ok_or_else(short)?;
    if input.array::<3>().ok_or_else(short)? != X224_DATA {
        return Ok(Packet::Other);
    }
    match input.u8().ok_or_else(short)? >> 2 {
        DISCONNECT => Ok(Packet::Disconnect),
        SEND_DATA_INDICATION => {
            let _initiator = input.u16_be().ok_or_else(short)?;
            let channel = input.u16_be().ok_or_else(short)?;
            let _priority = input.u8().ok_or_else(short)?;
            let len = match input.u8().ok_or_else(short)? {
                high if high & 0x80 != 0 => {
                    u16::from_be_bytes([high & 0x3f, input.u8().ok_or_else(short)?])
                }
                len => u16::from(len),
            };
            let data = input.take(len.into()).ok_or_else(short)?;
            Ok(Packet::Data { channel, data })
        }
        _ => Ok(Packet::Other),
    }
}

/// Our side of the channels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    /// Our number as a user.
    pub(crate) id: u16,
    /// The channel for everything that has no channel of its own.
    pub(crate) io_channel: u16,
}

impl User {
    /// Writes `data` to `channel` in one packet. The caller keeps to 16,000 bytes, so that each
    /// length fits its field.
    pub(crate) fn put(self, channel: u16, data: &[u8], out: &mut BytesMut) {
        debug_assert!(data.len() <= 16_000, "a length with 14 bits");
        // 15 bytes of headers. With at most 14 bits neither number is cut.
        let len = u16::try_from(data.len()).unwrap_or(0);
        out.put_slice(&[3, 0]);
        out.put_u16(len + 15);
        out.put_slice(&X224_DATA);
        out.put_u8(SEND_DATA_REQUEST << 2);
        out.put_u16(self.id.saturating_sub(USER_BASE));
        out.put_u16(channel);
        // High priority, in one segment.
        out.put_u8(0x70);
        out.put_u16(len | 0x8000);
        out.put_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Packet, User, read_packet};

    #[test]
    fn reads_what_servers_send() {
        let data = b"\x03\x00\x00\x10\x02\xf0\x80\x68\x00\x01\x03\xeb\x70\x02\xaa\xbb";
        assert_eq!(read_packet(data), Ok(Packet::Data { channel: 1003, data: &[0xaa, 0xbb] }));
        let long = b"\x03\x00\x00\x11\x02\xf0\x80\x68\x00\x01\x03\xeb\x70\x80\x02\xaa\xbb";
        assert_eq!(read_packet(long), Ok(Packet::Data { channel: 1003, data: &[0xaa, 0xbb] }));
        let left = b"\x03\x00\x00\x09\x02\xf0\x80\x21\x80";
        assert_eq!(read_packet(left), Ok(Packet::Disconnect));
        for cut in 4..data.len() {
            assert!(read_packet(&data[..cut]).is_err(), "{cut}");
        }
        assert_eq!(read_packet(b"\x03\x00\x00\x07\x02\xd0\x00"), Ok(Packet::Other));
    }

    #[test]
    fn writes_what_servers_read() {
        let mut out = BytesMut::new();
        User { id: 1004, io_channel: 1003 }.put(1003, &[1, 2], &mut out);
        let want = b"\x03\x00\x00\x11\x02\xf0\x80\x64\x00\x03\x03\xeb\x70\x80\x02\x01\x02";
        assert_eq!(out[..], want[..]);
    }
}
