//! Messages of the channel apart from requests (`[MS-RDPEFS]` 2.2.2, `[MS-RDPEPC]` 2.2.2).

use bytes::BufMut;
use porthole_wire::Reader;

use super::irp::Shape;
use super::names::utf16;
use super::status::Status;
use crate::RdpError;

/// What a message is about, in its first two bytes: all devices.
pub(super) const CORE: u16 = 0x4472;

/// What it says, in the next two.
pub(super) mod packet {
    pub(in super::super) const SERVER_ANNOUNCE: u16 = 0x496e;
    pub(in super::super) const CLIENT_ID_CONFIRM: u16 = 0x4343;
    pub(in super::super) const CLIENT_NAME: u16 = 0x434e;
    pub(in super::super) const SERVER_CAPABILITY: u16 = 0x5350;
    pub(in super::super) const CLIENT_CAPABILITY: u16 = 0x4350;
    pub(in super::super) const DEVICE_LIST_ANNOUNCE: u16 = 0x4441;
    pub(in super::super) const DEVICE_REPLY: u16 = 0x6472;
    pub(in super::super) const IO_REQUEST: u16 = 0x4952;
    pub(in super::super) const IO_COMPLETION: u16 = 0x4943;
    pub(in super::super) const USER_LOGGED_ON: u16 = 0x554c;
}

/// What we speak: version 1.13, that of Windows 7 and later.
const VERSION: [u16; 2] = [1, 13];
/// From this minor version on, the server's number for us counts.
const SERVER_NUMBERS_MIN: u16 = 12;
/// Our number for a server that leaves it to us.
const OWN_NUMBER: u32 = 1;

/// Kinds of capability sets.
const GENERAL: u16 = 1;
const PRINTER: u16 = 2;
const DRIVE: u16 = 4;

/// The general set's `extendedPDU`: devices may go, and the server says when somebody has logged on.
const DEVICE_REMOVE: u32 = 1;
const CLIENT_NAME_PDU: u32 = 2;
const USER_LOGGED_ON_PDU: u32 = 4;
/// Several reads or writes of a file at a time.
const ASYNC_IO: u32 = 1;
/// Every request from creating to locking.
const REQUESTS: u32 = 0xffff;

/// Kinds of devices.
const DEVICE_PRINT: u32 = 4;
const DEVICE_FILE_SYSTEM: u32 = 8;

/// A printer's flags: it is the default one, and on a network.
const DEFAULT_PRINTER: u32 = 2;
const NETWORK_PRINTER: u32 = 4;
/// The driver that the server prints with. Every Windows has it, and it speaks `PostScript`.
const PRINTER_DRIVER: &str = "MS Publisher Imagesetter";

/// Most capability sets that are looked at; five are specified.
const SETS_MAX: u16 = 32;

const SHORT: RdpError = RdpError::Short { message: "device redirection PDU" };

/// A message that begins.
pub(super) fn message(packet: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.put_u16_le(CORE);
    out.put_u16_le(packet);
    out
}

/// Answers the server's announcement: who we are to it, and our name.
pub(super) fn introduction(body: &[u8], computer: &str) -> Result<[Vec<u8>; 2], RdpError> {
    let mut input = Reader::new(body);
    let _major = input.u16_le().ok_or(SHORT)?;
    let minor = input.u16_le().ok_or(SHORT)?;
    let number = input.u32_le().ok_or(SHORT)?;
    let mut confirm = message(packet::CLIENT_ID_CONFIRM);
    confirm.put_u16_le(VERSION[0]);
    confirm.put_u16_le(VERSION[1].min(minor));
    confirm.put_u32_le(if minor >= SERVER_NUMBERS_MIN { number } else { OWN_NUMBER });
    let mut name = message(packet::CLIENT_NAME);
    name.put_u32_le(1);
    name.put_u32_le(0);
    put_text(computer, &mut name);
    Ok([confirm, name])
}

/// Whether the server will say when somebody has logged on, as its capabilities tell.
pub(super) fn tells_log_on(body: &[u8]) -> Result<bool, RdpError> {
    let mut input = Reader::new(body);
    let count = input.u16_le().ok_or(SHORT)?;
    input.u16_le().ok_or(SHORT)?;
    for _ in 0..count.min(SETS_MAX) {
        let kind = input.u16_le().ok_or(SHORT)?;
        let len = usize::from(input.u16_le().ok_or(SHORT)?);
        let _version = input.u32_le().ok_or(SHORT)?;
        let mut set = Reader::new(input.take(len.checked_sub(8).ok_or(SHORT)?).ok_or(SHORT)?);
        if kind == GENERAL {
            // The system, its version, the protocol's and two sets of requests.
            set.take(20).ok_or(SHORT)?;
            return Ok(set.u32_le().ok_or(SHORT)? & USER_LOGGED_ON_PDU != 0);
        }
    }
    Ok(false)
}

/// Our capabilities.
pub(super) fn capabilities() -> Vec<u8> {
    let mut out = message(packet::CLIENT_CAPABILITY);
    out.put_u16_le(3);
    out.put_u16_le(0);
    out.put_u16_le(GENERAL);
    out.put_u16_le(44);
    out.put_u32_le(2);
    // Which system we run on is not looked at.
    out.put_u64_le(0);
    out.put_u16_le(VERSION[0]);
    out.put_u16_le(VERSION[1]);
    out.put_u32_le(REQUESTS);
    out.put_u32_le(0);
    out.put_u32_le(DEVICE_REMOVE | CLIENT_NAME_PDU | USER_LOGGED_ON_PDU);
    out.put_u32_le(ASYNC_IO);
    out.put_u32_le(0);
    // Smart cards, which come before the log-on.
    out.put_u32_le(0);
    for (kind, version) in [(PRINTER, 1), (DRIVE, 2)] {
        out.put_u16_le(kind);
        out.put_u16_le(8);
        out.put_u32_le(version);
    }
    out
}

/// A drive in the list of devices.
pub(super) fn drive(id: u32, name: &str) -> Vec<u8> {
    let mut data = utf16(name);
    data.put_u16_le(0);
    device(DEVICE_FILE_SYSTEM, id, &short_name(name), &data)
}

/// A printer in the list of devices.
pub(super) fn printer(id: u32, name: &str) -> Vec<u8> {
    let mut data = Vec::new();
    data.put_u32_le(DEFAULT_PRINTER | NETWORK_PRINTER);
    // The code page, and a plug-and-play name that there is not.
    data.put_u64_le(0);
    let (driver, name) = (terminated(PRINTER_DRIVER), terminated(name));
    data.put_u32_le(u32::try_from(driver.len()).unwrap_or(u32::MAX));
    data.put_u32_le(u32::try_from(name.len()).unwrap_or(u32::MAX));
    // Nothing was cached.
    data.put_u32_le(0);
    data.put_slice(&driver);
    data.put_slice(&name);
    device(DEVICE_PRINT, id, b"PRN1", &data)
}

/// The list of devices.
pub(super) fn device_list(devices: &[Vec<u8>]) -> Vec<u8> {
    let mut out = message(packet::DEVICE_LIST_ANNOUNCE);
    out.put_u32_le(u32::try_from(devices.len()).unwrap_or(u32::MAX));
    for device in devices {
        out.put_slice(device);
    }
    out
}

/// Which device the server has taken, or refused.
pub(super) fn device_reply(body: &[u8]) -> Result<(u32, Status), RdpError> {
    let mut input = Reader::new(body);
    let device = input.u32_le().ok_or(SHORT)?;
    Ok((device, Status(input.u32_le().ok_or(SHORT)?)))
}

/// The head of an answer to a request.
pub(super) fn completion(device: u32, completion: u32, status: Status) -> Vec<u8> {
    let mut out = message(packet::IO_COMPLETION);
    out.put_u32_le(device);
    out.put_u32_le(completion);
    out.put_u32_le(status.0);
    out
}

/// An answer that says no more than how it went.
pub(super) fn plain_completion(
    device: u32,
    number: u32,
    status: Status,
    shape: Shape,
    len: u32,
) -> Vec<u8> {
    let mut out = completion(device, number, status);
    match shape {
        Shape::Created => out.put_bytes(0, 5),
        // A byte of padding, which some servers wait for.
        Shape::Length => {
            out.put_u32_le(len);
            out.put_u8(0);
        }
        Shape::Padding(bytes) => out.put_bytes(0, bytes),
    }
    out
}

fn device(kind: u32, id: u32, short: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(20 + data.len());
    out.put_u32_le(kind);
    out.put_u32_le(id);
    let short = short.get(..7).unwrap_or(short);
    out.put_slice(short);
    out.put_bytes(0, 8 - short.len());
    out.put_u32_le(u32::try_from(data.len()).unwrap_or(u32::MAX));
    out.put_slice(data);
    out
}

/// What of a name goes into the seven characters that old servers show.
fn short_name(name: &str) -> Vec<u8> {
    let kept: Vec<u8> = name
        .bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .take(7)
        .collect();
    if kept.is_empty() { b"DRIVE".to_vec() } else { kept }
}

/// UTF-16 with its end.
fn terminated(text: &str) -> Vec<u8> {
    let mut out = utf16(text);
    out.put_u16_le(0);
    out
}

/// A length in bytes, and UTF-16 with its end.
fn put_text(text: &str, out: &mut Vec<u8>) {
    let text = terminated(text);
    out.put_u32_le(u32::try_from(text.len()).unwrap_or(u32::MAX));
    out.put_slice(&text);
}
