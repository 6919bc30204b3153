//! Dynamic virtual channels (`[MS-RDPEDYC]`): channels that the server opens by name, inside of
//! one static channel.

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;

use crate::RdpError;
use crate::channels::Channel;
use crate::limits::{DYNAMIC_CHANNELS_MAX, DYNAMIC_MESSAGE_MAX_BYTES};
use crate::mcs::User;

/// Commands (`[MS-RDPEDYC]` 2.2): the high four bits of the first byte.
const CREATE: u8 = 1;
const DATA_FIRST: u8 = 2;
const DATA: u8 = 3;
const CLOSE: u8 = 4;
const CAPABILITIES: u8 = 5;

/// The version that we speak: with priorities, without compression.
const VERSION: u16 = 2;

/// The server asks for a channel that nobody listens on.
const NO_LISTENER: u32 = 0xc000_0001;

/// Channels by name that we have a use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `[MS-RDPEDISP]`.
    DisplayControl,
}

impl Purpose {
    fn of_name(name: &[u8]) -> Option<Self> {
        match name {
            b"Microsoft::Windows::RDS::DisplayControl" => Some(Self::DisplayControl),
            _ => None,
        }
    }
}

/// The channels that are open.
#[derive(Debug)]
pub(crate) struct Dynamic {
    channel: Channel,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    id: u32,
    purpose: Purpose,
    /// The message that is arriving, and its length.
    arriving: Option<(usize, Vec<u8>)>,
}

/// What came of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing for anybody.
    Nothing,
    /// A message for a channel.
    Message(Purpose, Vec<u8>),
    /// The server closed a channel.
    Closed(Purpose),
}

impl Dynamic {
    pub(crate) const fn new(channel: Channel) -> Self {
        Self { channel, open: Vec::new() }
    }

    /// The static channel underneath.
    pub(crate) const fn channel(&mut self) -> &mut Channel {
        &mut self.channel
    }

    /// Writes a message to the channel for `purpose`, if it is open. Messages are short: one PDU.
    pub(crate) fn put(&self, purpose: Purpose, message: &[u8], user: User, out: &mut BytesMut) {
        if let Some(open) = self.open.iter().find(|open| open.purpose == purpose) {
            let mut pdu = vec![DATA << 4 | 2];
            pdu.put_u32_le(open.id);
            pdu.put_slice(message);
            self.channel.put(user, &pdu, out);
        }
    }

    /// Takes one message of the static channel.
    ///
    /// # Errors
    ///
    /// It breaks its format, or opens too much.
    pub(crate) fn receive(
        &mut self,
        pdu: &[u8],
        user: User,
        out: &mut BytesMut,
    ) -> Result<News, RdpError> {
        let mut input = Reader::new(pdu);
        let head = input.u8().ok_or(SHORT)?;
        let command = head >> 4;
        if command == CAPABILITIES {
            let _padding = input.u8().ok_or(SHORT)?;
            let version = input.u16_le().ok_or(SHORT)?.clamp(1, VERSION);
            let [low, high] = version.to_le_bytes();
            self.channel.put(user, &[CAPABILITIES << 4, 0, low, high], out);
            return Ok(News::Nothing);
        }
        if !matches!(command, CREATE | DATA_FIRST | DATA | CLOSE) {
            // Compressed data and Soft-Sync belong to versions that we do not speak.
            return Err(RdpError::BadField { field: "Cmd", value: command.into() });
        }
        let id = number(&mut input, head & 3)?;
        match command {
            CREATE => self.create(id, head & 3, input.take_rest(), user, out),
            CLOSE => {
                let Some(place) = self.open.iter().position(|open| open.id == id) else {
                    return Ok(News::Nothing);
                };
                let closed = self.open.swap_remove(place);
                self.channel.put(user, pdu, out);
                Ok(News::Closed(closed.purpose))
            }
            DATA_FIRST => {
                let len = number(&mut input, head >> 2 & 3)?;
                self.data(id, Some(len), input.take_rest())
            }
            _ => self.data(id, None, input.take_rest()),
        }
    }

    fn create(
        &mut self,
        id: u32,
        id_width: u8,
        name: &[u8],
        user: User,
        out: &mut BytesMut,
    ) -> Result<News, RdpError> {
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let purpose = Purpose::of_name(name);
        if let Some(purpose) = purpose {
            RdpError::check_limit("dynamic channels", self.open.len() + 1, DYNAMIC_CHANNELS_MAX)?;
            self.open.retain(|open| open.id != id && open.purpose != purpose);
            self.open.push(Open { id, purpose, arriving: None });
        }
        let mut answer = vec![CREATE << 4 | id_width];
        match id_width {
            0 => answer.put_u8(id.to_le_bytes()[0]),
            1 => answer.put_slice(&id.to_le_bytes()[..2]),
            _ => answer.put_u32_le(id),
        }
        answer.put_u32_le(if purpose.is_some() { 0 } else { NO_LISTENER });
        self.channel.put(user, &answer, out);
        Ok(News::Nothing)
    }

    fn data(&mut self, id: u32, len: Option<u32>, part: &[u8]) -> Result<News, RdpError> {
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else {
            return Ok(News::Nothing);
        };
        if let Some(len) = len {
            RdpError::check_limit("dynamic channel message", len, DYNAMIC_MESSAGE_MAX_BYTES)?;
            open.arriving = Some((usize::try_from(len).unwrap_or(usize::MAX), Vec::new()));
        }
        let Some((len, mut message)) = open.arriving.take() else {
            return Ok(News::Message(open.purpose, part.to_vec()));
        };
        RdpError::check_limit("dynamic channel data", message.len() + part.len(), len)?;
        message.extend_from_slice(part);
        if message.len() == len {
            return Ok(News::Message(open.purpose, message));
        }
        open.arriving = Some((len, message));
        Ok(News::Nothing)
    }
}

const SHORT: RdpError = RdpError::Short { message: "dynamic channel PDU" };

/// A number of one, two or four bytes (`cbId`, `Sp`).
fn number(input: &mut Reader<'_>, width: u8) -> Result<u32, RdpError> {
    match width {
        0 => input.u8().map(u32::from),
        1 => input.u16_le().map(u32::from),
        _ => input.u32_le(),
    }
    .ok_or(SHORT)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Dynamic, News, Purpose};
    use crate::channels::Channel;
    use crate::mcs::User;

    const USER: User = User { id: 1002, io_channel: 1003 };

    fn receive(dynamic: &mut Dynamic, pdu: &[u8]) -> (News, Vec<u8>) {
        let mut out = BytesMut::new();
        let news = dynamic.receive(pdu, USER, &mut out).unwrap();
        // Fifteen bytes of packet headers and eight of the chunk's.
        (news, out.get(23..).unwrap_or_default().to_vec())
    }

    fn opened() -> Dynamic {
        let mut dynamic = Dynamic::new(Channel::new(1004, 1600));
        let name = b"\x10\x07Microsoft::Windows::RDS::DisplayControl\0";
        assert_eq!(receive(&mut dynamic, name), (News::Nothing, b"\x10\x07\0\0\0\0".to_vec()));
        dynamic
    }

    #[test]
    fn agrees_on_the_version_and_opens_what_is_known() {
        let mut dynamic = opened();
        let caps = b"\x50\x00\x03\x00\0\0\0\0\0\0\0\0";
        assert_eq!(receive(&mut dynamic, caps).1, b"\x50\x00\x02\x00");
        let (_, answer) = receive(&mut dynamic, b"\x11\x08\x01Other\0");
        assert_eq!(answer, b"\x11\x08\x01\x01\0\0\xc0");
    }

    #[test]
    fn messages_are_put_together() {
        let mut dynamic = opened();
        let message = |bytes: &[u8]| News::Message(Purpose::DisplayControl, bytes.to_vec());
        assert_eq!(receive(&mut dynamic, b"\x30\x07abc").0, message(b"abc"));
        assert_eq!(receive(&mut dynamic, b"\x20\x07\x05abc").0, News::Nothing);
        assert_eq!(receive(&mut dynamic, b"\x30\x07de").0, message(b"abcde"));
        assert_eq!(receive(&mut dynamic, b"\x30\x09of nobody").0, News::Nothing);
        let closed = News::Closed(Purpose::DisplayControl);
        assert_eq!(receive(&mut dynamic, b"\x40\x07"), (closed, b"\x40\x07".to_vec()));
        assert_eq!(receive(&mut dynamic, b"\x30\x07abc").0, News::Nothing);
    }

    #[test]
    fn lies_are_refused() {
        for pdu in [
            &b""[..],
            b"\x20\x07",
            b"\x28\x07\xff\xff\xff\xff",
            b"\x20\x07\x02abc",
            b"\x60\x07\x00",
            b"\x50",
        ] {
            let refused = opened().receive(pdu, USER, &mut BytesMut::new());
            assert!(refused.is_err(), "{pdu:02x?}");
        }
    }
}
