//! A server that is scripted, and what it says about files.

use bytes::BufMut;
use porthole_remote::{
    Disposition, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Event,
    Output, Wanted,
};

use super::super::names::utf16;
use super::super::status::Status;
use super::super::{DRIVE, Devices};
use crate::RdpError;
use crate::config::{DeviceConfig, DriveConfig};
use crate::mcs::User;
use crate::outbox::Outbox;

pub(super) const CREATE: u32 = 0;
pub(super) const CLOSE: u32 = 2;
pub(super) const READ: u32 = 3;
pub(super) const WRITE: u32 = 4;
pub(super) const QUERY_INFORMATION: u32 = 5;
pub(super) const SET_INFORMATION: u32 = 6;
pub(super) const QUERY_VOLUME: u32 = 0xa;
pub(super) const DIRECTORY: u32 = 0xc;

pub(super) struct Stage {
    pub(super) devices: Devices,
    pub(super) outbox: Outbox,
    pub(super) requests: Vec<DriveRequest>,
    pub(super) completion: u32,
}

/// What the server is told.
pub(super) type Told = Vec<Vec<u8>>;

impl Stage {
    pub(super) fn new(drive: bool, printer: bool) -> Self {
        let config = DeviceConfig {
            drive: drive.then(|| DriveConfig { name: "Porthole".into(), offers: true }),
            printer: printer.then(|| "Paper".to_owned()),
            without_any: true,
        };
        let user = User { id: 1002, io_channel: 1003 };
        let devices = Devices::new(user, 1005, &config, "ADA");
        Self { devices, outbox: Outbox::default(), requests: Vec::new(), completion: 0 }
    }

    pub(super) fn hear(&mut self, message: &[u8]) -> Result<Told, RdpError> {
        let len = u32::try_from(message.len()).unwrap();
        let chunk = [&len.to_le_bytes()[..], &3_u32.to_le_bytes(), message].concat();
        self.devices.receive(&chunk, &mut self.outbox)?;
        Ok(self.drain())
    }

    pub(super) fn drain(&mut self) -> Told {
        let mut told: Told = Vec::new();
        let mut whole = Vec::new();
        while let Some(output) = self.outbox.take() {
            match output {
                Output::Send(mut bytes) => {
                    while let Some((_, len)) = crate::framing::whole_frame(&bytes).unwrap() {
                        // Fifteen bytes of packet headers and eight of the chunk's.
                        let (frame, at) = (bytes.split_to(len), 15);
                        let flags = frame[at + 4];
                        whole.extend_from_slice(&frame[at + 8..]);
                        if flags & 2 != 0 {
                            told.push(std::mem::take(&mut whole));
                        }
                    }
                }
                Output::Event(Event::Drive(request)) => self.requests.push(request),
                Output::Event(Event::Notice(words)) => told.push(words.into_bytes()),
                other => panic!("{other:?}"),
            }
        }
        told
    }

    /// The store answers the oldest request, which must be `act`.
    pub(super) fn store(&mut self, act: &DriveAct, result: Result<DriveDone, DriveError>) -> Told {
        let request = self.requests.remove(0);
        assert_eq!(&request.act, act);
        let reply = DriveReply { number: request.number, result };
        self.devices.handle_reply(reply, &mut self.outbox);
        self.drain()
    }

    pub(super) fn request(
        &mut self,
        device: u32,
        file: u32,
        major: u32,
        minor: u32,
        body: &[u8],
    ) -> Told {
        self.completion += 1;
        let mut message = vec![0x72, 0x44, 0x52, 0x49];
        for field in [device, file, self.completion, major, minor] {
            message.put_u32_le(field);
        }
        message.put_slice(body);
        self.hear(&message).unwrap()
    }

    /// The status and the rest of the one answer to the last request.
    pub(super) fn answer(&self, told: &Told) -> (Status, Vec<u8>) {
        assert_eq!(told.len(), 1, "{told:?}");
        let head = &told[0];
        assert_eq!(head[..4], [0x72, 0x44, 0x43, 0x49]);
        assert_eq!(head[8..12], self.completion.to_le_bytes());
        (Status(u32::from_le_bytes(head[12..16].try_into().unwrap())), head[16..].to_vec())
    }

    pub(super) fn announce(&mut self) -> Told {
        self.hear(&[0x72, 0x44, 0x6e, 0x49, 1, 0, 13, 0, 7, 0, 0, 0]).unwrap();
        self.hear(&[0x72, 0x44, 0x43, 0x43, 1, 0, 13, 0, 7, 0, 0, 0]).unwrap()
    }

    pub(super) fn create(&mut self, path: &str, disposition: u32, options: u32) -> Told {
        self.request(DRIVE, 0, CREATE, 0, &create(path, disposition, options))
    }

    /// Opens what is there, and tells the file's number.
    pub(super) fn open(&mut self, path: &str, is_directory: bool) -> u32 {
        self.create(&format!("\\{path}"), 1, 0);
        let act = DriveAct::Open {
            path: path.replace('\\', "/"),
            wanted: Wanted::Any,
            disposition: Disposition::Existing,
            write: true,
        };
        let entry = DriveEntry { is_directory, ..DriveEntry::default() };
        let told = self.store(&act, Ok(DriveDone::Opened(entry)));
        let (status, rest) = self.answer(&told);
        assert_eq!(status, Status::SUCCESS);
        u32::from_le_bytes(rest[..4].try_into().unwrap())
    }
}

pub(super) fn create(path: &str, disposition: u32, options: u32) -> Vec<u8> {
    let mut body = Vec::new();
    // Read and write.
    body.put_u32_le(0xc000_0000);
    body.put_bytes(0, 16);
    body.put_u32_le(disposition);
    body.put_u32_le(options);
    let mut path = utf16(path);
    path.put_u16_le(0);
    body.put_u32_le(u32::try_from(path.len()).unwrap());
    body.put_slice(&path);
    body
}

pub(super) fn read(len: u32, offset: u64) -> Vec<u8> {
    [&len.to_le_bytes()[..], &offset.to_le_bytes(), &[0; 20]].concat()
}

pub(super) fn write(data: &[u8], offset: u64) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    [&len.to_le_bytes()[..], &offset.to_le_bytes(), &[0; 20], data].concat()
}

pub(super) fn set(class: u32, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap();
    [&class.to_le_bytes()[..], &len.to_le_bytes(), &[0; 24], content].concat()
}

pub(super) fn list(class: u32, pattern: Option<&str>) -> Vec<u8> {
    let path = pattern.map(utf16).unwrap_or_default();
    let len = u32::try_from(path.len()).unwrap();
    let is_first = u8::from(pattern.is_some());
    [&class.to_le_bytes()[..], &[is_first], &len.to_le_bytes(), &[0; 23], &path].concat()
}

pub(super) fn rename(to: &str) -> Vec<u8> {
    let to = utf16(to);
    [&[1, 0][..], &u32::try_from(to.len()).unwrap().to_le_bytes(), &to].concat()
}

pub(super) fn entry(name: &str) -> DriveEntry {
    DriveEntry { name: name.into(), size: 7, ..DriveEntry::default() }
}
