//! Messages of the clipboard channel (`[MS-RDPECLIP]` 2.2).

use bytes::BufMut;
use porthole_wire::Reader;

use crate::RdpError;

/// Message types (`[MS-RDPECLIP]` 2.2.1).
pub(super) const MONITOR_READY: u16 = 1;
pub(super) const FORMAT_LIST: u16 = 2;
pub(super) const FORMAT_LIST_RESPONSE: u16 = 3;
pub(super) const FORMAT_DATA_REQUEST: u16 = 4;
pub(super) const FORMAT_DATA_RESPONSE: u16 = 5;
pub(super) const CAPABILITIES: u16 = 7;

/// Flags of responses.
pub(super) const OK: u16 = 1;
pub(super) const FAIL: u16 = 2;
/// Short names are in ASCII, which a format list alone can say.
const ASCII_NAMES: u16 = 4;

/// Text in UTF-16, ended by a zero (`CF_UNICODETEXT`).
pub(super) const UNICODE_TEXT: u32 = 13;
/// A bitmap, with the short header and with the longest (`CF_DIB`, `CF_DIBV5`).
pub(super) const DIB: u32 = 8;
const DIB_V5: u32 = 17;

/// Numbers that we give to formats that have names alone, and the names.
pub(super) const HTML: (u32, &str) = (0xc001, "HTML Format");
pub(super) const PNG: (u32, &str) = (0xc002, "PNG");

/// Long names of formats, in lists (`CB_USE_LONG_FORMAT_NAMES`).
pub(super) const LONG_NAMES: u32 = 2;

/// Bytes of a short format name, and its characters without the zero at the end.
const SHORT_NAME_BYTES: usize = 32;
const SHORT_NAME_UNITS: usize = SHORT_NAME_BYTES / 2 - 1;

/// Longest name of a format that is read; none of those that we know is as long.
const NAME_MAX_UNITS: usize = 64;

pub(super) const SHORT: RdpError = RdpError::Short { message: "clipboard PDU" };

/// One message, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) body: &'a [u8],
}

impl<'a> Message<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self, RdpError> {
        let mut input = Reader::new(message);
        let kind = input.u16_le().ok_or(SHORT)?;
        let flags = input.u16_le().ok_or(SHORT)?;
        let len = usize::try_from(input.u32_le().ok_or(SHORT)?).unwrap_or(usize::MAX);
        // Some servers pad.
        let body = input.take(len).ok_or(SHORT)?;
        Ok(Self { kind, flags, body })
    }
}

/// A message as it is written.
pub(super) fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(8 + body.len());
    message.put_u16_le(kind);
    message.put_u16_le(flags);
    message.put_u32_le(u32::try_from(body.len()).unwrap_or(u32::MAX));
    message.put_slice(body);
    message
}

/// What we can do: version 2 and `flags` (`[MS-RDPECLIP]` 2.2.2.1).
pub(super) fn our_capabilities(flags: u32) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(1);
    body.put_u16_le(0);
    body.put_u16_le(1);
    body.put_u16_le(12);
    body.put_u32_le(2);
    body.put_u32_le(flags);
    body
}

/// The general flags of the server's capabilities.
pub(super) fn read_capabilities(body: &[u8]) -> Result<u32, RdpError> {
    let mut input = Reader::new(body);
    let sets = input.u16_le().ok_or(SHORT)?;
    let _padding = input.u16_le().ok_or(SHORT)?;
    for _set in 0..sets {
        let kind = input.u16_le().ok_or(SHORT)?;
        let len = usize::from(input.u16_le().ok_or(SHORT)?);
        let mut set = Reader::new(input.take(len.saturating_sub(4)).ok_or(SHORT)?);
        if kind == 1 {
            let _version = set.u32_le().ok_or(SHORT)?;
            return set.u32_le().ok_or(SHORT);
        }
    }
    Ok(0)
}

/// The formats of a list that are of use, by the server's numbers for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Formats {
    pub(super) text: Option<u32>,
    pub(super) html: Option<u32>,
    pub(super) png: Option<u32>,
    pub(super) dib: Option<u32>,
    /// Whether there is any format at all.
    pub(super) is_any: bool,
}

impl Formats {
    /// Reads a format list (`[MS-RDPECLIP]` 2.2.3.1). What is cut off at its end is left out.
    pub(super) fn read(body: &[u8], flags: u16, has_long_names: bool) -> Self {
        let mut formats = Self::default();
        let mut input = Reader::new(body);
        while let Some(id) = input.u32_le() {
            let name = if has_long_names {
                long_name(&mut input)
            } else {
                short_name(input.take(SHORT_NAME_BYTES).unwrap_or_default(), flags)
            };
            formats.add(id, &name, has_long_names);
        }
        formats
    }

    fn add(&mut self, id: u32, name: &str, has_long_names: bool) {
        let is = |known: &str| {
            let short = known.get(..SHORT_NAME_UNITS).unwrap_or(known);
            name == if has_long_names { known } else { short }
        };
        self.is_any = true;
        match id {
            UNICODE_TEXT => self.text = Some(id),
            DIB => self.dib = Some(id),
            // It says more about transparency, and fewer servers get it right.
            DIB_V5 => self.dib = self.dib.or(Some(id)),
            _ if is(HTML.1) => self.html = Some(id),
            _ if is(PNG.1) || is("image/png") => self.png = Some(id),
            _ => {}
        }
    }
}

/// A list of formats by number and name, as it is written. Those with a number of their own have
/// no name.
pub(super) fn format_list(formats: &[(u32, &str)], has_long_names: bool) -> Vec<u8> {
    let mut list = Vec::new();
    for (id, name) in formats {
        list.put_u32_le(*id);
        let start = list.len();
        let units = if has_long_names { usize::MAX } else { SHORT_NAME_UNITS };
        name.encode_utf16().take(units).chain([0]).for_each(|unit| list.put_u16_le(unit));
        if !has_long_names {
            list.resize(start + SHORT_NAME_BYTES, 0);
        }
    }
    list
}

fn long_name(input: &mut Reader<'_>) -> String {
    let mut units = Vec::new();
    while let Some(unit) = input.u16_le().filter(|unit| *unit != 0) {
        if units.len() < NAME_MAX_UNITS {
            units.push(unit);
        }
    }
    String::from_utf16_lossy(&units)
}

fn short_name(bytes: &[u8], flags: u16) -> String {
    if flags & ASCII_NAMES != 0 {
        let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        return String::from_utf8_lossy(name).into_owned();
    }
    long_name(&mut Reader::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::{ASCII_NAMES, Formats, HTML, PNG, UNICODE_TEXT, format_list};

    #[test]
    fn lists_survive_the_round_trip() {
        for has_long_names in [true, false] {
            let list = format_list(&[HTML, (UNICODE_TEXT, ""), PNG, (17, "")], has_long_names);
            let want = Formats {
                text: Some(13),
                html: Some(0xc001),
                png: Some(0xc002),
                dib: Some(17),
                is_any: true,
            };
            assert_eq!(Formats::read(&list, 0, has_long_names), want);
            for cut in 0..list.len() {
                Formats::read(&list[..cut], 0, has_long_names);
            }
        }
        assert_eq!(Formats::read(&[], 0, true), Formats::default());
    }

    #[test]
    fn names_may_be_ascii_and_long() {
        let mut list = 0xc123_u32.to_le_bytes().to_vec();
        list.extend(b"HTML Format\0junk behind it, 32 b");
        list.truncate(36);
        assert_eq!(Formats::read(&list, ASCII_NAMES, false).html, Some(0xc123));
        let long = format_list(&[(1, &"x".repeat(1000)), (8, "")], true);
        assert_eq!(Formats::read(&long, 0, true).dib, Some(8));
    }
}
