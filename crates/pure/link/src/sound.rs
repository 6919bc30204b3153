//! Sound in both directions. Kinds 0xa0 to 0xaf, both ways.

use bytes::{BufMut, Bytes, BytesMut};
use porthole_wire::Reader;

use crate::record::put_record;
use crate::{LinkError, Record, SAID_MAX_BYTES, SOUND_DATA_MAX_BYTES};

/// How a frame of sound is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoundCodec {
    /// An Opus packet (RFC 6716 §3).
    Opus = 1,
    /// 16-bit little-endian samples, interleaved.
    Pcm = 2,
}

/// What a browser is told about sound. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundNews {
    /// 0xa0: what the frames after this are.
    Format {
        /// How they are packed.
        codec: SoundCodec,
        /// 1 or 2.
        channels: u8,
        /// Samples a second.
        rate_hz: u32,
    },
    /// 0xa1: a frame's number, and 20 ms of sound.
    Frame(u32, Bytes),
    /// 0xa2: whether the remote records what the viewer says.
    Recording(bool),
}

/// What a browser says about sound, or in sound. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundWish {
    /// 0xa0: how it wants to hear the remote; `None`: not at all.
    Listen(Option<SoundCodec>),
    /// 0xa1: what the viewer says, in one channel.
    Said {
        /// Samples a second.
        rate_hz: u32,
        /// 16-bit little-endian samples, at most [`SAID_MAX_BYTES`].
        pcm: Bytes,
    },
}

impl SoundNews {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Format { codec, channels, rate_hz } => put_record(out, 0xa0, |out| {
                out.put_u8(*codec as u8);
                out.put_u8(*channels);
                out.put_u32_le(*rate_hz);
            }),
            Self::Frame(number, data) => put_record(out, 0xa1, |out| {
                out.put_u32_le(*number);
                out.put_slice(data);
            }),
            Self::Recording(is_on) => put_record(out, 0xa2, |out| out.put_u8((*is_on).into())),
        }
    }

    /// Decodes a record of one of these kinds; `None` is one that this version does not know.
    pub(crate) fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "sound" };
        let mut input = Reader::new(record.body);
        Ok(Some(match record.kind {
            0xa0 => {
                let codec = read_codec(input.u8().ok_or(SHORT)?)?;
                let (channels, rate_hz) = input.u8().zip(input.u32_le()).ok_or(SHORT)?;
                let codec = codec.ok_or(LinkError::Undefined { field: "sound codec", value: 0 })?;
                Self::Format { codec, channels, rate_hz }
            }
            0xa1 => {
                let number = input.u32_le().ok_or(SHORT)?;
                Self::Frame(number, read_data(&mut input, SOUND_DATA_MAX_BYTES)?)
            }
            0xa2 => Self::Recording(input.u8().ok_or(SHORT)? != 0),
            _ => return Ok(None),
        }))
    }
}

impl SoundWish {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Listen(codec) => {
                put_record(out, 0xa0, |out| out.put_u8(codec.map_or(0, |codec| codec as u8)));
            }
            Self::Said { rate_hz, pcm } => put_record(out, 0xa1, |out| {
                out.put_u32_le(*rate_hz);
                out.put_slice(pcm);
            }),
        }
    }

    /// Decodes a record of one of these kinds; `None` is one that this version does not know.
    pub(crate) fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "sound" };
        let mut input = Reader::new(record.body);
        Ok(Some(match record.kind {
            0xa0 => Self::Listen(read_codec(input.u8().ok_or(SHORT)?)?),
            0xa1 => {
                let rate_hz = input.u32_le().ok_or(SHORT)?;
                Self::Said { rate_hz, pcm: read_data(&mut input, SAID_MAX_BYTES)? }
            }
            _ => return Ok(None),
        }))
    }
}

fn read_codec(value: u8) -> Result<Option<SoundCodec>, LinkError> {
    match value {
        0 => Ok(None),
        1 => Ok(Some(SoundCodec::Opus)),
        2 => Ok(Some(SoundCodec::Pcm)),
        _ => Err(LinkError::Undefined { field: "sound codec", value: value.into() }),
    }
}

fn read_data(input: &mut Reader<'_>, limit: usize) -> Result<Bytes, LinkError> {
    let data = input.take_rest();
    if data.len() > limit {
        return Err(LinkError::OverLimit { field: "sound", value: data.len(), limit });
    }
    Ok(Bytes::copy_from_slice(data))
}
