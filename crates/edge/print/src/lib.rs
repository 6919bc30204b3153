//! Print jobs of remotes, made PDF files.
//!
//! In: a spooled job, which is whatever a remote sent. Out: a PDF file, and what the document calls
//! itself. A job that is PDF already passes as it is; one in `PostScript` goes through Ghostscript,
//! a child process that reads from a pipe and writes to one, may open no file, and has bounds to its
//! time, memory and output. No shell is involved, and nothing of the job gets into its arguments.

mod error;
mod ghostscript;
mod job;

use porthole_files::{CHUNK_MAX_BYTES, File};

pub use error::PrintError;
pub use ghostscript::Ghostscript;
pub use job::{TITLE_MAX_CHARACTERS, title};

use self::job::{HEAD_MAX_BYTES, Language, language};

/// Largest job, in bytes.
pub const JOB_MAX_BYTES: u64 = 64 << 20;

/// Largest document, in bytes.
pub const PDF_MAX_BYTES: u64 = 64 << 20;

/// A document that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its length in bytes.
    pub size: u64,
    /// What it calls itself: [`title`].
    pub title: Option<String>,
}

/// Makes a PDF of `job`, the first `job_len` bytes of it, into the empty file `pdf`.
///
/// # Errors
///
/// [`PrintError`]; what is in `pdf` then is of no use.
pub async fn make_pdf(
    ghostscript: Option<&Ghostscript>,
    job: &dyn File,
    job_len: u64,
    pdf: &dyn File,
) -> Result<Document, PrintError> {
    if job_len > JOB_MAX_BYTES {
        return Err(PrintError::TooLarge { limit: JOB_MAX_BYTES });
    }
    let head = job.read_at(0, HEAD_MAX_BYTES).await?;
    let (from, size) = match language(&head).ok_or(PrintError::NotPrintable)? {
        Language::Pdf(from) => (from, copy(job, from, job_len, pdf).await?),
        Language::PostScript(from) => {
            let ghostscript = ghostscript.ok_or(PrintError::NoGhostscript)?;
            (from, ghostscript.convert(job, from, job_len, pdf).await?)
        }
    };
    Ok(Document { size, title: title(head.get(from..).unwrap_or_default()) })
}

async fn copy(from: &dyn File, at: usize, end: u64, to: &dyn File) -> Result<u64, PrintError> {
    let (mut read, mut written) = (at as u64, 0);
    while read < end {
        let data = from.read_at(read, CHUNK_MAX_BYTES).await?;
        if data.is_empty() {
            break;
        }
        let len = data.len() as u64;
        to.write_at(written, data).await?;
        (read, written) = (read + len, written + len);
    }
    Ok(written)
}
