//! What a sandboxed directory does, on a thread that may block.

use std::{
    collections::BTreeSet,
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use cap_std::{
    ambient_authority,
    fs::{Dir, DirBuilder, DirBuilderExt as _, Metadata, OpenOptions, OpenOptionsExt as _},
};
use rustix::{
    fs::{OFlags, RenameFlags},
    io::Errno,
};

use super::{Limits, usage::Usage};
use crate::{
    Entry, EntryKind, FilesError, PAGE_MAX_ENTRIES, Page, StorePath, WriteMode, path::check_name,
};

/// Most entries of a directory that are looked at to list it.
const LISTED_MAX_ENTRIES: u64 = 200_000;

/// The end of the year 9999, in milliseconds since 1970. What lies beyond is a slip.
const TIME_MAX_MS: u64 = 253_402_300_799_000;

/// A directory, held open.
#[derive(Debug)]
pub(super) struct Inside {
    dir: Dir,
    usage: Usage,
    /// Where it was made, and under which name, when it goes with its last user.
    own: Option<(Dir, String)>,
}

impl Inside {
    pub(super) fn open(
        root: &Path,
        path: &StorePath,
        make: bool,
        limits: Limits,
    ) -> Result<Self, FilesError> {
        let root = Dir::open_ambient_dir(root, ambient_authority())?;
        if make {
            root.create_dir_all(at(path))?;
        }
        let dir = root.open_dir(at(path))?;
        Ok(Self { dir, usage: Usage::new(limits), own: None })
    }

    pub(super) fn make_own(root: &Path, name: &str, limits: Limits) -> Result<Self, FilesError> {
        check_name(name)?;
        let root = Dir::open_ambient_dir(root, ambient_authority())?;
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        root.create_dir_with(name, &builder)?;
        let dir = root.open_dir(name)?;
        Ok(Self { dir, usage: Usage::new(limits), own: Some((root, name.to_owned())) })
    }

    pub(super) const fn limits(&self) -> Limits {
        self.usage.limits()
    }

    pub(super) fn list(&self, path: &StorePath, after: Option<&str>) -> Result<Page, FilesError> {
        let dir = self.dir.open_dir(at(path))?;
        // The first names after `after`; one more than a page tells whether there are more.
        let mut first = BTreeSet::new();
        let mut seen = 0;
        for found in dir.entries()? {
            seen += 1;
            if seen > LISTED_MAX_ENTRIES {
                return Err(FilesError::TooManyEntries { limit: LISTED_MAX_ENTRIES });
            }
            // Names that no path can say are not listed.
            let Ok(name) = found?.file_name().into_string() else { continue };
            let is_after = after.is_none_or(|after| name.as_str() > after);
            let is_early =
                first.len() <= PAGE_MAX_ENTRIES || first.last().is_some_and(|last| name < *last);
            if is_after && is_early && check_name(&name).is_ok() {
                // A link counts as what it leads to, and as nothing if that is not in here.
                if dir.metadata(&name).is_ok_and(|metadata| kind(&metadata).is_some()) {
                    first.insert(name);
                }
                if first.len() > PAGE_MAX_ENTRIES + 1 {
                    first.pop_last();
                }
            }
        }
        let more = first.len() > PAGE_MAX_ENTRIES;
        let entries = first
            .into_iter()
            .take(PAGE_MAX_ENTRIES)
            .filter_map(|name| {
                // What has vanished meanwhile is no entry.
                let metadata = dir.metadata(&name).ok()?;
                entry(name, &metadata)
            })
            .collect();
        Ok(Page { entries, more })
    }

    pub(super) fn stat(&self, path: &StorePath) -> Result<Entry, FilesError> {
        let name = path.split().map_or("", |(_, name)| name).to_owned();
        entry(name, &self.dir.metadata(at(path))?).ok_or(FilesError::Special)
    }

    pub(super) fn open_read(self: &Arc<Self>, path: &StorePath) -> Result<OpenFile, FilesError> {
        let mut options = plain();
        options.read(true);
        self.open_file(path, &options)
    }

    pub(super) fn open_write(
        self: &Arc<Self>,
        path: &StorePath,
        mode: WriteMode,
    ) -> Result<OpenFile, FilesError> {
        let mut options = plain();
        options.read(true).write(true);
        let is_there = match self.stat(path) {
            Ok(_) => true,
            Err(FilesError::NotFound) => false,
            Err(error) => return Err(error),
        };
        match mode {
            WriteMode::Existing if !is_there => return Err(FilesError::NotFound),
            WriteMode::Existing => &mut options,
            WriteMode::New => options.create_new(true),
            WriteMode::Keep | WriteMode::Truncate => options.create(!is_there),
        };
        if !is_there {
            path.split()?;
            self.usage.add(&self.dir, 0, 1)?;
        }
        let file = self.open_file(path, &options).inspect_err(|_| {
            self.usage.take(0, u64::from(!is_there));
        })?;
        if mode == WriteMode::Truncate { file.truncate() } else { Ok(file) }
    }

    pub(super) fn rename(
        &self,
        from: &StorePath,
        to: &StorePath,
        replace: bool,
    ) -> Result<(), FilesError> {
        from.check_move(to)?;
        let (from_folder, from_name) = from.split()?;
        let (to_folder, to_name) = to.split()?;
        let (source, target) =
            (self.dir.open_dir(at(&from_folder))?, self.dir.open_dir(at(&to_folder))?);
        if replace {
            let replaced = target.symlink_metadata(to_name).ok();
            source.rename(from_name, &target, to_name).map_err(moved_into_itself)?;
            if let Some(replaced) = replaced.filter(|_| from != to) {
                self.usage.take(file_len(&replaced), 1);
            }
            return Ok(());
        }
        // Both are names without a slash in directories that were found inside.
        let flags = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(&source, from_name, &target, to_name, flags) {
            // Some file systems cannot; and so the kernel says of a directory into itself.
            Err(Errno::INVAL | Errno::NOSYS) => {
                if target.symlink_metadata(to_name).is_ok() {
                    return Err(FilesError::Exists);
                }
                source.rename(from_name, &target, to_name).map_err(moved_into_itself)
            }
            other => Ok(other.map_err(io::Error::from)?),
        }
    }

    pub(super) fn remove(&self, path: &StorePath) -> Result<(), FilesError> {
        path.split()?;
        let metadata = self.dir.symlink_metadata(at(path))?;
        if metadata.is_dir() {
            self.dir.remove_dir(at(path))?;
        } else {
            self.dir.remove_file(at(path))?;
        }
        self.usage.take(file_len(&metadata), 1);
        Ok(())
    }

    pub(super) fn make_directory(&self, path: &StorePath) -> Result<(), FilesError> {
        path.split()?;
        self.usage.add(&self.dir, 0, 1)?;
        Ok(self.dir.create_dir(at(path)).inspect_err(|_| self.usage.take(0, 1))?)
    }

    pub(super) fn set_modified(
        &self,
        path: &StorePath,
        modified_ms: u64,
    ) -> Result<(), FilesError> {
        if modified_ms > TIME_MAX_MS {
            return Err(FilesError::OverLimit {
                field: "time of change",
                value: modified_ms,
                limit: TIME_MAX_MS,
            });
        }
        let time = UNIX_EPOCH + Duration::from_millis(modified_ms);
        let times = std::fs::FileTimes::new().set_modified(time);
        entry(String::new(), &self.dir.metadata(at(path))?).ok_or(FilesError::Special)?;
        // What is open cannot be swapped for a link meanwhile.
        let mut options = plain();
        let open = self.dir.open_with(at(path), options.read(true))?.into_std();
        Ok(open.set_times(times)?)
    }

    pub(super) fn free_bytes(&self) -> Result<u64, FilesError> {
        let disk = rustix::fs::fstatvfs(&self.dir).map_err(io::Error::from)?;
        let disk_free = disk.f_bavail.saturating_mul(disk.f_frsize);
        Ok(self.usage.left(&self.dir)?.min(disk_free))
    }

    /// Opens a regular file and nothing else. What it is, is looked at before, because opening a
    /// device can do something already, and after, because it may have changed meanwhile.
    fn open_file(
        self: &Arc<Self>,
        path: &StorePath,
        options: &OpenOptions,
    ) -> Result<OpenFile, FilesError> {
        let (_, name) = path.split().map_err(|_root| FilesError::IsADirectory)?;
        match self.dir.metadata(at(path)) {
            Ok(metadata) => drop(file_entry(name, &metadata)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let file = self.dir.open_with(at(path), options)?;
        let entry = file_entry(name, &file.metadata()?)?;
        let len = Mutex::new(entry.size);
        Ok(OpenFile { inside: Arc::clone(self), file: file.into_std(), entry, len })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let Some((root, name)) = self.own.take() else { return };
        let remove = move || {
            // Nobody is left to be told. What stays is found by its name.
            let _ignored = root.remove_dir_all(name);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_no_runtime) => remove(),
        }
    }
}

/// An open regular file.
#[derive(Debug)]
pub(super) struct OpenFile {
    inside: Arc<Inside>,
    file: std::fs::File,
    entry: Entry,
    /// How long it is, as far as we know: growth is paid for before it is written.
    len: Mutex<u64>,
}

impl OpenFile {
    pub(super) const fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(super) fn read_at(&self, offset: u64, len: usize) -> Result<Bytes, FilesError> {
        let mut data = vec![0; len];
        let mut filled = 0;
        while let Some(rest) = data.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        data.truncate(filled);
        Ok(data.into())
    }

    pub(super) fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), FilesError> {
        let end = offset.saturating_add(data.len() as u64);
        let limit = self.inside.limits().file_bytes;
        if end > limit {
            return Err(FilesError::FileTooLarge { value: end, limit });
        }
        let mut len = self.len.lock().unwrap_or_else(PoisonError::into_inner);
        let growth = end.saturating_sub(*len);
        self.inside.usage.add(&self.inside.dir, growth, 0)?;
        *len = (*len).max(end);
        Ok(self.file.write_all_at(data, offset)?)
    }

    pub(super) fn set_len(&self, wanted: u64) -> Result<(), FilesError> {
        let limit = self.inside.limits().file_bytes;
        if wanted > limit {
            return Err(FilesError::FileTooLarge { value: wanted, limit });
        }
        let mut len = self.len.lock().unwrap_or_else(PoisonError::into_inner);
        self.inside.usage.add(&self.inside.dir, wanted.saturating_sub(*len), 0)?;
        self.file.set_len(wanted)?;
        self.inside.usage.take(len.saturating_sub(wanted), 0);
        *len = wanted;
        Ok(())
    }

    fn truncate(mut self) -> Result<Self, FilesError> {
        self.set_len(0)?;
        self.entry.size = 0;
        Ok(self)
    }
}

/// A path as the system takes it; the root is the directory itself.
fn at(path: &StorePath) -> &str {
    if path.is_root() { "." } else { path.as_str() }
}

/// Options that never wait for a pipe's other end and never take a terminal over.
fn plain() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

fn kind(metadata: &Metadata) -> Option<EntryKind> {
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Some(EntryKind::File),
        (_, true) => Some(EntryKind::Directory),
        _ => None,
    }
}

fn entry(name: String, metadata: &Metadata) -> Option<Entry> {
    let since_1970 = |at: cap_std::time::SystemTime| {
        at.into_std().duration_since(UNIX_EPOCH).ok().map(|age| age.as_millis())
    };
    let modified_ms = metadata.modified().ok().and_then(since_1970).unwrap_or_default();
    Some(Entry {
        name,
        kind: kind(metadata)?,
        size: file_len(metadata),
        modified_ms: u64::try_from(modified_ms).unwrap_or_default(),
    })
}

fn file_entry(name: &str, metadata: &Metadata) -> Result<Entry, FilesError> {
    match entry(name.to_owned(), metadata) {
        None => Err(FilesError::Special),
        Some(Entry { kind: EntryKind::Directory, .. }) => Err(FilesError::IsADirectory),
        Some(entry) => Ok(entry),
    }
}

fn file_len(metadata: &Metadata) -> u64 {
    if metadata.is_file() { metadata.len() } else { 0 }
}

fn moved_into_itself(error: io::Error) -> FilesError {
    match Errno::from_io_error(&error) {
        Some(Errno::INVAL) => FilesError::BadName { reason: "lies in the folder to be moved" },
        _ => error.into(),
    }
}
