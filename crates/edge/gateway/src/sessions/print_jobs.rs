//! Print jobs of a remote's: spooled, made documents, offered.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use porthole_files::{File, FilesError, Store, StorePath, WriteMode};
use porthole_print::{PrintError, make_pdf};

use super::{
    drive::{DriveNews, Offered},
    place::Place,
};
use crate::printing::PrintStores;

/// How many documents of one name a session has, at most.
const SAME_NAME_MAX: u32 = 100;

/// A job that is being written.
#[derive(Debug, Clone)]
pub(super) struct PrintJob {
    pub(super) file: Arc<dyn File>,
    path: StorePath,
    title: String,
    /// Up to where it has been written.
    len: Arc<AtomicU64>,
}

impl PrintJob {
    /// Begins the `number`th job of the session.
    ///
    /// # Errors
    ///
    /// There is no printer, or too many jobs already.
    pub(super) async fn begin(
        place: &Arc<Place>,
        number: u64,
        title: String,
    ) -> Result<Self, FilesError> {
        let path = StorePath::new(&format!("job-{number}"))?;
        let file = place.printed().await?.jobs.open_write(&path, WriteMode::New).await?;
        Ok(Self { file: Arc::from(file), path, title, len: Arc::default() })
    }

    /// Something was written up to `end`.
    pub(super) fn grew(&self, end: u64) {
        self.len.fetch_max(end, Ordering::Relaxed);
    }

    /// Throws the job away.
    pub(super) async fn discard(self, place: &Arc<Place>) {
        if let Ok(stores) = place.printed().await {
            let path = self.path.clone();
            drop(self);
            remove(&*stores.jobs, &path).await;
        }
    }

    /// Makes a document of it. Whatever comes of it is for the viewers.
    pub(super) async fn print(self, place: Arc<Place>) -> DriveNews {
        let len = self.len.load(Ordering::Relaxed);
        let printed = self.make_document(&place, len).await;
        self.discard(&place).await;
        match printed {
            Ok(Offered { path, size }) => {
                tracing::info!(session = place.session(), path, size, "a document was printed");
                DriveNews::Offered(Offered { path, size })
            }
            Err(error) => {
                let cause = error.cause();
                tracing::warn!(session = place.session(), cause, %error, "a job was not printed");
                DriveNews::Notice(error.public_message())
            }
        }
    }

    async fn make_document(&self, place: &Arc<Place>, len: u64) -> Result<Offered, PrintError> {
        let PrintStores { documents, .. } = place.printed().await?;
        let ghostscript = place.printing().and_then(|printing| printing.ghostscript());
        // Nobody is told of it until it is whole.
        let part = StorePath::new(&format!("{}.part", self.path))?;
        let pdf = documents.open_write(&part, WriteMode::New).await?;
        let made = make_pdf(ghostscript, &*self.file, len, &*pdf).await;
        drop(pdf);
        let document = match made {
            Ok(document) => document,
            Err(error) => {
                remove(&*documents, &part).await;
                return Err(error);
            }
        };
        let given = Some(self.title.trim()).filter(|title| !title.is_empty()).map(str::to_owned);
        let title = document.title.or(given).unwrap_or_else(|| "Document".to_owned());
        let size = document.size;
        for copy in 1..=SAME_NAME_MAX {
            let name = if copy == 1 { title.clone() } else { format!("{title} ({copy})") };
            let name = StorePath::ROOT.join(&format!("{name}.pdf"))?;
            match documents.rename(&part, &name, false).await {
                Ok(()) => return Ok(Offered { path: Place::document_path(&name), size }),
                Err(FilesError::Exists) => {}
                Err(error) => return Err(error.into()),
            }
        }
        remove(&*documents, &part).await;
        Err(FilesError::Exists.into())
    }
}

/// What cannot be removed goes with the session.
async fn remove(store: &dyn Store, path: &StorePath) {
    if let Err(error) = store.remove(path).await {
        tracing::debug!(%error, "a print job was not removed");
    }
}
