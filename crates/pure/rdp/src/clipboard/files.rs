//! Files on the clipboard: lists of them, and what both directions have in common
//! (`[MS-RDPECLIP]` 2.2.5).

use bytes::BufMut;
use porthole_remote::{DriveAct, DriveRequest, Event};
use porthole_wire::Reader;

use super::messages::SHORT;
use crate::RdpError;
use crate::limits::CLIPBOARD_FILES_MAX;
use crate::outbox::Outbox;

/// Bytes of one file's description (`[MS-RDPECLIP]` 2.2.5.2.3.1), and UTF-16 units of its name.
const DESCRIPTION_BYTES: usize = 592;
const NAME_UNITS: usize = 260;

/// Longest list of files that is read, in bytes.
pub(super) const LIST_MAX_BYTES: usize = 4 + CLIPBOARD_FILES_MAX * DESCRIPTION_BYTES;

/// Fields of a description that count: attributes and length.
const HAS_ATTRIBUTES: u32 = 4;
const HAS_SIZE: u32 = 0x40;
const DIRECTORY: u32 = 0x10;
const ORDINARY: u32 = 0x80;

/// What is asked about a file.
pub(super) const ASK_SIZE: u32 = 1;
pub(super) const ASK_RANGE: u32 = 2;

/// Where what is copied on the remote goes, and what viewers copy comes from.
pub(super) const FOLDER: &str = "Clipboard";

/// One file or folder of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its place in the list.
    pub(super) index: u32,
    /// Names from the outermost folder of the copy on, joined by `/`.
    pub(super) path: String,
    pub(super) is_directory: bool,
    /// Its length in bytes, if the list has it.
    pub(super) size: Option<u64>,
}

/// Reads a list. What has no name that a file can have is left out; further files than
/// [`CLIPBOARD_FILES_MAX`] too.
pub(super) fn read_list(data: &[u8]) -> Result<Vec<Listed>, RdpError> {
    let mut input = Reader::new(data);
    let count = input.u32_le().ok_or(SHORT)?;
    let mut listed = Vec::new();
    for index in (0..count).take(CLIPBOARD_FILES_MAX) {
        let mut one = Reader::new(input.take(DESCRIPTION_BYTES).ok_or(SHORT)?);
        listed.extend(read_description(index, &mut one));
    }
    Ok(listed)
}

fn read_description(index: u32, input: &mut Reader<'_>) -> Option<Listed> {
    let flags = input.u32_le()?;
    input.take(32)?;
    let attributes = input.u32_le()?;
    // Sixteen reserved bytes and a time.
    input.take(24)?;
    let (high, low) = (input.u32_le()?, input.u32_le()?);
    let units = input.take(NAME_UNITS * 2)?.as_chunks::<2>().0.iter().copied();
    let units: Vec<u16> = units.map(u16::from_le_bytes).take_while(|unit| *unit != 0).collect();
    let path = safe_path(&String::from_utf16_lossy(&units))?;
    let is_directory = flags & HAS_ATTRIBUTES != 0 && attributes & DIRECTORY != 0;
    let size = (flags & HAS_SIZE != 0).then_some(u64::from(high) << 32 | u64::from(low));
    Some(Listed { index, path, is_directory, size })
}

/// The server's spelling of a path as the store spells it, if it leads nowhere else.
fn safe_path(path: &str) -> Option<String> {
    let names: Vec<&str> = path.split(['\\', '/']).collect();
    let is_safe = |name: &&str| {
        !matches!(*name, "" | "." | "..") && !name.contains(|c: char| c.is_control() || c == ':')
    };
    names.iter().all(is_safe).then(|| names.join("/"))
}

/// Writes a list of files by name and length.
pub(super) fn write_list<'a>(files: impl ExactSizeIterator<Item = (&'a str, u64)>) -> Vec<u8> {
    let mut list = Vec::with_capacity(4 + files.len() * DESCRIPTION_BYTES);
    list.put_u32_le(u32::try_from(files.len()).unwrap_or(u32::MAX));
    for (name, size) in files {
        list.put_u32_le(HAS_ATTRIBUTES | HAS_SIZE);
        list.put_bytes(0, 32);
        list.put_u32_le(ORDINARY);
        list.put_bytes(0, 24);
        list.put_u32_le(u32::try_from(size >> 32).unwrap_or(u32::MAX));
        list.put_u32_le(u32::try_from(size & 0xffff_ffff).unwrap_or(u32::MAX));
        let start = list.len();
        name.encode_utf16().take(NAME_UNITS - 1).for_each(|unit| list.put_u16_le(unit));
        list.resize(start + NAME_UNITS * 2, 0);
    }
    list
}

/// A question about a file (`[MS-RDPECLIP]` 2.2.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    /// What the answer will carry.
    pub(super) stream: u32,
    pub(super) index: u32,
    /// [`ASK_SIZE`] or [`ASK_RANGE`].
    pub(super) flags: u32,
    pub(super) offset: u64,
    pub(super) len: u32,
    /// The list that is meant, if it has been locked.
    pub(super) lock: Option<u32>,
}

impl Question {
    pub(super) fn read(body: &[u8]) -> Result<Self, RdpError> {
        let mut input = Reader::new(body);
        let mut next = || input.u32_le().ok_or(SHORT);
        let (stream, index, flags) = (next()?, next()?, next()?);
        let (low, high, len) = (next()?, next()?, next()?);
        let offset = u64::from(high) << 32 | u64::from(low);
        Ok(Self { stream, index, flags, offset, len, lock: input.u32_le() })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(28);
        body.put_u32_le(self.stream);
        body.put_u32_le(self.index);
        body.put_u32_le(self.flags);
        // The low half comes first, so that together they are one number.
        body.put_u64_le(self.offset);
        body.put_u32_le(self.len);
        if let Some(lock) = self.lock {
            body.put_u32_le(lock);
        }
        body
    }
}

/// Numbers of requests about files, apart from those of a redirected drive by their highest bit.
#[derive(Debug, Default)]
pub(super) struct Numbers(u32);

impl Numbers {
    /// The bit.
    pub(super) const OURS: u32 = 1 << 31;

    /// Sends a request; its number.
    pub(super) fn ask(&mut self, act: DriveAct, outbox: &mut Outbox) -> u32 {
        self.0 = self.0.wrapping_add(1);
        let number = self.0 | Self::OURS;
        outbox.event(Event::Drive(DriveRequest { number, act }));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Question, read_list, safe_path, write_list};

    #[test]
    fn lists_survive_the_round_trip() {
        let list = write_list([("a b.txt", 7), ("gr\u{fc}n", 5 << 32)].into_iter());
        let listed = |index, path: &str, size| Listed {
            index,
            path: path.into(),
            is_directory: false,
            size: Some(size),
        };
        let want = [listed(0, "a b.txt", 7), listed(1, "gr\u{fc}n", 5 << 32)];
        assert_eq!(read_list(&list).unwrap(), want);
        for cut in 0..list.len() {
            assert!(read_list(&list[..cut]).is_err(), "{cut}");
        }
        let huge = [u32::MAX.to_le_bytes().to_vec(), list[4..].to_vec()].concat();
        assert!(read_list(&huge).is_err());
    }

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(safe_path("dir\\file.txt").as_deref(), Some("dir/file.txt"));
        for name in ["", "..", "..\\x", "a\\..\\b", "\\x", "c:\\x", "a\u{7}", "a\\", "/etc/passwd"]
        {
            assert_eq!(safe_path(name), None, "{name:?}");
        }
    }

    #[test]
    fn questions_survive_the_round_trip() {
        for lock in [None, Some(9)] {
            let question =
                Question { stream: 1, index: 2, flags: 2, offset: 7 << 33, len: 65536, lock };
            assert_eq!(Question::read(&question.write()), Ok(question));
        }
        assert!(Question::read(&[0; 23]).is_err());
    }
}
