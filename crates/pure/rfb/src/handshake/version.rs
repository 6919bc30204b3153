//! `ProtocolVersion` (RFC 6143 §7.1.1).

use porthole_wire::{Reader, text};

use crate::RfbError;

/// The version both sides speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V3_3,
    V3_7,
    V3_8,
}

impl Version {
    /// Reads the server's twelve bytes. `None` means that they have not all arrived.
    ///
    /// # Errors
    ///
    /// [`RfbError::NotRfb`] as soon as a byte is wrong, [`RfbError::VersionTooOld`] below 3.3.
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Option<Self>, RfbError> {
        let opening = input.clone().take(input.len().min(12)).unwrap_or(&[]);
        // A server of another protocol may send fewer than twelve bytes and then wait for us.
        if !opening.iter().enumerate().all(|(place, byte)| is_allowed(place, *byte)) {
            return Err(RfbError::NotRfb { opening: text(opening) });
        }
        if opening.len() < 12 {
            return Ok(None);
        }
        input.take(12);
        let number = |start| opening.iter().skip(start).take(3).copied().fold(0, add_digit);
        Self::from_numbers(number(4), number(8)).map(Some)
    }

    /// What we answer.
    pub(super) const fn reply(self) -> &'static [u8; 12] {
        match self {
            Self::V3_3 => b"RFB 003.003\n",
            Self::V3_7 => b"RFB 003.007\n",
            Self::V3_8 => b"RFB 003.008\n",
        }
    }

    /// 3.4 to 3.6 never were, and count as 3.3; Apple's 3.889 and whatever calls itself 4 or
    /// 5 (`RealVNC`'s servers do) speak 3.8.
    fn from_numbers(major: u16, minor: u16) -> Result<Self, RfbError> {
        match (major, minor) {
            (3, 3..=6) => Ok(Self::V3_3),
            (3, 7) => Ok(Self::V3_7),
            (3, 8..) | (4.., _) => Ok(Self::V3_8),
            _ => Err(RfbError::VersionTooOld { major, minor }),
        }
    }
}

fn is_allowed(place: usize, byte: u8) -> bool {
    match b"RFB 000.000\n".get(place) {
        Some(b'0') => byte.is_ascii_digit(),
        Some(fixed) => *fixed == byte,
        None => false,
    }
}

/// Three digits at most, so this cannot overflow.
fn add_digit(number: u16, digit: u8) -> u16 {
    number * 10 + u16::from(digit.wrapping_sub(b'0'))
}

#[cfg(test)]
mod tests {
    use porthole_wire::Reader;

    use super::Version;
    use crate::RfbError;

    #[test]
    fn understands_odd_versions() {
        let cases = [
            ("RFB 003.003\n", Version::V3_3),
            ("RFB 003.005\n", Version::V3_3),
            ("RFB 003.007\n", Version::V3_7),
            ("RFB 003.008\n", Version::V3_8),
            ("RFB 003.889\n", Version::V3_8),
            ("RFB 004.001\n", Version::V3_8),
            ("RFB 005.000\n", Version::V3_8),
        ];
        for (line, want) in cases {
            assert_eq!(Version::read(&mut Reader::new(line.as_bytes())), Ok(Some(want)), "{line}");
            for cut in 0..line.len() {
                let mut input = Reader::new(&line.as_bytes()[..cut]);
                assert_eq!(Version::read(&mut input), Ok(None), "{line} at {cut}");
                assert_eq!(input.len(), cut);
            }
        }
    }

    #[test]
    fn refuses_other_protocols_at_once() {
        let opening = "SSH-2.0-Open";
        assert_eq!(
            Version::read(&mut Reader::new(b"SSH-2.0-OpenSSH_9.2")),
            Err(RfbError::NotRfb { opening: opening.into() })
        );
        assert!(Version::read(&mut Reader::new(b"RFB 3.8\n")).is_err());
        assert_eq!(
            Version::read(&mut Reader::new(b"RFB 002.009\n")),
            Err(RfbError::VersionTooOld { major: 2, minor: 9 })
        );
    }
}
