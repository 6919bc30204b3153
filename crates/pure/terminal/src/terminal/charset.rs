//! Character sets that programs choose for ASCII (ISO 2022).

/// What bytes 0x20 to 0x7e mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Charset {
    /// What they mean everywhere.
    #[default]
    Ascii,
    /// The number sign is a pound sign.
    British,
    /// DEC special graphics: lines and corners in place of small letters.
    Graphics,
}

impl Charset {
    /// The one that an escape sequence's last byte names.
    pub(crate) const fn with_final(byte: u8) -> Option<Self> {
        match byte {
            b'B' => Some(Self::Ascii),
            b'A' => Some(Self::British),
            b'0' => Some(Self::Graphics),
            _ => None,
        }
    }

    /// The last byte of the escape sequence that chooses it.
    pub(crate) const fn final_byte(self) -> u8 {
        match self {
            Self::Ascii => b'B',
            Self::British => b'A',
            Self::Graphics => b'0',
        }
    }

    /// What a character stands for.
    pub(crate) fn map(self, character: char) -> char {
        match self {
            Self::British if character == '#' => '£',
            Self::Graphics if ('`'..='~').contains(&character) => {
                let at = u32::from(character) - u32::from('`');
                usize::try_from(at)
                    .ok()
                    .and_then(|at| GRAPHICS.get(at))
                    .copied()
                    .unwrap_or(character)
            }
            _ => character,
        }
    }
}

/// Special graphics from the grave accent to the tilde (DEC VT100 User Guide, table 3-9).
const GRAPHICS: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼',
    '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];
