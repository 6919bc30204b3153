//! What the path to the server is worth: raw pixels on a fast one, packed pixels on a slow one.
//!
//! Packing a pixel and unpacking it again takes the server and us about 60 ns, and leaves about a
//! tenth of its four bytes. So raw pixels arrive sooner where 3.6 bytes take less than 60 ns: at
//! 60 MB/s and more ([`RAW_RATE_MIN`]). How fast a path is can be seen only while it is full, and
//! packed pixels seldom fill it: the server packs more slowly than they travel. Hence trials: where
//! the round trip is short, a part of the desktop is asked for again as raw pixels, and the time of
//! the answer taken. From its first byte to its last it must come at that rate. An answer that
//! waited for us in a buffer looks faster than it was, so from the request on it may take no more
//! than four times as long: enough for a server to think, and too little for a slow path.

use std::time::{Duration, Instant};

use porthole_pixels::{BYTES_PER_PIXEL, Rect, Size};

/// Bytes a second from which on raw pixels are used.
const RAW_RATE_MIN: u64 = 60_000_000;

/// Bytes a second below which they are no longer. Between the two nothing changes.
const RAW_RATE_KEPT: u64 = 30_000_000;

/// The longest round trip on which a trial is worth its bytes.
const TRIAL_ROUND_TRIP_MAX: Duration = Duration::from_millis(3);

/// Bytes of a trial. At the lowest rate that passes they take 9 ms, and on a path of 100 Mbit/s,
/// where a trial fails, a blink of 42 ms.
const TRIAL_BYTES: u64 = 512 << 10;

/// How many times longer than at the lowest rate the answer may take from the request on.
const TRIAL_PATIENCE: u64 = 4;

/// Smaller desktops are not worth a trial.
const TRIAL_MIN_BYTES: u64 = 64 << 10;

/// Time before another trial after one that failed. It doubles each time.
const TRIAL_GAP_MIN: Duration = Duration::from_secs(2);
const TRIAL_GAP_MAX: Duration = Duration::from_secs(600);

/// Time before packed pixels follow raw ones.
const RAW_TIME_MIN: Duration = Duration::from_secs(5);

/// Updates that tell how fast raw pixels arrive.
const LARGE_MIN_BYTES: u64 = 256 << 10;

/// For how long they have to arrive slowly, one after the other, before it counts.
const SLOW_TIME_MIN: Duration = Duration::from_millis(200);

/// What to ask the server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Raw pixels, and this part of the desktop at once, changed or not.
    Trial(Rect),
    /// Packed pixels.
    Packed,
}

/// An update on its way.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    began: Instant,
    bytes: u64,
    /// Those that came later than its first.
    later_bytes: u64,
}

/// What is known of the path, and what is asked for because of it.
#[derive(Debug)]
pub(crate) struct Path {
    /// False: what is asked for does not change.
    is_measured: bool,
    is_raw: bool,
    round_trip: Duration,
    arrival: Option<Arrival>,
    trial: Option<Trial>,
    /// No trial before this moment, and how long to wait after the next that fails.
    trial_from: Option<Instant>,
    trial_gap: Duration,
    /// When raw pixels were last chosen here.
    raw_since: Option<Instant>,
    /// How long raw pixels have been arriving slowly.
    slow_time: Duration,
}

/// A trial under way.
#[derive(Debug, Clone, Copy)]
struct Trial {
    asked: Instant,
    want_bytes: u64,
    bytes: u64,
    /// Those that came later than the first of their update, and the time that they took.
    later_bytes: u64,
    time: Duration,
}

impl Trial {
    fn is_passed(&self, now: Instant) -> bool {
        let total = now - self.asked;
        let is_measurable = 2 * self.later_bytes >= self.bytes;
        is_at_least(RAW_RATE_MIN, self.bytes, total)
            || is_at_least(RAW_RATE_MIN / TRIAL_PATIENCE, self.bytes, total)
                && is_measurable
                && is_at_least(RAW_RATE_MIN, self.later_bytes, self.time)
    }
}

impl Path {
    /// `round_trip` is the handshake's; raw pixels are asked for at first, or packed ones.
    pub(crate) const fn new(is_measured: bool, is_raw: bool, round_trip: Duration) -> Self {
        Self {
            is_measured,
            is_raw,
            round_trip,
            arrival: None,
            trial: None,
            trial_from: None,
            trial_gap: TRIAL_GAP_MIN,
            raw_since: None,
            slow_time: Duration::ZERO,
        }
    }

    /// A question took so long to be answered. The shortest time says most of the path: the others
    /// hold more of the server's thinking, or of waiting for something to change.
    pub(crate) fn handle_round_trip(&mut self, time: Option<Duration>) {
        self.round_trip = time.map_or(self.round_trip, |time| time.min(self.round_trip));
    }

    /// Whether the path may be shorter than is known, and would be tried if it were.
    pub(crate) fn wants_round_trip(&self) -> bool {
        self.is_measured && !self.is_raw && self.round_trip > TRIAL_ROUND_TRIP_MAX
    }

    /// So many bytes of an update have come, its first among them or not.
    pub(crate) fn handle_part(&mut self, now: Instant, bytes: usize) {
        if !self.is_measured {
            return;
        }
        let bytes = bytes as u64;
        let arrival = self.arrival.get_or_insert(Arrival { began: now, bytes: 0, later_bytes: 0 });
        arrival.bytes += bytes;
        if now > arrival.began {
            arrival.later_bytes += bytes;
        }
    }

    /// An update is over, on a desktop of `size`.
    pub(crate) fn handle_end(&mut self, now: Instant, size: Size) -> Option<Advice> {
        let arrival = self.arrival.take()?;
        if let Some(trial) = &mut self.trial {
            trial.bytes += arrival.bytes;
            trial.later_bytes += arrival.later_bytes;
            trial.time += now - arrival.began;
            let trial = *trial;
            if trial.bytes < trial.want_bytes {
                return None;
            }
            self.trial = None;
            if trial.is_passed(now) {
                self.is_raw = true;
                self.raw_since = Some(now);
                self.slow_time = Duration::ZERO;
                self.trial_gap = TRIAL_GAP_MIN;
                return None;
            }
            return Some(self.pack(now));
        }
        if self.is_raw { self.judge(now, arrival) } else { self.try_raw(now, size) }
    }

    /// Whether raw pixels still arrive fast enough.
    fn judge(&mut self, now: Instant, arrival: Arrival) -> Option<Advice> {
        let time = now - arrival.began;
        if arrival.bytes < LARGE_MIN_BYTES || arrival.later_bytes == 0 {
            return None;
        }
        if is_at_least(RAW_RATE_KEPT, arrival.later_bytes, time) {
            self.slow_time = Duration::ZERO;
            return None;
        }
        self.slow_time += time;
        let is_settled = self.raw_since.is_none_or(|since| now - since >= RAW_TIME_MIN);
        (is_settled && self.slow_time >= SLOW_TIME_MIN).then(|| self.pack(now))
    }

    /// Raw pixels are too slow: the next trial is not soon.
    fn pack(&mut self, now: Instant) -> Advice {
        self.is_raw = false;
        self.trial_from = Some(now + self.trial_gap);
        self.trial_gap = (2 * self.trial_gap).min(TRIAL_GAP_MAX);
        Advice::Packed
    }

    fn try_raw(&mut self, now: Instant, size: Size) -> Option<Advice> {
        let is_early = self.trial_from.is_some_and(|from| now < from);
        if is_early || self.round_trip > TRIAL_ROUND_TRIP_MAX || size.area() == 0 {
            return None;
        }
        let row_bytes = u64::from(size.width) * BYTES_PER_PIXEL as u64;
        let rows = u16::try_from(TRIAL_BYTES.div_ceil(row_bytes)).unwrap_or(u16::MAX);
        let rect = Rect::new(0, 0, size.width, rows.min(size.height));
        let want_bytes = u64::from(rect.height) * row_bytes;
        if want_bytes < TRIAL_MIN_BYTES {
            return None;
        }
        self.trial =
            Some(Trial { asked: now, want_bytes, bytes: 0, later_bytes: 0, time: Duration::ZERO });
        Some(Advice::Trial(rect))
    }
}

/// Whether `bytes` in `time` are `rate` bytes a second or more.
fn is_at_least(rate: u64, bytes: u64, time: Duration) -> bool {
    u128::from(bytes) * 1_000_000_000 >= u128::from(rate) * time.as_nanos()
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
