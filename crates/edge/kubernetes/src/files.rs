//! The files of a container, by way of its own shell and tar.
//!
//! Kubernetes has no call for files. So each answer here is a small script that runs in the container;
//! it takes a shell there, and the programs that the script names. What a container says of its files
//! is not trusted: names are checked, lengths bounded, archives read as if an enemy had written them.

mod open;
mod script;
mod scripts;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use porthole_containers::{Listed, ListedKind, Outcome, listed};
use porthole_dial::DialError;
use porthole_files::{
    Entry, EntryKind, File, FilesError, PAGE_MAX_ENTRIES, Page, Reply, Store, StorePath, WriteMode,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::script::run_script;
use self::{
    open::{ReadFile, WriteFile},
    scripts::Script,
};
use crate::{config::ContainerFiles, server::Server, socket::Place};

/// Most scripts that run at a time for one session, open files included.
const SCRIPTS_MAX: usize = 16;

/// Most entries of a directory that are looked at to list it.
const LISTED_MAX_ENTRIES: u64 = 200_000;

/// How long what is free is taken for known.
const FREE_AGE_MAX: Duration = Duration::from_secs(10);

/// A [`Store`] that is a directory in a container.
#[derive(Debug, Clone)]
pub(crate) struct ContainerStore {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    server: Server,
    place: Place,
    root: String,
    file_max_bytes: u64,
    running: Arc<Semaphore>,
    free_bytes: AtomicU64,
    free_since: Mutex<Option<Instant>>,
}

impl ContainerStore {
    pub(crate) fn new(server: Server, place: Place, files: &ContainerFiles) -> Self {
        Self {
            inside: Arc::new(Inside {
                server,
                place,
                root: files.root.clone(),
                file_max_bytes: files.file_max_bytes,
                running: Arc::new(Semaphore::new(SCRIPTS_MAX)),
                free_bytes: AtomicU64::new(0),
                free_since: Mutex::new(None),
            }),
        }
    }
}

impl Inside {
    async fn permit(&self) -> Result<OwnedSemaphorePermit, FilesError> {
        let permit = Arc::clone(&self.running).acquire_owned().await;
        permit.map_err(|closed| FilesError::Io(std::io::Error::other(closed)))
    }

    /// Runs a script to its end, with the root before its arguments.
    async fn run(&self, script: Script, arguments: &[&str]) -> Result<String, FilesError> {
        let _permit = self.permit().await?;
        let words: Vec<&str> = [self.root.as_str()].iter().chain(arguments).copied().collect();
        let ran = run_script(&self.server, &self.place, &script.text(), &words).await;
        let ran = ran.map_err(|error| lost(script, error))?;
        match ended(&ran.outcome, &ran.errors) {
            // Names that are no UTF-8 are none that a path can say.
            Ok(()) => Ok(String::from_utf8_lossy(&ran.output).into_owned()),
            Err(error) => {
                tracing::debug!(script = script.name, %error, "a script in a container failed");
                Err(error)
            }
        }
    }

    fn note_free(&self, line: &str) -> Option<u64> {
        let blocks: u64 = line.strip_prefix("free ")?.trim().parse().ok()?;
        let bytes = blocks.saturating_mul(1024);
        self.free_bytes.store(bytes, Ordering::Relaxed);
        *self.free_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Some(bytes)
    }

    fn known_free(&self) -> Option<u64> {
        let since = *self.free_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.filter(|since| since.elapsed() < FREE_AGE_MAX)?;
        Some(self.free_bytes.load(Ordering::Relaxed))
    }

    async fn list(&self, path: &StorePath, after: Option<&str>) -> Result<Page, FilesError> {
        let output = self.run(scripts::LIST, &[path.as_str()]).await?;
        let mut first = BTreeMap::new();
        let mut lines = output.lines();
        self.note_free(lines.next().unwrap_or_default());
        for (seen, line) in (0_u64..).zip(lines) {
            if seen >= LISTED_MAX_ENTRIES {
                return Err(FilesError::TooManyEntries { limit: LISTED_MAX_ENTRIES });
            }
            let Some(entry) = listed(line).and_then(|listed| entry(&listed)) else { continue };
            if after.is_none_or(|after| entry.name.as_str() > after) {
                first.insert(entry.name.clone(), entry);
            }
            if first.len() > PAGE_MAX_ENTRIES + 1 {
                first.pop_last();
            }
        }
        let more = first.len() > PAGE_MAX_ENTRIES;
        Ok(Page { entries: first.into_values().take(PAGE_MAX_ENTRIES).collect(), more })
    }

    async fn stat(&self, path: &StorePath) -> Result<Entry, FilesError> {
        let (folder, name) = halves(path);
        let output = self.run(scripts::STAT, &[&folder, name]).await?;
        let line = output.lines().next().unwrap_or_default();
        named(line, name).ok_or(FilesError::Special)
    }

    async fn rename(
        &self,
        from: &StorePath,
        to: &StorePath,
        replace: bool,
    ) -> Result<(), FilesError> {
        from.check_move(to)?;
        let (from_folder, from_name) = from.split()?;
        let (to_folder, to_name) = to.split()?;
        let how = if replace { "replace" } else { "keep" };
        let words = [from_folder.as_str(), from_name, to_folder.as_str(), to_name, how];
        self.run(scripts::RENAME, &words).await.map(drop)
    }

    async fn set_modified(&self, path: &StorePath, modified_ms: u64) -> Result<(), FilesError> {
        let limit = TIME_MAX_MS;
        if modified_ms > limit {
            let field = "time of change";
            return Err(FilesError::OverLimit { field, value: modified_ms, limit });
        }
        let (folder, name) = halves(path);
        let seconds = (modified_ms / 1000).to_string();
        self.run(scripts::SET_MODIFIED, &[&folder, name, &seconds]).await.map(drop)
    }

    async fn free(&self) -> Result<u64, FilesError> {
        if let Some(known) = self.known_free() {
            return Ok(known);
        }
        let output = self.run(scripts::FREE, &[]).await?;
        Ok(output.lines().find_map(|line| self.note_free(line)).unwrap_or(0))
    }
}

/// The end of the year 9999, in milliseconds since 1970. What lies beyond is a slip.
const TIME_MAX_MS: u64 = 253_402_300_799_000;

impl Store for ContainerStore {
    fn list(&self, path: &StorePath, after: Option<&str>) -> Reply<'_, Page> {
        let (path, after) = (path.clone(), after.map(str::to_owned));
        Box::pin(async move { self.inside.list(&path, after.as_deref()).await })
    }

    fn stat(&self, path: &StorePath) -> Reply<'_, Entry> {
        let path = path.clone();
        Box::pin(async move { self.inside.stat(&path).await })
    }

    fn open_read(&self, path: &StorePath) -> Reply<'_, Box<dyn File>> {
        let path = path.clone();
        Box::pin(async move {
            let file = ReadFile::open(&self.inside, &path).await?;
            Ok(Box::new(file) as Box<dyn File>)
        })
    }

    fn open_write(&self, path: &StorePath, mode: WriteMode) -> Reply<'_, Box<dyn File>> {
        let path = path.clone();
        Box::pin(async move {
            let file = WriteFile::open(&self.inside, &path, mode).await?;
            Ok(Box::new(file) as Box<dyn File>)
        })
    }

    fn rename(&self, from: &StorePath, to: &StorePath, replace: bool) -> Reply<'_, ()> {
        let (from, to) = (from.clone(), to.clone());
        Box::pin(async move { self.inside.rename(&from, &to, replace).await })
    }

    fn remove(&self, path: &StorePath) -> Reply<'_, ()> {
        let path = path.clone();
        Box::pin(async move {
            let (folder, name) = path.split()?;
            self.inside.run(scripts::REMOVE, &[folder.as_str(), name]).await.map(drop)
        })
    }

    fn make_directory(&self, path: &StorePath) -> Reply<'_, ()> {
        let path = path.clone();
        Box::pin(async move {
            let (folder, name) = path.split()?;
            self.inside.run(scripts::MAKE_DIRECTORY, &[folder.as_str(), name]).await.map(drop)
        })
    }

    fn set_modified(&self, path: &StorePath, modified_ms: u64) -> Reply<'_, ()> {
        let path = path.clone();
        Box::pin(async move { self.inside.set_modified(&path, modified_ms).await })
    }

    fn free_bytes(&self) -> Reply<'_, u64> {
        Box::pin(async move { self.inside.free().await })
    }

    fn max_bytes(&self) -> u64 {
        // What the container's disk has.
        u64::MAX
    }

    fn file_max_bytes(&self) -> u64 {
        self.inside.file_max_bytes
    }
}

/// The directory that a path lies in, and its name there; both empty for the root.
fn halves(path: &StorePath) -> (String, &str) {
    path.split()
        .map_or_else(|_root| (String::new(), ""), |(folder, name)| (folder.to_string(), name))
}

/// A line of a listing, as far as it is an entry.
fn entry(listed: &Listed<'_>) -> Option<Entry> {
    StorePath::ROOT.join(listed.name).ok()?;
    named_entry(listed, listed.name)
}

/// A line about something whose name is known.
fn named(line: &str, name: &str) -> Option<Entry> {
    named_entry(&listed(line)?, name)
}

fn named_entry(listed: &Listed<'_>, name: &str) -> Option<Entry> {
    let kind = match listed.kind {
        ListedKind::File => EntryKind::File,
        ListedKind::Directory => EntryKind::Directory,
        ListedKind::Other => return None,
    };
    let modified_ms = listed.modified_s.saturating_mul(1000).min(TIME_MAX_MS);
    Some(Entry { name: name.to_owned(), kind, size: listed.size, modified_ms })
}

/// What a script's ending means.
fn ended(outcome: &Outcome, errors: &str) -> Result<(), FilesError> {
    match outcome {
        Outcome::Success => Ok(()),
        Outcome::Exited(code) => Err(scripts::fault(*code, errors)),
        Outcome::NoProgram => Err(FilesError::Lacking { program: scripts::lacking("sh") }),
        Outcome::Failed(words) => Err(FilesError::Io(std::io::Error::other(words.clone()))),
    }
}

/// The way to the container broke.
fn lost(script: Script, error: DialError) -> FilesError {
    tracing::warn!(script = script.name, %error, "a container's files cannot be reached");
    match error.cause() {
        "kubernetes_forbidden" => FilesError::Denied,
        _ => FilesError::Io(std::io::Error::other(error)),
    }
}
