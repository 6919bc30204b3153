//! Files that somebody copied on the remote: read in pieces, written to the session's store, and
//! offered to viewers.

use std::collections::VecDeque;

use bytes::Bytes;
use porthole_remote::{Disposition, DriveAct, DriveDone, DriveError, DriveReply, Event, Wanted};

use super::files::{ASK_RANGE, FOLDER, Listed, Numbers, Question};
use crate::limits::{CLIPBOARD_FILES_MAX_BYTES, CLIPBOARD_RANGE_BYTES};
use crate::outbox::Outbox;

/// What is being taken.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// Files of which nothing has been read yet.
    left: VecDeque<Listed>,
    step: Step,
    /// Bytes of this copy that have been read.
    taken: u64,
    /// The number of the last question; those before it are forgotten.
    stream: u32,
    /// Requests of files that are no longer wanted: should one open, it is closed.
    orphan: Option<u32>,
}

/// What is waited for.
#[derive(Debug, Default)]
enum Step {
    #[default]
    Rest,
    /// The folder, or one in it.
    Folder(u32),
    Opening(u32, Listed),
    /// The server, for bytes from here on.
    Asking(File),
    Writing(u32, File),
    Closing(u32, String),
    Offering(u32),
}

/// A file that is written.
#[derive(Debug)]
struct File {
    number: u32,
    listed: Listed,
    offset: u64,
    /// Bytes that were asked for last.
    len: u32,
}

impl File {
    fn place(&self) -> String {
        place(&self.listed)
    }
}

fn place(listed: &Listed) -> String {
    format!("{FOLDER}/{}", listed.path)
}

impl Taking {
    /// Somebody copied these; what is left of another copy is not wanted any more.
    pub(super) fn begin(
        &mut self,
        listed: Vec<Listed>,
        numbers: &mut Numbers,
        outbox: &mut Outbox,
    ) {
        self.stop(numbers, outbox);
        let known = listed.iter().filter_map(|file| file.size);
        let len = known.fold(0_u64, u64::saturating_add);
        if listed.is_empty() || len > CLIPBOARD_FILES_MAX_BYTES {
            let limit = CLIPBOARD_FILES_MAX_BYTES;
            let words =
                format!("the files copied on the remote were left out: {len} bytes of {limit}");
            outbox.event(Event::Notice(words));
            return;
        }
        self.left = listed.into();
        self.taken = 0;
        let act = DriveAct::MakeDirectory(FOLDER.to_owned());
        self.step = Step::Folder(numbers.ask(act, outbox));
    }

    /// Nothing more is taken.
    pub(super) fn stop(&mut self, numbers: &mut Numbers, outbox: &mut Outbox) {
        self.left.clear();
        match std::mem::take(&mut self.step) {
            Step::Opening(number, _) => self.orphan = Some(number),
            Step::Asking(file) | Step::Writing(_, file) => {
                discard(&file, numbers, outbox);
            }
            _ => {}
        }
    }

    /// Whether files are being read from the server.
    pub(super) const fn is_busy(&self) -> bool {
        !matches!(self.step, Step::Rest)
    }

    /// The server answers a question; `None`: it cannot. The next question, if there is one.
    pub(super) fn handle_contents(
        &mut self,
        stream: u32,
        data: Option<&[u8]>,
        numbers: &mut Numbers,
        outbox: &mut Outbox,
    ) {
        if stream != self.stream || !matches!(self.step, Step::Asking(_)) {
            return;
        }
        let Step::Asking(mut file) = std::mem::take(&mut self.step) else { return };
        match data.filter(|data| data.len() as u64 <= u64::from(file.len)) {
            Some([]) if file.listed.size.is_none() => self.close(&file, numbers, outbox),
            None | Some([]) => self.give_up(&file, "the remote does not give it", numbers, outbox),
            Some(data) => {
                let offset = file.offset;
                file.offset += data.len() as u64;
                self.taken += data.len() as u64;
                if self.taken > CLIPBOARD_FILES_MAX_BYTES {
                    self.give_up(&file, "it is too long", numbers, outbox);
                    return;
                }
                let data = Bytes::copy_from_slice(data);
                // Where nothing says how long the file is, a short piece is its end.
                if file.listed.size.is_none() && data.len() as u64 != u64::from(file.len) {
                    file.listed.size = Some(file.offset);
                }
                let act = DriveAct::Write { file: file.number, offset, data };
                self.step = Step::Writing(numbers.ask(act, outbox), file);
            }
        }
    }

    /// The store answers a request. The question to ask the server then, if there is one.
    pub(super) fn handle_reply(
        &mut self,
        reply: &DriveReply,
        numbers: &mut Numbers,
        outbox: &mut Outbox,
    ) -> Option<Question> {
        let DriveReply { number, result } = reply;
        if self.orphan == Some(*number) {
            self.orphan = None;
            if result.is_ok() {
                numbers.ask(DriveAct::Close { file: *number, remove: None }, outbox);
            }
            return None;
        }
        let waits_for = match &self.step {
            Step::Rest | Step::Asking(_) => return None,
            Step::Folder(it)
            | Step::Opening(it, _)
            | Step::Writing(it, _)
            | Step::Closing(it, _)
            | Step::Offering(it) => *it,
        };
        if waits_for != *number {
            return None;
        }
        match (std::mem::take(&mut self.step), result) {
            (Step::Opening(number, listed), Ok(DriveDone::Opened(_))) => {
                return self.ask(File { number, listed, offset: 0, len: 0 }, numbers, outbox);
            }
            (Step::Opening(_, listed), result) => {
                let why = result.as_ref().err().map_or("it is no file".into(), ToString::to_string);
                complain(&listed, &why, outbox);
                self.go_on(numbers, outbox);
            }
            (Step::Writing(_, file), Ok(_)) => return self.ask(file, numbers, outbox),
            (Step::Writing(_, file), Err(error)) => {
                self.give_up(&file, &error.to_string(), numbers, outbox);
            }
            (Step::Closing(_, path), Ok(_)) => {
                self.step = Step::Offering(numbers.ask(DriveAct::Offer(path), outbox));
            }
            // Without a store there is no use in trying further.
            (Step::Folder(_), Err(DriveError::Denied)) => self.left.clear(),
            _ => self.go_on(numbers, outbox),
        }
        None
    }

    /// Begins with the next file.
    fn go_on(&mut self, numbers: &mut Numbers, outbox: &mut Outbox) {
        let Some(listed) = self.left.pop_front() else { return };
        let path = place(&listed);
        if listed.is_directory {
            self.step = Step::Folder(numbers.ask(DriveAct::MakeDirectory(path), outbox));
            return;
        }
        let (wanted, disposition) = (Wanted::File, Disposition::Fresh);
        let act = DriveAct::Open { path, wanted, disposition, write: true };
        self.step = Step::Opening(numbers.ask(act, outbox), listed);
    }

    /// Asks the server for the next piece, or closes a file that is whole.
    fn ask(
        &mut self,
        mut file: File,
        numbers: &mut Numbers,
        outbox: &mut Outbox,
    ) -> Option<Question> {
        let left = file.listed.size.map_or(u64::MAX, |size| size.saturating_sub(file.offset));
        if left == 0 {
            self.close(&file, numbers, outbox);
            return None;
        }
        file.len = u32::try_from(left).unwrap_or(u32::MAX).min(CLIPBOARD_RANGE_BYTES);
        self.stream = self.stream.wrapping_add(1);
        let question = Question {
            stream: self.stream,
            index: file.listed.index,
            flags: ASK_RANGE,
            offset: file.offset,
            len: file.len,
            lock: None,
        };
        self.step = Step::Asking(file);
        Some(question)
    }

    fn close(&mut self, file: &File, numbers: &mut Numbers, outbox: &mut Outbox) {
        let act = DriveAct::Close { file: file.number, remove: None };
        self.step = Step::Closing(numbers.ask(act, outbox), file.place());
    }

    fn give_up(&mut self, file: &File, why: &str, numbers: &mut Numbers, outbox: &mut Outbox) {
        complain(&file.listed, why, outbox);
        discard(file, numbers, outbox);
        self.go_on(numbers, outbox);
    }
}

fn discard(file: &File, numbers: &mut Numbers, outbox: &mut Outbox) {
    let remove = Some(file.place());
    numbers.ask(DriveAct::Close { file: file.number, remove }, outbox);
}

fn complain(listed: &Listed, why: &str, outbox: &mut Outbox) {
    let name = porthole_wire::text(listed.path.as_bytes());
    outbox.event(Event::Notice(format!("{name}, copied on the remote, was left out: {why}")));
}
