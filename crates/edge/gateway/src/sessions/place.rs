//! Where a session's files are: one store for the viewers' requests and the remote's, and one for
//! what the remote has printed.

use std::sync::{Arc, OnceLock};

use porthole_files::{FilesError, Store, StorePath};
use tokio::{sync::OnceCell, task::spawn_blocking};

use crate::{
    drive::Drive,
    printing::{PrintStores, Printing},
};

/// What viewers' paths of printed documents begin with. No path of a store's does.
const PRINTED: char = '/';

/// Stores that are opened when they are first used.
#[derive(Debug)]
pub(super) struct Place {
    drive: Option<Drive>,
    printing: Option<Printing>,
    session: String,
    store: OnceCell<Arc<dyn Store>>,
    /// The remote's own files, once they are there.
    offered: OnceLock<Arc<dyn Store>>,
    printed: OnceCell<PrintStores>,
}

impl Place {
    /// Files and documents of the session of this name.
    pub(super) fn new(drive: Option<Drive>, printing: Option<Printing>, session: &str) -> Self {
        let session = session.to_owned();
        let (store, printed) = (OnceCell::new(), OnceCell::new());
        Self { drive, printing, session, store, offered: OnceLock::new(), printed }
    }

    /// The session's name, for the log.
    pub(super) fn session(&self) -> &str {
        &self.session
    }

    /// The drive's store, which is the same for everybody who asks.
    ///
    /// # Errors
    ///
    /// There is no drive, or it cannot be opened, or the remote that has the files is not there yet;
    /// the next who asks tries again.
    pub(super) async fn store(self: &Arc<Self>) -> Result<Arc<dyn Store>, FilesError> {
        let drive = self.drive.as_ref().ok_or(FilesError::Denied)?;
        if let Some(store) = self.offered.get() {
            return Ok(Arc::clone(store));
        }
        let open = || opened(self, drive.clone(), Drive::open);
        self.store.get_or_try_init(open).await.cloned()
    }

    /// The remote's own files are there. They are the session's for good.
    pub(super) fn offer(&self, store: Arc<dyn Store>) {
        let _known_already = self.offered.set(store);
    }

    /// Where print jobs and documents are.
    ///
    /// # Errors
    ///
    /// There is no printer, or its folders cannot be made.
    pub(super) async fn printed(self: &Arc<Self>) -> Result<PrintStores, FilesError> {
        let printing = self.printing.as_ref().ok_or(FilesError::Denied)?;
        let open = || opened(self, printing.clone(), Printing::open);
        self.printed.get_or_try_init(open).await.cloned()
    }

    /// What makes documents of jobs.
    pub(super) fn printing(&self) -> Option<&Printing> {
        self.printing.as_ref()
    }

    /// Where a file is that a viewer wants to read, or a folder that it wants to see: in the drive,
    /// or, where there is none, among the documents.
    ///
    /// # Errors
    ///
    /// As [`Self::store`]; [`FilesError::Denied`] for files that may not be downloaded.
    pub(super) async fn shown(
        self: &Arc<Self>,
        path: &str,
        is_read: bool,
    ) -> Result<(Arc<dyn Store>, StorePath), FilesError> {
        if let (Some(_), Some(document)) = (&self.printing, path.strip_prefix(PRINTED)) {
            return Ok((self.printed().await?.documents, StorePath::new(document)?));
        }
        let path = StorePath::new(path)?;
        match &self.drive {
            None => Ok((self.printed().await?.documents, path)),
            Some(drive) if is_read && !drive.download => Err(FilesError::Denied),
            Some(_) => Ok((self.store().await?, path)),
        }
    }

    /// How viewers are told of a document.
    pub(super) fn document_path(name: &StorePath) -> String {
        format!("{PRINTED}{name}")
    }
}

/// What `open` makes of `what` where it may block.
async fn opened<W: Send + 'static, T: Send + 'static>(
    place: &Arc<Place>,
    what: W,
    open: impl FnOnce(&W, &str) -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    let session = place.session.clone();
    let opened = spawn_blocking(move || open(&what, &session)).await;
    opened.unwrap_or_else(|fault| Err(FilesError::Io(std::io::Error::other(fault))))
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::Arc};

    use porthole_files::{Limits, SandboxedDir, StorePath};

    use super::Place;
    use crate::drive::Drive;

    #[tokio::test]
    async fn what_the_remote_offers_is_there_from_then_on() {
        let place = Arc::new(Place::new(Some(Drive::of_remote(true, true)), None, "test"));
        assert_eq!(place.store().await.unwrap_err().cause(), "unavailable");
        let root = tempfile::tempdir().unwrap();
        let limits = Limits { bytes: 9, entries: 9, file_bytes: 9 };
        let dir = SandboxedDir::open(root.path(), &StorePath::ROOT, false, limits).unwrap();

        // Even when somebody is asking at that moment.
        let mut asking = pin!(place.store());
        tokio::select! {
            biased;
            _too_early = &mut asking => {}
            () = std::future::ready(()) => {}
        }
        place.offer(Arc::new(dir));
        assert!(place.store().await.is_ok());
        assert!(place.shown("", false).await.is_ok());
    }
}
