//! How much may be on its way to one viewer, and when the next frame may leave.
//!
//! The window follows the bandwidth-delay product, as BBR does: the best recent delivery rate
//! times the smallest recent round trip, both measured on acknowledgements of painted frames, so
//! that queues in the network, in a proxy and in the browser's decoder all count. Within the
//! window frames are spaced as the path delivers them, so that what is typed waits behind one
//! frame at most. All of it depends on what the viewer says; one that lies gets its own picture
//! late, and never more under way than the session's limit.

mod cycle;
mod debt;
mod trip;

#[cfg(test)]
mod sim;
#[cfg(test)]
mod sim_scene;
#[cfg(test)]
mod sim_tests;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::cycle::{Cycle, Sample, Turn};
use self::debt::Debt;
use self::trip::{PAINT_ALLOWED, Paint, Trip};

pub(crate) use self::cycle::DELAY_LOW;

/// The window before anything is known, in bytes.
const WINDOW_START_BYTES: usize = 64 << 10;

/// The window's least value once the path's rate is known, in bytes.
const WINDOW_MIN_BYTES: usize = 8 << 10;

/// What a frame may take of the network beyond the round trip, so that the link stays busy
/// while the next one is encoded.
const SLACK: Duration = Duration::from_millis(25);

/// How long before the path is free the next frame may begin to be encoded.
const LEAD: Duration = Duration::from_millis(10);

/// A frame that left this long after it could have, left when it was there to be sent.
const IDLE_MIN: Duration = Duration::from_millis(4);

/// A frame that left within this of the acknowledgement that opened the window, was waiting for
/// it; encoding took the time.
const HELD_MAX: Duration = Duration::from_millis(20);

/// The largest frame that may leave although the window is full or the path is busy: a typed
/// character.
pub(crate) const SMALL_BYTES: usize = 2 << 10;

/// Most bytes of such frames under way.
const SMALL_RESERVE_BYTES: usize = 8 << 10;

/// How long the path may be busy with one frame; and, so that a small picture need not be cut,
/// up to how many bytes it may be three times as long.
const FRAME_SHARE: Duration = Duration::from_millis(33);
const FRAME_WHOLE_BYTES: f64 = 32_768.0;

/// Most bytes of the first frame under way before the path is known.
const FRAME_START_BYTES: usize = 16 << 10;

/// What may still be under way when a queue counts as gone.
const DRAINED_BYTES: usize = 4 << 10;

/// Most frames on their way, however short they are.
const FRAMES_MAX: usize = 64;

/// A frame on its way.
#[derive(Debug)]
struct Sent {
    frame: u32,
    bytes: usize,
    at: Instant,
    /// What had arrived when it left, when that was known, and when the last of that had left.
    acked_bytes: u64,
    acked_at: Instant,
    acked_sent_at: Instant,
    /// The path was idle before, so its delivery says little about the network.
    limited: bool,
    /// It left although the window was full or the path busy.
    small: bool,
}

/// What a picture may weigh, as far as the path goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outlook {
    /// Bytes a second that the path is expected to take; unknown before the first
    /// acknowledgement.
    pub(crate) rate: Option<f64>,
    /// Whether the path was ever full. Until then `rate` is what was sent, not what could be.
    pub(crate) was_full: bool,
    /// What frames take beyond the path's own round trip.
    pub(crate) delay: Duration,
}

/// The acknowledgement clock of one viewer.
#[derive(Debug)]
pub(crate) struct Pacing {
    in_flight: VecDeque<Sent>,
    in_flight_bytes: usize,
    /// Of these, bytes of frames that left although the window was full.
    small_bytes: usize,
    acked_bytes: u64,
    /// When the latest acknowledged frame arrived and when it left.
    acked_at: Instant,
    acked_sent_at: Instant,
    /// When the latest acknowledgement came.
    painted_at: Instant,
    /// What had been acknowledged when the round of measuring began.
    round_bytes: u64,
    sent_at: Option<Instant>,
    /// The window was full when the latest frame had left.
    closed: bool,
    debt: Debt,
    trip: Trip,
    paint: Paint,
    cycle: Cycle,
    /// Let everything arrive before the next frame leaves, so that a queue that always stands
    /// somewhere is not taken for distance.
    draining: bool,
}

impl Pacing {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            small_bytes: 0,
            acked_bytes: 0,
            acked_at: now,
            acked_sent_at: now,
            painted_at: now,
            round_bytes: 0,
            sent_at: None,
            closed: false,
            debt: Debt::new(now),
            trip: Trip::new(now),
            paint: Paint::default(),
            cycle: Cycle::new(now),
            draining: false,
        }
    }

    /// Whether another frame may leave, as far as acknowledgements go. One may always when none
    /// is under way.
    pub(crate) fn is_open(&self, max_bytes: usize) -> bool {
        self.in_flight.is_empty() || (!self.draining && self.window_left(max_bytes) > 0)
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Whether a frame of at most [`SMALL_BYTES`] may leave, even if the window is full and
    /// [`Pacing::frame_gap`] is not over.
    pub(crate) fn is_open_small(&self, max_bytes: usize) -> bool {
        let fits = self.small_bytes + SMALL_BYTES <= SMALL_RESERVE_BYTES
            && self.in_flight_bytes + SMALL_BYTES <= max_bytes;
        self.in_flight.is_empty() || (fits && self.in_flight.len() < FRAMES_MAX)
    }

    /// Whether the path has nearly taken what was sent, and the window has room: a film's frame,
    /// which cannot be cut and for which the ladder found a weight, may leave.
    pub(crate) fn is_due(&self, now: Instant, max_bytes: usize) -> bool {
        self.is_open(max_bytes) && self.free_at().is_none_or(|at| at <= now)
    }

    /// How many bytes the next frame may hold so that what is under way stays in the window and
    /// the path is not busy with it for more than about 33 ms; 0 when none may leave. At most
    /// [`SMALL_BYTES`] when only what is small may.
    pub(crate) fn room_bytes(&self, now: Instant, max_bytes: usize) -> usize {
        if !self.is_due(now, max_bytes) {
            return if self.is_open_small(max_bytes) { SMALL_BYTES } else { 0 };
        }
        let window = self.window_left(max_bytes).max(SMALL_BYTES);
        let rate = self.cycle.rate().unwrap_or_default();
        let share = rate * FRAME_SHARE.as_secs_f64();
        if !self.cycle.was_full() {
            // In pieces, so that the first acknowledgement does not wait for all of it. What
            // follows the very first piece need not wait for that.
            let is_second = self.acked_bytes == 0 && !self.in_flight.is_empty();
            let room = if is_second { window } else { FRAME_START_BYTES.max(to_bytes(share)) };
            return window.min(room);
        }
        let share = to_bytes(share.max(FRAME_WHOLE_BYTES.min(3.0 * share)));
        // With nothing under way a window that is smaller than a frame holds up nobody.
        let room = if self.in_flight.is_empty() { share } else { share.min(window) };
        room.max(SMALL_BYTES).min(max_bytes)
    }

    /// How many bytes a part may hold that is a frame by itself because it does not fit into
    /// [`Pacing::room_bytes`]: before the path is known, as many as the window has left. After
    /// that, such a part waits until nothing is under way.
    pub(crate) fn room_alone_bytes(&self, now: Instant, max_bytes: usize) -> usize {
        let may = !self.cycle.was_full() && self.is_due(now, max_bytes);
        if may { self.window_left(max_bytes) } else { 0 }
    }

    /// The shortest time between two frames with which the browser keeps up, at least `gap_min`.
    pub(crate) fn frame_gap(&self, gap_min: Duration) -> Duration {
        gap_min.max(self.paint.gap())
    }

    /// The first moment at which another frame may leave, `gap` after the latest and when the
    /// path has nearly taken what was sent. After a rest that is at once.
    pub(crate) fn next_at(&self, gap: Duration) -> Option<Instant> {
        let free_at = self.free_at().unwrap_or(self.sent_at?);
        self.next_small_at(gap).map(|at| at.max(free_at))
    }

    /// The same for a frame of at most [`SMALL_BYTES`], which the path may be busy for.
    pub(crate) fn next_small_at(&self, gap: Duration) -> Option<Instant> {
        self.sent_at.map(|at| at + gap)
    }

    /// Something left beside the frames, which the path takes time for too.
    pub(crate) fn sent_beside(&mut self, now: Instant, bytes: usize) {
        self.debt.add(now, self.cycle.pace(), as_rate(bytes as u64));
    }

    /// What the ladder picks by.
    pub(crate) fn outlook(&self, now: Instant) -> Outlook {
        Outlook {
            rate: self.cycle.ceiling(now),
            was_full: self.cycle.was_full(),
            delay: self.cycle.delay(),
        }
    }

    /// A frame left.
    pub(crate) fn sent(&mut self, now: Instant, frame: u32, bytes: usize, max_bytes: usize) {
        let small = bytes <= SMALL_BYTES && !self.is_due(now, max_bytes);
        if self.in_flight.is_empty() {
            // Nothing was under way, so the clock of the delivery rate starts now.
            self.draining = false;
            self.acked_at = now;
            self.acked_sent_at = now;
            self.debt = Debt::new(now);
        }
        let limited = self.is_limited(now, bytes, max_bytes);
        self.debt.add(now, self.cycle.pace(), as_rate(bytes as u64));
        self.in_flight_bytes += bytes;
        self.small_bytes += if small { bytes } else { 0 };
        self.in_flight.push_back(Sent {
            frame,
            bytes,
            at: now,
            acked_bytes: self.acked_bytes,
            acked_at: self.acked_at,
            acked_sent_at: self.acked_sent_at,
            limited,
            small,
        });
        self.sent_at = Some(now);
        self.closed = self.window_left(max_bytes) == 0;
    }

    /// A frame, and with it all before it, is on the canvas, `decode` after it arrived. A number
    /// that is not under way is ignored: a browser cannot widen its window by inventing them.
    /// The answer is how long the frame took.
    pub(crate) fn painted(
        &mut self,
        now: Instant,
        frame: u32,
        decode: Duration,
    ) -> Option<Duration> {
        let position = self.in_flight.iter().position(|sent| sent.frame == frame)?;
        let mut last = None;
        for sent in self.in_flight.drain(..=position) {
            self.in_flight_bytes -= sent.bytes;
            self.small_bytes -= if sent.small { sent.bytes } else { 0 };
            self.acked_bytes += sent.bytes as u64;
            last = Some(sent);
        }
        let sent = last?;
        let took = now.saturating_duration_since(sent.at);
        let decode = decode.min(took);
        let since_last = now.saturating_duration_since(self.painted_at);
        self.paint.note(decode, since_last, position + 1);
        self.painted_at = now;
        self.measure(now, &sent, took.saturating_sub(decode), decode);
        let drained = self.in_flight_bytes <= DRAINED_BYTES;
        if self.draining && drained {
            self.draining = false;
            self.trip.forget(now);
        }
        Some(took)
    }

    fn measure(&mut self, now: Instant, sent: &Sent, trip: Duration, decode: Duration) {
        // Frames arrive in order, whatever their painting took.
        let arrived_at = now.checked_sub(decode).unwrap_or(now).max(self.acked_at);
        // The longer of how long they took to leave and to arrive: neither a burst after a stall
        // nor acknowledgements that were held back and come together make a path look fast.
        let elapsed = arrived_at
            .saturating_duration_since(sent.acked_at)
            .max(sent.at.saturating_duration_since(sent.acked_sent_at))
            .as_secs_f64()
            .max(1e-3);
        self.acked_at = arrived_at;
        self.acked_sent_at = sent.at;
        let (rate, was_full) = (self.cycle.rate(), self.cycle.was_full());
        let own = |bytes| own_time(rate.filter(|_| was_full), bytes);
        self.trip.note(now, trip, sent.bytes, own);
        let base = self.trip.base(own);
        let sample = Sample {
            rate: as_rate(self.acked_bytes - sent.acked_bytes) / elapsed,
            delay: trip.saturating_sub(base + own(sent.bytes)),
            // Frames that wait in the browser say nothing about the network.
            limited: sent.limited || decode > PAINT_ALLOWED,
            crossed: sent.acked_bytes >= self.round_bytes,
            base,
        };
        let turn = self.cycle.note(now, &sample);
        if turn != Turn::Same {
            self.round_bytes = self.acked_bytes;
        }
        let old = self.trip.is_old(now);
        if turn == Turn::Remeasure || (turn == Turn::Next && old) {
            self.draining = true;
        }
    }

    /// The path's own round trip.
    fn base(&self) -> Duration {
        let rate = self.cycle.rate().filter(|_| self.cycle.was_full());
        self.trip.base(|bytes| own_time(rate, bytes))
    }

    /// When the path has nearly taken what was sent, if anything is under way.
    fn free_at(&self) -> Option<Instant> {
        let free_at = self.debt.paid_at(self.cycle.pace()).filter(|_| !self.is_idle())?;
        free_at.checked_sub(LEAD)
    }

    /// Whether a frame that leaves now says little about the network, because nothing but a lack
    /// of something to send held it back.
    fn is_limited(&self, now: Instant, bytes: usize, max_bytes: usize) -> bool {
        let since_ack = now.saturating_duration_since(self.painted_at);
        let was_held = self.closed && since_ack <= HELD_MAX;
        if self.cycle.was_full() {
            let idle = self.debt.idle(now, self.cycle.pace()) > IDLE_MIN;
            !was_held && (self.in_flight.is_empty() || idle)
        } else {
            !was_held && self.window_left(max_bytes) > bytes
        }
    }

    /// What fits into the window. Once the path is known and paced, the frame that it is busy
    /// with does not count: it may be larger than the window.
    fn window_left(&self, max_bytes: usize) -> usize {
        if self.in_flight.len() >= self.frames_max() {
            return 0;
        }
        let front = self.in_flight.front().filter(|_| self.cycle.was_full());
        let window = self.window_bytes() + front.map_or(0, |sent| sent.bytes);
        window.min(max_bytes).saturating_sub(self.in_flight_bytes)
    }

    fn window_bytes(&self) -> usize {
        let least = if self.cycle.was_full() { WINDOW_MIN_BYTES } else { WINDOW_START_BYTES };
        let beyond = (SLACK + self.paint.allowance()).as_secs_f64();
        let product = self.cycle.rate().map_or(0, |rate| {
            let time = self.cycle.window_gain() * self.base().as_secs_f64() + beyond;
            to_bytes(rate * time)
        });
        product.max(least)
    }

    /// A round trip's worth of frames at 60 a second, and a few more.
    fn frames_max(&self) -> usize {
        let time = self.base() + self.paint.allowance();
        (to_bytes(time.as_secs_f64() * 60.0) + 4).min(FRAMES_MAX)
    }
}

/// What a frame takes of the path by itself, if the path is known.
fn own_time(rate: Option<f64>, bytes: usize) -> Duration {
    let seconds = rate.map_or(0.0, |rate| as_rate(bytes as u64) / rate);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than a float's precision")]
fn as_rate(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and nothing here is negative"
)]
fn to_bytes(value: f64) -> usize {
    value as usize
}
