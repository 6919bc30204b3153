//! The channel of devices (`[MS-RDPEFS]`, `[MS-RDPEPC]`): a drive, which is the session's files, and a
//! printer.
//!
//! In: messages of the server's and what came of its requests. Out: answers, and
//! [`porthole_remote::DriveRequest`]s: nothing here touches a disk. Every request is answered once;
//! what it may hold until then, and how many there may be, is bounded.

mod alone;
mod files;
mod information;
mod irp;
mod jobs;
mod names;
mod pdu;
mod replies;
mod requests;
mod status;

use std::collections::HashMap;

use bytes::Bytes;
use porthole_remote::{DriveAct, DriveReply, Event};
use porthole_wire::Reader;

pub use self::alone::{DeviceChannel, DeviceOutput};

use self::files::Open;
use self::jobs::{Asked, Job, Jobs, Work};
use self::pdu::packet;
use self::status::Status;
use crate::RdpError;
use crate::channels::{Channel, Chunk};
use crate::config::DeviceConfig;
use crate::limits::DEVICE_MESSAGE_MAX_BYTES;
use crate::mcs::User;
use crate::outbox::Outbox;

/// The devices' numbers.
const DRIVE: u32 = 1;
const PRINTER: u32 = 2;

/// The folder from which viewers are offered what was put there.
const DOWNLOADS: &str = "Download";

const SHORT: RdpError = RdpError::Short { message: "device redirection PDU" };

/// How far the beginning has got. Devices are announced once the server has confirmed our number and
/// somebody has logged on, which servers may say early (xrdp does, before its capabilities), late, or
/// not at all.
#[derive(Debug, Default)]
struct Progress {
    is_confirmed: bool,
    /// The server will say when somebody has logged on.
    tells_log_on: bool,
    has_logged_on: bool,
    is_announced: bool,
}

impl Progress {
    const fn is_due(&self) -> bool {
        self.is_confirmed && !self.is_announced && (self.has_logged_on || !self.tells_log_on)
    }
}

/// The client's side of the channel.
#[derive(Debug)]
pub(crate) struct Devices {
    channel: Channel,
    config: DeviceConfig,
    /// Our name.
    computer: String,
    progress: Progress,
    files: HashMap<u32, Open>,
    jobs: Jobs,
}

impl Devices {
    pub(crate) fn new(user: User, id: u16, config: &DeviceConfig, computer: &str) -> Self {
        Self {
            channel: Channel::new(user, id, DEVICE_MESSAGE_MAX_BYTES),
            config: config.clone(),
            computer: computer.to_owned(),
            progress: Progress::default(),
            files: HashMap::new(),
            jobs: Jobs::default(),
        }
    }

    /// Whether what comes on channel `id` is for us.
    pub(crate) const fn is_on(&self, id: u16) -> bool {
        self.channel.is_on(id)
    }

    /// Takes a chunk of the channel.
    ///
    /// # Errors
    ///
    /// It breaks its format, or is part of a message that is too long.
    pub(crate) fn receive(&mut self, chunk: &[u8], outbox: &mut Outbox) -> Result<(), RdpError> {
        match self.channel.receive(chunk)? {
            Chunk::Part => Ok(()),
            Chunk::TooLong(len) => {
                RdpError::check_limit("device redirection PDU", len, DEVICE_MESSAGE_MAX_BYTES)
            }
            Chunk::Whole(message) => self.handle(&message.into(), outbox),
        }
    }

    fn handle(&mut self, message: &Bytes, outbox: &mut Outbox) -> Result<(), RdpError> {
        let mut input = Reader::new(message);
        let component = input.u16_le().ok_or(SHORT)?;
        let packet = input.u16_le().ok_or(SHORT)?;
        let body = input.take_rest();
        if component != pdu::CORE {
            // A printer's settings to keep for another time. There is none.
            return Ok(());
        }
        match packet {
            packet::SERVER_ANNOUNCE => {
                self.reset(outbox);
                for answer in pdu::introduction(body, &self.computer)? {
                    self.put(&answer, outbox);
                }
            }
            packet::SERVER_CAPABILITY => {
                self.progress.tells_log_on = pdu::tells_log_on(body)?;
                self.put(&pdu::capabilities(), outbox);
            }
            packet::CLIENT_ID_CONFIRM => self.progress.is_confirmed = true,
            packet::USER_LOGGED_ON => self.progress.has_logged_on = true,
            packet::DEVICE_REPLY => {
                let (device, status) = pdu::device_reply(body)?;
                if status != Status::SUCCESS {
                    let what = if device == PRINTER { "printer" } else { "drive" };
                    let words = format!("the remote does not take the {what}");
                    outbox.event(Event::Notice(words));
                }
            }
            packet::IO_REQUEST => self.handle_request(irp::read(message, body)?, outbox),
            _ => {}
        }
        if self.progress.is_due() {
            self.progress.is_announced = true;
            self.announce(outbox);
        }
        Ok(())
    }

    /// What came of a request, unless it is somebody else's.
    pub(crate) fn handle_reply(&mut self, reply: DriveReply, outbox: &mut Outbox) {
        let DriveReply { number, result } = reply;
        if let Some(Job { asked, work }) = self.jobs.take(number, outbox) {
            match asked {
                Some(asked) => self.finish(number, asked, work, result, outbox),
                // Nobody knows of it any more.
                None if matches!(work, Work::Open { .. }) && result.is_ok() => {
                    self.close(number, None, outbox);
                }
                None => {}
            }
        }
    }

    /// The server begins anew, as when another user logs on: it has nothing open.
    fn reset(&mut self, outbox: &mut Outbox) {
        self.progress = Progress::default();
        self.jobs.forget();
        let open: Vec<u32> = self.files.drain().map(|(file, _)| file).collect();
        for file in open {
            self.close(file, None, outbox);
        }
    }

    fn announce(&mut self, outbox: &mut Outbox) {
        let mut devices = Vec::new();
        if let Some(drive) = &self.config.drive {
            devices.push(pdu::drive(DRIVE, &drive.name));
            let work = Work::Set { len: 0 };
            // A server that begins anew again and again gets no queue of these.
            if drive.offers && self.jobs.has_room(&work) {
                self.start(None, work, downloads(), outbox);
            }
        }
        if let Some(printer) = &self.config.printer {
            devices.push(pdu::printer(PRINTER, printer));
        }
        self.put(&pdu::device_list(&devices), outbox);
    }

    /// Closes what nobody waits for.
    fn close(&mut self, file: u32, remove: Option<String>, outbox: &mut Outbox) {
        let act = DriveAct::Close { file, remove };
        self.start(None, Work::Close { offer: None }, act, outbox);
    }

    fn start(&mut self, asked: Option<Asked>, work: Work, act: DriveAct, outbox: &mut Outbox) {
        let files = &self.files;
        self.jobs.start(Job { asked, work }, act, |number| files.contains_key(&number), outbox);
    }

    /// Answers without content.
    fn answer(&self, asked: Asked, status: Status, len: u32, outbox: &mut Outbox) {
        let Asked { device, completion, shape } = asked;
        let message = pdu::plain_completion(device, completion, status, shape, len);
        self.put(&message, outbox);
    }

    fn refuse(&self, asked: Asked, status: impl Into<Status>, outbox: &mut Outbox) {
        self.answer(asked, status.into(), 0, outbox);
    }

    /// Answers with a length and as many bytes.
    fn answer_with(&self, asked: Asked, content: &[u8], outbox: &mut Outbox) {
        let mut message = pdu::completion(asked.device, asked.completion, Status::SUCCESS);
        let len = u32::try_from(content.len()).unwrap_or(u32::MAX);
        message.extend_from_slice(&len.to_le_bytes());
        message.extend_from_slice(content);
        self.put(&message, outbox);
    }

    fn put(&self, message: &[u8], outbox: &mut Outbox) {
        self.channel.put(message, outbox.bytes());
    }
}

fn downloads() -> DriveAct {
    DriveAct::MakeDirectory(DOWNLOADS.to_owned())
}

#[cfg(test)]
#[path = "devices/tests.rs"]
mod tests;
