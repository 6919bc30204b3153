//! Stop 4's boundary: when the picture is one that belongs on a frame.

use std::time::{Duration, Instant};

/// How long a frame that the server has begun may hold back what it has drawn.
const FRAME_MAX: Duration = Duration::from_millis(200);

/// What has been drawn and not been told of.
///
/// Servers that mark frames are taken at their word, within [`FRAME_MAX`]. For others a frame
/// ends where nothing more has arrived.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// Pixels may have changed since the last end.
    is_dirty: bool,
    /// When the frame that is open began.
    open_since: Option<Instant>,
}

impl Frames {
    /// Something was drawn.
    pub(crate) const fn draw(&mut self) {
        self.is_dirty = true;
    }

    /// The server begins a frame.
    pub(crate) const fn begin(&mut self, now: Instant) {
        self.open_since = Some(now);
    }

    /// The server ends the frame.
    pub(crate) const fn end(&mut self) {
        self.open_since = None;
    }

    /// Everything that has arrived is drawn, or time has passed. True: a frame ends here.
    pub(crate) fn settle(&mut self, now: Instant) -> bool {
        if self.deadline().is_some_and(|deadline| now < deadline) {
            return false;
        }
        std::mem::take(&mut self.is_dirty)
    }

    /// When to look again if nothing arrives.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open_since.filter(|_| self.is_dirty).map(|since| since + FRAME_MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Frames;

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
}
