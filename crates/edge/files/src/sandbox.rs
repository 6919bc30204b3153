//! A directory of this machine that nothing leaves.
//!
//! Everything is looked up from an open directory by cap-std, which has the kernel refuse what
//! leads out of it (`openat2` with `RESOLVE_BENEATH`; where that is missing, name by name), so
//! that no link and no race of renames gets a viewer anywhere else. Links that stay inside work.

mod inside;
mod usage;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use self::inside::{Inside, OpenFile};
use crate::{CHUNK_MAX_BYTES, Entry, File, FilesError, Page, Reply, Store, StorePath, WriteMode};

/// What a directory may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bytes in all its files.
    pub bytes: u64,
    /// Files and directories.
    pub entries: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
}

/// A [`Store`] that is a directory of this machine.
///
/// What others do there counts too: it is counted anew every few seconds while it is written to.
/// All work is done on Tokio's blocking threads, so this needs its runtime.
#[derive(Debug, Clone)]
pub struct SandboxedDir {
    inside: Arc<Inside>,
}

impl SandboxedDir {
    /// Opens the directory `path` below `root`; both must be there, unless `make` says to make
    /// `path`. It blocks.
    ///
    /// # Errors
    ///
    /// [`FilesError`], also when `path` leads out of `root` through a link.
    pub fn open(
        root: &Path,
        path: &StorePath,
        make: bool,
        limits: Limits,
    ) -> Result<Self, FilesError> {
        Ok(Self { inside: Arc::new(Inside::open(root, path, make, limits)?) })
    }

    /// Makes the directory `name` in `root`, for nobody else to read, and removes it with all
    /// that is in it when the last that uses it is dropped. It blocks.
    ///
    /// # Errors
    ///
    /// [`FilesError::Exists`] if there is one of that name; what else the system says.
    pub fn make_own(root: &Path, name: &str, limits: Limits) -> Result<Self, FilesError> {
        Ok(Self { inside: Arc::new(Inside::make_own(root, name, limits)?) })
    }

    /// Runs `act` where it may block.
    fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Arc<Inside>) -> Result<T, FilesError> + Send + 'static,
    ) -> Reply<'_, T> {
        let inside = Arc::clone(&self.inside);
        Box::pin(async move { joined(spawn_blocking(move || act(&inside)).await) })
    }
}

impl Store for SandboxedDir {
    fn list(&self, path: &StorePath, after: Option<&str>) -> Reply<'_, Page> {
        let (path, after) = (path.clone(), after.map(str::to_owned));
        self.run(move |inside| inside.list(&path, after.as_deref()))
    }

    fn stat(&self, path: &StorePath) -> Reply<'_, Entry> {
        let path = path.clone();
        self.run(move |inside| inside.stat(&path))
    }

    fn open_read(&self, path: &StorePath) -> Reply<'_, Box<dyn File>> {
        let path = path.clone();
        self.run(move |inside| Ok(boxed(inside.open_read(&path)?)))
    }

    fn open_write(&self, path: &StorePath, mode: WriteMode) -> Reply<'_, Box<dyn File>> {
        let path = path.clone();
        self.run(move |inside| Ok(boxed(inside.open_write(&path, mode)?)))
    }

    fn rename(&self, from: &StorePath, to: &StorePath, replace: bool) -> Reply<'_, ()> {
        let (from, to) = (from.clone(), to.clone());
        self.run(move |inside| inside.rename(&from, &to, replace))
    }

    fn remove(&self, path: &StorePath) -> Reply<'_, ()> {
        let path = path.clone();
        self.run(move |inside| inside.remove(&path))
    }

    fn make_directory(&self, path: &StorePath) -> Reply<'_, ()> {
        let path = path.clone();
        self.run(move |inside| inside.make_directory(&path))
    }

    fn set_modified(&self, path: &StorePath, modified_ms: u64) -> Reply<'_, ()> {
        let path = path.clone();
        self.run(move |inside| inside.set_modified(&path, modified_ms))
    }

    fn free_bytes(&self) -> Reply<'_, u64> {
        self.run(|inside| inside.free_bytes())
    }

    fn max_bytes(&self) -> u64 {
        self.inside.limits().bytes
    }

    fn file_max_bytes(&self) -> u64 {
        self.inside.limits().file_bytes
    }
}

/// A file in a sandboxed directory.
#[derive(Debug)]
struct SandboxedFile(Arc<OpenFile>);

impl File for SandboxedFile {
    fn entry(&self) -> &Entry {
        self.0.entry()
    }

    fn read_at(&self, offset: u64, len: usize) -> Reply<'_, Bytes> {
        let file = Arc::clone(&self.0);
        Box::pin(async move {
            check_chunk(len)?;
            joined(spawn_blocking(move || file.read_at(offset, len)).await)
        })
    }

    fn write_at(&self, offset: u64, data: Bytes) -> Reply<'_, ()> {
        let file = Arc::clone(&self.0);
        Box::pin(async move {
            check_chunk(data.len())?;
            joined(spawn_blocking(move || file.write_at(offset, &data)).await)
        })
    }

    fn set_len(&self, len: u64) -> Reply<'_, ()> {
        let file = Arc::clone(&self.0);
        Box::pin(async move { joined(spawn_blocking(move || file.set_len(len)).await) })
    }
}

fn boxed(file: OpenFile) -> Box<dyn File> {
    Box::new(SandboxedFile(Arc::new(file)))
}

fn check_chunk(len: usize) -> Result<(), FilesError> {
    if len <= CHUNK_MAX_BYTES {
        return Ok(());
    }
    let (value, limit) = (len as u64, CHUNK_MAX_BYTES as u64);
    Err(FilesError::OverLimit { field: "chunk", value, limit })
}

/// What a blocking thread came to. One that panicked is a fault of its own.
fn joined<T>(
    result: Result<Result<T, FilesError>, tokio::task::JoinError>,
) -> Result<T, FilesError> {
    result.unwrap_or_else(|fault| Err(FilesError::Io(std::io::Error::other(fault))))
}

#[cfg(test)]
#[path = "sandbox/escape_tests.rs"]
mod escape_tests;
#[cfg(test)]
#[path = "sandbox/sandbox_tests.rs"]
mod tests;
