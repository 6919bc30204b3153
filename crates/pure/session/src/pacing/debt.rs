//! What was sent and the path has probably not taken yet.

use std::time::{Duration, Instant};

/// Bytes that drain at the pace at which frames are to leave, in bytes a second. Without a pace
/// nothing is owed.
#[derive(Debug)]
pub(super) struct Debt {
    bytes: f64,
    at: Instant,
}

impl Debt {
    pub(super) const fn new(now: Instant) -> Self {
        Self { bytes: 0.0, at: now }
    }

    pub(super) fn add(&mut self, now: Instant, pace: Option<f64>, bytes: f64) {
        let left = pace.map_or(0.0, |pace| (self.bytes - pace * self.age(now)).max(0.0));
        *self = Self { bytes: left + bytes, at: now };
    }

    /// When the path has taken all of it.
    pub(super) fn paid_at(&self, pace: Option<f64>) -> Option<Instant> {
        let busy = Duration::try_from_secs_f64(self.bytes / pace?).ok()?;
        self.at.checked_add(busy)
    }

    /// How long the path has had nothing to do.
    pub(super) fn idle(&self, now: Instant, pace: Option<f64>) -> Duration {
        let paid_at = self.paid_at(pace).unwrap_or(self.at);
        now.saturating_duration_since(paid_at)
    }

    fn age(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.at).as_secs_f64()
    }
}
