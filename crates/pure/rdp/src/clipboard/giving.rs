//! Files that a viewer copied: announced by name and length, and read from the session's store when
//! the server asks for pieces of them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BufMut;
use porthole_remote::{Disposition, DriveAct, DriveDone, DriveReply, DriveRequest, Wanted};

use super::files::{ASK_SIZE, Numbers, Question, write_list};
use crate::limits::{
    CLIPBOARD_FILES_MAX, CLIPBOARD_LOCKS_MAX, CLIPBOARD_PIECE_MAX_BYTES, CLIPBOARD_QUESTIONS_MAX,
};
use crate::outbox::Outbox;

/// What can be had.
#[derive(Debug, Default)]
pub(super) struct Giving {
    files: Arc<Vec<Given>>,
    /// Lists that the server has locked, by its numbers.
    locked: VecDeque<(u32, Arc<Vec<Given>>)>,
    waiting: VecDeque<Piece>,
    step: Step,
}

#[derive(Debug, Clone)]
struct Given {
    path: String,
    size: u64,
}

impl Given {
    /// The folder and the name.
    fn parts(&self) -> (&str, &str) {
        self.path.rsplit_once('/').unwrap_or(("", &self.path))
    }
}

/// A piece of a file that the server wants.
#[derive(Debug)]
struct Piece {
    stream: u32,
    path: String,
    offset: u64,
    len: usize,
    data: Vec<u8>,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    Rest,
    Opening(u32, Piece),
    Reading {
        number: u32,
        file: u32,
        piece: Piece,
    },
}

/// An answer to the server: to which question, and what; `None`: it cannot be had.
pub(super) type Answer = (u32, Option<Vec<u8>>);

impl Giving {
    /// A viewer copied a file. Another folder than the last one's begins a list.
    pub(super) fn add(&mut self, path: String, size: u64) {
        let given = Given { path, size };
        let is_same = |last: &Given| last.parts().0 == given.parts().0;
        if !self.files.last().is_some_and(is_same) {
            self.clear();
        }
        let files = Arc::make_mut(&mut self.files);
        files.retain(|it| it.path != given.path);
        if files.len() < CLIPBOARD_FILES_MAX {
            files.push(given);
        }
    }

    /// Something else is on the clipboard. Locked lists stay.
    pub(super) fn clear(&mut self) {
        self.files = Arc::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The list, as the server gets it.
    pub(super) fn list(&self) -> Vec<u8> {
        write_list(self.files.iter().map(|given| (given.parts().1, given.size)))
    }

    /// The server wants to go on with the list as it is, whatever comes after it.
    pub(super) fn lock(&mut self, id: u32) {
        self.unlock(id);
        if self.locked.len() == CLIPBOARD_LOCKS_MAX {
            self.locked.pop_front();
        }
        self.locked.push_back((id, Arc::clone(&self.files)));
    }

    /// It does no more.
    pub(super) fn unlock(&mut self, id: u32) {
        self.locked.retain(|(known, _)| *known != id);
    }

    /// The server asks. The answer, if it can be given at once.
    pub(super) fn handle_question(
        &mut self,
        question: Question,
        numbers: &mut Numbers,
        outbox: &mut Outbox,
    ) -> Option<Answer> {
        let Question { stream, index, flags, offset, len, lock } = question;
        let locked = self.locked.iter().find(|(id, _)| Some(*id) == lock);
        let files = locked.map_or(&self.files, |(_, files)| files);
        let given = usize::try_from(index).ok().and_then(|index| files.get(index));
        let Some(given) = given.filter(|_| self.waiting.len() < CLIPBOARD_QUESTIONS_MAX) else {
            return Some((stream, None));
        };
        if flags & ASK_SIZE != 0 {
            return Some((stream, Some(given.size.to_le_bytes().to_vec())));
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(CLIPBOARD_PIECE_MAX_BYTES);
        let path = given.path.clone();
        self.waiting.push_back(Piece { stream, path, offset, len, data: Vec::new() });
        self.go_on(numbers, outbox);
        None
    }

    /// The store answers a request. The answer to the server, once it is there.
    pub(super) fn handle_reply(
        &mut self,
        reply: &DriveReply,
        numbers: &mut Numbers,
        outbox: &mut Outbox,
    ) -> Option<Answer> {
        let waits_for = match &self.step {
            Step::Rest => return None,
            Step::Opening(number, _) | Step::Reading { number, .. } => *number,
        };
        if waits_for != reply.number {
            return None;
        }
        let answer = match (std::mem::take(&mut self.step), &reply.result) {
            (Step::Opening(file, piece), Ok(_)) => {
                self.read(file, piece, numbers, outbox);
                return None;
            }
            (Step::Reading { file, mut piece, .. }, Ok(DriveDone::Data(data))) => {
                piece.data.put_slice(data);
                if !data.is_empty() && piece.data.len() < piece.len {
                    self.read(file, piece, numbers, outbox);
                    return None;
                }
                numbers.ask(DriveAct::Close { file, remove: None }, outbox);
                piece.data.truncate(piece.len);
                (piece.stream, Some(piece.data))
            }
            (Step::Reading { file, piece, .. }, _) => {
                numbers.ask(DriveAct::Close { file, remove: None }, outbox);
                (piece.stream, None)
            }
            (Step::Opening(_, piece), Err(_)) => (piece.stream, None),
            (Step::Rest, _) => return None,
        };
        self.go_on(numbers, outbox);
        Some(answer)
    }

    /// Begins with the next piece. Its file is opened for it alone: servers ask for large pieces.
    fn go_on(&mut self, numbers: &mut Numbers, outbox: &mut Outbox) {
        if !matches!(self.step, Step::Rest) {
            return;
        }
        let Some(piece) = self.waiting.pop_front() else { return };
        let act = DriveAct::Open {
            path: piece.path.clone(),
            wanted: Wanted::File,
            disposition: Disposition::Existing,
            write: false,
        };
        self.step = Step::Opening(numbers.ask(act, outbox), piece);
    }

    fn read(&mut self, file: u32, piece: Piece, numbers: &mut Numbers, outbox: &mut Outbox) {
        let offset = piece.offset.saturating_add(piece.data.len() as u64);
        let len = piece.len.saturating_sub(piece.data.len()).min(DriveRequest::DATA_MAX_BYTES);
        let number = numbers.ask(DriveAct::Read { file, offset, len }, outbox);
        self.step = Step::Reading { number, file, piece };
    }
}
