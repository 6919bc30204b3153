//! Text remotes. Kinds 0xb0 to 0xbf, both ways.

use bytes::{BufMut, Bytes, BytesMut};
use porthole_wire::Reader;

use crate::record::{put_record, read_text};
use crate::{LinkError, Record};

/// Longest text of one record to the browser, in bytes; a screen may be longer.
pub const TERMINAL_TEXT_MAX_BYTES: usize = 512 << 10;

/// Longest screen, in bytes.
pub const TERMINAL_SCREEN_MAX_BYTES: usize = 4 << 20;

/// Longest input of one record, in bytes.
pub const TERMINAL_TYPED_MAX_BYTES: usize = 64 << 10;

/// Longest name of a font, in bytes.
const FONT_NAME_MAX_BYTES: usize = 128;

/// What a browser is told about a terminal. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalRecord {
    /// 0xb0: forget everything, be of this many columns and rows, and show this.
    Screen(u16, u16, Bytes),
    /// 0xb1: more.
    Text(Bytes),
    /// 0xb2: columns and rows, from here on.
    Size(u16, u16),
    /// 0xb3: how to look.
    Look {
        /// Points.
        font_size_pt: u8,
        /// Rows to keep above the screen.
        scrollback: u32,
        /// Red, green, blue: colours 0 to 255, foreground, background.
        colors: Box<[[u8; 3]; 258]>,
        /// A font family; empty for one of the browser's choice.
        font_name: String,
    },
}

/// What a browser says to a terminal. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalWish {
    /// 0xb0: bytes for the remote.
    Typed(Bytes),
    /// 0xb1: the columns and rows that there is room for.
    Resize(u16, u16),
}

impl TerminalRecord {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Screen(columns, rows, data) => put_record(out, 0xb0, |out| {
                put_size(out, *columns, *rows);
                out.put_slice(data);
            }),
            Self::Text(data) => encode_terminal_text(out, data),
            Self::Size(columns, rows) => {
                put_record(out, 0xb2, |out| put_size(out, *columns, *rows));
            }
            Self::Look { font_size_pt, scrollback, colors, font_name } => {
                put_record(out, 0xb3, |out| {
                    out.put_u8(*font_size_pt);
                    out.put_u32_le(*scrollback);
                    colors.iter().for_each(|color| out.put_slice(color));
                    out.put_slice(font_name.as_bytes());
                });
            }
        }
    }

    /// Decodes a record of one of these kinds; `None` is one that this version does not know.
    pub(crate) fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "terminal" };
        let mut input = Reader::new(record.body);
        Ok(Some(match record.kind {
            0xb0 => {
                let (columns, rows) = read_size(&mut input).ok_or(SHORT)?;
                let data = read_data(&mut input, TERMINAL_SCREEN_MAX_BYTES)?;
                Self::Screen(columns, rows, data)
            }
            0xb1 => Self::Text(read_data(&mut input, TERMINAL_TEXT_MAX_BYTES)?),
            0xb2 => {
                let (columns, rows) = read_size(&mut input).ok_or(SHORT)?;
                Self::Size(columns, rows)
            }
            0xb3 => {
                let font_size_pt = input.u8().ok_or(SHORT)?;
                let scrollback = input.u32_le().ok_or(SHORT)?;
                let mut colors = Box::new([[0; 3]; 258]);
                for color in colors.iter_mut() {
                    *color = input.array().ok_or(SHORT)?;
                }
                let font_name = read_text("font name", input.take_rest(), FONT_NAME_MAX_BYTES)?;
                Self::Look { font_size_pt, scrollback, colors, font_name }
            }
            _ => return Ok(None),
        }))
    }
}

/// Appends a record with a terminal's text, without a copy in between.
pub fn encode_terminal_text(out: &mut BytesMut, text: &[u8]) {
    put_record(out, 0xb1, |out| out.put_slice(text));
}

impl TerminalWish {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Typed(bytes) => put_record(out, 0xb0, |out| out.put_slice(bytes)),
            Self::Resize(columns, rows) => {
                put_record(out, 0xb1, |out| put_size(out, *columns, *rows));
            }
        }
    }

    /// Decodes a record of one of these kinds; `None` is one that this version does not know.
    pub(crate) fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "terminal" };
        let mut input = Reader::new(record.body);
        Ok(Some(match record.kind {
            0xb0 => Self::Typed(read_data(&mut input, TERMINAL_TYPED_MAX_BYTES)?),
            0xb1 => {
                let (columns, rows) = read_size(&mut input).ok_or(SHORT)?;
                Self::Resize(columns, rows)
            }
            _ => return Ok(None),
        }))
    }
}

fn put_size(out: &mut BytesMut, columns: u16, rows: u16) {
    out.put_u16_le(columns);
    out.put_u16_le(rows);
}

fn read_size(input: &mut Reader<'_>) -> Option<(u16, u16)> {
    input.u16_le().zip(input.u16_le())
}

fn read_data(input: &mut Reader<'_>, limit: usize) -> Result<Bytes, LinkError> {
    let data = input.take_rest();
    if data.len() > limit {
        return Err(LinkError::OverLimit { field: "terminal data", value: data.len(), limit });
    }
    Ok(Bytes::copy_from_slice(data))
}
