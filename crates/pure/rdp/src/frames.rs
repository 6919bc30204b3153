//! Stop 4's boundary: when the picture is one that belongs on a frame.

use std::time::{Duration, Instant};

/// How long a frame that the server has begun may hold back what it has drawn.
const FRAME_MAX: Duration = Duration::from_millis(200);

/// What a server that marks no frames draws in so many bytes, or fewer, is shown at once: a letter,
/// a menu, a pointer over a button.
const SMALL_MAX_BYTES: usize = 8 << 10;

/// More is a part of something large, whose end is where nothing has arrived for so long.
const QUIET: Duration = Duration::from_millis(3);

/// How long the first part may wait for the last.
const PARTS_MAX: Duration = Duration::from_millis(25);

/// What has been drawn and not been told of.
///
/// Servers that mark frames are taken at their word, within [`FRAME_MAX`]. For others a frame
/// ends where nothing more has arrived; if it is large, where nothing more comes for a moment.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// Pixels may have changed since the last end.
    is_dirty: bool,
    /// When the frame that is open began.
    open_since: Option<Instant>,
    /// What has been drawn without marks.
    parts: Parts,
}

/// Drawings without marks.
#[derive(Debug, Default)]
struct Parts {
    /// Their bytes.
    bytes: usize,
    /// Some came since the last look.
    is_new: bool,
    /// When the first and the last of them were looked at.
    seen: Option<(Instant, Instant)>,
}

impl Frames {
    /// Something was drawn that belongs to the frame that is open, or is a frame by itself.
    pub(crate) const fn draw(&mut self) {
        self.is_dirty = true;
    }

    /// Something was drawn that says of no frame that it is its part.
    pub(crate) const fn draw_part(&mut self, bytes: usize) {
        self.is_dirty = true;
        self.parts.bytes = self.parts.bytes.saturating_add(bytes);
        self.parts.is_new = true;
    }

    /// The server begins a frame.
    pub(crate) const fn begin(&mut self, now: Instant) {
        self.open_since = Some(now);
    }

    /// The server ends the frame.
    pub(crate) fn end(&mut self) {
        self.open_since = None;
        self.parts = Parts::default();
    }

    /// Everything that has arrived is drawn, or time has passed. True: a frame ends here.
    pub(crate) fn settle(&mut self, now: Instant) -> bool {
        if std::mem::take(&mut self.parts.is_new) {
            let first = self.parts.seen.map_or(now, |(first, _)| first);
            self.parts.seen = Some((first, now));
        }
        if self.deadline().is_some_and(|deadline| now < deadline) {
            return false;
        }
        self.parts = Parts::default();
        std::mem::take(&mut self.is_dirty)
    }

    /// When to look again if nothing arrives.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.is_dirty {
            return None;
        }
        if let Some(since) = self.open_since {
            return Some(since + FRAME_MAX);
        }
        let (first, last) = self.parts.seen.filter(|_| self.parts.bytes > SMALL_MAX_BYTES)?;
        Some((last + QUIET).min(first + PARTS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Frames, SMALL_MAX_BYTES};

    #[test]
    fn frames_end_where_the_server_says_or_in_time() {
        let start = crate::testing::epoch();
        let at = |ms| start + Duration::from_millis(ms);
        let mut frames = Frames::default();
        assert!(!frames.settle(at(0)));
        frames.draw();
        assert!(frames.settle(at(0)) && !frames.settle(at(0)));
        frames.begin(at(0));
        assert_eq!(frames.deadline(), None);
        frames.draw();
        assert_eq!(frames.deadline(), Some(at(200)));
        assert!(!frames.settle(at(199)));
        frames.end();
        assert!(frames.settle(at(199)));
        frames.begin(at(300));
        frames.draw();
        assert!(frames.settle(at(500)));
        assert_eq!(frames.deadline(), None);
    }

    #[test]
    fn large_parts_wait_for_each_other() {
        let start = crate::testing::epoch();
        let at = |ms| start + Duration::from_millis(ms);
        let mut frames = Frames::default();
        frames.draw_part(SMALL_MAX_BYTES);
        assert!(frames.settle(at(0)), "a small one is shown at once");
        frames.draw_part(SMALL_MAX_BYTES);
        frames.draw_part(1);
        assert!(!frames.settle(at(0)) && !frames.settle(at(2)));
        assert_eq!(frames.deadline(), Some(at(3)));
        frames.draw_part(1);
        assert!(!frames.settle(at(2)) && !frames.settle(at(4)));
        assert!(frames.settle(at(5)) && frames.deadline().is_none());
        for ms in 0..25 {
            frames.draw_part(1 + SMALL_MAX_BYTES);
            assert!(!frames.settle(at(ms)));
        }
        assert_eq!(frames.deadline(), Some(at(25)));
        frames.draw_part(1);
        assert!(frames.settle(at(25)), "nothing waits for a server that never rests");
    }
}
