//! The contract of a place where files are.

use std::{fmt::Debug, pin::Pin};

use bytes::Bytes;

use crate::{FilesError, StorePath};

/// Most bytes that are read or written at a time.
pub const CHUNK_MAX_BYTES: usize = 256 << 10;

/// Most entries of one [`Page`].
pub const PAGE_MAX_ENTRIES: usize = 512;

/// An answer that takes a while.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, FilesError>> + Send + 'a>>;

/// What an entry is. Devices, pipes, sockets and links that lead out are no entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// One thing in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name there; one that [`StorePath::join`] takes. Empty for the root.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its length in bytes; 0 for a directory.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970; 0 when that is not known.
    pub modified_ms: u64,
}

/// A part of a directory's listing, in the order of the names' bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// At most [`PAGE_MAX_ENTRIES`].
    pub entries: Vec<Entry>,
    /// Whether more follow after the last of them.
    pub more: bool,
}

/// How a file is opened for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// It must be there, and keeps what is in it.
    Existing,
    /// It must not be there yet.
    New,
    /// It is made if it is not there, and keeps what is in it.
    Keep,
    /// It is made if it is not there, and emptied if it is.
    Truncate,
}

/// A place where files are. Every answer is an error of its own kind, and nothing here blocks.
///
/// An answer that is dropped before it is ready may still be carried out.
pub trait Store: Debug + Send + Sync {
    /// The entries of a directory whose names come after `after`, or the first ones.
    ///
    /// # Errors
    ///
    /// [`FilesError`], here and below.
    fn list(&self, path: &StorePath, after: Option<&str>) -> Reply<'_, Page>;

    /// What is at a place.
    fn stat(&self, path: &StorePath) -> Reply<'_, Entry>;

    /// Opens a file for reading.
    fn open_read(&self, path: &StorePath) -> Reply<'_, Box<dyn File>>;

    /// Opens a file for writing and reading.
    fn open_write(&self, path: &StorePath, mode: WriteMode) -> Reply<'_, Box<dyn File>>;

    /// Gives a file or directory another place. Unless `replace`, nothing may be there.
    fn rename(&self, from: &StorePath, to: &StorePath, replace: bool) -> Reply<'_, ()>;

    /// Removes a file, or a directory with nothing in it.
    fn remove(&self, path: &StorePath) -> Reply<'_, ()>;

    /// Makes a directory.
    fn make_directory(&self, path: &StorePath) -> Reply<'_, ()>;

    /// Says when a file or directory was last changed, in milliseconds since 1970.
    fn set_modified(&self, path: &StorePath, modified_ms: u64) -> Reply<'_, ()>;

    /// How many more bytes the store takes, as far as that is known.
    fn free_bytes(&self) -> Reply<'_, u64>;

    /// The most bytes that all files may have.
    fn max_bytes(&self) -> u64;

    /// The most bytes that one file may have.
    fn file_max_bytes(&self) -> u64;
}

/// An open file. It is closed by dropping it.
pub trait File: Debug + Send + Sync {
    /// What it was when it was opened.
    fn entry(&self) -> &Entry;

    /// Up to `len` bytes from `offset`; fewer only where the file ends. `len` is at most
    /// [`CHUNK_MAX_BYTES`].
    ///
    /// # Errors
    ///
    /// [`FilesError`], here and below.
    fn read_at(&self, offset: u64, len: usize) -> Reply<'_, Bytes>;

    /// Writes all of `data`, at most [`CHUNK_MAX_BYTES`], at `offset`.
    fn write_at(&self, offset: u64, data: Bytes) -> Reply<'_, ()>;

    /// Cuts it, or lengthens it with zeros, which count as written.
    fn set_len(&self, len: u64) -> Reply<'_, ()>;

    /// Waits until everything that was written is with the store, which may take it later than
    /// [`Self::write_at`] is answered. An error there is told here, or by a later write.
    fn settle(&self) -> Reply<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// How much of what was in it when it was opened is surely what was once written there: where
    /// pieces are written several at a time, one that was broken off may have holes near its end.
    fn sure_bytes(&self) -> u64 {
        self.entry().size
    }
}
