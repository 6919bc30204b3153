//! Where a session's files are: one store for the viewers' requests and the remote's.

use std::sync::Arc;

use porthole_files::{FilesError, Store};
use tokio::{sync::OnceCell, task::spawn_blocking};

use crate::drive::Drive;

/// A drive that is opened when it is first used.
#[derive(Debug)]
pub(super) struct Place {
    drive: Drive,
    session: String,
    store: OnceCell<Arc<dyn Store>>,
}

impl Place {
    /// `drive`, for the session of this name.
    pub(super) fn new(drive: &Drive, session: &str) -> Self {
        Self { drive: drive.clone(), session: session.to_owned(), store: OnceCell::new() }
    }

    /// The session's name, for the log.
    pub(super) fn session(&self) -> &str {
        &self.session
    }

    /// The store, which is the same for everybody who asks.
    ///
    /// # Errors
    ///
    /// It cannot be opened. The next who asks tries again.
    pub(super) async fn store(self: &Arc<Self>) -> Result<Arc<dyn Store>, FilesError> {
        let open = || async {
            let place = Arc::clone(self);
            let opened = spawn_blocking(move || place.drive.open(&place.session)).await;
            opened.unwrap_or_else(|fault| Err(FilesError::Io(std::io::Error::other(fault))))
        };
        self.store.get_or_try_init(open).await.cloned()
    }
}
