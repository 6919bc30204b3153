//! What the server wants of a device (`[MS-RDPEFS]` 2.2.1.4), read from its message.

use bytes::Bytes;
use porthole_wire::Reader;

use super::names::{pattern, store_path};
use super::status::Status;
use crate::RdpError;

const SHORT: RdpError = RdpError::Short { message: "Device I/O Request" };

/// Major function codes.
mod major {
    pub(super) const CREATE: u32 = 0;
    pub(super) const CLOSE: u32 = 2;
    pub(super) const READ: u32 = 3;
    pub(super) const WRITE: u32 = 4;
    pub(super) const QUERY_INFORMATION: u32 = 5;
    pub(super) const SET_INFORMATION: u32 = 6;
    pub(super) const QUERY_VOLUME: u32 = 0xa;
    pub(super) const SET_VOLUME: u32 = 0xb;
    pub(super) const DIRECTORY_CONTROL: u32 = 0xc;
    pub(super) const DEVICE_CONTROL: u32 = 0xe;
    pub(super) const LOCK_CONTROL: u32 = 0x11;
}

/// Minor function codes of directory control.
const QUERY_DIRECTORY: u32 = 1;

/// Classes of information that can be set (`[MS-FSCC]` 2.4).
mod class {
    pub(super) const BASIC: u32 = 4;
    pub(super) const RENAME: u32 = 10;
    pub(super) const DISPOSITION: u32 = 13;
    pub(super) const ALLOCATION: u32 = 19;
    pub(super) const END_OF_FILE: u32 = 20;
}

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Irp {
    pub(super) device: u32,
    pub(super) file: u32,
    pub(super) completion: u32,
    pub(super) wish: Wish,
}

/// What is wanted. Whatever follows the fields that count is passed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Create {
        path: Result<String, Status>,
        access: u32,
        disposition: u32,
        options: u32,
    },
    Close,
    Read {
        offset: u64,
        len: u32,
    },
    Write {
        offset: u64,
        data: Bytes,
    },
    QueryInformation {
        class: u32,
    },
    SetInformation {
        len: u32,
        change: Change,
    },
    QueryVolume {
        class: u32,
    },
    SetVolume,
    /// The pattern comes with the first of a row.
    QueryDirectory {
        class: u32,
        pattern: Option<Result<String, Status>>,
    },
    NotifyChange,
    Lock,
    DeviceControl,
    Other,
}

/// What is to be different about a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// 100 ns since 1601; 0 and what is negative change nothing.
    LastWrite(i64),
    Len(u64),
    Allocation(u64),
    Delete(bool),
    Rename {
        replace: bool,
        to: Result<String, Status>,
    },
    Other,
}

/// The shape of an answer without content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A file's number, and how it came about.
    Created,
    /// A length, with or without that many bytes after it.
    Length,
    /// Padding alone, so many bytes.
    Padding(usize),
}

impl Wish {
    /// What an answer to it looks like.
    pub(super) const fn shape(&self) -> Shape {
        match self {
            Self::Create { .. } => Shape::Created,
            Self::Close => Shape::Padding(4),
            Self::Lock => Shape::Padding(5),
            _ => Shape::Length,
        }
    }
}

/// Reads a request after its header.
///
/// # Errors
///
/// It ends before its last field.
pub(super) fn read(message: &Bytes, body: &[u8]) -> Result<Irp, RdpError> {
    let mut input = Reader::new(body);
    let mut u32_le = || input.u32_le().ok_or(SHORT);
    let (device, file, completion) = (u32_le()?, u32_le()?, u32_le()?);
    let (major, minor) = (u32_le()?, u32_le()?);
    let wish = match major {
        major::CREATE => create(&mut input)?,
        major::CLOSE => Wish::Close,
        major::READ => {
            let (len, offset) = (input.u32_le().ok_or(SHORT)?, u64_le(&mut input)?);
            Wish::Read { offset, len }
        }
        major::WRITE => {
            let (len, offset) = (length(&mut input)?, u64_le(&mut input)?);
            skip(&mut input, 20)?;
            let data = message.slice_ref(input.take(len).ok_or(SHORT)?);
            Wish::Write { offset, data }
        }
        major::QUERY_INFORMATION => Wish::QueryInformation { class: input.u32_le().ok_or(SHORT)? },
        major::SET_INFORMATION => set_information(&mut input)?,
        major::QUERY_VOLUME => Wish::QueryVolume { class: input.u32_le().ok_or(SHORT)? },
        major::SET_VOLUME => Wish::SetVolume,
        major::DIRECTORY_CONTROL if minor == QUERY_DIRECTORY => query_directory(&mut input)?,
        major::DIRECTORY_CONTROL => Wish::NotifyChange,
        major::DEVICE_CONTROL => Wish::DeviceControl,
        major::LOCK_CONTROL => Wish::Lock,
        _ => Wish::Other,
    };
    Ok(Irp { device, file, completion, wish })
}

fn create(input: &mut Reader<'_>) -> Result<Wish, RdpError> {
    let access = input.u32_le().ok_or(SHORT)?;
    // The allocation, attributes, and how the file is shared.
    skip(input, 16)?;
    let disposition = input.u32_le().ok_or(SHORT)?;
    let options = input.u32_le().ok_or(SHORT)?;
    let len = length(input)?;
    let path = store_path(input.take(len).ok_or(SHORT)?);
    Ok(Wish::Create { path, access, disposition, options })
}

fn set_information(input: &mut Reader<'_>) -> Result<Wish, RdpError> {
    let class = input.u32_le().ok_or(SHORT)?;
    let len = input.u32_le().ok_or(SHORT)?;
    skip(input, 24)?;
    let change = match class {
        class::BASIC => {
            skip(input, 16)?;
            Change::LastWrite(u64_le(input)?.cast_signed())
        }
        class::END_OF_FILE => Change::Len(u64_le(input)?),
        class::ALLOCATION => Change::Allocation(u64_le(input)?),
        // Without a byte, it is to be deleted.
        class::DISPOSITION => Change::Delete(len == 0 || input.u8().is_none_or(|byte| byte != 0)),
        class::RENAME => {
            let replace = input.u8().ok_or(SHORT)? != 0;
            // The folder that the name counts from: always the root.
            skip(input, 1)?;
            let len = length(input)?;
            Change::Rename { replace, to: store_path(input.take(len).ok_or(SHORT)?) }
        }
        _ => Change::Other,
    };
    Ok(Wish::SetInformation { len, change })
}

fn query_directory(input: &mut Reader<'_>) -> Result<Wish, RdpError> {
    let class = input.u32_le().ok_or(SHORT)?;
    let is_first = input.u8().ok_or(SHORT)? != 0;
    let len = length(input)?;
    skip(input, 23)?;
    let path = if is_first { input.take(len).ok_or(SHORT)? } else { &[] };
    Ok(Wish::QueryDirectory { class, pattern: is_first.then(|| pattern(path)) })
}

fn length(input: &mut Reader<'_>) -> Result<usize, RdpError> {
    Ok(usize::try_from(input.u32_le().ok_or(SHORT)?).unwrap_or(usize::MAX))
}

fn u64_le(input: &mut Reader<'_>) -> Result<u64, RdpError> {
    input.array().map(u64::from_le_bytes).ok_or(SHORT)
}

fn skip(input: &mut Reader<'_>, len: usize) -> Result<(), RdpError> {
    input.take(len).map(drop).ok_or(SHORT)
}
