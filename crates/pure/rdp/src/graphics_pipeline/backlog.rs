//! What was passed on of a stream, and a decoder has not seen.

use std::collections::VecDeque;

use bytes::Bytes;

/// Most pieces that are kept, and most bytes of them. What is decoded late is decoded at once: the
/// bounds say for how long that may keep a session. Encoders begin a stream anew after 250 pictures
/// or fewer, when they do so at all.
const PIECES_MAX: usize = 256;
const BYTES_MAX: usize = 8 << 20;

/// The newest pieces of a stream.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Bytes>,
    bytes: usize,
}

impl Backlog {
    /// Keeps `piece`. What comes back is the oldest that no longer has a place, and is to be
    /// decoded now.
    pub(super) fn push(&mut self, piece: Bytes) -> Option<Bytes> {
        self.bytes += piece.len();
        self.pieces.push_back(piece);
        let is_over = self.pieces.len() > PIECES_MAX || self.bytes > BYTES_MAX;
        is_over.then(|| self.pop()).flatten()
    }

    /// The oldest.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let piece = self.pieces.pop_front()?;
        self.bytes -= piece.len();
        Some(piece)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{BYTES_MAX, Backlog, PIECES_MAX};

    #[test]
    fn keeps_the_newest_within_bounds() {
        let mut backlog = Backlog::default();
        for number in 0..PIECES_MAX {
            assert_eq!(backlog.push(Bytes::from(vec![number as u8])), None);
        }
        assert_eq!(backlog.push(Bytes::from_static(b"x")), Some(Bytes::from_static(&[0])));
        assert_eq!(backlog.pop(), Some(Bytes::from_static(&[1])));
        backlog.clear();
        assert_eq!(backlog.pop(), None);
        let large = Bytes::from(vec![0; BYTES_MAX / 2]);
        assert_eq!(backlog.push(large.clone()), None);
        assert_eq!(backlog.push(large.clone()), None);
        assert_eq!(backlog.push(large.clone()), Some(large));
    }
}
