//! What can go wrong with print jobs.

use porthole_files::FilesError;

/// Why a job did not become a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// Ghostscript is not installed.
    #[error("there is no Ghostscript on this machine")]
    NoGhostscript,
    /// The job is in no language that is known.
    #[error("the job is neither PostScript nor PDF")]
    NotPrintable,
    /// The job or its document is larger than it may be.
    #[error("a print job and its document may have {limit} bytes each")]
    TooLarge {
        /// [`crate::JOB_MAX_BYTES`] or [`crate::PDF_MAX_BYTES`].
        limit: u64,
    },
    /// Ghostscript took too long.
    #[error("Ghostscript was not done in {limit_s} seconds")]
    TimedOut {
        /// The time it had.
        limit_s: u64,
    },
    /// Ghostscript could not make sense of the job, or came upon one of its bounds.
    #[error("Ghostscript failed: {status}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The job could not be read, or the document not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Ghostscript could not be started or talked to.
    #[error("Ghostscript could not be run: {0}")]
    Io(#[from] std::io::Error),
}

impl PrintError {
    /// A short, stable name.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::NoGhostscript => "no_ghostscript",
            Self::NotPrintable => "not_printable",
            Self::TooLarge { .. } => "too_large",
            Self::TimedOut { .. } => "timed_out",
            Self::Failed { .. } => "ghostscript_failed",
            Self::Files(error) => error.cause(),
            Self::Io(_) => "io",
        }
    }

    /// A sentence for viewers.
    pub const fn public_message(&self) -> &'static str {
        match self {
            Self::NoGhostscript => "a document could not be printed: the gateway lacks Ghostscript",
            Self::TooLarge { .. } => "a document could not be printed: it is too large",
            Self::TimedOut { .. } => "a document could not be printed: it took too long",
            _ => "a document could not be printed",
        }
    }
}
