//! The channel of redirected devices: a server that says anything, and a store that answers anything.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use bytes::Bytes;
use porthole_rdp::{DeviceChannel, DeviceConfig, DeviceOutput, DriveConfig, RdpError};
use porthole_remote::{
    DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Event,
};

/// Steps that are looked at.
const STEPS_MAX: usize = 300;

/// Bytes that an answer may have: a mebibyte that was read, and its header.
const MESSAGE_MAX_BYTES: usize = (1 << 20) + 64;

/// What the server and the store do, one after the other.
#[derive(Debug, Arbitrary)]
pub struct DevicesCase {
    steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug, Arbitrary)]
enum Step {
    /// The server says something of this kind, with these bytes after the header.
    Says { kind: Kind, body: Vec<u8> },
    /// It asks for something: a device, one of the last few files, a function, and its parameters.
    Asks { printer: bool, file: u8, major: u8, minor: bool, body: Vec<u8> },
    /// The store answers one of the requests that wait.
    Answers { which: u8, answer: Answer },
}

#[derive(Debug, Arbitrary)]
enum Kind {
    Announce,
    Confirm,
    Capabilities,
    LoggedOn,
    DeviceReply,
    Request,
    Other(u16, u16),
}

#[derive(Debug, Arbitrary)]
enum Answer {
    Fits { len: u16, names: Vec<u8>, more: bool, directory: bool },
    Fails(u8),
    Done,
}

/// Requests are within their bounds and have numbers of their own; every request of the server's is
/// answered at most once, and nothing else is.
pub fn rdp_devices(case: &DevicesCase) {
    let config = DeviceConfig {
        drive: Some(DriveConfig { name: "Drive".into(), offers: true }),
        printer: Some("Printer".into()),
        without_any: false,
    };
    let mut stage = Stage {
        channel: DeviceChannel::new(&config),
        waiting: BTreeMap::new(),
        asked: BTreeMap::new(),
        files: vec![0],
    };
    for (number, step) in case.steps.iter().take(STEPS_MAX).enumerate() {
        if !stage.take(u32::try_from(number).unwrap_or_default(), step) {
            return;
        }
    }
}

struct Stage {
    channel: DeviceChannel,
    /// Requests that the store has not answered.
    waiting: BTreeMap<u32, DriveAct>,
    /// What the server waits for, and how often.
    asked: BTreeMap<u32, u32>,
    files: Vec<u32>,
}

impl Stage {
    /// False: the server broke the protocol.
    fn take(&mut self, number: u32, step: &Step) -> bool {
        let said = match step {
            Step::Says { kind, body } => self.say(&message(kind, body)),
            Step::Asks { printer, file, major, minor, body } => {
                let file = self.files.iter().rev().nth(usize::from(*file)).copied();
                let completion = 0x8000_0000 | number;
                let fields = [
                    1 + u32::from(*printer),
                    file.unwrap_or_default(),
                    completion,
                    u32::from(*major % 24),
                    1 + u32::from(*minor),
                ];
                let head = fields.iter().flat_map(|field| field.to_le_bytes());
                let body: Vec<u8> = head.chain(body.iter().copied()).collect();
                self.say(&message(&Kind::Request, &body))
            }
            Step::Answers { which, answer } => {
                let count = self.waiting.len();
                let Some(which) = usize::from(*which).checked_rem(count) else { return true };
                let number = self.waiting.keys().nth(which).copied().unwrap_or_default();
                let Some(act) = self.waiting.remove(&number) else { return true };
                let result = answered(&act, answer);
                if matches!(result, Ok(DriveDone::Opened(_))) {
                    self.files.push(number);
                }
                self.channel.handle_reply(DriveReply { number, result })
            }
        };
        let Ok(outputs) = said else { return false };
        outputs.into_iter().for_each(|output| self.check(output));
        true
    }

    fn say(&mut self, message: &Bytes) -> Result<Vec<DeviceOutput>, RdpError> {
        if message.starts_with(b"rDRI")
            && let Some(completion) = number_at(message, 12)
        {
            *self.asked.entry(completion).or_default() += 1;
        }
        self.channel.handle_message(message)
    }

    fn check(&mut self, output: DeviceOutput) {
        match output {
            DeviceOutput::Event(Event::Drive(DriveRequest { number, act })) => {
                check_bounds(&act);
                let old = self.waiting.insert(number, act);
                assert_eq!(old, None, "two requests of one number");
                assert!(self.waiting.len() <= DriveRequest::UNDER_WAY_MAX);
            }
            DeviceOutput::Event(event) => assert!(matches!(event, Event::Notice(_)), "{event:?}"),
            DeviceOutput::Message(message) => {
                assert!(message.len() <= MESSAGE_MAX_BYTES);
                if message.starts_with(b"rDCI") {
                    let completion = number_at(&message, 8).expect("it has a number");
                    let count = self.asked.get_mut(&completion).filter(|count| **count > 0);
                    *count.expect("somebody waits for it") -= 1;
                }
            }
        }
    }
}

fn number_at(message: &[u8], at: usize) -> Option<u32> {
    let bytes = message.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

fn check_bounds(act: &DriveAct) {
    let paths: Vec<&str> = match act {
        DriveAct::Open { path, .. }
        | DriveAct::List { path, .. }
        | DriveAct::SetModified { path, .. }
        | DriveAct::Stat(path)
        | DriveAct::Remove(path)
        | DriveAct::MakeDirectory(path)
        | DriveAct::Offer(path) => vec![path],
        DriveAct::Rename { from, to, .. } => vec![from, to],
        DriveAct::Close { remove, .. } => remove.iter().map(String::as_str).collect(),
        DriveAct::Read { len, .. } => {
            assert!(*len <= DriveRequest::DATA_MAX_BYTES);
            vec![]
        }
        DriveAct::Write { data, .. } => {
            assert!(data.len() <= DriveRequest::DATA_MAX_BYTES);
            vec![]
        }
        DriveAct::OpenJob { .. } | DriveAct::SetLen { .. } | DriveAct::Space => vec![],
    };
    for path in paths {
        assert!(path.split('/').all(|name| !matches!(name, "." | "..")), "{path:?}");
        assert!(!path.contains(['\\', '\0']), "{path:?}");
    }
}

fn message(kind: &Kind, body: &[u8]) -> Bytes {
    let (component, packet) = match kind {
        Kind::Announce => (0x4472, 0x496e),
        Kind::Confirm => (0x4472, 0x4343),
        Kind::Capabilities => (0x4472, 0x5350),
        Kind::LoggedOn => (0x4472, 0x554c),
        Kind::DeviceReply => (0x4472, 0x6472),
        Kind::Request => (0x4472, 0x4952),
        Kind::Other(component, packet) => (*component, *packet),
    };
    [&u16::to_le_bytes(component)[..], &packet.to_le_bytes(), body].concat().into()
}

/// An answer that fits the question, or one that says no.
fn answered(act: &DriveAct, answer: &Answer) -> Result<DriveDone, DriveError> {
    let (len, names, more, directory) = match answer {
        Answer::Fits { len, names, more, directory } => (*len, names, *more, *directory),
        Answer::Done => return Ok(DriveDone::Done),
        Answer::Fails(which) => {
            return Err(match which % 5 {
                0 => DriveError::BadName,
                1 => DriveError::NotFound,
                2 => DriveError::NotEmpty,
                3 => DriveError::NoSpace,
                _ => DriveError::Io,
            });
        }
    };
    let entry = |name: String| DriveEntry {
        name,
        is_directory: directory,
        size: len.into(),
        modified_ms: len.into(),
    };
    Ok(match act {
        DriveAct::Open { .. } | DriveAct::OpenJob { .. } => DriveDone::Opened(entry(String::new())),
        DriveAct::Read { len: wanted, .. } => {
            DriveDone::Data(vec![7; (*wanted).min(usize::from(len) * 8)].into())
        }
        DriveAct::List { .. } => {
            let entries = names.iter().map(|name| entry(char::from(*name).to_string())).collect();
            DriveDone::Page { entries, more }
        }
        DriveAct::Stat(_) => DriveDone::Entry(entry("name".into())),
        DriveAct::Space => DriveDone::Space { free_bytes: len.into(), total_bytes: u64::MAX },
        _ => DriveDone::Done,
    })
}
