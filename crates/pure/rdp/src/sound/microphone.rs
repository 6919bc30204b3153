//! What a viewer says (`[MS-RDPEAI]`), over the dynamic channel `AUDIO_INPUT`.

use bytes::BufMut;
use porthole_remote::{Event, Sound};
use porthole_wire::Reader;

use super::Heard;
use super::format::{Pcm, put_formats, read_formats};
use crate::RdpError;

/// Message types (`[MS-RDPEAI]` 2.2.1).
const VERSION: u8 = 1;
const FORMATS: u8 = 2;
const OPEN: u8 = 3;
const OPEN_REPLY: u8 = 4;
const INCOMING: u8 = 5;
const DATA: u8 = 6;
const FORMAT_CHANGE: u8 = 7;

/// The version that we speak.
const OUR_VERSION: u32 = 1;

/// `HRESULT`s: done, and a parameter that means nothing.
const OK: u32 = 0;
const INVALID: u32 = 0x8007_0057;

const SHORT: RdpError = RdpError::Short { message: "audio input PDU" };

/// The channel's state. It ends with the channel.
#[derive(Debug, Default)]
pub(crate) struct Microphone {
    /// What we have listed, in that order.
    formats: Vec<Pcm>,
    /// The one in which the server records, while it does.
    open: Option<Pcm>,
}

impl Microphone {
    /// Takes one whole message of the channel.
    ///
    /// # Errors
    ///
    /// It ends before its fields do.
    pub(crate) fn receive(&mut self, message: &[u8]) -> Result<Heard, RdpError> {
        let mut heard = Heard::default();
        let mut input = Reader::new(message);
        match input.u8().ok_or(SHORT)? {
            VERSION => {
                let _version = input.u32_le().ok_or(SHORT)?;
                heard.answers.push(number(VERSION, OUR_VERSION));
            }
            FORMATS => {
                let count = input.u32_le().ok_or(SHORT)?;
                let _len = input.u32_le().ok_or(SHORT)?;
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                self.formats = read_formats(&mut input, count)?;
                heard.answers.extend([vec![INCOMING], self.list()]);
            }
            OPEN => {
                let _frames = input.u32_le().ok_or(SHORT)?;
                let format = input.u32_le().ok_or(SHORT)?;
                self.record(format, &mut heard);
                let result = if self.open.is_some() { OK } else { INVALID };
                heard.answers.push(number(OPEN_REPLY, result));
            }
            FORMAT_CHANGE => {
                let format = input.u32_le().ok_or(SHORT)?;
                self.record(format, &mut heard);
            }
            _ => {}
        }
        Ok(heard)
    }

    /// The channel is closed.
    pub(crate) fn close(&mut self) -> Option<Event> {
        let was_open = std::mem::take(self).open.is_some();
        was_open.then_some(Event::MicrophoneWanted(None))
    }

    /// The messages that carry `sound`; none if nobody records, or not in that format.
    pub(crate) fn say(&self, sound: &Sound) -> Option<[Vec<u8>; 2]> {
        let open = self.open.filter(|open| open.sound == sound.format)?;
        let mut data = vec![DATA];
        data.put_slice(&open.to_own_width(&sound.pcm));
        Some([vec![INCOMING], data])
    }

    /// The server records in the format of this number from now on.
    fn record(&mut self, format: u32, heard: &mut Heard) {
        let place = usize::try_from(format).ok();
        let Some(chosen) = place.and_then(|place| self.formats.get(place)).copied() else { return };
        heard.answers.push(number(FORMAT_CHANGE, format));
        if self.open != Some(chosen) {
            self.open = Some(chosen);
            heard.events.push(Event::MicrophoneWanted(Some(chosen.sound)));
        }
    }

    fn list(&self) -> Vec<u8> {
        let mut list = Vec::new();
        put_formats(&mut list, &self.formats);
        let mut message = vec![FORMATS];
        message.put_u32_le(u32::try_from(self.formats.len()).unwrap_or(0));
        // The whole message's length.
        message.put_u32_le(u32::try_from(list.len() + 9).unwrap_or(0));
        message.extend(list);
        message
    }
}

/// A message of one number.
fn number(kind: u8, value: u32) -> Vec<u8> {
    let mut message = vec![kind];
    message.put_u32_le(value);
    message
}
