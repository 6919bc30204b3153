//! What is asked of a server (section 6 of the draft; OpenSSH's PROTOCOL, section 4).

use bytes::{BufMut, BytesMut};

use crate::Attributes;

/// How a file is opened (section 6.3 of the draft).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenFlags {
    /// It is there, and is read.
    Read,
    /// It is there, and is read and written.
    Write,
    /// It is not there, and is made.
    New,
    /// It is read and written, and made if it is not there.
    Keep,
    /// The same, and it is emptied.
    Truncate,
}

impl OpenFlags {
    const fn bits(self) -> u32 {
        const READ: u32 = 0x1;
        const WRITE: u32 = 0x2;
        const CREATE: u32 = 0x8;
        const TRUNCATE: u32 = 0x10;
        const EXCLUSIVE: u32 = 0x20;
        match self {
            Self::Read => READ,
            Self::Write => READ | WRITE,
            Self::New => READ | WRITE | CREATE | EXCLUSIVE,
            Self::Keep => READ | WRITE | CREATE,
            Self::Truncate => READ | WRITE | CREATE | TRUNCATE,
        }
    }
}

/// One request. Paths are a server's own, absolute unless they are to be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// Answered by [`crate::Answer::Handle`].
    Open(&'a [u8], OpenFlags),
    /// A handle is no longer used.
    Close(&'a [u8]),
    /// So many bytes from there; [`crate::Answer::Data`].
    Read(&'a [u8], u64, u32),
    /// These bytes go there.
    Write(&'a [u8], u64, &'a [u8]),
    /// What is at a path, links followed; [`crate::Answer::Attributes`].
    Stat(&'a [u8]),
    /// What is at a path, links not followed.
    StatLink(&'a [u8]),
    /// What is open under a handle.
    StatHandle(&'a [u8]),
    /// Changes what is at a path, links followed.
    SetStat(&'a [u8], Attributes),
    /// Changes what is open under a handle.
    SetStatHandle(&'a [u8], Attributes),
    /// A directory is opened; [`crate::Answer::Handle`].
    OpenDirectory(&'a [u8]),
    /// Some more of an open directory's entries; [`crate::Answer::Names`].
    ReadDirectory(&'a [u8]),
    /// A file goes.
    Remove(&'a [u8]),
    /// A directory is made.
    MakeDirectory(&'a [u8]),
    /// An empty directory goes.
    RemoveDirectory(&'a [u8]),
    /// The path without links and dots; [`crate::Answer::Names`] with one.
    Resolve(&'a [u8]),
    /// Something gets another name that is not taken.
    Rename(&'a [u8], &'a [u8]),
    /// The same, and what has the name is replaced: `posix-rename@openssh.com`.
    Replace(&'a [u8], &'a [u8]),
    /// How much room there is: `statvfs@openssh.com`, answered by [`crate::Answer::Extended`].
    Space(&'a [u8]),
    /// How much may be asked for at a time: `limits@openssh.com`.
    Limits,
}

impl Request<'_> {
    /// The first packet of a connection: the version that is spoken.
    pub fn hello() -> BytesMut {
        BytesMut::from(&[0, 0, 0, 5, 1, 0, 0, 0, 3][..])
    }

    /// The packet with its length, under this number.
    pub fn encode(&self, id: u32) -> BytesMut {
        let mut out = BytesMut::with_capacity(64 + self.body_bytes());
        out.put_u32(0);
        out.put_u8(self.code());
        out.put_u32(id);
        self.write_body(&mut out);
        let len = u32::try_from(out.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(head) = out.first_chunk_mut::<4>() {
            *head = len.to_be_bytes();
        }
        out
    }

    /// Whether it opens something that is to be closed again.
    pub const fn opens(&self) -> bool {
        matches!(self, Self::Open(..) | Self::OpenDirectory(_))
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Open(..) => 3,
            Self::Close(_) => 4,
            Self::Read(..) => 5,
            Self::Write(..) => 6,
            Self::StatLink(_) => 7,
            Self::StatHandle(_) => 8,
            Self::SetStat(..) => 9,
            Self::SetStatHandle(..) => 10,
            Self::OpenDirectory(_) => 11,
            Self::ReadDirectory(_) => 12,
            Self::Remove(_) => 13,
            Self::MakeDirectory(_) => 14,
            Self::RemoveDirectory(_) => 15,
            Self::Resolve(_) => 16,
            Self::Stat(_) => 17,
            Self::Rename(..) => 18,
            Self::Replace(..) | Self::Space(_) | Self::Limits => 200,
        }
    }

    fn write_body(&self, out: &mut BytesMut) {
        match *self {
            Self::Open(path, flags) => {
                put(out, path);
                out.put_u32(flags.bits());
                Attributes::default().write(out);
            }
            Self::Read(handle, offset, len) => {
                put(out, handle);
                out.put_u64(offset);
                out.put_u32(len);
            }
            Self::Write(handle, offset, data) => {
                put(out, handle);
                out.put_u64(offset);
                put(out, data);
            }
            Self::SetStat(at, attributes) | Self::SetStatHandle(at, attributes) => {
                put(out, at);
                attributes.write(out);
            }
            Self::MakeDirectory(path) => {
                put(out, path);
                Attributes::default().write(out);
            }
            Self::Rename(from, to) => {
                put(out, from);
                put(out, to);
            }
            Self::Replace(from, to) => {
                put(out, b"posix-rename@openssh.com");
                put(out, from);
                put(out, to);
            }
            Self::Space(path) => {
                put(out, b"statvfs@openssh.com");
                put(out, path);
            }
            Self::Limits => put(out, b"limits@openssh.com"),
            Self::Close(at)
            | Self::Stat(at)
            | Self::StatLink(at)
            | Self::StatHandle(at)
            | Self::OpenDirectory(at)
            | Self::ReadDirectory(at)
            | Self::Remove(at)
            | Self::RemoveDirectory(at)
            | Self::Resolve(at) => put(out, at),
        }
    }

    /// About how long the body is.
    const fn body_bytes(&self) -> usize {
        match *self {
            Self::Write(handle, _, data) => handle.len() + data.len(),
            Self::Rename(from, to) | Self::Replace(from, to) => from.len() + to.len(),
            Self::Open(at, _)
            | Self::Read(at, ..)
            | Self::SetStat(at, _)
            | Self::SetStatHandle(at, _)
            | Self::MakeDirectory(at)
            | Self::Space(at)
            | Self::Close(at)
            | Self::Stat(at)
            | Self::StatLink(at)
            | Self::StatHandle(at)
            | Self::OpenDirectory(at)
            | Self::ReadDirectory(at)
            | Self::Remove(at)
            | Self::RemoveDirectory(at)
            | Self::Resolve(at) => at.len(),
            Self::Limits => 0,
        }
    }
}

/// A counted string. What is longer than 4 GiB is not asked for.
fn put(out: &mut BytesMut, string: &[u8]) {
    out.put_u32(u32::try_from(string.len()).unwrap_or(u32::MAX));
    out.put_slice(string);
}

#[cfg(test)]
mod tests {
    use super::{OpenFlags, Request};
    use crate::Attributes;

    #[test]
    fn writes_packets() {
        let time = Attributes { modified_s: Some(7), ..Attributes::default() };
        let cases: [(Request<'_>, &[u8]); 5] = [
            (
                Request::Open(b"/a", OpenFlags::New),
                b"\0\0\0\x13\x03\0\0\0\x09\0\0\0\x02/a\0\0\0\x2b\0\0\0\0",
            ),
            (
                Request::Read(b"h", 258, 3),
                b"\0\0\0\x16\x05\0\0\0\x09\0\0\0\x01h\0\0\0\0\0\0\x01\x02\0\0\0\x03",
            ),
            (
                Request::Write(b"h", 1, b"xyz"),
                b"\0\0\0\x19\x06\0\0\0\x09\0\0\0\x01h\0\0\0\0\0\0\0\x01\0\0\0\x03xyz",
            ),
            (
                Request::SetStat(b"f", time),
                b"\0\0\0\x16\x09\0\0\0\x09\0\0\0\x01f\0\0\0\x08\0\0\0\x07\0\0\0\x07",
            ),
            (Request::Limits, b"\0\0\0\x1b\xc8\0\0\0\x09\0\0\0\x12limits@openssh.com"),
        ];
        for (request, want) in cases {
            assert_eq!(request.encode(9), want, "{request:?}");
        }
        assert_eq!(&Request::hello()[..], b"\0\0\0\x05\x01\0\0\0\x03");
    }
}
