//! Text as the channel carries it: UTF-16 with a zero at its end.

use bytes::BufMut;

use crate::LineEnds;

/// What to send for `text`, whose lines end with `\n` or `\r\n`.
pub(super) fn to_wire(text: &str, ends: LineEnds) -> Vec<u8> {
    let mut wire = Vec::with_capacity(2 * text.len() + 2);
    let mut before = 0;
    for unit in text.encode_utf16().chain([0]) {
        let is_end = unit == u16::from(b'\n');
        if is_end && before != u16::from(b'\r') && ends.are_windows_there() {
            wire.put_u16_le(u16::from(b'\r'));
        }
        if is_end && before == u16::from(b'\r') && ends == LineEnds::Unix {
            wire.truncate(wire.len() - 2);
        }
        wire.put_u16_le(unit);
        before = unit;
    }
    wire
}

/// The other way. What is no text becomes U+FFFD.
pub(super) fn from_wire(wire: &[u8], ends: LineEnds) -> String {
    let units = wire.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let characters = char::decode_utf16(units.take_while(|unit| *unit != 0));
    let text: String = characters.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    match ends {
        LineEnds::Native | LineEnds::Unix => text.replace("\r\n", "\n"),
        LineEnds::Windows => text.replace("\r\n", "\n").replace('\n', "\r\n"),
        LineEnds::Preserve => text,
    }
}

impl LineEnds {
    const fn are_windows_there(self) -> bool {
        matches!(self, Self::Native | Self::Windows)
    }
}

#[cfg(test)]
mod tests {
    use super::{from_wire, to_wire};
    use crate::LineEnds;

    #[test]
    fn lines_end_as_configured() {
        let cases = [
            (LineEnds::Native, "a\r\nb\r\n\0", "a\nb\n"),
            (LineEnds::Windows, "a\r\nb\r\n\0", "a\r\nb\r\n"),
            (LineEnds::Unix, "a\nb\n\0", "a\nb\n"),
            (LineEnds::Preserve, "a\r\nb\n\0", "a\r\nb\n"),
        ];
        for (ends, there, here) in cases {
            let wire: Vec<u8> = there.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(to_wire("a\r\nb\n", ends), wire, "{ends:?}");
            assert_eq!(from_wire(&to_wire("a\r\nb\n", LineEnds::Preserve), ends), here, "{ends:?}");
        }
    }

    #[test]
    fn text_ends_at_its_zero_and_lone_surrogates_are_replaced() {
        assert_eq!(from_wire(b"\x00\xd8a\0\0\0b\0", LineEnds::Native), "\u{fffd}a");
        assert_eq!(from_wire(b"a", LineEnds::Native), "");
        let face = "\u{1f600}";
        assert_eq!(from_wire(&to_wire(face, LineEnds::Native), LineEnds::Native), face);
    }
}
