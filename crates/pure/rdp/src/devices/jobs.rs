//! Requests of the server's that wait for the session's files.

use std::collections::{HashMap, VecDeque};

use bytes::{Bytes, BytesMut};
use porthole_remote::{DriveAct, DriveRequest, Event};

use super::irp::Shape;
use crate::outbox::Outbox;

/// Requests that may be under way at a time. What else has files to ask for has the rest of
/// [`DriveRequest::UNDER_WAY_MAX`].
const UNDER_WAY_MAX: usize = 40;

/// Requests that may wait, those under way among them.
const JOBS_MAX: usize = 256;

/// Bytes that waiting writes may hold, and waiting reads may come to.
const BYTES_MAX: usize = 16 << 20;

/// Numbers below this are ours.
const NUMBERS_END: u32 = 1 << 31;

/// Whom to answer, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) device: u32,
    pub(super) completion: u32,
    pub(super) shape: Shape,
}

/// What is being done for the server.
#[derive(Debug)]
pub(super) struct Job {
    /// `None`: nobody waits for it.
    pub(super) asked: Option<Asked>,
    pub(super) work: Work,
}

/// What is under way, and what is still to come of it.
#[derive(Debug)]
pub(super) enum Work {
    Open {
        path: String,
        write: bool,
        deletes: bool,
        information: u8,
    },
    Read {
        file: u32,
        offset: u64,
        left: usize,
        data: BytesMut,
    },
    Write {
        file: u32,
        offset: u64,
        rest: Bytes,
        len: u32,
    },
    /// A file was closed; it may be one to offer.
    Close {
        offer: Option<String>,
    },
    QueryFile {
        class: u32,
        is_deleted: bool,
    },
    QueryVolume {
        class: u32,
    },
    /// A page of a listing.
    List {
        file: u32,
        class: u32,
    },
    /// A directory is to be deleted if it is empty.
    Delete {
        file: u32,
        len: u32,
    },
    Rename {
        from: String,
        to: String,
        len: u32,
    },
    /// Anything that is over with its answer.
    Set {
        len: u32,
    },
}

impl Work {
    /// What it may hold in memory until it is done.
    fn bytes(&self) -> usize {
        match self {
            Self::Read { left, data, .. } => left + data.len(),
            Self::Write { rest, .. } => rest.len(),
            _ => 0,
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    next: u32,
    by_number: HashMap<u32, Job>,
    waiting: VecDeque<DriveRequest>,
    under_way: usize,
    bytes: usize,
}

impl Jobs {
    /// Whether `work` can be taken on.
    pub(super) fn has_room(&self, work: &Work) -> bool {
        self.by_number.len() < JOBS_MAX && self.bytes.saturating_add(work.bytes()) <= BYTES_MAX
    }

    /// How many files are being opened.
    pub(super) fn opening(&self) -> usize {
        self.by_number.values().filter(|job| matches!(job.work, Work::Open { .. })).count()
    }

    /// Takes a job on; `is_taken` says which numbers have files open.
    pub(super) fn start(
        &mut self,
        job: Job,
        act: DriveAct,
        is_taken: impl Fn(u32) -> bool,
        outbox: &mut Outbox,
    ) {
        // One of a few hundred numbers is free at most.
        loop {
            self.next = (self.next + 1) % NUMBERS_END;
            if !self.by_number.contains_key(&self.next) && !is_taken(self.next) {
                break;
            }
        }
        let number = self.next;
        self.bytes = self.bytes.saturating_add(job.work.bytes());
        self.by_number.insert(number, job);
        self.waiting.push_back(DriveRequest { number, act });
        self.send(outbox);
    }

    /// An answer has come: what it is for, if it is for us and somebody waits.
    pub(super) fn take(&mut self, number: u32, outbox: &mut Outbox) -> Option<Job> {
        let job = self.by_number.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(job.work.bytes());
        self.under_way = self.under_way.saturating_sub(1);
        self.send(outbox);
        Some(job)
    }

    /// Goes on with a job that was taken, under the number that it had.
    pub(super) fn go_on(&mut self, number: u32, job: Job, act: DriveAct, outbox: &mut Outbox) {
        self.bytes = self.bytes.saturating_add(job.work.bytes());
        self.by_number.insert(number, job);
        self.waiting.push_front(DriveRequest { number, act });
        self.send(outbox);
    }

    /// The server waits for nothing any more. What is under way still comes, and is passed over.
    pub(super) fn forget(&mut self) {
        for job in self.by_number.values_mut() {
            job.asked = None;
        }
    }

    fn send(&mut self, outbox: &mut Outbox) {
        while self.under_way < UNDER_WAY_MAX
            && let Some(request) = self.waiting.pop_front()
        {
            self.under_way += 1;
            outbox.event(Event::Drive(request));
        }
    }
}
