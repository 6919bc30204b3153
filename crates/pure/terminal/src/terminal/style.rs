//! How a cell looks.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::interned::Quick;

/// A colour, as a program names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Color {
    /// The terminal's own.
    #[default]
    Default,
    /// One of the 256 of the palette.
    Palette(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Color {
    /// A number of 26 bits.
    fn packed(self) -> u32 {
        match self {
            Self::Default => 0,
            Self::Palette(index) => 1 << 24 | u32::from(index),
            Self::Rgb(red, green, blue) => u32::from_be_bytes([2, red, green, blue]),
        }
    }
}

/// The line under a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Underline {
    /// None.
    #[default]
    None,
    /// One line.
    Single,
    /// Two lines.
    Double,
    /// A wave.
    Curly,
    /// Dots.
    Dotted,
    /// Dashes.
    Dashed,
}

impl Underline {
    /// Its number in SGR 4.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Single => 1,
            Self::Double => 2,
            Self::Curly => 3,
            Self::Dotted => 4,
            Self::Dashed => 5,
        }
    }

    /// The one with this number in SGR 4.
    pub(crate) const fn with_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::Single,
            2 => Self::Double,
            3 => Self::Curly,
            4 => Self::Dotted,
            5 => Self::Dashed,
            _ => return None,
        })
    }
}

/// What else is done to a character; several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u16);

impl Flags {
    /// None.
    pub(crate) const NONE: Self = Self(0);
    /// Bold.
    pub const BOLD: Self = Self(1);
    /// Faint.
    pub const FAINT: Self = Self(1 << 1);
    /// Italic.
    pub const ITALIC: Self = Self(1 << 2);
    /// Blinking.
    pub const BLINK: Self = Self(1 << 3);
    /// Foreground and background change places.
    pub const INVERSE: Self = Self(1 << 4);
    /// Not to be seen.
    pub const INVISIBLE: Self = Self(1 << 5);
    /// Struck through.
    pub const STRIKE: Self = Self(1 << 6);
    /// A line above.
    pub const OVERLINE: Self = Self(1 << 7);
    /// Selective erasure leaves it (DECSCA).
    pub const PROTECTED: Self = Self(1 << 8);

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// With `flags` set or not.
    pub(crate) const fn with(self, flags: Self, on: bool) -> Self {
        if on { Self(self.0 | flags.0) } else { Self(self.0 & !flags.0) }
    }
}

/// How a cell looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Style {
    /// The character's colour.
    pub foreground: Color,
    /// The cell's colour.
    pub background: Color,
    /// The underline's colour; the character's by default.
    pub underline_color: Color,
    /// The underline.
    pub underline: Underline,
    /// Everything else.
    pub flags: Flags,
    /// Where it leads (OSC 8): an absolute address of http, https or mailto.
    pub link: Option<Arc<Link>>,
}

impl Style {
    /// What is left where something was erased: the background alone.
    pub(crate) fn erased(&self) -> Self {
        Self { background: self.background, ..Self::default() }
    }

    /// Whether more than the background matters of a cell without a character.
    pub(crate) fn matters_when_empty(&self) -> bool {
        let shown = [Flags::INVERSE, Flags::STRIKE, Flags::OVERLINE, Flags::PROTECTED];
        self.underline != Underline::None || shown.iter().any(|flag| self.flags.has(*flag))
    }
}

impl Style {
    /// All but the link, as one number.
    fn packed(&self) -> u128 {
        let colors = [self.foreground, self.background, self.underline_color];
        let colors = colors.iter().fold(0, |all, color| all << 26 | u128::from(color.packed()));
        colors << 12 | u128::from(self.underline.number()) << 9 | u128::from(self.flags.0)
    }
}

impl Hash for Style {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.packed());
        self.link.hash(state);
    }
}

impl Quick for Style {
    fn quick(&self) -> u8 {
        let [low, high] = [self.packed(), self.packed() >> 64];
        let bits = low ^ high.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        let bits = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        bits.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0]
    }
}

/// A hyperlink.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// Cells of one name and address belong together; empty for none.
    pub name: String,
    /// An absolute address of http, https or mailto: printable ASCII.
    pub address: String,
}
