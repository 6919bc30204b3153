//! What the server learns about files and the volume (`[MS-FSCC]` 2.4 and 2.5). The reserved fields
//! of these structures are left out on this wire (`[MS-RDPEFS]` 2.2.3.4.6 to 2.2.3.4.10).

use bytes::BufMut;
use porthole_remote::DriveEntry;

use super::names::utf16;

/// A file's attributes.
const ATTRIBUTE_DIRECTORY: u32 = 0x10;
const ATTRIBUTE_NORMAL: u32 = 0x80;

/// Milliseconds from 1601 to 1970, and how many 100 ns are in one.
const EPOCH_MS: u64 = 11_644_473_600_000;
const TICKS_PER_MS: u64 = 10_000;

/// What the volume is counted in.
const SECTOR_BYTES: u32 = 512;
const UNIT_SECTORS: u32 = 8;
const UNIT_BYTES: u64 = 4096;

/// The volume's number, which programs compare to tell volumes apart.
const SERIAL: u32 = 0x706f_7274;

/// Names keep their case, and have characters from everywhere.
const VOLUME_ATTRIBUTES: u32 = 1 | 2 | 4;
const NAME_MAX_CHARACTERS: u32 = 255;

/// How a time is written.
pub(super) const fn file_time(ms: u64) -> u64 {
    ms.saturating_add(EPOCH_MS).saturating_mul(TICKS_PER_MS)
}

/// Milliseconds since 1970 of a time that says something.
pub(super) fn time_ms(file_time: i64) -> Option<u64> {
    let ms = u64::try_from(file_time).ok()? / TICKS_PER_MS;
    ms.checked_sub(EPOCH_MS)
}

/// A class of `IRP_MJ_QUERY_INFORMATION`, or nothing when it is not known.
pub(super) fn of_file(class: u32, entry: &DriveEntry, is_deleted: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(36);
    match class {
        // FileBasicInformation
        4 => {
            times(entry, &mut out);
            out.put_u32_le(attributes(entry));
        }
        // FileStandardInformation
        5 => {
            out.put_u64_le(allocation(entry));
            out.put_u64_le(entry.size);
            out.put_u32_le(1);
            out.put_u8(is_deleted.into());
            out.put_u8(entry.is_directory.into());
        }
        // FileAttributeTagInformation
        35 => {
            out.put_u32_le(attributes(entry));
            out.put_u32_le(0);
        }
        _ => return None,
    }
    Some(out)
}

/// An entry of a directory in one of the classes of `IRP_MN_QUERY_DIRECTORY`.
pub(super) fn of_entry(class: u32, entry: &DriveEntry) -> Option<Vec<u8>> {
    let name = utf16(&entry.name);
    let name_len = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(93 + name.len());
    // Where the next entry is, which comes in an answer of its own, and this one's index.
    out.put_u64_le(0);
    // FileNamesInformation has no more than that.
    if class != 12 {
        times(entry, &mut out);
        out.put_u64_le(entry.size);
        out.put_u64_le(allocation(entry));
        out.put_u32_le(attributes(entry));
    }
    out.put_u32_le(name_len);
    match class {
        // FileDirectoryInformation, FileNamesInformation
        1 | 12 => {}
        // FileFullDirectoryInformation: no extended attributes.
        2 => out.put_u32_le(0),
        // FileBothDirectoryInformation: no short name either.
        3 => {
            out.put_u32_le(0);
            out.put_u8(0);
            out.put_bytes(0, 24);
        }
        _ => return None,
    }
    out.put_slice(&name);
    Some(out)
}

/// Whether [`of_entry`] knows the class.
pub(super) const fn is_entry_class(class: u32) -> bool {
    matches!(class, 1 | 2 | 3 | 12)
}

/// A class of `IRP_MJ_QUERY_VOLUME_INFORMATION`, or nothing when it is not known.
pub(super) fn of_volume(class: u32, label: &str, free: u64, total: u64) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(64);
    let units = |bytes: u64| bytes / UNIT_BYTES;
    match class {
        // FileFsVolumeInformation
        1 => {
            let label = utf16(label);
            out.put_u64_le(file_time(0));
            out.put_u32_le(SERIAL);
            out.put_u32_le(u32::try_from(label.len()).unwrap_or(u32::MAX));
            out.put_u8(0);
            out.put_slice(&label);
        }
        // FileFsSizeInformation
        3 => {
            out.put_u64_le(units(total));
            out.put_u64_le(units(free));
            out.put_u32_le(UNIT_SECTORS);
            out.put_u32_le(SECTOR_BYTES);
        }
        // FileFsDeviceInformation: a disk.
        4 => {
            out.put_u32_le(7);
            out.put_u32_le(0);
        }
        // FileFsAttributeInformation. Programs know this name, and what it cannot do.
        5 => {
            let name = utf16("FAT32");
            out.put_u32_le(VOLUME_ATTRIBUTES);
            out.put_u32_le(NAME_MAX_CHARACTERS);
            out.put_u32_le(u32::try_from(name.len()).unwrap_or(u32::MAX));
            out.put_slice(&name);
        }
        // FileFsFullSizeInformation
        7 => {
            out.put_u64_le(units(total));
            out.put_u64_le(units(free));
            out.put_u64_le(units(free));
            out.put_u32_le(UNIT_SECTORS);
            out.put_u32_le(SECTOR_BYTES);
        }
        _ => return None,
    }
    Some(out)
}

/// Made, read, written and changed: all the one that is known.
fn times(entry: &DriveEntry, out: &mut Vec<u8>) {
    for _ in 0..4 {
        out.put_u64_le(file_time(entry.modified_ms));
    }
}

const fn attributes(entry: &DriveEntry) -> u32 {
    if entry.is_directory { ATTRIBUTE_DIRECTORY } else { ATTRIBUTE_NORMAL }
}

const fn allocation(entry: &DriveEntry) -> u64 {
    entry.size.div_ceil(UNIT_BYTES).saturating_mul(UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use porthole_remote::DriveEntry;

    use super::{file_time, is_entry_class, of_entry, of_file, of_volume, time_ms};

    #[test]
    fn sizes_are_those_on_this_wire() {
        let entry = DriveEntry { name: "ab".into(), size: 5000, ..DriveEntry::default() };
        let len = |class| of_file(class, &entry, false).map(|bytes| bytes.len());
        assert_eq!([len(4), len(5), len(35), len(6)], [Some(36), Some(22), Some(8), None]);
        let len = |class| of_entry(class, &entry).map(|bytes| bytes.len());
        assert_eq!([len(1), len(2), len(3)], [Some(68), Some(72), Some(97)]);
        assert_eq!([len(12), len(7)], [Some(16), None]);
        assert!((0..50).all(|class| is_entry_class(class) == len(class).is_some()));
        let len = |class| of_volume(class, "ab", 1, 2).map(|bytes| bytes.len());
        assert_eq!([len(1), len(3), len(4)], [Some(21), Some(24), Some(8)]);
        assert_eq!([len(5), len(7), len(2)], [Some(22), Some(32), None]);
        assert_eq!(of_file(5, &entry, true).unwrap()[..8], 8192_u64.to_le_bytes());
    }

    #[test]
    fn times_go_both_ways() {
        assert_eq!(file_time(0), 116_444_736_000_000_000);
        assert_eq!(time_ms(file_time(1_234_567).cast_signed()), Some(1_234_567));
        assert_eq!([time_ms(0), time_ms(-1), time_ms(1)], [None, None, None]);
        assert!(time_ms(i64::MAX).is_some());
        assert_eq!(file_time(u64::MAX), u64::MAX);
    }
}
