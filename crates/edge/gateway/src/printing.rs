//! Printers that remotes are offered: what turns their jobs into documents, and where those are.

use std::{path::PathBuf, sync::Arc};

use porthole_files::{FilesError, Limits, SandboxedDir, Store};
use porthole_print::{Ghostscript, JOB_MAX_BYTES, PDF_MAX_BYTES};

use crate::config::Config;

/// Most documents of one session.
const DOCUMENTS_MAX: u64 = 100;

/// Most jobs of one session that are not documents yet.
pub(crate) const JOBS_MAX: usize = 4;

/// What sessions print with.
#[derive(Debug, Clone)]
pub struct Printing {
    root: PathBuf,
    ghostscript: Option<Ghostscript>,
}

impl Printing {
    /// Looks for Ghostscript on `PATH`. Jobs and documents lie beside the sessions' own folders,
    /// or among the system's temporary files where no folders are configured.
    pub fn new(config: &Config) -> Self {
        let root = config.files.as_ref().map(|drives| drives.root.clone());
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            root: root.unwrap_or_else(std::env::temp_dir),
            ghostscript: Ghostscript::find(&path),
        }
    }

    /// What turns `PostScript` into PDF, where it is installed.
    pub const fn ghostscript(&self) -> Option<&Ghostscript> {
        self.ghostscript.as_ref()
    }

    /// Makes the folders of the session of this name: for its jobs, and for its documents. They go
    /// with their last user. It blocks.
    ///
    /// # Errors
    ///
    /// [`FilesError`]
    pub(crate) fn open(&self, session: &str) -> Result<PrintStores, FilesError> {
        let make = |kind: &str, entries: u64, file_bytes: u64| {
            let limits = Limits { bytes: file_bytes.saturating_mul(4), entries, file_bytes };
            let dir = SandboxedDir::make_own(&self.root, &format!("{kind}-{session}"), limits)?;
            Ok::<Arc<dyn Store>, FilesError>(Arc::new(dir))
        };
        Ok(PrintStores {
            jobs: make("print", JOBS_MAX as u64, JOB_MAX_BYTES)?,
            documents: make("printed", DOCUMENTS_MAX, PDF_MAX_BYTES)?,
        })
    }
}

/// Where a session's print jobs are.
#[derive(Debug, Clone)]
pub(crate) struct PrintStores {
    /// Jobs as the remote sends them.
    pub(crate) jobs: Arc<dyn Store>,
    /// What they became.
    pub(crate) documents: Arc<dyn Store>,
}
