//! What a server answers.

use bytes::{Buf as _, Bytes, BytesMut};
use porthole_wire::{Reader, text};

use crate::{
    Attributes, HANDLE_MAX_BYTES, PACKET_MAX_BYTES, PATH_MAX_BYTES, PIECE_MAX_BYTES,
    PIECE_SAFE_BYTES, SftpError, Status, attributes::string,
};

/// Most extensions of one server. OpenSSH has about a dozen.
const EXTENSIONS_MAX: usize = 256;

/// Fewest bytes of an entry in a list of names: two counts and the attributes' flags.
const NAME_MIN_BYTES: usize = 12;

/// What a server can do beyond version 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// `posix-rename@openssh.com`: a rename that replaces.
    pub replaces: bool,
    /// `statvfs@openssh.com`: how much room there is.
    pub tells_space: bool,
    /// `limits@openssh.com`: how much may be asked for at a time.
    pub tells_limits: bool,
}

/// One name of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As the server spells it: of any bytes, [`PATH_MAX_BYTES`] at most.
    pub name: Bytes,
    /// What it is, links not followed.
    pub attributes: Attributes,
}

/// What a server says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done, or not.
    Status(Status),
    /// Something is open under this; [`HANDLE_MAX_BYTES`] at most.
    Handle(Bytes),
    /// A piece of a file.
    Data(Bytes),
    /// Some entries of a directory, or a path.
    Names(Vec<Name>),
    /// What something is.
    Attributes(Attributes),
    /// The answer to an extension.
    Extended(Bytes),
}

/// Takes the first packet of a connection off the front of `arrived`, once it is whole.
///
/// # Errors
///
/// [`SftpError`]: this is no SFTP, or an older version.
pub fn take_version(arrived: &mut BytesMut) -> Result<Option<Abilities>, SftpError> {
    let Some(packet) = take_packet(arrived).map_err(|error| words(arrived).unwrap_or(error))?
    else {
        return Ok(None);
    };
    let mut input = Reader::new(&packet);
    match input.u8() {
        Some(2) => {}
        kind => return Err(SftpError::Unexpected { kind: kind.unwrap_or_default() }),
    }
    let malformed = || SftpError::Malformed { packet: "version" };
    let version = input.u32_be().ok_or_else(malformed)?;
    if version < 3 {
        return Err(SftpError::Version { version });
    }
    let mut abilities = Abilities::default();
    for _ in 0..EXTENSIONS_MAX {
        if input.is_empty() {
            break;
        }
        let name = string(&mut input).ok_or_else(malformed)?;
        let revision = string(&mut input).ok_or_else(malformed)?;
        match (name, revision) {
            (b"posix-rename@openssh.com", b"1") => abilities.replaces = true,
            (b"statvfs@openssh.com", b"2") => abilities.tells_space = true,
            (b"limits@openssh.com", b"1") => abilities.tells_limits = true,
            _ => {}
        }
    }
    Ok(Some(abilities))
}

/// Takes an answer and the number of its request off the front of `arrived`, once it is whole.
///
/// # Errors
///
/// [`SftpError`]: it cannot be understood. What follows cannot be either.
pub fn take_answer(arrived: &mut BytesMut) -> Result<Option<(u32, Answer)>, SftpError> {
    let Some(packet) = take_packet(arrived)? else { return Ok(None) };
    let mut input = Reader::new(&packet);
    let malformed = |packet| SftpError::Malformed { packet };
    let kind = input.u8().ok_or_else(|| malformed("packet"))?;
    let id = input.u32_be().ok_or_else(|| malformed("packet"))?;
    let answer = match kind {
        101 => Answer::Status(Status::read(&mut input).ok_or_else(|| malformed("status"))?),
        102 => {
            let handle = string(&mut input).ok_or_else(|| malformed("handle"))?;
            SftpError::check_limit("handle", handle.len(), HANDLE_MAX_BYTES)?;
            Answer::Handle(Bytes::copy_from_slice(handle))
        }
        103 => {
            let data = string(&mut input).ok_or_else(|| malformed("data"))?;
            Answer::Data(packet.slice_ref(data))
        }
        104 => Answer::Names(names(&packet, &mut input)?),
        105 => {
            let read = Attributes::read(&mut input).ok_or_else(|| malformed("attributes"))?;
            Answer::Attributes(read)
        }
        201 => Answer::Extended(packet.slice_ref(input.take_rest())),
        kind => return Err(SftpError::Unexpected { kind }),
    };
    Ok(Some((id, answer)))
}

impl Answer {
    /// Reads the answer to [`crate::Request::Space`]: how many bytes the user may still write.
    pub fn free_bytes(extended: &[u8]) -> Option<u64> {
        let mut input = Reader::new(extended);
        let mut field = || input.array().map(u64::from_be_bytes);
        let (_block, fragment, _all, _free) = (field()?, field()?, field()?, field()?);
        Some(field()?.saturating_mul(fragment))
    }

    /// Reads the answer to [`crate::Request::Limits`]: how much may be read and written at a time, in
    /// bytes. What a server does not say, and what is less than every server has to take, is
    /// [`PIECE_SAFE_BYTES`].
    pub fn limits(extended: &[u8]) -> Option<(u32, u32)> {
        let mut input = Reader::new(extended);
        let mut field = || input.array().map(u64::from_be_bytes);
        let (_packet, read, write) = (field()?, field()?, field()?);
        let piece = |limit: u64| match u32::try_from(limit) {
            Ok(limit) => limit.clamp(PIECE_SAFE_BYTES, PIECE_MAX_BYTES),
            Err(_larger) => PIECE_MAX_BYTES,
        };
        Some((piece(read), piece(write)))
    }
}

fn names(packet: &Bytes, input: &mut Reader<'_>) -> Result<Vec<Name>, SftpError> {
    let malformed = || SftpError::Malformed { packet: "list of names" };
    let count = input.u32_be().and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or_else(malformed)?;
    if count > input.len() / NAME_MIN_BYTES {
        return Err(malformed());
    }
    let mut names = Vec::with_capacity(count);
    for _ in 0..count {
        let name = string(input).ok_or_else(malformed)?;
        SftpError::check_limit("name", name.len(), PATH_MAX_BYTES)?;
        // A line as `ls -l` has it, in whatever form the server likes.
        let _line = string(input).ok_or_else(malformed)?;
        let attributes = Attributes::read(input).ok_or_else(malformed)?;
        names.push(Name { name: packet.slice_ref(name), attributes });
    }
    Ok(names)
}

/// A whole packet without its length.
fn take_packet(arrived: &mut BytesMut) -> Result<Option<Bytes>, SftpError> {
    let mut input = Reader::new(arrived);
    let Some(len) = input.u32_be() else { return Ok(None) };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    SftpError::check_limit("packet", len, PACKET_MAX_BYTES)?;
    if input.len() < len {
        arrived.reserve(len - input.len());
        return Ok(None);
    }
    arrived.advance(4);
    Ok(Some(arrived.split_to(len).freeze()))
}

/// What is wrong with a first packet that begins with printable words.
fn words(arrived: &[u8]) -> Option<SftpError> {
    let is_words = arrived.first_chunk::<4>()?.iter().all(|byte| matches!(byte, b'\t'..=b'~'));
    is_words.then(|| SftpError::Words { words: text(arrived) })
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
