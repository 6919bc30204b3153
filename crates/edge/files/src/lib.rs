//! Places where a session's files are, and what may be done there.
//!
//! In: validated paths ([`StorePath`]) and bytes. Out: bytes, listings and typed errors. A
//! [`Store`] is one such place; [`SandboxedDir`] is a directory of this machine that nothing
//! leaves. An [`Upload`] puts a file into any store in such a way that it can be broken off and
//! gone on with, and is never seen half. This crate knows nothing of sessions, viewers or
//! permissions: who may do what is decided before it is asked.

mod error;
mod path;
mod sandbox;
mod store;
mod upload;

pub use error::FilesError;
pub use path::{NAME_MAX_BYTES, PATH_MAX_BYTES, PATH_MAX_DEPTH, StorePath};
pub use sandbox::{Limits, SandboxedDir};
pub use store::{
    CHUNK_MAX_BYTES, Entry, EntryKind, File, PAGE_MAX_ENTRIES, Page, Reply, Store, WriteMode,
};
pub use upload::{Source, Upload};
