//! H.264 cut into pictures, as the link and browsers' decoders want it.

use bytes::Bytes;

/// Most pictures in one chunk. A remote that sends more at a time sends a burst of what is old.
const UNITS_MAX: usize = 16;

/// `nal_unit_type` (ITU-T H.264 table 7-1).
mod nal {
    /// Slices are 1 to 5; the last is of a picture that needs none before it.
    pub(super) const SLICE_FIRST: u8 = 1;
    pub(super) const SLICE_IDR: u8 = 5;
    /// Supplemental information.
    pub(super) const SEI: u8 = 6;
    /// Sequence parameter set.
    pub(super) const SPS: u8 = 7;
    /// Access unit delimiter, the last of those that come before the slices of a picture.
    pub(super) const DELIMITER: u8 = 9;
}

/// One picture of a stream, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessUnit {
    /// It has a sequence parameter set and needs no picture before it.
    pub(crate) key: bool,
    /// Annex B form.
    pub(crate) data: Bytes,
}

/// Cuts `data`, in Annex B form (ITU-T H.264 annex B), where a picture begins (§7.4.1.2.3). What
/// has no picture at its end stays with the one before it. Nothing when there is no picture at all,
/// or there are too many.
pub(crate) fn access_units(data: &Bytes) -> Vec<AccessUnit> {
    let mut units = Vec::new();
    let (mut start, mut has_sps, mut slice) = (0, false, None);
    let mut finish = |start, end, has_sps, slice: Option<u8>| {
        if let Some(kind) = slice {
            units.push(AccessUnit {
                key: has_sps && kind == nal::SLICE_IDR,
                data: data.slice(start..end),
            });
        }
        units.len() < UNITS_MAX
    };
    for (at, kind, first) in nal_units(data) {
        let is_slice = (nal::SLICE_FIRST..=nal::SLICE_IDR).contains(&kind);
        // `first_mb_in_slice` is 0, which is coded as a single 1 bit: another picture.
        let begins = if is_slice { first & 0x80 != 0 } else { is_before_slices(kind) };
        if slice.is_some() && begins {
            if !finish(start, at, has_sps, slice) {
                return Vec::new();
            }
            (start, has_sps, slice) = (at, false, None);
        }
        has_sps |= kind == nal::SPS;
        if is_slice {
            slice.get_or_insert(kind);
        }
    }
    finish(start, data.len(), has_sps, slice);
    units
}

/// Whether such a unit, behind slices, belongs to the next picture.
const fn is_before_slices(kind: u8) -> bool {
    // 14 to 18 are reserved for more of the kind.
    matches!(kind, nal::SEI..=nal::DELIMITER | 14..=18)
}

/// Where the start code of each unit begins, the unit's type, and its first byte of payload.
fn nal_units(data: &[u8]) -> impl Iterator<Item = (usize, u8, u8)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = data.get(at..)?;
        let found = at + rest.windows(3).position(|bytes| bytes == [0, 0, 1])?;
        at = found + 3;
        let header = *data.get(at)?;
        let first = data.get(at + 1).copied().unwrap_or(0);
        // A fourth byte of a start code belongs to the unit that it begins.
        let zero = found.checked_sub(1).filter(|zero| data.get(*zero) == Some(&0));
        Some((zero.unwrap_or(found), header & 0x1f, first))
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::access_units;

    const SPS: &[u8] = &[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f];
    const PPS: &[u8] = &[0, 0, 1, 0x68, 0xce];
    const IDR: &[u8] = &[0, 0, 1, 0x65, 0x88, 0x84];
    const IDR_MORE: &[u8] = &[0, 0, 1, 0x65, 0x08, 0x84];
    const DELTA: &[u8] = &[0, 0, 0, 1, 0x41, 0x9a, 0x00];
    const DELIMITER: &[u8] = &[0, 0, 0, 1, 0x09, 0xf0];

    fn cut(parts: &[&[u8]]) -> Vec<(bool, usize)> {
        let data = Bytes::from(parts.concat());
        let units = access_units(&data);
        let whole: usize = units.iter().map(|unit| unit.data.len()).sum();
        assert!(units.is_empty() || whole == data.len());
        units.iter().map(|unit| (unit.key, unit.data.len())).collect()
    }

    #[test]
    fn cuts_where_pictures_begin() {
        assert_eq!(cut(&[SPS, PPS, IDR]), [(true, 19)]);
        assert_eq!(cut(&[SPS, PPS, IDR, IDR_MORE]), [(true, 25)], "two slices of one");
        assert_eq!(cut(&[DELTA]), [(false, 7)]);
        assert_eq!(cut(&[IDR]), [(false, 6)], "no parameters");
        assert_eq!(cut(&[SPS, PPS, IDR, DELTA, DELTA]), [(true, 19), (false, 7), (false, 7)]);
        let delimited = [DELIMITER, SPS, PPS, IDR, DELIMITER, DELTA, DELIMITER, SPS, PPS, IDR];
        assert_eq!(cut(&delimited), [(true, 25), (false, 13), (true, 25)]);
    }

    #[test]
    fn what_is_no_video_is_nothing() {
        for parts in [&[][..], &[&[][..]], &[SPS, PPS], &[b"no start code"], &[&[0, 0, 1]]] {
            assert_eq!(cut(parts), [], "{parts:?}");
        }
        assert_eq!(cut(&[DELTA; 16]).len(), 16);
        assert_eq!(cut(&[DELTA; 17]).len(), 0);
    }
}
