//! The remote's clipboard on its way to a viewer.
//!
//! It is state like the picture: what was copied last takes the place of what was not sent. It goes
//! in parts, each as a frame of its own that draws nothing, so that it counts in the window and a
//! frame of the picture waits for one part at most.

use std::time::Instant;

use bytes::Bytes;
use porthole_link::{ClipboardContent, ClipboardParts};
use porthole_remote::Clipboard;

use crate::viewer::Viewer;

/// Most bytes of one part, on whatever path.
const PART_MAX_BYTES: usize = 256 << 10;

/// Bytes of a part's message beside its data: two heads of records, a format, a frame's number.
const AROUND_BYTES: usize = 4 + 1 + 4 + 4;

/// Content that is not wholly sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    whole: ClipboardParts,
    left: ClipboardParts,
    /// A part left and no frame since: one that is due goes first.
    yields: bool,
}

impl Outgoing {
    pub(crate) fn new(content: Clipboard) -> Self {
        let Clipboard { text, html, png } = content;
        let whole = ClipboardParts::new(ClipboardContent { text, html, png });
        Self { left: whole.clone(), whole, yields: false }
    }

    /// The same from its beginning, for another socket.
    pub(crate) fn restarted(self) -> Self {
        Self { left: self.whole.clone(), whole: self.whole, yields: false }
    }

    /// A frame of the picture left.
    pub(crate) fn frame_sent(&mut self) {
        self.yields = false;
    }
}

impl Viewer {
    /// A message with the next part of the clipboard, if it may leave now. Small content may pass a
    /// full window, as a small frame may.
    pub(crate) fn take_clipboard(&mut self, now: Instant, max_bytes: usize) -> Option<Bytes> {
        let ready = self.is_started() && self.is_drained() && !self.picture.is_encoding();
        let draws = self.visible && !self.picture.pending.is_none();
        let room = self.pacing.room_bytes(now, max_bytes).saturating_sub(AROUND_BYTES);
        let is_due = self.pacing.is_due(now, max_bytes);
        let outgoing = self.clipboard.as_mut().filter(|_| ready)?;
        if (outgoing.yields && draws) || !(is_due || outgoing.left.len_bytes() <= room) {
            return None;
        }
        let part = outgoing.left.next(room.min(PART_MAX_BYTES));
        outgoing.yields = true;
        if !part.as_ref().is_some_and(|part| part.more) {
            self.clipboard = None;
        }
        part.map(|part| self.send_part(now, part, max_bytes))
    }

    /// When the path has taken enough for another part to leave, if only that is missing.
    pub(crate) fn clipboard_at(&self, now: Instant, max_bytes: usize) -> Option<Instant> {
        let waits = self.clipboard.is_some() && self.is_started() && self.pacing.is_open(max_bytes);
        self.pacing.next_at(std::time::Duration::ZERO).filter(|at| waits && *at > now)
    }
}
