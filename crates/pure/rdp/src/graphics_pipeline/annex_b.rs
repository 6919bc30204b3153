//! As much of an H.264 stream as has to be understood to pass it on (ITU-T H.264 7.3.1, annex B).

/// A slice of a picture that refers to others.
const SLICE: u8 = 1;
/// A slice of a picture that refers to no other, nor does any after it to one before it.
const SLICE_IDR: u8 = 5;
/// A sequence parameter set.
const PARAMETERS: u8 = 7;

/// Whether a decoder can begin with this: parameter sets and then a picture that refers to no
/// other.
pub(crate) fn is_start(stream: &[u8]) -> bool {
    let mut has_parameters = false;
    for kind in kinds(stream) {
        match kind {
            PARAMETERS => has_parameters = true,
            SLICE_IDR => return has_parameters,
            // Slices in partitions have kinds 2 to 4.
            SLICE..=4 => return false,
            _ => {}
        }
    }
    false
}

/// The kind of each unit: the byte behind each `00 00 01`, less its upper bits.
fn kinds(stream: &[u8]) -> impl Iterator<Item = u8> {
    stream.windows(4).filter_map(|bytes| match bytes {
        [0, 0, 1, header] => Some(header & 0x1f),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::is_start;

    #[test]
    fn knows_where_a_decoder_can_begin() {
        let cases: [(&[u8], bool); 8] = [
            (&[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3], true),
            // A delimiter before, three bytes of start code.
            (&[0, 0, 1, 0x09, 0x10, 0, 0, 1, 0x27, 1, 0, 0, 1, 0x25, 3], true),
            (&[0, 0, 0, 1, 0x65, 3], false),
            (&[0, 0, 0, 1, 0x41, 3], false),
            (&[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x41, 3], false),
            // The picture comes too late.
            (&[0, 0, 1, 0x67, 1, 0, 0, 1, 0x41, 3, 0, 0, 1, 0x65], false),
            (&[0, 0, 1, 0x67, 1, 0, 0, 1], false),
            (&[], false),
        ];
        for (stream, want) in cases {
            assert_eq!(is_start(stream), want, "{stream:?}");
        }
    }
}
