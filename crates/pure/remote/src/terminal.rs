//! Remotes that are text: what they show and what is typed.

use std::fmt;

use bytes::Bytes;

/// A terminal's size in character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cells {
    /// Columns, 1 to [`Cells::COLUMNS_MAX`].
    pub columns: u16,
    /// Rows, 1 to [`Cells::ROWS_MAX`].
    pub rows: u16,
}

impl Cells {
    /// Most columns that are served.
    pub const COLUMNS_MAX: u16 = 1000;
    /// Most rows that are served.
    pub const ROWS_MAX: u16 = 500;

    /// The size of a terminal that nobody has given another one.
    pub const USUAL: Self = Self { columns: 80, rows: 24 };

    /// This size, moved into the bounds.
    pub fn clamped(self) -> Self {
        Self {
            columns: self.columns.clamp(1, Self::COLUMNS_MAX),
            rows: self.rows.clamp(1, Self::ROWS_MAX),
        }
    }
}

/// How a terminal is to look, as the connection's parameters say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalLook {
    /// A font family; empty for the viewer's own monospaced one. At most 128 bytes.
    pub font_name: String,
    /// Its size in points, 4 to 96.
    pub font_size_pt: u8,
    /// Rows kept that have left the screen at its top.
    pub scrollback: u32,
    /// Red, green, blue: the 256 colours that programs name by number, then the foreground, then the
    /// background.
    pub colors: Box<[[u8; 3]; 258]>,
}

/// A whole screen.
#[derive(Clone, PartialEq, Eq)]
pub struct TerminalScreen {
    /// The terminal's size.
    pub size: Cells,
    /// Written to a terminal of this size that has just been reset (RIS), these bytes show what the
    /// remote's terminal shows, with the rows kept above it, and leave it in the same modes. At most
    /// [`TerminalScreen::DATA_MAX_BYTES`].
    pub data: Bytes,
}

impl TerminalScreen {
    /// Longest description of a screen, in bytes.
    pub const DATA_MAX_BYTES: usize = 4 << 20;
}

impl fmt::Debug for TerminalScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TerminalScreen({:?}, {} bytes)", self.size, self.data.len())
    }
}

/// What a text remote has to say. All of it is in order: a screen shows what the text before it
/// made of the terminal.
#[derive(Clone, PartialEq, Eq)]
pub enum TerminalNews {
    /// How it is to look; before anything else, and when that changes.
    Look(TerminalLook),
    /// It has another size.
    Size(Cells),
    /// The answer to [`TerminalInput::ScreenWanted`].
    Screen(TerminalScreen),
    /// More text: whole characters and whole control sequences, of which none asks the terminal for
    /// an answer or reaches beyond it. At most [`TerminalNews::TEXT_MAX_BYTES`], never empty.
    Text(Bytes),
}

impl TerminalNews {
    /// Longest piece of text, in bytes.
    pub const TEXT_MAX_BYTES: usize = 512 << 10;
}

impl fmt::Debug for TerminalNews {
    /// Without what the remote wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Look(look) => f.debug_tuple("Look").field(look).finish(),
            Self::Size(size) => f.debug_tuple("Size").field(size).finish(),
            Self::Screen(screen) => f.debug_tuple("Screen").field(screen).finish(),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
        }
    }
}

/// What a text remote is told.
#[derive(Clone, PartialEq, Eq)]
pub enum TerminalInput {
    /// Bytes that a viewer's terminal made of keys, the pointer or a paste. At most
    /// [`TerminalInput::TYPED_MAX_BYTES`].
    Typed(Bytes),
    /// A viewer's terminal has this size.
    Resize(Cells),
    /// Somebody lacks the screen: [`TerminalNews::Screen`] is wanted.
    ScreenWanted,
    /// Somebody watches who is shown pictures, at 100 times this device pixel ratio; at first
    /// nobody does. Only then is the surface drawn.
    PicturesWanted(Option<u16>),
}

impl TerminalInput {
    /// Longest piece of typed bytes.
    pub const TYPED_MAX_BYTES: usize = 64 << 10;
}

impl fmt::Debug for TerminalInput {
    /// Without what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(bytes) => write!(f, "Typed({} bytes)", bytes.len()),
            Self::Resize(size) => f.debug_tuple("Resize").field(size).finish(),
            Self::ScreenWanted => f.write_str("ScreenWanted"),
            Self::PicturesWanted(scale) => f.debug_tuple("PicturesWanted").field(scale).finish(),
        }
    }
}

/// How a remote's program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Exited(u32),
    /// By this signal, named without `SIG` as in RFC 4254 section 6.10; fit to print.
    Killed(String),
    /// For a reason that is said in one printable line without an address.
    Other(String),
}
