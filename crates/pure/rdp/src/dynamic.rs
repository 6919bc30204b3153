//! Dynamic virtual channels (`[MS-RDPEDYC]`): channels that the server opens by name, inside of
//! one static channel.

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;

use crate::channels::{Channel, Chunk};
use crate::limits::{
    DISPLAY_CONTROL_MAX_BYTES, DYNAMIC_CHANNELS_MAX, DYNAMIC_PDU_MAX_BYTES, TOUCH_MESSAGE_MAX_BYTES,
};
use crate::mcs::User;
use crate::sound::SOUND_MESSAGE_MAX_BYTES;
use crate::{RdpError, graphics_pipeline};

/// Commands (`[MS-RDPEDYC]` 2.2): the high four bits of the first byte.
const CREATE: u8 = 1;
const DATA_FIRST: u8 = 2;
const DATA: u8 = 3;
const CLOSE: u8 = 4;
const CAPABILITIES: u8 = 5;

/// Bytes of a PDU, header included (`[MS-RDPEDYC]` 3.1.5.1.4).
const PDU_BYTES: usize = 1600;

/// The version that we speak: with priorities, without compression.
const VERSION: u16 = 2;

/// The server asks for a channel that nobody listens on.
const NO_LISTENER: u32 = 0xc000_0001;

/// Channels by name that we have a use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `[MS-RDPEDISP]`.
    DisplayControl,
    /// `[MS-RDPEGFX]`.
    Graphics,
    /// `[MS-RDPEA]`, where nothing may be lost.
    Sound,
    /// `[MS-RDPEAI]`.
    Microphone,
    /// `[MS-RDPEI]`.
    Touch,
}

impl Purpose {
    fn of_name(name: &[u8]) -> Option<Self> {
        match name {
            b"Microsoft::Windows::RDS::DisplayControl" => Some(Self::DisplayControl),
            graphics_pipeline::CHANNEL_NAME => Some(Self::Graphics),
            b"AUDIO_PLAYBACK_DVC" => Some(Self::Sound),
            b"AUDIO_INPUT" => Some(Self::Microphone),
            b"Microsoft::Windows::RDS::Input" => Some(Self::Touch),
            _ => None,
        }
    }

    /// Longest message that the server may send on it, in bytes.
    const fn message_max_bytes(self) -> usize {
        match self {
            Self::DisplayControl => DISPLAY_CONTROL_MAX_BYTES,
            Self::Graphics => graphics_pipeline::MESSAGE_MAX_BYTES,
            Self::Sound | Self::Microphone => SOUND_MESSAGE_MAX_BYTES,
            Self::Touch => TOUCH_MESSAGE_MAX_BYTES,
        }
    }
}

/// The channels that are open.
#[derive(Debug)]
pub(crate) struct Dynamic {
    channel: Channel,
    open: Vec<Open>,
    /// What there is a use for, but not on this connection.
    shut: Vec<Purpose>,
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
    /// The server opened a channel: it may be written to.
    Opened(Purpose),
    /// A message for a channel.
    Message(Purpose, Vec<u8>),
    /// The server closed a channel.
    Closed(Purpose),
}

impl Dynamic {
    /// Inside of the static channel `id`.
    pub(crate) const fn new(user: User, id: u16) -> Self {
        Self {
            channel: Channel::new(user, id, DYNAMIC_PDU_MAX_BYTES),
            open: Vec::new(),
            shut: Vec::new(),
        }
    }

    /// Refuses the channel for `purpose` from here on.
    pub(crate) fn shut(&mut self, purpose: Purpose) {
        self.shut.push(purpose);
    }

    /// Whether what comes on static channel `id` is for us.
    pub(crate) const fn is_on(&self, id: u16) -> bool {
        self.channel.is_on(id)
    }

    /// Writes a message to the channel for `purpose`, if it is open.
    pub(crate) fn put(&self, purpose: Purpose, message: &[u8], out: &mut BytesMut) {
        let Some(open) = self.open.iter().find(|open| open.purpose == purpose) else { return };
        let mut rest = message;
        let mut is_first = true;
        while is_first || !rest.is_empty() {
            let mut pdu = Vec::with_capacity(PDU_BYTES.min(rest.len() + 9));
            // Numbers of four bytes each: the channel's and, where there are several PDUs, the
            // message's length.
            if is_first && rest.len() + 5 > PDU_BYTES {
                pdu.put_u8(DATA_FIRST << 4 | 2 << 2 | 2);
                pdu.put_u32_le(open.id);
                pdu.put_u32_le(u32::try_from(message.len()).unwrap_or(u32::MAX));
            } else {
                pdu.put_u8(DATA << 4 | 2);
                pdu.put_u32_le(open.id);
            }
            let (part, later) = rest.split_at(rest.len().min(PDU_BYTES - pdu.len()));
            pdu.put_slice(part);
            self.channel.put(&pdu, out);
            rest = later;
            is_first = false;
        }
    }

    /// Takes one chunk of the static channel.
    ///
    /// # Errors
    ///
    /// It breaks its format, or opens too much.
    pub(crate) fn receive(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<News, RdpError> {
        match self.channel.receive(chunk)? {
            Chunk::Part => Ok(News::Nothing),
            Chunk::Whole(pdu) => self.handle(&pdu, out),
            Chunk::TooLong(value) => {
                RdpError::check_limit("dynamic channel PDU", value, DYNAMIC_PDU_MAX_BYTES)?;
                Ok(News::Nothing)
            }
        }
    }

    fn handle(&mut self, pdu: &[u8], out: &mut BytesMut) -> Result<News, RdpError> {
        let mut input = Reader::new(pdu);
        let head = input.u8().ok_or(SHORT)?;
        let command = head >> 4;
        if command == CAPABILITIES {
            let _padding = input.u8().ok_or(SHORT)?;
            let version = input.u16_le().ok_or(SHORT)?.clamp(1, VERSION);
            let [low, high] = version.to_le_bytes();
            self.channel.put(&[CAPABILITIES << 4, 0, low, high], out);
            return Ok(News::Nothing);
        }
        if !matches!(command, CREATE | DATA_FIRST | DATA | CLOSE) {
            // Compressed data and Soft-Sync belong to versions that we do not speak.
            return Err(RdpError::BadField { field: "Cmd", value: command.into() });
        }
        let id = number(&mut input, head & 3)?;
        match command {
            CREATE => self.create(id, head & 3, input.take_rest(), out),
            CLOSE => {
                let Some(place) = self.open.iter().position(|open| open.id == id) else {
                    return Ok(News::Nothing);
                };
                let closed = self.open.swap_remove(place);
                self.channel.put(pdu, out);
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
        out: &mut BytesMut,
    ) -> Result<News, RdpError> {
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let purpose = Purpose::of_name(name).filter(|purpose| !self.shut.contains(purpose));
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
        self.channel.put(&answer, out);
        Ok(purpose.map_or(News::Nothing, News::Opened))
    }

    fn data(&mut self, id: u32, len: Option<u32>, part: &[u8]) -> Result<News, RdpError> {
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else {
            return Ok(News::Nothing);
        };
        if let Some(len) = len {
            let limit = open.purpose.message_max_bytes();
            RdpError::check_limit("dynamic channel message", len, limit)?;
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
    use crate::framing::whole_frame;
    use crate::mcs::{Packet, User, read_packet};

    const USER: User = User { id: 1002, io_channel: 1003 };

    fn receive(dynamic: &mut Dynamic, pdu: &[u8]) -> (News, Vec<u8>) {
        let mut out = BytesMut::new();
        let news = dynamic.handle(pdu, &mut out).unwrap();
        // Fifteen bytes of packet headers and eight of the chunk's.
        (news, out.get(23..).unwrap_or_default().to_vec())
    }

    fn opened() -> Dynamic {
        let mut dynamic = Dynamic::new(USER, 1004);
        let name = b"\x10\x07Microsoft::Windows::RDS::DisplayControl\0";
        let news = News::Opened(Purpose::DisplayControl);
        assert_eq!(receive(&mut dynamic, name), (news, b"\x10\x07\0\0\0\0".to_vec()));
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
    fn long_messages_are_cut_and_put_together() {
        for len in [0, 1595, 1596, 1591 + 1595, 5000] {
            let message: Vec<u8> = (0..len).map(|byte: u32| byte.to_le_bytes()[0]).collect();
            let dynamic = opened();
            let mut out = BytesMut::new();
            dynamic.put(Purpose::DisplayControl, &message, &mut out);
            let (mut there, mut news) = (opened(), News::Nothing);
            while let Some((_, whole)) = whole_frame(&out).unwrap() {
                let mut packet = out.split_to(whole);
                // As if the server had sent it.
                packet[7] = 26 << 2;
                let Ok(Packet::Data { data, .. }) = read_packet(&packet) else {
                    panic!("{packet:?}")
                };
                assert!(data.len() <= 8 + 1600, "{}", data.len());
                assert_eq!(news, News::Nothing);
                news = there.receive(data, &mut BytesMut::new()).unwrap();
            }
            assert_eq!(news, News::Message(Purpose::DisplayControl, message));
        }
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
            let refused = opened().handle(pdu, &mut BytesMut::new());
            assert!(refused.is_err(), "{pdu:02x?}");
        }
    }
}
