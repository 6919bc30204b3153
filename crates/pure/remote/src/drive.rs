//! What a driver asks of the session's files: a drive that the remote has been given.
//!
//! A driver has no disk. It numbers what it wants ([`crate::Event::Drive`]), and the answer comes
//! back with the number ([`crate::Input::Drive`]), in any order. Paths are the store's: names joined
//! by `/`, none at either end, empty for the root; whoever carries requests out checks them, so a
//! driver may hand on what the remote spells. Parts of a driver that ask for themselves share the
//! numbers: [`DriveRequest::number`] says how.

use std::fmt;

use bytes::Bytes;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveRequest {
    /// Chosen by the driver, of none that is under way or has a file open. A driver with several
    /// parts gives each of them numbers of its own, as by the highest bits.
    pub number: u32,
    /// What is wanted.
    pub act: DriveAct,
}

impl DriveRequest {
    /// Most requests that may be under way; further ones are answered with
    /// [`DriveError::TooMany`].
    pub const UNDER_WAY_MAX: usize = 64;
    /// Most files that may be open; likewise.
    pub const OPEN_MAX: usize = 256;
    /// Most bytes that are read or written at a time.
    pub const DATA_MAX_BYTES: usize = 256 << 10;
    /// Longest path, in bytes.
    pub const PATH_MAX_BYTES: usize = 4096;
}

/// What a driver can have done.
#[derive(Clone, PartialEq, Eq)]
pub enum DriveAct {
    /// Opens a file or a directory: [`DriveDone::Opened`]. Until it is closed, the request's number
    /// is the `file` of the others. Failed, nothing is open.
    Open {
        /// Where it is.
        path: String,
        /// What may be there.
        wanted: Wanted,
        /// What to do if something is there, and if nothing is.
        disposition: Disposition,
        /// Whether it will be written to; reading is always possible.
        write: bool,
    },
    /// Begins a print job, which is written from byte 0 on without gaps: [`DriveDone::Opened`]. Once
    /// it is closed it is made a document, and viewers are offered that.
    OpenJob {
        /// What the document is called, if that is known: any text.
        title: String,
    },
    /// [`DriveDone::Data`]: up to `len` bytes from `offset`, fewer only where the file ends.
    Read {
        /// An open file.
        file: u32,
        /// The first byte.
        offset: u64,
        /// At most [`DriveRequest::DATA_MAX_BYTES`].
        len: usize,
    },
    /// All of it, or an error: [`DriveDone::Done`].
    Write {
        /// An open file.
        file: u32,
        /// Where the first byte goes.
        offset: u64,
        /// At most [`DriveRequest::DATA_MAX_BYTES`].
        data: Bytes,
    },
    /// Cuts or lengthens a file, with zeros: [`DriveDone::Done`].
    SetLen {
        /// An open file.
        file: u32,
        /// How long it is then.
        len: u64,
    },
    /// The number is free again, whatever is answered: [`DriveDone::Done`].
    Close {
        /// An open file, directory or print job.
        file: u32,
        /// What is at this path is then removed; a print job is thrown away.
        remove: Option<String>,
    },
    /// The entries of a directory whose names come after `after` in the order of their bytes:
    /// [`DriveDone::Page`].
    List {
        /// The directory.
        path: String,
        /// A name, or `None` for the first ones.
        after: Option<String>,
    },
    /// What is at a place: [`DriveDone::Entry`].
    Stat(String),
    /// [`DriveDone::Done`].
    Rename {
        /// What is there.
        from: String,
        /// Where it goes.
        to: String,
        /// Whether a file that is there may be replaced.
        replace: bool,
    },
    /// A file or an empty directory goes: [`DriveDone::Done`].
    Remove(String),
    /// [`DriveDone::Done`], or [`DriveError::Exists`].
    MakeDirectory(String),
    /// [`DriveDone::Done`].
    SetModified {
        /// A file or directory.
        path: String,
        /// Milliseconds since 1970.
        modified_ms: u64,
    },
    /// How much room there is: [`DriveDone::Space`].
    Space,
    /// Viewers that may download are offered this file: [`DriveDone::Done`].
    Offer(String),
}

/// What an [`DriveAct::Open`] may find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Either; what is made is a file.
    Any,
    /// A file alone.
    File,
    /// A directory alone.
    Directory,
}

/// What [`DriveAct::Open`] does. A directory is never emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It must be there.
    Existing,
    /// It must not be there, and is made.
    New,
    /// It is made if it is not there.
    Either,
    /// It must be there, and is emptied.
    Emptied,
    /// It is made if it is not there, and emptied if it is.
    Fresh,
}

/// The answer to the request of the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveReply {
    /// [`DriveRequest::number`].
    pub number: u32,
    /// What came of it.
    pub result: Result<DriveDone, DriveError>,
}

/// What a request led to.
#[derive(Clone, PartialEq, Eq)]
pub enum DriveDone {
    /// It is done.
    Done,
    /// It is open, and this is what it was then. A print job has no name and no size.
    Opened(DriveEntry),
    /// Bytes of a file; none at its end.
    Data(Bytes),
    /// What is there.
    Entry(DriveEntry),
    /// A part of a directory.
    Page {
        /// At most 512, in the order of their names' bytes.
        entries: Vec<DriveEntry>,
        /// Whether more follow after the last of them.
        more: bool,
    },
    /// Room in the store.
    Space {
        /// Bytes that may yet be written.
        free_bytes: u64,
        /// Bytes that it may hold in all.
        total_bytes: u64,
    },
}

/// One thing in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriveEntry {
    /// Its name there: no slash, no control character, at most 255 bytes. Empty for the root.
    pub name: String,
    /// Whether it is a directory; else it is a file.
    pub is_directory: bool,
    /// Its length in bytes; 0 for a directory.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970; 0 when that is not known.
    pub modified_ms: u64,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError {
    /// No store takes the name.
    #[error("no file can have this name")]
    BadName,
    /// There is nothing of that name.
    #[error("there is no such file or folder")]
    NotFound,
    /// There is something of that name.
    #[error("there is a file or folder of that name already")]
    Exists,
    /// A file where a directory is wanted.
    #[error("it is not a folder")]
    NotADirectory,
    /// A directory where a file is wanted.
    #[error("it is a folder")]
    IsADirectory,
    /// A directory that is to be removed has something in it.
    #[error("the folder is not empty")]
    NotEmpty,
    /// It is not allowed.
    #[error("access is denied")]
    Denied,
    /// Nothing is open under that number.
    #[error("nothing is open under that number")]
    NotOpen,
    /// The store or the disk is full, or the file too long.
    #[error("there is no space left")]
    NoSpace,
    /// More requests or open files than there may be.
    #[error("there are too many requests or open files")]
    TooMany,
    /// What else can go wrong with a disk.
    #[error("the store could not do this")]
    Io,
}

impl fmt::Debug for DriveAct {
    /// Without what is written: files may be anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, wanted, disposition, write } => {
                write!(f, "Open({path:?}, {wanted:?}, {disposition:?}, write: {write})")
            }
            Self::OpenJob { title } => write!(f, "OpenJob({title:?})"),
            Self::Read { file, offset, len } => write!(f, "Read({file}, {len} from {offset})"),
            Self::Write { file, offset, data } => {
                write!(f, "Write({file}, {} from {offset})", data.len())
            }
            Self::SetLen { file, len } => write!(f, "SetLen({file}, {len})"),
            Self::Close { file, remove } => write!(f, "Close({file}, remove: {remove:?})"),
            Self::List { path, after } => write!(f, "List({path:?}, after: {after:?})"),
            Self::Stat(path) => write!(f, "Stat({path:?})"),
            Self::Rename { from, to, replace } => {
                write!(f, "Rename({from:?}, {to:?}, replace: {replace})")
            }
            Self::Remove(path) => write!(f, "Remove({path:?})"),
            Self::MakeDirectory(path) => write!(f, "MakeDirectory({path:?})"),
            Self::SetModified { path, modified_ms } => {
                write!(f, "SetModified({path:?}, {modified_ms})")
            }
            Self::Space => f.write_str("Space"),
            Self::Offer(path) => write!(f, "Offer({path:?})"),
        }
    }
}

impl fmt::Debug for DriveDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Opened(entry) => write!(f, "Opened({entry:?})"),
            Self::Data(data) => write!(f, "Data({} bytes)", data.len()),
            Self::Entry(entry) => write!(f, "Entry({entry:?})"),
            Self::Page { entries, more } => {
                write!(f, "Page({} entries, more: {more})", entries.len())
            }
            Self::Space { free_bytes, total_bytes } => {
                write!(f, "Space({free_bytes} of {total_bytes})")
            }
        }
    }
}
