//! What is to be heard (`[MS-RDPEA]`), over whichever channel the server chooses: the static
//! `rdpsnd` or the dynamic `AUDIO_PLAYBACK_DVC`. Messages in; answers and events out.
//!
//! Formats other than plain PCM are refused by not being listed: sound is packed for viewers
//! anyway, and the way from the server is short.

mod format;
mod microphone;

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes};
use porthole_remote::{Event, Sound};
use porthole_wire::Reader;

use self::format::{Pcm, put_formats, read_formats};
pub(crate) use self::microphone::Microphone;
use crate::RdpError;
use crate::channels::{Channel, Chunk};
use crate::mcs::User;
use crate::outbox::Outbox;

/// Longest message, in bytes: a body's length has 16 bits, after a header of four.
pub(crate) const SOUND_MESSAGE_MAX_BYTES: usize = (1 << 16) + 3;

/// Message types (`[MS-RDPEA]` 2.2.1).
const CLOSE: u8 = 1;
const WAVE: u8 = 2;
const SET_VOLUME: u8 = 3;
const WAVE_CONFIRM: u8 = 5;
const TRAINING: u8 = 6;
const FORMATS: u8 = 7;
const QUALITY_MODE: u8 = 0xc;
const WAVE_2: u8 = 0xd;

/// The version that we speak: with waves in one message.
const VERSION: u16 = 8;
/// The first version with a quality mode, which each client has to name.
const VERSION_QUALITY: u16 = 6;

/// Capabilities of clients: we are there, and can turn the volume down.
const ALIVE: u32 = 1;
const VOLUME: u32 = 2;

/// `wQualityMode` for paths that do not matter: as good as it gets.
const QUALITY_HIGH: u16 = 2;

const SHORT: RdpError = RdpError::Short { message: "sound PDU" };

/// What the client side remembers.
#[derive(Debug, Default)]
pub(crate) struct SoundOut {
    /// What we have listed, in that order.
    formats: Vec<Pcm>,
    /// A wave whose first bytes have come; the next message is the rest.
    wave: Option<Wave>,
    volume: Volume,
}

/// The head of a wave.
#[derive(Debug)]
struct Wave {
    time: u16,
    format: u16,
    block: u8,
    data: [u8; 4],
}

/// Left and right, of 65,535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Volume([u16; 2]);

impl Default for Volume {
    fn default() -> Self {
        Self([u16::MAX; 2])
    }
}

/// Answers and events that one message led to.
type Said = (Vec<Vec<u8>>, Vec<Event>);

/// What comes of messages on the channels for sound and, where `true`, for the microphone, one after the other. For fuzzing:
/// in a connection they come through [`crate::RdpClient`]. A channel ends with the first message that breaks it.
pub fn hear<'a>(messages: impl Iterator<Item = (bool, &'a [u8])>) -> impl Iterator<Item = Said> {
    let (mut sound, mut microphone) = (SoundOut::default(), Microphone::default());
    let receive = move |(is_microphone, message): (bool, &[u8])| {
        let heard =
            if is_microphone { microphone.receive(message) } else { sound.receive(message) };
        heard.ok().map(|heard| (heard.answers, heard.events))
    };
    messages.map_while(receive)
}

/// Sound over the static channel.
#[derive(Debug)]
pub(crate) struct SoundChannel {
    channel: Channel,
    sound: SoundOut,
}

impl SoundChannel {
    pub(crate) fn new(user: User, id: u16) -> Self {
        let channel = Channel::new(user, id, SOUND_MESSAGE_MAX_BYTES);
        Self { channel, sound: SoundOut::default() }
    }

    /// Whether channel `id` is this one.
    pub(crate) const fn is_on(&self, id: u16) -> bool {
        self.channel.is_on(id)
    }

    /// Takes a chunk.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn receive(&mut self, chunk: &[u8], outbox: &mut Outbox) -> Result<(), RdpError> {
        let message = match self.channel.receive(chunk)? {
            Chunk::Part => return Ok(()),
            Chunk::Whole(message) => message,
            Chunk::TooLong(len) => {
                return RdpError::check_limit("sound PDU", len, SOUND_MESSAGE_MAX_BYTES);
            }
        };
        let heard = self.sound.receive(&message)?;
        heard.answers.iter().for_each(|answer| self.channel.put(answer, outbox.bytes()));
        heard.events.into_iter().for_each(|event| outbox.event(event));
        Ok(())
    }
}

/// What comes of a message.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Messages for the server, in this order.
    pub(crate) answers: Vec<Vec<u8>>,
    /// What the session is told.
    pub(crate) events: Vec<Event>,
}

impl SoundOut {
    /// Takes one whole message of the channel.
    ///
    /// # Errors
    ///
    /// It ends before its fields do.
    pub(crate) fn receive(&mut self, message: &[u8]) -> Result<Heard, RdpError> {
        let mut heard = Heard::default();
        let mut input = Reader::new(message);
        if let Some(wave) = self.wave.take() {
            // Four bytes of padding stand where the first four of the sound were.
            input.take(4).ok_or(SHORT)?;
            let data = [&wave.data[..], input.take_rest()].concat();
            self.play(&wave, &data, &mut heard);
            return Ok(heard);
        }
        let kind = input.u8().ok_or(SHORT)?;
        let _padding = input.u8().ok_or(SHORT)?;
        let _len = input.u16_le().ok_or(SHORT)?;
        match kind {
            FORMATS => self.agree(&mut input, &mut heard)?,
            TRAINING => {
                // Time stamp and pack size go back as they came.
                let echo = input.take(4).ok_or(SHORT)?;
                heard.answers.push(pdu(TRAINING, echo));
            }
            WAVE => {
                let (time, format, block) = head(&mut input)?;
                let data = input.array().ok_or(SHORT)?;
                self.wave = Some(Wave { time, format, block, data });
            }
            WAVE_2 => {
                let (time, format, block) = head(&mut input)?;
                let _audio_time = input.u32_le().ok_or(SHORT)?;
                let wave = Wave { time, format, block, data: [0; 4] };
                self.play(&wave, input.take_rest(), &mut heard);
            }
            SET_VOLUME => {
                let left = input.u16_le().ok_or(SHORT)?;
                self.volume = Volume([left, input.u16_le().ok_or(SHORT)?]);
            }
            CLOSE => heard.events.push(Event::SoundEnded),
            // Pitch is not ours to change, and the rest belongs to UDP, for which we name no port.
            _ => {}
        }
        Ok(heard)
    }

    /// Answers the server's list of formats with what we take of it.
    fn agree(&mut self, input: &mut Reader<'_>, heard: &mut Heard) -> Result<(), RdpError> {
        // Flags, volume, pitch, and a port for UDP: the client's to say.
        input.take(14).ok_or(SHORT)?;
        let count = input.u16_le().ok_or(SHORT)?;
        let _last_block = input.u8().ok_or(SHORT)?;
        let version = input.u16_le().ok_or(SHORT)?;
        let _padding = input.u8().ok_or(SHORT)?;
        self.formats = read_formats(input, count.into())?;
        self.wave = None;
        let mut body = Vec::new();
        body.put_u32_le(ALIVE | VOLUME);
        body.put_u32_le(u32::MAX);
        body.put_u32_le(0);
        body.put_u16_le(0);
        body.put_u16_le(u16::try_from(self.formats.len()).unwrap_or(0));
        body.put_u8(0);
        body.put_u16_le(VERSION);
        body.put_u8(0);
        put_formats(&mut body, &self.formats);
        heard.answers.push(pdu(FORMATS, &body));
        if version >= VERSION_QUALITY {
            let mut body = Vec::new();
            body.put_u16_le(QUALITY_HIGH);
            body.put_u16_le(0);
            heard.answers.push(pdu(QUALITY_MODE, &body));
        }
        Ok(())
    }

    /// Passes a wave on, and confirms it at once: what it waits for from here on is bounded by
    /// dropping, not by holding the server back.
    fn play(&self, wave: &Wave, data: &[u8], heard: &mut Heard) {
        let mut body = Vec::new();
        body.put_u16_le(wave.time);
        body.put_u8(wave.block);
        body.put_u8(0);
        heard.answers.push(pdu(WAVE_CONFIRM, &body));
        let Some(format) = self.formats.get(usize::from(wave.format)) else { return };
        let mut pcm = format.to_16_bit(data);
        self.volume.apply(format.sound.channels, &mut pcm);
        if !pcm.is_empty() {
            let pcm = Bytes::from(pcm);
            heard.events.push(Event::Sound(Sound { format: format.sound, pcm }));
        }
    }
}

impl Volume {
    fn apply(self, channels: u8, pcm: &mut [u8]) {
        if self == Self::default() {
            return;
        }
        let sides = self.0.into_iter().take(channels.into()).cycle();
        for (pair, side) in pcm.as_chunks_mut::<2>().0.iter_mut().zip(sides) {
            let quieter = i32::from(i16::from_le_bytes(*pair)) * i32::from(side) / 0xffff;
            *pair = i16::try_from(quieter).unwrap_or(0).to_le_bytes();
        }
    }
}

/// Time stamp, number of the format, number of the block, padding.
fn head(input: &mut Reader<'_>) -> Result<(u16, u16, u8), RdpError> {
    let time = input.u16_le().ok_or(SHORT)?;
    let format = input.u16_le().ok_or(SHORT)?;
    let block = input.u8().ok_or(SHORT)?;
    input.take(3).ok_or(SHORT)?;
    Ok((time, format, block))
}

/// A whole message. Bodies are short: at most [`format::FORMATS_MAX`] formats.
fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(body.len() + 4);
    message.put_u8(kind);
    message.put_u8(0);
    message.put_u16_le(u16::try_from(body.len()).unwrap_or(u16::MAX));
    message.put_slice(body);
    message
}
