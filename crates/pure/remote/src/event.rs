//! What a remote has to say to the session.

use std::fmt;

use bytes::Bytes;
use porthole_pixels::{Rect, Size};

use crate::{Clipboard, DriveRequest, Redirect, Sound, SoundFormat, TerminalNews, Ticket};

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
    /// Somebody copied something on the remote: never empty, and all that there is of it.
    Clipboard(Clipboard),
    /// The remote rang its bell.
    Bell,
    /// The desktop's name: one printable line of at most 256 bytes.
    Title(String),
    /// Lock keys: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock.
    Leds(u8),
    /// Whether the remote takes [`crate::Input::Resize`].
    ResizeSupported(bool),
    /// Whether the remote takes [`crate::Input::Touch`].
    TouchSupported(bool),
    /// The remote's screens changed: at most [`Screen::COUNT_MAX`] of them.
    Screens(Vec<Screen>),
    /// A piece of a video stream. The surface does not have its picture: before this event, the
    /// driver calls [`porthole_pixels::Surface::draw_veil`] with each of [`VideoChunk::places`],
    /// once, so that the surface tells what was drawn there after the chunk from what was drawn
    /// before it.
    Video(VideoChunk),
    /// The stream of this number is over; the number may begin another. What it showed stays until
    /// something else is drawn there.
    VideoEnded(u32),
    /// Something is to be done with the session's files; answered by [`crate::Input::Drive`].
    Drive(DriveRequest),
    /// A text remote has something to show.
    Terminal(TerminalNews),
    /// Something to be heard now.
    Sound(Sound),
    /// Nothing more is to be heard for now.
    SoundEnded,
    /// The remote records: it takes [`crate::Input::Microphone`] in this format; `None`: no more.
    MicrophoneWanted(Option<SoundFormat>),
    /// The remote was accepted without proof of who it is: one line for the log, not for viewers.
    Unverified(String),
    /// Something the user or operator should know, fit to print; the connection goes on.
    Notice(String),
    /// With this, a connection that is dialled after this one was lost takes up its session. It
    /// replaces what came before.
    Ticket(Ticket),
    /// The remote does not serve this connection itself, which is over with this.
    Redirected(Box<Redirect>),
}

/// One of a remote's screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Screen {
    /// The remote's own number for it, which outlives changes of the layout.
    pub id: u32,
    /// Its place on the surface, inside of it and not empty.
    pub rect: Rect,
    /// Bits of the remote's protocol; 0 in those that have none.
    pub flags: u32,
}

impl Screen {
    /// Most screens that are told of; further ones are left out.
    pub const COUNT_MAX: usize = 16;
}

/// A piece of an H.264 stream: one or more whole access units in Annex B byte-stream format
/// (ITU-T H.264 annex B).
#[derive(Clone, PartialEq, Eq)]
pub struct VideoChunk {
    /// The stream's number, below [`VideoChunk::STREAMS_MAX`].
    pub stream: u32,
    /// Where the decoded picture goes, from its top left; the picture may be larger, and is cut.
    /// Not empty, and within the surface.
    pub rect: Rect,
    /// What of `rect` the picture is painted in, if that is not all of it: at most
    /// [`VideoChunk::PARTS_MAX`] rectangles on the surface. Each lies within `rect` and is not empty;
    /// they may overlap.
    pub parts: Vec<Rect>,
    /// The decoder has to begin anew: nothing before this chunk counts, and it starts with
    /// parameter sets and a picture that refers to no other, or cannot be decoded.
    pub is_start: bool,
    /// The bytes; never empty, at most [`VideoChunk::DATA_MAX_BYTES`].
    pub data: Bytes,
}

impl VideoChunk {
    /// Most streams at a time.
    pub const STREAMS_MAX: u32 = 64;
    /// Longest piece, in bytes.
    pub const DATA_MAX_BYTES: usize = 4 << 20;
    /// Most parts that are told apart.
    pub const PARTS_MAX: usize = 64;

    /// Where the picture is painted: its parts, or all of its rectangle.
    pub fn places(&self) -> &[Rect] {
        if self.parts.is_empty() { std::slice::from_ref(&self.rect) } else { &self.parts }
    }
}

impl fmt::Debug for VideoChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, parts, is_start, data, .. } = self;
        let (rect, len) = (self.rect, data.len());
        write!(f, "VideoChunk({stream}, {rect:?}, {parts:?}, start: {is_start}, {len} bytes)")
    }
}

/// A pointer picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Columns and rows. Zero in either means "hide the pointer".
    pub size: Size,
    /// The pixel that points, counted from the top left.
    pub hotspot: porthole_pixels::Point,
    /// Straight-alpha R, G, B, A, row-major: `4 * columns * rows` bytes.
    pub rgba: Vec<u8>,
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, hotspot, rgba } = self;
        write!(f, "Cursor({size:?}, {hotspot:?}, {} bytes)", rgba.len())
    }
}

impl Cursor {
    /// Largest side we serve, in pixels.
    pub const SIDE_MAX_PX: u16 = 512;

    /// No pointer at all.
    pub fn hidden() -> Self {
        Self { size: Size::default(), hotspot: porthole_pixels::Point::default(), rgba: Vec::new() }
    }
}
