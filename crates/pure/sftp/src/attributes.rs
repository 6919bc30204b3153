//! What a server says of a file (section 5 of the draft).

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;

const SIZE: u32 = 0x1;
const USER_AND_GROUP: u32 = 0x2;
const PERMISSIONS: u32 = 0x4;
const TIMES: u32 = 0x8;
const EXTENDED: u32 = 0x8000_0000;

/// The bits of the permissions that say what it is, and their values (POSIX's `S_IFMT`).
const TYPE_MASK: u32 = 0o170_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_DIRECTORY: u32 = 0o040_000;
const TYPE_LINK: u32 = 0o120_000;

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Special,
}

/// What is known of a file; what is `None` was not said, or is not to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes {
    /// Its length in bytes.
    pub size: Option<u64>,
    /// POSIX's mode: what it is and who may do what.
    pub permissions: Option<u32>,
    /// When it was last changed, in seconds since 1970.
    pub modified_s: Option<u32>,
}

impl Attributes {
    /// What it is, if the server says that.
    pub const fn kind(&self) -> Option<Kind> {
        match self.permissions {
            None => None,
            Some(mode) => match mode & TYPE_MASK {
                TYPE_FILE => Some(Kind::File),
                TYPE_DIRECTORY => Some(Kind::Directory),
                TYPE_LINK => Some(Kind::Link),
                0 => None,
                _ => Some(Kind::Special),
            },
        }
    }

    /// Reads attributes; `None` when they end too early or have fields that version 3 has not.
    pub(crate) fn read(input: &mut Reader<'_>) -> Option<Self> {
        let flags = input.u32_be()?;
        if flags & !(SIZE | USER_AND_GROUP | PERMISSIONS | TIMES | EXTENDED) != 0 {
            return None;
        }
        let mut read = Self::default();
        if flags & SIZE != 0 {
            read.size = Some(input.array().map(u64::from_be_bytes)?);
        }
        if flags & USER_AND_GROUP != 0 {
            input.take(8)?;
        }
        if flags & PERMISSIONS != 0 {
            read.permissions = Some(input.u32_be()?);
        }
        if flags & TIMES != 0 {
            let _accessed = input.u32_be()?;
            read.modified_s = Some(input.u32_be()?);
        }
        if flags & EXTENDED != 0 {
            // Each takes eight bytes at least, so that this ends with the packet.
            for _ in 0..input.u32_be()? {
                string(input)?;
                string(input)?;
            }
        }
        Some(read)
    }

    /// Writes what is known. The time of the last reading is set with that of the last change: the
    /// draft has no way to say one alone.
    pub(crate) fn write(&self, out: &mut BytesMut) {
        let flag = |known: bool, flag| if known { flag } else { 0 };
        out.put_u32(
            flag(self.size.is_some(), SIZE)
                | flag(self.permissions.is_some(), PERMISSIONS)
                | flag(self.modified_s.is_some(), TIMES),
        );
        if let Some(size) = self.size {
            out.put_u64(size);
        }
        if let Some(permissions) = self.permissions {
            out.put_u32(permissions);
        }
        if let Some(modified_s) = self.modified_s {
            out.put_u32(modified_s);
            out.put_u32(modified_s);
        }
    }
}

/// A counted string (RFC 4251 section 5).
pub(crate) fn string<'a>(input: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = input.clone();
    let len = usize::try_from(ahead.u32_be()?).ok()?;
    let found = ahead.take(len)?;
    *input = ahead;
    Some(found)
}
