//! What came of a request about the session's files, and what the server is told of it.

use bytes::BufMut;
use porthole_remote::{DriveAct, DriveDone, DriveError, DriveRequest};

use super::Devices;
use super::files::follow;
use super::information::{of_file, of_volume};
use super::jobs::{Asked, Job, Work};
use super::pdu;
use super::status::Status;
use crate::outbox::Outbox;

impl Devices {
    /// Answers the server, or goes on until it can be answered.
    pub(super) fn finish(
        &mut self,
        number: u32,
        asked: Asked,
        work: Work,
        result: Result<DriveDone, DriveError>,
        outbox: &mut Outbox,
    ) {
        // A listing that failed may be asked for again.
        if let (Work::List { file, .. }, Err(_)) = (&work, &result)
            && let Some(open) = self.files.get_mut(file)
        {
            open.listing = None;
        }
        let done = match result {
            Ok(done) => self.go_on(number, asked, work, done, outbox),
            // What is closed stays closed; but what should be gone is still there.
            Err(error) => Err(error.into()),
        };
        if let Err(status) = done {
            self.refuse(asked, status, outbox);
        }
    }

    fn go_on(
        &mut self,
        number: u32,
        asked: Asked,
        work: Work,
        done: DriveDone,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        match (work, done) {
            (Work::Open { path, write, deletes, information }, DriveDone::Opened(entry)) => {
                let mut open = Self::opened(asked.device, path, entry.is_directory, write);
                open.deletes = deletes;
                self.files.insert(number, open);
                let mut message = pdu::completion(asked.device, asked.completion, Status::SUCCESS);
                message.put_u32_le(number);
                message.put_u8(information);
                self.put(&message, outbox);
            }
            (work @ Work::Read { .. }, DriveDone::Data(piece)) => {
                self.read_on(number, asked, work, &piece, outbox);
            }
            (Work::Write { file, offset, mut rest, len }, DriveDone::Done) => {
                if rest.is_empty() {
                    self.answer(asked, Status::SUCCESS, len, outbox);
                } else {
                    let data = rest.split_to(rest.len().min(DriveRequest::DATA_MAX_BYTES));
                    let next = offset.saturating_add(data.len() as u64);
                    let work = Work::Write { file, offset: next, rest, len };
                    let act = DriveAct::Write { file, offset, data };
                    self.jobs.go_on(number, Job { asked: Some(asked), work }, act, outbox);
                }
            }
            (Work::Close { offer }, DriveDone::Done) => {
                self.answer(asked, Status::SUCCESS, 0, outbox);
                if let Some(path) = offer {
                    self.start(None, Work::Set { len: 0 }, DriveAct::Offer(path), outbox);
                }
            }
            (Work::QueryFile { class, is_deleted }, DriveDone::Entry(entry)) => {
                let told = of_file(class, &entry, is_deleted).ok_or(Status::NOT_SUPPORTED)?;
                self.answer_with(asked, &told, outbox);
            }
            (Work::QueryVolume { class }, DriveDone::Space { free_bytes, total_bytes }) => {
                let label = self.config.drive.as_ref().map_or("", |drive| &drive.name);
                let told = of_volume(class, label, free_bytes, total_bytes);
                self.answer_with(asked, &told.ok_or(Status::NOT_SUPPORTED)?, outbox);
            }
            (Work::List { file, class }, DriveDone::Page { entries, more }) => {
                let open = self.files.get_mut(&file).ok_or(Status::INVALID_HANDLE)?;
                // It may have begun anew meanwhile; then this page is part of nothing.
                let listing = open.listing.as_mut().ok_or(Status::INVALID_PARAMETER)?;
                listing.add(entries, more);
                return self.list(asked, file, class, outbox);
            }
            (Work::Delete { file, len }, DriveDone::Page { entries, .. }) => {
                if !entries.is_empty() {
                    return Err(Status::DIRECTORY_NOT_EMPTY);
                }
                let open = self.files.get_mut(&file).ok_or(Status::INVALID_HANDLE)?;
                open.deletes = true;
                self.answer(asked, Status::SUCCESS, len, outbox);
            }
            (Work::Rename { from, to, len }, DriveDone::Done) => {
                follow(&mut self.files, &from, &to);
                self.answer(asked, Status::SUCCESS, len, outbox);
            }
            (Work::Set { len }, DriveDone::Done) => {
                self.answer(asked, Status::SUCCESS, len, outbox);
            }
            // An answer to another question.
            _ => return Err(Status::UNSUCCESSFUL),
        }
        Ok(())
    }

    /// A piece of a file has been read.
    fn read_on(
        &mut self,
        number: u32,
        asked: Asked,
        work: Work,
        piece: &[u8],
        outbox: &mut Outbox,
    ) {
        let Work::Read { file, offset, left, mut data } = work else { return };
        let wanted = left.min(DriveRequest::DATA_MAX_BYTES);
        let piece = piece.get(..wanted).unwrap_or(piece);
        let left = left - piece.len();
        // Less than was asked for is the end of the file.
        if left == 0 || piece.len() < wanted {
            if data.is_empty() {
                self.answer_with(asked, piece, outbox);
            } else {
                data.put_slice(piece);
                self.answer_with(asked, &data, outbox);
            }
            return;
        }
        data.put_slice(piece);
        let offset = offset.saturating_add(piece.len() as u64);
        let len = left.min(DriveRequest::DATA_MAX_BYTES);
        let work = Work::Read { file, offset, left, data };
        let act = DriveAct::Read { file, offset, len };
        self.jobs.go_on(number, Job { asked: Some(asked), work }, act, outbox);
    }
}
