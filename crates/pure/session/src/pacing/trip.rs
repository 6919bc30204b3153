//! How long the path to a viewer is, and how long its browser takes to paint.

use std::time::{Duration, Instant};

/// How long a shortest round trip is believed without being seen again.
const BASE_MAX_AGE: Duration = Duration::from_secs(10);

/// Most that a browser's painting adds to the window.
pub(super) const PAINT_ALLOWED: Duration = Duration::from_millis(60);

/// Longest time between two frames because the browser is slow: one that lies about it still
/// gets a picture.
const PAINT_GAP_MAX: Duration = Duration::from_millis(500);

/// The path's own round trip: the least of the last ten seconds.
#[derive(Debug)]
pub(super) struct Trip {
    /// The shortest round trip, and how many bytes made it. What these took of it is told by the
    /// rate, which may become better known later.
    least: Option<(Duration, usize)>,
    least_at: Instant,
}

impl Trip {
    pub(super) const fn new(now: Instant) -> Self {
        Self { least: None, least_at: now }
    }

    /// Nothing before the first acknowledgement. `own` is what bytes take of the path by
    /// themselves.
    pub(super) fn base(&self, own: impl Fn(usize) -> Duration) -> Duration {
        self.least.map_or(Duration::ZERO, |(trip, bytes)| net(trip, own(bytes)))
    }

    /// Takes in a round trip of `bytes`, without the time that painting took.
    pub(super) fn note(
        &mut self,
        now: Instant,
        trip: Duration,
        bytes: usize,
        own: impl Fn(usize) -> Duration,
    ) {
        let (known, this) = (self.base(&own), net(trip, own(bytes)));
        if self.least.is_none() || this <= known {
            self.least = Some((trip, bytes));
        } else if this > known + known / 20 + Duration::from_millis(1) {
            return;
        }
        self.least_at = now;
    }

    /// Whether the shortest round trip has not been seen for so long that it may be past.
    pub(super) fn is_old(&self, now: Instant) -> bool {
        self.least.is_some() && now.saturating_duration_since(self.least_at) > BASE_MAX_AGE
    }

    /// Whatever comes next is the shortest.
    pub(super) const fn forget(&mut self, now: Instant) {
        *self = Self::new(now);
    }
}

/// A round trip without its bytes' share. The rate may be an underestimate, and no path is all
/// bytes.
fn net(trip: Duration, own: Duration) -> Duration {
    trip.saturating_sub(own.min(trip / 3 * 2))
}

/// What the browser reports of its own work.
#[derive(Debug, Default)]
pub(super) struct Paint {
    /// Mean time that one frame occupies the browser.
    busy: Duration,
    /// From arrival to canvas: the least seen, which creeps up, and the latest.
    least: Option<Duration>,
    latest: Duration,
}

impl Paint {
    /// Takes in that `frames` were painted, the last of them `decode` after it arrived and
    /// `since_last` after the acknowledgement before.
    pub(super) fn note(&mut self, decode: Duration, since_last: Duration, frames: usize) {
        let frames = u32::try_from(frames.max(1)).unwrap_or(u32::MAX);
        // A tab that was hidden for an hour is not slow afterwards.
        let decode = decode.min(PAINT_GAP_MAX);
        let busy = decode.min(since_last) / frames;
        self.busy = (self.busy * 7 + busy) / 8;
        let least = self.least.unwrap_or(decode);
        self.least = Some(decode.min(least + least / 512));
        self.latest = decode;
    }

    /// The shortest time between two frames with which the browser keeps up. A little less than
    /// it takes now, to find out whether it could do more, unless frames wait in it.
    pub(super) fn gap(&self) -> Duration {
        let waits = self.latest.saturating_sub(self.least.unwrap_or_default());
        let gap = if waits > super::DELAY_LOW { self.busy * 6 / 5 } else { self.busy * 9 / 10 };
        gap.min(PAINT_GAP_MAX)
    }

    /// What may be under way beyond the path's own, so that it stays busy while the browser
    /// paints.
    pub(super) fn allowance(&self) -> Duration {
        self.least.unwrap_or_default().min(PAINT_ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Paint, Trip};

    const fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn the_base_is_what_the_bytes_did_not_take() {
        let start = Instant::now();
        let mut trip = Trip::new(start);
        let slow = |bytes: usize| ms(bytes as u64 / 100);
        trip.note(start, ms(100), 6_000, slow);
        assert_eq!(trip.base(slow), ms(40));
        // The rate was an underestimate: the same round trip has more of the path in it.
        assert_eq!(trip.base(|_| ms(10)), ms(90));
        trip.note(start + ms(5), ms(30), 0, slow);
        trip.note(start + ms(9_000), ms(90), 0, slow);
        assert_eq!(trip.base(slow), ms(30));
        assert!(!trip.is_old(start + ms(10_000)));
        assert!(trip.is_old(start + ms(10_006)));
    }

    #[test]
    fn a_browser_that_was_hidden_is_not_slow() {
        let mut paint = Paint::default();
        paint.note(Duration::from_secs(3_600), Duration::from_secs(3_600), 1);
        for _ in 0..20 {
            paint.note(ms(8), ms(33), 1);
        }
        assert!(paint.gap() < ms(33), "{:?}", paint.gap());
        assert_eq!(paint.allowance(), ms(8));
    }
}
