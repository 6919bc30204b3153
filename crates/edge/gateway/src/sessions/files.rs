//! What a session has done with its files: the store's side of [`porthole_session::FileOrder`].
//!
//! Every order runs as a task of its own, so that no disk keeps the session waiting; a transfer
//! has one at a time. Its open file travels with the order and comes back with the result.

use std::{collections::HashMap, sync::Arc};

use porthole_files::{
    Entry, EntryKind, File, FilesError, PAGE_MAX_ENTRIES, Source, StorePath, Upload,
};
use porthole_link::{FileEntry, FilePage};
use porthole_session::{FileKey, FileOrder, FileResult};
use tokio::task::JoinSet;

use super::place::Place;

/// A transfer's open file.
#[derive(Debug)]
enum Open {
    Read(Box<dyn File>),
    Write(Box<Upload>),
}

/// Where a transfer stands.
#[derive(Debug)]
enum Slot {
    /// An order is under way and has the file.
    Busy,
    /// The same, and then it is over.
    Closing { discard: bool },
    /// Waiting for its next order.
    Idle(Open),
}

/// Where an upload goes, and its length in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) path: String,
    pub(super) size: u64,
}

/// What an order came to. Without an open file, the transfer is over.
type Outcome = (FileKey, Option<Open>, FileResult);

/// The files of one session.
#[derive(Debug)]
pub(super) struct FileDesk {
    place: Option<Arc<Place>>,
    slots: HashMap<FileKey, Slot>,
    /// Where the uploads go that are under way: each place is for one at a time.
    places: HashMap<FileKey, Written>,
    running: JoinSet<Outcome>,
}

impl FileDesk {
    pub(super) fn new(place: Option<Arc<Place>>) -> Self {
        Self { place, slots: HashMap::new(), places: HashMap::new(), running: JoinSet::new() }
    }

    /// Starts to carry out an order.
    pub(super) fn start(&mut self, key: FileKey, order: FileOrder) {
        // A session without a drive gives no orders.
        let Some(place) = self.place.clone() else { return };
        match order {
            FileOrder::Close { discard } => self.close(key, discard),
            FileOrder::Read { .. } | FileOrder::Write { .. } => {
                if let Some(slot @ Slot::Idle(_)) = self.slots.get_mut(&key)
                    && let Slot::Idle(open) = std::mem::replace(slot, Slot::Busy)
                {
                    self.running.spawn(go_on(place, key, open, order));
                }
            }
            FileOrder::OpenRead(path) => {
                if self.claim(key, None) {
                    self.running.spawn(begin(key, open_read(place, path)));
                }
            }
            FileOrder::OpenWrite { path, size, modified_ms, replace } => {
                if self.claim(key, Some(Written { path: path.clone(), size })) {
                    let source = Source { size, modified_ms };
                    self.running.spawn(begin(key, open_write(place, path, source, replace)));
                }
            }
            other => {
                self.running.spawn(async move { (key, None, answer(plain(&place, other).await)) });
            }
        }
    }

    /// The next order to be done, what came of it, and the upload that is whole with it. Never ready
    /// while none is under way. Cancel-safe.
    pub(super) async fn next(&mut self) -> (FileKey, FileResult, Option<Written>) {
        loop {
            let (key, open, result) = match self.running.join_next().await {
                Some(Ok(outcome)) => outcome,
                Some(Err(fault)) => {
                    tracing::error!(%fault, "an order about files was not carried out");
                    continue;
                }
                None => std::future::pending().await,
            };
            let is_whole = open.is_none() && result == FileResult::Done;
            let written = self.places.get(&key).filter(|_| is_whole).cloned();
            match (self.slots.get(&key), open) {
                (Some(Slot::Closing { discard }), open) => {
                    let discard = *discard;
                    self.dispose(key, open, discard);
                    continue;
                }
                (Some(_), Some(open)) => drop(self.slots.insert(key, Slot::Idle(open))),
                (Some(_), None) => self.dispose(key, None, false),
                (None, _) => {}
            }
            return (key, result, written);
        }
    }

    /// Makes a slot, and says to the session if that cannot be.
    fn claim(&mut self, key: FileKey, place: Option<Written>) -> bool {
        let is_taken = self.slots.contains_key(&key)
            || place
                .as_ref()
                .is_some_and(|place| self.places.values().any(|held| held.path == place.path));
        if is_taken {
            let message = "this file is being written already".into();
            self.running
                .spawn(async move { (key, None, FileResult::Failed { cause: "busy", message }) });
            return false;
        }
        self.slots.insert(key, Slot::Busy);
        self.places.extend(place.map(|place| (key, place)));
        true
    }

    fn close(&mut self, key: FileKey, discard: bool) {
        match self.slots.remove(&key) {
            Some(Slot::Idle(open)) => self.dispose(key, Some(open), discard),
            Some(_busy) => drop(self.slots.insert(key, Slot::Closing { discard })),
            None => {}
        }
    }

    /// A transfer is over. Its place is free again once what was written is gone, if it is to go.
    fn dispose(&mut self, key: FileKey, open: Option<Open>, discard: bool) {
        match (open, &self.place) {
            (Some(Open::Write(upload)), Some(place)) if discard => {
                let place = Arc::clone(place);
                self.slots.insert(key, Slot::Closing { discard: false });
                self.running.spawn(async move {
                    let removed = async { upload.discard(&*place.store().await?).await };
                    (key, None, answer(removed.await.map(|()| FileResult::Done)))
                });
            }
            _ => {
                self.slots.remove(&key);
                self.places.remove(&key);
            }
        }
    }
}

/// An order that needs no open file.
async fn plain(place: &Arc<Place>, order: FileOrder) -> Result<FileResult, FilesError> {
    if let FileOrder::List { path, after } = order {
        let (store, path) = place.shown(&path, false).await?;
        let after = Some(after.as_str()).filter(|after| !after.is_empty());
        let page = store.list(&path, after).await?;
        let free = store.free_bytes().await?;
        let entries = page.entries.into_iter().take(PAGE_MAX_ENTRIES).map(listed).collect();
        return Ok(FileResult::Page(FilePage { free, more: page.more, entries }));
    }
    let store = place.store().await?;
    match order {
        FileOrder::Rename { from, to, replace } => {
            store.rename(&StorePath::new(&from)?, &StorePath::new(&to)?, replace).await?;
        }
        FileOrder::Remove(path) => store.remove(&StorePath::new(&path)?).await?,
        FileOrder::MakeDirectory(path) => store.make_directory(&StorePath::new(&path)?).await?,
        // These were dealt with, here and in `FileDesk::start`.
        FileOrder::List { .. }
        | FileOrder::OpenRead(_)
        | FileOrder::OpenWrite { .. }
        | FileOrder::Read { .. }
        | FileOrder::Write { .. }
        | FileOrder::Close { .. } => {}
    }
    Ok(FileResult::Done)
}

async fn open_read(
    place: Arc<Place>,
    path: String,
) -> Result<(Option<Open>, FileResult), FilesError> {
    let (store, at) = place.shown(&path, true).await?;
    let file = store.open_read(&at).await?;
    let Entry { size, modified_ms, .. } = *file.entry();
    tracing::info!(session = place.session(), path, size, "file is read");
    Ok((Some(Open::Read(file)), FileResult::Opened { offset: 0, size, modified_ms }))
}

async fn open_write(
    place: Arc<Place>,
    path: String,
    source: Source,
    replace: bool,
) -> Result<(Option<Open>, FileResult), FilesError> {
    let store = place.store().await?;
    let upload = Upload::begin(&*store, StorePath::new(&path)?, source, replace).await?;
    let Source { size, modified_ms } = source;
    tracing::info!(
        session = place.session(),
        path,
        size,
        from = upload.written(),
        "file is written"
    );
    if upload.is_whole() {
        upload.finish(&*store).await?;
        return Ok((None, FileResult::Done));
    }
    let opened = FileResult::Opened { offset: upload.written(), size, modified_ms };
    Ok((Some(Open::Write(Box::new(upload))), opened))
}

async fn begin(
    key: FileKey,
    opening: impl Future<Output = Result<(Option<Open>, FileResult), FilesError>>,
) -> Outcome {
    match opening.await {
        Ok((open, result)) => (key, open, result),
        Err(error) => (key, None, answer(Err(error))),
    }
}

/// The next piece of a transfer.
async fn go_on(place: Arc<Place>, key: FileKey, open: Open, order: FileOrder) -> Outcome {
    match (open, order) {
        (Open::Read(file), FileOrder::Read { offset, len }) => {
            match file.read_at(offset, len).await {
                Ok(data) => (key, Some(Open::Read(file)), FileResult::Read(data)),
                Err(error) => (key, None, answer(Err(error))),
            }
        }
        (Open::Write(mut upload), FileOrder::Write { offset, data }) => {
            let bytes = data.len();
            if let Err(error) = upload.write(offset, data).await {
                return (key, None, answer(Err(error)));
            }
            if !upload.is_whole() {
                return (key, Some(Open::Write(upload)), FileResult::Written(bytes));
            }
            let finished = async { upload.finish(&*place.store().await?).await };
            (key, None, answer(finished.await.map(|()| FileResult::Done)))
        }
        // The session reads downloads and writes uploads.
        (open, _) => (key, Some(open), FileResult::Written(0)),
    }
}

fn answer(result: Result<FileResult, FilesError>) -> FileResult {
    result.unwrap_or_else(|error| {
        if let FilesError::Io(fault) = &error {
            tracing::warn!(%fault, "a file could not be used");
        }
        FileResult::Failed { cause: error.cause(), message: error.public_message() }
    })
}

fn listed(entry: Entry) -> FileEntry {
    let Entry { name, kind, size, modified_ms } = entry;
    FileEntry { directory: kind == EntryKind::Directory, size, modified_ms, name }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
