//! How much may be on its way to one viewer.
//!
//! The window follows the bandwidth-delay product, as BBR does: the best recent delivery rate
//! times the smallest recent round trip, both measured on acknowledgements of painted frames, so
//! that queues in the network, in a proxy and in the browser's decoder all count.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The window before anything is known, and its least value afterwards, in bytes.
const WINDOW_MIN_BYTES: usize = 64 << 10;

/// What a frame may take of the network beyond the round trip, so that the link stays busy
/// while the browser decodes.
const SLACK: Duration = Duration::from_millis(25);

/// How many delivery-rate samples the best is picked from.
const RATE_SAMPLES: usize = 10;

/// Half of how long the smallest round trip is remembered.
const RTT_BUCKET: Duration = Duration::from_secs(5);

/// Most frames on their way, however short they are.
const FRAMES_MAX: usize = 64;

/// A frame on its way.
#[derive(Debug)]
struct Sent {
    frame: u32,
    bytes: usize,
    at: Instant,
    /// What had been acknowledged when it left, and when that was known.
    acked_bytes: u64,
    acked_at: Instant,
    /// The window was not full, so its delivery says little about the network.
    limited: bool,
}

/// The acknowledgement clock of one viewer.
#[derive(Debug)]
pub(crate) struct Pacing {
    in_flight: VecDeque<Sent>,
    in_flight_bytes: usize,
    acked_bytes: u64,
    acked_at: Instant,
    sent_at: Option<Instant>,
    rates: VecDeque<f64>,
    /// Smallest round trip of the current bucket of time, and of the one before.
    rtt_min: [Option<Duration>; 2],
    rtt_bucket_start: Instant,
    /// Let everything arrive before the next frame leaves, so that a queue that always stands
    /// somewhere is not taken for distance.
    draining: bool,
}

impl Pacing {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            acked_bytes: 0,
            acked_at: now,
            sent_at: None,
            rates: VecDeque::new(),
            rtt_min: [None; 2],
            rtt_bucket_start: now,
            draining: false,
        }
    }

    /// Whether another frame may leave, as far as acknowledgements go.
    pub(crate) fn is_open(&self, max_bytes: usize) -> bool {
        self.in_flight.is_empty()
            || (!self.draining
                && self.in_flight_bytes < self.window_bytes(max_bytes)
                && self.in_flight.len() < self.frames_max())
    }

    /// The first moment at which another frame may leave, as far as the frame rate goes.
    pub(crate) fn next_at(&self, gap: Duration) -> Option<Instant> {
        self.sent_at.map(|at| at + gap)
    }

    /// What a frame may weigh to be delivered within `time`; unknown before the first samples.
    pub(crate) fn budget_bytes(&self, time: Duration) -> Option<usize> {
        self.rate().map(|rate| to_bytes(rate * time.as_secs_f64()))
    }

    /// A frame left.
    pub(crate) fn sent(&mut self, now: Instant, frame: u32, bytes: usize, max_bytes: usize) {
        if self.in_flight.is_empty() {
            // Nothing was under way, so the clock of the delivery rate starts now.
            self.draining = false;
            self.acked_at = now;
        }
        self.in_flight_bytes += bytes;
        self.in_flight.push_back(Sent {
            frame,
            bytes,
            at: now,
            acked_bytes: self.acked_bytes,
            acked_at: self.acked_at,
            limited: self.in_flight_bytes < self.window_bytes(max_bytes)
                && self.in_flight.len() + 1 < self.frames_max(),
        });
        self.sent_at = Some(now);
    }

    /// A frame, and with it all before it, is on the canvas. A number that is not under way is
    /// ignored: a browser cannot widen its window by inventing them. The answer is how long the
    /// frame took.
    pub(crate) fn acked(&mut self, now: Instant, frame: u32) -> Option<Duration> {
        let position = self.in_flight.iter().position(|sent| sent.frame == frame)?;
        let mut last = None;
        for sent in self.in_flight.drain(..=position) {
            self.in_flight_bytes -= sent.bytes;
            self.acked_bytes += sent.bytes as u64;
            last = Some(sent);
        }
        self.acked_at = now;
        let sent = last?;
        let rtt = now.saturating_duration_since(sent.at);
        self.note_rtt(now, rtt, sent.limited);
        self.note_rate(now, &sent);
        Some(rtt)
    }

    fn note_rtt(&mut self, now: Instant, rtt: Duration, limited: bool) {
        if now.saturating_duration_since(self.rtt_bucket_start) > RTT_BUCKET {
            self.rtt_min = [None, self.rtt_min[0]];
            self.rtt_bucket_start = now;
            self.draining = !limited;
        }
        self.rtt_min[0] = Some(self.rtt_min[0].map_or(rtt, |least| least.min(rtt)));
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than a float's precision")]
    fn note_rate(&mut self, now: Instant, sent: &Sent) {
        let elapsed = now.saturating_duration_since(sent.acked_at).as_secs_f64().max(1e-4);
        let rate = (self.acked_bytes - sent.acked_bytes) as f64 / elapsed;
        if sent.limited && self.rate().is_some_and(|best| rate <= best) {
            return;
        }
        if self.rates.len() == RATE_SAMPLES {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
    }

    /// Best recent delivery rate, in bytes a second.
    fn rate(&self) -> Option<f64> {
        self.rates.iter().copied().reduce(f64::max)
    }

    fn rtt(&self) -> Option<Duration> {
        self.rtt_min.iter().flatten().min().copied()
    }

    fn window_bytes(&self, max_bytes: usize) -> usize {
        let product = self
            .rate()
            .zip(self.rtt())
            .map_or(0, |(rate, rtt)| to_bytes(1.25 * rate * (rtt + SLACK).as_secs_f64()));
        product.max(WINDOW_MIN_BYTES).min(max_bytes)
    }

    /// A round trip's worth of frames at 60 a second, and two more.
    fn frames_max(&self) -> usize {
        let rtt = self.rtt().unwrap_or_default();
        (to_bytes(rtt.as_secs_f64() * 60.0) + 2).min(FRAMES_MAX)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and nothing here is negative"
)]
fn to_bytes(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Pacing, WINDOW_MIN_BYTES};

    const MAX: usize = 4 << 20;

    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_viewer_that_never_acknowledges_gets_one_window() {
        let now = start();
        let mut pacing = Pacing::new(now);
        let mut sent = 0;
        for frame in 0..1000 {
            if !pacing.is_open(MAX) {
                break;
            }
            pacing.sent(now, frame, 10_000, MAX);
            sent += 10_000;
        }
        assert!(sent <= WINDOW_MIN_BYTES + 10_000, "{sent}");
        pacing.acked(now, 4_000_000_000);
        assert!(!pacing.is_open(MAX));
    }

    #[test]
    fn one_frame_may_always_be_under_way() {
        let now = start();
        let mut pacing = Pacing::new(now);
        assert!(pacing.is_open(MAX));
        pacing.sent(now, 0, 10 << 20, MAX);
        assert!(!pacing.is_open(MAX));
        pacing.acked(now + Duration::from_secs(9), 0);
        assert!(pacing.is_open(MAX));
    }

    /// A pipe of 1 MB/s and 40 ms: what is under way settles near the product of both.
    #[test]
    fn the_window_follows_rate_and_round_trip() {
        let mut now = start();
        let mut pacing = Pacing::new(now);
        let (rate, delay, bytes) = (1_000_000.0, Duration::from_millis(40), 20_000);
        let mut pipe_free_at = now;
        let mut arrivals = std::collections::VecDeque::new();
        for frame in 0..2000_u32 {
            now += Duration::from_millis(16);
            while arrivals.front().is_some_and(|(at, _)| *at <= now) {
                let (at, frame) = arrivals.pop_front().unwrap();
                pacing.acked(at, frame);
            }
            if pacing.is_open(MAX) {
                pacing.sent(now, frame, bytes, MAX);
                pipe_free_at =
                    pipe_free_at.max(now) + Duration::from_secs_f64(f64::from(20_000) / rate);
                arrivals.push_back((pipe_free_at + delay, frame));
            }
        }
        let queued = pipe_free_at.saturating_duration_since(now);
        assert!(queued < Duration::from_millis(150), "{queued:?}");
        let budget = pacing.budget_bytes(Duration::from_secs(1)).unwrap();
        assert!((800_000..1_300_000).contains(&budget), "{budget}");
    }
}
