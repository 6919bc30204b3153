//! Messages of the share: what goes over the I/O channel once somebody is logged on
//! (`[MS-RDPBCGR]` 2.2.8.1.1.1).

use bytes::{BufMut, BytesMut};
use porthole_pixels::Rect;
use porthole_wire::Reader;

use crate::RdpError;
use crate::mcs::User;

/// Types of share data, `pduType2` (`[MS-RDPBCGR]` 2.2.8.1.1.1.2).
pub(crate) mod kind {
    pub(crate) const UPDATE: u8 = 0x02;
    pub(crate) const POINTER: u8 = 0x1b;
    pub(crate) const INPUT: u8 = 0x1c;
    pub(crate) const REFRESH_RECT: u8 = 0x21;
    pub(crate) const PLAY_SOUND: u8 = 0x22;
    pub(crate) const SAVE_SESSION_INFO: u8 = 0x26;
    pub(crate) const SET_KEYBOARD_INDICATORS: u8 = 0x29;
    pub(crate) const SET_ERROR_INFO: u8 = 0x2f;
    pub(crate) const MONITOR_LAYOUT: u8 = 0x37;
    pub(crate) const FRAME_ACKNOWLEDGE: u8 = 0x38;
}

/// Bytes of the two headers of share data.
const DATA_HEADERS_BYTES: u16 = 18;

/// One message of the share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share<'a> {
    /// The server begins a share, or begins one anew.
    DemandActive,
    /// The share is over; another may begin.
    DeactivateAll,
    /// The session is elsewhere: what follows the source in the header.
    Redirection(&'a [u8]),
    /// Data within the share.
    Data(ShareData<'a>),
    /// A type that means nothing to a client.
    Other,
}

/// Share data that may be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShareData<'a> {
    /// One of [`kind`], or another.
    pub(crate) kind: u8,
    /// How the body is packed (`compressedType`).
    pub(crate) compression: u8,
    /// The rest of the message.
    pub(crate) body: &'a [u8],
}

/// Takes one message off the front of what came over the I/O channel. `None`: there is no more.
///
/// # Errors
///
/// The message ends before its own fields do.
pub(crate) fn take_share<'a>(input: &mut Reader<'a>) -> Result<Option<Share<'a>>, RdpError> {
    let short = || RdpError::Short { message: "share control header" };
    // Some servers pad with a byte or two.
    if input.len() < 4 {
        return Ok(None);
    }
    let whole = input.clone();
    let total_len = usize::from(input.u16_le().ok_or_else(short)?);
    let kind = input.u16_le().ok_or_else(short)?;
    if total_len == 0x8000 {
        // A flow control message (2.2.8.1.1.1.1 and T.128 §8.3.2), eight bytes.
        input.take(4).ok_or_else(short)?;
        return Ok(Some(Share::Other));
    }
    // The length covers its own field. Some servers leave out part of the message; what they
    // count is then no help, and the rest is one message.
    let mut message = whole.clone();
    let mut message = match message.take(total_len) {
        Some(counted) if total_len >= 6 => {
            *input = message;
            Reader::new(counted)
        }
        _ => Reader::new(input_rest(input, whole)),
    };
    message.take(4).ok_or_else(short)?;
    match kind & 0x0f {
        1 => Ok(Some(Share::DemandActive)),
        6 => Ok(Some(Share::DeactivateAll)),
        7 => take_data(&mut message).map(|data| Some(Share::Data(data))),
        10 => {
            let _source = message.u16_le().ok_or_else(short)?;
            Ok(Some(Share::Redirection(message.take_rest())))
        }
        _ => Ok(Some(Share::Other)),
    }
}

/// All of `whole`, which ends where `input` does; `input` is then empty.
fn input_rest<'a>(input: &mut Reader<'a>, mut whole: Reader<'a>) -> &'a [u8] {
    input.take_rest();
    whole.take_rest()
}

fn take_data<'a>(message: &mut Reader<'a>) -> Result<ShareData<'a>, RdpError> {
    let short = || RdpError::Short { message: "share data header" };
    let _source = message.u16_le().ok_or_else(short)?;
    let _share = message.u32_le().ok_or_else(short)?;
    let _padding_and_stream = message.u16_le().ok_or_else(short)?;
    let _plain_len = message.u16_le().ok_or_else(short)?;
    let kind = message.u8().ok_or_else(short)?;
    let compression = message.u8().ok_or_else(short)?;
    let _packed_len = message.u16_le().ok_or_else(short)?;
    Ok(ShareData { kind, compression, body: message.take_rest() })
}

/// A share that is going on, for writing to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShareWriter {
    /// Our side of the channels.
    pub(crate) user: User,
    /// The share's number.
    pub(crate) share_id: u32,
}

impl ShareWriter {
    /// Writes share data of a kind. The caller keeps to a few thousand bytes.
    pub(crate) fn put(self, kind: u8, body: &[u8], out: &mut BytesMut) {
        let body_len = u16::try_from(body.len()).unwrap_or(0);
        let total_len = body_len + DATA_HEADERS_BYTES;
        let mut message = Vec::with_capacity(total_len.into());
        message.put_u16_le(total_len);
        // Type 7 of version 1.
        message.put_u16_le(0x17);
        message.put_u16_le(self.user.id);
        message.put_u32_le(self.share_id);
        message.put_u8(0);
        // Medium priority.
        message.put_u8(2);
        message.put_u16_le(body_len);
        message.put_u8(kind);
        // Not packed.
        message.put_u8(0);
        message.put_u16_le(0);
        message.put_slice(body);
        self.user.put(self.user.io_channel, &message, out);
    }

    /// Asks the server to draw `rect` anew (`[MS-RDPBCGR]` 2.2.11.2). It is not empty.
    pub(crate) fn put_refresh(self, rect: Rect, out: &mut BytesMut) {
        let last = |edge: u32| u16::try_from(edge.saturating_sub(1)).unwrap_or(u16::MAX);
        // One area, padding, and the area: the last column and row belong to it.
        let mut body = vec![1, 0, 0, 0];
        for edge in [rect.x, rect.y, last(rect.right()), last(rect.bottom())] {
            body.put_u16_le(edge);
        }
        self.put(kind::REFRESH_RECT, &body, out);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use porthole_wire::Reader;

    use super::{Share, ShareData, ShareWriter, kind, take_share};
    use crate::mcs::{Packet, User, read_packet};

    fn written(body: &[u8]) -> Vec<u8> {
        let user = User { id: 1004, io_channel: 1003 };
        let mut out = BytesMut::new();
        ShareWriter { user, share_id: 7 }.put(kind::FRAME_ACKNOWLEDGE, body, &mut out);
        out[7] = 26 << 2;
        let Ok(Packet::Data { channel: 1003, data }) = read_packet(&out) else {
            panic!("{out:02x?}")
        };
        data.to_vec()
    }

    #[test]
    fn several_messages_in_one_packet_are_taken_apart() {
        let bytes = [written(&[1, 0, 0, 0]), vec![6, 0, 0x16, 0, 0, 0], written(&[])].concat();
        let mut input = Reader::new(&bytes);
        let data =
            |body| Share::Data(ShareData { kind: kind::FRAME_ACKNOWLEDGE, compression: 0, body });
        assert_eq!(take_share(&mut input), Ok(Some(data(&[1, 0, 0, 0]))));
        assert_eq!(take_share(&mut input), Ok(Some(Share::DeactivateAll)));
        assert_eq!(take_share(&mut input), Ok(Some(data(&[]))));
        assert_eq!(take_share(&mut input), Ok(None));
    }

    #[test]
    fn short_messages_are_refused_and_end() {
        let bytes = written(&[1, 2, 3, 4]);
        for cut in 0..bytes.len() {
            let mut input = Reader::new(&bytes[..cut]);
            let mut turns = 0;
            while let Ok(Some(_)) = take_share(&mut input) {
                turns += 1;
                assert!(turns < 3, "{cut}");
            }
        }
    }
}
