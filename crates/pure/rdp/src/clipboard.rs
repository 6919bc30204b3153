//! The clipboard (`[MS-RDPECLIP]`): text, both ways. The server's is fetched when it is announced;
//! a viewer's is announced, and sent when the server asks for it.

use bytes::{BufMut, BytesMut};
use porthole_remote::{Clipboard as Content, Event};
use porthole_wire::Reader;

use crate::RdpError;
use crate::channels::{Channel, Chunk};
use crate::mcs::User;
use crate::outbox::Outbox;

/// Message types (`[MS-RDPECLIP]` 2.2.1).
const MONITOR_READY: u16 = 1;
const FORMAT_LIST: u16 = 2;
const FORMAT_LIST_RESPONSE: u16 = 3;
const FORMAT_DATA_REQUEST: u16 = 4;
const FORMAT_DATA_RESPONSE: u16 = 5;
const CAPABILITIES: u16 = 7;

/// Flags of responses.
const OK: u16 = 1;
const FAIL: u16 = 2;

/// Text in UTF-16, ended by a zero (`CF_UNICODETEXT`).
const UNICODE_TEXT: u32 = 13;

/// Long names of formats, in lists (`CB_USE_LONG_FORMAT_NAMES`).
const LONG_NAMES: u32 = 2;

/// Bytes of a short format name.
const SHORT_NAME_BYTES: usize = 32;

/// Headers, and the formats of a list, beside the text.
const OVERHEAD_BYTES: usize = 4096;

const SHORT: RdpError = RdpError::Short { message: "clipboard PDU" };

/// Both directions.
#[derive(Debug)]
pub(crate) struct Clipboard {
    channel: Channel,
    text_max_bytes: usize,
    /// The server has greeted us.
    is_ready: bool,
    has_long_names: bool,
    /// What a viewer offered last.
    offered: Option<String>,
    /// We have asked for the server's text.
    is_fetching: bool,
}

impl Clipboard {
    /// Serves texts of at most `text_max_bytes` bytes on the wire.
    pub(crate) const fn new(user: User, id: u16, text_max_bytes: usize) -> Self {
        let channel = Channel::new(user, id, text_max_bytes.saturating_add(OVERHEAD_BYTES));
        Self {
            channel,
            text_max_bytes,
            is_ready: false,
            has_long_names: false,
            offered: None,
            is_fetching: false,
        }
    }

    /// Whether what comes on channel `id` is for us.
    pub(crate) const fn is_on(&self, id: u16) -> bool {
        self.channel.is_on(id)
    }

    /// Takes a chunk of the channel.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn receive(&mut self, chunk: &[u8], outbox: &mut Outbox) -> Result<(), RdpError> {
        match self.channel.receive(chunk)? {
            Chunk::Part => Ok(()),
            Chunk::TooLong(len) => {
                self.is_fetching = false;
                outbox.event(too_long("the remote's", len, self.text_max_bytes));
                Ok(())
            }
            Chunk::Whole(message) => self.handle(&message, outbox),
        }
    }

    /// A viewer offers `text`; `\n` ends lines.
    pub(crate) fn offer(&mut self, text: String, outbox: &mut Outbox) {
        let len = to_wire(&text).len();
        if len > self.text_max_bytes {
            outbox.event(too_long("the viewer's", len, self.text_max_bytes));
            return;
        }
        self.offered = Some(text);
        if self.is_ready {
            self.announce(outbox.bytes());
        }
    }

    fn handle(&mut self, message: &[u8], outbox: &mut Outbox) -> Result<(), RdpError> {
        let mut input = Reader::new(message);
        let kind = input.u16_le().ok_or(SHORT)?;
        let flags = input.u16_le().ok_or(SHORT)?;
        let len = usize::try_from(input.u32_le().ok_or(SHORT)?).unwrap_or(usize::MAX);
        // Some servers pad.
        let body = input.take(len).ok_or(SHORT)?;
        match kind {
            CAPABILITIES => self.has_long_names = has_long_names(body)?,
            MONITOR_READY => {
                self.is_ready = true;
                self.put(CAPABILITIES, 0, &our_capabilities(), outbox.bytes());
                self.announce(outbox.bytes());
            }
            FORMAT_LIST => {
                self.put(FORMAT_LIST_RESPONSE, OK, &[], outbox.bytes());
                self.is_fetching = lists_text(body, self.has_long_names);
                if self.is_fetching {
                    let format = UNICODE_TEXT.to_le_bytes();
                    self.put(FORMAT_DATA_REQUEST, 0, &format, outbox.bytes());
                }
            }
            FORMAT_DATA_REQUEST => {
                let format = Reader::new(body).u32_le().ok_or(SHORT)?;
                match &self.offered {
                    Some(text) if format == UNICODE_TEXT => {
                        let text = to_wire(text);
                        self.put(FORMAT_DATA_RESPONSE, OK, &text, outbox.bytes());
                    }
                    _ => self.put(FORMAT_DATA_RESPONSE, FAIL, &[], outbox.bytes()),
                }
            }
            FORMAT_DATA_RESPONSE if flags & OK != 0 && self.is_fetching => {
                self.is_fetching = false;
                outbox.event(Event::Clipboard(Content::of_text(from_wire(body))));
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells the server what is to be had: text, or nothing.
    fn announce(&self, out: &mut BytesMut) {
        let mut list = Vec::new();
        if self.offered.is_some() {
            list.put_u32_le(UNICODE_TEXT);
            // Formats with a number of their own have no name.
            list.put_bytes(0, if self.has_long_names { 2 } else { SHORT_NAME_BYTES });
        }
        self.put(FORMAT_LIST, 0, &list, out);
    }

    fn put(&self, kind: u16, flags: u16, body: &[u8], out: &mut BytesMut) {
        let mut message = Vec::with_capacity(8 + body.len());
        message.put_u16_le(kind);
        message.put_u16_le(flags);
        message.put_u32_le(u32::try_from(body.len()).unwrap_or(u32::MAX));
        message.put_slice(body);
        self.channel.put(&message, out);
    }
}

/// Version 2, with long names (`[MS-RDPECLIP]` 2.2.2.1).
fn our_capabilities() -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(1);
    body.put_u16_le(0);
    body.put_u16_le(1);
    body.put_u16_le(12);
    body.put_u32_le(2);
    body.put_u32_le(LONG_NAMES);
    body
}

fn has_long_names(body: &[u8]) -> Result<bool, RdpError> {
    let mut input = Reader::new(body);
    let sets = input.u16_le().ok_or(SHORT)?;
    let _padding = input.u16_le().ok_or(SHORT)?;
    for _set in 0..sets {
        let kind = input.u16_le().ok_or(SHORT)?;
        let len = usize::from(input.u16_le().ok_or(SHORT)?);
        let mut set = Reader::new(input.take(len.saturating_sub(4)).ok_or(SHORT)?);
        if kind == 1 {
            let _version = set.u32_le().ok_or(SHORT)?;
            return Ok(set.u32_le().ok_or(SHORT)? & LONG_NAMES != 0);
        }
    }
    Ok(false)
}

/// Whether a list of formats has text.
fn lists_text(body: &[u8], has_long_names: bool) -> bool {
    let mut input = Reader::new(body);
    while let Some(format) = input.u32_le() {
        if format == UNICODE_TEXT {
            return true;
        }
        if has_long_names {
            while input.u16_le().is_some_and(|unit| unit != 0) {}
        } else {
            input.take(SHORT_NAME_BYTES);
        }
    }
    false
}

/// UTF-16 with a zero at its end, and lines ended by `\r\n`.
fn to_wire(text: &str) -> Vec<u8> {
    let mut wire = Vec::with_capacity(2 * text.len() + 2);
    for unit in text.encode_utf16().chain([0]) {
        if unit == u16::from(b'\n') {
            wire.put_u16_le(u16::from(b'\r'));
        }
        wire.put_u16_le(unit);
    }
    wire
}

/// The other way. What is no text becomes U+FFFD.
fn from_wire(wire: &[u8]) -> String {
    let units = wire.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let characters = char::decode_utf16(units.take_while(|unit| *unit != 0));
    let text: String = characters.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.replace("\r\n", "\n")
}

fn too_long(whose: &str, len: usize, limit: usize) -> Event {
    Event::Notice(format!(
        "{whose} clipboard was left out: it has {len} bytes, and {limit} are allowed"
    ))
}

#[cfg(test)]
#[path = "clipboard_tests.rs"]
mod tests;
