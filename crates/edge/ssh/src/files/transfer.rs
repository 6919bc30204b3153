//! An open file: what is read is asked for ahead, what is written is not waited for, both within
//! bounds.
//!
//! Whoever reads asks for one piece after the other, so that without this each would cost a round
//! trip. How much is under way grows while a file is read from front to back, and starts anew
//! wherever else it is read.

use std::{collections::VecDeque, sync::Arc};

use bytes::{Bytes, BytesMut};
use porthole_files::{CHUNK_MAX_BYTES, Entry, File, FilesError, Reply};
use porthole_sftp::{Attributes, Request};
use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::{
    answers::{data, done, remote},
    connection::Ticket,
    session::Session,
};

/// Most bytes of one file that are read ahead, or written without an answer.
pub(super) const WINDOW_MAX_BYTES: u64 = 2 << 20;

/// Largest file: what the offsets of servers can say.
pub(super) const FILE_MAX_BYTES: u64 = i64::MAX.unsigned_abs();

/// A file of a server.
#[derive(Debug)]
pub(super) struct SftpFile {
    session: Arc<Session>,
    handle: Bytes,
    entry: Entry,
    flow: Mutex<Flow>,
}

/// What is under way.
#[derive(Debug, Default)]
struct Flow {
    /// Pieces that follow one another, from `at` on.
    ahead: VecDeque<Ahead>,
    /// What is read next if it is read from front to back.
    at: u64,
    /// How much is asked for beyond what is wanted.
    window: u64,
    /// Writes without an answer, oldest first, and their bytes.
    behind: VecDeque<Behind>,
    behind_bytes: u64,
    /// A write failed, and what follows it is not in order.
    failed: bool,
}

#[derive(Debug)]
struct Ahead {
    offset: u64,
    len: u32,
    piece: Piece,
    /// What lies beyond what is wanted is counted for all files together.
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Piece {
    /// To be asked for: a server may give less than it is asked for, and not only at a file's end.
    Owed,
    Asked(Ticket),
    Here(Bytes),
}

#[derive(Debug)]
struct Behind {
    ticket: Ticket,
    len: u32,
}

impl SftpFile {
    pub(super) fn new(session: Arc<Session>, handle: Bytes, entry: Entry) -> Self {
        Self { session, handle, entry, flow: Mutex::default() }
    }

    /// What the server calls it.
    pub(super) fn handle(&self) -> &[u8] {
        &self.handle
    }

    /// What it is, once that is known.
    pub(super) fn describe(&mut self, entry: Entry) {
        self.entry = entry;
    }

    /// It was emptied after it was opened.
    pub(super) fn emptied(mut self) -> Self {
        self.entry.size = 0;
        self
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Bytes, FilesError> {
        check_chunk("bytes to be read at a time", len)?;
        let mut flow = self.flow.lock().await;
        // A server may carry requests out in any order.
        self.settle_writes(&mut flow).await?;
        if flow.at != offset {
            flow.ahead.clear();
            flow.at = offset;
            flow.window = 0;
        }
        let end = offset.saturating_add(len as u64);
        let mut read = BytesMut::new();
        while flow.at < end {
            self.ask_ahead(&mut flow, end).await?;
            let piece = self.next_piece(&mut flow, end).await?;
            if piece.is_empty() {
                // What was asked for beyond the end is empty as well.
                flow.ahead.clear();
                break;
            }
            if read.is_empty() && piece.len() == len {
                flow.widen();
                return Ok(piece);
            }
            read.extend_from_slice(&piece);
        }
        flow.widen();
        Ok(read.freeze())
    }

    /// Asks for what is wanted up to `end`, and for as much more as the window has.
    async fn ask_ahead(&self, flow: &mut Flow, end: u64) -> Result<(), FilesError> {
        // Nothing beyond the end that the file had is asked for in advance.
        let until = end.max(end.saturating_add(flow.window).min(self.entry.size));
        loop {
            let next = flow.ahead.back().map_or(flow.at, Ahead::end);
            let left = u32::try_from(until.saturating_sub(next)).unwrap_or(u32::MAX);
            let len = left.min(self.session.read_max);
            if len == 0 {
                return Ok(());
            }
            let permit = self.session.line.ahead.try_reserve(len);
            if next >= end && permit.is_none() {
                return Ok(());
            }
            let ticket = self.session.line.send(&Request::Read(&self.handle, next, len)).await?;
            let piece = Piece::Asked(ticket);
            flow.ahead.push_back(Ahead { offset: next, len, piece, _permit: permit });
        }
    }

    /// What comes next, up to `end`. Nothing where the file ends.
    async fn next_piece(&self, flow: &mut Flow, end: u64) -> Result<Bytes, FilesError> {
        let Some(first) = flow.ahead.front_mut() else { return Ok(Bytes::new()) };
        let piece = self.arrived(first).await;
        let here = match piece {
            Ok(here) => here,
            Err(error) => {
                flow.ahead.clear();
                return Err(error);
            }
        };
        let wanted = usize::try_from(end - flow.at).unwrap_or(usize::MAX).min(here.len());
        let taken = here.split_to(wanted);
        let is_used_up = here.is_empty();
        let gone = u32::try_from(taken.len()).unwrap_or(first.len);
        first.offset += u64::from(gone);
        first.len -= gone;
        flow.at += u64::from(gone);
        if is_used_up {
            if first.len > 0 {
                first.piece = Piece::Owed;
            } else {
                flow.ahead.pop_front();
            }
        }
        Ok(taken)
    }

    /// A piece, once it is here. Cancel-safe.
    async fn arrived<'a>(&self, ahead: &'a mut Ahead) -> Result<&'a mut Bytes, FilesError> {
        if let Piece::Owed = ahead.piece {
            let request = Request::Read(&self.handle, ahead.offset, ahead.len);
            ahead.piece = Piece::Asked(self.session.line.send(&request).await?);
        }
        if let Piece::Asked(ticket) = &mut ahead.piece {
            let found = ticket.wait().await.and_then(data)?;
            if found.len() > ahead.len as usize {
                return Err(remote("it gives more of a file than it was asked for"));
            }
            ahead.piece = Piece::Here(found);
        }
        match &mut ahead.piece {
            Piece::Here(here) => Ok(here),
            Piece::Owed | Piece::Asked(_) => Err(remote("it gives nothing")),
        }
    }

    async fn write(&self, offset: u64, data: Bytes) -> Result<(), FilesError> {
        check_chunk("bytes to be written at a time", data.len())?;
        let end = offset.saturating_add(data.len() as u64);
        if end > FILE_MAX_BYTES {
            return Err(FilesError::FileTooLarge { value: end, limit: FILE_MAX_BYTES });
        }
        let mut flow = self.flow.lock().await;
        flow.ahead.clear();
        if flow.failed {
            return Err(earlier());
        }
        let mut at = offset;
        for piece in data.chunks(self.session.write_max as usize) {
            // At most `write_max`, which is a `u32`.
            let len = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let permit = self.room(&mut flow, len).await?;
            let request = Request::Write(&self.handle, at, piece);
            let ticket = self.session.line.send_counted(&request, permit).await?;
            flow.behind.push_back(Behind { ticket, len });
            flow.behind_bytes += u64::from(len);
            at += u64::from(len);
        }
        // What has been answered meanwhile is known at once, a full disk above all.
        while let Some(first) = flow.behind.front_mut()
            && let Some(answer) = first.ticket.take()
        {
            self.written(&mut flow, answer.and_then(done)).await?;
        }
        Ok(())
    }

    /// Waits until so many bytes more may be under way.
    async fn room(
        &self,
        flow: &mut Flow,
        len: u32,
    ) -> Result<Option<OwnedSemaphorePermit>, FilesError> {
        while flow.behind_bytes + u64::from(len) > WINDOW_MAX_BYTES
            && let Some(first) = flow.behind.front_mut()
        {
            let answer = first.ticket.wait().await.and_then(done);
            self.written(flow, answer).await?;
        }
        // Where other files have all the room, they give it back as they are answered.
        Ok(self.session.line.behind.reserve(len).await)
    }

    /// The oldest write is answered.
    async fn written(
        &self,
        flow: &mut Flow,
        answer: Result<(), FilesError>,
    ) -> Result<(), FilesError> {
        if let Some(Behind { len, .. }) = flow.behind.pop_front() {
            flow.behind_bytes -= u64::from(len);
        }
        let Err(error) = answer else { return Ok(()) };
        flow.failed = true;
        flow.behind.clear();
        flow.behind_bytes = 0;
        Err(self.session.why_not_written(error).await)
    }

    async fn settle_writes(&self, flow: &mut Flow) -> Result<(), FilesError> {
        while let Some(first) = flow.behind.front_mut() {
            let answer = first.ticket.wait().await.and_then(done);
            self.written(flow, answer).await?;
        }
        if flow.failed { Err(earlier()) } else { Ok(()) }
    }
}

impl File for SftpFile {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn read_at(&self, offset: u64, len: usize) -> Reply<'_, Bytes> {
        Box::pin(self.read(offset, len))
    }

    fn write_at(&self, offset: u64, data: Bytes) -> Reply<'_, ()> {
        Box::pin(self.write(offset, data))
    }

    fn set_len(&self, len: u64) -> Reply<'_, ()> {
        Box::pin(async move {
            if len > FILE_MAX_BYTES {
                return Err(FilesError::FileTooLarge { value: len, limit: FILE_MAX_BYTES });
            }
            let mut flow = self.flow.lock().await;
            flow.ahead.clear();
            self.settle_writes(&mut flow).await?;
            let size = Attributes { size: Some(len), ..Attributes::default() };
            let request = Request::SetStatHandle(&self.handle, size);
            match done(self.session.line.ask(&request).await?) {
                Ok(()) => Ok(()),
                Err(error) => Err(self.session.why_not_written(error).await),
            }
        })
    }

    fn settle(&self) -> Reply<'_, ()> {
        Box::pin(async move { self.settle_writes(&mut *self.flow.lock().await).await })
    }

    /// A server may have carried out what was under way in any order.
    fn sure_bytes(&self) -> u64 {
        self.entry.size.saturating_sub(WINDOW_MAX_BYTES)
    }
}

impl Drop for SftpFile {
    fn drop(&mut self) {
        self.session.line.release(std::mem::take(&mut self.handle));
    }
}

impl Flow {
    /// What was read followed what came before: the more is asked for ahead.
    fn widen(&mut self) {
        self.window = (self.window * 2).clamp(CHUNK_MAX_BYTES as u64, WINDOW_MAX_BYTES);
    }
}

impl Ahead {
    fn end(&self) -> u64 {
        self.offset + u64::from(self.len)
    }
}

fn check_chunk(field: &'static str, len: usize) -> Result<(), FilesError> {
    let (value, limit) = (len as u64, CHUNK_MAX_BYTES as u64);
    if value <= limit { Ok(()) } else { Err(FilesError::OverLimit { field, value, limit }) }
}

fn earlier() -> FilesError {
    remote("it did not take all that was written before")
}
