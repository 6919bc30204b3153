//! Files over SFTP: a [`Store`] whose place is a directory of a server.
//!
//! Job: a store's requests become those of `porthole-sftp`, several at a time, over whatever stream
//! an [`SftpOpener`] opens. In: places, bytes. Out: entries, bytes, typed errors. A connection is
//! opened when the first request comes, and again by the next request after it was lost; what was
//! under way then has failed. How a server's paths are held below the root is in `session`.

mod answers;
mod connection;
mod listing;
mod openers;
mod session;
mod transfer;

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;
use porthole_dial::BoxStream;
use porthole_files::{
    Entry, EntryKind, File, FilesError, Page, Reply, Store, StorePath, WriteMode,
};
use porthole_sftp::{Attributes, Kind, OpenFlags, Request};
use tokio::sync::Mutex;

pub use self::openers::SftpServer;
use self::{
    answers::{attributes, done, entry, handle, remote},
    listing::{Listings, is_empty},
    session::{Session, UNKNOWN_BYTES},
    transfer::{FILE_MAX_BYTES, SftpFile},
};

/// Where streams come from that speak SFTP.
pub trait SftpOpener: Debug + Send + Sync {
    /// Opens one.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`], with a reason for people.
    fn open(&self) -> Reply<'_, BoxStream>;
}

/// A [`Store`] that is a directory of a server. It needs Tokio's runtime.
#[derive(Debug)]
pub struct SftpStore {
    opener: Box<dyn SftpOpener>,
    root: String,
    session: Mutex<Option<Arc<Session>>>,
    listings: Listings,
}

impl SftpStore {
    /// The files below `root` on the server that `opener` reaches. A root that is not absolute begins
    /// where the server does, which is the user's home. Nothing is opened yet.
    pub fn new(opener: Box<dyn SftpOpener>, root: impl Into<String>) -> Self {
        let root = root.into();
        Self { opener, root, session: Mutex::new(None), listings: Listings::default() }
    }

    /// The connection, which is opened if there is none.
    async fn session(&self) -> Result<Arc<Session>, FilesError> {
        let mut session = self.session.lock().await;
        if let Some(session) = session.as_ref().filter(|session| session.line.is_up()) {
            return Ok(Arc::clone(session));
        }
        *session = None;
        let stream = self.opener.open().await?;
        let opened = Arc::new(Session::open(stream, &self.root).await?);
        *session = Some(Arc::clone(&opened));
        Ok(opened)
    }

    async fn list_page(&self, place: &StorePath, after: Option<&str>) -> Result<Page, FilesError> {
        let session = self.session().await?;
        let found = session.find(place).await?;
        self.listings.page(&session, place, found, after).await
    }

    async fn open_file(&self, place: &StorePath) -> Result<Box<dyn File>, FilesError> {
        let session = self.session().await?;
        let (at, found) = session.find(place).await?;
        file_entry(place, &found)?;
        let file = opened(&session, place, &at, OpenFlags::Read).await?;
        Ok(Box::new(file))
    }

    async fn open_to_write(
        &self,
        place: &StorePath,
        mode: WriteMode,
    ) -> Result<Box<dyn File>, FilesError> {
        // The root is no file.
        place.split()?;
        let session = self.session().await?;
        let at = match session.find(place).await {
            Ok(_) if mode == WriteMode::New => return Err(FilesError::Exists),
            Ok((at, found)) => {
                file_entry(place, &found)?;
                at
            }
            Err(FilesError::NotFound) if mode != WriteMode::Existing => {
                return self.make_file(&session, place).await;
            }
            Err(error) => return Err(error),
        };
        let file = opened(&session, place, &at, OpenFlags::Write).await?;
        if mode != WriteMode::Truncate || file.entry().size == 0 {
            return Ok(Box::new(file));
        }
        file.set_len(0).await?;
        Ok(Box::new(file.emptied()))
    }

    /// Makes a file where there is none: a link that leads to one that is not there is not followed.
    async fn make_file(
        &self,
        session: &Arc<Session>,
        place: &StorePath,
    ) -> Result<Box<dyn File>, FilesError> {
        self.listings.forget().await;
        let at = session.name(place).await?;
        match opened(session, place, &at, OpenFlags::New).await {
            Ok(file) => Ok(Box::new(file)),
            Err(error @ FilesError::Remote { .. }) => match session.look(&at).await {
                Ok(found) if found.kind() == Some(Kind::Link) => Err(FilesError::Denied),
                Ok(_) => Err(FilesError::Exists),
                Err(_) => Err(session.why_not_written(error).await),
            },
            Err(error) => Err(error),
        }
    }

    async fn move_to(
        &self,
        from: &StorePath,
        to: &StorePath,
        replace: bool,
    ) -> Result<(), FilesError> {
        from.check_move(to)?;
        self.listings.forget().await;
        let session = self.session().await?;
        let (source, target) = (session.name(from).await?, session.name(to).await?);
        let moved = session.look(&source).await?;
        if source == target {
            return if replace { Ok(()) } else { Err(FilesError::Exists) };
        }
        let result = if replace && session.replaces {
            done(session.line.ask(&Request::Replace(&source, &target)).await?)
        } else {
            rename_plainly(&session, &source, &target, replace).await
        };
        // OpenSSH has no code for most of what can be wrong, or that of a file that is not there.
        let Err(error @ (FilesError::Remote { .. } | FilesError::NotFound)) = result else {
            return result;
        };
        let Ok(taken) = session.look(&target).await else { return Err(error) };
        if !replace {
            return Err(FilesError::Exists);
        }
        Err(why_not_replaced(&session, &moved, &taken, &target).await.unwrap_or(error))
    }

    async fn remove_at(&self, place: &StorePath) -> Result<(), FilesError> {
        self.listings.forget().await;
        let session = self.session().await?;
        let at = session.name(place).await?;
        if session.look(&at).await?.kind() != Some(Kind::Directory) {
            return done(session.line.ask(&Request::Remove(&at)).await?);
        }
        match done(session.line.ask(&Request::RemoveDirectory(&at)).await?) {
            Err(FilesError::Remote { .. }) if !is_empty(&session, &at).await? => {
                Err(FilesError::NotEmpty)
            }
            result => result,
        }
    }

    async fn make_directory_at(&self, place: &StorePath) -> Result<(), FilesError> {
        self.listings.forget().await;
        let session = self.session().await?;
        let at = session.name(place).await?;
        match done(session.line.ask(&Request::MakeDirectory(&at)).await?) {
            Err(error @ FilesError::Remote { .. }) => match session.look(&at).await {
                Ok(_) => Err(FilesError::Exists),
                Err(_) => Err(session.why_not_written(error).await),
            },
            result => result,
        }
    }

    async fn set_time(&self, place: &StorePath, modified_ms: u64) -> Result<(), FilesError> {
        let Ok(modified_s) = u32::try_from(modified_ms / 1000) else {
            let limit = u64::from(u32::MAX) * 1000 + 999;
            return Err(FilesError::OverLimit {
                field: "time of change",
                value: modified_ms,
                limit,
            });
        };
        let session = self.session().await?;
        let (at, found) = session.find(place).await?;
        entry("", &found).ok_or(FilesError::Special)?;
        let time = Attributes { modified_s: Some(modified_s), ..Attributes::default() };
        done(session.line.ask(&Request::SetStat(&at, time)).await?)
    }
}

impl Store for SftpStore {
    fn list(&self, path: &StorePath, after: Option<&str>) -> Reply<'_, Page> {
        let (path, after) = (path.clone(), after.map(str::to_owned));
        Box::pin(async move { self.list_page(&path, after.as_deref()).await })
    }

    fn stat(&self, path: &StorePath) -> Reply<'_, Entry> {
        let path = path.clone();
        Box::pin(async move {
            let (_, found) = self.session().await?.find(&path).await?;
            let name = path.split().map_or("", |(_, name)| name);
            entry(name, &found).ok_or(FilesError::Special)
        })
    }

    fn open_read(&self, path: &StorePath) -> Reply<'_, Box<dyn File>> {
        let path = path.clone();
        Box::pin(async move { self.open_file(&path).await })
    }

    fn open_write(&self, path: &StorePath, mode: WriteMode) -> Reply<'_, Box<dyn File>> {
        let path = path.clone();
        Box::pin(async move { self.open_to_write(&path, mode).await })
    }

    fn rename(&self, from: &StorePath, to: &StorePath, replace: bool) -> Reply<'_, ()> {
        let (from, to) = (from.clone(), to.clone());
        Box::pin(async move { self.move_to(&from, &to, replace).await })
    }

    fn remove(&self, path: &StorePath) -> Reply<'_, ()> {
        let path = path.clone();
        Box::pin(async move { self.remove_at(&path).await })
    }

    fn make_directory(&self, path: &StorePath) -> Reply<'_, ()> {
        let path = path.clone();
        Box::pin(async move { self.make_directory_at(&path).await })
    }

    /// Servers know whole seconds, up to the year 2106.
    fn set_modified(&self, path: &StorePath, modified_ms: u64) -> Reply<'_, ()> {
        let path = path.clone();
        Box::pin(async move { self.set_time(&path, modified_ms).await })
    }

    fn free_bytes(&self) -> Reply<'_, u64> {
        Box::pin(async move { self.session().await?.free_bytes().await })
    }

    fn max_bytes(&self) -> u64 {
        UNKNOWN_BYTES
    }

    fn file_max_bytes(&self) -> u64 {
        FILE_MAX_BYTES
    }
}

/// Opens a regular file that was found, and looks whether it is still the same.
async fn opened(
    session: &Arc<Session>,
    place: &StorePath,
    at: &[u8],
    flags: OpenFlags,
) -> Result<SftpFile, FilesError> {
    let handle: Bytes = handle(session.line.ask(&Request::Open(at, flags)).await?)?;
    let (_, name) = place.split()?;
    let unknown = Entry { name: name.to_owned(), kind: EntryKind::File, size: 0, modified_ms: 0 };
    // From here on it is closed, whatever comes.
    let mut file = SftpFile::new(Arc::clone(session), handle, unknown);
    let found = attributes(session.line.ask(&Request::StatHandle(file.handle())).await?)?;
    file.describe(file_entry(place, &found)?);
    session.find_again(at).await?;
    Ok(file)
}

/// What a file is; an error for what is none.
fn file_entry(place: &StorePath, found: &Attributes) -> Result<Entry, FilesError> {
    let name = place.split().map_or("", |(_, name)| name);
    match entry(name, found) {
        None => Err(FilesError::Special),
        Some(Entry { kind: EntryKind::Directory, .. }) => Err(FilesError::IsADirectory),
        Some(_) if found.size.is_none() => Err(remote("it does not say how long the file is")),
        Some(entry) => Ok(entry),
    }
}

/// Renames without the extension that replaces.
async fn rename_plainly(
    session: &Session,
    source: &[u8],
    target: &[u8],
    replace: bool,
) -> Result<(), FilesError> {
    // Some servers replace what is there even so.
    match session.look(target).await {
        Ok(_) if !replace => return Err(FilesError::Exists),
        // For a moment neither is there: such a server has no better way.
        Ok(taken) if taken.kind() != Some(Kind::Directory) => {
            done(session.line.ask(&Request::Remove(target)).await?)?;
        }
        Ok(_) | Err(FilesError::NotFound) => {}
        Err(error) => return Err(error),
    }
    done(session.line.ask(&Request::Rename(source, target)).await?)
}

/// Why something could not take the place of something else, if that is what was wrong.
async fn why_not_replaced(
    session: &Session,
    moved: &Attributes,
    taken: &Attributes,
    at: &[u8],
) -> Option<FilesError> {
    match (moved.kind()? == Kind::Directory, taken.kind()? == Kind::Directory) {
        (false, true) => Some(FilesError::IsADirectory),
        (true, false) => Some(FilesError::NotADirectory),
        (true, true) if !is_empty(session, at).await.ok()? => Some(FilesError::NotEmpty),
        _ => None,
    }
}

#[cfg(test)]
#[path = "files/files_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "files/hostile_tests.rs"]
mod hostile_tests;
