//! Ghostscript as a child process that can do nothing but turn one stream into another.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use bytes::BytesMut;
use porthole_files::{CHUNK_MAX_BYTES, File};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Semaphore,
    task::spawn_blocking,
    time::timeout,
};

use crate::{PDF_MAX_BYTES, PrintError};

/// What its program is called.
const PROGRAM: &str = "gs";

/// `-dSAFER` keeps it from every file but its own and those in its temporary folder; the document goes
/// to its output and what programs in the job say does not.
const ARGUMENTS: [&str; 10] = [
    "-dSAFER",
    "-dBATCH",
    "-dNOPAUSE",
    "-dNOPROMPT",
    "-dQUIET",
    "-P-",
    "-sDEVICE=pdfwrite",
    "-sstdout=%stderr",
    "-sOutputFile=%stdout",
    "-_",
];

/// How long one job may take from its first byte to its last, in seconds.
const TIME_MAX_S: u64 = 120;

/// Processor time of one job, in seconds.
const CPU_MAX_S: u64 = 60;

/// Memory that it may map, in bytes.
const MEMORY_MAX_BYTES: u64 = 1 << 30;

/// Bytes, and files, that it may have in its temporary folder.
const TEMPORARY_MAX_BYTES: u64 = 4 * PDF_MAX_BYTES;
/// See [`TEMPORARY_MAX_BYTES`].
const TEMPORARY_MAX_FILES: usize = 100;

/// How often that is looked at.
const TEMPORARY_LOOK: Duration = Duration::from_millis(200);

/// Jobs at a time in this gateway; others wait for their turn.
const JOBS_MAX: usize = 2;

/// Ghostscript as it is installed here.
#[derive(Debug, Clone)]
pub struct Ghostscript {
    program: PathBuf,
    turns: Arc<Semaphore>,
}

impl Ghostscript {
    /// Looks for it in the folders of `path`, as the variable `PATH` lists them.
    pub fn find(path: &OsStr) -> Option<Self> {
        let found = std::env::split_paths(path)
            .map(|folder| folder.join(PROGRAM))
            .find(|program| program.is_absolute() && program.is_file())?;
        Some(Self { program: found, turns: Arc::new(Semaphore::new(JOBS_MAX)) })
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Makes a PDF of the bytes `from` to `end` of `job`. The answer is its length.
    ///
    /// # Errors
    ///
    /// [`PrintError`]. The child is gone then, too.
    pub(crate) async fn convert(
        &self,
        job: &dyn File,
        from: usize,
        end: u64,
        pdf: &dyn File,
    ) -> Result<u64, PrintError> {
        let _turn = self.turns.acquire().await.map_err(std::io::Error::other)?;
        let converted = timeout(Duration::from_secs(TIME_MAX_S), self.run(job, from, end, pdf));
        converted.await.unwrap_or(Err(PrintError::TimedOut { limit_s: TIME_MAX_S }))
    }

    /// Dropped before it is done, it takes the child with it.
    async fn run(
        &self,
        job: &dyn File,
        from: usize,
        end: u64,
        pdf: &dyn File,
    ) -> Result<u64, PrintError> {
        // Of its own: programs in a job may use whatever is in it.
        let temporary = tempfile::Builder::new().prefix("porthole-print-").tempdir()?;
        let folder = temporary.path();
        let mut child = Command::new(&self.program)
            .args(ARGUMENTS)
            .env_clear()
            .env("TMPDIR", folder)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        // It waits for its first byte, so the bounds hold before anything of the job is read.
        bound(&child)?;
        let missing = || std::io::Error::other("the child has no pipes");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let both =
            async { tokio::try_join!(feed(job, from as u64, end, stdin), collect(stdout, pdf)) };
        let ((), size) = tokio::select! {
            done = both => done?,
            error = watch(folder) => return Err(error),
        };
        let status = child.wait().await?;
        if !status.success() || size == 0 {
            return Err(PrintError::Failed { status });
        }
        Ok(size)
    }
}

/// Sets what the child may use.
fn bound(child: &Child) -> Result<(), PrintError> {
    let gone = || std::io::Error::other("the child is gone");
    let id = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(gone)?;
    let id = Pid::from_raw(id).ok_or_else(gone)?;
    for (resource, limit) in [
        (Resource::As, MEMORY_MAX_BYTES),
        (Resource::Cpu, CPU_MAX_S),
        // Its temporary files are not much larger than its output.
        (Resource::Fsize, 2 * PDF_MAX_BYTES),
        (Resource::Core, 0),
    ] {
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        prlimit(Some(id), resource, limit).map_err(std::io::Error::from)?;
    }
    Ok(())
}

/// Looks after the temporary folder, until there is too much in it.
async fn watch(folder: &Path) -> PrintError {
    loop {
        tokio::time::sleep(TEMPORARY_LOOK).await;
        let folder = folder.to_owned();
        match spawn_blocking(move || held_bytes(&folder)).await {
            Ok(Some(bytes)) if bytes <= TEMPORARY_MAX_BYTES => {}
            Ok(_) => return PrintError::TooLarge { limit: TEMPORARY_MAX_BYTES },
            Err(fault) => return std::io::Error::other(fault).into(),
        }
    }
}

/// The bytes of all files in a folder, unless there are too many of them.
fn held_bytes(folder: &Path) -> Option<u64> {
    let mut bytes = 0_u64;
    for (count, entry) in std::fs::read_dir(folder).ok()?.enumerate() {
        if count >= TEMPORARY_MAX_FILES {
            return None;
        }
        // What vanishes meanwhile counts for nothing.
        let len = entry.and_then(|entry| entry.metadata()).map_or(0, |metadata| metadata.len());
        bytes = bytes.saturating_add(len);
    }
    Some(bytes)
}

/// Hands it as much of the job as it takes.
async fn feed(
    job: &dyn File,
    from: u64,
    end: u64,
    mut stdin: ChildStdin,
) -> Result<(), PrintError> {
    let mut offset = from;
    while offset < end {
        let left = usize::try_from(end - offset).unwrap_or(usize::MAX);
        let data = job.read_at(offset, left.min(CHUNK_MAX_BYTES)).await?;
        if data.is_empty() {
            break;
        }
        offset += data.len() as u64;
        match stdin.write_all(&data).await {
            Ok(()) => {}
            // What comes after a document's end is not read.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Takes the document.
async fn collect(mut stdout: ChildStdout, pdf: &dyn File) -> Result<u64, PrintError> {
    let mut size = 0_u64;
    let mut piece = BytesMut::new();
    loop {
        piece.reserve(CHUNK_MAX_BYTES / 4);
        let read = (&mut stdout).take((CHUNK_MAX_BYTES / 4) as u64).read_buf(&mut piece).await?;
        if read == 0 {
            return Ok(size);
        }
        if size + read as u64 > PDF_MAX_BYTES {
            return Err(PrintError::TooLarge { limit: PDF_MAX_BYTES });
        }
        pdf.write_at(size, piece.split().freeze()).await?;
        size += read as u64;
    }
}

#[cfg(test)]
#[path = "ghostscript_tests.rs"]
mod tests;
