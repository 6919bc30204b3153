//! The clipboard of RDP: whatever a server says, what comes of it is bounded and stays in its folder.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use porthole_rdp::{ClipboardAlone, DeviceConfig, DriveConfig, RdpConfig};
use porthole_remote::{
    Clipboard, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Event, Output,
};
use porthole_wire::Reader;

/// The limit of each format, in bytes.
const MAX: usize = 4096;

/// What one step may send, in bytes: a bitmap of the one picture that is offered, a list of files or
/// a piece of one are all shorter.
const SENT_MAX: usize = 2 << 20;

/// What one step may tell.
const EVENTS_MAX: usize = 128;

/// Requests about files that may be under way: one each way, and what is closed meanwhile.
const REQUESTS_MAX: usize = 8;

/// Carries out steps, one after the other. As a fuzz input, each is a byte and its fields: 0, a
/// message: its type and flags (a byte each), the length of its body (two bytes) and the body;
/// 1, a chunk: the length that it says (four bytes), flags (one), length and bytes; 2, the store
/// answers its oldest request: how (a byte); 3, a viewer offers text or a file; 4, time passes.
///
/// # Panics
///
/// It sends or tells too much, or has something done outside of its folder.
pub fn rdp_clipboard(bytes: &[u8]) {
    let drive = Some(DriveConfig { name: "files".to_owned(), offers: true });
    let devices = DeviceConfig { drive, ..DeviceConfig::default() };
    let config = RdpConfig { clipboard_max_bytes: MAX, devices, ..RdpConfig::default() };
    let mut clipboard = ClipboardAlone::new(&config);
    let mut asked: VecDeque<DriveRequest> = VecDeque::new();
    let mut now = Instant::now();
    let mut input = Reader::new(bytes);
    while let Some(is_sound) = step(&mut clipboard, &mut asked, &mut now, &mut input) {
        settle(&mut clipboard, &mut asked);
        if !is_sound {
            break;
        }
    }
}

/// One step. `None`: the input is over. False: the server broke the protocol.
fn step(
    clipboard: &mut ClipboardAlone,
    asked: &mut VecDeque<DriveRequest>,
    now: &mut Instant,
    input: &mut Reader<'_>,
) -> Option<bool> {
    match input.u8()? % 5 {
        0 => {
            let head = [input.u8()?, 0, input.u8()?, 0];
            let len = usize::from(input.u16_le()?).min(input.len());
            let body = input.take(len)?;
            let said = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
            let message = [&head[..], &said, body].concat();
            let len = u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes();
            let chunk = [&len[..], &[3, 0, 0, 0], &message].concat();
            return Some(clipboard.handle_chunk(*now, &chunk).is_ok());
        }
        1 => {
            let len = input.array::<4>()?;
            let flags = input.u8()?;
            let part_len = usize::from(input.u16_le()?).min(input.len());
            let chunk = [&len[..], &[flags, 0, 0, 0], input.take(part_len)?].concat();
            return Some(clipboard.handle_chunk(*now, &chunk).is_ok());
        }
        2 => {
            let how = input.u8()?;
            if let Some(DriveRequest { number, act }) = asked.pop_front() {
                clipboard.handle_reply(&DriveReply { number, result: answer(how, &act) });
            }
        }
        3 => match input.u8()? {
            0 => clipboard.offer(Clipboard::of_text("text")),
            folder => clipboard.offer_file(format!("Clipboard/{}/a", folder % 4), folder.into()),
        },
        _ => {
            *now += Duration::from_secs(6);
            clipboard.handle_timeout(*now);
        }
    }
    Some(true)
}

fn answer(how: u8, act: &DriveAct) -> Result<DriveDone, DriveError> {
    match (how % 4, act) {
        (0, _) => Err(DriveError::Denied),
        (1, _) => Err(DriveError::Exists),
        (_, DriveAct::Open { .. }) => Ok(DriveDone::Opened(DriveEntry::default())),
        (_, DriveAct::Read { len, .. }) => {
            Ok(DriveDone::Data(Bytes::from(vec![how; (*len).min(usize::from(how))])))
        }
        _ => Ok(DriveDone::Done),
    }
}

/// Looks at all that came of a step.
fn settle(clipboard: &mut ClipboardAlone, asked: &mut VecDeque<DriveRequest>) {
    let (mut sent, mut events) = (0, 0);
    while let Some(output) = clipboard.poll() {
        match output {
            Output::Send(bytes) => sent += bytes.len(),
            Output::Event(Event::Drive(request)) => {
                check_paths(&request.act);
                asked.push_back(request);
                // Closing is not always waited for, so that there is no bound to it.
                let is_waited = |it: &&DriveRequest| !matches!(it.act, DriveAct::Close { .. });
                let waited = asked.iter().filter(is_waited).count();
                assert!(waited <= REQUESTS_MAX, "{asked:?}");
            }
            Output::Event(Event::Clipboard(content)) => {
                let len = [
                    content.text.as_ref().map(String::len),
                    content.html.as_ref().map(String::len),
                    content.png.as_ref().map(Bytes::len),
                ];
                assert!(len.iter().flatten().all(|len| *len <= MAX), "{content:?}");
            }
            _ => {}
        }
        events += 1;
    }
    assert!(sent <= SENT_MAX && events <= EVENTS_MAX, "{sent} bytes and {events} events");
}

fn check_paths(act: &DriveAct) {
    let (DriveAct::Open { path, .. }
    | DriveAct::MakeDirectory(path)
    | DriveAct::Offer(path)
    | DriveAct::Close { remove: Some(path), .. }) = act
    else {
        return;
    };
    let mut names = path.split('/');
    assert_eq!(names.next(), Some("Clipboard"), "{path:?}");
    assert!(names.all(|name| !matches!(name, "" | "." | "..")), "{path:?}");
}
