//! What a remote has to say to the session.

use porthole_pixels::Size;

/// Something a driver noticed. Pixels are not events: they are in the surface.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The connection is up: the surface has its first size, input is welcome.
    Connected,
    /// The surface has a new size. It has already been resized.
    Resized(Size),
    /// The surface is consistent: what was drawn up to here belongs on one frame.
    FrameEnd,
    /// The pointer's picture changed.
    Cursor(Cursor),
    /// The remote offers clipboard text; `\n` ends lines.
    ClipboardText(String),
    /// The remote rang its bell.
    Bell,
    /// The desktop's name: one printable line of at most 256 bytes.
    Title(String),
    /// Lock keys: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock.
    Leds(u8),
    /// Whether the remote takes [`crate::Input::Resize`].
    ResizeSupported(bool),
    /// Something the user or operator should know, fit to print; the connection goes on.
    Notice(String),
}

/// A pointer picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Columns and rows. Zero in either means "hide the pointer".
    pub size: Size,
    /// The pixel that points, counted from the top left.
    pub hotspot: porthole_pixels::Point,
    /// Straight-alpha R, G, B, A, row-major: `4 * columns * rows` bytes.
    pub rgba: Vec<u8>,
}

impl Cursor {
    /// Largest side we serve, in pixels.
    pub const SIDE_MAX_PX: u16 = 512;

    /// No pointer at all.
    pub fn hidden() -> Self {
        Self { size: Size::default(), hotspot: porthole_pixels::Point::default(), rgba: Vec::new() }
    }
}
