//! Static virtual channels (`[MS-RDPBCGR]` 3.1.5.2): messages cut into chunks and put together.

use bytes::{BufMut, BytesMut};
use ironrdp_core::impl_as_any;
use ironrdp_pdu::PduResult;
use ironrdp_pdu::gcc::{ChannelName, ChannelOptions};
use ironrdp_svc::{SvcClientProcessor, SvcMessage, SvcProcessor};
use porthole_wire::Reader;

use crate::RdpError;
use crate::mcs::User;

/// Bytes of one chunk (`[MS-RDPBCGR]` 2.2.6.1).
const CHUNK_BYTES: usize = 1600;

const FIRST: u32 = 1;
const LAST: u32 = 2;
/// Packed with bulk compression, which we do not announce for channels.
const PACKED: u32 = 0x0020_0000;

/// The name of a channel, for the connection sequence to ask for it. What comes over it does not go
/// through here.
#[derive(Debug)]
pub(crate) struct Named<const NUMBER: usize>;

/// Dynamic virtual channels.
pub(crate) type Dynamic = Named<0>;
/// The clipboard.
pub(crate) type Clipboard = Named<1>;
/// Sound.
pub(crate) type Sound = Named<2>;
/// Drives and printers.
pub(crate) type Devices = Named<3>;

/// The name of each, by its number.
const NAMES: [[u8; 8]; 4] = [*b"drdynvc\0", *b"cliprdr\0", *b"rdpsnd\0\0", *b"rdpdr\0\0\0"];

macro_rules! named {
    ($($number:literal)*) => {$(
        impl_as_any!(Named<$number>);

        impl SvcProcessor for Named<$number> {
            fn channel_name(&self) -> ChannelName {
                ChannelName::new(NAMES[$number])
            }

            fn channel_options(&self) -> ChannelOptions {
                ChannelOptions::INITIALIZED | ChannelOptions::ENCRYPT_RDP
            }

            fn process(&mut self, _payload: &[u8]) -> PduResult<Vec<SvcMessage>> {
                Ok(Vec::new())
            }
        }

        impl SvcClientProcessor for Named<$number> {}
    )*};
}

named!(0 1 2 3);

/// One channel: who we are on it, and the message that is arriving.
#[derive(Debug)]
pub(crate) struct Channel {
    user: User,
    id: u16,
    message_max_bytes: usize,
    /// `None`: the message is too long, and passed over.
    arriving: Option<Vec<u8>>,
    arriving_len: usize,
}

/// What a chunk led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// The message goes on.
    Part,
    /// This is all of it.
    Whole(Vec<u8>),
    /// It is over, and was longer than what is kept: so many bytes.
    TooLong(usize),
}

impl Channel {
    /// Messages of more than `message_max_bytes` bytes are passed over.
    pub(crate) const fn new(user: User, id: u16, message_max_bytes: usize) -> Self {
        Self { user, id, message_max_bytes, arriving: None, arriving_len: 0 }
    }

    /// Messages that begin from now on are passed over if they have more bytes than this.
    pub(crate) const fn set_message_max(&mut self, message_max_bytes: usize) {
        self.message_max_bytes = message_max_bytes;
    }

    /// Whether what comes on channel `id` is for this one.
    pub(crate) const fn is_on(&self, id: u16) -> bool {
        self.id == id
    }

    /// Takes a chunk.
    ///
    /// # Errors
    ///
    /// It is packed, or larger than the message it belongs to.
    pub(crate) fn receive(&mut self, chunk: &[u8]) -> Result<Chunk, RdpError> {
        let short = || RdpError::Short { message: "channel PDU header" };
        let mut input = Reader::new(chunk);
        let len = input.u32_le().ok_or_else(short)?;
        let flags = input.u32_le().ok_or_else(short)?;
        let part = input.take_rest();
        if flags & PACKED != 0 {
            return Err(RdpError::BadField { field: "channel flags", value: flags.into() });
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if flags & FIRST != 0 {
            self.arriving_len = len;
            self.arriving = (len <= self.message_max_bytes).then(Vec::new);
        }
        if let Some(arriving) = &mut self.arriving {
            RdpError::check_limit("channel data", arriving.len() + part.len(), self.arriving_len)?;
            arriving.extend_from_slice(part);
        }
        if flags & LAST == 0 {
            return Ok(Chunk::Part);
        }
        Ok(self.arriving.take().map_or(Chunk::TooLong(self.arriving_len), Chunk::Whole))
    }

    /// Writes a message in as many chunks as it takes.
    pub(crate) fn put(&self, message: &[u8], out: &mut BytesMut) {
        let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let last = message.len().div_ceil(CHUNK_BYTES).saturating_sub(1);
        let mut chunk = Vec::with_capacity(message.len().min(CHUNK_BYTES) + 8);
        for (index, part) in message.chunks(CHUNK_BYTES).enumerate() {
            chunk.clear();
            chunk.put_u32_le(len);
            let first = if index == 0 { FIRST } else { 0 };
            chunk.put_u32_le(first | if index == last { LAST } else { 0 });
            chunk.put_slice(part);
            self.user.put(self.id, &chunk, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Channel, Chunk, User};
    use crate::framing::whole_frame;
    use crate::mcs::{Packet, read_packet};

    const USER: User = User { id: 1002, io_channel: 1003 };

    #[test]
    fn messages_come_out_as_they_went_in() {
        for len in [1, 1600, 1601, 5000] {
            let message: Vec<u8> = (0..len).map(|byte: u32| byte.to_le_bytes()[0]).collect();
            let mut out = BytesMut::new();
            Channel::new(USER, 1005, 0).put(&message, &mut out);
            let mut there = Channel::new(USER, 1005, 5000);
            let mut got = Chunk::Part;
            while let Some((_, whole)) = whole_frame(&out).unwrap() {
                let mut packet = out.split_to(whole);
                packet[7] = 26 << 2;
                let Ok(Packet::Data { channel: 1005, data }) = read_packet(&packet) else {
                    panic!("{packet:?}")
                };
                assert_eq!(got, Chunk::Part);
                got = there.receive(data).unwrap();
            }
            assert_eq!(got, Chunk::Whole(message));
        }
    }

    #[test]
    fn long_messages_are_passed_over_and_lies_refused() {
        let chunk = |len: u32, flags: u32, part: &[u8]| {
            [&len.to_le_bytes(), &flags.to_le_bytes(), part].concat()
        };
        let mut channel = Channel::new(USER, 1005, 4);
        assert_eq!(channel.receive(&chunk(5, 1, b"abc")), Ok(Chunk::Part));
        assert_eq!(channel.receive(&chunk(5, 2, b"de")), Ok(Chunk::TooLong(5)));
        assert_eq!(channel.receive(&chunk(u32::MAX, 3, b"x")), Ok(Chunk::TooLong(0xffff_ffff)));
        assert!(channel.receive(&chunk(2, 3, b"abc")).is_err());
        assert!(channel.receive(&chunk(2, 0x20_0003, b"ab")).is_err());
        assert!(channel.receive(b"short").is_err());
    }
}
