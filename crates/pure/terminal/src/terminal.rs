//! A terminal's state.

use bytes::{Bytes, BytesMut};
use porthole_remote::Cells;

/// What bytes from the remote led to.
#[derive(Debug, Default)]
pub struct Fed {
    /// What viewers may be shown: whole characters and sequences.
    pub shown: BytesMut,
    /// The terminal's answers, for the remote.
    pub replies: BytesMut,
    /// What else was noticed, in order.
    pub noticed: Vec<Noticed>,
}

/// Something that the remote wants of the terminal beyond its screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// It rings.
    Bell,
    /// Its window's name: one printable line of at most 256 bytes.
    Title(String),
    /// It copies (OSC 52).
    Copied(String),
}

/// A terminal: what its screen shows, the rows above it, and its modes.
#[derive(Debug)]
pub struct Terminal {
    size: Cells,
    last: BytesMut,
}

impl Terminal {
    /// A terminal that has just been reset.
    pub fn new(size: Cells, _scrollback: u32) -> Self {
        Self { size, last: BytesMut::new() }
    }

    /// Its size.
    pub const fn size(&self) -> Cells {
        self.size
    }

    /// Takes bytes from the remote.
    pub fn feed(&mut self, bytes: &[u8], fed: &mut Fed) {
        fed.shown.extend_from_slice(bytes);
        self.last.extend_from_slice(bytes);
        if self.last.len() > 64 << 10 {
            self.last = self.last.split_off(self.last.len() - (32 << 10));
        }
    }

    /// Gives it another size.
    pub const fn resize(&mut self, size: Cells) {
        self.size = size;
    }

    /// What, written to a terminal of this size that has just been reset, shows the same.
    pub fn snapshot(&self) -> Bytes {
        Bytes::copy_from_slice(&self.last)
    }
}
