//! The channel of devices (`[MS-RDPEFS]`, `[MS-RDPEPC]`): a drive, which is the session's files, and a
//! printer.
//!
//! In: messages of the server's and what came of its requests. Out: answers, and
//! [`porthole_remote::DriveRequest`]s: nothing here touches a disk. Every request is answered once;
//! what it may hold until then, and how many there may be, is bounded.

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

/// The client's side of the channel.
#[derive(Debug)]
pub(crate) struct Devices {
    channel: Channel,
    config: DeviceConfig,
    /// Our name.
    computer: String,
    /// The server will say when somebody has logged on; until then it has no use for devices.
    tells_log_on: bool,
    files: HashMap<u32, Open>,
    jobs: Jobs,
}

impl Devices {
    pub(crate) fn new(user: User, id: u16, config: &DeviceConfig, computer: &str) -> Self {
        Self {
            channel: Channel::new(user, id, DEVICE_MESSAGE_MAX_BYTES),
            config: config.clone(),
            computer: computer.to_owned(),
            tells_log_on: false,
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
                self.tells_log_on = pdu::tells_log_on(body)?;
                self.put(&pdu::capabilities(), outbox);
            }
            packet::CLIENT_ID_CONFIRM if !self.tells_log_on => self.announce(outbox),
            packet::USER_LOGGED_ON if self.tells_log_on => self.announce(outbox),
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
        self.tells_log_on = false;
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
            if drive.offers {
                self.start(None, Work::Set { len: 0 }, downloads(), outbox);
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
