//! What a viewer asks of a remote.

use porthole_pixels::{Point, Rect, Size};

use crate::{Clipboard, DriveReply, Sound, TerminalInput};

/// How large a desktop is to be for whoever watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeWish {
    /// Columns and rows: device pixels of the viewer's window.
    pub size: Size,
    /// How large things are to be drawn: 100 times the device pixel ratio. Remotes that cannot draw
    /// them larger do without.
    pub scale_percent: u16,
}

/// With things drawn as large as they are.
impl From<Size> for SizeWish {
    fn from(size: Size) -> Self {
        Self { size, scale_percent: 100 }
    }
}

/// Input on its way to a remote. Drivers send keys in order and drop none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A key went down or up.
    Key {
        /// Down, or up.
        down: bool,
        /// What the key means: an X11 keysym (`0x0100_0000 + code point` for characters
        /// outside Latin-1), 0 when the browser could not tell.
        keysym: u32,
        /// Where the key is: an XT set 1 scan code, `0xe0` prefix as bit 7 of the low byte set
        /// (so `0xe0 0x1d`, right Control, is `0x9d`), as in the RFB QEMU extension. 0 when
        /// the key has no place, as on a phone.
        scancode: u16,
    },
    /// Characters that no key carries: from an input method, or pasted as typing.
    Text(String),
    /// Where the pointer is and which buttons are down.
    Pointer {
        /// Place on the surface.
        at: Point,
        /// Buttons that are down now.
        buttons: Buttons,
    },
    /// The wheel turned at a place. A notch is 120; positive is down and right, as in the DOM.
    Wheel {
        /// Place on the surface.
        at: Point,
        /// Sideways, in 1/120 notch.
        dx: i16,
        /// Up and down, in 1/120 notch.
        dy: i16,
    },
    /// A viewer offers what it copied: never empty. Formats that the remote does not know are left
    /// out.
    Clipboard(Clipboard),
    /// A finger on a touch screen. Sent while the remote takes it
    /// ([`crate::Event::TouchSupported`]); [`Input::ReleaseAll`] takes all fingers away.
    Touch {
        /// Which finger, below 10; the number is free again once it is up.
        contact: u8,
        /// What it does.
        phase: TouchPhase,
        /// Place on the surface.
        at: Point,
    },
    /// A viewer has put a file into the session's store for the remote's clipboard. Files of one
    /// folder are one copy: another folder begins another.
    ClipboardFile {
        /// Where it is, as [`crate::DriveAct::Open`] takes it.
        path: String,
        /// Its length in bytes.
        size: u64,
    },
    /// A viewer would like the desktop to be like this.
    Resize(SizeWish),
    /// Every key and button is up: the viewer lost the focus or left.
    ReleaseAll,
    /// Whether everybody who watches can be shown video; at first nobody can. While they can, the
    /// remote may be asked to send some ([`crate::Event::Video`]). When they no longer can, it is
    /// asked for none, and to draw what its streams showed.
    VideoWelcome(bool),
    /// What came of an [`crate::Event::Drive`]. It comes from no viewer, so that nothing that viewers
    /// may not do keeps it back.
    Drive(DriveReply),
    /// Somebody lacks what the remote shows here: it is asked to draw it again, or to begin a
    /// stream that shows it anew. Sent at most once a second.
    Repaint(Rect),
    /// What is said to a text remote.
    Terminal(TerminalInput),
    /// What a viewer says, in the format of [`crate::Event::MicrophoneWanted`]. In another one, or
    /// unwanted, it is left out.
    Microphone(Sound),
}

/// What a finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TouchPhase {
    /// It comes down.
    Down,
    /// It moves.
    Move,
    /// It goes up.
    Up,
    /// It never was meant.
    Cancel,
}

/// What the wheel has turned of a notch that is not whole yet, one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notches(i32);

impl Notches {
    /// Adds `turned`, in 1/120 notch, and takes whole notches out, at most `max` of them. A turn
    /// the other way starts afresh, so that the wheel answers at once.
    pub fn turn(&mut self, turned: i16, max: u16) -> i32 {
        let turned = i32::from(turned);
        if self.0.signum() * turned.signum() < 0 {
            self.0 = 0;
        }
        let sum = self.0 + turned;
        self.0 = sum % NOTCH;
        (sum / NOTCH).clamp(-i32::from(max), i32::from(max))
    }
}

/// A notch, in the units of [`Input::Wheel`].
const NOTCH: i32 = 120;

/// A set of mouse buttons, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Buttons(pub u8);

impl Buttons {
    /// The primary button.
    pub const LEFT: Self = Self(1);
    /// The wheel pressed.
    pub const MIDDLE: Self = Self(2);
    /// The secondary button.
    pub const RIGHT: Self = Self(4);
    /// The fourth button, "back".
    pub const BACK: Self = Self(8);
    /// The fifth button, "forward".
    pub const FORWARD: Self = Self(16);

    /// Whether all of `other` are down.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
