//! How much of a download may be on its way: what stays behind frames and keys.
//!
//! Files are in no hurry. Like LEDBAT (RFC 6817), the window grows while what is sent does not
//! queue, and shrinks as soon as it does, whoever filled the queue: so a transfer takes what the
//! path has left, and adds no more than [`TARGET`] to the time that a frame takes. What is under
//! way is measured from sending to the browser's credit, so that a slow disk counts as well.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use porthole_link::FILE_DATA_MAX_BYTES;

/// How long a transfer may make others wait.
const TARGET: Duration = Duration::from_millis(20);

const START_BYTES: usize = 32 << 10;
const MIN_BYTES: usize = 8 << 10;
const MAX_BYTES: usize = 4 << 20;

/// By how much the window grows in a round trip once the path has been full.
const STEP_BYTES: f64 = 16_384.0;

/// Least bytes of a piece: less is not worth its header and its trip to the store.
const PIECE_MIN_BYTES: usize = 4 << 10;

/// How many pieces make a window: a frame waits behind one of them.
const PIECES: usize = 8;

/// For how long the shortest trip counts, once and twice; routes change.
const BASE_AGE: Duration = Duration::from_secs(30);

/// The window of one transfer.
#[derive(Debug)]
pub(super) struct Window {
    bytes: f64,
    /// Pieces that are not credited: the count of bytes at the end of each, and when it left.
    under_way: VecDeque<(u64, Instant)>,
    sent: u64,
    credited: u64,
    /// The path was never full: double in every round trip.
    starting: bool,
    /// The shortest trip of now and of the time before, and when now began.
    base: Option<(Duration, Duration, Instant)>,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self {
            bytes: as_float(START_BYTES),
            under_way: VecDeque::new(),
            sent: 0,
            credited: 0,
            starting: true,
            base: None,
        }
    }

    /// How much to read of the file at a time.
    pub(super) fn piece_bytes(&self) -> usize {
        (self.len() / PIECES).clamp(PIECE_MIN_BYTES, FILE_DATA_MAX_BYTES)
    }

    /// Whether another piece may leave.
    pub(super) fn is_open(&self) -> bool {
        self.under_way_bytes() < self.len() as u64
    }

    pub(super) fn sent(&mut self, now: Instant, bytes: usize) {
        self.sent += bytes as u64;
        self.under_way.push_back((self.sent, now));
    }

    /// The browser has put `bytes` away.
    pub(super) fn credited(&mut self, now: Instant, bytes: usize) {
        let was_used = self.under_way_bytes() * 2 >= self.len() as u64;
        let credited = (self.credited + bytes as u64).min(self.sent);
        let fresh = credited - self.credited;
        self.credited = credited;
        let mut trip = None;
        while let Some((end, at)) = self.under_way.front()
            && *end <= credited
        {
            trip = Some(now.saturating_duration_since(*at));
            self.under_way.pop_front();
        }
        if let Some(trip) = trip {
            let queued = trip.saturating_sub(self.learn_base(now, trip));
            self.adapt(queued, fresh, was_used);
        }
    }

    fn adapt(&mut self, queued: Duration, fresh: u64, was_used: bool) {
        let off = 1.0 - queued.as_secs_f64() / TARGET.as_secs_f64();
        let fresh = as_float(usize::try_from(fresh).unwrap_or(MAX_BYTES));
        if off < 0.5 {
            self.starting = false;
        }
        if off < 0.0 {
            // By at most half in a round trip, however long the queue has become.
            self.bytes += (off.max(-1.0) / 2.0) * fresh;
        } else if was_used {
            let step = if self.starting { fresh } else { off * fresh * STEP_BYTES / self.bytes };
            self.bytes += step.min(fresh);
        }
        self.bytes = self.bytes.clamp(as_float(MIN_BYTES), as_float(MAX_BYTES));
    }

    fn learn_base(&mut self, now: Instant, trip: Duration) -> Duration {
        let (mut newest, mut before, mut since) = self.base.unwrap_or((trip, trip, now));
        if now.saturating_duration_since(since) > BASE_AGE {
            (before, newest, since) = (newest, trip, now);
        }
        newest = newest.min(trip);
        self.base = Some((newest, before, since));
        newest.min(before)
    }

    fn under_way_bytes(&self) -> u64 {
        self.sent - self.credited
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between MIN_BYTES and MAX_BYTES"
    )]
    const fn len(&self) -> usize {
        self.bytes as usize
    }
}

#[expect(clippy::cast_precision_loss, reason = "windows are far below 2^52")]
const fn as_float(bytes: usize) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::{Duration, Instant};

    use super::{MIN_BYTES, Window};

    /// A path with a rate, a delay and a queue that others fill as well.
    struct Path {
        now: Instant,
        free_at: Instant,
        bytes_per_ms: u64,
        delay: Duration,
        arriving: VecDeque<(Instant, usize)>,
    }

    impl Path {
        #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
        fn new(bytes_per_ms: u64, delay: Duration) -> Self {
            let now = Instant::now();
            Self { now, free_at: now, bytes_per_ms, delay, arriving: VecDeque::new() }
        }

        fn put(&mut self, bytes: usize) -> Instant {
            let took = Duration::from_micros(bytes as u64 * 1000 / self.bytes_per_ms);
            self.free_at = self.free_at.max(self.now) + took;
            self.free_at + self.delay
        }

        /// Runs for a while; the answer is the bytes that arrived and the longest queue.
        fn run(&mut self, window: &mut Window, time: Duration, others: usize) -> (u64, Duration) {
            let (end, mut arrived, mut longest) = (self.now + time, 0, Duration::ZERO);
            let mut tick = 0;
            while self.now < end {
                if others > 0 && tick % 16 == 0 {
                    self.put(others);
                }
                while window.is_open() {
                    let piece = window.piece_bytes();
                    window.sent(self.now, piece);
                    let at = self.put(piece);
                    self.arriving.push_back((at, piece));
                }
                longest = longest.max(self.free_at.saturating_duration_since(self.now));
                self.now += Duration::from_millis(1);
                tick += 1;
                while let Some((at, bytes)) = self.arriving.front().copied()
                    && at <= self.now
                {
                    self.arriving.pop_front();
                    window.credited(self.now, bytes);
                    arrived += bytes as u64;
                }
            }
            (arrived, longest)
        }
    }

    #[test]
    fn fills_the_path_and_hardly_more() {
        // 1 MB/s at 20 ms, 10 MB/s at 100 ms, 1 GB/s at hand.
        for (rate, delay_ms, least) in [(1_000, 20, 80), (10_000, 100, 70), (1_000_000, 0, 50)] {
            let mut window = Window::new();
            let mut path = Path::new(rate, Duration::from_millis(delay_ms));
            path.run(&mut window, Duration::from_secs(10), 0);
            let (arrived, longest) = path.run(&mut window, Duration::from_secs(10), 0);
            let share = arrived * 100 / (rate * 10_000);
            assert!(share >= least, "{rate}: {share}");
            assert!(longest <= Duration::from_millis(40), "{rate}: {longest:?}");
        }
    }

    #[test]
    fn gives_way_to_others() {
        let mut window = Window::new();
        let mut path = Path::new(1_000, Duration::from_millis(20));
        path.run(&mut window, Duration::from_secs(5), 0);
        // Frames take three quarters of the path, each 12 ms of it.
        path.run(&mut window, Duration::from_secs(5), 12_000);
        let (later, longest) = path.run(&mut window, Duration::from_secs(5), 12_000);
        assert!((500_000..1_260_000).contains(&later), "{later}");
        assert!(longest < Duration::from_millis(60), "{longest:?}");
        let (back, _) = path.run(&mut window, Duration::from_secs(10), 0);
        assert!(back > 7_000_000, "{back}");
    }

    #[test]
    fn credit_that_was_not_due_counts_for_nothing() {
        let mut window = Window::new();
        let path = Path::new(1, Duration::ZERO);
        window.credited(path.now, usize::MAX);
        window.sent(path.now, MIN_BYTES);
        window.credited(path.now, 1 << 40);
        assert!(window.is_open());
        assert_eq!(window.under_way_bytes(), 0);
    }
}
