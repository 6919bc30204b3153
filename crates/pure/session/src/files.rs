//! One viewer's requests about files, and the transfers among them.
//!
//! What the store does is somebody else's: orders go out, results come in, one at a time for each
//! transfer. What waits here is bounded: requests by their number, an upload by the credit that
//! its browser was given, a download by one piece that was read and not sent.

mod window;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use porthole_link::{
    FILE_DATA_MAX_BYTES, FILE_REQUESTS_MAX, FileAct, FileAnswer, FileNews, FilePage, FileRequest,
    ToBrowser,
};

use self::window::Window;
use crate::{Permissions, ViewerId};

/// Most transfers of one viewer at a time.
const TRANSFERS_MAX: usize = 8;

/// What a browser may send of an upload before it has been written.
const UPLOAD_CREDIT_BYTES: u32 = 2 << 20;

/// Most bytes of answers in one message, beside a piece of a file.
const ANSWERS_MAX_BYTES: usize = 64 << 10;

/// Names a request within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileKey {
    /// Whose it is.
    pub viewer: ViewerId,
    /// The number that the browser gave it.
    pub request: u32,
}

/// What is to be done with the session's files. Paths are as the browser spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOrder {
    /// Answered by [`FileResult::Page`].
    List {
        /// The directory.
        path: String,
        /// The name after which to begin, or nothing.
        after: String,
    },
    /// Answered by [`FileResult::Done`].
    Rename {
        /// What is there.
        from: String,
        /// Where it goes.
        to: String,
        /// Whether what is there may be replaced.
        replace: bool,
    },
    /// A file or an empty directory goes; [`FileResult::Done`].
    Remove(String),
    /// [`FileResult::Done`].
    MakeDirectory(String),
    /// A file is opened until [`FileOrder::Close`]; [`FileResult::Opened`].
    OpenRead(String),
    /// The same for an upload. [`FileResult::Opened`], or [`FileResult::Done`] if nothing is
    /// missing from it.
    OpenWrite {
        /// Where it goes.
        path: String,
        /// How many bytes it will have.
        size: u64,
        /// When its source was last changed, in milliseconds since 1970, or 0.
        modified_ms: u64,
        /// Whether what is there may be replaced.
        replace: bool,
    },
    /// A piece of an open file; [`FileResult::Read`].
    Read {
        /// From this byte on.
        offset: u64,
        /// As many bytes, unless the file ends.
        len: usize,
    },
    /// The next piece of an upload; [`FileResult::Written`], or [`FileResult::Done`] after the
    /// last.
    Write {
        /// Where it belongs.
        offset: u64,
        /// At most [`FILE_DATA_MAX_BYTES`].
        data: Bytes,
    },
    /// The request is no more, whatever stage it is in. No answer.
    Close {
        /// Whether what was written of an upload is to be removed.
        discard: bool,
    },
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileResult {
    /// A part of a listing.
    Page(FilePage),
    /// It is done, and nothing is open for the request any more.
    Done,
    /// A file is open.
    Opened {
        /// An upload goes on from here; 0 for a download.
        offset: u64,
        /// How many bytes it has, or will have.
        size: u64,
        /// When it was last changed, in milliseconds since 1970, or 0.
        modified_ms: u64,
    },
    /// A piece of a file, empty past its end.
    Read(Bytes),
    /// So many bytes were written.
    Written(usize),
    /// It failed, and nothing is open for the request any more.
    Failed {
        /// A short, stable ASCII name.
        cause: &'static str,
        /// A sentence for people.
        message: String,
    },
}

/// Where a request stands.
#[derive(Debug)]
enum Stage {
    /// One order is under way, and its result is the answer.
    Asked,
    /// A file is being opened to be read, from here on, with this credit.
    OpeningRead(u64, u32),
    /// A file is being opened to be written.
    OpeningWrite,
    Download(Download),
    Upload(Upload),
}

#[derive(Debug)]
struct Download {
    /// Up to where the browser's credit reaches.
    credit_end: u64,
    /// What is sent next.
    offset: u64,
    size: u64,
    /// What was read and not sent.
    ready: Option<Bytes>,
    reading: bool,
    window: Window,
}

#[derive(Debug)]
struct Upload {
    size: u64,
    /// Up to where the browser may send.
    credit_end: u64,
    /// What has arrived and is not with the store yet, and where that begins.
    pending: BytesMut,
    offset: u64,
    writing: bool,
    /// What was written and not credited.
    owed: u32,
}

/// A viewer's requests.
#[derive(Debug, Default)]
pub(crate) struct Files {
    requests: Vec<(u32, Stage)>,
    /// Answers that were not sent yet. With the requests, at most [`FILE_REQUESTS_MAX`].
    answers: VecDeque<FileAnswer>,
    /// Orders that were not handed out yet.
    orders: VecDeque<(u32, FileOrder)>,
}

impl Files {
    /// A record from the browser.
    pub(crate) fn handle(&mut self, now: Instant, may: Permissions, record: FileRequest) {
        let FileRequest { request, act } = record;
        match act {
            FileAct::Data(offset, data) => self.handle_data(request, offset, &data),
            FileAct::Credit(bytes) => self.handle_credit(now, request, bytes),
            FileAct::Cancel { discard } => {
                if self.requests.iter().any(|(number, _)| *number == request) {
                    self.close(request, discard);
                    self.fail(request, "cancelled", "it was cancelled");
                }
            }
            act => self.begin(request, may, act),
        }
    }

    /// What came of an order.
    pub(crate) fn handle_result(&mut self, request: u32, result: FileResult) {
        // A request that was cancelled while its order was under way is no more.
        let Some(stage) = self.stage(request) else { return };
        let news = match (stage, result) {
            (_, FileResult::Failed { cause, message }) => {
                FileNews::Failed { cause: cause.into(), message }
            }
            (_, FileResult::Done) => FileNews::Done,
            (Stage::Asked, FileResult::Page(page)) => FileNews::Page(page),
            (stage, FileResult::Opened { offset, size, modified_ms }) => {
                let Some((offset, credit)) = stage.open(offset, size) else {
                    return self.break_off(
                        request,
                        "wrong_offset",
                        "the file is shorter than that",
                    );
                };
                let news = FileNews::Opened { offset, size, modified_ms, credit };
                return self.answers.push_back(FileAnswer { request, news });
            }
            (Stage::Download(download), FileResult::Read(data)) if download.reading => {
                download.reading = false;
                if !data.is_empty() {
                    download.ready = Some(data);
                    return;
                }
                return self.break_off(request, "wrong_offset", "the file has become shorter");
            }
            (Stage::Upload(upload), FileResult::Written(bytes)) => {
                upload.writing = false;
                upload.owed = upload.owed.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
                return;
            }
            // An answer to another question; there is none such.
            _ => return,
        };
        self.finish(request, news);
    }

    /// The remote offers a file.
    pub(crate) fn offer(&mut self, path: &str, size: u64) {
        if self.requests.len() + self.answers.len() < FILE_REQUESTS_MAX {
            let news = FileNews::Offered { path: path.to_owned(), size };
            self.answers.push_back(FileAnswer { request: 0, news });
        }
    }

    /// The browser is gone: what it had open is closed, and can be gone on with.
    pub(crate) fn close_all(&mut self) {
        self.orders.clear();
        for (request, _) in self.requests.drain(..) {
            self.orders.push_back((request, FileOrder::Close { discard: false }));
        }
        self.answers.clear();
    }

    /// The next order for the store.
    pub(crate) fn take_order(&mut self) -> Option<(u32, FileOrder)> {
        if self.orders.is_empty() {
            for (request, stage) in &mut self.requests {
                self.orders.extend(stage.next_order().map(|order| (*request, order)));
            }
        }
        self.orders.pop_front()
    }

    /// Appends answers, and at most one piece of a file, to a message.
    pub(crate) fn write(&mut self, now: Instant, out: &mut BytesMut) {
        while out.len() < ANSWERS_MAX_BYTES
            && let Some(answer) = self.answers.pop_front()
        {
            ToBrowser::File(answer).encode(out);
        }
        if !self.answers.is_empty() {
            return;
        }
        let mut put = |request, news| ToBrowser::File(FileAnswer { request, news }).encode(out);
        for (request, stage) in &mut self.requests {
            if let Stage::Upload(upload) = stage
                && upload.owed > 0
            {
                let owed = std::mem::take(&mut upload.owed);
                upload.credit_end = upload.credit_end.saturating_add(owed.into());
                put(*request, FileNews::Credit(owed));
            }
        }
        let due = self.requests.iter_mut().position(|(_, stage)| match stage {
            Stage::Download(download) => download.is_due(),
            _ => false,
        });
        let Some(at) = due else { return };
        // Whoever was served goes to the end of the line.
        let (request, mut stage) = self.requests.remove(at);
        let mut is_whole = false;
        if let Stage::Download(download) = &mut stage {
            if let Some(data) = download.ready.take() {
                let offset = download.offset;
                download.offset += data.len() as u64;
                download.window.sent(now, data.len());
                put(request, FileNews::Data(offset, data));
            }
            is_whole = download.offset == download.size;
        }
        if is_whole {
            self.orders.push_back((request, FileOrder::Close { discard: false }));
            put(request, FileNews::Done);
        } else {
            self.requests.push((request, stage));
        }
    }

    fn begin(&mut self, request: u32, may: Permissions, act: FileAct) {
        if self.requests.len() + self.answers.len() >= FILE_REQUESTS_MAX
            || self.stage(request).is_some()
        {
            return;
        }
        let is_transfer = matches!(act, FileAct::Read { .. } | FileAct::Write { .. });
        let reads = may.allow(Permissions::FILES_OUT);
        let writes = may.allow(Permissions::FILES_IN);
        let allowed = match act {
            FileAct::List { .. } => reads || writes,
            FileAct::Read { .. } => reads,
            _ => writes,
        };
        if !allowed {
            return self.fail(request, "refused", "this link does not allow it");
        }
        if is_transfer && self.transfers() >= TRANSFERS_MAX {
            return self.fail(request, "too_many", "there are too many transfers at a time");
        }
        let (stage, order) = match act {
            FileAct::List { path, after } => (Stage::Asked, FileOrder::List { path, after }),
            FileAct::Read { path, offset, credit } => {
                (Stage::OpeningRead(offset, credit), FileOrder::OpenRead(path))
            }
            FileAct::Write { path, size, modified_ms, replace } => {
                (Stage::OpeningWrite, FileOrder::OpenWrite { path, size, modified_ms, replace })
            }
            FileAct::Rename { from, to, replace } => {
                (Stage::Asked, FileOrder::Rename { from, to, replace })
            }
            FileAct::Remove(path) => (Stage::Asked, FileOrder::Remove(path)),
            FileAct::MakeDirectory(path) => (Stage::Asked, FileOrder::MakeDirectory(path)),
            FileAct::Data(..) | FileAct::Credit(_) | FileAct::Cancel { .. } => return,
        };
        self.requests.push((request, stage));
        self.orders.push_back((request, order));
    }

    fn handle_data(&mut self, request: u32, offset: u64, data: &Bytes) {
        // What was under way when an upload ended means nothing any more.
        let Some(Stage::Upload(upload)) = self.stage(request) else { return };
        let end = offset.saturating_add(data.len() as u64);
        if offset != upload.offset + upload.pending.len() as u64 || end > upload.size {
            self.break_off(request, "wrong_offset", "the data does not follow what came before");
        } else if end > upload.credit_end {
            self.break_off(request, "over_credit", "the browser sent more than it may");
        } else {
            upload.pending.extend_from_slice(data);
        }
    }

    fn handle_credit(&mut self, now: Instant, request: u32, bytes: u32) {
        if let Some(Stage::Download(download)) = self.stage(request) {
            download.credit_end = download.credit_end.saturating_add(bytes.into());
            download.window.credited(now, bytes as usize);
        }
    }

    fn transfers(&self) -> usize {
        self.requests.iter().filter(|(_, stage)| !matches!(stage, Stage::Asked)).count()
    }

    fn stage(&mut self, request: u32) -> Option<&mut Stage> {
        self.requests.iter_mut().find(|(number, _)| *number == request).map(|(_, stage)| stage)
    }

    fn break_off(&mut self, request: u32, cause: &str, message: &str) {
        self.close(request, false);
        self.fail(request, cause, message);
    }

    fn close(&mut self, request: u32, discard: bool) {
        self.orders.retain(|(number, _)| *number != request);
        self.orders.push_back((request, FileOrder::Close { discard }));
    }

    fn fail(&mut self, request: u32, cause: &str, message: &str) {
        let news = FileNews::Failed { cause: cause.into(), message: message.into() };
        self.finish(request, news);
    }

    fn finish(&mut self, request: u32, news: FileNews) {
        self.requests.retain(|(number, _)| *number != request);
        self.answers.push_back(FileAnswer { request, news });
    }
}

impl Stage {
    /// A file is open. The answer is from where on it is transferred, and the browser's credit.
    fn open(&mut self, written: u64, size: u64) -> Option<(u64, u32)> {
        match *self {
            Self::OpeningRead(offset, credit) if offset <= size => {
                *self = Self::Download(Download {
                    credit_end: offset.saturating_add(credit.into()),
                    offset,
                    size,
                    ready: None,
                    reading: false,
                    window: Window::new(),
                });
                Some((offset, 0))
            }
            Self::OpeningWrite => {
                *self = Self::Upload(Upload {
                    size,
                    credit_end: written.saturating_add(UPLOAD_CREDIT_BYTES.into()),
                    pending: BytesMut::new(),
                    offset: written,
                    writing: false,
                    owed: 0,
                });
                Some((written, UPLOAD_CREDIT_BYTES))
            }
            _ => None,
        }
    }

    /// What this transfer needs of the store now.
    fn next_order(&mut self) -> Option<FileOrder> {
        match self {
            Self::Download(download) if !download.reading && download.ready.is_none() => {
                let most = download.size.min(download.credit_end).checked_sub(download.offset)?;
                let len = usize::try_from(most).unwrap_or(usize::MAX);
                let len = len.min(download.window.piece_bytes());
                if len == 0 {
                    return None;
                }
                download.reading = true;
                Some(FileOrder::Read { offset: download.offset, len })
            }
            Self::Upload(upload) if !upload.writing && !upload.pending.is_empty() => {
                let len = upload.pending.len().min(FILE_DATA_MAX_BYTES);
                let data = upload.pending.split_to(len).freeze();
                let offset = upload.offset;
                upload.offset += len as u64;
                upload.writing = true;
                Some(FileOrder::Write { offset, data })
            }
            _ => None,
        }
    }
}

impl Download {
    /// Whether a piece of it, or its end, may be sent.
    fn is_due(&self) -> bool {
        match &self.ready {
            Some(_) => self.window.is_open(),
            None => self.offset == self.size,
        }
    }
}
