//! Files: what a browser asks for, and what it is answered. Kinds 0x90 to 0x9f, both ways.

use bytes::{BufMut, Bytes, BytesMut};
use porthole_wire::Reader;

use crate::record::{put_record, read_text};
use crate::{FILE_DATA_MAX_BYTES, FILE_NAME_MAX_BYTES, FILE_PATH_MAX_BYTES, LinkError, Record};

const FLAG_REPLACE: u8 = 1;
const FLAG_DISCARD: u8 = 1;
const FLAG_MORE: u8 = 1;

/// Longest words in [`FileNews::Failed`], in bytes.
const WORDS_MAX_BYTES: usize = 1024;

/// What a browser wants done with files. Each has a number that the browser gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRequest {
    /// The request that this begins or belongs to.
    pub request: u32,
    /// What is wanted.
    pub act: FileAct,
}

/// What is wanted. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileAct {
    /// 0x90: what is in a directory, from the first name after `after`.
    List {
        /// The directory.
        path: String,
        /// A name in it, or nothing.
        after: String,
    },
    /// 0x91
    Read {
        /// The file.
        path: String,
        /// From which byte on.
        offset: u64,
        /// How many bytes the browser takes before it gives more credit.
        credit: u32,
    },
    /// 0x92
    Write {
        /// The file.
        path: String,
        /// How many bytes it will have.
        size: u64,
        /// When its source was last changed, in milliseconds since 1970, or 0.
        modified_ms: u64,
        /// Whether a file that is there may be replaced.
        replace: bool,
    },
    /// 0x93: what belongs at an offset.
    Data(u64, Bytes),
    /// 0x94: so many more bytes may come.
    Credit(u32),
    /// 0x95: a transfer ends here.
    Cancel {
        /// Whether what was written of an upload goes too; else it can be gone on with.
        discard: bool,
    },
    /// 0x96
    Rename {
        /// What is there.
        from: String,
        /// Where it goes.
        to: String,
        /// Whether a file that is there may be replaced.
        replace: bool,
    },
    /// 0x97
    Remove(String),
    /// 0x98
    MakeDirectory(String),
}

/// What a browser is told about one of its requests, or unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAnswer {
    /// The request.
    pub request: u32,
    /// What about it.
    pub news: FileNews,
}

/// What is told. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileNews {
    /// 0x90
    Page(FilePage),
    /// 0x91: a transfer begins.
    Opened {
        /// The first byte that is sent, or is to be sent.
        offset: u64,
        /// How many bytes the file has, or will have.
        size: u64,
        /// When it was last changed, in milliseconds since 1970, or 0.
        modified_ms: u64,
        /// How many bytes may be sent before there is more credit; 0 when the browser reads.
        credit: u32,
    },
    /// 0x92: what is at an offset.
    Data(u64, Bytes),
    /// 0x93: so many more bytes may come.
    Credit(u32),
    /// 0x94: all is done.
    Done,
    /// 0x95
    Failed {
        /// A short, stable ASCII name of at most 64 bytes.
        cause: String,
        /// A sentence for people.
        message: String,
    },
    /// 0x96, unasked and with request 0: the remote offers a file.
    Offered {
        /// Where it is.
        path: String,
        /// How many bytes it has.
        size: u64,
    },
}

/// A part of a directory's listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilePage {
    /// How many more bytes may be written.
    pub free: u64,
    /// Whether more entries follow after the last one.
    pub more: bool,
    /// In the order of their names' bytes.
    pub entries: Vec<FileEntry>,
}

/// A file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Whether it is a directory.
    pub directory: bool,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970, or 0.
    pub modified_ms: u64,
    /// Its name, at most [`FILE_NAME_MAX_BYTES`].
    pub name: String,
}

impl FileRequest {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let (kind, request) = (self.kind(), self.request);
        put_record(out, kind, |out| {
            out.put_u32_le(request);
            match &self.act {
                FileAct::List { path, after } => {
                    put_name(out, after);
                    out.put_slice(path.as_bytes());
                }
                FileAct::Read { path, offset, credit } => {
                    out.put_u64_le(*offset);
                    out.put_u32_le(*credit);
                    out.put_slice(path.as_bytes());
                }
                FileAct::Write { path, size, modified_ms, replace } => {
                    out.put_u64_le(*size);
                    out.put_u64_le(*modified_ms);
                    out.put_u8(if *replace { FLAG_REPLACE } else { 0 });
                    out.put_slice(path.as_bytes());
                }
                FileAct::Data(offset, data) => {
                    out.put_u64_le(*offset);
                    out.put_slice(data);
                }
                FileAct::Credit(bytes) => out.put_u32_le(*bytes),
                FileAct::Cancel { discard } => {
                    out.put_u8(if *discard { FLAG_DISCARD } else { 0 });
                }
                FileAct::Rename { from, to, replace } => {
                    let from = cut(from, FILE_PATH_MAX_BYTES);
                    out.put_u8(if *replace { FLAG_REPLACE } else { 0 });
                    out.put_u16_le(u16::try_from(from.len()).unwrap_or(0));
                    out.put_slice(from);
                    out.put_slice(to.as_bytes());
                }
                FileAct::Remove(path) | FileAct::MakeDirectory(path) => {
                    out.put_slice(path.as_bytes());
                }
            }
        });
    }

    const fn kind(&self) -> u8 {
        match self.act {
            FileAct::List { .. } => 0x90,
            FileAct::Read { .. } => 0x91,
            FileAct::Write { .. } => 0x92,
            FileAct::Data(..) => 0x93,
            FileAct::Credit(_) => 0x94,
            FileAct::Cancel { .. } => 0x95,
            FileAct::Rename { .. } => 0x96,
            FileAct::Remove(_) => 0x97,
            FileAct::MakeDirectory(_) => 0x98,
        }
    }

    /// Decodes a record of one of these kinds; `None` is one that this version does not know.
    pub(crate) fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "file request" };
        let mut input = Reader::new(record.body);
        let input = &mut input;
        let request = |input: &mut Reader<'_>| input.u32_le().ok_or(SHORT);
        let number = match record.kind {
            0x90..=0x98 => request(input)?,
            _ => return Ok(None),
        };
        let act = match record.kind {
            0x90 => {
                let after = read_name(input)?;
                FileAct::List { path: read_path(input.take_rest())?, after }
            }
            0x91 => {
                let (offset, credit) = u64_le(input).zip(input.u32_le()).ok_or(SHORT)?;
                FileAct::Read { path: read_path(input.take_rest())?, offset, credit }
            }
            0x92 => {
                let (size, modified_ms) = u64_le(input).zip(u64_le(input)).ok_or(SHORT)?;
                let replace = input.u8().ok_or(SHORT)? & FLAG_REPLACE != 0;
                FileAct::Write { path: read_path(input.take_rest())?, size, modified_ms, replace }
            }
            0x93 => FileAct::Data(u64_le(input).ok_or(SHORT)?, read_data(input.take_rest())?),
            0x94 => FileAct::Credit(input.u32_le().ok_or(SHORT)?),
            0x95 => FileAct::Cancel { discard: input.u8().ok_or(SHORT)? & FLAG_DISCARD != 0 },
            0x96 => {
                let (flags, len) = input.u8().zip(input.u16_le()).ok_or(SHORT)?;
                let from = read_path(input.take(len.into()).ok_or(SHORT)?)?;
                let replace = flags & FLAG_REPLACE != 0;
                FileAct::Rename { from, to: read_path(input.take_rest())?, replace }
            }
            0x97 => FileAct::Remove(read_path(input.take_rest())?),
            _ => FileAct::MakeDirectory(read_path(input.take_rest())?),
        };
        Ok(Some(Self { request: number, act }))
    }
}

impl FileAnswer {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let kind = match self.news {
            FileNews::Page(_) => 0x90,
            FileNews::Opened { .. } => 0x91,
            FileNews::Data(..) => 0x92,
            FileNews::Credit(_) => 0x93,
            FileNews::Done => 0x94,
            FileNews::Failed { .. } => 0x95,
            FileNews::Offered { .. } => 0x96,
        };
        put_record(out, kind, |out| {
            out.put_u32_le(self.request);
            match &self.news {
                FileNews::Page(page) => put_page(out, page),
                FileNews::Opened { offset, size, modified_ms, credit } => {
                    out.put_u64_le(*offset);
                    out.put_u64_le(*size);
                    out.put_u64_le(*modified_ms);
                    out.put_u32_le(*credit);
                }
                FileNews::Data(offset, data) => {
                    out.put_u64_le(*offset);
                    out.put_slice(data);
                }
                FileNews::Credit(bytes) => out.put_u32_le(*bytes),
                FileNews::Done => {}
                FileNews::Failed { cause, message } => {
                    put_name(out, cause);
                    out.put_slice(message.as_bytes());
                }
                FileNews::Offered { path, size } => {
                    out.put_u64_le(*size);
                    out.put_slice(path.as_bytes());
                }
            }
        });
    }

    /// Decodes a record of one of these kinds; `None` is one that this version does not know.
    pub(crate) fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "file answer" };
        let mut input = Reader::new(record.body);
        let input = &mut input;
        let request = match record.kind {
            0x90..=0x96 => input.u32_le().ok_or(SHORT)?,
            _ => return Ok(None),
        };
        let news = match record.kind {
            0x90 => FileNews::Page(read_page(input)?),
            0x91 => {
                let (offset, size) = u64_le(input).zip(u64_le(input)).ok_or(SHORT)?;
                let (modified_ms, credit) = u64_le(input).zip(input.u32_le()).ok_or(SHORT)?;
                FileNews::Opened { offset, size, modified_ms, credit }
            }
            0x92 => FileNews::Data(u64_le(input).ok_or(SHORT)?, read_data(input.take_rest())?),
            0x93 => FileNews::Credit(input.u32_le().ok_or(SHORT)?),
            0x94 => FileNews::Done,
            0x95 => {
                let cause = read_name(input)?;
                let message = read_text("message", input.take_rest(), WORDS_MAX_BYTES)?;
                FileNews::Failed { cause, message }
            }
            _ => {
                let size = u64_le(input).ok_or(SHORT)?;
                FileNews::Offered { path: read_path(input.take_rest())?, size }
            }
        };
        Ok(Some(Self { request, news }))
    }
}

fn put_page(out: &mut BytesMut, page: &FilePage) {
    out.put_u64_le(page.free);
    out.put_u8(if page.more { FLAG_MORE } else { 0 });
    for entry in &page.entries {
        out.put_u8(if entry.directory { 2 } else { 1 });
        out.put_u64_le(entry.size);
        out.put_u64_le(entry.modified_ms);
        put_name(out, &entry.name);
    }
}

fn read_page(input: &mut Reader<'_>) -> Result<FilePage, LinkError> {
    const SHORT: LinkError = LinkError::Short { name: "file page" };
    let (free, flags) = u64_le(input).zip(input.u8()).ok_or(SHORT)?;
    let mut page = FilePage { free, more: flags & FLAG_MORE != 0, entries: Vec::new() };
    while !input.is_empty() {
        let directory = match input.u8().ok_or(SHORT)? {
            1 => false,
            2 => true,
            value => return Err(LinkError::Undefined { field: "entry", value: value.into() }),
        };
        let (size, modified_ms) = u64_le(input).zip(u64_le(input)).ok_or(SHORT)?;
        page.entries.push(FileEntry { directory, size, modified_ms, name: read_name(input)? });
    }
    Ok(page)
}

/// A short text after its length. Names of this length are refused long before; one that came
/// here regardless loses its tail.
fn put_name(out: &mut BytesMut, name: &str) {
    let name = cut(name, FILE_NAME_MAX_BYTES);
    out.put_u8(u8::try_from(name.len()).unwrap_or(0));
    out.put_slice(name);
}

fn read_name(input: &mut Reader<'_>) -> Result<String, LinkError> {
    const SHORT: LinkError = LinkError::Short { name: "file name" };
    let len = input.u8().ok_or(SHORT)?;
    read_text("name", input.take(len.into()).ok_or(SHORT)?, FILE_NAME_MAX_BYTES)
}

fn u64_le(input: &mut Reader<'_>) -> Option<u64> {
    input.array().map(u64::from_le_bytes)
}

fn read_path(bytes: &[u8]) -> Result<String, LinkError> {
    read_text("path", bytes, FILE_PATH_MAX_BYTES)
}

fn read_data(bytes: &[u8]) -> Result<Bytes, LinkError> {
    if bytes.len() > FILE_DATA_MAX_BYTES {
        let (value, limit) = (bytes.len(), FILE_DATA_MAX_BYTES);
        return Err(LinkError::OverLimit { field: "file data", value, limit });
    }
    Ok(Bytes::copy_from_slice(bytes))
}

fn cut(text: &str, most: usize) -> &[u8] {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.as_bytes().get(..end.unwrap_or(0)).unwrap_or_default()
}
