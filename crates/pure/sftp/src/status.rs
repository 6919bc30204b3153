//! How a server says what came of a request (section 7 of the draft).

use porthole_wire::{Reader, text};

use crate::attributes::string;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it means.
    pub kind: StatusKind,
    /// The server's own words, made printable; they may be none.
    pub words: String,
}

/// The codes of version 3, and those of later versions that servers are seen to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusKind {
    /// It is done.
    Done,
    /// There is no more to be read.
    End,
    /// There is no such file; OpenSSH also says so of a path through something that is no directory.
    NotFound,
    /// It is not allowed.
    Denied,
    /// It failed, for a reason that has no code of its own.
    Failed,
    /// The server cannot do such a thing.
    Unsupported,
    /// There is something of that name already.
    Exists,
    /// The disk is full, or the user's share of it.
    NoSpace,
    /// A directory is not empty.
    NotEmpty,
    /// It is not a directory.
    NotADirectory,
    /// It is a directory.
    IsADirectory,
}

impl Status {
    /// Reads the rest of a status. Old servers leave the words out.
    pub(crate) fn read(input: &mut Reader<'_>) -> Option<Self> {
        let kind = StatusKind::of(input.u32_be()?);
        let words = string(input).map(text).unwrap_or_default();
        Some(Self { kind, words })
    }
}

impl StatusKind {
    const fn of(code: u32) -> Self {
        match code {
            0 => Self::Done,
            1 => Self::End,
            2 | 10 => Self::NotFound,
            3 | 12 => Self::Denied,
            8 => Self::Unsupported,
            11 => Self::Exists,
            14 | 15 => Self::NoSpace,
            18 => Self::NotEmpty,
            19 => Self::NotADirectory,
            24 => Self::IsADirectory,
            _ => Self::Failed,
        }
    }
}
