//! What the server asks of a device, until it is answered or waits for the session's files.

use bytes::{Bytes, BytesMut};
use porthole_remote::{Disposition, DriveAct, DriveRequest, Wanted};

use super::files::{Listing, OPEN_MAX, Open, Turn};
use super::information::{is_entry_class, of_entry, time_ms};
use super::irp::{Change, Irp, Wish};
use super::jobs::{Asked, Work};
use super::status::Status;
use super::{DOWNLOADS, DRIVE, Devices, PRINTER};
use crate::outbox::Outbox;

/// Most bytes that one request reads. More is answered with less, as at the end of a file.
const READ_MAX_BYTES: usize = 1 << 20;

/// Rights that let a file be written (`[MS-SMB2]` 2.2.13.1.1).
const WRITE_ACCESS: u32 = 0x2 | 0x4 | 0x0200_0000 | 0x1000_0000 | 0x4000_0000;

/// How a file is created (`[MS-SMB2]` 2.2.13).
const DIRECTORY_FILE: u32 = 1;
const NON_DIRECTORY_FILE: u32 = 0x40;
const DELETE_ON_CLOSE: u32 = 0x1000;

/// A file that is being created.
struct Creation {
    path: Result<String, Status>,
    access: u32,
    disposition: u32,
    options: u32,
}

impl Devices {
    /// Answers a request, or begins to.
    pub(super) fn handle_request(&mut self, irp: Irp, outbox: &mut Outbox) {
        let Irp { device, file, completion, wish } = irp;
        let asked = Asked { device, completion, shape: wish.shape() };
        if let Some(open) = self.files.get_mut(&file) {
            open.is_used = true;
        }
        let is_there = match device {
            DRIVE => self.config.drive.is_some(),
            PRINTER => self.config.printer.is_some(),
            _ => false,
        };
        let done = match wish {
            _ if !is_there => Err(Status::NO_SUCH_DEVICE),
            Wish::Create { path, access, disposition, options } => {
                self.create(asked, Creation { path, access, disposition, options }, outbox)
            }
            // Windows takes any answer to these for one.
            Wish::Lock => {
                self.answer(asked, Status::SUCCESS, 0, outbox);
                Ok(())
            }
            Wish::DeviceControl => Err(Status::INVALID_DEVICE_REQUEST),
            // It stays unanswered, for nothing is told of changes; the server takes it back itself.
            Wish::NotifyChange => Ok(()),
            Wish::SetVolume | Wish::Other => Err(Status::NOT_SUPPORTED),
            Wish::QueryVolume { class } if device == DRIVE => {
                self.begin(asked, Work::QueryVolume { class }, DriveAct::Space, outbox)
            }
            wish if self.files.get(&file).is_some_and(|open| open.device == device) => {
                if device == PRINTER {
                    self.ask_printer(asked, file, wish, outbox)
                } else {
                    self.ask_drive(asked, file, wish, outbox)
                }
            }
            _ => Err(Status::INVALID_HANDLE),
        };
        if let Err(status) = done {
            self.refuse(asked, status, outbox);
        }
    }

    /// Says the next of a listing, or fetches more of it first.
    pub(super) fn list(
        &mut self,
        asked: Asked,
        file: u32,
        class: u32,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        let open = self.files.get_mut(&file).ok_or(Status::INVALID_HANDLE)?;
        let path = open.path.clone();
        let turn = open.listing.as_mut().ok_or(Status::INVALID_PARAMETER)?.next();
        match turn {
            Turn::Entry(entry) => {
                let told = of_entry(class, &entry).ok_or(Status::NOT_SUPPORTED)?;
                self.answer_with(asked, &told, outbox);
                Ok(())
            }
            Turn::Fetch(after) => {
                let act = DriveAct::List { path, after };
                self.begin(asked, Work::List { file, class }, act, outbox)
            }
            Turn::Busy => Err(Status::INSUFFICIENT_RESOURCES),
            Turn::End { has_found: true } => Err(Status::NO_MORE_FILES),
            Turn::End { has_found: false } => Err(Status::NO_SUCH_FILE),
        }
    }

    /// Takes a request on, unless there is too much already.
    pub(super) fn begin(
        &mut self,
        asked: Asked,
        work: Work,
        act: DriveAct,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        if !self.jobs.has_room(&work) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        self.start(Some(asked), work, act, outbox);
        Ok(())
    }

    fn create(
        &mut self,
        asked: Asked,
        wanted: Creation,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        let is_full = self.files.len() + self.jobs.opening() >= OPEN_MAX;
        if is_full && !self.close_forgotten(outbox) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        if asked.device == PRINTER {
            let work =
                Work::Open { path: String::new(), write: true, deletes: false, information: 0 };
            let act = DriveAct::OpenJob { title: String::new() };
            return self.begin(asked, work, act, outbox);
        }
        let Creation { path, access, disposition, options } = wanted;
        let path = path?;
        let (disposition, information) = disposition_of(disposition)?;
        // What stands behind a colon would be a stream of the file before it, and be taken for a
        // file of its own. Where such files are already, they can be used.
        let makes = !matches!(disposition, Disposition::Existing | Disposition::Emptied);
        if makes && path.contains(':') {
            return Err(Status::OBJECT_NAME_INVALID);
        }
        let wanted = match (options & DIRECTORY_FILE, options & NON_DIRECTORY_FILE) {
            (0, 0) => Wanted::Any,
            (0, _) => Wanted::File,
            (_, 0) => Wanted::Directory,
            _ => return Err(Status::INVALID_PARAMETER),
        };
        let write = access & WRITE_ACCESS != 0;
        let deletes = options & DELETE_ON_CLOSE != 0;
        let work = Work::Open { path: path.clone(), write, deletes, information };
        let act = DriveAct::Open { path, wanted, disposition, write };
        self.begin(asked, work, act, outbox)
    }

    /// Closes the oldest directory that was opened and never used: xrdp makes directories so, and
    /// never closes them. Whether there was one.
    fn close_forgotten(&mut self, outbox: &mut Outbox) -> bool {
        let is_forgotten = |open: &Open| open.is_directory && !open.is_used && !open.deletes;
        let forgotten = self.files.iter().filter(|(_, open)| is_forgotten(open));
        let Some(file) = forgotten.map(|(file, _)| *file).min() else { return false };
        self.files.remove(&file);
        self.close(file, None, outbox);
        true
    }

    fn ask_printer(
        &mut self,
        asked: Asked,
        file: u32,
        wish: Wish,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        match wish {
            // A job has no places in it: what comes, follows what came.
            Wish::Write { data, .. } => {
                let open = self.files.get_mut(&file).ok_or(Status::INVALID_HANDLE)?;
                let offset = open.job_len;
                let after = offset.saturating_add(data.len() as u64);
                self.write(asked, file, offset, data, outbox)?;
                if let Some(open) = self.files.get_mut(&file) {
                    open.job_len = after;
                }
                Ok(())
            }
            Wish::Close => {
                self.files.remove(&file);
                let act = DriveAct::Close { file, remove: None };
                self.start(Some(asked), Work::Close { offer: None }, act, outbox);
                Ok(())
            }
            _ => Err(Status::NOT_SUPPORTED),
        }
    }

    fn ask_drive(
        &mut self,
        asked: Asked,
        file: u32,
        wish: Wish,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        let open = self.files.get_mut(&file).ok_or(Status::INVALID_HANDLE)?;
        match wish {
            Wish::Close => {
                let offer = open.path.strip_prefix(DOWNLOADS).is_some_and(|at| at.starts_with('/'))
                    && open.is_written
                    && !open.deletes
                    && self.config.drive.as_ref().is_some_and(|drive| drive.offers);
                let path = std::mem::take(&mut open.path);
                let (remove, offer) = (open.deletes.then(|| path.clone()), offer.then_some(path));
                self.files.remove(&file);
                let act = DriveAct::Close { file, remove };
                // Closing is never refused, or the file would stay open.
                self.start(Some(asked), Work::Close { offer }, act, outbox);
                Ok(())
            }
            Wish::Read { .. } | Wish::Write { .. } if open.is_directory => {
                Err(Status::FILE_IS_A_DIRECTORY)
            }
            Wish::Read { offset, len } => {
                let left = usize::try_from(len).unwrap_or(usize::MAX).min(READ_MAX_BYTES);
                let len = left.min(DriveRequest::DATA_MAX_BYTES);
                let work = Work::Read { file, offset, left, data: BytesMut::new() };
                self.begin(asked, work, DriveAct::Read { file, offset, len }, outbox)
            }
            Wish::Write { .. } if !open.write => Err(Status::ACCESS_DENIED),
            Wish::Write { offset, data } => {
                open.is_written = true;
                self.write(asked, file, offset, data, outbox)
            }
            Wish::QueryInformation { class } => {
                let act = DriveAct::Stat(open.path.clone());
                let is_deleted = open.deletes;
                self.begin(asked, Work::QueryFile { class, is_deleted }, act, outbox)
            }
            Wish::SetInformation { len, change } => self.change(asked, file, len, change, outbox),
            Wish::QueryDirectory { .. } if !open.is_directory => Err(Status::NOT_A_DIRECTORY),
            Wish::QueryDirectory { class, .. } if !is_entry_class(class) => {
                Err(Status::NOT_SUPPORTED)
            }
            Wish::QueryDirectory { class, pattern } => {
                if let Some(pattern) = pattern {
                    open.listing = Some(Listing::new(pattern?));
                }
                self.list(asked, file, class, outbox)
            }
            _ => Err(Status::NOT_SUPPORTED),
        }
    }

    fn write(
        &mut self,
        asked: Asked,
        file: u32,
        offset: u64,
        mut data: Bytes,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        let len = u32::try_from(data.len()).map_err(|_long| Status::INVALID_PARAMETER)?;
        let first = data.split_to(data.len().min(DriveRequest::DATA_MAX_BYTES));
        let work = Work::Write {
            file,
            offset: offset.saturating_add(first.len() as u64),
            rest: data,
            len,
        };
        self.begin(asked, work, DriveAct::Write { file, offset, data: first }, outbox)
    }

    fn change(
        &mut self,
        asked: Asked,
        file: u32,
        len: u32,
        change: Change,
        outbox: &mut Outbox,
    ) -> Result<(), Status> {
        let open = self.files.get_mut(&file).ok_or(Status::INVALID_HANDLE)?;
        let path = open.path.clone();
        let act = match change {
            Change::LastWrite(time) => match time_ms(time) {
                Some(modified_ms) => DriveAct::SetModified { path, modified_ms },
                None => return self.done(asked, len, outbox),
            },
            Change::Len(_) | Change::Allocation(_) if open.is_directory => {
                return Err(Status::FILE_IS_A_DIRECTORY);
            }
            Change::Len(_) | Change::Allocation(0) if !open.write => {
                return Err(Status::ACCESS_DENIED);
            }
            Change::Len(len) => {
                open.is_written = true;
                DriveAct::SetLen { file, len }
            }
            Change::Allocation(0) => DriveAct::SetLen { file, len: 0 },
            // Room is not kept for anybody.
            Change::Allocation(_) => return self.done(asked, len, outbox),
            Change::Delete(true) if path.is_empty() => return Err(Status::ACCESS_DENIED),
            Change::Delete(true) if open.is_directory => {
                let act = DriveAct::List { path, after: None };
                return self.begin(asked, Work::Delete { file, len }, act, outbox);
            }
            Change::Delete(deletes) => {
                open.deletes = deletes;
                return self.done(asked, len, outbox);
            }
            Change::Rename { replace, to } => {
                let to = to?;
                if to.contains(':') {
                    return Err(Status::OBJECT_NAME_INVALID);
                }
                let work = Work::Rename { from: path.clone(), to: to.clone(), len };
                return self.begin(
                    asked,
                    work,
                    DriveAct::Rename { from: path, to, replace },
                    outbox,
                );
            }
            Change::Other => return Err(Status::NOT_SUPPORTED),
        };
        self.begin(asked, Work::Set { len }, act, outbox)
    }

    /// Answers that something was set.
    #[expect(clippy::unnecessary_wraps, reason = "it ends requests that may be refused instead")]
    fn done(&self, asked: Asked, len: u32, outbox: &mut Outbox) -> Result<(), Status> {
        self.answer(asked, Status::SUCCESS, len, outbox);
        Ok(())
    }

    /// A file that was opened for the server.
    pub(super) fn opened(device: u32, path: String, is_directory: bool, write: bool) -> Open {
        Open {
            device,
            path,
            is_directory,
            is_used: false,
            write,
            is_written: false,
            deletes: false,
            job_len: 0,
            listing: None,
        }
    }
}

/// What is to be done, and how the answer says that it was.
const fn disposition_of(disposition: u32) -> Result<(Disposition, u8), Status> {
    Ok(match disposition {
        0 => (Disposition::Fresh, 0),
        1 => (Disposition::Existing, 0),
        2 => (Disposition::New, 0),
        3 => (Disposition::Either, 1),
        4 => (Disposition::Emptied, 0),
        5 => (Disposition::Fresh, 3),
        _ => return Err(Status::INVALID_PARAMETER),
    })
}
