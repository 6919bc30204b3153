//! Files of a container that are open.

use std::{fmt, io, sync::Arc};

use bytes::{Bytes, BytesMut};
use porthole_containers::tar::{TarError, TarPiece, TarReader};
use porthole_files::{
    CHUNK_MAX_BYTES, Entry, EntryKind, File, FilesError, Reply, StorePath, WriteMode,
};
use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::{Inside, ended, halves, lost, named, script::Running, scripts, scripts::Script};

/// Longest answer of a script that writes, in bytes.
const LINE_MAX_BYTES: usize = 8 << 10;

/// Most bytes that are read and thrown away instead of beginning anew.
const SKIPPED_MAX_BYTES: u64 = 1 << 20;

impl Inside {
    /// Starts a script that goes on while a file is open.
    async fn start(
        &self,
        script: Script,
        path: &StorePath,
        last: Option<&str>,
        has_input: bool,
    ) -> Result<Running, FilesError> {
        let (folder, name) = halves(path);
        let mut words = vec![self.root.as_str(), &folder, name];
        words.extend(last);
        let text = script.text();
        let running = Running::start(&self.server, &self.place, &text, &words, has_input).await;
        running.map_err(|error| lost(script, error))
    }
}

/// A file that is read, from its beginning to its end by one script, or from another place by another.
pub(super) struct ReadFile {
    inside: Arc<Inside>,
    path: StorePath,
    entry: Entry,
    reading: Mutex<Option<Reading>>,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for ReadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadFile").field("entry", &self.entry).finish_non_exhaustive()
    }
}

/// A script that writes a file out.
struct Reading {
    script: Script,
    running: Running,
    /// What has arrived and was not read.
    arrived: BytesMut,
    /// What the archive reader has not looked at.
    packed: BytesMut,
    /// `None` for bytes as they are.
    archive: Option<TarReader>,
    /// Where in the file `arrived` begins.
    offset: u64,
    is_over: bool,
}

impl ReadFile {
    pub(super) async fn open(inside: &Arc<Inside>, path: &StorePath) -> Result<Self, FilesError> {
        let permit = inside.permit().await?;
        let (_, name) = path.split().map_err(|_root| FilesError::IsADirectory)?;
        let name = name.to_owned();
        let running = inside.start(scripts::READ, path, None, false).await?;
        let mut reading = Reading {
            script: scripts::READ,
            running,
            arrived: BytesMut::new(),
            packed: BytesMut::new(),
            archive: None,
            offset: 0,
            is_over: false,
        };
        let mut archive = TarReader::new(&name);
        let file = loop {
            match archive.next(&mut reading.packed).map_err(unreadable)? {
                Some(TarPiece::File(file)) => break file,
                Some(TarPiece::Data(_) | TarPiece::End) => {
                    return Err(unreadable(TarError::Broken));
                }
                None => {}
            }
            let more = reading.running.next().await;
            let Some(bytes) = more.map_err(|error| lost(scripts::READ, error))? else {
                let (outcome, errors) = reading.running.ended();
                ended(&outcome, &errors)?;
                return Err(unreadable(TarError::Broken));
            };
            reading.packed.extend_from_slice(&bytes);
        };
        reading.archive = Some(archive);
        let modified_ms = file.modified_s.saturating_mul(1000).min(super::TIME_MAX_MS);
        let entry = Entry { name, kind: EntryKind::File, size: file.size, modified_ms };
        Ok(Self {
            inside: Arc::clone(inside),
            path: path.clone(),
            entry,
            reading: Mutex::new(Some(reading)),
            _permit: permit,
        })
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Bytes, FilesError> {
        check_chunk(len)?;
        if offset >= self.entry.size {
            return Ok(Bytes::new());
        }
        let len = usize::try_from(self.entry.size - offset).unwrap_or(usize::MAX).min(len);
        let mut held = self.reading.lock().await;
        // Whatever breaks off leaves nothing half read behind.
        let mut reading = match held.take() {
            Some(reading) if reading.reaches(offset) => reading,
            _ => self.read_from(offset).await?,
        };
        let bytes = reading.read(offset, len).await?;
        if reading.offset < self.entry.size {
            *held = Some(reading);
        }
        Ok(bytes)
    }

    async fn read_from(&self, offset: u64) -> Result<Reading, FilesError> {
        let first = offset.saturating_add(1).to_string();
        let script = scripts::READ_FROM;
        let running = self.inside.start(script, &self.path, Some(&first), false).await?;
        Ok(Reading {
            script,
            running,
            arrived: BytesMut::new(),
            packed: BytesMut::new(),
            archive: None,
            offset,
            is_over: false,
        })
    }
}

impl Reading {
    /// Whether it comes to a place soon.
    fn reaches(&self, offset: u64) -> bool {
        offset.checked_sub(self.offset).is_some_and(|skipped| skipped <= SKIPPED_MAX_BYTES)
    }

    async fn read(&mut self, offset: u64, len: usize) -> Result<Bytes, FilesError> {
        while self.offset < offset {
            self.fill().await?;
            let skipped = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            let skipped = skipped.min(self.arrived.len());
            if skipped == 0 {
                return Ok(Bytes::new());
            }
            drop(self.arrived.split_to(skipped));
            self.offset += skipped as u64;
        }
        while self.arrived.len() < len && !self.is_over {
            self.fill().await?;
        }
        let bytes = self.arrived.split_to(len.min(self.arrived.len()));
        self.offset += bytes.len() as u64;
        Ok(bytes.freeze())
    }

    /// Waits for more, unless there is some.
    async fn fill(&mut self) -> Result<(), FilesError> {
        loop {
            match self.archive.as_mut().map(|archive| archive.next(&mut self.packed)).transpose() {
                Ok(Some(Some(TarPiece::Data(bytes)))) => {
                    self.arrived.extend_from_slice(&bytes);
                    return Ok(());
                }
                Ok(Some(Some(TarPiece::End))) => {
                    self.is_over = true;
                    return Ok(());
                }
                Ok(Some(Some(TarPiece::File(_)))) => return Err(unreadable(TarError::Broken)),
                Ok(Some(None) | None) => {}
                Err(error) => return Err(unreadable(error)),
            }
            let more = self.running.next().await.map_err(|error| lost(self.script, error))?;
            match (more, &self.archive) {
                (Some(bytes), Some(_)) => self.packed.extend_from_slice(&bytes),
                (Some(bytes), None) => {
                    self.arrived.extend_from_slice(&bytes);
                    return Ok(());
                }
                // An archive says itself when it is over.
                (None, Some(_)) => return Err(unreadable(TarError::Broken)),
                (None, None) => {
                    self.is_over = true;
                    return Ok(());
                }
            }
        }
    }
}

impl File for ReadFile {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn read_at(&self, offset: u64, len: usize) -> Reply<'_, Bytes> {
        Box::pin(self.read(offset, len))
    }

    fn write_at(&self, _offset: u64, _data: Bytes) -> Reply<'_, ()> {
        Box::pin(async { Err(FilesError::Denied) })
    }

    fn set_len(&self, _len: u64) -> Reply<'_, ()> {
        Box::pin(async { Err(FilesError::Denied) })
    }
}

/// A file that is written, from where it ends.
pub(super) struct WriteFile {
    inside: Arc<Inside>,
    path: StorePath,
    entry: Entry,
    writing: Mutex<Option<Writing>>,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for WriteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteFile").field("entry", &self.entry).finish_non_exhaustive()
    }
}

/// A script that takes a file's bytes.
struct Writing {
    running: Running,
    lines: BytesMut,
    len: u64,
}

impl WriteFile {
    pub(super) async fn open(
        inside: &Arc<Inside>,
        path: &StorePath,
        mode: WriteMode,
    ) -> Result<Self, FilesError> {
        let permit = inside.permit().await?;
        let (_, name) = path.split().map_err(|_root| FilesError::IsADirectory)?;
        let how = match mode {
            WriteMode::Existing => "existing",
            WriteMode::New => "new",
            WriteMode::Keep => "keep",
            WriteMode::Truncate => "truncate",
        };
        let mut writing = Writing::start(inside, path, how).await?;
        let line = writing.line().await?;
        let entry = named(&line, name).ok_or(FilesError::Special)?;
        writing.len = entry.size;
        Ok(Self {
            inside: Arc::clone(inside),
            path: path.clone(),
            entry,
            writing: Mutex::new(Some(writing)),
            _permit: permit,
        })
    }

    async fn write(&self, offset: u64, data: Bytes) -> Result<(), FilesError> {
        check_chunk(data.len())?;
        let value = offset.saturating_add(data.len() as u64);
        let limit = self.inside.file_max_bytes;
        if value > limit {
            return Err(FilesError::FileTooLarge { value, limit });
        }
        if data.is_empty() {
            return Ok(());
        }
        let mut held = self.writing.lock().await;
        let Some(mut writing) = held.take() else {
            return Err(FilesError::Io(io::Error::other("writing broke off before")));
        };
        if offset != writing.len {
            let expected = writing.len;
            *held = Some(writing);
            return Err(FilesError::WrongOffset { offset, expected });
        }
        writing.write(&data).await?;
        *held = Some(writing);
        Ok(())
    }

    /// The script that writes is let go, and another one follows.
    async fn set_length(&self, len: u64) -> Result<(), FilesError> {
        let limit = self.inside.file_max_bytes;
        if len > limit {
            return Err(FilesError::FileTooLarge { value: len, limit });
        }
        let mut held = self.writing.lock().await;
        *held = None;
        let (folder, name) = halves(&self.path);
        let words = [folder.as_str(), name, &len.to_string()];
        self.inside.run(scripts::SET_LENGTH, &words).await?;
        let mut writing = Writing::start(&self.inside, &self.path, "existing").await?;
        writing.line().await?;
        writing.len = len;
        *held = Some(writing);
        Ok(())
    }
}

impl Writing {
    async fn start(inside: &Inside, path: &StorePath, how: &str) -> Result<Self, FilesError> {
        let running = inside.start(scripts::WRITE, path, Some(how), true).await?;
        Ok(Self { running, lines: BytesMut::new(), len: 0 })
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), FilesError> {
        let failed = |error| lost(scripts::WRITE, error);
        let head = format!("{}\n", data.len());
        self.running.send(head.as_bytes()).await.map_err(failed)?;
        for piece in data.chunks(32 << 10) {
            self.running.send(piece).await.map_err(failed)?;
        }
        let line = self.line().await?;
        if line != format!("wrote {}", data.len()) {
            return Err(FilesError::Io(io::Error::other("the container wrote another length")));
        }
        self.len += data.len() as u64;
        Ok(())
    }

    /// The script's next line.
    async fn line(&mut self) -> Result<String, FilesError> {
        loop {
            if let Some(end) = self.lines.iter().position(|byte| *byte == b'\n') {
                let line = self.lines.split_to(end + 1);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.lines.len() > LINE_MAX_BYTES {
                return Err(FilesError::Io(io::Error::other("the container wrote no line")));
            }
            let more = self.running.next().await.map_err(|error| lost(scripts::WRITE, error))?;
            let Some(bytes) = more else {
                let (outcome, errors) = self.running.ended();
                ended(&outcome, &errors)?;
                return Err(FilesError::Io(io::Error::other("the script ended early")));
            };
            self.lines.extend_from_slice(&bytes);
        }
    }
}

impl Drop for WriteFile {
    /// Lets the script that waits for more come to its end, so that it does not stay.
    fn drop(&mut self) {
        let Some(mut writing) = self.writing.get_mut().take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            // A line that is no number ends it where the end of input cannot be said.
            let _gone = writing.running.send(b"end\n").await;
            let _gone = writing.running.close_input().await;
            let _gone =
                tokio::time::timeout(std::time::Duration::from_secs(5), writing.running.next())
                    .await;
        });
    }
}

impl File for WriteFile {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn read_at(&self, offset: u64, len: usize) -> Reply<'_, Bytes> {
        Box::pin(async move {
            let file = ReadFile::open(&self.inside, &self.path).await?;
            file.read(offset, len).await
        })
    }

    fn write_at(&self, offset: u64, data: Bytes) -> Reply<'_, ()> {
        Box::pin(self.write(offset, data))
    }

    fn set_len(&self, len: u64) -> Reply<'_, ()> {
        Box::pin(self.set_length(len))
    }
}

fn check_chunk(len: usize) -> Result<(), FilesError> {
    if len > CHUNK_MAX_BYTES {
        return Err(FilesError::OverLimit {
            field: "length",
            value: len as u64,
            limit: CHUNK_MAX_BYTES as u64,
        });
    }
    Ok(())
}

/// What an archive that cannot be read means.
fn unreadable(error: TarError) -> FilesError {
    match error {
        TarError::Link | TarError::OtherName => FilesError::Denied,
        TarError::NoFile => FilesError::Special,
        other => FilesError::Io(io::Error::other(other)),
    }
}
